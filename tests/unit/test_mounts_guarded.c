// SPDX-License-Identifier: GPL-2.0-only
/* Which mounts the rules mean, and what the maps are told of them. */
#include "mounts.h"

/* ---- who is guarded ---- */

#define M RG_RULE_MOUNT
#define E RG_RULE_EXPORT
#define T RG_RULE_EXPORT_TREE
#define X RG_RULE_EXCEPT
#define RULES 4

struct brief {
	const char *path, *source;
	enum rg_rule_kind kind;
	__u32 slot; /* 0: ours, 1 */
};

/* Static: a rule is 8 KiB. */
static struct rg_rule rules[RULES];

static size_t write_rules(const struct brief *brief)
{
	size_t n = 0;

	for (; n < RULES && brief[n].path; n++) {
		rules[n].slot = brief[n].slot ?: 1;
		rules[n].kind = brief[n].kind;
		snprintf(rules[n].path, sizeof(rules[n].path), "%s", brief[n].path);
		snprintf(rules[n].source, sizeof(rules[n].source), "%s", brief[n].source ?: "");
	}
	return n;
}

static bool guarded(const char *target, const char *source, const struct brief *brief)
{
	char t[64], s[64];
	struct rg_mount m = {.dev = 1, .target = t, .source = s};
	struct rg_place p = {.target = t, .len = strlen(target), .id = 1, .top = true};
	const struct rg_mounts mounts = {.at = &m, .n = 1, .places = &p, .n_places = 1};
	size_t n = write_rules(brief);

	snprintf(t, sizeof(t), "%s", target);
	snprintf(s, sizeof(s), "%s", source);
	return rg_mount_is_guarded(&mounts, &m, rules, n, 1, RG_MOUNT_MODE_LISTED);
}

static void test_mount_rules(void **unused)
{
	static const struct brief brief[RULES] = {
		{"/srv/other", "origin:/other", M, 2},
		{"/srv/a", "origin:/export/a", M, 0},
		{"/srv/nosource", NULL, M, 0},
	};
	static const struct brief none[RULES];

	(void)unused;
	/* by where it is */
	assert_true(guarded("/srv/a", "origin:/export/a", brief));
	assert_true(guarded("/srv/a", "elsewhere:/", brief));
	assert_true(guarded("/srv/a/sub", "elsewhere:/", brief));
	assert_true(guarded("/srv/nosource", "elsewhere:/", brief));
	assert_false(guarded("/srv/ab", "elsewhere:/", brief));
	assert_false(guarded("/srv", "elsewhere:/", brief));
	/* by what it is */
	assert_true(guarded("/mnt/again", "origin:/export/a", brief));
	assert_true(guarded("/mnt/again", "origin:/export/a/sub", brief));
	assert_false(guarded("/mnt/again", "origin:/export/ab", brief));
	assert_false(guarded("/mnt/again", "origin:/export", brief));
	assert_false(guarded("/mnt/again", "origin2:/export/a", brief));
	/* An empty source is no source that everything is below. */
	assert_false(guarded("/mnt/again", "", brief));
	/* another gate's, and a policy that names nothing */
	assert_false(guarded("/srv/other", "origin:/other", brief));
	assert_false(guarded("/srv/a", "origin:/export/a", none));
}

/* A kind of a later version is no reason to guard, nor to crash. */
static void test_unknown_rule(void **unused)
{
	static const struct brief brief[RULES] = {{"/srv/a", "origin:/a", RG_NR_RULE_KINDS, 0}};

	(void)unused;
	assert_false(guarded("/srv/a", "origin:/a", brief));
}

static void test_guarded_in_the_table(void **unused)
{
	static const struct brief brief[RULES] = {{"/srv/reexport", "origin:/export/a", M, 0}};
	/* reexport, again, bind, below */
	static const bool expected[] = {true,  false, true,  true,  true,
					false, false, false, false, false};
	size_t n = write_rules(brief);

	(void)unused;
	assert_int_equal(nfs.n, UNIT_COUNT(expected));
	for (size_t i = 0; i < nfs.n; i++)
		assert_int_equal(rg_mount_is_guarded(&nfs, &nfs.at[i], rules, n, 1,
						     RG_MOUNT_MODE_LISTED),
				 expected[i]);
}

