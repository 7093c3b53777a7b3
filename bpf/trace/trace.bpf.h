/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the tracing programs: the operation that a thread serves, its peer, its file, and the
 * record made of it.
 *
 * A thread of knfsd or lockd serves one operation at a time, and this host's NFS client works for
 * it in the same thread. So both sides are joined in the thread's storage, and one record has both.
 */
#pragma once

#include "../kprobe.bpf.h"

/* Bytes of a lock owner that are hashed. */
#define RG_OWNER_HASHED 64
/* Greatest number of components of a path. */
#define PATH_DEPTH 24
#define DCACHE_DISCONNECTED 0x20	/* include/linux/dcache.h */
#define NFSD4_CLIENT_RECLAIM_COMPLETE 3 /* fs/nfsd/state.h, bit of cl_flags */

/* The operation that a thread serves. */
struct rg_at_work {
	__u32 op; /* enum rg_record_op; RG_REC_NONE: none */
	__u32 facts;
	__u64 start_ns;
	__u64 clp; /* nfs4_client that was confirmed during the operation */
	__u32 owner_len;
	__u32 n_back;
	__u32 claim;	 /* enum rg_claim; for an OPEN that of the request */
	__u32 forwarded; /* the NFS client was asked for the lock */
	__u32 reclaim;	 /* enum rg_reclaim, if the module asked (module.bpf.c) */
	__u32 asked;	 /* EXCHANGE_ID: the flags of the request */
	/* The lock owner or open owner, hashed if there will be a record. Has room for what
	 * rg_hash_one() may read. */
	__u8 owner[RG_CLIENT_NAME_HASHED];
	struct rg_back back[RG_BACK_MAX];
	struct rg_record record; /* room to build the record in */
};

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct rg_at_work);
} at_work SEC(".maps");

/* Maps a struct nfs4_client * to its key in `flow_clients`, which saves hashing the name each
 * time. */
RG_MAP_OF(flow_key_of, LRU_HASH, RG_MAX_FLOW_CLIENTS, __u64, struct rg_client_key);

/* Holds a new element of `flow_clients`, which is too big for the stack. */
RG_MAP_OF(nobody, ARRAY, 1, __u32, struct rg_flow_client);
RG_MAP_OF(next_downgrade, ARRAY, 1, __u32, __u32);

static __always_inline void failed(void)
{
	struct rg_flow_totals *totals = rg_totals();

	if (totals)
		totals->failed++;
}

/* ---- the thread's operation ---- */

/* Counts an operation without a beginning or an end, because the kernel skipped the program
 * (src/load/preempt.h) or a kretprobe had no place: every tracer lacks one record. */
int rg_missed(void);

static __always_inline struct rg_at_work *at_work_here(void)
{
	return bpf_task_storage_get(&at_work, bpf_get_current_task_btf(), NULL, 0);
}

static __always_inline struct rg_at_work *at_work_made(void)
{
	struct rg_at_work *w = bpf_task_storage_get(&at_work, bpf_get_current_task_btf(), NULL,
						    BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!w)
		failed();
	return w;
}

static __always_inline struct rg_at_work *begin(__u32 op)
{
	struct rg_at_work *w = at_work_made();

	if (!w)
		return NULL;
	if (w->op)
		rg_missed();
	w->facts = 0;
	w->clp = 0;
	w->owner_len = 0;
	w->n_back = 0;
	w->forwarded = 0;
	w->reclaim = 0;
	w->asked = 0;
	w->start_ns = bpf_ktime_get_boot_ns();
	w->op = op;
	return w;
}

/* Returns the operation that ends now; NULL: its beginning went unseen. Does not count a thread
 * that was at work when the programs were attached. */
static __always_inline struct rg_at_work *end_of(__u32 op)
{
	struct rg_at_work *w = at_work_here();

	if (!w)
		return NULL;
	if (w->op != op) {
		rg_missed();
		return NULL;
	}
	w->op = RG_REC_NONE;
	return w;
}

/* Notes that the NFS client acted for the current operation. */
static __always_inline void add_back(struct rg_at_work *w, __u32 op, __u32 status)
{
	__u32 n = w->n_back;

	if (n >= RG_BACK_MAX) {
		w->facts |= RG_FACT_BACK_CUT;
		return;
	}
	w->back[n & (RG_BACK_MAX - 1)].op = op;
	w->back[n & (RG_BACK_MAX - 1)].status = status;
	w->back[n & (RG_BACK_MAX - 1)].at_ns = bpf_ktime_get_boot_ns();
	w->n_back = n + 1;
}
_Static_assert((RG_BACK_MAX & (RG_BACK_MAX - 1)) == 0, "used as a mask");

