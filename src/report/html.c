// SPDX-License-Identifier: GPL-2.0-only
/* Writes a report as one HTML file that fetches nothing and executes nothing. */
#include <stdlib.h>
#include <string.h>

#include "state/budget.h"
#include "report/advice.h"
#include "report/report.h"
#include "report/svg.h"
#include "report/tables.h"
#include "report/words.h"

/* Longer tables are folded until a reader opens them; paper shows them whole. */
#define UNFOLDED 60
/* With more columns than this a cell needs its head beside it. */
#define MANY 5

static const char style[] =
	":root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5a6675;"
	"--line:#e1e5ea;--grid:#e9ecf0;--granted:#2f6fb5;--refused:#c2410c;--again:#0b7a69;"
	"--good:#0b7a69;--warn:#9a6700;--bad:#b3261e;--closed:#46515f;--grace:#e0a43a;"
	"--settling:#f3d79b;--open:#d7ece6;--held:#7a5cab;--onbar:#fff;--ondark:#3a2c06;"
	"--good-bg:#e8f4f1;--warn-bg:#fdf4df;--bad-bg:#fcebe9;--none-bg:#eef1f4}"
	"@media (prefers-color-scheme:dark){:root{--page:#11151a;--card:#1a2027;--ink:#e4e8ed;"
	"--soft:#9daab8;--line:#2c353f;--grid:#262e37;--granted:#6aa9ea;--refused:#f0894f;"
	"--again:#45c4ae;--good:#45c4ae;--warn:#e3b341;--bad:#ff8a80;--closed:#8793a0;"
	"--grace:#b98124;--settling:#6e5a2c;--open:#1f4a41;--held:#a58cd6;--onbar:#0f1317;"
	"--ondark:#fff5dd;--good-bg:#12302b;--warn-bg:#33290f;--bad-bg:#3b1a18;"
	"--none-bg:#222a33}}"
	"*{box-sizing:border-box}"
	"body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,"
	"-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Cantarell,\"Noto Sans\","
	"\"DejaVu Sans\",sans-serif;font-variant-numeric:tabular-nums}"
	"main{max-width:1160px;margin:0 auto;padding:40px 24px 56px}header{margin-bottom:20px}"
	"h1{font-size:26px;line-height:1.25;font-weight:650;margin:0 0 4px;letter-spacing:-.01em}"
	"h2{font-size:20px;font-weight:650;margin:44px 0 14px}"
	"h3{font-size:15px;font-weight:650;margin:0 0 2px}"
	"p{margin:0 0 8px;overflow-wrap:anywhere}.soft{color:var(--soft)}.small{font-size:13px}"
	".card{background:var(--card);border:1px solid var(--line);border-radius:10px;"
	"padding:20px 22px;margin:0 0 18px}"
	".verdict{display:flex;gap:16px;border-left:5px solid var(--tone);background:var(--bg)}"
	".verdict .sign{flex:none;width:30px;height:30px;border-radius:50%;background:var(--tone);"
	"color:var(--card);font-weight:700;text-align:center;line-height:30px;margin-top:1px}"
	".verdict .first{font-size:18px;line-height:1.45;font-weight:600;margin:0 0 6px}"
	".verdict ul{margin:8px 0 0;padding-left:18px;color:var(--ink)}.verdict li{margin:3px 0}"
	".verdict .policy{margin:10px 0 0}"
	".t-good{--tone:var(--good);--bg:var(--good-bg)}.t-warn{--tone:var(--warn);"
	"--bg:var(--warn-bg)}.t-bad{--tone:var(--bad);--bg:var(--bad-bg)}"
	".t-none{--tone:var(--soft);--bg:var(--none-bg)}"
	"dl.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));"
	"gap:10px;margin:0 0 18px}"
	"dl.figures div{background:var(--card);border:1px solid var(--line);border-radius:10px;"
	"padding:12px 14px;display:flex;flex-direction:column-reverse;justify-content:flex-end}"
	"dl.figures dt{font-size:12.5px;line-height:1.35;color:var(--soft)}"
	"dl.figures dd{margin:0;font-size:23px;line-height:1.3;font-weight:600}"
	"figure{margin:0 0 18px}figcaption{display:flex;flex-wrap:wrap;align-items:baseline;"
	"gap:4px 20px;margin-bottom:12px}figcaption h3{margin-right:auto}"
	".key{display:inline-flex;align-items:center;gap:6px;font-size:12.5px;color:var(--soft)}"
	".key svg{width:18px;height:14px;display:block;overflow:visible}"
	".wide{overflow-x:auto}.wide>svg{display:block;width:100%;height:auto}"
	"table{border-collapse:collapse;font-size:13px;line-height:1.45}table.full{width:100%}"
	"table.full th:last-child,table.full td:last-child{width:99%}"
	"th{text-align:left;font-weight:600;color:var(--soft);font-size:12px;"
	"border-bottom:1px solid var(--line);padding:6px 14px 6px 0;white-space:nowrap;"
	"vertical-align:bottom}"
	"td{padding:5px 14px 5px 0;border-bottom:1px solid var(--grid);vertical-align:top;"
	"overflow-wrap:anywhere;min-width:2.5em}"
	"tr:last-child td{border-bottom:0}"
	"th.r,td.r{text-align:right;white-space:nowrap}td.n{white-space:nowrap}"
	"tr.t-good td:first-child,tr.t-warn td:first-child,tr.t-bad td:first-child{"
	"box-shadow:inset 3px 0 var(--tone)}"
	"td:first-child,th:first-child{padding-left:11px}"
	"summary{cursor:pointer;color:var(--soft);font-size:13px;padding:4px 0}"
	"footer{color:var(--soft);font-size:13px;margin-top:36px}footer ul{padding-left:18px}"
	"svg text{font-family:inherit;font-size:12px;fill:var(--ink)}"
	"svg .count{text-anchor:end}svg .tick{text-anchor:middle;fill:var(--soft);font-size:11.5px}"
	"svg .unit{text-anchor:end;fill:var(--soft);font-size:11.5px}"
	"svg .in{text-anchor:middle;font-size:11.5px;fill:var(--onbar)}"
	"svg .in.grace,svg .in.ingrace,svg .in.settling{fill:var(--ondark)}"
	"svg .in.open{fill:var(--ink)}"
	"svg .grid{stroke:var(--grid)}svg .rule{stroke:var(--line)}"
	"svg .zero{stroke:var(--soft);stroke-dasharray:3 3}"
	"svg .bar.starting,svg .bar.unknown{fill:var(--soft)}svg .bar.grace,svg .bar.ingrace{"
	"fill:var(--grace)}svg .bar.closed{fill:var(--closed)}"
	"svg .bar.settling{fill:var(--settling);stroke:var(--grace);stroke-dasharray:4 2}"
	"svg .bar.open{fill:var(--open);stroke:var(--good)}"
	"svg .bar.held{fill:var(--held)}"
	"svg .bar.held.still{stroke:var(--bad);stroke-width:2;stroke-dasharray:4 3}"
	"svg .mark{stroke-linecap:round;stroke-linejoin:round}"
	"svg .mark.granted{fill:var(--granted)}svg .mark.again{fill:var(--again)}"
	"svg .mark.refused{fill:none;stroke:var(--refused);stroke-width:2.2}"
	"svg .mark.denied{fill:none;stroke:var(--bad);stroke-width:2}"
	"svg .fill.denied{fill:var(--card);stroke:var(--bad)}"
	"svg .bar.away{fill:none;stroke:var(--soft);stroke-dasharray:2 3}svg "
	".in.away{fill:var(--soft)}"
	"svg .mark.back{fill:var(--soft)}"
	"svg .mark.complete{fill:var(--card);stroke:var(--ink);stroke-width:1.6}"
	"svg .fill.granted{fill:var(--granted)}svg .fill.refused{fill:var(--refused)}"
	"svg .fill.again{fill:var(--again)}svg .stripe{stroke:var(--card);stroke-width:2;"
	"stroke-opacity:.55}svg .dot{fill:var(--card);fill-opacity:.75}"
	/* On a narrow page a row of a table becomes a paragraph, with named cells if there are
	 * many, and a drawing gets larger letters. */
	"@media (max-width:640px){main{padding:24px 14px}.card{padding:16px}"
	"h1{font-size:22px}.verdict{gap:12px}.verdict .first{font-size:16px}"
	"dl.figures{grid-template-columns:repeat(auto-fill,minmax(140px,1fr))}"
	"table,tbody{display:block}thead{display:none}"
	"tr{display:flex;flex-wrap:wrap;gap:0 14px;padding:6px 0;"
	"border-bottom:1px solid var(--grid)}"
	"td,td.r,td.n{display:block;border:0;padding:0;text-align:left;white-space:normal;"
	"min-width:0}td:empty{display:none}td:first-child{padding-left:11px}"
	"table.full td:last-child{width:100%;padding-left:11px}"
	"table.many td::before{content:attr(data-head) \" \";color:var(--soft);font-size:12px}"
	"svg text,svg .tick,svg .unit{font-size:24px}"
	"svg .unit{transform:translateY(8px)}svg .in{display:none}"
	"svg .in.roomy{display:inline;font-size:20px}}"
	"@media print{:root{color-scheme:light;--page:#fff;--card:#fff;--ink:#000;--soft:#444;"
	"--line:#bbb;--grid:#ddd}body{font-size:10.5pt;print-color-adjust:exact;"
	"-webkit-print-color-adjust:exact}main{max-width:none;padding:0}.card,dl.figures,figure,tr{"
	"break-inside:avoid}.card.long{break-inside:auto}thead{display:table-header-group}"
	".wide{overflow:visible}.wide>svg{min-width:0}h2,h3{break-after:avoid}}";

