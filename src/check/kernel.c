// SPDX-License-Identifier: GPL-2.0-only
#include "check/kernel.h"

#include <errno.h>
#include <string.h>

#include "load/host.h"
#include "load/sleep.h"
#include "text/line.h"
#include "base/names.h"

#define LSM "/sys/kernel/security/lsm"
#define LOCKDOWN "/sys/kernel/security/lockdown"
#define BTF "/sys/kernel/btf/vmlinux"

static const char securityfs_remedy[] =
	"run `mount -t securityfs securityfs /sys/kernel/security`, and check again";

/* Says whether root lacks privileges of root, as in a container: booting another kernel would
 * not change that. */
static bool is_confined(const struct rg_kernel_facts *k)
{
	bool refused = k->bpf_err == -EPERM;

	for (int rung = 0; rung < RG_NR_RUNGS; rung++)
		refused |= k->load[rung] == -EPERM;
	/* Lockdown has its own finding and remedy. */
	return k->root && refused && !strstr(k->lockdown, "[confidentiality]");
}

/* Names what confines this process, as far as it can be read. */
static const char *confined_by(const struct rg_kernel_facts *k)
{
	if (k->user_init == 0)
		return "this is root of a user namespace, not of the host";
	if (k->seccomp == 1)
		return "a seccomp filter is in force, as in a container";
	return "this process lacks capabilities, as in a container, or a security module or "
	       "lockdown forbids it";
}

static const char confined_remedy[] =
	"run reexport-guard on the host; from a container with its pid namespace `nsenter -t 1 -a` "
	"leads there; a container that shall run it needs to be privileged, with the host's pid, "
	"user and network namespaces";

static void check_bpf(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	if (is_confined(k)) {
		rg_find(f, RG_PROBLEM, RG_F_BPF, NULL, "root may not load programs here (%s): %s",
			rg_strerror(EPERM), confined_by(k));
		rg_remedy(f, "%s", confined_remedy);
		rg_cannot(f);
		return;
	}
	if (k->bpf_err == -ENOSYS) {
		rg_find(f, RG_PROBLEM, RG_F_BPF, NULL, "this kernel has no bpf(2)");
		rg_remedy(f, "boot a kernel built with CONFIG_BPF_SYSCALL=y");
		rg_cannot(f);
	} else {
		rg_find(f, RG_OK, RG_F_BPF, NULL, "this kernel has bpf(2)");
	}
}

static void check_btf(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	int err = k->probe.btf_err;

	if (!err) {
		rg_find(f, RG_OK, RG_F_BTF, BTF, "is there and can be read");
	} else if (err == -EACCES || err == -EPERM || err == -ENOMEM) {
		rg_find(f, RG_UNKNOWN, RG_F_BTF, BTF, "cannot be read: %s", rg_strerror(err));
		rg_remedy(f, "check as root");
	} else {
		rg_find(f, RG_PROBLEM, RG_F_BTF, BTF, "this kernel has no BTF: %s",
			rg_strerror(err));
		rg_remedy(f, "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y");
		rg_cannot(f);
	}
}

/* Reads "none [integrity] confidentiality", in which brackets mark the mode in force. */
static void check_lockdown(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	if (k->lockdown_err == -ENOENT && !k->lsm_err) {
		rg_find(f, RG_OK, RG_F_LOCKDOWN, NULL, "this kernel has no lockdown");
	} else if (k->lockdown_err) {
		rg_find(f, RG_UNKNOWN, RG_F_LOCKDOWN, LOCKDOWN, "cannot be read: %s",
			rg_strerror(k->lockdown_err));
		rg_remedy(f, "%s", securityfs_remedy);
	} else if (strstr(k->lockdown, "[confidentiality]")) {
		rg_find(f, RG_PROBLEM, RG_F_LOCKDOWN, LOCKDOWN,
			"confidentiality: BPF programs cannot read what they have to");
		rg_remedy(f, "boot with lockdown=integrity, or without lockdown=");
		rg_cannot(f);
	} else {
		rg_find(f, RG_OK, RG_F_LOCKDOWN, LOCKDOWN, "%s", k->lockdown);
	}
}

