// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and attaching the programs, against a kernel that is made up here: the Makefile
 * wraps what asks the kernel, and the rest is libbpf's own, with the object that is built in.
 * A test says which functions the kernel lacks and which programs it refuses to load or to
 * attach; the fakes note what was loaded, attached and pinned.
 */
#include "unit.h"

#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/log.h"
#include "load/answers.h"
#include "load/hooks.h"
#include "load/load.h"
#include "load/preempt.h"
#include "pins/pins.h"
#include "rg_kernel_drift.h"

#include "guard.skel.h"

#define LEFT_OUT(l) rg_ladder_followers(&(l)->ladder, RG_HOW_NOT)
#define KPROBES(l) rg_ladder_followers(&(l)->ladder, RG_HOW_KPROBE)
#define OBJECT(l) ((l)->skel->obj)

#define MAX_NAMES 256
#define MAX_LOADS 16

struct names {
	char at[MAX_NAMES][96];
	unsigned int n;
};

/* The kernel of a test. The lists end with NULL; NULL: an empty one. */
static struct {
	const char *const *absent;	   /* functions that it does not have */
	const char *const *refused;	   /* programs that it does not load */
	const char *const *refused_attach; /* programs that it does not attach */
	bool signal_task, lsm_always, returns_have_room;
	int preempts;
	int pin_err; /* of pinning a link */
} kernel;

static struct names loaded_by[MAX_LOADS], pinned;
static unsigned int n_loads;
static libbpf_prog_prepare_load_fn_t prepare;

