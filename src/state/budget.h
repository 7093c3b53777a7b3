/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reboot budget: when each original server's lease was last renewed, on disk,
 * so that after a reboot somebody can say how long this host was away, and
 * whether it was back before the lease ran out. docs/state.md.
 *
 * Times called wall are nanoseconds of CLOCK_REALTIME, cut to a millisecond; 0:
 * never, or not known.
 */
#pragma once

#include "state/state.h"
#include "rg_maps.h"

#define RG_BUDGET_FILE "budget.json"

/* Text of a boot id (a UUID) and of a wall time, NUL included. */
#define RG_BOOT_ID_SIZE 37
#define RG_WALL_SIZE 32

/* What an earlier boot left: its last renewal. */
struct rg_budget_before {
	char boot_id[RG_BOOT_ID_SIZE];
	__u32 lease_s;
	__u64 last_ns; /* wall; 0: there is nothing from an earlier boot */
};

/* One original server, known by all fields down to `name`. */
struct rg_budget_server {
	__u32 netns; /* of the NFS client; inode number here */
	bool init_netns;
	__u16 minorversion;
	__u16 family; /* of addr: AF_INET, AF_INET6, or 0 */
	__u8 addr[16];
	char name[RG_SERVER_NAME + 1]; /* text; as it was mounted */

	__u32 lease_s; /* 0: none yet in this boot */
	__u64 last_ns; /* wall; the last renewal in this boot */
	__u64 back_ns; /* wall; the first renewal seen in this boot */
	struct rg_budget_before before;
};

/* All zero: an empty one. Nothing in it has to be freed. */
struct rg_budget {
	char boot_id[RG_BOOT_ID_SIZE]; /* which boot "this boot" is; empty: none yet */
	size_t n;
	struct rg_budget_server at[RG_MAX_SERVERS];
};

/* What rg_budget_update() goes by besides what the kernel says. */
struct rg_budget_now {
	__u64 wall_ns;	  /* CLOCK_REALTIME and CLOCK_BOOTTIME, read together: */
	__u64 boot_ns;	  /* rg_budget_clocks() */
	__u32 hz;	  /* rg_hz_of(); 0: not known, then renewals are left out */
	__u32 init_netns; /* rg_state_init_netns() */
	const char *boot_id;
	const struct rg_gate *gates; /* RG_MAX_GATES, for the namespaces of slots */
};

/* ---- pure ---- */

/*
 * The kernel's HZ (100, 250, 300 or 1000), of jiffies_64 and CLOCK_MONOTONIC read
 * together (struct rg_control of RG_OP_SERVERS). 0: none of these fits, or more
 * than one, as is so between 4 and 6 minutes after boot, when jiffies wrap to
 * 0 at every HZ: ask again later. It does not change during a boot.
 */
__u32 rg_hz_of(__u64 jiffies, __u64 mono_ns);

/* Begin this boot, if boot_id is that of another one: what the budget had as this
 * boot's is then before. True: so it was, and the budget changed. An empty boot_id
 * (it could not be read) changes nothing. */
bool rg_budget_begin(struct rg_budget *b, const char *boot_id);

/*
 * Take in what the kernel says (n elements of the map `servers`, old ones too:
 * their seen_ns is gone by); begins this boot first. A server without a lease
 * (NFSv3) is left out. True: the budget changed, and is to be written.
 */
bool rg_budget_update(struct rg_budget *b, const struct rg_server *seen, size_t n,
		      const struct rg_budget_now *now);

/* It is written at most so often, seconds: a tenth of the shortest lease, rounded
 * up. At least 1. For rg_state_due(). */
__u32 rg_budget_interval_s(const struct rg_budget *b);

enum rg_budget_verdict {
	RG_BUDGET_UNKNOWN = 0,	/* nothing from before, or the clock makes no sense */
	RG_BUDGET_IN_TIME,	/* back within the lease */
	RG_BUDGET_LATE,		/* away for longer, be it back or not */
	RG_BUDGET_NOT_BACK_YET, /* away, and the lease has not run out */
};

struct rg_budget_view {
	enum rg_budget_verdict verdict;
	bool back;    /* renewed in this boot */
	__u64 away_s; /* from the last renewal before to the first after (or now), rounded up;
		       * 0 if unknown */
};

/* wall_ns: now. The lease is that of before the reboot. */
struct rg_budget_view rg_budget_view(const struct rg_budget_server *s, __u64 wall_ns);
/* "in-time", "late", "not-back-yet", "unknown" */
const char *rg_budget_verdict_name(enum rg_budget_verdict verdict);

/* A line for people: "origin (10.77.1.1): away 47 s of a 90 s lease: in time". As
 * snprintf(). */
int rg_budget_text(const struct rg_budget_server *s, __u64 wall_ns, char *buf, size_t size);
/* For `status --json`: a list, an object a server; owned by the caller
 * (json_object_put). Begin this boot first. */
json_object *rg_budget_json(const struct rg_budget *b, __u64 wall_ns);

/* RFC 3339 in UTC, to a millisecond. Fills buf and returns it; years past 2553 are
 * written as the end of 2553. */
char *rg_wall_text(__u64 wall_ns, char buf[RG_WALL_SIZE]);
/* And back; nothing but that form. */
bool rg_wall_of(const char *text, __u64 *wall_ns);

/* As in the file; owned by the caller. */
json_object *rg_budget_file_json(const struct rg_budget *b);
/* And back. init_netns: the number of the initial network namespace, 0: unknown. 0,
 * or -EBADMSG: `why` (RG_STATE_WHY bytes) says what is wrong, *b is empty. */
int rg_budget_of_json(json_object *o, __u32 init_netns, struct rg_budget *b, char *why);

/* ---- the file, the host ---- */

/* Read dir/RG_BUDGET_FILE. No such file: 0, and it is empty. On a negative errno
 * (-EBADMSG: not a budget) that is said, with the file's name, and *b is empty. */
int rg_budget_load(const char *dir, __u32 init_netns, struct rg_budget *b);
/* Write it; waits for the disk. 0 or negative errno, as rg_state_write(). */
int rg_budget_save(const char *dir, const struct rg_budget *b);

/* Fill in wall_ns and boot_ns. */
void rg_budget_clocks(struct rg_budget_now *now);
/* This boot's id, from /proc/sys/kernel/random/boot_id. 0 or negative errno. */
int rg_boot_id(char boot_id[RG_BOOT_ID_SIZE]);
