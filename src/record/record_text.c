// SPDX-License-Identifier: GPL-2.0-only
#include "record/record_text.h"

#include <limits.h>
#include <time.h>

#include "base/names.h"
#include "record/record_detail.h"
#include "record/record_names.h"
#include "record/row.h"
#include "state/state.h"
#include "rg_limits.h"

/* Where the columns begin that do not move. */
enum {
	AT_TIME = 0,
	AT_SIDE = 13,
	AT_EVENT = 20,
	AT_CLAIM = 38,
	AT_WHO = 47,
	AT_FILE = 63,
};
/* Of those behind `file`, with the space after each. */
enum {
	RANGE_COLUMNS = 14,
	STATUS_COLUMNS = 17,
	TAKEN_COLUMNS = 9,
	REST_COLUMNS = 25,
};
/* On a terminal. */
#define WHO_MOST 24
#define FILE_LEAST 16
#define FILE_NARROW 12
#define FILE_MOST 48

/* ---- columns ---- */

/* Where the columns behind `who` begin; 0: there is no room for it. A terminal too
 * narrow for all of them shows what came of it rather than of what it was. */
struct layout {
	unsigned int file_columns;
	unsigned int file, range, status, taken, rest;
};

static struct layout layout_of(const struct rg_text_style *style)
{
	const unsigned int width = style->width, to_status = RANGE_COLUMNS + STATUS_COLUMNS - 1,
			   behind = RANGE_COLUMNS + STATUS_COLUMNS + TAKEN_COLUMNS + REST_COLUMNS;
	struct layout at = {.file_columns = FILE_LEAST};
	bool narrow = width && width < AT_FILE + FILE_LEAST + 1 + to_status;
	unsigned int next = AT_FILE;

	if (narrow && width < AT_FILE + FILE_NARROW + STATUS_COLUMNS)
		at.file_columns = 0;
	else if (narrow)
		at.file_columns = width - AT_FILE - STATUS_COLUMNS;
	else if (width > AT_FILE + FILE_LEAST + 1 + behind)
		at.file_columns = width - AT_FILE - 1 - behind;
	if (at.file_columns > FILE_MOST)
		at.file_columns = FILE_MOST;
	if (at.file_columns) {
		at.file = next;
		next += at.file_columns + 1;
	}
	if (!narrow) {
		at.range = next;
		next += RANGE_COLUMNS;
	}
	at.status = next;
	at.taken = at.status + STATUS_COLUMNS;
	at.rest = at.taken + TAKEN_COLUMNS;
	return at;
}

/* ---- colours ---- */

enum tone {
	CALM = 0,
	WORRIED, /* yellow */
	ALARMED, /* red */
};

static enum tone tone_of(const struct rg_record *r)
{
	if (rg_record_is_downgrade(r) || r->op == RG_REC_LOCK_LOST || r->op == RG_REC_LOST)
		return ALARMED;
	if (rg_record_is_error(r) || r->op == RG_REC_KNFSD_FAILED ||
	    r->op == RG_REC_STATE_MANAGER_FAILED)
		return WORRIED;
	return CALM;
}

static void begin_tone(struct rg_row *row, enum tone tone)
{
	if (!row->style->colour || tone == CALM)
		return;
	if (tone == ALARMED)
		RG_LINE_LITERAL(row->l, "\033[31m");
	else
		RG_LINE_LITERAL(row->l, "\033[33m");
}

static void end_tone(struct rg_row *row, enum tone tone)
{
	if (row->style->colour && tone != CALM)
		RG_LINE_LITERAL(row->l, "\033[0m");
}

/* ---- cells ---- */

static void put_time(struct rg_row *row, struct rg_second *kept, __u64 wall_ns)
{
	__u64 second = wall_ns / RG_NS_PER_SEC, ms = wall_ns % RG_NS_PER_SEC / 1000000;
	char text[5] = {'.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10),
			(char)('0' + ms % 10)};

	if (!kept->n || kept->second != second) {
		time_t s = (time_t)second;
		struct tm tm;

		localtime_r(&s, &tm);
		kept->n = (__u32)strftime(kept->text, sizeof(kept->text), "%H:%M:%S", &tm);
		kept->second = second;
	}
	rg_row_put(row, kept->text);
	rg_row_put(row, text);
}

