// SPDX-License-Identifier: GPL-2.0-only
/* Which mounts are NFS, and what is below what. */
#include "mounts.h"

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
		{"", "/", false},
		{"/srv/a", "/srv/a/", true},
		{"/srv/ab", "/srv/a/", false},
		{"/srv/a", "/srv/a/b", false},
		{"/srv//a", "/srv/a", false}, /* not for this function to tidy */
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
		{"origin:a", "origin:/", false},
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
	assert_true(mounts.n_places > 0);
	for (size_t i = 0; i < mounts.n_places; i++)
		assert_int_equal(mounts.places[i].nfs, -1);
	rg_mounts_free(&mounts);
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
		assert_null(rg_mount_of(&mounts, "/srv"));
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

static void expect_mount_in(const struct rg_mounts *mounts, const char *path, __u32 dev)
{
	const struct rg_mount *m = rg_mount_of(mounts, path);
	__u32 got = m ? m->dev : 0;

	if (got != dev)
		fail_msg("%s: on %#x, expected %#x", path, got, dev);
}

static void test_mount_of(void **unused)
{
	static const struct {
		const char *path;
		__u32 dev; /* 0: none */
	} cases[] = {
		{"/srv/reexport", 0x28},
		{"/srv/reexport/", 0x28},
		{"/srv/reexport/dir/file", 0x28},
		{"/srv/reexport/below", 0x2c},
		{"/srv/reexport/below/file", 0x2c},
		{"/srv/reexport/below2", 0x28},
		{"/srv/reexport2/file", 0x2d},
		{"/srv/with space/x", 0x29},
		{"/srv/tab\tnewline\nbackslash\\end", 0xfffff},
		{"/mnt/bind/x", 0x28},
		{"/srv/twice", 0x2f}, /* the one on top */
		{"/", 0},
		{"/srv", 0},
		{"/srv/reexport3", 0},
		{"/srv/fuse", 0},
		{"/proc/fs/nfsd", 0},
		{"", 0},
		{"relative", 0},
	};
	struct rg_mounts none = {};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		expect_mount_in(&nfs, cases[i].path, cases[i].dev);
		assert_null(rg_mount_of(&none, cases[i].path));
	}
}

