// SPDX-License-Identifier: GPL-2.0-only
#include "load/protect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/log.h"
#include "load/hooks.h"
#include "load/host.h"
#include "pins/protect.h"

#include "protect.skel.h"

_Static_assert(offsetof(union bpf_attr, batch.map_fd) == RG_ATTR_BATCH_MAP_FD, "as bpf/protect");
_Static_assert(offsetof(union bpf_attr, link_create.target_fd) == RG_ATTR_TARGET_FD,
	       "as bpf/protect");
_Static_assert(offsetof(union bpf_attr, attach_prog_fd) == RG_ATTR_ATTACH_PROG_FD,
	       "as bpf/protect");

static char *path_of(char buf[256], enum rg_protect_pin pin)
{
	return rg_pin_path(buf, rg_protect_pin(pin));
}

/* ---- what is protected ---- */

static int add(int protected_fd, enum rg_protected_kind kind, __u32 id)
{
	struct rg_protected_key key = {.kind = kind, .id = id};
	__u32 value = 1;

	return bpf_map_update_elem(protected_fd, &key, &value, BPF_ANY) < 0 ? -errno : 0;
}

/* Adds what is pinned as `name`: a map; a program; or the program of a link. */
static int add_pin(int protected_fd, const char *name)
{
	struct bpf_map_info map = {};
	struct bpf_prog_info prog = {};
	struct bpf_link_info link = {};
	bool is_map = strncmp(name, "map_", 4) == 0, is_prog = strncmp(name, "prog_", 5) == 0;
	void *info = is_map ? (void *)&map : is_prog ? (void *)&prog : (void *)&link;
	__u32 size = is_map ? sizeof(map) : is_prog ? sizeof(prog) : sizeof(link);
	char path[256 + NAME_MAX];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s", rg_pins_dir(), name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno; /* unpinned meanwhile */
	err = bpf_obj_get_info_by_fd(fd, info, &size) < 0 ? -errno : 0;
	close(fd);
	return err
		       ?: is_map
			  ? add(protected_fd, RG_PROTECTED_MAP, map.id)
			  : add(protected_fd, RG_PROTECTED_PROG, is_prog ? prog.id : link.prog_id);
}

/* Adds all pins of ours. Returns 0 or a negative errno. */
static int cover(int protected_fd)
{
	DIR *d = opendir(rg_pins_dir());
	const struct dirent *e;
	int err = 0;

	if (!d)
		return -errno;
	while ((e = readdir(d)) && !err)
		if (rg_is_pin(e->d_name))
			err = add_pin(protected_fd, e->d_name);
	closedir(d);
	return err;
}

void rg_protect_cover(void)
{
	char path[256];
	int fd = bpf_obj_get(path_of(path, RG_PROTECT_PROTECTED)), err;

	if (fd < 0)
		return;
	err = cover(fd);
	close(fd);
	if (err)
		rg_warn("protect: not all that is pinned in %s is protected: %s; run "
			"`reexport-guard policy reload`",
			rg_pins_dir(), rg_strerror(err));
}

/* ---- whom it trusts ---- */

