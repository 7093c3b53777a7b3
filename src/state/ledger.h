/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger: per end client, how many locks it holds, on disk. A hint: after a
 * reboot an end client that has retaken so many is settled. docs/state.md.
 *
 * The kernel programs count (map `clients`); the daemon writes the file when it
 * changed; who makes a gate puts the file's end clients into the map.
 */
#pragma once

#include "pins/settle.h"
#include "state/state.h"

#define RG_LEDGER_FILE "ledger.json"

/* FNV-1a, 64 bits, of the first RG_CLIENT_NAME_HASHED of len bytes: the
 * name_hash of struct rg_client_key, as the kernel programs make it. */
static inline __u64 rg_name_hash(const void *name, size_t len)
{
	const __u8 *at = name;
	__u64 hash = RG_FNV_OFFSET;

	if (len > RG_CLIENT_NAME_HASHED)
		len = RG_CLIENT_NAME_HASHED;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * RG_FNV_PRIME;
	return hash;
}

/* One end client of one network namespace. */
struct rg_ledger_entry {
	__u64 name_hash; /* with the namespace: what it is known by */
	__u32 netns;	 /* inode number here; 0: the initial one, and that is unknown */
	bool init_netns;
	__u16 name_len;		   /* whole length; more than RG_CLIENT_NAME: cut off */
	__u16 family;		   /* of addr: AF_INET, AF_INET6, or 0 */
	__u8 addr[16];		   /* network order */
	__u32 locks;		   /* 1 .. RG_LOCKS_UNKNOWN - 1 */
	char name[RG_CLIENT_NAME]; /* any bytes; the rest is 0 */
};

/* Sorted by namespace and hash, each once, at most RG_MAX_CLIENTS. All zero: an
 * empty one. Owned by the caller: rg_ledger_free(). */
struct rg_ledger {
	struct rg_ledger_entry *at;
	size_t n;
};

void rg_ledger_free(struct rg_ledger *l);

/* ---- pure ---- */

/*
 * What the ledger is to say of an end client; 0: nothing. now_ns: CLOCK_BOOTTIME.
 * What the kernel would expect it to take again (rg_client_carried()), as long as
 * that is known; but nothing of one that was not seen since knfsd started, once
 * the gate is open.
 */
__u32 rg_ledger_locks(const struct rg_client *c, const struct rg_gate *g, __u64 now_ns);

/* Is the same written in both? */
bool rg_ledger_same(const struct rg_ledger *a, const struct rg_ledger *b);

/* Add what `from` has of namespaces without a gate (gates: RG_MAX_GATES), as far
 * as there is room: theirs may be made later. 0 or -ENOMEM. */
int rg_ledger_carry(struct rg_ledger *to, const struct rg_ledger *from,
		    const struct rg_gate *gates);

/* One end client as in the file, and back: NULL, or which member is missing or makes no
 * sense. */
json_object *rg_ledger_entry_json(const struct rg_ledger_entry *e);
const char *rg_ledger_entry_of_json(json_object *o, __u32 init_netns, struct rg_ledger_entry *e);
/* As in the file; owned by the caller (json_object_put). */
json_object *rg_ledger_json(const struct rg_ledger *l);
/* And back. init_netns: the number of the initial network namespace, 0: unknown. 0;
 * -EBADMSG: `why` (RG_STATE_WHY bytes) says what is wrong, *l is empty; -ENOMEM. */
int rg_ledger_of_json(json_object *o, __u32 init_netns, struct rg_ledger *l, char *why);

/* ---- the file ---- */

/* Read dir/RG_LEDGER_FILE. No such file: 0, and it is empty. On a negative errno
 * (-EBADMSG: not a ledger) that is said, with the file's name, and *l is empty. */
int rg_ledger_load(const char *dir, __u32 init_netns, struct rg_ledger *l);
/* Write it; waits for the disk. 0 or negative errno, as rg_state_write(). */
int rg_ledger_save(const char *dir, const struct rg_ledger *l);

/* ---- the map `clients` ---- */

/* Make a ledger of what the kernel counted. gates: all RG_MAX_GATES of them, read
 * after the clients: by a gate from before a restart of knfsd, who came after it
 * is of another life, and left out. 0, or -ENOMEM and *l is empty. */
int rg_ledger_collect(const struct rg_awaited *clients, const struct rg_gate *gates,
		      __u32 init_netns, struct rg_ledger *l);

/* Tell the kernel what the ledger expects of the end clients of one gate. What the
 * kernel knows of one already, it keeps. 0, -E2BIG: the map is full, or another
 * negative errno. */
int rg_ledger_to_map(const struct rg_pins *p, const struct rg_ledger *l, __u32 slot, __u32 netns);
