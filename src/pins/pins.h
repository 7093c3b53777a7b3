/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is pinned (docs/pins.md), opened as a set: all of it or none. The
 * directory is locked (flock) while a set is looked at or changed, so that
 * enable, disable and adoption never meet.
 */
#pragma once

#include <stdbool.h>

#include "base/dir_lock.h"
#include "rg_maps.h"
#include "rg_records.h"

struct bpf_link;

#define RG_BPFFS "/sys/fs/bpf"
#define RG_PIN_DIR RG_BPFFS "/reexport-guard"
/* A set that is being made, or taken away, while the one in RG_PIN_DIR is in force
 * (load/replace.h). It belongs to the process that has RG_PIN_DIR locked exclusively. */
#define RG_PIN_DIR_BESIDE RG_BPFFS "/reexport-guard-beside"
enum rg_map {
	RG_MAP_META = 0,
	RG_MAP_LIVE,
	RG_MAP_GATES,
	RG_MAP_GATE_OF,
	RG_MAP_DEVICES,
	RG_MAP_HELD,
	RG_MAP_HOLDING,
	RG_MAP_ABOVE,
	RG_MAP_WRAPPERS,
	RG_MAP_COUNTERS,
	RG_MAP_EVENTS,
	RG_MAP_RULES,
	RG_MAP_EXEMPT,
	RG_MAP_CLIENTS,
	RG_MAP_NLM_HOSTS,
	RG_MAP_SERVERS,
	RG_MAP_PROVENANCE,
	RG_MAP_DROPPED,
	RG_MAP_TRACERS,
	RG_MAP_TRACER_OWNERS,
	RG_MAP_FLOW_CLIENTS,
	RG_MAP_FLOW_TOTALS,
	RG_MAP_FLOW_STORMS,
	RG_MAP_FLOW_SLOWEST,
	RG_MAP_FLOW_DOWNGRADES,
	/* Only for programs that are loaded later (load/modules.h). */
	RG_MAP_RECLAIMING,
	RG_MAP_CLIENT_OF,
	RG_MAP_CLIENT_FILES,
	RG_MAP_UNCOUNTED,
	RG_MAP_COUNTING,
	RG_MAP_LISTING,
	RG_MAP_LISTED_FILES,
	RG_MAP_LISTED,
	RG_MAP_AT_WORK,
	RG_MAP_FLOW_KEY_OF,
	RG_MAP_NEXT_DOWNGRADE,
	RG_NR_MAPS,
};

/* Followers and the door for locks are attached as long as the guard is enabled; the other doors
 * only when a gate needs them (pins/doors.h). */
enum rg_link {
	RG_LINK_GRACE_START = 0,
	RG_LINK_KNFSD_STARTED,
	RG_LINK_GRACE_END,
	RG_LINK_KNFSD_STOP,
	RG_LINK_SUPER_GONE,
	RG_LINK_TASK_EXIT,
	RG_LINK_LOCK_DONE,
	RG_LINK_UNLOCK_DONE,
	RG_LINK_OPEN_DONE,
	RG_LINK_CLIENT_GONE,
	RG_LINK_NLM_LOCK_DONE,
	RG_LINK_NLM_UNLOCK_DONE,
	RG_LINK_NLM_FREED,
	RG_LINK_NLM_HOST_GONE,
	RG_LINK_ORIGIN_ERROR,
	RG_LINK_SELF_STOP,
	RG_LINK_LOCK_DROPPED,
	RG_LINK_DOOR_LOCK,
	RG_NR_FIXED_LINKS,
	RG_LINK_DOOR_OPEN = RG_NR_FIXED_LINKS,
	RG_LINK_DOOR_CREATE,
	RG_LINK_DOOR_ACCESS,
	/* Only where held threads sleep (load/sleep.h). */
	RG_LINK_SLEEP_WAIT,
	/* Answers to the kernel module, if it is used (load/answers.h). */
	RG_LINK_ANSWER_RECLAIM,
	RG_LINK_ANSWER_LOCKS,
	/* On the rung kprobe, beside the links of the same names. In the order of enum rg_return.
	 */
	RG_LINK_ENTERS,
	RG_LINK_KNFSD_STARTED_ENTERS = RG_LINK_ENTERS,
	RG_LINK_GRACE_END_ENTERS,
	RG_LINK_LOCK_DONE_ENTERS,
	RG_LINK_UNLOCK_DONE_ENTERS,
	RG_LINK_OPEN_DONE_ENTERS,
	RG_LINK_NLM_LOCK_DONE_ENTERS,
	RG_LINK_NLM_UNLOCK_DONE_ENTERS,
	RG_NR_LINKS,
};
_Static_assert(RG_NR_LINKS - RG_LINK_ENTERS == RG_NR_RETURNS, "a link for each");
_Static_assert(RG_NR_LINKS <= 31, "sets of links are words, with a bit besides");

