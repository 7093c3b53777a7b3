// SPDX-License-Identifier: GPL-2.0-only
/* Loading and pinning the tracing programs, as many as this kernel takes. */
#include "load/traces.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "load/hooks.h"
#include "base/log.h"
#include "load/modules.h"
#include "pins/pins.h"
#include "load/preempt.h"

/* What is not attached can still be said with nothing loaded. A unit test
 * compares this with the object. */
const struct rg_trace rg_traces[] = {
	{"open_begins", "nfsd"},
	{"open_ends", "nfsd"},
	{"lock_begins", "nfsd"},
	{"lock_ends", "nfsd"},
	{"record_checked", "nfsd"},
	{"exchange_id_begins", "nfsd"},
	{"exchange_id_ends", "nfsd"},
	{"setclientid_begins", "nfsd"},
	{"setclientid_ends", "nfsd"},
	{"client_confirmed", "nfsd"},
	{"create_session_begins", "nfsd"},
	{"create_session_ends", "nfsd"},
	{"setclientid_confirm_begins", "nfsd"},
	{"setclientid_confirm_ends", "nfsd"},
	{"reclaim_complete_begins", "nfsd"},
	{"reclaim_complete_ends", "nfsd"},
	{"client_expired", "nfsd"},
	{"client_destroyed", "nfsd"},
	{"client_replaced", "nfsd"},
	{"client_admin_expired", "nfsd"},
	{"client_unconfirmed", "nfsd"},
	{"grace_end_forced", "nfsd"},
	{"nfs_lock_ends", "nfs"},
	{"nlmclnt_proc_ends", "lockd"},
	{"set_lock", "nfsv4"},
	{"cached_open", "nfsv4"},
	{"open_file", "nfsv4"},
	{"nlm_lock_begins", "lockd"},
	{"nlm_lock_ends", "lockd"},
	{"host_rebooted", "lockd"},
	{"origin_exchange_id", "nfsv4"},
	{"origin_create_session", "nfsv4"},
	{"origin_setclientid", "nfsv4"},
	{"origin_setclientid_confirm", "nfsv4"},
	{"origin_reclaim_complete", "nfsv4"},
	{"state_manager", "nfsv4"},
	{"state_manager_failed", "nfsv4"},
	{"origin_open_reclaim", "nfsv4"},
	{"origin_open_expired", "nfsv4"},
	{"origin_delegation", "nfsv4"},
	{"origin_lock_reclaim", "nfsv4"},
	{"origin_lock_expired", "nfsv4"},
	{"origin_nlm_reclaim", "lockd"},
	{},
};

_Static_assert(sizeof(rg_traces) / sizeof(rg_traces[0]) - 1 <= 64, "sets of them are words");

const struct rg_trace *rg_trace_by(const char *program)
{
	program = rg_hook_stands_for(program);
	for (const struct rg_trace *t = rg_traces; t->program; t++)
		if (strcmp(t->program, program) == 0)
			return t;
	return NULL;
}

char *rg_trace_pin(char *path, const struct rg_trace *trace, enum rg_trace_pin pin)
{
	static const char *const prefix[RG_NR_TRACE_PINS] = {
		[RG_TRACE_TYPED] = "trace_",
		[RG_TRACE_KPROBE] = "trace_kprobe_",
		[RG_TRACE_ENTERS] = "trace_enters_",
	};
	char file[64];

	snprintf(file, sizeof(file), "%s%s", prefix[pin], trace->program);
	return rg_pin_path(path, file);
}

bool rg_trace_is_pinned(const struct rg_trace *trace, enum rg_trace_pin pin)
{
	char path[256];

	return access(rg_trace_pin(path, trace, pin), F_OK) == 0;
}

__u64 rg_traces_missing(void)
{
	__u64 missing = 0;

	for (size_t i = 0; rg_traces[i].program; i++)
		if (!rg_trace_is_pinned(&rg_traces[i], RG_TRACE_TYPED) &&
		    !rg_trace_is_pinned(&rg_traces[i], RG_TRACE_KPROBE))
			missing |= 1ULL << i;
	return missing;
}

/* ---- which programs ---- */

/* Every attempt loads everything again: seconds. */
#define MAX_REFUSED 8
static unsigned int n_refused;
/* 1 << place in rg_traces */
static __u64 kprobes, left_out;
static bool typed_after_all;

/* Where a program at a function may be skipped as another thread was preempted within it
 * (load/preempt.h), and every return is seen, by which a kprobe is better. */
static bool prefer_kprobes(int follow)
{
	return follow < 0 && !typed_after_all && rg_hooks_returns_have_room() &&
	       rg_preempt_read().does;
}

static __u64 bit_of(const struct rg_trace *trace)
{
	return 1ULL << (trace - rg_traces);
}

static bool is_kprobe(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_KPROBE;
}

