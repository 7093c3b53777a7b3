// SPDX-License-Identifier: GPL-2.0-only
#include "cli/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "load/programs.h"
#include "load/loader.h"
#include "base/log.h"
#include "check/finding.h"
#include "cli/suggest.h"
#include "metrics/metrics.h"
#include "base/names.h"

/* Options that are no keys of the configuration. A hidden one has no help; one without a name is
 * an argument. */
static const struct other {
	const char *name, *metavar, *help;
} table[RG_NR_OPTIONS] = {
	[RG_OPT_CONFIG] = {"config", "FILE", "the configuration (" RG_CONFIG_FILE ")"},
	[RG_OPT_NETNS] = {"netns", "NAME|PATH|INODE",
			  "the gate of this network namespace (that of the caller)"},
	[RG_OPT_REASON] = {"reason", "TEXT", "say why, on standard error"},
	[RG_OPT_DRY_RUN] = {"dry-run", NULL, "say what would be done, and do nothing"},
	[RG_OPT_JSON] = {"json", NULL, "JSON on standard output"},
	[RG_OPT_FORMAT] = {"format", "openmetrics|prometheus", "text format (openmetrics)"},
	[RG_OPT_INTERVAL] = {"interval", "TIME", "how often it looks (1s)"},
	[RG_OPT_TIMEOUT] = {"timeout", "TIME", "wait no longer than this (until max-hold is over)"},
	[RG_OPT_ONCE] = {"once", NULL, "print once, as plain text"},
	[RG_OPT_FORCE_RUNG] = {"force-rung",
			       "lsm|fmod_ret|fentry|kprobe|send_signal_task|user_space|sleep|stop",
			       NULL},
	[RG_OPT_FORCE_MAX_HELD] = {"force-max-held", "N", NULL},
	[RG_OPT_FORCE_MAX_RANGES] = {"force-max-ranges", "N", NULL},
	[RG_OPT_FORCE_WITHOUT] = {"force-without", "PROGRAM", NULL},
	[RG_OPT_FILE] = {NULL, "FILE", NULL},
	[RG_OPT_TRACE_CLIENT] = {"client", "WHO",
				 "only this peer: an address, ADDRESS/PREFIX, or a part of a name"},
	[RG_OPT_TRACE_FILE] = {"file", "PATH|N", "only this file: a part of its path, or a fileid"},
	[RG_OPT_TRACE_OP] = {"op", "EVENT,...", "only these events: LOCK, OPEN, GRACE_START, ..."},
	[RG_OPT_TRACE_SIDE] = {"side", "SIDE,...", "only these: server, client, gate"},
	[RG_OPT_TRACE_ERRORS] = {"errors", NULL, "only what failed"},
	[RG_OPT_TRACE_DOWNGRADES] = {"downgrades", NULL, "only downgrades; with --errors: both"},
	[RG_OPT_TRACE_RECORD] = {"record", "FILE", "record into FILE, as JSON"},
	[RG_OPT_TRACE_RECORD_SIZE] = {"record-size", "BYTES[K|M|G]",
				      "begin a new part after so much (64M)"},
	[RG_OPT_TRACE_RECORD_KEEP] = {"record-keep", "N", "parts to keep, FILE included (4)"},
	[RG_OPT_TRACE_COUNT] = {"count", "N", "end after N events"},
	[RG_OPT_TRACE_DURATION] = {"duration", "TIME", "end after so long"},
	[RG_OPT_FILES] = {NULL, "FILE", NULL},
	[RG_OPT_HTML] = {"html", NULL, "one HTML file"},
	[RG_OPT_OUTPUT] = {"output", "FILE", "write it there (standard output)"},
	[RG_OPT_ROLE] = {"role", "re-export|original",
			 "which server of the chain this host is (re-export)"},
	[RG_OPT_VERBOSE] = {"verbose", NULL, "everything there is to see (-v)"},
	[RG_OPT_SEVERITY] = {"severity", "problem|warning|unknown|note|ok",
			     "only findings as bad as this one, or worse"},
	[RG_OPT_QUIET] = {"quiet", NULL, "print nothing: the exit status tells (-q)"},
	[RG_OPT_EXIT_CODE] = {"exit-code", NULL,
			      "end with 7 if a lock was lost, with 6 if that is not sure"},
	[RG_OPT_REPLAY] = {"replay", NULL, "play a recording that is built in; needs no machine"},
	[RG_OPT_SPEED] = {"speed", "N", "so many times as fast as it was (2)"},
	[RG_OPT_YES] = {"yes", NULL, "ask nothing: take the answers there are"},
	[RG_OPT_HELP] = {"help", NULL, "this text"},
};
/* getopt_long() returns a character for an option of one letter, '?' and ':'; a long option
 * returns FIRST_LONG + its number. */
