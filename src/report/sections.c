// SPDX-License-Identifier: GPL-2.0-only
/* Divides a recording into recoveries: one for each network namespace, start of knfsd and boot
 * of the host. */
#include <stdlib.h>
#include <string.h>

#include "report/collect.h"
#include "report/judge.h"
#include "report/report.h"

/* Assume a new boot where there is no header and time goes back by more than events are ever out
 * of order. */
#define BACK_NS (60 * 1000000000ULL)

void rg_report_init(struct rg_report *r)
{
	*r = (struct rg_report){};
}

void rg_report_free(struct rg_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		rg_recovery_free(r->at[i]);
	for (size_t i = 0; i < r->n_open; i++)
		rg_recovery_free(r->open[i]);
	for (size_t i = 0; i < r->n_inputs; i++)
		free(r->inputs[i].name);
	for (size_t i = 0; i < r->n_complaints; i++) {
		free(r->complaints[i].file);
		free(r->complaints[i].text);
	}
	free(r->at);
	free(r->open);
	free(r->inputs);
	free(r->complaints);
	rg_report_header_free(&r->header);
	*r = (struct rg_report){};
}

/* ---- beginning and ending one ---- */

static void keep(struct rg_report *r, struct rg_recovery *one)
{
	if (r->n == RG_REPORT_RECOVERIES) {
		rg_recovery_free(r->at[0]);
		memmove(&r->at[0], &r->at[1], (r->n - 1) * sizeof(struct rg_recovery *));
		r->n--;
		r->dropped++;
	}
	r->at = rg_grow(r->at, r->n, &r->room, sizeof(struct rg_recovery *));
	r->at[r->n++] = one;
}

/* Says whether there is anything to report. Most of a recording is no recovery, for example the
 * start of a daemon. */
static void close_one(struct rg_report *r, struct rg_recovery *one, enum rg_ended ended)
{
	one->ended = ended;
	if (one->telling) {
		rg_recovery_finish(one);
		keep(r, one);
	} else {
		rg_recovery_free(one);
	}
}

static void close_all(struct rg_report *r, enum rg_ended ended)
{
	for (size_t i = 0; i < r->n_open; i++)
		close_one(r, r->open[i], ended);
	r->n_open = 0;
}

static __u32 netns_of(const struct rg_report *r, const struct rg_entry *e)
{
	return (__u32)(e->has_netns ? e->netns : r->has_header ? r->header.netns : 0);
}

static struct rg_recovery *begin(struct rg_report *r, __u32 netns)
{
	struct rg_recovery *one = rg_recovery_new(r->has_header ? &r->header : NULL);

	one->netns = netns;
	one->has_netns = netns != 0;
	return one;
}

/* Carries over the gate's state and the held processes: no new HELD comes for them, but
 * CONTINUED says how long they were held. */
static void carry(struct rg_recovery *to, const struct rg_recovery *from)
{
	const struct rg_change *c;

	if (!from->n_changes)
		return;
	c = &from->changes[from->n_changes - 1];
	to->changes = rg_grow(to->changes, to->n_changes, &to->room_changes, sizeof(*to->changes));
	to->changes[to->n_changes++] =
		(struct rg_change){.ns = c->ns,
				   .state = c->state,
				   .state_name = rg_text("%s", c->state_name),
				   .why = c->why ? rg_text("%s", c->why) : NULL,
				   .carried = true};
}

/* Says whether the event belongs to another life of knfsd than the current recovery. */
static bool begins_another(const struct rg_recovery *one, const struct rg_entry *e)
{
	if (one->shutdown_ns)
		return true;
	if (e->op == RG_REC_KNFSD_STARTING)
		return one->start_ns || one->grace_ns;
	if (e->op == RG_REC_GRACE_START || e->op == RG_REC_GRACE_SKIPPED)
		return one->grace_ns != 0;
	return false;
}

static struct rg_recovery *recovery_of(struct rg_report *r, const struct rg_entry *e)
{
	__u32 netns = netns_of(r, e);
	size_t i = 0;

	while (i < r->n_open && r->open[i]->netns != netns)
		i++;
	/* Keeps more namespaces than there can be gates; the rest share one element. */
	if (i == RG_REPORT_RECOVERIES)
		i--;
	if (i == r->n_open) {
		r->open = rg_grow(r->open, i, &r->room_open, sizeof(struct rg_recovery *));
		r->open[r->n_open++] = begin(r, netns);
	} else if (begins_another(r->open[i], e)) {
		struct rg_recovery *old = r->open[i];

		r->open[i] = begin(r, netns);
		carry(r->open[i], old);
		close_one(r, old, old->shutdown_ns ? RG_ENDED_SHUTDOWN : RG_ENDED_START);
	}
	return r->open[i];
}

/* ---- lines ---- */

static bool is_other_boot(const struct rg_report *r, const struct rg_report_header *h)
{
	if (r->header.boot_id && h->boot_id)
		return strcmp(r->header.boot_id, h->boot_id) != 0;
	return h->boot_ns < r->last_ns;
}

/* A recovery begins with knfsd's start: programs that were attached between its first event and
 * that have missed nothing of it. Those that are missing later have missed the rest. */
static void traced_anew(struct rg_recovery *one, const struct rg_report_header *h)
{
	bool begun = one->start_ns || one->grace_ns || one->shutdown_ns || one->n_clients;

	if (begun && (one->header.untraced || !h->untraced))
		return;
	free(one->header.untraced);
	one->header.untraced = rg_copy(h->untraced);
	one->header.blind = h->blind;
}

