// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring PINS: how full the tracers' rings become, by a look at their positions each
 * 4 ms until SIGTERM; then a line for each: "SLOT MOST SIZE", bytes. What comes and
 * goes between two looks is not seen. A look each millisecond took a tenth of an
 * emulated machine's CPU.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../include/rg_maps.h"

static struct watched {
	const volatile uint64_t *consumer, *producer;
	uint64_t most, size;
	uint32_t id;
} rings[RG_MAX_TRACERS];
static volatile sig_atomic_t over;

static void on_signal(int sig)
{
	(void)sig;
	over = 1;
}

/* The ring in this place, if there is one that is not watched yet. */
static void find(int tracers, uint32_t slot)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct bpf_map_info info = {};
	struct watched *w = &rings[slot];
	uint32_t id, size = sizeof(info);
	void *consumer, *producer;
	int fd;

	if (bpf_map_lookup_elem(tracers, &slot, &id) < 0 || id == w->id)
		return;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0) {
		consumer = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
		producer = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
		if (consumer != MAP_FAILED && producer != MAP_FAILED)
			*w = (struct watched){consumer, producer, 0, info.max_entries, id};
	}
	close(fd);
}

static void look(struct watched *w)
{
	uint64_t read_to = *w->consumer, written_to = *w->producer;

	/* The consumer may have gone on in between. */
	if (written_to > read_to && written_to - read_to > w->most)
		w->most = written_to - read_to;
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = 4000000};
	struct sigaction act = {.sa_handler = on_signal};
	char path[256];
	int tracers;

	if (argc != 2) {
		fprintf(stderr, "usage: ring PINS\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/map_tracers", argv[1]);
	tracers = bpf_obj_get(path);
	if (tracers < 0) {
		fprintf(stderr, "ring: %s: %s\n", path, strerror(errno));
		return 1;
	}
	sigaction(SIGTERM, &act, NULL);
	puts("ready");
	fflush(stdout);
	for (unsigned int turn = 0; !over; turn++) {
		for (uint32_t slot = 0; slot < RG_MAX_TRACERS; slot++) {
			if (turn % 64 == 0)
				find(tracers, slot);
			if (rings[slot].size)
				look(&rings[slot]);
		}
		nanosleep(&pause, NULL);
	}
	for (uint32_t slot = 0; slot < RG_MAX_TRACERS; slot++)
		if (rings[slot].size)
			printf("%u %llu %llu\n", slot, (unsigned long long)rings[slot].most,
			       (unsigned long long)rings[slot].size);
	return 0;
}
