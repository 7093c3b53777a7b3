// SPDX-License-Identifier: GPL-2.0-only
/* Makes what `status --json` counts: calls at the doors, lock reclaims, tracing, notices, refusals
 * of protect. */
#include "status/parts.h"

#include "base/names.h"
#include "load/answers.h"
#include "load/programs.h"
#include "load/progs.h"
#include "record/record_names.h"
#include "state/notify.h"
#include "text/json.h"
/* Adds a group of counters with their sum. */
static json_object *sum_json(const struct rg_snapshot *s, __u32 from, __u32 to,
			     const char *(*name)(__u32), __u32 base)
{
	json_object *o = rg_json_object();
	__u64 total = 0;

	for (__u32 i = from; i <= to; i++) {
		__u64 n = s->counters[i];

		total += n;
		rg_json_put(o, name(i - base), u64(n));
	}
	rg_json_put(o, "total", u64(total));
	return o;
}

/* Adds the calls for which our programs did not run; usually none. */
static json_object *skipped_json(const struct rg_snapshot *s)
{
	json_object *o = rg_json_object();
	__u64 total = 0;

	for (int i = 0; i < s->n_progs; i++) {
		total += s->progs[i].skipped;
		if (s->progs[i].skipped)
			rg_json_put(o, s->progs[i].name, u64(s->progs[i].skipped));
	}
	rg_json_put(o, "total", u64(total));
	return o;
}

/* Adds the lock reclaims that the module asked about: the answers to forwarded ones, and the
 * reasons for the others. */
static json_object *reclaims_json(const struct rg_snapshot *s)
{
	json_object *o = rg_json_object(), *granted = rg_json_object();

	rg_json_put(granted, "unproven", u64(s->counters[RG_COUNT_GRANTED_UNPROVEN]));
	rg_json_put(granted, "proven", u64(s->counters[RG_COUNT_GRANTED_PROVEN]));
	rg_json_put(o, "granted", granted);
	rg_json_put(o, "not_granted", u64(s->counters[RG_COUNT_NOT_GRANTED]));
	rg_json_put(o, "refused",
		    sum_json(s, RG_COUNT_RECLAIM + RG_RECLAIM_FIRST_NO - 1, RG_COUNT_RECLAIM_LAST,
			     rg_reclaim_key, RG_COUNT_RECLAIM - 1));
	return o;
}

json_object *rg_status_module(const struct rg_meta *meta)
{
	static const char *const counts[] = {"forwarded", "refused", "unanswered", "allowed",
					     "restored"};
	json_object *o = rg_json_object();
	__u64 n;

	rg_json_put_text(o, "state", rg_module_key(meta->module));
	rg_json_put_text(o, "text", rg_module_text(meta->module));
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		rg_json_put(o, counts[i], rg_answers_count(counts[i], &n) ? u64(n) : NULL);
	return o;
}

json_object *rg_status_counters(const struct rg_snapshot *s)
{
	json_object *o = rg_json_object();

	rg_json_put(o, "held", u64(s->counters[RG_COUNT_HELD]));
	rg_json_put(o, "held_again", u64(s->counters[RG_COUNT_HELD_AGAIN]));
	rg_json_put(o, "denied",
		    sum_json(s, RG_COUNT_DENIED_POLICY, RG_COUNT_DENIED_CONTINUED, rg_counter_name,
			     0));
	rg_json_put(o, "audited", u64(s->counters[RG_COUNT_AUDITED]));
	rg_json_put(o, "exempted", u64(s->counters[RG_COUNT_EXEMPTED]));
	rg_json_put(o, "fanotify", u64(s->counters[RG_COUNT_FANOTIFY]));
	rg_json_put(o, "untold", u64(s->counters[RG_COUNT_UNTOLD]));
	rg_json_put(o, "untold_clients", u64(s->counters[RG_COUNT_UNTOLD_CLIENTS]));
	rg_json_put(o, "evicted", u64(s->counters[RG_COUNT_EVICTED]));
	rg_json_put(o, "released",
		    sum_json(s, RG_COUNT_RELEASED + RG_WHY_GRACE_STARTED,
			     RG_COUNT_RELEASED + RG_WHY_TIMED_OUT, rg_why_key, RG_COUNT_RELEASED));
	rg_json_put(o, "timed_out", u64(s->counters[RG_COUNT_RELEASED + RG_WHY_TIMED_OUT]));
	rg_json_put(o, "continued_by_kernel", u64(s->counters[RG_COUNT_CONTINUED]));
	rg_json_put(o, "exited", u64(s->counters[RG_COUNT_HELD_EXITED]));
	rg_json_put(o, "interrupted", u64(s->counters[RG_COUNT_INTERRUPTED]));
	rg_json_put(o, "wrappers_stopped", u64(s->counters[RG_COUNT_WRAPPER_STOPPED]));
	rg_json_put(o, "wrappers_continued", u64(s->counters[RG_COUNT_WRAPPER_CONTINUED]));
	rg_json_put(o, "reclaims", reclaims_json(s));
	rg_json_put(o, "helper_failures",
		    sum_json(s, RG_COUNT_FAIL_HELD_UPDATE, RG_COUNT_FAIL_DROPPED, rg_counter_name,
			     0));
	rg_json_put(o, "skipped", skipped_json(s));
	return o;
}

