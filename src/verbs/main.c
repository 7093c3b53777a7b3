// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/suggest.h"
#include "cli/verbs.h"
#include "load/host.h"
#include "base/log.h"

/* Marks a verb that needs no privileges. */
#define ANYBODY (1ULL << 63)

static const struct verb {
	const char *name;
	int (*run)(const struct rg_options *o);
	__u64 takes;
	const char *summary, *text, *example;
} verbs[] = {
	{"setup", rg_verb_setup,
	 RG_TAKES(RG_OPT_YES) | RG_TAKES(RG_OPT_DRY_RUN) | RG_TAKES(RG_OPT_CONFIG),
	 "the first command after installing: configure, check and enable",
	 "Asks at most four questions, writes the configuration (what was there is kept beside\n"
	 "it), prints what `check` finds and what is to be done on end clients, prints units for\n"
	 "mounts that nothing makes at boot, and enables the guard, now and at every boot. Where\n"
	 "standard input or output is no terminal it needs --yes or --dry-run. --config writes\n"
	 "and enables that file instead, until the next boot.\n"
	 "Exit status 3: this host cannot run it; nothing is enabled.",
	 "reexport-guard setup --yes"},
	{"enable", rg_verb_enable, RG_TAKES_ARM | RG_TAKES(RG_OPT_DRY_RUN) | RG_TAKES_ORIGINAL,
	 "load, pin and arm a gate; may be run again to change its policy",
	 "Keep local applications out of re-exported NFS mounts (by default from locking\n"
	 "their files) until the end clients that knfsd refused a reclaim have their locks\n"
	 "again. Options that are not given come from the configuration; where that names no\n"
	 "mounts, the exported ones are guarded. With action hold, `reexport-guard run` must\n"
	 "be running to continue the held; without it hold acts as deny.\n"
	 "With --role original this host is the original server: it keeps the locks of a client\n"
	 "that rebooted until that client took them again, or keep-for is over.",
	 "reexport-guard enable --mount /srv/reexport"},
	{"disable", rg_verb_disable, RG_TAKES(RG_OPT_ROLE), "detach, unpin, and continue the held",
	 "Open every gate, continue every held application, and take everything out of\n"
	 "the kernel.",
	 "reexport-guard disable"},
	{"status", rg_verb_status,
	 RG_TAKES(RG_OPT_JSON) | RG_TAKES(RG_OPT_VERBOSE) | RG_TAKES(RG_OPT_ROLE),
	 "are end clients' locks protected? gates, mounts, held applications",
	 "Prints in one screen whether end clients' locks are protected right now, what there is\n"
	 "to lose, and what is wrong. With -v it prints everything: hooks, tracing programs,\n"
	 "every counter. Exit status 0: enabled; 4: not enabled; 1: the pinned programs and maps\n"
	 "are not whole, or cannot be read.",
	 "reexport-guard status --json | jq '.gates[].state'"},
	{"release", rg_verb_release, RG_TAKES(RG_OPT_NETNS) | RG_TAKES(RG_OPT_REASON),
	 "open a gate by hand",
	 "Open the gate and continue what it holds. It stays open until knfsd shuts down\n"
	 "or `reexport-guard close`.",
	 "reexport-guard release --reason 'knfsd stays off today'"},
	{"close", rg_verb_close, RG_TAKES(RG_OPT_NETNS) | RG_TAKES(RG_OPT_REASON),
	 "close a gate by hand",
	 "Close the gate. It opens by `release`, at its release point after the next start\n"
	 "of knfsd, or when max-hold is over.",
	 "reexport-guard close"},
	{"wait", rg_verb_wait, RG_TAKES(RG_OPT_NETNS) | RG_TAKES(RG_OPT_TIMEOUT),
	 "wait until a gate is open",
	 "For what has to start when local applications may use the mounts. Ends at once where\n"
	 "the gate is open, and when max-hold is over at the latest. As root only: an ordinary\n"
	 "user cannot see the gate. Exit status 0: open; 4: not enabled; 5: --timeout is\n"
	 "over.",
	 "reexport-guard wait --timeout 5min && start-the-application"},
	{"run", rg_verb_run, RG_TAKES_ARM,
	 "the daemon: arms if needed, continues the held when a gate opens",
	 "Runs in the foreground (systemd: Type=notify). SIGHUP classifies all mounts\n"
	 "anew, SIGTERM ends it and leaves the gates as they are. With neither a\n"
	 "configuration nor an option of a policy it serves what is already enabled.",
	 "reexport-guard run --mount /srv/reexport"},
	{"notify", rg_verb_notify, 0, "tell NFSv3 end clients when lockd dropped their locks",
	 "Where knfsd is restarted without a reboot lockd drops the locks of NFSv3 end clients, "
	 "and\n"
	 "nobody else tells them. They are told by sm-notify (nfs-utils), so that they reclaim\n"
	 "their locks. Runs until it is ended, for the caller's network namespace. `run` does the\n"
	 "same by itself, unless it may not use the network.",
	 "reexport-guard notify"},
	{"trace", rg_verb_trace, RG_TAKES_TRACE,
	 "end clients' reclaims and this host's own, as they happen",
	 "Prints what is asked for, what this host's NFS client does about it, what comes of it,\n"
	 "and what it means if that is less; and what becomes of knfsd, of end clients, of\n"
	 "local applications that are held and of the gate. Goes on until Ctrl-C. --record\n"
	 "prints nothing unless standard output is a terminal or --json is given.",
	 "reexport-guard trace --downgrades --record recovery.ndjson"},
	{"top", rg_verb_top, RG_TAKES(RG_OPT_INTERVAL) | RG_TAKES(RG_OPT_ONCE),
	 "watch a recovery: gates, end clients, reclaims, who is held",
	 "Shows each gate with its grace period, what end clients reclaimed, were refused and\n"
	 "took again, per second and in all, who is awaited, and who is held. q or Ctrl-C\n"
	 "ends it. Where standard output is no terminal it prints plain text.",
	 "reexport-guard top --interval 2s"},
	{"metrics", rg_verb_metrics, RG_TAKES(RG_OPT_FORMAT),
	 "metrics for Prometheus, once, on standard output",
	 "Prints every metric of docs/metrics.md as OpenMetrics, or in the text format that\n"
	 "node_exporter's textfile collector reads. `run --metrics-dir` writes that file.\n"
	 "Exit status 4: not enabled, which is said in the metrics as well.",
	 "reexport-guard metrics --format prometheus"},
	{"report", rg_verb_report,
	 RG_TAKES(RG_OPT_FILES) | RG_TAKES(RG_OPT_JSON) | RG_TAKES(RG_OPT_HTML) |
		 RG_TAKES(RG_OPT_OUTPUT) | RG_TAKES(RG_OPT_EXIT_CODE) | RG_TAKES(RG_KEY_STATE_DIR),
	 "a recovery after the fact, from a recording",
	 "Without FILE, as root: the last recovery, from what the daemon has recorded.\n"
	 "Otherwise reads the files of a recording of `trace` (`-`: standard input), in whatever\n"
	 "order they are named. Says what became of the end clients' locks. With FILE it needs no\n"
	 "privileges.\n"
	 "Exit status 0: all of it was read; 1: some of it could not be. With --exit-code, where\n"
	 "all was read: 7: an end client lost a lock; 6: that is not known; 0: neither.",
	 "reexport-guard report --html --output recovery.html recovery.ndjson"},
	{"check", rg_verb_check,
	 RG_TAKES(RG_OPT_JSON) | RG_TAKES(RG_OPT_SEVERITY) | RG_TAKES(RG_OPT_QUIET) |
		 RG_TAKES(RG_OPT_CONFIG),
	 "what stands in the way on this host, and what to do about it",
	 "Says what end clients' locks get on this host, by NFSv4 and by NFSv3; then, from the\n"
	 "kernel, knfsd, exports, mounts, the order of boot and end clients, what is in order,\n"
	 "what could not be seen, what may go wrong, and last what makes locks be lost or keeps\n"
	 "the guard from working: each with what was seen and a remedy. Changes nothing. Sees\n"
	 "more as root. --config judges that file in place of what is in force. Exit status 0:\n"
	 "no problems; 1: problems; 3: it cannot run here at all.",
	 "reexport-guard check --json | jq -r '.findings[] | select(.severity == \"problem\") | "
	 ".id'"},
	{"rehearse", rg_verb_rehearse,
	 RG_TAKES(RG_OPT_YES) | RG_TAKES(RG_OPT_TIMEOUT) | RG_TAKES(RG_OPT_NETNS),
	 "who would be held, and for how long, over one restart of knfsd",
	 "Begin it, then restart knfsd. Until the gate opens again local programs are not kept\n"
	 "out but counted; then it says who would have been held and for how long, and what the\n"
	 "end clients did. An end client may lose a lock to a local program meanwhile, so it\n"
	 "needs --yes. Without --timeout it ends after 10 minutes. However it ends, the gate is\n"
	 "as before: at once, or 10 s later where it is killed.\n"
	 "Exit status 0: it was rehearsed; 5: --timeout is over.",
	 "reexport-guard rehearse --yes & systemctl restart nfs-server; wait"},
	{"demo", rg_verb_demo, RG_TAKES(RG_OPT_REPLAY) | RG_TAKES(RG_OPT_SPEED),
	 "what a recovery looks like, without a machine",
	 "Plays a recording of a power cut in the laboratory into `trace`, `top` and `report`, "
	 "one\n"
	 "after the other, with the pauses that there were. Looks at nothing of this host and\n"
	 "changes nothing. Needs no privileges.",
	 "reexport-guard demo --replay"},
	{"modules release", rg_verb_modules_release, 0,
	 "let go of nfsd, so that it can be unloaded",
	 "Detaches what follows knfsd, which keeps the kernel module nfsd in use. Refused\n"
	 "while knfsd runs. Gates stay as they are. For modprobe.d.",
	 "reexport-guard modules release && modprobe -r nfsd"},
	{"modules follow", rg_verb_modules_follow, 0,
	 "attach again what follows knfsd, once nfsd is loaded",
	 "The other way round, before knfsd starts. `enable` does so as well. For modprobe.d.",
	 "modprobe nfsd && reexport-guard modules follow"},
	{"policy check", rg_verb_policy_check, RG_TAKES(RG_OPT_FILE),
	 "name every mistake in the configuration",
	 "Reads FILE (" RG_CONFIG_FILE ") and names file, line and key of\n"
	 "every mistake, and what was expected. Needs no privileges and touches nothing.\n"
	 "Exit status 0: no mistakes; 1: mistakes.",
	 "reexport-guard policy check ./reexport-guard.conf"},
	{"policy show", rg_verb_policy_show, RG_TAKES(RG_OPT_JSON) | RG_TAKES(RG_OPT_NETNS),
	 "the policy in force, and where each value came from",
	 "Prints what the kernel has for the gate: every key of the configuration, its\n"
	 "value, and the line or the option it came from.",
	 "reexport-guard policy show"},
	{"policy reload", rg_verb_policy_reload, RG_TAKES(RG_OPT_CONFIG) | RG_TAKES(RG_OPT_NETNS),
	 "put the configuration into force, all of it or nothing",
	 "Reads and checks the whole configuration: that of --config, or the one that is\n"
	 "in force, or " RG_CONFIG_FILE ". With a mistake nothing is changed.\n"
	 "Options given to `enable` or `run` no longer hold.",
	 "reexport-guard policy reload"},
};
#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* Needs it no privileges? */
static bool is_for_anybody(const struct verb *v)
{
	return v->run == rg_verb_report || v->run == rg_verb_check || v->run == rg_verb_demo ||
	       v->run == rg_verb_policy_check;
}

