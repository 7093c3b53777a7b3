// SPDX-License-Identifier: GPL-2.0-only
/*
 * A record as a line of JSON: every field of docs/events.md, every event, and
 * any bytes at all, read back by json-c.
 */
#include "unit_json.h"
#include "unit_record.h"

#include <arpa/inet.h>
#include <errno.h>
#include <time.h>

#include "base/names.h"
#include "record/record_json.h"
#include "record/record_names.h"

/* ---- lines ---- */

static void test_numbers(void **unused)
{
	static const __u64 edges[] = {0, 9, 10, 99, 100, 4294967295ULL, ~0ULL};
	__u64 seed = 1;

	(void)unused;
	for (size_t i = 0; i < 100000; i++) {
		__u64 n = i < UNIT_COUNT(edges) ? edges[i]
						: unit_random(&seed) >> unit_below(&seed, 64);
		int digits = (int)unit_below(&seed, 17);
		char got[64] = "", expected[64];
		struct rg_line l = rg_line_in(got, sizeof(got) - 1);

		rg_line_number(&l, n);
		rg_line_char(&l, ' ');
		rg_line_digits(&l, n, digits);
		rg_line_char(&l, ' ');
		rg_line_hex(&l, n, digits);
		snprintf(expected, sizeof(expected), "%llu %0*llu %0*llx", n, digits, n, digits, n);
		assert_string_equal(got, expected);
	}
}

static void check_address(__u16 family, const __u8 addr[16])
{
	char got[64] = "", expected[INET6_ADDRSTRLEN];
	struct rg_line l = rg_line_in(got, sizeof(got) - 1);

	rg_line_address(&l, family, addr);
	assert_non_null(inet_ntop(family, addr, expected, sizeof(expected)));
	assert_string_equal(got, expected);
}

static void test_addresses(void **unused)
{
	__u64 seed = 2;

	(void)unused;
	/* Every pattern of words that are 0, with what they may be otherwise. */
	for (unsigned int zeros = 0; zeros < 256; zeros++) {
		for (int i = 0; i < 64; i++) {
			__u8 addr[16] = {};

			for (size_t word = 0; word < 8; word++) {
				if (zeros & 1U << word)
					continue;
				addr[2 * word] = (__u8)(unit_random(&seed) & (i & 1 ? 0xff : 0));
				addr[2 * word + 1] = (__u8)(unit_random(&seed) | 1);
				if (i % 4 == 3)
					addr[2 * word] = addr[2 * word + 1] = 0xff;
			}
			check_address(AF_INET6, addr);
			check_address(AF_INET, addr);
		}
	}
	for (__u16 family = 0; family < 64; family++) {
		__u8 addr[16] = {1};
		char got[64];
		struct rg_line l = rg_line_in(got, sizeof(got));

		rg_line_address(&l, family, addr);
		assert_true((rg_line_length(&l) > 0) == (family == AF_INET || family == AF_INET6));
	}
}

/* Nothing is written past the end, and half a line is none. */
static void test_no_room(void **unused)
{
	struct rg_record r = unit_lock_record();
	struct rg_second kept = {};
	char whole[RG_RECORD_JSON_MAX];
	size_t n = rg_record_json(&r, &unit_around, &kept, whole, sizeof(whole));

	(void)unused;
	assert_in_range(n, 500, 1500);
	for (size_t size = 0; size <= n + 1; size++) {
		char *buf = malloc(size ? size : 1); /* ASan watches its end */
		size_t got;

		unit_need(buf);
		got = rg_record_json(&r, &unit_around, &kept, buf, size);
		assert_int_equal(got, size < n ? 0 : n);
		if (got)
			assert_memory_equal(buf, whole, n);
		free(buf);
	}
}

/* ---- reading back ---- */

static char line[RG_RECORD_JSON_MAX + 1];
static size_t line_n;

static json_object *json_of(const struct rg_record *r)
{
	static struct rg_second kept;

	line_n = rg_record_json(r, &unit_around, &kept, line, sizeof(line) - 1);
	assert_true(line_n > 0);
	line[line_n] = '\0';
	/* One line. */
	assert_ptr_equal(memchr(line, '\n', line_n), line + line_n - 1);
	assert_int_equal(strlen(line), line_n);
	return unit_json(line, line_n);
}

