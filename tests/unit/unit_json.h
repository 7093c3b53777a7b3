/* SPDX-License-Identifier: GPL-2.0-only */
/* A line of ours, read back by a parser that forgives nothing. */
#pragma once

#include <json-c/json.h>

#include "unit.h"

static inline json_object *unit_json_by(int flags, const char *text, size_t n)
{
	struct json_tokener *tok = json_tokener_new();
	json_object *o;

	unit_need(tok);
	json_tokener_set_flags(tok, flags);
	o = json_tokener_parse_ex(tok, text, (int)n - 1);
	if (!o)
		fail_msg("at %zu: %s: %.*s", json_tokener_get_parse_end(tok),
			 json_tokener_error_desc(json_tokener_get_error(tok)), (int)n, text);
	assert_int_equal(json_tokener_get_parse_end(tok), n - 1);
	json_tokener_free(tok);
	assert_true(json_object_is_type(o, json_type_object));
	return o;
}

/* Of n bytes, the last is a newline. Strictness is asked of a copy that is all ASCII:
 * json-c 0.18 (its issue 892). */
static inline json_object *unit_json(const char *text, size_t n)
{
	char *copy;

	unit_need(n > 1 && text[n - 1] == '\n');
	copy = malloc(n);
	unit_need(copy);
	for (size_t i = 0; i < n; i++)
		copy[i] = (char)(text[i] & 0x80 ? 'x' : text[i]);
	json_object_put(unit_json_by(JSON_TOKENER_STRICT, copy, n));
	free(copy);
	return unit_json_by(JSON_TOKENER_VALIDATE_UTF8, text, n);
}
