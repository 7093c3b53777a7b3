// SPDX-License-Identifier: GPL-2.0-only
/* Builds the tables of a recovery once, for both text and HTML. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "state/budget.h"
#include "record/record_names.h"
#include "report/tables.h"
#include "report/words.h"

/* Shows only the first and the last of a kind of which there are more than this. */
#define MANY 12

/* ---- a table ---- */

struct tables {
	struct rg_table *at;
	size_t n, room;
};

static struct rg_table *add_table(struct tables *to, char *title, char *note)
{
	struct rg_table *t;

	to->at = rg_grow(to->at, to->n, &to->room, sizeof(*to->at));
	t = &to->at[to->n++];
	*t = (struct rg_table){.title = title, .note = note};
	return t;
}

/* Adds columns by their heads; one that begins with > is aligned to the right. */
static void add_columns(struct rg_table *t, const char *const *heads, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		t->right[t->columns] = heads[i][0] == '>';
		t->heads[t->columns++] = heads[i] + (heads[i][0] == '>');
	}
}
#define COLUMNS(t, ...)                                                                            \
	add_columns(t, (const char *const[]){__VA_ARGS__},                                         \
		    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void RG_PRINTF(2, 3) cell(struct rg_table *t, const char *fmt, ...)
{
	size_t row = t->n_cells / t->columns;
	va_list args;

	t->cells = rg_grow(t->cells, t->n_cells, &t->room_cells, sizeof(char *));
	t->tones = rg_grow(t->tones, row, &t->room_tones, sizeof(*t->tones));
	va_start(args, fmt);
	t->cells[t->n_cells++] = rg_vtext(fmt, args);
	va_end(args);
}

/* Owned text. */
static void cell_of(struct rg_table *t, char *text)
{
	cell(t, "%s", text);
	free(text);
}

/* Adds a cell to the current row. */
static void tone(struct rg_table *t, enum rg_tone tone)
{
	t->tones[(t->n_cells - 1) / t->columns] = tone;
}

/* ---- words ---- */

int rg_seconds_cell(const struct rg_recovery *r, __u64 ns, char *out, size_t size)
{
	return ns ? snprintf(out, size, "%+.3f", rg_recovery_seconds(r, ns))
		  : snprintf(out, size, "%s", "");
}

static void seconds(struct rg_table *t, const struct rg_recovery *r, __u64 ns)
{
	char text[48];

	rg_seconds_cell(r, ns, text, sizeof(text));
	cell(t, "%s", text);
}

/* "17:31:12.304" */
static void clock_cell(struct rg_table *t, const struct rg_recovery *r, __u64 ns)
{
	__u64 wall_ns = rg_recovery_wall(r, ns);
	char text[RG_WALL_SIZE];

	if (wall_ns)
		cell(t, "%.12s", rg_wall_text(wall_ns, text) + 11);
	else
		cell(t, "%s", "");
}

static const char *side_text(int side)
{
	return side < 0 ? "" : rg_side_name((__u32)side);
}

/* ---- the timeline ---- */

static bool same_kind(const struct rg_moment *a, const struct rg_moment *b)
{
	return a->bulk && b->bulk && a->side == b->side && strcmp(a->event, b->event) == 0;
}

/* A kind of moment in the timeline: their number, the first and the last one. */
struct among {
	size_t n;
	bool first, last;
};

struct kinds { /* one element for each kind, so at most as many as events */
	const struct rg_moment *first[64], *last[64];
	size_t n[64], used;
};

static void count_kinds(const struct rg_recovery *r, struct kinds *k)
{
	for (size_t i = 0; i < r->n_moments; i++) {
		const struct rg_moment *m = &r->moments[i];
		size_t at = 0;

		while (at < k->used && !same_kind(k->first[at], m))
			at++;
		if (!m->bulk || at == 64)
			continue;
		if (at == k->used) {
			k->used++;
			k->first[at] = m;
		}
		k->last[at] = m;
		k->n[at]++;
	}
}

static struct among among(const struct kinds *k, const struct rg_moment *m)
{
	for (size_t i = 0; i < k->used; i++)
		if (same_kind(k->first[i], m))
			return (struct among){k->n[i], k->first[i] == m, k->last[i] == m};
	return (struct among){.n = 1};
}

static enum rg_tone moment_tone(const struct rg_moment *m)
{
	if (strcmp(m->event, "LOCK_LOST") == 0 || strcmp(m->event, "KNFSD_FAILED") == 0)
		return RG_TONE_BAD;
	return strcmp(m->event, "GATE") == 0 && strncmp(m->text, "open", 4) == 0 ? RG_TONE_GOOD
										 : RG_TONE_NONE;
}

static void moment_row(struct rg_table *t, const struct rg_recovery *r, const struct rg_moment *m,
		       const struct among *a)
{
	if (m->before) {
		cell(t, "%s", "before");
		cell(t, "%s", "");
	} else {
		seconds(t, r, m->ns);
		clock_cell(t, r, m->ns);
	}
	cell(t, "%s", side_text(m->side));
	cell(t, "%s", m->event);
	if (a->n > MANY)
		cell(t, "%s of %zu: %s", a->first ? "first" : "last", a->n, m->text);
	else
		cell(t, "%s", m->text);
	tone(t, moment_tone(m));
}

static void timeline(const struct rg_recovery *r, struct tables *to)
{
	struct rg_table *t =
		add_table(to, rg_text("Timeline"),
			  rg_text("s: %s.%s", rg_zero_text(r),
				  r->more_moments ? " Not all moments were kept." : ""));
	struct kinds kinds = {};

	COLUMNS(t, ">s", "UTC", "side", "event", "");
	count_kinds(r, &kinds);
	for (size_t i = 0; i < r->n_moments; i++) {
		struct among a = among(&kinds, &r->moments[i]);

		if (a.n <= MANY || a.first || a.last)
			moment_row(t, r, &r->moments[i], &a);
	}
}

/* ---- end clients ---- */

static char *downgrades_text(const struct rg_peer *p)
{
	char *all = rg_text("%s", "");

	for (__u32 d = 0; d < RG_NR_DOWNGRADES; d++) {
		__u64 n = d ? p->downgrades[d] : p->other_downgrades;
		char *longer;

		if (!n)
			continue;
		longer = rg_text("%s%s%s %llu", all, all[0] ? ", " : "",
				 d ? rg_downgrade_name(d) : "other", (unsigned long long)n);
		free(all);
		all = longer;
	}
	return all;
}

static __u64 lost_of(const struct rg_peer *p)
{
	return p->fates[RG_FATE_NOT_AGAIN] + p->fates[RG_FATE_DENIED] +
	       p->fates[RG_FATE_THROWN_OUT];
}

static void client_row(struct rg_table *t, const struct rg_recovery *r, const struct rg_peer *p)
{
	char protocol[32];

	cell(t, "%s", p->addr ?: "");
	cell(t, "%s%s", p->name ?: "", p->name_cut ? "…" : "");
	cell(t, "%s", rg_protocol_text(p, protocol));
	seconds(t, r, p->exchange_ns);
	cell(t, "%llu/%llu", (unsigned long long)p->opens.granted,
	     (unsigned long long)p->opens.refused);
	cell(t, "%llu/%llu", (unsigned long long)p->locks.granted,
	     (unsigned long long)p->locks.refused);
	cell(t, "%llu", (unsigned long long)p->fates[RG_FATE_AGAIN]);
	cell(t, "%llu", (unsigned long long)lost_of(p));
	seconds(t, r, p->complete_ns);
	if (p->slowest_ns)
		cell(t, "%.1f ms", (double)p->slowest_ns / 1e6);
	else
		cell(t, "%s", "");
	if (p->gone_ns)
		cell(t, "%s %+.3f", p->gone, rg_recovery_seconds(r, p->gone_ns));
	else
		cell(t, "%s", "");
	cell_of(t, downgrades_text(p));
	tone(t, lost_of(p)							 ? RG_TONE_BAD
		: p->fates[RG_FATE_AS_NEW]					 ? RG_TONE_WARN
		: p->fates[RG_FATE_AGAIN] || p->locks.granted + p->opens.granted ? RG_TONE_GOOD
										 : RG_TONE_NONE);
}

static void clients(const struct rg_recovery *r, struct tables *to)
{
	struct rg_table *t;

	if (!r->n_clients)
		return;
	t = add_table(
		to, rg_text("End clients"),
		rg_text("opens, locks: reclaims granted/refused. again: locks taken again. "
			"lost: locks refused or denied and not had later, or had and lost when "
			"knfsd let go of the end client.%s",
			r->more_clients ? " There are more end clients than are listed." : ""));
	COLUMNS(t, "address", "name", "protocol", ">back at", ">opens", ">locks", ">again", ">lost",
		">complete at", ">slowest", "gone", "downgrades");
	for (size_t i = 0; i < r->n_clients; i++)
		client_row(t, r, &r->clients[i]);
}

/* ---- original servers ---- */

static void origins(const struct rg_recovery *r, struct tables *to)
{
	struct rg_table *t;

	if (!r->n_origins)
		return;
	t = add_table(to, rg_text("Original servers"),
		      rg_text("This host as their client. opens, locks: its own reclaims "
			      "granted/refused. anew: taken in the ordinary way, as they could not "
			      "be reclaimed."));
	COLUMNS(t, "address", "name", "protocol", ">EXCHANGE_ID", ">opens", ">locks", ">anew",
		">complete at", "retains state");
	for (size_t i = 0; i < r->n_origins; i++) {
		const struct rg_peer *p = &r->origins[i];
		char protocol[32];

		cell(t, "%s", p->addr ?: "");
		cell(t, "%s", p->name ?: "");
		cell(t, "%s", rg_protocol_text(p, protocol));
		seconds(t, r, p->exchange_ns);
		cell(t, "%llu/%llu", (unsigned long long)p->opens.granted,
		     (unsigned long long)p->opens.refused);
		cell(t, "%llu/%llu", (unsigned long long)p->locks.granted,
		     (unsigned long long)p->locks.refused);
		cell(t, "%llu", (unsigned long long)p->nograce);
		seconds(t, r, p->complete_ns);
		cell(t, "%s", !p->has_retains ? "" : p->retains ? "yes" : "no");
		tone(t, p->locks.refused || p->opens.refused ? RG_TONE_WARN : RG_TONE_NONE);
	}
}

/* ---- lost ---- */

static void losses(const struct rg_recovery *r, struct tables *to)
{
	struct rg_table *t;

	if (!r->n_losses)
		return;
	t = add_table(to, rg_text("Locks lost, %llu", (unsigned long long)r->lost_total),
		      rg_text("By the ledger of the host that recorded: %s.%s", r->lost_text ?: "?",
			      r->more_losses ? " Not all of them are listed." : ""));
	COLUMNS(t, "end client", "file", "range", "type", "reason", "why");
	for (size_t i = 0; i < r->n_losses; i++) {
		const struct rg_loss *l = &r->losses[i];

		cell(t, "%s", l->client);
		cell_of(t, rg_file_text(r, l->file));
		cell_of(t, rg_range_text(l->start, l->length));
		cell(t, "%s", l->type ?: "");
		cell(t, "%s", l->reason ?: "");
		cell(t, "%s", l->text ?: "");
		tone(t, RG_TONE_BAD);
	}
}

/* ---- downgrades ---- */

static char *ground_note(const struct rg_ground *g, size_t listed)
{
	return rg_text("%s%s%s%s%s%s%s", g->text ? "Why: " : "", g->text ?: "", g->text ? ". " : "",
		       g->consequence ? "Consequence: " : "", g->consequence ?: "",
		       g->consequence ? "." : "",
		       g->n > listed ? " Not all of them are listed." : "");
}

static void downgraded_row(struct rg_table *t, const struct rg_recovery *r,
			   const struct rg_downgraded *d)
{
	const struct rg_peer *peers =
		r->grounds[d->ground].side == RG_SIDE_CLIENT ? r->origins : r->clients;

	seconds(t, r, d->ns);
	clock_cell(t, r, d->ns);
	cell(t, "%s", rg_record_op_name(d->op));
	cell_of(t, d->peer < 0 ? rg_text("%s", "") : rg_peer_text(&peers[d->peer]));
	cell_of(t, rg_file_text(r, d->file));
	cell_of(t, d->has_range ? rg_range_text(d->start, d->length) : rg_text("%s", ""));
	cell(t, "%s", d->status ?: "");
}

/* Writes the downgrades of one reason, which are sorted by it, and advances *at. */
static void ground(const struct rg_recovery *r, size_t i, size_t *at, struct tables *to)
{
	const struct rg_ground *g = &r->grounds[i];
	size_t until = *at;
	struct rg_table *t;

	while (until < r->n_downgraded && r->downgraded[until].ground == i)
		until++;
	t = add_table(to,
		      rg_text("Downgraded: %s, %s side, %llu", g->name,
			      g->side < 0 ? "?" : side_text(g->side), (unsigned long long)g->n),
		      ground_note(g, until - *at));
	COLUMNS(t, ">s", "UTC", "event");
	COLUMNS(t, g->side == RG_SIDE_CLIENT ? "original server" : "end client");
	COLUMNS(t, "file", "range", "status");
	for (; *at < until; ++*at)
		downgraded_row(t, r, &r->downgraded[*at]);
}

/* ---- local applications ---- */

static void app_row(struct rg_table *t, const struct rg_recovery *r, const struct rg_app *a)
{
	__u64 waited_ns = a->done		    ? a->waited_ns
			  : r->last_ns > a->held_ns ? r->last_ns - a->held_ns
						    : 0;

	cell(t, "%s", a->comm);
	cell(t, "%llu", (unsigned long long)(a->tgid ? a->tgid : a->tid));
	cell(t, "%llu", (unsigned long long)a->tid);
	cell(t, "%s", a->what);
	cell_of(t, rg_file_text(r, a->file));
	seconds(t, r, a->held_ns);
	cell(t, "%s%.3f s", a->done ? "" : "≥ ", (double)waited_ns / 1e9);
	if (a->done)
		seconds(t, r, a->continued_ns);
	else
		cell(t, "%s", "not seen");
	tone(t, a->done ? RG_TONE_NONE : RG_TONE_WARN);
}

static void apps(const struct rg_recovery *r, struct tables *to)
{
	struct rg_table *t;

	if (!r->n_apps)
		return;
	t = add_table(to, rg_text("Local applications held, %zu", r->n_apps),
		      rg_text("%s%s",
			      r->held_now ? "Not seen to go on: still held when the recording "
					    "ended, or ended while held."
					  : "All of them went on.",
			      r->more_apps ? " Not all are listed." : ""));
	COLUMNS(t, "command", ">pid", ">thread", "asked for", "file", ">held at", ">waited",
		">went on at");
	for (size_t i = 0; i < r->n_apps; i++)
		app_row(t, r, &r->apps[i]);
}

static void turned(const struct rg_recovery *r, struct tables *to)
{
	struct rg_table *t;

	if (!r->n_turned)
		return;
	t = add_table(to,
		      rg_text("Local applications denied, %llu times; passed and counted (audit), "
			      "%llu times",
			      (unsigned long long)r->denied, (unsigned long long)r->audited),
		      r->more_turned ? rg_text("Not all are listed.") : NULL);
	COLUMNS(t, "command", ">pid", "asked for", "", ">times", ">first at", ">last at");
	for (size_t i = 0; i < r->n_turned; i++) {
		const struct rg_turned *d = &r->turned[i];

		cell(t, "%s", d->comm);
		cell(t, "%llu", (unsigned long long)d->tgid);
		cell(t, "%s", d->what);
		cell(t, "%s", d->denied ? "denied" : "passed");
		cell(t, "%llu", (unsigned long long)d->n);
		seconds(t, r, d->first_ns);
		seconds(t, r, d->last_ns);
		tone(t, RG_TONE_WARN);
	}
}

struct rg_table *rg_tables_of(const struct rg_recovery *r, size_t *n)
{
	struct tables all = {};
	size_t at = 0;

	timeline(r, &all);
	clients(r, &all);
	losses(r, &all);
	origins(r, &all);
	for (size_t i = 0; i < r->n_grounds; i++)
		ground(r, i, &at, &all);
	apps(r, &all);
	turned(r, &all);
	*n = all.n;
	return all.at;
}

void rg_tables_free(struct rg_table *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t c = 0; c < t[i].n_cells; c++)
			free(t[i].cells[c]);
		free(t[i].cells);
		free(t[i].tones);
		free(t[i].title);
		free(t[i].note);
	}
	free(t);
}
