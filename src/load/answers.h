/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The optional kernel module (kmod/, docs/module.md), and the programs that answer its
 * questions (bpf/module.bpf.c). Without the module they are not loaded, and everything is
 * as it was before there was one.
 */
#pragma once

#include <stdbool.h>

#include "load/sleep.h"
#include "pins/pins.h"

struct bpf_object;

/* Load the module, as far as `wish` (enum rg_module_wish) wants it. *state: RG_MODULE_ANSWERED
 * if it is there and has types. *ours: it was loaded by this. RG_DONE, or RG_CANNOT where it
 * is required and cannot be used; what cannot be done is said in one line. */
int rg_answers_prepare(__u32 wish, enum rg_module *state, bool *ours);
/* The module that enable loaded, and nobody answers any more. What cannot be done is said. */
void rg_answers_unload(void);

/* Before loading, the hooks resolved (load/hooks.h): the programs whose question the loaded
 * module has, if `wanted`. How many they are. */
int rg_answers_choose(const struct bpf_object *obj, bool wanted);
/* Is this one of the programs? */
bool rg_answers_have(const char *program);
/* Attach and pin those that were loaded. 0, or a negative errno: none is attached. */
int rg_answers_attach(const struct bpf_object *obj);
/* Unpin them: the kernel's own behaviour is back. */
void rg_answers_detach(void);

/* Say that the module is not used after all. RG_CANNOT if it is required, else RG_DONE. */
int rg_answers_without(__u32 wish, enum rg_module state, const char *why);

/* A number that the module counts; false: it is not loaded, or has no such number. */
bool rg_answers_count(const char *name, __u64 *n);
