/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line as data: which option exists, what it fills in, who takes
 * it. Parsing, checking and --help come from the same table. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "rg_limits.h"

struct rg_options {
	const char *verb;
	const char *mounts[RG_MAX_PATHS];
	size_t n_mounts;
	bool all;
	bool dry_run;
	bool json;
	bool help;
	int action;  /* enum rg_action */
	int release; /* enum rg_release */
	long settle_s;
	long max_hold_s;
	int force_rung; /* enum rg_rung, or -1 */
	const char *netns;
	const char *reason;
	/* Which were given: a bit an option, 1 << enum rg_option. */
	unsigned int given;
};

enum rg_option {
	RG_OPT_MOUNT = 0,
	RG_OPT_ALL,
	RG_OPT_ACTION,
	RG_OPT_RELEASE,
	RG_OPT_SETTLE_TIME,
	RG_OPT_MAX_HOLD,
	RG_OPT_NETNS,
	RG_OPT_REASON,
	RG_OPT_DRY_RUN,
	RG_OPT_JSON,
	RG_OPT_FORCE_RUNG,
	RG_OPT_HELP,
	RG_NR_OPTIONS,
};
#define RG_TAKES(option) (1u << (option))

/* Parse a verb's arguments (argv[0] is the verb); `takes` is a mask of
 * RG_TAKES(). RG_DONE, or RG_USAGE with one line said. */
int rg_options_parse(int argc, char **argv, unsigned int takes, struct rg_options *o);
/* Lines for --help. */
void rg_options_help(FILE *out, unsigned int takes);

/* "90", "90s", "15min", "2h" to seconds; -1 if it is not one or out of
 * min..max. */
long rg_seconds_of(const char *text, long min, long max);
