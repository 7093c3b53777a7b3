/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of the values in include/rg_records.h, as docs/events.md has them. A
 * value that is out of range is "?". */
#pragma once

#include <stddef.h>

#include "rg_records.h"

const char *rg_record_op_name(__u32 op); /* "LOCK" */
const char *rg_side_name(__u32 side);
const char *rg_claim_name(__u32 claim); /* RG_CLAIM_NONE: NULL */
const char *rg_gone_name(__u32 gone);
const char *rg_fact_name(__u32 bit); /* number of the bit; NULL: has no name of its own */
const char *rg_back_op_name(__u32 op);
/* Bit of nfs_client.cl_state: "reclaim-reboot"; NULL: has no name. */
const char *rg_state_manager_name(__u32 bit);
const char *rg_lock_type_name(__u32 type);	/* of rg_record.lock_type; NULL: none */
const char *rg_hand_name(__u32 hand);		/* enum rg_hand */
const char *rg_downgrade_name(__u32 downgrade); /* RG_DOWNGRADE_NONE: NULL */
/* Why, in words: a clause without a full stop. */
const char *rg_downgrade_text(__u32 downgrade);
/* What it means for who is hit by it, in words. */
const char *rg_downgrade_consequence(const struct rg_record *r);
const char *rg_timed_name(__u32 timed);
const char *rg_tally_name(__u32 tally);

#define RG_STATUS_SIZE 32
/* "NFS4ERR_NO_GRACE", "NLM4_GRANTED", "ENOGRACE"; a number where there is no
 * name. buf has RG_STATUS_SIZE bytes and may be what is returned. */
const char *rg_status_name(__u32 kind, __u32 status, char *buf);
/* The same without a buffer: NULL where there is no name. */
const char *rg_nfs4_status_name(__u32 status);

/* Value of a name, or -1. */
int rg_record_op_of(const char *name);
int rg_side_of(const char *name);
int rg_downgrade_named(const char *name);
