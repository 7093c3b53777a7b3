/* SPDX-License-Identifier: GPL-2.0-only */
/* Local applications that are held: list them, continue them. */
#pragma once

#include <stdbool.h>

#include "pins/pins.h"

struct rg_held_list {
	struct rg_held_key *keys; /* n of each; owned by the list */
	struct rg_held *values;
	__u32 n;
};

/* What happened to the processes (not threads) of one round. */
struct rg_continued {
	unsigned int continued;
	unsigned int gone;	   /* ended, or the pid belongs to another process now */
	unsigned int left_stopped; /* somebody else stopped them as well: theirs to continue */
	unsigned int failed;	   /* no signal could be sent: still recorded */
	unsigned int wrappers;	   /* processes that had stopped themselves (pins/wrappers.h) */
	/* Wait up to a second until the module has woken those who sleep. It does so in any
	 * case; this is for who says afterwards that they went on. */
	bool await_sleepers;
	/* Called now and then, as thousands may take a while; NULL: nobody. */
	void (*meanwhile)(void *arg);
	void *arg;
};

/* Does this process name processes, and their start times, as the kernel does?
 * Not in another pid or time namespace: it would take the held for gone. 0, or
 * -EXDEV, or another negative errno. */
int rg_held_can_continue(const struct rg_pins *p);

bool rg_held_any(const struct rg_pins *p);
int rg_held_read(const struct rg_pins *p, struct rg_held_list *list);
void rg_held_free(struct rg_held_list *list);

/* Count in done->continued the processes that sleep at the gate of this slot, or at any
 * (RG_MAX_GATES): before it is opened, as the module wakes them at that very moment. 0 or a
 * negative errno. */
int rg_held_count_sleepers(const struct rg_pins *p, __u32 slot, struct rg_continued *done);

/*
 * Continue every process held at a gate that is open now, or on a mount that
 * proved to be exempt (everybody: whatever the gate), and wait out threads that are just being
 * held. Returns 0, or -EBUSY if some are left after a second, or another negative errno. Counts
 * into *done whom it continued itself. Held at another gate as well, a thread is held again.
 */
int rg_held_continue(const struct rg_pins *p, bool everybody, struct rg_continued *done);

/* Take away the records of threads that have ended unseen (load/preempt.h): only where
 * rg_held_can_continue(). 0 or negative errno. */
int rg_held_drop_exited(const struct rg_pins *p);

/* Is this the process that started then (rg_held.start_ns), and not another one
 * that has its pid now? */
bool rg_process_is(__u32 pid, __u64 start_ns);
/* Field 22 of /proc/PID/stat in clock ticks since boot; 0 if it cannot be read. */
__u64 rg_process_start_ticks(__u32 pid);
/* The state in /proc/PID/stat: 'T' is stopped, 't' is stopped by a tracer; 0 if it cannot be
 * read. */
char rg_process_state(__u32 pid);
/* Parses that file's text: for tests. */
__u64 rg_start_ticks_of_stat(const char *stat);
/* Has somebody sent a stop signal to the process (not to a thread of it) that
 * is still pending? Parses the text of /proc/PID/status. */
bool rg_stop_is_pending(const char *status);
