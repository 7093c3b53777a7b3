// SPDX-License-Identifier: GPL-2.0-only
/* Ranges of end clients' locks, what of them is lost after a recovery, and the files of both. */
#include "unit_dir.h"

#include <arpa/inet.h>
#include <errno.h>

#include "rg_records.h"
#include "state/lost_file.h"

#define INIT_NETNS 4026531840U
#define BOOT "6c1f5e0c-53a2-4f0e-8f5e-6f3a0e5d2c11"

/* ---- a host of our own ---- */

static struct {
	struct rg_client_key keys[8];
	struct rg_client clients[8];
	struct rg_awaited list;
	struct rg_gate gate;
	struct rg_ranges before, now;
	struct rg_lost lost;
	bool listed[8];
} h;

static void add_client(__u64 name_hash, __u32 expected)
{
	__u32 i = h.list.n++;

	h.keys[i] = (struct rg_client_key){.name_hash = name_hash, .slot = 1};
	h.clients[i].expected = expected;
	h.clients[i].family = AF_INET;
	h.clients[i].addr[3] = (__u8)name_hash;
	h.clients[i].name_len = 2;
	h.clients[i].name[0] = 'c';
	h.clients[i].name[1] = (char)('0' + name_hash);
}

static int setup(void **state)
{
	memset(&h, 0, sizeof(h));
	h.list.keys = h.keys;
	h.list.clients = h.clients;
	h.gate = (struct rg_gate){.netns = INIT_NETNS, .generation = 2, .knfsd = RG_KNFSD_OVER};
	h.gate.policy.max_hold_s = 900;
	return dir_setup(state);
}

static int teardown(void **state)
{
	rg_ranges_free(&h.before);
	rg_ranges_free(&h.now);
	rg_lost_free(&h.lost);
	return dir_teardown(state);
}

static __u32 put_file(struct rg_ranges *r, __u64 fileid, __u32 dev, const char *path)
{
	struct rg_range_file f = {.netns = INIT_NETNS,
				  .init_netns = true,
				  .on_nfs = true,
				  .fileid = fileid,
				  .fsid_major = 7,
				  .dev = dev};
	long at;

	snprintf(f.path, sizeof(f.path), "%s", path);
	snprintf(f.server, sizeof(f.server), "origin");
	at = rg_ranges_file(r, &f);
	unit_need(at >= 0);
	return (__u32)at;
}

static void lock(struct rg_ranges *r, __u32 file, __u64 who, __u64 owner, __u64 start, __u64 length,
		 __u32 type)
{
	struct rg_range one = {.file = file,
			       .name_hash = who,
			       .owner = owner,
			       .start = start,
			       .length = length,
			       .type = type};

	unit_need(rg_ranges_add(r, &one, RG_MAX_RANGES) == 0);
}

static void begin(bool from_disk)
{
	const struct rg_life life = {INIT_NETNS, true, 2, 9};

	unit_need(rg_lost_begin(&h.lost, &h.before, &life, &h.list, 1, from_disk) == 0);
	snprintf(h.lost.boot_id, sizeof(h.lost.boot_id), "%s", BOOT);
}

/* The end client is back, and holds so many. */
static void back(__u32 i, __u32 locks, __u32 refusals)
{
	h.clients[i].generation = rg_client_generation(&h.gate);
	h.clients[i].locks = locks;
	h.clients[i].refusals = refusals;
}

static void heed(struct rg_unlocks *unlocks, size_t n)
{
	unit_need(rg_lost_take_listing(&h.lost, &h.now, h.listed, unlocks, n) == 0);
}

static struct rg_lost_sum judge(bool over)
{
	rg_lost_judge(&h.lost, &h.list, 1, &h.gate, over);
	return rg_lost_sum_of(&h.lost);
}

static void text_is(const char *expected)
{
	struct rg_lost_sum sum = rg_lost_sum_of(&h.lost);
	char text[RG_LOST_TEXT_SIZE];

	rg_lost_text(&h.lost, &sum, text);
	assert_string_equal(text, expected);
}

