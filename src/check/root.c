// SPDX-License-Identifier: GPL-2.0-only
#include "check/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *rg_root_path(const char *root, const char *path, char *buf)
{
	int n = snprintf(buf, RG_ROOT_PATH, "%s%s", root, path);

	if (n < 0 || (size_t)n >= RG_ROOT_PATH)
		buf[0] = '\0';
	return buf;
}

int rg_root_read(const char *root, const char *path, char *buf, size_t size)
{
	char full[RG_ROOT_PATH];
	size_t n = 0;
	ssize_t got = 0;
	int err = 0, fd;

	buf[0] = '\0';
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	fd = open(rg_root_path(root, path, full), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	do {
		got = read(fd, buf + n, size - 1 - n);
		if (got > 0)
			n += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0) {
		err = -errno;
		n = 0;
	}
	close(fd);
	while (n && strchr(" \t\r\n", buf[n - 1]))
		n--;
	buf[n] = '\0';
	return err;
}

int rg_root_number(const char *root, const char *path, long long *number)
{
	char text[64], *end;
	int err = rg_root_read(root, path, text, sizeof(text));

	if (err)
		return err;
	errno = 0;
	*number = strtoll(text, &end, 10);
	return errno || end == text || (*end && *end != '\n') ? -EINVAL : 0;
}

int rg_root_has(const char *root, const char *path)
{
	char full[RG_ROOT_PATH];
	struct stat st;

	if (stat(rg_root_path(root, path, full), &st) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
}

bool rg_root_is_here(const char *root)
{
	return !*root;
}
