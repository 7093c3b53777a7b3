// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOT (RG_CANARY_SLOT + 1)

int rg_replay_begin(struct rg_replay *r, __u32 netns, struct rg_policy policy, __u64 boot_ns)
{
	struct rg_snapshot *s = &r->now;

	memset(r, 0, sizeof(*r));
	s->enabled = true;
	s->daemon_pid = (__u32)getpid(); /* a recording does not name it */
	s->ledger.keys = calloc(RG_REPLAY_MOST, sizeof(*s->ledger.keys));
	s->ledger.clients = calloc(RG_REPLAY_MOST, sizeof(*s->ledger.clients));
	s->flows.keys = calloc(RG_REPLAY_MOST, sizeof(*s->flows.keys));
	s->flows.clients = calloc(RG_REPLAY_MOST, sizeof(*s->flows.clients));
	s->held.keys = calloc(RG_REPLAY_MOST, sizeof(*s->held.keys));
	s->held.values = calloc(RG_REPLAY_MOST, sizeof(*s->held.values));
	if (!s->ledger.keys || !s->ledger.clients || !s->flows.keys || !s->flows.clients ||
	    !s->held.keys || !s->held.values) {
		rg_replay_free(r);
		return -ENOMEM;
	}
	s->gates[SLOT] = (struct rg_gate){.policy = policy, .netns = netns, .closed_ns = boot_ns};
	rg_replay_at(r, boot_ns);
	return 0;
}

void rg_replay_free(struct rg_replay *r)
{
	rg_snapshot_free(&r->now);
}

void rg_replay_at(struct rg_replay *r, __u64 boot_ns)
{
	r->now.now_ns = boot_ns;
	r->now.wall_ns = boot_ns + r->wall_offset_ns;
	r->now.heartbeat_ns = boot_ns;
}

/* ---- end clients ---- */

/* Returns the number of the record's end client, which is added if it is new; -1: no room. */
static long client_of(struct rg_snapshot *s, const struct rg_record *r)
{
	size_t n = rg_record_name_length(r);
	struct rg_flow_client *f;
	struct rg_client *c;

	for (__u32 i = 0; i < s->flows.n; i++)
		if (s->flows.clients[i].name_len == n &&
		    memcmp(s->flows.clients[i].name, r->name, n) == 0)
			return i;
	if (s->flows.n == RG_REPLAY_MOST || !n)
		return -1;
	f = &s->flows.clients[s->flows.n];
	c = &s->ledger.clients[s->flows.n];
	*f = (struct rg_flow_client){.first_ns = r->time_ns,
				     .generation = s->gates[SLOT].generation,
				     .family = r->family,
				     .minorversion = r->minorversion,
				     .name_len = (__u16)n};
	*c = (struct rg_client){.generation = rg_client_generation(&s->gates[SLOT]),
				.expected = RG_LOCKS_UNKNOWN,
				.family = r->family,
				.minorversion = r->minorversion,
				.name_len = (__u16)n};
	memcpy(f->addr, r->addr, sizeof(f->addr));
	memcpy(c->addr, r->addr, sizeof(c->addr));
	memcpy(f->name, r->name, n);
	memcpy(c->name, r->name, n);
	s->flows.keys[s->flows.n] = s->ledger.keys[s->flows.n] =
		(struct rg_client_key){.name_hash = s->flows.n + 1, .slot = SLOT};
	s->ledger.n++;
	return s->flows.n++;
}

/* Returns the counter for the answer to an OPEN or a LOCK. */
static enum rg_tally tally_of(const struct rg_record *r)
{
	if (r->status == RG_NFS4ERR_GRACE)
		return RG_TALLY_GRACE;
	if (r->status == RG_NFS4ERR_DELAY)
		return RG_TALLY_DELAY;
	if (r->status == RG_NFS4ERR_DENIED)
		return RG_TALLY_DENIED;
	if (rg_claim_is_reclaim(r->claim))
		return r->status ? RG_TALLY_RECLAIMS_REFUSED : RG_TALLY_RECLAIMS_OK;
	if (r->status)
		return RG_TALLY_ERRORS;
	return r->claim == RG_CLAIM_RETAKE ? RG_TALLY_RETAKEN
	       : r->op == RG_REC_OPEN	   ? RG_TALLY_OPENS
					   : RG_TALLY_LOCKS;
}

/* Keep the slowest reclaims first. */
static void add_slow(struct rg_snapshot *s, const struct rg_flow_note *note)
{
	int at = s->n_slowest < RG_SLOWEST ? s->n_slowest++ : RG_SLOWEST;

	for (; at > 0 && s->slowest[at - 1].duration_ns < note->duration_ns; at--)
		if (at < RG_SLOWEST)
			s->slowest[at] = s->slowest[at - 1];
	if (at < RG_SLOWEST)
		s->slowest[at] = *note;
}

static void add_notes(struct rg_snapshot *s, const struct rg_record *r, long i)
{
	struct rg_flow_note note = {.time_ns = r->time_ns,
				    .duration_ns = r->duration_ns,
				    .client = s->flows.keys[i],
				    .fileid = r->fileid,
				    .start = r->start,
				    .length = r->length,
				    .generation = r->generation,
				    .op = r->op,
				    .downgrade = r->downgrade,
				    .side = r->side,
				    .claim = r->claim,
				    .status = r->status,
				    .status_kind = r->status_kind,
				    .family = r->family};

	memcpy(note.addr, r->addr, sizeof(note.addr));
	if (rg_claim_is_reclaim(r->claim))
		add_slow(s, &note);
	if (!rg_record_is_downgrade(r))
		return;
	if (s->n_downgrades == RG_LAST_DOWNGRADES)
		s->n_downgrades--;
	memmove(&s->downgrades[1], &s->downgrades[0],
		(size_t)s->n_downgrades * sizeof(s->downgrades[0]));
	s->downgrades[0] = note;
	s->n_downgrades++;
}

