// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls that no ordinary program makes, one verb each:
 *
 *   uring FILE               opens by io_uring, once from the submitting thread
 *                            and once from a worker; prints both results
 *   mount-lock SOURCE DIR OPTIONS FILE
 *                            mounts by NFSv4, opens and locks at once; prints the
 *                            microseconds from the mount to the lock granted
 *   fd FILE                  opens FILE, says "opened"; for each line on stdin
 *                            reads by the descriptor, by a mapping made then, and
 *                            says "read"
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- io_uring, without its library ---- */

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static void ring_make(struct ring *r)
{
	struct io_uring_params p = {};
	char *sq, *cq;

	r->fd = (int)syscall(SYS_io_uring_setup, 4, &p);
	if (r->fd < 0)
		die("io_uring_setup");
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(unsigned int),
		  PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_CQ_RING);
	r->sqes = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
		       MAP_SHARED, r->fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || r->sqes == MAP_FAILED)
		die("mmap of the ring");
	r->sq_tail = (unsigned int *)(sq + p.sq_off.tail);
	r->sq_mask = (unsigned int *)(sq + p.sq_off.ring_mask);
	r->sq_array = (unsigned int *)(sq + p.sq_off.array);
	r->cq_head = (unsigned int *)(cq + p.cq_off.head);
	r->cq_tail = (unsigned int *)(cq + p.cq_off.tail);
	r->cq_mask = (unsigned int *)(cq + p.cq_off.ring_mask);
	r->cqes = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
}

static int ring_open(struct ring *r, const char *file, unsigned char flags)
{
	unsigned int at = *r->sq_tail & *r->sq_mask;
	struct io_uring_sqe *e = &r->sqes[at];
	int result;

	memset(e, 0, sizeof(*e));
	e->opcode = IORING_OP_OPENAT;
	e->flags = flags;
	e->fd = AT_FDCWD;
	e->addr = (unsigned long)file;
	e->open_flags = O_RDONLY;
	r->sq_array[at] = at;
	__atomic_store_n(r->sq_tail, *r->sq_tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		die("io_uring_enter");
	if (__atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE) == *r->cq_head)
		die("io_uring: nothing was completed");
	result = r->cqes[*r->cq_head & *r->cq_mask].res;
	__atomic_store_n(r->cq_head, *r->cq_head + 1, __ATOMIC_RELEASE);
	if (result >= 0)
		close(result);
	return result;
}

static void say(const char *who, int result)
{
	const char *name = result < 0 ? strerrorname_np(-result) : "opened";

	printf("%s %s\n", who, name ?: "an errno that has no name");
}

static int uring(const char *file)
{
	struct ring r;

	ring_make(&r);
	say("inline", ring_open(&r, file, 0));
	say("worker", ring_open(&r, file, IOSQE_ASYNC));
	return 0;
}

/* ---- a mount that has just come ---- */

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int mount_lock(const char *source, const char *dir, const char *options, const char *file)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	long long start_us;
	int fd;

	if (mount(source, dir, "nfs4", 0, options) < 0)
		die("mount");
	start_us = now_us();
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		die(file);
	if (fcntl(fd, F_SETLK, &l) < 0)
		die("lock");
	printf("%lld\n", now_us() - start_us);
	close(fd);
	return 0;
}

/* ---- a descriptor from before ---- */

static int by_fd(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	char line[16], c;
	char *map;

	if (fd < 0)
		die(file);
	puts("opened");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (pread(fd, &c, 1, 0) != 1)
			die("pread");
		map = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			die("mmap");
		if (*(volatile char *)map != c)
			die("mapping");
		munmap(map, 1);
		puts("read");
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "uring") == 0)
		return uring(argv[2]);
	if (argc == 6 && strcmp(argv[1], "mount-lock") == 0)
		return mount_lock(argv[2], argv[3], argv[4], argv[5]);
	if (argc == 3 && strcmp(argv[1], "fd") == 0)
		return by_fd(argv[2]);
	fprintf(stderr, "usage: probe uring FILE | mount-lock SOURCE DIR OPTIONS FILE | fd FILE\n");
	return 1;
}
