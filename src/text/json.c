// SPDX-License-Identifier: GPL-2.0-only
#include "text/json.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/shown.h"
#include "text/utf8.h"

/* Each thread makes its own documents. */
static _Thread_local bool lacks;

bool rg_json_whole(void)
{
	const bool is = !lacks;

	lacks = false;
	return is;
}

void rg_json_need(bool made)
{
	if (!made)
		lacks = true;
}

static json_object *made(json_object *o)
{
	rg_json_need(o);
	return o;
}

json_object *rg_json_object(void)
{
	return made(json_object_new_object());
}

json_object *rg_json_array(void)
{
	return made(json_object_new_array());
}

json_object *rg_json_bool(bool is)
{
	return made(json_object_new_boolean(is));
}

json_object *rg_json_int(__s64 n)
{
	return made(json_object_new_int64(n));
}

json_object *rg_json_uint(__u64 n)
{
	return made(json_object_new_uint64(n));
}

json_object *rg_json_double(double n)
{
	return made(json_object_new_double(n));
}

json_object *rg_json_decimal(double n, const char *text)
{
	return made(json_object_new_double_s(n, text));
}

json_object *rg_json_bytes(const char *bytes, size_t n)
{
	return made(json_object_new_string_len(bytes, (int)n));
}

/* Without memory an object or array is NULL, and json-c aborts if anything is put in it. */
static void took(json_object *value, bool taken)
{
	if (taken)
		return;
	json_object_put(value);
	lacks = true;
}

void rg_json_put(json_object *o, const char *key, json_object *value)
{
	took(value, o && json_object_object_add(o, key, value) == 0);
}

void rg_json_add(json_object *list, json_object *value)
{
	took(value, list && json_object_array_add(list, value) == 0);
}

void rg_json_put_uint(json_object *o, const char *key, __u64 n)
{
	rg_json_put(o, key, rg_json_uint(n));
}

void rg_json_put_text(json_object *o, const char *key, const char *text)
{
	rg_json_put(o, key, rg_json_text(text));
}

void rg_json_put_name(json_object *o, const char *key, const char *bytes, size_t n)
{
	char *text = calloc(1, RG_SHOWN_SIZE(n));

	rg_json_need(text);
	if (text)
		rg_shown(bytes, n, RG_SHOWN_ASCII | RG_SHOWN_EXACT, text, RG_SHOWN_SIZE(n));
	rg_json_put_text(o, key, text);
	free(text);
}

static bool is_shown_as_it_is(const char *text)
{
	size_t one = 1;

	for (size_t n = strlen(text); n && one; text += one, n -= one)
		one = rg_utf8_character(text, n);
	return one;
}

json_object *rg_json_text(const char *text)
{
	json_object *o;
	char *shown;

	if (!text || is_shown_as_it_is(text))
		return text ? made(json_object_new_string(text)) : NULL;
	shown = rg_shown_copy(text);
	rg_json_need(shown);
	o = shown ? made(json_object_new_string(shown)) : NULL;
	free(shown);
	return o;
}

void rg_json_add_text(json_object *list, const char *text)
{
	rg_json_add(list, rg_json_text(text));
}

bool rg_json_get_uint(json_object *o, const char *key, __u64 min, __u64 max, __u64 *out)
{
	json_object *value = json_object_object_get(o, key);
	__u64 n;

	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return false;
	n = json_object_get_uint64(value);
	if (n < min || n > max)
		return false;
	*out = n;
	return true;
}

bool rg_json_get_bytes(json_object *o, const char *key, char *out, size_t size)
{
	json_object *value = json_object_object_get(o, key);
	const char *text;
	size_t n;

	if (!json_object_is_type(value, json_type_string))
		return false;
	text = json_object_get_string(value);
	n = (size_t)json_object_get_string_len(value);
	if (n >= size || !rg_utf8_is_text(text, n))
		return false;
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

bool rg_json_get_text(json_object *o, const char *key, char *out, size_t size)
{
	json_object *value = json_object_object_get(o, key);

	return json_object_is_type(value, json_type_string) &&
	       is_shown_as_it_is(json_object_get_string(value)) &&
	       rg_json_get_bytes(o, key, out, size);
}

void rg_json_put_netns(json_object *o, __u32 netns, bool init)
{
	if (init)
		rg_json_put_text(o, "netns", "init");
	else
		rg_json_put_uint(o, "netns", netns);
}

bool rg_json_get_netns(json_object *o, __u32 init_netns, __u32 *netns, bool *init)
{
	char text[sizeof("init")];
	__u64 n;

	if (rg_json_get_text(o, "netns", text, sizeof(text)) && strcmp(text, "init") == 0) {
		*netns = init_netns;
		*init = true;
		return true;
	}
	if (!rg_json_get_uint(o, "netns", 1, UINT32_MAX, &n))
		return false;
	*netns = (__u32)n;
	*init = false;
	return true;
}

void rg_json_put_address(json_object *o, __u16 family, const __u8 addr[16])
{
	char text[INET6_ADDRSTRLEN];

	if ((family != AF_INET && family != AF_INET6) ||
	    !inet_ntop(family, addr, text, sizeof(text)))
		rg_json_put(o, "address", NULL);
	else
		rg_json_put_text(o, "address", text);
}

bool rg_json_get_address(json_object *o, __u16 *family, __u8 addr[16])
{
	json_object *value = NULL;
	char text[INET6_ADDRSTRLEN];
	__u8 bytes[16] = {};

	if (!json_object_object_get_ex(o, "address", &value))
		return false;
	if (!value)
		*family = 0;
	else if (!rg_json_get_text(o, "address", text, sizeof(text)))
		return false;
	else if (inet_pton(AF_INET, text, bytes) == 1)
		*family = AF_INET;
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*family = AF_INET6;
	else
		return false;
	memcpy(addr, bytes, sizeof(bytes));
	return true;
}