static void help(FILE *out)
{
	fprintf(out,
		"usage: reexport-guard VERB [OPTION]...\n\n"
		"Keeps local applications out of re-exported NFS mounts until end clients had\n"
		"their turn, so that these keep their locks when this host reboots.\n\n");
	for (size_t i = 0; i < NR_VERBS; i++)
		fprintf(out, "  %-16s %s\n", verbs[i].name, verbs[i].summary);
	fprintf(out, "\n`reexport-guard help VERB` tells about one verb, `reexport-guard "
		     "--version` (-V) the\nversion.\n\n"
		     "Exit status: 0 done, 1 failed, 2 usage, 3 this kernel or host cannot do it,\n"
		     "4 not enabled.\n");
}

static void verb_help(const struct verb *v)
{
	printf("usage: reexport-guard %s [OPTION]...%s\n\n%s\n\n", v->name,
	       v->takes & RG_TAKES(RG_OPT_FILE)	   ? " [FILE]"
	       : v->takes & RG_TAKES(RG_OPT_FILES) ? " [FILE]..."
						   : "",
	       v->text);
	rg_options_help(stdout, v->takes);
	printf("\nExample: %s\n", v->example);
}

/* Fail if standard output could not be written. */
static int finish(int status)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		return rg_error(RG_FAILED, "standard output: %s", rg_strerror(errno));
	return status;
}

