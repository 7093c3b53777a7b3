// SPDX-License-Identifier: GPL-2.0-only
#include "report/model.h"

#include <stdlib.h>

void rg_earliest(__u64 *at, __u64 ns)
{
	if (!*at || ns < *at)
		*at = ns;
}

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

__u32 rg_recovery_gate_at(const struct rg_recovery *r, __u64 ns)
{
	__u32 state = RG_NR_STATES;

	for (size_t i = 0; i < r->n_changes; i++)
		if (r->changes[i].ns <= ns)
			state = r->changes[i].state;
	return state;
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

/* ---- memory ---- */

struct rg_recovery *rg_recovery_new(const struct rg_report_header *h)
{
	struct rg_recovery *r = rg_zalloc(1, sizeof(*r));

	if (!h)
		return r;
	rg_report_header_copy(&r->header, h);
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

void rg_losses_clear(struct rg_recovery *r)
{
	for (size_t i = 0; i < r->n_losses; i++) {
		free(r->losses[i].client);
		free(r->losses[i].reason);
		free(r->losses[i].text);
		free(r->losses[i].type);
	}
	r->n_losses = 0;
	r->more_losses = 0;
}

void rg_locks_free(struct rg_locks *l)
{
	free(l->at);
	rg_index_free(&l->index);
	*l = (struct rg_locks){};
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
	rg_losses_clear(r);
	free(r->losses);
	free(r->lost_text);
	rg_report_header_free(&r->header);
	free(r->grounds);
	free(r->downgraded);
	free(r->moments);
	free(r->points);
	free(r->verdict.sentences);
	free(r);
}

__u64 rg_report_lost(const struct rg_report *r)
{
	return r->lost_at_end > r->lost_seen ? r->lost_at_end : r->lost_seen;
}

__u64 rg_report_failures(const struct rg_report *r)
{
	return r->failures_at_end > r->failures_seen ? r->failures_at_end : r->failures_seen;
}
