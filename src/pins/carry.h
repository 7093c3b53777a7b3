/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading maps of a set that another version pinned. Maps bring their own types (BTF), so
 * a field is found by its name, wherever that version has it: what both have is carried,
 * what only one has stays 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct btf;

/* How to make a value of one type out of a value of another. Owned by the caller;
 * rg_moves_free() frees it. */
struct rg_moves {
	struct rg_move {
		__u32 from, to, bits; /* in bits, from the begin of each value */
	} * at;
	size_t n;
	__u32 from_size, to_size; /* bytes */
	bool same;		  /* one layout: bytes can be copied as they are */
};

/* By the names of the members of both types. 0; -EPROTO: they are of different kinds, so
 * that nothing can be said of what is in them; or another negative errno. */
int rg_moves_make(const struct btf *from, __u32 from_type, const struct btf *to, __u32 to_type,
		  struct rg_moves *moves);
/* *to is made whole: what is not in *from is 0 there. */
void rg_moves_apply(const struct rg_moves *moves, const void *from, void *to);
void rg_moves_free(struct rg_moves *moves);

/* The types of a map's keys and values, of the map's own BTF. *btf is the caller's to
 * free (btf__free). 0, -EPROTO: the map has none, or another negative errno. */
int rg_map_types(int fd, struct btf **btf, __u32 *key, __u32 *value);

/* Moves of keys and of values. */
struct rg_map_moves {
	struct rg_moves key, value;
};
/* From a map to another one, or, `to` is a BTF, to types of these names (NULL: 4 bytes). */
int rg_map_moves_make(int from_fd, int to_fd, struct rg_map_moves *moves);
int rg_map_moves_to(int from_fd, const struct btf *to, const char *key, const char *value,
		    struct rg_map_moves *moves);
void rg_map_moves_free(struct rg_map_moves *moves);

/* Copy all elements of a hash or an array, one value an element, over those of another
 * one. Elements that come and go meanwhile may be missed. 0 or negative errno; -ENOSPC:
 * some found no room. */
int rg_map_copy(int from_fd, int to_fd, const struct rg_map_moves *moves);
/* Both: -EPROTO as of rg_moves_make. */
int rg_map_carry(int from_fd, int to_fd, bool *same);
