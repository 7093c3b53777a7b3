/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs nfs-utils' sm-notify for a list of hosts of our choice. `sm-notify -f` as it is would
 * tell every host that rpc.statd monitors, original servers as well, which would drop this
 * host's own locks; and it would remove the records of hosts that are monitored now. So it gets
 * a directory of its own (-P), with a record for each host that is to be told.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* How long it is tried. */
#define RG_NOTIFY_MINUTES 2

/* Both addresses as text. */
struct rg_sm_peer {
	char addr[INET6_ADDRSTRLEN];  /* the host that is told */
	char local[INET6_ADDRSTRLEN]; /* this host, as the other one knows it */
};

#define RG_SM_RECORD_SIZE 256
/* The record of rpc.statd for this host: support/nsm/file.c, nsm_create_monitor_record().
 * Returns buf. */
char *rg_sm_record(const struct rg_sm_peer *peer, char buf[RG_SM_RECORD_SIZE]);

/* The next NSM state number, which is odd while a host is up. */
int rg_sm_next_state(int state);

/* Tells n hosts that this one has restarted; told[i]: its rpc.statd answered. Takes up to
 * RG_NOTIFY_MINUTES. rpc.statd's state number goes up, as it does at a reboot: hosts take a
 * number that they know for an old message. 0; -ENOENT: there is no sm-notify; or another
 * negative errno: nobody may have been told. */
int rg_sm_notify(const struct rg_sm_peer *peers, size_t n, bool *told);
