// SPDX-License-Identifier: GPL-2.0-only
#include "loader/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ini.h>

#include "loader/log.h"
#include "loader/names.h"

/* What a message shows of a value. */
#define SHOWN 120
#define CUT(text) SHOWN, (text), strlen(text) > SHOWN ? "..." : ""

#define MAX_FILE (1024UL * 1024)

/* ---- the keys ---- */

static int one_of(const char *first, const char *second, const char *name)
{
	return strcmp(name, first) == 0 ? 0 : strcmp(name, second) == 0 ? 1 : -1;
}

// clang-format off
static int yes_no_of(const char *name) { return one_of("no", "yes", name); }
static const char *yes_no(__u32 yes) { return yes ? "yes" : "no"; }
static int end_grace_of(const char *name) { return one_of("report", "end-grace", name); }
static const char *end_grace(__u32 end) { return end ? "end-grace" : "report"; }
// clang-format on

#define YES_NO .kind = RG_KIND_WORD, .max = 2, .of = yes_no_of, .word = yes_no

const struct rg_key_info rg_keys[RG_NR_KEYS] = {
	[RG_KEY_ACTION] = {"gate", "action", "action",
			   "what happens to a local application at a closed gate",
			   .kind = RG_KIND_WORD, .initial = RG_ACTION_HOLD, .max = RG_NR_ACTIONS,
			   .of = rg_action_of, .word = rg_action_name},
	[RG_KEY_SCOPE] = {"gate", "scope", "scope",
			  "what is kept out; each includes the ones before it",
			  .kind = RG_KIND_WORD, .initial = RG_SCOPE_LOCKS, .max = RG_NR_SCOPES,
			  .of = rg_scope_of, .word = rg_scope_name},
	[RG_KEY_RELEASE] = {"gate", "release", "release", "when the gate opens",
			    .kind = RG_KIND_WORD, .initial = RG_RELEASE_GRACE_START,
			    .max = RG_NR_RELEASES, .of = rg_release_of, .word = rg_release_name},
	[RG_KEY_SETTLE_TIMEOUT] = {"gate", "settle-timeout", "settle-timeout",
				   "settled: wait no longer for end clients", .kind = RG_KIND_TIME,
				   .initial = 0, .min = 1, .max = RG_MAX_SETTLE_TIMEOUT,
				   .zero = "lease"},
	[RG_KEY_SETTLE_QUIET] = {"gate", "settle-quiet", "settle-quiet",
				 "settled: an end client that takes nothing back for so long is "
				 "done",
				 .kind = RG_KIND_TIME, .initial = RG_DEFAULT_SETTLE_QUIET,
				 .max = RG_MAX_SETTLE_QUIET},
	[RG_KEY_MAX_HOLD] = {"gate", "max-hold", "max-hold", "open at the latest after TIME",
			     .kind = RG_KIND_TIME, .initial = RG_DEFAULT_MAX_HOLD, .min = 1,
			     .max = RG_MAX_MAX_HOLD},
	[RG_KEY_ON_ORIGIN_NO_GRACE] = {"gate", "on-origin-no-grace", "on-origin-no-grace",
				       "when an original server refuses this host's reclaims",
				       .kind = RG_KIND_WORD, .max = 2, .of = end_grace_of,
				       .word = end_grace},
	/* Initially yes, unless there is another wish: settle_mounts(). */
	[RG_KEY_EXPORTS] = {"mounts", "exports", "exports",
			    "guard the NFS mounts that are exported", .flag = true, .initial = 1,
			    YES_NO},
	[RG_KEY_ALL] = {"mounts", "all", "all",
			"guard every NFS mount of the network namespace, those to come included",
			.flag = true, YES_NO},
	[RG_KEY_MOUNT] = {"mounts", "mount", "mount",
			  "guard the NFS mount at PATH; may be given several times",
			  .kind = RG_KIND_PATHS, .max = RG_MAX_RULES},
	[RG_KEY_EXCEPT] = {"mounts", "except", "except",
			   "but not the NFS mount at PATH, nor those below PATH; likewise",
			   .kind = RG_KIND_PATHS, .max = RG_MAX_RULES},
	[RG_KEY_PROGRAM] = {"exempt", "program", "exempt",
			    "never keep the executable PATH out; likewise", .kind = RG_KIND_PATHS,
			    .max = RG_MAX_EXEMPT},
	[RG_KEY_DEFAULTS] = {"exempt", "defaults", NULL, NULL, .initial = 1, YES_NO},
	[RG_KEY_STATE_DIR] = {"daemon", "state-dir", "state-dir",
			      "where the daemon keeps what must outlive a reboot",
			      .kind = RG_KIND_PATH},
	[RG_KEY_LEDGER_INTERVAL] = {"daemon", "ledger-interval", NULL, NULL, .kind = RG_KIND_TIME,
				    .initial = RG_DEFAULT_LEDGER_INTERVAL, .min = 1,
				    .max = RG_MAX_LEDGER_INTERVAL},
	[RG_KEY_METRICS_DIR] = {"daemon", "metrics-dir", "metrics-dir",
				"where the daemon writes its metrics, for node_exporter",
				.kind = RG_KIND_PATH, .zero = "none"},
	[RG_KEY_METRICS_INTERVAL] = {"daemon", "metrics-interval", NULL, NULL, .kind = RG_KIND_TIME,
				     .initial = RG_DEFAULT_METRICS_INTERVAL, .min = 1,
				     .max = RG_MAX_METRICS_INTERVAL},
};
_Static_assert(RG_NR_KEYS <= RG_PROVENANCE_KEYS, "room for every key");

