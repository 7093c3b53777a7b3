/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks everything that decides whether end clients keep their locks on this host. Changes
 * nothing: loads no module, mounts nothing, and unloads at once the programs that it loads to see
 * whether the kernel takes them. Each group of findings has one file that gathers facts and one
 * file of pure rules. */
#pragma once

#include "check/finding.h"

/* Gathers the facts and judges them. root: the directory of the host's /, "" for this host.
 * config: a configuration to judge; NULL: the policy in force, or else RG_CONFIG_FILE. Sorts the
 * findings, the worst first. Owned by the caller. */
void rg_check(const char *root, const char *config, struct rg_findings *f);
