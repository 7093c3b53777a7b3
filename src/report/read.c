// SPDX-License-Identifier: GPL-2.0-only
/* Reads files line by line: one line is in memory, and of each file enough to tell which file
 * comes first. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/event.h"
#include "report/report.h"

struct source {
	char *name; /* as given on the command line, made printable */
	int fd;
	char *buf;
	size_t from, until, room; /* bytes read and not used yet */
	__u64 line, bytes;
	bool at_end;
	int err;

	/* The first line tells when the file was begun. */
	size_t given; /* position on the command line */
	char *boot_id;
	__u64 wall_ns, boot_ns, part,
		boot_wall_ns; /* the last one is that of its boot's first file */
};

enum got { LINE, LAST_LINE, TOO_LONG, NOTHING };

/* ---- one line of one file ---- */

static void fill(struct source *s)
{
	ssize_t n;

	if (s->from) {
		memmove(s->buf, s->buf + s->from, s->until - s->from);
		s->until -= s->from;
		s->from = 0;
	}
	if (s->until == s->room) {
		s->room = s->room ? s->room * 2 : 1U << 16;
		s->buf = realloc(s->buf, s->room);
		if (!s->buf)
			exit(rg_error(RG_FAILED, "report: out of memory"));
	}
	do
		n = read(s->fd, s->buf + s->until, s->room - s->until);
	while (n < 0 && errno == EINTR);
	s->err = n < 0 ? errno : 0;
	s->at_end = n <= 0;
	if (n > 0) {
		s->until += (size_t)n;
		s->bytes += (__u64)n;
	}
}

/* Skips the rest of a line that is longer than any event. */
static enum got pass_over(struct source *s)
{
	char *end;

	while (!(end = memchr(s->buf + s->from, '\n', s->until - s->from))) {
		s->from = s->until;
		if (s->at_end)
			return TOO_LONG;
		fill(s);
	}
	s->from = (size_t)(end - s->buf) + 1;
	return TOO_LONG;
}

/* Returns a line in the buffer, valid until the next call. With `peek` the next call returns it
 * again. */
static enum got next_line(struct source *s, bool peek, char **line, size_t *len)
{
	size_t looked = 0;
	char *end;

	for (;;) {
		end = s->until > s->from + looked
			      ? memchr(s->buf + s->from + looked, '\n', s->until - s->from - looked)
			      : NULL;
		if (end || s->at_end)
			break;
		looked = s->until - s->from;
		if (looked > RG_REPORT_LINE_MAX)
			return peek ? NOTHING : (s->line++, pass_over(s));
		fill(s);
	}
	if (!end && s->until == s->from)
		return NOTHING;
	*line = s->buf + s->from;
	*len = end ? (size_t)(end - *line) : s->until - s->from;
	if (!peek) {
		s->line++;
		s->from += *len + (end ? 1 : 0);
	}
	return end ? LINE : LAST_LINE;
}

static json_object *parse(json_tokener *tok, const char *line, size_t len)
{
	json_object *o;

	json_tokener_reset(tok);
	o = json_tokener_parse_ex(tok, line, (int)len);
	if (json_tokener_get_error(tok) == json_tokener_success)
		for (size_t i = json_tokener_get_parse_end(tok); i < len; i++)
			if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
				json_object_put(o);
				return NULL;
			}
	return o;
}

/* ---- all files, in order ---- */

static int open_source(const char *name)
{
	struct stat st;
	int fd;

	if (strcmp(name, "-") == 0)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		errno = EISDIR;
		return -1;
	}
	return fd;
}

static void look(struct source *s, json_tokener *tok)
{
	struct rg_entry e;
	json_object *o;
	char *line;
	size_t len;

	if (next_line(s, true, &line, &len) == NOTHING)
		return;
	o = parse(tok, line, len);
	if (o && rg_entry_of(o, &e) && e.kind == RG_ENTRY_HEADER) {
		struct rg_report_header h;

		rg_report_header_of(o, &h);
		s->boot_id = h.boot_id;
		h.boot_id = NULL;
		s->wall_ns = h.wall_ns;
		s->boot_ns = h.boot_ns;
		s->part = h.part;
		rg_report_header_free(&h);
	} else if (o && e.name.at) {
		s->boot_ns = e.boot_ns;
		if (e.time.at)
			rg_report_time_of(e.time.at, e.time.len, &s->wall_ns);
	}
	json_object_put(o);
}

/* Orders files of different boots by the wall clock, and files of one boot by the boot clock,
 * which nobody sets. */
static int order(const void *a, const void *b)
{
	const struct source *x = a, *y = b;
	int boots = strcmp(x->boot_id ?: "", y->boot_id ?: "");

	if (x->boot_wall_ns != y->boot_wall_ns)
		return x->boot_wall_ns < y->boot_wall_ns ? -1 : 1;
	if (boots)
		return boots;
	if (x->boot_ns != y->boot_ns)
		return x->boot_ns < y->boot_ns ? -1 : 1;
	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return x->given < y->given ? -1 : x->given > y->given;
}

