// SPDX-License-Identifier: GPL-2.0-only
/*
 * ops OPERATION PATH BATCH BATCHES: what an operation costs its caller.
 *
 * A batch is BATCH operations between two looks at CLOCK_MONOTONIC. Prints, a
 * call: "N MEDIAN LOW HIGH", N batches, LOW and HIGH the 10th and 90th of a
 * hundred. Where the machine counts (lab up --icount) these are instructions,
 * elsewhere nanoseconds. Nothing is subtracted; a batch that an interrupt hit is
 * among those above the median.
 *
 * ops OPERATION PATH N: N operations, no figure. For who counts elsewhere.
 *
 *   getppid   the cheapest system call
 *   fcntl     F_SETLK, a write lock and its unlocking: two calls
 *   relock    F_SETLK, a write lock made a read lock and back: two calls, both of
 *             which ask for a lock
 *   flock     LOCK_EX and LOCK_UN: two calls
 *   open      open(2) to read, and close(2): one operation
 *   create    open(2) with O_CREAT, close(2), unlink(2): one operation
 *   stat      stat(2)
 *   read      4 KiB, O_DIRECT
 *   write     the same
 *   fork      fork(2), _exit(2) of the child, waitpid(2): one operation
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096

static const char *path;
static int fd = -1;
static char block[BLOCK] __attribute__((aligned(BLOCK)));

static void die(const char *what)
{
	fprintf(stderr, "ops: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void lock(short type)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1};

	if (fcntl(fd, F_SETLK, &l) < 0)
		die("F_SETLK");
}

static void do_getppid(void)
{
	getppid();
}

static void do_fcntl(void)
{
	lock(F_WRLCK);
	lock(F_UNLCK);
}

static void do_relock(void)
{
	lock(F_WRLCK);
	lock(F_RDLCK);
}

static void do_flock(void)
{
	if (flock(fd, LOCK_EX) < 0 || flock(fd, LOCK_UN) < 0)
		die("flock");
}

static void do_open(void)
{
	int one = open(path, O_RDONLY);

	if (one < 0)
		die(path);
	close(one);
}

static void do_create(void)
{
	int one = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (one < 0)
		die(path);
	close(one);
	if (unlink(path) < 0)
		die(path);
}

static void do_stat(void)
{
	struct stat st;

	if (stat(path, &st) < 0)
		die(path);
}

static void do_read(void)
{
	if (pread(fd, block, BLOCK, 0) != BLOCK)
		die("pread");
}

static void do_write(void)
{
	if (pwrite(fd, block, BLOCK, 0) != BLOCK)
		die("pwrite");
}

static void do_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static const struct operation {
	const char *name;
	void (*run)(void);
	int calls;
	int flags; /* to open PATH with; -1: it is not opened here */
} operations[] = {
	{"getppid", do_getppid, 1, -1},
	{"fcntl", do_fcntl, 2, O_RDWR | O_CREAT},
	{"relock", do_relock, 2, O_RDWR | O_CREAT},
	{"flock", do_flock, 2, O_RDWR | O_CREAT},
	{"open", do_open, 1, -1},
	{"create", do_create, 1, -1},
	{"stat", do_stat, 1, -1},
	{"read", do_read, 1, O_RDONLY | O_DIRECT},
	{"write", do_write, 1, O_RDWR | O_DIRECT},
	{"fork", do_fork, 1, -1},
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void measure(const struct operation *op, int batch, int batches)
{
	double *cost = calloc((size_t)batches, sizeof(*cost));

	if (!cost)
		die("calloc");
	for (int i = 0; i < batch; i++) /* caches, and the dentry */
		op->run();
	for (int b = 0; b < batches; b++) {
		uint64_t before = now_ns();

		for (int i = 0; i < batch; i++)
			op->run();
		cost[b] = (double)(now_ns() - before) / batch / op->calls;
	}
	qsort(cost, (size_t)batches, sizeof(*cost), compare);
	printf("%d %.1f %.1f %.1f\n", batches, cost[batches / 2], cost[batches / 10],
	       cost[batches - 1 - batches / 10]);
	free(cost);
}

int main(int argc, char **argv)
{
	const struct operation *op = NULL;
	int batch, batches;

	for (size_t i = 0; argc > 1 && i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(argv[1], operations[i].name) == 0)
			op = &operations[i];
	batch = argc > 3 ? atoi(argv[3]) : 0;
	batches = argc > 4 ? atoi(argv[4]) : 0;
	if (!op || argc > 5 || batch < 1 || (argc == 5 && batches < 1)) {
		fprintf(stderr, "usage: ops OPERATION PATH BATCH [BATCHES]\n");
		return 2;
	}
	path = argv[2];
	if (op->flags != -1) {
		fd = open(path, op->flags, 0600);
		if (fd < 0)
			die(path);
	}
	if (batches)
		measure(op, batch, batches);
	else
		for (int i = 0; i < batch; i++)
			op->run();
	return 0;
}
