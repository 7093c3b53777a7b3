// SPDX-License-Identifier: GPL-2.0-only
/* Arms and disarms the role of an original server. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/log.h"
#include "load/hooks.h"
#include "load/host.h"
#include "original/set.h"
#include "original.skel.h" /* after the types in it */
#include "pins/freed.h"

/* knfsd's defaults (fs/nfsd/netns.h, nfsctl.c). */
#define KNFSD_LEASE_S 90

static __u64 boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (__u64)now.tv_sec * 1000000000ULL + (__u64)now.tv_nsec;
}

/* Returns the lease of this network namespace's knfsd, seconds. */
static long lease_s(void)
{
	static const char file[] = "/proc/fs/nfsd/nfsv4leasetime";
	FILE *f = fopen(file, "re");
	long lease = 0;
	char line[32];

	if (f && fgets(line, sizeof(line), f))
		lease = strtol(line, NULL, 10);
	if (f)
		fclose(f);
	if (lease >= 10 && lease <= 3600)
		return lease;
	rg_warn("%s: cannot be read; --keep-for is %d seconds, knfsd's default lease", file,
		KNFSD_LEASE_S);
	return KNFSD_LEASE_S;
}

/* Says whether knfsd gives delegations without asking an LSM, as since kernel_setlease() (6.12).
 * Before that vfs_setlease() calls security_file_lock(). */
static bool delegates_unasked(void)
{
	struct btf *core = btf__load_vmlinux_btf();
	bool found = core && btf__find_by_name_kind(core, "kernel_setlease", BTF_KIND_FUNC) > 0;

	btf__free(core);
	return found;
}

static int pin(int fd, const char *kind, const char *name)
{
	char path[256];

	if (bpf_obj_pin(fd, rg_org_path(path, kind, name)) < 0)
		return rg_error(RG_FAILED, "%s: cannot be pinned: %s", path, rg_strerror(errno));
	return RG_DONE;
}

static int attach_all(const struct bpf_object *obj)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
	{
		struct bpf_link *link;
		int err;

		if (!bpf_program__autoload(prog))
			continue;
		link = bpf_program__attach(prog);
		if (!link)
			return rg_error(RG_CANNOT,
					"program %s (%s): this kernel refuses to attach it: %s "
					"(RG_DEBUG=1 shows more)",
					bpf_program__name(prog), bpf_program__section_name(prog),
					rg_strerror(errno));
		err = pin(bpf_link__fd(link), "link", bpf_program__name(prog));
		bpf_link__destroy(link);
		if (err)
			return err;
	}
	return RG_DONE;
}

static int pin_maps(const struct original_bpf *skel)
{
	return pin(bpf_map__fd(skel->maps.data_original), "map", "state")
		       ?: pin(bpf_map__fd(skel->maps.keepers), "map", "keepers")
		       ?: pin(bpf_map__fd(skel->maps.keeper_of), "map", "keeper_of")
		       ?: pin(bpf_map__fd(skel->maps.kept_files), "map", "kept_files")
		       ?: pin(bpf_map__fd(skel->maps.kept_ranges), "map", "kept_ranges")
		       ?: pin(bpf_map__fd(skel->maps.kept_cells), "map", "kept_cells")
		       ?: pin(bpf_map__fd(skel->maps.org_counters), "map", "counters")
		       ?: pin(bpf_map__fd(skel->maps.org_tracers), "map", "tracers")
		       ?: pin(bpf_map__fd(skel->maps.org_tracer_owners), "map", "tracer_owners");
}

/* Chooses the programs that this kernel needs, before their hooks are searched. */
static void choose_programs(struct original_bpf *skel)
{
	if (delegates_unasked()) {
		bpf_program__set_autoload(skel->progs.org_open, true);
		bpf_program__set_autoload(skel->progs.org_open_done, true);
		bpf_program__set_autoload(skel->progs.org_setlease, true);
	} else {
		bpf_program__set_autoload(skel->progs.org_vfs_setlease, true);
	}
}

/* Returns the first needed program without a hook, or NULL: none, or *err. */
static const struct bpf_program *without_hook(struct original_bpf *skel, struct rg_hooks **hooks,
					      int *err)
{
	struct bpf_program *prog;

	*hooks = rg_hooks_find(skel->obj);
	*err = *hooks ? 0 : -errno;
	if (*err)
		return NULL;
	bpf_object__for_each_program(prog, skel->obj)
	{
		if (bpf_program__autoload(prog) &&
		    strncmp(bpf_program__section_name(prog), "lsm/", 4) != 0 &&
		    !rg_hook_is_there(*hooks, bpf_program__name(prog)))
			return prog;
	}
	return NULL;
}

int rg_org_missing_hook(char *function, size_t size)
{
	const struct bpf_program *prog;
	struct original_bpf *skel;
	struct rg_hooks *hooks;
	int err = rg_hooks_register();

	function[0] = '\0';
	skel = err ? NULL : original_bpf__open();
	if (!skel)
		return err ?: -errno;
	choose_programs(skel);
	prog = without_hook(skel, &hooks, &err);
	if (prog)
		snprintf(function, size, "%s", rg_hook_function(prog));
	original_bpf__destroy(skel);
	rg_hooks_free(hooks);
	return err;
}

/* Says whether all needed hooks exist. */
static int look_for_hooks(struct original_bpf *skel, struct rg_hooks **hooks)
{
	int err;
	const struct bpf_program *prog = without_hook(skel, hooks, &err);

	if (err)
		return rg_error(RG_CANNOT, "/sys/kernel/btf: the kernel's types cannot be read: %s",
				rg_strerror(err));
	if (prog)
		return rg_error(RG_CANNOT,
				"program %s: this kernel has no function %s that can be "
				"followed; an original server cannot keep locks here",
				bpf_program__name(prog), rg_hook_function(prog));
	return RG_DONE;
}

