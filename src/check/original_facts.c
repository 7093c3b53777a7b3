// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "check/original.h"
#include "check/root.h"
#include "load/host.h"
#include "original/original.h"
#include "policy/config.h"

static void hear_nothing(const char *mistake)
{
	(void)mistake; /* policy_facts.c reports it */
}

static void read_configured(const char *root, const char *config, struct rg_original_facts *o)
{
	char file[RG_ROOT_PATH];
	struct rg_config c;

	if (config)
		snprintf(file, sizeof(file), "%s", config);
	else
		rg_root_path(root, RG_CONFIG_FILE, file);
	rg_config_init(&c);
	if (!rg_config_read(&c, file, config ? 0 : RG_READ_OPTIONAL, hear_nothing)) {
		o->configured = c.org_mode != RG_ORG_OFF;
		o->keep_for_s = c.org_keep_for_s;
	}
	rg_config_free(&c);
}

void rg_original_gather(const char *root, const char *config, bool privileged,
			struct rg_original_facts *o)
{
	*o = (struct rg_original_facts){.looked = privileged && rg_root_is_here(root), .lsm = -1};
	read_configured(root, config, o);
	if (!o->looked)
		return;
	rg_org_see(&o->seen);
	if (!o->configured && !o->seen.enabled)
		return;
	o->lsm = rg_host_has_bpf_lsm();
	o->nfsd_loaded = rg_root_has(root, "/sys/module/nfsd") == 1;
	o->hooks_err = rg_org_missing_hook(o->missing, sizeof(o->missing));
}
