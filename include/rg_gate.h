/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate: the facts recorded about it, and the pure functions that decide.
 *
 * A gate has no stored state. The kernel programs record facts (when knfsd started its grace
 * period, when it ended, ...), and rg_gate_view() derives the state from them and the current
 * time. So a gate opens at its deadline without anybody acting, and the kernel, the daemon and
 * `status` cannot disagree.
 *
 * Included by BPF programs and by user space: fixed-width types only, no
 * pointers stored, no libc. All times are nanoseconds of CLOCK_BOOTTIME; 0 is
 * "never".
 */
#pragma once

#ifndef __bpf__
#include <linux/types.h>
#endif

#include "rg_limits.h"

/* What happens to a local application at a closed gate. */
enum rg_action {
	RG_ACTION_HOLD = 0,
	RG_ACTION_DENY = 1,
	RG_ACTION_AUDIT = 2,
	RG_NR_ACTIONS,
};

/* When a gate opens. The order matters: each opens later than the one before. */
enum rg_release {
	RG_RELEASE_GRACE_START = 0,
	RG_RELEASE_GRACE_END = 1,
	RG_RELEASE_SETTLED = 2,
	RG_NR_RELEASES,
};

/* The calls that a closed gate blocks. Each scope includes the ones before it. */
enum rg_scope {
	RG_SCOPE_LOCKS = 0,
	RG_SCOPE_OPENS = 1,
	RG_SCOPE_ACCESS = 2,
	RG_NR_SCOPES,
};

/* Local applications are kept out in every state but RG_STATE_OPEN. */
enum rg_state {
	RG_STATE_CLOSED = 0,
	RG_STATE_GRACE = 1,
	RG_STATE_SETTLING = 2,
	RG_STATE_OPEN = 3,
	RG_NR_STATES,
};

/* Why a gate is in its state; also the cause under which a release is counted. */
enum rg_why {
	RG_WHY_KNFSD_DOWN = 0, /* closed: knfsd does not run */
	RG_WHY_KNFSD_STARTING, /* closed: knfsd has not decided on a grace period */
	RG_WHY_CLOSED_BY_HAND, /* closed: `close` */
	RG_WHY_KNFSD_GRACE,    /* grace: knfsd's */
	RG_WHY_LOCKD_GRACE,    /* grace: only lockd's is left */
	RG_WHY_AWAITED,	       /* settling: an end client with a refused reclaim is not done */
	RG_WHY_BLIND,	       /* settling: no program sees refused reclaims */
	RG_WHY_GRACE_STARTED,  /* open from here on */
	RG_WHY_GRACE_SKIPPED,  /* knfsd knew of no client that could reclaim */
	RG_WHY_GRACE_ENDED,
	RG_WHY_NOBODY_REFUSED,	  /* settled at once: every reclaim was granted */
	RG_WHY_SETTLED,		  /* all refused end clients have their locks again, or are gone */
	RG_WHY_SETTLE_TIMED_OUT,  /* settle-timeout */
	RG_WHY_KNFSD_WAS_RUNNING, /* when the gate was made */
	RG_WHY_RELEASED_BY_HAND,
	RG_WHY_TIMED_OUT, /* max-hold */
	RG_WHY_NOTHING,	  /* no end client can have a lock here that it could take again */
	RG_NR_WHYS,
};

/* knfsd's life in the gate's network namespace. */
enum rg_knfsd {
	RG_KNFSD_DOWN = 0,
	RG_KNFSD_STARTING, /* in locks_start_grace .. nfs4_state_start_net returns */
	RG_KNFSD_GRACE,
	RG_KNFSD_SKIPPED,     /* started, and skipped its grace period */
	RG_KNFSD_OVER,	      /* grace ended */
	RG_KNFSD_WAS_RUNNING, /* out of grace when the gate was made */
	RG_NR_KNFSD,
};

/* lockd's own grace period: it starts with any NFSv2/3 mount or server of the
 * namespace and never opens a gate (lock_manager.block_opens is false). */
enum rg_lockd {
	RG_LOCKD_NONE = 0,
	RG_LOCKD_GRACE,
	RG_LOCKD_OVER,
	RG_LOCKD_UNNEEDED, /* in grace, in which no NFSv3 end client has a lock to reclaim */
	RG_NR_LOCKD,
};

