// SPDX-License-Identifier: GPL-2.0-only
/* What is asked for, checked before anything is done. */
#include "unit.h"

#include "cli/verbs.h"

static struct rg_mounts nfs;
static struct unit_ear ear;

static int read_nfs(void **unused)
{
	(void)unused;
	return rg_mounts_read(RG_TEST_DATA "/mountinfo-nfs", &nfs);
}

static int free_nfs(void **unused)
{
	(void)unused;
	rg_mounts_free(&nfs);
	return 0;
}

static void test_wish_of_options(void **unused)
{
	static const char *mounts[] = {"/srv/reexport"};
	struct rg_options o = {.action = RG_ACTION_DENY,
			       .release = RG_RELEASE_SETTLED,
			       .settle_s = RG_MAX_SETTLE_TIME,
			       .max_hold_s = RG_MAX_MAX_HOLD,
			       .force_rung = -1,
			       .n_mounts = 1,
			       .given = RG_TAKES(RG_OPT_SETTLE_TIME)};
	struct rg_wish wish;

	(void)unused;
	o.mounts[0] = mounts[0];
	assert_int_equal(rg_wish_of(&o, &wish), RG_DONE);
	assert_int_equal(wish.policy.action, RG_ACTION_DENY);
	assert_int_equal(wish.policy.release, RG_RELEASE_SETTLED);
	assert_int_equal(wish.policy.settle_s, RG_MAX_SETTLE_TIME);
	assert_int_equal(wish.policy.max_hold_s, RG_MAX_MAX_HOLD);
	assert_false(wish.all);
	assert_int_equal(wish.n_mounts, 1);
	assert_ptr_equal(wish.mounts[0], mounts[0]);
	assert_int_equal(wish.force_rung, -1);
}

static void test_mount_or_all(void **unused)
{
	struct rg_options o = {.force_rung = -1};
	struct rg_wish wish;

	(void)unused;
	unit_listen(&ear);
	assert_int_equal(rg_wish_of(&o, &wish), RG_USAGE);
	assert_int_equal(unit_heard(&ear), 1);
	assert_non_null(strstr(ear.text, "--mount PATH or --all"));
	o.all = true;
	assert_int_equal(rg_wish_of(&o, &wish), RG_DONE);
	assert_true(wish.all);
	o.mounts[0] = "/srv/reexport";
	o.n_mounts = 1;
	unit_listen(&ear);
	assert_int_equal(rg_wish_of(&o, &wish), RG_USAGE);
	assert_int_equal(unit_heard(&ear), 1);
	assert_non_null(strstr(ear.text, "not both"));
}

static void test_settle_time_goes_with_settled(void **unused)
{
	struct rg_options o = {.all = true, .force_rung = -1, .settle_s = 5};
	struct rg_wish wish;

	(void)unused;
	o.given = RG_TAKES(RG_OPT_SETTLE_TIME);
	unit_listen(&ear);
	assert_int_equal(rg_wish_of(&o, &wish), RG_USAGE);
	assert_int_equal(unit_heard(&ear), 1);
	assert_non_null(strstr(ear.text, "--settle-time"));
	o.given = 0; /* the default is no wish */
	assert_int_equal(rg_wish_of(&o, &wish), RG_DONE);
}

/* ---- paths ---- */

static int check(const char *path, struct rg_path *out)
{
	const struct rg_wish wish = {.mounts = &path, .n_mounts = 1, .force_rung = -1};
	struct rg_path *paths = NULL;
	int err, lines;

	unit_listen(&ear);
	err = rg_wish_check(&wish, &nfs, &paths);
	lines = unit_heard(&ear);
	assert_int_equal(lines, err ? 1 : 0);
	assert_non_null(paths);
	memcpy(out, paths, sizeof(*out));
	free(paths);
	return err;
}

static void test_paths(void **unused)
{
	static struct rg_path got;

	(void)unused;
	assert_int_equal(check("/srv/reexport", &got), RG_DONE);
	assert_string_equal(got.path, "/srv/reexport");
	assert_string_equal(got.source, "origin:/export/a");
	/* A superblock is guarded whole. */
	assert_int_equal(check("/srv/reexport/a/dir", &got), RG_DONE);
	assert_string_equal(got.path, "/srv/reexport");
	assert_int_equal(check("/srv/with space/", &got), RG_DONE);
	assert_string_equal(got.path, "/srv/with space");
	assert_string_equal(got.source, "origin:/export/with space");
}

static void test_bad_paths(void **unused)
{
	static char longest[RG_PATH_SIZE + 1];
	static struct rg_path got;

	(void)unused;
	assert_int_equal(check("srv/reexport", &got), RG_USAGE);
	assert_non_null(strstr(ear.text, "not an absolute path"));
	assert_int_equal(check("", &got), RG_USAGE);
	assert_int_equal(check("/nowhere/at-all", &got), RG_FAILED);
	assert_non_null(strstr(ear.text, "/nowhere/at-all: not on an NFS mount"));
	assert_int_equal(check("/", &got), RG_FAILED);

	memset(longest, 'x', RG_PATH_SIZE);
	memcpy(longest, "/srv/reexport/", strlen("/srv/reexport/"));
	assert_int_equal(check(longest, &got), RG_USAGE);
	assert_non_null(strstr(ear.text, "too long"));
	longest[RG_PATH_SIZE - 1] = '\0';
	assert_int_equal(check(longest, &got), RG_DONE);
}

static void test_several_paths(void **unused)
{
	static const char *const mounts[] = {"/srv/reexport", "/srv/reexport2/x"};
	static const char *const bad[] = {"/srv/reexport", "/nowhere/at-all"};
	struct rg_wish wish = {.mounts = mounts, .n_mounts = 2, .force_rung = -1};
	struct rg_path *paths = NULL;

	(void)unused;
	assert_int_equal(rg_wish_check(&wish, &nfs, &paths), RG_DONE);
	assert_string_equal(paths[0].path, "/srv/reexport");
	assert_string_equal(paths[1].path, "/srv/reexport2");
	assert_string_equal(paths[1].source, "origin:/export/a2");
	free(paths);
	wish.mounts = bad;
	unit_listen(&ear);
	assert_int_equal(rg_wish_check(&wish, &nfs, &paths), RG_FAILED);
	assert_int_equal(unit_heard(&ear), 1);
	free(paths);
	/* --all names none */
	wish.n_mounts = 0;
	wish.all = true;
	assert_int_equal(rg_wish_check(&wish, &nfs, &paths), RG_DONE);
	free(paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wish_of_options),
		cmocka_unit_test(test_mount_or_all),
		cmocka_unit_test(test_settle_time_goes_with_settled),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_bad_paths),
		cmocka_unit_test(test_several_paths),
	};

	return cmocka_run_group_tests_name("wish", tests, read_nfs, free_nfs);
}
