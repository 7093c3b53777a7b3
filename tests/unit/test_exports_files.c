// SPDX-License-Identifier: GPL-2.0-only
/* exports(5): its files, exportfs, and the rules that come of them. */
#include "exports.h"

/* ---- files ---- */

static char dir[64];

static int make_dir(void **unused)
{
	(void)unused;
	snprintf(dir, sizeof(dir), "/tmp/rg-unit-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **unused)
{
	(void)unused;
	return unit_remove(dir);
}

/* A name in the test's directory; good until it is called four times more. */
static const char *in_dir(const char *name)
{
	static char paths[4][256];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", dir, name);
	return paths[turn];
}

static void write_file(const char *name, const char *text)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	unit_need(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void expect_file(const char *name, int err, const char *exports, size_t complaints)
{
	struct rg_exports e = {};
	struct said said = {};

	assert_int_equal(rg_exports_parse_file(&e, in_dir(name), RG_FROM_FILE, hear, &said), err);
	assert_string_equal(show(&e), exports);
	assert_int_equal(said.n, complaints);
	rg_exports_free(&e);
	/* and with nobody to tell */
	assert_int_equal(rg_exports_parse_file(&e, in_dir(name), RG_FROM_FILE, NULL, NULL), err);
	rg_exports_free(&e);
}

static void test_files(void **unused)
{
	(void)unused;
	expect_file("none", 0, "", 0);
	expect_file("none/exports", 0, "", 0);
	write_file("empty", "");
	expect_file("empty", 0, "", 0);
	expect_file("empty/exports", 0, "", 0);
	write_file("exports", "/a *(crossmnt)\nx\n/b *");
	expect_file("exports", 0, "/a+ /b", 1);
	assert_int_equal(mkdir(in_dir("dir"), 0700), 0);
	expect_file("dir", -EISDIR, "", 1);
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	expect_file("fifo", -EINVAL, "", 1);
	assert_int_equal(symlink("/dev/null", in_dir("masked")), 0);
	expect_file("masked", 0, "", 0);
	assert_int_equal(symlink("exports", in_dir("link")), 0);
	expect_file("link", 0, "/a+ /b", 1);
	assert_int_equal(symlink("circle", in_dir("circle")), 0);
	expect_file("circle", -ELOOP, "", 1);
	if (geteuid() != 0) {
		assert_int_equal(chmod(in_dir("exports"), 0), 0);
		expect_file("exports", -EACCES, "", 1);
	}
	assert_int_equal(truncate(in_dir("empty"), (64 << 20) + 1), 0);
	expect_file("empty", -EFBIG, "", 1);
}

static void test_exports_d(void **unused)
{
	struct rg_exports e = {};
	struct said said = {};

	(void)unused;
	assert_int_equal(rg_exports_read(&e, in_dir("exports"), in_dir("d"), hear, &said), 0);
	assert_int_equal(e.n, 0);
	assert_int_equal(mkdir(in_dir("d"), 0700), 0);
	assert_int_equal(rg_exports_read(&e, in_dir("exports"), in_dir("d"), hear, &said), 0);
	assert_int_equal(e.n, 0);
	assert_int_equal(said.n, 0);

	write_file("exports", "/a *\n/main *\n");
	write_file("d/10.exports", "/a *(crossmnt)\n/ten *\nten\n");
	write_file("d/9.exports", "/nine *\nnine\n");
	write_file("d/.hidden.exports", "/hidden *\n");
	write_file("d/.exports", "/dot *\n");
	write_file("d/x.exports~", "/backup *\n");
	write_file("d/exports", "/no/suffix *\n");
	write_file("d/x.exports.bak", "/bak *\n");
	write_file("elsewhere", "/link *\n");
	assert_int_equal(symlink("../elsewhere", in_dir("d/link.exports")), 0);
	assert_int_equal(symlink("../nowhere", in_dir("d/dead.exports")), 0);
	assert_int_equal(mkdir(in_dir("d/dir.exports"), 0700), 0);
	assert_int_equal(mkfifo(in_dir("d/fifo.exports"), 0600), 0);
	assert_int_equal(rg_exports_read(&e, in_dir("exports"), in_dir("d"), hear, &said), 0);
	assert_string_equal(show(&e), "/a+ /link /main /nine /ten");
	assert_string_equal(e.at[0].origin, in_dir("d/10.exports:1"));
	/* 9 before 10, as nfs-utils sorts them */
	assert_int_equal(said.n, 2);
	assert_true(strstr(said.text, "9.exports:2 ") < strstr(said.text, "10.exports:3 "));
	rg_exports_free(&e);

	/* What cannot be read does not hide the others. */
	assert_int_equal(symlink(".", in_dir("d/0.exports")), 0);
	assert_int_equal(rg_exports_read(&e, in_dir("d"), in_dir("d"), hear, &said), -EISDIR);
	assert_string_equal(show(&e), "/a+ /link /nine /ten");
	assert_int_equal(said.n, 6);
	rg_exports_free(&e);
}

static void test_stamp(void **unused)
{
	/* Each changes it: a write, or without text a removal. */
	static const struct {
		const char *name, *text;
	} steps[] = {
		{"exports", "/a *\n"},
		{"exports", "/b *\n"}, /* of the same size */
		{"exports", "/longer *"},
		{"d/", ""},
		{"d/a.exports", "x"},
		{"d/a.exports", "y"},
		{"d/a.exports", "longer"},
		{"etab", "x"},
		{"etab", "y"},
		{"etab", NULL},
		{"d/a.exports", NULL},
		{"d/b.exports", "y"},
		{"d/b.exports", NULL},
		{"exports", NULL},
		{"d/", NULL},
	};
	const struct timespec tick = {.tv_nsec = 20000000}; /* of the clock of files */
	struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	__u64 first = rg_exports_stamp(in_dir("exports"), in_dir("d"), in_dir("etab"));
	__u64 last = first;

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(steps); i++) {
		const char *name = steps[i].name;
		__u64 stamp;

		nanosleep(&tick, NULL);
		if (!steps[i].text)
			assert_int_equal(remove(in_dir(name)), 0);
		else if (name[strlen(name) - 1] == '/')
			assert_int_equal(mkdir(in_dir(name), 0700), 0);
		else
			write_file(name, steps[i].text);
		stamp = rg_exports_stamp(in_dir("exports"), in_dir("d"), in_dir("etab"));
		if (stamp == last)
			fail_msg("step %zu, %s: not seen", i, name);
		last = stamp;
		/* and nothing but a change */
		assert_int_equal(rg_exports_stamp(in_dir("exports"), in_dir("d"), in_dir("etab")),
				 last);
	}
	assert_int_equal(last, first);

	/* A file with the times of the one it replaces. */
	write_file("exports", "/a *\n");
	write_file("other", "/b *\n");
	assert_int_equal(utimensat(AT_FDCWD, in_dir("exports"), old, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, in_dir("other"), old, 0), 0);
	last = rg_exports_stamp(in_dir("exports"), in_dir("d"), in_dir("etab"));
	assert_int_equal(rename(in_dir("other"), in_dir("exports")), 0);
	assert_int_not_equal(rg_exports_stamp(in_dir("exports"), in_dir("d"), in_dir("etab")),
			     last);
}

/* ---- exportfs ---- */

static char *path_was;

static int make_path(void **unused)
{
	path_was = strdup(getenv("PATH") ?: "/usr/bin:/bin");
	return make_dir(unused) ?: setenv("PATH", dir, 1);
}

static int restore_path(void **unused)
{
	setenv("PATH", path_was, 1);
	free(path_was);
	return remove_dir(unused);
}

/* A program `exportfs` of this test's. */
static void write_exportfs(const char *text)
{
	char script[4096];

	snprintf(script, sizeof(script), "#!/bin/sh\nPATH=%s\n%s", path_was, text);
	write_file("exportfs", script);
}

static void expect_exportfs(const char *text, int err, const char *exports, size_t complaints)
{
	struct rg_exports e = {};
	struct said said = {};

	write_exportfs(text);
	assert_int_equal(rg_exports_of_exportfs(&e, hear, &said), err);
	if (strcmp(show(&e), exports) != 0)
		fail_msg("%s\n-> %s, expected %s", text, show(&e), exports);
	for (size_t i = 0; i < e.n; i++)
		assert_string_equal(e.at[i].origin, "exportfs");
	assert_int_equal(said.n, complaints);
	rg_exports_free(&e);
	/* Nobody is left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_exportfs(void **unused)
{
	(void)unused;
	expect_exportfs("", 0, "", 0);
	/* as 2.6.2 prints: a line a client, two blanks, each byte escaped once,
	 * quotes and # as they are */
	expect_exportfs("cat <<'E'\n"
			"/srv/a  10.0.0.1(sync,wdelay,hide,no_subtree_check,sec=sys,rw)\n"
			"/srv/a  10.0.0.2(sync,wdelay,hide,crossmnt,no_subtree_check,sec=sys,ro)\n"
			"/srv/b  *(sync,wdelay,nohide,sec=sys,rw)\n"
			"E\n",
			0, "/srv/a+ /srv/b", 0);
	expect_exportfs("cat <<'E'\n"
			"/q\"uote  *(sync)\n"
			"#/no  *(sync)\n"
			"/ha#sh  *(sync)\n"
			"/back\\134slash  *(sync)\n"
			"/not\\134040twice  *(sync)\n"
			"/dash  -host(crossmnt)\n"
			"/opt  *(crossmnt,mountpoint=/a b,sec=sys)\n"
			"E\n",
			0, "/back\\slash /dash+ /ha#sh /not\\040twice /opt+ /q\"uote", 0);
	/* arguments, stdin, stderr */
	expect_exportfs("echo no >&2; cat; [ $# = 1 ] && [ \"$1\" = -s ] && echo '/a  *(rw)'", 0,
			"/a", 0);
	/* fails, or says half a line */
	expect_exportfs("echo '/a  *(rw)'; exit 1", -EIO, "/a", 1);
	expect_exportfs("echo '/a  *(rw)'; kill -9 $$", -EIO, "/a", 1);
	expect_exportfs("printf '/a  *(rw)\\n/srv/b'", 0, "/a", 0);
	expect_exportfs("printf '/srv/b'", 0, "", 0);
	/* more than a pipe holds */
	expect_exportfs("i=0; while [ $i -lt 9000 ]; do echo '/a  host(sync,wdelay)'; "
			"i=$((i+1)); done",
			0, "/a", 0);
	/* closes its output and goes on; leaves a child that keeps it */
	expect_exportfs("echo '/a  *(rw)'; exec >&-; sleep 0.1", 0, "/a", 0);
	expect_exportfs("echo '/a  *(rw)'; sleep 1 & exit 0", 0, "/a", 0);
}

/* What the daemon and `enable` have done to their signals and descriptors does
 * not reach it. */
static void test_exportfs_of_a_daemon(void **unused)
{
	sigset_t all, was;
	int in = dup(STDIN_FILENO);

	(void)unused;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &was);
	signal(SIGTERM, SIG_IGN);
	close(STDIN_FILENO); /* the pipe gets its number */
	expect_exportfs("(kill -TERM $$); sleep 2; echo '/a  *(rw)'", -EIO, "", 1);
	expect_exportfs("echo '/a  *(rw)'", 0, "/a", 0);
	if (in >= 0) {
		dup2(in, STDIN_FILENO);
		close(in);
	}
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &was, NULL);
}

