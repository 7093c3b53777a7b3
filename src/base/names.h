/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of the values in include/, as the command line, JSON and messages use them. A value out
 * of range is "?". */
#pragma once

#include "rg_maps.h"
#include "rg_original.h"

const char *rg_action_name(__u32 action);
const char *rg_release_name(__u32 release);
const char *rg_scope_name(__u32 scope);
const char *rg_mount_mode_name(__u32 mode);
const char *rg_client_state_name(__u32 state);
const char *rg_state_name(__u32 state);
const char *rg_knfsd_name(__u32 knfsd);
const char *rg_lockd_name(__u32 lockd);
const char *rg_door_name(__u32 door);
const char *rg_rung_name(__u32 rung);
const char *rg_continue_name(__u32 by);
const char *rg_follow_name(__u32 by);
const char *rg_hold_name(__u32 hold);
const char *rg_recorder_name(__u32 state);
const char *rg_held_phase_name(__u32 phase);
const char *rg_regime_name(__u32 regime);
const char *rg_protocol_name(__u32 protocol); /* for people: "NFSv4" */
const char *rg_forward_name(__u32 forward);
const char *rg_org_mode_name(__u32 mode);
const char *rg_module_policy_name(__u32 policy);
const char *rg_module_key(__u32 module);    /* for JSON: enum rg_module */
const char *rg_module_text(__u32 module);   /* for people */
const char *rg_reclaim_key(__u32 reclaim);  /* for JSON: enum rg_reclaim */
const char *rg_reclaim_text(__u32 reclaim); /* for people: how it was answered, or why not */
const char *rg_notice_name(__u32 notice);   /* likewise, of enum rg_notice */
const char *rg_counter_name(__u32 counter); /* the JSON key, without "released" */
const char *rg_why_key(__u32 why);	    /* for JSON: "grace-skipped" */
const char *rg_why_text(__u32 why);	    /* for people */

/* Value of a name, or -1. */
int rg_action_of(const char *name);
int rg_release_of(const char *name);
int rg_scope_of(const char *name);
int rg_forward_of(const char *name);
int rg_org_mode_of(const char *name);
int rg_module_policy_of(const char *name);
int rg_rung_of(const char *name);
int rg_continue_of(const char *name);
int rg_follow_of(const char *name);
int rg_hold_of(const char *name);
int rg_regime_of(const char *name);
