/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs nfs-utils' sm-notify for a list of hosts. A plain `sm-notify -f` would tell every host
 * that rpc.statd monitors, also original servers, which would drop this host's own locks, and would
 * remove the records of hosts that are monitored now. So it gets a directory of its own (-P), with
 * a record for each host to tell. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* Longest time for which it tries. */
#define RG_NOTIFY_MINUTES 2

/* A pair of addresses as text. */
struct rg_sm_peer {
	char addr[INET6_ADDRSTRLEN];  /* the host to tell */
	char local[INET6_ADDRSTRLEN]; /* this host's address, as the other host knows it */
};

#define RG_SM_RECORD_SIZE 256
/* Writes the record of rpc.statd for a host (nsm_create_monitor_record(), support/nsm/file.c).
 * Returns buf. */
char *rg_sm_record(const struct rg_sm_peer *peer, char buf[RG_SM_RECORD_SIZE]);

/* Returns the next NSM state number, which is odd while a host is up. */
int rg_sm_next_state(int state);

/* Tells n hosts that this one has restarted; told[i]: its rpc.statd answered. Takes up to
 * RG_NOTIFY_MINUTES. Raises rpc.statd's state number as a reboot does, since hosts ignore a number
 * that they know. Returns 0; -ENOENT: there is no sm-notify; or another negative errno: perhaps no
 * host was told. */
int rg_sm_notify(const struct rg_sm_peer *peers, size_t n, bool *told);
