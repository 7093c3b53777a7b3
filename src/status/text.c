// SPDX-License-Identifier: GPL-2.0-only
#include "status/status.h"

#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "cli/terminal.h"
#include "load/modules.h"
#include "load/sleep.h"

static const char *text_of(json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

static __u64 number_of(json_object *o, const char *key)
{
	return json_object_get_uint64(json_object_object_get(o, key));
}

/* Prints "  awaited  10.77.2.2 Linux NFSv4.2 cli: 7 of 20 locks taken again" for each. */
static void print_clients(json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *c = json_object_array_get_idx(list, i);
		char locks[128];

		rg_status_locks_of(c, locks, sizeof(locks));
		printf("  %-8s %s %s: %s\n", text_of(c, "state"), text_of(c, "address") ?: "?",
		       text_of(c, "name"), locks);
	}
}

/* Greatest number of lost locks that are printed; the JSON has all. */
#define LOST_SHOWN 20

/* Prints "lost     10 locks of 1 end client lost", and a line for each. */
static void print_lost(json_object *o)
{
	json_object *locks = json_object_object_get(o, "locks");
	size_t n = json_object_array_length(locks);

	printf("  lost     %s\n", text_of(o, "text"));
	for (size_t i = 0; i < n && i < LOST_SHOWN; i++) {
		json_object *l = json_object_array_get_idx(locks, i),
			    *length = json_object_object_get(l, "length");

		printf("           %s %s: %s, %s from %llu", text_of(l, "address") ?: "?",
		       text_of(l, "name"), text_of(l, "file"), text_of(l, "type"),
		       (unsigned long long)number_of(l, "start"));
		if (length)
			printf(", %llu bytes", (unsigned long long)json_object_get_uint64(length));
		else
			printf(" to the end");
		printf(": %s\n", text_of(l, "reason_text"));
	}
	if (n > LOST_SHOWN)
		printf("           and %zu more: `reexport-guard status --json` names them\n",
		       n - LOST_SHOWN);
}

static void print_gates(json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *g = json_object_array_get_idx(list, i), *left;

		printf("gate of network namespace %llu\n",
		       (unsigned long long)number_of(g, "netns"));
		printf("  state    %s%s for %.0f s: %s", text_of(g, "state"),
		       strcmp(text_of(g, "why"), "timed-out") == 0 ? " (timed out)" : "",
		       json_object_get_double(json_object_object_get(g, "since_seconds")),
		       text_of(g, "why_text"));
		left = json_object_object_get(g, "changes_in_seconds");
		if (left)
			printf("; changes in %.0f s at the latest", json_object_get_double(left));
		printf("\n  policy   %s local %s, release %s", text_of(g, "action"),
		       text_of(g, "scope"), text_of(g, "release"));
		if (strcmp(text_of(g, "release"), "settled") == 0)
			printf(" (settle-timeout %llu s, settle-quiet %llu s)",
			       (unsigned long long)number_of(g, "settle_timeout_seconds"),
			       (unsigned long long)number_of(g, "settle_quiet_seconds"));
		printf(", max-hold %llu s, mounts %s, forward %s%s\n",
		       (unsigned long long)number_of(g, "max_hold_seconds"), text_of(g, "which"),
		       text_of(g, "forward"),
		       json_object_get_boolean(json_object_object_get(g, "only_client"))
			       ? ", only-client"
		       : json_object_get_boolean(json_object_object_get(g, "original_keeps"))
			       ? ", original-keeps"
			       : "");
		printf("  knfsd    %s, start %llu seen; lockd %s\n",
		       text_of(json_object_object_get(g, "knfsd"), "state"),
		       (unsigned long long)number_of(json_object_object_get(g, "knfsd"),
						     "generation"),
		       text_of(g, "lockd"));
		printf("  clients  %llu refused a reclaim, %llu awaited\n",
		       (unsigned long long)number_of(g, "refused"),
		       (unsigned long long)number_of(g, "awaited"));
		print_clients(json_object_object_get(g, "clients"));
		if (json_object_object_get(g, "lost"))
			print_lost(json_object_object_get(g, "lost"));
	}
}