/* "client.addr", "back.0.op"; NULL: not there. */
static json_object *at(json_object *o, const char *path)
{
	char copy[128], *save, *key;

	snprintf(copy, sizeof(copy), "%s", path);
	for (key = strtok_r(copy, ".", &save); key && o; key = strtok_r(NULL, ".", &save)) {
		if (json_object_is_type(o, json_type_array))
			o = json_object_array_get_idx(o, (size_t)atoi(key));
		else if (!json_object_object_get_ex(o, key, &o))
			o = NULL;
	}
	return o;
}

static void check_text(json_object *o, const char *path, const char *expected)
{
	json_object *value = at(o, path);

	if (!json_object_is_type(value, json_type_string) ||
	    strcmp(json_object_get_string(value), expected) != 0)
		fail_msg("%s is %s, expected \"%s\" in %s", path,
			 value ? json_object_to_json_string(value) : "not there", expected, line);
}

static void check_number(json_object *o, const char *path, __u64 expected)
{
	json_object *value = at(o, path);

	if (!json_object_is_type(value, json_type_int) ||
	    json_object_get_uint64(value) != expected || json_object_get_int(value) < 0)
		fail_msg("%s is %s, expected %llu in %s", path,
			 value ? json_object_to_json_string(value) : "not there", expected, line);
}

static void check_missing(json_object *o, const char *path)
{
	if (at(o, path))
		fail_msg("%s is there: %s", path, line);
}

static void check_list(json_object *o, const char *path, const char *expected)
{
	json_object *value = at(o, path);
	char text[512] = "";

	if (!json_object_is_type(value, json_type_array))
		fail_msg("%s is no list in %s", path, line);
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s%s", i ? " " : "",
			 json_object_get_string(json_object_array_get_idx(value, i)));
	}
	assert_string_equal(text, expected);
}

/* ---- docs/events.md ---- */

/* But for the texts of the downgrade, which are rg_downgrade_text()'s. */
static void test_the_example(void **unused)
{
	static const char expected[] =
		"{\"time\":\"2026-11-22T17:31:12.304118233Z\",\"boot_ns\":167304118233,"
		"\"event\":\"LOCK\",\"side\":\"server\",\"claim\":\"reclaim\",\"netns\":4026531840,"
		"\"generation\":2,\"tid\":811,\"client\":{\"addr\":\"10.77.2.2\",\"port\":812,"
		"\"clientid\":\"6562a3b41a2b3c4d\",\"minor\":2,\"name\":\"Linux NFSv4.2 cli\"},"
		"\"file\":{\"dev\":\"0:45\",\"fsid\":\"0:0\",\"fileid\":131,"
		"\"path\":\"/srv/reexport/a/db\"},\"type\":\"write\",\"start\":0,\"length\":1,"
		"\"owner\":\"9b1c6c0e1f2a3b4c\",\"status\":\"NFS4ERR_NO_GRACE\","
		"\"duration_ns\":812345,"
		"\"facts\":[\"knfsd-grace\",\"re-export\",\"refused-by-client\"],"
		"\"back\":[{\"op\":\"nfs_lock\",\"status\":\"ENOGRACE\",\"at_ns\":1000}],"
		"\"downgrade\":{\"reason\":\"reclaim-refused-by-client\",\"text\":\"";
	struct rg_record r = unit_lock_record();
	json_object *o = json_of(&r);

	(void)unused;
	assert_memory_equal(line, expected, strlen(expected));
	check_text(o, "downgrade.text", rg_downgrade_text(r.downgrade));
	check_text(o, "downgrade.consequence", rg_downgrade_consequence(&r));
	json_object_put(o);
}

/* A record that says nothing: what is always there, and nothing else. */
static void test_nothing_to_say(void **unused)
{
	struct rg_record r = {.op = RG_REC_KNFSD_STARTING};
	json_object *o = json_of(&r);

	(void)unused;
	assert_int_equal(json_object_object_length(o), 4);
	check_number(o, "boot_ns", 0);
	check_text(o, "event", "KNFSD_STARTING");
	check_text(o, "side", "server");
	assert_non_null(at(o, "time"));
	json_object_put(o);
}

