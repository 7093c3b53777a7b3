// SPDX-License-Identifier: GPL-2.0-only
#include "state/notify.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/log.h"
#include "base/netns.h"
#include "base/read_map.h"
#include "base/whole_file.h"
#include "state/sm_notify.h"

#define SERVERS "/proc/net/nfsfs/servers"
#define SERVERS_MOST (1U << 20)
/* Number of addresses that a line of the log names. */
#define NAMED 8

enum rg_notify_when rg_notify_when(const struct rg_gate *g, __u64 dropped_ns)
{
	if (g->knfsd < RG_KNFSD_GRACE || g->knfsd >= RG_NR_KNFSD)
		return RG_NOTIFY_WAIT;
	if (rg_lockd_in_grace(g))
		return RG_NOTIFY_NOW;
	if (g->lockd == RG_LOCKD_OVER && g->lockd_end_ns > dropped_ns)
		return RG_NOTIFY_LATE;
	return RG_NOTIFY_WAIT; /* knfsd without NFSv3, so far */
}

/* fs/nfs/client.c, nfs_server_list_show(): "v3 0a4d0101  801   1 origin", IPv6 in 32 digits. */
bool rg_notify_own_server(const char *servers, __u16 family, const __u8 *addr)
{
	size_t n = family == AF_INET ? 4 : 16;
	char digits[2 * 16 + 1], found[64];
	int version;

	for (size_t i = 0; i < n; i++)
		snprintf(digits + 2 * i, 3, "%02x", addr[i]);
	for (const char *line = servers; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "v%d %63s", &version, found) == 2 && version < 4 &&
		    strcmp(found, digits) == 0)
			return true;
	}
	return false;
}

int rg_notify_waiting(const struct rg_pins *p)
{
	struct rg_dropped_key key, next;
	const struct rg_dropped_key *at = NULL;
	int n = 0;

	/* Bound the walk, which each removal may start over. */
	while (n < RG_MAX_DROPPED &&
	       bpf_map_get_next_key(p->map_fd[RG_MAP_DROPPED], at, &next) == 0) {
		key = next;
		at = &key;
		n++;
	}
	return n < RG_MAX_DROPPED && errno != ENOENT ? -1 : n;
}

/* ---- one look ---- */

struct dropped {
	struct rg_dropped_key *keys;
	__u64 *since;
	enum rg_notice *fates; /* RG_NR_NOTICES: it still waits */
	__u32 n;
};

static int read_dropped(const struct rg_pins *p, struct dropped *d)
{
	int err;

	*d = (struct dropped){.n = RG_MAX_DROPPED};
	d->keys = calloc(d->n, sizeof(*d->keys));
	d->since = calloc(d->n, sizeof(*d->since));
	d->fates = calloc(d->n, sizeof(*d->fates));
	err = d->keys && d->since && d->fates
		      ? rg_read_map(p->map_fd[RG_MAP_DROPPED], d->keys, sizeof(*d->keys), d->since,
				    sizeof(*d->since), &d->n)
		      : -ENOMEM;
	if (err)
		d->n = 0;
	return err;
}

/* Deletes the record, unless locks were dropped again meanwhile. */
static void forget(const struct rg_pins *p, const struct rg_dropped_key *key, __u64 since)
{
	__u64 now = 0;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_DROPPED], key, &now) == 0 && now == since)
		bpf_map_delete_elem(p->map_fd[RG_MAP_DROPPED], key);
}

static void peer_of(const struct rg_dropped_key *key, struct rg_sm_peer *peer)
{
	inet_ntop(key->family, key->addr, peer->addr, sizeof(peer->addr));
	inet_ntop(key->family, key->local, peer->local, sizeof(peer->local));
}

static void count(const struct rg_pins *p, enum rg_notice how, size_t n)
{
	__atomic_fetch_add(&p->live->notices[how], (__u32)n, __ATOMIC_RELAXED);
}

/* Writes "10.0.0.1, 10.0.0.2 and 7 more". */
static const char *names(const struct rg_sm_peer *peers, size_t n, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n && i < NAMED && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s", i ? ", " : "", peers[i].addr);
	if (n > NAMED && at < size)
		snprintf(buf + at, size - at, " and %zu more", n - NAMED);
	return buf;
}

