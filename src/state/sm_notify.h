/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs nfs-utils' sm-notify for a list of hosts. A plain `sm-notify -f` would tell every host
 * that rpc.statd monitors, also original servers, which would drop this host's own locks, and would
 * remove the records of hosts that are monitored now. So it gets a directory of its own (-P), with
 * a record for each host to tell. */
#pragma once

#include "state/sm_dir.h"

/* Longest time for which it tries. */
#define RG_NOTIFY_MINUTES 2

/* Tells n hosts that this one has restarted; told[i]: its rpc.statd answered. Takes up to
 * RG_NOTIFY_MINUTES. Raises rpc.statd's state number as a reboot does, since hosts ignore a number
 * that they know. Returns 0; -ENOENT: there is no sm-notify; or another negative errno: perhaps no
 * host was told. */
int rg_sm_notify(const struct rg_sm_peer *peers, size_t n, bool *told);
