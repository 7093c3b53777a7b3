// SPDX-License-Identifier: GPL-2.0-only
/* What `check` makes of a kernel. */
#include <errno.h>
#include <sys/stat.h>

#include <bpf/btf.h>

#include "unit_check.h"

#include "check/kernel.h"

#define ALL ((1u << RG_NR_DOORS) - 1)

/* One on which everything is as it should be. */
static struct rg_kernel_facts good(void)
{
	struct rg_kernel_facts k = {
		.probe = {.doors = {ALL, ALL}},
		.lsm = "lockdown,capability,yama,bpf",
		.lockdown = "[none] integrity confidentiality",
		.bpffs = 1,
		.kptr_restrict = 1,
		.pid_init = 1,
		.time_init = 1,
		.user_init = 1,
	};

	return k;
}

static void missing(struct rg_kernel_facts *k, const char *name, const char *program)
{
	struct rg_missing_hook *m = &k->probe.missing[k->probe.n_missing++];

	snprintf(m->name, sizeof(m->name), "%s", name);
	m->follower = program ? rg_follower_named(program) : NULL;
}

/* What must be found of it, and what the exit status is. */
static void judge(const struct rg_kernel_facts *k, enum rg_finding_id id, enum rg_severity severity,
		  int status)
{
	struct rg_findings f = {};

	rg_kernel_check(k, &f);
	expect(&f, id, severity);
	if (rg_findings_status(&f) != status)
		fail_msg("%s: status %d", rg_finding_name(id), rg_findings_status(&f));
	rg_findings_free(&f);
}

/* Which hook the first finding about hooks is of. */
static void expect_hook(const struct rg_kernel_facts *k, const char *object)
{
	struct rg_findings f = {};
	size_t i = 0;

	rg_kernel_check(k, &f);
	while (i < f.n && f.at[i].id != RG_F_HOOKS)
		i++;
	unit_need(i < f.n);
	if (object)
		assert_string_equal(f.at[i].object, object);
	else
		assert_null(f.at[i].object);
	rg_findings_free(&f);
}

static void expect_said(const struct rg_kernel_facts *k, enum rg_finding_id id, const char *what)
{
	struct rg_findings f = {};
	const struct rg_finding *one;

	rg_kernel_check(k, &f);
	one = found(&f, id);
	unit_need(one);
	if (!strstr(one->evidence, what))
		fail_msg("%s: %s", rg_finding_name(id), one->evidence);
	rg_findings_free(&f);
}

static void test_good(void **unused)
{
	struct rg_kernel_facts k = good();
	struct rg_findings f = {};

	(void)unused;
	rg_kernel_check(&k, &f);
	for (size_t i = 0; i < f.n; i++)
		if (f.at[i].severity != RG_OK)
			fail_msg("%s: %s", rg_finding_name(f.at[i].id), f.at[i].evidence);
	assert_int_equal(rg_findings_status(&f), RG_DONE);
	rg_findings_free(&f);
}

static void test_cannot(void **unused)
{
	struct rg_kernel_facts k = good();

	(void)unused;
	k.bpf_err = -ENOSYS;
	judge(&k, RG_F_BPF, RG_PROBLEM, RG_CANNOT);
	k.bpf_err = -EPERM; /* to nobody */
	judge(&k, RG_F_BPF, RG_OK, RG_DONE);

	k.probe.btf_err = -ENOENT;
	judge(&k, RG_F_BTF, RG_PROBLEM, RG_CANNOT);
	judge(&k, RG_F_RUNG, RG_OK, RG_CANNOT); /* nothing is said of it */
	k.probe.btf_err = -EACCES;
	judge(&k, RG_F_BTF, RG_UNKNOWN, RG_DONE);

	k = good();
	strcpy(k.lockdown, "none integrity [confidentiality]");
	judge(&k, RG_F_LOCKDOWN, RG_PROBLEM, RG_CANNOT);
	strcpy(k.lockdown, "none [integrity] confidentiality");
	judge(&k, RG_F_LOCKDOWN, RG_OK, RG_DONE);
	k.lockdown_err = -ENOENT; /* securityfs is there, since lsm can be read */
	judge(&k, RG_F_LOCKDOWN, RG_OK, RG_DONE);
	k.lsm_err = -ENOENT;
	judge(&k, RG_F_LOCKDOWN, RG_UNKNOWN, RG_DONE);
	k.lockdown_err = -EACCES;
	judge(&k, RG_F_LOCKDOWN, RG_UNKNOWN, RG_DONE);
}

