// SPDX-License-Identifier: GPL-2.0-only
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "loader/log.h"
#include "loader/names.h"

/* In the order of enum rg_option; hidden ones have no help. */
static const struct {
	const char *name, *metavar, *help;
} table[RG_NR_OPTIONS] = {
	[RG_OPT_MOUNT] = {"mount", "PATH",
			  "guard the NFS mount at PATH; may be given several times"},
	[RG_OPT_ALL] = {"all", NULL,
			"guard every NFS mount of the network namespace, those to come included"},
	[RG_OPT_ACTION] = {"action", "hold|deny|audit",
			   "what happens to a local application at a closed gate (hold)"},
	[RG_OPT_RELEASE] = {"release", "grace-start|grace-end|settled",
			    "when the gate opens (grace-start)"},
	[RG_OPT_SETTLE_TIME] = {"settle-time", "TIME",
				"with settled: how long after the last grace period (20s)"},
	[RG_OPT_MAX_HOLD] = {"max-hold", "TIME", "open at the latest after TIME (15min)"},
	[RG_OPT_NETNS] = {"netns", "NAME|PATH|INODE",
			  "the gate of this network namespace (that of the caller)"},
	[RG_OPT_REASON] = {"reason", "TEXT", "say why, on standard error"},
	[RG_OPT_DRY_RUN] = {"dry-run", NULL, "say what would be done, and do nothing"},
	[RG_OPT_JSON] = {"json", NULL, "JSON on standard output"},
	[RG_OPT_FORCE_RUNG] = {"force-rung", "lsm|fmod_ret", NULL},
	[RG_OPT_HELP] = {"help", NULL, "this text"},
};

long rg_seconds_of(const char *text, long min, long max)
{
	static const struct {
		const char *unit;
		long seconds;
	} units[] = {{"", 1}, {"s", 1}, {"min", 60}, {"m", 60}, {"h", 3600}};
	char *end;
	long n;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		if (n > max / units[i].seconds)
			return -1;
		n *= units[i].seconds;
		return n < min ? -1 : n;
	}
	return -1;
}

static int bad(const char *verb, enum rg_option which, const char *value, const char *expected)
{
	return rg_error(RG_USAGE, "%s: --%s %s: expected %s", verb, table[which].name, value,
			expected);
}

static int take(const char *verb, enum rg_option which, const char *value, struct rg_options *o)
{
	switch (which) {
	case RG_OPT_MOUNT:
		if (o->n_mounts == RG_MAX_PATHS)
			return rg_error(RG_USAGE, "%s: --mount: %d at most", verb, RG_MAX_PATHS);
		o->mounts[o->n_mounts++] = value;
		break;
	case RG_OPT_ALL:
		o->all = true;
		break;
	case RG_OPT_ACTION:
		o->action = rg_action_of(value);
		if (o->action < 0)
			return bad(verb, which, value, table[which].metavar);
		break;
	case RG_OPT_RELEASE:
		o->release = rg_release_of(value);
		if (o->release < 0)
			return bad(verb, which, value, table[which].metavar);
		break;
	case RG_OPT_SETTLE_TIME:
		o->settle_s = rg_seconds_of(value, 0, RG_MAX_SETTLE_TIME);
		if (o->settle_s < 0)
			return bad(verb, which, value, "a time like 20s, up to 1h");
		break;
	case RG_OPT_MAX_HOLD:
		o->max_hold_s = rg_seconds_of(value, 1, RG_MAX_MAX_HOLD);
		if (o->max_hold_s < 0)
			return bad(verb, which, value, "a time like 15min, from 1s to 24h");
		break;
	case RG_OPT_FORCE_RUNG:
		o->force_rung = rg_rung_of(value);
		if (o->force_rung < 0)
			return bad(verb, which, value, table[which].metavar);
		break;
	case RG_OPT_NETNS:
		o->netns = value;
		break;
	case RG_OPT_REASON:
		o->reason = value;
		break;
	case RG_OPT_DRY_RUN:
		o->dry_run = true;
		break;
	case RG_OPT_JSON:
		o->json = true;
		break;
	case RG_OPT_HELP:
		o->help = true;
		break;
	default:
		return RG_USAGE;
	}
	o->given |= RG_TAKES(which);
	return RG_DONE;
}

/* getopt_long() takes unique prefixes; a guard must not guess. */
static bool is_exact(const char *arg, const char *name)
{
	size_t n = strcspn(arg, "=");

	return strncmp(arg, "--", 2) == 0 && strlen(name) == n - 2 &&
	       strncmp(arg + 2, name, n - 2) == 0;
}

int rg_options_parse(int argc, char **argv, unsigned int takes, struct rg_options *o)
{
	struct option longs[RG_NR_OPTIONS + 1] = {};
	int n = 0, got, at = 1;

	memset(o, 0, sizeof(*o));
	o->verb = argv[0];
	o->settle_s = RG_DEFAULT_SETTLE_TIME;
	o->max_hold_s = RG_DEFAULT_MAX_HOLD;
	o->force_rung = -1;
	takes |= RG_TAKES(RG_OPT_HELP);
	for (int i = 0; i < RG_NR_OPTIONS; i++) {
		if (!(takes & RG_TAKES(i)))
			continue;
		longs[n].name = table[i].name;
		longs[n].has_arg = table[i].metavar ? required_argument : no_argument;
		longs[n++].val = 1 + i;
	}
	optind = 0;
	opterr = 0;
	while ((got = getopt_long(argc, argv, "+:h", longs, NULL)) != -1) {
		const char *arg = argv[at];
		int which = got == 'h' ? RG_OPT_HELP : got - 1, err;

		at = optind;
		if (got == ':')
			return rg_error(RG_USAGE,
					"%s: %s: needs a value; see `reexport-guard %s "
					"--help`",
					argv[0], arg, argv[0]);
		/* optopt is the option's value where it is one that exists. */
		if (got == '?' && optopt > 0 && optopt <= RG_NR_OPTIONS)
			return rg_error(RG_USAGE, "%s: --%s: takes no value", argv[0],
					table[optopt - 1].name);
		if (got == '?' || (got != 'h' && !is_exact(arg, table[which].name)))
			return rg_error(RG_USAGE,
					"%s: %s: no such option; see `reexport-guard %s "
					"--help`",
					argv[0], arg, argv[0]);
		err = take(argv[0], which, optarg, o);
		if (err)
			return err;
	}
	if (optind < argc)
		return rg_error(RG_USAGE,
				"%s: %s: takes no such argument; see `reexport-guard %s "
				"--help`",
				argv[0], argv[optind], argv[0]);
	return RG_DONE;
}

void rg_options_help(FILE *out, unsigned int takes)
{
	takes |= RG_TAKES(RG_OPT_HELP);
	for (int i = 0; i < RG_NR_OPTIONS; i++) {
		char left[64];

		if (!(takes & RG_TAKES(i)) || !table[i].help)
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", table[i].name, table[i].metavar ? " " : "",
			 table[i].metavar ?: "");
		if (strlen(left) < 26)
			fprintf(out, "  %-26s %s\n", left, table[i].help);
		else
			fprintf(out, "  %s\n  %-26s %s\n", left, "", table[i].help);
	}
}
