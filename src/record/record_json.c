// SPDX-License-Identifier: GPL-2.0-only
#include "record/record_json.h"

#include "base/names.h"
#include "record/record_names.h"

#define KEY RG_LINE_KEY
#define NUMBER RG_LINE_KEY_NUMBER
#define WORD RG_LINE_KEY_WORD

static void put_hex(struct rg_line *l, __u64 n)
{
	rg_line_char(l, '"');
	rg_line_hex(l, n, 16);
	rg_line_char(l, '"');
}

/* Writes a name, or the number of a value without a name. */
static void put_status(struct rg_line *l, __u32 kind, __u32 status)
{
	char buf[RG_STATUS_SIZE];
	const char *name = rg_status_name(kind, status, buf);

	KEY(l, "status");
	if (name == buf)
		rg_line_number(l, status);
	else
		rg_line_word(l, name);
}

/* ---- the peer ---- */

static void put_verifier(struct rg_line *l, __u64 verifier)
{
	__u8 bytes[sizeof(verifier)];

	memcpy(bytes, &verifier, sizeof(bytes));
	rg_line_char(l, '"');
	for (size_t i = 0; i < sizeof(bytes); i++)
		rg_line_hex(l, bytes[i], 2);
	rg_line_char(l, '"');
}

static void put_peer(struct rg_line *l, const struct rg_record *r)
{
	size_t name_n = rg_record_name_length(r);

	if (!rg_record_has_peer(r))
		return;
	if (r->side == RG_SIDE_CLIENT)
		KEY(l, "origin");
	else
		KEY(l, "client");
	rg_line_char(l, '{');
	if (rg_record_has_address(r)) {
		KEY(l, "addr");
		rg_line_char(l, '"');
		rg_line_address(l, r->family, r->addr);
		rg_line_char(l, '"');
	}
	if (r->port)
		NUMBER(l, "port", r->port);
	if (r->cl_boot || r->cl_id) {
		KEY(l, "clientid");
		put_hex(l, (__u64)r->cl_boot << 32 | r->cl_id);
	}
	if (r->minorversion != RG_NLM_MINOR)
		NUMBER(l, "minor", r->minorversion);
	if (name_n) {
		KEY(l, "name");
		rg_line_quoted(l, r->name, name_n);
	}
	if (name_n && (r->facts & RG_FACT_NAME_CUT || r->name_len > RG_RECORD_NAME)) {
		KEY(l, "truncated");
		RG_LINE_LITERAL(l, "true");
	}
	if (r->verifier) {
		KEY(l, "verifier");
		put_verifier(l, r->verifier);
	}
	rg_line_char(l, '}');
}

/* Writes the local application. */
static void put_task(struct rg_line *l, const struct rg_record *r)
{
	size_t n = rg_record_name_length(r);

	if (!n)
		return;
	KEY(l, "comm");
	rg_line_quoted(l, r->name, n);
}

/* ---- the file ---- */

static void put_dev(struct rg_line *l, __u32 dev)
{
	KEY(l, "dev");
	rg_line_char(l, '"');
	rg_line_number(l, dev >> 20);
	rg_line_char(l, ':');
	rg_line_number(l, dev & 0xfffff);
	rg_line_char(l, '"');
}

static void put_fsid(struct rg_line *l, const struct rg_record *r)
{
	KEY(l, "fsid");
	rg_line_char(l, '"');
	rg_line_hex(l, r->fsid_major, 1);
	rg_line_char(l, ':');
	rg_line_hex(l, r->fsid_minor, 1);
	rg_line_char(l, '"');
}

static void put_path(struct rg_line *l, const struct rg_record *r,
		     const struct rg_mountpoints *mounts)
{
	struct rg_record_path path = rg_record_path_of(r, mounts);

	if (!path.rest_n)
		return;
	KEY(l, "path");
	rg_line_char(l, '"');
	rg_line_json(l, path.mount, path.mount_n);
	rg_line_json(l, path.rest, path.rest_n);
	rg_line_char(l, '"');
	if (r->facts & RG_FACT_PATH_CUT) {
		KEY(l, "truncated");
		RG_LINE_LITERAL(l, "true");
	}
}

