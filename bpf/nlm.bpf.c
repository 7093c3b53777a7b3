// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger of NFSv3 end clients: which of them lockd gave locks to, in which files. Which ranges
 * they hold is listed by the daemon, seconds apart, as those of NFSv4 end clients are
 * (ranges.bpf.c). No gate waits for them.
 *
 *   fexit  __nlm4svc_proc_lock          NLM LOCK; in 7.2 nlm4svc_do_lock
 *   fexit  nlmsvc_unlock                NLM UNLOCK
 *   fentry nlm_destroy_host_locked      a struct nlm_host is freed, which has no locks any more
 *
 * Locks that lockd frees by itself are in lockd.bpf.c.
 *
 * All functions are in fs/lockd. An NFSv3 end client's locks end with lockd, not with knfsd: where
 * this host has NFSv3 mounts of its own, lockd stays when knfsd is stopped, and its locks too.
 */
#include "client.bpf.h"
#include "kprobe.bpf.h"

/* Holds a new element, which is too big for the stack, and the bytes to hash. */
struct nlm_room {
	struct rg_client client;
	__u8 id[RG_CLIENT_NAME_HASHED];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct nlm_room);
} nlm_room SEC(".maps");

#define ADDRESS 16

/* Makes the element that `nlm_room` holds, as rg_client_make() does. */
__noinline int rg_nlm_make(const struct rg_client_key *named)
{
	struct rg_crowd_key crowd = {.nlm = 1};
	struct rg_client_key key;
	struct nlm_room *room;
	__u32 zero = 0;

	room = bpf_map_lookup_elem(&nlm_room, &zero);
	if (!named || !room)
		return -1;
	key = *named;
	crowd.slot = key.slot;
	rg_crowd_of(&room->client, &crowd);
	if (bpf_map_update_elem(&nlm_hosts, &key, &room->client, BPF_NOEXIST)) {
		if (bpf_map_lookup_elem(&nlm_hosts, &key))
			return 0;
		rg_evict_hosts();
		if (bpf_map_update_elem(&nlm_hosts, &key, &room->client, BPF_NOEXIST)) {
			rg_count(RG_COUNT_FAIL_CLIENTS);
			return -1;
		}
	}
	if (!rg_crowd_join(&crowd, 0))
		return 0;
	rg_evict_hosts();
	if (!rg_crowd_join(&crowd, 0))
		return 0;
	bpf_map_delete_elem(&nlm_hosts, &key);
	rg_count(RG_COUNT_FAIL_CROWDED);
	return -1;
}

/* Compares what is hashed: another address and name may have the same hash. */
static __always_inline int is_same(const struct rg_client *a, const struct rg_client *b)
{
	return a->family == b->family && ((__u64 *)a->addr)[0] == ((__u64 *)b->addr)[0] &&
	       ((__u64 *)a->addr)[1] == ((__u64 *)b->addr)[1] &&
	       rg_is_named(a, b->name, b->name_len);
}

/* Returns the element of the end client that sent a LOCK, a new one if needed. Returns NULL, and
 * counts it, on a failure. */
static __always_inline struct rg_client *sender_of(struct svc_rqst *rqstp,
						   const struct rg_nlm_lock *lock,
						   const struct rg_gate *g,
						   struct rg_client_key *key)
{
	struct rg_crowd_key crowd = {.nlm = 1};
	struct nlm_room *room;
	struct rg_client *c;
	__u32 zero = 0, n = lock->caller_len;
	__u16 family = 0;

