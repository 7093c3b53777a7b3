// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon's metrics on disk: when it is written, replaced as a whole, what is
 * said of failures. The maps are played by this file: libbpf's calls are defined
 * here.
 */
#include "unit_dir.h"

#include <errno.h>
#include <fcntl.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "metrics/metrics_file.h"
#include "base/read_map.h"

#define S RG_NS_PER_SEC

static struct rg_meta meta;
static int broken; /* errno of the maps but meta */

int libbpf_num_possible_cpus(void)
{
	return 1;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	static const size_t sizes[RG_NR_MAPS] = {
		[RG_MAP_GATES] = sizeof(struct rg_gate),
		[RG_MAP_COUNTERS] = sizeof(__u64),
		[RG_MAP_TRACER_OWNERS] = sizeof(struct rg_tracer),
		[RG_MAP_FLOW_TOTALS] = sizeof(struct rg_flow_totals),
	};

	(void)key;
	if (fd == RG_MAP_META) {
		memcpy(value, &meta, sizeof(meta));
		return 0;
	}
	if (broken) {
		errno = broken;
		return -1;
	}
	assert_true(sizes[fd] > 0);
	memset(value, 0, sizes[fd]);
	return 0;
}

int __wrap_rg_read_map(int fd, void *keys, size_t key_size, void *values, size_t value_size,
		       __u32 *n)
{
	(void)fd;
	(void)keys;
	(void)key_size;
	(void)values;
	(void)value_size;
	*n = 0;
	return 0;
}

static struct rg_live live;
static struct rg_pins pins = {.live = &live};
static struct rg_metrics_file file;
static struct unit_ear ear;

static int setup(void **unused)
{
	int err = dir_setup(unused);

	memset(&meta, 0, sizeof(meta));
	snprintf(meta.metrics_dir, sizeof(meta.metrics_dir), "%s", dir);
	meta.metrics_interval_s = 10;
	broken = 0;
	for (int i = 0; i < RG_NR_MAPS; i++)
		pins.map_fd[i] = i;
	rg_metrics_file_init(&file);
	return err;
}

static int teardown(void **unused)
{
	rg_metrics_file_free(&file);
	return dir_teardown(unused);
}

static char text[1 << 17];

/* What is in it, or NULL: it is not there. */
static const char *content(void)
{
	FILE *in = fopen(path_of(RG_METRICS_FILE), "re");
	size_t n;

	if (!in)
		return NULL;
	n = fread(text, 1, sizeof(text) - 1, in);
	fclose(in);
	text[n] = '\0';
	return text;
}

static void tick(__u64 now_ns)
{
	rg_metrics_file_tick(&file, &pins, NULL, now_ns);
}