static long number(const struct rg_config *c, enum rg_key key)
{
	switch (key) {
	case RG_KEY_ACTION:
		return (long)c->policy.action;
	case RG_KEY_SCOPE:
		return (long)c->policy.scope;
	case RG_KEY_RELEASE:
		return (long)c->policy.release;
	case RG_KEY_SETTLE_TIMEOUT:
		return (long)c->policy.settle_timeout_s;
	case RG_KEY_SETTLE_QUIET:
		return (long)c->policy.settle_quiet_s;
	case RG_KEY_MAX_HOLD:
		return (long)c->policy.max_hold_s;
	case RG_KEY_ON_ORIGIN_NO_GRACE:
		return (long)c->policy.end_grace;
	case RG_KEY_EXPORTS:
		return c->exports;
	case RG_KEY_ALL:
		return c->all;
	case RG_KEY_DEFAULTS:
		return c->exempt_defaults;
	case RG_KEY_LEDGER_INTERVAL:
		return c->ledger_interval_s;
	case RG_KEY_METRICS_INTERVAL:
		return c->metrics_interval_s;
	default:
		return 0;
	}
}

/* n is within the key's limits, and so within its bits. */
static void set_number(struct rg_config *c, enum rg_key key, long n)
{
	switch (key) {
	case RG_KEY_ACTION:
		c->policy.action = n & 3;
		break;
	case RG_KEY_SCOPE:
		c->policy.scope = n & 3;
		break;
	case RG_KEY_RELEASE:
		c->policy.release = n & 3;
		break;
	case RG_KEY_SETTLE_TIMEOUT:
		c->policy.settle_timeout_s = n & 0xfff;
		break;
	case RG_KEY_SETTLE_QUIET:
		c->policy.settle_quiet_s = n & 0x3ff;
		break;
	case RG_KEY_MAX_HOLD:
		c->policy.max_hold_s = n & 0x1ffff;
		break;
	case RG_KEY_ON_ORIGIN_NO_GRACE:
		c->policy.end_grace = n & 1;
		break;
	case RG_KEY_EXPORTS:
		c->exports = n;
		break;
	case RG_KEY_ALL:
		c->all = n;
		break;
	case RG_KEY_DEFAULTS:
		c->exempt_defaults = n;
		break;
	case RG_KEY_LEDGER_INTERVAL:
		c->ledger_interval_s = n;
		break;
	case RG_KEY_METRICS_INTERVAL:
		c->metrics_interval_s = n;
		break;
	default:
		break;
	}
}
_Static_assert(RG_MAX_SETTLE_TIMEOUT <= 0xfff && RG_MAX_SETTLE_QUIET <= 0x3ff &&
		       RG_MAX_MAX_HOLD <= 0x1ffff && RG_NR_ACTIONS <= 4 && RG_NR_SCOPES <= 4 &&
		       RG_NR_RELEASES <= 4,
	       "the bits of struct rg_policy");

