// SPDX-License-Identifier: GPL-2.0-only
#include "load/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "load/types.h"
#include "rg_kernel_drift.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The hooks of the object that is loaded now: libbpf passes nothing of the kind to prepare(). */
static struct rg_hooks *current;

static struct rg_hook *hook_of(const struct rg_hooks *h, const char *program)
{
	for (unsigned int i = 0; i < h->n; i++)
		if (strcmp(h->at[i].program, program) == 0)
			return (struct rg_hook *)&h->at[i];
	return NULL;
}

bool rg_hook_is_there(const struct rg_hooks *h, const char *program)
{
	const struct rg_hook *hook = hook_of(h, program);

	return hook && hook->btf_id > 0;
}

/* ---- what libbpf calls ---- */

static int prepare(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	const struct rg_hook *hook;

	(void)cookie;
	if (!current)
		return -ESRCH;
	current->last = bpf_program__name(prog);
	if (bpf_program__type(prog) == BPF_PROG_TYPE_KPROBE)
		return 0;
	hook = hook_of(current, current->last);
	if (!hook || hook->btf_id <= 0)
		return -ESRCH;
	opts->attach_btf_obj_fd = (__u32)hook->btf_fd;
	opts->attach_btf_id = (__u32)hook->btf_id;
	return 0;
}

static int attach(const struct bpf_program *prog, long cookie, struct bpf_link **link)
{
	(void)cookie;
	*link = bpf_program__type(prog) == BPF_PROG_TYPE_LSM ? bpf_program__attach_lsm(prog)
							     : bpf_program__attach_trace(prog);
	return *link ? 0 : -errno;
}

int rg_hooks_register(void)
{
	static bool done;
	static const struct {
		const char *section;
		enum bpf_prog_type prog;
		enum bpf_attach_type type;
	} kinds[] = {
		{"fentry+", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY},
		{"fexit+", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT},
		{"fmod_ret+", BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN},
		{"tp_btf+", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP},
		{"lsm+", BPF_PROG_TYPE_LSM, BPF_LSM_MAC},
		/* Attached by their own functions: only to know which was loaded last. */
		{"kprobe+", BPF_PROG_TYPE_KPROBE, 0},
		{"kretprobe+", BPF_PROG_TYPE_KPROBE, 0},
	};
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = prepare,
		    .prog_attach_fn = attach);

	for (size_t i = 0; i < COUNT(kinds) && !done; i++) {
		int err = libbpf_register_prog_handler(kinds[i].section, kinds[i].prog,
						       kinds[i].type, &opts);
		if (err < 0)
			return err;
	}
	done = true;
	return 0;
}

/* ---- the names to look for ---- */

const char *rg_hook_renamed(const char *function)
{
	static const struct {
		const char *name, *since;
	} renamed[] = RG_RENAMED_FUNCTIONS;

	for (size_t i = 0; i < COUNT(renamed); i++)
		if (strcmp(renamed[i].name, function) == 0)
			return renamed[i].since;
	return NULL;
}

/* "lsm/file_lock" attaches to bpf_lsm_file_lock(), "tp_btf/NAME" to the type btf_trace_NAME.
 * False: programs of this section attach to no function that BTF has. */
