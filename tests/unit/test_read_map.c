// SPDX-License-Identifier: GPL-2.0-only
/* A map that is read an element at a time while others come and go. The kernel is played
 * by this file: libbpf's calls are defined here. */
#include "unit.h"

#include <errno.h>

#include <bpf/bpf.h>

#include "base/read_map.h"

#define FD 7
#define ROOM 64
#define NOBODY (~0U)

/* A bucket for each key, in the order of the numbers. */
static struct {
	bool in[ROOM];
	int walk_err, look_err; /* positive errno */
	/* Gone once `after` has been told, or before `at` is looked up. */
	__u32 after, at;
	__u32 walked;
} kernel;

static int say(int err)
{
	errno = err;
	return -err;
}

/* As htab_map_get_next_key(), kernel/bpf/hashtab.c: of a key that is not there, the first. */
int bpf_map_get_next_key(int fd, const void *key, void *next_key)
{
	const __u32 *was = key;
	__u32 from = was && kernel.in[*was] ? *was + 1 : 0;

	assert_int_equal(fd, FD);
	assert_true(kernel.walked++ < 2 * ROOM);
	if (kernel.walk_err)
		return say(kernel.walk_err);
	for (__u32 i = from; i < ROOM; i++) {
		if (!kernel.in[i])
			continue;
		*(__u32 *)next_key = i;
		if (i == kernel.after) {
			kernel.in[i] = false;
			kernel.after = NOBODY;
		}
		return 0;
	}
	return say(ENOENT);
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	__u32 i = *(const __u32 *)key;

	assert_int_equal(fd, FD);
	if (kernel.look_err)
		return say(kernel.look_err);
	if (i == kernel.at)
		kernel.in[i] = false;
	if (!kernel.in[i])
		return say(ENOENT);
	*(__u64 *)value = 100ULL * i;
	return 0;
}

static __u32 keys[ROOM];
static __u64 values[ROOM];

static int setup(void **unused)
{
	(void)unused;
	memset(&kernel, 0, sizeof(kernel));
	kernel.after = kernel.at = NOBODY;
	for (__u32 i = 3; i < ROOM; i += 4)
		kernel.in[i] = true;
	return 0;
}

/* What is there still, in the order of the keys, and its own values with it. */
static void read_is(__u32 room)
{
	__u32 n = room, k = 0;

	assert_int_equal(rg_read_map(FD, keys, sizeof(*keys), values, sizeof(*values), &n), 0);
	for (__u32 i = 0; i < ROOM && k < room; i++) {
		if (!kernel.in[i])
			continue;
		assert_true(k < n);
		assert_int_equal(keys[k], i);
		assert_int_equal(values[k++], 100 * i);
	}
	assert_int_equal(n, k);
}

static void test_all(void **unused)
{
	(void)unused;
	read_is(ROOM);
	read_is(16); /* just what there is */
	memset(kernel.in, 0, sizeof(kernel.in));
	read_is(ROOM);
	kernel.in[0] = true;
	read_is(1);
}

static void test_somebody_goes(void **unused)
{
	for (__u32 i = 3; i < ROOM; i += 4) {
		setup(unused);
		kernel.after = i;
		read_is(ROOM);
		assert_false(kernel.in[i]);
		setup(unused);
		kernel.at = i;
		read_is(ROOM);
		assert_false(kernel.in[i]);
	}
}

/* The beginning is read twice, and there is no room for that: not beyond it, and no end. */
static void test_no_room(void **unused)
{
	__u32 n = 16;

	(void)unused;
	kernel.after = 59;
	assert_int_equal(rg_read_map(FD, keys, sizeof(*keys), values, sizeof(*values), &n), 0);
	assert_true(n <= 16);
	for (__u32 i = 1; i < n; i++)
		assert_true(keys[i - 1] < keys[i]);
}

static void test_errors(void **unused)
{
	__u32 n = ROOM;

	(void)unused;
	kernel.walk_err = EPERM;
	assert_int_equal(rg_read_map(FD, keys, sizeof(*keys), values, sizeof(*values), &n), -EPERM);
	kernel.walk_err = 0;
	kernel.look_err = EBADF;
	assert_int_equal(rg_read_map(FD, keys, sizeof(*keys), values, sizeof(*values), &n), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all, setup),
		cmocka_unit_test_setup(test_somebody_goes, setup),
		cmocka_unit_test_setup(test_no_room, setup),
		cmocka_unit_test_setup(test_errors, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
