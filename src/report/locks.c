// SPDX-License-Identifier: GPL-2.0-only
/* Follows each lock that an end client reclaimed or took again. Two events tell of the same lock
 * if end client, file and range are equal, and the owner where both have one. */
#include <stdlib.h>

#include "report/collect.h"
#include "report/judge.h"

static __u64 hash_by(__u32 client, long file, __u64 start, __u64 length)
{
	const __u64 key[] = {client, (__u64)file, start, length};

	return rg_hash(0, key, sizeof(key));
}

static __u64 hash_of(const void *array, __u32 i)
{
	const struct rg_lock *l = (const struct rg_lock *)array + i;

	return hash_by(l->client, l->file, l->start, l->length);
}

static bool is(const void *array, __u32 i, const void *key)
{
	const struct rg_lock *a = (const struct rg_lock *)array + i, *b = key;

	return a->client == b->client && a->file == b->file && a->start == b->start &&
	       a->length == b->length && (a->owner == b->owner || !a->has_owner || !b->has_owner);
}

static struct rg_lock *find(struct rg_locks *l, const struct rg_lock *key, bool make)
{
	__u64 hash = hash_by(key->client, key->file, key->start, key->length);
	long i = rg_index_find(&l->index, hash, is, l->at, key);

	if (i < 0 && make && l->n == RG_REPORT_LOCKS)
		l->not_followed++;
	if (i < 0 && (!make || l->n == RG_REPORT_LOCKS))
		return NULL;
	if (i < 0) {
		l->at = rg_grow(l->at, l->n, &l->room, sizeof(*l->at));
		l->at[l->n] = *key;
		i = (long)l->n++;
		rg_index_add(&l->index, hash, (__u32)i, hash_of, l->at);
	}
	if (key->has_owner && !l->at[i].has_owner) {
		l->at[i].owner = key->owner;
		l->at[i].has_owner = true;
	}
	return &l->at[i];
}

void rg_locks_add(struct rg_locks *l, __u32 client, long file, const struct rg_entry *e)
{
	struct rg_lock key = {.client = client,
			      .file = file,
			      .start = e->start,
			      .length = e->length,
			      .owner = e->owner,
			      .has_owner = e->has_owner};
	bool reclaim = rg_claim_is_reclaim(e->claim);
	struct rg_lock *lock;

	if (e->answer == RG_ANSWER_NONE || e->answer == RG_ANSWER_WAIT)
		return;
	/* An ordinary LOCK is a new lock unless the end client had tried to reclaim it. */
	lock = find(l, &key, reclaim || e->claim == RG_CLAIM_RETAKE);
	if (!lock)
		return;
	if (reclaim && e->answer == RG_ANSWER_GRANTED) {
		rg_latest(&lock->granted_ns, e->boot_ns);
		lock->as_new = e->downgrade == RG_DOWNGRADE_GRANTED_AS_NEW;
	} else if (reclaim && e->answer != RG_ANSWER_DENIED) {
		rg_latest(&lock->refused_ns, e->boot_ns);
	} else if (e->answer == RG_ANSWER_GRANTED) {
		if (e->boot_ns > lock->again_ns)
			lock->again_took_ns = e->duration_ns;
		rg_latest(&lock->again_ns, e->boot_ns);
	} else if (e->answer == RG_ANSWER_DENIED) {
		rg_latest(&lock->denied_ns, e->boot_ns);
	}
}

enum rg_fate rg_lock_fate(const struct rg_lock *l, __u64 gone_ns)
{
	__u64 bad_ns = l->refused_ns > l->denied_ns ? l->refused_ns : l->denied_ns;
	__u64 had_ns = l->again_ns > l->granted_ns ? l->again_ns : l->granted_ns;

	if (had_ns && had_ns >= bad_ns && gone_ns > had_ns)
		return RG_FATE_THROWN_OUT;
	if (l->again_ns && l->again_ns >= bad_ns)
		return RG_FATE_AGAIN;
	if (l->granted_ns && l->granted_ns >= bad_ns)
		return l->as_new ? RG_FATE_AS_NEW : RG_FATE_RECLAIMED;
	if (l->denied_ns)
		return RG_FATE_DENIED;
	return l->refused_ns ? RG_FATE_NOT_AGAIN : RG_FATE_NONE;
}
