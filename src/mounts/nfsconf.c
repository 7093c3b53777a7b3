// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/nfsconf.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/whole_file.h"
#include "mounts/tool.h"

#include "rg_limits.h"

#define NFS_CONF "/etc/nfs.conf"
#define MAX_BYTES (1UL << 20) /* a larger file is not read */
#define MAX_DEPTH 16	      /* of files that include others; nfs-utils has no limit */
#define MAX_INCLUDES 256      /* in all: a file that includes itself twice doubles at each depth */
#define MAX_VALUES 4096
#define DUMP_MS 5000

struct reader {
	const char *root;
	struct rg_nfsconf *c;
	int depth, includes;
	bool no_memory;
};

static void complain(struct reader *r, const char *file, unsigned int line, const char *what)
{
	if (r->c->trouble[0])
		return;
	if (line)
		snprintf(r->c->trouble, sizeof(r->c->trouble), "%s:%u: %s", file, line, what);
	else
		snprintf(r->c->trouble, sizeof(r->c->trouble), "%s: %s", file, what);
}

/* ---- values ---- */

static void free_value(struct rg_nfsconf_value *v)
{
	free(v->section);
	free(v->tag);
	free(v->value);
	free(v->origin);
}

static void forget_values(struct rg_nfsconf *c)
{
	for (size_t i = 0; i < c->n; i++)
		free_value(&c->at[i]);
	free(c->at);
	c->at = NULL;
	c->n = 0;
}

void rg_nfsconf_free(struct rg_nfsconf *c)
{
	forget_values(c);
	*c = (struct rg_nfsconf){};
}

static void set(struct reader *r, const char *section, const char *tag, const char *value,
		const char *file, unsigned int line)
{
	struct rg_nfsconf *c = r->c;
	struct rg_nfsconf_value one = {}, *more;

	if (c->n >= MAX_VALUES) {
		complain(r, file, line, "too many values: the rest is not read");
		c->err = c->err ?: -E2BIG;
		return;
	}
	more = reallocarray(c->at, c->n + 1, sizeof(*more));
	if (more)
		c->at = more;
	one.section = strdup(section);
	one.tag = strdup(tag);
	one.value = strdup(value);
	if ((line ? asprintf(&one.origin, "%s:%u", file, line)
		  : asprintf(&one.origin, "%s", file)) < 0)
		one.origin = NULL;
	if (!more || !one.section || !one.tag || !one.value || !one.origin) {
		free_value(&one);
		r->no_memory = true;
		return;
	}
	more[c->n++] = one;
}

static const struct rg_nfsconf_value *last(const struct rg_nfsconf *c, const char *section,
					   const char *tag)
{
	for (size_t i = c->n; i > 0; i--) {
		const struct rg_nfsconf_value *v = &c->at[i - 1];

		if (strcasecmp(v->section, section) == 0 && strcasecmp(v->tag, tag) == 0)
			return v;
	}
	return NULL;
}

/* Follow $NAME to another $NAME. The bound ends a circle, in which nfs-utils hangs. */
const struct rg_nfsconf_value *rg_nfsconf_find(const struct rg_nfsconf *c, const char *section,
					       const char *tag)
{
	const struct rg_nfsconf_value *v = last(c, section, tag);

	for (int i = 0; v && v->value[0] == '$' && i < MAX_DEPTH; i++)
		v = last(c, "environment", v->value + 1);
	return v && v->value[0] == '$' ? NULL : v;
}

const char *rg_nfsconf_get(const struct rg_nfsconf *c, const char *section, const char *tag)
{
	const struct rg_nfsconf_value *v = rg_nfsconf_find(c, section, tag);

	return v ? v->value : NULL;
}

bool rg_nfsconf_is(const struct rg_nfsconf *c, const char *section, const char *tag, bool otherwise)
{
	static const char *const yes[] = {"1", "t", "true", "y", "yes", "on"},
				 *const no[] = {"0", "f", "false", "n", "no", "off"};
	const char *value = rg_nfsconf_get(c, section, tag);

	for (size_t i = 0; value && i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(value, yes[i]) == 0)
			return true;
		if (strcasecmp(value, no[i]) == 0)
			return false;
	}
	return otherwise;
}

