// SPDX-License-Identifier: GPL-2.0-only
#include "load/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "pins/freed.h"
#include "pins/gates.h"
#include "load/load.h"
#include "base/log.h"

#define TRIES 250
#define PAUSE_US 10000

struct links {
	char pin[RG_MAX_LINKS][256]; /* paths */
	unsigned int n;
	__u32 followers; /* 1 << enum rg_link */
	struct rg_programs programs;
};

/* Id of the BTF of nfsd as it is loaded now: another one each time. 0: it is not. */
static __u32 nfsd_btf_id(void)
{
	struct bpf_btf_info info;
	char name[64];
	__u32 id = 0, size;
	bool found;
	int fd;

	while (bpf_btf_get_next_id(id, &id) == 0) {
		fd = bpf_btf_get_fd_by_id(id);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		memset(name, 0, sizeof(name));
		info.name = (__u64)(unsigned long)name;
		info.name_len = sizeof(name);
		size = sizeof(info);
		found = bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.kernel_btf &&
			strcmp(name, RG_NFSD) == 0;
		close(fd);
		if (found)
			return id;
	}
	return 0;
}

static bool add(struct links *links, const char *path, __u32 nfsd)
{
	if (links->n == RG_MAX_LINKS || rg_link_btf(path) != nfsd)
		return false;
	snprintf(links->pin[links->n++], sizeof(links->pin[0]), "%s", path);
	rg_programs_add(&links->programs, path, true);
	return true;
}

static void add_kprobe(struct links *links, const struct rg_program *p, enum rg_program_pin pin)
{
	char path[256];

	if (links->n < RG_MAX_LINKS && rg_program_pin(path, p, pin) && access(path, F_OK) == 0)
		snprintf(links->pin[links->n++], sizeof(links->pin[0]), "%s", path);
}

/* A kprobe holds no module: when that is unloaded it stays, and sees nothing any more. */
static void add_kprobes(struct links *links, const struct rg_program *p, __u32 kprobes)
{
	bool is_follower = p->kind == RG_FOLLOWER;

	if (is_follower && !(kprobes & 1u << p->link))
		return;
	if (is_follower)
		links->followers |= 1u << p->link;
	add_kprobe(links, p, RG_PIN_ENTERS);
	add_kprobe(links, p, RG_PIN_KPROBE);
}

static void links_in_nfsd(struct links *links, __u32 nfsd, __u32 kprobes)
{
	char path[256];

	memset(links, 0, sizeof(*links));
	for (const struct rg_program *p = rg_programs; p->name; p++)
		if (p->module && strcmp(p->module, RG_NFSD) == 0)
			add_kprobes(links, p, kprobes);
	for (const struct rg_program *p = rg_programs; p->name; p++)
		if (add(links, rg_program_pin(path, p, RG_PIN_TYPED), nfsd) &&
		    p->kind == RG_FOLLOWER)
			links->followers |= 1u << p->link;
}

/* The module is given back later still. Whoever else has it in use, modprobe says. */
static void wait_for_module(void)
{
	char text[16] = "";

	for (int tries = 0; tries < TRIES; tries++) {
		int fd = open("/sys/module/" RG_NFSD "/refcnt", O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

		if (fd >= 0)
			close(fd);
		if (n <= 0 || atoi(text) == 0)
			return;
		usleep(PAUSE_US);
	}
}

/* Network namespace with a gate where knfsd is not down; 0: there is none. */
static __u32 where_knfsd_runs(const struct rg_pins *p)
{
	struct rg_gate gates[RG_MAX_GATES];

	if (rg_gates_read(p, gates))
		return 0;
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++)
		if (gates[i].netns && gates[i].knfsd != RG_KNFSD_DOWN)
			return gates[i].netns;
	return 0;
}

static void set_blind(const struct rg_pins *p, __u32 slot, const struct rg_gate *g, bool blind)
{
	struct rg_gate policy = {.policy = g->policy};
	struct rg_control c = {.op = RG_OP_ARM, .slot = slot, .netns = g->netns};
	int err;

	policy.policy.blind = blind;
	c.policy_word = policy.policy_word;
	err = rg_control(p, &c);
	if (err)
		rg_warn("gate of network namespace %u: policy cannot be written: %s", g->netns,
			rg_strerror(err));
}

/* What knfsd does while nothing follows it is not seen. */
static void make_blind(const struct rg_pins *p)
{
	struct rg_gate gates[RG_MAX_GATES];

	if (rg_gates_read(p, gates))
		return;
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++)
		if (gates[i].netns && !gates[i].policy.blind)
			set_blind(p, i, &gates[i], true);
}