	room = bpf_map_lookup_elem(&nlm_room, &zero);
	/* Show the verifier the bound in the register that is used. */
	asm volatile("" : "+r"(n));
	if (n > RG_CLIENT_NAME)
		n = RG_CLIENT_NAME;
	asm volatile("" : "+r"(n));
	n &= 2 * RG_CLIENT_NAME - 1;
	if (!room || !n || n > RG_CLIENT_NAME)
		goto failed;
	__builtin_memset(room->id, 0, ADDRESS);
	rg_read_address((void *)rqstp + bpf_core_field_offset(struct svc_rqst, rq_addr), &family,
			NULL, room->id);
	if (bpf_probe_read_kernel(room->id + ADDRESS, n, lock->caller))
		goto failed;
	key->name_hash = rg_hash_of(room->id, ADDRESS + n);
	__builtin_memset(&room->client, 0, sizeof(room->client));
	room->client.family = family;
	__builtin_memcpy(room->client.addr, room->id, ADDRESS);
	if (bpf_probe_read_kernel(room->client.name, n, lock->caller))
		goto failed;
	room->client.name_len = lock->caller_len > 0xffff ? 0xffff : (__u16)lock->caller_len;
	room->client.minorversion = RG_NLM_MINOR;
	room->client.expected = RG_LOCKS_UNKNOWN;
	room->client.generation = rg_client_generation(g);
	room->client.state = RG_CLIENT_GONE;
	room->client.granted_ns = bpf_ktime_get_boot_ns();
	c = bpf_map_lookup_elem(&nlm_hosts, key);
	if (!c) {
		if (rg_nlm_make(key))
			return NULL;
		c = bpf_map_lookup_elem(&nlm_hosts, key);
		if (!c)
			goto failed;
	}
	if (!is_same(c, &room->client)) {
		rg_count(RG_COUNT_FAIL_SAME_HASH);
		return NULL;
	}
	if (c->generation != room->client.generation) {
		c->granted_ns = room->client.granted_ns;
		rg_publish(&c->generation, room->client.generation);
		crowd.slot = key->slot;
		rg_crowd_of(c, &crowd);
		rg_crowd_join(&crowd, 1);
	}
	return c;
failed:
	rg_count(RG_COUNT_FAIL_CLIENTS);
	return NULL;
}

/* Notes the end client of an nlm_host. The address of an nlm_host is used again after
 * nlm_destroy_host_locked(), which may have been missed. Returns 0, or -1 after counting a
 * failure. */
static __always_inline int know_host(__u64 host, const struct rg_client_key *key)
{
	struct rg_client_ref ref = {.key = *key}, *known;

	known = bpf_map_lookup_elem(&client_of, &host);
	if (known && known->key.name_hash == key->name_hash && known->key.slot == key->slot)
		return 0;
	if (!bpf_map_update_elem(&client_of, &host, &ref, BPF_ANY))
		return 0;
	rg_count(RG_COUNT_FAIL_CLIENTS);
	return -1;
}

static __always_inline struct rg_client_locks *locks_in(struct rg_client_file *at, __u32 slot)
{
	struct rg_client_locks *l = bpf_map_lookup_elem(&client_files, at),
			       fresh = {.slot = slot, .lockd = 1};

	if (l)
		return l;
	bpf_map_update_elem(&client_files, at, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&client_files, at);
}

/* ---- LOCK ---- */

static __always_inline void granted(struct rg_client *c, const struct rg_nlm_lock *lock,
				    const struct rg_client_key *key)
{
	struct nlm_lockowner *holder = lock->holder;
	struct file *file = lock->file;
	struct rg_client_file at = {};
	struct rg_client_locks *l;

	at.clp = (__u64)BPF_CORE_READ(holder, host);
	at.inode = (__u64)BPF_CORE_READ(file, f_inode);
	if (!at.clp || !at.inode)
		return;
	l = know_host(at.clp, key) ? NULL : locks_in(&at, key->slot);
	if (!l) { /* after knfsd's next start its lost locks will be unknown */
		__sync_fetch_and_add(&c->unlisted, 1);
		rg_count(RG_COUNT_FAIL_LEDGER);
		return;
	}
	c->state = RG_CLIENT_KNOWN;
	l->waits = lock->status == RG_NLM_BLOCKED ? RG_WAITS_BLOCKED : 0;
	__sync_fetch_and_add(&l->changes, 1);
}