static void test_rungs(void **unused)
{
	struct rg_kernel_facts k = good();

	(void)unused;
	strcpy(k.lsm, "capability,yama");
	judge(&k, RG_F_BPF_LSM, RG_NOTE, RG_DONE);
	judge(&k, RG_F_RUNG, RG_OK, RG_DONE); /* fmod_ret */
	k.probe.doors[RG_RUNG_FMOD_RET] = 0;
	judge(&k, RG_F_RUNG, RG_PROBLEM, RG_CANNOT);
	k.lsm_err = -ENOENT; /* perhaps it is there: arming would try */
	judge(&k, RG_F_BPF_LSM, RG_UNKNOWN, RG_DONE);
	judge(&k, RG_F_RUNG, RG_OK, RG_DONE);

	k = good();
	k.load[RG_RUNG_LSM] = -EINVAL;
	judge(&k, RG_F_RUNG, RG_OK, RG_DONE);
	k.load[RG_RUNG_FMOD_RET] = -EACCES;
	judge(&k, RG_F_RUNG, RG_PROBLEM, RG_CANNOT);
	k.load[RG_RUNG_LSM] = k.load[RG_RUNG_FMOD_RET] = 1; /* not tried */
	judge(&k, RG_F_RUNG, RG_OK, RG_DONE);

	/* Calls pass fmod_ret there, and lsm only on older kernels. */
	k = good();
	k.preempt = rg_preempt_of("none voluntary (full)", "");
	k.probe.lsm_always = true;
	judge(&k, RG_F_RUNG, RG_OK, RG_DONE);
	judge(&k, RG_F_PREEMPTION, RG_NOTE, RG_DONE);
	expect_said(&k, RG_F_PREEMPTION, "so the ledger and `trace` miss calls;");
	k.probe.returns_have_room = true;
	expect_said(&k, RG_F_PREEMPTION, "so the ledger misses calls, and `trace`, which goes by");
	k.probe.lsm_always = false;
	judge(&k, RG_F_RUNG, RG_PROBLEM, RG_CANNOT);
	k.probe.lsm_always = true;
	strcpy(k.lsm, "capability,yama");
	judge(&k, RG_F_RUNG, RG_PROBLEM, RG_CANNOT);
	k.preempt = rg_preempt_of("none (voluntary) full", "");
	judge(&k, RG_F_RUNG, RG_OK, RG_DONE);
	k.preempt = rg_preempt_of("", "#1 SMP PREEMPT_DYNAMIC"); /* to nobody */
	judge(&k, RG_F_RUNG, RG_UNKNOWN, RG_DONE);
	judge(&k, RG_F_PREEMPTION, RG_UNKNOWN, RG_DONE);

	k = good();
	k.probe.doors[RG_RUNG_LSM] = 1u << RG_DOOR_LOCK;
	judge(&k, RG_F_RUNG, RG_WARNING, RG_DONE);
	k.probe_err = -ENOMEM;
	judge(&k, RG_F_RUNG, RG_UNKNOWN, RG_DONE);
}

/* By which rung a thread is held. */
static void expect_hold(const struct rg_kernel_facts *k, const char *rung,
			enum rg_severity severity)
{
	struct rg_findings f = {};
	size_t i = 0;

	rg_kernel_check(k, &f);
	while (i < f.n && (f.at[i].id != RG_F_RUNG || strcmp(f.at[i].object, rung) != 0))
		i++;
	unit_need(i < f.n);
	assert_int_equal(f.at[i].severity, severity);
	rg_findings_free(&f);
}

