/* SPDX-License-Identifier: GPL-2.0-only */
/* The settings of reexport-guard: one table of keys serves the file (reexport-guard.conf(5)),
 * the command line, --help, `policy check` and `policy show`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rg_maps.h"

/* The order is that of the file. A pinned map holds the numbers (struct rg_provenance): add a
 * new key at the end, and raise RG_PINS_VERSION if one moves. */
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
	RG_KEY_NOTIFY_NFSV3,
	RG_KEY_MODULE,
	RG_KEY_FORWARD,
	RG_KEY_ONLY_CLIENT,
	RG_KEY_ORG_MODE,
	RG_KEY_ORG_KEEP_FOR,
	RG_KEY_ORG_EXPORT,
	RG_KEY_ORG_CLIENT,
	/* Keys from here on are no options, for which there is no room (cli/options.h). */
	RG_NR_OPTION_KEYS,
	RG_KEY_PROTECT = RG_NR_OPTION_KEYS,
	RG_KEY_ORIGINAL_KEEPS,
	RG_NR_KEYS,
};

enum rg_kind {
	RG_KIND_WORD = 0,
	RG_KIND_TIME,
	RG_KIND_SIZE, /* in bytes, for example 64M */
	RG_KIND_PATH,
	RG_KIND_PATHS,	 /* a list: the key may be given several times */
	RG_KIND_CLIENTS, /* a list as well, of clients (policy/pattern.h) */
};

struct rg_key_info {
	const char *section, *name;
	const char *option; /* its name on the command line; NULL: it has none */
	const char *help;
	enum rg_kind kind;
	bool flag;	  /* the option takes no value and means yes */
	long initial;	  /* WORD, TIME (seconds), SIZE (bytes) */
	long min, max;	  /* TIME: seconds; SIZE: bytes; WORD: max is the number of words; PATHS and
			     CLIENTS: max is the number of them */
	const char *zero; /* TIME: the word for 0; PATH: the word for no path */
	int (*of)(const char *name); /* WORD: converts a word to its value, or -1 */
	const char *(*word)(__u32 value);
};
extern const struct rg_key_info rg_keys[RG_NR_KEYS];

/* Neither is set for a default. Both are set for a list with values from each. */
struct rg_origin {
	unsigned int line; /* first line of the file that sets it; 0: none */
	bool command_line;
};

/* Owned by struct rg_config. */
struct rg_list {
	char **at;
	size_t n;
};

/* All settings, each one valid. */
struct rg_config {
	struct rg_policy policy; /* complete, with mount_mode */
	bool exports, all, exempt_defaults;
	struct rg_list mounts, excepts, programs;
	struct rg_list org_exports, org_clients;
	long org_mode;	     /* enum rg_org_mode */
	long org_keep_for_s; /* 0: a lease of knfsd */
	char state_dir[RG_PATH_SIZE];
	char metrics_dir[RG_PATH_SIZE]; /* "": none */
	long ledger_interval_s, metrics_interval_s;
	long module;		  /* enum rg_module_policy */
	long record, record_size; /* 1: the daemon records; size of all recordings in bytes */
	long notify_nfsv3;	  /* 1: NFSv3 end clients are told when lockd dropped their locks */
	long protect; /* 1: only our executable may unpin, detach or write what is pinned */
	struct rg_origin origin[RG_NR_KEYS];
	char file[RG_PATH_SIZE]; /* absolute path; "": no file was read */
};

void rg_config_init(struct rg_config *c); /* sets every value to its default */
void rg_config_free(struct rg_config *c);

/* Receives each mistake: one line, without a newline. */
typedef void rg_hear(const char *mistake);

#define RG_READ_OPTIONAL 1 /* a missing file is no mistake */
#define RG_READ_STRICT 2   /* a missing exempt program is a mistake; otherwise a warning */

/* Reads a whole file into a fresh config. Reports each mistake and returns their number; if
 * there is one, the config may only be freed (rg_config_free). */
int rg_config_read(struct rg_config *c, const char *file, int how, rg_hear *hear);

/* A setting of the command line, in the order given. The caller owns the strings. */
struct rg_setting {
	enum rg_key key;
	const char *value;
};
/* Applies the command line over the file. Returns an enum rg_exit after reporting what is
 * wrong. */
int rg_config_overlay(struct rg_config *c, const struct rg_setting *settings, size_t n,
		      const char *verb);

/* Sets one value; line 0 stands for the command line. Returns false for an invalid value, with
 * the valid ones in `expected`. */
#define RG_EXPECTED_SIZE 512
bool rg_config_set(struct rg_config *c, enum rg_key key, const char *value, unsigned int line,
		   char expected[RG_EXPECTED_SIZE]);

/* Writes the name of a value for --help: "hold|deny|audit", "TIME". Returns buf. */
char *rg_key_metavar(enum rg_key key, char buf[RG_EXPECTED_SIZE]);

/* rg_config_count() returns the number of values of a key: 1, except for a list.
 * rg_config_text() writes the i-th value as the file would have it and returns buf. */
size_t rg_config_count(const struct rg_config *c, enum rg_key key);
char *rg_config_text(const struct rg_config *c, enum rg_key key, size_t i, char buf[RG_PATH_SIZE]);

/* Says whether the key may be given several times. */
bool rg_key_is_list(enum rg_key key);
/* Says whether no key with a lower number is of the same section: the keys of a section do not
 * stand together, as their numbers are those of the map `provenance`. */
bool rg_key_is_first(enum rg_key key);
/* Says whether the key belongs to the role of an original server; the others belong to a gate. */
bool rg_key_is_of_original(enum rg_key key);

/* Says whether the file or the command line sets the key; otherwise it has its default. */
bool rg_config_says(const struct rg_config *c, enum rg_key key);

/* Fills in the source of each value, for the map `provenance`. */
void rg_provenance_of(const struct rg_config *c, struct rg_provenance *p);
/* Writes "default", "FILE:LINE" or "command line". Returns buf. */
#define RG_WHERE_SIZE (RG_PATH_SIZE + 64)
char *rg_provenance_text(const struct rg_provenance *p, enum rg_key key, char buf[RG_WHERE_SIZE]);

/* Converts "90", "90s", "15min", "2h" to seconds. Returns -1 for anything else and for a value
 * outside min..max. */
long rg_seconds_of(const char *text, long min, long max);
/* Writes the shortest of these forms: "15min". Returns buf. */
char *rg_seconds_text(long seconds, char buf[32]);