/* Gone, or a zombie until init looks. */
static bool is_dead(const char *pid)
{
	char name[64], stat[256] = "";
	int fd;

	snprintf(name, sizeof(name), "/proc/%s/stat", pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	if (read(fd, stat, sizeof(stat) - 1) < 0)
		stat[0] = '\0'; /* ESRCH: just gone */
	close(fd);
	return !stat[0] || strstr(stat, ") Z ") || strstr(stat, ") X ");
}

/* One that hangs is killed, with its children; what it said counts. */
static void test_exportfs_hangs(void **unused)
{
	struct timespec from, to;
	char pid[32] = "";
	int fd;

	(void)unused;
	clock_gettime(CLOCK_MONOTONIC, &from);
	expect_exportfs("cd \"${0%/*}\"; trap '' TERM INT; echo '/a  *(rw)'; printf /srv/b; "
			"sleep 60 & echo $! >pid; wait; sleep 60",
			-ETIMEDOUT, "/a", 1);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_in_range(to.tv_sec - from.tv_sec, 4, 30);
	fd = open(in_dir("pid"), O_RDONLY | O_CLOEXEC);
	unit_need(fd >= 0);
	assert_true(read(fd, pid, sizeof(pid) - 1) > 0);
	close(fd);
	pid[strcspn(pid, "\n")] = '\0';
	/* The signal is sent to both; only one was waited for. */
	for (int i = 0; i < 1000 && !is_dead(pid); i++)
		usleep(10000);
	assert_true(is_dead(pid));
}

static void test_no_exportfs(void **unused)
{
	struct rg_exports e = {};
	struct said said = {};
	int err;

	(void)unused;
	unlink(in_dir("exportfs"));
	err = rg_exports_of_exportfs(&e, hear, &said);
	/* This machine may have nfs-utils. */
	if (access("/usr/sbin/exportfs", X_OK) && access("/sbin/exportfs", X_OK)) {
		assert_int_equal(err, -ENOENT);
		assert_int_equal(e.n, 0);
		assert_int_equal(said.n, 0);
	}
	rg_exports_free(&e);

	/* a program that is none */
	write_file("exportfs", "\177ELF");
	assert_int_equal(rg_exports_of_exportfs(&e, hear, &said), -ENOEXEC);
	assert_int_equal(e.n, 0);
	rg_exports_free(&e);
}

static void test_collect(void **unused)
{
	struct rg_exports_where where;
	struct rg_exports e = {};
	bool found = false;

	(void)unused;
	rg_exports_where("", false, &where);
	write_exportfs("echo '/rg/unit/only/here  *(crossmnt)'");
	assert_int_equal(rg_exports_collect(&e, &where, true, NULL, NULL), 0);
	check_list(&e);
	for (size_t i = 0; i < e.n; i++)
		found |=
			strcmp(e.at[i].path, "/rg/unit/only/here") == 0 && e.at[i].options.crossmnt;
	assert_true(found);
	rg_exports_free(&e);

	/* It failed: what there is is there. No error where this machine has
	 * what exportfs reads. */
	write_exportfs("echo '/rg/unit/only/here  *(crossmnt)'; exit 3");
	assert_int_equal(rg_exports_collect(&e, &where, true, NULL, NULL),
			 access(where.etab, R_OK) ? -EIO : 0);
	assert_true(e.n > 0);
	rg_exports_free(&e);
}

/* ---- links and rules ---- */

static void test_resolve(void **unused)
{
	char lines[512], expected[512];
	const struct rg_exports_where where = {};
	struct rg_mounts mounts = {};
	struct rg_exports e = {};

	(void)unused;
	assert_int_equal(mkdir(in_dir("real"), 0700), 0);
	assert_int_equal(symlink("real", in_dir("link")), 0);
	assert_int_equal(symlink("circle", in_dir("circle")), 0);
	snprintf(lines, sizeof(lines), "%s/link/x *(crossmnt)\n%s/real *\n%s/circle *\n%s/gone *\n",
		 dir, dir, dir, dir);
	assert_int_equal(rg_exports_parse(&e, lines, strlen(lines), RG_FROM_FILE, "exports", NULL,
					  NULL),
			 0);
	assert_int_equal(rg_exports_resolve(&e, &where, &mounts), 0);
	snprintf(expected, sizeof(expected), "%s/circle %s/gone %s/link/x+ %s/real %s/real/x+", dir,
		 dir, dir, dir, dir);
	assert_string_equal(show(&e), expected);
	assert_string_equal(e.at[4].origin, "exports:1");
	rg_exports_free(&e);
}

static void test_rules(void **unused)
{
	static const char lines[] = "/a x(rw) y(crossmnt)\n/b x(rw,nohide)\n/c x(rw)\n";
	struct rg_exports e = {};
	struct rg_rule *rules;
	size_t n;

	(void)unused;
	assert_int_equal(rg_exports_rules(&e, 3, &rules, &n), 0);
	assert_int_equal(n, 0);
	free(rules);
	assert_int_equal(rg_exports_parse(&e, lines, strlen(lines), RG_FROM_FILE, "exports", NULL,
					  NULL),
			 0);
	assert_int_equal(rg_exports_rules(&e, 3, &rules, &n), 0);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rules[i].slot, 3);
		assert_int_equal(rules[i].kind, i ? RG_RULE_EXPORT : RG_RULE_EXPORT_TREE);
		assert_string_equal(rules[i].path, e.at[i].path);
		assert_string_equal(rules[i].source, "");
	}
	free(rules);
	rg_exports_free(&e);
}

