// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/metrics.h"

#include <string.h>

#include "metrics/exposition.h"
#include "metrics/metrics_parts.h"

#define GAUGE RG_METRIC_GAUGE, NULL
#define SECONDS RG_METRIC_GAUGE, "seconds"
#define COUNTER RG_METRIC_COUNTER, NULL
#define INFO RG_METRIC_INFO, NULL

/* The first families exist whether the guard is enabled or not. */
#define ALWAYS 8

const struct rg_metric rg_metrics[] = {
	{"build", INFO, "version, pins_version", "Version of the program that wrote this",
	 rg_write_build},
	{"enabled", GAUGE, "",
	 "1: the guard's programs are pinned; 0: none is, and what there is of gates is missing",
	 rg_write_enabled},
	{"original_enabled", GAUGE, "",
	 "1: locks are kept for clients that reboot (role original); missing: not known",
	 rg_write_original},
	{"original_mode", INFO, "mode", "What waits while something is kept",
	 rg_write_original_mode},
	{"original_keep_for_seconds", SECONDS, "", "keep-for of the role original",
	 rg_write_original_keep_for},
	{"original_clients", GAUGE, "", "Clients that rebooted, and of which something is kept",
	 rg_write_original_clients},
	{"original_ranges", GAUGE, "", "Ranges that are kept of them", rg_write_original_ranges},
	{"original_events", COUNTER, "event",
	 "What became of clients that rebooted and of requests for their locks, by the counters "
	 "of "
	 "`status --role original`",
	 rg_write_original_events},
	{"boot_timestamp_seconds", SECONDS, "",
	 "When this host was started, by the wall clock; no counter is older", rg_write_boot},
	{"daemon_up", GAUGE, "", "1: the daemon is alive and continues the held",
	 rg_write_daemon_up},
	{"daemon_heartbeat_timestamp_seconds", SECONDS, "",
	 "When the daemon last renewed its heartbeat, by the wall clock; 0: it ended or never was",
	 rg_write_daemon_heartbeat},
	{"pins_put_back", COUNTER, "",
	 "Pins that somebody removed or replaced, and the daemon pinned again",
	 rg_write_pins_put_back},
	{"protected", GAUGE, "",
	 "protect = yes: 1: it is in force; 0: it is not possible; missing: protect = no",
	 rg_write_protected},
	{"protect_refused", COUNTER, "what",
	 "What others than our executable tried at our pins, maps, programs and links, and were "
	 "refused",
	 rg_write_protect_refused},
	{"writes_failed", COUNTER, "", "Files that the daemon could not write",
	 rg_write_writes_failed},
	{"disk_waits_seconds", SECONDS, "",
	 "For how long the write of the daemon's that is under way has been waiting for a disk",
	 rg_write_disk_waits},
	{"hook_wanted", GAUGE, "hook", "1: some gate's scope needs this hook now",
	 rg_write_hook_wanted},
	{"hook_attached", GAUGE, "hook", "1: this hook is attached", rg_write_hook_attached},
	{"canary_duration_seconds", SECONDS, "", "How long the slowest canary took at arming",
	 rg_write_canary},

	{"gate_policy", INFO, "netns, action, scope, release, mounts", "The policy of the gate",
	 rg_write_gate_policy},
	{"gate_state", GAUGE, "netns, state",
	 "1: the gate is in this state; local applications are kept out in all but open",
	 rg_write_gate_state},
	{"gate_why", INFO, "netns, why", "Why the gate is in its state", rg_write_gate_why},
	{"gate_in_state_seconds", SECONDS, "netns", "For how long it has been in it",
	 rg_write_gate_in_state},
	{"gate_closed_seconds", SECONDS, "netns",
	 "For how long local applications have been kept out; 0: the gate is open",
	 rg_write_gate_closed},
	{"gate_deadline_seconds", SECONDS, "netns",
	 "Until time alone opens the gate; missing if it will not", rg_write_gate_deadline},
	{"gate_max_hold_seconds", SECONDS, "netns", "max-hold of the policy",
	 rg_write_gate_max_hold},
	{"gate_settle_timeout_seconds", SECONDS, "netns",
	 "settle-timeout of the policy, `lease` worked out", rg_write_gate_settle_timeout},

	{"knfsd_state", GAUGE, "netns, state", "1: knfsd is in this state", rg_write_knfsd_state},
	{"knfsd_starts", COUNTER, "netns", "Starts of knfsd seen", rg_write_knfsd_starts},
	{"knfsd_lease_seconds", SECONDS, "netns", "knfsd's lease; missing until it has started",
	 rg_write_knfsd_lease},
	{"grace_active", GAUGE, "netns, manager", "1: this lock manager is in its grace period",
	 rg_write_grace_active},
	{"grace_length_seconds", SECONDS, "netns",
	 "knfsd's grace period as it was told; it takes up to twice as long while end clients "
	 "reclaim. Missing if it is not known",
	 rg_write_grace_length},
	{"grace_elapsed_seconds", SECONDS, "netns",
	 "Since knfsd's grace period started; 0: it is in none", rg_write_grace_elapsed},
	{"grace_remaining_seconds", SECONDS, "netns",
	 "What is left of grace_length_seconds; 0: over, or not known", rg_write_grace_remaining},
	{"clients_expected", GAUGE, "netns",
	 "End clients that could reclaim as knfsd's last grace period started",
	 rg_write_clients_expected},
	{"clients_reclaimed", GAUGE, "netns", "Of these, those that were done with reclaiming",
	 rg_write_clients_reclaimed},
	{"clients_refused", GAUGE, "netns",
	 "End clients that were refused a reclaim since knfsd started", rg_write_clients_refused},
	{"clients_awaited", GAUGE, "netns", "Of these, those that are not done",
	 rg_write_clients_awaited},
	{"ledger_clients", GAUGE, "netns, state",
	 "End clients by NFSv4 in the ledger; absent: not seen since knfsd started",
	 rg_write_ledger_clients},
	{"ledger_locks", GAUGE, "netns", "Locks that the end clients in the ledger hold",
	 rg_write_ledger_locks},
	{"awaited_locks", GAUGE, "netns",
	 "Locks that awaited end clients have again, of awaited_locks_expected",
	 rg_write_awaited_locks},
	{"awaited_locks_expected", GAUGE, "netns",
	 "Locks that awaited end clients had, as far as it is known",
	 rg_write_awaited_locks_expected},
	{"lost_locks", GAUGE, "netns, reason",
	 "Locks by NFSv4 that were held before knfsd last started and are not held any more; "
	 "missing: no recovery was followed",
	 rg_write_lost_locks},
	{"lost_locks_unnamed", GAUGE, "netns", "Of these, those of which the ledger had no range",
	 rg_write_lost_unnamed},
	{"lost_locks_lower_bound", GAUGE, "netns",
	 "1: more may be lost than lost_locks says, as the ledger was not up to date",
	 rg_write_lost_lower_bound},
	{"origin_no_grace_timestamp_seconds", SECONDS, "netns",
	 "When an original server last answered this host's own reclaim with NO_GRACE; missing: "
	 "never",
	 rg_write_origin_no_grace},

	{"lock_regime", GAUGE, "protocol, regime",
	 "1: this is what the kernel does with end clients' locks through a re-export",
	 rg_write_lock_regime},

	{"reclaims", COUNTER, "side, op, result",
	 "Reclaims; side server: of end clients, client: of this host at original servers",
	 rg_write_reclaims},
	{"downgrades", COUNTER, "reason", "Reclaims that ended as something weaker",
	 rg_write_downgrades},
	{"nograce_downgrades", COUNTER, "side", "Those of them answered with NFS4ERR_NO_GRACE",
	 rg_write_nograce},
	{"unproven_reclaims", COUNTER, "",
	 "Reclaims granted as new locks, by NLM or with the kernel module: nothing proves that "
	 "nobody held them meanwhile",
	 rg_write_unproven},
	{"module_reclaims", COUNTER, "verdict",
	 "Lock reclaims that the kernel module asked about: how those were answered that were "
	 "passed on, and why the others were not",
	 rg_write_module_reclaims},
	{"answers", COUNTER, "answer", "Operations of end clients by how they were answered",
	 rg_write_answers},
	{"events", COUNTER, "event", "Events seen by the tracing programs, both sides",
	 rg_write_events},
	{"operation_duration_seconds", RG_METRIC_HISTOGRAM, "seconds", "op",
	 "How long OPEN and LOCK of end clients took", rg_write_durations},

	{"holds", COUNTER, "", "Calls of local applications that were held", rg_write_holds},
	{"holds_again", COUNTER, "", "Held threads that came by while the gate was still closed",
	 rg_write_holds_again},
	{"held_threads", GAUGE, "netns, what", "Threads that are held now", rg_write_held},
	{"held_oldest_seconds", SECONDS, "netns",
	 "For how long the first of them has been held; 0: none is", rg_write_held_oldest},
	{"denied", COUNTER, "reason", "Calls of local applications that were denied",
	 rg_write_denied},
	{"audited", COUNTER, "", "Calls that passed a closed gate under audit", rg_write_audited},
	{"exempted", COUNTER, "", "Calls that passed a closed gate, by exempt executables",
	 rg_write_exempted},
	{"released", COUNTER, "why", "Held threads that passed, by why the gate was open",
	 rg_write_released},
	{"held_exited", COUNTER, "", "Threads that ended while held, or before they asked again",
	 rg_write_exited},
	{"fanotify_opens", COUNTER, "",
	 "Opens at a closed gate by which a fanotify listener was handed a file: they passed",
	 rg_write_fanotify},
	{"untold", COUNTER, "",
	 "Calls that were denied or audited and not told to tracers, as their process had too many",
	 rg_write_untold},
	{"untold_clients", COUNTER, "",
	 "EXCHANGE_IDs, CREATE_SESSIONs and the like that are in no recording, as their address "
	 "sent "
	 "too many",
	 rg_write_untold_clients},
	{"ledger_evicted", COUNTER, "",
	 "End clients without locks that made room in the ledger for others", rg_write_evicted},
	{"wrappers_stopped", COUNTER, "",
	 "Processes that stopped because the program that they run was held, such as sudo and su",
	 rg_write_wrappers_stopped},
	{"wrappers_continued", COUNTER, "",
	 "Processes that had stopped because of a hold and were continued, by whomever",
	 rg_write_wrappers_continued},
	{"continued_by_kernel", COUNTER, "",
	 "Held threads that the kernel itself continued as knfsd opened their gate",
	 rg_write_continued},

	{"origin_lease_seconds", SECONDS, "netns, origin, address, minorversion",
	 "Lease of an original server", rg_write_origin_lease},
	{"origin_away_seconds", SECONDS, "netns, origin, address, minorversion",
	 "How long this host renewed no lease there over its last reboot; missing if not known",
	 rg_write_origin_away},
	{"origin_in_time", GAUGE, "netns, origin, address, minorversion",
	 "1: that was within the lease; 0: it was not; missing if not known",
	 rg_write_origin_in_time},

	{"tracers", GAUGE, "", "Tracers that have a ring of records", rg_write_tracers},
	{"events_lost", COUNTER, "reader",
	 "Events and records that did not fit into a ring, or were not seen whole", rg_write_lost},
	{"failures", COUNTER, "what", "What the kernel programs could not do", rg_write_failures},
	{"prog_skipped", COUNTER, "prog",
	 "Calls that a program was not run for, as another thread was preempted within it; from "
	 "the daemon, of the hooks alone",
	 rg_write_prog_skipped},
	{"prog_run_seconds", RG_METRIC_COUNTER, "seconds", "prog",
	 "Time spent in a program; only with kernel.bpf_stats_enabled=1; from the daemon, of the "
	 "hooks alone",
	 rg_write_prog_seconds},
	{"prog_runs", COUNTER, "prog", "Runs of a program that were timed", rg_write_prog_runs},
};
const size_t rg_n_metrics = sizeof(rg_metrics) / sizeof(rg_metrics[0]);

int rg_metrics_format_of(const char *name)
{
	static const char *const names[RG_NR_METRICS_FORMATS] = {
		[RG_METRICS_OPENMETRICS] = "openmetrics",
		[RG_METRICS_PROMETHEUS] = "prometheus",
	};

	for (int i = 0; i < RG_NR_METRICS_FORMATS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

void rg_metrics_write(FILE *out, const struct rg_snapshot *s, enum rg_metrics_format format)
{
	struct rg_exposition e = {.out = out, .format = format};

	for (size_t i = 0; i < (s->enabled ? rg_n_metrics : ALWAYS); i++) {
		rg_exposition_begin(&e, &rg_metrics[i]);
		rg_metrics[i].write(&e, s);
	}
	rg_exposition_end(&e);
}
