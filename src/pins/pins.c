// SPDX-License-Identifier: GPL-2.0-only
#include "pins/pins.h"

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
#include "pins/other.h"
#include "pins/protect.h"

int rg_pin_link(struct bpf_link *link, const char *path)
{
	int err = bpf_link__pin(link, path);

	bpf_link__destroy(link);
	return err;
}

void rg_pins_init(struct rg_pins *p)
{
	memset(p, 0, sizeof(*p));
	p->dir_fd = -1;
	for (int i = 0; i < RG_NR_PROGS; i++)
		p->prog_fd[i] = -1;
	for (int i = 0; i < RG_NR_MAPS; i++)
		p->map_fd[i] = -1;
}

int rg_pins_lock(struct rg_pins *p, enum rg_lock_mode mode, bool create)
{
	int fd = rg_dir_lock(rg_pins_dir(), mode, create);

	if (fd < 0)
		return fd;
	p->dir_fd = fd;
	return 0;
}

int rg_pins_lock_failed(int err)
{
	return rg_dir_lock_failed(rg_pins_dir(), err);
}

void rg_pins_unlock(struct rg_pins *p)
{
	if (p->dir_fd >= 0)
		close(p->dir_fd);
	p->dir_fd = -1;
}

const char *rg_pins_missing(const struct rg_pins *p)
{
	struct rg_meta meta = {};
	char path[256];
	__u32 absent;

	if (p->map_fd[RG_MAP_META] < 0 || rg_pins_meta(p, &meta))
		meta.left_out = meta.let_go = meta.kprobes = 0;
	absent = meta.left_out | meta.let_go;

	for (int i = 0; i < RG_NR_MAPS; i++)
		if (access(rg_pin_path(path, rg_pin_of_map(i)), F_OK) < 0)
			return rg_pin_of_map(i);
	for (int i = 0; i < RG_NR_FIXED_LINKS; i++)
		if (!(absent & 1u << i) && access(rg_pin_path(path, rg_pin_of_link(i)), F_OK) < 0)
			return rg_pin_of_link(i);
	for (int i = 0; i < RG_NR_RETURNS; i++)
		if (meta.kprobes & ~absent & 1u << rg_link_of_return(i) &&
		    access(rg_pin_path(path, rg_pin_of_link(RG_LINK_ENTERS + i)), F_OK) < 0)
			return rg_pin_of_link(RG_LINK_ENTERS + i);
	for (int i = 0; i < RG_NR_PROGS; i++)
		if (access(rg_pin_path(path, rg_pin_of_prog(i)), F_OK) < 0)
			return rg_pin_of_prog(i);
	return NULL;
}

bool rg_is_pin(const char *name)
{
	static const char *const begins[] = {"map_", "link_", "prog_", "trace_"};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* Is a pin of ours there? 1, 0, or a negative errno. */
static int any_pin(void)
{
	DIR *d = opendir(rg_pins_dir());
	struct dirent *e;
	int any = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while (!any && (e = readdir(d)))
		any = rg_is_pin(e->d_name);
	closedir(d);
	return any;
}

static bool is_ours(const struct bpf_map_info *info, enum rg_map map)
{
	return info->key_size == rg_pinned_maps[map].key &&
	       info->value_size == rg_pinned_maps[map].value;
}

/* 0; -ENOENT; -EPROTO: it is not laid out as ours, and not kept open; or another errno. */
static int open_map(struct rg_pins *p, enum rg_map map)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	char path[256];
	int fd = bpf_obj_get(rg_pin_path(path, rg_pin_of_map(map))), err = 0;

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		err = -errno;
	else if (!is_ours(&info, map))
		err = -EPROTO;
	if (err)
		close(fd);
	else
		p->map_fd[map] = fd;
	return err;
}

/* What is worst of all that was met: what cannot be opened goes before what is not ours,
 * and that before what is missing. */
static int worse(int a, int b)
{
	static const int order[] = {0, -EBADMSG, -EPROTO};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (a == order[i])
			return b;
		if (b == order[i])
			return a;
	}
	return a;
}

