// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes a gate for user space. A process that reads a gate and writes it back could undo what a
 * program recorded about knfsd in between, so the change is made in the kernel.
 *
 *   syscall control    run with BPF_PROG_TEST_RUN, struct rg_control
 */
#include "client.bpf.h"

#define ENOENT 2
#define EAGAIN 11
#define EBUSY 16
#define EINVAL 22
#define ENOSPC 28
#define ESTALE 116
#define MAX_LISTED 8 /* lock managers in grace in one namespace: knfsd's and lockd's */

/* Does what net_generic() does: the array begins with a struct, and its length takes the place
 * of ptr[0] (include/net/netns/generic.h). */
static __always_inline void *generic_of(struct net *net, __u32 id)
{
	__u64 gen = (__u64)BPF_CORE_READ(net, gen);
	void *data = NULL;

	if (!id || bpf_probe_read_kernel(&data, sizeof(data), (void *)(gen + id * sizeof(void *))))
		return NULL;
	return data;
}

/* Returns the address of a symbol, or NULL. */
#define address_of(name)                                                                           \
	({                                                                                         \
		__u64 at_ = 0;                                                                     \
		bpf_kallsyms_lookup_name(name, sizeof(name), 0, &at_) ? NULL : (void *)at_;        \
	})

/* Returns a module's `unsigned int NAME_net_id`; 0: unknown. */
#define net_id_of(name)                                                                            \
	({                                                                                         \
		void *of_ = address_of(name);                                                      \
		__u32 id_ = 0;                                                                     \
		if (of_)                                                                           \
			bpf_probe_read_kernel(&id_, sizeof(id_), of_);                             \
		id_;                                                                               \
	})

/* Finds out whether knfsd or lockd of this namespace runs or is in grace already. Events since
 * the gate's entry in `gate_of` win. */
static __noinline int seed(struct net *net, __u32 slot, struct rg_gate *g, __u64 now_ns)
{
	__u32 grace_id = net_id_of("grace_net_id"), nfsd_id = net_id_of("nfsd_net_id");
	struct list_head *head, *at;
	void *nfsd_net;
	int i;

	live.nfs4_locks = rg_regime_of_export(address_of("nfs_export_ops"));
	live.nfs_net_id = net_id_of("nfs_net_id");
	if (!grace_id || !nfsd_id || !live.nfs_net_id)
		return -ENOENT;
	head = generic_of(net, grace_id);
	nfsd_net = generic_of(net, nfsd_id);
	if (!head || !nfsd_net)
		return -EINVAL;

	at = BPF_CORE_READ(head, next);
	for (i = 0; i < MAX_LISTED && at && at != head; i++) {
		struct lock_manager *lm =
			(void *)at - bpf_core_field_offset(struct lock_manager, list);
		__u32 is_knfsd = BPF_CORE_READ(lm, block_opens);

		rg_managers_add((__u64)lm, slot, is_knfsd);
		if (is_knfsd) {
			if (g->knfsd == RG_KNFSD_DOWN) /* otherwise a program has seen its start */
				g->knfsd_start_ns = now_ns;
			g->lease_s = rg_lease_of(lm);
			__sync_val_compare_and_swap(&g->knfsd, RG_KNFSD_DOWN, RG_KNFSD_GRACE);
		} else {
			__sync_val_compare_and_swap(&g->lockd, RG_LOCKD_NONE, RG_LOCKD_GRACE);
		}
		at = BPF_CORE_READ(at, next);
	}
	if (rg_knfsd_is_up(nfsd_net) > 0) {
		if (!g->knfsd_start_ns || g->knfsd == RG_KNFSD_DOWN)
			g->knfsd_start_ns = now_ns;
		g->lease_s = (__u32)BPF_CORE_READ((struct nfsd_net *)nfsd_net, nfsd4_lease);
		rg_storm_of(slot, nfsd_net);
		__sync_val_compare_and_swap(&g->knfsd, RG_KNFSD_DOWN, RG_KNFSD_WAS_RUNNING);
		/* It started while no program was attached in nfsd. It is in grace: otherwise
		 * locks_end_grace() would have told more. */
		__sync_val_compare_and_swap(&g->knfsd, RG_KNFSD_STARTING, RG_KNFSD_GRACE);
	}
	return 0;
}

/* Says whether a struct net is that of a gate: the kernel may have freed it, and used the memory or
 * the number again. */
