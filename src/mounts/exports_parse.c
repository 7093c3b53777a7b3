// SPDX-License-Identifier: GPL-2.0-only
/* Parses the format of exports(5). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mounts/exports_list.h"
#include "base/log.h"

#define MAX_BAD 16
#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)

struct parser {
	const char *at, *end;
	enum rg_export_source source;
	bool exportfs; /* a program wrote it: it has octal escapes and no quotes */
	const char *file;
	unsigned int line;
	rg_exports_bad bad;
	void *arg;
	unsigned int n_bad;

	/* the word that was read last */
	char *word;
	size_t len, room;
	bool unclosed, nul;

	/* the current entry, and the options of a client that states none */
	struct rg_export entry;
	struct rg_export_options by_default;
};

void rg_exports_warn(void *arg, const char *file, unsigned int line, const char *what)
{
	(void)arg;
	if (line)
		rg_warn("%s:%u: %s", file, line, what);
	else
		rg_warn("%s: %s", file, what);
}

static void complain(struct parser *p, unsigned int line, const char *what)
{
	/* Report no mistake of a program's output: nobody could correct it. */
	if (!p->bad || p->exportfs || p->n_bad > MAX_BAD)
		return;
	if (p->n_bad++ == MAX_BAD)
		p->bad(p->arg, p->file, 0, "more lines like these are not shown");
	else
		p->bad(p->arg, p->file, line, what);
}

/* Returns the next character, a blank for the end of a continued line, -1 at the end. */
static int next(struct parser *p)
{
	unsigned char c;

	if (p->at == p->end)
		return -1;
	c = (unsigned char)*p->at++;
	if (c == '\\' && !p->exportfs && p->at < p->end && *p->at == '\n') {
		p->line++;
		for (p->at++; p->at < p->end && (*p->at == ' ' || *p->at == '\t');)
			p->at++;
		return ' ';
	}
	return c;
}

static bool is_blank(const struct parser *p, int c)
{
	if (c == ' ' || c == '\t')
		return true;
	return !p->exportfs && (c == '\r' || c == '\v' || c == '\f');
}

/* Skips to the next word of the line. Returns false if there is none. A comment begins where a
 * word could begin and ends with its line; a backslash does not continue it. */