/* In mountinfo-rules: rules, and the sources of the superblocks that are
 * guarded by them. `all`: with RG_MOUNT_MODE_ALL, those that are not. */
static const struct {
	struct brief brief[RULES];
	const char *sources;
	bool all;
} policies[] = {
	{{}, "", false},
	/* EXPORT: the one mount that the path is on */
	{{{"/srv/a", NULL, E, 0}}, "a", false},
	{{{"/srv/a/", NULL, E, 0}}, "a", false},
	{{{"/srv/a/dir/dir", NULL, E, 0}}, "a", false},
	{{{"/mnt/bind/x", NULL, E, 0}}, "a", false},
	{{{"/srv/b", NULL, E, 0}}, "b", false},
	{{{"/srv/b/sub", NULL, E, 0}}, "b/sub", false},
	{{{"/srv/b/sub/deep/x", NULL, E, 0}}, "b/sub/deep", false},
	{{{"/srv", NULL, E, 0}}, "", false},
	{{{"/", NULL, E, 0}}, "", false},
	{{{"/srv/ab", NULL, E, 0}}, "", false},
	{{{"/srv/a", NULL, E, 2}}, "", false},
	/* a local file system between */
	{{{"/srv/a/scratch", NULL, E, 0}}, "", false},
	{{{"/srv/a/scratch/c", NULL, E, 0}}, "c", false},
	/* what is hidden counts too */
	{{{"/srv/twice", NULL, E, 0}}, "one two", false},
	{{{"/srv/twice/x", NULL, E, 0}}, "one two", false},
	{{{"/srv/covered", NULL, E, 0}}, "covered", false},
	{{{"/srv/auto", NULL, E, 0}}, "auto", false},
	{{{"/srv/over/low", NULL, E, 0}}, "low over", false},
	{{{"/srv/over", NULL, E, 0}}, "over", false},
	{{{"/srv/hides/local", NULL, E, 0}}, "hides", false},
	/* EXPORT_TREE: and those below */
	{{{"/srv/b", NULL, T, 0}}, "b b/sub b/sub/deep", false},
	{{{"/srv/b/sub", NULL, T, 0}}, "b/sub b/sub/deep", false},
	{{{"/srv/b/dir", NULL, T, 0}}, "b", false},
	{{{"/srv/a", NULL, T, 0}}, "a c", false},
	{{{"/srv/a/scratch", NULL, T, 0}}, "c", false},
	{{{"/mnt", NULL, T, 0}}, "a", false}, /* by its superblock */
	{{{"/srv/covered", NULL, T, 0}}, "covered", false},
	{{{"/srv", NULL, T, 0}},
	 "a b b/sub b/sub/deep c one two covered auto low over hides",
	 false},
	{{{"/", NULL, T, 0}}, "a b b/sub b/sub/deep c one two covered auto low over hides", false},
	/* several */
	{{{"/srv/a", NULL, E, 0}, {"/srv/b/sub", NULL, E, 0}}, "a b/sub", false},
	{{{"/srv/b/sub", "origin:/c", M, 0}, {"/srv/b", NULL, E, 0}},
	 "b b/sub b/sub/deep c",
	 false},
	/* EXCEPT goes before all others, wherever it stands */
	{{{"/srv/b/sub", NULL, X, 0}, {"/srv/b", NULL, T, 0}}, "b", false},
	{{{"/srv/b", NULL, T, 0}, {"/srv/b/sub", NULL, X, 0}}, "b", false},
	{{{"/srv/b", NULL, T, 0}, {"/srv/b/dir", NULL, X, 0}}, "b/sub b/sub/deep", false},
	{{{"/srv/b", NULL, T, 0}, {"/srv/b/sub/deep/dir", NULL, X, 0}}, "b b/sub", false},
	{{{"/srv/b", "origin:/b", M, 0}, {"/srv/b", NULL, X, 0}}, "", false},
	{{{"/srv/b", NULL, E, 0}, {"/srv/b", NULL, X, 0}}, "", false},
	{{{"/", NULL, T, 0}, {"/srv", NULL, X, 0}}, "a", false}, /* /mnt/bind */
	{{{"/", NULL, T, 0}, {"/", NULL, X, 0}}, "", false},
	{{{"/srv/b", NULL, T, 0}, {"/srv/b/sub", NULL, X, 2}}, "b b/sub b/sub/deep", false},
	/* at one place excepted, at another guarded: guarded */
	{{{"/srv/a", "origin:/a", M, 0}, {"/mnt/bind", NULL, X, 0}}, "a c", false},
	{{{"/srv/a", NULL, E, 0}, {"/mnt/bind", NULL, X, 0}}, "a", false},
	{{{"/srv/a", NULL, E, 0}, {"/srv/a", NULL, X, 0}, {"/mnt", NULL, X, 0}}, "", false},
	/* excepted by a path in it: the one on top only */
	{{{"/srv/twice", NULL, E, 0}, {"/srv/twice/x", NULL, X, 0}}, "one", false},
	{{{"/srv/twice", NULL, E, 0}, {"/srv/twice", NULL, X, 0}}, "", false},
	{{{"/srv", NULL, T, 0}, {"/srv/covered/x", NULL, X, 0}},
	 "a b b/sub b/sub/deep c one two covered auto low over hides",
	 false},
	/* --all */
	{{}, "", true},
	{{{"/srv/a", NULL, E, 0}}, "", true},
	{{{"/srv/b", NULL, X, 0}}, "b b/sub b/sub/deep", true},
	{{{"/srv/b/x", NULL, X, 0}}, "b", true},
	{{{"/srv/b", NULL, X, 2}}, "", true},
	{{{"/srv/a", NULL, X, 0}}, "c", true}, /* /mnt/bind keeps a */
	{{{"/srv/a", NULL, X, 0}, {"/mnt/bind", NULL, X, 0}}, "a c", true},
};

