// SPDX-License-Identifier: GPL-2.0-only
/* Draws the tables in `top`. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "top/clients.h"
#include "top/parts.h"
#include "top/words.h"
#include "base/names.h"
#include "record/record_names.h"
#include "text/shown.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- end clients ---- */

enum {
	CLIENT_STATE = 0,
	CLIENT_ADDRESS,
	CLIENT_VERSION,
	CLIENT_LOCKS,
	CLIENT_GRANTED,
	CLIENT_REFUSED,
	CLIENT_RETAKEN,
	CLIENT_GRACE,
	CLIENT_SEEN,
	CLIENT_NAME,
};
static const struct rg_column client_columns[] = {
	[CLIENT_STATE] = {.head = "STATE", .width = 7, .rank = 0},
	[CLIENT_ADDRESS] = {.head = "ADDRESS", .width = 15, .rank = 1},
	[CLIENT_VERSION] = {.head = "NFS", .width = 3, .rank = 7},
	[CLIENT_LOCKS] = {.head = "LOCKS", .width = 12, .rank = 2, .right = true},
	[CLIENT_GRANTED] = {.head = "GRANTED", .width = 7, .rank = 5, .right = true},
	[CLIENT_REFUSED] = {.head = "REFUSED", .width = 7, .rank = 3, .right = true},
	[CLIENT_RETAKEN] = {.head = "RETAKEN", .width = 7, .rank = 4, .right = true},
	[CLIENT_GRACE] = {.head = "GRACE", .width = 6, .rank = 8, .right = true},
	[CLIENT_SEEN] = {.head = "SEEN", .width = 7, .rank = 9, .right = true},
	[CLIENT_NAME] = {.width = 19, .rank = 6, .rest = true},
};

struct clients {
	const struct rg_snapshot *now;
	const struct rg_top_client *list;
	__u32 n;
};

static const char *client_state(const struct rg_top_client *c)
{
	return c->here			    ? rg_client_state_name(c->ledger->state)
	       : rg_top_client_is_absent(c) ? "absent"
					    : "seen";
}

/* Writes "7 of 20", or the part of it that is known. */
static void locks_text(const struct rg_top_client *c, char *buf)
{
	__u32 locks, expected;

	if (!c->ledger) {
		strcpy(buf, "-");
		return;
	}
	locks = c->here ? c->ledger->locks : 0;
	expected = c->here ? c->ledger->expected : rg_client_carried(c->ledger);
	if (c->here && !rg_client_is_counted(c->ledger))
		strcpy(buf, "?");
	else if (expected == RG_LOCKS_UNKNOWN)
		snprintf(buf, RG_CELL_SIZE, "%u of ?", locks);
	else if (expected > locks || (c->here && c->ledger->refusals))
		snprintf(buf, RG_CELL_SIZE, "%u of %u", locks, expected);
	else
		snprintf(buf, RG_CELL_SIZE, "%u", locks);
}

/* Write ASCII only: a cell holds one byte. */
static void shown(const char *name, size_t n, char *buf)
{
	rg_shown(name, n, RG_SHOWN_ASCII | RG_SHOWN_EXACT, buf, RG_CELL_SIZE);
}

static void name_text(const struct rg_top_client *c, char *buf)
{
	if (c->ledger)
		shown(c->ledger->name,
		      c->ledger->name_len < RG_CLIENT_NAME ? c->ledger->name_len : RG_CLIENT_NAME,
		      buf);
	else
		shown(c->flow->name,
		      c->flow->name_len < RG_RECORD_NAME ? c->flow->name_len : RG_RECORD_NAME, buf);
}

static void version_text(const struct rg_top_client *c, char *buf)
{
	__u32 minor = c->flow ? c->flow->minorversion : c->ledger->minorversion;

	if (minor == RG_NLM_MINOR)
		strcpy(buf, "NLM");
	else
		snprintf(buf, RG_CELL_SIZE, "4.%u", minor);
}

static void tally_text(const struct rg_top_client *c, __u32 tally, char *buf)
{
	if (c->flow)
		snprintf(buf, RG_CELL_SIZE, "%u", c->flow->tally[tally]);
	else
		strcpy(buf, "-");
}

static void client_cell(const void *of, unsigned int row, unsigned int column, char *buf)
{
	const struct clients *all = of;
	const struct rg_top_client *c = &all->list[row];
	char age[RG_WORD_SIZE];

	switch (column) {
	case CLIENT_STATE:
		strcpy(buf, client_state(c));
		break;
	case CLIENT_ADDRESS:
		if (c->flow)
			rg_address_text(c->flow->family, c->flow->addr, buf);
		else
			rg_address_text(c->ledger->family, c->ledger->addr, buf);
		break;
	case CLIENT_VERSION:
		version_text(c, buf);
		break;
	case CLIENT_LOCKS:
		locks_text(c, buf);
		break;
	case CLIENT_GRANTED:
		tally_text(c, RG_TALLY_RECLAIMS_OK, buf);
		break;
	case CLIENT_REFUSED:
		snprintf(buf, RG_CELL_SIZE, "%u", rg_top_client_refused(c));
		break;
	case CLIENT_RETAKEN:
		tally_text(c, RG_TALLY_RETAKEN, buf);
		break;
	case CLIENT_GRACE:
		tally_text(c, RG_TALLY_GRACE, buf);
		break;
	case CLIENT_SEEN:
		strcpy(buf,
		       c->flow ? rg_age_text(rg_since_ns(c->flow->last_ns, all->now->now_ns), age)
			       : "-");
		break;
	default:
		name_text(c, buf);
	}
}

