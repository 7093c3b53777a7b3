// SPDX-License-Identifier: GPL-2.0-only
#include "pins/freed.h"

#include <unistd.h>

#include <bpf/bpf.h>

#define TRIES 1000
#define PAUSE_US 10000

bool rg_link_look(const char *path, __u32 *link, struct bpf_prog_info *prog)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int fd = bpf_obj_get(path);
	bool seen;

	if (fd < 0)
		return false;
	seen = bpf_obj_get_info_by_fd(fd, &info, &size) == 0;
	close(fd);
	fd = seen ? bpf_prog_get_fd_by_id(info.prog_id) : -1;
	if (fd < 0)
		return false;
	size = sizeof(*prog);
	seen = bpf_obj_get_info_by_fd(fd, prog, &size) == 0;
	close(fd);
	*link = info.id;
	return seen;
}

__u32 rg_link_btf(const char *path)
{
	struct bpf_prog_info prog = {};
	__u32 link;

	return rg_link_look(path, &link, &prog) ? prog.attach_btf_obj_id : 0;
}

void rg_programs_add(struct rg_programs *p, const char *path, bool program)
{
	struct bpf_prog_info prog = {};

	if (p->n == RG_MAX_LINKS || !rg_link_look(path, &p->link[p->n], &prog))
		return;
	p->id[p->n++] = program ? prog.id : 0;
}

static bool is_there(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool rg_programs_wait(const struct rg_programs *p)
{
	unsigned int gone = 0;

	for (int tries = 0; tries < TRIES; tries++) {
		while (gone < p->n && !is_there(bpf_link_get_fd_by_id(p->link[gone])) &&
		       !is_there(bpf_prog_get_fd_by_id(p->id[gone])))
			gone++;
		/* The module is given back right after the id. */
		usleep(PAUSE_US);
		if (gone == p->n)
			return true;
	}
	return false;
}
