// SPDX-License-Identifier: GPL-2.0-only
/* Counts the reclaims and new locks of end clients, this host's own at its original servers, and
 * downgrades. */
#include <stdlib.h>
#include <string.h>

#include "record/record_names.h"
#include "report/collect.h"

/* ---- reclaims, and what is taken again ---- */

void rg_storm_add(struct rg_storm *s, enum rg_storm_kind kind, __u64 ns)
{
	if (!s->width_ns) {
		s->width_ns = 1ULL << 20; /* about a millisecond */
		s->first_ns = s->last_ns = s->from_ns = ns;
	}
	if (ns < s->first_ns)
		s->first_ns = ns;
	if (ns > s->last_ns)
		s->last_ns = ns;
	while (ns > s->from_ns && (ns - s->from_ns) / s->width_ns >= RG_STORM_BUCKETS) {
		for (int k = 0; k < RG_NR_STORMS; k++) {
			for (int i = 0; i < RG_STORM_BUCKETS / 2; i++)
				s->n[k][i] = s->n[k][2UL * i] + s->n[k][2UL * i + 1];
			memset(&s->n[k][RG_STORM_BUCKETS / 2], 0, sizeof(s->n[k]) / 2);
		}
		s->width_ns *= 2;
	}
	s->n[kind][ns > s->from_ns ? (ns - s->from_ns) / s->width_ns : 0]++;
	s->total[kind]++;
}

static void point(struct rg_recovery *r, long client, enum rg_storm_kind kind, __u64 ns)
{
	rg_storm_add(&r->storm, kind, ns);
	if (client < 0 || r->n_points == RG_REPORT_POINTS) {
		r->more_points++;
		return;
	}
	r->points = rg_grow(r->points, r->n_points, &r->room_points, sizeof(*r->points));
	r->points[r->n_points++] = (struct rg_point){ns, (__u32)client, kind};
}

static void count(struct rg_tries *t, enum rg_answer answer)
{
	if (answer == RG_ANSWER_GRANTED)
		t->granted++;
	else if (answer == RG_ANSWER_WAIT)
		t->waited++;
	else if (answer != RG_ANSWER_NONE)
		t->refused++;
}

static void slowest(struct rg_peer *p, long file, const struct rg_entry *e)
{
	if (!e->has_duration || e->duration_ns <= p->slowest_ns)
		return;
	p->slowest_ns = e->duration_ns;
	p->slowest_at_ns = e->boot_ns;
	p->slowest_file = file;
}

static void add_reclaim(struct rg_recovery *r, long client, long file, const struct rg_entry *e)
{
	bool open = e->op == RG_REC_OPEN;

	count(open ? &r->opens : &r->lock_tries, e->answer);
	if (e->answer == RG_ANSWER_NONE || e->answer == RG_ANSWER_WAIT)
		return;
	point(r, client, e->answer == RG_ANSWER_GRANTED ? RG_STORM_GRANTED : RG_STORM_REFUSED,
	      e->boot_ns);
	if (client < 0)
		return;
	count(open ? &r->clients[client].opens : &r->clients[client].locks, e->answer);
	if (e->answer != RG_ANSWER_GRANTED)
		*(r->clients[client].minor < 0 ? &r->v3_refused : &r->v4_refused) += 1;
	rg_earliest(&r->clients[client].first_reclaim_ns, e->boot_ns);
	rg_latest(&r->clients[client].last_reclaim_ns, e->boot_ns);
	slowest(&r->clients[client], file, e);
}

static void add_retake(struct rg_recovery *r, long client, const struct rg_entry *e)
{
	struct rg_peer *p;

	if (e->answer == RG_ANSWER_DENIED)
		point(r, client, RG_STORM_DENIED, e->boot_ns);
	if (e->answer != RG_ANSWER_GRANTED)
		return;
	point(r, client, RG_STORM_AGAIN, e->boot_ns);
	if (e->op == RG_REC_OPEN)
		r->reopened++;
	if (client < 0)
		return;
	p = &r->clients[client];
	if (e->op == RG_REC_OPEN) {
		p->retaken_opens++;
		rg_earliest(&p->first_reopen_ns, e->boot_ns);
		rg_latest(&p->last_reopen_ns, e->boot_ns);
	} else {
		p->retaken_locks++;
		rg_earliest(&p->first_relock_ns, e->boot_ns);
		rg_latest(&p->last_relock_ns, e->boot_ns);
	}
}

