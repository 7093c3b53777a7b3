// SPDX-License-Identifier: GPL-2.0-only
/* What every verb of locker has: an answer, waiting, and the time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "locker.h"

void die(const char *what)
{
	fprintf(stderr, "locker: %s: %s\n", what, strerror(errno));
	exit(HELPER_FAILED);
}

int answer(int result)
{
	int err = errno;

	if (result == 0) {
		puts("granted");
		return GRANTED;
	}
	if (err >= 512) {
		printf("errno %d leaked to user space\n", err);
		return LEAKED;
	}
	puts(strerrorname_np(err));
	return REFUSED;
}

void pause_ms(long ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

void wait_for_line(void)
{
	char line[64];

	if (!fgets(line, sizeof(line), stdin))
		exit(HELPER_FAILED);
}

int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : HELPER_FAILED;
}

/* " at TIME": seconds of the wall clock, to a microsecond. */
void print_at(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	printf(" at %lld.%06ld\n", (long long)t.tv_sec, t.tv_nsec / 1000);
	fflush(stdout);
}