static void put_address(struct rg_row *row, const struct rg_record *r, unsigned int most)
{
	char buf[64];
	struct rg_line l = rg_line_in(buf, sizeof(buf));

	rg_line_address(&l, r->family, r->addr);
	rg_row_beginning(row, buf, rg_line_length(&l), most);
}

/* An end client by its address, an original server as it was mounted. */
static void put_who(struct rg_row *row, const struct rg_record *r)
{
	unsigned int most = row->style->width ? WHO_MOST : UINT_MAX;
	size_t n = rg_record_name_length(r);

	if (rg_record_has_address(r) && (r->side == RG_SIDE_SERVER || !n)) {
		put_address(row, r, most);
	} else if (n) {
		rg_row_beginning(row, r->name, n, most);
		if (r->side == RG_SIDE_GATE && r->tid) {
			rg_row_put(row, "[");
			rg_row_number(row, r->tid);
			rg_row_put(row, "]");
		}
	} else {
		rg_row_put(row, "-");
	}
}

static void put_file(struct rg_row *row, const struct rg_record *r,
		     const struct rg_mountpoints *mounts, unsigned int most)
{
	struct rg_record_path path = rg_record_path_of(r, mounts);
	char buf[RG_PATH_SIZE + RG_RECORD_PATH + 4];
	struct rg_line l = rg_line_in(buf, sizeof(buf));

	if (path.rest_n) {
		if (r->facts & RG_FACT_PATH_CUT)
			RG_LINE_LITERAL(&l, "..");
		rg_line_bytes(&l, path.mount, path.mount_n);
		rg_line_bytes(&l, path.rest, path.rest_n);
		rg_row_end(row, buf, rg_line_length(&l), row->style->width ? most : UINT_MAX);
	} else if (rg_record_has_file(r)) {
		rg_row_number(row, r->dev >> 20);
		rg_row_put(row, ":");
		rg_row_number(row, r->dev & 0xfffff);
		rg_row_put(row, " inode ");
		rg_row_number(row, r->fileid);
	} else {
		rg_row_put(row, "-");
	}
}

/* "write:0-0": the bytes from the first to the last. */
static void put_range(struct rg_row *row, const struct rg_record *r)
{
	const char *type = rg_lock_type_name(r->lock_type);

	rg_row_put(row, type ?: "-");
	if (!rg_record_has_range(r))
		return;
	rg_row_put(row, ":");
	rg_row_number(row, r->start);
	rg_row_put(row, "-");
	if (r->length == ~0ULL || r->length - 1 > ~0ULL - r->start)
		rg_row_put(row, "EOF");
	else
		rg_row_number(row, r->start + r->length - 1);
}

/* "812us", "1.3ms", "15.2s", "900s" */
static void put_taken(struct rg_row *row, __u64 ns)
{
	__u64 tenths;

	if (!ns) {
		rg_row_put(row, "-");
		return;
	}
	if (ns < 1000000) {
		rg_row_number(row, ns / 1000);
		rg_row_put(row, "us");
		return;
	}
	tenths = ns < RG_NS_PER_SEC ? ns / 100000 : ns / 100000000;
	rg_row_number(row, tenths / 10);
	if (tenths < 1000) {
		rg_row_put(row, ".");
		rg_row_number(row, tenths % 10);
	}
	rg_row_put(row, ns < RG_NS_PER_SEC ? "ms" : "s");
}

/* ---- lines ---- */

/* Was anything asked that could be answered? Else an event's own words take the
 * place of that. */
static bool has_outcome(const struct rg_record *r)
{
	return (r->status_kind > RG_STATUS_NONE && r->status_kind < RG_NR_STATUS_KINDS) ||
	       r->duration_ns || rg_record_backs(r) || rg_record_is_forwarded(r);
}