/* ---- the join ---- */

static void test_refused(void **unused)
{
	__u32 f = put_file(&h.before, 1, 50, "/mnt/a/db");
	struct rg_lost_sum sum;

	(void)unused;
	for (__u64 i = 0; i < 10; i++)
		lock(&h.before, f, 1, 77, 2 * i, 1, 2);
	add_client(1, 10);
	begin(false);
	assert_int_equal(h.before.n, 0);
	sum = judge(false);
	assert_int_equal(sum.total, 0);
	assert_int_equal(sum.pending, 10);
	text_is("recovery under way: 0 of 10 known locks are held again");
	back(0, 0, 1);
	sum = judge(true);
	assert_int_equal(sum.total, 10);
	assert_int_equal(sum.why[RG_LOST_REFUSED], 10);
	assert_int_equal(sum.clients, 1);
	assert_int_equal(sum.pending, 0);
	assert_false(sum.lower_bound);
	text_is("10 locks of 1 end client lost");
}

static void test_held_again(void **unused)
{
	__u32 f = put_file(&h.before, 1, 50, "/mnt/a/db"), other, g;
	struct rg_lost_sum sum;

	(void)unused;
	lock(&h.before, f, 1, 77, 0, 10, 2);
	lock(&h.before, f, 1, 77, 20, ~0ULL, 1);
	lock(&h.before, f, 1, 78, 12, 1, 1);
	lock(&h.before, f, 1, 79, 14, 2, 2);
	add_client(1, 4);
	begin(false);
	back(0, 4, 1);
	/* The same file by another device: its server and its fsid are what counts. */
	other = put_file(&h.now, 2, 51, "/mnt/a/other");
	g = put_file(&h.now, 1, 51, "/mnt/a/db");
	lock(&h.now, g, 1, 77, 5, 5, 2);
	lock(&h.now, g, 1, 77, 0, 5, 2);      /* two that make one, out of order */
	lock(&h.now, g, 1, 77, 20, ~0ULL, 2); /* stronger than it was */
	lock(&h.now, g, 1, 77, 12, 1, 1);     /* another owner's */
	lock(&h.now, g, 1, 79, 14, 2, 1);     /* weaker */
	lock(&h.now, other, 1, 78, 12, 1, 1);
	h.listed[g] = true;
	heed(NULL, 0);
	sum = judge(true);
	assert_int_equal(sum.back, 2);
	assert_int_equal(sum.total, 2);
	assert_int_equal(sum.why[RG_LOST_REFUSED], 2);
	/* What is not listed stays as it was. */
	h.listed[g] = false;
	rg_ranges_free(&h.now);
	heed(NULL, 0);
	assert_int_equal(judge(true).back, 2);
}

static void test_given_back(void **unused)
{
	__u32 f = put_file(&h.before, 1, 50, "/mnt/a/db"), g;
	struct rg_unlocks unlocks = {.n = 1, .name_hash = 1};
	struct rg_lost_sum sum;

	(void)unused;
	lock(&h.before, f, 1, 77, 0, 1, 2);
	lock(&h.before, f, 1, 77, 2, 1, 2);
	add_client(1, 2);
	begin(false);
	back(0, 1, 0);
	g = put_file(&h.now, 1, 50, "/mnt/a/db");
	lock(&h.now, g, 1, 77, 0, 1, 2);
	h.listed[g] = true;
	unlocks.file = g;
	heed(&unlocks, 1);
	sum = judge(true);
	assert_int_equal(sum.total, 0);
	assert_int_equal(sum.given_back, 1);
	assert_true(sum.lower_bound);
	text_is("0 locks of 0 end clients lost; 1 more are not held and may have been given back");
	/* It was held: that it is not any more is its end client's doing. */
	h.now.n = 0;
	unlocks.n = 2;
	heed(&unlocks, 1);
	sum = judge(true);
	assert_int_equal(sum.total, 0);
	assert_int_equal(sum.given_back, 1);
}

