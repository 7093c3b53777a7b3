/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the kept ranges of a file are found by the bytes that somebody asks for, so that a LOCK does
 * not look at every range of its file. A range of class c is at most 8^c bytes long, and is filed
 * under the cell of 8^c bytes that its first byte is in. It reaches into the next cell at most: a
 * request meets it in the cells of its own bytes, or in the one before.
 *
 * All bytes are those of struct file_lock, both ends included, OFFSET_MAX at most.
 */
#pragma once

#ifndef __bpf__
#include <linux/types.h>
#endif

#define RG_ORG_CLASS_BITS 3
/* Of the last class one cell is all of a file: 2^63 bytes. */
#define RG_ORG_CLASSES 22

static inline __u32 rg_org_class_of(__u64 start, __u64 end)
{
	__u64 more = end - start;
	__u32 c = 0;

	while (c < RG_ORG_CLASSES - 1 && more >> (RG_ORG_CLASS_BITS * c))
		c++;
	return c;
}

static inline __u64 rg_org_cell_of(__u64 start, __u32 class)
{
	return start >> (RG_ORG_CLASS_BITS * class);
}

/* Returns how many cells of a class a request has to look at; *first: the first of them. */
static inline __u64 rg_org_cells_of(__u64 start, __u64 end, __u32 class, __u64 *first)
{
	*first = rg_org_cell_of(start, class);
	if (*first)
		--*first;
	return rg_org_cell_of(end, class) - *first + 1;
}
