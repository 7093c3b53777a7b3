// SPDX-License-Identifier: GPL-2.0-only
#include "record/record_detail.h"

#include <string.h>

#include "base/names.h"
#include "record/record_names.h"
#include "state/state.h"

void rg_row_status(struct rg_row *row, __u32 kind, __u32 status)
{
	char buf[RG_STATUS_SIZE];

	rg_row_put(row, rg_status_name(kind, status, buf));
}

void rg_row_back(struct rg_row *row, const struct rg_record *r)
{
	__u32 n = rg_record_backs(r);

	if (!n && !rg_record_is_forwarded(r))
		return;
	rg_row_symbol(row, "→", "->");
	if (!n)
		rg_row_put(row, " nothing sent");
	for (__u32 i = 0; i < n; i++) {
		const struct rg_back *b = &r->back[i];

		rg_row_put(row, i ? ", " : " ");
		if (b->op == RG_BACK_NFS_LOCK)
			rg_row_put(row, b->status ? "nothing sent, " : "nothing sent");
		else
			rg_row_put(row, rg_back_op_name(b->op));
		if (b->op == RG_BACK_NFS_LOCK ? b->status != 0 : b->op != RG_BACK_CACHED_OPEN) {
			rg_row_put(row, b->op == RG_BACK_NFS_LOCK ? "" : " ");
			rg_row_status(row, rg_back_status_kind(b), b->status);
		}
	}
}

static void put_flags(struct rg_row *row, __u64 flags)
{
	const char *between = "";

	for (; flags; flags &= flags - 1) {
		const char *word = rg_state_manager_name((__u32)__builtin_ctzll(flags));

		if (!word)
			continue;
		rg_row_put(row, between);
		rg_row_put(row, word);
		between = ", ";
	}
}

static void put_ranges(struct rg_row *row, __u64 n, const char *rest)
{
	rg_row_number(row, n);
	rg_row_put(row, n == 1 ? " range" : " ranges");
	rg_row_put(row, rest);
}

static void put_end_clients(struct rg_row *row, __u32 n)
{
	rg_row_number(row, n);
	rg_row_put(row, n == 1 ? " end client" : " end clients");
}

static void put_progress(struct rg_row *row, const struct rg_record *r)
{
	rg_row_number(row, r->complete);
	rg_row_put(row, " of ");
	put_end_clients(row, r->expected);
	rg_row_put(row, " done");
}

static void put_verifier(struct rg_row *row, __u64 verifier)
{
	char buf[17] = "";
	struct rg_line l = rg_line_in(buf, sizeof(buf) - 1);
	__u8 bytes[sizeof(verifier)];

	memcpy(bytes, &verifier, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		rg_line_hex(&l, bytes[i], 2);
	rg_row_put(row, "verifier ");
	rg_row_put(row, buf);
}

/* Puts what draft-cel-nfsv4-state-retention adds: will state be retained? */
static void put_retention(struct rg_row *row, __u64 flags)
{
	if (flags >> 32 & RG_EXCHANGE_RETAIN_STATE)
		rg_row_put(row, " asks to retain state;");
	if (flags & RG_EXCHANGE_RETAIN_STATE)
		rg_row_put(row, " state will be retained;");
	if (flags & RG_EXCHANGE_RECLAIMABLE_R)
		rg_row_put(row, " state was retained and may be reclaimed;");
}

void rg_row_own(struct rg_row *row, const struct rg_record *r)
{
	__u32 value = r->value > 0xffffffff ? 0xffffffff : (__u32)r->value;

	switch (r->op) {
	case RG_REC_EXCHANGE_ID:
	case RG_REC_SETCLIENTID:
		if (r->verifier)
			put_verifier(row, r->verifier);
		if (r->op == RG_REC_EXCHANGE_ID)
			put_retention(row, r->value);
		return;
	case RG_REC_RECLAIM_COMPLETE:
	case RG_REC_GRACE_SKIPPED:
	case RG_REC_GRACE_END:
	case RG_REC_GRACE_END_FORCED:
		put_progress(row, r);
		return;
	case RG_REC_CLIENT_GONE:
		rg_row_put(row, rg_gone_name(r->how));
		return;
	case RG_REC_SM_NOTIFY:
		rg_row_put(row, "state ");
		rg_row_number(row, r->value);
		return;
	case RG_REC_GRACE_START:
		rg_row_number(row, r->value);
		rg_row_put(row, " s, ");
		put_end_clients(row, r->expected);
		rg_row_put(row, " may reclaim");
		return;
	case RG_REC_STATE_MANAGER:
		put_flags(row, r->value);
		return;
	case RG_REC_STATE_MANAGER_FAILED:
		rg_row_bytes(row, r->path, strnlen(r->path, sizeof(r->path)));
		return;
	case RG_REC_HELD:
	case RG_REC_CONTINUED:
	case RG_REC_DENIED:
	case RG_REC_AUDITED:
		rg_row_put(row, rg_door_name(value));
		return;
	case RG_REC_HAND:
		rg_row_put(row, rg_hand_name(value));
		return;
	case RG_REC_GATE:
		rg_row_put(row, rg_state_name(value));
		rg_row_put(row, ": ");
		rg_row_put(row, rg_why_text(r->how));
		return;
	case RG_REC_KEPT:
		put_ranges(row, r->value, " kept for ");
		rg_row_number(row, r->expected);
		rg_row_put(row,
			   r->complete
				   ? " s; not all had room: others wait for any lock of its file "
				     "systems"
				   : " s");
		return;
	case RG_REC_NOT_KEPT:
		rg_row_put(row, rg_kept_why_text(r->how));
		return;
	case RG_REC_RETAKEN:
		put_ranges(row, r->value, " left");
		return;
	case RG_REC_KEPT_FROM:
		rg_row_put(row, rg_kept_from_name(r->how));
		rg_row_put(row,
			   r->status ? ": kept for another client" : ": let through (observe)");
		return;
	case RG_REC_KEPT_ENDED:
		rg_row_put(row, rg_kept_why_text(r->how));
		if (r->value) {
			rg_row_put(row, "; ");
			put_ranges(row, r->value, " not taken back");
		}
		return;
	case RG_REC_LOST:
		rg_row_number(row, r->value);
		rg_row_put(row, " records came faster than they could be read");
		if (r->expected) {
			rg_row_put(row, "; tracing programs failed ");
			rg_row_number(row, r->expected);
			rg_row_put(row, " times: events may be missing");
		}
		return;
	default:
		return;
	}
}

void rg_row_reason(struct rg_row *row, const struct rg_record *r)
{
	rg_row_put(row, rg_downgrade_name(r->downgrade));
	rg_row_put(row, ": ");
	rg_row_put(row, rg_downgrade_text(r->downgrade));
	if (r->reclaim >= RG_RECLAIM_FIRST_NO) {
		rg_row_put(row, " (not passed on by the kernel module: ");
		rg_row_put(row, rg_reclaim_text(r->reclaim));
		rg_row_put(row, ")");
	}
	rg_row_put(row, "; ");
	rg_row_put(row, rg_downgrade_consequence(r));
}