void rg_add_server_op(struct rg_recovery *r, const struct rg_entry *e)
{
	long client = rg_peer_of(r, e), file = rg_file_of(r, e);

	if (rg_claim_is_reclaim(e->claim))
		add_reclaim(r, client, file, e);
	else if (e->claim == RG_CLAIM_RETAKE)
		add_retake(r, client, e);
	rg_order_add(r, client, e);
	if (e->op != RG_REC_OPEN && client >= 0)
		rg_locks_add(&r->locks, (__u32)client, file, e);
	r->telling |= e->claim != RG_CLAIM_NONE;
}

/* Counts an operation of this host as an NFS client. */
void rg_add_client_op(struct rg_recovery *r, const struct rg_entry *e)
{
	long i = rg_peer_of(r, e);
	bool open = e->op == RG_REC_OPEN;

	if (rg_claim_is_reclaim(e->claim)) {
		count(open ? &r->origin_opens : &r->origin_locks, e->answer);
		if (i >= 0)
			count(open ? &r->origins[i].opens : &r->origins[i].locks, e->answer);
	} else if (e->claim == RG_CLAIM_NOGRACE && e->answer == RG_ANSWER_GRANTED) {
		r->origin_nograce++;
		if (i >= 0)
			r->origins[i].nograce++;
	}
	r->telling |= e->claim != RG_CLAIM_NONE;
}

/* ---- downgrades ---- */

static size_t ground_of(struct rg_recovery *r, const struct rg_entry *e)
{
	char *name = rg_clean_in(&e->downgrade_reason) ?: rg_text("?"),
	     *text = rg_clean_in(&e->downgrade_text), *consequence = rg_clean_in(&e->consequence);
	struct rg_ground *g;
	size_t i = 0;

	while (i < r->n_grounds &&
	       !(r->grounds[i].side == e->side && rg_same(r->grounds[i].name, name) &&
		 rg_same(r->grounds[i].consequence, consequence)))
		i++;
	/* The last element counts everything beyond the bound. */
	if (i == RG_REPORT_GROUNDS)
		i--;
	if (i == r->n_grounds) {
		r->grounds = rg_grow(r->grounds, i, &r->room_grounds, sizeof(*r->grounds));
		g = &r->grounds[r->n_grounds++];
		g->side = e->side;
		g->reason = e->downgrade;
		g->name = name;
		g->text = text;
		g->consequence = consequence;
		name = text = consequence = NULL;
	}
	free(name);
	free(text);
	free(consequence);
	return i;
}

void rg_add_downgrade(struct rg_recovery *r, const struct rg_entry *e)
{
	long peer = rg_peer_of(r, e), file = rg_file_of(r, e);
	size_t ground = ground_of(r, e);

	r->telling = true;
	r->all_downgrades++;
	r->grounds[ground].n++;
	if (peer >= 0 && e->side != RG_SIDE_CLIENT) {
		if (e->downgrade > 0)
			r->clients[peer].downgrades[e->downgrade]++;
		else
			r->clients[peer].other_downgrades++;
	}
	if (r->n_downgraded == RG_REPORT_KEPT) {
		r->more_downgraded++;
		return;
	}
	r->downgraded = rg_grow(r->downgraded, r->n_downgraded, &r->room_downgraded,
				sizeof(*r->downgraded));
	r->downgraded[r->n_downgraded++] = (struct rg_downgraded){.ns = e->boot_ns,
								  .op = e->op,
								  .status = rg_clean_in(&e->status),
								  .ground = ground,
								  .peer = peer,
								  .file = file,
								  .start = e->start,
								  .length = e->length,
								  .has_range = e->has_range};
}
