// SPDX-License-Identifier: GPL-2.0-only
/* Loading and pinning the tracing programs, as many as this kernel takes. */
#include "loader/traces.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "loader/hooks.h"
#include "loader/pins.h"

/* What is not attached can still be said with nothing loaded. A unit test
 * compares this with the object. */
static const char *const names[] = {
	"open_begins",
	"open_ends",
	"lock_begins",
	"lock_ends",
	"record_checked",
	"exchange_id_begins",
	"exchange_id_ends",
	"setclientid_begins",
	"setclientid_ends",
	"client_confirmed",
	"create_session_begins",
	"create_session_ends",
	"setclientid_confirm_begins",
	"setclientid_confirm_ends",
	"reclaim_complete_begins",
	"reclaim_complete_ends",
	"client_expired",
	"client_destroyed",
	"client_replaced",
	"client_admin_expired",
	"client_unconfirmed",
	"grace_end_forced",
	"nfs_lock_ends",
	"nlmclnt_proc_ends",
	"set_lock",
	"cached_open",
	"open_file",
	"nlm_lock_begins",
	"nlm_lock_ends",
	"nlm_lock_asked",
	"nlm_lock_answered",
	"host_rebooted",
	"origin_exchange_id",
	"origin_create_session",
	"origin_setclientid",
	"origin_setclientid_confirm",
	"origin_reclaim_complete",
	"state_manager",
	"state_manager_failed",
	"origin_open_reclaim",
	"origin_open_expired",
	"origin_delegation",
	"origin_lock_reclaim",
	"origin_lock_expired",
	"origin_nlm_reclaim",
	NULL,
};

/* For kernels that have no hook for another one: not loaded, nor missing, where
 * that one is. */
static const struct {
	const char *name, *instead_of;
} stand_ins[] = {
	{"nlm_lock_asked", "nlm_lock_begins"},
	{"nlm_lock_answered", "nlm_lock_ends"},
};

/* NULL: it stands in for none. */
static const char *stands_in_for(const char *name)
{
	for (size_t i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++)
		if (strcmp(stand_ins[i].name, name) == 0)
			return stand_ins[i].instead_of;
	return NULL;
}

const char *const *rg_trace_names(void)
{
	return names;
}

static char *pin_of(char *path, const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "trace_%s", name);
	return rg_pin_path(path, file);
}

bool rg_trace_is_attached(const char *name)
{
	char path[256];

	return access(pin_of(path, name), F_OK) == 0;
}

bool rg_trace_is_missing(const char *name)
{
	const char *instead_of = stands_in_for(name);

	return !rg_trace_is_attached(name) && !(instead_of && rg_trace_is_attached(instead_of));
}

/* ---- loading and attaching ---- */

bool rg_is_trace(const char *program)
{
	for (const char *const *name = names; *name; name++)
		if (strcmp(*name, program) == 0)
			return true;
	return false;
}

void rg_traces_choose(const struct bpf_object *obj, bool none)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
	{
		const char *name = bpf_program__name(prog), *instead_of = stands_in_for(name);

		if (rg_is_trace(name))
			bpf_program__set_autoload(prog, !none && rg_hook_is_there(name) &&
								!(instead_of &&
								  rg_hook_is_there(instead_of)));
	}
}

/* The pin holds it from here on. */
static int attach(const struct bpf_program *prog)
{
	struct bpf_link *link = bpf_program__attach(prog);
	char path[256];
	int err;

	if (!link)
		return -errno;
	err = bpf_link__pin(link, pin_of(path, bpf_program__name(prog)));
	bpf_link__destroy(link);
	return err;
}

unsigned int rg_traces_attach(const struct bpf_object *obj, rg_meanwhile *meanwhile, void *arg)
{
	struct bpf_program *prog;
	unsigned int missing = 0;

	bpf_object__for_each_program(prog, obj)
	{
		if (!rg_is_trace(bpf_program__name(prog)))
			continue;
		if (!bpf_program__autoload(prog) || attach(prog))
			missing++;
		if (meanwhile)
			meanwhile(arg);
	}
	return missing;
}