static bool fill_in(const struct bpf_program *prog, struct rg_hook *hook)
{
	static const struct {
		const char *section, *prefix;
		__u32 kind;
	} kinds[] = {
		{"fentry/", "", BTF_KIND_FUNC},
		{"fexit/", "", BTF_KIND_FUNC},
		{"fmod_ret/", "", BTF_KIND_FUNC},
		{"lsm/", "bpf_lsm_", BTF_KIND_FUNC},
		{"tp_btf/", "btf_trace_", BTF_KIND_TYPEDEF},
	};

	*hook = (struct rg_hook){
		.program = bpf_program__name(prog),
		.section = bpf_program__section_name(prog),
	};
	for (size_t i = 0; i < COUNT(kinds); i++) {
		size_t n = strlen(kinds[i].section);

		if (strncmp(hook->section, kinds[i].section, n) != 0)
			continue;
		hook->kind = kinds[i].kind;
		snprintf(hook->name, sizeof(hook->name), "%s%s", kinds[i].prefix,
			 hook->section + n);
		return true;
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b; /* the name is the first member */

	return strcmp(*x, *y);
}

static void add_name(struct rg_hooks *h, const char *name, struct rg_hook *hook)
{
	rg_filter_add(&h->filter, name);
	h->names[h->n_names].name = name;
	h->names[h->n_names++].hook = hook;
}

struct rg_hooks *rg_hooks_of(const struct bpf_object *obj)
{
	struct rg_hooks *h = calloc(1, sizeof(*h));
	struct bpf_program *prog;

	if (!h)
		return NULL;
	bpf_object__for_each_program(prog, obj)
	{
		struct rg_hook *hook = &h->at[h->n];
		const char *since;

		if (h->n == RG_MAX_HOOKS) {
			free(h);
			errno = E2BIG;
			return NULL;
		}
		if (!fill_in(prog, hook))
			continue;
		h->n++;
		since = rg_hook_renamed(hook->name);
		add_name(h, hook->name, hook);
		if (since)
			add_name(h, since, hook);
	}
	qsort(h->names, h->n_names, sizeof(h->names[0]), by_name);
	return h;
}

/* ---- looking ---- */

/* The first place in `names` whose name is not less. */
static unsigned int place_of(const struct rg_hooks *h, const char *name)
{
	unsigned int low = 0, high = h->n_names;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (strcmp(h->names[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void rg_hooks_look(struct rg_hooks *h, const struct btf *btf, __u32 first, int btf_fd)
{
	__u32 n = btf__type_cnt(btf);

	for (__u32 id = first; id < n; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		__u32 kind = btf_kind(type);
		const char *name;

		if (kind != BTF_KIND_FUNC && kind != BTF_KIND_TYPEDEF)
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		if (!name || !rg_filter_may_have(&h->filter, name))
			continue;
		for (unsigned int i = place_of(h, name);
		     i < h->n_names && strcmp(h->names[i].name, name) == 0; i++) {
			struct rg_hook *hook = h->names[i].hook;

			if (hook->kind != kind || hook->btf_id)
				continue;
			hook->btf_fd = btf_fd;
			hook->btf_id = (int)id;
		}
	}
}

void rg_hooks_look_at_core(struct rg_hooks *h, const struct btf *core)
{
	h->signal_task = btf__find_by_name_kind(core, "bpf_send_signal_task", BTF_KIND_FUNC) > 0;
	h->lsm_always = btf__find_by_name_kind(core, RG_LSM_HAS_NO_GUARD, BTF_KIND_FUNC) > 0;
	h->returns_have_room =
		btf__find_by_name_kind(core, RG_RETURNS_HAVE_ROOM, BTF_KIND_FUNC) > 0;
}

struct rg_hooks *rg_hooks_find(const struct bpf_object *obj)
{
	const struct rg_types *types = rg_types_hold();
	struct rg_hooks *h = types ? rg_hooks_of(obj) : NULL;
	int err = errno;

	if (h) {
		h->holds_types = true;
		rg_hooks_look_at_core(h, types->core);
		for (unsigned int i = 0; i < types->n_modules; i++)
			rg_hooks_look(h, types->module[i].btf, btf__type_cnt(types->core),
				      types->module[i].fd);
		rg_hooks_look(h, types->core, 1, 0);
	} else if (types) {
		rg_types_drop();
	}
	current = h;
	errno = err;
	return h;
}

void rg_hooks_free(struct rg_hooks *h)
{
	if (!h)
		return;
	if (current == h)
		current = NULL;
	if (h->holds_types)
		rg_types_drop();
	free(h);
}

/* ---- kprobes ---- */

const char *rg_hook_function(const struct bpf_program *prog)
{
	return strchr(bpf_program__section_name(prog), '/') + 1;
}

bool rg_hook_returns(const struct bpf_program *prog)
{
	return strncmp(bpf_program__section_name(prog), "kretprobe/", 10) == 0;
}

static struct bpf_link *kprobe_at(const struct bpf_program *prog, const char *function,
				  bool returns, __u64 cookie)
{
	LIBBPF_OPTS(bpf_kprobe_opts, one, .retprobe = returns, .bpf_cookie = cookie);
	LIBBPF_OPTS(bpf_kprobe_multi_opts, multi, .syms = &function, .cookies = &cookie, .cnt = 1,
		    .retprobe = returns);

	return bpf_program__expected_attach_type(prog) == BPF_TRACE_KPROBE_MULTI
		       ? bpf_program__attach_kprobe_multi_opts(prog, NULL, &multi)
		       : bpf_program__attach_kprobe_opts(prog, function, &one);
}

struct bpf_link *rg_hook_kprobe(const struct bpf_program *prog, const struct bpf_program *at,
				bool returns, __u64 cookie)
{
	const char *function = rg_hook_function(at), *since = rg_hook_renamed(function);
	struct bpf_link *link = kprobe_at(prog, function, returns, cookie);

	return link || !since ? link : kprobe_at(prog, since, returns, cookie);
}
