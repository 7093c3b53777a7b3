// SPDX-License-Identifier: GPL-2.0-only
/* How long a lock takes that is in nobody's way. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "locker.h"

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int pace(const char *file, const char *stop)
{
	int fd = open(file, O_RDWR | O_CREAT, 0666);
	double longest = 0, before, took;
	unsigned long calls = 0;

	if (fd < 0)
		die(file);
	while (access(stop, F_OK) < 0) {
		before = seconds_now();
		if (lock_byte(fd, F_SETLK, F_WRLCK, 0) < 0)
			die(file);
		took = seconds_now() - before;
		if (took > longest)
			longest = took;
		calls++;
		if (lock_byte(fd, F_SETLK, F_UNLCK, 0) < 0)
			die(file);
		pause_ms(100);
	}
	printf("longest %.1f s of %lu calls\n", longest, calls);
	return GRANTED;
}
