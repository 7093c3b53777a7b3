/* SPDX-License-Identifier: GPL-2.0-only */
/* Says whether knfsd's records of end clients are on a file system that outlives a reboot. */
#pragma once

#include "rg_maps.h"

/* Looks at nfsdcld's directory, as nfs.conf names it, or else at the recovery directory of
 * legacy tracking. root: prefix of all paths, "" for this host. Returns RG_KNOWN_NO: it is in
 * memory; RG_KNOWN_NOT: neither can be read. */
enum rg_known rg_records_outlive_reboot(const char *root);
