// SPDX-License-Identifier: GPL-2.0-only
/* Writes json-c objects as json-c does, but without memory: its buffer leaves out what it has no
 * room for and says nothing (printbuf_memappend(), json-c/printbuf.c). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/json.h"

static void put_string(FILE *to, const char *text, size_t n)
{
	static const char escapes[] = "\bb\nn\rr\tt\ff\"\"\\\\";

	putc('"', to);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		const char *at = escapes;

		while (*at && *at != (char)c)
			at += 2;
		if (*at)
			fprintf(to, "\\%c", at[1]);
		else if (c < 0x20)
			fprintf(to, "\\u%04x", c);
		else
			putc(c, to);
	}
	putc('"', to);
}

static void put_double(FILE *to, json_object *o)
{
	const char *as = json_object_get_userdata(o); /* of rg_json_decimal() */
	double d = json_object_get_double(o);
	char text[64];

	if (!isfinite(d)) { /* JSON has none of these */
		fputs("null", to);
		return;
	}
	if (!as)
		snprintf(text, sizeof(text), "%.17g", d);
	fputs(as ?: text, to);
	if (!as && !strpbrk(text, ".e"))
		fputs(".0", to);
}

static void put_line(FILE *to, int level)
{
	if (level >= 0)
		fprintf(to, "\n%*s", 2 * level, "");
}

/* Writes a value; level < 0: in one line without blanks, and so are those in it. */
static void put_value(FILE *to, json_object *o, int level, bool open)
{
	const int below = level < 0 ? level : level + 1;
	size_t n = 0;

	switch (json_object_get_type(o)) {
	case json_type_object:
		putc('{', to);
		json_object_object_foreach(o, key, value)
		{
			if (n++)
				putc(',', to);
			put_line(to, below);
			put_string(to, key, strlen(key));
			fputs(level < 0 ? ":" : ": ", to);
			put_value(to, value, below, false);
		}
		if (n)
			put_line(to, level);
		if (!open)
			putc('}', to);
		return;
	case json_type_array:
		putc('[', to);
		for (; n < json_object_array_length(o); n++) {
			if (n)
				putc(',', to);
			put_line(to, below);
			put_value(to, json_object_array_get_idx(o, n), below, false);
		}
		if (n)
			put_line(to, level);
		putc(']', to);
		return;
	case json_type_string:
		put_string(to, json_object_get_string(o), (size_t)json_object_get_string_len(o));
		return;
	case json_type_int:
		if (json_object_get_int64(o) < 0)
			fprintf(to, "%" PRId64, json_object_get_int64(o));
		else
			fprintf(to, "%" PRIu64, json_object_get_uint64(o));
		return;
	case json_type_double:
		put_double(to, o);
		return;
	case json_type_boolean:
		fputs(json_object_get_boolean(o) ? "true" : "false", to);
		return;
	case json_type_null:
		break;
	}
	fputs("null", to);
}

void rg_json_print(FILE *out, json_object *o)
{
	put_value(out, o, 0, false);
	putc('\n', out);
}

bool rg_json_end(json_object *o, FILE *out)
{
	const bool whole = rg_json_whole();

	if (whole)
		rg_json_print(out, o);
	json_object_put(o);
	return whole;
}

void rg_json_write(FILE *to, json_object *o, bool open)
{
	put_value(to, o, -1, open);
	json_object_put(o);
}
