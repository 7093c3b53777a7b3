/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What reexport-guard can be told: one table of keys, from which the file
 * (reexport-guard.conf(5)), the command line, --help, `policy check` and
 * `policy show` are made.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rg_maps.h"

/* In the order of the file. Numbers are in a pinned map (struct rg_provenance):
 * new ones at the end, and RG_PINS_VERSION up if one moves. */
enum rg_key {
	RG_KEY_ACTION = 0,
	RG_KEY_SCOPE,
	RG_KEY_RELEASE,
	RG_KEY_SETTLE_TIMEOUT,
	RG_KEY_SETTLE_QUIET,
	RG_KEY_MAX_HOLD,
	RG_KEY_ON_ORIGIN_NO_GRACE,
	RG_KEY_EXPORTS,
	RG_KEY_ALL,
	RG_KEY_MOUNT,
	RG_KEY_EXCEPT,
	RG_KEY_PROGRAM,
	RG_KEY_DEFAULTS,
	RG_KEY_STATE_DIR,
	RG_KEY_LEDGER_INTERVAL,
	RG_KEY_METRICS_DIR,
	RG_KEY_METRICS_INTERVAL,
	RG_KEY_RECORD,
	RG_KEY_RECORD_SIZE,
	RG_KEY_MODULE,
	RG_KEY_FORWARD,
	RG_KEY_ONLY_CLIENT,
	RG_NR_KEYS,
};

enum rg_kind {
	RG_KIND_WORD = 0,
	RG_KIND_TIME,
	RG_KIND_SIZE, /* bytes, such as 64M */
	RG_KIND_PATH,
	RG_KIND_PATHS, /* may be given several times */
};

struct rg_key_info {
	const char *section, *name;
	const char *option; /* its name on the command line; NULL: not there */
	const char *help;
	enum rg_kind kind;
	bool flag;	  /* the option has no value, and means yes */
	long initial;	  /* WORD, TIME (seconds), SIZE (bytes) */
	long min, max;	  /* TIME: seconds; SIZE: bytes; WORD: max words; PATHS: max of them */
	const char *zero; /* TIME: the word that stands for 0; PATH: for none */
	int (*of)(const char *name); /* WORD: its value, or -1 */
	const char *(*word)(__u32 value);
};
extern const struct rg_key_info rg_keys[RG_NR_KEYS];

/* Neither: a default. Both: a list, some of it from each. */
struct rg_origin {
	unsigned int line; /* of the file, the first one; or 0 */
	bool command_line;
};

/* Owned by the config. */
struct rg_list {
	char **at;
	size_t n;
};

/* Every value there is, checked. */
struct rg_config {
	struct rg_policy policy; /* all of it, `which` included */
	bool exports, all, exempt_defaults;
	struct rg_list mounts, excepts, programs;
	char state_dir[RG_PATH_SIZE];
	char metrics_dir[RG_PATH_SIZE]; /* "": none */
	long ledger_interval_s, metrics_interval_s;
	long module;		  /* enum rg_module_wish */
	long record, record_size; /* 1: the daemon records; bytes in all */
	struct rg_origin origin[RG_NR_KEYS];
	char file[RG_PATH_SIZE]; /* absolute; "": none was read */
};

void rg_config_init(struct rg_config *c); /* the defaults */
void rg_config_free(struct rg_config *c);

/* Who is told of mistakes: one line each, without its end. */
typedef void rg_hear(const char *mistake);

#define RG_READ_OPTIONAL 1 /* no file: no mistake */
#define RG_READ_STRICT 2   /* an exempt program has to be there; otherwise a warning */

/* Read a whole file into a fresh config. Returns the number of mistakes, and
 * tells each; with one or more the config is good for rg_config_free() only. */
int rg_config_read(struct rg_config *c, const char *file, int how, rg_hear *hear);

/* What the command line says, in its order. Strings belong to the caller. */
struct rg_setting {
	enum rg_key key;
	const char *value;
};
/* Put it over the file. An enum rg_exit; what is wrong is said. */
int rg_config_overlay(struct rg_config *c, const struct rg_setting *settings, size_t n,
		      const char *verb);

/* Set one value; line 0 is the command line. False: it is not one, and
 * `expected` says what would be. */
#define RG_EXPECTED_SIZE 512
bool rg_config_set(struct rg_config *c, enum rg_key key, const char *value, unsigned int line,
		   char expected[RG_EXPECTED_SIZE]);

/* What --help calls a value: "hold|deny|audit", "TIME". Returns buf. */
char *rg_key_metavar(enum rg_key key, char buf[RG_EXPECTED_SIZE]);

/* How many values a key has: 1, but for a list. And the i-th, as the file would
 * have it; it fits RG_PATH_SIZE. Returns buf. */
size_t rg_config_count(const struct rg_config *c, enum rg_key key);
char *rg_config_text(const struct rg_config *c, enum rg_key key, size_t i, char buf[RG_PATH_SIZE]);

/* Did anybody say it, or is it a default? */
bool rg_config_says(const struct rg_config *c, enum rg_key key);

/* Where the values came from, for the map `provenance`. */
void rg_provenance_of(const struct rg_config *c, struct rg_provenance *p);
/* "default", "FILE:LINE", "command line". */
#define RG_WHERE_SIZE (RG_PATH_SIZE + 64)
char *rg_provenance_text(const struct rg_provenance *p, enum rg_key key, char buf[RG_WHERE_SIZE]);

/* "90", "90s", "15min", "2h" to seconds; -1 if it is not one or out of
 * min..max. */
long rg_seconds_of(const char *text, long min, long max);
/* The shortest of these: "15min". Returns buf. */
char *rg_seconds_text(long seconds, char buf[32]);