bool rg_modules_may_see(const struct rg_pins *p, const struct rg_gate *gates)
{
	struct rg_meta meta;

	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++)
		if (gates[i].netns && gates[i].policy.blind && gates[i].knfsd == RG_KNFSD_DOWN)
			return rg_pins_meta(p, &meta) == 0 && !meta.let_go &&
			       !rg_followers_blind(meta.left_out);
	return false;
}

void rg_modules_see_again(const struct rg_pins *p)
{
	struct rg_gate gates[RG_MAX_GATES];
	struct rg_meta meta;

	if (rg_pins_meta(p, &meta) < 0 || meta.let_go || rg_followers_blind(meta.left_out) ||
	    rg_gates_read(p, gates))
		return;
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++)
		if (gates[i].netns && gates[i].policy.blind && gates[i].knfsd == RG_KNFSD_DOWN)
			set_blind(p, i, &gates[i], false);
}

int rg_modules_release(const struct rg_pins *p)
{
	__u32 nfsd = nfsd_btf_id(), netns = where_knfsd_runs(p);
	struct links links;
	struct rg_meta meta;

	if (rg_pins_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be read: %s", rg_strerror(errno));
	if (!nfsd)
		return meta.let_go ? RG_DONE
				   : rg_error(RG_FAILED, "kernel module " RG_NFSD
							 ": is not loaded, or built in");
	/* Let go of already, but for what a `follow` that was cut short attached. */
	if (netns && !meta.let_go)
		return rg_error(RG_FAILED,
				"kernel module " RG_NFSD
				": knfsd runs in network namespace %u: stop it "
				"first (`rpc.nfsd 0`)",
				netns);
	make_blind(p);
	links_in_nfsd(&links, nfsd, meta.kprobes);
	/* First: a set that lacks what it says it let go of is whole. */
	meta.let_go |= links.followers;
	if (rg_pins_set_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be written: %s", rg_strerror(errno));
	for (unsigned int i = 0; i < links.n; i++)
		if (unlink(links.pin[i]) < 0)
			rg_warn("%s: cannot be unpinned: %s", links.pin[i], rg_strerror(errno));
	if (!rg_programs_wait(&links.programs))
		return rg_error(RG_FAILED, "programs are still attached in " RG_NFSD
					   ": another process holds them open; see `bpftool link`");
	wait_for_module();
	return RG_DONE;
}

static void seed_gates(const struct rg_pins *p)
{
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		struct rg_control c = {.op = RG_OP_SEED, .slot = i};
		int err = rg_control(p, &c);

		if (err && err != -ENOENT)
			rg_warn("gate %u: whether knfsd has started meanwhile cannot be seen: %s; "
				"it "
				"stays closed until max-hold, or run `reexport-guard release`",
				i, rg_strerror(err));
	}
}

int rg_modules_follow(const struct rg_pins *p)
{
	struct rg_loaded loaded;
	struct links left;
	struct rg_meta meta;
	__u32 nfsd, let_go;
	int err;

	if (rg_pins_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be read: %s", rg_strerror(errno));
	if (!meta.let_go) {
		rg_modules_see_again(p);
		return RG_DONE;
	}
	nfsd = nfsd_btf_id();
	if (!nfsd)
		return rg_error(RG_FAILED, "kernel module " RG_NFSD ": is not loaded");
	/* Of one that was cut short. */
	links_in_nfsd(&left, nfsd, meta.kprobes);
	for (unsigned int i = 0; i < left.n; i++)
		unlink(left.pin[i]);
	let_go = meta.let_go;
	err = rg_load_again(p, &meta, &loaded) ?: rg_attach_followers(&loaded, let_go);
	if (!err) {
		meta.left_out = rg_ladder_followers(&loaded.ladder, RG_HOW_NOT);
		meta.kprobes = rg_ladder_followers(&loaded.ladder, RG_HOW_KPROBE);
		meta.let_go = 0;
		if (rg_pins_set_meta(p, &meta) < 0)
			err = rg_error(RG_FAILED, "map meta: cannot be written: %s",
				       rg_strerror(errno));
	}
	if (!err) {
		seed_gates(p);
		rg_modules_see_again(p);
		rg_attach_traces(&loaded);
	}
	rg_unload(&loaded);
	return err;
}

__u32 rg_modules_missed(const struct rg_pins *p)
{
	struct rg_meta meta;

	return rg_pins_meta(p, &meta) == 0 && meta.let_go ? where_knfsd_runs(p) : 0;
}