static void test_thrown_out_and_ended(void **unused)
{
	__u32 f = put_file(&h.before, 1, 50, "/mnt/a/db"), g;
	struct rg_lost_sum sum;

	(void)unused;
	for (__u64 who = 1; who <= 3; who++) {
		lock(&h.before, f, who, 77, 10 * who, 1, 2);
		add_client(who, 1);
	}
	begin(false);
	g = put_file(&h.now, 1, 50, "/mnt/a/db");
	for (__u64 who = 1; who <= 3; who++) {
		lock(&h.now, g, who, 77, 10 * who, 1, 2);
		back((__u32)who - 1, 1, 1);
	}
	h.listed[g] = true;
	heed(NULL, 0);
	assert_int_equal(judge(true).total, 0);
	h.clients[0].gone_ns = h.clients[1].gone_ns = 5;
	h.clients[0].gone_locks = h.clients[1].gone_locks = 1;
	h.clients[0].locks = h.clients[1].locks = 0;
	h.clients[0].gone_how = RG_GONE_HOW_EXPIRED;
	h.clients[1].gone_how = RG_GONE_HOW_RESTARTED;
	sum = judge(true);
	assert_int_equal(sum.why[RG_LOST_THROWN_OUT], 1);
	assert_int_equal(sum.total, 1);
	assert_int_equal(sum.back, 1);
	assert_int_equal(sum.given_back, 0);
	/* Had once more: it is not lost. */
	heed(NULL, 0);
	assert_int_equal(judge(true).total, 0);
}

static void test_absent_and_unnamed(void **unused)
{
	__u32 f = put_file(&h.before, 1, 50, "");
	struct rg_lost_sum sum;

	(void)unused;
	lock(&h.before, f, 2, 77, 0, 1, 1);
	h.before.cut = true;
	add_client(1, 5); /* of which no range is known */
	add_client(2, 3);
	add_client(3, RG_LOCKS_UNKNOWN);
	begin(false);
	back(0, 2, 1);
	sum = judge(true);
	assert_int_equal(sum.unnamed, 3 + 2);
	assert_int_equal(sum.total, 6);
	assert_int_equal(sum.why[RG_LOST_REFUSED], 3);
	assert_int_equal(sum.why[RG_LOST_ABSENT], 3);
	assert_int_equal(sum.clients, 2);
	text_is("6 locks of 2 end clients lost; of 5 the ledger had no range, as there were more "
		"than it keeps");
}

/* The kernel goes on to expect what was lost; it is lost once. */
static void test_lost_once(void **unused)
{
	struct rg_lost old;
	__u32 f = put_file(&h.before, 1, 50, "/mnt/a/db");

	(void)unused;
	for (__u64 i = 0; i < 3; i++)
		lock(&h.before, f, 1, 77, 2 * i, 1, 2);
	add_client(1, 5);
	begin(false);
	back(0, 0, 1);
	assert_int_equal(judge(true).total, 5);
	old = h.lost;
	memset(&h.lost, 0, sizeof(h.lost));
	/* It has taken one other lock since. */
	f = put_file(&h.before, 1, 50, "/mnt/a/db");
	lock(&h.before, f, 1, 77, 100, 1, 2);
	h.clients[0].generation = 0;
	begin(false);
	rg_lost_told_before(&h.lost, &old);
	assert_int_equal(judge(true).total, 1);
	assert_int_equal(rg_lost_sum_of(&h.lost).unnamed, 0);
	rg_lost_free(&old);
}