static void test_too_many_rules(void **unused)
{
	struct rg_exports e = {};
	struct rg_rule *rules;
	char *text = calloc(RG_MAX_RULES + 1, 16);
	size_t n, len = 0;

	(void)unused;
	unit_need(text);
	for (int i = 0; i < RG_MAX_RULES; i++)
		len += (size_t)snprintf(text + len, 16, "/%d *\n", i);
	assert_int_equal(rg_exports_parse(&e, text, len, RG_FROM_FILE, "exports", NULL, NULL), 0);
	assert_int_equal(rg_exports_rules(&e, 1, &rules, &n), 0);
	assert_int_equal(n, RG_MAX_RULES);
	free(rules);
	assert_int_equal(rg_exports_parse(&e, "/x\n", 3, RG_FROM_FILE, "exports", NULL, NULL), 0);
	assert_int_equal(rg_exports_rules(&e, 1, &rules, &n), -E2BIG);
	assert_null(rules);
	assert_int_equal(n, 0);
	free(text);
	rg_exports_free(&e);
}

/* From a line of /etc/exports to the mounts that are guarded. */
static void test_from_line_to_mount(void **unused)
{
	static const struct {
		const char *lines, *target;
		bool guarded;
	} table[] = {
		{"/srv/a *(rw)\n", "/srv/a", true},
		{"/srv/a *(rw)\n", "/srv/b", false},
		{"/srv *(rw,crossmnt)\n", "/srv/b/sub/deep", true},
		{"/srv *(rw,nohide)\n", "/srv/b/sub/deep", false},
		{"/srv/b *(rw)\n", "/srv/b/sub", false},
		{"/srv/b *(rw)\n/srv/b/sub *(nohide)\n", "/srv/b/sub", true},
		{"/srv/b x(rw) y(crossmnt)\n", "/srv/b/sub", true},
		{"\"/srv/b/sub\" *\n", "/srv/b/sub", true},
		{"/srv/a/dir -rw host\n", "/srv/a", true},
	};
	struct rg_mounts mounts;

	(void)unused;
	assert_int_equal(rg_mounts_read(RG_TEST_DATA "/mountinfo-rules", &mounts), 0);
	for (size_t i = 0; i < UNIT_COUNT(table); i++) {
		const struct rg_mount *m = rg_mount_of(&mounts, table[i].target);
		struct rg_exports e = {};
		struct rg_rule *rules;
		size_t n;

		unit_need(m);
		assert_int_equal(rg_exports_parse(&e, table[i].lines, strlen(table[i].lines), false,
						  "exports", NULL, NULL),
				 0);
		assert_int_equal(rg_exports_rules(&e, 1, &rules, &n), 0);
		if (rg_mount_is_guarded(&mounts, m, rules, n, 1, RG_MOUNT_MODE_EXPORTS) !=
		    table[i].guarded)
			fail_msg("%s: %s: expected %d", table[i].lines, table[i].target,
				 table[i].guarded);
		free(rules);
		rg_exports_free(&e);
	}
	rg_mounts_free(&mounts);
}

