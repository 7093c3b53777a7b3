/* SPDX-License-Identifier: GPL-2.0-only */
/* Has the kernel list which ranges NFSv4 end clients have locked (bpf/ranges.bpf.c). One
 * process at a time, the daemon: a listing takes away what was to be listed. */
#pragma once

#include "pins/pins.h"

/* One listing. `files` and `locks` are the kernel's own maps, mapped: they stay as they are
 * until the next call. Owned by the caller: rg_listing_close(). */
struct rg_listing_view {
	const struct rg_listed_file *files;
	const struct rg_listed *locks;
	__u32 n_files, n_locks;
	__u32 slot, generation; /* of the gate, and the start of knfsd, that it is of */
	bool last;		/* it was listed as knfsd went away */
	__u32 left;		/* pairs of an end client and a file that did not fit */
};

/* Map the two maps. 0 or negative errno. */
int rg_listing_open(const struct rg_pins *p, struct rg_listing_view *v);
void rg_listing_close(struct rg_listing_view *v);
/* List what changed since the last time in the files of a gate's end clients; `anew`: all.
 * What was listed as knfsd of some gate went away comes first, so *v says of which gate it
 * is. n_files 0: there is nothing more. 0; -ESTALE: knfsd went away meanwhile, and it counts
 * for nothing; or another negative errno. */
int rg_listing_next(const struct rg_pins *p, __u32 slot, bool anew, struct rg_listing_view *v);
/* To be called when the listings of a gate have been read. Without it the maps would stay reserved
 * for reading until the next listing, and knfsd's shutdown could not list what is left. */
void rg_listing_done(const struct rg_pins *p, __u32 slot);
/* Which set of pins it is, among those of this boot; 0: not to be had. */
__u32 rg_pins_set_id(const struct rg_pins *p);
