// SPDX-License-Identifier: GPL-2.0-only
/* Adds one event after another to a recovery; finish.c draws the conclusions. */
#include <stdlib.h>
#include <string.h>

#include "record/record_names.h"
#include "report/collect.h"
#include "report/words.h"

/* ---- time ---- */

/* ---- what becomes of a peer ---- */

static const char *op_name(const struct rg_entry *e)
{
	return rg_record_op_name(e->op);
}

/* The number is that of rg_peer_of(); on the client side it is an original server. */
static struct rg_peer *peer_at(struct rg_recovery *r, const struct rg_entry *e, long i)
{
	return i < 0 ? NULL : e->side == RG_SIDE_CLIENT ? &r->origins[i] : &r->clients[i];
}

static void RG_PRINTF(4, 5)
	peer_moment(struct rg_recovery *r, const struct rg_entry *e, long i, const char *fmt, ...)
{
	const struct rg_peer *p = peer_at(r, e, i);
	bool origin = e->side == RG_SIDE_CLIENT, failed = e->answer > RG_ANSWER_GRANTED;
	char *who = p ? rg_peer_text(p) : rg_text("?"), *status = rg_clean_in(&e->status), *words;
	va_list args;

	va_start(args, fmt);
	words = rg_vtext(fmt, args);
	va_end(args);
	rg_recovery_moment(r, e->boot_ns, e->side, op_name(e), origin ? -1 : i, !origin,
			   "%s%s%s%s%s", who, origin ? ", this host to its original server" : "",
			   words, failed ? ": " : "", failed ? status : "");
	free(words);
	free(status);
	free(who);
}

/* Says whether a list of flags has this one. */
static bool has_flag(json_object *list, __u32 flag)
{
	const char *name = rg_exchange_flag_name((__u32)__builtin_ctz(flag));

	return rg_list_has(list, name);
}

static void add_exchange(struct rg_recovery *r, const struct rg_entry *e)
{
	long i = rg_peer_of(r, e);
	struct rg_peer *p = peer_at(r, e, i);

	if (p && e->answer <= RG_ANSWER_GRANTED) {
		p->exchanges++;
		rg_latest(&p->exchange_ns, e->boot_ns);
		/* An answer has one flag at least: USE_..._PNFS (RFC 8881, 18.35.3). */
		p->has_retains |= e->flags != NULL;
		p->retains |= has_flag(e->flags, RG_EXCHANGE_RETAIN_STATE) ||
			      has_flag(e->flags, RG_EXCHANGE_RECLAIMABLE_R);
	}
	peer_moment(r, e, i, "%s%s%s",
		    has_flag(e->asked_flags, RG_EXCHANGE_RETAIN_STATE) ? "; asks to retain state"
								       : "",
		    has_flag(e->flags, RG_EXCHANGE_RETAIN_STATE) ? "; state will be retained" : "",
		    has_flag(e->flags, RG_EXCHANGE_RECLAIMABLE_R)
			    ? "; state was retained and may be reclaimed"
			    : "");
}

static void add_complete(struct rg_recovery *r, const struct rg_entry *e)
{
	long i = rg_peer_of(r, e);
	struct rg_peer *p = peer_at(r, e, i);

	if (p && e->answer <= RG_ANSWER_GRANTED)
		rg_latest(&p->complete_ns, e->boot_ns);
	if (e->side == RG_SIDE_CLIENT || !e->has_expected) {
		peer_moment(r, e, i, "%s", "");
		return;
	}
	r->expected = e->expected;
	r->complete = e->complete;
	r->has_expected = r->has_complete = true;
	peer_moment(r, e, i, ": %llu of %llu", (unsigned long long)e->complete,
		    (unsigned long long)e->expected);
}

/* knfsd replaces an end client when an EXCHANGE_ID of the same name has another verifier
 * (nfsd4_exchange_id(), fs/nfsd/nfs4state.c): the same one after a restart, or another machine. The
 * last EXCHANGE_ID of that name tells which. */
static void find_replacer(struct rg_recovery *r, long i, __u64 gone_ns)
{
	struct rg_peer *p = &r->clients[i];
	__u64 last_ns = 0;
	long last = -1;

	for (size_t c = 0; c < r->n_clients; c++) {
		const struct rg_peer *q = &r->clients[c];

		if (q->minor >= 0 && q->exchange_ns > last_ns && q->exchange_ns <= gone_ns &&
		    q->name && rg_same(q->name, p->name)) {
			last_ns = q->exchange_ns;
			last = (long)c;
		}
	}
	p->restarted = last == i;
	if (last >= 0 && last != i)
		p->gone_by = last;
}