/* Maps what user space and the programs share. Returns NULL with errno set. */
static struct rg_protect *map_shared(int fd)
{
	void *at = mmap(NULL, sizeof(struct rg_protect), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* A pointer to volatile, as the programs write it meanwhile. */
static __u32 value_of(const volatile __u32 *at)
{
	return *at;
}

/* Has the programs look at this process's executable, by a call that changes nothing. Returns
 * whether they did. */
static bool learn(struct rg_protect *shared)
{
	char gone[] = " (deleted)", path[RG_PATH_SIZE] = ""; /* fs/d_path.c, d_path() */
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const size_t tail = sizeof(gone) - 1;
	__u32 id;

	if (n > (ssize_t)tail && strcmp(path + n - tail, gone) == 0)
		path[n - (ssize_t)tail] = '\0';
	__atomic_store_n(&shared->learn_tgid, (__u32)getpid(), __ATOMIC_SEQ_CST);
	(void)bpf_prog_get_next_id(0, &id);
	if (value_of(&shared->learn_tgid)) {
		__atomic_store_n(&shared->learn_tgid, 0, __ATOMIC_SEQ_CST);
		return false;
	}
	memcpy(shared->path, path, sizeof(shared->path));
	return true;
}

/* ---- the canary ---- */

static bool is_refused(int result)
{
	return result < 0 && errno == EPERM;
}

/* Tries, as a process that is not trusted, what each program refuses; nothing of it would do harm
 * if it went through. Returns whether all of it was refused. */
static bool is_proven(struct rg_protect *shared, const struct protect_bpf *skel)
{
	char path[256], other[256];
	int fd;
	bool ok;

	__atomic_store_n(&shared->canary_tgid, (__u32)getpid(), __ATOMIC_SEQ_CST);
	fd = bpf_obj_get(path_of(path, RG_PROTECT_PROTECTED));
	ok = is_refused(fd);
	if (fd >= 0)
		close(fd);
	rg_pin_path(other, "link_protect_canary");
	ok = is_refused(bpf_link_detach(bpf_link__fd(skel->links.protect_bpf))) && ok;
	/* These directories are not empty, and not the file system's only user. */
	ok = is_refused(rmdir(rg_pins_dir())) && ok;
	ok = is_refused(umount2(RG_BPFFS, MNT_EXPIRE | UMOUNT_NOFOLLOW)) && ok;
	ok = is_refused(rename(path_of(path, RG_PROTECT_LINK_RENAME), other)) && ok;
	ok = is_refused(unlink(path_of(path, RG_PROTECT_LINK_UNLINK))) && ok;
	__atomic_store_n(&shared->canary_tgid, 0, __ATOMIC_SEQ_CST);
	memset(shared->refused, 0, sizeof(shared->refused));
	return ok;
}

/* ---- begin and end ---- */

static void unpin_all(void)
{
	char path[256];

	for (int i = RG_NR_PROTECT_PINS - 1; i >= 0; i--)
		if (unlink(path_of(path, (enum rg_protect_pin)i)) < 0 && errno != ENOENT)
			rg_warn("%s: cannot be unpinned: %s", path, rg_strerror(errno));
}

void rg_protect_programs(struct rg_programs *programs)
{
	char path[256];

	for (int i = RG_PROTECT_LINKS; i < RG_NR_PROTECT_PINS; i++)
		rg_programs_add(programs, path_of(path, (enum rg_protect_pin)i), true);
}

static void end(void)
{
	struct rg_programs programs = {};

	rg_protect_programs(&programs);
	unpin_all();
	if (programs.n && !rg_programs_wait(&programs))
		rg_warn("protect: its programs are still attached: another process holds them "
			"open; see `bpftool link`");
}

static int attach(struct bpf_program *prog, struct bpf_link **link, enum rg_protect_pin pin)
{
	char path[256];

	*link = bpf_program__attach(prog);
	if (!*link)
		return -errno;
	return bpf_link__pin(*link, path_of(path, pin));
}

/* The program at bpf(2) first: it learns whom to trust as the next one is attached. */
static int attach_all(struct protect_bpf *skel)
{
	return attach(skel->progs.protect_bpf, &skel->links.protect_bpf, RG_PROTECT_LINK_BPF)
		       ?: attach(skel->progs.protect_map, &skel->links.protect_map,
				 RG_PROTECT_LINK_MAP)
		       ?: attach(skel->progs.protect_unlink, &skel->links.protect_unlink,
				 RG_PROTECT_LINK_UNLINK)
		       ?: attach(skel->progs.protect_rmdir, &skel->links.protect_rmdir,
				 RG_PROTECT_LINK_RMDIR)
		       ?: attach(skel->progs.protect_rename, &skel->links.protect_rename,
				 RG_PROTECT_LINK_RENAME)
		       ?: attach(skel->progs.protect_umount, &skel->links.protect_umount,
				 RG_PROTECT_LINK_UMOUNT);
}

/* Writes down where our pins are. Returns 0 or a negative errno. */
static int describe(struct rg_protect *shared)
{
	struct statx st;

	if (statx(AT_FDCWD, rg_pins_dir(), AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &st) < 0)
		return -errno;
	if (!(st.stx_mask & STATX_MNT_ID))
		return -EOPNOTSUPP;
	shared->bpffs_dev = st.stx_dev_major << 20 | st.stx_dev_minor;
	shared->mount_id = (__u32)st.stx_mnt_id;
	return 0;
}

/* 0, or a negative errno, with the skeleton's own descriptors open in either case. */
static int begin(struct protect_bpf *skel, struct rg_protect **shared)
{
	char path[256];
	int err = protect_bpf__load(skel);

	if (err)
		return err;
	*shared = map_shared(bpf_map__fd(skel->maps.data_protect));
	if (!*shared)
		return -errno;
	err = describe(*shared)
		      ?: bpf_map__pin(skel->maps.data_protect, path_of(path, RG_PROTECT_MAP))
		      ?: bpf_map__pin(skel->maps.protected, path_of(path, RG_PROTECT_PROTECTED));
	if (err)
		return err;
	(*shared)->learn_tgid = (__u32)getpid();
	return attach_all(skel) ?: cover(bpf_map__fd(skel->maps.protected));
}

static enum rg_protect_state try_to(int *err)
{
	struct protect_bpf *skel = NULL;
	struct rg_hooks *hooks = NULL;
	struct rg_protect *shared = NULL;
	enum rg_protect_state state = RG_PROTECT_REFUSED;

	*err = 0;
	if (rg_host_has_bpf_lsm() != 1)
		return RG_PROTECT_NO_LSM;
	*err = rg_hooks_register();
	skel = *err ? NULL : protect_bpf__open();
	hooks = skel ? rg_hooks_find(skel->obj) : NULL;
	*err = *err ?: hooks ? begin(skel, &shared) : -errno;
	if (shared && !*err)
		state = !learn(shared) || !is_proven(shared, skel) ? RG_PROTECT_NOT_ASKED
			: !shared->name[0]			   ? RG_PROTECT_NAMELESS
								   : RG_PROTECT_ON;
	if (shared)
		munmap(shared, sizeof(*shared));
	protect_bpf__destroy(skel);
	rg_hooks_free(hooks);
	return state;
}

static void note(const struct rg_pins *p, enum rg_protect_state state)
{
	struct rg_meta meta;

	if (rg_pins_meta(p, &meta) == 0 && meta.protect != (__u32)state) {
		meta.protect = state;
		if (rg_pins_set_meta(p, &meta) == 0)
			return;
	} else if (meta.protect == (__u32)state) {
		return;
	}
	rg_warn("map meta: cannot be written: %s: `status` does not show whether the set is "
		"protected",
		rg_strerror(errno));
}

static bool is_begun(void)
{
	char path[256];

	return access(path_of(path, RG_PROTECT_MAP), F_OK) == 0;
}

void rg_protect_again(const struct rg_pins *p)
{
	struct rg_protect *shared;
	char path[256];
	struct rg_meta meta;
	int fd;

	if (rg_pins_meta(p, &meta) < 0 || meta.protect != RG_PROTECT_ON)
		return;
	fd = bpf_obj_get(path_of(path, RG_PROTECT_MAP));
	shared = fd < 0 ? NULL : map_shared(fd);
	if (!shared || !learn(shared))
		rg_warn("protect: this executable could not be taken for ours in place of the one "
			"before; run `reexport-guard policy reload`");
	if (shared)
		munmap(shared, sizeof(*shared));
	if (fd >= 0)
		close(fd);
	rg_protect_cover();
}

void rg_protect(const struct rg_pins *p, bool wanted)
{
	struct rg_meta meta = {};
	enum rg_protect_state state;
	const char *why;
	int err;

	if (!wanted) {
		end();
		note(p, RG_PROTECT_OFF);
		return;
	}
	rg_pins_meta(p, &meta);
	if (meta.protect == RG_PROTECT_ON && rg_protect_is_whole()) {
		rg_protect_again(p);
		return;
	}
	if (is_begun())
		end();
	state = try_to(&err);
	if (state != RG_PROTECT_ON)
		end();
	note(p, state);
	why = rg_protect_why(state);
	if (why)
		rg_warn("protect: not possible: %s%s%s; the guard is in force without", why,
			err ? ": " : "", err ? rg_strerror(err) : "");
}
