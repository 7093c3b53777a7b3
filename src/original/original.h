/* SPDX-License-Identifier: GPL-2.0-only */
/* The role of an original server (docs/original.md): a separate set of pins in a directory of
 * its own, so that it may be on one host with the guard of a re-export server. There is no daemon:
 * BPF programs end the keeping by the clock. */
#pragma once

#include <stdbool.h>

#include "base/dir_lock.h"
#include "policy/config.h"
#include "rg_original.h"

/* Number of CPUs whose counters are added up: 8192 is the greatest NR_CPUS of x86-64. */
#define RG_ORG_MAX_CPUS 8192

#define RG_ORG_PIN_DIR "/sys/fs/bpf/reexport-guard-original"

/* An open set. Owned by the caller (rg_org_close). */
struct rg_org_set {
	int dir_fd; /* descriptor of the locked directory, or -1 */
	int keepers_fd, counters_fd;
	int tracers_fd, owners_fd; /* the tracers' rings, and who the tracers are */
	struct rg_org_state
		*state; /* mapped memory, shared with the BPF programs; NULL: not open */
};

/* A set that is not open. */
extern const struct rg_org_set rg_org_closed;

/* Returns the JSON name of an enum rg_org_counter; NULL: there is no such counter. */
const char *rg_org_counter_name(__u32 counter);

/* Locks the directory for reading and opens its pins. Returns an enum rg_exit after reporting
 * what is wrong. */
int rg_org_open(struct rg_org_set *set);
/* Does the same without messages. Returns 0; -ENOENT: nothing is pinned; -EPROTO: another
 * version pinned it; -EBADMSG: it is not whole; or another negative errno (base/dir_lock.h). */
int rg_org_try_open(struct rg_org_set *set, enum rg_lock_mode mode);
void rg_org_close(struct rg_org_set *set);
/* Lets others lock the directory; the set stays open. */
void rg_org_unlock(struct rg_org_set *set);
/* Reads all RG_ORG_KEEPERS keepers. Returns 0 or a negative errno. */
int rg_org_read_keepers(const struct rg_org_set *set, struct rg_keeper *keepers);
/* Reads the RG_NR_ORG_COUNTERS counters as sums of all CPUs. Returns 0 or a negative errno. */
int rg_org_read_counters(const struct rg_org_set *set, __u64 *counters);

struct rg_org_request {
	__u32 mode;	 /* enum rg_org_mode, but not RG_ORG_OFF */
	long keep_for_s; /* 0: one lease of knfsd, which is written here */
	bool only_again; /* only if the role is enabled already; otherwise returns RG_NOT_ENABLED
			    without a message */
	struct rg_org_choice choice;
};

/* Takes the clients and file systems from the configuration. Looks up each export in the mount
 * table now: it stands for the file system that it is on. Returns an enum rg_exit after reporting
 * what is wrong. */
int rg_org_choose(const struct rg_config *config, struct rg_org_choice *choice);

/* Writes to `function` the first kernel function that the role needs and cannot follow; "":
 * none. Loads nothing. Returns 0, or a negative errno: the kernel's types cannot be read. */
int rg_org_missing_hook(char *function, size_t size);

/* Loads, attaches and pins everything or nothing. If the role is enabled already, changes mode,
 * time and choice; what is kept already keeps its time. *changed: it was enabled already. Returns
 * an enum rg_exit. */
int rg_org_enable(struct rg_org_request *request, bool *changed);
/* Detaches and unpins, which ends all keeping. *forgotten: number of clients for which something
 * was kept. Also removes a set that is not whole. Returns an enum rg_exit. */
int rg_org_disable(unsigned int *forgotten);