static struct rg_list *list_of(struct rg_config *c, enum rg_key key)
{
	return key == RG_KEY_MOUNT ? &c->mounts : key == RG_KEY_EXCEPT ? &c->excepts : &c->programs;
}

static char *path_of(struct rg_config *c, enum rg_key key)
{
	return key == RG_KEY_METRICS_DIR ? c->metrics_dir : c->state_dir;
}

/* ---- values ---- */

static const struct {
	const char *unit;
	long seconds;
} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}};

long rg_seconds_of(const char *text, long min, long max)
{
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

char *rg_seconds_text(long seconds, char buf[32])
{
	size_t i = sizeof(units) / sizeof(units[0]) - 1;

	while (i > 1 && (!seconds || seconds % units[i].seconds))
		i--;
	snprintf(buf, 32, "%ld%s", seconds / units[i].seconds, units[i].unit);
	return buf;
}

static bool is_path(const char *path)
{
	if (*path != '/' || strlen(path) >= RG_PATH_SIZE)
		return false;
	for (const char *at = path; *at; at += strcspn(at, "/")) {
		size_t n;

		at += strspn(at, "/");
		n = strcspn(at, "/");
		if ((n == 1 || n == 2) && strncmp(at, "..", n) == 0)
			return false;
	}
	return true;
}

char *rg_key_metavar(enum rg_key key, char buf[RG_EXPECTED_SIZE])
{
	const struct rg_key_info *k = &rg_keys[key];
	size_t at = 0;

	buf[0] = '\0';
	switch (k->kind) {
	case RG_KIND_WORD:
		for (long i = 0; i < k->max && at < RG_EXPECTED_SIZE; i++)
			at += (size_t)snprintf(buf + at, RG_EXPECTED_SIZE - at, "%s%s",
					       i ? "|" : "", k->word((__u32)i));
		break;
	case RG_KIND_TIME:
		snprintf(buf, RG_EXPECTED_SIZE, "%s%sTIME", k->zero ?: "", k->zero ? "|" : "");
		break;
	default:
		snprintf(buf, RG_EXPECTED_SIZE, "%s%sPATH", k->zero ?: "", k->zero ? "|" : "");
	}
	return buf;
}

static void expect(enum rg_key key, char expected[RG_EXPECTED_SIZE])
{
	const struct rg_key_info *k = &rg_keys[key];
	char words[RG_EXPECTED_SIZE], like[32], min[32], max[32];

	switch (k->kind) {
	case RG_KIND_WORD:
		snprintf(expected, RG_EXPECTED_SIZE, "%s", rg_key_metavar(key, words));
		break;
	case RG_KIND_TIME:
		snprintf(expected, RG_EXPECTED_SIZE, "%s%sa time like %s, from %s to %s",
			 k->zero ?: "", k->zero ? ", or " : "",
			 rg_seconds_text(k->initial ?: RG_DEFAULT_LEASE, like),
			 rg_seconds_text(k->min, min), rg_seconds_text(k->max, max));
		break;
	default:
		snprintf(expected, RG_EXPECTED_SIZE,
			 "%s%san absolute path without . and .., of less than %d bytes",
			 k->zero ?: "", k->zero ? ", or " : "", RG_PATH_SIZE);
	}
}

/* False: there are enough of them. */
static bool append(struct rg_list *list, const char *path, size_t max)
{
	char **at;

	if (list->n >= max)
		return false;
	at = realloc(list->at, (list->n + 1) * sizeof(*at));
	if (!at)
		return false;
	list->at = at;
	at[list->n] = strdup(path);
	if (!at[list->n])
		return false;
	list->n++;
	return true;
}

static void forget(struct rg_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->at[i]);
	free(list->at);
	list->at = NULL;
	list->n = 0;
}

