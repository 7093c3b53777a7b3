// SPDX-License-Identifier: GPL-2.0-only
#include "record/record_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include <bpf/bpf.h>

#include "pins/gates.h"
#include "base/names.h"
#include "base/netns.h"
#include "load/programs.h"

#define KEY RG_LINE_KEY
#define NUMBER RG_LINE_KEY_NUMBER
#define WORD RG_LINE_KEY_WORD

/* ---- of this host ---- */

static void fill_gate(struct rg_header *h, const struct rg_pins *p)
{
	int slot = rg_gate_here(p);
	struct rg_flow_storm storm;
	struct rg_gate gate;
	__u32 at = (__u32)slot;

	if (slot < 0 || bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &at, &gate) < 0)
		return;
	h->has_policy = true;
	h->policy = gate.policy;
	h->lease_s = gate.lease_s;
	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_FLOW_STORMS], &at, &storm) == 0)
		h->grace_s = (__u32)(storm.grace_ns / RG_NS_PER_SEC);
}

static void fill_budget(struct rg_header *h, const struct rg_pins *p)
{
	struct rg_meta meta;

	if (!h->budget)
		h->budget = calloc(1, sizeof(*h->budget));
	if (!h->budget || rg_pins_meta(p, &meta) < 0)
		return;
	meta.state_dir[sizeof(meta.state_dir) - 1] = '\0';
	if (rg_budget_load(meta.state_dir, rg_state_init_netns(), h->budget) == 0)
		rg_budget_begin(h->budget, h->boot_id);
}

void rg_header_fill(struct rg_header *h, const struct rg_pins *p)
{
	struct utsname host;

	if (uname(&host) == 0)
		snprintf(h->host, sizeof(h->host), "%s", host.nodename);
	rg_kernel_release(h->kernel);
	if (rg_boot_id(h->boot_id))
		h->boot_id[0] = '\0';
	h->netns = rg_netns_self();
	h->has_policy = false;
	h->lease_s = 0;
	h->grace_s = 0;
	h->no_guard = !p;
	if (!p)
		return;
	h->regimes = rg_regimes_read(p);
	fill_gate(h, p);
	fill_budget(h, p);
}

void rg_header_free(struct rg_header *h)
{
	free(h->budget);
	h->budget = NULL;
}

/* ---- lines ---- */

static void put_time(struct rg_line *l, __u64 wall_ns, __u64 boot_ns)
{
	struct rg_second kept = {};

	KEY(l, "time");
	rg_line_char(l, '"');
	rg_line_wall(l, &kept, wall_ns);
	rg_line_char(l, '"');
	NUMBER(l, "boot_ns", boot_ns);
}

static void put_regime_of(struct rg_line *l, const char *key, enum rg_regime regime)
{
	if (regime == RG_REGIME_UNKNOWN)
		return;
	rg_line_key(l, key, strlen(key));
	rg_line_word(l, rg_regime_name(regime));
}

static void put_regime(struct rg_line *l, const struct rg_header *h)
{
	enum rg_regime nfs4 = h->regimes.of[RG_LOCKS_NFS4], nlm = h->regimes.of[RG_LOCKS_NLM];

	if (nfs4 == RG_REGIME_UNKNOWN && nlm == RG_REGIME_UNKNOWN)
		return;
	KEY(l, "regime");
	rg_line_char(l, '{');
	put_regime_of(l, "\"nfs4_locks\":", nfs4);
	put_regime_of(l, "\"nlm_locks\":", nlm);
	rg_line_char(l, '}');
}

static void put_policy(struct rg_line *l, const struct rg_header *h)
{
	if (!h->has_policy)
		return;
	KEY(l, "policy");
	rg_line_char(l, '{');
	WORD(l, "release", rg_release_name(h->policy.release));
	WORD(l, "scope", rg_scope_name(h->policy.scope));
	WORD(l, "action", rg_action_name(h->policy.action));
	NUMBER(l, "max_hold_s", h->policy.max_hold_s);
	rg_line_char(l, '}');
}

