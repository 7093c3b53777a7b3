/* SPDX-License-Identifier: GPL-2.0-only */
/* Included first by the gate's BPF files: its maps, counters and messages to tracers. The maps are
 * defined in maps.bpf.c. */
#pragma once

#include "shared.bpf.h"

#define PF_IO_WORKER 0x00000010 /* include/linux/sched.h */
#define PF_KTHREAD 0x00200000

RG_MAP_OF(devices, HASH, RG_MAX_DEVICES, __u32, struct rg_device);
RG_MAP_OF(held, HASH, RG_MAX_HELD, struct rg_held_key, struct rg_held);

/* Maps a tid to its element in `held`. */
RG_MAP_OF(holding, HASH, RG_MAX_HELD, __u32, struct rg_holding);
RG_MAP_OF(above, LRU_HASH, RG_MAX_ABOVE, __u32, struct rg_above);
RG_MAP_OF(wrappers, HASH, RG_MAX_WRAPPERS, __u32, struct rg_wrapper);

/* Maps a tgid to the time of its last event if it had kept to RG_TOLD_PER_SECOND: a token bucket
 * of one word (ITU-T I.371, generic cell rate algorithm). */
RG_MAP_OF(told_until, LRU_HASH, RG_MAX_TOLD, __u32, __u64);

/* Maps a struct lock_manager * to a slot while it is in grace: locks_end_grace() does not get
 * the network namespace. */
struct rg_manager {
	__u32 slot;
	__u32 is_knfsd;
};

RG_MAP_OF(managers, HASH, RG_MAX_MANAGERS, __u64, struct rg_manager);
RG_MAP_OF(counters, PERCPU_ARRAY, RG_NR_COUNTERS, __u32, __u64);

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RG_RING_BYTES);
} events SEC(".maps");

RG_MAP_FLAGS(exempt, HASH, RG_MAX_EXEMPT, struct rg_exempt_key, struct rg_exempt,
	     BPF_F_NO_PREALLOC); /* one path for each */

/* Maps a thread of knfsd to the enum rg_reclaim of its current lock reclaim, which the module
 * asked about. The least recent one makes room. */
RG_MAP_OF(reclaiming, LRU_HASH, RG_MAX_RECLAIMING, __u32, __u32);

/* NFSv3 end clients (include/rg_maps.h). */
RG_MAP_OF(nlm_hosts, HASH, RG_MAX_NLM_HOSTS, struct rg_client_key, struct rg_client);

/* The ledger of NFSv4 end clients. */
RG_MAP_OF(clients, HASH, RG_MAX_CLIENTS, struct rg_client_key, struct rg_client);

/* Maps a struct nfs4_client * to its element of `clients`, in this life of knfsd. */
struct rg_client_ref {
	struct rg_client_key key;
};

RG_MAP_OF(client_of, HASH, RG_MAX_CLIENTS, __u64, struct rg_client_ref);

/* The least recent address makes room: it may have more end clients than RG_MAX_OF_ADDRESS then. */
RG_MAP_OF(crowds, LRU_HASH, RG_MAX_CLIENTS, struct rg_crowd_key, __u32);

/* Maps an end client and a file to the locks that are counted in `clients`. */
struct rg_client_file {
	__u64 clp;
	__u64 inode;
};
_Static_assert(sizeof(struct rg_client_file) == RG_CLIENT_FILE_BYTES,
	       "what user space has room for");

struct rg_client_locks {
	__u32 n; /* number of locks at the last count */
	__u32 slot;
	__u32 busy;    /* number of threads that are about to write n */
	__u32 changes; /* number of granted LOCKs and LOCKUs */
	__u32 granted; /* LOCKs among them that rg_client.granted has */
	__u32 waiting; /* 1: `uncounted` and rg_client.uncounted have it */
	__u32 failed;  /* failed counts in a row; RG_COUNT_TRIES: rg_client.uncountable has it */
	__u32 before;  /* `changes` when the round of counting `round` began */
	__u32 tally;   /* number of locks that the walk `pass` met */
	__u32 unlocks; /* number of granted LOCKUs */
	__u64 round;
	__u64 pass;
	/* For listing (ranges.bpf.c): */
	__u64 noted;   /* the last listing that includes it */
	__u32 listed;  /* `changes` at the last listing */
	__u32 listing; /* `changes` at the listing `noted` */
	__u32 place;   /* for clp 0 the file's position in `listed_files`; RG_NO_PLACE: no room */
	__u16 lockd;   /* 1: `clp` is a struct nlm_host; n, pass: as the listing `pass` met them */
	__u16 waits;   /* RG_WAITS_...: the locks may change without a call */
};
#define RG_NO_PLACE 0xffffffffU
#define RG_WAITS_BLOCKED                                                                           \
	1		 /* lockd may grant a blocked lock (NLM_BLOCKED), so list it each time     \
			  */
