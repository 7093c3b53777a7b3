// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arming: the order of its steps, and what becomes of a failure at each of them. The steps
 * themselves are made up here (the Makefile wraps what is __wrap_ below).
 */
#include "unit.h"

#include <errno.h>

#include "base/log.h"
#include "load/gate.h"
#include "load/load.h"
#include "load/loader.h"
#include "pins/doors.h"
#include "pins/held.h"
#include "pins/other.h"

/* The host, and what happened to it. */
static struct {
	char steps[1024];    /* names, each followed by a space */
	const char *fail_at; /* a step; NULL: none fails */
	int fail_with;
	int found;	     /* by rg_pins_open(), the first time; nothing is there afterwards */
	bool lsm;	     /* bpf is in the list of LSMs */
	bool held;	     /* somebody is held */
	struct rg_meta meta; /* of the set that is there */
	__u32 doors;	     /* attached */
	struct rg_live live;
	bool alive_at_doors; /* the heartbeat was set when the doors were attached */
	bool armed_at_proof; /* the set was marked as armed when it was proven */
	int rungs[4];	     /* tried, in turn */
	unsigned int n_rungs;
} host;

static int step(const char *name)
{
	size_t n = strlen(host.steps);

	snprintf(host.steps + n, sizeof(host.steps) - n, "%s ", name);
	return host.fail_at && strcmp(host.fail_at, name) == 0 ? host.fail_with : RG_DONE;
}

/* ---- the steps ---- */

int __wrap_rg_mounts_read(const char *path, struct rg_mounts *mounts)
{
	(void)path;
	memset(mounts, 0, sizeof(*mounts));
	return 0;
}

int __wrap_rg_rules_make(const struct rg_config *config, const struct rg_mounts *mounts,
			 struct rg_rules *rules)
{
	(void)config;
	(void)mounts;
	memset(rules, 0, sizeof(*rules));
	return step("rules");
}

int __wrap_rg_host_prepare(void)
{
	return step("host");
}

int __wrap_rg_host_has_bpf_lsm(void)
{
	return host.lsm;
}

int __wrap_rg_host_write_delegations(void)
{
	return 0;
}

int __wrap_rg_pins_lock(struct rg_pins *p, enum rg_lock_mode mode, bool create)
{
	(void)p;
	assert_int_equal(mode, RG_LOCK_EXCLUSIVE);
	assert_true(create);
	return 0;
}

int __wrap_rg_pins_open(struct rg_pins *p)
{
	int found = host.found;

	host.found = -ENOENT;
	p->live = &host.live;
	return found;
}

int __wrap_rg_pins_say(struct rg_pins *p, int err)
{
	(void)p;
	(void)err;
	step("say");
	return RG_FAILED;
}

void __wrap_rg_pins_close(struct rg_pins *p)
{
	p->live = NULL;
}

const char *__wrap_rg_pins_missing(const struct rg_pins *p)
{
	(void)p;
	return NULL;
}

int __wrap_rg_pins_meta(const struct rg_pins *p, struct rg_meta *meta)
{
	(void)p;
	*meta = host.meta;
	return 0;
}

int __wrap_rg_pins_set_meta(const struct rg_pins *p, const struct rg_meta *meta)
{
	(void)p;
	host.meta = *meta;
	errno = EIO;
	return step(meta->armed ? "armed" : "meta") ? -1 : 0;
}

void __wrap_rg_replace_clear(struct rg_pins *p)
{
	(void)p;
}

int __wrap_rg_replace_begin(struct rg_pins *p)
{
	rg_pins_init(p);
	p->live = &host.live;
	return step("beside");
}

int __wrap_rg_replace_carry(const struct rg_pins *old, const struct rg_pins *p)
{
	(void)old;
	(void)p;
	return step("carry");
}

int __wrap_rg_replace_end(struct rg_pins *old, struct rg_pins *p)
{
	(void)old;
	(void)p;
	return step("exchange");
}

void __wrap_rg_replace_cancel(void)
{
	step("cancel");
}

int __wrap_rg_other_open(struct rg_pins *p, const struct btf *ours)
{
	(void)ours;
	p->live = &host.live;
	return step("read-old") ? -EPROTO : 0;
}

int __wrap_rg_exempt_follow(const struct rg_pins *p, const struct rg_mounts *mounts, bool now)
{
	(void)p;
	(void)mounts;
	(void)now;
	return 0;
}

