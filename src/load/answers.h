/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The optional kernel module (kmod/, docs/module.md), and the programs that answer its
 * questions (bpf/module.bpf.c). Without the module they are not loaded, and everything is
 * as it was before there was one.
 */
#pragma once

#include <stdbool.h>

#include "load/programs.h"

struct rg_hooks;

/* Load the module if `request` (enum rg_module_policy) allows or requires it. *state:
 * RG_MODULE_ANSWERED if it is loaded and has types (BTF). *ours: this call loaded it. RG_DONE,
 * or RG_CANNOT if it is required and cannot be used; one line says why. */
int rg_answers_prepare(__u32 request, enum rg_module *state, bool *ours);
/* Unload the module that `enable` loaded, once no program answers it. A failure is said. */
void rg_answers_unload(void);

/* Does the loaded module ask a question that some program answers? */
bool rg_answers_are_there(const struct rg_hooks *hooks);
/* Unpin the programs: the kernel's own behaviour is back. */
void rg_answers_detach(void);

/* Say that the module is not used after all. RG_CANNOT if it is required, else RG_DONE. */
int rg_answers_without(__u32 request, enum rg_module state, const char *why);

/* A number that the module counts; false: it is not loaded, or has no such number. */
bool rg_answers_count(const char *name, __u64 *n);
