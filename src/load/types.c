// SPDX-License-Identifier: GPL-2.0-only
#include "load/types.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

const char *const rg_hook_modules[] = {"nfsd",	"nfsv4",	  "nfs", "lockd",
				       "grace", "reexport_guard", NULL};

static struct rg_types types;
static unsigned int holders;
static bool kept;

static bool is_one_of_ours(const char *module)
{
	for (const char *const *name = rg_hook_modules; *name; name++)
		if (strcmp(*name, module) == 0)
			return true;
	return false;
}

/* Returns an fd of the BTF with this id, if it is that of a module of ours; else a negative
 * errno. */
static int open_module(__u32 id, char *name, __u32 size_of_name)
{
	struct bpf_btf_info info = {.name = (__u64)(unsigned long)name, .name_len = size_of_name};
	__u32 size = sizeof(info);
	int fd = bpf_btf_get_fd_by_id(id);

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.kernel_btf &&
	    is_one_of_ours(name))
		return fd;
	close(fd);
	return -ENOENT;
}

static void read_modules(void)
{
	__u32 id = types.last_id;

	while (types.n_modules < RG_MAX_TYPED_MODULES && bpf_btf_get_next_id(id, &id) == 0) {
		char name[64] = "";
		int fd = open_module(id, name, sizeof(name));
		struct btf *btf;

		types.last_id = id;
		if (fd < 0)
			continue;
		btf = btf__load_from_kernel_by_id_split(id, types.core);
		if (!btf) {
			close(fd);
			continue;
		}
		snprintf(types.module[types.n_modules].name, sizeof(types.module[0].name), "%.31s",
			 name);
		types.module[types.n_modules].fd = fd;
		types.module[types.n_modules++].btf = btf;
	}
}

static void give_back(void)
{
	if (holders || kept)
		return;
	while (types.n_modules) {
		types.n_modules--;
		btf__free(types.module[types.n_modules].btf);
		close(types.module[types.n_modules].fd);
	}
	btf__free(types.core);
	types = (struct rg_types){};
}

const struct rg_types *rg_types_hold(void)
{
	if (!types.core)
		types.core = btf__load_vmlinux_btf();
	if (!types.core)
		return NULL;
	holders++;
	read_modules();
	return &types;
}

void rg_types_drop(void)
{
	holders--;
	give_back();
}

void rg_types_keep(void)
{
	kept = true;
}

void rg_types_forget(void)
{
	kept = false;
	give_back();
}