/* A map whose pin is gone is still used by the programs: it is found by its name. */
static void rescue(struct rg_pins *p, enum rg_map map)
{
	for (int i = 0; i < RG_NR_PROGS && p->map_fd[map] < 0; i++) {
		struct bpf_prog_info prog = {};
		__u32 ids[64], size = sizeof(prog);

		prog.map_ids = (__u64)(unsigned long)ids;
		prog.nr_map_ids = sizeof(ids) / sizeof(ids[0]);
		if (p->prog_fd[i] < 0 || bpf_obj_get_info_by_fd(p->prog_fd[i], &prog, &size) < 0)
			continue;
		for (__u32 n = 0; n < prog.nr_map_ids && n < 64 && p->map_fd[map] < 0; n++) {
			int fd = bpf_map_get_fd_by_id(ids[n]);
			struct bpf_map_info info = {};

			size = sizeof(info);
			if (fd < 0)
				continue;
			if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
			    strcmp(info.name, rg_pinned_maps[map].name) == 0 && is_ours(&info, map))
				p->map_fd[map] = fd;
			else
				close(fd);
		}
	}
}

int rg_pins_map_live(struct rg_pins *p)
{
	void *at = mmap(NULL, sizeof(*p->live), PROT_READ | PROT_WRITE, MAP_SHARED,
			p->map_fd[RG_MAP_LIVE], 0);

	if (at == MAP_FAILED)
		return -errno;
	p->live = at;
	return 0;
}

int rg_pins_open(struct rg_pins *p)
{
	struct rg_meta meta = {};
	char path[256];
	int any = any_pin(), result = 0, err;

	if (any <= 0)
		return any < 0 ? any : -ENOENT;
	/* Who is held matters most; the others whatever becomes of the one before. */
	for (int i = -1; i < RG_NR_MAPS; i++) {
		enum rg_map map = i < 0 ? RG_MAP_HELD : (enum rg_map)i;

		if (p->map_fd[map] >= 0)
			continue;
		err = open_map(p, map);
		result = worse(result, err == -ENOENT ? -EBADMSG : err);
	}
	for (int i = 0; i < RG_NR_PROGS; i++) {
		p->prog_fd[i] = bpf_obj_get(rg_pin_path(path, rg_pin_of_prog(i)));
		if (p->prog_fd[i] < 0)
			result = worse(result, errno == ENOENT ? -EBADMSG : -errno);
	}
	if (p->map_fd[RG_MAP_META] >= 0 && rg_pins_meta(p, &meta) < 0)
		result = worse(result, -errno);
	/* Another version's set is not damaged. */
	if (p->map_fd[RG_MAP_META] >= 0 && meta.pins_version &&
	    meta.pins_version != RG_PINS_VERSION)
		result = worse(result, -EPROTO);
	if (result == -EBADMSG) {
		rescue(p, RG_MAP_HELD);
		rescue(p, RG_MAP_GATES);
		rescue(p, RG_MAP_WRAPPERS);
		rescue(p, RG_MAP_ABOVE);
	}
	if (p->map_fd[RG_MAP_LIVE] >= 0 && result != -EPROTO)
		result = worse(result, rg_pins_map_live(p));
	if (!result && (rg_pins_missing(p) || !meta.armed))
		result = -EBADMSG;
	return result;
}

bool rg_pins_are_current(const struct rg_pins *p)
{
	struct bpf_map_info ours = {}, pinned = {};
	__u32 size = sizeof(ours);
	char path[256];
	int fd = bpf_obj_get(rg_pin_path(path, rg_pin_of_map(RG_MAP_HELD))), err;

	if (fd < 0)
		return false;
	err = bpf_obj_get_info_by_fd(fd, &pinned, &size);
	close(fd);
	size = sizeof(ours);
	err = err ?: bpf_obj_get_info_by_fd(p->map_fd[RG_MAP_HELD], &ours, &size);
	return !err && ours.id == pinned.id;
}

