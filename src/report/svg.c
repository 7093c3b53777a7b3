// SPDX-License-Identifier: GPL-2.0-only
/* Draws a lane for the gate, each end client and each application over time. Colours are classes
 * of the page (html.c); shapes repeat what the colours say. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "report/svg.h"
#include "report/words.h"

/* The name stands above its lane, so that a narrow page has room for smaller lanes and larger
 * names. */
#define BAR_LANE 46
#define MARK_LANE 52
#define FIRST_LANE 40 /* the middle of the first one */
#define BAR_NAME (-14)
#define MARK_NAME (-18)
#define MOST_NAME 60 /* characters */
#define MAX_CLIENTS 40
#define MAX_ORIGINS 4
#define MAX_APPS 16
#define COLUMN 9 /* marks closer than this become one */
#define COLUMNS (RG_SVG_PLOT / COLUMN + 1)

/* ---- lanes ---- */

/* Cuts a name that is too long for its place; the tooltip has all of it. */
static void lane_name(FILE *out, double y, const char *name, const char *title)
{
	size_t shown = 0, bytes = 0;
	char *cut;

	while (name[bytes] && shown < MOST_NAME) {
		bytes++;
		while (((unsigned char)name[bytes] & 0xc0) == 0x80)
			bytes++;
		shown++;
	}
	cut = rg_text("%.*s%s", (int)bytes, name, name[bytes] ? "…" : "");
	fprintf(out, "<text class=\"lane\" x=\"%d\" y=\"%.1f\">", RG_SVG_LEFT, y);
	if (title[0]) {
		fprintf(out, "<title>");
		rg_html_escape(out, title);
		fprintf(out, "</title>");
	}
	rg_html_escape(out, cut);
	fprintf(out, "</text>\n");
	free(cut);
}

/* Draws a bar, with its word inside if there is room: 7 pixels a character, twice as many for
 * the larger letters of a narrow page (class roomy). */
static void bar(FILE *out, const struct rg_scale *s, double y, double from, double to,
		const char *class, const char *word, const char *title)
{
	double x1 = rg_svg_x(s, from), x2 = rg_svg_x(s, to);

	if (to <= s->from || from >= s->to)
		return;
	if (x2 - x1 < 2)
		x2 = x1 + 2;
	fprintf(out,
		"<g><title>%s, %+.3f to %+.3f s</title>"
		"<rect class=\"bar %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"18\" "
		"rx=\"3\"/>",
		title, from, to, class, x1, y - 9, x2 - x1);
	if (x2 - x1 > 7.0 * (double)strlen(word) + 12)
		fprintf(out, "<text class=\"in %s%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", class,
			x2 - x1 > 14.0 * (double)strlen(word) + 12 ? " roomy" : "", (x1 + x2) / 2,
			y + 4, word);
	fprintf(out, "</g>\n");
}

/* ---- marks ---- */

enum mark { GRANTED, REFUSED, AGAIN, DENIED, BACK, COMPLETE, NR_MARKS };

