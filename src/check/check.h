/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `check`: everything that decides whether end clients keep their locks on this
 * host. It changes nothing: no module is loaded, nothing is mounted, and what it
 * has the kernel load, to see whether it would, is let go at once.
 *
 * Each group of findings is a file of pure rules, and one that gathers the facts
 * for them.
 */
#pragma once

#include "check/finding.h"

/* Gather and judge. root: the directory of the host's /, "" for this host. config: a
 * configuration to judge in place of what is in force; NULL: what is in force, or else
 * RG_CONFIG_FILE. Sorted, the worst first. The caller frees. */
void rg_check(const char *root, const char *config, struct rg_findings *f);