static void test_lower_bounds(void **unused)
{
	__u32 f = put_file(&h.before, 1, 50, "/mnt/a/db");

	(void)unused;
	lock(&h.before, f, 1, 77, 0, 1, 2);
	add_client(1, 1);
	h.clients[0].unlisted = 1;
	h.before.written_ns = 1764460800ULL * RG_NS_PER_SEC;
	begin(true);
	back(0, 0, 0);
	judge(true);
	assert_int_equal(h.lost.locks[0].why, RG_LOST_NOT_ASKED);
	text_is("at least 1 lock of 1 end client lost; a lower bound, by the ledger on disk as it "
		"was written 2025-11-30 00:00:00 UTC: what was locked later is not in it");
	h.lost.as_of_ns = 0;
	text_is("at least 1 lock of 1 end client lost; a lower bound, as the ledger was a few "
		"seconds old");
}

static void test_over(void **unused)
{
	(void)unused;
	h.gate.policy.release = RG_RELEASE_GRACE_START;
	h.gate.lease_s = 15;
	h.gate.knfsd_start_ns = 1;
	h.gate.knfsd_end_ns = 20 * RG_NS_PER_SEC;
	h.gate.awaited = h.gate.refused = 1;
	assert_false(rg_lost_is_over(&h.gate, 21 * RG_NS_PER_SEC));
	assert_true(rg_lost_is_over(&h.gate, 36 * RG_NS_PER_SEC));
	h.gate.awaited = 0;
	h.gate.settled_ns = 21 * RG_NS_PER_SEC;
	assert_true(rg_lost_is_over(&h.gate, 22 * RG_NS_PER_SEC));
	h.gate.knfsd = RG_KNFSD_DOWN;
	h.gate.hand = RG_HAND_OPEN;
	assert_false(rg_lost_is_over(&h.gate, 36 * RG_NS_PER_SEC));
}

/* ---- bounds ---- */

static void test_bound(void **unused)
{
	__u32 f = put_file(&h.now, 1, 50, "/a"), g = put_file(&h.now, 2, 50, "/b");
	struct rg_range one = {.file = g, .type = 1, .length = 1};
	bool files[2] = {true, false};

	(void)unused;
	lock(&h.now, f, 1, 77, 0, 1, 2);
	assert_int_equal(rg_ranges_add(&h.now, &one, 2), 0);
	assert_false(h.now.cut);
	assert_int_equal(rg_ranges_add(&h.now, &one, 2), 0);
	assert_true(h.now.cut);
	assert_int_equal(h.now.n, 2);
	rg_ranges_clear_files(&h.now, files);
	assert_int_equal(h.now.n, 1);
	assert_int_equal(h.now.n_files, 2);
	rg_ranges_drop_empty(&h.now);
	assert_int_equal(h.now.n_files, 1);
	assert_int_equal(h.now.at[0].file, 0);
	assert_string_equal(h.now.files[0].path, "/b");
}

/* As many files as locks may be kept: finding them all again takes a few steps for each, whatever
 * their numbers have in common. */
static void test_many_files(void **unused)
{
	bool *listed = calloc(RG_MAX_RANGES, sizeof(*listed));
	__u32 f;

	(void)unused;
	unit_need(listed);
	add_client(1, RG_MAX_RANGES);
	for (__u64 i = 0; i < RG_MAX_RANGES; i++) {
		f = put_file(&h.before, i << 12, 50, "/mnt/a/db");
		lock(&h.before, f, 1, 77, i, 1, 2);
		f = put_file(&h.now, i << 12, 51, "/mnt/a/db");
		lock(&h.now, f, 1, 77, i, 1, 2);
		listed[f] = true;
	}
	assert_int_equal(h.now.n_files, RG_MAX_RANGES);
	assert_true(h.now.steps < 4ULL * RG_MAX_RANGES);
	begin(false);
	back(0, RG_MAX_RANGES, 0);
	h.now.steps = 0;
	unit_need(rg_lost_take_listing(&h.lost, &h.now, listed, NULL, 0) == 0);
	assert_true(h.now.steps >= RG_MAX_RANGES && h.now.steps < 4ULL * RG_MAX_RANGES);
	assert_int_equal(judge(true).back, RG_MAX_RANGES);
	free(listed);
	/* The index is made anew as files go. */
	h.now.n = RG_MAX_RANGES / 2;
	rg_ranges_drop_empty(&h.now);
	assert_int_equal(h.now.n_files, RG_MAX_RANGES / 2);
	for (__u64 i = 0; i < RG_MAX_RANGES; i++) {
		struct rg_range_file file = {.netns = INIT_NETNS,
					     .on_nfs = true,
					     .fileid = i << 12,
					     .fsid_major = 7,
					     .server = "origin"};

		assert_int_equal(rg_ranges_find(&h.now, &file),
				 i < RG_MAX_RANGES / 2 ? (long)i : -ENOENT);
	}
}

