/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line as data: which options exist, what they fill in, and which verbs take them.
 * Parsing, checking and --help use the same tables: rg_keys[] for options that are keys of the
 * configuration, and one here for the others. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "policy/config.h"

#define RG_NR_TRACE_OPTIONS 11

struct rg_options {
	const char *verb;
	/* Settings of the policy in the order given, each checked. Owned. */
	struct rg_setting *settings;
	size_t n_settings;
	const char *config; /* the named file; NULL: none */
	const char *file;   /* an argument that is no option, or NULL */
	char *const *files; /* the arguments of a verb that takes several */
	size_t n_files;
	const char *output;
	bool dry_run;
	bool json;
	bool once;
	int format;	 /* enum rg_metrics_format */
	long interval_s; /* 0: not given */
	long timeout_s;	 /* 0: not given */
	bool html;
	bool original; /* --role original */
	bool help;
	bool verbose;
	bool quiet;
	bool exit_code;
	bool replay;
	bool yes;
	long speed;	       /* 0: not given */
	int severity;	       /* enum rg_severity; RG_NR_SEVERITIES: not given */
	int force_rung;	       /* enum rg_rung, or -1 */
	int force_continue;    /* enum rg_continue, or -1 */
	int force_follow;      /* enum rg_follow, or -1 */
	int force_hold;	       /* enum rg_hold, or -1 */
	long force_max_held;   /* 0: not forced */
	long force_max_ranges; /* the same */
	__u32 force_left_out;  /* 1 << enum rg_link */
	const char *netns;
	const char *reason;
	/* Indexed from RG_OPT_TRACE_CLIENT on; NULL: not given. */
	const char *trace[RG_NR_TRACE_OPTIONS];
	/* A bit for each option that was given (RG_TAKES()). */
	__u64 given;
};

/* The options that are keys come first (enum rg_key). */
enum rg_option {
	RG_OPT_CONFIG = RG_NR_OPTION_KEYS,
	RG_OPT_NETNS,
	RG_OPT_REASON,
	RG_OPT_DRY_RUN,
	RG_OPT_JSON,
	RG_OPT_FORMAT,
	RG_OPT_INTERVAL,
	RG_OPT_TIMEOUT,
	RG_OPT_ONCE,
	RG_OPT_FORCE_RUNG,
	RG_OPT_FORCE_MAX_HELD,
	RG_OPT_FORCE_MAX_RANGES,
	RG_OPT_FORCE_WITHOUT,
	RG_OPT_FILE, /* one argument */
	/* All options of `trace` (rg_trace_request_of()). */
	RG_OPT_TRACE_CLIENT,
	RG_OPT_TRACE_FILE,
	RG_OPT_TRACE_OP,
	RG_OPT_TRACE_SIDE,
	RG_OPT_TRACE_ERRORS,
	RG_OPT_TRACE_DOWNGRADES,
	RG_OPT_TRACE_RECORD,
	RG_OPT_TRACE_RECORD_SIZE,
	RG_OPT_TRACE_RECORD_KEEP,
	RG_OPT_TRACE_COUNT,
	RG_OPT_TRACE_DURATION,
	RG_OPT_FILES, /* one or more */
	RG_OPT_HTML,
	RG_OPT_OUTPUT,
	RG_OPT_ROLE,
	RG_OPT_VERBOSE,
	RG_OPT_SEVERITY,
	RG_OPT_QUIET,
	RG_OPT_EXIT_CODE,
	RG_OPT_REPLAY,
	RG_OPT_SPEED,
	RG_OPT_YES,
	RG_OPT_HELP,
	RG_NR_OPTIONS,
};
#define RG_TAKES(option) (1ULL << (option))
/* The last bit belongs to no option (main.c). */
_Static_assert(RG_NR_OPTIONS <= 64, "a bit an option");
/* All keys that the command line has. */
#define RG_TAKES_POLICY (RG_TAKES(RG_NR_OPTION_KEYS) - 1)
_Static_assert(RG_OPT_TRACE_DURATION + 1 - RG_OPT_TRACE_CLIENT == RG_NR_TRACE_OPTIONS,
	       "room for all of trace's");
#define RG_TAKES_TRACE                                                                             \
	(((RG_TAKES(RG_NR_TRACE_OPTIONS) - 1) << RG_OPT_TRACE_CLIENT) | RG_TAKES(RG_OPT_JSON))
#define RG_TAKES_ORIGINAL                                                                          \
	(RG_TAKES(RG_OPT_ROLE) | RG_TAKES(RG_KEY_ORG_MODE) | RG_TAKES(RG_KEY_ORG_KEEP_FOR) |       \
	 RG_TAKES(RG_OPT_CONFIG))
/* For tests only. */
#define RG_TAKES_FORCE                                                                             \
	(RG_TAKES(RG_OPT_FORCE_RUNG) | RG_TAKES(RG_OPT_FORCE_MAX_HELD) |                           \
	 RG_TAKES(RG_OPT_FORCE_MAX_RANGES) | RG_TAKES(RG_OPT_FORCE_WITHOUT))

/* Parses a verb's arguments after argv[0]; `takes` is a mask of RG_TAKES(). Returns RG_DONE, or
 * RG_USAGE after one line. The caller frees. */
int rg_options_parse(const char *verb, int argc, char **argv, __u64 takes, struct rg_options *o);
void rg_options_free(struct rg_options *o);
/* Prints the lines of --help. */
void rg_options_help(FILE *out, __u64 takes);
