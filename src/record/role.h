/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracer that listens to the role of an original server as well (docs/original.md): its programs
 * write to the tracer's ring while the role is enabled, whichever of both began first. */
#pragma once

#include <sys/types.h>

#include "original/original.h"
#include "record/kept_event.h"
#include "record/tracer.h"

/* Owned by the caller (rg_role_leave). rg_role_none listens to nothing. */
struct rg_role {
	struct rg_org_set set; /* open and unlocked while it listens */
	struct rg_tracer_place place;
	ino_t ino; /* of the pinned state, by which another set is noticed; 0: it does not listen */
	ino_t refused; /* the set that it cannot listen to, which is said once */
	__u64 lost;    /* records that did not fit, of sets before this one */
	struct rg_keeper_reported last[RG_ORG_KEEPERS];
};
extern const struct rg_role rg_role_none;

/* Looks whether the role is enabled, enabled anew or disabled, and listens to it with this ring.
 * Calls fn with a record for each client whose keeping ended by time, or because the role was
 * disabled. Cheap while the role is not enabled: one stat(2). Call it once a second. */
void rg_role_look(struct rg_role *role, const struct rg_tracer_ring *ring, __u64 now_ns,
		  rg_record_fn *fn, void *arg);
/* Says whether the role is enabled on this host. */
bool rg_role_is_enabled(void);
/* Says whether it listens. */
bool rg_role_listens(const struct rg_role *role);
/* Returns how many records of the role did not fit into the ring. */
__u64 rg_role_lost(const struct rg_role *role);
void rg_role_leave(struct rg_role *role);