bool rg_config_set(struct rg_config *c, enum rg_key key, const char *value, unsigned int line,
		   char expected[RG_EXPECTED_SIZE])
{
	const struct rg_key_info *k = &rg_keys[key];
	struct rg_origin *from = &c->origin[key];
	bool zero = k->zero && strcmp(value, k->zero) == 0;
	long n = 0;

	switch (k->kind) {
	case RG_KIND_WORD:
		n = k->of(value);
		break;
	case RG_KIND_TIME:
		if (!zero)
			n = rg_seconds_of(value, k->min, k->max);
		break;
	default:
		n = zero || is_path(value) ? 0 : -1;
	}
	if (n < 0) {
		expect(key, expected);
		return false;
	}
	if (k->kind == RG_KIND_PATH) {
		strcpy(path_of(c, key), zero ? "" : value);
	} else if (k->kind == RG_KIND_PATHS) {
		if (!append(list_of(c, key), value, (size_t)k->max)) {
			snprintf(expected, RG_EXPECTED_SIZE, "%ld of them at most", k->max);
			return false;
		}
	} else {
		set_number(c, key, n);
	}
	if (!line) {
		from->command_line = true;
		if (k->kind != RG_KIND_PATHS)
			from->line = 0;
	} else if (!from->line) {
		from->line = line;
	}
	return true;
}

size_t rg_config_count(const struct rg_config *c, enum rg_key key)
{
	return rg_keys[key].kind == RG_KIND_PATHS ? list_of((struct rg_config *)c, key)->n : 1;
}

char *rg_config_text(const struct rg_config *c, enum rg_key key, size_t i, char buf[RG_PATH_SIZE])
{
	const struct rg_key_info *k = &rg_keys[key];
	long n = number(c, key);
	const char *path;
	char text[32];

	switch (k->kind) {
	case RG_KIND_WORD:
		snprintf(buf, RG_PATH_SIZE, "%s", k->word((__u32)n));
		break;
	case RG_KIND_TIME:
		snprintf(buf, RG_PATH_SIZE, "%s",
			 k->zero && !n ? k->zero : rg_seconds_text(n, text));
		break;
	case RG_KIND_PATH:
		path = path_of((struct rg_config *)c, key);
		snprintf(buf, RG_PATH_SIZE, "%s", *path ? path : k->zero ?: "");
		break;
	default:
		snprintf(buf, RG_PATH_SIZE, "%s", list_of((struct rg_config *)c, key)->at[i]);
	}
	return buf;
}

void rg_config_init(struct rg_config *c)
{
	memset(c, 0, sizeof(*c));
	for (int i = 0; i < RG_NR_KEYS; i++)
		set_number(c, i, rg_keys[i].initial);
	strcpy(c->state_dir, RG_STATE_DIR);
	c->policy.which = RG_WHICH_EXPORTS;
}

void rg_config_free(struct rg_config *c)
{
	forget(&c->mounts);
	forget(&c->excepts);
	forget(&c->programs);
}

/* ---- what values mean together ---- */

bool rg_config_says(const struct rg_config *c, enum rg_key key)
{
	return c->origin[key].line || c->origin[key].command_line;
}

/* Which mounts that makes. The key at fault, or RG_NR_KEYS. */
static enum rg_key settle_mounts(struct rg_config *c)
{
	if (!rg_config_says(c, RG_KEY_EXPORTS))
		c->exports = !c->all && !c->mounts.n;
	c->policy.which = c->all ? RG_WHICH_ALL : c->exports ? RG_WHICH_EXPORTS : RG_WHICH_LISTED;
	if (c->all && (c->exports || c->mounts.n))
		return RG_KEY_ALL;
	return c->all || c->exports || c->mounts.n ? RG_NR_KEYS : RG_KEY_EXPORTS;
}