static void put_file(struct rg_line *l, const struct rg_record *r,
		     const struct rg_mountpoints *mounts)
{
	if (!rg_record_has_file(r))
		return;
	KEY(l, "file");
	rg_line_char(l, '{');
	if (r->dev)
		put_dev(l, r->dev);
	if (r->facts & RG_FACT_NFS || r->fsid_major || r->fsid_minor)
		put_fsid(l, r);
	if (r->fileid)
		NUMBER(l, "fileid", r->fileid);
	put_path(l, r, mounts);
	rg_line_char(l, '}');
}

static void put_what_is_asked(struct rg_line *l, const struct rg_record *r)
{
	const char *type = rg_lock_type_name(r->lock_type);

	if (type)
		WORD(l, "type", type);
	if (rg_record_has_range(r)) {
		NUMBER(l, "start", r->start);
		if (r->length != ~0ULL)
			NUMBER(l, "length", r->length);
	}
	if (r->owner_hash) {
		KEY(l, "owner");
		put_hex(l, r->owner_hash);
	}
}

/* ---- an event's own fields ---- */

static void put_flags(struct rg_line *l, __u64 flags, const char *(*name)(__u32))
{
	const char *between = "";

	rg_line_char(l, '[');
	for (; flags; flags &= flags - 1) {
		const char *word = name((__u32)__builtin_ctzll(flags));

		if (!word)
			continue;
		rg_line_text(l, between);
		rg_line_word(l, word);
		between = ",";
	}
	rg_line_char(l, ']');
}

static void put_progress(struct rg_line *l, const struct rg_record *r)
{
	NUMBER(l, "expected", r->expected);
	NUMBER(l, "complete", r->complete);
}

static __u32 value_of(const struct rg_record *r)
{
	return r->value > 0xffffffff ? 0xffffffff : (__u32)r->value;
}

static void put_own(struct rg_line *l, const struct rg_record *r)
{
	size_t n;

	switch (r->op) {
	case RG_REC_EXCHANGE_ID:
		if (r->value >> 32) {
			KEY(l, "asked_flags");
			put_flags(l, r->value >> 32, rg_exchange_flag_name);
		}
		if (r->value & 0xffffffff) {
			KEY(l, "flags");
			put_flags(l, r->value & 0xffffffff, rg_exchange_flag_name);
		}
		return;
	case RG_REC_RECLAIM_COMPLETE:
		if (r->side != RG_SIDE_SERVER)
			return;
		/* fallthrough */
	case RG_REC_GRACE_SKIPPED:
	case RG_REC_GRACE_END:
	case RG_REC_GRACE_END_FORCED:
		put_progress(l, r);
		return;
	case RG_REC_CLIENT_GONE:
		WORD(l, "how", rg_gone_name(r->how));
		return;
	case RG_REC_SM_NOTIFY:
		NUMBER(l, "state", r->value);
		return;
	case RG_REC_GRACE_START:
		NUMBER(l, "grace_s", r->value);
		NUMBER(l, "expected", r->expected);
		return;
	case RG_REC_STATE_MANAGER:
		KEY(l, "state");
		put_flags(l, r->value, rg_state_manager_name);
		return;
	case RG_REC_STATE_MANAGER_FAILED:
		n = strnlen(r->path, sizeof(r->path));
		KEY(l, "section");
		rg_line_quoted(l, r->path, n);
		return;
	case RG_REC_HELD:
	case RG_REC_CONTINUED:
	case RG_REC_DENIED:
	case RG_REC_AUDITED:
		WORD(l, "what", rg_door_name(value_of(r)));
		return;
	case RG_REC_HAND:
		WORD(l, "hand", rg_hand_name(value_of(r)));
		return;
	case RG_REC_GATE:
		WORD(l, "state", rg_state_name(value_of(r)));
		WORD(l, "why", rg_why_key(r->how));
		return;
	case RG_REC_KEPT:
		NUMBER(l, "ranges", r->value);
		NUMBER(l, "keep_for_s", r->expected);
		if (r->complete) {
			KEY(l, "overflow");
			RG_LINE_LITERAL(l, "true");
		}
		return;
	case RG_REC_NOT_KEPT:
		WORD(l, "why", rg_kept_why_name(r->how));
		return;
	case RG_REC_RETAKEN:
		NUMBER(l, "left", r->value);
		return;
	case RG_REC_KEPT_FROM:
		WORD(l, "what", rg_kept_from_name(r->how));
		KEY(l, "kept_for");
		put_hex(l, r->value);
		return;
	case RG_REC_KEPT_ENDED:
		WORD(l, "why", rg_kept_why_name(r->how));
		NUMBER(l, "left", r->value);
		return;
	case RG_REC_LOST:
		NUMBER(l, "lost", r->value);
		NUMBER(l, "failures", r->expected);
		return;
	default:
		return;
	}
}

