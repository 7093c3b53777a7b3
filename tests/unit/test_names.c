// SPDX-License-Identifier: GPL-2.0-only
/* Every value has a name of its own, in words that JSON and options can have;
 * names of what is pinned, too. */
#include "unit.h"

#include <ctype.h>
#include <errno.h>

#include "base/log.h"
#include "base/names.h"
#include "pins/pins.h"
#include "record/record_names.h"

/* Values 0 .. n - 1 have a name each; others are "?". */
static void check_names(const char *(*name)(__u32), __u32 n, bool is_word)
{
	for (__u32 i = 0; i < n; i++) {
		const char *text = name(i);

		assert_non_null(text);
		assert_string_not_equal(text, "?");
		assert_true(strlen(text) > 1);
		for (const char *c = text; is_word && *c; c++)
			assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
				    *c == '-' || *c == '_');
		for (__u32 j = 0; j < i; j++)
			assert_string_not_equal(text, name(j));
	}
	assert_string_equal(name(n), "?");
	assert_string_equal(name(n + 1), "?");
	assert_string_equal(name(0xffffffff), "?");
}

static void test_names(void **unused)
{
	(void)unused;
	check_names(rg_action_name, RG_NR_ACTIONS, true);
	check_names(rg_release_name, RG_NR_RELEASES, true);
	check_names(rg_scope_name, RG_NR_SCOPES, true);
	check_names(rg_mount_mode_name, RG_NR_MOUNT_MODES, true);
	check_names(rg_client_state_name, RG_NR_CLIENT_STATES, true);
	check_names(rg_state_name, RG_NR_STATES, true);
	check_names(rg_knfsd_name, RG_NR_KNFSD, true);
	check_names(rg_lockd_name, RG_NR_LOCKD, true);
	check_names(rg_door_name, RG_NR_DOORS, true);
	check_names(rg_rung_name, RG_NR_RUNGS, true);
	check_names(rg_regime_name, RG_NR_REGIMES, true);
	check_names(rg_protocol_name, RG_NR_LOCK_PROTOCOLS, false);
	check_names(rg_counter_name, RG_COUNT_RELEASED, true);
	check_names(rg_why_key, RG_NR_WHYS, true);
	check_names(rg_why_text, RG_NR_WHYS, false);
}

/* Scripts read these: they do not change. */
static void test_names_in_the_interface(void **unused)
{
	(void)unused;
	assert_string_equal(rg_action_name(RG_ACTION_HOLD), "hold");
	assert_string_equal(rg_action_name(RG_ACTION_DENY), "deny");
	assert_string_equal(rg_action_name(RG_ACTION_AUDIT), "audit");
	assert_string_equal(rg_release_name(RG_RELEASE_GRACE_START), "grace-start");
	assert_string_equal(rg_release_name(RG_RELEASE_GRACE_END), "grace-end");
	assert_string_equal(rg_release_name(RG_RELEASE_SETTLED), "settled");
	assert_string_equal(rg_scope_name(RG_SCOPE_LOCKS), "locks");
	assert_string_equal(rg_scope_name(RG_SCOPE_OPENS), "opens");
	assert_string_equal(rg_scope_name(RG_SCOPE_ACCESS), "access");
	assert_string_equal(rg_mount_mode_name(RG_MOUNT_MODE_LISTED), "listed");
	assert_string_equal(rg_mount_mode_name(RG_MOUNT_MODE_EXPORTS), "exports");
	assert_string_equal(rg_mount_mode_name(RG_MOUNT_MODE_ALL), "all");
	assert_string_equal(rg_client_state_name(RG_CLIENT_KNOWN), "known");
	assert_string_equal(rg_client_state_name(RG_CLIENT_AWAITED), "awaited");
	assert_string_equal(rg_client_state_name(RG_CLIENT_SETTLED), "settled");
	assert_string_equal(rg_client_state_name(RG_CLIENT_QUIET), "quiet");
	assert_string_equal(rg_client_state_name(RG_CLIENT_GONE), "gone");
	assert_string_equal(rg_state_name(RG_STATE_CLOSED), "closed");
	assert_string_equal(rg_state_name(RG_STATE_GRACE), "grace");
	assert_string_equal(rg_state_name(RG_STATE_SETTLING), "settling");
	assert_string_equal(rg_state_name(RG_STATE_OPEN), "open");
	assert_string_equal(rg_rung_name(RG_RUNG_LSM), "lsm");
	assert_string_equal(rg_rung_name(RG_RUNG_FMOD_RET), "fmod_ret");
	assert_string_equal(rg_why_key(RG_WHY_TIMED_OUT), "timed-out");
	assert_string_equal(rg_why_key(RG_WHY_GRACE_SKIPPED), "grace-skipped");
	assert_string_equal(rg_why_key(RG_WHY_AWAITED), "awaited");
	assert_string_equal(rg_why_key(RG_WHY_NOBODY_REFUSED), "nobody-refused");
	assert_string_equal(rg_why_key(RG_WHY_SETTLED), "settled");
	assert_string_equal(rg_why_key(RG_WHY_SETTLE_TIMED_OUT), "settle-timeout");
	assert_string_equal(rg_door_name(RG_DOOR_LOCK), "lock");
	assert_string_equal(rg_door_name(RG_DOOR_OPEN), "open");
	assert_string_equal(rg_door_name(RG_DOOR_CREATE), "create");
	assert_string_equal(rg_door_name(RG_DOOR_ACCESS), "access");
	assert_string_equal(rg_regime_name(RG_REGIME_UNKNOWN), "unknown");
	assert_string_equal(rg_regime_name(RG_REGIME_FORWARDED), "forwarded");
	assert_string_equal(rg_regime_name(RG_REGIME_REFUSED), "refused");
	assert_string_equal(rg_counter_name(RG_COUNT_FAIL_CLIENTS), "clients_update");
	assert_string_equal(rg_counter_name(RG_COUNT_FAIL_LEDGER), "ledger_count");
	assert_string_equal(rg_counter_name(RG_COUNT_FAIL_SERVERS), "servers_update");
}

