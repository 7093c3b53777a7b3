/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon keeps open what is pinned: the maps and programs that it works with, and the
 * links that are always there. So whoever removes a pin, or pins something else in its place,
 * detaches nothing, and the daemon pins it again. Whoever takes the set away on purpose says so
 * first (rg_meta.armed is 0, or rg_meta.let_go has the link), and the daemon lets go.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "pins/pins.h"

struct rg_mend {
	int link_fd[RG_NR_LINKS]; /* -1: not kept open */
	/* Inodes of the pins that are known to be of this set; 0: none is. */
	ino_t maps[RG_NR_MAPS], progs[RG_NR_PROGS], links[RG_NR_LINKS];
};

struct rg_mended {
	unsigned int n;	    /* pins that were put back */
	const char *first;  /* the name of one of them */
	int err;	    /* negative errno: one cannot be put back, */
	const char *failed; /* and this is its name */
};

/* Nothing is kept open. */
void rg_mend_init(struct rg_mend *m);
/* p: the set in force, whole and locked. */
void rg_mend_start(struct rg_mend *m, const struct rg_pins *p);
void rg_mend_end(struct rg_mend *m);
/* Lets go of the links that somebody is taking away on purpose: they wait for that. False: the
 * whole set is taken away. */
bool rg_mend_take(struct rg_mend *m, const struct rg_pins *p);
/* The same, and pins again what is gone or was replaced. Not while somebody else has the
 * set locked: next time. p: the set that rg_mend_start() was told of, not locked. */
struct rg_mended rg_mend(struct rg_mend *m, struct rg_pins *p);