static void test_hold(void **unused)
{
	struct rg_kernel_facts k = good();

	(void)unused;
	expect_hold(&k, "stop", RG_OK);
	k.module = 1;
	expect_hold(&k, "stop", RG_WARNING);
	k.module_types = 1;
	expect_hold(&k, "sleep", RG_OK);
	k.module_types = -EACCES;
	expect_hold(&k, "sleep", RG_UNKNOWN);
	k.module = -EACCES;
	expect_hold(&k, "sleep", RG_UNKNOWN);
}

/* Root that may not load programs is told of its container, and of no other kernel. */
static void test_confined(void **unused)
{
	struct rg_findings f = {};
	struct rg_kernel_facts k;

	(void)unused;
	k = good();
	k.load[RG_RUNG_LSM] = k.load[RG_RUNG_FMOD_RET] = -EPERM;
	judge(&k, RG_F_BPF, RG_OK, RG_CANNOT); /* of an ordinary user: not said */
	k.root = true;
	judge(&k, RG_F_BPF, RG_PROBLEM, RG_CANNOT);
	expect_said(&k, RG_F_BPF, "lacks capabilities");
	rg_kernel_check(&k, &f);
	assert_non_null(strstr(found(&f, RG_F_BPF)->remedy, "nsenter -t 1"));
	assert_non_null(strstr(found(&f, RG_F_RUNG)->remedy, "nsenter -t 1"));
	assert_null(strstr(found(&f, RG_F_RUNG)->remedy, "CONFIG_BPF_LSM"));
	rg_findings_free(&f);
	k.seccomp = 1;
	expect_said(&k, RG_F_BPF, "seccomp");
	k.user_init = 0;
	k.seccomp = 0;
	expect_said(&k, RG_F_BPF, "user namespace");
	/* bpf(2) itself is refused. */
	k = good();
	k.bpf_err = -EPERM;
	judge(&k, RG_F_BPF, RG_OK, RG_DONE);
	k.root = true;
	judge(&k, RG_F_BPF, RG_PROBLEM, RG_CANNOT);
	/* Another error is no container's, and lockdown has a finding of its own. */
	k = good();
	k.root = true;
	k.load[RG_RUNG_LSM] = k.load[RG_RUNG_FMOD_RET] = -EINVAL;
	judge(&k, RG_F_BPF, RG_OK, RG_CANNOT);
	k.load[RG_RUNG_LSM] = -EPERM;
	snprintf(k.lockdown, sizeof(k.lockdown), "none integrity [confidentiality]");
	judge(&k, RG_F_BPF, RG_OK, RG_CANNOT);
}