static void check_round_trip(const char *(*name)(__u32), int (*of)(const char *), __u32 n)
{
	static const char *const none[] = {"", "?", " ", "Hold", "settled ", "no-such-thing"};

	for (__u32 i = 0; i < n; i++) {
		char cut[32];

		assert_int_equal(of(name(i)), i);
		snprintf(cut, sizeof(cut), "%.*s", (int)strlen(name(i)) - 1, name(i));
		assert_int_equal(of(cut), -1);
		snprintf(cut, sizeof(cut), "%sx", name(i));
		assert_int_equal(of(cut), -1);
	}
	for (size_t i = 0; i < UNIT_COUNT(none); i++)
		assert_int_equal(of(none[i]), -1);
}

static void test_round_trips(void **unused)
{
	(void)unused;
	check_round_trip(rg_action_name, rg_action_of, RG_NR_ACTIONS);
	check_round_trip(rg_release_name, rg_release_of, RG_NR_RELEASES);
	check_round_trip(rg_scope_name, rg_scope_of, RG_NR_SCOPES);
	check_round_trip(rg_rung_name, rg_rung_of, RG_NR_RUNGS);
	check_round_trip(rg_regime_name, rg_regime_of, RG_NR_REGIMES);
}

/* ---- records ---- */

/* The same where only some of the values below n have a name, and NULL is none. */
static size_t check_some(const char *(*name)(__u32), __u32 n)
{
	size_t found = 0;

	for (__u32 i = 0; i < n; i++) {
		const char *text = name(i);

		if (!text || strcmp(text, "?") == 0)
			continue;
		found++;
		for (const char *c = text; *c; c++)
			assert_true(isalnum((unsigned char)*c) || strchr("-_ ", *c));
		for (__u32 j = 0; j < i; j++)
			assert_true(!name(j) || strcmp(text, name(j)) != 0);
	}
	for (__u32 i = n; i < n + 100; i++)
		assert_true(!name(i) || strcmp(name(i), "?") == 0);
	assert_true(!name(0xffffffff) || strcmp(name(0xffffffff), "?") == 0);
	return found;
}