/* not_looked_for: how many of them may have a file name that was not searched. */
static void print_held(json_object *list, unsigned long long not_looked_for)
{
	size_t n = json_object_array_length(list);

	if (n)
		printf("held\n  %8s %8s %-15s %-6s %-8s %7s  %s\n", "PID", "TGID", "COMM", "WHAT",
		       "STATE", "SECONDS", "FILE");
	for (size_t i = 0; i < n; i++) {
		json_object *h = json_object_array_get_idx(list, i);

		printf("  %8llu %8llu %-15s %-6s %-8s %7.0f  %s\n",
		       (unsigned long long)number_of(h, "pid"),
		       (unsigned long long)number_of(h, "tgid"), text_of(h, "comm"),
		       text_of(h, "what"), text_of(h, "state"),
		       json_object_get_double(json_object_object_get(h, "since_seconds")),
		       text_of(h, "file"));
	}
	if (not_looked_for)
		printf("  %llu with more open files than are looked at: by inode\n",
		       not_looked_for);
}

/* Prints "stopped  sudo (812): runs process 815, which is held". */
static void print_wrappers(json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *w = json_object_array_get_idx(list, i);

		printf("stopped  %s (%llu): runs process %llu, which is held; continued with it\n",
		       text_of(w, "comm"), (unsigned long long)number_of(w, "pid"),
		       (unsigned long long)number_of(w, "held_pid"));
	}
}

/* Prints "protect: on, only /usr/sbin/reexport-guard; refused 3 (unpin 2, write 1)", or why not. */
static void print_protect(json_object *o)
{
	json_object *refused = json_object_object_get(o, "refused");
	const char *separator = " (";

	if (text_of(o, "why")) {
		printf("protect: not possible: %s\n", text_of(o, "why"));
		return;
	}
	printf("protect: %s", text_of(o, "state"));
	if (text_of(o, "executable"))
		printf(", only %s may change what is pinned; refused %llu",
		       text_of(o, "executable"), (unsigned long long)number_of(refused, "total"));
	json_object_object_foreach(refused, what, n)
	{
		if (!json_object_get_uint64(n) || strcmp(what, "total") == 0)
			continue;
		printf("%s%s %llu", separator, what, (unsigned long long)json_object_get_uint64(n));
		separator = ", ";
	}
	printf("%s\n", separator[0] == ',' ? ")" : "");
}

/* Prints "denied 3 (no_daemon 2, policy 1)", without zeros. */
static void print_sum(json_object *counters, const char *key)
{
	json_object *o = json_object_object_get(counters, key);
	const char *between = " (";

	printf("  %-16s %llu", key, (unsigned long long)number_of(o, "total"));
	json_object_object_foreach(o, name, value)
	{
		if (strcmp(name, "total") == 0 || !json_object_get_uint64(value))
			continue;
		printf("%s%s %llu", between, name,
		       (unsigned long long)json_object_get_uint64(value));
		between = ", ";
	}
	printf("%s\n", between[0] == ',' ? ")" : "");
}

static void print_tracing(json_object *o)
{
	json_object *missing = json_object_object_get(o, "missing"),
		    *by_kprobe = json_object_object_get(o, "by_kprobe");
	size_t n = json_object_array_length(missing), kprobes = json_object_array_length(by_kprobe);

	printf("tracing  %llu programs, %llu tracers", (unsigned long long)number_of(o, "attached"),
	       (unsigned long long)number_of(o, "tracers"));
	if (number_of(o, "records_lost"))
		printf(", %llu records lost", (unsigned long long)number_of(o, "records_lost"));
	if (number_of(o, "failures"))
		printf(", %llu failures", (unsigned long long)number_of(o, "failures"));
	if (kprobes)
		printf(", %zu by kprobe", kprobes);
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? ", " : "; not attached: ",
		       json_object_get_string(json_object_array_get_idx(missing, i)));
	putchar('\n');
	json_object_object_foreach(json_object_object_get(o, "downgrades"), reason, count)
	{
		if (json_object_get_uint64(count))
			printf("downgrade  %s: %llu\n", reason,
			       (unsigned long long)json_object_get_uint64(count));
	}
}