/* Returns how many words of argv name this verb, one or two; 0: another verb. */
static int words(const struct verb *v, int argc, char **argv)
{
	const char *second = strchr(v->name, ' ');
	size_t n = second ? (size_t)(second - v->name) : strlen(v->name);

	if (strlen(argv[1]) != n || strncmp(argv[1], v->name, n) != 0)
		return 0;
	if (!second)
		return 1;
	return argc > 2 && strcmp(argv[2], second + 1) == 0 ? 2 : 0;
}

static int run(const struct verb *v, int argc, char **argv)
{
	struct rg_options o;
	int err = rg_options_parse(v->name, argc, argv, v->takes, &o);

	if (!err && o.help)
		verb_help(v);
	else if (!err && !is_for_anybody(v))
		err = rg_host_may();
	if (!err && !o.help)
		err = v->run(&o);
	rg_options_free(&o);
	return err;
}

static bool is_of_group(const struct verb *v, const char *group)
{
	size_t n = strlen(group);

	return n && strncmp(v->name, group, n) == 0 && v->name[n] == ' ';
}

/* Prints the verbs of two words that begin with this word. Returns whether there are any. */
static bool group_help(const char *group)
{
	bool any = false;

	for (size_t i = 0; i < NR_VERBS; i++) {
		if (!is_of_group(&verbs[i], group))
			continue;
		if (!any)
			printf("usage: reexport-guard %s VERB [OPTION]...\n\n", group);
		printf("  %-16s %s\n", verbs[i].name, verbs[i].summary);
		any = true;
	}
	if (any)
		printf("\n`reexport-guard help %s VERB` for one of them\n", group);
	return any;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Refuses an unknown verb, or one whose second word is missing or unknown, and names the verb
 * that may be meant. */
static int no_such_verb(int argc, char **argv)
{
	bool first = false;

	for (size_t i = 0; i < NR_VERBS; i++)
		first |= is_of_group(&verbs[i], argv[1]);
	if (first && argc == 2)
		return rg_error(RG_USAGE, "%s: needs one word more; see `reexport-guard help %s`",
				argv[1], argv[1]);

	/* Compare first words with the first word given, and second words of the group with the
	 * second one. */
	const char *typed = first ? argv[2] : argv[1];
	struct rg_suggestion meant = {.word = typed};

	for (size_t i = 0; i < NR_VERBS; i++) {
		const char *name = verbs[i].name, *second = strchr(name, ' ');

		if (first && is_of_group(&verbs[i], argv[1])) {
			rg_suggest(&meant, second + 1, strlen(second + 1));
		} else if (!first) {
			rg_suggest(&meant, name, strcspn(name, " "));
		}
	}
	if (meant.best[0])
		return rg_error(RG_USAGE,
				"%s%s%s: no such verb; did you mean `%s%s%s`? See "
				"`reexport-guard --help`",
				first ? argv[1] : "", first ? " " : "", typed, first ? argv[1] : "",
				first ? " " : "", meant.best);
	return rg_error(RG_USAGE, "%s%s%s: no such verb; see `reexport-guard --help`",
			first ? argv[1] : "", first ? " " : "", typed);
}

/* Handles `help`, `help VERB`, `help policy` and `help policy show`. */
static int verb_help_verb(int argc, char **argv)
{
	if (argc == 2 || is_help(argv[2])) {
		help(stdout);
		return RG_DONE;
	}
	argv++;
	argc--;
	for (size_t i = 0; i < NR_VERBS; i++) {
		int n = words(&verbs[i], argc, argv);

		if (n && n < argc - 1)
			return rg_error(RG_USAGE,
					"help: %s: takes no such argument; see "
					"`reexport-guard help %s`",
					argv[n + 1], verbs[i].name);
		if (n) {
			verb_help(&verbs[i]);
			return RG_DONE;
		}
	}
	if (argc == 2 && group_help(argv[1]))
		return RG_DONE;
	return no_such_verb(argc, argv);
}

int main(int argc, char **argv)
{
	rg_log_start();
	if (argc < 2) {
		help(stderr);
		return RG_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("reexport-guard %s (pins version %d)\n", RG_VERSION, RG_PINS_VERSION);
		return finish(RG_DONE);
	}
	if (is_help(argv[1])) {
		help(stdout);
		return finish(RG_DONE);
	}
	if (strcmp(argv[1], "help") == 0)
		return finish(verb_help_verb(argc, argv));
	if (argc == 3 && is_help(argv[2]) && group_help(argv[1]))
		return finish(RG_DONE);
	for (size_t i = 0; i < NR_VERBS; i++) {
		int n = words(&verbs[i], argc, argv);

		if (n)
			return finish(run(&verbs[i], argc - n, argv + n));
	}
	return no_such_verb(argc, argv);
}
