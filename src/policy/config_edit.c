// SPDX-License-Identifier: GPL-2.0-only
#include "policy/config_edit.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The relation of a line to the key. */
enum line_kind {
	LINE_OTHER = 0,
	LINE_SECTION, /* the header of its section */
	LINE_COMMENT, /* "#KEY = ...", in its section */
	LINE_SETS,    /* "KEY = ...", in its section */
};

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && isspace((unsigned char)*at))
		at++;
	return at;
}

/* Says whether the text continues with "NAME =" or "NAME :". */
static bool is_key(const char *at, const char *end, const char *name)
{
	size_t n = strlen(name);

	if ((size_t)(end - at) < n || memcmp(at, name, n) != 0)
		return false;
	at = skip_blanks(at + n, end);
	return at < end && (*at == '=' || *at == ':');
}

/* *in: the line is in the key's section; kept from line to line. */
static enum line_kind kind_of(const char *at, const char *end, const struct rg_key_info *key,
			      bool *in)
{
	size_t n = strlen(key->section);

	at = skip_blanks(at, end);
	if (at < end && *at == '[') {
		*in = (size_t)(end - at) >= n + 2 && memcmp(at + 1, key->section, n) == 0 &&
		      at[n + 1] == ']';
		return *in ? LINE_SECTION : LINE_OTHER;
	}
	if (!*in || at == end)
		return LINE_OTHER;
	if (*at == '#' && is_key(at + 1, end, key->name))
		return LINE_COMMENT;
	return is_key(at, end, key->name) ? LINE_SETS : LINE_OTHER;
}

int rg_config_edit(char **text, enum rg_key key, const char *value)
{
	const struct rg_key_info *k = &rg_keys[key];
	const char *from = NULL, *to = NULL, *end = *text + strlen(*text);
	enum line_kind found = LINE_OTHER;
	char *edited = NULL;
	size_t size = 0;
	bool in = false;
	FILE *out;

	for (const char *at = *text, *next; at < end; at = next) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		enum line_kind kind;

		next = newline ? newline + 1 : end;
		kind = kind_of(at, newline ?: end, k, &in);
		if (kind <= found)
			continue;
		found = kind;
		from = at;
		to = next;
	}
	out = open_memstream(&edited, &size);
	if (!out)
		return -ENOMEM;
	if (found == LINE_OTHER) {
		fputs(*text, out);
		if (end > *text && end[-1] != '\n')
			fputc('\n', out);
		fprintf(out, "%s[%s]\n%s = %s\n", **text ? "\n" : "", k->section, k->name, value);
	} else {
		/* Keep a header, and add the line after it. */
		fwrite(*text, 1, (size_t)((found == LINE_SECTION ? to : from) - *text), out);
		if (found == LINE_SECTION && to[-1] != '\n')
			fputc('\n', out);
		fprintf(out, "%s = %s\n%s", k->name, value, to);
	}
	if (fclose(out) != 0) {
		free(edited);
		return -ENOMEM;
	}
	free(*text);
	*text = edited;
	return 0;
}