/* ---- options ---- */

static void test_options(void **unused)
{
	static const struct {
		const char *line;
		bool no_fsid, no_mountpoint;
		const char *fsid;
	} options[] = {
		{"/a *(rw)", true, RG_FROM_EXPORTFS, ""},
		{"/a *", true, RG_FROM_EXPORTFS, ""},
		{"/a", true, RG_FROM_EXPORTFS, ""},
		{"/a *(rw,fsid=11)", false, RG_FROM_EXPORTFS, "11"},
		{"/a *(fsid=0x0b)", false, RG_FROM_EXPORTFS, "11"},
		{"/a *(fsid=011)", false, RG_FROM_EXPORTFS, "9"},
		{"/a *(fsid=root)", false, RG_FROM_EXPORTFS, "0"},
		{"/a *(fsid=7f3c2d6e-0000-4000-8000-000000000001)", false, true,
		 "7f3c2d6e-0000-4000-8000-000000000001"},
		{"/a *(fsid=11x)", false, RG_FROM_EXPORTFS, "11x"},
		{"/a *(fsid=)", true, RG_FROM_EXPORTFS, ""},
		{"/a *(fsid)", true, RG_FROM_EXPORTFS, ""},
		{"/a *(xfsid=1,fsids=2)", true, RG_FROM_EXPORTFS, ""},
		{"/a *(reexport=auto-fsidnum)", false, RG_FROM_EXPORTFS, ""},
		{"/a *(reexport=predefined-fsidnum)", false, RG_FROM_EXPORTFS, ""},
		{"/a *(reexport=something)", true, RG_FROM_EXPORTFS, ""},
		{"/a *(mp)", true, RG_FROM_FILE, ""},
		{"/a *(mountpoint)", true, RG_FROM_FILE, ""},
		{"/a *(mp=/b)", true, RG_FROM_FILE, ""},
		{"/a *(mountpoint=/b,fsid=1)", false, RG_FROM_FILE, "1"},
		{"/a *(mpx,amp)", true, RG_FROM_EXPORTFS, ""},
		/* One client is enough. */
		{"/a x(fsid=1) y(rw)", true, RG_FROM_EXPORTFS, "1"},
		{"/a x(fsid=1,mp) y", true, RG_FROM_EXPORTFS, "1"},
		{"/a x(fsid=1) y(fsid=2)", false, RG_FROM_EXPORTFS, "1"},
		{"/a x(fsid=1)\n/a y(rw)", true, RG_FROM_EXPORTFS, "1"},
		{"/a -fsid=3,mp x y(ro)", false, RG_FROM_FILE, "3"},
		{"/a -fsid=3 x(fsid=4)", false, RG_FROM_EXPORTFS, "4"},
		{"/a -fsid=3", false, RG_FROM_EXPORTFS, "3"},
		/* Of what is broken nothing good is believed. */
		{"/a *(rw,fsid=1,mp", true, RG_FROM_EXPORTFS, ""},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(options); i++) {
		struct rg_exports e = {};
		const struct rg_export_options *o;

		assert_int_equal(rg_exports_parse(&e, options[i].line, strlen(options[i].line),
						  false, "x", NULL, NULL),
				 0);
		assert_int_equal(e.n, 1);
		o = &e.at[0].options;
		if (o->no_fsid != options[i].no_fsid ||
		    o->no_mountpoint != options[i].no_mountpoint ||
		    strcmp(o->fsid, options[i].fsid) != 0)
			fail_msg("%s: no_fsid %d no_mountpoint %d fsid \"%s\"", options[i].line,
				 o->no_fsid, o->no_mountpoint, o->fsid);
		rg_exports_free(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test_setup_teardown(test_files, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_exports_d, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_stamp, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_exportfs, make_path, restore_path),
		cmocka_unit_test_setup_teardown(test_exportfs_of_a_daemon, make_path, restore_path),
		cmocka_unit_test_setup_teardown(test_exportfs_hangs, make_path, restore_path),
		cmocka_unit_test_setup_teardown(test_no_exportfs, make_path, restore_path),
		cmocka_unit_test_setup_teardown(test_collect, make_path, restore_path),
		cmocka_unit_test_setup_teardown(test_resolve, make_dir, remove_dir),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_too_many_rules),
		cmocka_unit_test(test_from_line_to_mount),
	};

	return cmocka_run_group_tests_name("exports_files", tests, NULL, NULL);
}