static void test_peers(void **unused)
{
	struct rg_record r = unit_lock_record();
	json_object *o;

	(void)unused;
	r.side = RG_SIDE_CLIENT;
	r.family = AF_INET6;
	memcpy(r.addr, (__u8[16]){0xfd, [15] = 1}, sizeof(r.addr));
	r.port = 0;
	memcpy(&r.verifier, "\x01\x23\x45\x67\x89\xab\xcd\xef", sizeof(r.verifier));
	o = json_of(&r);
	check_missing(o, "client");
	check_text(o, "origin.addr", "fd00::1");
	check_missing(o, "origin.port");
	check_text(o, "origin.verifier", "0123456789abcdef");
	check_number(o, "origin.minor", 2);
	check_missing(o, "origin.truncated");
	check_missing(o, "back.1");
	json_object_put(o);

	/* NLM: no clientid, no minor version. */
	r = unit_lock_record();
	r.op = RG_REC_NLM_LOCK;
	r.minorversion = RG_NLM_MINOR;
	r.cl_boot = r.cl_id = 0;
	r.status_kind = RG_STATUS_NLM;
	r.status = RG_NLM_DENIED_GRACE;
	o = json_of(&r);
	check_missing(o, "client.minor");
	check_missing(o, "client.clientid");
	check_text(o, "status", "NLM4_DENIED_GRACE_PERIOD");
	json_object_put(o);

	/* An address of no family that is known, and a name that is cut. */
	r = unit_lock_record();
	r.family = 99;
	r.minorversion = 0;
	memset(r.name, 'x', sizeof(r.name));
	r.name_len = RG_RECORD_NAME + 1;
	o = json_of(&r);
	check_missing(o, "client.addr");
	check_number(o, "client.minor", 0);
	assert_int_equal(json_object_get_string_len(at(o, "client.name")), RG_RECORD_NAME);
	assert_true(json_object_get_boolean(at(o, "client.truncated")));
	json_object_put(o);
	r.name_len = RG_RECORD_NAME;
	o = json_of(&r);
	check_missing(o, "client.truncated");
	json_object_put(o);
	r.facts |= RG_FACT_NAME_CUT;
	o = json_of(&r);
	assert_true(json_object_get_boolean(at(o, "client.truncated")));
	check_list(o, "facts", "knfsd-grace re-export refused-by-client");
	json_object_put(o);

	/* A process's name is no peer. */
	r = (struct rg_record){.op = RG_REC_HELD, .side = RG_SIDE_GATE, .name = "backup"};
	o = json_of(&r);
	check_text(o, "comm", "backup");
	check_missing(o, "client");
	json_object_put(o);
}

/* Bytes that are no text: 0 among them, and UTF-8 as it is. */
static void test_text_of_names(void **unused)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *json;
	} cases[] = {
		{"plain", 5, "\"plain\""},
		{"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
		{"a\0b", 3, "\"a\\u0000b\""},
		{"\x01\n\t\x7f", 4, "\"\\u0001\\u000a\\u0009\\u007f\""},
		{"/", 1, "\"/\""},
		{"caf\xc3\xa9", 5, "\"caf\xc3\xa9\""},
		{"\xe2\x82\xac", 3, "\"\xe2\x82\xac\""},
		{"\xf0\x9f\x98\x80", 4, "\"\xf0\x9f\x98\x80\""},
		/* Cut in the middle, alone, too long, a surrogate, a control character. */
		{"\xf0\x9f\x98", 3, "\"\\u00f0\\u009f\\u0098\""},
		{"\xe9", 1, "\"\\u00e9\""},
		{"\xc0\xaf", 2, "\"\\u00c0\\u00af\""},
		{"\xed\xa0\x80", 3, "\"\\u00ed\\u00a0\\u0080\""},
		{"\xc2\x85", 2, "\"\\u0085\""},
		{"\xff\xfe", 2, "\"\\u00ff\\u00fe\""},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct rg_record r = {.op = RG_REC_EXCHANGE_ID, .name_len = (__u16)cases[i].n};
		char expected[128];
		json_object *o;

		memcpy(r.name, cases[i].bytes, cases[i].n);
		o = json_of(&r);
		snprintf(expected, sizeof(expected), "\"name\":%s", cases[i].json);
		if (!strstr(line, expected))
			fail_msg("%s is not in %s", expected, line);
		json_object_put(o);
	}
	/* Every byte is itself again, as a code point, where it is no UTF-8. */
	for (unsigned int b = 0; b < 256; b++) {
		struct rg_record r = {.op = RG_REC_EXCHANGE_ID, .name_len = 1, .name = {(char)b}};
		json_object *o = json_of(&r);
		const char *text = json_object_get_string(at(o, "client.name"));

		assert_non_null(text);
		if (b < 0x80)
			assert_int_equal((unsigned char)text[0], b);
		else
			assert_int_equal(((unsigned char)text[0] & 3) << 6 |
						 ((unsigned char)text[1] & 63),
					 b);
		json_object_put(o);
	}
}