static enum rg_look client_look(const void *of, unsigned int row)
{
	const struct rg_top_client *c = &((const struct clients *)of)->list[row];

	return c->here && c->ledger->state == RG_CLIENT_AWAITED ? RG_LOOK_WARN : RG_LOOK_PLAIN;
}

/* ---- local applications ---- */

enum { HELD_PID = 0, HELD_WHAT, HELD_FOR, HELD_FILE, HELD_COMM };
static const struct rg_column held_columns[] = {
	[HELD_PID] = {.head = "PID", .width = 8, .rank = 0, .right = true},
	[HELD_WHAT] = {.head = "WHAT", .width = 6, .rank = 3},
	[HELD_FOR] = {.head = "FOR", .width = 7, .rank = 1, .right = true},
	[HELD_FILE] = {.head = "INODE", .width = 20, .rank = 4, .right = true},
	[HELD_COMM] = {.width = 15, .rank = 2, .rest = true},
};

struct held {
	const struct rg_snapshot *now;
	__u32 *order; /* the longest held thread comes first */
};

static int by_since(const void *a, const void *b, void *held)
{
	const struct rg_held *all = held;
	__u64 x = all[*(const __u32 *)a].since_ns, y = all[*(const __u32 *)b].since_ns;

	return x < y ? -1 : x > y;
}

static void held_cell(const void *of, unsigned int row, unsigned int column, char *buf)
{
	const struct held *all = of;
	__u32 at = all->order[row];
	const struct rg_held *h = &all->now->held.values[at];
	char age[RG_WORD_SIZE];

	switch (column) {
	case HELD_PID:
		snprintf(buf, RG_CELL_SIZE, "%u", all->now->held.keys[at].tid);
		break;
	case HELD_WHAT:
		strcpy(buf, rg_door_name(h->what));
		break;
	case HELD_FOR:
		strcpy(buf, rg_age_text(rg_since_ns(h->since_ns, all->now->now_ns), age));
		break;
	case HELD_FILE:
		snprintf(buf, RG_CELL_SIZE, "%llu", (unsigned long long)h->ino);
		break;
	default:
		shown(h->comm, strnlen(h->comm, RG_COMM_SIZE), buf);
	}
}

/* ---- notes: last downgrades, slowest reclaims ---- */

enum { NOTE_WHEN = 0, NOTE_TOOK, NOTE_OP, NOTE_ADDRESS, NOTE_FILE, NOTE_TEXT };
static const struct rg_column downgrade_columns[] = {
	[NOTE_WHEN] = {.head = "AGO", .width = 7, .rank = 3, .right = true},
	[NOTE_TOOK] = {.head = "TOOK", .width = 8, .rank = 5, .right = true},
	[NOTE_OP] = {.head = "OP", .width = 8, .rank = 2},
	[NOTE_ADDRESS] = {.head = "ADDRESS", .width = 25, .rank = 1},
	[NOTE_FILE] = {.head = "INODE", .width = 20, .rank = 4, .right = true},
	[NOTE_TEXT] = {.width = 26, .rank = 0, .rest = true},
};
static const struct rg_column slowest_columns[] = {
	[NOTE_WHEN] = {.head = "AGO", .width = 7, .rank = 5, .right = true},
	[NOTE_TOOK] = {.head = "TOOK", .width = 8, .rank = 0, .right = true},
	[NOTE_OP] = {.head = "OP", .width = 8, .rank = 2},
	[NOTE_ADDRESS] = {.head = "ADDRESS", .width = 25, .rank = 1},
	[NOTE_FILE] = {.head = "INODE", .width = 20, .rank = 4, .right = true},
	[NOTE_TEXT] = {.width = 26, .rank = 3, .rest = true},
};

struct notes {
	const struct rg_snapshot *now;
	const struct rg_flow_note *list;
};

static void note_cell(const struct notes *all, const struct rg_flow_note *n, unsigned int column,
		      char *buf)
{
	char age[RG_WORD_SIZE];

	switch (column) {
	case NOTE_WHEN:
		strcpy(buf, rg_age_text(rg_since_ns(n->time_ns, all->now->now_ns), age));
		break;
	case NOTE_TOOK:
		rg_duration_text(n->duration_ns, buf);
		break;
	case NOTE_OP:
		snprintf(buf, RG_CELL_SIZE, "%s", rg_record_op_name(n->op));
		break;
	case NOTE_ADDRESS:
		rg_address_text(n->family, n->addr, buf);
		break;
	default:
		snprintf(buf, RG_CELL_SIZE, "%llu", (unsigned long long)n->fileid);
	}
}