static void test_record_names(void **unused)
{
	(void)unused;
	check_names(rg_side_name, RG_NR_SIDES, true);
	check_names(rg_gone_name, RG_NR_GONES, true);
	check_names(rg_kept_why_name, RG_NR_KEPT_WHYS, true);
	check_names(rg_kept_why_text, RG_NR_KEPT_WHYS, false);
	check_names(rg_kept_from_name, RG_NR_KEPT_FROMS, true);
	assert_int_equal(check_some(rg_exchange_flag_name, 32), 11);
	assert_string_equal(rg_exchange_flag_name(__builtin_ctz(RG_EXCHANGE_RETAIN_STATE)),
			    "RETAIN_STATE");
	assert_string_equal(rg_exchange_flag_name(__builtin_ctz(RG_EXCHANGE_RECLAIMABLE_R)),
			    "RECLAIMABLE_R");
	assert_null(rg_exchange_flag_name(63));
	check_names(rg_timed_name, RG_NR_TIMED, true);
	check_names(rg_tally_name, RG_NR_TALLIES, true);
	check_names(rg_hand_name, RG_HAND_NOTHING + 1, true);
	/* All but what stands for none. */
	assert_int_equal(check_some(rg_record_op_name, RG_NR_RECORD_OPS), RG_NR_RECORD_OPS - 1);
	assert_int_equal(check_some(rg_claim_name, RG_NR_CLAIMS), RG_NR_CLAIMS - 1);
	assert_int_equal(check_some(rg_back_op_name, RG_NR_BACK_OPS), RG_NR_BACK_OPS - 1);
	assert_int_equal(check_some(rg_downgrade_name, RG_NR_DOWNGRADES), RG_NR_DOWNGRADES - 1);
	/* Two are said where they belong: beside a name or a path that is cut. */
	assert_int_equal(check_some(rg_fact_name, RG_NR_FACTS), RG_NR_FACTS - 2);
	assert_null(rg_fact_name(__builtin_ctz(RG_FACT_NAME_CUT)));
	assert_null(rg_fact_name(__builtin_ctz(RG_FACT_PATH_CUT)));
	assert_int_equal(check_some(rg_lock_type_name, 4), 3);
	assert_int_equal(check_some(rg_state_manager_name, 20), 20);
	assert_null(rg_state_manager_name(63));
	assert_null(rg_claim_name(RG_CLAIM_NONE));
	assert_null(rg_downgrade_name(RG_DOWNGRADE_NONE));
}

/* docs/events.md */
static void test_record_names_in_the_interface(void **unused)
{
	(void)unused;
	assert_string_equal(rg_record_op_name(RG_REC_LOCK), "LOCK");
	assert_string_equal(rg_record_op_name(RG_REC_NLM_LOCK), "NLM_LOCK");
	assert_string_equal(rg_side_name(RG_SIDE_CLIENT), "client");
	assert_string_equal(rg_claim_name(RG_CLAIM_DELEGATION_RECLAIM), "delegation-reclaim");
	assert_string_equal(rg_fact_name(6), "refused-by-client");
	assert_string_equal(rg_back_op_name(RG_BACK_CACHED_OPEN), "cached OPEN");
	assert_string_equal(rg_state_manager_name(2), "lease-expired");
	assert_string_equal(rg_state_manager_name(3), "reclaim-reboot");
	assert_string_equal(rg_state_manager_name(4), "reclaim-nograce");
	assert_string_equal(rg_state_manager_name(6), "session-reset");
	assert_string_equal(rg_downgrade_name(RG_DOWNGRADE_REFUSED_BY_CLIENT),
			    "reclaim-refused-by-client");
	assert_string_equal(rg_downgrade_name(RG_DOWNGRADE_OTHER), "refused");
}

static void test_record_round_trips(void **unused)
{
	(void)unused;
	check_round_trip(rg_side_name, rg_side_of, RG_NR_SIDES);
	for (__u32 op = RG_REC_NONE + 1; op < RG_NR_RECORD_OPS; op++)
		assert_int_equal(rg_record_op_of(rg_record_op_name(op)), op);
	for (__u32 i = RG_DOWNGRADE_NONE + 1; i < RG_NR_DOWNGRADES; i++)
		assert_int_equal(rg_downgrade_named(rg_downgrade_name(i)), i);
	assert_int_equal(rg_record_op_of(""), -1);
	assert_int_equal(rg_record_op_of("?"), -1);
	assert_int_equal(rg_record_op_of("lock"), -1);
	assert_int_equal(rg_downgrade_named(""), -1);
	assert_int_equal(rg_downgrade_named("?"), -1);
}

