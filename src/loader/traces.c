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
#include "loader/log.h"
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

const char *const *rg_trace_names(void)
{
	return names;
}

char *rg_trace_pin(char *path, const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "trace_%s", name);
	return rg_pin_path(path, file);
}

bool rg_trace_is_attached(const char *name)
{
	char path[256];

	return access(rg_trace_pin(path, name), F_OK) == 0;
}

/* ---- loading and attaching ---- */

/* Every attempt loads everything again: seconds. */
#define MAX_LEFT_OUT 8
static const char *left_out[MAX_LEFT_OUT];
static unsigned int n_left_out;

/* As it is in `names`; NULL: not one of them. */
static const char *name_of(const char *program)
{
	for (const char *const *name = names; *name; name++)
		if (strcmp(*name, program) == 0)
			return *name;
	return NULL;
}

bool rg_is_trace(const char *program)
{
	return name_of(program) != NULL;
}

static bool is_left_out(const char *program)
{
	for (unsigned int i = 0; i < n_left_out; i++)
		if (strcmp(left_out[i], program) == 0)
			return true;
	return false;
}

bool rg_traces_leave_out(const char *program, int err)
{
	const char *name = program ? name_of(program) : NULL;

	if (!name || n_left_out == MAX_LEFT_OUT || is_left_out(name)) {
		rg_warn("tracing programs: this kernel refuses them: %s; the gate works, `trace`, "
			"`top` and `metrics` have little to show (RG_DEBUG=1 shows the verifier's "
			"words)",
			rg_strerror(err));
		return false;
	}
	left_out[n_left_out++] = name;
	rg_warn("tracing program %s: this kernel refuses it: %s; it is left out "
		"(RG_DEBUG=1 shows the verifier's words)",
		name, rg_strerror(err));
	return true;
}

void rg_traces_choose(const struct bpf_object *obj, bool none)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
	{
		const char *name = bpf_program__name(prog);

		if (rg_is_trace(name))
			bpf_program__set_autoload(prog, !none && rg_hook_is_there(name) &&
								!is_left_out(name));
	}
}

static int attach(const struct bpf_program *prog)
{
	struct bpf_link *link = bpf_program__attach(prog);
	char path[256];

	return link ? rg_pin_link(link, rg_trace_pin(path, bpf_program__name(prog))) : -errno;
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