static bool is_in(const char *word, const char *list)
{
	size_t n = strlen(word);

	for (const char *at = list; *at;) {
		size_t len = strcspn(at, " ");

		if (len == n && strncmp(at, word, n) == 0)
			return true;
		at += len + (at[len] == ' ');
	}
	return false;
}

static enum rg_mount_mode which_of(size_t i)
{
	return policies[i].all ? RG_MOUNT_MODE_ALL
	       : i % 2	       ? RG_MOUNT_MODE_EXPORTS
			       : RG_MOUNT_MODE_LISTED;
}

static bool expected_of(size_t i, const struct rg_mount *m)
{
	return is_in(m->source + strlen("origin:/"), policies[i].sources) != policies[i].all;
}

static void test_policies(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(policies); i++) {
		bool got[32];
		size_t n = write_rules(policies[i].brief);

		assert_true(tree.n <= UNIT_COUNT(got));
		assert_int_equal(rg_mounts_guarded(&tree, rules, n, 1, which_of(i), got), 0);
		for (size_t m = 0; m < tree.n; m++)
			if (got[m] != expected_of(i, &tree.at[m]))
				fail_msg("policy %zu (%s): %s (%s): got %d", i,
					 policies[i].brief[0].path ?: "", tree.at[m].target,
					 tree.at[m].source, got[m]);
	}
}

/* By the mount alone, a bind mount is what its place says. */
static void test_one_mount(void **unused)
{
	static const struct brief brief[RULES] = {{"/srv/a", NULL, E, 0}};
	size_t n = write_rules(brief);

	(void)unused;
	for (size_t m = 0; m < tree.n; m++)
		assert_int_equal(rg_mount_is_guarded(&tree, &tree.at[m], rules, n, 1,
						     RG_MOUNT_MODE_EXPORTS),
				 strcmp(tree.at[m].target, "/srv/a") == 0);
}

/* ---- the maps, which are here in memory ---- */

#define FD 1000
#define DEVICES 64

static struct rg_meta meta;
static struct {
	__u32 dev;
	struct rg_device is;
	bool used;
} devices[DEVICES];
static int updates, guarded_after_exempt;
static __u32 broken_dev; /* cannot be written */

static struct rg_pins fake_pins(void)
{
	struct rg_pins p = {.dir_fd = -1};

	for (int i = 0; i < RG_NR_MAPS; i++)
		p.map_fd[i] = FD + i;
	return p;
}

static int slot_of(__u32 dev)
{
	for (int i = 0; i < DEVICES; i++)
		if (devices[i].used && devices[i].dev == dev)
			return i;
	return -1;
}

