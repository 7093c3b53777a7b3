/* SPDX-License-Identifier: GPL-2.0-only */
/* For the tests of mounts: two tables of mounts. */
#pragma once

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include <bpf/bpf.h>

#include "mounts/below.h"
#include "mounts/classify.h"
#include "mounts/guarded.h"
#include "mounts/resolve.h"

#define FIXTURE(name) RG_TEST_DATA "/" name

static struct rg_mounts nfs, tree;

static inline int read_tables(void **unused)
{
	(void)unused;
	return rg_mounts_read(FIXTURE("mountinfo-nfs"), &nfs)
		       ?: rg_mounts_read(FIXTURE("mountinfo-rules"), &tree);
}

static inline int free_tables(void **unused)
{
	(void)unused;
	rg_mounts_free(&nfs);
	rg_mounts_free(&tree);
	return 0;
}

/* A file of these bytes, below /tmp or TMPDIR. */
static inline void write_file(char *path, size_t size, const void *bytes, size_t n)
{
	const char *dir = getenv("TMPDIR") ?: "/tmp";
	int fd;

	snprintf(path, size, "%s/rg-unit-XXXXXX", dir);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static inline int read_bytes(const void *bytes, size_t n, struct rg_mounts *mounts)
{
	char path[256];
	int err;

	write_file(path, sizeof(path), bytes, n);
	memset(mounts, 0xff, sizeof(*mounts));
	err = rg_mounts_read(path, mounts);
	unlink(path);
	return err;
}

static inline void read_text(const char *text, struct rg_mounts *mounts)
{
	assert_int_equal(read_bytes(text, strlen(text), mounts), 0);
}
