/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What there is to see at one moment, read from the pinned maps: what `metrics`
 * writes and `top` shows. All of it is data, so that both can be tested without
 * a kernel.
 */
#pragma once

#include "state/budget.h"
#include "state/lost.h"
#include "pins/flows.h"
#include "pins/held.h"
#include "load/progs.h"
#include "state/regime.h"
#include "pins/settle.h"
#include "original/seen.h"

struct rg_snapshot {
	bool enabled;  /* false: nothing is pinned, and only the next one counts */
	__u64 wall_ns; /* CLOCK_REALTIME, read with now_ns */
	__u64 now_ns;  /* CLOCK_BOOTTIME, as all times below */
	__u64 canary_ns;
	__u64 heartbeat_ns; /* of the daemon; 0: it ended, or there was none */
	__u32 daemon_pid;
	__u32 pins_put_back; /* that somebody removed */
	__u32 writes_failed; /* files that the daemon could not write */
	__u32 disk_waits_s;  /* its write under way has been waiting so long for a disk */
	bool sleeps;	     /* the held sleep in the kernel, which needs no daemon */
	__u32 doors_attached, doors_wanted; /* a bit an enum rg_door */
	__u32 tracers;			    /* that have a ring */
	enum rg_known delegations;	    /* does knfsd give write delegations? */
	enum rg_known starts_at_boot;	    /* does systemd start the guard? */
	enum rg_known records_outlive;	    /* are knfsd's records of end clients on a disk? */
	char armed_by[32];		    /* version of the program that made the pins */
	struct rg_gate gates[RG_MAX_GATES];
	struct rg_flow_storm storms[RG_MAX_GATES];
	__u64 counters[RG_NR_COUNTERS];
	struct rg_flow_totals totals;
	enum rg_module module; /* what became of the kernel module */
	struct rg_regimes regimes;
	struct rg_awaited ledger;
	struct rg_held_list held;

	/* Filled in only if they are asked for; otherwise none. */
	struct rg_flow_clients flows;
	struct rg_flow_note slowest[RG_SLOWEST], downgrades[RG_LAST_DOWNGRADES];
	int n_slowest, n_downgrades;
	struct rg_prog_counts progs[RG_MAX_PROGS];
	int n_progs;
	struct rg_lost_sum lost[RG_MAX_GATES]; /* of knfsd's last start, where it is known */
	bool lost_known[RG_MAX_GATES];

	/* Filled in by rg_org_see(), whether the guard is enabled or not. */
	struct rg_org_seen original;

	/* The caller's, who keeps it; this boot has begun. NULL: not known. */
	const struct rg_budget *budget;
};

/* What is to be read besides. */
#define RG_SNAPSHOT_FLOWS 1 /* flows, slowest, downgrades */
#define RG_SNAPSHOT_PROGS 2
#define RG_SNAPSHOT_LOST 4 /* from the daemon's file */

/* All of it, or nothing. 0, or a negative errno: nothing is owned then. */
int rg_snapshot_read(const struct rg_pins *p, int besides, struct rg_snapshot *s);
/* For when nothing is pinned. */
void rg_snapshot_none(struct rg_snapshot *s);
void rg_snapshot_free(struct rg_snapshot *s);

/* ---- what can be worked out of one; pure ---- */

/* Is there a gate in this slot that is no canary's? */
bool rg_snapshot_has(const struct rg_snapshot *s, __u32 slot);

/* For how long local applications have been kept out, ns; 0: the gate is open. */
__u64 rg_closed_for_ns(const struct rg_gate *g, __u64 now_ns);

/* knfsd's grace period. */
struct rg_grace {
	bool active;
	__u64 elapsed_ns; /* since it started; 0: not active */
	__u64 length_ns;  /* as knfsd was told; it may take up to twice as long. 0: not known */
	__u64 left_ns;	  /* of length_ns; 0: over, or not known */
};
struct rg_grace rg_grace_of(const struct rg_gate *g, const struct rg_flow_storm *storm,
			    __u64 now_ns);

/* The end clients in the ledger of one gate. */
struct rg_ledger_sum {
	__u32 in[RG_NR_CLIENT_STATES]; /* seen since knfsd started, by state */
	__u32 absent;		       /* not seen since, and with locks before */
	__u64 locks;		       /* that they hold, of those that are counted */
	__u32 uncounted;	       /* end clients, not gone, whose locks are not known */
	/* Of those that are awaited and had a number of locks that is known: */
	__u64 awaited_locks, awaited_expected;
};
struct rg_ledger_sum rg_ledger_sum_of(const struct rg_snapshot *s, __u32 slot);