enum presence {
	PROGRAM_IS_THERE = 0,
	PROGRAM_IS_MISSING,
	PROGRAM_IS_NONE, /* something else */
};

/* The kernel's executable of a script is its interpreter. */
static bool is_script(const char *program)
{
	char start[2];
	ssize_t n;
	int fd = open(program, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	n = read(fd, start, sizeof(start));
	close(fd);
	return n == sizeof(start) && start[0] == '#' && start[1] == '!';
}

/* *why: what it is instead. */
static enum presence look_for(const char *program, const char **why)
{
	struct stat st;

	if (stat(program, &st) < 0) {
		*why = rg_strerror(errno);
		return errno == ENOENT || errno == ENOTDIR ? PROGRAM_IS_MISSING : PROGRAM_IS_NONE;
	}
	*why = S_ISDIR(st.st_mode)    ? "a directory"
	       : !S_ISREG(st.st_mode) ? "not a regular file"
	       : !(st.st_mode & 0111) ? "not executable"
	       : is_script(program)   ? "a script, whose executable is its interpreter"
				      : NULL;
	return *why ? PROGRAM_IS_NONE : PROGRAM_IS_THERE;
}

/* ---- the file ----
 *
 * inih finds sections, keys and comments. It cuts lines (at 200 bytes, as
 * Debian builds it), cuts values at " ;", takes an indented line for more of
 * the value above, and names one line it did not understand. So it is given
 * lines without indentation, each with a mark in the value's place, and a line
 * of which nothing comes is a mistake.
 */

struct input {
	struct rg_config *c;
	const char *file;
	rg_hear *hear;
	bool strict;
	char *next, *end;  /* what is left of the text */
	unsigned int line; /* that is being read; 0: the file as a whole */
	char *at;	   /* its text */
	const char *value;
	bool awaited;	     /* a key has to come of it */
	const char *section; /* it is in; NULL: none yet */
	unsigned int seen[RG_NR_KEYS];
	int mistakes;
};

#define NO_SECTION "?"

/* "FILE:LINE: [section] key: value: expected ...", as far as there is one. */
static void RG_PRINTF(5, 6) mistake(struct input *in, const char *section, const char *key,
				    const char *value, const char *fmt, ...)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	va_list args;

	in->mistakes++;
	if (!out) {
		in->hear("out of memory");
		return;
	}
	fprintf(out, "%s:", in->file);
	if (in->line)
		fprintf(out, "%u:", in->line);
	if (section)
		fprintf(out, " [%.*s%s]%s", CUT(section), key ? "" : ":");
	if (key)
		fprintf(out, " %.*s%s:", CUT(key));
	if (value)
		fprintf(out, " %.*s%s:", CUT(*value ? value : "\"\""));
	fputc(' ', out);
	va_start(args, fmt);
	vfprintf(out, fmt, args);
	va_end(args);
	if (fclose(out) == 0) {
		/* It stays one line, and a terminal a terminal. */
		for (char *c = text; *c; c++)
			if (iscntrl((unsigned char)*c))
				*c = '?';
		in->hear(text);
	} else {
		in->hear("out of memory");
	}
	free(text);
}

/* "a, b or c": the sections, or the keys of one. */
static const char *names(const char *section, char buf[RG_EXPECTED_SIZE])
{
	const char *all[RG_NR_KEYS] = {};
	size_t n = 0, at = 0;

	for (int i = 0; i < RG_NR_KEYS; i++) {
		const char *one = section ? rg_keys[i].name : rg_keys[i].section;

		if (section ? strcmp(rg_keys[i].section, section) == 0
			    : !n || strcmp(all[n - 1], one) != 0)
			all[n++] = one;
	}
	buf[0] = '\0';
	for (size_t i = 0; i < n && at < RG_EXPECTED_SIZE; i++)
		at += (size_t)snprintf(buf + at, RG_EXPECTED_SIZE - at, section ? "%s%s" : "%s[%s]",
				       !i	    ? ""
				       : i + 1 == n ? " or "
						    : ", ",
				       all[i]);
	return buf;
}

