// SPDX-License-Identifier: GPL-2.0-only
/* Verbs of an end client's application, and of the one that steals its locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "locker.h"

/* One process a lock: on Linux a process that lost one lock of a file gets EIO
 * for all of it, so one process could not tell how many were lost. And not by way
 * of the page cache: what could not be written back is an error of the file, which
 * fsync(2) tells every process that has it open, those that kept their lock too.
 * Answers with an errno. */
static void hold_one(const char *file, long at, int from, int to)
{
	int fd = open(file, O_RDWR | O_DIRECT), err = 0;
	char ask;

	if (fd < 0 || lock_byte(fd, F_SETLK, F_WRLCK, at) < 0)
		err = errno;
	if (write(to, &err, sizeof(err)) != sizeof(err))
		_exit(1);
	while (read(from, &ask, 1) == 1) {
		err = 0;
		if (pwrite(fd, "w", 1, at) != 1)
			err = errno;
		if (write(to, &err, sizeof(err)) != sizeof(err))
			break;
	}
	_exit(0);
}

/* Ask each of them, or hear what became of its lock; how many said no. */
static int ask_all(int (*pipes)[2], int n, bool to_write)
{
	int failed = 0;

	for (int i = 0; i < n; i++) {
		int err = EPIPE;

		if (to_write && write(pipes[i][1], "w", 1) != 1)
			err = errno;
		else if (read(pipes[i][0], &err, sizeof(err)) != sizeof(err))
			err = EPIPE;
		if (err) {
			printf("%s byte %d: errno %d\n", to_write ? "write" : "lock", i, err);
			failed++;
		}
	}
	return failed;
}

int hold(const char *file, int n)
{
	int(*pipes)[2] = calloc((size_t)n, sizeof(*pipes)), fd = open(file, O_RDWR | O_CREAT, 0666);
	char line[64];

	if (fd < 0)
		die(file);
	close(fd);
	for (int i = 0; i < n; i++) {
		int down[2], up[2];

		if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
			die("pipe");
		pipes[i][0] = up[0];
		pipes[i][1] = down[1];
		if (fork() == 0) {
			/* What ends the others' pipes is the parent alone. */
			for (int j = 0; j <= i; j++)
				close(pipes[j][1]);
			hold_one(file, i, down[0], up[1]);
		}
		close(down[0]);
		close(up[1]);
	}
	printf("locked %d\n", n - ask_all(pipes, n, false));
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n") != 0) {
		if (strcmp(line, "write\n") == 0)
			printf("written, %d failed\n", ask_all(pipes, n, true));
		fflush(stdout);
	}
	return 0;
}

int grab(const char *file, int n, int seconds)
{
	/* -1: got it. Else the last errno. */
	int *state = calloc((size_t)n, sizeof(*state)), fd = -1, have = 0, round = 0;
	time_t end = time(NULL) + seconds;

	while (time(NULL) < end && have < n) {
		if (fd < 0)
			fd = open(file, O_RDWR);
		for (int i = 0; fd >= 0 && i < n; i++) {
			if (state[i] == -1)
				continue;
			if (lock_byte(fd, F_SETLK, F_WRLCK, i) == 0) {
				state[i] = -1;
				printf("got %d of %d: byte %d", ++have, n, i);
				print_at();
			} else if (errno != state[i]) {
				state[i] = errno;
				if (errno != EAGAIN && errno != EACCES) {
					printf("byte %d: errno %d", i, errno);
					print_at();
				}
			}
		}
		if (fd >= 0) {
			printf("round %d", ++round);
			print_at();
		}
		pause_ms(100);
	}
	printf("end: got %d of %d\n", have, n);
	fflush(stdout);
	/* Keep them until told otherwise. */
	if (have)
		pause();
	return 0;
}

int wait_all(const char *file, int n)
{
	int fd = open(file, O_RDWR);

	if (fd < 0)
		die(file);
	for (int i = 0; i < n; i++)
		if (lock_byte(fd, F_SETLKW, F_WRLCK, i) < 0)
			return answer(-1);
	printf("got %d of %d\n", n, n);
	return GRANTED;
}

int ranges(const char *file)
{
	int fd = open(file, O_RDWR | O_CREAT, 0666);
	long long start, length;
	char line[64], type;

	if (fd < 0)
		die(file);
	puts("opened");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n") != 0) {
		struct flock l = {.l_whence = SEEK_SET};
		const char *answer;
		int err;

		if (sscanf(line, "%c %lld %lld", &type, &start, &length) != 3 ||
		    !strchr("rwut", type)) {
			errno = EINVAL;
			die(line);
		}
		l.l_type = (short)(type == 'r' ? F_RDLCK : type == 'u' ? F_UNLCK : F_WRLCK);
		l.l_start = start;
		l.l_len = length;
		err = fcntl(fd, type == 't' ? F_GETLK : F_SETLK, &l) < 0 ? errno : 0;
		answer = err	       ? strerror(err)
			 : type != 't' ? "granted"
				       : (l.l_type == F_UNLCK ? "free" : "taken");
		printf("%c %lld %lld: %s\n", type, start, length, answer);
		fflush(stdout);
	}
	return 0;
}
