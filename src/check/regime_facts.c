// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/regime.h"
#include "check/root.h"
#include "pins/pins.h"
#include "load/probe.h"

/* Reads the pinned set. Returns false if none can be read. */
static bool read_set(struct rg_regime_facts *r)
{
	struct rg_pins pins;
	bool is_open;

	rg_pins_init(&pins);
	is_open = rg_pins_lock(&pins, RG_LOCK_SHARED, false) == 0 && rg_pins_open(&pins) == 0;
	if (is_open) {
		r->now = rg_regimes_read(&pins);
		r->by_module = pins.live->nfs4_locks == RG_REGIME_REFUSED &&
			       r->now.of[RG_LOCKS_NFS4] == RG_REGIME_FORWARDED;
	}
	rg_pins_close(&pins);
	return is_open;
}

static void ask(bool enabled, struct rg_regime_facts *r)
{
	static const struct rg_flow_totals nothing_seen;
	enum rg_regime nfs4 = RG_REGIME_UNKNOWN;

	if (enabled && read_set(r)) {
		r->source = RG_REGIME_IN_FORCE;
		return;
	}
	r->source = RG_REGIME_ASKED;
	if (r->nfs)
		r->asked_err = rg_probe_nfs4_locks(&nfs4);
	r->now = rg_regimes_of(nfs4, &nothing_seen);
}

static void read_kept(const char *root, const char *state_dir, struct rg_regime_facts *r)
{
	char dir[RG_ROOT_PATH], boot_id[RG_BOOT_ID_SIZE], why[RG_STATE_WHY];
	json_object *o = NULL;

	r->kept_err = rg_state_load(rg_root_path(root, state_dir, dir), RG_REGIME_FILE, &o, why);
	if (!r->kept_err)
		r->kept_err = o ? rg_regime_of_json(o, &r->kept, why) : -ENOENT;
	json_object_put(o);
	if (!r->kept_err && rg_boot_id(boot_id) == 0)
		rg_regime_begin(&r->kept, boot_id);
}

/* Says whether modprobe knows the module for the running kernel, as rg_root_has() does. */
static int is_installed(const char *root, const char *kernel)
{
	char path[128], full[RG_ROOT_PATH], *line = NULL;
	size_t size = 0;
	int found = 0;
	FILE *deps;

	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", kernel);
	deps = fopen(rg_root_path(root, path, full), "re");
	if (!deps)
		return -errno;
	while (!found && getline(&line, &size, deps) > 0) {
		char *at = strchr(line, ':');

		if (at)
			*at = '\0';
		at = strrchr(line, '/');
		found = strncmp(at ? at + 1 : line, "reexport_guard.ko", 17) == 0;
	}
	free(line);
	fclose(deps);
	return found;
}

void rg_regime_gather(const char *root, bool load, bool enabled, const char *state_dir,
		      struct rg_regime_facts *r)
{
	memset(r, 0, sizeof(*r));
	r->nfs = rg_root_has(root, "/sys/module/nfs") == 1;
	rg_kernel_release(r->kernel);
	r->module_loaded = rg_root_has(root, "/sys/module/reexport_guard");
	r->module_types = rg_root_has(root, "/sys/kernel/btf/reexport_guard");
	r->module_installed = is_installed(root, r->kernel);
	if (load)
		ask(enabled, r);
	read_kept(root, state_dir, r);
}
