// SPDX-License-Identifier: GPL-2.0-only
/* Which mounts are NFS, what is below what, and whom a policy means. */
#include "unit.h"

#include <errno.h>
#include <sys/sysmacros.h>

#include "loader/mounts.h"

#define FIXTURE(name) RG_TEST_DATA "/" name

static struct rg_mounts nfs;

static int read_nfs(void **unused)
{
	(void)unused;
	return rg_mounts_read(FIXTURE("mountinfo-nfs"), &nfs);
}

static int free_nfs(void **unused)
{
	(void)unused;
	rg_mounts_free(&nfs);
	return 0;
}

/* ---- below ---- */

static void test_is_below(void **unused)
{
	static const struct {
		const char *path, *top;
		bool expected;
	} cases[] = {
		{"/srv", "/srv", true},
		{"/srv/", "/srv", true},
		{"/srv/a", "/srv", true},
		{"/srv/a/b", "/srv/", true},
		{"/srv/a", "/srv//", true},
		{"/srv", "/srv/", true},
		{"/srv2", "/srv", false},
		{"/srv2/a", "/srv", false},
		{"/sr", "/srv", false},
		{"/", "/srv", false},
		{"", "/srv", false},
		{"/anything", "/", true},
		{"/", "/", true},
		{"//", "/", true},
		{"relative", "/", false},
		{"/srv", "", false},
		{"", "", false},
		{"/Srv/a", "/srv", false},
		/* sources */
		{"origin:/a", "origin:/a", true},
		{"origin:/a/b", "origin:/a", true},
		{"origin:/ab", "origin:/a", false},
		{"origin:/a", "origin:/", true},
		{"origin:/", "origin:/", true},
		{"origin2:/a", "origin:/", false},
		{"[fd00::1]:/a", "[fd00::1]:/", true},
		{"[fd00::1]:/a", "[fd00::11]:/", false},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		if (rg_is_below(cases[i].path, cases[i].top) != cases[i].expected)
			fail_msg("\"%s\" below \"%s\": expected %d", cases[i].path, cases[i].top,
				 cases[i].expected);
}

static void test_kernel_dev(void **unused)
{
	(void)unused;
	assert_int_equal(rg_kernel_dev(makedev(0, 64)), 64);
	assert_int_equal(rg_kernel_dev(makedev(254, 1)), 254 << 20 | 1);
	assert_int_equal(rg_kernel_dev(makedev(0, 0xfffff)), 0xfffff);
	assert_int_equal(rg_kernel_dev(makedev(0xfff, 0xfffff)), 0xffffffffu);
}

/* ---- the table ---- */

static void test_table(void **unused)
{
	static const struct {
		__u32 dev;
		const char *target, *source;
	} expected[] = {
		{0x28, "/srv/reexport", "origin:/export/a"},
		{0x29, "/srv/with space", "origin:/export/with space"},
		{0x28, "/mnt/again", "origin:/export/a"},
		{0x28, "/mnt/bind", "origin:/export/a"},
		{0x2c, "/srv/reexport/below", "origin:/export/a/below"},
		{0x2d, "/srv/reexport2", "origin:/export/a2"},
		{0x2e, "/srv/twice", "origin:/one"},
		{0x2f, "/srv/twice", "origin:/two"},
		{0xfffff, "/srv/tab\tnewline\nbackslash\\end", "[fd00::1]:/odd\\040"},
		{7 << 20 | 3, "/srv/major", "origin:/"},
	};

	(void)unused;
	assert_int_equal(nfs.n, UNIT_COUNT(expected));
	for (size_t i = 0; i < nfs.n; i++) {
		assert_int_equal(nfs.at[i].dev, expected[i].dev);
		assert_string_equal(nfs.at[i].target, expected[i].target);
		assert_string_equal(nfs.at[i].source, expected[i].source);
	}
}

static void test_no_nfs_in_the_table(void **unused)
{
	struct rg_mounts mounts;

	(void)unused;
	memset(&mounts, 0xff, sizeof(mounts));
	assert_int_equal(rg_mounts_read(FIXTURE("mountinfo-local"), &mounts), 0);
	assert_int_equal(mounts.n, 0);
	rg_mounts_free(&mounts);
}

/* A file of these bytes, below /tmp or TMPDIR. */
static void write_file(char *path, size_t size, const void *bytes, size_t n)
{
	const char *dir = getenv("TMPDIR") ?: "/tmp";
	int fd;

	snprintf(path, size, "%s/rg-unit-XXXXXX", dir);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static int read_bytes(const void *bytes, size_t n, struct rg_mounts *mounts)
{
	char path[256];
	int err;

	write_file(path, sizeof(path), bytes, n);
	memset(mounts, 0xff, sizeof(*mounts));
	err = rg_mounts_read(path, mounts);
	unlink(path);
	return err;
}

static void test_empty_file(void **unused)
{
	struct rg_mounts mounts;

	(void)unused;
	assert_int_equal(read_bytes("", 0, &mounts), 0);
	assert_int_equal(mounts.n, 0);
	rg_mounts_free(&mounts);
}

static void test_missing_file(void **unused)
{
	struct rg_mounts mounts;

	(void)unused;
	memset(&mounts, 0xff, sizeof(mounts));
	assert_int_equal(rg_mounts_read(FIXTURE("no-such-file"), &mounts), -ENOENT);
	assert_int_equal(mounts.n, 0);
	assert_null(mounts.at);
	rg_mounts_free(&mounts);
}

/* Damaged: refused, or read as something, but nothing is left to free twice
 * and nothing is made up where no line speaks of NFS. */
static void test_garbage(void **unused)
{
	static const char cut[] = "30 22 0:40 / /srv/reexport rw,relatime shared:5 - nfs";
	struct rg_mounts mounts;
	__u64 seed = 23;

	(void)unused;
	for (int i = 0; i < 200; i++) {
		unsigned char bytes[512];

		for (size_t b = 0; b < sizeof(bytes); b++)
			bytes[b] = (unsigned char)unit_random(&seed);
		if (read_bytes(bytes, 1 + unit_below(&seed, sizeof(bytes)), &mounts))
			assert_null(mounts.at);
		assert_int_equal(mounts.n, 0);
		rg_mounts_free(&mounts);
	}
	for (size_t n = 1; n < sizeof(cut); n++) {
		if (read_bytes(cut, n, &mounts))
			assert_null(mounts.at);
		for (size_t i = 0; i < mounts.n; i++) {
			assert_non_null(mounts.at[i].target);
			assert_non_null(mounts.at[i].source);
		}
		rg_mounts_free(&mounts);
	}
}

static void test_free_twice(void **unused)
{
	struct rg_mounts mounts;

	(void)unused;
	assert_int_equal(rg_mounts_read(FIXTURE("mountinfo-nfs"), &mounts), 0);
	rg_mounts_free(&mounts);
	assert_null(mounts.at);
	assert_int_equal(mounts.n, 0);
	rg_mounts_free(&mounts);
}

/* ---- the mount of a path ---- */

static void expect_mount(const char *path, __u32 dev)
{
	const struct rg_mount *m = rg_mount_of(&nfs, path);

	if (!m) {
		fail_msg("%s: on no NFS mount", path);
		return;
	}
	if (m->dev != dev)
		fail_msg("%s: on %#x (%s), expected %#x", path, m->dev, m->target, dev);
}

static void test_mount_of(void **unused)
{
	struct rg_mounts none = {};

	(void)unused;
	expect_mount("/srv/reexport", 0x28);
	expect_mount("/srv/reexport/", 0x28);
	expect_mount("/srv/reexport/dir/file", 0x28);
	expect_mount("/srv/reexport/below", 0x2c);
	expect_mount("/srv/reexport/below/file", 0x2c);
	expect_mount("/srv/reexport/below2", 0x28);
	expect_mount("/srv/reexport2/file", 0x2d);
	expect_mount("/srv/with space/x", 0x29);
	expect_mount("/srv/tab\tnewline\nbackslash\\end", 0xfffff);
	expect_mount("/mnt/bind/x", 0x28);
	expect_mount("/srv/twice", 0x2f); /* the one on top */
	assert_null(rg_mount_of(&nfs, "/"));
	assert_null(rg_mount_of(&nfs, "/srv"));
	assert_null(rg_mount_of(&nfs, "/srv/reexport3"));
	assert_null(rg_mount_of(&nfs, "/srv/fuse"));
	assert_null(rg_mount_of(&nfs, "/proc/fs/nfsd"));
	assert_null(rg_mount_of(&none, "/srv/reexport"));
}

/* Another file system below an NFS mount is not that mount. */
static void test_mount_of_another_file_system(void **unused)
{
	char *others[] = {"/", "/srv", "/srv/reexport/scratch"};
	struct rg_mounts with = nfs;

	(void)unused;
	with.others = others;
	with.n_others = 3;
	assert_null(rg_mount_of(&with, "/srv/reexport/scratch"));
	assert_null(rg_mount_of(&with, "/srv/reexport/scratch/x"));
	assert_non_null(rg_mount_of(&with, "/srv/reexport/scratch2"));
	assert_non_null(rg_mount_of(&with, "/srv/reexport"));
	assert_null(rg_mount_of(&with, "/srv/local"));
}

/* ---- who is guarded ---- */

static bool guarded(const char *target, const char *source, const struct rg_path *paths, size_t n)
{
	char t[64], s[64];
	const struct rg_mount m = {.dev = 1, .target = t, .source = s};

	snprintf(t, sizeof(t), "%s", target);
	snprintf(s, sizeof(s), "%s", source);
	return rg_mount_is_guarded(&m, paths, n, 1);
}

static void test_mount_is_guarded(void **unused)
{
	/* Static: a path is 8 KiB. */
	static const struct rg_path paths[] = {
		{.slot = 2, .path = "/srv/other", .source = "origin:/other"},
		{.slot = 1, .path = "/srv/a", .source = "origin:/export/a"},
		{.slot = 1, .path = "/srv/nosource", .source = ""},
	};

	(void)unused;
	/* by where it is */
	assert_true(guarded("/srv/a", "origin:/export/a", paths, 3));
	assert_true(guarded("/srv/a", "elsewhere:/", paths, 3));
	assert_true(guarded("/srv/a/sub", "elsewhere:/", paths, 3));
	assert_true(guarded("/srv/nosource", "elsewhere:/", paths, 3));
	assert_false(guarded("/srv/ab", "elsewhere:/", paths, 3));
	assert_false(guarded("/srv", "elsewhere:/", paths, 3));
	/* by what it is */
	assert_true(guarded("/mnt/again", "origin:/export/a", paths, 3));
	assert_true(guarded("/mnt/again", "origin:/export/a/sub", paths, 3));
	assert_false(guarded("/mnt/again", "origin:/export/ab", paths, 3));
	assert_false(guarded("/mnt/again", "origin:/export", paths, 3));
	assert_false(guarded("/mnt/again", "origin2:/export/a", paths, 3));
	/* An empty source is no source that everything is below. */
	assert_false(guarded("/mnt/again", "", paths, 3));
	/* another gate's, and a policy that names nothing */
	assert_false(guarded("/srv/other", "origin:/other", paths, 3));
	assert_false(guarded("/srv/a", "origin:/export/a", paths, 1));
	assert_false(guarded("/srv/a", "origin:/export/a", paths, 0));
}

static void test_guarded_in_the_table(void **unused)
{
	static const struct rg_path policy = {.slot = 1,
					      .path = "/srv/reexport",
					      .source = "origin:/export/a"};
	/* reexport, again, bind, below */
	static const bool expected[] = {true,  false, true,  true,  true,
					false, false, false, false, false};

	(void)unused;
	assert_int_equal(nfs.n, UNIT_COUNT(expected));
	for (size_t i = 0; i < nfs.n; i++)
		assert_int_equal(rg_mount_is_guarded(&nfs.at[i], &policy, 1, 1), expected[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_below),
		cmocka_unit_test(test_kernel_dev),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_no_nfs_in_the_table),
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_free_twice),
		cmocka_unit_test(test_mount_of),
		cmocka_unit_test(test_mount_of_another_file_system),
		cmocka_unit_test(test_mount_is_guarded),
		cmocka_unit_test(test_guarded_in_the_table),
	};

	return cmocka_run_group_tests_name("mounts", tests, read_nfs, free_nfs);
}