enum rg_hand {
	RG_HAND_OFF = 0,
	RG_HAND_OPEN,	/* `release`; until knfsd's shutdown */
	RG_HAND_CLOSED, /* `close`; until knfsd's next start or shutdown */
	/* There is nothing to protect (src/state/nothing.h). Stays over a shutdown of knfsd, until
	 * an end client is granted a lock after all. */
	RG_HAND_NOTHING,
};

/* Which lock reclaims of end clients go on to the original server, as ordinary locks. That
 * needs the kernel module (docs/module.md); without it the kernel refuses all of them. */
enum rg_forward {
	RG_FORWARD_GUARDED = 0, /* if local applications were kept out since before the mount */
	RG_FORWARD_PROVEN,	/* if, besides, no other client can have had the lock meanwhile */
	RG_FORWARD_ALWAYS,
	RG_FORWARD_NEVER,
	RG_NR_FORWARDS,
};

/* How a lock reclaim was decided that the module asked about. Values from RG_RECLAIM_FIRST_NO on
 * say why it was left to the kernel, which refuses it. */
enum rg_reclaim {
	RG_RECLAIM_UNASKED = 0, /* the module did not ask: it is not loaded, or no reclaim */
	RG_RECLAIM_UNPROVEN,	/* passed on; another client may have had the lock meanwhile */
	RG_RECLAIM_PROVEN,	/* passed on; no other client can have had it meanwhile */
	RG_RECLAIM_NEVER,	/* forward = never */
	RG_RECLAIM_FIRST_NO = RG_RECLAIM_NEVER,
	RG_RECLAIM_NOT_PROVEN, /* forward = proven, and it is not */
	RG_RECLAIM_NO_GATE,    /* no gate guards the mount */
	/* Local applications were not kept out all the time. Bits of rg_gate.let_in. */
	RG_RECLAIM_MOUNTED_BEFORE, /* NFS was in use before the gate was there */
	RG_RECLAIM_AUDITED,	   /* action audit keeps nobody out */
	RG_RECLAIM_RELEASED,	   /* the gate was opened by hand */
	RG_RECLAIM_TIMED_OUT,	   /* max-hold opened it */
	RG_RECLAIM_OPENED,	   /* it opened as its policy says, before this reclaim came */
	RG_RECLAIM_EXCEPTED,	   /* the mount was not guarded for a while */
	RG_RECLAIM_UNSEEN,	   /* knfsd stopped while nothing followed it */
	RG_RECLAIM_LEAKS,	   /* the rung lets calls in unasked on this kernel */
	RG_NR_RECLAIMS,
};

/* Times in seconds; all in 8 bytes: a policy is replaced by one store, without
 * a gap. */
struct rg_policy {
	__u64 max_hold_s : 17;
	__u64 settle_timeout_s : 12; /* 0: one lease of knfsd */
	__u64 settle_quiet_s : 10;
	__u64 action : 2;      /* enum rg_action */
	__u64 release : 2;     /* enum rg_release */
	__u64 scope : 2;       /* enum rg_scope */
	__u64 end_grace : 1;   /* on-origin-no-grace = end-grace */
	__u64 mount_mode : 2;  /* enum rg_mount_mode */
	__u64 blind : 1;       /* refused reclaims are not seen: settled is settle-timeout */
	__u64 forward : 2;     /* enum rg_forward */
	__u64 only_client : 1; /* the administrator says that the original servers have no others */
	__u64 leaks : 1;       /* the rung lets calls in unasked on this kernel */
	__u64 original_keeps : 1; /* the original servers are asked whether they keep its locks */
	__u64 unused : 10;
};
_Static_assert(sizeof(struct rg_policy) == 8, "a policy is stored at once");

/* Which NFS mounts of the namespace are guarded. */
enum rg_mount_mode {
	RG_MOUNT_MODE_LISTED = 0, /* those named by the map `rules` */
	RG_MOUNT_MODE_EXPORTS,	  /* likewise, and the daemon updates the rules as exports change */
	RG_MOUNT_MODE_ALL,	  /* all but those that the rules except */
	RG_NR_MOUNT_MODES,
};

