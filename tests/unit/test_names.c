// SPDX-License-Identifier: GPL-2.0-only
/* Every value has a name of its own, in words that JSON and options can have;
 * names of what is pinned, too. */
#include "unit.h"

#include <ctype.h>
#include <errno.h>

#include "loader/log.h"
#include "loader/names.h"
#include "loader/pins.h"

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
	check_names(rg_which_name, RG_NR_WHICHES, true);
	check_names(rg_client_state_name, RG_NR_CLIENT_STATES, true);
	check_names(rg_state_name, RG_NR_STATES, true);
	check_names(rg_knfsd_name, RG_NR_KNFSD, true);
	check_names(rg_lockd_name, RG_NR_LOCKD, true);
	check_names(rg_what_name, RG_NR_WHATS, true);
	check_names(rg_rung_name, RG_NR_RUNGS, true);
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
	assert_string_equal(rg_which_name(RG_WHICH_LISTED), "listed");
	assert_string_equal(rg_which_name(RG_WHICH_EXPORTS), "exports");
	assert_string_equal(rg_which_name(RG_WHICH_ALL), "all");
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
	assert_string_equal(rg_what_name(RG_WHAT_LOCK), "lock");
	assert_string_equal(rg_what_name(RG_WHAT_OPEN), "open");
	assert_string_equal(rg_what_name(RG_WHAT_CREATE), "create");
	assert_string_equal(rg_what_name(RG_WHAT_ACCESS), "access");
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
		cmocka_unit_test(test_names),	    cmocka_unit_test(test_names_in_the_interface),
		cmocka_unit_test(test_round_trips), cmocka_unit_test(test_pins),
		cmocka_unit_test(test_errno_texts),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
