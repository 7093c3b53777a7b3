// SPDX-License-Identifier: GPL-2.0-only
/*
 * elapsed COMMAND...: how long it takes. Prints "ELAPSED CPU", ns of CLOCK_MONOTONIC
 * from before its exec to its end, and of all its processes' CPU time.
 *
 * A COMMAND that starts a process when it is ready: that is `elapsed --ready`, and
 * ELAPSED is what has passed until then. Ends with the status of COMMAND.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Where the process says when it ran. */
#define READY "RG_BENCH_READY"

static void die(const char *what)
{
	fprintf(stderr, "elapsed: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int say_ready(void)
{
	uint64_t now = now_ns();
	const char *fd = getenv(READY);

	return fd && write(atoi(fd), &now, sizeof(now)) == sizeof(now) ? 0 : 1;
}

static uint64_t ns_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_usec * 1000;
}

int main(int argc, char **argv)
{
	uint64_t before, after, ready;
	struct rusage used;
	int status, ends[2];
	char fd[16];
	pid_t pid;

	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "--ready") == 0)
		return say_ready();
	if (pipe(ends) < 0)
		die("pipe");
	snprintf(fd, sizeof(fd), "%d", ends[1]);
	setenv(READY, fd, 1);
	before = now_ns();
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		execvp(argv[1], argv + 1);
		die(argv[1]);
	}
	close(ends[1]);
	if (wait4(pid, &status, 0, &used) < 0)
		die("wait4");
	after = now_ns();
	if (read(ends[0], &ready, sizeof(ready)) == sizeof(ready))
		after = ready;
	printf("%" PRIu64 " %" PRIu64 "\n", after - before,
	       ns_of(used.ru_utime) + ns_of(used.ru_stime));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
