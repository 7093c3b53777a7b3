// SPDX-License-Identifier: GPL-2.0-only
#include "record/record_text.h"

#include <limits.h>
#include <time.h>
#include <wchar.h>

#include "base/names.h"
#include "record/record_names.h"
#include "state/state.h"
#include "rg_limits.h"
#include "text/shown.h"
#include "text/utf8.h"

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

/* A line under way, which ends at `limit` columns. */
struct row {
	struct rg_line *l;
	const struct rg_text_style *style;
	unsigned int column, limit;
};

/* ---- characters ---- */

/* One character, or a byte that is none. */
struct glyph {
	size_t bytes;
	unsigned int columns;
	bool plain; /* goes out as it is */
};

static struct glyph glyph_at(const struct rg_text_style *style, const char *bytes, size_t n)
{
	size_t one = rg_utf8_character(bytes, n);
	int columns = -1;
	__u32 code;

	if (one == 1 && *bytes != '\\')
		columns = 1;
	else if (one > 1 && style->utf8 && rg_utf8_decode(bytes, one, &code))
		columns = wcwidth((wchar_t)code);
	if (columns < 0)
		return (struct glyph){.bytes = 1, .columns = 4};
	return (struct glyph){.bytes = one, .columns = (unsigned int)columns, .plain = true};
}

/* What is beyond the limit is not written, nor is anything after it. */
static bool has_columns(struct row *row, unsigned int columns)
{
	if (columns <= row->limit - row->column) {
		row->column += columns;
		return true;
	}
	row->limit = row->column;
	return false;
}

static void put_glyph(struct row *row, const char *bytes, struct glyph g)
{
	char octal[4];

	if (!has_columns(row, g.columns))
		return;
	if (g.plain) {
		rg_line_bytes(row->l, bytes, g.bytes);
		return;
	}
	rg_shown_octal((unsigned char)*bytes, octal);
	rg_line_bytes(row->l, octal, sizeof(octal));
}

static void put_bytes(struct row *row, const char *bytes, size_t n)
{
	while (n) {
		struct glyph g = glyph_at(row->style, bytes, n);

		put_glyph(row, bytes, g);
		bytes += g.bytes;
		n -= g.bytes;
	}
}

/* Our own words: ASCII. */
static void put(struct row *row, const char *text)
{
	for (; *text; text++)
		if (has_columns(row, 1))
			rg_line_char(row->l, *text);
}

static void put_number(struct row *row, __u64 n)
{
	char buf[24];
	struct rg_line l = rg_line_in(buf, sizeof(buf) - 1);

	rg_line_number(&l, n);
	*l.at = '\0';
	put(row, buf);
}

static unsigned int columns_of(const struct rg_text_style *style, const char *bytes, size_t n)
{
	unsigned int columns = 0;

	while (n) {
		struct glyph g = glyph_at(style, bytes, n);

		columns += g.columns;
		bytes += g.bytes;
		n -= g.bytes;
	}
	return columns;
}

static void put_dots(struct row *row)
{
	if (!row->style->utf8)
		put(row, "..");
	else if (has_columns(row, 1))
		RG_LINE_LITERAL(row->l, "…");
}

static unsigned int dots(const struct row *row)
{
	return row->style->utf8 ? 1 : 2;
}

/* At most `most` columns of it: its beginning. */
static void put_beginning(struct row *row, const char *bytes, size_t n, unsigned int most)
{
	bool cut = columns_of(row->style, bytes, n) > most;
	unsigned int used = 0;

	while (n) {
		struct glyph g = glyph_at(row->style, bytes, n);

		used += g.columns;
		if (cut && used > most - dots(row))
			break;
		put_glyph(row, bytes, g);
		bytes += g.bytes;
		n -= g.bytes;
	}
	if (cut)
		put_dots(row);
}

/* At most `most` columns of it: its end, which says more of a path. */
static void put_end(struct row *row, const char *bytes, size_t n, unsigned int most)
{
	unsigned int left = columns_of(row->style, bytes, n);

	if (left > most) {
		while (n && left > most - dots(row)) {
			struct glyph g = glyph_at(row->style, bytes, n);

			left -= g.columns;
			bytes += g.bytes;
			n -= g.bytes;
		}
		put_dots(row);
	}
	put_bytes(row, bytes, n);
}

/* ---- columns ---- */

/* On to the column at `at`; behind what reached into it, one further. */
static void go_to(struct row *row, unsigned int at)
{
	do
		put(row, " ");
	while (row->column < at && row->column < row->limit);
}

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