/* One element of the map `gates`. Written by kernel programs only (user space
 * asks bpf/control.bpf.c), times before the word that makes them count. */
struct rg_gate {
	union {
		struct rg_policy policy;
		__u64 policy_word;
	};
	__u32 netns;	  /* inode number of the network namespace; 0: free slot */
	__u32 knfsd;	  /* enum rg_knfsd */
	__u32 lockd;	  /* enum rg_lockd */
	__u32 hand;	  /* enum rg_hand */
	__u32 generation; /* starts of knfsd seen */
	__u32 lease_s;	  /* knfsd's lease when it started */
	__u32 refused;	  /* end clients that were refused a reclaim since knfsd started */
	__u32 awaited;	  /* how many of these have not settled */
	__u64 closed_ns;  /* when the gate was made or knfsd last shut down */
	__u64 knfsd_start_ns;
	__u64 knfsd_end_ns; /* of the grace period, not of knfsd */
	__u64 lockd_end_ns;
	__u64 hand_ns;
	__u64 settled_ns;	  /* when `awaited` last fell to 0 */
	__u64 origin_no_grace_ns; /* an original server last answered NO_GRACE */
	__u64 net;		  /* its struct net, for the control program */
	/* kept_ns: when the original server may last have dropped the end clients' locks. let_in:
	 * the reasons why a local application may have taken one since then, 1 << enum rg_reclaim.
	 */
	__u64 kept_ns;
	__u64 let_in;
	/* A rehearsal lets local applications pass and counts them until then, whatever the action
	 * is; see rg_action_at(). 0: there is none. */
	__u64 rehearsed_until_ns;
	/* Names the namespace for as long as this host is up, whereas the kernel uses the number
	 * of one that is gone again (net.net_cookie). 0: free slot. A slot whose namespace is
	 * gone keeps it, and `netns` is 0. */
	__u64 net_cookie;
};
_Static_assert(sizeof(struct rg_gate) == 136, "pinned layout: see RG_PINS_VERSION");

/* How long `settled` waits for refused end clients at most, ns. knfsd's lease is known from its
 * first start on. */
static inline __attribute__((always_inline)) __u64 rg_settle_timeout_of(struct rg_policy policy,
									__u32 lease_s)
{
	__u64 s = policy.settle_timeout_s;

	if (!s)
		s = lease_s ? lease_s : RG_DEFAULT_LEASE;
	return s * RG_NS_PER_SEC;
}

static inline __attribute__((always_inline)) __u64 rg_settle_timeout_ns(const struct rg_gate *g)
{
	return rg_settle_timeout_of(g->policy, g->lease_s);
}

/* A policy read by one load: it may be replaced at any time. */
struct rg_gate_word {
	union {
		struct rg_policy policy;
		__u64 word;
	};
};

/* The state that rg_gate_view() derives. */
struct rg_view {
	__u32 state;	/* enum rg_state */
	__u32 why;	/* enum rg_why */
	__u64 since_ns; /* when this state began */
	__u64 until_ns; /* when it ends by time alone; 0: only an event ends it */
};

static inline __attribute__((always_inline)) struct rg_view
rg_view_make(__u32 state, __u32 why, __u64 since_ns, __u64 until_ns)
{
	struct rg_view v = {
		.state = state,
		.why = why,
		.since_ns = since_ns,
		.until_ns = until_ns,
	};
	return v;
}

/* Says whether lockd is in grace: then knfsd answers ordinary LOCKs with NFS4ERR_GRACE as well
 * (nfsd4_lock(), fs/nfsd/nfs4state.c). */
static inline __attribute__((always_inline)) int rg_lockd_in_grace(const struct rg_gate *g)
{
	return g->lockd == RG_LOCKD_GRACE || g->lockd == RG_LOCKD_UNNEEDED;
}

/* Says whether every end client of NFSv4 is through with its recovery and needs no ordinary LOCK
 * to have its locks again, while lockd is in grace. The caller knows about NFSv3 end clients. */
static inline __attribute__((always_inline)) int rg_lockd_is_unneeded(const struct rg_gate *g,
								      struct rg_policy policy)
{
	return (g->knfsd == RG_KNFSD_OVER || g->knfsd == RG_KNFSD_SKIPPED) &&
	       g->lockd == RG_LOCKD_GRACE && policy.release == RG_RELEASE_SETTLED &&
	       !policy.blind && !g->awaited && !g->refused;
}

