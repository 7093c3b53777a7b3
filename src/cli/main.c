// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/verbs.h"
#include "loader/host.h"
#include "loader/log.h"

static const struct verb {
	const char *name;
	int (*run)(const struct rg_options *o);
	unsigned int takes;
	const char *summary, *text, *example;
} verbs[] = {
	{"enable", rg_verb_enable, RG_TAKES_WISH | RG_TAKES(RG_OPT_DRY_RUN),
	 "load, pin and arm a gate; may be run again to change its policy",
	 "Keep local applications from locking files of re-exported NFS mounts until\n"
	 "knfsd's grace period starts (or has ended, or has settled). One of --mount\n"
	 "and --all is required. With action hold, `reexport-guard run` must be running\n"
	 "to continue the held; without it hold acts as deny.",
	 "reexport-guard enable --mount /srv/reexport --release settled"},
	{"disable", rg_verb_disable, 0, "detach, unpin, and continue the held",
	 "Open every gate, continue every held application, and take everything out of\n"
	 "the kernel.",
	 "reexport-guard disable"},
	{"status", rg_verb_status, RG_TAKES(RG_OPT_JSON),
	 "gates, guarded mounts, held applications, counters",
	 "Exit status 0: enabled; 4: not enabled; 1: what is pinned is not whole.",
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
	{"run", rg_verb_run, RG_TAKES_WISH,
	 "the daemon: arms if needed, continues the held when a gate opens",
	 "Runs in the foreground (systemd: Type=notify). SIGHUP classifies all mounts\n"
	 "anew, SIGTERM ends it and leaves the gates as they are. With neither --mount\n"
	 "nor --all it serves what is already enabled.",
	 "reexport-guard run --mount /srv/reexport --release settled"},
};
#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void help(FILE *out)
{
	fprintf(out, "usage: reexport-guard VERB [OPTION]...\n\n"
		     "Keeps local applications from locking files of re-exported NFS mounts until\n"
		     "knfsd's grace period, so that end clients keep their locks when this host "
		     "reboots.\n\n");
	for (size_t i = 0; i < NR_VERBS; i++)
		fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].summary);
	fprintf(out, "\n  --version, --help; `reexport-guard VERB --help` for one verb\n\n"
		     "Exit status: 0 done, 1 failed, 2 usage, 3 this kernel or host cannot do it,\n"
		     "4 not enabled.\n");
}

static void verb_help(const struct verb *v)
{
	printf("usage: reexport-guard %s [OPTION]...\n\n%s\n\n", v->name, v->text);
	rg_options_help(stdout, v->takes);
	printf("\nExample: %s\n", v->example);
}

/* Data that did not reach its reader was not delivered. */
static int finish(int status)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		return rg_error(RG_FAILED, "standard output: %s", rg_strerror(errno));
	return status;
}

int main(int argc, char **argv)
{
	struct rg_options o;
	int err;

	rg_log_start();
	if (argc < 2) {
		help(stderr);
		return RG_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("reexport-guard %s (pins version %d)\n", RG_VERSION, RG_PINS_VERSION);
		return finish(RG_DONE);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help(stdout);
		return finish(RG_DONE);
	}
	for (size_t i = 0; i < NR_VERBS; i++) {
		const struct verb *v = &verbs[i];

		if (strcmp(argv[1], v->name) != 0)
			continue;
		err = rg_options_parse(argc - 1, argv + 1, v->takes, &o);
		if (err)
			return err;
		if (o.help) {
			verb_help(v);
			return finish(RG_DONE);
		}
		err = rg_host_may();
		return finish(err ? err : v->run(&o));
	}
	return rg_error(RG_USAGE, "%s: no such verb; see `reexport-guard --help`", argv[1]);
}
