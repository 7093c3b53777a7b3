/* SPDX-License-Identifier: GPL-2.0-only */
/* A made-up moment of a recovery: one gate in knfsd's grace period, one that is
 * settling, one that timed out. */
#pragma once

#include <arpa/inet.h>

#include "unit.h"
#include "metrics/snapshot.h"

#define S RG_NS_PER_SEC
#define MS (S / 1000)
#define NOW_NS (1000 * S)
#define WALL_NS (1795455072 * S)
#define NETNS_GRACE 4026531840U
#define NETNS_SETTLING 4026532001U
#define NETNS_TIMED_OUT 4026532002U

enum { SLOT_GRACE = 1, SLOT_SETTLING = 2, SLOT_TIMED_OUT = 7 };

/* Room of a made-up list. */
#define MADE_UP 4096

static inline void made_up_gates(struct rg_snapshot *s)
{
	const struct rg_policy policy = {.max_hold_s = 900,
					 .settle_quiet_s = 10,
					 .release = RG_RELEASE_SETTLED,
					 .mount_mode = RG_MOUNT_MODE_EXPORTS};

	/* The canary's is nobody's. */
	s->gates[RG_CANARY_SLOT].netns = 1;
	s->gates[SLOT_GRACE] = (struct rg_gate){.policy = policy,
						.netns = NETNS_GRACE,
						.knfsd = RG_KNFSD_GRACE,
						.lockd = RG_LOCKD_GRACE,
						.generation = 2,
						.lease_s = 90,
						.refused = 3,
						.awaited = 2,
						.closed_ns = NOW_NS - 60 * S,
						.knfsd_start_ns = NOW_NS - 47 * S};
	s->storms[SLOT_GRACE] =
		(struct rg_flow_storm){.grace_ns = 90 * S, .expected = 5, .complete = 3};
	s->gates[SLOT_SETTLING] = (struct rg_gate){.policy = policy,
						   .netns = NETNS_SETTLING,
						   .knfsd = RG_KNFSD_OVER,
						   .generation = 1,
						   .lease_s = 60,
						   .refused = 1,
						   .awaited = 1,
						   .closed_ns = NOW_NS - 200 * S,
						   .knfsd_start_ns = NOW_NS - 100 * S,
						   .knfsd_end_ns = NOW_NS - 3 * S,
						   .origin_no_grace_ns = NOW_NS - 5 * S};
	s->lost_known[SLOT_SETTLING] = true;
	s->lost[SLOT_SETTLING] =
		(struct rg_lost_sum){.total = 11, .unnamed = 4, .clients = 2, .lower_bound = true};
	s->lost[SLOT_SETTLING].why[RG_LOST_REFUSED] = 9;
	s->lost[SLOT_SETTLING].why[RG_LOST_ABSENT] = 2;
	s->storms[SLOT_SETTLING] =
		(struct rg_flow_storm){.grace_ns = 90 * S, .expected = 1, .complete = 1};
	s->gates[SLOT_TIMED_OUT] = (struct rg_gate){.policy = {.max_hold_s = 900,
							       .action = RG_ACTION_DENY,
							       .scope = RG_SCOPE_OPENS},
						    .netns = NETNS_TIMED_OUT,
						    .closed_ns = NOW_NS - 950 * S};
}

/* An end client, in the ledger and in what the tracing programs saw. */
static inline void made_up_client(struct rg_snapshot *s, __u32 slot, const char *name,
				  const char *addr, __u32 state, __u32 locks, __u32 expected)
{
	__u32 i = s->ledger.n++, k = s->flows.n++, generation = s->gates[slot].generation;
	struct rg_client *c = &s->ledger.clients[i];
	struct rg_flow_client *f = &s->flows.clients[k];
	size_t len = strlen(name);

	s->ledger.keys[i] = (struct rg_client_key){.name_hash = i + 1, .slot = slot};
	s->flows.keys[k] = s->ledger.keys[i];
	*c = (struct rg_client){.state = state,
				.generation = generation + 1,
				.locks = locks,
				.expected = expected,
				.refusals = state == RG_CLIENT_KNOWN ? 0 : 1,
				.family = AF_INET,
				.minorversion = 2,
				.name_len = (__u16)len};
	*f = (struct rg_flow_client){.first_ns = NOW_NS - 40 * S,
				     .last_ns = NOW_NS - i * MS,
				     .generation = generation,
				     .family = AF_INET,
				     .minorversion = 2,
				     .name_len = (__u16)len};
	memcpy(c->name, name, len < sizeof(c->name) ? len : sizeof(c->name));
	memcpy(f->name, name, len < sizeof(f->name) ? len : sizeof(f->name));
	inet_pton(AF_INET, addr, c->addr);
	memcpy(f->addr, c->addr, sizeof(f->addr));
	f->tally[RG_TALLY_RECLAIMS_REFUSED] = c->refusals;
	f->tally[RG_TALLY_RETAKEN] = locks;
	f->tally[RG_TALLY_GRACE] = 4;
}

static inline void made_up_held(struct rg_snapshot *s, __u32 slot, __u32 pid, const char *comm,
				__u64 for_ns)
{
	__u32 i = s->held.n++;

	s->held.keys[i] = (struct rg_held_key){.tid = pid, .seq = i};
	s->held.values[i] = (struct rg_held){.slot = slot,
					     .tgid = pid,
					     .what = RG_DOOR_LOCK,
					     .phase = RG_HELD_STOPPED,
					     .ino = 131,
					     .dev = 45,
					     .since_ns = NOW_NS - for_ns};
	strncpy(s->held.values[i].comm, comm, RG_COMM_SIZE);
}

