/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads and writes members of json-c objects. Checks every value from outside before it is used,
 * and makes every string that goes out printable (text/shown.h), since json-c passes on invalid
 * UTF-8, DEL and C1 controls. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <json-c/json.h>
#include <linux/types.h>

/* Make a value, owned by the caller. Without memory they return NULL, which every function here
 * takes, and the document is not whole: nothing else makes values, nor puts them into others. */
json_object *rg_json_object(void);
json_object *rg_json_array(void);
json_object *rg_json_bool(bool is);
json_object *rg_json_int(__s64 n);
json_object *rg_json_uint(__u64 n);
json_object *rg_json_double(double n);
/* Makes a number that is written as `text`. */
json_object *rg_json_decimal(double n, const char *text);
/* Makes a string of n bytes, which are text (rg_utf8_is_text()). */
json_object *rg_json_bytes(const char *bytes, size_t n);

/* Says whether memory was there for all that this thread made since it last asked. Ask when a
 * document is made, and print none that lacks something. */
bool rg_json_whole(void);
/* Notes that the document lacks something if what goes into it was not made. */
void rg_json_need(bool made);

/* Put and get members of an object. The get functions return false, and do not change *out, if
 * the member is missing or invalid. */
void rg_json_put(json_object *o, const char *key, json_object *value);
void rg_json_add(json_object *list, json_object *value);
void rg_json_put_uint(json_object *o, const char *key, __u64 n);
void rg_json_put_text(json_object *o, const char *key, const char *text);
/* Puts a name of n bytes that others chose as ASCII: other bytes and the backslash become
 * \ooo. */
void rg_json_put_name(json_object *o, const char *key, const char *bytes, size_t n);
/* Makes a string, or NULL (null) for NULL; the second function appends one to an array. */
json_object *rg_json_text(const char *text);
void rg_json_add_text(json_object *list, const char *text);
/* Prints an object over several lines, and a newline. Needs no memory. */
void rg_json_print(FILE *out, json_object *o);
/* Prints a document likewise if it is whole, and puts it. Returns false, and prints nothing, if it
 * is not (rg_json_whole()). */
bool rg_json_end(json_object *o, FILE *out);
bool rg_json_get_uint(json_object *o, const char *key, __u64 min, __u64 max, __u64 *out);
/* Gets a string of at most size - 1 bytes that rg_json_put_text() writes as it is. Another one
 * would be longer when it is written again, and perhaps too long to be read. */
bool rg_json_get_text(json_object *o, const char *key, char *out, size_t size);
/* Gets a string of rg_json_bytes(), of at most size - 1 bytes. */
bool rg_json_get_bytes(json_object *o, const char *key, char *out, size_t size);

/* Writes an object without blanks and puts it, to write a long file piece by piece: its objects
 * together take some twenty times its length in memory. `open` leaves out the closing brace, so
 * that members may follow. Needs no memory itself. */
void rg_json_write(FILE *to, json_object *o, bool open);

/* Put and get "netns", which is "init" or a number. init_netns is that of the initial namespace
 * in this boot; 0: unknown. */
void rg_json_put_netns(json_object *o, __u32 netns, bool init);
bool rg_json_get_netns(json_object *o, __u32 init_netns, __u32 *netns, bool *init);

/* Put and get "address" of family AF_INET or AF_INET6; null for any other family. */
void rg_json_put_address(json_object *o, __u16 family, const __u8 addr[16]);
bool rg_json_get_address(json_object *o, __u16 *family, __u8 addr[16]);
