/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints systemd units for NFS mounts that were made by hand and that nothing makes after a
 * reboot. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "mounts/mounts.h"
#include "rg_maps.h"

/* Size of the unit's name, with its NUL, for any path that fits RG_PATH_SIZE. */
#define RG_UNIT_SIZE (4UL * RG_PATH_SIZE + sizeof(".mount"))

/* Converts "/srv/re-export" to "srv-re\x2dexport.mount", as systemd-escape(1) --path does.
 * Returns buf. */
char *rg_mount_unit_name(const char *path, char buf[RG_UNIT_SIZE]);
/* Says whether fstab or a unit in /etc/systemd/system makes the mount at boot. An unreadable
 * fstab makes nothing. root: prefix of all paths, "" for this host. */
bool rg_mount_is_made_at_boot(const char *root, const char *target);
/* Prints the unit, with the mount's version, security flavour, port and `ro`. Other options are
 * the client's own choice, or the administrator adds them. */
void rg_mount_unit_print(const struct rg_mount *m, FILE *out);
