// SPDX-License-Identifier: GPL-2.0-only
/* Names the pins, and the directory in which they are. */
#include "pins/pins.h"

#include <stdio.h>

static const char *const map_pins[RG_NR_MAPS] = {
	[RG_MAP_META] = "map_meta",
	[RG_MAP_LIVE] = "map_live",
	[RG_MAP_GATES] = "map_gates",
	[RG_MAP_GATE_OF] = "map_gate_of",
	[RG_MAP_DEVICES] = "map_devices",
	[RG_MAP_HELD] = "map_held",
	[RG_MAP_HOLDING] = "map_holding",
	[RG_MAP_ABOVE] = "map_above",
	[RG_MAP_WRAPPERS] = "map_wrappers",
	[RG_MAP_COUNTERS] = "map_counters",
	[RG_MAP_EVENTS] = "map_events",
	[RG_MAP_RULES] = "map_rules",
	[RG_MAP_EXEMPT] = "map_exempt",
	[RG_MAP_CLIENTS] = "map_clients",
	[RG_MAP_NLM_HOSTS] = "map_nlm_hosts",
	[RG_MAP_SERVERS] = "map_servers",
	[RG_MAP_PROVENANCE] = "map_provenance",
	[RG_MAP_DROPPED] = "map_dropped",
	[RG_MAP_TRACERS] = "map_tracers",
	[RG_MAP_TRACER_OWNERS] = "map_tracer_owners",
	[RG_MAP_FLOW_CLIENTS] = "map_flow_clients",
	[RG_MAP_FLOW_TOTALS] = "map_flow_totals",
	[RG_MAP_FLOW_STORMS] = "map_flow_storms",
	[RG_MAP_FLOW_SLOWEST] = "map_flow_slowest",
	[RG_MAP_FLOW_DOWNGRADES] = "map_flow_downgrades",
	[RG_MAP_RECLAIMING] = "map_reclaiming",
	[RG_MAP_CLIENT_OF] = "map_client_of",
	[RG_MAP_CLIENT_FILES] = "map_client_files",
	[RG_MAP_UNCOUNTED] = "map_uncounted",
	[RG_MAP_COUNTING] = "map_counting",
	[RG_MAP_LISTING] = "map_listing",
	[RG_MAP_LISTED_FILES] = "map_listed_files",
	[RG_MAP_LISTED] = "map_listed",
	[RG_MAP_AT_WORK] = "map_at_work",
	[RG_MAP_FLOW_KEY_OF] = "map_flow_key_of",
	[RG_MAP_NEXT_DOWNGRADE] = "map_next_downgrade",
};

static const char *const link_pins[RG_NR_LINKS] = {
	[RG_LINK_GRACE_START] = "link_grace_start",
	[RG_LINK_KNFSD_STARTED] = "link_knfsd_started",
	[RG_LINK_GRACE_END] = "link_grace_end",
	[RG_LINK_KNFSD_STOP] = "link_knfsd_stop",
	[RG_LINK_SUPER_GONE] = "link_super_gone",
	[RG_LINK_TASK_EXIT] = "link_task_exit",
	[RG_LINK_LOCK_DONE] = "link_lock_done",
	[RG_LINK_UNLOCK_DONE] = "link_unlock_done",
	[RG_LINK_OPEN_DONE] = "link_open_done",
	[RG_LINK_CLIENT_GONE] = "link_client_gone",
	[RG_LINK_NLM_LOCK_DONE] = "link_nlm_lock_done",
	[RG_LINK_NLM_UNLOCK_DONE] = "link_nlm_unlock_done",
	[RG_LINK_NLM_FREED] = "link_nlm_freed",
	[RG_LINK_NLM_HOST_GONE] = "link_nlm_host_gone",
	[RG_LINK_ORIGIN_ERROR] = "link_origin_error",
	[RG_LINK_SELF_STOP] = "link_self_stop",
	[RG_LINK_LOCK_DROPPED] = "link_lock_dropped",
	[RG_LINK_DOOR_LOCK] = "link_door_lock",
	[RG_LINK_DOOR_OPEN] = "link_door_open",
	[RG_LINK_DOOR_CREATE] = "link_door_create",
	[RG_LINK_DOOR_ACCESS] = "link_door_access",
	[RG_LINK_SLEEP_WAIT] = "link_sleep_wait",
	[RG_LINK_ANSWER_RECLAIM] = "link_answer_reclaim",
	[RG_LINK_ANSWER_LOCKS] = "link_answer_locks",
	[RG_LINK_KNFSD_STARTED_ENTERS] = "link_knfsd_started_enters",
	[RG_LINK_GRACE_END_ENTERS] = "link_grace_end_enters",
	[RG_LINK_LOCK_DONE_ENTERS] = "link_lock_done_enters",
	[RG_LINK_UNLOCK_DONE_ENTERS] = "link_unlock_done_enters",
	[RG_LINK_OPEN_DONE_ENTERS] = "link_open_done_enters",
	[RG_LINK_NLM_LOCK_DONE_ENTERS] = "link_nlm_lock_done_enters",
	[RG_LINK_NLM_UNLOCK_DONE_ENTERS] = "link_nlm_unlock_done_enters",
};

static const enum rg_link returns[RG_NR_RETURNS] = {
	[RG_RETURN_KNFSD_STARTED] = RG_LINK_KNFSD_STARTED,
	[RG_RETURN_GRACE_END] = RG_LINK_GRACE_END,
	[RG_RETURN_LOCK_DONE] = RG_LINK_LOCK_DONE,
	[RG_RETURN_UNLOCK_DONE] = RG_LINK_UNLOCK_DONE,
	[RG_RETURN_OPEN_DONE] = RG_LINK_OPEN_DONE,
	[RG_RETURN_NLM_LOCK_DONE] = RG_LINK_NLM_LOCK_DONE,
	[RG_RETURN_NLM_UNLOCK_DONE] = RG_LINK_NLM_UNLOCK_DONE,
};

static const char *const prog_pins[RG_NR_PROGS] = {
	[RG_PROG_CONTROL] = "prog_control",	    [RG_PROG_DOOR_LOCK] = "prog_door_lock",
	[RG_PROG_DOOR_OPEN] = "prog_door_open",	    [RG_PROG_DOOR_CREATE] = "prog_door_create",
	[RG_PROG_DOOR_ACCESS] = "prog_door_access",
};

const char *rg_pin_of_map(enum rg_map map)
{
	return map_pins[map];
}

const char *rg_pin_of_link(enum rg_link link)
{
	return link_pins[link];
}

enum rg_link rg_link_of_return(enum rg_return function)
{
	return returns[function];
}

enum rg_link rg_link_that_enters(enum rg_link link)
{
	for (int i = 0; i < RG_NR_RETURNS; i++)
		if (returns[i] == link)
			return RG_LINK_ENTERS + i;
	return RG_NR_LINKS;
}

const char *rg_pin_of_prog(enum rg_prog prog)
{
	return prog_pins[prog];
}

static const char *pin_dir = RG_PIN_DIR;

const char *rg_pins_dir(void)
{
	return pin_dir;
}

void rg_pins_place(enum rg_pins_place place)
{
	pin_dir = place == RG_PLACE_BESIDE ? RG_PIN_DIR_BESIDE : RG_PIN_DIR;
}

char *rg_pin_path(char *buf, const char *name)
{
	snprintf(buf, 256, "%s/%s", pin_dir, name);
	return buf;
}
