// SPDX-License-Identifier: GPL-2.0-only
/* Short texts that every form of a report uses, and the remarks about the recording itself. */
#include <stdio.h>
#include <stdlib.h>

#include "state/budget.h"
#include "report/words.h"

char *rg_count_text(__u64 n, const char *one)
{
	return rg_text("%llu %s%s", (unsigned long long)n, one, n == 1 ? "" : "s");
}

const char *rg_zero_text(const struct rg_recovery *r)
{
	return r->start_ns   ? "seconds since knfsd's start"
	       : r->grace_ns ? "seconds since knfsd's grace period began"
			     : "seconds since the first event";
}

char *rg_peer_text(const struct rg_peer *p)
{
	return rg_text("%s%s%s%s", p->addr ?: "", p->addr && p->name ? " " : "", p->name ?: "",
		       p->name_cut ? "…" : "");
}

char *rg_file_text(const struct rg_recovery *r, long file)
{
	const struct rg_file *f = file < 0 ? NULL : &r->files[file];

	if (!f)
		return rg_text("%s", "");
	if (f->path)
		return rg_text("%s%s", f->path_cut ? "…" : "", f->path);
	return rg_text("fileid %llu%s%s", (unsigned long long)f->fileid, f->dev ? " on " : "",
		       f->dev ?: "");
}

char *rg_range_text(__u64 start, __u64 length)
{
	if (length == ~0ULL && !start)
		return rg_text("whole file");
	if (length == ~0ULL)
		return rg_text("from %llu", (unsigned long long)start);
	if (length <= 1)
		return rg_text("byte %llu", (unsigned long long)start);
	return rg_text("bytes %llu to %llu", (unsigned long long)start,
		       (unsigned long long)(start + length - 1));
}

const char *rg_protocol_text(const struct rg_peer *p, char buf[32])
{
	if (p->minor < 0)
		return "NFSv3";
	snprintf(buf, 32, "NFSv4.%d", p->minor);
	return buf;
}

/* ---- about the recording ---- */

char *rg_recovery_title(const struct rg_recovery *r)
{
	__u64 wall_ns = rg_recovery_wall(r, rg_recovery_zero(r));
	char text[RG_WALL_SIZE];

	if (!wall_ns)
		return rg_text("Recovery");
	rg_wall_text(wall_ns, text);
	return rg_text("Recovery of %.10s %.8s UTC", text, text + 11);
}

char *rg_recovery_place(const struct rg_recovery *r)
{
	char *gate, *all;

	if (r->header.release)
		gate = rg_text("Gate: release %s, scope %s, action %s.", r->header.release,
			       r->header.scope ?: "?", r->header.action ?: "?");
	else
		gate = rg_text("%s", r->n_changes ? "Gate: its policy is not known." : "No gate.");
	all = r->has_netns ? rg_text("%s Network namespace %u.", gate, r->netns)
			   : rg_text("%s", gate);
	free(gate);
	return all;
}

struct notes {
	char **at;
	size_t n, room;
};

static void RG_PRINTF(2, 3) note(struct notes *n, const char *fmt, ...)
{
	va_list args;

	n->at = rg_grow(n->at, n->n, &n->room, sizeof(char *));
	va_start(args, fmt);
	n->at[n->n++] = rg_vtext(fmt, args);
	va_end(args);
}

static void note_files(const struct rg_report *r, struct notes *all)
{
	for (size_t i = 0; i < r->n_inputs; i++)
		if (r->inputs[i].events && !r->inputs[i].has_header)
			note(all,
			     "%s: no header: which host, kernel and boot it is of is not known.",
			     r->inputs[i].name);
	for (size_t i = 0; i < r->n_complaints; i++) {
		const struct rg_complaint *c = &r->complaints[i];

		if (c->line)
			note(all, "%s: line %llu: %s.", c->file, (unsigned long long)c->line,
			     c->text);
		else
			note(all, "%s: %s.", c->file, c->text);
	}
	if (r->bad_lines > r->n_complaints)
		note(all, "%llu lines more are no events.",
		     (unsigned long long)(r->bad_lines - r->n_complaints));
}

char **rg_report_notes(const struct rg_report *r, size_t *n)
{
	__u64 lost = rg_report_lost(r);
	struct notes all = {};

	if (lost)
		note(&all, "%llu events were lost: counts are lower bounds.",
		     (unsigned long long)lost);
	if (rg_report_failures(r))
		note(&all,
		     "Tracing programs failed %llu times: as many events may be missing, and "
		     "counts are lower bounds.",
		     (unsigned long long)rg_report_failures(r));
	note_files(r, &all);
	if (r->has_header && r->header.schema > 1)
		note(&all, "It is of schema %llu; this program knows 1.",
		     (unsigned long long)r->header.schema);
	if (r->unknown_events || r->unknown_fields)
		note(&all, "Passed over, as of a later version: %llu events, %llu fields.",
		     (unsigned long long)r->unknown_events, (unsigned long long)r->unknown_fields);
	if (r->events && !r->ended)
		note(&all, "The recording was not ended in an orderly way.");
	if (r->dropped)
		note(&all, "%llu recoveries before these are left out.",
		     (unsigned long long)r->dropped);
	*n = all.n;
	return all.at;
}

const char *rg_outcome_name(enum rg_outcome outcome)
{
	static const char *const names[RG_NR_OUTCOMES] = {
		[RG_OUTCOME_NOTHING] = "nothing",     [RG_OUTCOME_GRANTED] = "granted",
		[RG_OUTCOME_AGAIN] = "taken-again",   [RG_OUTCOME_UNPROVEN] = "unproven",
		[RG_OUTCOME_UNDECIDED] = "undecided", [RG_OUTCOME_LOST] = "lost",
	};

	return names[outcome];
}