#define FIRST_LONG 256

static const struct other *other(int option)
{
	return &table[option];
}

static const char *name_of(int option)
{
	return option < RG_NR_OPTION_KEYS ? rg_keys[option].option : other(option)->name;
}

static bool has_value(int option)
{
	return option < RG_NR_OPTION_KEYS ? !rg_keys[option].flag : other(option)->metavar != NULL;
}

static int bad(const struct rg_options *o, int option, const char *value, const char *expected)
{
	return rg_error(RG_USAGE, "%s: --%s %s: expected %s", o->verb, name_of(option), value,
			expected);
}

/* Checks the value of a key in `scratch` and keeps it for later. */
static int take_setting(struct rg_options *o, enum rg_key key, const char *value,
			struct rg_config *scratch)
{
	char expected[RG_EXPECTED_SIZE];

	if (!value)
		value = "yes";
	if (!rg_config_set(scratch, key, value, 0, expected))
		return bad(o, (int)key, value, expected);
	o->settings[o->n_settings++] = (struct rg_setting){key, value};
	return RG_DONE;
}

static int take(struct rg_options *o, int option, const char *value, struct rg_config *scratch)
{
	const struct rg_program *follower;
	char expected[64], *end;

	o->given |= RG_TAKES(option);
	if (option < RG_NR_OPTION_KEYS)
		return take_setting(o, option, value, scratch);
	if (RG_TAKES(option) & RG_TAKES_TRACE & ~RG_TAKES(RG_OPT_JSON)) {
		o->trace[option - RG_OPT_TRACE_CLIENT] = value ?: "yes";
		return RG_DONE;
	}
	switch (option) {
	case RG_OPT_CONFIG:
		o->config = value;
		break;
	case RG_OPT_FORMAT:
		o->format = rg_metrics_format_of(value);
		if (o->format < 0)
			return bad(o, option, value, table[option].metavar);
		break;
	case RG_OPT_INTERVAL:
		o->interval_s = rg_seconds_of(value, 1, RG_MAX_INTERVAL);
		if (o->interval_s < 0)
			return bad(o, option, value, "a time like 2s, from 1s to 1h");
		break;
	case RG_OPT_TIMEOUT:
		o->timeout_s = rg_seconds_of(value, 1, RG_MAX_TIMEOUT);
		if (o->timeout_s < 0)
			return bad(o, option, value, "a time like 5min, from 1s to 1d");
		break;
	case RG_OPT_ONCE:
		o->once = true;
		break;
	case RG_OPT_FORCE_RUNG:
		/* One rung of each ladder, so the option may be given four times. */
		if (rg_rung_of(value) >= 0)
			o->force_rung = rg_rung_of(value);
		else if (rg_continue_of(value) >= 0)
			o->force_continue = rg_continue_of(value);
		else if (rg_follow_of(value) >= 0)
			o->force_follow = rg_follow_of(value);
		else if (rg_hold_of(value) >= 0)
			o->force_hold = rg_hold_of(value);
		else
			return bad(o, option, value, table[option].metavar);
		break;
	case RG_OPT_FORCE_MAX_HELD:
		o->force_max_held = strtol(value, &end, 10);
		snprintf(expected, sizeof(expected), "1 to %d", RG_MAX_HELD);
		if (*value < '0' || *value > '9' || *end || o->force_max_held < 1 ||
		    o->force_max_held > RG_MAX_HELD)
			return bad(o, option, value, expected);
		break;
	case RG_OPT_FORCE_MAX_RANGES:
		o->force_max_ranges = strtol(value, &end, 10);
		snprintf(expected, sizeof(expected), "1 to %d", RG_MAX_RANGES);
		if (*value < '0' || *value > '9' || *end || o->force_max_ranges < 1 ||
		    o->force_max_ranges > RG_MAX_RANGES)
			return bad(o, option, value, expected);
		break;
	case RG_OPT_FORCE_WITHOUT:
		if (strcmp(value, "tracing") == 0) {
			o->force_left_out |= RG_WITHOUT_TRACES;
			break;
		}
		follower = rg_follower_named(value);
		if (!follower)
			return bad(o, option, value,
				   "a program that follows, like grace_end, or tracing");
		o->force_left_out |= 1u << follower->link;
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
	case RG_OPT_HTML:
		o->html = true;
		break;
	case RG_OPT_OUTPUT:
		o->output = value;
		break;
	case RG_OPT_ROLE:
		o->original = strcmp(value, "original") == 0;
		if (!o->original && strcmp(value, "re-export") != 0)
			return bad(o, option, value, "re-export or original");
		break;
	case RG_OPT_VERBOSE:
		o->verbose = true;
		break;
	case RG_OPT_SEVERITY:
		o->severity = rg_severity_of(value);
		if (o->severity < 0)
			return bad(o, option, value, table[option].metavar);
		break;
	case RG_OPT_QUIET:
		o->quiet = true;
		break;
	case RG_OPT_REPLAY:
		o->replay = true;
		break;
	case RG_OPT_SPEED:
		o->speed = strtol(value, &end, 10);
		if (*value < '0' || *value > '9' || *end || o->speed < 1 || o->speed > 1000)
			return bad(o, option, value, "a number from 1 to 1000");
		break;
	case RG_OPT_YES:
		o->yes = true;
		break;
	case RG_OPT_EXIT_CODE:
		o->exit_code = true;
		break;
	case RG_OPT_HELP:
		o->help = true;
		break;
	default:
		return RG_USAGE;
	}
	return RG_DONE;
}