/* ---- both rungs ----
 *
 * A program at a function is there twice: by fentry or fexit, and by a kprobe or kretprobe
 * for where these are refused. */

/* Returns the arguments of the function that returns to a kretprobe now; 0: none were kept. The
 * cookie is that of the program that keeps them. */
static __always_inline int left_here(struct pt_regs___rg *regs, struct rg_entered *args)
{
	__u64 cookie = bpf_get_attach_cookie(regs);

	return rg_entered_by_us(cookie) && rg_left((__u32)cookie, args);
}

/* Begins an operation of which only the beginning matters. */
#define BEGINS(name, function, op)                                                                 \
	SEC("fentry/" function)                                                                    \
	int BPF_PROG(name)                                                                         \
	{                                                                                          \
		begin(op);                                                                         \
		return 0;                                                                          \
	}                                                                                          \
	SEC("?kprobe/" function)                                                                   \
	int kprobe_##name(void *regs)                                                              \
	{                                                                                          \
		begin(op);                                                                         \
		return 0;                                                                          \
	}

/* ---- bytes ---- */

/* Copies at most `max` bytes (a power of 2) of `len` to `to`. Returns the number. */
static __always_inline __u32 read_bytes(void *to, const __u32 max, const void *from, __u32 len)
{
	__u32 n = len;

	/* The verifier must see the bound in the register that is used. */
	asm volatile("" : "+r"(n));
	if (n > max)
		n = max;
	asm volatile("" : "+r"(n));
	n &= 2 * max - 1;
	if (n > max || (n && bpf_probe_read_kernel(to, n, from)))
		return 0;
	return n;
}

/* Use the room of the record, which is built afterwards. */
static __always_inline __u64 hash_name(struct rg_at_work *w, const void *data, __u32 len)
{
	_Static_assert(sizeof(w->record) >= RG_CLIENT_NAME_HASHED, "room for a name");
	return rg_hash_of((__u8 *)&w->record,
			  read_bytes(&w->record, RG_CLIENT_NAME_HASHED, data, len));
}

static __always_inline void read_owner(struct rg_at_work *w, const void *data, __u32 len)
{
	w->owner_len = read_bytes(w->owner, RG_OWNER_HASHED, data, len);
}

/* Copies the address of a kernel sockaddr, which has the layout of user space. */
static __always_inline void read_peer(struct rg_record *r, const void *sockaddr)
{
	__u8 raw[28] = {};

	if (bpf_probe_read_kernel(raw, sizeof(raw), sockaddr)) {
		failed();
		return;
	}
	__builtin_memcpy(&r->family, raw, 2);
	r->port = (__u16)(raw[2] << 8 | raw[3]);
	if (r->family == RG_AF_INET)
		__builtin_memcpy(r->addr, raw + 4, 4);
	else if (r->family == RG_AF_INET6)
		__builtin_memcpy(r->addr, raw + 8, 16);
	else
		r->family = 0;
}

static __always_inline void read_name(struct rg_record *r, const void *data, __u32 len)
{
	r->name_len = len > 0xffff ? 0xffff : (__u16)len;
	if (len > RG_RECORD_NAME)
		r->facts |= RG_FACT_NAME_CUT;
	if (!read_bytes(r->name, RG_RECORD_NAME, data, len) && len)
		failed();
}

/* Copies a C string. */
static __always_inline void read_host_name(struct rg_record *r, const char *at)
{
	long n = at ? bpf_probe_read_kernel_str(r->name, sizeof(r->name), at) : 0;

	r->name_len = n > 0 ? (__u16)(n - 1) : 0;
}

/* ---- the file ---- */

/* Builds the path from its end to its beginning, going up, in the upper half of twice the room,
 * so that every write is within bounds. */
struct path_room {
	char at[2 * RG_RECORD_PATH];
};

RG_MAP_OF(path_room, PERCPU_ARRAY, 1, __u32, struct path_room);

struct climb {
	struct path_room *room;
	struct dentry *at;
	__u32 off; /* beginning of the text so far */
	__u32 end; /* an enum: why the walk ended */
};

enum { CLIMBING = 0, AT_ROOT, NAMELESS };

