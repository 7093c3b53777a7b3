// SPDX-License-Identifier: GPL-2.0-only
/*
 * ranges FILE: one process that locks and unlocks ranges of FILE as it is told,
 * a line each on standard input, and answers "ok" or the errno's name:
 *
 *   lock FROM LENGTH      for writing; LENGTH 0 is to the end
 *   share FROM LENGTH     for reading
 *   unlock FROM LENGTH
 *   many N [FROM]         lock the bytes 2 * FROM (0), 2 * FROM + 2, ... one by one: N locks
 *   refused N TIMES       N child processes, one after the other, ask TIMES times each for
 *                         the first byte: "ok" if every call was refused with EAGAIN
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int range(int fd, short type, long from, long length)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = length};

	return fcntl(fd, F_SETLK, &l);
}

/* The exit status of a child that asks for the first byte: 0, every call got EAGAIN. */
static int ask(int fd, long times)
{
	while (times-- > 0)
		if (!range(fd, F_WRLCK, 0, 1) || errno != EAGAIN)
			return 1;
	return 0;
}

static int refused(int fd, long children, long times)
{
	int status;

	while (children-- > 0) {
		pid_t pid = fork();

		if (!pid)
			_exit(ask(fd, times));
		if (pid < 0 || waitpid(pid, &status, 0) < 0)
			return -1;
		if (status) {
			errno = EPROTO;
			return -1;
		}
	}
	return 0;
}

static int obey(int fd, const char *line)
{
	long from, length;

	if (sscanf(line, "lock %ld %ld", &from, &length) == 2)
		return range(fd, F_WRLCK, from, length);
	if (sscanf(line, "share %ld %ld", &from, &length) == 2)
		return range(fd, F_RDLCK, from, length);
	if (sscanf(line, "unlock %ld %ld", &from, &length) == 2)
		return range(fd, F_UNLCK, from, length);
	if (sscanf(line, "refused %ld %ld", &from, &length) == 2)
		return refused(fd, from, length);
	from = 0;
	if (sscanf(line, "many %ld %ld", &length, &from) >= 1) {
		for (length += from; from < length; from++)
			if (range(fd, F_WRLCK, 2 * from, 1) < 0)
				return -1;
		return 0;
	}
	errno = EINVAL;
	return -1;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CREAT, 0666) : -1;
	char line[64];

	if (fd < 0) {
		fprintf(stderr, "ranges: %s\n", argc == 2 ? strerror(errno) : "FILE?");
		return 1;
	}
	puts("opened");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		puts(obey(fd, line) < 0 ? strerrorname_np(errno) ?: strerror(errno) : "ok");
		fflush(stdout);
	}
	return 0;
}
