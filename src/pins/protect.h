/* SPDX-License-Identifier: GPL-2.0-only */
/* The pins of key protect, and what its programs say of themselves. */
#pragma once

#include <stdbool.h>

#include "rg_protect.h"

/* A place of every pin of it, below rg_pins_dir(). */
enum rg_protect_pin {
	RG_PROTECT_MAP = 0,
	RG_PROTECT_PROTECTED,
	RG_PROTECT_LINKS, /* from here on: links */
	RG_PROTECT_LINK_BPF = RG_PROTECT_LINKS,
	RG_PROTECT_LINK_MAP,
	RG_PROTECT_LINK_UNLINK,
	RG_PROTECT_LINK_RMDIR,
	RG_PROTECT_LINK_RENAME,
	RG_PROTECT_LINK_UMOUNT,
	RG_NR_PROTECT_PINS,
};

/* File name of a pin. */
const char *rg_protect_pin(enum rg_protect_pin pin);

/* Reads the map `protect`. Every process of root may, whatever executable it runs. Returns 0, or a
 * negative errno: -ENOENT: there is none. */
int rg_protect_read(struct rg_protect *protect);
/* Returns whether all links are pinned. */
bool rg_protect_is_whole(void);

/* Names for JSON and metrics; "?" for what is none. */
const char *rg_protect_name(__u32 state);
const char *rg_protect_refusal_name(__u32 refusal);
/* Why protection is not possible; NULL: it is, or nobody asked for it. */
const char *rg_protect_why(__u32 state);