/* Nothing where no NFSv3 end client lost its locks by a restart of knfsd. */
static void print_notices(json_object *o)
{
	unsigned long long waiting = number_of(o, "waiting"), told = number_of(o, "told"),
			   untold = 0;

	for (__u32 i = RG_NOTICE_TOLD + 1; i < RG_NR_NOTICES; i++)
		untold += number_of(o, rg_notice_name(i));
	if (!waiting && !told && !untold)
		return;
	printf("nfsv3    end clients whose locks lockd dropped: %llu told, %llu wait to be told, "
	       "%llu not told",
	       told, waiting, untold);
	for (__u32 i = RG_NOTICE_TOLD + 1; i < RG_NR_NOTICES; i++)
		if (number_of(o, rg_notice_name(i)))
			printf(", %s %llu", rg_notice_name(i),
			       (unsigned long long)number_of(o, rg_notice_name(i)));
	putchar('\n');
}

static void print_regime(json_object *o)
{
	json_object *changed = json_object_object_get(o, "changed");

	printf("locks    of end clients: NFSv4 %s, NLM %s\n", text_of(o, "nfs4_locks"),
	       text_of(o, "nlm_locks"));
	for (size_t i = 0; i < json_object_array_length(changed); i++)
		printf("changed  %s\n", text_of(json_object_array_get_idx(changed, i), "text"));
}

/* Prints "module   loaded, and the guard answers it: 5 reclaims granted (unproven 5)...". */
static void print_module(json_object *o, json_object *counters)
{
	json_object *reclaims = json_object_object_get(counters, "reclaims"),
		    *granted = json_object_object_get(reclaims, "granted"),
		    *refused = json_object_object_get(reclaims, "refused");

	if (strcmp(text_of(o, "state"), "off") == 0 || strcmp(text_of(o, "state"), "absent") == 0)
		return;
	printf("module   %s\n", text_of(o, "text"));
	printf("reclaims passed on: %llu granted proven, %llu granted unproven, %llu not granted; "
	       "left to the kernel, which refuses them: %llu",
	       (unsigned long long)number_of(granted, "proven"),
	       (unsigned long long)number_of(granted, "unproven"),
	       (unsigned long long)number_of(reclaims, "not_granted"),
	       (unsigned long long)number_of(refused, "total"));
	json_object_object_foreach(refused, cause, count)
	{
		if (strcmp(cause, "total") != 0 && json_object_get_uint64(count))
			printf(", %s %llu", cause,
			       (unsigned long long)json_object_get_uint64(count));
	}
	if (number_of(o, "unanswered"))
		printf("; %llu without an answer", (unsigned long long)number_of(o, "unanswered"));
	putchar('\n');
}

static void print_left_out(json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *one = json_object_array_get_idx(list, i);

		printf("without  %s: %s\n", text_of(one, "program"), text_of(one, "without"));
	}
}

void rg_status_print_other(json_object *o)
{
	json_object *daemon = json_object_object_get(o, "daemon"),
		    *list = json_object_object_get(o, "gates");

	printf("● another version of reexport-guard is in force: %s, pins version %llu; `release`, "
	       "`close` and `disable` work on it; to replace it run `reexport-guard disable`, then "
	       "`enable`\n",
	       text_of(o, "armed_by_version"),
	       (unsigned long long)number_of(o, "other_pins_version"));
	if (json_object_get_boolean(json_object_object_get(daemon, "alive")))
		printf("daemon   pid %llu\n", (unsigned long long)number_of(daemon, "pid"));
	else
		printf("daemon   none\n");
	/* Leaves out what only the version that made the set can read. */
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *g = json_object_array_get_idx(list, i);

		printf("gate of network namespace %llu\n  state    %s for %.0f s: %s\n",
		       (unsigned long long)number_of(g, "netns"), text_of(g, "state"),
		       json_object_get_double(json_object_object_get(g, "since_seconds")),
		       text_of(g, "why_text"));
	}
	print_held(json_object_object_get(o, "held"),
		   (unsigned long long)number_of(o, "held_files_not_looked_for"));
	print_wrappers(json_object_object_get(o, "wrappers"));
}