/* Publish everything at once for the programs that run now. */
static void put_request(struct rg_org_state *state, const struct rg_org_request *request)
{
	__u32 other = 1 - (state->chosen & 1);

	state->choice[other] = request->choice;
	__atomic_store_n(&state->chosen, other, __ATOMIC_RELEASE);
	state->mode = request->mode;
	state->keep_for_ns = (__u64)request->keep_for_s * 1000000000ULL;
}

static int load(struct original_bpf *skel, struct rg_hooks **hooks, struct rg_org_set *set,
		const struct rg_org_request *request)
{
	int err;

	choose_programs(skel);
	err = look_for_hooks(skel, hooks);
	if (err)
		return err;
	err = original_bpf__load(skel);
	if (err)
		return rg_error(RG_CANNOT,
				"BPF programs: this kernel refuses them: %s (RG_DEBUG=1 shows the "
				"verifier's words)",
				rg_strerror(err));
	err = rg_org_map_state(set, bpf_map__fd(skel->maps.data_original));
	if (err)
		return rg_error(RG_FAILED, "map state: cannot be mapped: %s", rg_strerror(err));
	put_request(set->state, request);
	set->state->since_ns = boot_ns();
	err = pin_maps(skel) ?: attach_all(skel->obj);
	if (!err)
		set->state->version = RG_ORG_VERSION;
	return err;
}

static int load_anew(struct rg_org_set *set, const struct rg_org_request *request)
{
	struct original_bpf *skel;
	struct rg_hooks *hooks = NULL;
	int err = rg_host_prepare();

	if (err)
		return err;
	if (rg_host_has_bpf_lsm() == 0)
		return rg_error(RG_CANNOT, "bpf is not in /sys/kernel/security/lsm: no caller "
					   "can be made to wait; "
					   "boot with it in the kernel's lsm= parameter");
	err = rg_hooks_register();
	if (err)
		return rg_error(RG_FAILED, "libbpf: refuses our sections: %s", rg_strerror(err));
	skel = original_bpf__open();
	if (!skel)
		return rg_error(RG_FAILED, "BPF object: cannot be opened: %s", rg_strerror(errno));
	err = load(skel, &hooks, set, request);
	original_bpf__destroy(skel);
	rg_hooks_free(hooks);
	return err;
}

int rg_org_enable(struct rg_org_request *request, bool *changed)
{
	struct rg_org_set set = rg_org_closed;
	int err;

	*changed = false;
	err = rg_org_lock(&set, RG_LOCK_EXCLUSIVE, !request->only_again);
	if (err == -ENOENT && request->only_again)
		return RG_NOT_ENABLED;
	if (err)
		return rg_dir_lock_failed(RG_ORG_PIN_DIR, err);
	request->keep_for_s = request->keep_for_s ?: lease_s();
	err = rg_org_open_maps(&set);
	if (!err) {
		put_request(set.state, request);
		*changed = true;
	} else if (err == -ENOENT && request->only_again) {
		err = RG_NOT_ENABLED;
	} else if (err == -ENOENT) {
		err = load_anew(&set, request);
		if (err)
			rg_org_remove();
	} else {
		err = rg_error(RG_FAILED,
			       "%s: what is pinned is not whole, or another version's; run "
			       "`disable "
			       "--role original` first",
			       RG_ORG_PIN_DIR);
	}
	rg_org_close(&set);
	return err;
}

static unsigned int count_active(const struct rg_org_set *set)
{
	struct rg_keeper *keepers = calloc(RG_ORG_KEEPERS, sizeof(*keepers));
	unsigned int n = 0;

	if (keepers && !rg_org_read_keepers(set, keepers))
		for (int i = 0; i < RG_ORG_KEEPERS; i++)
			n += rg_keeper_is_active(&keepers[i], boot_ns()) ? 1 : 0;
	free(keepers);
	return n;
}

static void remember_links(struct rg_programs *programs)
{
	struct bpf_program *prog;
	struct original_bpf *skel;
	char path[256];

	if (rg_hooks_register())
		return;
	skel = original_bpf__open();
	if (!skel)
		return;
	bpf_object__for_each_program(prog, skel->obj)
		rg_programs_add(programs, rg_org_path(path, "link", bpf_program__name(prog)), true);
	original_bpf__destroy(skel);
}

int rg_org_disable(unsigned int *forgotten)
{
	struct rg_org_set set = rg_org_closed;
	struct rg_programs programs = {};
	int err = rg_org_lock(&set, RG_LOCK_EXCLUSIVE, false);

	*forgotten = 0;
	if (err == -ENOENT)
		return rg_error(RG_NOT_ENABLED, "not enabled: nothing is pinned in %s",
				RG_ORG_PIN_DIR);
	if (err)
		return rg_dir_lock_failed(RG_ORG_PIN_DIR, err);
	if (!rg_org_open_maps(&set)) {
		*forgotten = count_active(&set);
		/* From here on nobody waits, whatever is detached first. */
		set.state->mode = RG_ORG_OBSERVE;
	}
	remember_links(&programs);
	rg_org_remove();
	rg_org_close(&set);
	if (!rg_programs_wait(&programs))
		return rg_error(RG_FAILED, "%s: removed, but somebody else holds its BPF programs",
				RG_ORG_PIN_DIR);
	return RG_DONE;
}
