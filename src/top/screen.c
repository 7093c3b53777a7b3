// SPDX-License-Identifier: GPL-2.0-only
#include "top/screen.h"

#include <string.h>
#include <time.h>

#include "cli/table.h"
#include "top/parts.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the first line ---- */

static void draw_clock(struct rg_screen *s, __u64 wall_ns)
{
	time_t t = (time_t)(wall_ns / RG_NS_PER_SEC);
	char text[32];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%H:%M:%S UTC", &tm);
	rg_screen_put(s, RG_LOOK_PLAIN, "  %s", text);
}

static void draw_daemon(struct rg_screen *s, const struct rg_snapshot *now)
{
	if (rg_is_alive(now->heartbeat_ns, now->now_ns))
		rg_screen_put(s, RG_LOOK_PLAIN, "  daemon pid %u", now->daemon_pid);
	else
		rg_screen_put(s, RG_LOOK_BAD, "  no daemon: hold acts as deny");
}

static void draw_top_line(struct rg_screen *s, const struct rg_top *top)
{
	const struct rg_snapshot *now = top->now;
	__u64 lost = now->totals.lost + now->counters[RG_COUNT_FAIL_RING];

	rg_screen_line(s);
	rg_screen_put(s, RG_LOOK_HEADING, "reexport-guard %s", RG_VERSION);
	draw_clock(s, now->wall_ns);
	if (now->enabled) {
		draw_daemon(s, now);
		rg_screen_put(s, lost ? RG_LOOK_BAD : RG_LOOK_PLAIN, "  lost %llu",
			      (unsigned long long)lost);
	}
	if (top->keys && rg_screen_left(s) >= 9) {
		rg_screen_column(s, s->width - 7);
		rg_screen_put(s, RG_LOOK_PLAIN, "q: quit");
	}
}

/* ---- how end clients are answered ---- */

static const struct rg_column answer_columns[] = {
	{.head = "answers", .width = 11, .rank = 0},
	{.head = "granted", .width = 8, .rank = 1, .right = true},
	{.head = "refused", .width = 8, .rank = 2, .right = true},
	{.head = "retaken", .width = 8, .rank = 3, .right = true},
	{.head = "GRACE", .width = 8, .rank = 4, .right = true},
	{.head = "DELAY", .width = 8, .rank = 5, .right = true},
	{.head = "denied", .width = 8, .rank = 6, .right = true},
	{.head = "errors", .width = 8, .rank = 7, .right = true},
};
static const __u32 answers[] = {
	RG_TALLY_RECLAIMS_OK, RG_TALLY_RECLAIMS_REFUSED, RG_TALLY_RETAKEN, RG_TALLY_GRACE,
	RG_TALLY_DELAY,	      RG_TALLY_DENIED,		 RG_TALLY_ERRORS,
};
_Static_assert(COUNT(answer_columns) == COUNT(answers) + 1, "a column each");

static void answer_cell(const void *of, unsigned int row, unsigned int column, char *buf)
{
	const struct rg_top *top = of;
	__u32 tally = column ? answers[column - 1] : 0;

	if (!column)
		strcpy(buf, row ? "in all" : "per second");
	else if (row)
		snprintf(buf, RG_CELL_SIZE, "%llu",
			 (unsigned long long)top->now->totals.tally[tally]);
	else if (!top->rates.known)
		strcpy(buf, "-");
	else
		snprintf(buf, RG_CELL_SIZE, top->rates.tally[tally] < 9.95 ? "%.1f" : "%.0f",
			 top->rates.tally[tally]);
}

static void draw_answers(struct rg_screen *s, const struct rg_top *top)
{
	const struct rg_table t = {.columns = answer_columns,
				   .n_columns = COUNT(answer_columns),
				   .cell = answer_cell,
				   .of = top};

	rg_table_head(s, &t, "");
	rg_table_row(s, &t, 0);
	rg_table_row(s, &t, 1);
}

struct rg_rates rg_rates_of(const __u64 *before, __u64 before_ns, const struct rg_snapshot *now)
{
	struct rg_rates rates = {.known = now->now_ns > before_ns};

	for (__u32 i = 0; i < RG_NR_TALLIES && rates.known; i++) {
		if (now->totals.tally[i] < before[i])
			return (struct rg_rates){};
		rates.tally[i] = (double)(now->totals.tally[i] - before[i]) /
				 ((double)(now->now_ns - before_ns) / 1e9);
	}
	return rates;
}

/* ---- all of it ---- */

int rg_top_draw(const struct rg_top *top, struct rg_screen *s)
{
	draw_top_line(s, top);
	if (top->note) {
		if (rg_screen_line(s))
			rg_screen_put(s, RG_LOOK_WARN, "%s", top->note);
		return 0;
	}
	rg_top_draw_gates(s, top->now, top->all ? s->height : s->height / 3);
	/* Draws three lines that small terminals have no room for. */
	if (s->height >= 12)
		draw_answers(s, top);
	return rg_top_draw_tables(s, top->now);
}