/* ---- words ---- */

static void put(FILE *out, const char *before, const char *text, const char *after)
{
	fputs(before, out);
	rg_html_escape(out, text);
	fputs(after, out);
}

static const char *tone_class(enum rg_tone tone)
{
	static const char *const classes[] = {
		[RG_TONE_NONE] = "t-none",
		[RG_TONE_GOOD] = "t-good",
		[RG_TONE_WARN] = "t-warn",
		[RG_TONE_BAD] = "t-bad",
	};

	return classes[tone];
}

static const struct {
	enum rg_tone tone;
	const char *sign, *word;
} outcomes[RG_NR_OUTCOMES] = {
	[RG_OUTCOME_NOTHING] = {RG_TONE_NONE, "–", "Nothing was reclaimed"},
	[RG_OUTCOME_GRANTED] = {RG_TONE_GOOD, "✓", "Granted"},
	[RG_OUTCOME_AGAIN] = {RG_TONE_GOOD, "✓", "Taken again"},
	[RG_OUTCOME_UNPROVEN] = {RG_TONE_WARN, "?", "Unproven"},
	[RG_OUTCOME_UNDECIDED] = {RG_TONE_WARN, "…", "Undecided"},
	[RG_OUTCOME_LOST] = {RG_TONE_BAD, "✕", "Lost"},
};

