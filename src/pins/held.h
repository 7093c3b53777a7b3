/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists held local applications, and continues them. */
#pragma once

#include <stdbool.h>

#include "pins/pins.h"
#include "pins/process.h"

struct rg_held_list {
	struct rg_held_key *keys; /* n of each; owned by the list */
	struct rg_held *values;
	__u32 n;
};

/* What happened to the processes (not threads) of one round. */
struct rg_continued {
	unsigned int continued;
	unsigned int gone;	   /* ended, or the pid belongs to another process now */
	unsigned int left_stopped; /* a person or debugger stopped them as well: not continued */
	unsigned int failed;	   /* no signal could be sent; their records are kept */
	unsigned int wrappers;	   /* processes that had stopped themselves (pins/wrappers.h) */
	/* Wait up to a second until the module has woken sleeping threads. It wakes them in any
	 * case; callers that report the result set this. */
	bool await_sleepers;
	/* Called from time to time, as thousands of processes take a while; may be NULL. */
	void (*meanwhile)(void *arg);
	void *arg;
};

/* Do pids and start times mean the same to this process as to the kernel? In another pid or
 * time namespace they do not, and held processes would seem to have ended. 0; -EXDEV; or
 * another negative errno. */
int rg_held_can_continue(const struct rg_pins *p);

bool rg_held_any(const struct rg_pins *p);
int rg_held_read(const struct rg_pins *p, struct rg_held_list *list);
void rg_held_free(struct rg_held_list *list);
/* Delete one record, from the set itself. */
void rg_held_forget(const struct rg_pins *p, const struct rg_held_key *key);

/* Count in done->continued the processes that sleep at the gate of this slot, or at any
 * (RG_MAX_GATES): before it is opened, as the module wakes them at that very moment. 0 or a
 * negative errno. */
int rg_held_count_sleepers(const struct rg_pins *p, __u32 slot, struct rg_continued *done);

/*
 * Continue every process held at a gate that is open now, or on a mount that proved to be
 * exempt; with `everybody`, at any gate. Waits for threads that are just about to be held. 0;
 * -EBUSY if some remain after a second; or another negative errno. *done counts the processes
 * that this call continued. A thread that another gate keeps out as well is held again.
 */
int rg_held_continue(const struct rg_pins *p, bool everybody, struct rg_continued *done);

/* Delete the records of threads whose end no program saw (load/preempt.h). Only to be called if
 * rg_held_can_continue(). 0 or a negative errno. */
int rg_held_drop_exited(const struct rg_pins *p);
