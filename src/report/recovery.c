// SPDX-License-Identifier: GPL-2.0-only
/* Adds one event after another to a recovery; finish.c draws the conclusions. */
#include <stdlib.h>
#include <string.h>

#include "record/record_names.h"
#include "report/report.h"

/* ---- time ---- */

void rg_earliest(__u64 *at, __u64 ns)
{
	if (!*at || ns < *at)
		*at = ns;
}

/* Takes the earlier time, since events may come slightly out of order. */
void rg_latest(__u64 *at, __u64 ns)
{
	if (ns > *at)
		*at = ns;
}

__u64 rg_recovery_zero(const struct rg_recovery *r)
{
	return r->start_ns ? r->start_ns : r->grace_ns ? r->grace_ns : r->first_ns;
}

double rg_recovery_seconds(const struct rg_recovery *r, __u64 ns)
{
	__u64 zero_ns = rg_recovery_zero(r);

	return ns >= zero_ns ? (double)(ns - zero_ns) / 1e9 : -((double)(zero_ns - ns) / 1e9);
}

__u64 rg_recovery_wall(const struct rg_recovery *r, __u64 ns)
{
	__u64 ahead_ns = ns - r->wall_boot_ns, behind_ns = r->wall_boot_ns - ns;

	if (!r->has_wall || !ns)
		return 0;
	if (ns >= r->wall_boot_ns)
		return ahead_ns > ~0ULL - r->wall_ns ? 0 : r->wall_ns + ahead_ns;
	return behind_ns > r->wall_ns ? 0 : r->wall_ns - behind_ns;
}

void rg_recovery_moment(struct rg_recovery *r, __u64 ns, int side, const char *event, long client,
			bool bulk, const char *fmt, ...)
{
	struct rg_moment *m;
	va_list args;

	/* Keeps some room for moments that occur once. */
	if (r->n_moments >= (bulk ? RG_REPORT_KEPT - 1000 : RG_REPORT_KEPT)) {
		r->more_moments++;
		return;
	}
	r->moments = rg_grow(r->moments, r->n_moments, &r->room_moments, sizeof(*r->moments));
	m = &r->moments[r->n_moments++];
	*m = (struct rg_moment){.ns = ns,
				.side = side,
				.event = event,
				.client = client,
				.bulk = bulk};
	va_start(args, fmt);
	m->text = rg_vtext(fmt, args);
	va_end(args);
}

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

