// SPDX-License-Identifier: GPL-2.0-only
#include "load/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "rg_kernel_drift.h"

/* Programs with sections of these kinds, and modules that they attach in. */
#define MAX_HOOKS 96
#define MAX_MODULES 8

const char *const rg_hook_modules[] = {"nfsd",	"nfsv4",	  "nfs", "lockd",
				       "grace", "reexport_guard", NULL};

static const struct {
	const char *name, *since;
} renamed[] = RG_RENAMED_FUNCTIONS;

struct hook {
	const char *program; /* the object's own */
	char name[96];	     /* of the function, or btf_trace_NAME */
	__u32 kind;	     /* BTF_KIND_FUNC, BTF_KIND_TYPEDEF */
	int btf_fd;	     /* of the module; 0: vmlinux */
	int btf_id;	     /* 0: not found */
};

static struct hook hooks[MAX_HOOKS];
static unsigned int n_hooks;
static const char *last;
static bool signal_task, lsm_always, returns_have_room;
static int module_fds[MAX_MODULES];
static unsigned int n_module_fds;

static struct hook *hook_of(const char *program)
{
	for (unsigned int i = 0; i < n_hooks; i++)
		if (strcmp(hooks[i].program, program) == 0)
			return &hooks[i];
	return NULL;
}

bool rg_hook_is_there(const char *program)
{
	const struct hook *h = hook_of(program);

	return h && h->btf_id > 0;
}

bool rg_hooks_signal_task(void)
{
	return signal_task;
}

bool rg_hooks_lsm_always(void)
{
	return lsm_always;
}

bool rg_hooks_returns_have_room(void)
{
	return returns_have_room;
}

const char *rg_hooks_last(void)
{
	return last;
}

/* ---- what libbpf asks ---- */

static int prepare(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	const struct hook *h;

	(void)cookie;
	last = bpf_program__name(prog);
	if (bpf_program__type(prog) == BPF_PROG_TYPE_KPROBE)
		return 0;
	h = hook_of(last);
	if (!h || h->btf_id <= 0)
		return -ESRCH;
	opts->attach_btf_obj_fd = (__u32)h->btf_fd;
	opts->attach_btf_id = (__u32)h->btf_id;
	return 0;
}

static int attach(const struct bpf_program *prog, long cookie, struct bpf_link **link)
{
	(void)cookie;
	*link = bpf_program__attach_trace(prog);
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
		/* Attached by their own functions: only to know which was loaded last. */
		{"kprobe+", BPF_PROG_TYPE_KPROBE, 0},
		{"kretprobe+", BPF_PROG_TYPE_KPROBE, 0},
	};
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = prepare,
		    .prog_attach_fn = attach);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !done; i++) {
		int err = libbpf_register_prog_handler(kinds[i].section, kinds[i].prog,
						       kinds[i].type, &opts);
		if (err < 0)
			return err;
	}
	done = true;
	return 0;
}

/* ---- looking ---- */

static void collect(const struct bpf_object *obj)
{
	struct bpf_program *prog;

	n_hooks = 0;
	bpf_object__for_each_program(prog, obj)
	{
		const char *section = bpf_program__section_name(prog);
		const char *target = strchr(section, '/');
		bool is_tp = strncmp(section, "tp_btf/", 7) == 0;
		struct hook *h = &hooks[n_hooks];

		if (!target || n_hooks == MAX_HOOKS ||
		    (!is_tp && strncmp(section, "fentry/", 7) != 0 &&
		     strncmp(section, "fmod_ret/", 9) != 0 && strncmp(section, "fexit/", 6) != 0))
			continue;
		*h = (struct hook){
			.program = bpf_program__name(prog),
			.kind = is_tp ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC,
		};
		snprintf(h->name, sizeof(h->name), "%s%s", is_tp ? "btf_trace_" : "", target + 1);
		n_hooks++;
	}
}

