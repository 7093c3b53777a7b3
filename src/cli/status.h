/* SPDX-License-Identifier: GPL-2.0-only */
/* What `status` says. */
#pragma once

#include <json-c/json.h>

/* For people, of what `status --json` says, to stdout. */
void rg_status_print(json_object *all);
