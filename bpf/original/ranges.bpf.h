/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kept ranges of a file, gone through by the bytes that somebody asks for.
 *
 * A range is in two places: by its number, `kept_ranges` (file, at), and in the chain of its cell
 * (rg_org_cells.h). A request goes through the cells that it may meet. Where these are too many, as
 * it asks for much more than the smallest range of the file has, it goes through all numbers.
 *
 * Nothing is taken out of a chain while something is kept: a range that was taken back stays, with
 * `used` 0. What is not needed any more goes as a whole (drop.bpf.c, sweep).
 */
#pragma once

#include "original/original.bpf.h"
#include "rg_org_cells.h"

#define NO_KEEPER RG_ORG_KEEPERS

/* Of one class; for more a request goes through all ranges of the file. */
#define MAX_CELLS 16
/* A chain has no more elements than the file has ranges. */
#define MAX_STEPS (RG_ORG_FILE_RANGES + RG_ORG_CLASSES * (MAX_CELLS + 1))

struct range_walk {
	__u64 file;	  /* rg_org_file.id */
	__u64 classes;	  /* rg_org_file.classes */
	__u64 start, end; /* that somebody asks for, both included */
	__u64 cell;	  /* the next one of this class */
	__u32 cells;	  /* that are left of it */
	__u32 class;	  /* the next one */
	__u32 at;	  /* 1 + number of the next range of the chain; 0: it is at its end */
	__u32 n;	  /* not 0: goes by the numbers, below this one */
};

/* The verifier of 6.1 goes through the callback of bpf_loop() once, and takes what that leaves for
 * what all calls leave: what changes in a later one begins as a number that it does not know. */
static __always_inline void walk_begin(struct range_walk *w, const struct rg_org_file *file,
				       __u64 start, __u64 end)
{
	__u64 first;

	w->class = w->cells = w->at = org.zero;
	w->file = file->id;
	w->classes = file->classes;
	w->start = start;
	w->end = end;
	/* The smallest ranges have the most cells. */
	while (w->class < RG_ORG_CLASSES && !(w->classes >> w->class & 1))
		w->class ++;
	if (w->class < RG_ORG_CLASSES && rg_org_cells_of(start, end, w->class, &first) > MAX_CELLS)
		w->n = file->n < RG_ORG_FILE_RANGES ? file->n : RG_ORG_FILE_RANGES;
}

/* Returns the element of a number, if the request meets it, and its key. */
static __always_inline struct rg_org_range *met_at(const struct range_walk *w, __u32 at,
						   struct rg_org_range_key *key, __u32 *next)
{
	struct rg_org_range *r;

	key->file = w->file;
	key->at = at;
	r = bpf_map_lookup_elem(&kept_ranges, key);
	*next = r ? r->next : 0;
	return r && r->used && r->start <= w->end && r->end >= w->start ? r : NULL;
}

/* One step: returns a range that the request meets, and its key; or NULL: not by this step.
 * *over: there are no more. */
static __always_inline struct rg_org_range *walk_step(struct range_walk *w, __u32 i,
						      struct rg_org_range_key *key, int *over)
{
	struct rg_org_cell_key at = {.file = w->file};
	struct rg_org_cell *cell;
	__u32 unused;

	if (w->n) {
		*over = i >= w->n;
		return *over ? NULL : met_at(w, i, key, &unused);
	}
	if (w->at)
		return met_at(w, w->at - 1, key, &w->at);
	if (w->cells) {
		at.class = w->class - 1;
		at.cell = w->cell++;
		w->cells--;
		cell = bpf_map_lookup_elem(&kept_cells, &at);
		w->at = cell ? cell->first : 0;
		return NULL;
	}
	if (w->class >= RG_ORG_CLASSES) {
		*over = 1;
		return NULL;
	}
	if (w->classes >> w->class & 1)
		w->cells = (__u32)rg_org_cells_of(w->start, w->end, w->class, &w->cell);
	w->class ++;
	return NULL;
}

/* ---- is one in the way? ---- */

struct search {
	struct range_walk w;
	__u64 now_ns;
	__u32 write; /* asked for by a writer */
	__u32 own;   /* the place of who asks; its own ranges are in nobody's way */
	__u32 found; /* place of the keeper of one that is in the way, or NO_KEEPER */
	__u32 pad;
};

static long search_range(__u32 i, struct search *s)
{
	struct rg_org_range_key key;
	struct rg_org_range *r;
	struct rg_keeper *k;
	int over = 0;

	r = walk_step(&s->w, i, &key, &over);
	if (!r)
		return over;
	if (r->keeper == s->own || (!r->write && !s->write))
		return 0;
	k = keeper_at(r->keeper);
	if (!k || k->gen != r->gen || k->until_ns <= s->now_ns)
		return 0;
	s->found = r->keeper;
	return 1;
}

/* Searches the ranges of a file: s->found. The caller filled in what is asked, and by whom. */
static __always_inline void search_file(struct search *s, const struct rg_org_file *file,
					__u64 start, __u64 end)
{
	s->found = NO_KEEPER + org.zero;
	if (file->sole == s->own + 1)
		return;
	walk_begin(&s->w, file, start, end);
	bpf_loop(MAX_STEPS, search_range, s, 0);
}