/* Returns 1, 0, or -1: unknown. */
static int has_bpf_lsm(const struct rg_kernel_facts *k)
{
	return k->lsm_err ? -1 : rg_lsm_list_has_bpf(k->lsm);
}

static void check_lsm(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	switch (has_bpf_lsm(k)) {
	case 1:
		rg_find(f, RG_OK, RG_F_BPF_LSM, LSM, "%s", k->lsm);
		return;
	case 0:
		rg_find(f, RG_NOTE, RG_F_BPF_LSM, LSM,
			"%s: no bpf; the rung fmod_ret is used, if this kernel has it and does not "
			"preempt its own threads",
			k->lsm);
		rg_remedy(f,
			  "to have the rung lsm, add bpf to lsm= on the kernel command line: "
			  "lsm=%s,bpf",
			  k->lsm);
		return;
	default:
		rg_find(f, RG_UNKNOWN, RG_F_BPF_LSM, LSM, "cannot be read: %s",
			rg_strerror(k->lsm_err));
		rg_remedy(f, "%s", securityfs_remedy);
	}
}

/* ---- rungs ---- */

/* Says whether calls could pass this rung unseen: 1, 0, or -1: unknown. */
static int is_passed(const struct rg_kernel_facts *k, enum rg_rung rung)
{
	return rung == RG_RUNG_LSM && k->probe.lsm_always ? 0 : k->preempt.does;
}

/* Says whether arming would succeed with this rung, as far as can be read. */
static bool serves(const struct rg_kernel_facts *k, enum rg_rung rung)
{
	if (!(k->probe.doors[rung] & 1u << RG_DOOR_LOCK) || k->load[rung] < 0)
		return false;
	return rung != RG_RUNG_LSM || has_bpf_lsm(k) != 0;
}

static const char *why_not(const struct rg_kernel_facts *k, enum rg_rung rung, char *buf,
			   size_t size)
{
	if (!(k->probe.doors[rung] & 1u << RG_DOOR_LOCK))
		return "this kernel has not its hook";
	if (k->load[rung] < 0)
		return rg_strerror(k->load[rung]);
	if (rung == RG_RUNG_LSM && !has_bpf_lsm(k))
		return "bpf is not in the list of LSMs";
	return rg_preempt_why(&k->preempt, buf, size);
}

/* Writes "lock, open". */
static const char *doors_text(__u32 doors, char *buf, size_t size)
{
	struct rg_line l = rg_line_in(buf, size - 1);

	for (__u32 door = 0; door < RG_NR_DOORS; door++) {
		if (!(doors & 1u << door))
			continue;
		if (l.at != l.from)
			rg_line_text(&l, ", ");
		rg_line_text(&l, rg_door_name(door));
	}
	buf[rg_line_length(&l)] = '\0';
	return buf;
}

/* Reports that no rung works. */
static void check_no_rung(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	char lsm[160], fmod_ret[160];
	bool unknown = false, passed = false;

	for (int rung = 0; rung < RG_NR_RUNGS; rung++) {
		passed |= serves(k, rung);
		unknown |= serves(k, rung) && is_passed(k, rung) < 0;
	}
	rg_find(f, unknown ? RG_UNKNOWN : RG_PROBLEM, RG_F_RUNG, NULL,
		"local applications can be kept out neither by lsm (%s) nor by fmod_ret (%s)",
		why_not(k, RG_RUNG_LSM, lsm, sizeof(lsm)),
		why_not(k, RG_RUNG_FMOD_RET, fmod_ret, sizeof(fmod_ret)));
	if (is_confined(k))
		rg_remedy(f, "%s", confined_remedy);
	else if (unknown)
		rg_remedy(f, "check as root, where debugfs can be read; %s",
			  rg_preempt_remedy(&k->preempt, k->probe.lsm_always));
	else if (passed)
		rg_remedy(f, "%s", rg_preempt_remedy(&k->preempt, k->probe.lsm_always));
	else
		rg_remedy(f, "boot a kernel built with CONFIG_BPF_LSM=y, with bpf in lsm=; "
			     "RG_DEBUG=1 shows the verifier's words");
	if (!unknown)
		rg_cannot(f);
}

