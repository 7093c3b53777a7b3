/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells NFSv3 end clients that lockd dropped their locks, so that they reclaim them. When knfsd
 * is restarted without a reboot, lockd drops every lock, and nobody tells the end clients: the
 * kernel has rpc.statd forget them, and sm-notify runs only after a reboot. So they go on as if
 * they had their locks. Therefore bpf/lockd.bpf.c records them, and sm-notify tells them once knfsd
 * and lockd's grace period have started (state/sm_notify.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "pins/pins.h"

/* What to do for an end client whose locks were dropped at dropped_ns. */
enum rg_notify_when {
	RG_NOTIFY_WAIT, /* knfsd or lockd does not run yet */
	RG_NOTIFY_NOW,	/* lockd is in its grace period and grants reclaims */
	RG_NOTIFY_LATE, /* the grace period is over: a notice would only cost the end client its new
			   locks */
};
/* Decides when to notify. Pure. */
enum rg_notify_when rg_notify_when(const struct rg_gate *g, __u64 dropped_ns);

/* Says whether `addr` (4 bytes of IPv4 or 16 of IPv6) is in `servers`, the text of
 * /proc/net/nfsfs/servers, as a server that this host mounts from by NFSv2 or NFSv3. Such a host
 * must not be told of a restart: it would drop the locks that this host holds there. Pure. */
bool rg_notify_own_server(const char *servers, __u16 family, const __u8 *addr);

/* Looks once at the map `dropped` and notifies the end clients of the caller's network namespace
 * that are due, which may take RG_NOTIFY_MINUTES. Counts in p->live->notices, and logs a line for
 * each kind. */
void rg_notify_look(const struct rg_pins *p);

/* Returns how many end clients wait for a notice in all network namespaces; -1: it cannot be
 * read. */
int rg_notify_waiting(const struct rg_pins *p);