/* ---- NFSv3 ---- */

static struct rg_lost_sum nfs3(__u32 refused_with, bool came)
{
	h.clients[0].generation = came ? rg_client_generation(&h.gate) : 0;
	h.clients[0].refusals = refused_with != 0;
	h.clients[0].cl_id = refused_with;
	return judge(true);
}

static void test_nfs3(void **unused)
{
	__u32 f = put_file(&h.before, 1, 50, "/mnt/a/db"), g;
	struct rg_lost_sum sum;

	(void)unused;
	for (__u64 i = 0; i < 3; i++)
		lock(&h.before, f, 1, 4711, 2 * i, 1, 2);
	h.before.clients.at = calloc(1, sizeof(*h.before.clients.at));
	unit_need(h.before.clients.at);
	h.before.clients.n = 1;
	h.before.clients.at[0] = (struct rg_ledger_entry){.name_hash = 1,
							  .netns = INIT_NETNS,
							  .init_netns = true,
							  .name_len = 3,
							  .locks = 1,
							  .name = "cli",
							  .nfs3 = true};
	add_client(1, RG_LOCKS_UNKNOWN);
	h.keys[0].nlm = 1;
	h.clients[0].minorversion = RG_NLM_MINOR;
	begin(false);
	assert_int_equal(h.lost.clients[0].id.locks, 3);
	sum = nfs3(0, false);
	assert_int_equal(sum.why[RG_LOST_NLM_NOT_NOTIFIED], 3);
	assert_false(sum.lower_bound);
	text_is("3 locks of 1 end client lost");
	/* It comes back after all. */
	assert_int_equal(nfs3(0, true).why[RG_LOST_NOT_ASKED], 3);
	assert_int_equal(nfs3(RG_NLM_DENIED_GRACE, true).why[RG_LOST_NLM_GRACE], 3);
	assert_int_equal(nfs3(RG_NLM_DENIED, true).why[RG_LOST_NLM_DENIED], 3);
	assert_int_equal(nfs3(RG_NLM_DENIED_NOLOCKS, true).why[RG_LOST_NLM_DENIED], 3);
	/* One of them is had again by the same process of the end client, another by another. */
	g = put_file(&h.now, 1, 51, "/mnt/a/db");
	lock(&h.now, g, 1, 4711, 0, 1, 2);
	lock(&h.now, g, 1, 4712, 2, 1, 2);
	h.listed[g] = true;
	heed(NULL, 0);
	sum = nfs3(0, true);
	assert_int_equal(sum.total, 2);
	assert_int_equal(sum.back, 1);
	/* It restarts itself: nothing is lost to it. */
	h.clients[0].gone_ns = 5;
	h.clients[0].gone_how = RG_GONE_HOW_RESTARTED;
	assert_int_equal(nfs3(0, true).total, 0);
}