static inline void made_up_flows(struct rg_snapshot *s)
{
	struct rg_flow_totals *t = &s->totals;

	for (__u32 i = 0; i < RG_NR_RECORD_OPS; i++)
		t->records[i] = 100 + i;
	for (__u32 i = 0; i < RG_NR_DOWNGRADES; i++)
		t->downgrades[i] = i;
	for (__u32 i = 0; i < RG_NR_TALLIES; i++)
		t->tally[i] = 1000 + i;
	t->reclaims[RG_SIDE_SERVER][1][1] = 12;
	t->reclaims[RG_SIDE_CLIENT][0][0] = 7;
	/* 3 of 1 to 2 us, 2 of 2.097152 s to 4.194304 s, 1 beyond all buckets. */
	t->latency[RG_TIMED_LOCK][1] = 3;
	t->latency[RG_TIMED_LOCK][22] = 2;
	t->latency[RG_TIMED_LOCK][RG_LATENCY_BUCKETS - 1] = 1;
	t->latency_sum_ns[RG_TIMED_LOCK] = 6000ULL + 5 * S + 40 * S;
	t->failed = 2;
	t->lost = 9;
	s->n_slowest = 2;
	s->slowest[0] = (struct rg_flow_note){.time_ns = NOW_NS - 12 * S,
					      .duration_ns = 812 * MS,
					      .client = s->ledger.keys[0],
					      .fileid = 131,
					      .length = 1,
					      .op = RG_REC_LOCK,
					      .claim = RG_CLAIM_RECLAIM,
					      .family = AF_INET,
					      .addr = {10, 77, 2, 2},
					      .status_kind = 1,
					      .status = RG_NFS4ERR_NO_GRACE};
	s->slowest[1] = s->slowest[0];
	s->slowest[1].duration_ns = 1500;
	s->slowest[1].op = RG_REC_OPEN;
	s->slowest[1].status = 0;
	s->n_downgrades = 1;
	s->downgrades[0] = s->slowest[0];
	s->downgrades[0].downgrade = RG_DOWNGRADE_REFUSED_BY_CLIENT;
}

static inline void made_up_begin(struct rg_snapshot *s)
{
	memset(s, 0, sizeof(*s));
	s->enabled = true;
	s->now_ns = NOW_NS;
	s->wall_ns = WALL_NS;
	s->ledger.keys = calloc(MADE_UP, sizeof(*s->ledger.keys));
	s->ledger.clients = calloc(MADE_UP, sizeof(*s->ledger.clients));
	s->flows.keys = calloc(MADE_UP, sizeof(*s->flows.keys));
	s->flows.clients = calloc(MADE_UP, sizeof(*s->flows.clients));
	s->held.keys = calloc(MADE_UP, sizeof(*s->held.keys));
	s->held.values = calloc(MADE_UP, sizeof(*s->held.values));
	unit_need(s->ledger.keys && s->ledger.clients && s->flows.keys && s->flows.clients &&
		  s->held.keys && s->held.values);
}

/* The caller frees it with rg_snapshot_free(). */
static inline void made_up(struct rg_snapshot *s)
{
	made_up_begin(s);
	s->canary_ns = 3 * MS;
	s->heartbeat_ns = NOW_NS - S / 2;
	s->daemon_pid = 412;
	s->doors_attached = 1u << RG_DOOR_LOCK;
	s->doors_wanted = 1u << RG_DOOR_LOCK | 1u << RG_DOOR_OPEN | 1u << RG_DOOR_CREATE;
	s->tracers = 1;
	s->regimes.of[RG_LOCKS_NFS4] = RG_REGIME_REFUSED;
	made_up_gates(s);
	made_up_client(s, SLOT_GRACE, "Linux NFSv4.2 one", "10.77.2.2", RG_CLIENT_AWAITED, 7, 20);
	made_up_client(s, SLOT_GRACE, "Linux NFSv4.2 two", "10.77.2.3", RG_CLIENT_AWAITED, 2,
		       RG_LOCKS_UNKNOWN);
	made_up_client(s, SLOT_GRACE, "Linux NFSv4.2 three", "10.77.2.4", RG_CLIENT_SETTLED, 4, 4);
	made_up_client(s, SLOT_GRACE, "Linux NFSv4.2 four", "10.77.2.5", RG_CLIENT_KNOWN, 0, 0);
	made_up_client(s, SLOT_SETTLING, "Linux NFSv4.1 five", "10.78.2.6", RG_CLIENT_AWAITED, 1,
		       2);
	/* One that has not come back. */
	made_up_client(s, SLOT_GRACE, "Linux NFSv4.2 six", "10.77.2.7", RG_CLIENT_KNOWN, 0, 3);
	s->ledger.clients[5].generation = 0;
	s->flows.n--;
	made_up_held(s, SLOT_GRACE, 530, "backup", 12 * S);
	made_up_held(s, SLOT_GRACE, 531, "sqlite3", 3 * S);
	made_up_held(s, SLOT_SETTLING, 532, "rsync", 30 * S);
	for (__u32 i = 0; i < RG_NR_COUNTERS; i++)
		s->counters[i] = 10 + i;
	made_up_flows(s);
}
