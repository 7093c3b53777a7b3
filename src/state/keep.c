// SPDX-License-Identifier: GPL-2.0-only
#include "state/keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "pins/gates.h"
#include "base/log.h"
#include "state/writer.h"

/* Repeat the report of a file that cannot be written after this long. */
#define SAY_AGAIN_NS (600 * RG_NS_PER_SEC)

static void wrote(struct rg_keep *k, const char *file, int err)
{
	__u64 now_ns = rg_now_ns();

	/* Handing a file to the thread says nothing of the disk, so it ends no failure. */
	if (!err && rg_writer_takes())
		return;
	if (err && (!k->said || now_ns - k->said_ns >= SAY_AGAIN_NS)) {
		k->said_ns = now_ns;
		rg_warn("%s/%s: cannot be written: %s; after a reboot it would be out of date",
			k->dir, file, rg_strerror(err));
	}
	k->said = err != 0;
}

/* Reports a write that failed in the thread (state/writer.h). */
static bool failed(struct rg_keep *k, const char *file)
{
	int err = rg_writer_result(k->dir, file);

	if (err)
		wrote(k, file, err);
	return err != 0;
}

void rg_keep_start(struct rg_keep *k, const struct rg_pins *p)
{
	size_t max_ranges = k->max_ranges;
	struct rg_meta meta;
	int err;

	memset(k, 0, sizeof(*k));
	k->max_ranges = max_ranges;
	k->budget = calloc(1, sizeof(*k->budget));
	if (!k->budget || rg_pins_meta(p, &meta) < 0)
		return;
	memcpy(k->dir, meta.state_dir, sizeof(k->dir));
	k->dir[sizeof(k->dir) - 1] = '\0';
	k->interval_s = meta.ledger_interval_s;
	k->init_netns = rg_state_init_netns();
	err = rg_state_make(k->dir) ?: rg_boot_id(k->boot_id);
	if (err) {
		rg_warn("%s: cannot be used: %s; nothing is kept for the time after a reboot",
			k->dir, rg_strerror(err));
		k->said = true;
	}
	/* Each reports what is wrong with its file, which is then written anew. */
	rg_ledger_load(k->dir, k->init_netns, &k->ledger);
	rg_budget_load(k->dir, k->init_netns, k->budget);
	rg_regime_load(k->dir, &k->regime);
	k->budget_changed = k->boot_id[0] && rg_budget_begin(k->budget, k->boot_id);
	k->regime_changed = k->boot_id[0] && rg_regime_begin(&k->regime, k->boot_id);
	rg_kernel_release(k->kernel);
	rg_follow_start(&k->follow, p, k->dir, k->init_netns, k->boot_id,
			max_ranges ?: RG_MAX_RANGES);
}

/* Makes the ledger that the file must have now, owned by the caller. Returns 0 or a negative
 * errno; -ENOSPC: end clients came and went meanwhile. */
static int count_locks(const struct rg_keep *k, const struct rg_pins *p, struct rg_ledger *l)
{
	struct rg_gate gates[RG_MAX_GATES];
	struct rg_awaited clients;
	int err = rg_clients_read(p, &clients);

	if (err)
		return err;
	err = rg_gates_read(p, gates)
		      ?: rg_ledger_collect(&clients, gates, k->init_netns, l)
		      ?: rg_ledger_carry(l, &k->ledger, gates);
	rg_clients_free(&clients);
	return err;
}

static void keep_ledger(struct rg_keep *k, const struct rg_pins *p, __u64 now_ns, bool now)
{
	struct rg_ledger fresh = {};
	int err;

	k->ledger_failed |= failed(k, RG_LEDGER_FILE);
	if (!now && !rg_state_due(now_ns, k->ledger_tried_ns, k->interval_s, true))
		return;
	err = count_locks(k, p, &fresh);
	if (!err && (k->ledger_failed || !rg_ledger_same(&fresh, &k->ledger))) {
		k->ledger_tried_ns = now_ns;
		k->ledger_failed = false;
		err = rg_ledger_save(k->dir, &fresh);
		wrote(k, RG_LEDGER_FILE, err);
		if (!err) {
			struct rg_ledger old = k->ledger;

			k->ledger = fresh;
			fresh = old;
		}
	}
	rg_ledger_free(&fresh);
}

static void follow_wrote(void *arg, const char *file, int err)
{
	wrote(arg, file, err);
}

static void keep_ranges(struct rg_keep *k, const struct rg_pins *p, __u64 now_ns, bool now)
{
	k->follow.ranges_changed |= failed(k, RG_RANGES_FILE);
	k->follow.losts_changed |= failed(k, RG_LOST_FILE);
	rg_follow_tick(&k->follow, p, now_ns, k->interval_s, now, follow_wrote, k);
}