/* Nothing is said, and there is a whole file and no other. */
static void expect_written(void)
{
	struct dirent *e;
	DIR *d = opendir(dir);

	unit_need(d);
	while ((e = readdir(d)))
		assert_true(strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
			    strcmp(e->d_name, RG_METRICS_FILE) == 0);
	closedir(d);
	unit_need(content());
	assert_non_null(strstr(text, "\nreexport_guard_enabled "));
	assert_null(strstr(text, "# EOF"));
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void test_when(void **unused)
{
	struct stat first, second;

	(void)unused;
	unit_need(mkdir(dir, 0755) == 0);
	rg_metrics_file_start(&file, &pins);
	assert_null(content());
	tick(1000 * S); /* at once */
	expect_written();
	assert_non_null(strstr(text, "\nreexport_guard_enabled 1\n"));
	unit_need(stat(path_of(RG_METRICS_FILE), &first) == 0);
	assert_int_equal(first.st_mode & 07777, 0644);
	tick(1009 * S);
	unit_need(stat(path_of(RG_METRICS_FILE), &second) == 0);
	assert_int_equal(first.st_ino, second.st_ino);
	unlink(path_of(RG_METRICS_FILE));
	tick(1010 * S);
	expect_written();
	/* A policy that was reloaded. */
	meta.metrics_interval_s = 1;
	unlink(path_of(RG_METRICS_FILE));
	tick(1011 * S);
	expect_written();
}

static void test_mode(void **unused)
{
	mode_t before = umask(0777);
	struct stat st;

	(void)unused;
	unit_need(mkdir(dir, 0755) == 0 && chmod(dir, 0755) == 0);
	tick(S);
	umask(before);
	unit_need(stat(path_of(RG_METRICS_FILE), &st) == 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

/* Whoever has the old one open reads it to its end. */
static void test_replaced_as_a_whole(void **unused)
{
	char first[64] = "", old[] = "old";
	int fd, dir_fd;

	(void)unused;
	unit_need(mkdir(dir, 0755) == 0);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(rg_metrics_file_replace(dir_fd, old, 3), 0);
	fd = open(path_of(RG_METRICS_FILE), O_RDONLY | O_CLOEXEC);
	unit_need(fd >= 0);
	/* What a killed daemon left, and what somebody put there, goes. */
	unit_need(symlink("/etc/passwd", path_of("." RG_METRICS_FILE ".new")) == 0);
	assert_int_equal(rg_metrics_file_replace(dir_fd, "newer", 5), 0);
	assert_int_equal(read(fd, first, sizeof(first)), 3);
	assert_string_equal(first, old);
	assert_string_equal(content(), "newer");
	close(fd);
	close(dir_fd);
}

static void test_end(void **unused)
{
	(void)unused;
	unit_need(mkdir(dir, 0755) == 0);
	tick(1000 * S);
	live.heartbeat_ns = 0;
	rg_metrics_file_end(&file, &pins, NULL);
	expect_written();
	assert_non_null(strstr(text, "\nreexport_guard_daemon_up 0\n"));
	/* Disabled: nothing but that is left. */
	rg_metrics_file_end(&file, NULL, NULL);
	expect_written();
	assert_non_null(strstr(text, "\nreexport_guard_enabled 0\n"));
	assert_null(strstr(text, "daemon_up"));
}

static void test_none(void **unused)
{
	(void)unused;
	meta.metrics_dir[0] = '\0';
	unit_listen(&ear);
	rg_metrics_file_start(&file, &pins);
	tick(1000 * S);
	rg_metrics_file_end(&file, &pins, NULL);
	assert_int_equal(unit_heard(&ear), 0);
	assert_int_equal(file.dir_fd, -1);
}

/* Turned off, or elsewhere: what was written is not left to be taken for new. */
static void test_another_directory(void **unused)
{
	char other[sizeof(dir) + 8];

	(void)unused;
	unit_need(mkdir(dir, 0755) == 0);
	snprintf(other, sizeof(other), "%s/other", dir);
	unit_need(mkdir(other, 0755) == 0);
	tick(1000 * S);
	unit_need(content());
	snprintf(meta.metrics_dir, sizeof(meta.metrics_dir), "%s", other);
	tick(1001 * S); /* at once */
	assert_null(content());
	assert_int_equal(access(path_of("other/" RG_METRICS_FILE), F_OK), 0);
	meta.metrics_dir[0] = '\0';
	tick(1002 * S);
	assert_int_equal(access(path_of("other/" RG_METRICS_FILE), F_OK), -1);
}

/* ---- failures ---- */

static void test_said_once(void **unused)
{
	(void)unused;
	unit_listen(&ear);
	rg_metrics_file_start(&file, &pins); /* there is no such directory */
	for (__u64 t = 1000; t < 1100; t++)
		tick(t * S);
	assert_int_equal(unit_heard(&ear), 1);
	assert_non_null(strstr(ear.text,
			       RG_METRICS_FILE ": not written: No such file or directory: "
					       "metrics-dir has to be there"));
	/* It comes: nothing has to be started again. */
	unit_need(mkdir(dir, 0755) == 0);
	unit_listen(&ear);
	tick(1100 * S);
	assert_int_equal(unit_heard(&ear), 0);
	expect_written();
	/* And goes: that is something new to be said. */
	unit_need(unlink(path_of(RG_METRICS_FILE)) == 0 && rmdir(dir) == 0);
	unit_listen(&ear);
	tick(1110 * S);
	tick(1120 * S);
	assert_int_equal(unit_heard(&ear), 1);
}

/* A package was installed anew: the directory is another one of that name. */
static void test_directory_that_was_replaced(void **unused)
{
	(void)unused;
	unit_need(mkdir(dir, 0755) == 0);
	tick(1000 * S);
	unit_need(unlink(path_of(RG_METRICS_FILE)) == 0 && rmdir(dir) == 0);
	unit_need(mkdir(dir, 0755) == 0);
	unit_listen(&ear);
	tick(1010 * S);
	assert_int_equal(unit_heard(&ear), 0);
	expect_written();
}

static void test_failures(void **unused)
{
	(void)unused;
	unit_need(mkdir(dir, 0755) == 0);
	tick(1000 * S);
	unit_listen(&ear);
	/* A directory is in the way. */
	unit_need(mkdir(path_of("." RG_METRICS_FILE ".new"), 0755) == 0);
	tick(1010 * S);
	unit_need(rmdir(path_of("." RG_METRICS_FILE ".new")) == 0);
	tick(1020 * S);
	/* The maps: what was written stays. */
	broken = EPERM;
	tick(1030 * S);
	assert_int_equal(unit_heard(&ear), 2);
	assert_non_null(strstr(ear.text, "File exists"));
	assert_non_null(strstr(ear.text, "Operation not permitted"));
	expect_written();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_when),
		TEST(test_mode),
		TEST(test_replaced_as_a_whole),
		TEST(test_end),
		TEST(test_none),
		TEST(test_another_directory),
		TEST(test_said_once),
		TEST(test_directory_that_was_replaced),
		TEST(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