/* It had not been listed before knfsd went away, or only then: no name of it is kept yet. */
static void test_nfs3_new(void **unused)
{
	__u32 f = put_file(&h.before, 1, 50, "/mnt/a/db");

	(void)unused;
	lock(&h.before, f, 1, 4711, 0, 1, 2);
	for (__u64 who = 1; who <= 2; who++) {
		add_client(who, RG_LOCKS_UNKNOWN);
		h.keys[who - 1].nlm = 1;
		h.clients[who - 1].minorversion = RG_NLM_MINOR;
	}
	begin(false);
	assert_int_equal(nfs3(0, false).why[RG_LOST_NLM_NOT_NOTIFIED], 1);
	assert_int_equal(h.lost.n_clients, 2);
	assert_false(rg_lost_sum_of(&h.lost).lower_bound);
	rg_lost_free(&h.lost);
	h.clients[1].unlisted = 1;
	begin(false);
	assert_true(nfs3(0, false).lower_bound);
}

static void test_nfs3_bound(void **unused)
{
	__u32 f = put_file(&h.before, 1, 50, "/mnt/a/db");

	(void)unused;
	lock(&h.before, f, 1, 4711, 0, 1, 2);
	h.before.cut = true;
	h.before.clients.at = calloc(1, sizeof(*h.before.clients.at));
	unit_need(h.before.clients.at);
	h.before.clients.n = 1;
	h.before.clients.at[0] = (struct rg_ledger_entry){.name_hash = 1,
							  .netns = INIT_NETNS,
							  .init_netns = true,
							  .locks = 1,
							  .nfs3 = true};
	begin(false);
	judge(true);
	text_is("at least 1 lock of 1 end client lost; a lower bound, as there were more than the "
		"ledger keeps");
}

/* ---- the files ---- */

static void fill_ranges(struct rg_ranges *r)
{
	__u32 f = put_file(r, ~0ULL, 50, "/mnt/a/\"db\"");

	snprintf(r->boot_id, sizeof(r->boot_id), "%s", BOOT);
	r->written_ns = 12345;
	r->lives[r->n_lives++] = (struct rg_life){INIT_NETNS, true, 2, 9};
	r->clients.at = calloc(1, sizeof(*r->clients.at));
	unit_need(r->clients.at);
	r->clients.n = 1;
	r->clients.at[0] = (struct rg_ledger_entry){.name_hash = 1,
						    .netns = INIT_NETNS,
						    .init_netns = true,
						    .name_len = 2,
						    .family = AF_INET,
						    .addr = {10, 77, 2, 2},
						    .locks = 2,
						    .name = "c1",
						    .nfs3 = true};
	lock(r, f, 1, 0xabcdef0123456789ULL, 0, 1, 1);
	lock(r, f, 1, 7, INT64_MAX, ~0ULL, 2);
}

static void test_ranges_file(void **unused)
{
	(void)unused;
	assert_int_equal(rg_ranges_load(dir, INIT_NETNS, &h.now), 0);
	assert_int_equal(h.now.n, 0);
	fill_ranges(&h.before);
	assert_int_equal(rg_ranges_save(dir, &h.before), 0);
	assert_int_equal(rg_ranges_load(dir, INIT_NETNS, &h.now), 0);
	assert_int_equal(h.now.n, 2);
	assert_memory_equal(h.now.at, h.before.at, 2 * sizeof(*h.now.at));
	assert_memory_equal(&h.now.files[0], &h.before.files[0], sizeof(h.now.files[0]));
	assert_memory_equal(&h.now.lives[0], &h.before.lives[0], sizeof(h.now.lives[0]));
	assert_string_equal(h.now.boot_id, BOOT);
	assert_int_equal(h.now.written_ns, 12345);
}