/* Mounts in mounts, and over mounts: what the kernel would come to. */
static void test_mount_of_is_the_one_on_top(void **unused)
{
	static const struct {
		const char *path;
		__u32 dev;
	} cases[] = {
		{"/srv/a", 0x28},
		{"/srv/a/x", 0x28},
		{"/srv/a/scratch", 0},
		{"/srv/a/scratch/x", 0},
		{"/srv/a/scratch2", 0x28},
		{"/srv/a/scratch/c/x", 0x2c},
		{"/srv/b/sub/deeper", 0x2a},
		{"/srv/b/sub/deep/x", 0x2b},
		{"/srv/twice/x", 0x33},
		{"/srv/covered/x", 0},
		{"/srv/auto/x", 0x35},
		{"/srv/over/low/x", 0x37}, /* not 0x36: hidden */
		{"/srv/hides/local/x", 0x38},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		expect_mount_in(&tree, cases[i].path, cases[i].dev);
}

/* Tables that no kernel writes: an answer, and an end. */
static void test_mount_of_in_a_damaged_table(void **unused)
{
	static const char *const texts[] = {
		/* each other's parent */
		"1 2 0:40 / / rw - nfs4 o:/ rw\n2 1 0:41 / /a rw - nfs4 o:/a rw\n",
		/* its own parent */
		"1 1 0:40 / / rw - nfs4 o:/ rw\n2 2 0:41 / /a rw - nfs4 o:/a rw\n",
		/* the same number twice */
		("1 0 0:40 / / rw - nfs4 o:/ rw\n1 1 0:41 / / rw - nfs4 o:/a rw\n"
		 "1 1 0:42 / /a rw - nfs4 o:/a rw\n"),
		/* nothing at / */
		"5 4 0:40 / /a rw - nfs4 o:/ rw\n6 5 0:41 / /a/b rw - nfs4 o:/a rw\n",
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
		struct rg_mounts mounts;

		read_text(texts[i], &mounts);
		rg_mount_of(&mounts, "/a/b/c");
		if (i == 3) {
			expect_mount_in(&mounts, "/a/b/c", 0x29);
			expect_mount_in(&mounts, "/a/c", 0x28);
			expect_mount_in(&mounts, "/c", 0);
		}
		rg_mounts_free(&mounts);
	}
}

/* ---- links ---- */

static char top_dir[128];

static void in_top(char *out, size_t size, const char *name)
{
	assert_true(snprintf(out, size, "%s%s", top_dir, name) < (int)size);
}

static void make_dir(const char *name)
{
	char path[256];

	in_top(path, sizeof(path), name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_link(const char *to, const char *name)
{
	char path[256];

	in_top(path, sizeof(path), name);
	assert_int_equal(symlink(to, path), 0);
}

static void test_resolve(void **unused)
{
	static const char *const dirs[] = {"/dir", "/dir/sub", "/nfs", "/nfs/dir", "/auto"};
	static const char *const links[][2] = {
		{"dir", "/link"},
		{"../nfs", "/dir/tonfs"},
		{"loop", "/loop"},
		{"nowhere", "/dead"},
		{"../dir", "/nfs/back"},
		{"../dir", "/auto/back"},
		{"sub/../sub", "/dir/dots"},
	};
	/* Both are below top_dir. */
	static const struct {
		const char *path, *expected;
	} cases[] = {
		{"/dir/sub", "/dir/sub"},
		{"/dir/./sub/../sub//", "/dir/sub"},
		{"/link/sub", "/dir/sub"},
		{"/link/sub/../..", ""},
		{"/dir/dots", "/dir/sub"},
		{"/link/tonfs/x/y", "/nfs/x/y"},
		{"/dead/x", "/nowhere/x"},
		{"/not/there", "/not/there"},
		/* These would be links; nobody looks. */
		{"/nfs/back", "/nfs/back"},
		{"/nfs/back/sub", "/nfs/back/sub"},
		{"/nfs/dir/../back", "/nfs/back"},
		{"/auto/back", "/auto/back"},
		{"/link/../nfs/back/../../link", "/dir"},
	};
	char made[] = "/tmp/rg-unit-XXXXXX", text[1024], path[RG_PATH_SIZE], expected[256],
	     out[RG_PATH_SIZE];
	struct rg_mounts mounts;

	(void)unused;
	unit_need(mkdtemp(made));
	unit_need(realpath(made, path));
	assert_true(snprintf(top_dir, sizeof(top_dir), "%s", path) < (int)sizeof(top_dir));
	for (size_t i = 0; i < UNIT_COUNT(dirs); i++)
		make_dir(dirs[i]);
	for (size_t i = 0; i < UNIT_COUNT(links); i++)
		make_link(links[i][0], links[i][1]);
	snprintf(text, sizeof(text),
		 "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
		 "2 1 0:40 / %s/nfs rw - nfs4 origin:/ rw\n"
		 "3 1 0:41 / %s/auto rw - autofs auto.home rw\n",
		 top_dir, top_dir);
	read_text(text, &mounts);

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		in_top(path, sizeof(path), cases[i].path);
		in_top(expected, sizeof(expected), cases[i].expected);
		assert_int_equal(rg_mounts_resolve(&mounts, path, out), 0);
		assert_string_equal(out, expected);
	}
	assert_int_equal(rg_mounts_resolve(&mounts, "/", out), 0);
	assert_string_equal(out, "/");
	assert_int_equal(rg_mounts_resolve(&mounts, "/..//../.", out), 0);
	assert_string_equal(out, "/");
	in_top(path, sizeof(path), "/loop/x");
	assert_int_equal(rg_mounts_resolve(&mounts, path, out), -ELOOP);
	assert_int_equal(rg_mounts_resolve(&mounts, "", out), -EINVAL);
	assert_int_equal(rg_mounts_resolve(&mounts, "dir", out), -EINVAL);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(rg_mounts_resolve(&mounts, path, out), 0);
	assert_string_equal(out, path);

	for (size_t i = UNIT_COUNT(links); i-- > 0;) {
		in_top(path, sizeof(path), links[i][1]);
		assert_int_equal(unlink(path), 0);
	}
	for (size_t i = UNIT_COUNT(dirs); i-- > 0;) {
		in_top(path, sizeof(path), dirs[i]);
		assert_int_equal(rmdir(path), 0);
	}
	rmdir(made);
	rg_mounts_free(&mounts);
}

/* The longest path and the longest link in it: refused, not cut off. */
static void test_resolve_too_long(void **unused)
{
	char made[] = "/tmp/rg-unit-XXXXXX", link[64], path[RG_PATH_SIZE + 1], out[RG_PATH_SIZE];
	struct rg_mounts none = {};

	(void)unused;
	unit_need(mkdtemp(made));
	snprintf(link, sizeof(link), "%s/l", made);
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[RG_PATH_SIZE] = '\0';
	assert_int_equal(rg_mounts_resolve(&none, path, out), -ENAMETOOLONG);
	path[RG_PATH_SIZE - 96] = '\0';
	assert_int_equal(symlink(path, link), 0);
	snprintf(path, sizeof(path), "%s/%0200d", link, 0);
	assert_int_equal(rg_mounts_resolve(&none, path, out), -ENAMETOOLONG);
	unlink(link);
	rmdir(made);
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
		cmocka_unit_test(test_mount_of_is_the_one_on_top),
		cmocka_unit_test(test_mount_of_in_a_damaged_table),
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_resolve_too_long),
	};

	return cmocka_run_group_tests_name("mounts", tests, read_tables, free_tables);
}
