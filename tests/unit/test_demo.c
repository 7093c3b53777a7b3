// SPDX-License-Identifier: GPL-2.0-only
/* `demo --replay`: what it prints is what `trace`, `top` and `report` say of that recording, in
 * the order in which it happened. */
#include "unit.h"

#include <fcntl.h>

#include "verbs/replay.h"
#include "cli/verbs.h"

/* Runs the verb with its output in a file; the caller frees the text. */
static char *played(const char *speed, int *status)
{
	char path[] = "/tmp/rg-demo-XXXXXX", *text = calloc(1, 1 << 20);
	char *args[] = {(char *)"demo", (char *)"--replay", (char *)"--speed", (char *)speed, NULL};
	int fd = mkstemp(path), kept = dup(STDOUT_FILENO);
	struct rg_options o;

	unit_need(text && fd >= 0 && kept >= 0);
	assert_int_equal(rg_options_parse("demo", 4, args,
					  RG_TAKES(RG_OPT_REPLAY) | RG_TAKES(RG_OPT_SPEED), &o),
			 RG_DONE);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	*status = rg_verb_demo(&o);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	unit_need(pread(fd, text, (1 << 20) - 1, 0) > 0);
	close(fd);
	unlink(path);
	rg_options_free(&o);
	return text;
}

static void test_in_order(void **unused)
{
	static const char *const parts[] = {
		"$ reexport-guard trace\n",
		"closed: knfsd is not running",
		"HELD",
		"KNFSD_STARTING",
		"NFS4ERR_NO_GRACE",
		"reclaim-refused-by-client",
		"retake",
		"open: every end client that was refused a reclaim has settled",
		"CONTINUED",
		"$ reexport-guard top\n",
		"closed 1 s: knfsd is not running",
		"HELD LOCAL APPLICATIONS (1)",
		"grace 1 s: knfsd is in its grace period",
		"awaited 10.77.2.2",
		"settled 10.77.2.2       4.2       5 of ?",
		"$ reexport-guard report\n",
		"5 locks were taken again by 1 end client",
		"What to do\n",
	};
	int status;
	char *text = played("1000", &status), *at = text;

	(void)unused;
	assert_int_equal(status, RG_DONE);
	for (size_t i = 0; i < UNIT_COUNT(parts); i++) {
		at = strstr(at, parts[i]);
		if (!at)
			fail_msg("\"%s\" is not there, or not at its place", parts[i]);
		unit_need(at);
	}
	free(text);
}

/* Events for which there is no room, of other operations or of nobody, do no harm. */
static void test_any_records(void **unused)
{
	const struct rg_policy policy = {.release = RG_RELEASE_SETTLED, .max_hold_s = 900};
	struct rg_replay replay;

	(void)unused;
	assert_int_equal(rg_replay_begin(&replay, 7, policy, RG_NS_PER_SEC), 0);
	for (__u32 op = 0; op < RG_NR_RECORD_OPS + 3; op++)
		for (__u32 i = 0; i < 6 * RG_REPLAY_MOST; i++) {
			struct rg_record r = {.time_ns = i,
					      .duration_ns = i,
					      .op = (__u16)op,
					      .side = i % RG_NR_SIDES,
					      .claim = (__u8)(i / RG_NR_SIDES % RG_NR_CLAIMS),
					      .status_kind = RG_STATUS_NFS4,
					      .status = i % 2 ? RG_NFS4ERR_NO_GRACE : 0,
					      .downgrade = i % RG_NR_DOWNGRADES,
					      .tid = i};

			if (i)
				r.name_len = (__u16)snprintf(r.name, sizeof(r.name), "%u", i);
			rg_replay_add(&replay, &r);
		}
	assert_int_equal(replay.now.flows.n, RG_REPLAY_MOST);
	assert_int_equal(replay.now.ledger.n, RG_REPLAY_MOST);
	assert_in_range(replay.now.n_slowest, 1, RG_SLOWEST);
	for (int i = 1; i < replay.now.n_slowest; i++)
		assert_true(replay.now.slowest[i - 1].duration_ns >=
			    replay.now.slowest[i].duration_ns);
	assert_int_equal(replay.now.n_downgrades, RG_LAST_DOWNGRADES);
	rg_replay_free(&replay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_any_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
