// SPDX-License-Identifier: GPL-2.0-only
#include "loader/progs.h"

#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

/* The program of a pinned link: a descriptor, or -1. */
static int program_of(enum rg_link link)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	char path[256];
	int err, fd = bpf_obj_get(rg_pin_path(path, rg_pin_of_link(link)));

	if (fd < 0)
		return -1;
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	close(fd);
	return err < 0 ? -1 : bpf_prog_get_fd_by_id(info.prog_id);
}

/* False: it has not run while the kernel counted. */
static bool read_cost(int fd, struct rg_prog_cost *cost)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0 || !info.run_cnt)
		return false;
	cost->run_ns = info.run_time_ns;
	cost->runs = info.run_cnt;
	return true;
}

int rg_progs_read(struct rg_prog_cost *costs)
{
	int n = 0;

	for (int i = 0; i < RG_NR_LINKS; i++) {
		int fd = program_of(i);

		if (fd < 0)
			continue;
		costs[n].link = i;
		n += read_cost(fd, &costs[n]);
		close(fd);
	}
	return n;
}
