// SPDX-License-Identifier: GPL-2.0-only
#include "pins/listing.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "pins/gates.h"

/* The kernel maps whole pages (array_map_mmap, kernel/bpf/arraymap.c). */
static size_t whole_pages(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) / page * page;
}

static size_t bytes_of_files(void)
{
	return whole_pages(RG_MAX_LISTED_FILES * sizeof(struct rg_listed_file));
}

static size_t bytes_of_locks(void)
{
	return whole_pages(RG_MAX_LISTED * sizeof(struct rg_listed));
}

int rg_listing_open(const struct rg_pins *p, struct rg_listing_view *v)
{
	void *files = mmap(NULL, bytes_of_files(), PROT_READ, MAP_SHARED,
			   p->map_fd[RG_MAP_LISTED_FILES], 0),
	     *locks;
	int err = -errno;

	*v = (struct rg_listing_view){};
	if (files == MAP_FAILED)
		return err;
	locks = mmap(NULL, bytes_of_locks(), PROT_READ, MAP_SHARED, p->map_fd[RG_MAP_LISTED], 0);
	if (locks == MAP_FAILED) {
		err = -errno;
		munmap(files, bytes_of_files());
		return err;
	}
	v->files = files;
	v->locks = locks;
	return 0;
}

void rg_listing_close(struct rg_listing_view *v)
{
	if (v->files)
		munmap((void *)v->files, bytes_of_files());
	if (v->locks)
		munmap((void *)v->locks, bytes_of_locks());
	*v = (struct rg_listing_view){};
}

int rg_listing_next(const struct rg_pins *p, __u32 slot, bool anew, struct rg_listing_view *v)
{
	struct rg_control c = {
		.op = RG_OP_LIST,
		.slot = slot,
		.fd = anew ? RG_LIST_ANEW : RG_LIST_CHANGED,
	};
	int err = rg_control(p, &c);

	v->n_files = 0;
	v->n_locks = 0;
	v->left = 0;
	if (err)
		return err;
	if (c.slot >= RG_MAX_GATES || c.listed_files > RG_MAX_LISTED_FILES ||
	    c.listed > RG_MAX_LISTED)
		return -EPROTO;
	v->n_files = c.listed_files;
	v->n_locks = c.listed;
	v->left = c.left;
	v->slot = c.slot;
	v->generation = c.generation;
	v->last = c.last;
	return 0;
}

void rg_listing_done(const struct rg_pins *p, __u32 slot)
{
	struct rg_control c = {.op = RG_OP_LIST, .slot = slot, .fd = RG_LIST_READ};

	rg_control(p, &c);
}

__u32 rg_pins_set_id(const struct rg_pins *p)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(p->map_fd[RG_MAP_META], &info, &size) < 0 ? 0 : info.id;
}
