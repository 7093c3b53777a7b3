/* SPDX-License-Identifier: GPL-2.0-only */
/* What the file and the command line share of reading a configuration. */
#pragma once

#include <string.h>

#include "policy/config.h"

/* What a message shows of a value: "%.*s%s". */
#define RG_SHOWN 120
#define RG_CUT(text) RG_SHOWN, (text), strlen(text) > RG_SHOWN ? "..." : ""

/* Which mounts that makes. The key at fault, or RG_NR_KEYS. */
enum rg_key rg_config_settle_mounts(struct rg_config *c);
