// SPDX-License-Identifier: GPL-2.0-only
#include "original/set.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/log.h"
#include "rg_records.h"

const struct rg_org_set rg_org_closed = {.dir_fd = -1,
					 .keepers_fd = -1,
					 .counters_fd = -1,
					 .tracers_fd = -1,
					 .owners_fd = -1};

char *rg_org_path(char *buf, const char *kind, const char *name)
{
	snprintf(buf, 256, "%s/%s_%s", RG_ORG_PIN_DIR, kind, name);
	return buf;
}

int rg_org_lock(struct rg_org_set *set, enum rg_lock_mode mode, bool create)
{
	int fd = rg_dir_lock(RG_ORG_PIN_DIR, mode, create);

	if (fd < 0)
		return fd;
	set->dir_fd = fd;
	return 0;
}

int rg_org_map_state(struct rg_org_set *set, int fd)
{
	void *at = mmap(NULL, sizeof(*set->state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	set->state = at;
	return 0;
}

/* Opens a pinned map with values of this size. Returns a descriptor or a negative errno. */
static int open_map(const char *name, __u32 value_size)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	char path[256];
	int fd = bpf_obj_get(rg_org_path(path, "map", name));

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0 || info.value_size != value_size) {
		close(fd);
		return -EPROTO;
	}
	return fd;
}

static bool is_empty(void)
{
	DIR *d = opendir(RG_ORG_PIN_DIR);
	const struct dirent *e;
	bool empty = true;

	while (d && (e = readdir(d)))
		empty &= e->d_name[0] == '.';
	if (d)
		closedir(d);
	return empty;
}

int rg_org_open_maps(struct rg_org_set *set)
{
	int fd, err;

	if (is_empty())
		return -ENOENT;
	fd = open_map("state", sizeof(struct rg_org_state));
	if (fd < 0)
		return fd == -ENOENT ? -EBADMSG : fd;
	err = rg_org_map_state(set, fd);
	close(fd);
	if (err)
		return err;
	if (set->state->version != RG_ORG_VERSION)
		return set->state->version ? -EPROTO : -EBADMSG;
	set->keepers_fd = open_map("keepers", sizeof(struct rg_keeper));
	if (set->keepers_fd < 0)
		return set->keepers_fd == -ENOENT ? -EBADMSG : set->keepers_fd;
	set->counters_fd = open_map("counters", sizeof(__u64));
	if (set->counters_fd < 0)
		return set->counters_fd == -ENOENT ? -EBADMSG : set->counters_fd;
	set->tracers_fd = open_map("tracers", sizeof(__u32));
	if (set->tracers_fd < 0)
		return set->tracers_fd == -ENOENT ? -EBADMSG : set->tracers_fd;
	set->owners_fd = open_map("tracer_owners", sizeof(struct rg_tracer));
	if (set->owners_fd < 0)
		return set->owners_fd == -ENOENT ? -EBADMSG : set->owners_fd;
	return 0;
}

int rg_org_try_open(struct rg_org_set *set, enum rg_lock_mode mode)
{
	int err;

	*set = rg_org_closed;
	err = rg_org_lock(set, mode, false) ?: rg_org_open_maps(set);
	if (err)
		rg_org_close(set);
	return err;
}

int rg_org_open(struct rg_org_set *set)
{
	int err = rg_org_try_open(set, RG_LOCK_SHARED);

	switch (err) {
	case 0:
		return RG_DONE;
	case -ENOENT:
		return rg_error(RG_NOT_ENABLED,
				"not enabled: nothing is pinned in %s; run "
				"`reexport-guard enable --role original`",
				RG_ORG_PIN_DIR);
	case -ETIMEDOUT:
		return rg_dir_lock_failed(RG_ORG_PIN_DIR, err);
	case -EPROTO:
		return rg_error(RG_FAILED,
				"%s: pinned by another version of reexport-guard; run `disable "
				"--role original`, and enable it again",
				RG_ORG_PIN_DIR);
	case -EBADMSG:
		return rg_error(RG_FAILED,
				"%s: what is pinned is not whole; run `disable --role original`, "
				"and enable it again",
				RG_ORG_PIN_DIR);
	default:
		return rg_error(RG_FAILED, "%s: cannot be opened: %s", RG_ORG_PIN_DIR,
				rg_strerror(err));
	}
}

void rg_org_close(struct rg_org_set *set)
{
	if (set->state)
		munmap(set->state, sizeof(*set->state));
	if (set->keepers_fd >= 0)
		close(set->keepers_fd);
	if (set->counters_fd >= 0)
		close(set->counters_fd);
	if (set->tracers_fd >= 0)
		close(set->tracers_fd);
	if (set->owners_fd >= 0)
		close(set->owners_fd);
	rg_org_unlock(set);
	*set = rg_org_closed;
}

void rg_org_unlock(struct rg_org_set *set)
{
	if (set->dir_fd >= 0)
		close(set->dir_fd);
	set->dir_fd = -1;
}

void rg_org_remove(void)
{
	DIR *d = opendir(RG_ORG_PIN_DIR);
	const struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(RG_ORG_PIN_DIR);
}

int rg_org_read_keepers(const struct rg_org_set *set, struct rg_keeper *keepers)
{
	for (__u32 i = 0; i < RG_ORG_KEEPERS; i++)
		if (bpf_map_lookup_elem(set->keepers_fd, &i, &keepers[i]) < 0)
			return -errno;
	return 0;
}

int rg_org_read_counters(const struct rg_org_set *set, __u64 *counters)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus <= 0 || cpus > RG_ORG_MAX_CPUS)
		return -ERANGE;
	for (__u32 i = 0; i < RG_NR_ORG_COUNTERS; i++) {
		__u64 per_cpu[RG_ORG_MAX_CPUS] = {};

		if (bpf_map_lookup_elem(set->counters_fd, &i, per_cpu) < 0)
			return -errno;
		counters[i] = 0;
		for (int c = 0; c < cpus; c++)
			counters[i] += per_cpu[c];
	}
	return 0;
}