int __wrap_rg_answers_prepare(__u32 request, enum rg_module *state, bool *ours)
{
	(void)request;
	*state = RG_MODULE_OFF;
	*ours = false;
	return step("module");
}

int __wrap_rg_load(struct rg_pins *p, const struct rg_load_request *request,
		   struct rg_loaded *loaded)
{
	memset(loaded, 0, sizeof(*loaded));
	p->live = &host.live;
	unit_need(host.n_rungs < UNIT_COUNT(host.rungs));
	host.rungs[host.n_rungs++] = (int)request->rung;
	return step("load");
}

int __wrap_rg_attach_followers(struct rg_loaded *loaded, __u32 links)
{
	(void)loaded;
	assert_int_equal(links, ~0u);
	return step("followers");
}

int __wrap_rg_load_freeze(const struct rg_pins *p)
{
	(void)p;
	return step("freeze");
}

int __wrap_rg_attach_answers(struct rg_loaded *loaded, const struct rg_load_request *request)
{
	(void)loaded;
	(void)request;
	return step("answers");
}

void __wrap_rg_load_traces(const struct rg_loaded *set)
{
	(void)set;
	step("traces");
}

void __wrap_rg_unload(struct rg_loaded *loaded)
{
	(void)loaded;
}

int __wrap_rg_sleep_begin(const struct rg_pins *p, __u32 best, bool must)
{
	(void)p;
	(void)best;
	(void)must;
	return step("sleep");
}

int __wrap_rg_modules_follow(const struct rg_pins *p)
{
	(void)p;
	return step("nfsd");
}

int __wrap_rg_gate_choose_slot(const struct rg_pins *p, struct rg_armed *armed)
{
	(void)p;
	armed->slot = 1;
	armed->netns = 7;
	return step("slot");
}

int __wrap_rg_gate_arm(const struct rg_pins *p, struct rg_plan *plan, struct rg_armed *armed)
{
	(void)p;
	(void)plan;
	(void)armed;
	return step("gate");
}

int __wrap_rg_gate_doors(const struct rg_pins *p, const struct rg_armed *armed,
			 const struct rg_policy *policy, __u32 *doors)
{
	(void)p;
	(void)armed;
	(void)policy;
	*doors = 1u << RG_DOOR_LOCK | 1u << RG_DOOR_OPEN;
	return RG_DONE;
}

void __wrap_rg_gate_ask_kept(const struct rg_pins *p, const struct rg_armed *armed)
{
	(void)p;
	(void)armed;
	step("kept");
}

int __wrap_rg_prove_doors(const struct rg_pins *p, __u32 doors, __u32 action, __u32 rung,
			  __u64 *took_ns)
{
	(void)p;
	(void)action;
	(void)rung;
	*took_ns = 5;
	assert_int_equal(doors & ~host.doors, 0);
	host.armed_at_proof |= host.meta.armed;
	return step("proof");
}

__u32 __wrap_rg_doors_attached(void)
{
	return host.doors;
}

int __wrap_rg_doors_attach(const struct rg_pins *p, __u32 wanted)
{
	int err = step("doors");

	host.alive_at_doors = p->live->heartbeat_ns != 0;
	host.doors |= err ? 0 : wanted;
	return err;
}

void __wrap_rg_doors_detach(__u32 unwanted)
{
	host.doors &= ~unwanted;
	step("detach");
}

int __wrap_rg_doors_adjust(const struct rg_pins *p, __u32 *changed)
{
	(void)p;
	*changed = 0;
	return step("adjust");
}

bool __wrap_rg_held_any(const struct rg_pins *p)
{
	(void)p;
	return host.held;
}

int __wrap_rg_held_can_continue(const struct rg_pins *p)
{
	(void)p;
	return 0;
}

int __wrap_rg_held_continue(const struct rg_pins *p, bool all, struct rg_continued *done)
{
	(void)p;
	(void)done;
	assert_false(all);
	return step("continue");
}

int __wrap_rg_wrappers_continue(const struct rg_pins *p, struct rg_continued *done)
{
	(void)p;
	(void)done;
	return 0;
}

void __wrap_rg_protect(const struct rg_pins *p, bool wanted)
{
	(void)p;
	(void)wanted;
	step("protect");
}

void __wrap_rg_protect_again(const struct rg_pins *p)
{
	(void)p;
	step("protect");
}