static void set_device(__u32 dev, __u32 slot, __u32 class)
{
	int i = slot_of(dev);

	for (int j = 0; i < 0 && j < DEVICES; j++)
		if (!devices[j].used)
			i = j;
	unit_need(i >= 0);
	devices[i].used = true;
	devices[i].dev = dev;
	devices[i].is = (struct rg_device){.slot = slot, .class = class};
}

/* 0: not in the map. */
static __u32 class_of(__u32 dev)
{
	int i = slot_of(dev);

	return i < 0 ? 0 : devices[i].is.class;
}

static void no_devices(void)
{
	memset(devices, 0, sizeof(devices));
	updates = guarded_after_exempt = 0;
	broken_dev = 0;
}

/* libbpf's, for this program. */
int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	const __u32 k = *(const __u32 *)key;

	if (fd == FD + RG_MAP_META) {
		memcpy(value, &meta, sizeof(meta));
		return 0;
	}
	if (fd == FD + RG_MAP_RULES && k < RULES) {
		memcpy(value, &rules[k], sizeof(rules[k]));
		return 0;
	}
	if (fd == FD + RG_MAP_DEVICES && slot_of(k) >= 0) {
		memcpy(value, &devices[slot_of(k)].is, sizeof(struct rg_device));
		return 0;
	}
	errno = ENOENT;
	return -ENOENT;
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	static bool exempted;
	const struct rg_device *d = value;
	__u32 dev = *(const __u32 *)key;

	(void)flags;
	assert_int_equal(fd, FD + RG_MAP_DEVICES);
	if (dev == broken_dev) {
		errno = E2BIG;
		return -E2BIG;
	}
	exempted = updates++ ? exempted : false;
	exempted |= d->class == RG_CLASS_EXEMPT;
	guarded_after_exempt += exempted && d->class == RG_CLASS_GUARDED;
	set_device(dev, d->slot, d->class);
	return 0;
}

int bpf_map_delete_elem(int fd, const void *key)
{
	int i = slot_of(*(const __u32 *)key);

	assert_int_equal(fd, FD + RG_MAP_DEVICES);
	if (i < 0) {
		errno = ENOENT;
		return -ENOENT;
	}
	devices[i].used = false;
	return 0;
}

