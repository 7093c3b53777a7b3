/* SPDX-License-Identifier: GPL-2.0-only */
/* The reboot budget: the last renewal of each original server's lease, kept on disk. It tells
 * after a reboot how long this host was away, and whether it was back before the lease ended
 * (docs/state.md). Times called wall are nanoseconds of CLOCK_REALTIME, cut to a millisecond; 0:
 * never, or not known. */
#pragma once

#include "state/state.h"
#include "rg_maps.h"

#define RG_BUDGET_FILE "budget.json"

/* Sizes of a boot id (a UUID) and a wall time as text, with the NUL. */
#define RG_BOOT_ID_SIZE 37
#define RG_WALL_SIZE 32

/* The last renewal in an earlier boot. */
struct rg_budget_before {
	char boot_id[RG_BOOT_ID_SIZE];
	__u32 lease_s;
	__u64 last_ns; /* wall; 0: no earlier boot left one */
};

/* One original server, identified by all fields down to `name`. */
struct rg_budget_server {
	__u32 netns; /* of the NFS client; inode number in this boot */
	bool init_netns;
	__u16 minorversion;
	__u16 family; /* of addr: AF_INET, AF_INET6, or 0 */
	__u8 addr[16];
	char name[RG_SERVER_NAME + 1]; /* the name that was mounted; text */

	__u32 lease_s; /* 0: none yet in this boot */
	__u64 last_ns; /* wall; the last renewal in this boot */
	__u64 back_ns; /* wall; the first renewal seen in this boot */
	struct rg_budget_before before;
};

/* All zero is an empty budget. Nothing in it needs freeing. */
struct rg_budget {
	char boot_id[RG_BOOT_ID_SIZE]; /* id of "this boot"; empty: none yet */
	size_t n;
	struct rg_budget_server at[RG_MAX_SERVERS];
};

/* What rg_budget_update() needs besides the kernel's servers. */
struct rg_budget_now {
	__u64 wall_ns;	  /* CLOCK_REALTIME and CLOCK_BOOTTIME, read together */
	__u64 boot_ns;	  /* by rg_budget_clocks() */
	__u32 hz;	  /* of rg_hz_of(); 0: not known, and renewals are ignored */
	__u32 init_netns; /* of rg_state_init_netns() */
	const char *boot_id;
	const struct rg_gate *gates; /* RG_MAX_GATES gates, for the namespaces of slots */
};

/* ---- pure ---- */

/* Works out the kernel's HZ (100, 250, 300 or 1000) from jiffies_64 and CLOCK_MONOTONIC, read
 * together (struct rg_control of RG_OP_SERVERS). Returns 0 if none of these fits or several do, as
 * between 4 and 6 minutes after boot, when jiffies wrap to 0 at every HZ: ask again later. HZ does
 * not change during a boot. */
__u32 rg_hz_of(__u64 jiffies, __u64 mono_ns);

/* Begins a new boot if boot_id differs: this boot's renewals become earlier ones. Returns true
 * if that changed the budget. An empty boot_id (unreadable) changes nothing. */
bool rg_budget_begin(struct rg_budget *b, const char *boot_id);

/* Adds what the kernel says: n elements of the map `servers`, of which old ones are recognized
 * by their seen_ns. Begins this boot first. Leaves out a server without a lease (NFSv3). Returns
 * true if the budget changed and must be written. */
bool rg_budget_update(struct rg_budget *b, const struct rg_server *seen, size_t n,
		      const struct rg_budget_now *now);

/* Returns the shortest interval between writes in seconds, for rg_state_due(): a tenth of the
 * shortest lease, rounded up, at least 1. */
__u32 rg_budget_interval_s(const struct rg_budget *b);

enum rg_budget_verdict {
	RG_BUDGET_UNKNOWN = 0,	/* nothing is known from before, or the clock makes no sense */
	RG_BUDGET_IN_TIME,	/* it was back within the lease */
	RG_BUDGET_LATE,		/* it was away for longer, and may be still */
	RG_BUDGET_NOT_BACK_YET, /* it is away, and the lease has not ended */
};

struct rg_budget_view {
	enum rg_budget_verdict verdict;
	bool back;    /* the lease was renewed in this boot */
	__u64 away_s; /* from the last renewal before the reboot to the first one after it (or now),
			 rounded up; 0: unknown */
};

/* Judges one server by the lease from before the reboot. wall_ns: the present. */
struct rg_budget_view rg_budget_view(const struct rg_budget_server *s, __u64 wall_ns);
/* Returns "in-time", "late", "not-back-yet" or "unknown". */
const char *rg_budget_verdict_name(enum rg_budget_verdict verdict);

/* Writes a line for people: "origin (10.77.1.1): away 47 s of a 90 s lease: in time". Returns as
 * snprintf() does. */
int rg_budget_text(const struct rg_budget_server *s, __u64 wall_ns, char *buf, size_t size);
/* Makes the list for `status --json`, with one object for each server; owned by the caller
 * (json_object_put). Begin this boot first. */
json_object *rg_budget_json(const struct rg_budget *b, __u64 wall_ns);

/* Writes RFC 3339 in UTC, to the millisecond. Returns buf. Writes later years as the end of
 * 2553. */
char *rg_wall_text(__u64 wall_ns, char buf[RG_WALL_SIZE]);
/* Reads that form and no other. */
bool rg_wall_of(const char *text, __u64 *wall_ns);

/* Makes the object of the file, owned by the caller. */
json_object *rg_budget_file_json(const struct rg_budget *b);
/* Reads that object. init_netns: the number of the initial network namespace, 0: unknown.
 * Returns 0, or -EBADMSG with the mistake in `why` (RG_STATE_WHY bytes) and *b empty. */
int rg_budget_of_json(json_object *o, __u32 init_netns, struct rg_budget *b, char *why);

/* ---- the file, the host ---- */

/* Reads dir/RG_BUDGET_FILE; a missing file is an empty budget. Returns 0, or a negative errno
 * (-EBADMSG: not a budget) after reporting it; then *b is empty. */
int rg_budget_load(const char *dir, __u32 init_netns, struct rg_budget *b);
/* Writes it and waits for the disk. Returns 0 or a negative errno, as rg_state_write(). */
int rg_budget_save(const char *dir, const struct rg_budget *b);

/* Fills in wall_ns and boot_ns. */
void rg_budget_clocks(struct rg_budget_now *now);
/* Reads this boot's id from /proc/sys/kernel/random/boot_id. Returns 0 or a negative errno. */
int rg_boot_id(char boot_id[RG_BOOT_ID_SIZE]);
