/* SPDX-License-Identifier: GPL-2.0-only */
/* What to do after a recovery. */
#pragma once

#include "report/model.h"

struct rg_advice {
	long client; /* the end client that it is about; -1: this host */
	char *text;  /* owned, without a full stop */
};

/* Returns n pieces of advice in the order of end clients. Owned by the caller (rg_advice_free). */
struct rg_advice *rg_advice_of(const struct rg_recovery *r, size_t *n);
void rg_advice_free(struct rg_advice *a, size_t n);
/* Returns a sentence for a recovery without any advice. */
const char *rg_advice_nothing(const struct rg_recovery *r);
