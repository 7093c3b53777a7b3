/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes one key in the text of a configuration file and leaves all other lines as they are. */
#pragma once

#include "policy/config.h"

/*
 * Sets the key, which is no list, to `value`. *text: the whole file, owned by the caller (free); it
 * is replaced. The line that sets the key now is changed; else the first comment "#KEY = ..." of
 * its section becomes that line, as the file has them that the package installs; else a line is
 * added at the top of the section, which is added at the end if it is missing. Pure. 0 or -ENOMEM;
 * then *text is as it was.
 */
int rg_config_edit(char **text, enum rg_key key, const char *value);
