// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel does with end clients' locks: by its flags, by what was seen, and
 * compared with the boot before. */
#include "unit_dir.h"

#include "state/regime.h"
#include "rg_kernel_drift.h"

#define UNKNOWN RG_REGIME_UNKNOWN
#define FORWARDED RG_REGIME_FORWARDED
#define REFUSED RG_REGIME_REFUSED

/* The flags as they are in nfs.ko of each kernel. */
static void test_flags(void **unused)
{
	static const struct {
		__u64 flags;
		int has_open;
		__u32 regime;
	} cases[] = {
		{0x3f, 0, FORWARDED}, /* Debian's 6.1.192 and 6.12.95 */
		{0xbf, 0, REFUSED},   /* 6.12.117, backported */
		{0x7f, 1, REFUSED},   /* 7.2.13 */
		{0x7f, 0, REFUSED},   /* backported to where 0x40 was free */
		{0xff, 1, REFUSED},
		{0x3f, 1, FORWARDED},
		{0xbf, 1, FORWARDED}, /* 0x80 is another flag there */
		{0x13f, 0, UNKNOWN},
		{0, 0, UNKNOWN}, /* no remote file system: something else was read */
		{0x40, 1, UNKNOWN},
		{~0x8ULL, 0, UNKNOWN},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		assert_int_equal(rg_regime_of_flags(cases[i].flags, cases[i].has_open),
				 cases[i].regime);
}

static void is(struct rg_regimes now, enum rg_regime nfs4, enum rg_regime nlm)
{
	assert_int_equal(now.of[RG_LOCKS_NFS4], nfs4);
	assert_int_equal(now.of[RG_LOCKS_NLM], nlm);
}

static void test_nothing_seen(void **unused)
{
	const struct rg_flow_totals none = {};

	(void)unused;
	is(rg_regimes_of(UNKNOWN, &none), UNKNOWN, UNKNOWN);
	is(rg_regimes_of(FORWARDED, &none), FORWARDED, FORWARDED);
	/* 6.15 to 6.18 look at the flag in knfsd alone, 6.19 in lockd as well. */
	is(rg_regimes_of(REFUSED, &none), REFUSED, UNKNOWN);
}

/* What was seen counts for more than the flags, one forwarded lock for more than
 * any number of refusals. */
static void test_seen(void **unused)
{
	struct rg_flow_totals seen = {.locks_refused = {[RG_LOCKS_NLM] = 1}};

	(void)unused;
	is(rg_regimes_of(REFUSED, &seen), REFUSED, REFUSED);
	seen.locks_refused[RG_LOCKS_NFS4] = 5;
	is(rg_regimes_of(UNKNOWN, &seen), REFUSED, REFUSED);
	is(rg_regimes_of(FORWARDED, &seen), REFUSED, REFUSED);
	seen.locks_forwarded[RG_LOCKS_NLM] = 1;
	is(rg_regimes_of(REFUSED, &seen), REFUSED, FORWARDED);
	seen.locks_forwarded[RG_LOCKS_NFS4] = 1;
	is(rg_regimes_of(REFUSED, &seen), FORWARDED, FORWARDED);
}

/* The module takes the flag away for the mounts of a gate that passes reclaims on. */
static void test_with_module(void **unused)
{
	struct rg_gate gates[RG_MAX_GATES] = {[RG_CANARY_SLOT] = {.netns = 1}};

	(void)unused;
	assert_int_equal(rg_regime_with_module(REFUSED, RG_MODULE_ANSWERED, gates), REFUSED);
	gates[3].netns = 7;
	gates[3].policy.forward = RG_FORWARD_NEVER;
	assert_int_equal(rg_regime_with_module(REFUSED, RG_MODULE_ANSWERED, gates), REFUSED);
	gates[3].policy.forward = RG_FORWARD_GUARDED;
	assert_int_equal(rg_regime_with_module(REFUSED, RG_MODULE_ANSWERED, gates), FORWARDED);
	assert_int_equal(rg_regime_with_module(REFUSED, RG_MODULE_NO_TYPES, gates), REFUSED);
	assert_int_equal(rg_regime_with_module(UNKNOWN, RG_MODULE_ANSWERED, gates), UNKNOWN);
	assert_int_equal(rg_regime_with_module(FORWARDED, RG_MODULE_ABSENT, gates), FORWARDED);
}

/* ---- kept ---- */

static void regime(struct rg_regimes *now, enum rg_regime nfs4, enum rg_regime nlm)
{
	*now = (struct rg_regimes){{nfs4, nlm}};
}

static void test_a_change_is_seen_after_a_reboot(void **unused)
{
	struct rg_regime_kept k = {};
	struct rg_regimes now;
	char text[256];

	(void)unused;
	assert_true(rg_regime_begin(&k, "first"));
	assert_false(rg_regime_begin(&k, "first"));
	assert_false(rg_regime_begin(&k, ""));
	regime(&now, FORWARDED, UNKNOWN);
	assert_true(rg_regime_update(&k, &now, "6.12.95"));
	assert_false(rg_regime_update(&k, &now, "6.12.95"));
	regime(&now, FORWARDED, FORWARDED);
	assert_true(rg_regime_update(&k, &now, "6.12.95"));
	/* Once known it is not forgotten in the same boot. */
	regime(&now, UNKNOWN, UNKNOWN);
	assert_false(rg_regime_update(&k, &now, "6.12.95"));

	assert_true(rg_regime_begin(&k, "second"));
	regime(&now, REFUSED, UNKNOWN);
	assert_true(rg_regime_update(&k, &now, "6.12.117"));
	assert_true(rg_regime_differs(&k, &now, RG_LOCKS_NFS4));
	assert_false(rg_regime_differs(&k, &now, RG_LOCKS_NLM));
	assert_true(rg_regime_text(&k, &now, RG_LOCKS_NFS4, text, sizeof(text)) > 0);
	assert_string_equal(text, "NFSv4 locks of end clients are refused; kernel 6.12.95 "
				  "forwarded them");

	/* Nobody locked by NLM in the second boot: the first is what there was before. */
	assert_true(rg_regime_begin(&k, "third"));
	regime(&now, REFUSED, REFUSED);
	assert_true(rg_regime_update(&k, &now, "7.2.13"));
	assert_false(rg_regime_differs(&k, &now, RG_LOCKS_NFS4));
	assert_true(rg_regime_differs(&k, &now, RG_LOCKS_NLM));
	rg_regime_text(&k, &now, RG_LOCKS_NLM, text, sizeof(text));
	assert_string_equal(text, "NLM locks of end clients are refused; kernel 6.12.95 forwarded "
				  "them");
}

static void test_json(void **unused)
{
	struct rg_regime_kept k = {.before = {{FORWARDED, "6.12.95"}, {}}};
	json_object *o, *changed;
	struct rg_regimes now;

	(void)unused;
	regime(&now, REFUSED, UNKNOWN);
	o = rg_regime_json(&k, &now);
	assert_string_equal(
		json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
		"{\"nfs4_locks\":\"refused\",\"nlm_locks\":\"unknown\",\"changed\":[{\"locks\":"
		"\"nfs4_locks\",\"before\":\"forwarded\",\"kernel\":\"6.12.95\",\"text\":\"NFSv4 "
		"locks of end clients are refused; kernel 6.12.95 forwarded them\"}]}");
	json_object_put(o);
	regime(&now, FORWARDED, FORWARDED);
	o = rg_regime_json(&k, &now);
	changed = json_object_object_get(o, "changed");
	assert_int_equal(json_object_array_length(changed), 0);
	json_object_put(o);
}

/* ---- the file ---- */

static const struct rg_regime_kept some = {
	.boot_id = "6c1f5e0c-53a2-4f0e-8f5e-6f3a0e5d2c11",
	.now = {{REFUSED, "6.12.117+deb13-amd64"}, {}},
	.before = {{FORWARDED, "6.12.95+deb12-amd64"}, {FORWARDED, "6.12.95+deb12-amd64"}},
};

static void test_file(void **unused)
{
	struct rg_regime_kept k;

	(void)unused;
	memset(&k, 1, sizeof(k));
	assert_int_equal(rg_regime_load(dir, &k), 0); /* none */
	assert_int_equal(k.boot_id[0], 0);
	assert_int_equal(rg_regime_save(dir, &some), 0);
	assert_int_equal(rg_regime_load(dir, &k), 0);
	assert_memory_equal(&k, &some, sizeof(k));
}

static void test_bad_file(void **unused)
{
	static const char *const bad[] = {
		"{\"version\":1}",
		"{\"version\":1,\"boot_id\":\"x\",\"now\":[],\"before\":{}}",
		"{\"version\":1,\"boot_id\":\"x\",\"now\":{\"nfs4_locks\":{\"regime\":\"yes\"}}}",
		"{\"version\":2,\"boot_id\":\"x\"}",
		"regime",
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
		struct rg_regime_kept k;
		struct unit_ear ear;

		assert_int_equal(write_text(RG_REGIME_FILE, bad[i]), 0);
		unit_listen(&ear);
		assert_true(rg_regime_load(dir, &k) < 0);
		assert_int_equal(unit_heard(&ear), 1);
		assert_non_null(strstr(ear.text, RG_REGIME_FILE));
		assert_int_equal(k.boot_id[0], 0);
	}
}

static void take(json_object *damaged)
{
	char why[RG_STATE_WHY] = "";
	struct rg_regime_kept k;

	if (rg_regime_of_json(damaged, &k, why))
		assert_int_equal(k.boot_id[0], 0);
}

static void test_damaged_file(void **unused)
{
	json_object *o = rg_regime_file_json(&some);

	(void)unused;
	damage(o, 4, "\"{}:,nfs4_locks", take);
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_nothing_seen),
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_with_module),
		cmocka_unit_test(test_a_change_is_seen_after_a_reboot),
		cmocka_unit_test(test_json),
		cmocka_unit_test_setup_teardown(test_file, dir_setup, dir_teardown),
		cmocka_unit_test_setup_teardown(test_bad_file, dir_setup, dir_teardown),
		cmocka_unit_test(test_damaged_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
