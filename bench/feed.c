// SPDX-License-Identifier: GPL-2.0-only
/*
 * feed FILE [TRACE-ARGUMENT...]: the verb `trace` with records from FILE (bench/tap)
 * in place of the kernel's ring, over and over, as many as --count says. Prints
 * "RECORDS SECONDS CPU-SECONDS" on standard error.
 *
 * What is replaced is the pins, the ring and the capabilities (the Makefile wraps
 * what is __wrap_ below); every record goes the way it goes in a recovery.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "record/tracer.h"

static const struct rg_record *records;
static size_t n_records, at;
static unsigned long long fed;
static int always_readable;

static void die(const char *what)
{
	fprintf(stderr, "feed: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- what is in the kernel's place ---- */

int __wrap_rg_pins_open_enabled(struct rg_pins *p, enum rg_lock_mode mode)
{
	(void)mode;
	rg_pins_init(p);
	return RG_DONE;
}

/* Something that stays what it is. */
char *__wrap_rg_pin_path(char *buf, const char *name)
{
	(void)name;
	return strcpy(buf, "/proc/self/exe");
}

int __wrap_bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	(void)fd;
	(void)key;
	(void)value;
	errno = ENOENT;
	return -1;
}

int __wrap_capng_apply(int set)
{
	(void)set;
	return 0;
}

int __wrap_rg_tracer_open(const struct rg_pins *p, __u32 bytes, rg_record_fn *fn, void *arg,
			  struct rg_tracer_ring *t)
{
	(void)p;
	(void)bytes;
	*t = (struct rg_tracer_ring){.fn = fn, .arg = arg};
	return 0;
}

int __wrap_rg_tracer_fd(const struct rg_tracer_ring *t)
{
	(void)t;
	return always_readable;
}

/* As libbpf does: until there is no more, or the callback has had enough. There is
 * always more here. */
int __wrap_rg_tracer_consume(struct rg_tracer_ring *t)
{
	int n = 0;

	do {
		const struct rg_record *r = &records[at];

		at = at + 1 < n_records ? at + 1 : 0;
		n++;
		fed++;
		if (t->fn(t->arg, r))
			break;
	} while (n < 1 << 20);
	return n;
}

__u64 __wrap_rg_tracer_lost(const struct rg_tracer_ring *t)
{
	(void)t;
	return 0;
}

void __wrap_rg_tracer_close(struct rg_tracer_ring *t)
{
	(void)t;
}

/* ---- ---- */

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void map_records(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(file);
	n_records = (size_t)st.st_size / sizeof(*records);
	if (!n_records) {
		fprintf(stderr, "feed: %s: no record is in it\n", file);
		exit(1);
	}
	records = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (records == MAP_FAILED)
		die(file);
	close(fd);
}

int main(int argc, char **argv)
{
	double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	struct rg_options o;
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: feed FILE [TRACE-ARGUMENT...]\n");
		return 2;
	}
	map_records(argv[1]);
	always_readable = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	if (always_readable < 0)
		die("eventfd");
	argv[1] = (char *)"trace";
	status = rg_options_parse("trace", argc - 1, argv + 1, RG_TAKES_TRACE, &o);
	status = status ?: rg_verb_trace(&o);
	rg_options_free(&o);
	fprintf(stderr, "%llu %.6f %.6f\n", fed, seconds_of(CLOCK_MONOTONIC) - wall,
		seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	return status;
}
