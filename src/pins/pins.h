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

/*
 * The maps that are pinned. One row each:
 *   number      RG_MAP_number
 *   name        of the map in the BPF object, and of its pin: map_name
 *   key, value  sizes that the map must have to be ours: with others a reader would read past
 *               the end. Unit tests compare them with the object (test_layout)
 *   writer      RG_BY_KERNEL: only kernel programs write it, so it is frozen for processes
 */
#define RG_PINNED_MAPS(MAP)                                                                        \
	MAP(META, meta, 4, sizeof(struct rg_meta), RG_BY_ANY)                                      \
	MAP(LIVE, live, 4, sizeof(struct rg_live), RG_BY_ANY)                                      \
	MAP(GATES, gates, 4, sizeof(struct rg_gate), RG_BY_KERNEL)                                 \
	MAP(GATE_OF, gate_of, 4, 4, RG_BY_KERNEL)                                                  \
	MAP(DEVICES, devices, 4, sizeof(struct rg_device), RG_BY_ANY)                              \
	MAP(HELD, held, sizeof(struct rg_held_key), sizeof(struct rg_held), RG_BY_ANY)             \
	MAP(HOLDING, holding, 4, sizeof(struct rg_holding), RG_BY_KERNEL)                          \
	MAP(ABOVE, above, 4, sizeof(struct rg_above), RG_BY_KERNEL)                                \
	MAP(WRAPPERS, wrappers, 4, sizeof(struct rg_wrapper), RG_BY_ANY)                           \
	MAP(COUNTERS, counters, 4, 8, RG_BY_KERNEL)                                                \
	MAP(EVENTS, events, 0, 0, RG_BY_ANY)                                                       \
	MAP(RULES, rules, 4, sizeof(struct rg_rule), RG_BY_ANY)                                    \
	MAP(EXEMPT, exempt, sizeof(struct rg_exempt_key), sizeof(struct rg_exempt), RG_BY_ANY)     \
	MAP(CLIENTS, clients, sizeof(struct rg_client_key), sizeof(struct rg_client), RG_BY_ANY)   \
	MAP(NLM_HOSTS, nlm_hosts, sizeof(struct rg_client_key), sizeof(struct rg_client),          \
	    RG_BY_KERNEL)                                                                          \
	MAP(SERVERS, servers, 8, sizeof(struct rg_server), RG_BY_ANY)                              \
	MAP(PROVENANCE, provenance, 4, sizeof(struct rg_provenance), RG_BY_ANY)                    \
	MAP(DROPPED, dropped, sizeof(struct rg_dropped_key), 8, RG_BY_ANY)                         \
	MAP(TRACERS, tracers, 4, 4, RG_BY_ANY)                                                     \
	MAP(TRACER_OWNERS, tracer_owners, 4, sizeof(struct rg_tracer), RG_BY_ANY)                  \
	MAP(FLOW_CLIENTS, flow_clients, sizeof(struct rg_client_key),                              \
	    sizeof(struct rg_flow_client), RG_BY_KERNEL)                                           \
	MAP(FLOW_TOTALS, flow_totals, 4, sizeof(struct rg_flow_totals), RG_BY_KERNEL)              \
	MAP(FLOW_STORMS, flow_storms, 4, sizeof(struct rg_flow_storm), RG_BY_KERNEL)               \
	MAP(FLOW_SLOWEST, flow_slowest, 4, sizeof(struct rg_flow_note), RG_BY_KERNEL)              \
	MAP(FLOW_DOWNGRADES, flow_downgrades, 4, sizeof(struct rg_flow_note), RG_BY_KERNEL)        \
	/* Only for programs that are loaded later (load/modules.h). */                            \
	MAP(RECLAIMING, reclaiming, 4, 4, RG_BY_KERNEL)                                            \
	MAP(CLIENT_OF, client_of, 8, sizeof(struct rg_client_key), RG_BY_KERNEL)                   \
	MAP(CROWDS, crowds, sizeof(struct rg_crowd_key), 4, RG_BY_KERNEL)                          \
	MAP(CLIENT_FILES, client_files, 16, 80, RG_BY_KERNEL)                                      \
	MAP(UNCOUNTED, uncounted, 16, 4, RG_BY_KERNEL)                                             \
	MAP(COUNTING, counting, 4, 40, RG_BY_KERNEL)                                               \
	MAP(LISTING, listing, 4, RG_LISTING_BYTES, RG_BY_ANY)                                      \
	MAP(LISTED_FILES, listed_files, 4, sizeof(struct rg_listed_file), RG_BY_ANY)               \
	MAP(LISTED, listed, 4, sizeof(struct rg_listed), RG_BY_ANY)                                \
	MAP(AT_WORK, at_work, 4, RG_AT_WORK_BYTES, RG_BY_ANY)                                      \
	MAP(FLOW_KEY_OF, flow_key_of, 8, sizeof(struct rg_client_key), RG_BY_KERNEL)               \
	MAP(NEXT_DOWNGRADE, next_downgrade, 4, 4, RG_BY_KERNEL)