static bool is_among(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static int place(const struct names *l, const char *name)
{
	for (unsigned int i = 0; i < l->n; i++)
		if (strcmp(l->at[i], name) == 0)
			return (int)i;
	return -1;
}

static bool has(const struct names *l, const char *name)
{
	return place(l, name) >= 0;
}

static void add(struct names *l, const char *name)
{
	unit_need(l->n < MAX_NAMES);
	snprintf(l->at[l->n++], sizeof(l->at[0]), "%s", name);
}

/* ---- the fakes ---- */

static struct btf *types_of_kernel(void)
{
	struct btf *btf = btf__new_empty();
	struct bpf_object *obj;
	struct bpf_program *prog;
	const void *bytes;
	size_t n;

	unit_need(btf);
	bytes = rg_load_object(&n);
	obj = bpf_object__open_mem(bytes, n, NULL);
	unit_need(obj);
	unit_need(btf__add_int(btf, "int", 4, BTF_INT_SIGNED) > 0);
	unit_need(btf__add_func_proto(btf, 1) > 0);
	bpf_object__for_each_program(prog, obj)
	{
		const char *section = bpf_program__section_name(prog);
		const char *function = strchr(section, '/');
		char name[96];

		if (!function || is_among(kernel.absent, function + 1))
			continue;
		snprintf(name, sizeof(name), "%s%s",
			 strncmp(section, "tp_btf/", 7) == 0 ? "btf_trace_"
			 : strncmp(section, "lsm/", 4) == 0  ? "bpf_lsm_"
							     : "",
			 function + 1);
		if (*name == 'b' && strncmp(name, "btf_trace_", 10) == 0)
			unit_need(btf__add_typedef(btf, name, 1) > 0);
		else
			unit_need(btf__add_func(btf, name, BTF_FUNC_GLOBAL, 2) > 0);
		if (rg_hook_renamed(name))
			unit_need(btf__add_func(btf, rg_hook_renamed(name), BTF_FUNC_GLOBAL, 2) >
				  0);
	}
	bpf_object__close(obj);
	if (kernel.signal_task)
		btf__add_func(btf, "bpf_send_signal_task", BTF_FUNC_GLOBAL, 2);
	if (kernel.lsm_always)
		btf__add_func(btf, RG_LSM_HAS_NO_GUARD, BTF_FUNC_GLOBAL, 2);
	if (kernel.returns_have_room)
		btf__add_func(btf, RG_RETURNS_HAVE_ROOM, BTF_FUNC_GLOBAL, 2);
	return btf;
}

struct btf *__wrap_btf__load_vmlinux_btf(void)
{
	return types_of_kernel();
}

int __wrap_bpf_btf_get_next_id(__u32 start, __u32 *next)
{
	(void)start;
	(void)next;
	errno = ENOENT;
	return -1;
}

int __real_libbpf_register_prog_handler(const char *section, enum bpf_prog_type type,
					enum bpf_attach_type attach,
					const struct libbpf_prog_handler_opts *opts);
int __wrap_libbpf_register_prog_handler(const char *section, enum bpf_prog_type type,
					enum bpf_attach_type attach,
					const struct libbpf_prog_handler_opts *opts)
{
	prepare = opts->prog_prepare_load_fn;
	return __real_libbpf_register_prog_handler(section, type, attach, opts);
}

static bool is_ours(const struct bpf_program *prog)
{
	static const char *const kinds[] = {"fentry/",	"fexit/",     "fmod_ret/",
					    "tp_btf/",	"kprobe",     "kretprobe",
					    "?fentry/", "?fmod_ret/", "lsm/"};

	for (size_t i = 0; i < UNIT_COUNT(kinds); i++)
		if (strncmp(bpf_program__section_name(prog), kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

int __wrap_bpf_object__load_skeleton(struct bpf_object_skeleton *s)
{
	struct bpf_object *obj = *s->obj;
	struct bpf_program *prog;

	unit_need(n_loads < MAX_LOADS);
	loaded_by[n_loads].n = 0;
	bpf_object__for_each_program(prog, obj)
	{
		LIBBPF_OPTS(bpf_prog_load_opts, opts);

		if (!bpf_program__autoload(prog))
			continue;
		if (is_ours(prog) && prepare(prog, &opts, 0))
			fail_msg("%s: is loaded, and has no function", bpf_program__name(prog));
		if (is_among(kernel.refused, bpf_program__name(prog)))
			return -EACCES;
		add(&loaded_by[n_loads], bpf_program__name(prog));
	}
	n_loads++;
	return 0;
}

static struct bpf_link *attach(const struct bpf_program *prog)
{
	static char links[MAX_NAMES];
	static unsigned int n;

	unit_need(bpf_program__autoload(prog));
	if (is_among(kernel.refused_attach, bpf_program__name(prog))) {
		errno = E2BIG;
		return NULL;
	}
	return (struct bpf_link *)&links[n++ % MAX_NAMES];
}

struct bpf_link *__wrap_bpf_program__attach(const struct bpf_program *prog)
{
	return attach(prog);
}

struct bpf_link *__wrap_bpf_program__attach_kprobe_opts(const struct bpf_program *prog,
							const char *function,
							const struct bpf_kprobe_opts *opts)
{
	(void)function;
	(void)opts;
	return attach(prog);
}

struct bpf_link *
__wrap_bpf_program__attach_kprobe_multi_opts(const struct bpf_program *prog, const char *pattern,
					     const struct bpf_kprobe_multi_opts *opts)
{
	(void)pattern;
	unit_need(opts->cnt == 1);
	return attach(prog);
}

int __wrap_rg_pin_link(struct bpf_link *link, const char *path)
{
	unit_need(link);
	if (kernel.pin_err)
		return kernel.pin_err;
	add(&pinned, strrchr(path, '/') + 1);
	return 0;
}

int __wrap_bpf_obj_pin(int fd, const char *path)
{
	(void)fd;
	add(&pinned, strrchr(path, '/') + 1);
	return 0;
}

int __wrap_bpf_map__fd(const struct bpf_map *map)
{
	(void)map;
	return STDIN_FILENO;
}

int __wrap_bpf_program__fd(const struct bpf_program *prog)
{
	(void)prog;
	return STDIN_FILENO;
}

int __wrap_bpf_map__reuse_fd(struct bpf_map *map, int fd)
{
	(void)map;
	unit_need(fd == STDIN_FILENO);
	return 0;
}

int __wrap_rg_pins_map_live(struct rg_pins *p)
{
	(void)p;
	return 0;
}

struct rg_preempt __wrap_rg_preempt_read(void)
{
	return (struct rg_preempt){.does = kernel.preempts};
}

/* ---- what tests use ---- */

static struct rg_pins pins;
static struct rg_loaded loaded;
static struct rg_load_request request;
static struct unit_ear ear;

static int setup(void **unused)
{
	(void)unused;
	memset(&kernel, 0, sizeof(kernel));
	kernel.signal_task = true;
	kernel.lsm_always = true;
	n_loads = 0;
	pinned.n = 0;
	rg_pins_init(&pins);
	for (int i = 0; i < RG_NR_MAPS; i++)
		pins.map_fd[i] = STDIN_FILENO;
	request = (struct rg_load_request){.rung = RG_RUNG_LSM,
					   .follow = -1,
					   .continues = -1,
					   .module = RG_MODULE_POLICY_OFF};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	rg_unload(&loaded);
	for (int i = 0; i < RG_NR_MAPS; i++)
		if (pins.map_fd[i] > STDERR_FILENO)
			close(pins.map_fd[i]);
	for (int i = 0; i < RG_NR_PROGS; i++)
		if (pins.prog_fd[i] > STDERR_FILENO)
			close(pins.prog_fd[i]);
	return 0;
}

static int load(void)
{
	int err;

	unit_listen(&ear);
	err = rg_load(&pins, &request, &loaded);
	unit_heard(&ear);
	return err;
}

static int attach_followers(void)
{
	int err;

	unit_listen(&ear);
	err = rg_attach_followers(&loaded, ~0u);
	unit_heard(&ear);
	return err;
}

static const struct names *last_load(void)
{
	unit_need(n_loads);
	return &loaded_by[n_loads - 1];
}

static bool said(const char *text)
{
	return strstr(ear.text, text) != NULL;
}

/* ---- the set ---- */

static void test_everything_is_there(void **unused)
{
	static const char *const loads[] = {"control",	  "lock_lsm",  "open_lsm",  "create_lsm",
					    "access_lsm", "lock_done", "grace_end", "self_stop"};
	static const char *const not [] = {"lock_fmod_ret", "kprobe_lock_done", "kprobe_enters",
					   "lock_ends",	    "kprobe_lock_ends", "answer_reclaim",
					   "sleep_wait"};
	int after;

	(void)unused;
	assert_int_equal(load(), RG_DONE);
	assert_string_equal(ear.text, "");
	assert_int_equal(n_loads, 1);
	for (size_t i = 0; i < UNIT_COUNT(loads); i++)
		if (!has(last_load(), loads[i]))
			fail_msg("%s is not loaded", loads[i]);
	for (size_t i = 0; i < UNIT_COUNT(not ); i++)
		if (has(last_load(), not [i]))
			fail_msg("%s is loaded", not [i]);
	assert_int_equal(loaded.continues, RG_CONTINUE_KERNEL);
	for (int i = 0; i < RG_NR_MAPS; i++)
		assert_true(has(&pinned, rg_pin_of_map(i)));
	for (int i = 0; i < RG_NR_PROGS; i++)
		assert_true(has(&pinned, rg_pin_of_prog(i)));
	after = (int)pinned.n;

	assert_int_equal(attach_followers(), RG_DONE);
	assert_string_equal(ear.text, "");
	assert_int_equal(pinned.n - after, RG_LINK_DOOR_LOCK);
	/* Whoever may come next is known before knfsd's start is followed. */
	assert_true(place(&pinned, "link_super_gone") < place(&pinned, "link_knfsd_started"));
	assert_true(place(&pinned, "link_grace_end") < place(&pinned, "link_grace_start"));
	assert_int_equal(LEFT_OUT(&loaded), 0);
	assert_int_equal(KPROBES(&loaded), 0);
}

static void test_max_held(void **unused)
{
	(void)unused;
	request.max_held = 7;
	assert_int_equal(load(), RG_DONE);
	assert_int_equal(bpf_map__max_entries(
				 bpf_object__find_map_by_name(OBJECT(&loaded), "held")),
			 7);
}

static void test_other_rung(void **unused)
{
	(void)unused;
	request.rung = RG_RUNG_FMOD_RET;
	assert_int_equal(load(), RG_DONE);
	assert_true(has(last_load(), "lock_fmod_ret"));
	assert_false(has(last_load(), "lock_lsm"));
}

/* A program that may be skipped keeps nobody out for certain. */
static void test_preempting_kernel(void **unused)
{
	(void)unused;
	kernel.preempts = 1;
	assert_int_equal(load(), RG_DONE); /* LSM programs have no guard here */
	rg_unload(&loaded);

	setup(NULL);
	kernel.preempts = 1;
	request.rung = RG_RUNG_FMOD_RET;
	assert_int_equal(load(), RG_CANNOT);
	assert_true(said("rung fmod_ret: this kernel preempts its own threads"));
	assert_int_equal(n_loads, 0);
	rg_unload(&loaded);

	setup(NULL);
	kernel.preempts = 1;
	request.rung = RG_RUNG_FMOD_RET;
	request.force_rung = true;
	assert_int_equal(load(), RG_DONE);
	assert_true(said("`status` counts them"));
}

static void test_continue(void **unused)
{
	(void)unused;
	kernel.signal_task = false;
	assert_int_equal(load(), RG_DONE);
	assert_int_equal(loaded.continues, RG_CONTINUE_USER);
	rg_unload(&loaded);
	request.continues = RG_CONTINUE_KERNEL;
	assert_int_equal(load(), RG_CANNOT);
	assert_true(said("this kernel has no bpf_send_signal_task()"));
	rg_unload(&loaded);

	/* A kprobe may not call it, and all that open gates are kprobes. */
	setup(NULL);
	request.follow = RG_FOLLOW_KPROBE;
	assert_int_equal(load(), RG_DONE);
	assert_int_equal(loaded.continues, RG_CONTINUE_USER);
}

/* ---- steps down ---- */

static const char *const lock_done[] = {"lock_done", NULL},
			 *const lock_done_both[] = {"lock_done", "kprobe_lock_done", NULL},
			 *const started[] = {"knfsd_started", NULL},
			 *const started_both[] = {"knfsd_started", "kprobe_knfsd_started", NULL},
			 *const no_lock[] = {"nfsd4_lock", NULL};

static void test_function_is_absent(void **unused)
{
	(void)unused;
	kernel.absent = no_lock;
	assert_int_equal(load(), RG_DONE);
	assert_false(has(last_load(), "lock_done"));
	assert_true(has(last_load(), "kprobe_lock_done"));
	assert_true(has(last_load(), "kprobe_enters"));
	assert_int_equal(KPROBES(&loaded), 1u << RG_LINK_LOCK_DONE);
	assert_int_equal(attach_followers(), RG_DONE);
	/* No return is seen whose arguments were not kept. */
	assert_true(place(&pinned, "link_lock_done_enters") >= 0);
	assert_true(place(&pinned, "link_lock_done_enters") < place(&pinned, "link_lock_done"));
	rg_unload(&loaded);

	setup(NULL);
	kernel.absent = no_lock;
	request.follow = RG_FOLLOW_FENTRY;
	assert_int_equal(load(), RG_DONE);
	assert_false(has(last_load(), "kprobe_lock_done"));
	assert_int_equal(LEFT_OUT(&loaded), 1u << RG_LINK_LOCK_DONE);
	assert_int_equal(attach_followers(), RG_DONE);
	assert_false(has(&pinned, "link_lock_done"));
}

static void test_needed_function_is_absent(void **unused)
{
	static const char *const absent[] = {"nfs4_state_start_net", NULL};

	(void)unused;
	kernel.absent = absent;
	request.follow = RG_FOLLOW_FENTRY;
	assert_int_equal(load(), RG_CANNOT);
	assert_true(said("program knfsd_started: "));
	assert_true(said("without it the start of knfsd would not be seen"));
	assert_int_equal(n_loads, 0);
	assert_int_equal(pinned.n, 0);
}

static void test_forced_kprobes(void **unused)
{
	(void)unused;
	request.follow = RG_FOLLOW_KPROBE;
	assert_int_equal(load(), RG_DONE);
	assert_false(has(last_load(), "lock_done"));
	assert_true(has(last_load(), "kprobe_super_gone"));
	assert_int_equal(attach_followers(), RG_DONE);
	assert_int_equal(KPROBES(&loaded), (1u << RG_LINK_DOOR_LOCK) - 1);
	for (int i = RG_LINK_ENTERS; i < RG_NR_LINKS; i++)
		assert_true(has(&pinned, rg_pin_of_link(i)));
}

static void test_left_out_by_request(void **unused)
{
	(void)unused;
	request.left_out = 1u << RG_LINK_GRACE_END;
	assert_int_equal(load(), RG_DONE);
	assert_false(has(last_load(), "grace_end"));
	assert_false(has(last_load(), "kprobe_grace_end"));
	assert_int_equal(attach_followers(), RG_DONE);
	assert_false(has(&pinned, "link_grace_end"));
	assert_int_equal(LEFT_OUT(&loaded), 1u << RG_LINK_GRACE_END);
	rg_unload(&loaded);
	request.left_out = 1u << RG_LINK_GRACE_START;
	assert_int_equal(load(), RG_CANNOT);
}

/* Everything is loaded anew for each step. With a kernel that signals others, that is tried
 * without first: the refused program may be one that does. */
static void test_load_is_refused(void **unused)
{
	(void)unused;
	kernel.signal_task = false;
	kernel.refused = lock_done;
	assert_int_equal(load(), RG_DONE);
	assert_int_equal(n_loads, 1);
	assert_true(said("program lock_done: this kernel refuses it: Permission denied; trying a "
			 "kprobe"));
	assert_true(has(last_load(), "kprobe_lock_done"));
	assert_int_equal(KPROBES(&loaded), 1u << RG_LINK_LOCK_DONE);
	rg_unload(&loaded);

	setup(NULL);
	kernel.refused = lock_done_both;
	assert_int_equal(load(), RG_DONE);
	assert_true(said("rung send_signal_task: this kernel refuses it"));
	assert_int_equal(loaded.continues, RG_CONTINUE_USER);
	assert_int_equal(LEFT_OUT(&loaded), 1u << RG_LINK_LOCK_DONE);
	rg_unload(&loaded);

	setup(NULL);
	kernel.refused = started_both;
	assert_int_equal(load(), RG_CANNOT);
	assert_true(said("BPF programs (rung lsm): this kernel refuses them"));
	assert_int_equal(pinned.n, 0);
}

/* Another object is loaded for the kprobe alone, with the maps of the first. */
static void test_attach_is_refused(void **unused)
{
	(void)unused;
	kernel.refused_attach = lock_done;
	assert_int_equal(load(), RG_DONE);
	assert_int_equal(attach_followers(), RG_DONE);
	assert_true(said("program lock_done: this kernel refuses it: Argument list too long; "
			 "trying a kprobe"));
	assert_int_equal(n_loads, 2);
	assert_int_equal(last_load()->n, 2);
	assert_true(has(last_load(), "kprobe_lock_done"));
	assert_true(has(last_load(), "kprobe_enters"));
	assert_int_equal(KPROBES(&loaded), 1u << RG_LINK_LOCK_DONE);
	assert_int_equal(LEFT_OUT(&loaded), 0);
	assert_true(place(&pinned, "link_lock_done_enters") < place(&pinned, "link_lock_done"));
}

static void test_attach_is_refused_twice(void **unused)
{
	(void)unused;
	kernel.refused_attach = lock_done_both;
	assert_int_equal(load(), RG_DONE);
	assert_int_equal(attach_followers(), RG_DONE);
	assert_int_equal(LEFT_OUT(&loaded), 1u << RG_LINK_LOCK_DONE);
	assert_false(has(&pinned, "link_lock_done"));
	assert_true(has(&pinned, "link_self_stop")); /* those after it come all the same */
}

static void test_attach_is_refused_for_needed(void **unused)
{
	(void)unused;
	kernel.refused_attach = started_both;
	assert_int_equal(load(), RG_DONE);
	assert_int_equal(attach_followers(), RG_CANNOT);
	assert_true(said("program knfsd_started: cannot be attached: Argument list too long; "
			 "without it the start of knfsd would not be seen"));
	rg_unload(&loaded);

	setup(NULL);
	kernel.refused_attach = started;
	request.follow = RG_FOLLOW_FENTRY;
	assert_int_equal(load(), RG_DONE);
	assert_int_equal(attach_followers(), RG_CANNOT);
	assert_int_equal(n_loads, 1);
}

/* That is not the program's fault: nothing else is tried. */
static void test_pinning_fails(void **unused)
{
	(void)unused;
	assert_int_equal(load(), RG_DONE);
	kernel.pin_err = -ENOSPC;
	assert_int_equal(attach_followers(), RG_FAILED);
	assert_true(said("link_super_gone: cannot be pinned: No space left on device"));
	assert_int_equal(n_loads, 1);
}

/* ---- the kernel module ---- */

static void test_answers(void **unused)
{
	static const char *const refused[] = {"answer_locks", NULL};

	(void)unused;
	request.module = RG_MODULE_POLICY_AUTO;
	request.module_state = RG_MODULE_ANSWERED;
	assert_int_equal(load(), RG_DONE);
	assert_true(has(last_load(), "answer_reclaim"));
	assert_int_equal(rg_attach_answers(&loaded, &request), RG_DONE);
	assert_int_equal(loaded.module, RG_MODULE_ANSWERED);
	assert_true(has(&pinned, "link_answer_reclaim"));
	assert_true(has(&pinned, "link_answer_locks"));
	rg_unload(&loaded);

	kernel.refused = refused;
	assert_int_equal(load(), RG_DONE);
	assert_int_equal(loaded.module, RG_MODULE_UNUSABLE);
	assert_false(has(last_load(), "answer_reclaim"));
	rg_unload(&loaded);

	request.module = RG_MODULE_POLICY_REQUIRE;
	assert_int_equal(load(), RG_CANNOT);
	rg_unload(&loaded);

	setup(NULL);
	request.module = RG_MODULE_POLICY_AUTO;
	request.module_state = RG_MODULE_ANSWERED;
	kernel.refused_attach = refused;
	assert_int_equal(load(), RG_DONE);
	unit_listen(&ear);
	assert_int_equal(rg_attach_answers(&loaded, &request), RG_DONE);
	unit_heard(&ear);
	assert_int_equal(loaded.module, RG_MODULE_UNUSABLE);
	assert_true(said("Argument list too long"));
}

/* ---- nfsd, loaded again ---- */

static void test_again(void **unused)
{
	const __u32 let_go = 1u << RG_LINK_LOCK_DONE | 1u << RG_LINK_KNFSD_STARTED;
	struct rg_meta meta = {.let_go = let_go, .continues = RG_CONTINUE_USER};

	(void)unused;
	assert_int_equal(rg_load_again(&pins, &meta, &loaded), RG_DONE);
	assert_true(has(last_load(), "lock_done"));
	assert_true(has(last_load(), "knfsd_started"));
	assert_true(has(last_load(), "lock_ends"));
	assert_false(has(last_load(), "grace_start"));
	assert_false(has(last_load(), "control"));
	assert_false(has(last_load(), "lock_lsm"));
	assert_false(has(last_load(), "nlm_lock_done"));
	assert_false(has(last_load(), "nfs_lock_ends"));
	assert_int_equal(rg_attach_followers(&loaded, let_go), RG_DONE);
	assert_int_equal(pinned.n, 2);
	rg_attach_traces(&loaded);
	assert_true(has(&pinned, "trace_lock_ends"));
	rg_unload(&loaded);

	/* One that was a kprobe, and one that was left out, are so again. */
	setup(NULL);
	meta.kprobes = 1u << RG_LINK_KNFSD_STARTED;
	meta.left_out = 1u << RG_LINK_LOCK_DONE;
	assert_int_equal(rg_load_again(&pins, &meta, &loaded), RG_DONE);
	assert_false(has(last_load(), "lock_done"));
	assert_false(has(last_load(), "kprobe_lock_done"));
	assert_true(has(last_load(), "kprobe_knfsd_started"));
}

static void test_again_refused(void **unused)
{
	static const char *const refused[] = {"lock_done", NULL};
	struct rg_meta meta = {.let_go = 1u << RG_LINK_LOCK_DONE};
	int err;

	(void)unused;
	kernel.refused = refused;
	unit_listen(&ear);
	err = rg_load_again(&pins, &meta, &loaded);
	unit_heard(&ear);
	assert_int_equal(err, RG_CANNOT);
	assert_true(said("BPF programs in nfsd: this kernel refuses them"));
}

/* ---- tracing programs ---- */

static void traces(void)
{
	unit_listen(&ear);
	rg_load_traces(&loaded);
	unit_heard(&ear);
}

static void begin_traces(void)
{
	request.left_out = 0;
	assert_int_equal(load(), RG_DONE);
	pinned.n = 0;
}

static void test_traces(void **unused)
{
	(void)unused;
	begin_traces();
	traces();
	assert_string_equal(ear.text, "");
	assert_int_equal(n_loads, 2);
	assert_true(has(last_load(), "lock_ends"));
	assert_false(has(last_load(), "lock_done"));
	assert_false(has(last_load(), "control"));
	assert_false(has(last_load(), "kprobe_lock_ends"));
	assert_true(has(&pinned, "trace_lock_ends"));
	assert_true(has(&pinned, "trace_state_manager"));
	assert_int_equal(pinned.n, last_load()->n);
}

/* Where a program may be skipped, all that can be kprobes are, if every return is seen. */
static void test_traces_where_kprobes_are_better(void **unused)
{
	(void)unused;
	kernel.returns_have_room = true;
	kernel.preempts = 1;
	begin_traces();
	traces();
	assert_false(has(last_load(), "lock_ends"));
	assert_true(has(last_load(), "kprobe_lock_ends"));
	assert_true(has(last_load(), "kprobe_enters"));
	assert_true(has(last_load(), "state_manager") || has(last_load(), "kprobe_state_manager"));
	assert_true(place(&pinned, "trace_enters_lock_ends") >= 0);
	assert_true(place(&pinned, "trace_enters_lock_ends") <
		    place(&pinned, "trace_kprobe_lock_ends"));
	assert_false(has(&pinned, "trace_lock_ends"));
}

static void test_traces_without_a_function(void **unused)
{
	(void)unused;
	kernel.absent = no_lock;
	begin_traces();
	traces();
	assert_false(has(last_load(), "lock_ends"));
	assert_true(has(last_load(), "kprobe_lock_ends"));
	assert_true(has(&pinned, "trace_kprobe_lock_ends"));
}

static void test_traces_attach_is_refused(void **unused)
{
	static const char *const refused[] = {"lock_ends", "open_ends", NULL};

	(void)unused;
	begin_traces();
	kernel.refused_attach = refused;
	traces();
	assert_true(said("tracing programs: this kernel refuses to attach 2 of them; trying "
			 "kprobes"));
	assert_int_equal(n_loads, 3);
	assert_int_equal(last_load()->n, 3); /* with what keeps arguments */
	assert_true(has(&pinned, "trace_kprobe_lock_ends"));
	assert_true(has(&pinned, "trace_kprobe_open_ends"));
	assert_true(has(&pinned, "trace_enters_open_ends"));
}

static void test_traces_load_is_refused(void **unused)
{
	static const char *const refused[] = {"lock_ends", NULL},
				 *const both[] = {"lock_ends", "kprobe_lock_ends", NULL};

	(void)unused;
	begin_traces();
	kernel.refused = refused;
	traces();
	assert_true(said("tracing program lock_ends: this kernel refuses it: Permission denied; "
			 "trying a kprobe"));
	assert_true(has(&pinned, "trace_kprobe_lock_ends"));
	rg_unload(&loaded);

	setup(NULL);
	begin_traces();
	kernel.refused = both;
	traces();
	assert_true(said("it is left out"));
	assert_false(has(&pinned, "trace_kprobe_lock_ends"));
	assert_true(has(&pinned, "trace_open_ends"));
}

/* Every attempt loads everything again, so there is a limit. */
static void test_traces_too_many_are_refused(void **unused)
{
	static const char *const many[] = {"open_begins",
					   "open_ends",
					   "lock_begins",
					   "lock_ends",
					   "record_checked",
					   "exchange_id_begins",
					   "exchange_id_ends",
					   "setclientid_begins",
					   "setclientid_ends",
					   "client_confirmed",
					   NULL};

	(void)unused;
	begin_traces();
	kernel.refused = many;
	traces();
	assert_true(said("tracing programs: this kernel refuses them: Permission denied; the gate "
			 "works"));
	assert_int_equal(n_loads, 1);
	assert_int_equal(pinned.n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_everything_is_there),
		TEST(test_max_held),
		TEST(test_other_rung),
		TEST(test_preempting_kernel),
		TEST(test_continue),
		TEST(test_function_is_absent),
		TEST(test_needed_function_is_absent),
		TEST(test_forced_kprobes),
		TEST(test_left_out_by_request),
		TEST(test_load_is_refused),
		TEST(test_attach_is_refused),
		TEST(test_attach_is_refused_twice),
		TEST(test_attach_is_refused_for_needed),
		TEST(test_pinning_fails),
		TEST(test_answers),
		TEST(test_again),
		TEST(test_again_refused),
		TEST(test_traces),
		TEST(test_traces_where_kprobes_are_better),
		TEST(test_traces_without_a_function),
		TEST(test_traces_attach_is_refused),
		TEST(test_traces_load_is_refused),
		TEST(test_traces_too_many_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