static __always_inline int lock_ends(struct svc_rqst *rqstp, void *second)
{
	struct rg_client_key key = {.nlm = 1};
	struct rg_nlm_lock lock = {};
	struct rg_client *c;
	struct file *file;
	struct rg_gate *g;
	int refused;

	g = rg_gate_of_net(BPF_CORE_READ(rqstp, rq_xprt, xpt_net), &key.slot);
	if (!g)
		return 0;
	rg_nlm_lock_of(rqstp, second, &lock);
	file = lock.file;
	refused = lock.reclaim && lock.status != RG_NLM_GRANTED;
	/* On NFS a blocked lock is not granted later by itself: the end client asks again
	 * (nlmsvc_lock(), `async_block`). */
	if (!refused && lock.status != RG_NLM_GRANTED &&
	    (lock.status != RG_NLM_BLOCKED ||
	     BPF_CORE_READ(file, f_inode, i_sb, s_magic) == NFS_SUPER_MAGIC))
		return 0;
	if (!refused)
		rg_note_granted(g, key.slot, BPF_CORE_READ(file, f_inode));
	c = sender_of(rqstp, &lock, g, &key);
	if (!c)
		return 0;
	if (refused) {
		c->cl_id = lock.status;
		__sync_fetch_and_add(&c->refusals, 1);
		return 0;
	}
	granted(c, &lock, &key);
	return 0;
}

SEC("fexit/__nlm4svc_proc_lock")
int BPF_PROG(nlm_lock_done, struct svc_rqst *rqstp, void *second)
{
	return lock_ends(rqstp, second);
}

SEC("?kretprobe/__nlm4svc_proc_lock")
int kprobe_nlm_lock_done(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	return rg_left(RG_RETURN_NLM_LOCK_DONE, &e) ? lock_ends((void *)e.arg[0], (void *)e.arg[1])
						    : 0;
}

/* ---- UNLOCK ---- */

static __always_inline int unlock_ends(__u64 inode, void *lock)
{
	struct rg_client_file at = {.inode = inode};
	struct rg_client_locks *l;

	at.clp = (__u64)BPF_CORE_READ(rg_nlm_holder_of(lock), host);
	l = bpf_map_lookup_elem(&client_files, &at);
	if (!l || !at.clp)
		return 0;
	l->waits = 0;
	__sync_fetch_and_add(&l->unlocks, 1);
	__sync_fetch_and_add(&l->changes, 1);
	return 0;
}

SEC("fexit/nlmsvc_unlock")
int BPF_PROG(nlm_unlock_done, void *net, struct nlm_file *file, void *lock)
{
	struct file *opened = file->f_file[0];

	if (!opened)
		opened = file->f_file[1];
	return opened ? unlock_ends((__u64)opened->f_inode, lock) : 0;
}

SEC("?kretprobe/nlmsvc_unlock")
int kprobe_nlm_unlock_done(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};
	struct nlm_file *file;
	struct file *opened;

	if (!rg_left(RG_RETURN_NLM_UNLOCK_DONE, &e))
		return 0;
	file = (void *)e.arg[1];
	opened = BPF_CORE_READ(file, f_file[0]);
	if (!opened)
		opened = BPF_CORE_READ(file, f_file[1]);
	return unlock_ends((__u64)BPF_CORE_READ(opened, f_inode), (void *)e.arg[2]);
}

static __always_inline int host_destroyed(__u64 host)
{
	struct rg_client_ref *ref = bpf_map_lookup_elem(&client_of, &host);
	struct rg_client_key key;
	struct rg_client *c;

	if (ref && ref->key.nlm) {
		key = ref->key;
		c = bpf_map_lookup_elem(&nlm_hosts, &key);
		if (c) {
			c->granted_ns = bpf_ktime_get_boot_ns();
			c->state = RG_CLIENT_GONE;
		}
	}
	bpf_map_delete_elem(&client_of, &host);
	return 0;
}

SEC("fentry/nlm_destroy_host_locked")
int BPF_PROG(nlm_host_gone, void *host)
{
	return host_destroyed((__u64)host);
}

SEC("?kprobe/nlm_destroy_host_locked")
int kprobe_nlm_host_gone(struct pt_regs___rg *regs)
{
	return host_destroyed(RG_ARG1(regs));
}