/* A state that blocks callers, until `from_ns` + max-hold at the latest. A gate that timed out
 * while knfsd was down blocks again when knfsd starts a grace period, as the locks that are
 * still free can be protected. */
static inline __attribute__((always_inline)) struct rg_view
rg_view_kept_out(struct rg_policy policy, __u64 now_ns, __u32 state, __u32 why, __u64 since_ns,
		 __u64 from_ns)
{
	__u64 deadline_ns = from_ns + policy.max_hold_s * RG_NS_PER_SEC;

	if (now_ns >= deadline_ns)
		return rg_view_make(RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline_ns, 0);
	return rg_view_make(state, why, since_ns, deadline_ns);
}

/*
 * The state of a gate at now_ns. Pure; total for any bytes in *g, and closed
 * where they make no sense.
 */
static inline __attribute__((always_inline)) struct rg_view rg_gate_view(const struct rg_gate *g,
									 __u64 now_ns)
{
	/* Read this word first: the times that it makes valid were written before it. */
	__u32 knfsd = *(const volatile __u32 *)&g->knfsd;
	__u32 lockd = g->lockd;
	__u32 hand = g->hand;
	struct rg_gate_word at = {.word = *(const volatile __u64 *)&g->policy_word};
	struct rg_policy policy = at.policy;
	__u64 last_ns = 0, timeout_ns, deadline_ns, settled_ns;
	__u32 awaited;
	struct rg_view v;

	if (hand == RG_HAND_OPEN)
		return rg_view_make(RG_STATE_OPEN, RG_WHY_RELEASED_BY_HAND, g->hand_ns, 0);
	if (hand == RG_HAND_NOTHING)
		return rg_view_make(RG_STATE_OPEN, RG_WHY_NOTHING, g->hand_ns, 0);
	if (hand == RG_HAND_CLOSED)
		return rg_view_kept_out(policy, now_ns, RG_STATE_CLOSED, RG_WHY_CLOSED_BY_HAND,
					g->hand_ns, g->hand_ns);
	if (knfsd <= RG_KNFSD_STARTING || knfsd >= RG_NR_KNFSD)
		return rg_view_kept_out(policy, now_ns, RG_STATE_CLOSED,
					knfsd == RG_KNFSD_STARTING ? RG_WHY_KNFSD_STARTING
								   : RG_WHY_KNFSD_DOWN,
					g->closed_ns, g->closed_ns);

	if (policy.release == RG_RELEASE_GRACE_START)
		return rg_view_make(RG_STATE_OPEN,
				    knfsd == RG_KNFSD_WAS_RUNNING ? RG_WHY_KNFSD_WAS_RUNNING
				    : knfsd == RG_KNFSD_SKIPPED	  ? RG_WHY_GRACE_SKIPPED
								  : RG_WHY_GRACE_STARTED,
				    g->knfsd_start_ns, 0);

	if (knfsd == RG_KNFSD_GRACE)
		return rg_view_kept_out(policy, now_ns, RG_STATE_GRACE, RG_WHY_KNFSD_GRACE,
					g->knfsd_start_ns, g->knfsd_start_ns);
	/* nfsd4_lock asks locks_in_grace(), which is true for lockd's as well:
	 * an end client's ordinary LOCK gets NFS4ERR_GRACE until both are over. */
	if (lockd == RG_LOCKD_GRACE)
		return rg_view_kept_out(policy, now_ns, RG_STATE_GRACE, RG_WHY_LOCKD_GRACE,
					g->knfsd_start_ns, g->knfsd_start_ns);

	if (knfsd == RG_KNFSD_OVER)
		last_ns = g->knfsd_end_ns;
	/* A grace period of lockd that ended before knfsd came kept nobody waiting. */
	if (lockd == RG_LOCKD_OVER && g->lockd_end_ns > g->knfsd_start_ns &&
	    g->lockd_end_ns > last_ns)
		last_ns = g->lockd_end_ns;
	if (!last_ns)
		return rg_view_make(RG_STATE_OPEN,
				    knfsd == RG_KNFSD_SKIPPED ? RG_WHY_GRACE_SKIPPED
							      : RG_WHY_KNFSD_WAS_RUNNING,
				    g->knfsd_start_ns, 0);
	if (policy.release == RG_RELEASE_GRACE_END)
		return rg_view_make(RG_STATE_OPEN, RG_WHY_GRACE_ENDED, last_ns, 0);

	timeout_ns = last_ns + rg_settle_timeout_of(policy, g->lease_s);
	deadline_ns = g->knfsd_start_ns + policy.max_hold_s * RG_NS_PER_SEC;
	/* `awaited` before `settled_ns`: it is written the other way round. */
	awaited = *(const volatile __u32 *)&g->awaited;
	if (!awaited && !policy.blind) {
		if (!g->refused)
			return rg_view_make(RG_STATE_OPEN, RG_WHY_NOBODY_REFUSED, last_ns, 0);
		settled_ns = g->settled_ns > last_ns ? g->settled_ns : last_ns;
		if (settled_ns <= timeout_ns && settled_ns <= deadline_ns)
			return rg_view_make(RG_STATE_OPEN, RG_WHY_SETTLED, settled_ns, 0);
		/* It was open by then. */
		if (timeout_ns < deadline_ns)
			return rg_view_make(RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, timeout_ns, 0);
		return rg_view_make(RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline_ns, 0);
	}
	v = rg_view_kept_out(policy, now_ns, RG_STATE_SETTLING,
			     awaited ? RG_WHY_AWAITED : RG_WHY_BLIND, last_ns, g->knfsd_start_ns);
	if (timeout_ns >= deadline_ns)
		return v;
	if (now_ns >= timeout_ns)
		return rg_view_make(RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, timeout_ns, 0);
	v.until_ns = timeout_ns;
	return v;
}

