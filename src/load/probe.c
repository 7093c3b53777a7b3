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
#include "pins/doors.h"

static struct bpf_object *open_object(void)
{
	size_t n;
	const void *bytes = rg_load_object(&n);

	return bpf_object__open_mem(bytes, n, NULL);
}

/* The BTF of a module is a file that anybody may read. False: it is not loaded, or has none. */
static bool look_through_module(struct rg_hooks *h, const char *dir, const char *module,
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
	rg_hooks_look(h, btf, btf__type_cnt(core), 0);
	btf__free(btf);
	return true;
}

/* Each function once; a follower's need goes before that of programs that only observe. */
static void add_missing(struct rg_probe *p, const char *name, const struct rg_program *program)
{
	const struct rg_program *follower = program->kind == RG_FOLLOWER ? program : NULL;
	unsigned int i = 0;

	while (i < p->n_missing && strcmp(p->missing[i].name, name) != 0)
		i++;
	if (i == RG_MAX_MISSING)
		return;
	if (i == p->n_missing)
		snprintf(p->missing[p->n_missing++].name, sizeof(p->missing->name), "%s", name);
	p->missing[i].follower = p->missing[i].follower ?: follower;
}

static int by_name(const void *a, const void *b)
{
	const struct rg_missing_hook *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void sum_up(const struct rg_hooks *h, struct rg_probe *p)
{
	for (unsigned int i = 0; i < h->n; i++) {
		const struct rg_hook *hook = &h->at[i];
		const struct rg_program *program = rg_program_named(hook->program);
		enum rg_rung rung;
		int door = rg_door_of_section(hook->section, &rung);

		if (door >= 0)
			p->doors[rung] |= hook->btf_id ? 1u << door : 0;
		/* Without the optional module its functions are not missing. */
		else if (program && !hook->btf_id &&
			 !(program->module && strcmp(program->module, RG_MODULE) == 0))
			add_missing(p, hook->name, program);
	}
	qsort(p->missing, p->n_missing, sizeof(p->missing[0]), by_name);
}

static int look(const char *dir, struct btf *core, struct rg_probe *p)
{
	struct bpf_object *obj = open_object();
	struct rg_hooks *h = obj ? rg_hooks_of(obj) : NULL;
	int err = h ? 0 : -errno;

	if (h) {
		rg_hooks_look_at_core(h, core);
		p->signal_task = h->signal_task;
		p->lsm_always = h->lsm_always;
		p->returns_have_room = h->returns_have_room;
		for (const char *const *name = rg_hook_modules; *name; name++)
			if (!look_through_module(h, dir, *name, core) && !p->absent &&
			    strcmp(*name, RG_MODULE) != 0)
				p->absent = *name;
		rg_hooks_look(h, core, 1, 0);
		sum_up(h, p);
	}
	rg_hooks_free(h);
	bpf_object__close(obj);
	return err;
}

int rg_probe_hooks(const char *dir, struct rg_probe *p)
{
	char path[PATH_MAX];
	struct btf *core;
	int err;

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), "%s/vmlinux", dir);
	/* btf__parse() fails for other reasons than the file as well. */
	if (access(path, R_OK) < 0) {
		p->btf_err = -errno;
		return 0;
	}
	core = btf__parse(path, NULL);
	if (!core) {
		p->btf_err = -errno;
		return 0;
	}
	err = look(dir, core, p);
	btf__free(core);
	return err;
}

int rg_probe_load(enum rg_rung rung)
{
	int err = rg_hooks_register();
	struct bpf_object *obj = err ? NULL : open_object();
	struct rg_hooks *hooks = obj ? rg_hooks_find(obj) : NULL;
	struct bpf_program *prog;

	if (!hooks) {
		err = err ?: -errno;
		bpf_object__close(obj);
		return err;
	}
	bpf_object__for_each_program(prog, obj)
	{
		enum rg_rung of;
		int door = rg_door_of_section(bpf_program__section_name(prog), &of);

		bpf_program__set_autoload(prog, door >= 0 && of == rung);
	}
	err = bpf_object__load(obj);
	rg_hooks_free(hooks);
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
