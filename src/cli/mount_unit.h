/* SPDX-License-Identifier: GPL-2.0-only */
/* systemd units for NFS mounts that were made by hand, and that nobody makes after a reboot. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "mounts/mounts.h"
#include "rg_maps.h"

/* Room for the name of the unit of any path that fits RG_PATH_SIZE, NUL included. */
#define RG_UNIT_SIZE (4 * RG_PATH_SIZE + sizeof(".mount"))

/* "/srv/re-export" to "srv-re\x2dexport.mount", as systemd-escape(1) --path has it. Returns buf. */
char *rg_mount_unit_name(const char *path, char buf[RG_UNIT_SIZE]);
/* Is the mount made at boot: does root's fstab or a unit in its /etc/systemd/system name it? An
 * fstab that cannot be read names nothing. root: prefix of all paths, "" for this host. */
bool rg_mount_is_made_at_boot(const char *root, const char *target);
/* Prints the unit. Of the mount's options it has the version, the security flavour, the port and
 * `ro`; the others are the client's own choice, or are for the administrator to add. */
void rg_mount_unit_print(const struct rg_mount *m, FILE *out);