/* Pinned programs: `control` is run, the doors are attached from their pins. */
enum rg_prog {
	RG_PROG_CONTROL = 0,
	RG_PROG_DOOR_LOCK,
	RG_PROG_DOOR_OPEN,
	RG_PROG_DOOR_CREATE,
	RG_PROG_DOOR_ACCESS,
	RG_NR_PROGS,
};

/* An open set. Owned by the caller; rg_pins_close() frees what it holds. */
struct rg_pins {
	int dir_fd; /* locked directory, or -1 */
	int map_fd[RG_NR_MAPS];
	int prog_fd[RG_NR_PROGS];
	struct rg_live *live;	/* mapped, shared with the kernel programs */
	struct rg_other *other; /* of a set of another version (pins/other.h); else NULL */
};

/* The directory in which this process looks for pins and makes them, from now on. */
enum rg_pins_place {
	RG_PLACE_SET,	 /* RG_PIN_DIR, at first */
	RG_PLACE_BESIDE, /* RG_PIN_DIR_BESIDE */
};
void rg_pins_place(enum rg_pins_place place);
const char *rg_pins_dir(void);

/* File names below that directory. */
const char *rg_pin_of_map(enum rg_map map);
const char *rg_pin_of_link(enum rg_link link);
/* The link that follows this function's return. */
enum rg_link rg_link_of_return(enum rg_return function);
/* For a follower of a function's return: the second link that it has on the rung kprobe.
 * RG_NR_LINKS: this one has none. */
enum rg_link rg_link_that_enters(enum rg_link link);
const char *rg_pin_of_prog(enum rg_prog prog);
/* Says whether a file in that directory is a pin of ours, of any version. */
bool rg_is_pin(const char *name);
/* Pin a link, and close it in any case: from then on the pin keeps it attached. 0 or a negative
 * errno. */
int rg_pin_link(struct bpf_link *link, const char *path);
/* Full path; buf of at least 256 bytes. Returns buf. */
char *rg_pin_path(char *buf, const char *name);

/* Lock the directory; `create` makes it. 0, or -ENOENT if there is none, -ETIMEDOUT after
 * RG_LOCK_WAIT_S, or another negative errno. The lock goes with dir_fd. Not to be called
 * with signals blocked: it waits for others. */
int rg_pins_lock(struct rg_pins *p, enum rg_lock_mode mode, bool create);
/* Say that the directory cannot be locked, and which process has the lock. RG_FAILED. */
int rg_pins_lock_failed(int err);
/* Unlock the directory and keep the maps open, as the daemon does. */
void rg_pins_unlock(struct rg_pins *p);

/* Open a pinned set, as much of it as can be opened, whatever it returns: 0; -ENOENT
 * nothing is pinned; -EPROTO another version's; -EBADMSG something is missing or not armed;
 * another negative errno: something is there and cannot be opened, which says nothing of
 * the set. A map that is not laid out as ours stays -1. */
int rg_pins_open(struct rg_pins *p);
/* Say what rg_pins_open() found; p is closed. An enum rg_exit that is not RG_DONE. */
int rg_pins_say(struct rg_pins *p, int err);
/* Lock, open, and say what is wrong. An enum rg_exit. */
int rg_pins_open_enabled(struct rg_pins *p, enum rg_lock_mode mode);
/* Is the set that is open still the one that is pinned? For whoever opened it without the
 * lock: somebody may disable, and enable anew, meanwhile. If it is, all that was opened is of
 * this set, as the map of the held is opened first. */
bool rg_pins_are_current(const struct rg_pins *p);
/* Map `live` of an open fd into memory. 0 or negative errno. */
int rg_pins_map_live(struct rg_pins *p);
void rg_pins_init(struct rg_pins *p);
void rg_pins_close(struct rg_pins *p);

/* Name of the first pinned file that is missing, NULL if none is. Those of followers
 * that were left out, or let go of, are not. */
const char *rg_pins_missing(const struct rg_pins *p);
/* Unlink every pin of ours, and the directory if nothing else is in it. False: something
 * is left, and was said. */
bool rg_pins_remove(void);

int rg_pins_meta(const struct rg_pins *p, struct rg_meta *meta);
int rg_pins_set_meta(const struct rg_pins *p, const struct rg_meta *meta);
/* Write down that this set is not in force any more: the daemon lets go of what it keeps open, and
 * pins nothing again; and what is cut short is not taken for a set in force. */
void rg_pins_disown(const struct rg_pins *p);