/* ---- the verdict, in words and in figures ---- */

static void verdict(const struct rg_recovery *r, FILE *out)
{
	const struct rg_judgement *v = &r->verdict;
	char *place;

	fprintf(out,
		"<section class=\"card verdict %s\"><div class=\"sign\" "
		"aria-hidden=\"true\">%s</div>"
		"<div><p class=\"soft small\">%s</p>",
		tone_class(outcomes[v->outcome].tone), outcomes[v->outcome].sign,
		outcomes[v->outcome].word);
	for (size_t i = 0; i < v->n; i++) {
		if (!i)
			put(out, "<p class=\"first\">", v->sentences[i], "</p>");
		else
			put(out, i == 1 ? "<ul><li>" : "<li>", v->sentences[i], "</li>");
	}
	if (v->n > 1)
		fputs("</ul>", out);
	place = rg_recovery_place(r);
	put(out, "<p class=\"soft small policy\">", place, "</p>");
	free(place);
	fputs("</div></section>\n", out);
}

static void figure_count(FILE *out, __u64 n, const char *what)
{
	fprintf(out, "<div><dt>%s</dt><dd>%llu</dd></div>", what, (unsigned long long)n);
}

static void figure_seconds(FILE *out, double s, const char *what)
{
	fprintf(out, "<div><dt>%s</dt><dd>%.1f s</dd></div>", what, s);
}

static double longest_wait(const struct rg_recovery *r)
{
	__u64 longest_ns = 0;

	for (size_t i = 0; i < r->n_apps; i++)
		if (r->apps[i].waited_ns > longest_ns)
			longest_ns = r->apps[i].waited_ns;
	return (double)longest_ns / 1e9;
}

static void figures(const struct rg_recovery *r, FILE *out)
{
	fputs("<dl class=\"figures\">", out);
	figure_count(out, r->n_clients, "end clients seen");
	figure_count(out, r->opens.granted + r->lock_tries.granted, "reclaims granted");
	figure_count(out, r->opens.refused + r->lock_tries.refused, "reclaims refused");
	figure_count(out, r->again_refused + r->again_unrefused, "locks taken again");
	figure_count(out, r->fates[RG_FATE_NOT_AGAIN] + r->denied_refused + r->denied_unrefused,
		     "locks refused or denied, not had later");
	if (r->grace_ns && r->grace_end_ns && !r->skipped)
		figure_seconds(out, (double)(r->grace_end_ns - r->grace_ns) / 1e9,
			       "knfsd's grace period");
	if (r->gate_open_ns > rg_recovery_zero(r))
		figure_seconds(out, rg_recovery_seconds(r, r->gate_open_ns),
			       "from knfsd's start until the gate opened");
	if (r->n_apps) {
		figure_count(out, r->n_apps + r->more_apps, "local applications held");
		if (r->held_now < r->n_apps)
			figure_seconds(out, longest_wait(r), "longest wait of one that went on");
	}
	fputs("</dl>\n", out);
}