static void check_rung(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	const __u32 all = (1u << RG_NR_DOORS) - 1;
	char text[128];
	int rung = 0;

	if (k->probe.btf_err)
		return; /* check_btf() reports it */
	if (k->probe_err) {
		rg_find(f, RG_UNKNOWN, RG_F_RUNG, NULL, "our own programs cannot be opened: %s",
			rg_strerror(k->probe_err));
		return;
	}
	while (rung < RG_NR_RUNGS && (!serves(k, rung) || is_passed(k, rung)))
		rung++;
	if (rung == RG_NR_RUNGS) {
		check_no_rung(k, f);
		return;
	}
	if (k->probe.doors[rung] == all) {
		rg_find(f, RG_OK, RG_F_RUNG, rg_rung_name(rung), "hooks for %s%s",
			doors_text(all, text, sizeof(text)),
			k->load[rung] == 0 ? "; the kernel takes the programs"
					   : "; not tried: that needs root");
		return;
	}
	rg_find(f, RG_WARNING, RG_F_RUNG, rg_rung_name(rung), "this kernel has no hook for %s",
		doors_text(all & ~k->probe.doors[rung], text, sizeof(text)));
	rg_remedy(f, "use --scope locks");
}

static void check_continue(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	if (k->probe.btf_err || k->probe_err)
		return;
	if (k->probe.signal_task)
		rg_find(f, RG_OK, RG_F_RUNG, rg_continue_name(RG_CONTINUE_KERNEL),
			"held processes are resumed by the kernel if possible, otherwise by the "
			"daemon");
	else
		rg_find(f, RG_OK, RG_F_RUNG, rg_continue_name(RG_CONTINUE_USER),
			"held processes are resumed by the daemon: this kernel has no "
			"bpf_send_signal_task()");
}

static void check_hold(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	const char *stop = rg_hold_name(RG_HOLD_STOP), *sleep = rg_hold_name(RG_HOLD_SLEEP);

	if (k->module == 1 && k->module_types == 1) {
		rg_find(f, RG_OK, RG_F_RUNG, sleep,
			"a held thread sleeps in the kernel: module " RG_MODULE " is loaded");
	} else if (k->module < 0 || k->module_types < 0) {
		rg_find(f, RG_UNKNOWN, RG_F_RUNG, sleep,
			"whether the kernel module " RG_MODULE " is loaded cannot be seen: %s",
			rg_strerror(k->module < 0 ? k->module : k->module_types));
	} else if (k->module == 1) {
		rg_find(f, RG_WARNING, RG_F_RUNG, stop,
			"held processes are stopped: kernel module " RG_MODULE
			" is loaded, but has no types of this kernel");
		rg_remedy(f, "build it with `make module`, which makes them");
	} else {
		rg_find(f, RG_OK, RG_F_RUNG, stop,
			"held processes are stopped: kernel module " RG_MODULE " is not loaded");
	}
}

/* ---- the rest ---- */

static void check_bpffs(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	if (k->bpffs == 1) {
		rg_find(f, RG_OK, RG_F_BPFFS, RG_BPFFS, "is a BPF file system");
	} else if (k->bpffs < 0) {
		rg_find(f, RG_UNKNOWN, RG_F_BPFFS, RG_BPFFS, "cannot be looked at: %s",
			rg_strerror(k->bpffs));
	} else {
		rg_find(f, RG_PROBLEM, RG_F_BPFFS, RG_BPFFS, "is not a BPF file system");
		rg_remedy(f, "run `mount -t bpf bpf %s`", RG_BPFFS);
	}
}