/* Has the kernel list the original servers of every gate's network namespace. */
static size_t ask_servers(const struct rg_pins *p, const struct rg_gate *gates,
			  struct rg_server *servers, struct rg_keep *k)
{
	__u64 key, before = 0, *at = NULL, from_ns = rg_now_ns();
	bool gone = false;
	int fd = p->map_fd[RG_MAP_SERVERS];
	size_t n = 0;

	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		struct rg_control c = {.op = RG_OP_SERVERS, .slot = i};

		if (!gates[i].netns || rg_control(p, &c))
			continue;
		if (!k->hz)
			k->hz = rg_hz_of(c.jiffies, c.mono_ns);
	}
	while (n < RG_MAX_SERVERS && bpf_map_get_next_key(fd, at, &key) == 0) {
		/* Free the previous one, which is no longer needed to find this one. */
		if (gone)
			bpf_map_delete_elem(fd, &before);
		gone = bpf_map_lookup_elem(fd, &key, &servers[n]) < 0 ||
		       servers[n].seen_ns < from_ns; /* that nfs_client is gone */
		n += !gone;
		before = key;
		at = &before;
	}
	if (gone)
		bpf_map_delete_elem(fd, &before);
	return n;
}

static void keep_budget(struct rg_keep *k, const struct rg_pins *p, const struct rg_gate *gates,
			__u64 now_ns, bool now)
{
	struct rg_server servers[RG_MAX_SERVERS];
	struct rg_budget_now at = {.init_netns = k->init_netns, .gates = gates};
	__u32 interval_s;
	size_t n;
	int err;

	if (!k->budget || !k->boot_id[0])
		return;
	k->budget_changed |= failed(k, RG_BUDGET_FILE);
	interval_s = rg_budget_interval_s(k->budget);
	if (now || rg_state_due(now_ns, k->budget_asked_ns, interval_s, true)) {
		k->budget_asked_ns = now_ns;
		n = ask_servers(p, gates, servers, k);
		rg_budget_clocks(&at);
		at.hz = k->hz;
		at.boot_id = k->boot_id;
		k->budget_changed |= rg_budget_update(k->budget, servers, n, &at);
	}
	if (!k->budget_changed ||
	    (!now && !rg_state_due(now_ns, k->budget_tried_ns, interval_s, true)))
		return;
	k->budget_tried_ns = now_ns;
	err = rg_budget_save(k->dir, k->budget);
	k->budget_changed = err != 0;
	wrote(k, RG_BUDGET_FILE, err);
}

/* Seconds between looks: the regime may become known at any time, with a lock. */
#define REGIME_INTERVAL 10

static void keep_regime(struct rg_keep *k, const struct rg_pins *p, __u64 now_ns, bool now)
{
	struct rg_regimes regimes;
	char text[256];
	int err;

	if (!k->boot_id[0] ||
	    (!now && !rg_state_due(now_ns, k->regime_asked_ns, REGIME_INTERVAL, true)))
		return;
	k->regime_asked_ns = now_ns;
	k->regime_changed |= failed(k, RG_REGIME_FILE);
	regimes = rg_regimes_read(p);
	k->regime_changed |= rg_regime_update(&k->regime, &regimes, k->kernel);
	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		if (k->regime_said[i] || !rg_regime_differs(&k->regime, &regimes, i))
			continue;
		rg_regime_text(&k->regime, &regimes, i, text, sizeof(text));
		rg_warn("%s", text);
		k->regime_said[i] = true;
	}
	if (!k->regime_changed)
		return;
	err = rg_regime_save(k->dir, &k->regime);
	k->regime_changed = err != 0;
	wrote(k, RG_REGIME_FILE, err);
}

void rg_keep_tick(struct rg_keep *k, const struct rg_pins *p, const struct rg_gate *gates,
		  __u64 now_ns)
{
	struct rg_meta meta;

	/* Read the policy again, which may have been reloaded. */
	if (rg_pins_meta(p, &meta) == 0) {
		k->interval_s = meta.ledger_interval_s;
		if (strncmp(k->dir, meta.state_dir, sizeof(k->dir)) != 0) {
			rg_keep_free(k);
			rg_keep_start(k, p);
		}
	}
	keep_ledger(k, p, now_ns, false);
	keep_ranges(k, p, now_ns, false);
	keep_budget(k, p, gates, now_ns, false);
	keep_regime(k, p, now_ns, false);
}

void rg_keep_end(struct rg_keep *k, const struct rg_pins *p, const struct rg_gate *gates)
{
	keep_ledger(k, p, rg_now_ns(), true);
	keep_ranges(k, p, rg_now_ns(), true);
	keep_budget(k, p, gates, rg_now_ns(), true);
	keep_regime(k, p, rg_now_ns(), true);
}

void rg_keep_free(struct rg_keep *k)
{
	rg_ledger_free(&k->ledger);
	rg_follow_free(&k->follow);
	free(k->budget);
	k->budget = NULL;
}