/* ---- drawings ---- */

static void key(FILE *out, const char *shape, const char *word)
{
	fprintf(out,
		"<span class=\"key\"><svg viewBox=\"-9 -7 18 14\" aria-hidden=\"true\">%s</svg>%s"
		"</span>",
		shape, word);
}

static void timeline_key(FILE *out)
{
	key(out, "<path class=\"mark back\" d=\"M-2-6h4v12h-4z\"/>", "back");
	key(out, "<circle class=\"mark granted\" r=\"4.5\"/>", "granted");
	key(out, "<path class=\"mark refused\" d=\"M-4-4l8 8m0-8l-8 8\"/>", "refused");
	key(out, "<path class=\"mark again\" d=\"M-5 4h10L0-5z\"/>", "taken again");
	key(out, "<path class=\"mark denied\" d=\"M-4-4h8v8h-8z\"/>", "denied");
	key(out, "<path class=\"mark complete\" d=\"M0-5.5l5.5 5.5-5.5 5.5-5.5-5.5z\"/>",
	    "RECLAIM_COMPLETE");
}

static void storm_key(FILE *out, size_t id)
{
	char shape[128];

	key(out, "<rect class=\"fill granted\" x=\"-8\" y=\"-6\" width=\"16\" height=\"12\"/>",
	    "granted");
	snprintf(shape, sizeof(shape),
		 "<rect fill=\"url(#hatch%zu)\" x=\"-8\" y=\"-6\" width=\"16\" height=\"12\"/>",
		 id);
	key(out, shape, "refused");
	snprintf(shape, sizeof(shape),
		 "<rect fill=\"url(#dots%zu)\" x=\"-8\" y=\"-6\" width=\"16\" height=\"12\"/>", id);
	key(out, shape, "taken again");
	key(out, "<rect class=\"fill denied\" x=\"-8\" y=\"-6\" width=\"16\" height=\"12\"/>",
	    "denied");
}

/* A few reclaims need no drawing of their own: the lanes show them. */
static bool is_storm(const struct rg_recovery *r)
{
	__u64 all = 0;

	for (int k = 0; k < RG_NR_STORMS; k++)
		all += r->storm.total[k];
	return all >= 10;
}

static void drawings(const struct rg_recovery *r, size_t id, FILE *out)
{
	fputs("<figure class=\"card\"><figcaption><h3>Who did what when</h3>", out);
	timeline_key(out);
	fputs("</figcaption><div class=\"wide\">", out);
	rg_svg_timeline(r, id, out);
	fputs("</div></figure>\n", out);
	if (!is_storm(r))
		return;
	fputs("<figure class=\"card\"><figcaption><h3>Reclaims, and what was taken again</h3>",
	      out);
	storm_key(out, id);
	fputs("</figcaption><div class=\"wide\">", out);
	rg_svg_storm(r, id, out);
	fputs("</div></figure>\n", out);
}

/* ---- tables ---- */

/* Leaves out a column that is empty in every row. */
static void used_columns(const struct rg_table *t, bool used[16])
{
	for (size_t i = 0; i < t->n_cells; i++)
		used[i % t->columns] |= t->cells[i][0] != '\0';
}

/* The last column then takes the remaining width. */
static bool ends_in_words(const struct rg_table *t, const bool used[16])
{
	size_t last = t->columns - 1;

	while (last && !used[last])
		last--;
	return !t->right[last];
}