static void test_lost_file(void **unused)
{
	struct rg_gate gates[RG_MAX_GATES] = {};
	struct rg_losts all = {}, got;

	(void)unused;

	fill_ranges(&h.before);
	add_client(1, 3);
	begin(true);
	back(0, 0, 1);
	judge(true);
	h.lost.locks[0].ever = h.lost.locks[1].held = true;
	gates[4] = h.gate;
	all.at[4] = &h.lost;
	assert_int_equal(rg_losts_save(dir, &all), 0);
	assert_int_equal(rg_losts_load(dir, INIT_NETNS, BOOT, 9, gates, &got), 0);
	assert_non_null(got.at[4]);
	assert_int_equal(got.at[4]->n, 2);
	assert_memory_equal(got.at[4]->locks, h.lost.locks, 2 * sizeof(*h.lost.locks));
	assert_memory_equal(got.at[4]->clients, h.lost.clients, sizeof(*h.lost.clients));
	assert_int_equal(got.at[4]->as_of_ns, h.lost.as_of_ns);
	rg_losts_free(&got);
	/* One that had none, or nobody knows how many. */
	for (int i = 0; i < 2; i++) {
		h.lost.clients[0].id.locks = i ? RG_LOCKS_UNKNOWN : 0;
		assert_int_equal(rg_losts_save(dir, &all), 0);
		assert_int_equal(rg_losts_load(dir, INIT_NETNS, BOOT, 9, gates, &got), 0);
		assert_int_equal(got.at[4]->clients[0].id.locks, h.lost.clients[0].id.locks);
		rg_losts_free(&got);
	}
	/* Of another boot, another set of pins, another start of knfsd: nothing of now. */
	assert_int_equal(rg_losts_load(dir, INIT_NETNS, "another", 9, gates, &got), 0);
	assert_null(got.at[4]);
	assert_int_equal(rg_losts_load(dir, INIT_NETNS, BOOT, 8, gates, &got), 0);
	assert_null(got.at[4]);
	gates[4].generation = 3;
	assert_int_equal(rg_losts_load(dir, INIT_NETNS, BOOT, 9, gates, &got), 0);
	assert_null(got.at[4]);
}

/* Whatever a file holds, it is taken whole or not at all. */
static void take_ranges(json_object *damaged)
{
	char why[RG_STATE_WHY];
	struct rg_ranges r;

	if (rg_ranges_of_json(damaged, INIT_NETNS, &r, why))
		assert_true(!r.n && !r.n_files && !r.clients.n && !r.n_lives);
	for (size_t i = 0; i < r.n; i++)
		assert_true(r.at[i].file < r.n_files && (r.at[i].type == 1 || r.at[i].type == 2));
	rg_ranges_free(&r);
}

static void take_lost(json_object *damaged)
{
	char text[RG_LOST_TEXT_SIZE], why[RG_STATE_WHY];
	struct rg_lost_sum sum;
	struct rg_lost l;

	if (rg_lost_of_json(damaged, INIT_NETNS, &l, why))
		assert_true(!l.n && !l.n_files && !l.n_clients);
	sum = rg_lost_sum_of(&l);
	rg_lost_text(&l, &sum, text);
	rg_lost_judge(&l, &h.list, 1, &h.gate, true);
	rg_lost_free(&l);
}

/* What a file has, as an object. */
static json_object *written(rg_state_put *put, const void *what)
{
	char *text = NULL, why[RG_STATE_WHY] = "";
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	json_object *o;

	unit_need(to);
	put(to, what);
	unit_need(fclose(to) == 0);
	o = rg_state_parse(text, n, why);
	assert_string_equal(why, "");
	free(text);
	return o;
}

static void test_damaged(void **unused)
{
	static const char likely[] = "0123456789abcdef\"[]{},:-truefalsn";
	struct rg_losts all = {.at = {[4] = &h.lost}};
	json_object *o;

	(void)unused;
	fill_ranges(&h.before);
	o = written(rg_ranges_put, &h.before);
	damage(o, 1, likely, take_ranges);
	json_object_put(o);
	add_client(1, 3);
	begin(true);
	o = written(rg_losts_put, &all);
	damage(json_object_array_get_idx(json_object_object_get(o, "recoveries"), 0), 2, likely,
	       take_lost);
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_thrown_out_and_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absent_and_unnamed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lower_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nfs3, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nfs3_new, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nfs3_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ranges_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