/* "[gate]" to its name as the table has it, or NULL: said. Cuts the text. */
static const char *section_of(struct input *in, char *text)
{
	char expected[RG_EXPECTED_SIZE], *close = strchr(text, ']');

	if (!close || close[1]) {
		mistake(in, NULL, NULL, text, "expected %s and nothing else in this line",
			names(NULL, expected));
		return NULL;
	}
	*close = '\0';
	for (int i = 0; i < RG_NR_KEYS; i++)
		if (strcmp(rg_keys[i].section, text + 1) == 0)
			return rg_keys[i].section;
	mistake(in, text + 1, NULL, NULL, "no such section: expected %s", names(NULL, expected));
	return NULL;
}

static char *trim(char *text, size_t n)
{
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* To be named in a message. */
static const char *named_section(const struct input *in)
{
	return in->section && strcmp(in->section, NO_SECTION) != 0 ? in->section : NULL;
}

/* The next line as inih is to see it (an ini_reader). */
static char *next_line(char *str, int num, void *stream)
{
	struct input *in = stream;
	char *text = in->next, *newline, *equals;
	size_t n;

	if (in->awaited)
		mistake(in, named_section(in), NULL, in->at, "expected KEY = VALUE, in one line");
	in->awaited = false;
	if (text >= in->end || num < 8)
		return NULL;
	newline = memchr(text, '\n', (size_t)(in->end - text));
	n = (size_t)((newline ?: in->end) - text);
	in->next = newline ? newline + 1 : in->end;
	in->line++;
	str[0] = '\0';
	if (memchr(text, '\0', n)) {
		mistake(in, named_section(in), NULL, NULL, "NUL byte in this line: expected text");
		return str;
	}
	if (in->line == 1 && n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		mistake(in, NULL, NULL, NULL, "byte order mark: expected a file without one");
		text += 3;
		n -= 3;
	}
	text = trim(text, n);
	if (!*text || strchr(";#", *text))
		return str;
	if (*text == '[') {
		in->section = section_of(in, text) ?: NO_SECTION;
		snprintf(str, (size_t)num, "[%s]", in->section);
		return str;
	}
	in->awaited = true;
	in->at = text;
	equals = strpbrk(text, "=:");
	in->value = equals ? equals + 1 + strspn(equals + 1, " \t\r\v\f") : "";
	n = equals ? (size_t)(equals - text) : strlen(text);
	if (n > (size_t)num - 4)
		n = (size_t)num - 4;
	/* A full buffer without a newline is to inih (r59) the start of a longer line,
	 * and it throws away all lines up to the next newline. */
	snprintf(str, (size_t)num, "%.*s%s\n", (int)n, text, equals ? "=x" : "");
	return str;
}

static enum rg_key key_of(const char *section, const char *name)
{
	int i = 0;

	while (i < RG_NR_KEYS && ((section && strcmp(rg_keys[i].section, section) != 0) ||
				  strcmp(rg_keys[i].name, name) != 0))
		i++;
	return i;
}

static void check_program(struct input *in)
{
	const char *why;
	enum presence is = look_for(in->value, &why);

	if (is == PROGRAM_IS_MISSING && !in->strict)
		rg_warn("%s:%u: [exempt] program: %.*s%s: %s; it is not exempt", in->file, in->line,
			CUT(in->value), why);
	else if (is != PROGRAM_IS_THERE)
		mistake(in, "exempt", "program", in->value, "%s: expected an executable file", why);
}

/* A key and its value (an ini_handler). */
static int take(void *user, const char *section, const char *name, const char *mark)
{
	char expected[RG_EXPECTED_SIZE];
	struct input *in = user;
	enum rg_key key, elsewhere;

	(void)mark;
	in->awaited = false;
	if (in->section && !named_section(in))
		return 1; /* its section is the mistake */
	key = key_of(section, name);
	elsewhere = key_of(NULL, name);
	if (!*section) {
		if (elsewhere < RG_NR_KEYS)
			snprintf(expected, sizeof(expected), "[%s]", rg_keys[elsewhere].section);
		else
			names(NULL, expected);
		mistake(in, NULL, name, in->value, "outside a section: expected below %s",
			expected);
	} else if (key == RG_NR_KEYS && elsewhere < RG_NR_KEYS) {
		mistake(in, section, name, in->value, "no such key here: expected below [%s]",
			rg_keys[elsewhere].section);
	} else if (key == RG_NR_KEYS) {
		mistake(in, section, name, in->value, "no such key: expected %s",
			names(section, expected));
	} else if (rg_keys[key].kind != RG_KIND_PATHS && in->seen[key]) {
		mistake(in, section, name, in->value, "given in line %u already: expected once",
			in->seen[key]);
	} else {
		in->seen[key] = in->line;
		if (!rg_config_set(in->c, key, in->value, in->line, expected))
			mistake(in, section, name, in->value, "expected %s", expected);
		else if (key == RG_KEY_PROGRAM)
			check_program(in);
	}
	return 1;
}

/* The whole file, at in->next, owned by the caller. 0, or a negative errno. */
static int slurp(const char *file, struct input *in, char **text, const char **why)
{
	/* NONBLOCK: a fifo would wait for its writer. */
	int err = 0, fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t size = 0;
	ssize_t n = 1;

	*text = NULL;
	if (fd < 0 || fstat(fd, &st) < 0) {
		err = -errno;
		*why = rg_strerror(err);
	} else if (!S_ISREG(st.st_mode)) {
		err = -EINVAL;
		*why = S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file";
	} else if (!(*text = malloc(MAX_FILE + 2))) {
		err = -ENOMEM;
		*why = rg_strerror(err);
	}
	while (!err && n > 0 && size <= MAX_FILE) {
		n = read(fd, *text + size, MAX_FILE + 1 - size);
		if (n < 0) {
			err = -errno;
			*why = rg_strerror(err);
		} else {
			size += (size_t)n;
		}
	}
	if (!err && size > MAX_FILE) {
		err = -EFBIG;
		*why = "is larger than 1 MiB";
	}
	if (fd >= 0)
		close(fd);
	in->next = *text;
	in->end = *text ? *text + size : NULL;
	return err;
}

/* So that it means the same in another directory. */
static bool make_absolute(const char *file, char out[RG_PATH_SIZE])
{
	char *cwd = *file == '/' ? NULL : getcwd(NULL, 0);
	int n = snprintf(out, RG_PATH_SIZE, "%s%s%s", cwd ?: "", cwd ? "/" : "", file);

	free(cwd);
	return n < RG_PATH_SIZE;
}

int rg_config_read(struct rg_config *c, const char *file, int how, rg_hear *hear)
{
	struct input in = {.c = c, .file = file, .hear = hear, .strict = how & RG_READ_STRICT};
	const char *why = "its name is too long";
	enum rg_key at_fault;
	char *text = NULL;
	int err = make_absolute(file, c->file) ? slurp(file, &in, &text, &why) : -ENAMETOOLONG;

	if (err == -ENOENT && (how & RG_READ_OPTIONAL)) {
		c->file[0] = '\0';
		return 0;
	}
	if (err) {
		mistake(&in, NULL, NULL, NULL, "%s: expected a configuration file", why);
		free(text);
		return in.mistakes;
	}
	if (ini_parse_stream(next_line, &in, take, &in) < 0)
		mistake(&in, NULL, NULL, NULL, "cannot be parsed: out of memory");
	at_fault = settle_mounts(c);
	in.line = at_fault < RG_NR_KEYS ? c->origin[at_fault].line : 0;
	if (at_fault == RG_KEY_ALL)
		mistake(&in, "mounts", "all", "yes",
			"with exports or mount as well: expected one or the other");
	else if (at_fault == RG_KEY_EXPORTS && !in.seen[RG_KEY_MOUNT])
		mistake(&in, "mounts", "exports", "no",
			"nothing would be guarded: expected yes, a mount, or all = yes");
	free(text);
	return in.mistakes;
}

/* ---- the command line ---- */

int rg_config_overlay(struct rg_config *c, const struct rg_setting *settings, size_t n,
		      const char *verb)
{
	static const enum rg_key of_mounts[] = {RG_KEY_EXPORTS, RG_KEY_ALL, RG_KEY_MOUNT};
	static const enum rg_key of_settled[] = {RG_KEY_SETTLE_TIMEOUT, RG_KEY_SETTLE_QUIET};
	char expected[RG_EXPECTED_SIZE];
	bool named = false;

	for (size_t i = 0; i < n; i++)
		for (size_t m = 0; m < sizeof(of_mounts) / sizeof(of_mounts[0]); m++)
			named |= settings[i].key == of_mounts[m];
	if (named) {
		for (size_t m = 0; m < sizeof(of_mounts) / sizeof(of_mounts[0]); m++)
			c->origin[of_mounts[m]] = (struct rg_origin){};
		forget(&c->mounts);
		c->all = false;
	}
	for (size_t i = 0; i < n; i++) {
		const char *value = settings[i].value, *why, *option;

		option = rg_keys[settings[i].key].option;
		if (!rg_config_set(c, settings[i].key, value, 0, expected))
			return rg_error(RG_USAGE, "%s: --%s %.*s%s: expected %s", verb, option,
					CUT(value), expected);
		if (settings[i].key != RG_KEY_PROGRAM)
			continue;
		switch (look_for(value, &why)) {
		case PROGRAM_IS_THERE:
			break;
		case PROGRAM_IS_MISSING:
			rg_warn("%s: --%s %.*s%s: %s; it is not exempt", verb, option, CUT(value),
				why);
			break;
		default:
			return rg_error(RG_FAILED,
					"%s: --%s %.*s%s: %s: expected an executable file", verb,
					option, CUT(value), why);
		}
	}
	if (settle_mounts(c) != RG_NR_KEYS)
		return rg_error(RG_USAGE, "%s: --all: goes with neither --exports nor --mount",
				verb);
	for (size_t i = 0; i < sizeof(of_settled) / sizeof(of_settled[0]); i++)
		if (c->origin[of_settled[i]].command_line &&
		    c->policy.release != RG_RELEASE_SETTLED)
			return rg_error(RG_USAGE, "%s: --%s: goes with release settled, not %s",
					verb, rg_keys[of_settled[i]].option,
					rg_release_name(c->policy.release));
	return RG_DONE;
}

/* ---- where values came from ---- */

void rg_provenance_of(const struct rg_config *c, struct rg_provenance *p)
{
	memset(p, 0, sizeof(*p));
	strcpy(p->file, c->file);
	for (int i = 0; i < RG_NR_KEYS; i++)
		p->line[i] =
			c->origin[i].line | (c->origin[i].command_line ? RG_FROM_COMMAND_LINE : 0);
	p->exempt_defaults = c->exempt_defaults;
}

char *rg_provenance_text(const struct rg_provenance *p, enum rg_key key, char buf[RG_WHERE_SIZE])
{
	__u32 line = p->line[key] & ~RG_FROM_COMMAND_LINE;
	bool command_line = p->line[key] & RG_FROM_COMMAND_LINE;
	int n = 0;

	if (line)
		n = snprintf(buf, RG_WHERE_SIZE, "%.*s:%u", RG_PATH_SIZE - 1, p->file, line);
	if (command_line || !line)
		snprintf(buf + n, RG_WHERE_SIZE - (size_t)n, "%s%s", line ? ", " : "",
			 command_line ? "command line" : "default");
	return buf;
}
