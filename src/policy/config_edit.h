/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes one key in the text of a configuration file and keeps all other lines. */
#pragma once

#include "policy/config.h"

/* Sets the key, which is no list, to `value`. *text: the whole file, owned by the caller (free),
 * which is replaced. Changes the line that sets the key; or turns the first comment "#KEY = ..." of
 * its section, as the package's file has it, into that line; or adds a line at the top of the
 * section, and the section at the end if it is missing. Returns 0, or -ENOMEM with *text unchanged.
 * Pure. */
int rg_config_edit(char **text, enum rg_key key, const char *value);
