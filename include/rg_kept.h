/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a re-export server asks its original server, in band, whether its locks are kept: by a
 * LOOKUP of a name that no file has. An original server with the role (docs/original.md) answers
 * the first LOOKUP of each such name with NFS4ERR_DELAY if it keeps this client's locks for
 * RG_KEPT_NS at least, and everything else as ever: NFS4ERR_NOENT. Names that end in other
 * hexadecimal digits are other questions.
 */
#pragma once

#define RG_KEPT_QUESTION ".reexport-guard.kept."
/* A name of the same length that is no question: answered at once by every server. */
#define RG_KEPT_CONTROL ".reexport-guard.none."
#define RG_KEPT_PREFIX (sizeof(RG_KEPT_QUESTION) - 1)
#define RG_KEPT_DIGITS 8
#define RG_KEPT_NAME (RG_KEPT_PREFIX + RG_KEPT_DIGITS)
_Static_assert(sizeof(RG_KEPT_CONTROL) == sizeof(RG_KEPT_QUESTION), "told apart by text alone");

/* How long an answer counts, from before it was asked. */
#define RG_KEPT_NS 10000000000ULL