/* Those of the types from `first` on that are somebody's hook. */
static void look_through(const struct btf *btf, __u32 first, int btf_fd)
{
	__u32 n = btf__type_cnt(btf);

	for (__u32 id = first; id < n; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		__u32 kind = btf_kind(type);
		const char *name;

		if (kind != BTF_KIND_FUNC && kind != BTF_KIND_TYPEDEF)
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		for (unsigned int i = 0; i < n_hooks; i++) {
			struct hook *h = &hooks[i];

			if (h->kind != kind || h->btf_id || strcmp(h->name, name) != 0)
				continue;
			h->btf_fd = btf_fd;
			h->btf_id = (int)id;
		}
	}
}

static bool is_one_of_ours(const char *module)
{
	for (const char *const *name = rg_hook_modules; *name; name++)
		if (strcmp(*name, module) == 0)
			return true;
	return false;
}

/* fd of the BTF with this id, if it is that of a module of ours; else
 * negative. */
static int open_module(__u32 id)
{
	char name[64] = "";
	struct bpf_btf_info info = {.name = (__u64)(unsigned long)name, .name_len = sizeof(name)};
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

const char *rg_hook_renamed(const char *function)
{
	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
		if (strcmp(renamed[i].name, function) == 0)
			return renamed[i].since;
	return NULL;
}

/* Those that were not found by the name in their section. */
static bool rename_missing(void)
{
	bool any = false;

	for (unsigned int i = 0; i < n_hooks; i++) {
		const char *since = hooks[i].btf_id ? NULL : rg_hook_renamed(hooks[i].name);

		if (!since)
			continue;
		snprintf(hooks[i].name, sizeof(hooks[i].name), "%s", since);
		any = true;
	}
	return any;
}

static void look_through_modules(struct btf *core)
{
	struct btf *btf[MAX_MODULES] = {};
	__u32 id = 0;

	while (n_module_fds < MAX_MODULES && bpf_btf_get_next_id(id, &id) == 0) {
		int fd = open_module(id);

		if (fd < 0)
			continue;
		btf[n_module_fds] = btf__load_from_kernel_by_id_split(id, core);
		module_fds[n_module_fds++] = fd;
	}
	do {
		for (unsigned int i = 0; i < n_module_fds; i++)
			if (btf[i])
				look_through(btf[i], btf__type_cnt(core), module_fds[i]);
	} while (rename_missing());
	for (unsigned int i = 0; i < n_module_fds; i++)
		btf__free(btf[i]);
}

#define STANDS_IN "kprobe_"

struct bpf_program *rg_hook_stand_in(const struct bpf_object *obj, const char *program)
{
	char name[64];

	snprintf(name, sizeof(name), STANDS_IN "%s", program);
	return bpf_object__find_program_by_name(obj, name);
}

const char *rg_hook_stands_for(const char *name)
{
	return strncmp(name, STANDS_IN, strlen(STANDS_IN)) == 0 ? name + strlen(STANDS_IN) : name;
}

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

void rg_hooks_free(void)
{
	while (n_module_fds)
		close(module_fds[--n_module_fds]);
	n_hooks = 0;
	last = NULL;
}

int rg_hooks_resolve(const struct bpf_object *obj)
{
	struct btf *core = btf__load_vmlinux_btf();

	if (!core)
		return -errno;
	rg_hooks_free(); /* of an object that is loaded already */
	signal_task = btf__find_by_name_kind(core, "bpf_send_signal_task", BTF_KIND_FUNC) > 0;
	lsm_always = btf__find_by_name_kind(core, RG_LSM_HAS_NO_GUARD, BTF_KIND_FUNC) > 0;
	returns_have_room = btf__find_by_name_kind(core, RG_RETURNS_HAVE_ROOM, BTF_KIND_FUNC) > 0;
	collect(obj);
	look_through_modules(core);
	for (unsigned int i = 0; i < n_hooks; i++) {
		struct hook *h = &hooks[i];
		int id = h->btf_id ? 0 : btf__find_by_name_kind(core, h->name, h->kind);

		if (id > 0)
			h->btf_id = id;
	}
	btf__free(core);
	return 0;
}
