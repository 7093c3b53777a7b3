// SPDX-License-Identifier: GPL-2.0-only
/* Follows the gate, and the local applications that it held, denied or counted. */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "record/record_names.h"
#include "report/collect.h"

static __u32 gate_state_of(const struct rg_text_in *t)
{
	for (__u32 s = 0; t->at && s < RG_NR_STATES; s++)
		if (t->len == strlen(rg_state_name(s)) &&
		    memcmp(t->at, rg_state_name(s), t->len) == 0)
			return s;
	return RG_NR_STATES;
}

void rg_add_gate(struct rg_recovery *r, const struct rg_entry *e)
{
	struct rg_change *c;

	if (r->n_changes == RG_REPORT_KEPT) {
		r->more_changes++;
		return;
	}
	r->changes = rg_grow(r->changes, r->n_changes, &r->room_changes, sizeof(*r->changes));
	c = &r->changes[r->n_changes++];
	c->ns = e->boot_ns;
	c->state = gate_state_of(&e->state);
	c->state_name = rg_clean_in(&e->state) ?: rg_text("?");
	c->why = rg_clean_in(&e->why);
	rg_recovery_moment(r, e->boot_ns, e->side, "GATE", -1, false, "%s%s%s", c->state_name,
			   c->why ? ": " : "", c->why ?: "");
}

static __u64 app_hash(const void *array, __u32 i)
{
	return rg_hash(0, &((const struct rg_app *)array)[i].tid, sizeof(__u64));
}

/* Starts a new element when the same thread comes again after it was continued. */
static bool app_is(const void *array, __u32 i, const void *key)
{
	const struct rg_app *a = (const struct rg_app *)array + i;

	return a->tid == *(const __u64 *)key && !a->done;
}

static long app_new(struct rg_recovery *r, const struct rg_entry *e, __u64 held_ns)
{
	struct rg_app *a;

	if (r->n_apps == RG_REPORT_KEPT) {
		r->more_apps++;
		return -1;
	}
	r->apps = rg_grow(r->apps, r->n_apps, &r->room_apps, sizeof(*r->apps));
	a = &r->apps[r->n_apps];
	*a = (struct rg_app){.tid = e->tid,
			     .tgid = e->tgid,
			     .comm = rg_clean_in(&e->comm) ?: rg_text("?"),
			     .what = rg_clean_in(&e->what) ?: rg_text("?"),
			     .file = rg_file_of(r, e),
			     .held_ns = held_ns};
	rg_index_add(&r->app_index, app_hash(r->apps, (__u32)r->n_apps), (__u32)r->n_apps, app_hash,
		     r->apps);
	return (long)r->n_apps++;
}

static long app_of(const struct rg_recovery *r, const struct rg_entry *e)
{
	return rg_index_find(&r->app_index, rg_hash(0, &e->tid, sizeof(e->tid)), app_is, r->apps,
			     &e->tid);
}

static void app_moment(struct rg_recovery *r, const struct rg_entry *e, long i)
{
	char *comm = rg_clean_in(&e->comm) ?: rg_text("?"),
	     *what = rg_clean_in(&e->what) ?: rg_text("?");

	if (e->op == RG_REC_CONTINUED)
		rg_recovery_moment(r, e->boot_ns, e->side, "CONTINUED", -1, true,
				   "%s (%llu) got through: %s, waited %.3f s", comm,
				   (unsigned long long)e->tid, what,
				   (double)(i < 0 ? e->duration_ns : r->apps[i].waited_ns) / 1e9);
	else
		rg_recovery_moment(r, e->boot_ns, e->side, rg_record_op_name(e->op), -1, true,
				   "%s (%llu): %s", comm, (unsigned long long)e->tid, what);
	free(comm);
	free(what);
}

void rg_add_held(struct rg_recovery *r, const struct rg_entry *e)
{
	long i = app_of(r, e);

	/* Somebody else continued it, and it was held again: it has waited since the first
	 * time. */
	if (i >= 0)
		return;
	i = app_new(r, e, e->boot_ns);
	app_moment(r, e, i);
}

void rg_add_continued(struct rg_recovery *r, const struct rg_entry *e)
{
	long i = app_of(r, e);

	if (i < 0) /* it was held before this recovery or before the recording began */
		i = app_new(r, e,
			    e->boot_ns > e->duration_ns ? e->boot_ns - e->duration_ns : e->boot_ns);
	if (i >= 0) {
		struct rg_app *a = &r->apps[i];

		a->done = true;
		a->continued_ns = e->boot_ns;
		a->waited_ns = e->has_duration		 ? e->duration_ns
			       : e->boot_ns > a->held_ns ? e->boot_ns - a->held_ns
							 : 0;
	}
	app_moment(r, e, i);
}

static struct rg_turned *turned_of(struct rg_recovery *r, const char *comm, const char *what,
				   const struct rg_entry *e)
{
	bool denied = e->op == RG_REC_DENIED;

	for (size_t i = 0; i < r->n_turned; i++)
		if (r->turned[i].tgid == e->tgid && r->turned[i].denied == denied &&
		    rg_same(r->turned[i].comm, comm) && rg_same(r->turned[i].what, what))
			return &r->turned[i];
	if (r->n_turned == 256)
		return NULL;
	r->turned = rg_grow(r->turned, r->n_turned, &r->room_turned, sizeof(*r->turned));
	r->turned[r->n_turned] = (struct rg_turned){.comm = rg_copy(comm),
						    .what = rg_copy(what),
						    .tgid = e->tgid,
						    .first_ns = e->boot_ns,
						    .denied = denied};
	return &r->turned[r->n_turned++];
}

void rg_add_turned(struct rg_recovery *r, const struct rg_entry *e)
{
	char *comm = rg_clean_in(&e->comm) ?: rg_text("?"),
	     *what = rg_clean_in(&e->what) ?: rg_text("?");
	struct rg_turned *t = turned_of(r, comm, what, e);

	if (e->op == RG_REC_DENIED)
		r->denied++;
	else
		r->audited++;
	if (t) {
		if (!t->n++)
			app_moment(r, e, -1);
		rg_earliest(&t->first_ns, e->boot_ns);
		rg_latest(&t->last_ns, e->boot_ns);
	} else {
		r->more_turned++;
	}
	free(comm);
	free(what);
}