static void check_module(enum rg_module_state state, const char *name, struct rg_findings *f)
{
	switch (state) {
	case RG_MODULE_LOADED:
		rg_find(f, RG_OK, RG_F_MODULES, name, "is loaded");
		return;
	case RG_MODULE_THERE:
		rg_find(f, RG_OK, RG_F_MODULES, name, "is not loaded; `enable` and `run` load it");
		return;
	case RG_MODULE_BLACKLISTED:
		rg_find(f, RG_PROBLEM, RG_F_MODULES, name,
			"is blacklisted (modprobe.d), and not "
			"loaded");
		rg_remedy(f, "take it off the blacklist");
		return;
	case RG_MODULE_MISSING:
		rg_find(f, RG_PROBLEM, RG_F_MODULES, name, "is not installed for this kernel");
		rg_remedy(f, "install this kernel's modules");
		return;
	default:
		rg_find(f, RG_UNKNOWN, RG_F_MODULES, name,
			"the index of this kernel's modules "
			"cannot be read");
		rg_remedy(f, "run `depmod`");
	}
}

/* Writes the names of some missing hooks, either those that arming needs or those of programs
 * that only observe. Returns their number. */
static unsigned int missing(const struct rg_kernel_facts *k, bool needed, char *buf, size_t size)
{
	struct rg_line l = rg_line_in(buf, size - 1);
	unsigned int n = 0;

	for (unsigned int i = 0; i < k->probe.n_missing; i++) {
		const struct rg_program *follower = k->probe.missing[i].follower;

		if (needed ? !follower || !follower->needed : follower != NULL)
			continue;
		if (k->probe.missing[i].is_symbol)
			continue;
		if (n++)
			rg_line_text(&l, " ");
		rg_line_text(&l, k->probe.missing[i].name);
	}
	buf[l.at - l.from] = '\0';
	return n;
}

/* Reports hooks that work but may miss an event. Returns false if there are none. */
static bool check_kprobes(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	__u32 kprobes = k->kprobes;
	bool any = false;

	for (unsigned int i = 0; i < k->probe.n_missing; i++) {
		const struct rg_missing_hook *m = &k->probe.missing[i];

		if (!m->is_symbol)
			continue;
		if (m->follower)
			kprobes |= 1u << m->follower->link;
		else
			rg_find(f, RG_NOTE, RG_F_HOOKS, m->name,
				"`trace` goes by a kprobe here, since this kernel's types have not "
				"got it; it may miss a call");
		any = true;
	}
	rg_for_each_program (each, RG_FOLLOWER) {
		if (kprobes & 1u << each->link)
			rg_find(f, RG_NOTE, RG_F_HOOKS, each->name,
				"its function is followed by a kprobe, since this kernel refuses "
				"better; it may miss a call, and `status` counts those that are "
				"known");
	}
	return any || kprobes;
}

/* Reports the functions that a gate lacks here and what that costs. Returns false if it lacks
 * none. */
static bool check_followers(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	__u32 left_out = k->left_out;
	bool any = false;

	for (unsigned int i = 0; i < k->probe.n_missing; i++) {
		const struct rg_program *follower = k->probe.missing[i].follower;

		if (!follower || follower->needed || k->probe.missing[i].is_symbol)
			continue;
		left_out &= ~(1u << follower->link);
		rg_find(f, RG_WARNING, RG_F_HOOKS, k->probe.missing[i].name,
			"is not in this kernel, so program %s is left out; without it %s",
			follower->name, follower->without);
		rg_remedy(f, "use a kernel that this version knows: docs/kernel.md");
		any = true;
	}
	rg_for_each_program (each, RG_FOLLOWER) {
		if (!(left_out & 1u << each->link))
			continue;
		rg_find(f, RG_WARNING, RG_F_HOOKS, each->name,
			"is not attached: `enable` left it out, as the kernel did not take it; "
			"without it %s",
			each->without);
		rg_remedy(f, "use a kernel that this version knows: docs/kernel.md; or run "
			     "`disable`, and see what `enable` says");
		any = true;
	}
	return any;
}