static __always_inline int is_net_of(const struct rg_gate *g, struct net *net)
{
	return net && BPF_CORE_READ(net, ns.inum) == g->netns &&
	       BPF_CORE_READ(net, net_cookie) == g->net_cookie;
}

/* Ends a gate whose namespace is gone. No mount is left in it, because an NFS superblock holds its
 * namespace. Its slot is not used again: end clients and rules of it are in other maps. */
static __always_inline void end_gate(__u32 slot, struct rg_gate *g)
{
	__u32 netns = g->netns, *of = bpf_map_lookup_elem(&gate_of, &netns);

	if (of && *of == slot)
		bpf_map_delete_elem(&gate_of, &netns);
	g->netns = 0;
	g->net = 0;
}

static __always_inline int end_if_gone(__u32 slot, struct rg_gate *g)
{
	struct net *net = (struct net *)g->net;

	if (!g->netns || slot == RG_CANARY_SLOT)
		return 0;
	if (is_net_of(g, net) && !rg_net_is_dying(net))
		return 0;
	end_gate(slot, g);
	return 1;
}

static __always_inline int arm(struct rg_control *c, struct rg_gate *g, __u64 now_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct net *net = task->nsproxy->net_ns;
	__u32 netns = c->netns, slot = c->slot, *of;
	struct rg_gate fresh = {}, *before;
	int err;

	if (slot == RG_CANARY_SLOT) {
		fresh.policy_word = c->policy_word;
		fresh.closed_ns = now_ns;
		*g = fresh;
		return 0;
	}
	if (!netns)
		netns = net->ns.inum;
	if (g->netns == netns) { /* a second `enable` leaves no gap and brings no new facts */
		if (netns == net->ns.inum && !is_net_of(g, net))
			return -ENOENT;
		rg_note_let_in(g, now_ns);
		rg_publish(&g->policy_word, c->policy_word);
		return 0;
	}
	if (netns != net->ns.inum)
		return -EINVAL;
	fresh.policy_word = c->policy_word;
	fresh.netns = netns;
	fresh.net = (__u64)net;
	fresh.net_cookie = net->net_cookie;
	fresh.closed_ns = now_ns;
	fresh.kept_ns = now_ns;
	fresh.let_in = 1ULL << RG_RECLAIM_MOUNTED_BEFORE; /* until RG_OP_KEPT sets it */
	*g = fresh;
	of = bpf_map_lookup_elem(&gate_of, &netns);
	before = of && *of != slot ? rg_gate_at(*of) : NULL;
	if (before)
		end_gate(*of, before);
	if (bpf_map_update_elem(&gate_of, &netns, &slot, BPF_ANY)) {
		*g = (struct rg_gate){};
		return -ENOSPC;
	}
	err = seed(net, slot, g, now_ns);
	if (err) {
		bpf_map_delete_elem(&gate_of, &netns);
		*g = (struct rg_gate){};
	}
	return err;
}

/* knfsd has stopped while no program was attached in nfsd. It is marked as up only at the end of
 * its start (nfsd_startup_net(), fs/nfsd/nfssvc.c), so leave out one that is just starting. */
static __always_inline void stopped_unseen(struct net *net, __u32 slot, struct rg_gate *g,
					   __u64 now_ns)
{
	void *nfsd_net = generic_of(net, net_id_of("nfsd_net_id"));
	__u32 was = g->knfsd, generation = g->generation;

	if (!nfsd_net || now_ns - g->knfsd_start_ns < RG_START_NS || rg_knfsd_is_up(nfsd_net) ||
	    g->generation != generation)
		return;
	g->closed_ns = now_ns;
	__sync_fetch_and_or(&g->let_in, 1ULL << RG_RECLAIM_UNSEEN);
	if (__sync_val_compare_and_swap(&g->knfsd, was, RG_KNFSD_DOWN) != was)
		return;
	rg_publish(&g->hand, RG_HAND_OFF);
	rg_emit(RG_EVENT_KNFSD_SHUTDOWN, slot, g, now_ns);
}

static __always_inline int seed_again(__u32 slot, struct rg_gate *g, __u64 now_ns)
{
	struct net *net = (struct net *)g->net;

	if (!g->netns || !is_net_of(g, net))
		return -ENOENT;
	if (g->knfsd <= RG_KNFSD_STARTING)
		return seed(net, slot, g, now_ns);
	stopped_unseen(net, slot, g, now_ns);
	return 0;
}

/* Takes over a gate from another set, which follows knfsd as well: user space has written its
 * facts into the map, which is not frozen yet. The caller looks at the other set afterwards, and
 * asks again if that set knows more. */