static void begin_tone(struct row *row, enum tone tone)
{
	if (!row->style->colour || tone == CALM)
		return;
	if (tone == ALARMED)
		RG_LINE_LITERAL(row->l, "\033[31m");
	else
		RG_LINE_LITERAL(row->l, "\033[33m");
}

static void end_tone(struct row *row, enum tone tone)
{
	if (row->style->colour && tone != CALM)
		RG_LINE_LITERAL(row->l, "\033[0m");
}

/* ---- cells ---- */

static void put_time(struct row *row, struct rg_second *kept, __u64 wall_ns)
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
	put(row, kept->text);
	put(row, text);
}

static void put_address(struct row *row, const struct rg_record *r, unsigned int most)
{
	char buf[64];
	struct rg_line l = rg_line_in(buf, sizeof(buf));

	rg_line_address(&l, r->family, r->addr);
	put_beginning(row, buf, rg_line_length(&l), most);
}

/* An end client by its address, an original server as it was mounted. */
static void put_who(struct row *row, const struct rg_record *r)
{
	unsigned int most = row->style->width ? WHO_MOST : UINT_MAX;
	size_t n = rg_record_name_length(r);

	if (rg_record_has_address(r) && (r->side == RG_SIDE_SERVER || !n)) {
		put_address(row, r, most);
	} else if (n) {
		put_beginning(row, r->name, n, most);
		if (r->side == RG_SIDE_GATE && r->tid) {
			put(row, "[");
			put_number(row, r->tid);
			put(row, "]");
		}
	} else {
		put(row, "-");
	}
}

static void put_file(struct row *row, const struct rg_record *r,
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
		put_end(row, buf, rg_line_length(&l), row->style->width ? most : UINT_MAX);
	} else if (rg_record_has_file(r)) {
		put_number(row, r->dev >> 20);
		put(row, ":");
		put_number(row, r->dev & 0xfffff);
		put(row, " inode ");
		put_number(row, r->fileid);
	} else {
		put(row, "-");
	}
}

/* "write:0-0": the bytes from the first to the last. */
static void put_range(struct row *row, const struct rg_record *r)
{
	const char *type = rg_lock_type_name(r->lock_type);

	put(row, type ?: "-");
	if (!rg_record_has_range(r))
		return;
	put(row, ":");
	put_number(row, r->start);
	put(row, "-");
	if (r->length == ~0ULL || r->length - 1 > ~0ULL - r->start)
		put(row, "EOF");
	else
		put_number(row, r->start + r->length - 1);
}

static void put_status(struct row *row, __u32 kind, __u32 status)
{
	char buf[RG_STATUS_SIZE];

	put(row, rg_status_name(kind, status, buf));
}

/* "812us", "1.3ms", "15.2s", "900s" */
static void put_taken(struct row *row, __u64 ns)
{
	__u64 tenths;

	if (!ns) {
		put(row, "-");
		return;
	}
	if (ns < 1000000) {
		put_number(row, ns / 1000);
		put(row, "us");
		return;
	}
	tenths = ns < RG_NS_PER_SEC ? ns / 100000 : ns / 100000000;
	put_number(row, tenths / 10);
	if (tenths < 1000) {
		put(row, ".");
		put_number(row, tenths % 10);
	}
	put(row, ns < RG_NS_PER_SEC ? "ms" : "s");
}

/* ---- the rest of a line ---- */

static void put_back(struct row *row, const struct rg_record *r)
{
	__u32 n = rg_record_backs(r);

	if (!n && !rg_record_is_forwarded(r))
		return;
	if (!row->style->utf8)
		put(row, "->");
	else if (has_columns(row, 1))
		RG_LINE_LITERAL(row->l, "→");
	if (!n)
		put(row, " nothing sent");
	for (__u32 i = 0; i < n; i++) {
		const struct rg_back *b = &r->back[i];

		put(row, i ? ", " : " ");
		if (b->op == RG_BACK_NFS_LOCK)
			put(row, b->status ? "nothing sent, " : "nothing sent");
		else
			put(row, rg_back_op_name(b->op));
		if (b->op == RG_BACK_NFS_LOCK ? b->status != 0 : b->op != RG_BACK_CACHED_OPEN) {
			put(row, b->op == RG_BACK_NFS_LOCK ? "" : " ");
			put_status(row, rg_back_status_kind(b), b->status);
		}
	}
}

