// SPDX-License-Identifier: GPL-2.0-only
/* Draws the gates in `top`. */
#include "top/parts.h"
#include "top/words.h"
#include "base/names.h"

static enum rg_look look_of_state(const struct rg_view *v)
{
	if (v->state != RG_STATE_OPEN)
		return RG_LOOK_WARN;
	return v->why == RG_WHY_TIMED_OUT || v->why == RG_WHY_SETTLE_TIMED_OUT ? RG_LOOK_BAD
									       : RG_LOOK_GOOD;
}

static void draw_state(struct rg_screen *s, const struct rg_gate *g, const struct rg_view *v,
		       __u64 now_ns)
{
	char age[RG_WORD_SIZE];

	if (!rg_screen_line(s))
		return;
	rg_screen_put(s, RG_LOOK_PLAIN, "gate %u  ", g->netns);
	rg_screen_put(s, look_of_state(v), "%s", rg_state_name(v->state));
	rg_screen_put(s, RG_LOOK_PLAIN, " %s: %s",
		      rg_age_text(rg_since_ns(v->since_ns, now_ns), age), rg_why_text(v->why));
}

#define BAR 16

/* Draws the elapsed part of `whole` as a bar of BAR cells, fewer on a narrow terminal. */
static void draw_bar(struct rg_screen *s, __u64 passed, __u64 whole)
{
	unsigned int cells = s->width < 3 * BAR ? s->width / 3 : BAR, done = cells;

	if (whole && passed < whole)
		done = (unsigned int)((double)passed / (double)whole * cells);
	rg_screen_put(s, RG_LOOK_PLAIN, "  [");
	for (unsigned int i = 0; i < cells; i++)
		rg_screen_put(s, i < done ? RG_LOOK_GOOD : RG_LOOK_PLAIN, i < done ? "#" : ".");
	rg_screen_put(s, RG_LOOK_PLAIN, "] ");
}

static void draw_awaited(struct rg_screen *s, const struct rg_snapshot *now, __u32 slot)
{
	struct rg_ledger_sum sum = rg_ledger_sum_of(now, slot);

	if (!now->gates[slot].awaited)
		return;
	rg_screen_put(s, RG_LOOK_WARN, "; %u awaited", now->gates[slot].awaited);
	if (sum.awaited_expected)
		rg_screen_put(s, RG_LOOK_PLAIN, ", %llu of %llu locks",
			      (unsigned long long)sum.awaited_locks,
			      (unsigned long long)sum.awaited_expected);
}

/* Draws "[####....] 43 s left of 90 s; 3 of 5 done; 2 awaited, 7 of 20 locks": end clients that
 * finished reclaiming, and locks that the awaited ones have again. */
static void draw_grace(struct rg_screen *s, const struct rg_snapshot *now, __u32 slot,
		       const struct rg_grace *grace)
{
	const struct rg_flow_storm *storm = &now->storms[slot];
	char left[RG_WORD_SIZE], whole[RG_WORD_SIZE];

	if (!rg_screen_line(s))
		return;
	draw_bar(s, grace->elapsed_ns, grace->length_ns);
	if (!grace->length_ns)
		rg_screen_put(s, RG_LOOK_PLAIN, "grace");
	else if (grace->left_ns)
		rg_screen_put(s, RG_LOOK_PLAIN, "%s left of %s", rg_age_text(grace->left_ns, left),
			      rg_age_text(grace->length_ns, whole));
	else
		rg_screen_put(s, RG_LOOK_WARN, "%s over %s",
			      rg_age_text(grace->elapsed_ns - grace->length_ns, left),
			      rg_age_text(grace->length_ns, whole));
	rg_screen_put(s, RG_LOOK_PLAIN, "; %u of %u done", storm->complete, storm->expected);
	draw_awaited(s, now, slot);
}

/* Draws "[###.....] opens in 57 s at the latest; 1 awaited, 7 of 20 locks". */
static void draw_deadline(struct rg_screen *s, const struct rg_snapshot *now, __u32 slot,
			  const struct rg_view *v)
{
	__u64 left_ns = rg_since_ns(now->now_ns, v->until_ns);
	char left[RG_WORD_SIZE];

	if (!left_ns || !rg_screen_line(s))
		return;
	draw_bar(s, rg_since_ns(v->since_ns, now->now_ns), rg_since_ns(v->since_ns, v->until_ns));
	rg_screen_put(s, RG_LOOK_PLAIN, "opens in %s at the latest", rg_age_text(left_ns, left));
	draw_awaited(s, now, slot);
}

static void draw_gate(struct rg_screen *s, const struct rg_snapshot *now, __u32 slot)
{
	const struct rg_gate *g = &now->gates[slot];
	struct rg_view v = rg_gate_view(g, now->now_ns);
	struct rg_grace grace = rg_grace_of(g, &now->storms[slot], now->now_ns);

	draw_state(s, g, &v, now->now_ns);
	if (grace.active)
		draw_grace(s, now, slot, &grace);
	else if (v.state != RG_STATE_OPEN)
		draw_deadline(s, now, slot, &v);
}

void rg_top_draw_gates(struct rg_screen *s, const struct rg_snapshot *now, unsigned int room)
{
	__u32 n = 0, hidden = 0;
	unsigned int from = s->n;

	for (__u32 slot = 0; slot < RG_MAX_GATES; slot++) {
		if (!rg_snapshot_has(now, slot))
			continue;
		n++;
		if (n > 1 && s->n - from + 3 > room)
			hidden++;
		else
			draw_gate(s, now, slot);
	}
	if ((hidden || !n) && rg_screen_line(s))
		rg_screen_put(s, RG_LOOK_PLAIN, n ? "%u more gates" : "no gate", hidden);
}