static void check_path(struct rg_record *r, const char *path, __u32 dev, const char *expected)
{
	json_object *o;

	memset(r->path, 0, sizeof(r->path));
	memcpy(r->path, path, strlen(path));
	r->dev = dev;
	o = json_of(r);
	if (expected)
		check_text(o, "file.path", expected);
	else
		check_missing(o, "file.path");
	json_object_put(o);
}

static void test_files(void **unused)
{
	struct rg_record r = unit_lock_record();
	char longest[RG_RECORD_PATH + 1] = "";
	json_object *o;

	(void)unused;
	check_path(&r, "/a", 45, "/srv/reexport/a");
	check_path(&r, "/", 45, "/srv/reexport");
	check_path(&r, "", 45, NULL);
	/* Not known, and / itself. */
	check_path(&r, "/a", 44, "/a");
	check_path(&r, "/a", 0, "/a");
	check_path(&r, "/a", 7, "/a");
	check_path(&r, "/", 7, "/");
	/* The mount's bytes are no text either; 0xff is U+00FF. */
	check_path(&r, "/x", 46, "/srv/\xc3\xa9\x01\xc3\xbf/x");
	/* No NUL at its end. */
	memset(longest, 'p', RG_RECORD_PATH);
	longest[0] = '/';
	check_path(&r, longest, 44, longest);
	/* Without its beginning it is not below the mount. */
	r.facts |= RG_FACT_PATH_CUT;
	check_path(&r, "/a", 45, "/a");
	o = json_of(&r);
	assert_true(json_object_get_boolean(at(o, "file.truncated")));
	check_list(o, "facts", "knfsd-grace re-export refused-by-client");
	json_object_put(o);

	r = unit_lock_record();
	r.dev = 8 << 20 | 1;
	r.fsid_major = 0xabcdef0123456789ULL;
	r.fsid_minor = 0x10;
	r.fileid = ~0ULL;
	o = json_of(&r);
	check_text(o, "file.dev", "8:1");
	check_text(o, "file.fsid", "abcdef0123456789:10");
	check_number(o, "file.fileid", ~0ULL);
	json_object_put(o);
	/* 0:0 is an fsid only of what is on NFS. */
	r.facts = 0;
	r.fsid_major = r.fsid_minor = 0;
	o = json_of(&r);
	check_missing(o, "file.fsid");
	json_object_put(o);
	r.dev = 0;
	r.fileid = 0;
	r.path[0] = '\0';
	o = json_of(&r);
	check_missing(o, "file");
	json_object_put(o);
}

static void test_what_is_asked(void **unused)
{
	static const char *const types[] = {NULL, "read", "write", "both", NULL};
	struct rg_record r = unit_lock_record();
	json_object *o;

	(void)unused;
	for (__u32 type = 0; type < UNIT_COUNT(types); type++) {
		r.lock_type = type;
		o = json_of(&r);
		if (types[type])
			check_text(o, "type", types[type]);
		else
			check_missing(o, "type");
		json_object_put(o);
	}
	r.start = ~0ULL - 5;
	r.length = ~0ULL;
	r.owner_hash = 1;
	o = json_of(&r);
	check_number(o, "start", ~0ULL - 5);
	check_missing(o, "length");
	check_text(o, "owner", "0000000000000001");
	json_object_put(o);
	r.op = RG_REC_OPEN;
	r.owner_hash = 0;
	o = json_of(&r);
	check_missing(o, "start");
	check_missing(o, "owner");
	json_object_put(o);
}

