/* SPDX-License-Identifier: GPL-2.0-only */
/* What every unit test starts with: cmocka, numbers that look random and are
 * the same every time, and what a function under test said on stderr. */
#pragma once

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/types.h>

#define UNIT_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* splitmix64: every seed will do. */
static inline __u64 unit_random(__u64 *state)
{
	__u64 z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* 0 .. n - 1 */
static inline __u64 unit_below(__u64 *state, __u64 n)
{
	return unit_random(state) % n;
}

static inline int unit_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/*
 * Removes a test's directory with all that is in it, if the test did not do so itself.
 * Returns 0 or -1, with errno.
 */
static inline int unit_remove(const char *dir)
{
	return nftw(dir, unit_remove_one, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT ? -1 : 0;
}

/* For what a test stands on; unlike cmocka's, an analyzer understands it. */
#define unit_need(condition)                                                                       \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fail_msg("%s", #condition);                                                \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* stderr goes into a file from here on, until unit_heard(). */
struct unit_ear {
	int fd, real;
	char text[4096];
};

static inline void unit_listen(struct unit_ear *ear)
{
	ear->fd = memfd_create("unit-ear", MFD_CLOEXEC);
	unit_need(ear->fd >= 0);
	fflush(stderr);
	ear->real = dup(STDERR_FILENO);
	unit_need(ear->real >= 0);
	unit_need(dup2(ear->fd, STDERR_FILENO) >= 0);
}

/* What was said: ear->text. Returns how many lines that is. */
static inline int unit_heard(struct unit_ear *ear)
{
	int lines = 0;
	ssize_t n;

	fflush(stderr);
	unit_need(dup2(ear->real, STDERR_FILENO) >= 0);
	close(ear->real);
	n = pread(ear->fd, ear->text, sizeof(ear->text) - 1, 0);
	close(ear->fd);
	unit_need(n >= 0);
	ear->text[n] = '\0';
	for (const char *at = ear->text; (at = strchr(at, '\n')); at++)
		lines++;
	return lines;
}
