// SPDX-License-Identifier: GPL-2.0-only
#include "record/record_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/names.h"
#include "record/record_names.h"
#include "text/json.h"

/* The highest status with a name: of NFSv4, of NLM, and of errnos. */
#define MOST_NFS4 20000
#define MOST_NLM 16
#define MOST_ERRNO 600
/* The number of values in every other list of names. */
#define MOST_OTHER 64

static bool number(json_object *o, const char *key, __u64 most, __u64 *n)
{
	*n = 0;
	return rg_json_get_uint(o, key, 0, most, n);
}

static __u32 small(json_object *o, const char *key)
{
	__u64 n;

	return number(o, key, 0xffffffff, &n) ? (__u32)n : 0;
}

static const char *text(json_object *o, const char *key)
{
	json_object *value = json_object_object_get(o, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

/* Returns the number of a name in a list; 0: not found. */
static __u32 value_of(const char *(*name)(__u32), __u32 most, const char *word)
{
	for (__u32 i = 0; *word && i < most; i++) {
		const char *at = name(i);

		if (at && strcmp(at, word) == 0)
			return i;
	}
	return 0;
}

/* Reads at most n hexadecimal digits, such as "1a2b". */
static __u64 hex(const char *at, size_t n)
{
	char digits[17] = "";

	if (n < sizeof(digits))
		memcpy(digits, at, strnlen(at, n));
	return strtoull(digits, NULL, 16);
}

/* ---- parts ---- */

static __u64 wall_of(const char *time)
{
	struct tm tm = {};
	const char *rest = strptime(time, "%Y-%m-%dT%H:%M:%S", &tm);
	__u64 ns = 0, unit = RG_NS_PER_SEC / 10;

	if (!rest)
		return 0;
	for (rest += *rest == '.'; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
		ns += (__u64)(*rest - '0') * unit;
	return (__u64)timegm(&tm) * RG_NS_PER_SEC + ns;
}

/* Finds the kind of status that has this name. */
static bool status_of(json_object *o, __u32 *kind, __u32 *status)
{
	static const __u32 most[RG_NR_STATUS_KINDS] = {0, MOST_NFS4, MOST_NLM, MOST_ERRNO};
	json_object *value = json_object_object_get(o, "status");
	const char *word = text(o, "status");
	char buf[RG_STATUS_SIZE];

	if (json_object_is_type(value, json_type_int)) {
		*kind = RG_STATUS_NFS4; /* a bare number belongs to no kind */
		*status = small(o, "status");
		return true;
	}
	for (__u32 k = RG_STATUS_NFS4; *word && k < RG_NR_STATUS_KINDS; k++)
		for (__u32 i = 0; i < most[k]; i++)
			if (strcmp(rg_status_name(k, i, buf), word) == 0) {
				*kind = k;
				*status = i;
				return true;
			}
	return false;
}

static void peer_of(json_object *o, struct rg_record *r)
{
	const char *id = text(o, "clientid"), *name = text(o, "name"),
		   *verifier = text(o, "verifier");
	__u8 bytes[sizeof(r->verifier)] = {};
	json_object *address = json_object_object_get(o, "addr");
	__u64 n;

	if (address) {
		json_object *alias = rg_json_object();

		rg_json_put(alias, "address", json_object_get(address));
		rg_json_get_address(alias, &r->family, r->addr);
		json_object_put(alias);
	}
	r->port = (__u16)small(o, "port");
	r->minorversion = number(o, "minor", 0xffff, &n) ? (__u16)n : RG_NLM_MINOR;
	if (strlen(id) == 16) {
		r->cl_boot = (__u32)hex(id, 8);
		r->cl_id = (__u32)hex(id + 8, 8);
	}
	for (size_t i = 0; i < sizeof(bytes) && strlen(verifier) == 2 * sizeof(bytes); i++)
		bytes[i] = (__u8)hex(verifier + 2 * i, 2);
	memcpy(&r->verifier, bytes, sizeof(bytes));
	r->name_len = (__u16)strnlen(name, 0xffff);
	memcpy(r->name, name, strnlen(name, sizeof(r->name)));
	if (json_object_get_boolean(json_object_object_get(o, "truncated")))
		r->facts |= RG_FACT_NAME_CUT;
}

static void file_of(json_object *o, struct rg_record *r)
{
	const char *path = text(o, "path"), *fsid = text(o, "fsid"), *colon = strchr(fsid, ':');
	unsigned int major = 0, minor = 0;

	if (sscanf(text(o, "dev"), "%u:%u", &major, &minor) == 2)
		r->dev = major << 20 | (minor & 0xfffff);
	if (colon) {
		r->fsid_major = hex(fsid, (size_t)(colon - fsid));
		r->fsid_minor = hex(colon + 1, 16);
		r->facts |= RG_FACT_NFS;
	}
	number(o, "fileid", ~0ULL, &r->fileid);
	memcpy(r->path, path, strnlen(path, sizeof(r->path)));
	if (json_object_get_boolean(json_object_object_get(o, "truncated")))
		r->facts |= RG_FACT_PATH_CUT;
}

/* Reads a list of words into bits. */
static __u64 bits_of(json_object *list, const char *(*name)(__u32))
{
	__u64 bits = 0;

	if (!json_object_is_type(list, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *word = json_object_get_string(json_object_array_get_idx(list, i));

		for (__u32 bit = 0; word && bit < MOST_OTHER; bit++) {
			const char *at = name(bit);

			if (at && strcmp(at, word) == 0)
				bits |= 1ULL << bit;
		}
	}
	return bits;
}

static void back_of(json_object *list, struct rg_record *r)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n && i < RG_BACK_MAX; i++) {
		json_object *o = json_object_array_get_idx(list, i);
		struct rg_back *b = &r->back[r->n_back++];
		__u32 kind;
		__u64 before;

		b->op = value_of(rg_back_op_name, RG_NR_BACK_OPS, text(o, "op"));
		status_of(o, &kind, &b->status);
		if (number(o, "at_ns", r->time_ns, &before))
			b->at_ns = r->time_ns - before;
	}
}

/* Reads the keys that only some events have: the reverse of put_own() in record_json.c. */
static void own_of(json_object *o, struct rg_record *r)
{
	r->expected = small(o, "expected");
	r->complete = small(o, "complete");
	switch (r->op) {
	case RG_REC_EXCHANGE_ID:
		r->value = bits_of(json_object_object_get(o, "asked_flags"), rg_exchange_flag_name)
				   << 32 |
			   bits_of(json_object_object_get(o, "flags"), rg_exchange_flag_name);
		break;
	case RG_REC_CLIENT_GONE:
		r->how = (__u8)value_of(rg_gone_name, RG_NR_GONES, text(o, "how"));
		break;
	case RG_REC_SM_NOTIFY:
		number(o, "state", ~0ULL, &r->value);
		break;
	case RG_REC_GRACE_START:
		number(o, "grace_s", ~0ULL, &r->value);
		break;
	case RG_REC_STATE_MANAGER:
		r->value = bits_of(json_object_object_get(o, "state"), rg_state_manager_name);
		break;
	case RG_REC_STATE_MANAGER_FAILED:
		memcpy(r->path, text(o, "section"), strnlen(text(o, "section"), sizeof(r->path)));
		break;
	case RG_REC_HELD:
	case RG_REC_CONTINUED:
	case RG_REC_DENIED:
	case RG_REC_AUDITED:
		r->value = value_of(rg_door_name, RG_NR_DOORS, text(o, "what"));
		break;
	case RG_REC_HAND:
		r->value = value_of(rg_hand_name, MOST_OTHER, text(o, "hand"));
		break;
	case RG_REC_GATE:
		r->value = value_of(rg_state_name, RG_NR_STATES, text(o, "state"));
		r->how = (__u8)value_of(rg_why_key, RG_NR_WHYS, text(o, "why"));
		break;
	case RG_REC_KEPT:
		number(o, "ranges", ~0ULL, &r->value);
		r->expected = small(o, "keep_for_s");
		r->complete =
			json_object_get_boolean(json_object_object_get(o, "overflow")) ? 1 : 0;
		break;
	case RG_REC_NOT_KEPT:
		r->how = (__u8)value_of(rg_kept_why_name, RG_NR_KEPT_WHYS, text(o, "why"));
		break;
	case RG_REC_RETAKEN:
		number(o, "left", ~0ULL, &r->value);
		break;
	case RG_REC_KEPT_FROM:
		r->how = (__u8)value_of(rg_kept_from_name, RG_NR_KEPT_FROMS, text(o, "what"));
		r->value = hex(text(o, "kept_for"), strlen(text(o, "kept_for")));
		break;
	case RG_REC_KEPT_ENDED:
		r->how = (__u8)value_of(rg_kept_why_name, RG_NR_KEPT_WHYS, text(o, "why"));
		number(o, "left", ~0ULL, &r->value);
		break;
	case RG_REC_LOST:
		number(o, "lost", ~0ULL, &r->value);
		r->expected = small(o, "failures");
		break;
	default:
		break;
	}
}

/* ---- all of it ---- */

static void asked_of(json_object *o, struct rg_record *r)
{
	const char *owner = text(o, "owner");

	r->lock_type = value_of(rg_lock_type_name, 4, text(o, "type"));
	number(o, "start", ~0ULL, &r->start);
	if (!number(o, "length", ~0ULL, &r->length))
		r->length = ~0ULL;
	r->owner_hash = hex(owner, strlen(owner));
}

bool rg_record_of_json(json_object *line, struct rg_record *r, __u64 *wall_ns)
{
	int op = rg_record_op_of(text(line, "event")), side = rg_side_of(text(line, "side")),
	    downgrade;
	const char *comm = text(line, "comm");
	__u32 kind;

	memset(r, 0, sizeof(*r));
	*wall_ns = 0;
	if (op <= RG_REC_NONE || !number(line, "boot_ns", ~0ULL, &r->time_ns))
		return false;
	*wall_ns = wall_of(text(line, "time"));
	r->op = (__u16)op;
	r->side = side < 0 ? 0 : (__u8)side;
	r->claim = (__u8)value_of(rg_claim_name, RG_NR_CLAIMS, text(line, "claim"));
	r->netns = small(line, "netns");
	r->generation = small(line, "generation");
	r->tid = small(line, "tid");
	r->tgid = small(line, "tgid");
	peer_of(json_object_object_get(line, r->side == RG_SIDE_CLIENT ? "origin" : "client"), r);
	if (r->side == RG_SIDE_GATE)
		memcpy(r->name, comm, strnlen(comm, RG_COMM_SIZE));
	file_of(json_object_object_get(line, "file"), r);
	asked_of(line, r);
	own_of(line, r);
	if (status_of(line, &kind, &r->status))
		r->status_kind = (__u8)kind;
	number(line, "duration_ns", ~0ULL, &r->duration_ns);
	r->facts |= (__u32)bits_of(json_object_object_get(line, "facts"), rg_fact_name);
	back_of(json_object_object_get(line, "back"), r);
	r->reclaim = value_of(rg_reclaim_key, RG_NR_RECLAIMS, text(line, "reclaim"));
	downgrade = rg_downgrade_named(text(json_object_object_get(line, "downgrade"), "reason"));
	r->downgrade = downgrade < 0 ? 0 : (__u16)downgrade;
	return true;
}
