/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads and writes members of json-c objects. What comes from outside is compared with
 * what is expected of it before it is used; every string that goes out is made fit to be
 * shown (text/shown.h): json-c itself passes on invalid UTF-8, DEL and C1 controls. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <json-c/json.h>
#include <linux/types.h>

/* Members of an object. The get functions are false, and leave *out alone, if the
 * member is missing or is not what they are after. */
void rg_json_put(json_object *o, const char *key, json_object *value);
void rg_json_put_uint(json_object *o, const char *key, __u64 n);
void rg_json_put_text(json_object *o, const char *key, const char *text);
/* A name of n bytes that others chose, as ASCII: other bytes and the backslash as \ooo. */
void rg_json_put_name(json_object *o, const char *key, const char *bytes, size_t n);
/* A new string, or NULL (null) for NULL; and one at the end of an array. */
json_object *rg_json_text(const char *text);
void rg_json_add_text(json_object *list, const char *text);
/* Prints an object over several lines, and a newline. */
void rg_json_print(FILE *out, json_object *o);
/* The same as a string without the newline, owned by `o`, of *n bytes; n may be NULL. NULL:
 * no memory. */
const char *rg_json_string(json_object *o, size_t *n);
bool rg_json_get_uint(json_object *o, const char *key, __u64 min, __u64 max, __u64 *out);
/* A string that rg_utf8_is_text(), of at most size - 1 bytes, into `out`. */
bool rg_json_get_text(json_object *o, const char *key, char *out, size_t size);

/* Write an object as text without blanks, and put it: a long file is written piece by piece, as the
 * objects of all of it take some twenty times its length in memory. `open`: without its closing
 * brace, so that members may follow. No memory: nothing is written, and ferror() is not set. */
void rg_json_write(FILE *to, json_object *o, bool open);

/* "netns": "init" or a number. get: init_netns is that number here, 0: unknown. */
void rg_json_put_netns(json_object *o, __u32 netns, bool init);
bool rg_json_get_netns(json_object *o, __u32 init_netns, __u32 *netns, bool *init);

/* "address", of family AF_INET or AF_INET6; any other family: null. */
void rg_json_put_address(json_object *o, __u16 family, const __u8 addr[16]);
bool rg_json_get_address(json_object *o, __u16 *family, __u8 addr[16]);