static void test_statuses(void **unused)
{
	static const struct {
		__u32 kind, status;
		const char *name; /* NULL: a number */
	} cases[] = {
		{RG_STATUS_NFS4, 0, "NFS4_OK"},	      {RG_STATUS_NFS4, 10033, "NFS4ERR_NO_GRACE"},
		{RG_STATUS_NFS4, 12345, NULL},	      {RG_STATUS_NLM, 0, "NLM4_GRANTED"},
		{RG_STATUS_NLM, 9, "NLM4_FAILED"},    {RG_STATUS_NLM, 10, NULL},
		{RG_STATUS_ERRNO, 11, "EAGAIN"},      {RG_STATUS_ERRNO, 531, "ENOGRACE"},
		{RG_STATUS_ERRNO, 4000000000U, NULL},
	};
	struct rg_record r = unit_lock_record();
	json_object *o;

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		r.status_kind = (__u8)cases[i].kind;
		r.status = cases[i].status;
		o = json_of(&r);
		if (cases[i].name)
			check_text(o, "status", cases[i].name);
		else
			check_number(o, "status", cases[i].status);
		json_object_put(o);
	}
	r.status_kind = RG_STATUS_NONE;
	r.duration_ns = 0;
	r.facts = 0;
	o = json_of(&r);
	check_missing(o, "status");
	check_missing(o, "duration_ns");
	check_missing(o, "facts");
	json_object_put(o);
	r.facts = ~((1U << RG_NR_FACTS) - 1);
	o = json_of(&r);
	check_missing(o, "facts");
	json_object_put(o);
	r.facts = (1U << RG_NR_FACTS) - 1;
	o = json_of(&r);
	check_list(o, "facts",
		   "knfsd-grace lockd-grace grace-skipped complete no-record re-export "
		   "refused-by-client early-complete clients-due back-truncated said-before");
	json_object_put(o);
}

static void test_back(void **unused)
{
	struct rg_record r = unit_lock_record();
	json_object *o;

	(void)unused;
	r.n_back = 4;
	r.back[0] = (struct rg_back){.op = RG_BACK_CACHED_OPEN, .at_ns = r.time_ns};
	r.back[1] = (struct rg_back){.op = RG_BACK_OPEN, .at_ns = r.time_ns + 1};
	r.back[2] = (struct rg_back){.op = RG_BACK_LOCK, .status = 10010, .at_ns = 0};
	r.back[3] = (struct rg_back){.op = RG_BACK_NLM_LOCK, .status = 37, .at_ns = 1};
	o = json_of(&r);
	assert_int_equal(json_object_array_length(at(o, "back")), 4);
	check_text(o, "back.0.op", "cached OPEN");
	check_text(o, "back.0.status", "OK");
	check_number(o, "back.0.at_ns", 0);
	check_text(o, "back.1.op", "OPEN");
	check_text(o, "back.1.status", "NFS4_OK");
	check_missing(o, "back.1.at_ns");
	check_text(o, "back.2.op", "LOCK");
	check_text(o, "back.2.status", "NFS4ERR_DENIED");
	check_missing(o, "back.2.at_ns");
	check_text(o, "back.3.op", "NLM_LOCK");
	check_text(o, "back.3.status", "ENOLCK");
	check_number(o, "back.3.at_ns", r.time_ns - 1);
	json_object_put(o);

	/* More than there is room for. */
	r.n_back = 1000;
	o = json_of(&r);
	assert_int_equal(json_object_array_length(at(o, "back")), RG_BACK_MAX);
	json_object_put(o);

	/* That nothing was asked is news only where something would have been. */
	r.n_back = 0;
	o = json_of(&r);
	check_list(o, "back", "");
	json_object_put(o);
	r.facts &= ~RG_FACT_NFS;
	o = json_of(&r);
	check_missing(o, "back");
	json_object_put(o);
	r.facts |= RG_FACT_NFS;
	r.side = RG_SIDE_CLIENT;
	o = json_of(&r);
	check_missing(o, "back");
	json_object_put(o);
	r.side = RG_SIDE_SERVER;
	r.op = RG_REC_EXCHANGE_ID;
	o = json_of(&r);
	check_missing(o, "back");
	json_object_put(o);
}