static void test_rules_read(void **unused)
{
	static const struct brief brief[RULES] = {{"/srv/a", "origin:/a", M, 3},
						  {"/srv/b", NULL, X, 0}};
	struct rg_pins p = fake_pins();
	struct rg_rule *got;
	size_t n;

	(void)unused;
	write_rules(brief);
	memset(rules[1].source, 'x', sizeof(rules[1].source));
	meta.rules = 2;
	assert_int_equal(rg_rules_read(&p, &got, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(got[0].slot, 3);
	assert_string_equal(got[0].source, "origin:/a");
	assert_int_equal(got[1].kind, X);
	assert_int_equal(strlen(got[1].source), RG_PATH_SIZE - 1);
	free(got);

	meta.rules = 0;
	assert_int_equal(rg_rules_read(&p, &got, &n), 0);
	assert_int_equal(n, 0);
	free(got);

	meta.rules = RULES + 1; /* more than the map has: RG_MAX_RULES is checked too */
	assert_int_equal(rg_rules_read(&p, &got, &n), -ENOENT);
	assert_null(got);
	assert_int_equal(n, 0);
	meta.rules = 0;
	memset(rules, 0, sizeof(rules));
}

/* Every policy after every other, by what is in the map in the end. */
static void test_classify(void **unused)
{
	struct rg_pins p = fake_pins();

	(void)unused;
	for (size_t before = 0; before < UNIT_COUNT(policies); before++)
		for (size_t i = 0; i < UNIT_COUNT(policies); i++) {
			size_t n = write_rules(policies[before].brief);

			no_devices();
			assert_int_equal(rg_classify(&p, &tree, rules, n, 1, which_of(before)), 0);
			updates = guarded_after_exempt = 0;
			n = write_rules(policies[i].brief);
			assert_int_equal(rg_classify(&p, &tree, rules, n, 1, which_of(i)), 0);
			assert_int_equal(guarded_after_exempt, 0);
			for (size_t m = 0; m < tree.n; m++) {
				__u32 class = class_of(tree.at[m].dev);
				bool expected = expected_of(i, &tree.at[m]);

				if (expected ? class == RG_CLASS_EXEMPT : class != RG_CLASS_EXEMPT)
					fail_msg("policy %zu after %zu: %s: class %u", i, before,
						 tree.at[m].target, class);
				if (expected && !policies[i].all)
					assert_int_equal(class, RG_CLASS_GUARDED);
			}
			/* and again: nothing to do */
			updates = 0;
			assert_int_equal(rg_classify(&p, &tree, rules, n, 1, which_of(i)), 0);
			assert_int_equal(updates, 0);
		}
}

static void test_classify_beside_another_gate(void **unused)
{
	static const struct brief brief[RULES] = {{"/srv/b", NULL, E, 0}};
	struct rg_pins p = fake_pins();
	size_t n = write_rules(brief);

	(void)unused;
	no_devices();
	set_device(0x28, 2, RG_CLASS_GUARDED); /* /srv/a: stays the other's */
	set_device(0x29, 2, RG_CLASS_EXEMPT);  /* /srv/b: ours to guard */
	set_device(0x2a, 2, RG_CLASS_EXEMPT);  /* /srv/b/sub: the last one's */
	set_device(0x99, 1, RG_CLASS_GUARDED); /* in another mount namespace */
	assert_int_equal(rg_classify(&p, &tree, rules, n, 1, RG_MOUNT_MODE_EXPORTS), 0);
	assert_int_equal(class_of(0x28), RG_CLASS_GUARDED);
	assert_int_equal(devices[slot_of(0x28)].is.slot, 2);
	assert_int_equal(class_of(0x29), RG_CLASS_GUARDED);
	assert_int_equal(devices[slot_of(0x29)].is.slot, 1);
	assert_int_equal(devices[slot_of(0x2a)].is.slot, 1);
	assert_int_equal(class_of(0x99), RG_CLASS_GUARDED);

	/* --all ends our exemptions, not another gate's. */
	set_device(0x2a, 2, RG_CLASS_EXEMPT);
	assert_int_equal(rg_classify(&p, &tree, NULL, 0, 1, RG_MOUNT_MODE_ALL), 0);
	assert_int_equal(class_of(0x2a), RG_CLASS_EXEMPT);
	assert_int_equal(class_of(0x2b), 0);
	assert_int_equal(class_of(0x29), RG_CLASS_GUARDED);
}

/* One that cannot be entered counts as guarded; the others do not wait for it. */
static void test_classify_with_a_full_map(void **unused)
{
	static const struct brief brief[RULES] = {{"/srv/b", NULL, E, 0}};
	struct rg_pins p = fake_pins();
	size_t n = write_rules(brief);

	(void)unused;
	no_devices();
	broken_dev = 0x28;
	assert_int_equal(rg_classify(&p, &tree, rules, n, 1, RG_MOUNT_MODE_LISTED), -E2BIG);
	assert_int_equal(class_of(0x28), 0);
	assert_int_equal(class_of(0x29), RG_CLASS_GUARDED);
	assert_int_equal(class_of(0x38), RG_CLASS_EXEMPT);
	no_devices();
}

static void test_classify_nothing(void **unused)
{
	struct rg_mounts none = {};
	struct rg_pins p = fake_pins();

	(void)unused;
	no_devices();
	assert_int_equal(rg_classify(&p, &none, NULL, 0, 1, RG_MOUNT_MODE_LISTED), 0);
	assert_int_equal(rg_classify(&p, &none, NULL, 0, 1, RG_MOUNT_MODE_ALL), 0);
	assert_int_equal(rg_mounts_guarded(&none, NULL, 0, 1, RG_MOUNT_MODE_ALL, NULL), 0);
	assert_int_equal(updates, 0);
}

/* The same files by another superblock. */
static void test_twins(void **unused)
{
	static const char text[] =
		"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"2 1 0:40 / /srv/a rw - nfs4 origin:/a rw,addr=10.0.0.1\n"
		"3 1 0:41 / /srv/twin rw - nfs4 origin:/a rw,nosharecache,addr=10.0.0.1\n"
		"4 1 0:42 / /srv/v3 rw - nfs 10.0.0.1:/a rw,vers=3,addr=10.0.0.1\n"
		"5 1 0:43 / /srv/part rw - nfs4 ORIGIN:/a/dir rw\n"
		"6 1 0:44 / /srv/top rw - nfs4 origin:/ rw\n"
		/* Crossed into by the NFS client: another file system. */
		"7 2 0:45 / /srv/a/sub rw - nfs4 origin:/a/sub rw\n"
		"8 1 0:46 / /srv/ab rw - nfs4 origin:/ab rw\n"
		"9 1 0:47 / /srv/other rw - nfs4 other:/a rw,addr=10.0.0.10\n"
		/* Below what is a twin itself. */
		"10 1 0:48 / /srv/b rw - nfs4 origin:/b rw,addr=10.0.0.1\n"
		"11 1 0:49 / /srv/excepted rw - nfs4 origin:/a rw,nosharecache\n"
		"12 1 0:50 / /srv/odd rw - nfs4 origin rw,addr=10.0.0.1\n";
	static const bool expected[] = {true,  true,  true,  true,  true, false,
					false, false, false, false, false};
	const struct rg_rule two[] = {{.slot = 1, .kind = RG_RULE_EXPORT, .path = "/srv/a"},
				      {.slot = 1, .kind = RG_RULE_EXCEPT, .path = "/srv/excepted"}};
	bool got[UNIT_COUNT(expected)];
	struct rg_mounts mounts;

	(void)unused;
	read_text(text, &mounts);
	assert_int_equal(mounts.n, UNIT_COUNT(expected));
	assert_int_equal(rg_mounts_guarded(&mounts, two, 2, 1, RG_MOUNT_MODE_EXPORTS, got), 0);
	for (size_t i = 0; i < mounts.n; i++)
		if (got[i] != expected[i])
			fail_msg("%s: guarded: %d", mounts.at[i].target, got[i]);
	/* By no rule nothing is anybody's twin. */
	assert_int_equal(rg_mounts_guarded(&mounts, two + 1, 1, 1, RG_MOUNT_MODE_EXPORTS, got), 0);
	for (size_t i = 0; i < mounts.n; i++)
		assert_false(got[i]);
	rg_mounts_free(&mounts);
}

static char *volumes_in(const char *text)
{
	static char path[] = "/tmp/rg-volumes-XXXXXX";
	int fd;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	unit_need(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return path;
}

/* The same files, as only the number of the file system says. */
static void test_same_fsid(void **unused)
{
	static const char text[] =
		"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"2 1 0:40 / /srv/a rw - nfs4 origin:/a rw,vers=4.2,addr=10.0.0.1\n"
		/* The root by NFSv4 is /export. */
		"3 1 0:41 / /srv/v3 rw - nfs origin:/export/a rw,vers=3,addr=10.0.0.1\n"
		"4 1 0:42 / /srv/v3b rw - nfs origin:/export/b rw,vers=3,addr=10.0.0.1\n"
		/* Another address: the kernel asks by 4.1, and knows. */
		"5 1 0:43 / /srv/v40 rw - nfs4 10.0.0.9:/a rw,vers=4.0,addr=10.0.0.9\n"
		"6 1 0:44 / /srv/v41 rw - nfs4 10.0.0.8:/a rw,vers=4.1,addr=10.0.0.8\n"
		"7 1 0:45 / /srv/far rw - nfs4 10.0.0.9:/c rw,vers=4.0,addr=10.0.0.9\n"
		"8 1 0:46 / /srv/excepted rw - nfs4 10.0.0.9:/a rw,vers=4.0,addr=10.0.0.9\n"
		"9 1 0:47 / /srv/own rw - nfs4 10.0.0.9:/a rw,vers=4.0,addr=10.0.0.9\n";
	static const struct {
		const char *name, *volumes;
		bool expected[8];
	} tables[] = {
		{"nothing is known", "", {true}},
		{"fsid=1",
		 "NV SERVER PORT DEV FSID FSC\nv4 0a000001 801 0:40 1:0 no\n"
		 "v3 0a000001 801 0:41 1:0 no\nv3 0a000001 801 0:42 2:0 no\n"
		 "v4 0a000009 801 0:43 1:0 no\nv4 0a000008 801 0:44 1:0 no\n"
		 "v4 0a000009 801 0:45 1:0 no\nv4 0a000009 801 0:46 1:0 no\n"
		 "v4 0a000009 801 0:47 2:0 no\n",
		 {true, true, false, true}},
		{"fsid=0: every server has one",
		 "v4 0a000001 801 0:40 0:0 no\nv3 0a000001 801 0:41 0:0 no\n"
		 "v4 0a000009 801 0:43 0:0 no\n",
		 {true, true}},
		{"by UUID, of a server whose numbers are the other way round",
		 "v4 0a000001 801 0:40 1122334455667788:99aabbccddeeff01 no\n"
		 "v3 0a000001 801 0:41 8988888888888888:0 no\n"
		 "v4 0a000009 801 0:43 1122334455667788:99aabbccddeeff01 no\n",
		 {true, true, false, true}},
		{"by device 8:17",
		 "v4 0a000001 801 0:40 8:11 no\nv3 0a000001 801 0:41 811:0 no\n"
		 "v4 0a000009 801 0:43 8:12 no\n",
		 {true, true}},
		{"no line is one", "v4 x\nv 1 2 0:41 1:0\nv4 a b 0:41\n\n", {true}},
	};
	const struct rg_rule two[] = {{.slot = 1, .kind = RG_RULE_EXPORT, .path = "/srv/a"},
				      {.slot = 1, .kind = RG_RULE_EXCEPT, .path = "/srv/excepted"}};
	bool got[UNIT_COUNT(tables[0].expected)];

	(void)unused;
	for (size_t t = 0; t < UNIT_COUNT(tables); t++) {
		char *path = volumes_in(tables[t].volumes);
		struct rg_mounts mounts;

		read_text(text, &mounts);
		assert_int_equal(mounts.n, UNIT_COUNT(got));
		rg_mounts_ask_fsids(path, &mounts);
		unlink(path);
		rg_mounts_ask_fsids(path, &mounts); /* not there: nothing is forgotten */
		assert_int_equal(rg_mounts_guarded(&mounts, two, 2, 1, RG_MOUNT_MODE_EXPORTS, got),
				 0);
		for (size_t i = 0; i < mounts.n; i++)
			if (got[i] != tables[t].expected[i])
				fail_msg("%s: %s: guarded: %d", tables[t].name, mounts.at[i].target,
					 got[i]);
		rg_mounts_free(&mounts);
	}
}

/* Thousands of mounts, hundreds of rules: far from quadratic in the mounts.
 * The limit is generous, as sanitizers and a loaded host are slow. */
static void test_many(void **unused)
{
	enum { MOUNTS = 4000, MANY = 200 };
	struct rg_rule *many = calloc(MANY, sizeof(*many));
	bool *got = calloc(MOUNTS, sizeof(*got));
	size_t size = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);
	struct rg_mounts mounts;
	struct timespec from, to;

	(void)unused;
	unit_need(many && got && f);
	fputs("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n", f);
	for (int i = 0; i < MOUNTS; i++)
		fprintf(f, "%d 1 0:%d / /srv/export/%d rw - nfs4 origin:/export/%d rw\n", i + 2,
			100 + i % (MOUNTS / 2), i, i);
	fclose(f);
	read_text(text, &mounts);
	for (int i = 0; i < MANY; i++) {
		many[i].slot = 1;
		many[i].kind = RG_RULE_EXPORT;
		snprintf(many[i].path, sizeof(many[i].path), "/srv/export/%d/dir", i);
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(rg_mounts_guarded(&mounts, many, MANY, 1, RG_MOUNT_MODE_EXPORTS, got), 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec < 10);
	for (int i = 0; i < MOUNTS; i++)
		assert_int_equal(got[i], i % (MOUNTS / 2) < MANY);
	rg_mounts_free(&mounts);
	free(text);
	free(many);
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mount_rules),
		cmocka_unit_test(test_unknown_rule),
		cmocka_unit_test(test_guarded_in_the_table),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_same_fsid),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_one_mount),
		cmocka_unit_test(test_rules_read),
		cmocka_unit_test(test_classify),
		cmocka_unit_test(test_classify_beside_another_gate),
		cmocka_unit_test(test_classify_with_a_full_map),
		cmocka_unit_test(test_classify_nothing),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("mounts_guarded", tests, read_tables, free_tables);
}
