/* SPDX-License-Identifier: GPL-2.0-only */
/* Concludes a recovery once all its events are collected. */
#pragma once

#include "report/model.h"

/* finish.c: works out fates, milestones and the verdict, and sorts. Nothing is added afterwards. */
void rg_recovery_finish(struct rg_recovery *r);

/* locks.c: decides what became of a lock. gone_ns: when knfsd dropped the end client and its
 * locks; 0: never. */
enum rg_fate rg_lock_fate(const struct rg_lock *l, __u64 gone_ns);

/* verdict.c: writes the verdict's sentences. */
void rg_recovery_judge(struct rg_recovery *r);

/* order.c: counts what was out of order, and returns n sentences about it. Owned by the caller,
 * with each sentence. */
char **rg_order_texts(struct rg_recovery *r, size_t *n);
