/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs of an original server start with. They are an object of their own: on a
 * host that is no original server nothing of this is loaded.
 *
 * Who is who goes by clientid4. As a client reboots, the id of its old life leads to the id of the
 * new one, which the program that sees the confirmation is told (drop.bpf.c). knfsd's clientids
 * begin at a random number, so those of two network namespaces differ.
 */
#pragma once

#undef offsetof
#undef container_of
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "rg_original.h"
#include "rg_records.h"
#include "kernel_drift.bpf.h"
#include "map.bpf.h"

#define BPF_ANY 0
#define BPF_NOEXIST 1
#define BPF_EXIST 2
#define RG_AF_INET 2
#define RG_AF_INET6 10
#define OFFSET_MAX 0x7fffffffffffffffULL /* include/linux/limits.h */
#define F_UNLCK 2
#define FMODE_WRITE 2

/* Arguments of the hooks are loaded from directly: the verifier knows their types, and a pointer
 * that is none reads as zero. BPF_CORE_READ is for what came out of a map or of an address that was
 * reckoned, which the verifier takes for a number; and for an operation's arguments, since those
 * are a union nfsd4_op_u, of which the verifier goes by the first member (6.1: "access beyond
 * struct nfsd4_close"). */

/* ---- types of nfsd that the pinned header has not ---- */

struct inode___org {
	__u32 i_generation;
} __attribute__((preserve_access_index));

/* cl_state: NFSD4_ACTIVE (0), or the laundromat found that the lease ran out and left the state to
 * the client until somebody wants it: NFSD4_COURTESY, NFSD4_EXPIRABLE (fs/nfsd/state.h). */
struct nfs4_client___org {
	unsigned int cl_state;
} __attribute__((preserve_access_index));

struct nfsd_file___org {
	struct file *nf_file;
} __attribute__((preserve_access_index));

struct nfs4_file___org {
	struct nfsd_file___org *fi_fds[3];
} __attribute__((preserve_access_index));

struct nfs4_stid___org {
	struct nfs4_file___org *sc_file;
} __attribute__((preserve_access_index));

struct stateid___org {
	clientid_t so_clid;
} __attribute__((preserve_access_index));

/* ---- maps ---- */

RG_MAP_OF(keepers, ARRAY, RG_ORG_KEEPERS, __u32, struct rg_keeper);

/* clientid4 of a client's life now, as rg_clid_of(), -> its place in `keepers`. */
RG_MAP_OF(keeper_of, HASH, 4 * RG_ORG_KEEPERS, __u64, __u32);
RG_MAP_FLAGS(kept_files, HASH, RG_ORG_FILES, struct rg_org_file_key, struct rg_org_file,
	     BPF_F_NO_PREALLOC);
RG_MAP_FLAGS(kept_ranges, HASH, RG_ORG_RANGES, struct rg_org_range_key, struct rg_org_range,
	     BPF_F_NO_PREALLOC);
RG_MAP_FLAGS(kept_cells, HASH, RG_ORG_RANGES, struct rg_org_cell_key, struct rg_org_cell,
	     BPF_F_NO_PREALLOC);

/* Thread -> the id that the client has in its new life, while it is being confirmed. */
RG_MAP_OF(confirming, HASH, RG_ORG_THREADS, __u64, __u64);

/* Thread -> the state that it drops. */
struct rg_org_drop {
	__u64 id;
	__u64 clp; /* struct nfs4_client *, of the old life */
	__u64 new_clid;
	__u32 keeper;  /* RG_ORG_KEEPERS: it has no place yet */
	__u32 refused; /* there is none for it */
};

RG_MAP_OF(drops, HASH, RG_ORG_THREADS, __u64, struct rg_org_drop);

/* Maps a thread of knfsd whose request has to come again later to its mark. The end of the
 * operation takes the mark away. The time is for a program that the kernel left out there (one that
 * was preempted on the same processor): no thread refuses for longer. */
#define RG_ORG_MARK_NS 5000000000ULL
struct rg_org_mark {
	__u64 until_ns; /* the mark counts until then */
	__u32 keeper;	/* place of the client that the request has to wait for */
	__u32 pad;
};

RG_MAP_OF(marked, HASH, RG_ORG_THREADS, __u64, struct rg_org_mark);

/* Hold the ring of each tracer, which the tracer makes, and who the tracers are. */
RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RG_MAX_TRACERS);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_RINGBUF);
			__uint(max_entries, RG_TRACER_RING_BYTES);
		});
} org_tracers SEC(".maps");

RG_MAP_OF(org_tracer_owners, ARRAY, RG_MAX_TRACERS, __u32, struct rg_tracer);
RG_MAP_OF(org_counters, PERCPU_ARRAY, RG_NR_ORG_COUNTERS, __u32, __u64);

/* A map of its own (".data.original"), mapped by user space. */
extern struct rg_org_state org;

static __always_inline void org_count(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&org_counters, &which);

	if (n)
		(*n)++;
}

