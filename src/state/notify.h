/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells NFSv3 end clients that lockd dropped their locks, so that they reclaim them.
 *
 * Where knfsd is restarted without a reboot lockd drops every lock, and nobody tells the end
 * clients: the kernel has rpc.statd forget them, and sm-notify runs only after a reboot. They
 * go on as if they still had their locks. So bpf/lockd.bpf.c records them, and as soon as knfsd
 * and lockd's grace period have started they are told by sm-notify (state/sm_notify.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "pins/pins.h"

/* What to do about an end client whose locks were dropped at dropped_ns. */
enum rg_notify_when {
	RG_NOTIFY_WAIT, /* knfsd or lockd is not there yet */
	RG_NOTIFY_NOW,	/* lockd is in its grace period, and grants reclaims */
	RG_NOTIFY_LATE, /* that is over: an end client that is told would only lose its new locks */
};
/* Pure. */
enum rg_notify_when rg_notify_when(const struct rg_gate *g, __u64 dropped_ns);

/* Is `addr` (IPv4: 4 bytes, IPv6: 16) in `servers`, the text of /proc/net/nfsfs/servers, as a
 * server that this host mounts from by NFSv2 or NFSv3? Such a host must not be told that this
 * host has restarted: it would drop the locks that this host holds there. Pure. */
bool rg_notify_own_server(const char *servers, __u16 family, const __u8 *addr);

/* One look at the map `dropped`: tells those of the caller's network namespace whose time has
 * come, which may take RG_NOTIFY_MINUTES. Counts in p->live->notices, logs a line for each
 * kind. */
void rg_notify_look(const struct rg_pins *p);

/* How many wait to be told, in all network namespaces; -1 if that cannot be read. */
int rg_notify_waiting(const struct rg_pins *p);