static __always_inline int carry(__u32 slot, struct rg_gate *g, __u64 now_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct net *net = task->nsproxy->net_ns;
	__u32 netns = g->netns;

	if (!netns || slot == RG_CANARY_SLOT)
		return -EINVAL;
	if (netns == net->ns.inum && (!g->net_cookie || g->net_cookie == net->net_cookie))
		g->net = (__u64)net;
	else
		net = (struct net *)g->net;
	/* An older version did not record it. */
	if (!g->net_cookie && net && BPF_CORE_READ(net, ns.inum) == netns)
		g->net_cookie = BPF_CORE_READ(net, net_cookie);
	if (bpf_map_update_elem(&gate_of, &netns, &slot, BPF_ANY)) {
		g->netns = 0;
		return -ENOSPC;
	}
	/* Do nothing for a namespace that is gone. */
	if (!is_net_of(g, net))
		return 0;
	return seed(net, slot, g, now_ns);
}

static __always_inline int by_hand(struct rg_gate *g, __u32 slot, __u32 hand, __u64 now_ns)
{
	if (!g->netns && slot != RG_CANARY_SLOT)
		return -ENOENT;
	rg_note_let_in(g, now_ns);
	g->hand_ns = now_ns;
	rg_publish(&g->hand, hand);
	rg_note_let_in(g, now_ns);
	rg_emit(RG_EVENT_HAND, slot, g, now_ns);
	return 0;
}

/* Opens the gate because there is nothing to protect, or takes that back. What was done by hand
 * counts for more. */
static __always_inline int nothing(struct rg_gate *g, __u32 slot, __u64 on, __u64 now_ns)
{
	__u32 from = on ? RG_HAND_OFF : RG_HAND_NOTHING, to = on ? RG_HAND_NOTHING : RG_HAND_OFF;

	if (!g->netns)
		return -ENOENT;
	if (g->hand != from)
		return 0;
	rg_note_let_in(g, now_ns);
	g->hand_ns = now_ns;
	if (__sync_val_compare_and_swap(&g->hand, from, to) != from)
		return 0;
	rg_note_let_in(g, now_ns);
	rg_emit(RG_EVENT_HAND, slot, g, now_ns);
	return 0;
}

/* Has nobody wait for lockd's grace period, in which no NFSv3 end client has a lock to reclaim. */
static __always_inline int no_nlm(struct rg_gate *g, __u32 slot, __u64 now_ns)
{
	struct rg_gate_word at = {.word = g->policy_word};

	if (!g->netns)
		return -ENOENT;
	if (!rg_lockd_is_unneeded(g, at.policy))
		return -EAGAIN;
	rg_note_let_in(g, now_ns);
	if (__sync_val_compare_and_swap(&g->lockd, RG_LOCKD_GRACE, RG_LOCKD_UNNEEDED) !=
	    RG_LOCKD_GRACE)
		return -EAGAIN;
	rg_note_let_in(g, now_ns);
	rg_emit(RG_EVENT_LOCKD_UNNEEDED, slot, g, now_ns);
	return 0;
}

/* Begin a rehearsal only at an open gate, where no thread is held. It ends by itself, so that a
 * killed process leaves the gate as it was. */
static __always_inline int rehearse(struct rg_gate *g, __u64 on, __u64 now_ns)
{
	if (!g->netns)
		return -ENOENT;
	if (!on) {
		rg_publish(&g->rehearsed_until_ns, 0);
		return 0;
	}
	if (!rg_is_rehearsed(g, now_ns) && rg_gate_view(g, now_ns).state != RG_STATE_OPEN)
		return -EBUSY;
	__sync_fetch_and_or(&g->let_in, 1ULL << RG_RECLAIM_AUDITED);
	rg_publish(&g->rehearsed_until_ns, now_ns + RG_REHEARSAL_NS);
	return 0;
}

/* The doors are attached and proven. A host that has sent no NFS call so far has no mounts, so
 * no local application has a lock. */
static __always_inline int kept(struct rg_gate *g)
{
	struct net *net = (struct net *)g->net;
	void *nfs_net = net ? generic_of(net, live.nfs_net_id) : NULL;

	if (!nfs_net)
		return -ENOENT;
	if (!rg_nfs_calls(nfs_net))
		__sync_fetch_and_and(&g->let_in, ~(1ULL << RG_RECLAIM_MOUNTED_BEFORE));
	return 0;
}

/* ---- end clients ---- */