static void test_downgrades(void **unused)
{
	struct rg_record r = unit_lock_record();
	json_object *o;

	(void)unused;
	for (__u32 downgrade = 0; downgrade <= RG_NR_DOWNGRADES; downgrade++) {
		r.downgrade = (__u16)downgrade;
		o = json_of(&r);
		if (downgrade && downgrade < RG_NR_DOWNGRADES) {
			check_text(o, "downgrade.reason", rg_downgrade_name(downgrade));
			check_text(o, "downgrade.text", rg_downgrade_text(downgrade));
			check_text(o, "downgrade.consequence", rg_downgrade_consequence(&r));
		} else {
			check_missing(o, "downgrade");
		}
		json_object_put(o);
	}
}

/* Every event, and the fields of its own. */
static void test_every_event(void **unused)
{
	(void)unused;
	for (__u32 op = RG_REC_NONE + 1; op < RG_NR_RECORD_OPS; op++) {
		static const char *const own[] = {"expected", "complete",    "how",    "state",
						  "grace_s",  "section",     "what",   "hand",
						  "why",      "lost",	     "left",   "kept_for",
						  "flags",    "asked_flags", "ranges", "keep_for_s",
						  "overflow"};
		struct rg_record r = {.op = (__u16)op,
				      .value = 3,
				      .how = 2,
				      .expected = 7,
				      .complete = 5,
				      .path = "reclaim reboot",
				      .status_kind = RG_STATUS_ERRNO};
		json_object *o = json_of(&r);
		const char *fields = "";

		check_text(o, "event", rg_record_op_name(op));
		switch (op) {
		case RG_REC_EXCHANGE_ID:
			fields = "flags";
			check_list(o, "flags", "SUPP_MOVED_REFER SUPP_MOVED_MIGR");
			break;
		case RG_REC_RECLAIM_COMPLETE:
		case RG_REC_GRACE_SKIPPED:
		case RG_REC_GRACE_END:
		case RG_REC_GRACE_END_FORCED:
			fields = "expected complete";
			check_number(o, "expected", 7);
			check_number(o, "complete", 5);
			break;
		case RG_REC_CLIENT_GONE:
			fields = "how";
			check_text(o, "how", "replaced");
			break;
		case RG_REC_SM_NOTIFY:
			fields = "state";
			check_number(o, "state", 3);
			break;
		case RG_REC_GRACE_START:
			fields = "grace_s expected";
			check_number(o, "grace_s", 3);
			check_number(o, "expected", 7);
			break;
		case RG_REC_STATE_MANAGER:
			fields = "state";
			check_list(o, "state", "manager-running check-lease");
			break;
		case RG_REC_STATE_MANAGER_FAILED:
			fields = "section";
			check_text(o, "section", "reclaim reboot");
			check_missing(o, "file");
			check_text(o, "status", "OK");
			break;
		case RG_REC_HELD:
		case RG_REC_CONTINUED:
		case RG_REC_DENIED:
		case RG_REC_AUDITED:
			fields = "what";
			check_text(o, "what", "access");
			break;
		case RG_REC_HAND:
			fields = "hand";
			check_text(o, "hand", "nothing-to-protect");
			break;
		case RG_REC_GATE:
			fields = "state why";
			check_text(o, "state", "open");
			check_text(o, "why", "closed-by-hand");
			break;
		case RG_REC_KEPT:
			fields = "ranges keep_for_s overflow";
			check_number(o, "ranges", 3);
			check_number(o, "keep_for_s", 7);
			break;
		case RG_REC_NOT_KEPT:
			fields = "why";
			check_text(o, "why", "expired");
			break;
		case RG_REC_RETAKEN:
			fields = "left";
			check_number(o, "left", 3);
			break;
		case RG_REC_KEPT_FROM:
			fields = "what kept_for";
			check_text(o, "what", "open");
			check_text(o, "kept_for", "0000000000000003");
			break;
		case RG_REC_KEPT_ENDED:
			fields = "why left";
			check_text(o, "why", "expired");
			check_number(o, "left", 3);
			break;
		case RG_REC_LOST:
			fields = "lost failures";
			check_number(o, "lost", 3);
			check_number(o, "failures", 7);
			check_missing(o, "side");
			break;
		default:
			break;
		}
		for (size_t i = 0; i < UNIT_COUNT(own); i++)
			if (!strstr(fields, own[i]))
				check_missing(o, own[i]);
		json_object_put(o);
	}
	/* Of how many end clients of this host are through, the original server is
	 * not told. */
	{
		struct rg_record r = {.op = RG_REC_RECLAIM_COMPLETE, .side = RG_SIDE_CLIENT};
		json_object *o = json_of(&r);

		check_missing(o, "expected");
		json_object_put(o);
	}
}