static __always_inline struct rg_keeper *keeper_at(__u32 at)
{
	return bpf_map_lookup_elem(&keepers, &at);
}

static __always_inline __u64 rg_clid_of(__u32 cl_boot, __u32 cl_id)
{
	return (__u64)cl_boot << 32 | cl_id;
}

static __always_inline __u64 clid_of_client(struct nfs4_client *clp)
{
	return rg_clid_of(clp->cl_clientid.cl_boot, clp->cl_clientid.cl_id);
}

static __always_inline void file_key_of(struct inode *inode, struct rg_org_file_key *key)
{
	struct inode___org *i = (void *)inode;

	key->ino = inode->i_ino;
	key->dev = inode->i_sb->s_dev;
	key->generation = i->i_generation;
}

/* Does the configuration choose this file system? */
static __always_inline int is_chosen_dev(__u32 dev)
{
	const struct rg_org_choice *c = &org.choice[org.chosen & 1];

	if (!c->n_devs)
		return 1;
	for (__u32 i = 0; i < RG_ORG_CHOSEN; i++)
		if (i < c->n_devs && c->devs[i] == dev)
			return 1;
	return 0;
}

/* Something is kept until then. After what is kept was put in: the word never stays the same, so
 * whoever is about to clear it (nothing_kept_any_more) sees that there is more. */
static __always_inline void raise_word(__u64 until_ns)
{
	for (int tries = 0; tries < 16; tries++) {
		__u64 was = org.word, is = until_ns > was ? until_ns : was + 1;

		if (__sync_val_compare_and_swap(&org.word, was, is) == was)
			return;
	}
	org_count(RG_ORG_FAIL_RANGES);
}

/* ---- about a client ---- */

/* Copies the first bytes of what it calls itself to a place of `max` bytes, a power of 2. Returns
 * the whole length. */
static __always_inline __u16 read_name(struct nfs4_client *clp, void *name, const __u32 max)
{
	__u32 len = BPF_CORE_READ(clp, cl_name.len), n = len;
	void *data = BPF_CORE_READ(clp, cl_name.data);

	__builtin_memset(name, 0, max);
	asm volatile("" : "+r"(n));
	if (n > max)
		n = max;
	asm volatile("" : "+r"(n));
	n &= 2 * max - 1;
	if (n > max || (n && bpf_probe_read_kernel(name, n, data)))
		org_count(RG_ORG_FAIL_READ);
	return len > 0xffff ? 0xffff : (__u16)len;
}

/* Copies its address to 16 bytes. Returns AF_INET, AF_INET6, or 0: it has another kind of address,
 * or none that can be read. */
static __always_inline __u16 read_address(struct nfs4_client *clp, __u8 *addr)
{
	__u8 raw[28] = {};
	__u16 family = 0;

	__builtin_memset(addr, 0, 16);
	if (bpf_probe_read_kernel(raw, sizeof(raw),
				  (void *)clp +
					  bpf_core_field_offset(struct nfs4_client, cl_addr))) {
		org_count(RG_ORG_FAIL_READ);
		return 0;
	}
	__builtin_memcpy(&family, raw, 2);
	if (family == RG_AF_INET)
		__builtin_memcpy(addr, raw + 4, 4);
	else if (family == RG_AF_INET6)
		__builtin_memcpy(addr, raw + 8, 16);
	else
		return 0;
	return family;
}

/* ---- what tracers are told ---- */

/* An event, without what tell.bpf.c finds by itself. */
struct rg_org_event {
	__u64 clp;	  /* struct nfs4_client * that it is about; 0: the one at `keeper` */
	__u64 value;	  /* rg_record.value */
	__u64 start, end; /* of the range, both included */
	__u64 ino;	  /* of the file; 0: none */
	__u32 dev;
	__u32 op;     /* enum rg_record_op */
	__u32 keeper; /* its place, or RG_ORG_KEEPERS: none */
	__u32 how;    /* rg_record.how */
	__u32 status;
	__u8 status_kind; /* enum rg_status_kind */
	__u8 side;	  /* enum rg_side; that of the gate: a local application did it */
	__u8 lock_type;	  /* 1 read, 2 write; 0: none */
	__u8 overflow;	  /* KEPT: not all ranges had room */
};

/* Sends it to every tracer (tell.bpf.c). A global function: the verifier checks it once for each
 * program. */
int org_tell(const struct rg_org_event *e);

/* Tells about the client at a place: `how` is an enum rg_kept_why for KEPT_ENDED. */
static __always_inline void tell_keeper(__u32 op, __u32 at, const struct rg_keeper *k, __u32 how)
{
	struct rg_org_event e = {.op = op, .keeper = at, .how = how, .value = k->left};

	e.overflow = k->overflow ? 1 : 0;
	org_tell(&e);
}

/* Ends the keeping for this reason, unless another thread was first. Returns 1: it did. */
static __always_inline int ends_for(struct rg_keeper *k, __u32 why)
{
	return __sync_val_compare_and_swap(&k->why, 0, why) == 0;
}