static void add_exchange(struct rg_recovery *r, const struct rg_entry *e)
{
	long i = rg_peer_of(r, e);
	struct rg_peer *p = peer_at(r, e, i);

	if (p && e->answer <= RG_ANSWER_GRANTED) {
		p->exchanges++;
		rg_latest(&p->exchange_ns, e->boot_ns);
	}
	peer_moment(r, e, i, "%s", "");
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

void rg_recovery_add(struct rg_recovery *r, const struct rg_entry *e)
{
	r->events++;
	add_clock(r, e);
	switch (e->op) {
	case RG_REC_EXCHANGE_ID:
	case RG_REC_SETCLIENTID:
		add_exchange(r, e);
		break;
	case RG_REC_RECLAIM_COMPLETE:
		add_complete(r, e);
		break;
	case RG_REC_OPEN:
	case RG_REC_LOCK:
	case RG_REC_NLM_LOCK:
		if (e->side == RG_SIDE_CLIENT)
			rg_add_client_op(r, e);
		else
			rg_add_server_op(r, e);
		break;
	case RG_REC_CLIENT_GONE:
		add_gone(r, e);
		break;
	case RG_REC_SM_NOTIFY:
		add_notify(r, e);
		break;
	case RG_REC_GRACE_START:
		add_grace(r, e);
		r->telling = true;
		break;
	case RG_REC_GRACE_END:
	case RG_REC_GRACE_END_FORCED:
		add_grace_end(r, e);
		r->telling = true;
		break;
	case RG_REC_KNFSD_STARTING:
	case RG_REC_KNFSD_FAILED:
	case RG_REC_GRACE_SKIPPED:
		r->telling = true;
		add_knfsd(r, e);
		break;
	case RG_REC_KNFSD_SHUTDOWN:
	case RG_REC_LOCKD_GRACE_START:
	case RG_REC_LOCKD_GRACE_END:
		add_knfsd(r, e);
		break;
	case RG_REC_STATE_MANAGER:
	case RG_REC_STATE_MANAGER_FAILED:
		add_manager(r, e);
		break;
	case RG_REC_LOCK_LOST:
		r->telling = true;
		add_given_up(r, e);
		break;
	case RG_REC_HELD:
	case RG_REC_CONTINUED:
		r->telling = true;
		(e->op == RG_REC_HELD ? rg_add_held : rg_add_continued)(r, e);
		break;
	case RG_REC_DENIED:
	case RG_REC_AUDITED:
		r->telling = true;
		rg_add_turned(r, e);
		break;
	case RG_REC_HAND:
		add_hand(r, e);
		break;
	case RG_REC_GATE:
		rg_add_gate(r, e);
		break;
	default: /* CREATE_SESSION and similar ones: other events tell the same */
		break;
	}
	if (e->downgrade_reason.at)
		rg_add_downgrade(r, e);
}

static void header_copy(struct rg_report_header *to, const struct rg_report_header *from)
{
	*to = *from;
	to->tool = rg_copy(from->tool);
	to->host = rg_copy(from->host);
	to->kernel = rg_copy(from->kernel);
	to->boot_id = rg_copy(from->boot_id);
	to->nfs4_locks = rg_copy(from->nfs4_locks);
	to->nlm_locks = rg_copy(from->nlm_locks);
	to->release = rg_copy(from->release);
	to->scope = rg_copy(from->scope);
	to->action = rg_copy(from->action);
	to->untraced = rg_copy(from->untraced);
	to->origins = rg_zalloc(from->n_origins + 1, sizeof(*to->origins));
	for (size_t i = 0; i < from->n_origins; i++) {
		to->origins[i] = from->origins[i];
		to->origins[i].name = rg_copy(from->origins[i].name);
	}
}

struct rg_recovery *rg_recovery_new(const struct rg_report_header *h)
{
	struct rg_recovery *r = rg_zalloc(1, sizeof(*r));

	if (!h)
		return r;
	header_copy(&r->header, h);
	r->has_header = true;
	if (h->wall_ns && h->boot_ns) {
		r->has_wall = true;
		r->wall_ns = h->wall_ns;
		r->wall_boot_ns = h->boot_ns;
	}
	return r;
}

static void peers_free(struct rg_peer *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(at[i].addr);
		free(at[i].name);
		free(at[i].clientid);
		free(at[i].gone);
	}
	free(at);
}

static void gate_free(struct rg_recovery *r)
{
	for (size_t i = 0; i < r->n_changes; i++) {
		free(r->changes[i].state_name);
		free(r->changes[i].why);
	}
	for (size_t i = 0; i < r->n_apps; i++) {
		free(r->apps[i].comm);
		free(r->apps[i].what);
	}
	for (size_t i = 0; i < r->n_turned; i++) {
		free(r->turned[i].comm);
		free(r->turned[i].what);
	}
	free(r->changes);
	free(r->apps);
	free(r->turned);
	rg_index_free(&r->app_index);
}

static void files_free(struct rg_recovery *r)
{
	for (size_t i = 0; i < r->n_files; i++) {
		free(r->files[i].dev);
		free(r->files[i].fsid);
		free(r->files[i].path);
	}
	free(r->files);
	rg_index_free(&r->file_index);
}

void rg_recovery_free(struct rg_recovery *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_grounds; i++) {
		free(r->grounds[i].name);
		free(r->grounds[i].text);
		free(r->grounds[i].consequence);
	}
	for (size_t i = 0; i < r->n_moments; i++)
		free(r->moments[i].text);
	for (size_t i = 0; i < r->verdict.n; i++)
		free(r->verdict.sentences[i]);
	peers_free(r->clients, r->n_clients);
	peers_free(r->origins, r->n_origins);
	for (size_t i = 0; i < r->n_ids; i++)
		free(r->ids[i].clientid);
	free(r->ids);
	rg_index_free(&r->id_index);
	for (size_t i = 0; i < r->n_downgraded; i++)
		free(r->downgraded[i].status);
	rg_index_free(&r->client_index);
	rg_index_free(&r->origin_index);
	files_free(r);
	gate_free(r);
	rg_locks_free(&r->locks);
	rg_lost_forget(r);
	rg_report_header_free(&r->header);
	free(r->grounds);
	free(r->downgraded);
	free(r->moments);
	free(r->points);
	free(r->verdict.sentences);
	free(r);
}
