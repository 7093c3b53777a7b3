// SPDX-License-Identifier: GPL-2.0-only
#include "load/probe.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "load/hooks.h"
#include "load/object.h"
#include "load/sleep.h"
#include "rg_kernel_drift.h"

/* A hook that some program has. */
struct wanted {
	char name[64];
	__u32 kind;			    /* BTF_KIND_FUNC, BTF_KIND_TYPEDEF */
	int rung, what;			    /* of a door; -1: not a door */
	const struct rg_follower *follower; /* NULL: a tracing program's, or a door's */
	bool found;
	bool newer; /* another one's name on newer kernels; not missing for itself */
};

struct list {
	struct wanted at[RG_MAX_MISSING];
	unsigned int n;
};

/* In the order of enum rg_door. */
static const char *const door_hooks[RG_NR_DOORS] = {
	[RG_DOOR_LOCK] = "file_lock",
	[RG_DOOR_OPEN] = "file_open",
	[RG_DOOR_CREATE] = "inode_create",
	[RG_DOOR_ACCESS] = "inode_permission",
};

static int door_of(const char *hook)
{
	for (int what = 0; what < RG_NR_DOORS; what++)
		if (strcmp(door_hooks[what], hook) == 0)
			return what;
	return -1;
}

/* "lsm/file_lock" is bpf_lsm_file_lock(), "fmod_ret/security_file_lock" that
 * function, "tp_btf/NAME" the type btf_trace_NAME. False: it hooks nowhere. */