static const struct {
	const char *class, *path, *word;
	double down; /* from the middle of the lane */
} marks[NR_MARKS] = {
	[GRANTED] = {"granted", "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "reclaims granted", -8},
	[REFUSED] = {"refused", "M-3.5-3.5l7 7m0-7l-7 7", "reclaims refused", 0},
	[AGAIN] = {"again", "M-4.5 3.5h9L0-4.5z", "taken again", 8},
	[DENIED] = {"denied", "M-4-4h8v8h-8z", "asked for again and denied", 8},
	[BACK] = {"back", "M-1.5-12h3v24h-3z", "back (EXCHANGE_ID)", 0},
	[COMPLETE] = {"complete", "M0-5l5 5-5 5-5-5z", "RECLAIM_COMPLETE", 8},
};

static void mark(FILE *out, enum mark which, double x, double y, __u64 n)
{
	fprintf(out, "<path class=\"mark %s\" d=\"%s\" transform=\"translate(%.1f %.1f)\">",
		marks[which].class, marks[which].path, x, y + marks[which].down);
	if (n)
		fprintf(out, "<title>%llu %s</title>", (unsigned long long)n, marks[which].word);
	fprintf(out, "</path>");
}

/* ---- this host ---- */

/* Draws the time in which the original server did not hear of this host: the power cut. It is
 * often longer than the rest and is cut off on the left. */
static void away_bar(const struct rg_recovery *r, const struct rg_peer *p, const struct rg_scale *s,
		     double y, FILE *out)
{
	double back = rg_recovery_seconds(r, p->exchange_ns);

	for (size_t i = 0; i < r->header.n_origins; i++) {
		const struct rg_origin_away *a = &r->header.origins[i];
		char word[32];

		if (!a->has_away || !a->name || !p->exchange_ns ||
		    (strcmp(a->name, p->addr ?: "") != 0 && strcmp(a->name, p->name ?: "") != 0))
			continue;
		snprintf(word, sizeof(word), "away %llu s", (unsigned long long)a->away_s);
		bar(out, s, y, back - (double)a->away_s, back, "away", word,
		    "no lease was renewed at the original server");
		return;
	}
}

static void origin_lanes(const struct rg_recovery *r, const struct rg_scale *s, double *y,
			 FILE *out)
{
	for (size_t i = 0; i < r->n_origins && i < MAX_ORIGINS; i++) {
		const struct rg_peer *p = &r->origins[i];
		char *whole = rg_text("this host at its original server %s %s", p->addr ?: "",
				      p->name ?: "");
		double back = rg_recovery_seconds(r, p->exchange_ns),
		       complete = rg_recovery_seconds(r, p->complete_ns);

		rg_svg_rule(out, *y);
		lane_name(out, *y + MARK_NAME, i ? "the same, another" : "this host as client",
			  whole);
		away_bar(r, p, s, *y, out);
		if (p->exchange_ns && back >= s->from && back <= s->to)
			mark(out, BACK, rg_svg_x(s, back), *y, 1);
		if (p->complete_ns && complete >= s->from && complete <= s->to)
			mark(out, COMPLETE, rg_svg_x(s, complete), *y, 1);
		fprintf(out, "\n");
		free(whole);
		*y += MARK_LANE;
	}
}

static void knfsd_lanes(const struct rg_recovery *r, const struct rg_scale *s, double *y, FILE *out)
{
	double end = rg_recovery_seconds(r, r->last_ns);

	lane_name(out, *y + BAR_NAME, "knfsd", "");
	if (r->start_ns && r->grace_ns)
		bar(out, s, *y, 0, rg_recovery_seconds(r, r->grace_ns), "starting", "",
		    "knfsd starting");
	if (r->grace_ns && !r->skipped)
		bar(out, s, *y, rg_recovery_seconds(r, r->grace_ns),
		    r->grace_end_ns ? rg_recovery_seconds(r, r->grace_end_ns) : end, "grace",
		    "grace", "knfsd's grace period");
	*y += BAR_LANE;
	if (!r->lockd_ns)
		return;
	lane_name(out, *y + BAR_NAME, "lockd", "");
	bar(out, s, *y, rg_recovery_seconds(r, r->lockd_ns),
	    r->lockd_end_ns ? rg_recovery_seconds(r, r->lockd_end_ns) : end, "grace", "grace",
	    "lockd's grace period");
	*y += BAR_LANE;
}

/* Draws each state until the next one, and the last one to the edge. */
static void gate_lane(const struct rg_recovery *r, const struct rg_scale *s, double *y, FILE *out)
{
	static const char *const classes[RG_NR_STATES + 1] = {"closed", "ingrace", "settling",
							      "open", "unknown"};

	if (!r->n_changes)
		return;
	lane_name(out, *y + BAR_NAME, "gate", "");
	for (size_t i = 0; i < r->n_changes; i++) {
		const struct rg_change *c = &r->changes[i];
		const char *name = c->state < RG_NR_STATES ? rg_state_name(c->state) : "unknown";
		double to =
			i + 1 < r->n_changes ? rg_recovery_seconds(r, r->changes[i + 1].ns) : s->to;
		char title[64];

		snprintf(title, sizeof(title), "gate %s", name);
		bar(out, s, *y, rg_recovery_seconds(r, c->ns), to, classes[c->state], name, title);
	}
	*y += BAR_LANE;
}

/* ---- end clients ---- */

/* Orders end clients by how much there is to show, then by their first event. */
static size_t choose(const struct rg_recovery *r, size_t chosen[MAX_CLIENTS])
{
	size_t n = 0;

	for (int worst = 1; worst >= 0; worst--)
		for (size_t i = 0; i < r->n_clients && n < MAX_CLIENTS; i++) {
			const struct rg_peer *p = &r->clients[i];
			bool lost = p->fates[RG_FATE_NOT_AGAIN] || p->fates[RG_FATE_DENIED] ||
				    p->fates[RG_FATE_THROWN_OUT];

			if (lost == (worst == 1))
				chosen[n++] = i;
		}
	return n;
}

struct grid { /* marks of one lane, by column; each stands where its first point is */
	__u32 n[RG_NR_STORMS][COLUMNS];
	float x[RG_NR_STORMS][COLUMNS];
};

static void grid_add(struct grid *g, enum rg_storm_kind kind, double x)
{
	int column = (int)((x - RG_SVG_LEFT) / COLUMN);

	if (!g->n[kind][column]++)
		g->x[kind][column] = (float)x;
}

/* Collects the points of all drawn lanes in one pass. */
static void collect(const struct rg_recovery *r, const struct rg_scale *s, const size_t *chosen,
		    size_t n, struct grid *grids)
{
	__u32 *lane = rg_zalloc(r->n_clients + 1, sizeof(*lane));

	for (size_t i = 0; i < n; i++)
		lane[chosen[i]] = (__u32)i + 1;
	for (size_t i = 0; i < r->n_points; i++) {
		const struct rg_point *p = &r->points[i];
		double at = rg_recovery_seconds(r, p->ns);

		if (lane[p->client] && at >= s->from && at <= s->to)
			grid_add(&grids[lane[p->client] - 1], p->kind, rg_svg_x(s, at));
	}
	free(lane);
}

static void client_marks(const struct rg_recovery *r, const struct rg_peer *p,
			 const struct rg_scale *s, double y, const struct grid *g, FILE *out)
{
	static const enum mark of[RG_NR_STORMS] = {GRANTED, REFUSED, AGAIN, DENIED};
	double back = rg_recovery_seconds(r, p->exchange_ns),
	       complete = rg_recovery_seconds(r, p->complete_ns);

	if (p->exchange_ns && back >= s->from && back <= s->to)
		mark(out, BACK, rg_svg_x(s, back), y, 1);
	for (int kind = 0; kind < RG_NR_STORMS; kind++) {
		double least = 0;

		for (int c = 0; c < COLUMNS; c++) {
			if (!g->n[kind][c])
				continue;
			mark(out, of[kind], fmax(g->x[kind][c], least), y, g->n[kind][c]);
			least = fmax(g->x[kind][c], least) + COLUMN;
		}
	}
	if (p->complete_ns && complete >= s->from && complete <= s->to)
		mark(out, COMPLETE, rg_svg_x(s, complete), y, 1);
}

/* Takes the last word of a name such as "Linux NFSv4.2 cli", since there is little room. */
static char *short_name(const struct rg_peer *p)
{
	static const char common[] = "Linux NFSv4.";
	const char *name = p->name ?: "", *last;

	if (strncmp(name, common, strlen(common)) == 0) {
		last = strchr(name + strlen(common), ' ');
		name = last ? last + 1 : name;
	}
	return rg_text("%s%s%s", p->addr ?: "", p->addr && *name ? " " : "", name);
}

static void client_lanes(const struct rg_recovery *r, const struct rg_scale *s, double *y,
			 FILE *out)
{
	size_t chosen[MAX_CLIENTS], n = choose(r, chosen);
	struct grid *grids = rg_zalloc(n + 1, sizeof(*grids));

	collect(r, s, chosen, n, grids);
	for (size_t i = 0; i < n; i++) {
		const struct rg_peer *p = &r->clients[chosen[i]];
		char *whole = rg_peer_text(p), *name = short_name(p);

		rg_svg_rule(out, *y);
		lane_name(out, *y + MARK_NAME, name, whole);
		client_marks(r, p, s, *y, &grids[i], out);
		fprintf(out, "\n");
		free(whole);
		free(name);
		*y += MARK_LANE;
	}
	free(grids);
	if (r->n_clients > n) {
		fprintf(out,
			"<text class=\"lane\" x=\"%d\" y=\"%.1f\">and %zu more end "
			"clients</text>\n",
			RG_SVG_LEFT, *y, r->n_clients - n);
		*y += MARK_LANE;
	}
}

/* ---- local applications ---- */

static void app_lanes(const struct rg_recovery *r, const struct rg_scale *s, double *y, FILE *out)
{
	size_t n = r->n_apps < MAX_APPS ? r->n_apps : MAX_APPS;

	for (size_t i = 0; i < n; i++) {
		const struct rg_app *a = &r->apps[i];
		char *name = rg_text("%s (%llu)", a->comm, (unsigned long long)a->tid),
		     *more = rg_text("%s, %s", name, a->what);

		lane_name(out, *y + BAR_NAME, name, more);
		bar(out, s, *y, rg_recovery_seconds(r, a->held_ns),
		    a->done ? rg_recovery_seconds(r, a->continued_ns) : s->to,
		    a->done ? "held" : "held still", "held",
		    a->done ? "local application held" : "local application held, end not seen");
		free(name);
		free(more);
		*y += BAR_LANE;
	}
	if (r->n_apps > n) {
		fprintf(out, "<text class=\"lane\" x=\"%d\" y=\"%.1f\">and %zu more held</text>\n",
			RG_SVG_LEFT, *y, r->n_apps - n);
		*y += BAR_LANE;
	}
}

/* ---- the timeline ---- */

static void reach(const struct rg_recovery *r, struct rg_scale *s, __u64 ns)
{
	double at = rg_recovery_seconds(r, ns);

	if (!ns)
		return;
	if (at < s->from)
		s->from = at;
	if (at > s->to)
		s->to = at;
}

/* Chooses the span of the drawing: that of the recovery, not of the recording, which may last
 * for days. What lies far outside is drawn at the edge. */
static struct rg_scale scale_of(const struct rg_recovery *r)
{
	struct rg_scale s = {0, 0.001}, core;

	reach(r, &s, r->grace_ns);
	reach(r, &s, r->grace_end_ns);
	reach(r, &s, r->lockd_end_ns);
	reach(r, &s, r->gate_open_ns);
	core = s;
	reach(r, &s, r->lockd_ns);
	reach(r, &s, r->storm.first_ns);
	reach(r, &s, r->storm.last_ns);
	for (size_t i = 0; i < r->n_changes; i++)
		if (!r->changes[i].carried)
			reach(r, &s, r->changes[i].ns);
	for (size_t i = 0; i < r->n_clients; i++) {
		reach(r, &s, r->clients[i].exchange_ns);
		reach(r, &s, r->clients[i].complete_ns);
	}
	for (size_t i = 0; i < r->n_origins; i++) {
		reach(r, &s, r->origins[i].exchange_ns);
		reach(r, &s, r->origins[i].complete_ns);
	}
	for (size_t i = 0; i < r->n_apps; i++) {
		reach(r, &s, r->apps[i].held_ns);
		reach(r, &s, r->apps[i].continued_ns);
	}
	if (!r->reached_end)
		reach(r, &s, r->last_ns);
	s.from = fmax(s.from, core.from - fmax(30, core.to));
	s.to = fmin(s.to, fmax(60, core.to * 4));
	if (s.to - s.from < 0.01)
		s.to = s.from + 0.01;
	core = s;
	s.from -= (core.to - core.from) * 0.02;
	s.to += (core.to - core.from) * 0.07; /* leave room for the word of the last state */
	return s;
}

static double timeline_height(const struct rg_recovery *r)
{
	size_t clients = r->n_clients > MAX_CLIENTS ? MAX_CLIENTS + 1 : r->n_clients,
	       origins = r->n_origins > MAX_ORIGINS ? MAX_ORIGINS : r->n_origins,
	       apps = r->n_apps > MAX_APPS ? MAX_APPS + 1 : r->n_apps,
	       bars = 1 + (r->lockd_ns != 0) + (r->n_changes != 0) + apps;

	return FIRST_LANE - 18.0 + BAR_LANE * (double)bars +
	       MARK_LANE * (double)(clients + origins);
}

void rg_svg_timeline(const struct rg_recovery *r, size_t id, FILE *out)
{
	struct rg_scale s = scale_of(r);
	double bottom = timeline_height(r), y = FIRST_LANE;

	rg_svg_begin(out, "timeline", id, bottom + 42, "Timeline of the recovery");
	for (size_t i = 0; i < r->verdict.n && i < 2; i++) {
		rg_html_escape(out, r->verdict.sentences[i]);
		fputc(' ', out);
	}
	fprintf(out,
		"A lane each for this host as a client, knfsd, lockd, the gate, %zu end clients "
		"and %zu held local "
		"applications. The table Timeline has the same in words.</desc>\n",
		r->n_clients, r->n_apps);
	rg_svg_axis(out, &s, 4, bottom, rg_zero_text(r));
	origin_lanes(r, &s, &y, out);
	knfsd_lanes(r, &s, &y, out);
	gate_lane(r, &s, &y, out);
	client_lanes(r, &s, &y, out);
	app_lanes(r, &s, &y, out);
	fprintf(out, "</svg>\n");
}
