/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a re-export server asks its original server, in band, whether its locks are kept: by a
 * LOOKUP of a name that no file has. An original server with the role (docs/original.md) answers
 * the first LOOKUP of each such name with NFS4ERR_DELAY if it keeps this client's locks for
 * RG_KEPT_NS at least, and everything else as ever: NFS4ERR_NOENT. Names that end in other
 * hexadecimal digits are other questions.
 *
 * With another such name it says that its end clients are through: they have their locks again.
 * What is kept for this client still is then let go of. Nobody answers that: it is NFS4ERR_NOENT in
 * any case. An end client's LOOKUP reaches the original server by the same session, so the word
 * counts from root of the re-export server alone (uid 0 in AUTH_SYS), which an export with
 * root_squash makes of no end client.
 */
#pragma once

#define RG_KEPT_QUESTION ".reexport-guard.kept."
/* A name of the same length that is no question: answered at once by every server. */
#define RG_KEPT_CONTROL ".reexport-guard.none."
#define RG_KEPT_THROUGH ".reexport-guard.done."
#define RG_KEPT_PREFIX (sizeof(RG_KEPT_QUESTION) - 1)
#define RG_KEPT_DIGITS 8
#define RG_KEPT_NAME (RG_KEPT_PREFIX + RG_KEPT_DIGITS)
_Static_assert(sizeof(RG_KEPT_CONTROL) == sizeof(RG_KEPT_QUESTION) &&
		       sizeof(RG_KEPT_THROUGH) == sizeof(RG_KEPT_QUESTION),
	       "told apart by text alone");

/* How long an answer counts, from before it was asked. */
#define RG_KEPT_NS 10000000000ULL