enum rg_map {
#define RG_MAP(number, name, key, value, writer) RG_MAP_##number,
	RG_PINNED_MAPS(RG_MAP)
#undef RG_MAP
		RG_NR_MAPS,
};

/* The links of followers, each RG_LINK_number, pinned as link_name (load/programs.c). */
#define RG_FOLLOWER_LINKS(LINK)                                                                    \
	LINK(GRACE_START, grace_start)                                                             \
	LINK(KNFSD_STARTED, knfsd_started)                                                         \
	LINK(GRACE_END, grace_end)                                                                 \
	LINK(KNFSD_STOP, knfsd_stop)                                                               \
	LINK(SUPER_GONE, super_gone)                                                               \
	LINK(TASK_EXIT, task_exit)                                                                 \
	LINK(LOCK_DONE, lock_done)                                                                 \
	LINK(UNLOCK_DONE, unlock_done)                                                             \
	LINK(OPEN_DONE, open_done)                                                                 \
	LINK(CLIENT_GONE, client_gone)                                                             \
	LINK(NLM_LOCK_DONE, nlm_lock_done)                                                         \
	LINK(NLM_UNLOCK_DONE, nlm_unlock_done)                                                     \
	LINK(NLM_FREED, nlm_freed)                                                                 \
	LINK(NLM_HOST_GONE, nlm_host_gone)                                                         \
	LINK(ORIGIN_ERROR, origin_error)                                                           \
	LINK(SELF_STOP, self_stop)                                                                 \
	LINK(LOCK_DROPPED, lock_dropped)

/* Those that only some sets have: where held threads sleep (load/sleep.h); answers to the kernel
 * module, if it is used (load/answers.h). */
#define RG_OTHER_LINKS(LINK)                                                                       \
	LINK(SLEEP_WAIT, sleep_wait)                                                               \
	LINK(ANSWER_RECLAIM, answer_reclaim)                                                       \
	LINK(ANSWER_LOCKS, answer_locks)

/* Followers and the first door are attached as long as the guard is enabled, the other doors only
 * when a gate needs them (pins/doors.h). On the rung kprobe, followers of returns have a second
 * link, which enters the function: from RG_LINK_ENTERS on, in the order of enum rg_return. */
enum rg_link {
#define RG_LINK(number, name) RG_LINK_##number,
#define RG_DOOR(number, name, hook, scope, when) RG_LINK_DOOR_##number,
#define RG_RETURN(number, name) RG_LINK_##number##_ENTERS,
	RG_FOLLOWER_LINKS(RG_LINK) RG_DOORS(RG_DOOR) RG_OTHER_LINKS(RG_LINK) RG_RETURNS(RG_RETURN)
#undef RG_LINK
#undef RG_DOOR
#undef RG_RETURN
		RG_NR_LINKS,
	RG_NR_FIXED_LINKS = RG_LINK_DOOR_LOCK + 1,
	RG_LINK_LAST_DOOR = RG_LINK_DOOR_LOCK + RG_NR_DOORS - 1,
	RG_LINK_ENTERS = RG_NR_LINKS - RG_NR_RETURNS,
};
_Static_assert(RG_NR_LINKS <= 31, "sets of links are words, with a bit besides");

/* Pinned programs: `control` is run, the doors are attached from their pins. */
enum rg_prog {
	RG_PROG_CONTROL = 0,
#define RG_DOOR(number, name, hook, scope, when) RG_PROG_DOOR_##number,
	RG_DOORS(RG_DOOR)
#undef RG_DOOR
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
/* What a map must be like to be ours. */
struct rg_pinned_map {
	const char *pin;  /* file name */
	const char *name; /* in the BPF object */
	__u32 key, value; /* sizes */
	bool by_kernel;	  /* only kernel programs write it */
};
extern const struct rg_pinned_map rg_pinned_maps[RG_NR_MAPS];
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