static void test_hand(void **unused)
{
	struct rg_record r = {.op = RG_REC_HAND, .side = RG_SIDE_GATE, .value = RG_HAND_CLOSED};
	json_object *o = json_of(&r);

	(void)unused;
	check_text(o, "hand", "closed");
	json_object_put(o);
	r.value = RG_HAND_OPEN;
	o = json_of(&r);
	check_text(o, "hand", "open");
	json_object_put(o);
	r.value = RG_HAND_NOTHING + 1;
	o = json_of(&r);
	check_text(o, "hand", "?");
	json_object_put(o);
	/* Not the low half of something large. */
	r.value = 1ULL << 32 | RG_HAND_OPEN;
	o = json_of(&r);
	check_text(o, "hand", "?");
	json_object_put(o);
}

/* ---- times ---- */

static void test_clock(void **unused)
{
	static const struct {
		__s64 offset;
		__u64 boot, wall;
	} cases[] = {
		{0, 0, 0},
		{5, 6, 11},
		{-5, 6, 1},
		{-5, 5, 0},
		{-5, 4, 0},
		{-1, 0, 0},
		{1, ~0ULL, ~0ULL},
		{1, ~0ULL - 1, ~0ULL},
		{INT64_MAX, ~0ULL, ~0ULL},
		{INT64_MIN, ~0ULL, (1ULL << 63) - 1},
		{INT64_MIN, 0, 0},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct rg_record_around around = {.wall_offset_ns = cases[i].offset};

		assert_true(rg_record_wall(&around, cases[i].boot) == cases[i].wall);
	}
}

static void test_times(void **unused)
{
	struct rg_second kept = {};
	__u64 seed = 3;

	(void)unused;
	for (int i = 0; i < 20000; i++) {
		/* Some in one second, some of the second before. */
		__u64 wall_ns = i % 3 ? unit_random(&seed) : 1000000000ULL * (__u64)(i / 6) + 7;
		time_t s = (time_t)(wall_ns / 1000000000);
		char got[64] = "", day[40], expected[64];
		struct rg_line l = rg_line_in(got, sizeof(got) - 1);
		struct tm tm;

		rg_line_wall(&l, &kept, wall_ns);
		gmtime_r(&s, &tm);
		strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(expected, sizeof(expected), "%s.%09lluZ", day, wall_ns % 1000000000);
		assert_string_equal(got, expected);
	}
}

/* ---- mount points ---- */

static void test_mountpoints(void **unused)
{
	static char long_path[RG_PATH_SIZE + 8];
	struct rg_mount list[] = {
		{.dev = 50, .target = (char *)"/b"}, {.dev = 45, .target = (char *)"/first"},
		{.dev = 46, .target = (char *)"/"},  {.dev = 45, .target = (char *)"/bind/mount"},
		{.dev = 47, .target = long_path},    {.dev = 48, .target = (char *)""},
	};
	struct rg_mounts mounts = {.at = list, .n = UNIT_COUNT(list)};
	struct rg_mountpoints points = {};

	(void)unused;
	memset(long_path, 'x', RG_PATH_SIZE);
	long_path[0] = '/';
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(rg_mountpoints_of(&mounts, &points), 0);
		assert_int_equal(points.n, 4);
	}
	assert_string_equal(rg_mountpoint_find(&points, 45)->path, "/first");
	assert_string_equal(rg_mountpoint_find(&points, 46)->path, "");
	assert_string_equal(rg_mountpoint_find(&points, 48)->path, "");
	assert_string_equal(rg_mountpoint_find(&points, 50)->path, "/b");
	assert_int_equal(rg_mountpoint_find(&points, 50)->path_n, 2);
	assert_null(rg_mountpoint_find(&points, 47));
	assert_null(rg_mountpoint_find(&points, 0));
	assert_null(rg_mountpoint_find(&points, ~0U));
	assert_null(rg_mountpoint_find(NULL, 45));
	mounts.n = 0;
	assert_int_equal(rg_mountpoints_of(&mounts, &points), 0);
	assert_int_equal(points.n, 0);
	assert_null(rg_mountpoint_find(&points, 45));
	rg_mountpoints_free(&points);
}