static void sort(struct source *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		s[i].boot_wall_ns = s[i].wall_ns;
		for (size_t j = 0; j < n && s[i].boot_id; j++)
			if (s[j].boot_id && strcmp(s[i].boot_id, s[j].boot_id) == 0 &&
			    s[j].wall_ns < s[i].boot_wall_ns)
				s[i].boot_wall_ns = s[j].wall_ns;
	}
	qsort(s, n, sizeof(*s), order);
}

static bool is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

/* Holds back complaints about a file without an event so far: if it is no recording at all, one
 * sentence says that instead. */
#define WRONG_LINES 20
struct held_back {
	struct {
		__u64 line;
		char *text;
	} at[WRONG_LINES];
	size_t n;
};

static void say_held_back(struct rg_report *r, const struct source *s, struct held_back *h)
{
	for (size_t i = 0; i < h->n; i++) {
		rg_report_complain(r, s->name, h->at[i].line, "%s", h->at[i].text);
		free(h->at[i].text);
	}
	h->n = 0;
}

static void forget_held_back(struct held_back *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->at[i].text);
	h->n = 0;
}

static void RG_PRINTF(4, 5) complain(struct rg_report *r, const struct source *s,
				     struct held_back *h, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = rg_vtext(fmt, args);
	va_end(args);
	if (h) {
		h->at[h->n].line = s->line;
		h->at[h->n++].text = text;
		return;
	}
	rg_report_complain(r, s->name, s->line, "%s", text);
	free(text);
}

/* h holds complaints back; NULL: report them at once. */
static void take_line(struct rg_report *r, const struct source *s, json_tokener *tok, enum got got,
		      const char *line, size_t len, struct held_back *h)
{
	json_object *o;

	if (got == TOO_LONG) {
		complain(r, s, h, "longer than %u bytes: no event; passed over",
			 RG_REPORT_LINE_MAX);
		return;
	}
	o = parse(tok, line, len);
	if (!o && got == LAST_LINE)
		complain(r, s, h, "truncated; what precedes it is reported");
	else if (!o && json_tokener_get_error(tok) == json_tokener_continue)
		complain(r, s, h, "cut short; passed over");
	else if (!o)
		complain(r, s, h, "no JSON; passed over");
	else if (!rg_report_line(r, o))
		complain(r, s, h, "no event; passed over");
	json_object_put(o);
}

static void take_all(struct rg_report *r, struct source *s, json_tokener *tok)
{
	__u64 events = r->events;
	struct held_back held = {};
	struct rg_input *in;
	char *line = NULL;
	size_t len = 0;
	enum got got;

	r->inputs = rg_grow(r->inputs, r->n_inputs, &r->room_inputs, sizeof(*r->inputs));
	in = &r->inputs[r->n_inputs++];
	in->name = rg_text("%s", s->name);
	while (held.n < WRONG_LINES && (got = next_line(s, false, &line, &len)) != NOTHING) {
		bool any = r->events != events;

		if (got == TOO_LONG || !is_blank(line, len))
			take_line(r, s, tok, got, line, len, any ? NULL : &held);
		if (r->events != events)
			say_held_back(r, s, &held);
	}
	in = &r->inputs[r->n_inputs - 1];
	in->lines = s->line;
	in->bytes = s->bytes;
	if (s->err)
		rg_report_complain(r, s->name, 0, "%s; what precedes it is reported",
				   rg_strerror(s->err));
	else if (!s->bytes)
		rg_report_complain(r, s->name, 0, "empty");
	else if (r->events == events)
		rg_report_complain(r, s->name, 0,
				   "no recording of `reexport-guard trace`: none of its %s%llu "
				   "lines is an event",
				   held.n < WRONG_LINES ? "" : "first ",
				   (unsigned long long)s->line);
	forget_held_back(&held);
}

static void open_all(struct rg_report *r, char *const *files, size_t n, struct source *s,
		     size_t *n_open, json_tokener *tok)
{
	for (size_t i = 0; i < n; i++) {
		struct source *one = &s[*n_open];
		char *name = rg_clean(files[i], strlen(files[i]));

		*one = (struct source){.name = name, .given = i, .fd = open_source(files[i])};
		if (one->fd < 0) {
			rg_report_complain(r, name, 0, "%s", rg_strerror(errno));
			free(name);
			continue;
		}
		look(one, tok);
		++*n_open;
	}
}

bool rg_report_read(struct rg_report *r, char *const *files, size_t n)
{
	struct source *s = rg_zalloc(n + 1, sizeof(*s));
	json_tokener *tok = json_tokener_new();
	size_t n_open = 0;

	if (!tok)
		exit(rg_error(RG_FAILED, "report: out of memory"));
	open_all(r, files, n, s, &n_open, tok);
	sort(s, n_open);
	for (size_t i = 0; i < n_open; i++) {
		take_all(r, &s[i], tok);
		close(s[i].fd);
		free(s[i].buf);
		free(s[i].name);
		free(s[i].boot_id);
	}
	free(s);
	json_tokener_free(tok);
	rg_report_finish(r);
	return n_open > 0;
}