static void downgrade_cell(const void *of, unsigned int row, unsigned int column, char *buf)
{
	const struct notes *all = of;
	const struct rg_flow_note *n = &all->list[row];

	if (column == NOTE_TEXT)
		snprintf(buf, RG_CELL_SIZE, "%s", rg_downgrade_name(n->downgrade) ?: "?");
	else
		note_cell(all, n, column, buf);
}

static void slowest_cell(const void *of, unsigned int row, unsigned int column, char *buf)
{
	const struct notes *all = of;
	const struct rg_flow_note *n = &all->list[row];
	char status[RG_STATUS_SIZE];

	if (column == NOTE_TEXT)
		snprintf(buf, RG_CELL_SIZE, "%s",
			 n->status_kind ? rg_status_name(n->status_kind, n->status, status) : "");
	else
		note_cell(all, n, column, buf);
}

/* ---- the tables below one another ---- */

/* The share of the remaining lines that each table takes, by importance. */
struct section {
	struct rg_table table;
	const char *title; /* number of rows that exist */
	unsigned int share;
	unsigned int rows; /* number of rows that are shown */
};

/* Gives each table a heading and a row while there is room, then rows by share. */
static void share_out(struct section *all, size_t n, unsigned int room)
{
	bool more = true;

	for (size_t i = 0; i < n; i++)
		if (all[i].table.n_rows && room >= 2) {
			all[i].rows = 1;
			room -= 2;
		}
	while (room && more) {
		more = false;
		for (size_t i = 0; i < n; i++)
			for (unsigned int k = 0; k < all[i].share && room; k++)
				if (all[i].rows && all[i].rows < all[i].table.n_rows) {
					all[i].rows++;
					room--;
					more = true;
				}
	}
}

/* Drop the columns that an IPv6 address leaves no room for. */
static bool any_ipv6(const struct clients *clients)
{
	for (__u32 i = 0; i < clients->n; i++) {
		const struct rg_top_client *c = &clients->list[i];

		if ((c->flow ? c->flow->family : c->ledger->family) == AF_INET6)
			return true;
	}
	return false;
}

static void draw_section(struct rg_screen *s, const struct section *section)
{
	char title[96];

	if (section->rows < section->table.n_rows)
		snprintf(title, sizeof(title), "%s (%u of %u)", section->title, section->rows,
			 section->table.n_rows);
	else
		snprintf(title, sizeof(title), "%s (%u)", section->title, section->table.n_rows);
	rg_table_head(s, &section->table, title);
	for (unsigned int i = 0; i < section->rows; i++)
		rg_table_row(s, &section->table, i);
}

static void draw_sections(struct rg_screen *s, const struct clients *clients,
			  const struct held *held)
{
	const struct rg_snapshot *now = clients->now;
	const struct notes downgrades = {now, now->downgrades}, slowest = {now, now->slowest};
	struct rg_column columns[COUNT(client_columns)];
	struct section all[] = {
		{.table = {columns, COUNT(columns), clients->n, client_cell, client_look, clients},
		 .title = "CLIENTS",
		 .share = 4},
		{.table = {held_columns, COUNT(held_columns), now->held.n, held_cell, NULL, held},
		 .title = "HELD LOCAL APPLICATIONS",
		 .share = 2},
		{.table = {downgrade_columns, COUNT(downgrade_columns),
			   (unsigned int)now->n_downgrades, downgrade_cell, NULL, &downgrades},
		 .title = "LAST DOWNGRADES",
		 .share = 1},
		{.table = {slowest_columns, COUNT(slowest_columns), (unsigned int)now->n_slowest,
			   slowest_cell, NULL, &slowest},
		 .title = "SLOWEST RECLAIMS",
		 .share = 1},
	};

	memcpy(columns, client_columns, sizeof(columns));
	if (any_ipv6(clients))
		columns[CLIENT_ADDRESS].width = s->width < 120 ? 25 : INET6_ADDRSTRLEN - 1;
	share_out(all, COUNT(all), s->height > s->n ? s->height - s->n : 0);
	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].rows)
			draw_section(s, &all[i]);
}

int rg_top_draw_tables(struct rg_screen *s, const struct rg_snapshot *now)
{
	struct held held = {.now = now, .order = calloc(now->held.n + 1, sizeof(*held.order))};
	struct clients clients = {.now = now};
	struct rg_top_client *list;

	if (!held.order)
		return -ENOMEM;
	for (__u32 i = 0; i < now->held.n; i++)
		held.order[i] = i;
	if (now->held.n)
		qsort_r(held.order, now->held.n, sizeof(*held.order), by_since, now->held.values);
	clients.list = list = rg_top_clients(now, &clients.n);
	draw_sections(s, &clients, &held);
	free(held.order);
	free(list);
	return 0;
}
