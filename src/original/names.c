// SPDX-License-Identifier: GPL-2.0-only
#include "original/original.h"

static const char *const counters[] = {
	[RG_ORG_REBOOTS] = "reboots",
	[RG_ORG_KEPT] = "kept",
	[RG_ORG_KEPT_DELEGATION] = "kept_delegation",
	[RG_ORG_RETAKEN] = "retaken",
	[RG_ORG_DONE] = "clients_done",
	[RG_ORG_DELAYED_LOCK] = "delayed_lock",
	[RG_ORG_DELAYED_LOCKT] = "delayed_lockt",
	[RG_ORG_DELAYED_OPEN] = "delayed_open",
	[RG_ORG_ANSWERED] = "answered",
	[RG_ORG_THROUGH] = "through",
	[RG_ORG_NOT_ROOT] = "through_not_root",
	[RG_ORG_REFUSED_LOCAL] = "refused_local",
	[RG_ORG_REFUSED_LEASE] = "refused_delegation",
	[RG_ORG_OBSERVED] = "observed",
	[RG_ORG_TOO_LATE] = "rebooted_too_late",
	[RG_ORG_NO_CLIENT] = "left_out_client",
	[RG_ORG_NO_EXPORT] = "left_out_export",
	[RG_ORG_ENDED] = "ended",
	[RG_ORG_SHUTDOWN] = "forgotten_at_shutdown",
	[RG_ORG_OVERTAKEN] = "overtaken",
	[RG_ORG_OVERFLOW] = "overflow",
	[RG_ORG_UNTOLD] = "untold",
	[RG_ORG_FAIL_KEEPERS] = "fail_clients",
	[RG_ORG_FAIL_RANGES] = "fail_ranges",
	[RG_ORG_FAIL_WALK] = "fail_walk",
	[RG_ORG_FAIL_MARK] = "fail_mark",
	[RG_ORG_FAIL_READ] = "fail_read",
};
_Static_assert(sizeof(counters) / sizeof(counters[0]) == RG_NR_ORG_COUNTERS, "a name each");

const char *rg_org_counter_name(__u32 counter)
{
	return counter < RG_NR_ORG_COUNTERS ? counters[counter] : NULL;
}