void rg_status_print_all(json_object *o)
{
	json_object *counters = json_object_object_get(o, "counters"),
		    *mounts = json_object_object_get(o, "mounts"),
		    *daemon = json_object_object_get(o, "daemon"),
		    *rungs = json_object_object_get(o, "rungs"),
		    *reboot = json_object_object_get(o, "reboot");
	bool sleeps = strcmp(text_of(rungs, "hold"), rg_hold_name(RG_HOLD_SLEEP)) == 0;

	rg_status_print_verdict(json_object_object_get(o, "verdict"), stdout, rg_terminal_width(),
				rg_terminal_has_colours());
	printf("reexport-guard %s, hooks", text_of(o, "version"));
	json_object_object_foreach(rungs, hook, rung)
	{
		if (rung && strcmp(hook, "follow") != 0 && strcmp(hook, "continue") != 0 &&
		    strcmp(hook, "hold") != 0)
			printf(" %s", hook);
	}
	printf(" by %s; knfsd hooks: %s; held by: %s; held processes resumed by: %s\n",
	       text_of(rungs, "file_lock"), text_of(rungs, "follow"), text_of(rungs, "hold"),
	       sleeps ? RG_MODULE : text_of(rungs, "continue"));
	print_left_out(json_object_object_get(o, "left_out"));
	if (json_object_array_length(json_object_object_get(o, "let_go")))
		printf("let go   " RG_NFSD
		       ": its programs are attached again when it is loaded, by "
		       "`reexport-guard modules follow`\n");
	if (json_object_get_boolean(json_object_object_get(daemon, "alive")))
		printf("daemon   pid %llu\n", (unsigned long long)number_of(daemon, "pid"));
	else if (sleeps)
		printf("daemon   none: the kernel wakes held threads; new mounts are guarded "
		       "unclassified until `reexport-guard run` is running\n");
	else
		printf("daemon   none: a gate with action hold denies until `reexport-guard run` "
		       "is "
		       "running\n");
	if (number_of(o, "pins_put_back") > 0)
		printf("pins     %llu were removed or replaced by somebody, and pinned again by "
		       "the "
		       "daemon\n",
		       (unsigned long long)number_of(o, "pins_put_back"));
	print_protect(json_object_object_get(o, "protect"));
	if (number_of(o, "writes_failed") > 0)
		printf("disk     %llu times a file of the daemon's could not be written: what is "
		       "kept "
		       "for the time after a reboot, or metrics, may be out of date; see its log\n",
		       (unsigned long long)number_of(o, "writes_failed"));
	if (number_of(o, "disk_waits_seconds") > 0)
		printf("disk     a write of the daemon's has been waiting for %llu s; the gates go "
		       "on\n",
		       (unsigned long long)number_of(o, "disk_waits_seconds"));
	print_tracing(json_object_object_get(o, "tracing"));
	printf("recorder %s, %llu records had no room\n",
	       text_of(json_object_object_get(o, "recorder"), "state"),
	       (unsigned long long)number_of(json_object_object_get(o, "recorder"), "unrecorded"));
	print_notices(json_object_object_get(o, "nfsv3_notices"));
	print_regime(json_object_object_get(o, "regime"));
	print_module(json_object_object_get(o, "module"), counters);
	print_gates(json_object_object_get(o, "gates"));
	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		json_object *m = json_object_array_get_idx(mounts, i);

		printf("guarded  %s  %s  %s\n", text_of(m, "path"), text_of(m, "device"),
		       text_of(m, "source"));
	}
	for (size_t i = 0; i < json_object_array_length(reboot); i++)
		printf("reboot   %s\n", text_of(json_object_array_get_idx(reboot, i), "text"));
	print_held(json_object_object_get(o, "held"),
		   (unsigned long long)number_of(o, "held_files_not_looked_for"));
	print_wrappers(json_object_object_get(o, "wrappers"));
	printf("counters\n  %-16s %llu\n  %-16s %llu\n", "held",
	       (unsigned long long)number_of(counters, "held"), "audited",
	       (unsigned long long)number_of(counters, "audited"));
	printf("  %-16s %llu\n  %-16s %llu\n", "untold",
	       (unsigned long long)number_of(counters, "untold"), "fanotify",
	       (unsigned long long)number_of(counters, "fanotify"));
	printf("  %-16s %llu\n  %-16s %llu\n", "untold clients",
	       (unsigned long long)number_of(counters, "untold_clients"), "evicted",
	       (unsigned long long)number_of(counters, "evicted"));
	print_sum(counters, "denied");
	print_sum(counters, "released");
	print_sum(counters, "helper_failures");
	print_sum(counters, "skipped");
}