static void rows(const struct rg_table *t, FILE *out)
{
	bool used[16] = {};

	used_columns(t, used);
	fprintf(out, "<div class=\"wide\"><table class=\"%s%s\"><thead><tr>",
		ends_in_words(t, used) ? "full" : "", t->columns > MANY ? " many" : "");
	for (size_t c = 0; c < t->columns; c++)
		if (used[c])
			fprintf(out, "<th scope=\"col\"%s>%s</th>",
				t->right[c] ? " class=\"r\"" : "", t->heads[c]);
	fputs("</tr></thead><tbody>\n", out);
	for (size_t i = 0; i < t->n_cells / t->columns; i++) {
		fprintf(out, t->tones[i] ? "<tr class=\"%s\">" : "<tr>", tone_class(t->tones[i]));
		for (size_t c = 0; c < t->columns; c++) {
			const char *text = t->cells[i * t->columns + c];

			if (!used[c])
				continue;
			fputs(t->right[c]	  ? "<td class=\"r\""
			      : strlen(text) < 48 ? "<td class=\"n\""
						  : "<td",
			      out);
			if (t->columns > MANY)
				fprintf(out, " data-head=\"%s\"", t->heads[c]);
			put(out, ">", text, "</td>");
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>", out);
}

static void table(const struct rg_table *t, FILE *out)
{
	size_t n = t->n_cells / t->columns;

	fprintf(out, "<section class=\"card%s\">", n > 20 ? " long" : "");
	put(out, "<h3>", t->title, "</h3>");
	if (t->note && t->note[0])
		put(out, "<p class=\"soft small\">", t->note, "</p>");
	if (n > UNFOLDED)
		fprintf(out, "<details><summary>%zu rows</summary>", n);
	rows(t, out);
	fputs(n > UNFOLDED ? "</details></section>\n" : "</section>\n", out);
}

/* ---- what to do ---- */

static void advice(const struct rg_recovery *r, FILE *out)
{
	size_t n;
	struct rg_advice *a = rg_advice_of(r, &n);

	fputs("<section class=\"card\"><h3>What to do</h3>", out);
	if (!n)
		put(out, "<p>", rg_advice_nothing(r), "</p>");
	for (size_t i = 0; i < n; i++) {
		char *who = a[i].client < 0 ? rg_text("On this host")
					    : rg_peer_text(&r->clients[a[i].client]);

		put(out, "<p><strong>", who, ":</strong> ");
		put(out, "", a[i].text, ".</p>");
		free(who);
	}
	rg_advice_free(a, n);
	fputs("</section>\n", out);
}

/* ---- the page ---- */

static void recovery(const struct rg_recovery *r, size_t id, FILE *out)
{
	struct rg_table *tables;
	size_t n;

	if (id) {
		char *title = rg_recovery_title(r);

		put(out, "<h2>", title, "</h2>\n");
		free(title);
	}
	verdict(r, out);
	figures(r, out);
	drawings(r, id, out);
	tables = rg_tables_of(r, &n);
	for (size_t i = 0; i < n; i++)
		table(&tables[i], out);
	rg_tables_free(tables, n);
	advice(r, out);
}

static void head(const struct rg_report *r, const char *title, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'\">\n",
	      out);
	put(out, "<title>", title, "");
	put(out, r->header.host ? " on " : "", r->header.host ?: "", "</title>\n");
	fprintf(out, "<style>%s</style>\n</head>\n<body>\n<main>\n<header>", style);
	put(out, "<h1>", title, "</h1>\n");
	put(out, "<p class=\"soft\">re-export server ", r->header.host ?: "not known", "");
	put(out, ", kernel ", r->header.kernel ?: "not known", "");
	put(out, ", recorded by reexport-guard ", r->header.tool ?: "?", "</p></header>\n");
}

static void foot(const struct rg_report *r, FILE *out)
{
	size_t n;
	char **notes = rg_report_notes(r, &n);

	fputs("<footer><p>Recording:", out);
	for (size_t i = 0; i < r->n_inputs; i++) {
		put(out, i ? ", " : " ", r->inputs[i].name, "");
		fprintf(out, " (%llu lines)", (unsigned long long)r->inputs[i].lines);
	}
	fprintf(out, "; %llu events. Report by reexport-guard %s.</p>\n",
		(unsigned long long)r->events, RG_VERSION);
	fputs(n ? "<ul>" : "", out);
	for (size_t i = 0; i < n; i++) {
		put(out, "<li>", notes[i], "</li>\n");
		free(notes[i]);
	}
	fputs(n ? "</ul>" : "", out);
	free(notes);
	fputs("</footer>\n</main>\n</body>\n</html>\n", out);
}

/* A report of one recovery has that recovery's title. */
void rg_report_html(const struct rg_report *r, FILE *out)
{
	char *title = r->n == 1 ? rg_recovery_title(r->at[0])
		      : r->n	? rg_text("%zu recoveries", r->n)
				: rg_text("No recovery");

	head(r, title, out);
	free(title);
	if (!r->n)
		fputs("<section class=\"card verdict t-none\"><div class=\"sign\" "
		      "aria-hidden=\"true\">–</div><div><p class=\"first\">No recovery is in the "
		      "recording.</p></div></section>\n",
		      out);
	for (size_t i = 0; i < r->n; i++)
		recovery(r->at[i], r->n == 1 ? 0 : i + 1, out);
	foot(r, out);
}