static bool hook_of(const struct bpf_program *prog, struct wanted *w)
{
	static const char security[] = "security_";
	const char *section = bpf_program__section_name(prog), *target = strchr(section, '/');
	size_t n = target ? (size_t)(target - section) : 0;
	const char *prefix = "";

	if (!target)
		return false;
	target++;
	*w = (struct wanted){.kind = BTF_KIND_FUNC,
			     .rung = -1,
			     .what = -1,
			     .follower = rg_follower_of(bpf_program__name(prog))};
	if (strncmp(section, "lsm/", 4) == 0) {
		prefix = "bpf_lsm_";
		w->rung = RG_RUNG_LSM;
		w->what = door_of(target);
	} else if (strncmp(section, "fmod_ret/", 9) == 0 &&
		   strncmp(target, security, strlen(security)) == 0) {
		w->rung = RG_RUNG_FMOD_RET;
		w->what = door_of(target + strlen(security));
		/* What answers the optional module has no hook in the kernel itself: whether
		 * the module is there is not asked here. */
		if (w->what < 0)
			return false;
	} else if (strncmp(section, "tp_btf/", 7) == 0) {
		prefix = "btf_trace_";
		w->kind = BTF_KIND_TYPEDEF;
	} else if ((n != 6 || strncmp(section, "fentry", n) != 0) &&
		   (n != 5 || strncmp(section, "fexit", n) != 0)) {
		return false;
	}
	snprintf(w->name, sizeof(w->name), "%s%s", prefix, target);
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct bpf_object *open_object(void)
{
	size_t n;
	const void *bytes = rg_load_object(&n);

	return bpf_object__open_mem(bytes, n, NULL);
}

static void add_newer_names(struct list *l)
{
	unsigned int n = l->n;

	for (unsigned int i = 0; i < n && l->n < RG_MAX_MISSING; i++) {
		const char *since = rg_hook_renamed(l->at[i].name);
		struct wanted *w = &l->at[l->n];

		if (!since)
			continue;
		*w = l->at[i];
		snprintf(w->name, sizeof(w->name), "%s", since);
		w->newer = true;
		l->n++;
	}
}

/* Each once; the gate's need goes before that of those who only watch. */
static int collect(struct list *l)
{
	struct bpf_object *obj = open_object();
	struct bpf_program *prog;
	int err = obj ? 0 : -errno;

	l->n = 0;
	if (err)
		return err;
	bpf_object__for_each_program(prog, obj)
	{
		struct wanted w;
		unsigned int i = 0;

		if (!hook_of(prog, &w))
			continue;
		while (i < l->n && strcmp(l->at[i].name, w.name) != 0)
			i++;
		if (i < l->n)
			l->at[i].follower = l->at[i].follower ?: w.follower;
		else if (l->n < RG_MAX_MISSING)
			l->at[l->n++] = w;
		else
			err = -E2BIG;
	}
	bpf_object__close(obj);
	add_newer_names(l);
	qsort(l->at, l->n, sizeof(l->at[0]), by_name);
	return err;
}

static void look_through(struct list *l, const struct btf *btf, __u32 first)
{
	__u32 n = btf__type_cnt(btf);

	for (__u32 id = first; id < n; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		__u32 kind = btf_kind(type);
		const char *name;
		struct wanted key = {}, *w;

		if (kind != BTF_KIND_FUNC && kind != BTF_KIND_TYPEDEF)
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		if (!name || strlen(name) >= sizeof(key.name))
			continue;
		strcpy(key.name, name);
		w = bsearch(&key, l->at, l->n, sizeof(key), by_name);
		if (w && w->kind == kind)
			w->found = true;
	}
}

/* Its BTF is a file that anybody may read. False: it is not loaded, or has none. */
static bool look_through_module(struct list *l, const char *dir, const char *module,
				struct btf *core)
{
	char path[PATH_MAX];
	struct btf *btf;

	snprintf(path, sizeof(path), "%s/%s", dir, module);
	if (access(path, R_OK) < 0)
		return false;
	btf = btf__parse_split(path, core);
	if (!btf)
		return false;
	look_through(l, btf, btf__type_cnt(core));
	btf__free(btf);
	return true;
}

/* By its name, or by that of newer kernels. */
static bool is_there(const struct list *l, const struct wanted *w)
{
	const char *since = rg_hook_renamed(w->name);

	for (unsigned int i = 0; since && i < l->n; i++)
		if (strcmp(l->at[i].name, since) == 0 && l->at[i].found)
			return true;
	return w->found;
}

static void sum_up(const struct list *l, struct rg_probe *p)
{
	for (unsigned int i = 0; i < l->n; i++) {
		const struct wanted *w = &l->at[i];
		struct rg_missing_hook *m = &p->missing[p->n_missing];

		if (w->rung >= 0 && w->what >= 0) {
			p->doors[w->rung] |= w->found ? 1u << w->what : 0;
		} else if (!w->newer && !is_there(l, w)) {
			snprintf(m->name, sizeof(m->name), "%s", w->name);
			m->follower = w->follower;
			p->n_missing++;
		}
	}
}

int rg_probe_hooks(const char *dir, struct rg_probe *p)
{
	char path[PATH_MAX];
	struct list l;
	struct btf *core;
	int err;

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), "%s/vmlinux", dir);
	/* Whose errors are not all the file's. */
	if (access(path, R_OK) < 0) {
		p->btf_err = -errno;
		return 0;
	}
	core = btf__parse(path, NULL);
	if (!core) {
		p->btf_err = -errno;
		return 0;
	}
	p->signal_task = btf__find_by_name_kind(core, "bpf_send_signal_task", BTF_KIND_FUNC) > 0;
	p->lsm_always = btf__find_by_name_kind(core, RG_LSM_HAS_NO_GUARD, BTF_KIND_FUNC) > 0;
	p->returns_have_room =
		btf__find_by_name_kind(core, RG_RETURNS_HAVE_ROOM, BTF_KIND_FUNC) > 0;
	err = collect(&l);
	if (!err) {
		look_through(&l, core, 1);
		for (const char *const *name = rg_hook_modules; *name; name++)
			if (!look_through_module(&l, dir, *name, core) && !p->absent &&
			    strcmp(*name, RG_MODULE) != 0)
				p->absent = *name;
		sum_up(&l, p);
	}
	btf__free(core);
	return err;
}

int rg_probe_load(enum rg_rung rung)
{
	struct bpf_object *obj = open_object();
	struct bpf_program *prog;
	int err;

	if (!obj)
		return -errno;
	bpf_object__for_each_program(prog, obj)
	{
		struct wanted w;

		bpf_program__set_autoload(prog, hook_of(prog, &w) && w.rung == (int)rung);
	}
	err = bpf_object__load(obj);
	bpf_object__close(obj);
	return err;
}

int rg_probe_nfs4_locks(enum rg_regime *nfs4)
{
	struct rg_control c = {.op = RG_OP_REGIME};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &c, .ctx_size_in = sizeof(c));
	struct bpf_object *obj = open_object();
	struct bpf_program *prog, *control;
	int err;

	*nfs4 = RG_REGIME_UNKNOWN;
	if (!obj)
		return -errno;
	control = bpf_object__find_program_by_name(obj, "control");
	bpf_object__for_each_program(prog, obj)
	{
		bpf_program__set_autoload(prog, prog == control);
	}
	err = bpf_object__load(obj);
	if (!err && bpf_prog_test_run_opts(bpf_program__fd(control), &opts) < 0)
		err = -errno;
	if (!err && c.result > 0 && c.result < RG_NR_REGIMES)
		*nfs4 = (enum rg_regime)c.result;
	bpf_object__close(obj);
	return err;
}