static long climb_one(__u32 i, struct climb *c)
{
	struct dentry *dentry = c->at, *parent = BPF_CORE_READ(dentry, d_parent);
	__u32 off = c->off, len;

	if (parent == dentry) {
		/* A disconnected dentry is not the root; its name is unknown. */
		c->end = BPF_CORE_READ(dentry, d_flags) & DCACHE_DISCONNECTED ? NAMELESS : AT_ROOT;
		return 1;
	}
	len = rg_name_len(dentry);
	if (!len || len + 1 > off)
		return 1;
	off -= len + 1;
	off &= RG_RECORD_PATH - 1;
	len &= RG_RECORD_PATH - 1;
	c->room->at[off] = '/';
	if (bpf_probe_read_kernel(&c->room->at[off + 1], len, BPF_CORE_READ(dentry, d_name.name)))
		return 1;
	c->off = off;
	c->at = parent;
	return 0;
}

/* Writes the path from the superblock's root to `to` (RG_RECORD_PATH bytes), or nothing for an
 * unknown name: an inode found by file handle has a dentry without parents. Returns
 * RG_FACT_PATH_CUT if the path lacks its beginning, or 0. */
static __always_inline __u32 path_of(char *to, struct dentry *dentry)
{
	struct climb c = {.at = dentry, .off = RG_RECORD_PATH - 1};
	__u32 zero = 0;

	c.room = bpf_map_lookup_elem(&path_room, &zero);
	if (!c.room || !dentry)
		return 0;
	c.room->at[RG_RECORD_PATH - 1] = 0;
	bpf_loop(PATH_DEPTH, climb_one, &c, 0);
	if (c.end == NAMELESS)
		return 0;
	if (c.end == AT_ROOT && c.off == RG_RECORD_PATH - 1) {
		to[0] = '/';
		return 0;
	}
	bpf_probe_read_kernel_str(to, RG_RECORD_PATH, &c.room->at[c.off & (RG_RECORD_PATH - 1)]);
	return c.end == CLIMBING ? RG_FACT_PATH_CUT : 0;
}

static __always_inline void read_path(struct rg_record *r, struct dentry *dentry)
{
	r->facts |= path_of(r->path, dentry);
}
_Static_assert((RG_RECORD_PATH & (RG_RECORD_PATH - 1)) == 0, "used as a mask");

static __always_inline struct nfs_server *nfs_server_of(struct super_block *sb)
{
	return BPF_CORE_READ(sb, s_magic) == NFS_SUPER_MAGIC ? BPF_CORE_READ(sb, s_fs_info) : NULL;
}

static __always_inline void read_inode(struct rg_record *r, struct inode *inode)
{
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);
	struct nfs_server *server = nfs_server_of(sb);

	r->fileid = BPF_CORE_READ(inode, i_ino);
	r->dev = BPF_CORE_READ(sb, s_dev);
	if (!server)
		return;
	r->facts |= RG_FACT_NFS;
	r->fsid_major = BPF_CORE_READ(server, fsid.major);
	r->fsid_minor = BPF_CORE_READ(server, fsid.minor);
}

static __always_inline void read_dentry(struct rg_record *r, struct dentry *dentry)
{
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);

	if (inode)
		read_inode(r, inode);
	read_path(r, dentry);
}

/* ---- end clients ---- */

static __always_inline struct rg_flow_client *flow_client_at(const struct rg_client_key *named)
{
	struct rg_client_key key = *named;
	struct rg_flow_client *c = bpf_map_lookup_elem(&flow_clients, &key);
	__u32 zero = 0;
	void *fresh;

	if (c)
		return c;
	fresh = bpf_map_lookup_elem(&nobody, &zero);
	if (!fresh)
		return NULL;
	bpf_map_update_elem(&flow_clients, &key, fresh, BPF_NOEXIST);
	c = bpf_map_lookup_elem(&flow_clients, &key);
	if (c)
		c->first_ns = bpf_ktime_get_boot_ns();
	else
		failed();
	return c;
}

/* Start the counts anew after a start of knfsd. */
static __always_inline void seen(struct rg_flow_client *c, const struct rg_gate *g, __u64 now_ns)
{
	c->last_ns = now_ns;
	if (c->generation == g->generation)
		return;
	c->generation = g->generation;
	c->downgrades = 0;
	c->refused_ns = 0;
	c->complete_ns = 0;
	c->said = 0;
	__builtin_memset(c->tally, 0, sizeof(c->tally));
}

