/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads and writes members of json-c objects that come from outside: every value is
 * compared with what is expected of it before it is used. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>
#include <linux/types.h>

/* Members of an object. The get functions are false, and leave *out alone, if the
 * member is missing or is not what they are after. */
void rg_json_put(json_object *o, const char *key, json_object *value);
void rg_json_put_uint(json_object *o, const char *key, __u64 n);
void rg_json_put_text(json_object *o, const char *key, const char *text);
bool rg_json_get_uint(json_object *o, const char *key, __u64 min, __u64 max, __u64 *out);
/* A string that rg_utf8_is_text(), of at most size - 1 bytes, into `out`. */
bool rg_json_get_text(json_object *o, const char *key, char *out, size_t size);

/* "netns": "init" or a number. get: init_netns is that number here, 0: unknown. */
void rg_json_put_netns(json_object *o, __u32 netns, bool init);
bool rg_json_get_netns(json_object *o, __u32 init_netns, __u32 *netns, bool *init);

/* "address", of family AF_INET or AF_INET6; any other family: null. */
void rg_json_put_address(json_object *o, __u16 family, const __u8 addr[16]);
bool rg_json_get_address(json_object *o, __u16 *family, __u8 addr[16]);