static void check_hooks(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	char names[RG_MAX_MISSING * (RG_HOOK_NAME + 1) + 1];
	const char *absent = k->probe.absent;
	bool any;

	if (k->probe.btf_err || k->probe_err)
		return;
	if (k->probe.n_missing && absent) {
		rg_find(f, RG_UNKNOWN, RG_F_HOOKS, absent,
			"this module's BTF is not there, so nobody can tell whether it has the "
			"functions that are followed");
		rg_remedy(f, "run `modprobe -a nfs nfsv4 nfsd` and check again; `enable` loads "
			     "them by "
			     "itself");
		return;
	}
	if (missing(k, true, names, sizeof(names))) {
		rg_find(f, RG_PROBLEM, RG_F_HOOKS, NULL,
			"functions that the gate has to follow are not in this kernel: %s", names);
		rg_remedy(f, "use a kernel that this version knows: docs/kernel.md");
		rg_cannot(f);
		return;
	}
	any = check_followers(k, f);
	if (check_kprobes(k, f) || any)
		return;
	if (missing(k, false, names, sizeof(names))) {
		rg_find(f, RG_NOTE, RG_F_HOOKS, NULL,
			"the gate has all it needs; `trace` will not see what goes by: %s", names);
		return;
	}
	rg_find(f, RG_OK, RG_F_HOOKS, NULL, "every function that is followed is in this kernel");
}

/* Every kernel has the guard by tracing programs. */
static void check_preemption(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	char why[160];

	if (!k->preempt.does) {
		rg_find(f, RG_OK, RG_F_PREEMPTION, NULL,
			"this kernel does not preempt its own threads");
		return;
	}
	rg_preempt_why(&k->preempt, why, sizeof(why));
	if (k->preempt.does < 0) {
		rg_find(f, RG_UNKNOWN, RG_F_PREEMPTION, NULL, "%s", why);
		rg_remedy(f, "check as root, where debugfs can be read");
		return;
	}
	rg_find(f, RG_NOTE, RG_F_PREEMPTION, NULL,
		"%s: under load it skips programs that watch, so %s; `status` counts them "
		"(skipped)",
		why,
		k->probe.returns_have_room
			? "the ledger misses calls, and `trace`, which goes by kprobes, a few"
			: "the ledger and `trace` miss calls");
	if (strstr(k->preempt.modes, "voluntary"))
		rg_remedy(f, "boot with preempt=voluntary");
}

static void check_symbols(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	static const char file[] = "/proc/sys/kernel/kptr_restrict";

	if (k->kptr_err) {
		rg_find(f, RG_UNKNOWN, RG_F_SYMBOLS, file, "cannot be read: %s",
			rg_strerror(k->kptr_err));
	} else if (k->kptr_restrict >= 2) {
		rg_find(f, RG_PROBLEM, RG_F_SYMBOLS, file,
			"%lld: hides the kernel's symbols from root too, and `enable` needs them",
			k->kptr_restrict);
		rg_remedy(f, "run `sysctl kernel.kptr_restrict=1`, and set it in sysctl.d");
	} else {
		rg_find(f, RG_OK, RG_F_SYMBOLS, file, "%lld", k->kptr_restrict);
	}
}

static void check_namespaces(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	if (k->pid_init == 1 && k->time_init == 1) {
		rg_find(f, RG_OK, RG_F_NAMESPACES, NULL, "the initial pid and time namespaces");
	} else if (k->pid_init < 0 || k->time_init < 0) {
		rg_find(f, RG_UNKNOWN, RG_F_NAMESPACES, NULL,
			"/proc/self/ns cannot be looked at: %s",
			rg_strerror(k->pid_init < 0 ? k->pid_init : k->time_init));
	} else {
		rg_find(f, RG_PROBLEM, RG_F_NAMESPACES, NULL,
			"not the initial %s namespace: held processes could not be found "
			"and continued, so `enable` and `run` refuse",
			k->pid_init == 1 ? "time" : "pid");
		rg_remedy(f, "run reexport-guard on the host, for instance with `nsenter -t 1 -a`");
	}
}

void rg_kernel_check(const struct rg_kernel_facts *k, struct rg_findings *f)
{
	check_bpf(k, f);
	check_btf(k, f);
	check_lockdown(k, f);
	check_lsm(k, f);
	check_rung(k, f);
	check_continue(k, f);
	check_hold(k, f);
	check_bpffs(k, f);
	check_module(k->nfs, "nfs", f);
	check_module(k->nfsv4, "nfsv4", f);
	check_module(k->nfsd, "nfsd", f);
	check_hooks(k, f);
	check_preemption(k, f);
	check_symbols(k, f);
	check_namespaces(k, f);
}