/* Says whether all end clients have their locks again that this gate waited for: knfsd's grace
 * period is over, each end client that could reclaim came (expected, complete: as in
 * rg_flow_storm), and none that was refused is awaited. So no reclaim is on its way either. Not
 * where the gate opened for another reason, in which a lock may still be missing. Pure. */
static inline __attribute__((always_inline)) int
rg_is_through(const struct rg_gate *g, __u32 expected, __u32 complete, __u64 now_ns)
{
	struct rg_view v = rg_gate_view(g, now_ns);

	return g->knfsd == RG_KNFSD_OVER && v.state == RG_STATE_OPEN &&
	       (v.why == RG_WHY_NOBODY_REFUSED || v.why == RG_WHY_SETTLED) && expected &&
	       complete >= expected;
}

/* ---- is a reclaim passed on? ---- */

/* The reasons why a gate in this state lets local applications in, bits of rg_gate.let_in; 0: it
 * blocks them. Pure. */
static inline __attribute__((always_inline)) __u64 rg_let_in_by(struct rg_policy policy,
								const struct rg_view *v)
{
	__u64 bits = 0;

	if (v->state == RG_STATE_OPEN)
		bits = v->why == RG_WHY_RELEASED_BY_HAND ? 1ULL << RG_RECLAIM_RELEASED
		       : v->why == RG_WHY_TIMED_OUT	 ? 1ULL << RG_RECLAIM_TIMED_OUT
							 : 1ULL << RG_RECLAIM_OPENED;
	if (policy.action == RG_ACTION_AUDIT)
		bits |= 1ULL << RG_RECLAIM_AUDITED;
	if (policy.leaks)
		bits |= 1ULL << RG_RECLAIM_LEAKS;
	return bits;
}

/* The same for a gate at the time now_ns. */
static inline __attribute__((always_inline)) __u64 rg_let_in_now(const struct rg_gate *g,
								 __u64 now_ns)
{
	struct rg_gate_word at = {.word = *(const volatile __u64 *)&g->policy_word};
	struct rg_view v = rg_gate_view(g, now_ns);

	return rg_let_in_by(at.policy, &v);
}

/* The first of the reasons in `bits`, an enum rg_reclaim; 0: none. */
static inline __attribute__((always_inline)) __u32 rg_let_in_first(__u64 bits)
{
	for (__u32 cause = RG_RECLAIM_MOUNTED_BEFORE; cause < RG_NR_RECLAIMS; cause++)
		if (bits & 1ULL << cause)
			return cause;
	return 0;
}