static void say(enum rg_notice how, const struct rg_sm_peer *peers, size_t n)
{
	static const char *const texts[RG_NR_NOTICES] = {
		[RG_NOTICE_TOLD] = "were told that lockd dropped their locks, and reclaim them",
		[RG_NOTICE_UNANSWERED] =
			"did not answer when they were told that lockd dropped their locks: "
			"they keep using locks that they have no more; restart what uses the mount "
			"there",
		[RG_NOTICE_LATE] =
			"lost their locks when lockd ended, and were not told in time: lockd's "
			"grace period is over; restart what uses the mount there",
		[RG_NOTICE_OWN_SERVER] =
			"lost their locks when lockd ended, and are not told: this host mounts "
			"from them by NFSv3 and would lose its own locks; restart what uses the "
			"mount there",
		[RG_NOTICE_OFF] = "lost their locks when lockd ended, and are not told: "
				  "notify-nfsv3 is off",
		[RG_NOTICE_FAILED] =
			"lost their locks when lockd ended, and could not be told: sm-notify did "
			"not run; install nfs-common (nfs-utils), restart what uses the mount "
			"there",
	};
	char who[NAMED * sizeof(peers->addr) + 64];

	if (!n)
		return;
	names(peers, n, who, sizeof(who));
	if (how == RG_NOTICE_TOLD)
		rg_info("NFSv3 end clients %s %s", who, texts[how]);
	else
		rg_warn("NFSv3 end clients %s %s", who, texts[how]);
}

/* Counts and reports end clients of one fate. */
static void settle(const struct rg_pins *p, enum rg_notice how, const struct rg_sm_peer *peers,
		   size_t n)
{
	count(p, how, n);
	say(how, peers, n);
}

/* Returns the fate of one end client; RG_NR_NOTICES: it still waits. */
static enum rg_notice fate(const struct rg_gate *g, bool on, const char *servers,
			   const struct rg_dropped_key *key, __u64 since)
{
	enum rg_notify_when when = rg_notify_when(g, since);

	if (when == RG_NOTIFY_WAIT)
		return RG_NR_NOTICES;
	if (!on)
		return RG_NOTICE_OFF;
	if (when == RG_NOTIFY_LATE)
		return RG_NOTICE_LATE;
	/* Tell only hosts that are certainly no server of ours. */
	if (!servers || rg_notify_own_server(servers, key->family, key->addr))
		return RG_NOTICE_OWN_SERVER;
	return RG_NOTICE_TOLD;
}

static void tell(const struct rg_pins *p, const struct rg_sm_peer *peers, size_t n)
{
	bool *told = calloc(n, sizeof(*told));
	struct rg_sm_peer *deaf = calloc(n, sizeof(*deaf)), *heard = calloc(n, sizeof(*heard));
	size_t n_deaf = 0, n_heard = 0;
	int err = told && deaf && heard ? rg_sm_notify(peers, n, told) : -ENOMEM;

	if (err) {
		rg_warn("sm-notify: %s", err == -ENOENT ? "no such program" : rg_strerror(err));
		settle(p, RG_NOTICE_FAILED, peers, n);
	} else {
		for (size_t i = 0; i < n; i++) {
			if (told[i])
				heard[n_heard++] = peers[i];
			else
				deaf[n_deaf++] = peers[i];
		}
		settle(p, RG_NOTICE_TOLD, heard, n_heard);
		settle(p, RG_NOTICE_UNANSWERED, deaf, n_deaf);
	}
	free(told);
	free(deaf);
	free(heard);
}

/* Handles all end clients of one fate; `peers` has room for them. Deletes their records last, so
 * that an interrupted run is repeated. */
static void deal_with(const struct rg_pins *p, const struct dropped *d, enum rg_notice how,
		      struct rg_sm_peer *peers)
{
	size_t n = 0;

	for (__u32 i = 0; i < d->n; i++)
		if (d->fates[i] == how)
			peer_of(&d->keys[i], &peers[n++]);
	if (!n)
		return;
	if (how == RG_NOTICE_TOLD)
		tell(p, peers, n);
	else
		settle(p, how, peers, n);
	for (__u32 i = 0; i < d->n; i++)
		if (d->fates[i] == how)
			forget(p, &d->keys[i], d->since[i]);
}

void rg_notify_look(const struct rg_pins *p)
{
	__u32 netns = rg_netns_self();
	struct rg_sm_peer *peers;
	struct rg_dropped_key any;
	char *servers = NULL;
	struct rg_meta meta;
	struct dropped d;

	if (bpf_map_get_next_key(p->map_fd[RG_MAP_DROPPED], NULL, &any) < 0 ||
	    rg_pins_meta(p, &meta) < 0)
		return;
	if (read_dropped(p, &d) == 0)
		/* Without the nfs module there are no mounts and no such file. */
		if (rg_read_whole(SERVERS, SERVERS_MOST, &servers, NULL) == -ENOENT)
			servers = strdup("");
	for (__u32 i = 0; i < d.n; i++) {
		struct rg_gate gate = {};

		d.fates[i] = RG_NR_NOTICES;
		if (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &d.keys[i].slot, &gate) == 0 &&
		    gate.netns == netns)
			d.fates[i] =
				fate(&gate, meta.notify_nfsv3, servers, &d.keys[i], d.since[i]);
	}
	peers = calloc(d.n + 1, sizeof(*peers));
	/* Notify first, which is urgent. */
	for (enum rg_notice how = 0; peers && how < RG_NR_NOTICES; how++)
		deal_with(p, &d, how, peers);
	free(peers);
	free(servers);
	free(d.keys);
	free(d.since);
	free(d.fates);
}