/* Refuse prefixes, which getopt_long() accepts: a guard must not guess. */
static bool is_exact(const char *arg, const char *name)
{
	size_t n = strcspn(arg, "=");

	return strncmp(arg, "--", 2) == 0 && strlen(name) == n - 2 &&
	       strncmp(arg + 2, name, n - 2) == 0;
}

/* Refuses an option that the verb does not have, and names the one that may be meant, without
 * the value. Never names an option of the tests. */
static int no_such_option(const struct rg_options *o, const char *arg, const struct option *longs)
{
	char typed[RG_SUGGEST_LONGEST + 2] = "";
	struct rg_suggestion meant = {.word = typed};

	if (strncmp(arg, "--", 2) == 0)
		snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
	for (; longs->name; longs++) {
		int option = longs->val - FIRST_LONG;

		if (option < RG_NR_OPTION_KEYS || other(option)->help)
			rg_suggest(&meant, longs->name, strlen(longs->name));
	}
	if (meant.best[0])
		return rg_error(RG_USAGE,
				"%s: %s: no such option; did you mean --%s? See "
				"`reexport-guard %s --help`",
				o->verb, arg, meant.best, o->verb);
	return rg_error(RG_USAGE, "%s: %s: no such option; see `reexport-guard %s --help`", o->verb,
			arg, o->verb);
}

/* Lists the options of one letter among those that the verb takes. */
static const struct {
	char letter;
	int option;
} letters[] = {{'h', RG_OPT_HELP}, {'v', RG_OPT_VERBOSE}, {'q', RG_OPT_QUIET}};
#define NR_LETTERS (sizeof(letters) / sizeof(letters[0]))

/* Returns the option that getopt_long() found by its name or its letter, or -1. */
static int option_of(int got)
{
	if (got >= FIRST_LONG)
		return got - FIRST_LONG;
	for (size_t i = 0; i < NR_LETTERS; i++)
		if (letters[i].letter == got)
			return letters[i].option;
	return -1;
}

/* Makes the string of letters for getopt_long(). */
static const char *letters_of(const struct option *longs, char buf[8])
{
	size_t n = 2;

	memcpy(buf, "+:", n);
	for (; longs->name; longs++)
		for (size_t i = 0; i < NR_LETTERS; i++)
			if (longs->val - FIRST_LONG == letters[i].option)
				buf[n++] = letters[i].letter;
	buf[n] = '\0';
	return buf;
}

/* Parses options up to the first argument. */
static int parse_options(int argc, char **argv, const struct option *longs, struct rg_options *o,
			 struct rg_config *scratch)
{
	int got, at = optind ?: 1;
	char short_ones[8];

	letters_of(longs, short_ones);
	while ((got = getopt_long(argc, argv, short_ones, longs, NULL)) != -1) {
		const char *arg = argv[at];
		int option = option_of(got), err;

		at = optind;
		if (got == ':')
			return rg_error(RG_USAGE,
					"%s: %s: needs a value; see `reexport-guard %s --help`",
					o->verb, arg, o->verb);
		/* optopt is the value of an existing option. */
		if (got == '?' && optopt >= FIRST_LONG)
			return rg_error(RG_USAGE, "%s: --%s: takes no value", o->verb,
					name_of(optopt - FIRST_LONG));
		if (option < 0 || (got >= FIRST_LONG && !is_exact(arg, name_of(option))))
			return no_such_option(o, arg, longs);
		err = take(o, option, optarg, scratch);
		if (err)
			return err;
	}
	return RG_DONE;
}