#define RG_WAITS_FREED 2 /* lockd is freeing the locks, so list it twice */

RG_MAP_OF(client_files, HASH, RG_MAX_CLIENT_FILES, struct rg_client_file, struct rg_client_locks);

/* Elements of `client_files` that must be counted, with their slot. */
RG_MAP_OF(uncounted, HASH, RG_MAX_CLIENT_FILES, struct rg_client_file, __u32);

/* The state of counting, reserved by one thread at a time. */
struct rg_counting {
	__u64 pass;	 /* number of the last walk or round that has begun */
	__u64 refill_ns; /* when `steps` were last refilled */
	__u32 busy;
	__u32 budget;  /* locks that this round may still look at */
	__u32 left;    /* number of files that this round left */
	__u32 steps;   /* locks that LOCKs may still look at in this second */
	__u64 nothing; /* always 0, which the verifier does not know */
};

RG_MAP_OF(counting, ARRAY, 1, __u32, struct rg_counting);

/* The state of listing, reserved by one thread at a time. */
struct rg_listing {
	__u64 pass;    /* number of the last listing that has begun */
	__u64 nothing; /* always 0, which the verifier does not know */
	__u32 busy;
	__u32 reading; /* 1: the daemon reads the listing */
	__u32 last;    /* 1: made when knfsd stopped, and not read yet */
	__u32 budget;  /* locks that the listing may still look at */
	__u32 files, locks, left;
	__u32 slot, generation;
	__u32 pad;
	struct rg_client_file at; /* owner and file of the current lock, if it is lockd's */
	__u8 owner[RG_CLIENT_NAME_HASHED]; /* room to hash a lock owner in */
};
_Static_assert(sizeof(struct rg_listing) == RG_LISTING_BYTES, "pinned layout: see RG_PINS_VERSION");

RG_MAP_OF(listing, ARRAY, 1, __u32, struct rg_listing);
RG_MAP_FLAGS(listed_files, ARRAY, RG_MAX_LISTED_FILES, __u32, struct rg_listed_file,
	     BPF_F_MMAPABLE);
RG_MAP_FLAGS(listed, ARRAY, RG_MAX_LISTED, __u32, struct rg_listed, BPF_F_MMAPABLE);
RG_MAP_OF(servers, HASH, RG_MAX_SERVERS, __u64, struct rg_server);

/* NFSv3 end clients whose locks lockd dropped, until they are notified. */
RG_MAP_OF(dropped, HASH, RG_MAX_DROPPED, struct rg_dropped_key, __u64);

/* Only user space uses these three; they are declared here to be pinned. */
RG_MAP_OF(meta, ARRAY, 1, __u32, struct rg_meta);
RG_MAP_OF(rules, ARRAY, RG_MAX_RULES, __u32, struct rg_rule);
RG_MAP_OF(provenance, ARRAY, RG_MAX_GATES, __u32, struct rg_provenance);

/* A map of its own (".data.live"), which user space maps into memory. */
extern struct rg_live live;

static __always_inline void rg_count(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&counters, &which);

	if (n)
		(*n)++;
}

/* Remember what lets local applications in now, since the gate may close again. */
static __always_inline void rg_note_let_in(struct rg_gate *g, __u64 now_ns)
{
	__u64 bits = rg_let_in_now(g, now_ns);

	if (bits)
		__sync_fetch_and_or(&g->let_in, bits);
}

/* Publishes a word after the facts that belong to it. */
#define rg_publish(word, value) ((void)__sync_lock_test_and_set((word), (value)))

/* ---- who is held goes on (continue.bpf.c) ---- */

/* Continues threads held at a gate that was in state `was` and is open now. Call it after
 * publishing what may have opened the gate. */
int rg_continue_slot(__u32 slot, __u32 was);
/* Continues the calling thread, just marked as stopped, if the gate has opened in the kernel
 * meanwhile, which did not wait for it. */
int rg_continue_self(__u32 slot, __u32 seq);

/* ---- who stops because of a hold (wrapper.bpf.c) ---- */

/* Notes the ancestors of the calling thread in `above`, before it is held by its element of
 * `held` with this seq. */
int rg_note_above(__u32 seq);

/* ---- what happened: to the tracers, and to wake the daemon ---- */