int rg_pins_say(struct rg_pins *p, int err)
{
	struct rg_protect protect;
	const char *missing;

	switch (err) {
	case -ENOENT:
		err = rg_error(RG_NOT_ENABLED,
			       "not enabled: nothing is pinned in %s; run `reexport-guard enable`",
			       RG_PIN_DIR);
		break;
	case -EPROTO:
		err = rg_error(RG_FAILED,
			       "%s: pinned by another version of reexport-guard (this one knows "
			       "pins version %d): `status`, `release`, `close` and `disable` work "
			       "on it; `enable` and `run` replace it without a gap",
			       RG_PIN_DIR, RG_PINS_VERSION);
		break;
	case -EBADMSG:
		missing = rg_pins_missing(p);
		err = rg_error(RG_FAILED,
			       "%s: the pinned set is not whole (%s%s): callers may pass its "
			       "gates; run `reexport-guard enable` to arm it anew, or "
			       "`reexport-guard disable`",
			       RG_PIN_DIR, missing ? missing : "it was never armed",
			       missing ? " is missing" : "");
		break;
	case -EPERM:
		if (rg_protect_read(&protect) == 0 && protect.path[0]) {
			err = rg_error(RG_FAILED,
				       "%s: protected (protect = yes): only %s may work on it; "
				       "run that one, or put this one in its place",
				       RG_PIN_DIR, protect.path);
			break;
		}
		/* fallthrough */
	case -EACCES:
		err = rg_error(RG_FAILED, "%s: %s: run as root", RG_PIN_DIR, rg_strerror(err));
		break;
	default:
		err = rg_error(RG_FAILED,
			       "%s: what is pinned cannot be opened: %s; nothing was changed",
			       RG_PIN_DIR, rg_strerror(err));
	}
	rg_pins_close(p);
	return err;
}

int rg_pins_open_enabled(struct rg_pins *p, enum rg_lock_mode mode)
{
	int err;

	rg_pins_init(p);
	err = rg_pins_lock(p, mode, false);
	if (err == -ENOENT)
		return rg_pins_say(p, err);
	if (err)
		return rg_pins_lock_failed(err);
	err = rg_pins_open(p);
	return err ? rg_pins_say(p, err) : RG_DONE;
}

void rg_pins_close(struct rg_pins *p)
{
	rg_other_close(p);
	if (p->live)
		munmap(p->live, sizeof(*p->live));
	p->live = NULL;
	for (int i = 0; i < RG_NR_MAPS; i++) {
		if (p->map_fd[i] >= 0)
			close(p->map_fd[i]);
		p->map_fd[i] = -1;
	}
	for (int i = 0; i < RG_NR_PROGS; i++) {
		if (p->prog_fd[i] >= 0)
			close(p->prog_fd[i]);
		p->prog_fd[i] = -1;
	}
	rg_pins_unlock(p);
}

bool rg_pins_remove(void)
{
	DIR *d = opendir(rg_pins_dir());
	bool all = true, others = false;
	struct dirent *e;

	if (!d)
		return errno == ENOENT;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (!rg_is_pin(e->d_name)) {
			others = true;
		} else if (unlinkat(dirfd(d), e->d_name, 0) < 0 && errno != ENOENT) {
			rg_warn("%s/%s: cannot be unpinned: %s; remove it by hand", rg_pins_dir(),
				e->d_name, rg_strerror(errno));
			all = false;
		}
	}
	closedir(d);
	if (others)
		rg_warn("%s: something in it is not reexport-guard's, and is left alone",
			rg_pins_dir());
	else if (all && rmdir(rg_pins_dir()) < 0 && errno != ENOENT)
		rg_warn("%s: cannot be removed: %s", rg_pins_dir(), rg_strerror(errno));
	return all;
}

void rg_pins_disown(const struct rg_pins *p)
{
	struct rg_meta meta;

	if (p->map_fd[RG_MAP_META] < 0 || rg_pins_meta(p, &meta) < 0)
		return;
	if (p->other)
		rg_other_disown(p);
	meta.armed = 0;
	rg_pins_set_meta(p, &meta);
}
