/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of reading a configuration that the file and the command line share. */
#pragma once

#include <string.h>

#include "policy/config.h"

/* Arguments for "%.*s%s" that cut a long value in a message. */
#define RG_SHOWN 120
#define RG_CUT(text) RG_SHOWN, (text), strlen(text) > RG_SHOWN ? "..." : ""

/* Derives the mount mode from the keys exports, all and mount. Returns the key that contradicts
 * another one, or RG_NR_KEYS. */
enum rg_key rg_config_settle_mounts(struct rg_config *c);
