// SPDX-License-Identifier: GPL-2.0-only
#include "load/host.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <cap-ng.h>
#include <libkmod.h>
#include <linux/magic.h>

#include "base/log.h"
#include "load/types.h"
#include "pins/pins.h"

#define LSM_LIST "/sys/kernel/security/lsm"

int rg_host_may(void)
{
	if (capng_get_caps_process() < 0)
		return rg_error(RG_FAILED,
				"capabilities of this process cannot be read: mount /proc");
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN))
		return RG_DONE;
	return rg_error(RG_FAILED, "not permitted: this needs root (CAP_SYS_ADMIN, CAP_BPF, "
				   "CAP_PERFMON, CAP_KILL, CAP_SYSLOG); run it with sudo");
}

bool rg_lsm_list_has_bpf(const char *list)
{
	size_t n;

	for (; *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",\n");
		if (n == 3 && strncmp(list, "bpf", 3) == 0)
			return true;
		if (list[n] == '\n')
			break;
	}
	return false;
}

int rg_host_has_bpf_lsm(void)
{
	char list[1024];
	ssize_t n;
	int fd = open(LSM_LIST, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	n = read(fd, list, sizeof(list) - 1);
	close(fd);
	if (n < 0)
		return -1;
	list[n] = '\0';
	return rg_lsm_list_has_bpf(list);
}

/* Among the module's own types: vmlinux is a hundred times as much. */
static bool module_has_function(const struct btf *module, const struct btf *core, const char *name)
{
	__u32 n = btf__type_cnt(module);

	for (__u32 id = btf__type_cnt(core); id < n; id++) {
		const struct btf_type *type = btf__type_by_id(module, id);

		if (btf_is_func(type) &&
		    strcmp(btf__name_by_offset(module, type->name_off), name) == 0)
			return true;
	}
	return false;
}

enum rg_known rg_host_starts_at_boot(const char *root)
{
	static const char *const units[] = {"/etc/systemd/system", "/usr/lib/systemd/system",
					    "/lib/systemd/system"};
	static const char *const by[] = {"wants", "requires"};
	char path[PATH_MAX];
	glob_t found = {};
	bool any = false;

	/* sd_booted(3) */
	snprintf(path, sizeof(path), "%s/run/systemd/system", root);
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return RG_KNOWN_NOT;
	snprintf(path, sizeof(path), "%s%s", root, units[0]);
	if (access(path, R_OK | X_OK) < 0 && errno != ENOENT)
		return RG_KNOWN_NOT;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units) && !any; i++)
		for (size_t k = 0; k < sizeof(by) / sizeof(*by) && !any; k++) {
			snprintf(path, sizeof(path), "%s%s/*.%s/reexport-guard.service", root,
				 units[i], by[k]);
			any = glob(path, GLOB_NOSORT, NULL, &found) == 0;
			globfree(&found);
		}
	return any ? RG_KNOWN_YES : RG_KNOWN_NO;
}

int rg_host_write_delegations(void)
{
	static int known = -1; /* once the module is there it says the same for ever */
	const struct rg_types *types;

	if (known >= 0)
		return known;
	types = rg_types_hold();
	for (unsigned int i = 0; types && i < types->n_modules; i++)
		if (strcmp(types->module[i].name, "nfsd") == 0)
			known = module_has_function(types->module[i].btf, types->core,
						    "nfsd4_deleg_getattr_conflict");
	if (types)
		rg_types_drop();
	return known;
}

/* nfsv4 is no dependency of the others: the first NFSv4 mount loads it, and at boot the
 * guard is there before that. */
static const char *const modules[] = {"nfs", "nfsv4", "nfsd"};

/* Loads the module as mount.nfs and rpc.nfsd would a moment later, or only looks whether
 * there is one that may be loaded. 0, negative errno, or positive: it is blacklisted. -ENOENT:
 * there is none; the kernel's own -ENOENT, for a symbol that it does not have (simplify_symbols(),
 * kernel/module/main.c), is -ENOEXEC here. */
static int load_module(const char *name, bool only_look)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	struct kmod_list *found = NULL, *each;
	char loaded[64];
	int err = -ENOENT;

	if (!ctx) /* ELIBACC: libkmod itself is not there */
		return errno ? -errno : -ENOMEM;
	kmod_set_log_priority(ctx, 0);
	if (kmod_module_new_from_lookup(ctx, name, &found) >= 0) {
		kmod_list_foreach (each, found) {
			struct kmod_module *module = kmod_module_get_module(each);

			err = kmod_module_probe_insert_module(module,
							      KMOD_PROBE_APPLY_BLACKLIST |
								      (only_look
									       ? KMOD_PROBE_DRY_RUN
									       : 0),
							      NULL, NULL, NULL, NULL);
			if (err == -ENOENT)
				err = -ENOEXEC;
			kmod_module_unref(module);
		}
	}
	kmod_module_unref_list(found);
	kmod_unref(ctx);
	snprintf(loaded, sizeof(loaded), "/sys/module/%s", name);
	if (err && access(loaded, F_OK) == 0)
		return 0; /* built in, or loaded although it cannot be found */
	return err;
}

int rg_host_load_module(const char *name)
{
	return load_module(name, false);
}

int rg_host_unload_module(const char *name)
{
	if (syscall(SYS_delete_module, name, O_NONBLOCK) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

static int prepare(bool only_look)
{
	struct statfs fs;

	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
		return rg_error(RG_CANNOT, "/sys/kernel/btf/vmlinux: this kernel has no BTF; boot "
					   "one built with CONFIG_DEBUG_INFO_BTF=y");
	if (statfs(RG_BPFFS, &fs) < 0 || fs.f_type != BPF_FS_MAGIC)
		return rg_error(RG_CANNOT, "%s: not a BPF file system; run `mount -t bpf bpf %s`",
				RG_BPFFS, RG_BPFFS);
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		int err = load_module(modules[i], only_look);

		if (err)
			return rg_error(RG_CANNOT,
					"kernel module %s: cannot be loaded: %s; install it, or "
					"take "
					"it off the blacklist",
					modules[i], err > 0 ? "blacklisted" : rg_strerror(err));
	}
	return RG_DONE;
}

int rg_host_prepare(void)
{
	return prepare(false);
}

int rg_host_look(void)
{
	return prepare(true);
}
