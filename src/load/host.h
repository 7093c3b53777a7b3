/* SPDX-License-Identifier: GPL-2.0-only */
/* What this host must have before anything is loaded. */
#pragma once

#include <stdbool.h>

/* May this process do it? RG_DONE, or RG_FAILED with one line said. */
int rg_host_may(void);
/* BTF, bpffs, the modules whose functions we follow (loads nfs, nfsv4 and nfsd;
 * knfsd does not start by that). RG_DONE or RG_CANNOT, said. */
int rg_host_prepare(void);
/* Asks the same and changes nothing: a module that could be loaded is not loaded. */
int rg_host_look(void);
/* Load a kernel module, as modprobe would: 0, also where it is built in or loaded already;
 * positive: it is blacklisted; -ENOENT: there is none; or another negative errno. */
int rg_host_load_module(const char *name);
/* Unload one: 0, also where it is not loaded; -EAGAIN, -EBUSY: it is in use. */
int rg_host_unload_module(const char *name);
/* Is `bpf` in the list of active LSMs? 1, 0, or -1: securityfs is not mounted,
 * so nobody can tell. */
int rg_host_has_bpf_lsm(void);
/* The same for the text of that list. */
bool rg_lsm_list_has_bpf(const char *list);

/* Does this kernel's knfsd hand out write delegations? 1, 0, or -1: it does not
 * say, as nfsd or its BTF is not there. An end client that has one locks without
 * asking anybody. By a function that came with them, fs/nfsd/nfs4state.c. */
int rg_host_write_delegations(void);