static void add_gone(struct rg_recovery *r, const struct rg_entry *e)
{
	char *how = rg_clean_in(&e->how) ?: rg_text("gone");
	long i = rg_peer_of(r, e);
	struct rg_peer *p = peer_at(r, e, i);

	peer_moment(r, e, i, ": %s", how);
	if (p) {
		if (rg_same(how, "replaced") && e->side != RG_SIDE_CLIENT)
			find_replacer(r, i, e->boot_ns);
		else
			p->restarted = false;
		rg_latest(&p->gone_ns, e->boot_ns);
		free(p->gone);
		p->gone = how;
		how = NULL;
	}
	free(how);
}

static void add_notify(struct rg_recovery *r, const struct rg_entry *e)
{
	peer_moment(r, e, rg_peer_of(r, e), " restarted");
}

/* ---- knfsd and lockd ---- */

static void add_grace(struct rg_recovery *r, const struct rg_entry *e)
{
	char *clients;

	if (e->has_expected) {
		r->expected = e->expected;
		r->has_expected = true;
	}
	r->grace_s = e->grace_s;
	r->grace_ns = e->boot_ns;
	clients = rg_count_text(e->expected, "end client");
	rg_recovery_moment(r, e->boot_ns, e->side, op_name(e), -1, false, "%llu s%s%s",
			   (unsigned long long)e->grace_s, e->has_expected ? "; expected: " : "",
			   e->has_expected ? clients : "");
	free(clients);
}

static void add_grace_end(struct rg_recovery *r, const struct rg_entry *e)
{
	r->forced |= e->op == RG_REC_GRACE_END_FORCED;
	rg_latest(&r->grace_end_ns, e->boot_ns);
	if (e->has_expected) {
		r->expected = e->expected;
		r->complete = e->complete;
		r->has_expected = r->has_complete = true;
	}
	rg_recovery_moment(r, e->boot_ns, e->side, op_name(e), -1, false,
			   e->has_expected ? "%s%llu of %llu end clients were done" : "%s",
			   e->op == RG_REC_GRACE_END_FORCED ? "by v4_end_grace; " : "",
			   (unsigned long long)e->complete, (unsigned long long)e->expected);
}

static void add_knfsd(struct rg_recovery *r, const struct rg_entry *e)
{
	switch (e->op) {
	case RG_REC_KNFSD_STARTING:
		r->start_ns = e->boot_ns;
		break;
	case RG_REC_KNFSD_FAILED:
		r->failed_ns = e->boot_ns;
		break;
	case RG_REC_KNFSD_SHUTDOWN:
		r->shutdown_ns = e->boot_ns;
		break;
	case RG_REC_GRACE_SKIPPED:
		r->skipped = true;
		r->grace_ns = r->grace_end_ns = e->boot_ns;
		break;
	case RG_REC_LOCKD_GRACE_START:
		r->lockd_ns = e->boot_ns;
		r->lockd_end_ns = 0;
		break;
	default:
		r->lockd_end_ns = e->boot_ns;
		break;
	}
	rg_recovery_moment(r, e->boot_ns, e->side, op_name(e), -1, false, "%s",
			   e->op == RG_REC_GRACE_SKIPPED ? "knfsd knew of nobody who could reclaim"
							 : "");
}

/* ---- this host's own recovery ---- */

static char *joined(json_object *list)
{
	char *all = rg_text("%s", "");
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n && i < 16; i++) {
		json_object *o = json_object_array_get_idx(list, i);
		char *word, *longer;

		if (!json_object_is_type(o, json_type_string))
			continue;
		word = rg_clean(json_object_get_string(o), (size_t)json_object_get_string_len(o));
		longer = rg_text("%s%s%s", all, all[0] ? ", " : "", word);
		free(all);
		free(word);
		all = longer;
	}
	return all;
}

static void add_manager(struct rg_recovery *r, const struct rg_entry *e)
{
	char *states = joined(e->states), *section = rg_clean_in(&e->section),
	     *status = rg_clean_in(&e->status);

	/* A round of the state manager without a reclaim is a lease renewal, of which there are
	 * many. */
	if (e->op == RG_REC_STATE_MANAGER_FAILED || strstr(states, "reclaim")) {
		r->telling |= e->op == RG_REC_STATE_MANAGER_FAILED;
		rg_recovery_moment(r, e->boot_ns, e->side, op_name(e), -1, true, "%s%s%s%s", states,
				   section ?: "", section && status ? ": " : "",
				   section && status ? status : "");
	}
	free(states);
	free(section);
	free(status);
}