/* Look again: what the daemon saw may be over. */
static __always_inline int settle(struct rg_gate *g, const struct rg_client_key *named,
				  __u64 now_ns)
{
	struct rg_client_key key = *named;
	struct rg_client *c = bpf_map_lookup_elem(&clients, &key);
	__u64 quiet_ns;

	if (!c)
		return -ENOENT;
	quiet_ns = rg_client_quiet_at(c, g);
	if (!quiet_ns || quiet_ns > now_ns)
		return -EINVAL;
	rg_client_settle(g, key.slot, c, RG_CLIENT_QUIET, now_ns);
	return 0;
}

/* Look again here, too: knfsd may have started again, and the end client is expected again. */
static __always_inline int forget(const struct rg_gate *g, const struct rg_client_key *named,
				  __u64 now_ns)
{
	struct rg_client_key key = *named;
	struct rg_client *c = bpf_map_lookup_elem(&clients, &key);

	if (!c)
		return -ENOENT;
	if (c->generation || g->knfsd <= RG_KNFSD_GRACE ||
	    rg_gate_view(g, now_ns).state != RG_STATE_OPEN)
		return -EINVAL;
	return bpf_map_delete_elem(&clients, &key);
}

/* Hand out the listing of knfsd's stop first. A listing made during the stop may include files
 * that are gone, so it does not count. */
static __always_inline int list(struct rg_control *c, const struct rg_gate *g)
{
	__u32 zero = 0, generation = g->generation;
	struct rg_listing *s = bpf_map_lookup_elem(&listing, &zero);
	int err = 0;

	if (!s || s->busy || __sync_val_compare_and_swap(&s->busy, 0, 1))
		return -EBUSY;
	s->reading = 0;
	if (c->fd == RG_LIST_READ) {
		__sync_lock_test_and_set(&s->busy, 0);
		return 0;
	}
	if (!s->last) {
		s->files = 0;
		s->locks = 0;
		s->left = 0;
		s->slot = c->slot;
		s->generation = generation;
		if (g->knfsd > RG_KNFSD_STARTING)
			rg_list_ranges(c->slot, c->fd == RG_LIST_ANEW, RG_LIST_STEPS);
		if (g->knfsd <= RG_KNFSD_STARTING || g->generation != generation)
			err = s->files ? -ESTALE : 0;
	}
	c->last = s->last;
	s->last = 0;
	c->slot = s->slot;
	c->generation = s->generation;
	c->listed_files = s->files;
	c->listed = s->locks;
	c->left = s->left;
	s->reading = !err && s->files;
	__sync_lock_test_and_set(&s->busy, 0);
	return err;
}

/* ---- the held ---- */

/* The pid may belong to another thread by now, which may be held as well. */
static __always_inline int exited(const struct rg_held_key *gone)
{
	struct rg_held_key key = *gone;
	struct rg_holding *last = bpf_map_lookup_elem(&holding, &key.tid);

	if (last && last->seq == key.seq)
		bpf_map_delete_elem(&holding, &key.tid);
	if (bpf_map_delete_elem(&held, &key))
		return -ENOENT;
	rg_count(RG_COUNT_HELD_EXITED);
	return 0;
}

/* ---- original servers ---- */

struct servers_walk {
	struct list_head *head, *at;
	__u64 now_ns, jiffies;
	__u32 slot;
};

static long one_server(__u32 i, struct servers_walk *w)
{
	struct list_head *at = w->at;
	struct nfs_client *clp;
	struct rg_server s = {};
	__u64 key, renewal;

	if (!at || at == w->head)
		return 1;
	clp = (void *)at - bpf_core_field_offset(struct nfs_client, cl_share_link);
	w->at = BPF_CORE_READ(at, next);
	s.lease_jiffies = BPF_CORE_READ(clp, cl_lease_time);
	if (!s.lease_jiffies) /* NFSv3, or an NFSv4 client without a lease so far */
		return 0;
	key = (__u64)clp;
	renewal = BPF_CORE_READ(clp, cl_last_renewal);
	s.age_jiffies = w->jiffies > renewal ? w->jiffies - renewal : 0;
	s.seen_ns = w->now_ns;
	s.slot = w->slot;
	s.minorversion = (__u16)BPF_CORE_READ(clp, cl_minorversion);
	rg_read_address((void *)clp + bpf_core_field_offset(struct nfs_client, cl_addr), &s.family,
			NULL, s.addr);
	bpf_probe_read_kernel_str(s.name, sizeof(s.name), BPF_CORE_READ(clp, cl_hostname));
	if (bpf_map_update_elem(&servers, &key, &s, BPF_ANY))
		rg_count(RG_COUNT_FAIL_SERVERS);
	return 0;
}