static void add_header(struct rg_report *r, json_object *line)
{
	struct rg_report_header h;

	rg_report_header_of(line, &h);
	if (r->has_header && is_other_boot(r, &h)) {
		close_all(r, RG_ENDED_BOOT);
		r->last_ns = 0;
	}
	for (size_t i = 0; i < r->n_open; i++)
		traced_anew(r->open[i], &h);
	rg_report_header_free(&r->header);
	r->header = h;
	r->has_header = true;
	if (h.boot_ns > r->last_ns)
		r->last_ns = h.boot_ns;
	if (r->n_inputs)
		r->inputs[r->n_inputs - 1].has_header = true;
}

/* Charges events lost by the tracer to every recovery that is going on, in any namespace. */
static void add_lost(struct rg_report *r, __u64 lost, __u64 failures, __u64 bad_lines)
{
	for (size_t i = 0; i < r->n_open; i++) {
		r->open[i]->lost += lost;
		r->open[i]->failures += failures;
		r->open[i]->bad_lines += bad_lines;
	}
}

static void add_record(struct rg_report *r, struct rg_entry *e)
{
	if (!e->has_boot_ns)
		e->boot_ns = r->last_ns;
	if (e->boot_ns < r->last_ns && r->last_ns - e->boot_ns > BACK_NS && !r->has_header) {
		close_all(r, RG_ENDED_BOOT);
		r->last_ns = 0;
	}
	if (e->boot_ns > r->last_ns)
		r->last_ns = e->boot_ns;
	if (e->op == RG_REC_LOST) {
		r->lost_seen += e->lost;
		r->failures_seen += e->failures;
		/* Charge a recovery without events as well: the lost events may be all it
		 * had. */
		if (!r->n_open)
			recovery_of(r, e);
		add_lost(r, e->lost, e->failures, 0);
		return;
	}
	rg_recovery_add(recovery_of(r, e), e);
}

/* The event belongs to the current or the last life of knfsd and begins no recovery. */
static void add_lost_locks(struct rg_report *r, const struct rg_entry *e)
{
	__u32 netns = netns_of(r, e);
	size_t i = 0;

	while (i < r->n_open && r->open[i]->netns != netns)
		i++;
	if (i == r->n_open) {
		recovery_of(r, e);
		i = r->n_open - 1;
	}
	(e->kind == RG_ENTRY_LOST ? rg_add_lost : rg_add_lost_lock)(r->open[i], e);
}

static void add_end(struct rg_report *r, const struct rg_entry *e)
{
	r->lost_at_end += e->lost;
	r->failures_at_end += e->failures;
	if (!e->has_boot_ns)
		return;
	for (size_t i = 0; i < r->n_open; i++)
		rg_latest(&r->open[i]->last_ns, e->boot_ns);
}

bool rg_report_line(struct rg_report *r, json_object *line)
{
	struct rg_entry e;

	if (!rg_entry_of(line, &e))
		return false;
	r->events++;
	r->unknown_fields += e.unknown_fields;
	r->ended = e.kind == RG_ENTRY_END;
	if (r->n_inputs)
		r->inputs[r->n_inputs - 1].events++;
	switch (e.kind) {
	case RG_ENTRY_HEADER:
		add_header(r, line);
		break;
	case RG_ENTRY_END:
		add_end(r, &e);
		break;
	case RG_ENTRY_LOST:
	case RG_ENTRY_LOST_LOCK:
		add_lost_locks(r, &e);
		break;
	case RG_ENTRY_RECORD:
		add_record(r, &e);
		break;
	case RG_ENTRY_UNKNOWN:
		r->unknown_events++;
		break;
	}
	return true;
}

/* Complaints about a whole file are kept for every file. */
static bool is_told(struct rg_report *r)
{
	struct rg_input *in = r->n_inputs ? &r->inputs[r->n_inputs - 1] : NULL;

	return r->n_complaints < RG_REPORT_COMPLAINTS &&
	       (!in || in->bad_lines++ < RG_REPORT_BAD_LINES);
}

void rg_report_complain(struct rg_report *r, const char *file, __u64 line, const char *fmt, ...)
{
	struct rg_complaint *c;
	va_list args;
	char *text;

	va_start(args, fmt);
	text = rg_vtext(fmt, args);
	va_end(args);
	r->bad_lines++;
	if (line)
		add_lost(r, 0, 0, 1);
	if (line && !is_told(r)) {
		free(text);
		return;
	}
	if (line)
		rg_error(RG_FAILED, "%s: line %llu: %s", file, (unsigned long long)line, text);
	else
		rg_error(RG_FAILED, "%s: %s", file, text);
	r->complaints = rg_grow(r->complaints, r->n_complaints, &r->room_complaints,
				sizeof(*r->complaints));
	c = &r->complaints[r->n_complaints++];
	c->file = rg_text("%s", file);
	c->line = line;
	c->text = text;
}

void rg_report_finish(struct rg_report *r)
{
	/* Losses without a place in time may have been anywhere. */
	add_lost(r, rg_report_lost(r) - r->lost_seen, rg_report_failures(r) - r->failures_seen, 0);
	close_all(r, RG_ENDED_NOT);
	if (r->bad_lines > r->n_complaints)
		rg_error(RG_FAILED, "and %llu lines more that are no events",
			 (unsigned long long)(r->bad_lines - r->n_complaints));
}

void rg_report_keep_last(struct rg_report *r)
{
	if (r->n < 2)
		return;
	for (size_t i = 0; i < r->n - 1; i++)
		rg_recovery_free(r->at[i]);
	r->dropped += r->n - 1;
	r->at[0] = r->at[r->n - 1];
	r->n = 1;
}
