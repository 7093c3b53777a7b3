// SPDX-License-Identifier: GPL-2.0-only
/* One request for a lock, by any of the kinds. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "locker.h"

int lock_byte(int fd, int cmd, short type, long at)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

	return fcntl(fd, cmd, &l);
}

int request(const char *kind, int fd, long at)
{
	if (strcmp(kind, "posix") == 0)
		return lock_byte(fd, F_SETLK, F_WRLCK, at);
	if (strcmp(kind, "posixw") == 0)
		return lock_byte(fd, F_SETLKW, F_WRLCK, at);
	if (strcmp(kind, "ofd") == 0)
		return lock_byte(fd, F_OFD_SETLK, F_WRLCK, at);
	if (strcmp(kind, "ofdw") == 0)
		return lock_byte(fd, F_OFD_SETLKW, F_WRLCK, at);
	if (strcmp(kind, "flock") == 0)
		return flock(fd, LOCK_EX);
	if (strcmp(kind, "flocknb") == 0)
		return flock(fd, LOCK_EX | LOCK_NB);
	if (strcmp(kind, "lease") == 0)
		return fcntl(fd, F_SETLEASE, F_WRLCK);
	if (strcmp(kind, "rdlease") == 0)
		return fcntl(fd, F_SETLEASE, F_RDLCK);
	if (strcmp(kind, "getlk") == 0)
		return lock_byte(fd, F_GETLK, F_WRLCK, at);
	fprintf(stderr, "locker: %s: no such kind\n", kind);
	exit(HELPER_FAILED);
}

int unrequest(const char *kind, int fd)
{
	if (strcmp(kind, "posix") == 0)
		return lock_byte(fd, F_SETLK, F_UNLCK, 0);
	if (strcmp(kind, "ofd") == 0)
		return lock_byte(fd, F_OFD_SETLK, F_UNLCK, 0);
	if (strcmp(kind, "flocknb") == 0)
		return flock(fd, LOCK_UN);
	if (strcmp(kind, "rdlease") == 0)
		return fcntl(fd, F_SETLEASE, F_UNLCK);
	fprintf(stderr, "locker: unlock: %s: posix, ofd, flocknb or rdlease\n", kind);
	exit(HELPER_FAILED);
}

int open_for(const char *kind, const char *file)
{
	/* A read lease needs a file that nobody has open for writing. */
	int fd = open(file, strcmp(kind, "rdlease") == 0 ? O_RDONLY : O_RDWR);

	if (fd < 0)
		die(file);
	return fd;
}