void __wrap_rg_protect_cover(void)
{
	step("cover");
}

int __wrap_rg_take_away(struct rg_pins *p, unsigned int *continued)
{
	(void)p;
	*continued = 0;
	host.doors = 0;
	return step("take-away");
}

/* ---- what tests use ---- */

static struct rg_config config;
static struct rg_arm_request request;
static struct rg_armed armed;

static void begin(void)
{
	memset(&host, 0, sizeof(host));
	host.found = -ENOENT;
	host.lsm = true;
	memset(&config, 0, sizeof(config));
	request = (struct rg_arm_request){.config = &config,
					  .force_rung = -1,
					  .force_follow = -1,
					  .force_continue = -1,
					  .force_hold = -1};
}

static int arm(void)
{
	struct rg_pins p;
	struct unit_ear ear;
	int err;

	unit_listen(&ear);
	err = rg_arm(&request, &p, &armed);
	unit_heard(&ear);
	return err;
}

/* ---- a new set ---- */

#define FRESH                                                                                      \
	"rules host module load followers meta freeze sleep slot gate doors proof kept answers "   \
	"protect armed adjust "

static void test_fresh(void **unused)
{
	(void)unused;
	begin();
	assert_int_equal(arm(), RG_DONE);
	assert_string_equal(host.steps, FRESH "traces cover ");
	assert_int_equal(host.rungs[0], RG_RUNG_LSM);
	assert_false(host.armed_at_proof);
	assert_int_equal(host.meta.armed, 1);
	assert_int_equal(host.meta.canary_ns, 5);
	assert_false(host.alive_at_doors); /* no daemon asked for it */
	begin();
	request.force_left_out = RG_WITHOUT_TRACES;
	assert_int_equal(arm(), RG_DONE);
	assert_string_equal(host.steps, FRESH);
}

/* Otherwise the first callers would be denied. A daemon does not wait for the tracing programs: a
 * process of its own loads them, whose steps are not seen here. */
static void test_daemon_is_alive_before_the_doors(void **unused)
{
	(void)unused;
	begin();
	request.serve = true;
	request.force_left_out = RG_WITHOUT_TRACES;
	assert_int_equal(arm(), RG_DONE);
	assert_true(host.alive_at_doors);
}

/* Whatever fails, what was pinned is taken away, and nothing is left. */
static void test_failure_at_each_step(void **unused)
{
	static const char *const steps[] = {"module",  "load",	"followers", "meta",  "freeze",
					    "sleep",   "slot",	"gate",	     "doors", "proof",
					    "answers", "armed", "adjust"};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(steps); i++) {
		begin();
		host.fail_at = steps[i];
		host.fail_with = RG_FAILED;
		assert_int_equal(arm(), RG_FAILED);
		if (!strstr(host.steps, "take-away "))
			fail_msg("after %s: %s", steps[i], host.steps);
		assert_null(strstr(host.steps, "traces"));
		assert_int_equal(host.doors, 0);
		/* Another rung would not help. */
		assert_true(host.n_rungs <= 1);
	}
	begin();
	host.fail_at = "host";
	host.fail_with = RG_CANNOT;
	assert_int_equal(arm(), RG_CANNOT);
	assert_string_equal(host.steps, "rules host ");
}

/* ---- rungs ---- */

static void test_next_rung(void **unused)
{
	(void)unused;
	begin();
	host.fail_at = "proof";
	host.fail_with = RG_CANNOT;
	assert_int_equal(arm(), RG_CANNOT);
	assert_int_equal(host.n_rungs, 2);
	assert_int_equal(host.rungs[0], RG_RUNG_LSM);
	assert_int_equal(host.rungs[1], RG_RUNG_FMOD_RET);

	/* Without bpf among the LSMs the first one is not tried. */
	begin();
	host.lsm = false;
	assert_int_equal(arm(), RG_DONE);
	assert_int_equal(host.n_rungs, 1);
	assert_int_equal(host.rungs[0], RG_RUNG_FMOD_RET);

	begin();
	request.force_rung = RG_RUNG_LSM;
	host.fail_at = "proof";
	host.fail_with = RG_CANNOT;
	assert_int_equal(arm(), RG_CANNOT);
	assert_int_equal(host.n_rungs, 1);
}

/* ---- a set that is there ---- */

