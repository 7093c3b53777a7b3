// SPDX-License-Identifier: GPL-2.0-only
/* A request: ONC RPC (RFC 5531), XDR (RFC 4506), and the arguments of its operations. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "storm.h"

static void put_bytes(struct client *c, const void *bytes, size_t n)
{
	size_t padded = (n + 3) & ~(size_t)3;

	if (padded > sizeof(c->out) - c->out_len)
		die("a request of more than %zu bytes", sizeof(c->out));
	memset(c->out + c->out_len, 0, padded);
	memcpy(c->out + c->out_len, bytes, n);
	c->out_len += padded;
}

static void put32(struct client *c, uint32_t value)
{
	value = htonl(value);
	put_bytes(c, &value, sizeof(value));
}

static void put64(struct client *c, uint64_t value)
{
	put32(c, (uint32_t)(value >> 32));
	put32(c, (uint32_t)value);
}

static void put_opaque(struct client *c, const void *bytes, size_t n)
{
	put32(c, (uint32_t)n);
	put_bytes(c, bytes, n);
}

static void put_text(struct client *c, const char *text)
{
	put_opaque(c, text, strlen(text));
}

static void put_op(struct client *c, uint32_t op)
{
	struct count *claim = claim_of(*c->step, op);

	c->ops[c->nops++] = (uint8_t)op;
	put32(c, op);
	tally.ops[op].sent++;
	if (!tally.ops[op].first_ns)
		tally.ops[op].first_ns = now_ns();
	if (claim)
		claim->sent++;
}

static size_t numops_at; /* in the call that is being made */

static void call_begin(struct client *c)
{
	c->out_len = c->out_sent = 0;
	c->nops = 0;
	c->resends = 0;
	put32(c, 0); /* the record mark */
	put32(c, ++c->xid);
	put32(c, 0); /* CALL */
	put32(c, 2); /* RPC version */
	put32(c, 100003);
	put32(c, 4);
	put32(c, 1);  /* COMPOUND */
	put32(c, 1);  /* AUTH_SYS, RFC 5531 appendix A */
	put32(c, 28); /* stamp, name, uid, gid, no other groups */
	put32(c, 0);
	put_text(c, "storm");
	put32(c, 0);
	put32(c, 0);
	put32(c, 0);
	put32(c, 0); /* verifier: AUTH_NONE, empty */
	put32(c, 0);
	put32(c, 0); /* COMPOUND4args, RFC 8881 16.2: no tag */
	put32(c, 1); /* minor version */
	numops_at = c->out_len;
	put32(c, 0);
}

static void set32(struct client *c, size_t at, uint32_t value)
{
	value = htonl(value);
	memcpy(c->out + at, &value, sizeof(value));
}

/* The record mark of the last fragment, RFC 5531 11. */
static void call_end(struct client *c)
{
	set32(c, numops_at, c->nops);
	set32(c, 0, UINT32_C(0x80000000) | (uint32_t)(c->out_len - 4));
	c->deadline_ns = now_ns() + the.timeout_s * SECOND;
}

/* ---- operations: their arguments ---- */

/* RFC 8881 18.46. One slot. The answer is to be kept, so that a request may be
 * repeated by another connection. */
static void put_sequence(struct client *c)
{
	put_op(c, OP_SEQUENCE);
	put_bytes(c, c->session, sizeof(c->session));
	put32(c, c->slot_seq);
	put32(c, 0);
	put32(c, 0);
	put32(c, 1);
}

static void put_fh(struct client *c, const uint8_t *fh, uint32_t len)
{
	put_op(c, OP_PUTFH);
	put_opaque(c, fh, len);
}

/* RFC 8881 18.35: verifier, owner, no flags, SP4_NONE, no implementation id. */
static void put_exchange_id(struct client *c)
{
	char owner[96];

	snprintf(owner, sizeof(owner), "%s end client %u", the.name, c->number);
	put_op(c, OP_EXCHANGE_ID);
	put_bytes(c, c->verifier, sizeof(c->verifier));
	put_text(c, owner);
	put32(c, 0);
	put32(c, 0);
	put32(c, 0);
}

static void put_channel(struct client *c)
{
	put32(c, 0);	     /* padding */
	put32(c, REPLY_MAX); /* request, reply, reply that is kept */
	put32(c, REPLY_MAX);
	put32(c, REPLY_MAX / 2);
	put32(c, 16); /* operations */
	put32(c, 1);  /* requests at a time */
	put32(c, 0);  /* no RDMA */
}

/* RFC 8881 18.36. No back channel: nothing can be recalled from us. */
static void put_create_session(struct client *c)
{
	put_op(c, OP_CREATE_SESSION);
	put64(c, c->clientid);
	put32(c, c->create_seq);
	put32(c, 0);
	put_channel(c);
	put_channel(c);
	put32(c, 0x40000000); /* program number of a callback */
	put32(c, 1);	      /* by AUTH_NONE */
	put32(c, 0);
}