/* A clause each: said behind a name, in JSON as it is, and no two the same. */
static void test_downgrade_texts(void **unused)
{
	static const __u32 sides[] = {RG_SIDE_SERVER, RG_SIDE_CLIENT};
	static const __u32 ops[] = {RG_REC_OPEN, RG_REC_LOCK, RG_REC_NLM_LOCK};

	(void)unused;
	for (__u32 i = RG_DOWNGRADE_NONE + 1; i < RG_NR_DOWNGRADES; i++) {
		const char *text = rg_downgrade_text(i);

		assert_true(strlen(text) > 10);
		assert_null(strpbrk(text, "\"\\\n"));
		assert_true(text[strlen(text) - 1] != '.');
		for (__u32 j = RG_DOWNGRADE_NONE + 1; j < i; j++)
			assert_string_not_equal(text, rg_downgrade_text(j));
		for (size_t k = 0; k < UNIT_COUNT(sides) * UNIT_COUNT(ops); k++) {
			struct rg_record r = {.op = (__u16)ops[k / 2],
					      .side = (__u8)sides[k % 2],
					      .downgrade = (__u16)i};

			assert_true(strlen(rg_downgrade_consequence(&r)) > 10);
			assert_null(strpbrk(rg_downgrade_consequence(&r), "\"\\\n"));
		}
	}
	assert_string_equal(rg_downgrade_text(RG_DOWNGRADE_NONE), "?");
	assert_string_equal(rg_downgrade_text(RG_NR_DOWNGRADES), "?");
}

static void test_status_names(void **unused)
{
	char buf[RG_STATUS_SIZE], other[RG_STATUS_SIZE];

	(void)unused;
	/* Distinct, found by value, and a number where there is none. */
	for (__u32 status = 0; status < 10200; status++) {
		const char *name = rg_nfs4_status_name(status);

		assert_string_equal(rg_status_name(RG_STATUS_NFS4, status, buf), name ?: buf);
		if (!name)
			assert_int_equal(atoi(buf), status);
		for (__u32 before = status > 200 ? 10000 : 0; name && before < status; before++)
			assert_true(!rg_nfs4_status_name(before) ||
				    strcmp(rg_nfs4_status_name(before), name) != 0);
	}
	assert_string_equal(rg_nfs4_status_name(0), "NFS4_OK");
	assert_string_equal(rg_nfs4_status_name(70), "NFS4ERR_STALE");
	assert_string_equal(rg_nfs4_status_name(10033), "NFS4ERR_NO_GRACE");
	assert_string_equal(rg_nfs4_status_name(10087), "NFS4ERR_DELEG_REVOKED");
	assert_null(rg_nfs4_status_name(10073));
	assert_null(rg_nfs4_status_name(~0U));
	assert_string_equal(rg_status_name(RG_STATUS_NLM, 4, buf), "NLM4_DENIED_GRACE_PERIOD");
	assert_string_equal(rg_status_name(RG_STATUS_ERRNO, 11, buf), "EAGAIN");
	assert_string_equal(rg_status_name(RG_STATUS_ERRNO, 531, buf), "ENOGRACE");
	for (__u32 kind = 0; kind <= RG_NR_STATUS_KINDS; kind++) {
		assert_ptr_equal(rg_status_name(kind, ~0U, buf), buf);
		assert_string_equal(buf, "4294967295");
		assert_string_equal(rg_status_name(kind, 600, other), "600");
	}
}

static void test_pins(void **unused)
{
	const char *names[RG_NR_MAPS + RG_NR_LINKS + RG_NR_PROGS];
	char path[256];
	size_t n = 0;

	(void)unused;
	for (int i = 0; i < RG_NR_MAPS; i++)
		names[n++] = rg_pin_of_map(i);
	for (int i = 0; i < RG_NR_LINKS; i++)
		names[n++] = rg_pin_of_link(i);
	for (int i = 0; i < RG_NR_PROGS; i++)
		names[n++] = rg_pin_of_prog(i);
	assert_int_equal(n, UNIT_COUNT(names));
	for (size_t i = 0; i < n; i++) {
		assert_non_null(names[i]);
		/* bpffs refuses a dot in a name. */
		assert_null(strpbrk(names[i], "./"));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
		assert_ptr_equal(rg_pin_path(path, names[i]), path);
		assert_memory_equal(path, RG_PIN_DIR "/", strlen(RG_PIN_DIR "/"));
		assert_string_equal(path + strlen(RG_PIN_DIR "/"), names[i]);
	}
}

static void test_errno_texts(void **unused)
{
	(void)unused;
	assert_string_equal(rg_strerror(-ENOENT), rg_strerror(ENOENT));
	assert_non_null(strstr(rg_strerror(-524), "not supported"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_in_the_interface),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_record_names),
		cmocka_unit_test(test_record_names_in_the_interface),
		cmocka_unit_test(test_record_round_trips),
		cmocka_unit_test(test_downgrade_texts),
		cmocka_unit_test(test_status_names),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_errno_texts),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