/* Its policy is changed once the doors that it needs are proven. */
static void test_again(void **unused)
{
	(void)unused;
	begin();
	host.found = 0;
	host.doors = 1u << RG_DOOR_LOCK;
	host.held = true;
	assert_int_equal(arm(), RG_DONE);
	assert_string_equal(host.steps, "rules host nfsd sleep slot doors proof gate kept protect "
					"continue adjust ");
	assert_int_equal(host.n_rungs, 0);
}

static void test_again_fails(void **unused)
{
	(void)unused;
	begin();
	host.found = 0;
	host.doors = 1u << RG_DOOR_LOCK;
	host.fail_at = "proof";
	host.fail_with = RG_CANNOT;
	assert_int_equal(arm(), RG_CANNOT);
	assert_null(strstr(host.steps, "gate"));
	assert_null(strstr(host.steps, "take-away"));
	assert_int_equal(host.doors, 1u << RG_DOOR_LOCK); /* as before */
}

static void test_other_rungs_are_refused(void **unused)
{
	(void)unused;
	begin();
	host.found = 0;
	request.force_rung = RG_RUNG_FMOD_RET;
	assert_int_equal(arm(), RG_FAILED);
	assert_string_equal(host.steps, "rules host ");
	begin();
	host.found = 0;
	request.force_left_out = 1;
	assert_int_equal(arm(), RG_FAILED);
	assert_string_equal(host.steps, "rules host ");
}

static void test_nothing_is_there(void **unused)
{
	(void)unused;
	begin();
	request.only_again = true;
	assert_int_equal(arm(), RG_NOT_ENABLED);
	assert_string_equal(host.steps, "rules host ");
	begin();
	request.as_it_is = true;
	assert_int_equal(arm(), RG_NOT_ENABLED);
	assert_string_equal(host.steps, "");
}

/* A set that only cannot be opened is no reason to take something away. */
static void test_cannot_be_opened(void **unused)
{
	(void)unused;
	begin();
	host.found = -EIO;
	assert_int_equal(arm(), RG_FAILED);
	assert_string_equal(host.steps, "rules host say ");
}

static void test_never_armed(void **unused)
{
	(void)unused;
	begin();
	host.found = -EBADMSG;
	assert_int_equal(arm(), RG_DONE);
	assert_memory_equal(host.steps, "rules host take-away module load ", 33);
	assert_int_equal(host.meta.armed, 1);
}

/* ---- another version's set ---- */

/* It stays in force until the new one is proven and knows what it knew. Held threads that sleep
 * are woken only then, and come to the new doors. */
static void test_replace(void **unused)
{
	(void)unused;
	begin();
	host.found = -EPROTO;
	host.meta.armed = 1;
	assert_int_equal(arm(), RG_DONE);
	assert_string_equal(host.steps,
			    "rules host read-old beside module load followers meta carry slot gate "
			    "doors sleep proof kept answers protect armed adjust exchange traces "
			    "cover cancel ");
	assert_true(armed.replaced);
}

static void test_replace_fails(void **unused)
{
	(void)unused;
	begin();
	host.found = -EPROTO;
	host.fail_at = "proof";
	host.fail_with = RG_FAILED;
	assert_int_equal(arm(), RG_FAILED);
	/* The new one. */
	assert_non_null(strstr(host.steps, "proof take-away cancel "));
	assert_null(strstr(host.steps, "exchange"));
	assert_false(armed.replaced);

	begin();
	host.found = -EPROTO;
	host.fail_at = "read-old";
	assert_int_equal((host.fail_with = RG_FAILED, arm()), RG_FAILED);
	assert_string_equal(host.steps, "rules host read-old ");
}

static void test_reload_replaces_nothing(void **unused)
{
	(void)unused;
	begin();
	host.found = -EPROTO;
	request.only_again = true;
	assert_int_equal(arm(), RG_FAILED);
	assert_string_equal(host.steps, "rules host say ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_daemon_is_alive_before_the_doors),
		cmocka_unit_test(test_failure_at_each_step),
		cmocka_unit_test(test_next_rung),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_again_fails),
		cmocka_unit_test(test_other_rungs_are_refused),
		cmocka_unit_test(test_nothing_is_there),
		cmocka_unit_test(test_cannot_be_opened),
		cmocka_unit_test(test_never_armed),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_replace_fails),
		cmocka_unit_test(test_reload_replaces_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