/* Takes one argument and the options behind it, or everything behind "--". Moves arguments to
 * the front of argv, over the options read. */
static int take_files(int argc, char **argv, const struct option *longs, struct rg_options *o,
		      struct rg_config *scratch)
{
	bool all = strcmp(argv[optind - 1], "--") == 0;

	o->given |= RG_TAKES(RG_OPT_FILES);
	o->files = argv + 1;
	do
		argv[1 + o->n_files++] = argv[optind++];
	while (all && optind < argc);
	/* Stop at "--", behind which getopt_long() would start over with the arguments passed
	 * over. */
	return all ? RG_DONE : parse_options(argc, argv, longs, o, scratch);
}

static int parse(int argc, char **argv, __u64 takes, struct rg_options *o,
		 struct rg_config *scratch)
{
	struct option longs[RG_NR_OPTIONS + 1] = {};
	int n = 0, err;

	for (int i = 0; i < RG_NR_OPTIONS; i++) {
		if (!(takes & RG_TAKES(i)) || !name_of(i))
			continue;
		longs[n].name = name_of(i);
		longs[n].has_arg = has_value(i) ? required_argument : no_argument;
		longs[n++].val = FIRST_LONG + i;
	}
	optind = 0;
	opterr = 0;
	err = parse_options(argc, argv, longs, o, scratch);
	while (!err && optind < argc && (takes & RG_TAKES(RG_OPT_FILES)))
		err = take_files(argc, argv, longs, o, scratch);
	if (err)
		return err;
	if (optind < argc && (takes & RG_TAKES(RG_OPT_FILE))) {
		o->given |= RG_TAKES(RG_OPT_FILE);
		o->file = argv[optind++];
	}
	if (optind < argc)
		return rg_error(RG_USAGE,
				"%s: %s: takes no such argument; see `reexport-guard %s --help`",
				o->verb, argv[optind], o->verb);
	return RG_DONE;
}

int rg_options_parse(const char *verb, int argc, char **argv, __u64 takes, struct rg_options *o)
{
	struct rg_config scratch;
	int err;

	memset(o, 0, sizeof(*o));
	o->verb = verb;
	o->force_rung = -1;
	o->severity = RG_NR_SEVERITIES;
	o->force_continue = -1;
	o->force_follow = -1;
	o->force_hold = -1;
	o->settings = calloc((size_t)argc + 1, sizeof(*o->settings));
	if (!o->settings)
		return rg_error(RG_FAILED, "%s: out of memory", verb);
	rg_config_init(&scratch);
	err = parse(argc, argv, takes | RG_TAKES(RG_OPT_HELP), o, &scratch);
	rg_config_free(&scratch);
	return err;
}

void rg_options_free(struct rg_options *o)
{
	free(o->settings);
	o->settings = NULL;
	o->n_settings = 0;
}

/* Prints "what it does (its default)". */
static void help_of(int option, char *out, size_t size)
{
	char initial[RG_PATH_SIZE];
	struct rg_config c;

	if (option >= RG_NR_OPTION_KEYS || rg_keys[option].flag || rg_key_is_list(option)) {
		snprintf(out, size, "%s",
			 option < RG_NR_OPTION_KEYS ? rg_keys[option].help : other(option)->help);
		return;
	}
	rg_config_init(&c);
	snprintf(out, size, "%s (%s)", rg_keys[option].help,
		 rg_config_text(&c, option, 0, initial));
	rg_config_free(&c);
}

void rg_options_help(FILE *out, __u64 takes)
{
	takes |= RG_TAKES(RG_OPT_HELP);
	for (int i = 0; i < RG_NR_OPTIONS; i++) {
		char left[128], metavar[RG_EXPECTED_SIZE], help[512];
		const char *value = "";

		if (!(takes & RG_TAKES(i)) || !name_of(i) ||
		    (i >= RG_NR_OPTION_KEYS && !table[i].help))
			continue;
		if (has_value(i))
			value = i < RG_NR_OPTION_KEYS ? rg_key_metavar(i, metavar)
						      : other(i)->metavar;
		snprintf(left, sizeof(left), "--%s%s%s", name_of(i), *value ? " " : "", value);
		help_of(i, help, sizeof(help));
		if (strlen(left) < 26)
			fprintf(out, "  %-26s %s\n", left, help);
		else
			fprintf(out, "  %s\n  %-26s %s\n", left, "", help);
	}
}