static void put_flags(struct row *row, __u64 flags)
{
	const char *between = "";

	for (; flags; flags &= flags - 1) {
		const char *word = rg_state_manager_name((__u32)__builtin_ctzll(flags));

		if (!word)
			continue;
		put(row, between);
		put(row, word);
		between = ", ";
	}
}

static void put_ranges(struct row *row, __u64 n, const char *rest)
{
	put_number(row, n);
	put(row, n == 1 ? " range" : " ranges");
	put(row, rest);
}

static void put_end_clients(struct row *row, __u32 n)
{
	put_number(row, n);
	put(row, n == 1 ? " end client" : " end clients");
}

static void put_progress(struct row *row, const struct rg_record *r)
{
	put_number(row, r->complete);
	put(row, " of ");
	put_end_clients(row, r->expected);
	put(row, " done");
}

static void put_verifier(struct row *row, __u64 verifier)
{
	char buf[17] = "";
	struct rg_line l = rg_line_in(buf, sizeof(buf) - 1);
	__u8 bytes[sizeof(verifier)];

	memcpy(bytes, &verifier, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		rg_line_hex(&l, bytes[i], 2);
	put(row, "verifier ");
	put(row, buf);
}

/* Puts what draft-cel-nfsv4-state-retention adds: will state be retained? */
static void put_retention(struct row *row, __u64 flags)
{
	if (flags >> 32 & RG_EXCHANGE_RETAIN_STATE)
		put(row, " asks to retain state;");
	if (flags & RG_EXCHANGE_RETAIN_STATE)
		put(row, " state will be retained;");
	if (flags & RG_EXCHANGE_RECLAIMABLE_R)
		put(row, " state was retained and may be reclaimed;");
}

/* An event's own. */
static void put_own(struct row *row, const struct rg_record *r)
{
	__u32 value = r->value > 0xffffffff ? 0xffffffff : (__u32)r->value;

	switch (r->op) {
	case RG_REC_EXCHANGE_ID:
	case RG_REC_SETCLIENTID:
		if (r->verifier)
			put_verifier(row, r->verifier);
		if (r->op == RG_REC_EXCHANGE_ID)
			put_retention(row, r->value);
		return;
	case RG_REC_RECLAIM_COMPLETE:
	case RG_REC_GRACE_SKIPPED:
	case RG_REC_GRACE_END:
	case RG_REC_GRACE_END_FORCED:
		put_progress(row, r);
		return;
	case RG_REC_CLIENT_GONE:
		put(row, rg_gone_name(r->how));
		return;
	case RG_REC_SM_NOTIFY:
		put(row, "state ");
		put_number(row, r->value);
		return;
	case RG_REC_GRACE_START:
		put_number(row, r->value);
		put(row, " s, ");
		put_end_clients(row, r->expected);
		put(row, " may reclaim");
		return;
	case RG_REC_STATE_MANAGER:
		put_flags(row, r->value);
		return;
	case RG_REC_STATE_MANAGER_FAILED:
		put_bytes(row, r->path, strnlen(r->path, sizeof(r->path)));
		return;
	case RG_REC_HELD:
	case RG_REC_CONTINUED:
	case RG_REC_DENIED:
	case RG_REC_AUDITED:
		put(row, rg_door_name(value));
		return;
	case RG_REC_HAND:
		put(row, rg_hand_name(value));
		return;
	case RG_REC_GATE:
		put(row, rg_state_name(value));
		put(row, ": ");
		put(row, rg_why_text(r->how));
		return;
	case RG_REC_KEPT:
		put_ranges(row, r->value, " kept for ");
		put_number(row, r->expected);
		put(row, r->complete ? " s; not all had room: others wait for any lock of its file "
				       "systems"
				     : " s");
		return;
	case RG_REC_NOT_KEPT:
		put(row, rg_kept_why_text(r->how));
		return;
	case RG_REC_RETAKEN:
		put_ranges(row, r->value, " left");
		return;
	case RG_REC_KEPT_FROM:
		put(row, rg_kept_from_name(r->how));
		put(row, r->status ? ": kept for another client" : ": let through (observe)");
		return;
	case RG_REC_KEPT_ENDED:
		put(row, rg_kept_why_text(r->how));
		if (r->value) {
			put(row, "; ");
			put_ranges(row, r->value, " not taken back");
		}
		return;
	case RG_REC_LOST:
		put_number(row, r->value);
		put(row, " records came faster than they could be read");
		if (r->expected) {
			put(row, "; tracing programs failed ");
			put_number(row, r->expected);
			put(row, " times: events may be missing");
		}
		return;
	default:
		return;
	}
}

static void put_reason(struct row *row, const struct rg_record *r)
{
	put(row, rg_downgrade_name(r->downgrade));
	put(row, ": ");
	put(row, rg_downgrade_text(r->downgrade));
	if (r->reclaim >= RG_RECLAIM_FIRST_NO) {
		put(row, " (not passed on by the kernel module: ");
		put(row, rg_reclaim_text(r->reclaim));
		put(row, ")");
	}
	put(row, "; ");
	put(row, rg_downgrade_consequence(r));
}

/* ---- lines ---- */

/* Was anything asked that could be answered? Else an event's own words take the
 * place of that. */
static bool has_outcome(const struct rg_record *r)
{
	return (r->status_kind > RG_STATUS_NONE && r->status_kind < RG_NR_STATUS_KINDS) ||
	       r->duration_ns || rg_record_backs(r) || rg_record_is_forwarded(r);
}

static struct row new_row(struct rg_line *l, const struct rg_text_style *style)
{
	return (struct row){.l = l,
			    .style = style,
			    .limit = style->width ? style->width : UINT_MAX};
}

static void put_columns(struct row *row, const struct rg_record *r,
			const struct rg_record_around *around, struct rg_second *kept)
{
	const struct layout at = layout_of(row->style);
	enum tone tone = tone_of(r);

	put_time(row, kept, rg_record_wall(around, r->time_ns));
	go_to(row, AT_SIDE);
	put(row, r->op == RG_REC_LOST ? "-" : rg_side_name(r->side));
	go_to(row, AT_EVENT);
	begin_tone(row, tone);
	put(row, rg_record_op_name(r->op));
	end_tone(row, tone);
	go_to(row, AT_CLAIM);
	put(row, rg_claim_name(r->claim) ?: "-");
	go_to(row, AT_WHO);
	put_who(row, r);
	if (at.file) {
		go_to(row, at.file);
		put_file(row, r, around->mounts, at.file_columns);
	}
	if (at.range) {
		go_to(row, at.range);
		put_range(row, r);
	}
	go_to(row, at.status);
	if (!has_outcome(r)) {
		put_own(row, r);
		return;
	}
	begin_tone(row, tone);
	if (r->status_kind > RG_STATUS_NONE && r->status_kind < RG_NR_STATUS_KINDS)
		put_status(row, r->status_kind, r->status);
	else
		put(row, "-");
	end_tone(row, tone);
	go_to(row, at.taken);
	put_taken(row, r->duration_ns);
	go_to(row, at.rest);
	put_back(row, r);
	put_own(row, r);
}

/* What was to line up with a cell that is empty. */
static void trim(struct rg_line *l)
{
	while (l->at > l->from && l->at[-1] == ' ')
		l->at--;
}

/* Why it is a downgrade, and what for. */
static void put_words(struct row *row, const struct rg_record *r)
{
	if (!row->style->width) {
		put(row, " | ");
		put_reason(row, r);
		return;
	}
	rg_line_char(row->l, '\n');
	*row = new_row(row->l, row->style);
	go_to(row, AT_SIDE);
	begin_tone(row, ALARMED);
	put_reason(row, r);
	end_tone(row, ALARMED);
}

size_t rg_record_text(const struct rg_record *r, const struct rg_record_around *around,
		      const struct rg_text_style *style, struct rg_second *kept, char *buf,
		      size_t size)
{
	struct rg_line l = rg_line_in(buf, size);
	struct row row = new_row(&l, style);

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
	struct row row = new_row(&l, style);

	put(&row, "TIME");
	go_to(&row, AT_SIDE);
	put(&row, "SIDE");
	go_to(&row, AT_EVENT);
	put(&row, "EVENT");
	go_to(&row, AT_CLAIM);
	put(&row, "CLAIM");
	go_to(&row, AT_WHO);
	put(&row, "WHO");
	if (at.file) {
		go_to(&row, at.file);
		put(&row, "FILE");
	}
	if (at.range) {
		go_to(&row, at.range);
		put(&row, "RANGE");
	}
	go_to(&row, at.status);
	put(&row, "STATUS");
	go_to(&row, at.taken);
	put(&row, "TAKEN");
	go_to(&row, at.rest);
	put(&row, "BACK");
	rg_line_char(&l, '\n');
	return rg_line_length(&l);
}