/*
 * Decide about a lock reclaim on a mount that this gate guards: an enum rg_reclaim. exempt_ns:
 * when the mount was last found not to be guarded, 0: never. kept_until_ns: until when its
 * original server said that it keeps this host's locks, 0: it did not. Pure; total for any bytes
 * in *g.
 */
static inline __attribute__((always_inline)) __u32
rg_reclaim_of(const struct rg_gate *g, __u64 now_ns, __u64 exempt_ns, __u64 kept_until_ns)
{
	struct rg_gate_word at = {.word = *(const volatile __u64 *)&g->policy_word};
	__u64 bits = *(const volatile __u64 *)&g->let_in | rg_let_in_now(g, now_ns);
	__u32 cause;
	int proven;

	if (exempt_ns && exempt_ns >= g->kept_ns)
		bits |= 1ULL << RG_RECLAIM_EXCEPTED;
	cause = rg_let_in_first(bits);
	proven = !cause &&
		 (at.policy.only_client || (at.policy.original_keeps && now_ns < kept_until_ns));
	if (at.policy.forward == RG_FORWARD_NEVER)
		return RG_RECLAIM_NEVER;
	if (at.policy.forward == RG_FORWARD_ALWAYS)
		return proven ? RG_RECLAIM_PROVEN : RG_RECLAIM_UNPROVEN;
	if (cause)
		return cause;
	if (at.policy.forward == RG_FORWARD_PROVEN && !proven)
		return RG_RECLAIM_NOT_PROVEN;
	return proven ? RG_RECLAIM_PROVEN : RG_RECLAIM_UNPROVEN;
}

/* Is the daemon with this heartbeat alive? The heartbeat may be younger than
 * now_ns: it is written while a lock request is under way. */
static inline __attribute__((always_inline)) int rg_is_alive(__u64 heartbeat_ns, __u64 now_ns)
{
	return heartbeat_ns && heartbeat_ns + RG_HEARTBEAT_STALE_NS > now_ns;
}

/* How long a rehearsal lasts that nobody renews. */
#define RG_REHEARSAL_NS (10 * RG_NS_PER_SEC)

/* Is a rehearsal under way? Its end is never further away than RG_REHEARSAL_NS, and a time that is
 * makes no sense: then there is none. Pure. */
static inline __attribute__((always_inline)) int rg_is_rehearsed(const struct rg_gate *g,
								 __u64 now_ns)
{
	__u64 until_ns = *(const volatile __u64 *)&g->rehearsed_until_ns;

	return until_ns > now_ns && until_ns - now_ns <= RG_REHEARSAL_NS;
}

/* What happens to a local application at this gate, if it blocks: an enum rg_action. Pure. */
static inline __attribute__((always_inline)) __u32 rg_action_at(const struct rg_gate *g,
								__u64 now_ns)
{
	struct rg_gate_word at = {.word = *(const volatile __u64 *)&g->policy_word};

	return rg_is_rehearsed(g, now_ns) ? RG_ACTION_AUDIT : at.policy.action;
}

/* What to do with one lock request of a local application. */
enum rg_verdict {
	RG_VERDICT_PASS = 0,
	RG_VERDICT_HOLD,
	RG_VERDICT_DENY,	   /* the policy says so */
	RG_VERDICT_DENY_NO_DAEMON, /* no daemon is alive to continue a held process */
	RG_VERDICT_AUDIT,
};

/* Pure. daemon_alive: a daemon will continue a held process. An unknown action denies: in doubt
 * a closed gate blocks. */
static inline __attribute__((always_inline)) enum rg_verdict
rg_verdict_of(__u32 state, __u32 action, int daemon_alive)
{
	if (state == RG_STATE_OPEN)
		return RG_VERDICT_PASS;
	if (action == RG_ACTION_AUDIT)
		return RG_VERDICT_AUDIT;
	if (action == RG_ACTION_HOLD)
		return daemon_alive ? RG_VERDICT_HOLD : RG_VERDICT_DENY_NO_DAEMON;
	return RG_VERDICT_DENY;
}