static void test_rest(void **unused)
{
	struct rg_kernel_facts k = good();
	struct rg_findings f = {};
	unsigned int warnings = 0;

	(void)unused;
	k.bpffs = 0;
	judge(&k, RG_F_BPFFS, RG_PROBLEM, RG_FAILED);
	k.bpffs = -EACCES;
	judge(&k, RG_F_BPFFS, RG_UNKNOWN, RG_DONE);

	k = good();
	k.nfs = RG_MODULE_THERE;
	judge(&k, RG_F_MODULES, RG_OK, RG_DONE);
	k.nfs = RG_MODULE_MISSING;
	judge(&k, RG_F_MODULES, RG_PROBLEM, RG_FAILED);
	k.nfs = RG_MODULE_BLACKLISTED;
	judge(&k, RG_F_MODULES, RG_PROBLEM, RG_FAILED);
	k.nfs = RG_MODULE_UNKNOWN;
	judge(&k, RG_F_MODULES, RG_UNKNOWN, RG_DONE);

	k = good();
	k.probe.absent = "nfsv4"; /* and nothing is missing: it is built in */
	judge(&k, RG_F_HOOKS, RG_OK, RG_DONE);
	k.probe.absent = NULL;
	missing(&k, "btf_trace_something", NULL);
	judge(&k, RG_F_HOOKS, RG_NOTE, RG_DONE);
	missing(&k, "nfsd4_lock", "lock_done");
	judge(&k, RG_F_HOOKS, RG_WARNING, RG_DONE);
	missing(&k, "locks_start_grace", "grace_start");
	judge(&k, RG_F_HOOKS, RG_PROBLEM, RG_CANNOT);
	k.probe.absent = "nfsv4"; /* it may be in there */
	judge(&k, RG_F_HOOKS, RG_UNKNOWN, RG_DONE);
	/* As many as there may be, with the longest names. */
	k.probe.absent = NULL;
	while (k.probe.n_missing < RG_MAX_MISSING)
		missing(&k, "a_function_with_a_name_that_is_as_long_as_names_may_be_in_here",
			"grace_start");
	judge(&k, RG_F_HOOKS, RG_PROBLEM, RG_CANNOT);

	/* There, but not taken at `enable`: said, and said once. */
	k = good();
	k.left_out = 1u << RG_LINK_LOCK_DONE;
	judge(&k, RG_F_HOOKS, RG_WARNING, RG_DONE);
	missing(&k, "nfsd4_lock", "lock_done");
	rg_kernel_check(&k, &f);
	for (size_t i = 0; i < f.n; i++)
		warnings += f.at[i].id == RG_F_HOOKS;
	assert_int_equal(warnings, 1);
	rg_findings_free(&f);

	/* A kprobe stands in, for one that is needed too, or does so already. */
	k = good();
	missing(&k, "locks_start_grace", "grace_start");
	k.probe.missing[0].is_symbol = true;
	judge(&k, RG_F_HOOKS, RG_NOTE, RG_DONE);
	missing(&k, "nfsd4_lock", "lock_done");
	judge(&k, RG_F_HOOKS, RG_WARNING, RG_DONE);
	k = good();
	k.kprobes = 1u << RG_LINK_LOCK_DONE;
	judge(&k, RG_F_HOOKS, RG_NOTE, RG_DONE);
	/* For one that only watches. */
	k = good();
	missing(&k, "nfs_lock", NULL);
	judge(&k, RG_F_HOOKS, RG_NOTE, RG_DONE);
	expect_hook(&k, NULL); /* in its text: no one's */
	k.probe.missing[0].is_symbol = true;
	judge(&k, RG_F_HOOKS, RG_NOTE, RG_DONE);
	expect_hook(&k, "nfs_lock");

	k = good();
	k.kptr_restrict = 2;
	judge(&k, RG_F_SYMBOLS, RG_PROBLEM, RG_FAILED);
	k.kptr_err = -EACCES;
	judge(&k, RG_F_SYMBOLS, RG_UNKNOWN, RG_DONE);

	k = good();
	k.pid_init = 0;
	judge(&k, RG_F_NAMESPACES, RG_PROBLEM, RG_FAILED);
	k = good();
	k.time_init = 0;
	judge(&k, RG_F_NAMESPACES, RG_PROBLEM, RG_FAILED);
	k.time_init = -EACCES;
	judge(&k, RG_F_NAMESPACES, RG_UNKNOWN, RG_DONE);
}

/* ---- the probe ---- */

static char dir[64];

static void put(const char *name, const void *bytes, size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	unit_need(f);
	unit_need(fwrite(bytes, 1, n, f) == n);
	unit_need(fclose(f) == 0);
}