/* Adds the tracing programs that are not attached, and the tracers. */
json_object *rg_status_tracing(const struct rg_snapshot *s)
{
	json_object *o = rg_json_object(), *missing = rg_json_array(), *by_kprobe = rg_json_array(),
		    *list, *downgrades = rg_json_object();
	__u32 attached = 0;

	rg_for_each_program (t, RG_TRACE) {
		list = rg_program_is_pinned(t, RG_PIN_TYPED)	? NULL
		       : rg_program_is_pinned(t, RG_PIN_KPROBE) ? by_kprobe
								: missing;
		attached += list != missing;
		if (list)
			rg_json_add_text(list, t->name);
	}
	for (__u32 i = RG_DOWNGRADE_NONE + 1; i < RG_NR_DOWNGRADES; i++)
		rg_json_put(downgrades, rg_downgrade_name(i), u64(s->totals.downgrades[i]));
	rg_json_put(o, "attached", u64(attached));
	rg_json_put(o, "by_kprobe", by_kprobe);
	rg_json_put(o, "missing", missing);
	rg_json_put(o, "tracers", u64(s->tracers));
	rg_json_put(o, "records_lost", u64(s->totals.lost));
	rg_json_put(o, "failures", u64(s->totals.failed));
	rg_json_put(o, "downgrades", downgrades);
	return o;
}

/* Adds the state of the daemon's own recording, for `report`. */
json_object *rg_status_recorder(const struct rg_pins *p)
{
	json_object *o = rg_json_object();

	rg_json_put_text(o, "state", rg_recorder_name(p->live->recorder));
	rg_json_put(o, "unrecorded", u64(p->live->unrecorded));
	return o;
}

/* Adds NFSv3 end clients whose locks lockd dropped. */
json_object *rg_status_notices(const struct rg_pins *p)
{
	json_object *o = rg_json_object();
	int waiting = rg_notify_waiting(p);

	rg_json_put(o, "waiting", waiting < 0 ? NULL : u64((__u64)waiting));
	for (__u32 i = 0; i < RG_NR_NOTICES; i++)
		rg_json_put(o, rg_notice_name(i), u64(p->live->notices[i]));
	return o;
}

json_object *rg_status_protect(const struct rg_snapshot *s)
{
	json_object *o = rg_json_object(), *refused = rg_json_object();
	__u64 total = 0;

	rg_json_put_text(o, "state", rg_protect_name(s->protect));
	rg_json_put(o, "why",
		    rg_protect_why(s->protect) ? rg_json_text(rg_protect_why(s->protect)) : NULL);
	rg_json_put(o, "executable",
		    s->protect == RG_PROTECT_ON ? rg_json_text(s->protect_path) : NULL);
	for (__u32 i = 0; i < RG_NR_PROTECT_REFUSALS; i++) {
		rg_json_put(refused, rg_protect_refusal_name(i), u64(s->protect_refused[i]));
		total += s->protect_refused[i];
	}
	rg_json_put(refused, "total", u64(total));
	rg_json_put(o, "refused", refused);
	return o;
}
