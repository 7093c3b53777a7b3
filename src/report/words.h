/* SPDX-License-Identifier: GPL-2.0-only */
/* Short texts that every form of a report uses. Owned texts are freed by the caller. */
#pragma once

#include "report/model.h"

/* Owned: "1 lock", "2 locks"; `one` is the singular of a word that takes an s. */
char *rg_count_text(__u64 n, const char *one);
/* Owned: "10.77.2.2 Linux NFSv4.2 cli". */
char *rg_peer_text(const struct rg_peer *p);
/* Owned: a path, or "fileid N on 0:45". */
char *rg_file_text(const struct rg_recovery *r, long file);
/* Owned: "bytes 0 to 9". */
char *rg_range_text(__u64 start, __u64 length);
/* Returns "NFSv4.2", written to buf, or "NFSv3". */
const char *rg_protocol_text(const struct rg_peer *p, char buf[32]);
/* Returns what seconds are counted from: "seconds since knfsd's start". */
const char *rg_zero_text(const struct rg_recovery *r);
/* Returns the outcome in one word: "lost". */
const char *rg_outcome_name(enum rg_outcome outcome);
/* Owned: the title of a recovery, and its gate and network namespace. */
char *rg_recovery_title(const struct rg_recovery *r);
char *rg_recovery_place(const struct rg_recovery *r);
/* Owned, with each of the n sentences: what a reader has to know of the recording itself. */
char **rg_report_notes(const struct rg_report *r, size_t *n);
