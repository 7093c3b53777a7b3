// SPDX-License-Identifier: GPL-2.0-only
#include "record/record_lost.h"

#include "text/line.h"

#define KEY RG_LINE_KEY
#define NUMBER RG_LINE_KEY_NUMBER
#define WORD RG_LINE_KEY_WORD

bool rg_lost_is_news(const struct rg_lost *l, struct rg_lost_reported *last)
{
	struct rg_lost_sum sum = rg_lost_sum_of(l);

	if (!l->over ||
	    (last->generation == l->life.generation && rg_lost_sum_same(&last->sum, &sum)))
		return false;
	last->generation = l->life.generation;
	last->sum = sum;
	return true;
}

static void begin(struct rg_line *l, const struct rg_lost *lost, const struct rg_lost_when *when,
		  const char *event)
{
	struct rg_second kept = {};

	rg_line_char(l, '{');
	KEY(l, "time");
	rg_line_char(l, '"');
	rg_line_wall(l, &kept, when->wall_ns);
	rg_line_char(l, '"');
	NUMBER(l, "boot_ns", when->boot_ns);
	WORD(l, "event", event);
	NUMBER(l, "netns", lost->life.netns);
	NUMBER(l, "generation", lost->life.generation);
}

size_t rg_lost_line(const struct rg_lost *lost, const struct rg_lost_when *when, char *buf,
		    size_t size)
{
	struct rg_lost_sum sum = rg_lost_sum_of(lost);
	struct rg_line l = rg_line_in(buf, size);
	char text[RG_LOST_TEXT_SIZE];

	rg_lost_text(lost, &sum, text);
	begin(&l, lost, when, "lost");
	NUMBER(&l, "total", sum.total);
	NUMBER(&l, "unnamed", sum.unnamed);
	NUMBER(&l, "clients", sum.clients);
	KEY(&l, "lower_bound");
	rg_line_text(&l, sum.lower_bound ? "true" : "false");
	KEY(&l, "text");
	rg_line_quoted(&l, text, strlen(text));
	RG_LINE_LITERAL(&l, "}\n");
	return rg_line_length(&l);
}

static void put_client(struct rg_line *l, const struct rg_ledger_entry *who)
{
	size_t n = who->name_len < RG_CLIENT_NAME ? who->name_len : RG_CLIENT_NAME;

	KEY(l, "client");
	rg_line_char(l, '{');
	if (who->family) {
		KEY(l, "addr");
		rg_line_char(l, '"');
		rg_line_address(l, who->family, who->addr);
		rg_line_char(l, '"');
	}
	KEY(l, "name");
	rg_line_quoted(l, who->name, n);
	if (who->name_len > n) {
		KEY(l, "truncated");
		RG_LINE_LITERAL(l, "true");
	}
	rg_line_char(l, '}');
}

static void put_file(struct rg_line *l, const struct rg_range_file *f)
{
	KEY(l, "file");
	rg_line_char(l, '{');
	KEY(l, "dev");
	rg_line_char(l, '"');
	rg_line_number(l, f->dev >> 20);
	rg_line_char(l, ':');
	rg_line_number(l, f->dev & 0xfffff);
	rg_line_char(l, '"');
	if (f->on_nfs) {
		KEY(l, "fsid");
		rg_line_char(l, '"');
		rg_line_hex(l, f->fsid_major, 1);
		rg_line_char(l, ':');
		rg_line_hex(l, f->fsid_minor, 1);
		rg_line_char(l, '"');
	}
	NUMBER(l, "fileid", f->fileid);
	if (f->path[0]) {
		KEY(l, "path");
		rg_line_quoted(l, f->path, strlen(f->path));
	}
	if (f->path_cut) {
		KEY(l, "truncated");
		RG_LINE_LITERAL(l, "true");
	}
	rg_line_char(l, '}');
}

size_t rg_lost_lock_line(const struct rg_lost *lost, size_t i, const struct rg_lost_when *when,
			 char *buf, size_t size)
{
	const struct rg_lost_lock *lock = &lost->locks[i];
	struct rg_line l = rg_line_in(buf, size);

	begin(&l, lost, when, "lost-lock");
	put_client(&l, &lost->clients[lock->client].id);
	put_file(&l, &lost->files[lock->range.file]);
	WORD(&l, "type", lock->range.type == 1 ? "read" : "write");
	NUMBER(&l, "start", lock->range.start);
	if (lock->range.length != ~0ULL)
		NUMBER(&l, "length", lock->range.length);
	WORD(&l, "reason", rg_lost_why_key(lock->why));
	KEY(&l, "text");
	rg_line_quoted(&l, rg_lost_why_text(lock->why), strlen(rg_lost_why_text(lock->why)));
	RG_LINE_LITERAL(&l, "}\n");
	return rg_line_length(&l);
}