/* Of one open owner a client; `lock` is one of its lock owners, -1 that one. */
static void put_owner(struct client *c, long lock)
{
	char owner[64];

	if (lock < 0)
		snprintf(owner, sizeof(owner), "open owner %u", c->number);
	else
		snprintf(owner, sizeof(owner), "lock owner %u-%ld", c->number, lock);
	put64(c, c->clientid);
	put_text(c, owner);
}

#define SHARE_ACCESS_BOTH 3U
#define SHARE_WANT_NO_DELEG 0x400U

/* RFC 8881 18.16, up to openflag4. */
static void put_open(struct client *c)
{
	put_op(c, OP_OPEN);
	put32(c, 0); /* seqid: not with sessions */
	put32(c, SHARE_ACCESS_BOTH | SHARE_WANT_NO_DELEG);
	put32(c, 0); /* deny none */
	put_owner(c, -1);
}

static void put_open_create(struct client *c)
{
	char name[96];

	if (the.same)
		snprintf(name, sizeof(name), "%s-f%u", the.name, c->item);
	else
		snprintf(name, sizeof(name), "%s-c%u-f%u", the.name, c->number, c->item);
	put_open(c);
	put32(c, 1); /* OPEN4_CREATE, UNCHECKED4 */
	put32(c, 0);
	put32(c, 2); /* attributes: bit 33, mode */
	put32(c, 0);
	put32(c, 2);
	put32(c, 4);
	put32(c, 0644);
	put32(c, 0); /* CLAIM_NULL */
	put_text(c, name);
}

static void put_open_reclaim(struct client *c)
{
	put_open(c);
	put32(c, 0); /* OPEN4_NOCREATE */
	put32(c, 1); /* CLAIM_PREVIOUS, no delegation */
	put32(c, 0);
}

static void put_open_again(struct client *c)
{
	put_open(c);
	put32(c, 0); /* OPEN4_NOCREATE */
	put32(c, 4); /* CLAIM_FH */
}

static struct file *file_of_lock(const struct client *c, unsigned int lock)
{
	return &c->files[lock % the.opens];
}

/* RFC 8881 18.10. Every other byte, so that no two locks are neighbours. */
static void put_lock(struct client *c, bool reclaim)
{
	const struct file *f = file_of_lock(c, c->item);

	put_op(c, OP_LOCK);
	put32(c, 2); /* WRITE_LT */
	put32(c, reclaim);
	put64(c, 2 * ((uint64_t)(c->item / the.opens) + (the.same ? c->number * the.locks : 0)));
	put64(c, 1);
	put32(c, 1); /* a new lock owner: its seqids count for nothing */
	put32(c, 0);
	put_bytes(c, f->stateid, STATEID);
	put32(c, 0);
	put_owner(c, c->item);
}

static void put_lookup(struct client *c)
{
	put_op(c, OP_PUTROOTFH);
	for (unsigned int i = 0; i < the.nparts; i++) {
		put_op(c, OP_LOOKUP);
		put_text(c, the.parts[i]);
	}
	put_op(c, OP_GETFH);
}

struct file *file_at(const struct client *c)
{
	switch (*c->step) {
	case STEP_LOCK:
	case STEP_LOCK_RECLAIM:
	case STEP_LOCK_RETAKE:
		return file_of_lock(c, c->item);
	default:
		return &c->files[c->item];
	}
}

static void put_on_file(struct client *c)
{
	const struct file *f = file_at(c);

	put_fh(c, f->fh, f->fh_len);
	switch (*c->step) {
	case STEP_OPEN_RECLAIM:
		put_open_reclaim(c);
		break;
	case STEP_OPEN_RETAKE:
		put_open_again(c);
		break;
	case STEP_CLOSE: /* RFC 8881 18.2 */
		put_op(c, OP_CLOSE);
		put32(c, 0);
		put_bytes(c, f->stateid, STATEID);
		break;
	default:
		put_lock(c, *c->step == STEP_LOCK_RECLAIM);
	}
}

static void put_step(struct client *c)
{
	switch (*c->step) {
	case STEP_EXCHANGE:
	case STEP_KNOCK:
		put_exchange_id(c);
		return;
	case STEP_SESSION:
		put_create_session(c);
		return;
	case STEP_DESTROY_SESSION: /* RFC 8881 18.37 */
		put_op(c, OP_DESTROY_SESSION);
		put_bytes(c, c->session, sizeof(c->session));
		return;
	case STEP_DESTROY_CLIENTID: /* RFC 8881 18.50 */
		put_op(c, OP_DESTROY_CLIENTID);
		put64(c, c->clientid);
		return;
	default:
		put_sequence(c);
	}
	switch (*c->step) {
	case STEP_PROBE:
	case STEP_RENEW:
		return;
	case STEP_COMPLETE: /* RFC 8881 18.51: of all file systems */
		put_op(c, OP_RECLAIM_COMPLETE);
		put32(c, 0);
		return;
	case STEP_LOOKUP:
		put_lookup(c);
		return;
	case STEP_OPEN:
		put_fh(c, c->dir, c->dir_len);
		put_open_create(c);
		put_op(c, OP_GETFH);
		return;
	default:
		put_on_file(c);
	}
}

void make_call(struct client *c)
{
	call_begin(c);
	put_step(c);
	call_end(c);
}
