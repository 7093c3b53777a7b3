// SPDX-License-Identifier: GPL-2.0-only
/*
 * held FILE N: N processes ask for a lock each, of a byte of its own, by F_SETLKW.
 * Says "asked" when all of them have begun to, and when all have an answer "FIRST
 * LAST REFUSED": when the first and the last lock was granted, ns of
 * CLOCK_BOOTTIME, and how many were not.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct shared {
	_Atomic int asked;
	uint64_t granted_ns[];
};

static void die(const char *what)
{
	fprintf(stderr, "held: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void ask(int fd, int i, struct shared *s)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = i, .l_len = 1};
	struct timespec now;

	atomic_fetch_add(&s->asked, 1);
	if (fcntl(fd, F_SETLKW, &l) == 0) {
		clock_gettime(CLOCK_BOOTTIME, &now);
		s->granted_ns[i] = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	const struct timespec ten_ms = {.tv_nsec = 10000000};
	uint64_t first = UINT64_MAX, last = 0;
	int n = argc == 3 ? atoi(argv[2]) : 0, fd, refused = 0;
	struct shared *s;

	if (n < 1) {
		fprintf(stderr, "usage: held FILE N\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die(argv[1]);
	s = mmap(NULL, sizeof(*s) + (size_t)n * sizeof(s->granted_ns[0]), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0)
			ask(fd, i, s);
	}
	while (atomic_load(&s->asked) < n)
		nanosleep(&ten_ms, NULL);
	puts("asked");
	fflush(stdout);
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < n; i++) {
		if (!s->granted_ns[i]) {
			refused++;
			continue;
		}
		if (s->granted_ns[i] < first)
			first = s->granted_ns[i];
		if (s->granted_ns[i] > last)
			last = s->granted_ns[i];
	}
	printf("%" PRIu64 " %" PRIu64 " %d\n", first, last, refused);
	return 0;
}