/* Judge as `status` does, by the lease time from before the reboot. */
static void put_origin(struct rg_line *l, const struct rg_budget_server *s, __u64 wall_ns)
{
	struct rg_budget_view v = rg_budget_view(s, wall_ns);
	__u32 lease_s = s->before.last_ns ? s->before.lease_s : s->lease_s;

	rg_line_char(l, '{');
	KEY(l, "name");
	rg_line_quoted(l, s->name, strnlen(s->name, sizeof(s->name)));
	NUMBER(l, "minor", s->minorversion);
	if (lease_s)
		NUMBER(l, "lease_s", lease_s);
	if (v.verdict != RG_BUDGET_UNKNOWN)
		NUMBER(l, "away_s", v.away_s);
	if (v.verdict == RG_BUDGET_IN_TIME || v.verdict == RG_BUDGET_LATE) {
		KEY(l, "in_time");
		rg_line_text(l, v.verdict == RG_BUDGET_IN_TIME ? "true" : "false");
	}
	rg_line_char(l, '}');
}

static void put_origins(struct rg_line *l, const struct rg_header *h)
{
	if (!h->budget || !h->budget->n)
		return;
	KEY(l, "origins");
	rg_line_char(l, '[');
	for (size_t i = 0; i < h->budget->n; i++) {
		if (i)
			rg_line_char(l, ',');
		put_origin(l, &h->budget->at[i], h->wall_ns);
	}
	rg_line_char(l, ']');
}

static void put_host(struct rg_line *l, const struct rg_header *h)
{
	WORD(l, "tool", RG_VERSION);
	KEY(l, "host");
	rg_line_quoted(l, h->host, strnlen(h->host, sizeof(h->host)));
	KEY(l, "kernel");
	rg_line_quoted(l, h->kernel, strnlen(h->kernel, sizeof(h->kernel)));
	put_time(l, h->wall_ns, h->boot_ns);
	KEY(l, "boot_id");
	rg_line_quoted(l, h->boot_id, strnlen(h->boot_id, sizeof(h->boot_id)));
	NUMBER(l, "netns", h->netns);
}

/* Lists the tracing programs that are not attached, whose events the recording lacks. */
static void put_untraced(struct rg_line *l, __u64 untraced)
{
	unsigned int n = 0;

	if (!untraced)
		return;
	KEY(l, "untraced");
	rg_line_char(l, '[');
	rg_for_each_program (p, RG_TRACE) {
		if (!(untraced & 1ULL << rg_program_index(p)))
			continue;
		if (n++)
			rg_line_char(l, ',');
		rg_line_quoted(l, p->name, strlen(p->name));
	}
	rg_line_char(l, ']');
}

size_t rg_header_json(const struct rg_header *h, char *buf, size_t size)
{
	struct rg_line l = rg_line_in(buf, size);

	RG_LINE_LITERAL(&l, "{\"event\":\"header\"");
	NUMBER(&l, "schema", RG_RECORDS_SCHEMA);
	put_host(&l, h);
	put_regime(&l, h);
	put_policy(&l, h);
	if (h->lease_s)
		NUMBER(&l, "lease_s", h->lease_s);
	if (h->grace_s)
		NUMBER(&l, "grace_s", h->grace_s);
	put_origins(&l, h);
	if (h->filtered) {
		KEY(&l, "filtered");
		RG_LINE_LITERAL(&l, "true");
	}
	put_untraced(&l, h->untraced);
	if (h->no_guard) {
		KEY(&l, "guard");
		RG_LINE_LITERAL(&l, "false");
	}
	NUMBER(&l, "part", h->part);
	RG_LINE_LITERAL(&l, "}\n");
	return rg_line_length(&l);
}

size_t rg_end_json(const struct rg_end *end, char *buf, size_t size)
{
	struct rg_line l = rg_line_in(buf, size);

	rg_line_char(&l, '{');
	put_time(&l, end->wall_ns, end->boot_ns);
	WORD(&l, "event", "end");
	NUMBER(&l, "events", end->events);
	NUMBER(&l, "lost", end->lost);
	NUMBER(&l, "failures", end->failures);
	if (end->reason)
		WORD(&l, "reason", end->reason);
	RG_LINE_LITERAL(&l, "}\n");
	return rg_line_length(&l);
}
