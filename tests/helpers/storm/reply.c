// SPDX-License-Identifier: GPL-2.0-only
/* The results of operations. */
#include <arpa/inet.h>
#include <string.h>

#include "storm.h"

const uint8_t *get_bytes(struct reply *r, size_t n)
{
	const uint8_t *at = r->at;
	size_t padded = (n + 3) & ~(size_t)3;

	if (r->bad || n > r->left || padded > r->left) {
		r->bad = true;
		return NULL;
	}
	r->at += padded;
	r->left -= padded;
	return at;
}

uint32_t get32(struct reply *r)
{
	const uint8_t *bytes = get_bytes(r, 4);
	uint32_t value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return ntohl(value);
}

static uint64_t get64(struct reply *r)
{
	uint64_t high = get32(r);

	return high << 32 | get32(r);
}

static void get_fixed(struct reply *r, uint8_t *to, size_t n)
{
	const uint8_t *bytes = get_bytes(r, n);

	if (bytes)
		memcpy(to, bytes, n);
}

static void get_fh(struct reply *r, uint8_t *fh, uint32_t *len)
{
	uint32_t n = get32(r);

	if (n > FH_MAX)
		r->bad = true;
	get_fixed(r, fh, n);
	*len = n;
}

/* OPEN4resok, RFC 8881 18.16: a GETFH comes after it. No delegation was wanted:
 * what is answered is OPEN_DELEGATE_NONE, or why there is none. */
static void get_open(struct reply *r, struct file *f)
{
	uint32_t why;

	get_fixed(r, f->stateid, STATEID);
	get_bytes(r, 4 + 8 + 8); /* change_info4 */
	get32(r);		 /* rflags */
	for (uint32_t n = get32(r); n && !r->bad; n--)
		get32(r);
	switch (get32(r)) {
	case 0:
		break;
	case 3:
		why = get32(r);
		if (why == 1 || why == 2)
			get32(r);
		break;
	default:
		r->bad = true;
	}
	f->open = !r->bad;
}

void get_result(struct client *c, struct reply *r, uint32_t op)
{
	uint8_t unused[STATEID];

	switch (op) {
	case OP_SEQUENCE: /* SEQUENCE4resok: nothing that is not known */
		get_bytes(r, 16 + 5 * 4);
		c->slot_seq++;
		break;
	case OP_EXCHANGE_ID:
		c->clientid = get64(r);
		c->create_seq = get32(r);
		break;
	case OP_CREATE_SESSION:
		get_fixed(r, c->session, sizeof(c->session));
		c->slot_seq = 1;
		break;
	case OP_GETFH:
		if (*c->step == STEP_LOOKUP)
			get_fh(r, c->dir, &c->dir_len);
		else
			get_fh(r, file_at(c)->fh, &file_at(c)->fh_len);
		break;
	case OP_OPEN:
		get_open(r, file_at(c));
		break;
	case OP_LOCK:
		get_fixed(r, unused, STATEID);
		c->locked[c->item] = true;
		break;
	case OP_CLOSE:
		get_fixed(r, unused, STATEID);
		file_at(c)->open = false;
		break;
	default:
		break;
	}
}
