/* SPDX-License-Identifier: GPL-2.0-only */
/* What rpc.statd's records say about NFSv3 end clients' locks. lockd has rpc.statd record a host
 * before it serves the first lock of that host (nlmsvc_retrieve_args(), fs/lockd/svc4proc.c), so
 * the records of the last boot have every NFSv3 end client that had a lock, also one that the
 * ledger was not written for before the power went. This host's own NFS client has the original
 * servers recorded that it locks files on by NFSv3. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "pins/pins.h"
#include "mounts/mounts.h"

enum rg_statd_says {
	RG_STATD_UNKNOWN = 0, /* the records cannot be read, or were changed since the boot */
	RG_STATD_SOME,	      /* a host is recorded: an end client, or an NFSv3 original server */
	RG_STATD_NONE,	      /* no host was recorded when the last boot ended */
};

#define RG_STATD_HOSTS 64
/* The recorded hosts, as lockd named them: by address, unless nsm_use_hostnames is set. */
struct rg_statd_hosts {
	char at[RG_STATD_HOSTS][64];
	size_t n;
	bool more; /* there are others, or one could not be read */
};

/* Reads rpc.statd's records below `root` ("": this host). booted: when this boot began, seconds of
 * CLOCK_REALTIME. hosts: filled in unless NULL. */
enum rg_statd_says rg_statd_look(const char *root, time_t booted, struct rg_statd_hosts *hosts);

/* Returns when this boot began, by the clocks. */
time_t rg_statd_booted(void);

/* Says whether each of the hosts is the server of an NFSv3 mount, so that none of them is known to
 * be an end client. Pure. */
bool rg_statd_are_servers(const struct rg_statd_hosts *hosts, const struct rg_mounts *mounts);

/* Says whether programs see every lock that an end client is granted from now on, so that they
 * complement the records of the last boot. */
bool rg_statd_complements(const struct rg_meta *meta);
