// SPDX-License-Identifier: GPL-2.0-only
#include "pins/settle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "pins/gates.h"
#include "base/log.h"
#include "base/read_map.h"

/* Counting rests so many times as long as it took. */
#define RG_COUNT_PAUSE 99

static int read_clients(int fd, __u32 max, struct rg_awaited *list)
{
	__u32 n = max;
	int err;

	memset(list, 0, sizeof(*list));
	list->keys = calloc(max, sizeof(*list->keys));
	list->clients = calloc(max, sizeof(*list->clients));
	err = list->keys && list->clients ? rg_read_map(fd, list->keys, sizeof(*list->keys),
							list->clients, sizeof(*list->clients), &n)
					  : -ENOMEM;
	if (err)
		rg_clients_free(list);
	else
		list->n = n;
	return err;
}

int rg_clients_read(const struct rg_pins *p, struct rg_awaited *list)
{
	return read_clients(p->map_fd[RG_MAP_CLIENTS], RG_MAX_CLIENTS, list);
}

static int merge(const struct rg_awaited *a, const struct rg_awaited *b, struct rg_awaited *to)
{
	__u32 i = 0, j = 0;

	to->keys = calloc(a->n + b->n + 1, sizeof(*to->keys));
	to->clients = calloc(a->n + b->n + 1, sizeof(*to->clients));
	to->n = a->n + b->n;
	if (!to->keys || !to->clients) {
		rg_clients_free(to);
		return -ENOMEM;
	}
	for (__u32 k = 0; k < to->n; k++) {
		bool first = j == b->n ||
			     (i < a->n && memcmp(&a->keys[i], &b->keys[j], sizeof(*to->keys)) < 0);
		const struct rg_awaited *from = first ? a : b;
		__u32 at = first ? i++ : j++;

		to->keys[k] = from->keys[at];
		to->clients[k] = from->clients[at];
	}
	return 0;
}

int rg_all_clients_read(const struct rg_pins *p, struct rg_awaited *list)
{
	struct rg_awaited nfs4, nlm;
	int err = rg_clients_read(p, &nfs4);

	memset(list, 0, sizeof(*list));
	if (err)
		return err;
	err = read_clients(p->map_fd[RG_MAP_NLM_HOSTS], RG_MAX_NLM_HOSTS, &nlm);
	if (!err)
		err = merge(&nfs4, &nlm, list);
	rg_clients_free(&nfs4);
	rg_clients_free(&nlm);
	return err;
}

void rg_clients_free(struct rg_awaited *list)
{
	free(list->keys);
	free(list->clients);
	memset(list, 0, sizeof(*list));
}

bool rg_count_locks(const struct rg_pins *p, const struct rg_gate *gates)
{
	__u8 any[RG_CLIENT_FILE_BYTES];

	if (bpf_map_get_next_key(p->map_fd[RG_MAP_UNCOUNTED], NULL, any) < 0)
		return false;
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		struct rg_control c = {.op = RG_OP_COUNT, .slot = i};
		int err = gates[i].netns ? rg_control(p, &c) : 0;

		/* What is left is counted the next time, or becomes unknown. */
		if (err && err != -EAGAIN && err != -EBUSY)
			rg_warn("program control: cannot be run: %s; how many locks end clients "
				"hold is not counted",
				rg_strerror(err));
	}
	return true;
}

void rg_count_locks_tick(const struct rg_pins *p, const struct rg_gate *gates, __u64 now_ns,
			 __u64 *due_ns)
{
	__u64 begun_ns, took_ns;

	if (now_ns < *due_ns)
		return;
	begun_ns = rg_now_ns();
	if (!rg_count_locks(p, gates))
		return;
	took_ns = rg_now_ns() - begun_ns;
	*due_ns = begun_ns + took_ns + RG_COUNT_PAUSE * took_ns;
	if (*due_ns < begun_ns + RG_NS_PER_SEC)
		*due_ns = begun_ns + RG_NS_PER_SEC;
}

void rg_note_records(const struct rg_pins *p, const struct rg_gate *gates)
{
	struct rg_client_key any;

	if (bpf_map_get_next_key(p->map_fd[RG_MAP_CLIENTS], NULL, &any) < 0)
		return;
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		struct rg_control c = {.op = RG_OP_RECORDS, .slot = i};

		if (gates[i].netns && gates[i].knfsd >= RG_KNFSD_GRACE)
			rg_control(p, &c);
	}
}

static void ask(const struct rg_pins *p, __u32 op, const struct rg_client_key *key)
{
	struct rg_control c = {.op = op, .slot = key->slot, .client = *key};
	int err = rg_control(p, &c);

	/* -EINVAL: it is not so any more. */
	if (err && err != -EINVAL && err != -ENOENT)
		rg_warn("program control: cannot be run: %s", rg_strerror(err));
}

void rg_settle(const struct rg_pins *p, const struct rg_gate *gates, __u64 now_ns, __u64 *next_ns)
{
	struct rg_awaited list;
	struct rg_client_key key;

	if (bpf_map_get_next_key(p->map_fd[RG_MAP_CLIENTS], NULL, &key) < 0 ||
	    rg_clients_read(p, &list))
		return;
	for (__u32 i = 0; i < list.n; i++) {
		const struct rg_client *c = &list.clients[i];
		const struct rg_gate *g;
		__u64 quiet_ns;

		if (list.keys[i].slot >= RG_MAX_GATES)
			continue;
		g = &gates[list.keys[i].slot];
		quiet_ns = rg_client_quiet_at(c, g);
		if (quiet_ns && quiet_ns <= now_ns)
			ask(p, RG_OP_SETTLE, &list.keys[i]);
		else if (quiet_ns && quiet_ns < *next_ns)
			*next_ns = quiet_ns;
		/* Expected, and local applications are in: its locks are gone. */
		if (!c->generation && g->knfsd > RG_KNFSD_GRACE &&
		    rg_gate_view(g, now_ns).state == RG_STATE_OPEN)
			ask(p, RG_OP_FORGET, &list.keys[i]);
	}
	rg_clients_free(&list);
}