static bool skip_blanks(struct parser *p)
{
	for (;;) {
		const char *was = p->at;
		unsigned int line = p->line;
		int c = next(p);

		if (c == '#' && !p->exportfs) {
			p->at = memchr(p->at, '\n', (size_t)(p->end - p->at)) ?: p->end;
			return false;
		}
		if (!is_blank(p, c)) {
			p->at = was;
			p->line = line;
			return c != -1 && c != '\n';
		}
	}
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Converts \ooo at the end of the word, if it begins at `from` or later. */
static bool unescape(struct parser *p, size_t from)
{
	char *w;

	if (p->len < from + 4)
		return false;
	w = p->word + p->len - 4;
	if (w[0] != '\\' || !is_octal(w[1]) || w[1] > '3' || !is_octal(w[2]) || !is_octal(w[3]))
		return false;
	w[0] = (char)((w[1] - '0') << 6 | (w[2] - '0') << 3 | (w[3] - '0'));
	p->len -= 3;
	return true;
}

/* Reads one word, in which quotes may begin and end anywhere. Ends a quote with its line, unlike
 * nfs-utils: otherwise one missing quote would hide the rest of the file. */
static int read_word(struct parser *p)
{
	bool quoted = false;
	size_t from = 0;

	p->len = 0;
	p->unclosed = false;
	for (;;) {
		const char *was = p->at;
		int c = next(p);

		if (c == -1 || c == '\n' || (is_blank(p, c) && !quoted)) {
			if (c == '\n')
				p->at = was;
			break;
		}
		if (c == '"' && !p->exportfs) {
			quoted = !quoted;
			continue;
		}
		if (p->len + 1 >= p->room) {
			size_t room = p->room ? 2 * p->room : 256;
			char *more = realloc(p->word, room);

			if (!more)
				return -ENOMEM;
			p->word = more;
			p->room = room;
		}
		p->word[p->len++] = (char)c;
		/* exportfs -s escapes each byte once. In the files, as nfs-utils reads them, the
		 * result of an escape may begin another one. */
		if (unescape(p, from) && p->exportfs)
			from = p->len;
	}
	if (!p->word) {
		p->word = calloc(1, 1);
		if (!p->word)
			return -ENOMEM;
		p->room = 1;
	}
	p->word[p->len] = '\0';
	p->unclosed = quoted;
	p->nul = strlen(p->word) != p->len;
	return 0;
}

/* Checks what holds for every word. */
static void check_word(struct parser *p)
{
	if (p->unclosed)
		complain(p, p->line, "expected a closing quote on the same line");
	if (p->nul)
		complain(p, p->line, "expected text, found a NUL byte");
}

/* Reads fsid= as nfs-utils does: a number of any base, or the word for 0. */
static void take_fsid(const char *value, size_t len, char fsid[RG_FSID_SIZE])
{
	char *end;
	unsigned long n;

	snprintf(fsid, RG_FSID_SIZE, "%.*s", (int)(len < RG_FSID_SIZE ? len : RG_FSID_SIZE), value);
	if (strcmp(fsid, "root") == 0)
		strcpy(fsid, "0");
	n = strtoul(fsid, &end, 0);
	if (*fsid >= '0' && *fsid <= '9' && !*end)
		snprintf(fsid, RG_FSID_SIZE, "%lu", n);
}

/* Says whether an option is "name" or, with `value`, "name=...". */
static bool is_option(const char *o, size_t len, const char *name, bool value)
{
	size_t n = strlen(name);

	return len >= n && strncmp(o, name, n) == 0 &&
	       (len == n ? !value : value && o[n] == '=' && len > n + 1);
}

/* Reads reexport=STRATEGY, as parseopts() of nfs-utils 2.6.3 does (support/nfs/exports.c). */
static void take_reexport(const char *o, size_t len, bool *seen, struct rg_export_options *is)
{
	is->reexport_bad |= *seen;
	*seen = true;
	if (is_option(o, len, "reexport=auto-fsidnum", false))
		is->reexport = RG_REEXPORT_AUTO;
	else if (is_option(o, len, "reexport=predefined-fsidnum", false))
		is->reexport = RG_REEXPORT_PREDEFINED;
	else if (is_option(o, len, "reexport=none", false))
		is->reexport = RG_REEXPORT_NONE;
	else
		is->reexport_bad = true;
	is->no_fsid &= is->reexport == RG_REEXPORT_NONE;
}

/* Reads a list of options; the rest comes from `otherwise`. A `broken` list counts only where it
 * makes the export larger or less sound. */
static struct rg_export_options read_options(const char *options,
					     const struct rg_export_options *otherwise, bool broken)
{
	struct rg_export_options is = *otherwise;
	bool reexport = false;

	for (const char *o = options; *o;) {
		size_t len = strcspn(o, ",() \t");

		if (is_option(o, len, "crossmnt", false))
			is.crossmnt = true;
		if (is_option(o, len, "nocrossmnt", false) && !broken)
			is.crossmnt = false;
		if (is_option(o, len, "fsid", true) && !broken) {
			take_fsid(o + 5, len - 5, is.fsid);
			is.no_fsid = false;
			is.fsid_late |= reexport;
		}
		/* The kernel prints the UUID that mountd gave it under this name. */
		if (is_option(o, len, "uuid", true) && !broken)
			is.no_fsid = false;
		if (is_option(o, len, "reexport", true) && !broken)
			take_reexport(o, len, &reexport, &is);
		if ((is_option(o, len, "mp", false) || is_option(o, len, "mp", true) ||
		     is_option(o, len, "mountpoint", false) ||
		     is_option(o, len, "mountpoint", true)) &&
		    !broken)
			is.no_mountpoint = false;
		o += len;
		o += strspn(o, ",() \t");
	}
	return is;
}

static int add_client(struct parser *p, const char *name, const struct rg_export_options *options,
		      bool behind_blank)
{
	struct rg_export_client one = {.name = (char *)name,
				       .origin = p->entry.origin,
				       .source = p->source,
				       .behind_blank = behind_blank,
				       .options = *options};

	return rg_export_add_client(&p->entry, &one);
}

/* Reads client, client(options) or (options). */
static int read_client(struct parser *p)
{
	char *open = strchr(p->word, '('), *close;
	struct rg_export *e = &p->entry;
	struct rg_export_options is;
	bool broken, blank = false;

	if (!open) {
		int err = add_client(p, *p->word ? p->word : "*", &p->by_default, false);

		/* Cleared when options follow behind a blank. */
		if (!err && p->source == RG_FROM_FILE)
			e->clients[e->n_clients - 1].before_blank = true;
		return err;
	}
	close = strchr(open, ')');
	broken = !close || close[1] != '\0';
	if (broken)
		complain(p, p->line, "expected client(option,...) and then a blank");
	is = read_options(open + 1, &p->by_default, broken);
	/* Options behind a blank were meant for the client before it, which has none of its
	 * own. */
	blank = open == p->word && e->n_clients && e->clients[e->n_clients - 1].before_blank;
	*open = '\0';
	return add_client(p, open == p->word ? "*" : p->word, &is, blank);
}

/* Only the whole entry tells whether a client stands before such a blank. */
static void settle_blanks(struct rg_export *e)
{
	for (size_t i = 0; i < e->n_clients; i++)
		e->clients[i].before_blank = e->clients[i].before_blank && i + 1 < e->n_clients &&
					     e->clients[i + 1].behind_blank;
}

/* Reads the clients that follow the path. */
static int read_clients(struct parser *p)
{
	bool defaults = false; /* the last word was a list of options without a client */
	int err = 0;

	p->by_default = (struct rg_export_options){.no_fsid = true, .no_mountpoint = true};
	while (!err && skip_blanks(p)) {
		err = read_word(p);
		if (err)
			return err;
		check_word(p);
		if (p->word[0] == '-' && !p->exportfs) {
			bool broken = strpbrk(p->word, "()");

			if (broken)
				complain(p, p->line, "expected -option,... without parentheses");
			/* nfs-utils takes a second one for the name of a client. */
			if (defaults)
				rg_export_options_join(&p->entry.options, &p->by_default);
			p->by_default = read_options(p->word + 1, &p->by_default, broken);
			defaults = true;
		} else {
			err = read_client(p);
			defaults = false;
		}
	}
	/* Options without a client, and a path alone, count for everybody. */
	if (!err && (defaults || !p->entry.n_clients))
		err = add_client(p, "*", &p->by_default, false);
	settle_blanks(&p->entry);
	return err;
}

/* Says whether this is the root of the NFSv4 name space, which mountd adds and nobody
 * exported. */
static bool is_made_up(const struct parser *p, const char *line)
{
	const char *end = memchr(line, '\n', (size_t)(p->end - line)) ?: p->end;

	return p->source == RG_FROM_KERNEL &&
	       (*line == '#' || memmem(line, (size_t)(end - line), ",v4root", 7));
}

static int finish_entry(struct parser *p, struct rg_exports *out, unsigned int line)
{
	int err = read_clients(p);

	if (err)
		return err;
	if (p->entry.path[0] != '/')
		complain(p, line, "expected an absolute path");
	else if (strlen(p->entry.path) >= RG_PATH_SIZE)
		/* The limit of nfs-utils: NFS_MAXPATHLEN, linux/nfs.h. */
		complain(p, line, "expected a path of less than " TEXT(RG_PATH_SIZE) " bytes");
	else
		err = rg_exports_add(out, &p->entry);
	return err;
}

static int read_entry(struct parser *p, struct rg_exports *out)
{
	unsigned int line = p->line;
	int err;

	if (is_made_up(p, p->at)) {
		p->at = memchr(p->at, '\n', (size_t)(p->end - p->at)) ?: p->end;
		return 0;
	}
	err = read_word(p);
	if (err)
		return err;
	check_word(p);
	p->entry = (struct rg_export){.path = strdup(p->word), .from = RG_FROM(p->source)};
	if ((p->source == RG_FROM_EXPORTFS
		     ? asprintf(&p->entry.origin, "%s", p->file)
		     : asprintf(&p->entry.origin, "%s:%u", p->file, line)) < 0)
		p->entry.origin = NULL;
	err = p->entry.path && p->entry.origin ? finish_entry(p, out, line) : -ENOMEM;
	rg_export_free(&p->entry);
	return err;
}

int rg_exports_parse(struct rg_exports *out, const char *bytes, size_t n,
		     enum rg_export_source source, const char *file, rg_exports_bad bad, void *arg)
{
	const char *from = n ? bytes : "";
	struct parser p = {.at = from,
			   .end = from + n,
			   .source = source,
			   .exportfs = source == RG_FROM_EXPORTFS || source == RG_FROM_KERNEL,
			   .file = file,
			   .line = 1,
			   .bad = bad,
			   .arg = arg};
	int err = 0;

	while (!err && p.at < p.end) {
		if (skip_blanks(&p))
			err = read_entry(&p, out);
		if (p.at < p.end && *p.at == '\n') {
			p.at++;
			p.line++;
		}
	}
	free(p.word);
	rg_exports_merge(out);
	return err;
}
