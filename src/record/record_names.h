/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of the values in include/rg_records.h (docs/events.md). A value out of range is "?". */
#pragma once

#include <stddef.h>

#include "rg_records.h"

const char *rg_record_op_name(__u32 op); /* for example "LOCK" */
const char *rg_side_name(__u32 side);
const char *rg_claim_name(__u32 claim); /* NULL for RG_CLAIM_NONE */
const char *rg_gone_name(__u32 gone);
const char *rg_kept_why_name(__u32 why);   /* enum rg_kept_why */
const char *rg_kept_why_text(__u32 why);   /* the same in words: a clause without a full stop */
const char *rg_kept_from_name(__u32 what); /* enum rg_kept_from */
const char *rg_fact_name(__u32 bit);	   /* takes the number of the bit; NULL: it has no name */
const char *rg_back_op_name(__u32 op);
/* Names a bit of nfs_client.cl_state: "reclaim-reboot"; NULL: it has no name. */
const char *rg_state_manager_name(__u32 bit);
/* Names a flag of EXCHANGE_ID without EXCHGID4_FLAG_: "RETAIN_STATE"; NULL: it has no name. */
const char *rg_exchange_flag_name(__u32 bit);
const char *rg_lock_type_name(__u32 type);	/* of rg_record.lock_type; NULL: it has no name */
const char *rg_hand_name(__u32 hand);		/* enum rg_hand */
const char *rg_downgrade_name(__u32 downgrade); /* NULL for RG_DOWNGRADE_NONE */
/* Returns the reason in words: a clause without a full stop. */
const char *rg_downgrade_text(__u32 downgrade);
/* Returns in words what it means for the end client or application. */
const char *rg_downgrade_consequence(const struct rg_record *r);
const char *rg_timed_name(__u32 timed);
const char *rg_tally_name(__u32 tally);

#define RG_STATUS_SIZE 32
/* Returns "NFS4ERR_NO_GRACE", "NLM4_GRANTED", "ENOGRACE", or a number that has no name, written
 * to buf (RG_STATUS_SIZE bytes). */
const char *rg_status_name(__u32 kind, __u32 status, char *buf);
/* The same without a buffer: returns NULL for a number without a name. */
const char *rg_nfs4_status_name(__u32 status);

/* Return the value of a name, or -1. */
int rg_record_op_of(const char *name);
int rg_side_of(const char *name);
int rg_downgrade_named(const char *name);
