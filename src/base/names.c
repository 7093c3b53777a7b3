// SPDX-License-Identifier: GPL-2.0-only
#include "base/names.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const actions[] = {
	[RG_ACTION_HOLD] = "hold",
	[RG_ACTION_DENY] = "deny",
	[RG_ACTION_AUDIT] = "audit",
};
static const char *const releases[] = {
	[RG_RELEASE_GRACE_START] = "grace-start",
	[RG_RELEASE_GRACE_END] = "grace-end",
	[RG_RELEASE_SETTLED] = "settled",
};
static const char *const scopes[] = {
	[RG_SCOPE_LOCKS] = "locks",
	[RG_SCOPE_OPENS] = "opens",
	[RG_SCOPE_ACCESS] = "access",
};
static const char *const org_modes[] = {
	[RG_ORG_OBSERVE] = "observe",
	[RG_ORG_KEEP] = "keep",
	[RG_ORG_QUIET] = "quiet",
	[RG_ORG_OFF] = "off",
};
_Static_assert(COUNT(org_modes) == RG_NR_ORG_MODES, "a name for each");
static const char *const mount_modes[] = {
	[RG_MOUNT_MODE_LISTED] = "listed",
	[RG_MOUNT_MODE_EXPORTS] = "exports",
	[RG_MOUNT_MODE_ALL] = "all",
};
static const char *const client_states[] = {
	[RG_CLIENT_KNOWN] = "known",	 [RG_CLIENT_AWAITED] = "awaited",
	[RG_CLIENT_SETTLED] = "settled", [RG_CLIENT_QUIET] = "quiet",
	[RG_CLIENT_GONE] = "gone",
};
static const char *const states[] = {
	[RG_STATE_CLOSED] = "closed",
	[RG_STATE_GRACE] = "grace",
	[RG_STATE_SETTLING] = "settling",
	[RG_STATE_OPEN] = "open",
};
static const char *const knfsds[] = {
	[RG_KNFSD_DOWN] = "down",	[RG_KNFSD_STARTING] = "starting",
	[RG_KNFSD_GRACE] = "grace",	[RG_KNFSD_SKIPPED] = "grace-skipped",
	[RG_KNFSD_OVER] = "grace-over", [RG_KNFSD_WAS_RUNNING] = "was-running",
};
static const char *const lockds[] = {
	[RG_LOCKD_NONE] = "none",
	[RG_LOCKD_GRACE] = "grace",
	[RG_LOCKD_OVER] = "grace-over",
	[RG_LOCKD_UNNEEDED] = "grace-unneeded",
};
static const char *const doors[] = {
#define RG_DOOR(number, name, hook, scope, when) [RG_DOOR_##number] = #name,
	RG_DOORS(RG_DOOR)
#undef RG_DOOR
};
static const char *const continues[] = {
	[RG_CONTINUE_USER] = "user_space",
	[RG_CONTINUE_KERNEL] = "send_signal_task",
};
static const char *const follows[] = {
	[RG_FOLLOW_FENTRY] = "fentry",
	[RG_FOLLOW_KPROBE] = "kprobe",
};
static const char *const recorders[] = {
	[RG_RECORDER_OFF] = "off",
	[RG_RECORDER_ON] = "on",
	[RG_RECORDER_FAILED] = "failed",
};
static const char *const holds[] = {
	[RG_HOLD_STOP] = "stop",
	[RG_HOLD_SLEEP] = "sleep",
};
static const char *const held_phases[] = {
	[RG_HELD_RECORDED] = "recorded", [RG_HELD_STOPPED] = "stopped", [RG_HELD_QUEUED] = "queued",
	[RG_HELD_ASLEEP] = "asleep",	 [RG_HELD_WOKEN] = "woken",
};
static const char *const rungs[] = {
	[RG_RUNG_LSM] = "lsm",
	[RG_RUNG_FMOD_RET] = "fmod_ret",
};
static const char *const regimes[] = {
	[RG_REGIME_UNKNOWN] = "unknown",
	[RG_REGIME_FORWARDED] = "forwarded",
	[RG_REGIME_REFUSED] = "refused",
};
static const char *const protocols[] = {
	[RG_LOCKS_NFS4] = "NFSv4",
	[RG_LOCKS_NLM] = "NLM",
};
static const char *const forwards[] = {
	[RG_FORWARD_GUARDED] = "guarded",
	[RG_FORWARD_PROVEN] = "proven",
	[RG_FORWARD_ALWAYS] = "always",
	[RG_FORWARD_NEVER] = "never",
};
_Static_assert(COUNT(forwards) == RG_NR_FORWARDS, "a name for each");
static const char *const module_policies[] = {
	[RG_MODULE_POLICY_AUTO] = "auto",
	[RG_MODULE_POLICY_REQUIRE] = "require",
	[RG_MODULE_POLICY_OFF] = "off",
};
static const struct {
	const char *key, *text;
} module_states[] = {
	[RG_MODULE_OFF] = {"off", "not used, as the configuration says: module = off"},
	[RG_MODULE_ABSENT] = {"absent", "not installed for this kernel"},
	[RG_MODULE_REFUSED] = {"refused", "the kernel does not load it"},
	[RG_MODULE_NO_TYPES] = {"no-types", "it has no BTF, so no program can answer it"},
	[RG_MODULE_UNUSABLE] = {"unusable", "the kernel refuses the programs that answer it"},
	[RG_MODULE_ANSWERED] = {"answered", "loaded, and the guard answers it"},
};
_Static_assert(COUNT(module_states) == RG_NR_MODULES, "a text for each");
static const struct {
	const char *key, *text;
} reclaims[] = {
	[RG_RECLAIM_UNASKED] = {"unasked", "the module did not ask"},
	[RG_RECLAIM_UNPROVEN] = {"unproven", "passed on; another client of the original server may "
					     "have had the lock in between"},
	[RG_RECLAIM_PROVEN] = {"proven", "passed on; nobody can have had the lock in between"},
	[RG_RECLAIM_NEVER] = {"never", "the policy says forward = never"},
	[RG_RECLAIM_NOT_PROVEN] = {"not-proven", "the policy says forward = proven, and another "
						 "client of the original server may have had it"},
	[RG_RECLAIM_NO_GATE] = {"no-gate", "no gate guards the mount"},
	[RG_RECLAIM_MOUNTED_BEFORE] = {"mounted-before", "NFS was in use on this host before the "
							 "gate was there"},
	[RG_RECLAIM_AUDITED] = {"audited", "action audit keeps no local application out"},
	[RG_RECLAIM_RELEASED] = {"released", "the gate was opened by hand"},
	[RG_RECLAIM_TIMED_OUT] = {"timed-out", "max-hold opened the gate"},
	[RG_RECLAIM_OPENED] = {"opened", "the gate had opened already; release = settled keeps it "
					 "closed until end clients are done"},
	[RG_RECLAIM_EXCEPTED] = {"excepted", "the mount was not guarded for a while"},
	[RG_RECLAIM_UNSEEN] = {"unseen", "knfsd stopped while nothing followed it"},
	[RG_RECLAIM_LEAKS] = {"leaks", "the rung lets calls in unasked on this kernel"},
};
_Static_assert(COUNT(reclaims) == RG_NR_RECLAIMS, "a text for each");
#define RECLAIM(verdict, name) [RG_COUNT_RECLAIM + RG_RECLAIM_##verdict - 1] = (name)
static const char *const counters[] = {
	[RG_COUNT_HELD] = "held",
	[RG_COUNT_HELD_AGAIN] = "held_again",
	[RG_COUNT_DENIED_POLICY] = "policy",
	[RG_COUNT_DENIED_NO_DAEMON] = "no_daemon",
	[RG_COUNT_DENIED_TABLE_FULL] = "table_full",
	[RG_COUNT_DENIED_CANNOT_STOP] = "cannot_stop",
	[RG_COUNT_DENIED_IO_URING] = "io_uring",
	[RG_COUNT_DENIED_CONTINUED] = "continued_by_others",
	[RG_COUNT_AUDITED] = "audited",
	[RG_COUNT_EXEMPTED] = "exempted",
	[RG_COUNT_HELD_EXITED] = "exited",
	[RG_COUNT_INTERRUPTED] = "interrupted",
	RECLAIM(UNPROVEN, "reclaim_unproven"),
	RECLAIM(PROVEN, "reclaim_proven"),
	RECLAIM(NEVER, "reclaim_never"),
	RECLAIM(NOT_PROVEN, "reclaim_not_proven"),
	RECLAIM(NO_GATE, "reclaim_no_gate"),
	RECLAIM(MOUNTED_BEFORE, "reclaim_mounted_before"),
	RECLAIM(AUDITED, "reclaim_audited"),
	RECLAIM(RELEASED, "reclaim_released"),
	RECLAIM(TIMED_OUT, "reclaim_timed_out"),
	RECLAIM(OPENED, "reclaim_opened"),
	RECLAIM(EXCEPTED, "reclaim_excepted"),
	RECLAIM(UNSEEN, "reclaim_unseen"),
	RECLAIM(LEAKS, "reclaim_leaks"),
	[RG_COUNT_GRANTED_UNPROVEN] = "granted_unproven",
	[RG_COUNT_GRANTED_PROVEN] = "granted_proven",
	[RG_COUNT_NOT_GRANTED] = "not_granted",
	[RG_COUNT_CONTINUED] = "continued_by_kernel",
	[RG_COUNT_WRAPPER_STOPPED] = "wrappers_stopped",
	[RG_COUNT_WRAPPER_CONTINUED] = "wrappers_continued",
	[RG_COUNT_UNTOLD] = "untold",
	[RG_COUNT_UNTOLD_CLIENTS] = "untold_clients",
	[RG_COUNT_EVICTED] = "evicted",
	[RG_COUNT_FANOTIFY] = "fanotify",
	[RG_COUNT_CANARY] = "canary",
	[RG_COUNT_FAIL_HELD_UPDATE] = "held_update",
	[RG_COUNT_FAIL_SIGNAL] = "send_signal",
	[RG_COUNT_FAIL_SLEEP] = "sleep",
	[RG_COUNT_FAIL_REGS] = "task_pt_regs",
	[RG_COUNT_FAIL_READ] = "probe_read",
	[RG_COUNT_FAIL_RING] = "ring_reserve",
	[RG_COUNT_FAIL_MANAGERS] = "managers_update",
	[RG_COUNT_FAIL_CLIENTS] = "clients_update",
	[RG_COUNT_FAIL_LEDGER] = "ledger_count",
	[RG_COUNT_FAIL_CONTINUE] = "send_signal_task",
	[RG_COUNT_FAIL_KPROBE] = "kprobe",
	[RG_COUNT_FAIL_RECLAIMING] = "reclaiming_update",
	[RG_COUNT_FAIL_SERVERS] = "servers_update",
	[RG_COUNT_FAIL_WRAPPERS] = "wrappers_update",
	[RG_COUNT_FAIL_TOLD] = "told_update",
	[RG_COUNT_FAIL_CROWDED] = "crowded",
	[RG_COUNT_FAIL_SAME_HASH] = "same_hash",
	[RG_COUNT_FAIL_DROPPED] = "dropped_update",
};
_Static_assert(COUNT(counters) == RG_COUNT_RELEASED, "a name for every counter");