/* ---- any bytes ---- */

static void test_any_bytes(void **unused)
{
	struct rg_record *r = malloc(sizeof(*r)); /* ASan watches its end */
	__u64 seed = 4;

	(void)unused;
	unit_need(r);
	for (int i = 0; i < 100000; i++) {
		json_object *o;

		unit_any_record(&seed, r);
		o = json_of(r);
		check_number(o, "boot_ns", r->time_ns);
		check_text(o, "event", rg_record_op_name(r->op));
		if (r->netns)
			check_number(o, "netns", r->netns);
		if (r->duration_ns)
			check_number(o, "duration_ns", r->duration_ns);
		if (r->fileid)
			check_number(o, "file.fileid", r->fileid);
		assert_int_equal(rg_record_is_downgrade(r), at(o, "downgrade") != NULL);
		assert_int_equal(rg_record_has_peer(r), at(o, "client") || at(o, "origin"));
		json_object_put(o);
	}
	free(r);
}

/* The longest mount point, path and name, of bytes that are all escaped. */
static void test_longest(void **unused)
{
	static char path[RG_PATH_SIZE];
	struct rg_mountpoint mount = {.dev = 45, .path = path, .path_n = RG_PATH_SIZE - 1};
	struct rg_mountpoints mounts = {.at = &mount, .n = 1};
	struct rg_record_around around = {.mounts = &mounts, .wall_offset_ns = INT64_MAX};
	struct rg_record r;
	struct rg_second kept = {};
	size_t n, longest = 0;

	(void)unused;
	memset(path, 1, sizeof(path) - 1);
	for (__u32 op = 0; op <= RG_NR_RECORD_OPS; op++) {
		for (__u32 downgrade = 0; downgrade < RG_NR_DOWNGRADES; downgrade++) {
			memset(&r, 0xff, sizeof(r));
			memset(r.name, 1, sizeof(r.name));
			memset(r.path, 1, sizeof(r.path));
			memset(r.addr, 0x11, sizeof(r.addr));
			r.path[0] = '/';
			r.op = (__u16)op;
			r.side = RG_SIDE_SERVER;
			r.claim = RG_CLAIM_DELEGATION_RECLAIM;
			r.downgrade = (__u16)downgrade;
			r.family = AF_INET6;
			r.dev = 45;
			r.facts = ~RG_FACT_PATH_CUT;
			r.lock_type = 2;
			r.length--;
			r.minorversion--;
			r.status_kind = RG_STATUS_NFS4;
			r.status = 10055;
			for (int i = 0; i < RG_BACK_MAX; i++)
				r.back[i] = (struct rg_back){.op = RG_BACK_CACHED_OPEN,
							     .status = 10055,
							     .at_ns = 1};
			n = rg_record_json(&r, &around, &kept, line, sizeof(line) - 1);
			assert_true(n > 0);
			json_object_put(unit_json(line, n));
			longest = n > longest ? n : longest;
		}
	}
	/* And there is room left for a field more. */
	assert_in_range(longest, 8000, RG_RECORD_JSON_MAX - 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	       cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_room),	       cmocka_unit_test(test_the_example),
		cmocka_unit_test(test_nothing_to_say), cmocka_unit_test(test_peers),
		cmocka_unit_test(test_text_of_names),  cmocka_unit_test(test_files),
		cmocka_unit_test(test_what_is_asked),  cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_back),	       cmocka_unit_test(test_downgrades),
		cmocka_unit_test(test_every_event),    cmocka_unit_test(test_hand),
		cmocka_unit_test(test_clock),	       cmocka_unit_test(test_times),
		cmocka_unit_test(test_mountpoints),    cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
