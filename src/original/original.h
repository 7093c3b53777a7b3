/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The role of an original server (docs/original.md): a set of pins of its own, in a directory of
 * its own. Nothing of the guard of a re-export server is touched, and both may be on one host.
 * There is no daemon: what is kept ends by the clock, in the BPF programs.
 */
#pragma once

#include <stdbool.h>

#include "base/dir_lock.h"
#include "policy/config.h"
#include "rg_original.h"

/* CPUs whose counters are added up: 8192 is the most that x86-64 can be built for (NR_CPUS). */
#define RG_ORG_MAX_CPUS 8192

#define RG_ORG_PIN_DIR "/sys/fs/bpf/reexport-guard-original"

/* An open set. Owned by the caller; rg_org_close() frees what it holds. */
struct rg_org_set {
	int dir_fd; /* locked directory, or -1 */
	int keepers_fd, counters_fd;
	struct rg_org_state *state; /* mapped, shared with the BPF programs; NULL: not open */
};

/* The name of an enum rg_org_counter in JSON; NULL: there is no such counter. */
const char *rg_org_counter_name(__u32 counter);

/* Lock the directory, shared, and open what is pinned in it. An enum rg_exit; what is wrong is
 * said. */
int rg_org_open(struct rg_org_set *set);
/* The same in silence. 0; -ENOENT: nothing is pinned; -EPROTO: by another version; -EBADMSG: it is
 * not whole; or another negative errno (base/dir_lock.h). */
int rg_org_try_open(struct rg_org_set *set, enum rg_lock_mode mode);
void rg_org_close(struct rg_org_set *set);
/* The keepers: RG_ORG_KEEPERS of them, in their places. 0, or a negative errno. */
int rg_org_read_keepers(const struct rg_org_set *set, struct rg_keeper *keepers);
/* Sums of all CPUs, RG_NR_ORG_COUNTERS of them. 0, or a negative errno. */
int rg_org_read_counters(const struct rg_org_set *set, __u64 *counters);

struct rg_org_wish {
	__u32 mode;	 /* enum rg_org_mode, and not RG_ORG_OFF */
	long keep_for_s; /* 0: a lease of knfsd, which is put here */
	bool only_again; /* not where it is not enabled: RG_NOT_ENABLED, in silence */
	struct rg_org_choice choice;
};

/* The clients and file systems that the configuration names. An export is looked up in the mount
 * table now: it stands for the file system that is mounted there, or that it is a part of.
 * An enum rg_exit; what is wrong is said. */
int rg_org_choose(const struct rg_config *config, struct rg_org_choice *choice);

/* The first function of the kernel that the role needs and that cannot be followed, into
 * `function`;
 * "": there is none such. Nothing is loaded. 0, or a negative errno: the kernel's types cannot be
 * read. */
int rg_org_missing_hook(char *function, size_t size);

/* Load, attach and pin, all of it or nothing; or, where it is enabled, change mode, time and
 * choice: what is kept by then goes on with the time it has. *changed: it had been enabled. An enum
 * rg_exit. */
int rg_org_enable(struct rg_org_wish *wish, bool *changed);
/* Detach and unpin; nothing is kept any more. *forgotten: clients of which something was. Also
 * takes away what is not whole. An enum rg_exit. */
int rg_org_disable(unsigned int *forgotten);