static __always_inline void count(struct rg_flow_client *c, __u32 tally)
{
	struct rg_flow_totals *totals = rg_totals();

	if (c)
		__sync_fetch_and_add(&c->tally[tally], 1);
	if (totals)
		totals->tally[tally]++;
}

/* Updates what `top` shows of it from the finished record. */
static __always_inline void rg_remember(struct rg_flow_client *c, const struct rg_record *r)
{
	c->family = r->family;
	c->port = r->port;
	__builtin_memcpy(c->addr, r->addr, sizeof(c->addr));
	c->minorversion = r->minorversion;
	c->name_len = r->name_len;
	__builtin_memcpy(c->name, r->name, sizeof(c->name));
}

/* Returns the number of bits in a number of microseconds, at most 32 (send.bpf.c). */
int rg_bits_of(__u64 us);

static __always_inline void rg_time(__u32 timed, __u64 ns)
{
	struct rg_flow_totals *totals = rg_totals();
	__u64 us = ns / 1000;
	__u32 bucket;

	if (!totals || timed >= RG_NR_TIMED)
		return;
	bucket = RG_ANY(rg_bits_of(us));
	if (bucket >= RG_LATENCY_BUCKETS)
		bucket = RG_LATENCY_BUCKETS - 1;
	totals->latency[timed][bucket]++;
	totals->latency_sum_ns[timed] += ns;
}

/* ---- the record ---- */

static __always_inline struct rg_record *fresh_record(struct rg_at_work *w, __u32 op, __u32 side,
						      const struct rg_gate *g, __u64 now_ns)
{
	struct rg_record *r = &w->record;
	__u64 task = bpf_get_current_pid_tgid();

	__builtin_memset(r, 0, sizeof(*r));
	r->time_ns = now_ns;
	r->op = (__u16)op;
	r->side = (__u8)side;
	r->netns = g->netns;
	r->generation = g->generation;
	r->tid = (__u32)task;
	r->tgid = (__u32)(task >> 32);
	if (g->knfsd == RG_KNFSD_GRACE)
		r->facts |= RG_FACT_KNFSD_GRACE;
	if (rg_lockd_in_grace(g))
		r->facts |= RG_FACT_LOCKD_GRACE;
	if (g->knfsd == RG_KNFSD_SKIPPED)
		r->facts |= RG_FACT_SKIPPED;
	return r;
}

/* Adds what the NFS client did, and the duration. */
static __always_inline void set_duration(struct rg_record *r, struct rg_at_work *w)
{
	r->facts |= w->facts;
	r->duration_ns = r->time_ns - w->start_ns;
	r->owner_hash = rg_hash_of(w->owner, w->owner_len);
	r->n_back = w->n_back;
	r->reclaim = w->reclaim;
	__builtin_memcpy(r->back, w->back, sizeof(r->back));
}

static __always_inline int is_nfs(struct inode *inode)
{
	return BPF_CORE_READ(inode, i_sb, s_magic) == NFS_SUPER_MAGIC;
}

/* Counts what became of a LOCK, for the regime. A LOCK that the NFS client was asked for is
 * forwarded, whatever the answer, so that an original server's refusal is never taken for this
 * kernel's own. It is refused if the status is NOTSUPP or NOLOCKS and the file is on NFS, which is
 * looked up for these statuses only. */
static __always_inline void saw_lock(const struct rg_at_work *w, __u32 protocol, int refused)
{
	struct rg_flow_totals *totals = rg_totals();

	if (!totals)
		return;
	if (w->forwarded)
		totals->locks_forwarded[protocol]++;
	else if (refused)
		totals->locks_refused[protocol]++;
}

/* Takes a negative nfsstat4 or errno, as the NFS client has them. */
static __always_inline void status_of_client(struct rg_record *r, int error)
{
	__u32 status = error < 0 ? (__u32)-error : 0;

	r->status = status;
	r->status_kind = status && status < 10000 ? RG_STATUS_ERRNO : RG_STATUS_NFS4;
}

/* Judges and counts the record, and sends it to every tracer (send.bpf.c). client: or NULL. A
 * global function, so that the verifier checks it once for each program and not on every path. */
int rg_send(struct rg_record *r, const struct rg_client_key *client);
/* Calls rg_downgrade_of(). */
int rg_judge(const struct rg_record *r);