static void add_given_up(struct rg_recovery *r, const struct rg_entry *e)
{
	long file = rg_file_of(r, e);
	char *name = rg_file_text(r, file);

	r->locks_given_up++;
	rg_recovery_moment(r, e->boot_ns, e->side, op_name(e), -1, true,
			   "this host's NFS client gave up a lock on %s", name);
	free(name);
}

/* ---- all of it ---- */

static void add_clock(struct rg_recovery *r, const struct rg_entry *e)
{
	/* A gate may have had its state for days. */
	if (e->op != RG_REC_GATE)
		rg_earliest(&r->first_ns, e->boot_ns);
	rg_latest(&r->last_ns, e->boot_ns);
	if (!r->has_wall && e->time.at)
		if (rg_report_time_of(e->time.at, e->time.len, &r->wall_ns)) {
			r->wall_boot_ns = e->boot_ns;
			r->has_wall = true;
		}
	if (e->has_netns && !r->has_netns) {
		r->netns = (__u32)e->netns;
		r->has_netns = true;
	}
	if (e->generation > r->generation)
		r->generation = e->generation;
}

static void add_hand(struct rg_recovery *r, const struct rg_entry *e)
{
	char *hand = rg_clean_in(&e->hand);

	rg_recovery_moment(r, e->boot_ns, e->side, op_name(e), -1, false, "%s by hand",
			   hand ?: "moved");
	free(hand);
}

static void add_op(struct rg_recovery *r, const struct rg_entry *e)
{
	(e->side == RG_SIDE_CLIENT ? rg_add_client_op : rg_add_server_op)(r, e);
}

/* The operations that a recovery keeps, and whether one of them alone is worth a report. Of the
 * others, such as CREATE_SESSION, other events tell the same. */
static const struct {
	void (*add)(struct rg_recovery *r, const struct rg_entry *e);
	bool telling;
} ops[RG_NR_RECORD_OPS] = {
	[RG_REC_EXCHANGE_ID] = {add_exchange, false},
	[RG_REC_SETCLIENTID] = {add_exchange, false},
	[RG_REC_RECLAIM_COMPLETE] = {add_complete, false},
	[RG_REC_OPEN] = {add_op, false},
	[RG_REC_LOCK] = {add_op, false},
	[RG_REC_NLM_LOCK] = {add_op, false},
	[RG_REC_CLIENT_GONE] = {add_gone, false},
	[RG_REC_SM_NOTIFY] = {add_notify, false},
	[RG_REC_GRACE_START] = {add_grace, true},
	[RG_REC_GRACE_END] = {add_grace_end, true},
	[RG_REC_GRACE_END_FORCED] = {add_grace_end, true},
	[RG_REC_GRACE_SKIPPED] = {add_knfsd, true},
	[RG_REC_KNFSD_STARTING] = {add_knfsd, true},
	[RG_REC_KNFSD_FAILED] = {add_knfsd, true},
	[RG_REC_KNFSD_SHUTDOWN] = {add_knfsd, false},
	[RG_REC_LOCKD_GRACE_START] = {add_knfsd, false},
	[RG_REC_LOCKD_GRACE_END] = {add_knfsd, false},
	[RG_REC_STATE_MANAGER] = {add_manager, false},
	[RG_REC_STATE_MANAGER_FAILED] = {add_manager, false},
	[RG_REC_LOCK_LOST] = {add_given_up, true},
	[RG_REC_HELD] = {rg_add_held, true},
	[RG_REC_CONTINUED] = {rg_add_continued, true},
	[RG_REC_DENIED] = {rg_add_turned, true},
	[RG_REC_AUDITED] = {rg_add_turned, true},
	[RG_REC_HAND] = {add_hand, false},
	[RG_REC_GATE] = {rg_add_gate, false},
	[RG_REC_KEPT] = {rg_add_kept, true},
	[RG_REC_NOT_KEPT] = {rg_add_kept, false},
	[RG_REC_RETAKEN] = {rg_add_kept, true},
	[RG_REC_KEPT_FROM] = {rg_add_kept, true},
	[RG_REC_KEPT_ENDED] = {rg_add_kept, true},
};

void rg_recovery_add(struct rg_recovery *r, const struct rg_entry *e)
{
	r->events++;
	add_clock(r, e);
	if (e->op < RG_NR_RECORD_OPS && ops[e->op].add) {
		r->telling |= ops[e->op].telling;
		ops[e->op].add(r, e);
	}
	if (e->downgrade_reason.at)
		rg_add_downgrade(r, e);
}