static const char *const notices[] = {
	[RG_NOTICE_TOLD] = "told", [RG_NOTICE_UNANSWERED] = "unanswered",
	[RG_NOTICE_LATE] = "late", [RG_NOTICE_OWN_SERVER] = "own_server",
	[RG_NOTICE_OFF] = "off",   [RG_NOTICE_FAILED] = "failed",
};
_Static_assert(COUNT(notices) == RG_NR_NOTICES, "a name for each");

static const struct {
	const char *key, *text;
} whys[] = {
	[RG_WHY_KNFSD_DOWN] = {"knfsd-down", "knfsd is not running"},
	[RG_WHY_KNFSD_STARTING] = {"knfsd-starting", "knfsd is starting"},
	[RG_WHY_CLOSED_BY_HAND] = {"closed-by-hand", "closed by hand"},
	[RG_WHY_KNFSD_GRACE] = {"knfsd-grace", "knfsd is in its grace period"},
	[RG_WHY_LOCKD_GRACE] = {"lockd-grace", "lockd is in its grace period"},
	[RG_WHY_AWAITED] = {"awaited", "end clients that were refused a reclaim are taking their "
				       "locks again"},
	[RG_WHY_BLIND] = {"blind", "end clients are given settle-timeout: who was refused a "
				   "reclaim is not seen on this kernel"},
	[RG_WHY_GRACE_STARTED] = {"grace-started", "knfsd's grace period started"},
	[RG_WHY_GRACE_SKIPPED] = {"grace-skipped", "knfsd skipped its grace period"},
	[RG_WHY_GRACE_ENDED] = {"grace-ended", "the last grace period ended"},
	[RG_WHY_NOBODY_REFUSED] = {"nobody-refused", "the last grace period ended, no end client "
						     "was refused a reclaim"},
	[RG_WHY_SETTLED] = {"settled", "every end client that was refused a reclaim has settled"},
	[RG_WHY_SETTLE_TIMED_OUT] = {"settle-timeout",
				     "settle-timeout is over; some end client was "
				     "still awaited, or nobody could see"},
	[RG_WHY_KNFSD_WAS_RUNNING] = {"knfsd-was-running", "knfsd was already running"},
	[RG_WHY_RELEASED_BY_HAND] = {"released-by-hand", "released by hand"},
	[RG_WHY_TIMED_OUT] = {"timed-out", "timed out: max-hold is over"},
	[RG_WHY_NOTHING] = {"nothing-to-protect",
			    "no end client can have locks here that a reboot could cost"},
};
_Static_assert(COUNT(whys) == RG_NR_WHYS, "a text for every reason");