static void put_columns(struct rg_row *row, const struct rg_record *r,
			const struct rg_record_around *around, struct rg_second *kept)
{
	const struct layout at = layout_of(row->style);
	enum tone tone = tone_of(r);

	put_time(row, kept, rg_record_wall(around, r->time_ns));
	rg_row_go_to(row, AT_SIDE);
	rg_row_put(row, r->op == RG_REC_LOST ? "-" : rg_side_name(r->side));
	rg_row_go_to(row, AT_EVENT);
	begin_tone(row, tone);
	rg_row_put(row, rg_record_op_name(r->op));
	end_tone(row, tone);
	rg_row_go_to(row, AT_CLAIM);
	rg_row_put(row, rg_claim_name(r->claim) ?: "-");
	rg_row_go_to(row, AT_WHO);
	put_who(row, r);
	if (at.file) {
		rg_row_go_to(row, at.file);
		put_file(row, r, around->mounts, at.file_columns);
	}
	if (at.range) {
		rg_row_go_to(row, at.range);
		put_range(row, r);
	}
	rg_row_go_to(row, at.status);
	if (!has_outcome(r)) {
		rg_row_own(row, r);
		return;
	}
	begin_tone(row, tone);
	if (r->status_kind > RG_STATUS_NONE && r->status_kind < RG_NR_STATUS_KINDS)
		rg_row_status(row, r->status_kind, r->status);
	else
		rg_row_put(row, "-");
	end_tone(row, tone);
	rg_row_go_to(row, at.taken);
	put_taken(row, r->duration_ns);
	rg_row_go_to(row, at.rest);
	rg_row_back(row, r);
	rg_row_own(row, r);
}

/* What was to line up with a cell that is empty. */
static void trim(struct rg_line *l)
{
	while (l->at > l->from && l->at[-1] == ' ')
		l->at--;
}

/* Why it is a downgrade, and what for. */
static void put_words(struct rg_row *row, const struct rg_record *r)
{
	if (!row->style->width) {
		rg_row_put(row, " | ");
		rg_row_reason(row, r);
		return;
	}
	rg_line_char(row->l, '\n');
	*row = rg_row_new(row->l, row->style);
	rg_row_go_to(row, AT_SIDE);
	begin_tone(row, ALARMED);
	rg_row_reason(row, r);
	end_tone(row, ALARMED);
}

size_t rg_record_text(const struct rg_record *r, const struct rg_record_around *around,
		      const struct rg_text_style *style, struct rg_second *kept, char *buf,
		      size_t size)
{
	struct rg_line l = rg_line_in(buf, size);
	struct rg_row row = rg_row_new(&l, style);

	put_columns(&row, r, around, kept);
	trim(&l);
	if (rg_record_is_downgrade(r))
		put_words(&row, r);
	rg_line_char(&l, '\n');
	return rg_line_length(&l);
}

size_t rg_record_text_head(const struct rg_text_style *style, char *buf, size_t size)
{
	const struct layout at = layout_of(style);
	struct rg_line l = rg_line_in(buf, size);
	struct rg_row row = rg_row_new(&l, style);

	rg_row_put(&row, "TIME");
	rg_row_go_to(&row, AT_SIDE);
	rg_row_put(&row, "SIDE");
	rg_row_go_to(&row, AT_EVENT);
	rg_row_put(&row, "EVENT");
	rg_row_go_to(&row, AT_CLAIM);
	rg_row_put(&row, "CLAIM");
	rg_row_go_to(&row, AT_WHO);
	rg_row_put(&row, "WHO");
	if (at.file) {
		rg_row_go_to(&row, at.file);
		rg_row_put(&row, "FILE");
	}
	if (at.range) {
		rg_row_go_to(&row, at.range);
		rg_row_put(&row, "RANGE");
	}
	rg_row_go_to(&row, at.status);
	rg_row_put(&row, "STATUS");
	rg_row_go_to(&row, at.taken);
	rg_row_put(&row, "TAKEN");
	rg_row_go_to(&row, at.rest);
	rg_row_put(&row, "BACK");
	rg_line_char(&l, '\n');
	return rg_line_length(&l);
}
