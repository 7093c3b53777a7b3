// SPDX-License-Identifier: GPL-2.0-only
/* src/text: what may be shown, in any room for it, and JSON strings. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "text/json.h"
#include "text/line.h"
#include "text/shown.h"
#include "text/utf8.h"

static void in_room(const char *bytes, size_t n, unsigned int flags, size_t size)
{
	char *out = malloc(size), *again = malloc(size);
	size_t used;

	fuzz_need(out && again);
	used = rg_shown(bytes, n, flags, out, size);
	fuzz_need(used < size && strlen(out) == used);
	fuzz_clean(out, used);
	fuzz_need(!strchr(out, '\n'));
	if (!(flags & RG_SHOWN_EXACT)) {
		rg_shown(out, used, flags, again, size);
		fuzz_need(strcmp(out, again) == 0);
	}
	free(out);
	free(again);
}

void fuzz_one(const char *bytes, size_t n)
{
	struct rg_line l;
	json_object *o;
	char *line = malloc(8 * n + 8);

	fuzz_need(line);
	for (unsigned int flags = 0; flags < 4; flags++) {
		in_room(bytes, n, flags, RG_SHOWN_SIZE(n));
		in_room(bytes, n, flags, n / 2 + 1);
	}
	l = rg_line_in(line, 8 * n + 8);
	rg_line_quoted(&l, bytes, n);
	fuzz_need(rg_line_length(&l));
	fwrite(line, 1, rg_line_length(&l), fuzz_page());
	fuzz_printed(true);
	/* What is text comes back as it was. */
	line[rg_line_length(&l)] = '\0';
	o = json_tokener_parse(line);
	fuzz_need(json_object_is_type(o, json_type_string));
	if (rg_utf8_is_text(bytes, n)) {
		fuzz_need((size_t)json_object_get_string_len(o) == n);
		fuzz_need(memcmp(json_object_get_string(o), bytes, n) == 0);
	}
	json_object_put(o);
	free(line);
}