#define NAME_OF(table, value) ((value) < COUNT(table) ? (table)[value] : "?")

// clang-format off
const char *rg_action_name(__u32 action) { return NAME_OF(actions, action); }
const char *rg_release_name(__u32 release) { return NAME_OF(releases, release); }
const char *rg_scope_name(__u32 scope) { return NAME_OF(scopes, scope); }
const char *rg_mount_mode_name(__u32 mode) { return NAME_OF(mount_modes, mode); }
const char *rg_client_state_name(__u32 state) { return NAME_OF(client_states, state); }
const char *rg_state_name(__u32 state) { return NAME_OF(states, state); }
const char *rg_knfsd_name(__u32 knfsd) { return NAME_OF(knfsds, knfsd); }
const char *rg_lockd_name(__u32 lockd) { return NAME_OF(lockds, lockd); }
const char *rg_door_name(__u32 door) { return NAME_OF(doors, door); }
const char *rg_continue_name(__u32 by) { return NAME_OF(continues, by); }
const char *rg_follow_name(__u32 by) { return NAME_OF(follows, by); }
const char *rg_recorder_name(__u32 state) { return NAME_OF(recorders, state); }
const char *rg_hold_name(__u32 hold) { return NAME_OF(holds, hold); }
const char *rg_held_phase_name(__u32 phase) { return NAME_OF(held_phases, phase); }
const char *rg_rung_name(__u32 rung) { return NAME_OF(rungs, rung); }
const char *rg_regime_name(__u32 regime) { return NAME_OF(regimes, regime); }
const char *rg_protocol_name(__u32 protocol) { return NAME_OF(protocols, protocol); }
const char *rg_org_mode_name(__u32 mode) { return NAME_OF(org_modes, mode); }
const char *rg_forward_name(__u32 forward) { return NAME_OF(forwards, forward); }
const char *rg_module_policy_name(__u32 policy) { return NAME_OF(module_policies, policy); }
const char *rg_module_key(__u32 module) { return module < COUNT(module_states) ? module_states[module].key : "?"; }
const char *rg_module_text(__u32 module) { return module < COUNT(module_states) ? module_states[module].text : "?"; }
const char *rg_reclaim_key(__u32 reclaim) { return reclaim < COUNT(reclaims) ? reclaims[reclaim].key : "?"; }
const char *rg_reclaim_text(__u32 reclaim) { return reclaim < COUNT(reclaims) ? reclaims[reclaim].text : "?"; }
const char *rg_notice_name(__u32 notice) { return NAME_OF(notices, notice); }
const char *rg_counter_name(__u32 counter) { return NAME_OF(counters, counter); }
const char *rg_why_key(__u32 why) { return why < COUNT(whys) ? whys[why].key : "?"; }
const char *rg_why_text(__u32 why) { return why < COUNT(whys) ? whys[why].text : "?"; }

// clang-format on

static int find(const char *const *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i], name) == 0)
			return (int)i;
	return -1;
}

// clang-format off
int rg_action_of(const char *name) { return find(actions, COUNT(actions), name); }
int rg_release_of(const char *name) { return find(releases, COUNT(releases), name); }
int rg_scope_of(const char *name) { return find(scopes, COUNT(scopes), name); }
int rg_continue_of(const char *name) { return find(continues, COUNT(continues), name); }
int rg_follow_of(const char *name) { return find(follows, COUNT(follows), name); }
int rg_hold_of(const char *name) { return find(holds, COUNT(holds), name); }
int rg_org_mode_of(const char *name) { return find(org_modes, COUNT(org_modes), name); }
int rg_forward_of(const char *name) { return find(forwards, COUNT(forwards), name); }
int rg_module_policy_of(const char *name) { return find(module_policies, COUNT(module_policies), name); }
int rg_rung_of(const char *name) { return find(rungs, COUNT(rungs), name); }
int rg_regime_of(const char *name) { return find(regimes, COUNT(regimes), name); }
// clang-format on
