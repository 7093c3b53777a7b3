// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <libkmod.h>
#include <linux/magic.h>

#include "check/kernel.h"
#include "check/root.h"
#include "load/hooks.h"
#include "load/host.h"
#include "load/sleep.h"

/* Inode numbers of the initial namespaces: PROC_PID_INIT_INO, PROC_TIME_INIT_INO,
 * PROC_USER_INIT_INO (include/linux/proc_ns.h). */
#define PID_INIT 0xeffffffcU
#define TIME_INIT 0xeffffffaU
#define USER_INIT 0xeffffffdU

static enum rg_module_state found_module(struct kmod_ctx *ctx, const char *name)
{
	struct kmod_list *found = NULL, *allowed = NULL;
	enum rg_module_state state = RG_MODULE_MISSING;

	if (kmod_module_new_from_lookup(ctx, name, &found) < 0)
		return RG_MODULE_UNKNOWN;
	if (found) {
		state = RG_MODULE_THERE;
		if (kmod_module_apply_filter(ctx, KMOD_FILTER_BLACKLIST, found, &allowed) < 0)
			state = RG_MODULE_UNKNOWN;
		else if (!allowed)
			state = RG_MODULE_BLACKLISTED;
	}
	kmod_module_unref_list(allowed);
	kmod_module_unref_list(found);
	return state;
}

static enum rg_module_state module_state(const char *root, const char *name)
{
	char path[128], dir[RG_ROOT_PATH], full[RG_ROOT_PATH];
	enum rg_module_state state = RG_MODULE_UNKNOWN;
	struct kmod_ctx *ctx;
	struct utsname uts;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	if (rg_root_has(root, path) == 1)
		return RG_MODULE_LOADED;
	if (uname(&uts) < 0)
		return state;
	snprintf(full, sizeof(full), "/lib/modules/%s", uts.release);
	rg_root_path(root, full, dir);
	ctx = kmod_new(rg_root_is_here(root) ? NULL : dir, NULL);
	if (!ctx)
		return state;
	kmod_set_log_priority(ctx, 0);
	state = found_module(ctx, name);
	kmod_unref(ctx);
	return state;
}

static int is_bpffs(const char *root)
{
	char path[RG_ROOT_PATH];
	struct statfs fs;

	if (statfs(rg_root_path(root, RG_BPFFS, path), &fs) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fs.f_type == BPF_FS_MAGIC;
}

static int is_namespace(const char *root, const char *link, ino_t number)
{
	char path[RG_ROOT_PATH];
	struct stat st;

	if (stat(rg_root_path(root, link, path), &st) < 0)
		return -errno;
	return st.st_ino == number;
}

/* Says whether a filter of system calls confines this process: "Seccomp:\t2" in its status. */
static int is_filtered(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	int mode = -1, err = f ? -ENODATA : -errno;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Seccomp: %d", &mode) == 1)
			err = mode == 2;
	if (f)
		fclose(f);
	return err;
}

/* Tries rungs in the order of arming until the kernel loads one, since each try may take
 * seconds. */
static void try_rungs(bool load, struct rg_kernel_facts *k)
{
	for (int rung = 0; rung < RG_NR_RUNGS; rung++)
		k->load[rung] = 1;
	for (int rung = 0; load && rung < RG_NR_RUNGS; rung++) {
		if (!(k->probe.doors[rung] & 1u << RG_DOOR_LOCK) ||
		    (rung == RG_RUNG_LSM && !k->lsm_err && !rg_lsm_list_has_bpf(k->lsm)))
			continue;
		k->load[rung] = rg_probe_load(rung);
		if (k->load[rung] == 0)
			return;
	}
}

/* Reads the followers of the enabled set; none if nothing is enabled. */
static struct rg_meta enabled(void)
{
	struct rg_meta meta = {};
	struct rg_pins pins;

	rg_pins_init(&pins);
	if (rg_pins_lock(&pins, RG_LOCK_SHARED, false) || rg_pins_open(&pins) ||
	    rg_pins_meta(&pins, &meta))
		meta = (struct rg_meta){};
	rg_pins_close(&pins);
	return meta;
}

static bool is_called(const struct rg_missing_hook *m, const char *symbol)
{
	const char *since = rg_hook_renamed(m->name);

	return strcmp(m->name, symbol) == 0 || (since && strcmp(since, symbol) == 0);
}

/* Marks the missing hooks that are symbols, which a kprobe can attach to. Reads names only,
 * which need no privilege. */
static void look_for_symbols(const char *root, struct rg_probe *p)
{
	char path[RG_ROOT_PATH], line[512], name[256];
	FILE *f = p->n_missing ? fopen(rg_root_path(root, "/proc/kallsyms", path), "re") : NULL;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %*[tT] %255s", name) != 1)
			continue;
		for (unsigned int i = 0; i < p->n_missing; i++)
			if (is_called(&p->missing[i], name))
				p->missing[i].is_symbol = true;
	}
	if (f)
		fclose(f);
}

static struct rg_preempt preempt(const char *root)
{
	char modes[64], build[256];

	if (rg_root_is_here(root))
		return rg_preempt_read();
	rg_root_read(root, RG_PREEMPT_MODES, modes, sizeof(modes));
	rg_root_read(root, RG_KERNEL_BUILD, build, sizeof(build));
	return rg_preempt_of(modes, build);
}

void rg_kernel_gather(const char *root, bool load, struct rg_kernel_facts *k)
{
	struct rg_meta meta = {};
	char dir[RG_ROOT_PATH];
	__u32 id = 0;

	memset(k, 0, sizeof(*k));
	/* Asks bpf(2) for the first program's id, which changes nothing. */
	k->bpf_err = bpf_prog_get_next_id(0, &id) < 0 && errno != ENOENT ? -errno : 0;
	k->root = geteuid() == 0;
	k->user_init = is_namespace(root, "/proc/self/ns/user", USER_INIT);
	k->seccomp = is_filtered();
	k->probe_err = rg_probe_hooks(rg_root_path(root, "/sys/kernel/btf", dir), &k->probe);
	look_for_symbols(root, &k->probe);
	k->lsm_err = rg_root_read(root, "/sys/kernel/security/lsm", k->lsm, sizeof(k->lsm));
	k->lockdown_err = rg_root_read(root, "/sys/kernel/security/lockdown", k->lockdown,
				       sizeof(k->lockdown));
	k->preempt = preempt(root);
	try_rungs(load, k);
	meta = load ? enabled() : meta;
	k->left_out = meta.left_out;
	k->kprobes = meta.kprobes;
	k->bpffs = is_bpffs(root);
	k->module = rg_root_has(root, "/sys/module/" RG_MODULE);
	k->module_types = rg_root_has(root, "/sys/kernel/btf/" RG_MODULE);
	k->nfs = module_state(root, "nfs");
	k->nfsv4 = module_state(root, "nfsv4");
	k->nfsd = module_state(root, "nfsd");
	k->kptr_err = rg_root_number(root, "/proc/sys/kernel/kptr_restrict", &k->kptr_restrict);
	k->pid_init = is_namespace(root, "/proc/self/ns/pid", PID_INIT);
	k->time_init = is_namespace(root, "/proc/self/ns/time", TIME_INIT);
}
