/* SPDX-License-Identifier: GPL-2.0-only */
/* What this host must have before BPF programs can be loaded. */
#pragma once

#include <stdbool.h>

#include "rg_maps.h"

/* Is this process privileged enough to load BPF programs? RG_DONE, or RG_FAILED, and one line
 * says what is missing. */
int rg_host_may(void);
/* Make sure of BTF, bpffs and the modules with the functions we follow. Loads nfs, nfsv4 and
 * nfsd, which does not start knfsd. RG_DONE, or RG_CANNOT, and one line says why. */
int rg_host_prepare(void);
/* The same check without any change: a module that could be loaded is not loaded. */
int rg_host_look(void);
/* Load a kernel module, as modprobe would: 0, also where it is built in or loaded already;
 * positive: it is blacklisted; -ENOENT: there is none; or another negative errno. */
int rg_host_load_module(const char *name);
/* Unload one: 0, also where it is not loaded; -EAGAIN, -EBUSY: it is in use. */
int rg_host_unload_module(const char *name);
/* Is `bpf` in the list of active LSMs? 1, 0, or -1: unknown, as securityfs is not mounted. */
int rg_host_has_bpf_lsm(void);
/* The same for the text of that list. */
bool rg_lsm_list_has_bpf(const char *list);

/* Does systemd start reexport-guard.service at boot? It does if some other unit wants or requires
 * it, root: prefix of all paths, "" for this host. RG_KNOWN_NOT: this host has not booted with
 * systemd, or the directories of units cannot be read. */
enum rg_known rg_host_starts_at_boot(const char *root);

/* Does this kernel's knfsd give write delegations? 1, 0, or -1: unknown, as nfsd or its BTF is
 * missing. An end client with a write delegation locks without asking the server. Decided by a
 * function that was added with them, fs/nfsd/nfs4state.c. */
int rg_host_write_delegations(void);
