/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a row of `trace`: what is told of this kind of event and of no other. */
#pragma once

#include "rg_records.h"
#include "record/row.h"

/* Puts the name of a status. kind: enum rg_status_kind. */
void rg_row_status(struct rg_row *row, __u32 kind, __u32 status);
/* Puts what this host's NFS client sent to the original server for a forwarded operation. */
void rg_row_back(struct rg_row *row, const struct rg_record *r);
/* Puts what an event of this kind says in words. */
void rg_row_own(struct rg_row *row, const struct rg_record *r);
/* Puts why a downgrade is one, and its consequence. */
void rg_row_reason(struct rg_row *row, const struct rg_record *r);
