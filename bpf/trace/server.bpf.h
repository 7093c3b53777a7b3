/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the programs that trace knfsd: the end client and the gate of an operation, and the
 * programs at its end.
 */
#pragma once

#include "../client.bpf.h"
#include "trace.bpf.h"

static __always_inline struct rg_gate *gate_of_rqst(struct svc_rqst *rqstp, __u32 *slot)
{
	return rg_gate_of_net(BPF_CORE_READ(rqstp, rq_xprt, xpt_net), slot);
}

static __always_inline struct rg_gate *gate_of_clp(struct nfs4_client *clp, __u32 *slot)
{
	return rg_gate_of_net(BPF_CORE_READ(clp, net), slot);
}

/* Writes the end client to the record. */
static __always_inline void read_client(struct rg_record *r, struct nfs4_client *clp)
{
	read_peer(r, (void *)clp + bpf_core_field_offset(struct nfs4_client, cl_addr));
	r->minorversion = (__u16)BPF_CORE_READ(clp, cl_minorversion);
	r->cl_boot = BPF_CORE_READ(clp, cl_clientid.cl_boot);
	r->cl_id = BPF_CORE_READ(clp, cl_clientid.cl_id);
	read_name(r, BPF_CORE_READ(clp, cl_name.data), BPF_CORE_READ(clp, cl_name.len));
	if (BPF_CORE_READ(clp, cl_flags) & (1UL << NFSD4_CLIENT_RECLAIM_COMPLETE))
		r->facts |= RG_FACT_COMPLETE;
}

/* Identifies it by name, as the ledger does (bpf/clients.bpf.c). */
static __always_inline int key_of_name(struct rg_at_work *w, const void *data, __u32 len,
				       __u32 slot, struct rg_client_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->slot = slot;
	key->name_hash = hash_name(w, data, len);
	if (!key->name_hash)
		failed();
	return key->name_hash ? 0 : -1;
}

/* Finds an end client by the address of its struct. Compares the clientid, since another one may
 * have that address by now. */
static __always_inline struct rg_flow_client *flow_client_of(struct rg_at_work *w,
							     struct nfs4_client *clp, __u32 slot,
							     const struct rg_gate *g, __u64 now_ns,
							     struct rg_client_key *key)
{
	__u32 boot = BPF_CORE_READ(clp, cl_clientid.cl_boot),
	      id = BPF_CORE_READ(clp, cl_clientid.cl_id);
	struct rg_client_key *known;
	struct rg_flow_client *c;
	__u64 at = (__u64)clp;

	known = bpf_map_lookup_elem(&flow_key_of, &at);
	if (known) {
		*key = *known;
		c = bpf_map_lookup_elem(&flow_clients, key);
		if (c && c->cl_id == id && c->cl_boot == boot) {
			seen(c, g, now_ns);
			return c;
		}
	}
	if (key_of_name(w, BPF_CORE_READ(clp, cl_name.data), BPF_CORE_READ(clp, cl_name.len), slot,
			key))
		return NULL;
	c = flow_client_at(key);
	if (!c)
		return NULL;
	if (bpf_map_update_elem(&flow_key_of, &at, key, BPF_ANY))
		failed();
	seen(c, g, now_ns);
	c->cl_boot = boot;
	c->cl_id = id;
	return c;
}

/* The end client and the file of an operation of a compound. */
struct about {
	struct svc_rqst *rqstp;
	struct nfsd4_compound_state *cstate;
	struct nfs4_client *clp;
	struct dentry *dentry;
	__u32 status;
};

/* Defines the programs at the end of nfsd4_NAME() for both rungs, which call name_end(). */
#define ENDS(name, type)                                                                           \
	SEC("fexit/nfsd4_" #name)                                                                  \
	int BPF_PROG(name##_ends, struct svc_rqst *rqstp, struct nfsd4_compound_state *cstate,     \
		     type *u, __u32 status)                                                        \
	{                                                                                          \
		struct about a = {                                                                 \
			.rqstp = rqstp,                                                            \
			.cstate = cstate,                                                          \
			.clp = cstate->clp,                                                        \
			.dentry = cstate->current_fh.fh_dentry,                                    \
			.status = __builtin_bswap32(status),                                       \
		};                                                                                 \
		return name##_end(&a, u);                                                          \
	}                                                                                          \
	SEC("?kretprobe/nfsd4_" #name)                                                             \
	int kprobe_##name##_ends(struct pt_regs___rg *regs)                                        \
	{                                                                                          \
		struct nfsd4_compound_state *cstate;                                               \
		struct rg_entered e = {};                                                          \
		struct about a = {};                                                               \
                                                                                                   \
		if (!left_here(regs, &e))                                                          \
			return 0;                                                                  \
		cstate = (void *)e.arg[1];                                                         \
		a.rqstp = (void *)e.arg[0];                                                        \
		a.cstate = cstate;                                                                 \
		a.clp = BPF_CORE_READ(cstate, clp);                                                \
		a.dentry = BPF_CORE_READ(cstate, current_fh.fh_dentry);                            \
		a.status = __builtin_bswap32((__u32)RG_RETURNED(regs));                            \
		return name##_end(&a, (type *)e.arg[2]);                                           \
	}
