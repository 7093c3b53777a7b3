/* SPDX-License-Identifier: GPL-2.0-only */
/* Says whether knfsd's records of end clients are on a file system that outlives a reboot. */
#pragma once

#include "rg_maps.h"

/* Looks at the directory of nfsdcld, as nfs.conf names it, and where that is not there at the
 * recovery directory of legacy tracking. root: prefix of all paths, "" for this host.
 * RG_KNOWN_NO: it is in memory. RG_KNOWN_NOT: neither can be looked at. */
enum rg_known rg_records_outlive_reboot(const char *root);
