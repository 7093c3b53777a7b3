// SPDX-License-Identifier: GPL-2.0-only
/* Reads the configuration file with inih, which finds sections, keys and comments. inih cuts
 * lines (at 200 bytes in Debian's build) and values (at " ;"), takes an indented line as a
 * continuation, and reports a single bad line. Therefore it gets lines without indentation and with
 * a mark in the place of the value, and a line that gives no key is a mistake. */
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

#include "policy/config_parts.h"
#include "policy/exempt.h"
#include "base/log.h"
#include "base/whole_file.h"
#include "text/shown.h"

#define MAX_FILE (1024UL * 1024)

struct input {
	struct rg_config *c;
	const char *file;
	rg_hear *hear;
	bool strict;
	char *next, *end;  /* the text that is still to be read */
	unsigned int line; /* number of the current line; 0: the whole file */
	char *at;	   /* text of the current line */
	const char *value;
	bool awaited;	     /* inih must report a key for this line */
	const char *section; /* the current section; NULL: none yet */
	unsigned int seen[RG_NR_KEYS];
	int mistakes;
};

#define NO_SECTION "?"

/* Reports "FILE:LINE: [section] key: value: expected ...", without the parts that do not
 * apply. */
static void RG_PRINTF(5, 6) mistake(struct input *in, const char *section, const char *key,
				    const char *value, const char *fmt, ...)
{
	char *text = NULL, *shown;
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
		fprintf(out, " [%.*s%s]%s", RG_CUT(section), key ? "" : ":");
	if (key)
		fprintf(out, " %.*s%s:", RG_CUT(key));
	if (value)
		fprintf(out, " %.*s%s:", RG_CUT(*value ? value : "\"\""));
	fputc(' ', out);
	va_start(args, fmt);
	vfprintf(out, fmt, args);
	va_end(args);
	shown = fclose(out) == 0 ? rg_shown_copy(text) : NULL;
	in->hear(shown ?: "out of memory");
	free(shown);
	free(text);
}

/* Writes "a, b or c": all sections, or all keys of one section. */
static const char *names(const char *section, char buf[RG_EXPECTED_SIZE])
{
	const char *all[RG_NR_KEYS] = {};
	size_t n = 0, at = 0;

	for (int i = 0; i < RG_NR_KEYS; i++) {
		const char *one = section ? rg_keys[i].name : rg_keys[i].section;

		if (section ? strcmp(rg_keys[i].section, section) == 0 : rg_key_is_first(i))
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

/* Returns the name of the section "[gate]" as the table spells it. Returns NULL after reporting
 * an unknown one. Cuts the text at "]". */
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

/* Keep the line for messages. */
static const char *named_section(const struct input *in)
{
	return in->section && strcmp(in->section, NO_SECTION) != 0 ? in->section : NULL;
}

/* Gives inih its next line (an ini_reader). */
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
	/* End every line with a newline: inih (r59) takes a full buffer without one for the
	 * start of a longer line and drops everything up to the next newline. */
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
	enum rg_presence is = rg_exempt_look_for(in->value, &why);

	if (is == RG_PROGRAM_IS_MISSING && !in->strict)
		rg_warn("%s:%u: [exempt] program: %.*s%s: %s; it is not exempt", in->file, in->line,
			RG_CUT(in->value), why);
	else if (is != RG_PROGRAM_IS_THERE)
		mistake(in, "exempt", "program", in->value, "%s: expected an executable file", why);
}

/* Receives a key from inih (an ini_handler). */
static int take(void *user, const char *section, const char *name, const char *mark)
{
	char expected[RG_EXPECTED_SIZE];
	struct input *in = user;
	enum rg_key key, elsewhere;

	(void)mark;
	in->awaited = false;
	if (in->section && !named_section(in))
		return 1; /* the section was reported already */
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
	} else if (!rg_key_is_list(key) && in->seen[key]) {
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

/* Reads the whole file to in->next, owned by the caller as *text. Returns 0 or a negative errno,
 * with *why. */
static int read_input(const char *file, struct input *in, char **text, const char **why)
{
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	int err, fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t size = 0;

	*text = NULL;
	if (fd < 0 || fstat(fd, &st) < 0) {
		err = -errno;
		*why = rg_strerror(err);
	} else if (!S_ISREG(st.st_mode)) {
		err = -EINVAL;
		*why = S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file";
	} else {
		err = rg_read_whole_fd(fd, MAX_FILE, text, &size);
		*why = err == -EFBIG ? "is larger than 1 MiB" : err ? rg_strerror(err) : *why;
	}
	if (fd >= 0)
		close(fd);
	in->next = *text;
	in->end = *text ? *text + size : NULL;
	return err;
}

/* Keep an absolute path, which means the same in another working directory. */
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
	int err = make_absolute(file, c->file) ? read_input(file, &in, &text, &why) : -ENAMETOOLONG;

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
	at_fault = rg_config_settle_mounts(c);
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
