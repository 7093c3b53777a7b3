/* SPDX-License-Identifier: GPL-2.0-only */
/* The ledger: the number of locks of each end client, kept on disk. After a reboot an end client
 * that has taken that many again is settled (docs/state.md). Our programs in the kernel count (map
 * `clients`), the daemon writes a changed file, and whoever makes a gate puts the file's end
 * clients into the map. */
#pragma once

#include "pins/settle.h"
#include "state/state.h"

#define RG_LEDGER_FILE "ledger.json"

/* Returns the 64-bit FNV-1a hash of the first RG_CLIENT_NAME_HASHED of len bytes: the name_hash
 * of struct rg_client_key, as our programs make it. */
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
	__u64 name_hash; /* identifies it together with the namespace */
	__u32 netns; /* inode number in this boot; 0: the initial one, whose number is unknown */
	bool init_netns;
	__u16 name_len;		   /* full length; a name longer than RG_CLIENT_NAME is cut */
	__u16 family;		   /* of addr: AF_INET, AF_INET6, or 0 */
	__u8 addr[16];		   /* network order */
	__u32 locks;		   /* 1 .. RG_LOCKS_UNKNOWN - 1 */
	char name[RG_CLIENT_NAME]; /* any bytes, filled up with 0 */
	bool nfs3;		   /* the end client is known by NLM: map `nlm_hosts` */
};

/* Sorted by namespace and hash, each once, at most RG_MAX_CLIENTS. All zero is an empty ledger.
 * Owned by the caller (rg_ledger_free). */
struct rg_ledger {
	struct rg_ledger_entry *at;
	size_t n;
};

void rg_ledger_free(struct rg_ledger *l);

/* ---- pure ---- */

/* Returns the number of locks that the ledger must have for an end client; 0: leave it out. That
 * is the number that the kernel would expect it to take again (rg_client_carried()), as long as it
 * is known. An end client that was not seen since knfsd started is left out once the gate is open.
 * now_ns: CLOCK_BOOTTIME. */
__u32 rg_ledger_locks(const struct rg_client *c, const struct rg_gate *g, __u64 now_ns);

/* Says whether two ledgers have the same contents. */
bool rg_ledger_same(const struct rg_ledger *a, const struct rg_ledger *b);

/* Adds the end clients of `from` in namespaces without a gate, as far as there is room, since
 * their gates may be made later. gates: RG_MAX_GATES. Returns 0 or -ENOMEM. */
int rg_ledger_carry(struct rg_ledger *to, const struct rg_ledger *from,
		    const struct rg_gate *gates);

/* Write and read one end client of the file. Reading returns NULL, or the name of the member
 * that is missing or invalid. */
json_object *rg_ledger_entry_json(const struct rg_ledger_entry *e);
const char *rg_ledger_entry_of_json(json_object *o, __u32 init_netns, struct rg_ledger_entry *e);
/* Makes the object of the file, owned by the caller (json_object_put). */
json_object *rg_ledger_json(const struct rg_ledger *l);
/* Reads that object. init_netns: the number of the initial network namespace, 0: unknown.
 * Returns 0; -EBADMSG, with the mistake in `why` (RG_STATE_WHY bytes) and *l empty; or -ENOMEM. */
int rg_ledger_of_json(json_object *o, __u32 init_netns, struct rg_ledger *l, char *why);

/* ---- the file ---- */

/* Reads dir/RG_LEDGER_FILE; a missing file is an empty ledger. Returns 0, or a negative errno
 * (-EBADMSG: not a ledger) after reporting it; then *l is empty. */
int rg_ledger_load(const char *dir, __u32 init_netns, struct rg_ledger *l);
/* Writes it and waits for the disk. Returns 0 or a negative errno, as rg_state_write(). */
int rg_ledger_save(const char *dir, const struct rg_ledger *l);

/* ---- the map `clients` ---- */

/* Makes a ledger from the kernel's counts. gates: all RG_MAX_GATES of them. Read them after the
 * clients: gates read before a restart of knfsd would make end clients that came after it count as
 * another life's, and leave them out. Returns 0, or -ENOMEM with *l empty. */
int rg_ledger_collect(const struct rg_awaited *clients, const struct rg_gate *gates,
		      __u32 init_netns, struct rg_ledger *l);

/* Puts what the ledger expects of one gate's end clients into the map. Never overwrites an end
 * client that the kernel knows. Returns 0; -E2BIG: the map is full; or another negative errno. */
int rg_ledger_to_map(const struct rg_pins *p, const struct rg_ledger *l, __u32 slot, __u32 netns);