/* ---- what came of it ---- */

static void put_back(struct rg_line *l, const struct rg_record *r)
{
	__u32 n = rg_record_backs(r);

	if (!n && !rg_record_is_forwarded(r))
		return;
	KEY(l, "back");
	rg_line_char(l, '[');
	for (__u32 i = 0; i < n; i++) {
		const struct rg_back *b = &r->back[i];

		if (i)
			rg_line_char(l, ',');
		rg_line_char(l, '{');
		WORD(l, "op", rg_back_op_name(b->op));
		put_status(l, rg_back_status_kind(b), b->status);
		if (b->at_ns && b->at_ns <= r->time_ns)
			NUMBER(l, "at_ns", r->time_ns - b->at_ns);
		rg_line_char(l, '}');
	}
	rg_line_char(l, ']');
}

static void put_downgrade(struct rg_line *l, const struct rg_record *r)
{
	if (!rg_record_is_downgrade(r))
		return;
	KEY(l, "downgrade");
	rg_line_char(l, '{');
	WORD(l, "reason", rg_downgrade_name(r->downgrade));
	WORD(l, "text", rg_downgrade_text(r->downgrade));
	WORD(l, "consequence", rg_downgrade_consequence(r));
	rg_line_char(l, '}');
}

static void put_outcome(struct rg_line *l, const struct rg_record *r)
{
	__u32 facts = r->facts & ~(RG_FACT_NAME_CUT | RG_FACT_PATH_CUT);

	if (r->status_kind > RG_STATUS_NONE && r->status_kind < RG_NR_STATUS_KINDS)
		put_status(l, r->status_kind, r->status);
	if (r->duration_ns)
		NUMBER(l, "duration_ns", r->duration_ns);
	if (facts & ((1U << RG_NR_FACTS) - 1)) {
		KEY(l, "facts");
		put_flags(l, facts, rg_fact_name);
	}
	put_back(l, r);
	if (r->reclaim)
		WORD(l, "reclaim", rg_reclaim_key(r->reclaim));
	if (r->reclaim >= RG_RECLAIM_FIRST_NO)
		WORD(l, "reclaim_text", rg_reclaim_text(r->reclaim));
	put_downgrade(l, r);
}

static void put_where_and_who(struct rg_line *l, const struct rg_record *r)
{
	const char *claim = rg_claim_name(r->claim);

	/* has no side: the tracer made it */
	if (r->op != RG_REC_LOST)
		WORD(l, "side", rg_side_name(r->side));
	if (claim)
		WORD(l, "claim", claim);
	if (r->netns)
		NUMBER(l, "netns", r->netns);
	if (r->generation)
		NUMBER(l, "generation", r->generation);
	if (r->tid)
		NUMBER(l, "tid", r->tid);
	if (r->tgid)
		NUMBER(l, "tgid", r->tgid);
	if (r->side == RG_SIDE_GATE)
		put_task(l, r);
	else
		put_peer(l, r);
}

size_t rg_record_json(const struct rg_record *r, const struct rg_record_around *around,
		      struct rg_second *kept, char *buf, size_t size)
{
	struct rg_line l = rg_line_in(buf, size);

	RG_LINE_LITERAL(&l, "{\"time\":\"");
	rg_line_wall(&l, kept, rg_record_wall(around, r->time_ns));
	rg_line_char(&l, '"');
	NUMBER(&l, "boot_ns", r->time_ns);
	WORD(&l, "event", rg_record_op_name(r->op));
	put_where_and_who(&l, r);
	put_file(&l, r, around->mounts);
	put_what_is_asked(&l, r);
	put_own(&l, r);
	put_outcome(&l, r);
	RG_LINE_LITERAL(&l, "}\n");
	return rg_line_length(&l);
}