/* False: none that is worth another attempt. */
static bool refuse(const struct rg_trace *trace, bool was_kprobe, int err, int follow)
{
	if (!trace || n_refused++ >= MAX_REFUSED)
		return false;
	if (was_kprobe && prefer_kprobes(follow)) {
		typed_after_all = true;
		rg_warn("tracing program %s: this kernel refuses it as a kprobe: %s; trying all "
			"of them by fentry and fexit, which it may skip as it preempts its own "
			"threads (RG_DEBUG=1 shows the verifier's words)",
			trace->program, rg_strerror(err));
		return true;
	}
	if (was_kprobe || follow == RG_FOLLOW_FENTRY)
		left_out |= bit_of(trace);
	else
		kprobes |= bit_of(trace);
	rg_warn("tracing program %s: this kernel refuses it: %s; %s (RG_DEBUG=1 shows the "
		"verifier's words)",
		trace->program, rg_strerror(err),
		left_out & bit_of(trace) ? "it is left out" : "trying a kprobe");
	return true;
}

bool rg_traces_step_down(const char *program, int err, int follow)
{
	if (program &&
	    refuse(rg_trace_by(program), rg_hook_stands_for(program) != program, err, follow))
		return true;
	rg_warn("tracing programs: this kernel refuses them: %s; the gate works, `trace`, "
		"`top` and `metrics` have little to show (RG_DEBUG=1 shows the verifier's "
		"words)",
		rg_strerror(err));
	return false;
}

/* By one that has room for every return, if there is such. */
static void choose_kprobe(struct bpf_program *prog, bool wanted)
{
	bpf_program__set_autoload(prog, wanted);
	if (wanted && rg_hook_returns(prog) && rg_hooks_returns_have_room())
		bpf_program__set_expected_attach_type(prog, BPF_TRACE_KPROBE_MULTI);
}

void rg_traces_choose(const struct bpf_object *obj, bool none, int follow)
{
	bool prefer = prefer_kprobes(follow);

	for (const struct rg_trace *t = rg_traces; t->program; t++) {
		struct bpf_program *typed = bpf_object__find_program_by_name(obj, t->program),
				   *kprobe = rg_hook_stand_in(obj, t->program);
		bool wanted = !none && !(left_out & bit_of(t)),
		     by_kprobe = kprobe && follow != RG_FOLLOW_FENTRY &&
				 (prefer || follow == RG_FOLLOW_KPROBE || kprobes & bit_of(t) ||
				  !rg_hook_is_there(t->program));

		bpf_program__set_autoload(typed,
					  wanted && !by_kprobe && rg_hook_is_there(t->program));
		if (kprobe)
			choose_kprobe(kprobe, wanted && by_kprobe);
	}
}

void rg_traces_choose_kprobes(const struct bpf_object *obj, __u64 traces)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
	{
		const struct rg_trace *t = rg_trace_by(bpf_program__name(prog));

		choose_kprobe(prog, t && traces & bit_of(t) && is_kprobe(prog));
	}
}

/* ---- attaching ---- */

static int pin(struct bpf_link *link, const struct rg_trace *trace, enum rg_trace_pin as)
{
	char path[256];

	return link ? rg_pin_link(link, rg_trace_pin(path, trace, as)) : -errno;
}

/* Both or neither: what is kept for nobody would stay. `status` says what is missing. */
static void attach_kprobe(const struct bpf_object *obj, const struct bpf_program *prog,
			  const struct rg_trace *trace)
{
	const struct bpf_program *enters = bpf_object__find_program_by_name(obj, RG_KPROBE_ENTERS);
	bool returns = rg_hook_returns(prog);
	__u64 cookie = RG_NR_RETURNS + (__u64)(trace - rg_traces);
	char path[256];
	int err = 0;

	/* In knfsd's functions no local application stays. */
	if (strcmp(trace->module, RG_NFSD) != 0)
		cookie |= RG_ENTERS_KTHREADS;
	/* First: no return is seen whose arguments were not kept. */
	if (returns)
		err = pin(rg_hook_kprobe(enters, prog, false, cookie), trace, RG_TRACE_ENTERS);
	err = err ?: pin(rg_hook_kprobe(prog, prog, returns, cookie), trace, RG_TRACE_KPROBE);
	if (err && returns)
		unlink(rg_trace_pin(path, trace, RG_TRACE_ENTERS));
}

__u64 rg_traces_attach(const struct bpf_object *obj)
{
	struct bpf_program *prog;
	__u64 refused = 0;

	bpf_object__for_each_program(prog, obj)
	{
		const struct rg_trace *t = rg_trace_by(bpf_program__name(prog));

		if (!t || !bpf_program__autoload(prog))
			continue;
		if (is_kprobe(prog))
			attach_kprobe(obj, prog, t);
		else if (pin(bpf_program__attach(prog), t, RG_TRACE_TYPED) &&
			 rg_hook_stand_in(obj, t->program))
			refused |= bit_of(t);
	}
	return refused;
}
