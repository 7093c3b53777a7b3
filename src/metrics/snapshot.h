/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the pinned maps at one moment, for `metrics` and `top`. The result is plain data, so
 * that both can be tested without a kernel. */
#pragma once

#include "state/budget.h"
#include "state/lost.h"
#include "pins/flows.h"
#include "pins/held.h"
#include "pins/protect.h"
#include "load/progs.h"
#include "state/regime.h"
#include "pins/settle.h"
#include "original/seen.h"

struct rg_snapshot {
	bool enabled;  /* false: nothing is pinned, and only the next member is set */
	__u64 wall_ns; /* CLOCK_REALTIME, read together with now_ns */
	__u64 now_ns;  /* CLOCK_BOOTTIME, as are all times below */
	__u64 canary_ns;
	__u64 heartbeat_ns; /* of the daemon; 0: none runs */
	__u32 daemon_pid;
	__u32 pins_put_back; /* pins that others removed and the daemon put back */
	__u32 writes_failed; /* number of files that the daemon could not write */
	__u32 disk_waits_s;  /* time that the daemon's current write has waited for the disk */
	bool sleeps;	     /* held threads sleep in the kernel, which needs no daemon */
	__u32 doors_attached, doors_wanted; /* one bit for each enum rg_door */
	__u32 tracers;			    /* tracers with a ring */
	enum rg_known delegations;	    /* knfsd gives write delegations */
	enum rg_known starts_at_boot;	    /* systemd starts the guard at boot */
	enum rg_known records_outlive;	    /* knfsd's records of end clients are on a disk */
	enum rg_protect_state protect;
	__u64 protect_refused[RG_NR_PROTECT_REFUSALS]; /* of protect on */
	char protect_path[RG_PATH_SIZE];	       /* of the executable that is trusted */
	char armed_by[32]; /* version of the program that made the pins */
	struct rg_gate gates[RG_MAX_GATES];
	struct rg_flow_storm storms[RG_MAX_GATES];
	__u64 counters[RG_NR_COUNTERS];
	struct rg_flow_totals totals;
	enum rg_module module; /* state of the kernel module */
	struct rg_regimes regimes;
	struct rg_awaited ledger;
	struct rg_held_list held;

	/* Filled in only on request. */
	struct rg_flow_clients flows;
	struct rg_flow_note slowest[RG_SLOWEST], downgrades[RG_LAST_DOWNGRADES];
	int n_slowest, n_downgrades;
	struct rg_prog_counts progs[RG_MAX_PROGS];
	int n_progs;
	struct rg_lost_sum lost[RG_MAX_GATES]; /* of knfsd's last start, if known */
	bool lost_known[RG_MAX_GATES];

	/* rg_org_see() fills it in, also if the guard is not enabled. */
	struct rg_org_seen original;

	/* Owned by the caller, with this boot begun. NULL: unknown. */
	const struct rg_budget *budget;
};

/* What to read in addition. */
#define RG_SNAPSHOT_FLOWS 1 /* flows, slowest, downgrades */
#define RG_SNAPSHOT_PROGS 2
#define RG_SNAPSHOT_LOST 4 /* from the daemon's file */

/* Reads everything or nothing. Returns 0, or a negative errno with nothing owned. */
int rg_snapshot_read(const struct rg_pins *p, int besides, struct rg_snapshot *s);
/* Makes the snapshot of a host on which nothing is pinned. */
void rg_snapshot_none(struct rg_snapshot *s);
void rg_snapshot_free(struct rg_snapshot *s);

/* ---- what can be worked out of one; pure ---- */

/* Says whether this slot has a gate that is not the canary's. */
bool rg_snapshot_has(const struct rg_snapshot *s, __u32 slot);

/* Returns for how long local applications have been kept out, ns; 0: the gate is open. */
__u64 rg_closed_for_ns(const struct rg_gate *g, __u64 now_ns);

/* knfsd's grace period. */
struct rg_grace {
	bool active;
	__u64 elapsed_ns; /* time since its start; 0: not active */
	__u64 length_ns;  /* as set for knfsd; it may take up to twice as long. 0: unknown */
	__u64 left_ns;	  /* rest of length_ns; 0: over or unknown */
};
struct rg_grace rg_grace_of(const struct rg_gate *g, const struct rg_flow_storm *storm,
			    __u64 now_ns);

/* Counts the end clients in the ledger of one gate. */
struct rg_ledger_sum {
	__u32 in[RG_NR_CLIENT_STATES]; /* seen since knfsd started, by state */
	__u32 absent;		       /* had locks before and were not seen since */
	__u64 locks;		       /* locks that they hold, as far as they are counted */
	__u32 uncounted;	       /* end clients, not gone, whose locks are unknown */
	/* Of awaited end clients with a known number of locks: */
	__u64 awaited_locks, awaited_expected;
};
struct rg_ledger_sum rg_ledger_sum_of(const struct rg_snapshot *s, __u32 slot);
