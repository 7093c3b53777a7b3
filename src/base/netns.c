// SPDX-License-Identifier: GPL-2.0-only
#include "base/netns.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/nsfs.h>
#include <sched.h>

#define NAMED "/run/netns"

__u32 rg_netns_self(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? (__u32)st.st_ino : 0;
}

__u64 rg_netns_cookie(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	__u64 cookie = 0;
	socklen_t size = sizeof(cookie);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
		cookie = 0;
	close(fd);
	return cookie;
}

static int open_netns(const char *path, __u32 *inum, int *fd)
{
	struct stat st;
	int got = open(path, O_RDONLY | O_CLOEXEC);

	if (got < 0)
		return -errno;
	if (fstat(got, &st) < 0 || ioctl(got, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(got);
		return -EINVAL;
	}
	*inum = (__u32)st.st_ino;
	*fd = got;
	return 0;
}

/* Finds the namespace with this number among the entries that match a pattern. */
static int search(const char *dir, const char *suffix, __u32 wanted, __u32 *inum, int *fd)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int err = -ENOENT;

	if (!d)
		return -errno;
	while (err && (e = readdir(d))) {
		char path[512];

		if (e->d_name[0] == '.' || (*suffix && !isdigit((unsigned char)e->d_name[0])))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", dir, e->d_name, suffix);
		if (open_netns(path, inum, fd))
			continue;
		if (*inum == wanted)
			err = 0;
		else
			close(*fd);
	}
	closedir(d);
	return err;
}

int rg_netns_find(const char *named, __u32 *inum, int *fd)
{
	char *end, path[512];
	unsigned long number;

	*fd = -1;
	if (strchr(named, '/'))
		return open_netns(named, inum, fd);
	errno = 0;
	number = strtoul(named, &end, 10);
	if (isdigit((unsigned char)named[0]) && *end == '\0' && !errno && number <= 0xffffffffUL) {
		if (search(NAMED, "", (__u32)number, inum, fd) == 0)
			return 0;
		return search("/proc", "/ns/net", (__u32)number, inum, fd);
	}
	snprintf(path, sizeof(path), "%s/%s", NAMED, named);
	return open_netns(path, inum, fd);
}
