// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens and closes a gate many times, quicker than the program could, by the
 * control program it pinned:
 *
 *   toggle SLOT TIMES    closes, waits until somebody is held (50 ms at most),
 *                        opens; ends with the gate open. Says how many of the
 *                        closings held somebody.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "../../include/rg_maps.h"

#define PINS "/sys/fs/bpf/reexport-guard/"

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int get(const char *path)
{
	union bpf_attr attr = {.pathname = (__u64)(unsigned long)path};
	int fd = bpf(BPF_OBJ_GET, &attr);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static void ask(int fd, __u32 op, __u32 slot)
{
	struct rg_control c = {.op = op, .slot = slot};
	union bpf_attr attr = {};

	attr.test.prog_fd = (__u32)fd;
	attr.test.ctx_in = (__u64)(unsigned long)&c;
	attr.test.ctx_size_in = sizeof(c);
	if (bpf(BPF_PROG_TEST_RUN, &attr) < 0 || c.result) {
		fprintf(stderr, "toggle: control: %s\n", strerror(c.result ? -c.result : errno));
		exit(1);
	}
}

static int anybody_held(int fd)
{
	struct rg_held_key next;
	union bpf_attr attr = {.map_fd = (__u32)fd, .next_key = (__u64)(unsigned long)&next};

	return bpf(BPF_MAP_GET_NEXT_KEY, &attr) == 0;
}

int main(int argc, char **argv)
{
	const struct timespec half_ms = {.tv_nsec = 500000};
	int control, held, times, with = 0;
	__u32 slot;

	if (argc != 3) {
		fprintf(stderr, "usage: toggle SLOT TIMES\n");
		return 1;
	}
	slot = (__u32)atoi(argv[1]);
	times = atoi(argv[2]);
	control = get(PINS "prog_control");
	held = get(PINS "map_held");
	for (int i = 0; i < times; i++) {
		int waited = 0;

		ask(control, RG_OP_CLOSE, slot);
		while (!anybody_held(held) && waited++ < 100)
			nanosleep(&half_ms, NULL);
		with += anybody_held(held);
		ask(control, RG_OP_OPEN, slot);
		nanosleep(&half_ms, NULL);
	}
	printf("toggled %d times, %d of them held somebody\n", times, with);
	return 0;
}