bool rg_nfsconf_number(const struct rg_nfsconf *c, const char *section, const char *tag,
		       long long *number)
{
	const char *value = rg_nfsconf_get(c, section, tag);

	if (!value)
		return false;
	*number = strtoll(value, NULL, 10); /* atoi(): what follows the digits is ignored */
	return true;
}

/* ---- lines ---- */

static void read_file(struct reader *r, const char *file, const char *section, bool optional);

static void trim_end(char *text)
{
	size_t n = strlen(text);

	while (n && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
}

/* Reads "[name]" or "[name "argument"]" into section. Makes it "" to pass the section over: no
 * value that we need is in a section with an argument. */
static void take_section(struct reader *r, char *line, char *section, size_t size, const char *file,
			 unsigned int at)
{
	char *end;

	section[0] = '\0';
	line += strspn(line, " \t");
	end = strchr(line, ']');
	if (!end) {
		complain(r, file, at, "expected a closing ], the section is passed over");
		return;
	}
	*end = '\0';
	trim_end(line);
	if (!strchr(line, '"'))
		snprintf(section, size, "%s", line);
}

/* Cuts the value out of what follows "=". NULL: a quote is not closed. */
static char *cut_value(char *text)
{
	text += strspn(text, " \t");
	if (*text == '"' || *text == '\'') {
		char *end = strchr(text + 1, *text);

		if (!end)
			return NULL;
		*end = '\0';
		return text + 1;
	}
	text[strcspn(text, "#;")] = '\0';
	trim_end(text);
	return text;
}

static void include(struct reader *r, const char *section, const char *value, const char *file,
		    unsigned int line)
{
	const char *slash = strrchr(file, '/');
	bool optional = *value == '-';
	char path[RG_PATH_SIZE];
	int n;

	value += optional;
	if (r->depth >= MAX_DEPTH) {
		complain(r, file, line, "files include each other too deeply");
		r->c->err = r->c->err ?: -ELOOP;
		return;
	}
	if (*value == '/' || !slash)
		n = snprintf(path, sizeof(path), "%s", value);
	else
		n = snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - file), file, value);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		complain(r, file, line, "the name of the included file is too long");
		r->c->err = r->c->err ?: -ENAMETOOLONG;
		return;
	}
	if (r->includes++ >= MAX_INCLUDES) {
		complain(r, file, line, "too many files are included: the rest is not read");
		r->c->err = r->c->err ?: -E2BIG;
		return;
	}
	r->depth++;
	read_file(r, path, section, optional);
	r->depth--;
}

static void take_line(struct reader *r, char *line, char *section, size_t size, const char *file,
		      unsigned int at)
{
	char *equals, *value;

	while (isspace((unsigned char)*line))
		line++;
	if (!*line || *line == '#' || *line == ';')
		return;
	if (*line == '[') {
		take_section(r, line + 1, section, size, file, at);
		return;
	}
	equals = strchr(line, '=');
	if (!equals) {
		complain(r, file, at, "expected [section] or name=value");
		return;
	}
	if (!section[0])
		return; /* nfs-utils passes over what is in no section */
	*equals = '\0';
	trim_end(line);
	value = cut_value(equals + 1);
	if (!value)
		complain(r, file, at, "expected a closing quote, the line is passed over");
	else if (strcasecmp(line, "include") == 0)
		include(r, section, value, file, at);
	else if (*line && *value) /* an empty value sets nothing: conf_set() */
		set(r, section, line, value, file, at);
}

/* Reads a whole text. A backslash continues a line. Ignores a last line without a newline, as
 * nfs-utils does. */
static void take_text(struct reader *r, char *text, const char *from, const char *file,
		      bool numbered)
{
	char section[256], *line = text;
	unsigned int at = 1, lines = 0;

	snprintf(section, sizeof(section), "%s", from);
	for (char *c = text; *c; c++) {
		if (*c != '\n')
			continue;
		lines++;
		if (c > text && c[-1] == '\\') {
			c[-1] = *c = ' ';
			continue;
		}
		*c = '\0';
		take_line(r, line, section, sizeof(section), file, numbered ? at : 0);
		line = c + 1;
		at = lines + 1;
	}
	if (*line)
		complain(r, file, at, "the last line has no end: nfs-utils ignores it");
}