static void add_operation(struct rg_snapshot *s, const struct rg_record *r)
{
	struct rg_gate *g = &s->gates[SLOT];
	enum rg_tally tally = tally_of(r);
	long i = client_of(s, r);
	struct rg_client *c;

	s->totals.tally[tally]++;
	if (i < 0)
		return;
	c = &s->ledger.clients[i];
	s->flows.clients[i].last_ns = r->time_ns;
	s->flows.clients[i].tally[tally]++;
	add_notes(s, r, i);
	if (tally == RG_TALLY_RECLAIMS_REFUSED) {
		c->refusals++;
		c->refused_ns = r->time_ns;
		if (c->state != RG_CLIENT_AWAITED) {
			c->state = RG_CLIENT_AWAITED;
			g->refused++;
			g->awaited++;
		}
	}
	if (r->op == RG_REC_LOCK && !r->status)
		c->locks++;
}

/* ---- this host ---- */

static void add_held(struct rg_snapshot *s, const struct rg_record *r)
{
	struct rg_held *h = &s->held.values[s->held.n];

	if (s->held.n == RG_REPLAY_MOST)
		return;
	s->held.keys[s->held.n++] = (struct rg_held_key){.tid = r->tid};
	*h = (struct rg_held){.slot = SLOT,
			      .tgid = r->tgid,
			      .what = (__u32)r->value,
			      .phase = RG_HELD_STOPPED,
			      .ino = r->fileid,
			      .dev = r->dev,
			      .since_ns = r->time_ns};
	memcpy(h->comm, r->name, sizeof(h->comm));
}

static void add_continued(struct rg_snapshot *s, const struct rg_record *r)
{
	for (__u32 i = 0; i < s->held.n; i++) {
		if (s->held.keys[i].tid != r->tid)
			continue;
		s->held.n--;
		s->held.keys[i] = s->held.keys[s->held.n];
		s->held.values[i] = s->held.values[s->held.n];
		return;
	}
}

/* Settle the end clients when the gate opens: a recording shows only this result of the
 * ledger. */
static void add_gate(struct rg_snapshot *s, const struct rg_record *r)
{
	struct rg_gate *g = &s->gates[SLOT];

	if (r->value != RG_STATE_OPEN)
		return;
	g->awaited = 0;
	g->settled_ns = r->time_ns;
	for (__u32 i = 0; i < s->ledger.n; i++)
		if (s->ledger.clients[i].state == RG_CLIENT_AWAITED)
			s->ledger.clients[i].state = RG_CLIENT_SETTLED;
}

static void knfsd_starts(struct rg_snapshot *s, const struct rg_record *r)
{
	struct rg_gate *g = &s->gates[SLOT];

	g->knfsd = RG_KNFSD_STARTING;
	g->knfsd_start_ns = r->time_ns;
	g->generation = r->generation ?: g->generation + 1;
	g->refused = g->awaited = 0;
}

void rg_replay_add(struct rg_replay *replay, const struct rg_record *r)
{
	struct rg_snapshot *s = &replay->now;
	struct rg_gate *g = &s->gates[SLOT];

	if (r->side == RG_SIDE_SERVER && (r->op == RG_REC_OPEN || r->op == RG_REC_LOCK)) {
		add_operation(s, r);
		return;
	}
	switch (r->op) {
	case RG_REC_KNFSD_STARTING:
		knfsd_starts(s, r);
		break;
	case RG_REC_GRACE_START:
		g->knfsd = RG_KNFSD_GRACE;
		s->storms[SLOT].grace_ns = r->value * RG_NS_PER_SEC;
		s->storms[SLOT].expected = r->expected;
		break;
	case RG_REC_GRACE_SKIPPED:
		g->knfsd = RG_KNFSD_SKIPPED;
		break;
	case RG_REC_GRACE_END:
		g->knfsd = RG_KNFSD_OVER;
		g->knfsd_end_ns = r->time_ns;
		break;
	case RG_REC_LOCKD_GRACE_START:
		g->lockd = RG_LOCKD_GRACE;
		break;
	case RG_REC_LOCKD_GRACE_END:
		g->lockd = RG_LOCKD_OVER;
		g->lockd_end_ns = r->time_ns;
		break;
	case RG_REC_KNFSD_SHUTDOWN:
		g->knfsd = RG_KNFSD_DOWN;
		g->closed_ns = r->time_ns;
		break;
	case RG_REC_EXCHANGE_ID:
		if (r->side == RG_SIDE_SERVER)
			client_of(s, r);
		break;
	case RG_REC_RECLAIM_COMPLETE:
		if (r->side == RG_SIDE_SERVER)
			s->storms[SLOT].complete = r->complete;
		break;
	case RG_REC_HELD:
		add_held(s, r);
		break;
	case RG_REC_CONTINUED:
		add_continued(s, r);
		break;
	case RG_REC_GATE:
		add_gate(s, r);
		break;
	default:
		break;
	}
}