struct rg_gate_event {
	__u64 time_ns, duration_ns, value;
	__u64 ino;
	__u32 netns, generation;
	__u32 expected, complete; /* counts of end clients, as in rg_flow_storm */
	__u32 op, side, dev;
	__u32 facts;
	__u32 err; /* positive errno, or 0 */
	__u32 downgrade;
	__u32 of_task; /* 1: the current task, a local application, caused it */
	__u32 untold;  /* 1: count it and send no event */
};

/* Counts the event and sends it to every tracer (tell.bpf.c). A global function, so that the
 * verifier checks it once for each program and not on every path. */
int rg_tell(const struct rg_gate_event *t);

static __always_inline __u32 rg_record_op_of_event(__u32 type)
{
	switch (type) {
	case RG_EVENT_KNFSD_STARTING:
		return RG_REC_KNFSD_STARTING;
	case RG_EVENT_GRACE_START:
		return RG_REC_GRACE_START;
	case RG_EVENT_GRACE_SKIPPED:
		return RG_REC_GRACE_SKIPPED;
	case RG_EVENT_GRACE_END:
		return RG_REC_GRACE_END;
	case RG_EVENT_KNFSD_FAILED:
		return RG_REC_KNFSD_FAILED;
	case RG_EVENT_KNFSD_SHUTDOWN:
		return RG_REC_KNFSD_SHUTDOWN;
	case RG_EVENT_LOCKD_GRACE_START:
		return RG_REC_LOCKD_GRACE_START;
	case RG_EVENT_LOCKD_GRACE_END:
		return RG_REC_LOCKD_GRACE_END;
	case RG_EVENT_HAND:
		return RG_REC_HAND;
	default: /* the tracing programs record more of it, or the state of the gate tells it */
		return RG_REC_NONE;
	}
}

static __always_inline void rg_tell_event(__u32 op, __u32 slot, const struct rg_gate *g,
					  __u64 now_ns)
{
	struct rg_flow_storm *storm = rg_storm_at(slot);
	struct rg_gate_event t = {
		.time_ns = now_ns,
		.netns = g->netns,
		.generation = g->generation,
		.op = op,
		.side = op == RG_REC_HAND ? RG_SIDE_GATE : RG_SIDE_SERVER,
		.value = op == RG_REC_HAND ? g->hand : 0,
	};

	if (slot == RG_CANARY_SLOT)
		return;
	if (storm) {
		t.expected = storm->expected;
		t.complete = storm->complete;
	}
	if (op == RG_REC_GRACE_START && storm) {
		t.value = storm->grace_ns / RG_NS_PER_SEC;
		if (storm->expected)
			t.facts |= RG_FACT_CLIENTS_DUE;
		if (storm->origin_complete_ns > g->closed_ns)
			t.facts |= RG_FACT_EARLY_COMPLETE;
		t.downgrade = rg_downgrade_of_grace_start(t.facts);
	}
	rg_tell(&t);
}

static __always_inline void rg_emit(__u32 type, __u32 slot, const struct rg_gate *g, __u64 now_ns)
{
	__u32 op = rg_record_op_of_event(type);
	struct rg_event *e;

	if (op)
		rg_tell_event(op, slot, g, now_ns);
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		rg_count(RG_COUNT_FAIL_RING);
		return;
	}
	e->type = type;
	e->slot = slot;
	e->netns = g->netns;
	e->generation = g->generation;
	e->time_ns = now_ns;
	bpf_ringbuf_submit(e, 0);
}

/* An end client was granted a lock on an NFS mount, so there is something to protect: the gate goes
 * by knfsd again, and closes if end clients are still recovering. A global function, which the
 * verifier checks once for each program and not on every path. Returns 1 if that was news. */
int rg_something_to_protect(__u32 slot);

/* Notes that an end client was granted a lock in this file. */
static __always_inline void rg_note_granted(const struct rg_gate *g, __u32 slot,
					    struct inode *inode)
{
	if (g->hand == RG_HAND_NOTHING && BPF_CORE_READ(inode, i_sb, s_magic) == NFS_SUPER_MAGIC)
		rg_something_to_protect(slot);
}

/* Returns knfsd's lease in seconds; its lock manager is a part of nfsd_net. */
static __always_inline __u32 rg_lease_of(struct lock_manager *lm)
{
	return (__u32)BPF_CORE_READ(rg_nfsd_net_of(lm), nfsd4_lease);
}

static __always_inline void rg_managers_add(__u64 lm, __u32 slot, __u32 is_knfsd)
{
	struct rg_manager m = {.slot = slot, .is_knfsd = is_knfsd};

	if (bpf_map_update_elem(&managers, &lm, &m, BPF_ANY))
		rg_count(RG_COUNT_FAIL_MANAGERS);
}