/* ---- files ---- */

/* Returns 0 or the errno (negative) with which it could not be read. */
static int try_file(struct reader *r, const char *file, const char *section)
{
	char path[2 * RG_PATH_SIZE], *text;
	int err;

	snprintf(path, sizeof(path), "%s%s", r->root, file);
	err = rg_read_whole(path, MAX_BYTES, &text, NULL);
	if (err)
		return err;
	take_text(r, text, section, file, true);
	free(text);
	return 0;
}

static void read_file(struct reader *r, const char *file, const char *section, bool optional)
{
	int err = try_file(r, file, section);
	bool missing = err == -ENOENT || err == -ENOTDIR;

	if (!err || (missing && optional))
		return;
	complain(r, file, 0, rg_strerror(err));
	if (!missing)
		r->c->err = r->c->err ?: err;
}

static int is_conf(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return (d->d_type == DT_REG || d->d_type == DT_LNK || d->d_type == DT_UNKNOWN) &&
	       d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".conf") == 0;
}

static void read_dir(struct reader *r, const char *dir)
{
	char path[2 * RG_PATH_SIZE];
	struct dirent **list = NULL;
	int n;

	snprintf(path, sizeof(path), "%s%s", r->root, dir);
	n = scandir(path, &list, is_conf, versionsort);
	if (n < 0 && errno != ENOENT && errno != ENOTDIR) {
		r->c->err = r->c->err ?: -errno;
		complain(r, dir, 0, rg_strerror(r->c->err));
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		read_file(r, path, "", true);
		free(list[i]);
	}
	free(list);
}

/* Since 2.8 nfs-utils reads /usr/etc first and drops it where /etc/nfs.conf exists; the files of
 * nfs.conf.d add to either. */
static void read_files(struct reader *r)
{
	char path[2 * RG_PATH_SIZE];

	read_file(r, "/usr" NFS_CONF, "", true);
	read_dir(r, "/usr" NFS_CONF ".d");
	snprintf(path, sizeof(path), "%s" NFS_CONF, r->root);
	if (access(path, F_OK) == 0)
		forget_values(r->c);
	read_file(r, NFS_CONF, "", true);
	read_dir(r, NFS_CONF ".d");
}

/* Adds to the answer of nfs-utils the line of the file that says the same. */
static void find_origins(struct rg_nfsconf *answered, const struct rg_nfsconf *files)
{
	for (size_t i = 0; i < answered->n; i++) {
		struct rg_nfsconf_value *v = &answered->at[i];
		const struct rg_nfsconf_value *there = last(files, v->section, v->tag);
		char *origin =
			there && strcmp(there->value, v->value) == 0 ? strdup(there->origin) : NULL;

		if (!origin)
			continue;
		free(v->origin);
		v->origin = origin;
	}
}

/* Asks nfs-utils. Returns false if it is not installed or fails. */
static bool ask_nfsconf(struct reader *r)
{
	static const char *const argv[] = {"nfsconf", "--dump", NULL};
	char *text = NULL;
	size_t n = 0;
	int err = rg_tool_run(argv, DUMP_MS, MAX_BYTES, &text, &n);

	if (!err && n)
		take_text(r, text, "", "nfsconf --dump", false);
	free(text);
	/* An empty answer may stand for a missing nfs.conf, which only the files tell. */
	return !err && n;
}

int rg_nfsconf_read(const char *root, bool ask, struct rg_nfsconf *c)
{
	struct reader r = {.root = root, .c = c};

	*c = (struct rg_nfsconf){};
	read_files(&r);
	if (ask && !*root) {
		struct rg_nfsconf answered = {};
		struct reader asker = {.root = root, .c = &answered};

		if (ask_nfsconf(&asker)) {
			find_origins(&answered, c);
			/* Keep the mistakes of the files, which nfs-utils does not report. */
			memcpy(answered.trouble, c->trouble, sizeof(answered.trouble));
			answered.err = answered.err ?: c->err;
			forget_values(c);
			*c = answered;
		} else {
			rg_nfsconf_free(&answered);
		}
		r.no_memory |= asker.no_memory;
	}
	if (r.no_memory)
		c->err = -ENOMEM;
	return c->err;
}