static __always_inline int list_servers(struct rg_control *c, const struct rg_gate *g, __u64 now_ns)
{
	struct servers_walk w = {.now_ns = now_ns, .slot = c->slot};
	struct net *net = (struct net *)g->net;
	struct list_head *head;
	struct nfs_net *nn;

	c->jiffies = bpf_jiffies64();
	c->mono_ns = bpf_ktime_get_ns();
	w.jiffies = c->jiffies;
	/* The namespace may be gone. */
	if (!is_net_of(g, net))
		return -ENOENT;
	nn = generic_of(net, live.nfs_net_id);
	if (!nn)
		return -ENOENT;
	head = (void *)nn + bpf_core_field_offset(struct nfs_net, nfs_client_list);
	w.head = head;
	w.at = BPF_CORE_READ(head, next);
	bpf_loop(RG_MAX_SERVERS, one_server, &w, 0);
	return 0;
}

/* ---- exempt executables ---- */

/* Identify an executable as is_exempt() does: stat(2) shows another device for a file of an
 * overlay. */
static __always_inline int identify(struct rg_control *c)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct files_struct *files = task->files;
	struct fdtable *table = BPF_CORE_READ(files, fdt);
	struct file *file = NULL, **at = BPF_CORE_READ(table, fd);

	if (c->fd < 0 || (__u32)c->fd >= BPF_CORE_READ(table, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), at + c->fd) || !file)
		return -EINVAL;
	c->exempt.ino = BPF_CORE_READ(file, f_inode, i_ino);
	c->exempt.dev = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	c->exempt.generation = BPF_CORE_READ(file, f_inode, i_generation);
	return 0;
}

SEC("syscall")
int control(struct rg_control *c)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_gate *g = rg_gate_at(c->slot);
	int left;

	c->caller = task->tgid;
	c->caller_start_ns = task->group_leader->start_boottime;
	if (!g) {
		c->result = -EINVAL;
		return 0;
	}
	switch (c->op) {
	case RG_OP_ARM:
		c->result = arm(c, g, now_ns);
		break;
	case RG_OP_GONE:
		c->result = end_if_gone(c->slot, g);
		break;
	case RG_OP_CARRY:
		c->result = carry(c->slot, g, now_ns);
		break;
	case RG_OP_OPEN:
		c->result = by_hand(g, c->slot, RG_HAND_OPEN, now_ns);
		break;
	case RG_OP_CLOSE:
		c->result = by_hand(g, c->slot, RG_HAND_CLOSED, now_ns);
		break;
	case RG_OP_WHO:
		c->result = 0;
		break;
	case RG_OP_SETTLE:
		c->result = settle(g, &c->client, now_ns);
		break;
	case RG_OP_FORGET:
		c->result = forget(g, &c->client, now_ns);
		break;
	case RG_OP_COUNT:
		left = rg_count_uncounted(c->slot, 0, RG_MAX_FILE_LOCKS);
		c->result = left < 0 ? -EBUSY : left ? -EAGAIN : 0;
		break;
	case RG_OP_REHEARSE:
		c->result = rehearse(g, c->policy_word, now_ns);
		break;
	case RG_OP_NOTHING:
		c->result = nothing(g, c->slot, c->policy_word, now_ns);
		break;
	case RG_OP_NO_NLM:
		c->result = no_nlm(g, c->slot, now_ns);
		break;
	case RG_OP_RECORDS:
		c->result = g->knfsd < RG_KNFSD_GRACE ? -EINVAL : rg_note_records(c->slot);
		break;
	case RG_OP_LIST:
		c->result = list(c, g);
		break;
	case RG_OP_EXITED:
		c->result = exited(&c->held);
		break;
	case RG_OP_SERVERS:
		c->result = list_servers(c, g, now_ns);
		break;
	case RG_OP_SEED:
		c->result = seed_again(c->slot, g, now_ns);
		break;
	case RG_OP_KEPT:
		c->result = kept(g);
		break;
	case RG_OP_EXEMPT:
		c->result = identify(c);
		break;
	case RG_OP_REGIME:
		c->result = (int)rg_regime_of_export(address_of("nfs_export_ops"));
		break;
	default:
		c->result = -EINVAL;
	}
	return 0;
}