static int setup(void **unused)
{
	(void)unused;
	snprintf(dir, sizeof(dir), "/tmp/rg-unit-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **unused)
{
	char path[128];

	(void)unused;
	snprintf(path, sizeof(path), "%s/vmlinux", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/nfsd", dir);
	unlink(path);
	return rmdir(dir);
}

/* A kernel with these functions alone. */
static void put_btf(const char *const *functions)
{
	struct btf *btf = btf__new_empty();
	const void *bytes;
	int proto;
	__u32 n;

	unit_need(btf);
	proto = btf__add_func_proto(btf, 0);
	unit_need(proto > 0);
	for (; *functions; functions++)
		unit_need(btf__add_func(btf, *functions, BTF_FUNC_GLOBAL, proto) > 0);
	bytes = btf__raw_data(btf, &n);
	unit_need(bytes);
	put("vmlinux", bytes, n);
	btf__free(btf);
}

static bool is_missing(const struct rg_probe *p, const char *name)
{
	for (unsigned int i = 0; i < p->n_missing; i++)
		if (strcmp(p->missing[i].name, name) == 0)
			return true;
	return false;
}

static void test_probe(void **unused)
{
	static const char *const some[] = {"bpf_lsm_file_lock", "security_file_lock",
					   "security_file_open", "nfsd4_lock", NULL};
	struct rg_probe p;

	(void)unused;
	assert_int_equal(rg_probe_hooks(dir, &p), 0);
	assert_int_equal(p.btf_err, -ENOENT);

	put_btf(some);
	assert_int_equal(rg_probe_hooks(dir, &p), 0);
	assert_int_equal(p.btf_err, 0);
	assert_int_equal(p.doors[RG_RUNG_LSM], 1u << RG_DOOR_LOCK);
	assert_int_equal(p.doors[RG_RUNG_FMOD_RET], 1u << RG_DOOR_LOCK | 1u << RG_DOOR_OPEN);
	assert_false(is_missing(&p, "nfsd4_lock"));
	assert_true(is_missing(&p, "nfsd4_locku"));
	assert_true(is_missing(&p, "locks_start_grace"));
	assert_false(is_missing(&p, "bpf_lsm_file_open")); /* a door's */
	assert_string_equal(p.absent, "nfsd");
}

/* NLM LOCK has had two names: either will do, and the newer is nothing by itself. */
static void test_probe_renamed(void **unused)
{
	static const char *const none[] = {"nfsd4_lock", NULL},
				 *const older[] = {"__nlm4svc_proc_lock", NULL},
				 *const newer[] = {"nlm4svc_do_lock", NULL};
	struct rg_probe p;

	(void)unused;
	put_btf(none);
	assert_int_equal(rg_probe_hooks(dir, &p), 0);
	assert_true(is_missing(&p, "__nlm4svc_proc_lock"));
	assert_false(is_missing(&p, "nlm4svc_do_lock"));
	put_btf(older);
	assert_int_equal(rg_probe_hooks(dir, &p), 0);
	assert_false(is_missing(&p, "__nlm4svc_proc_lock"));
	put_btf(newer);
	assert_int_equal(rg_probe_hooks(dir, &p), 0);
	assert_false(is_missing(&p, "__nlm4svc_proc_lock"));
}

static void test_probe_damaged(void **unused)
{
	static const char *const some[] = {"bpf_lsm_file_lock", NULL};
	char bytes[4096], path[128];
	__u64 seed = 7;
	size_t n;
	FILE *f;

	(void)unused;
	for (int i = 0; i < 300; i++) {
		struct rg_probe p;

		put_btf(some);
		snprintf(path, sizeof(path), "%s/vmlinux", dir);
		f = fopen(path, "re");
		unit_need(f);
		n = fread(bytes, 1, sizeof(bytes), f);
		fclose(f);
		unit_need(n);
		for (int j = 0; j < 3; j++)
			bytes[unit_below(&seed, n)] = (char)unit_below(&seed, 256);
		put("nfsd", bytes, unit_below(&seed, n + 1));
		if (unit_below(&seed, 2))
			put("vmlinux", bytes, unit_below(&seed, n + 1));
		rg_probe_hooks(dir, &p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_cannot),
		cmocka_unit_test(test_rungs),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_rest),
		cmocka_unit_test_setup_teardown(test_probe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_probe_renamed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_probe_damaged, setup, teardown),
	};

	return cmocka_run_group_tests_name("check_kernel", tests, NULL, NULL);
}
