// SPDX-License-Identifier: GPL-2.0-only
/* What was sent and answered in a phase. */
#include <inttypes.h>
#include <stdio.h>

#include "record/record_names.h"
#include "storm.h"

const char *const op_names[NR_OPS] = {
	[OP_CLOSE] = "CLOSE",
	[OP_GETFH] = "GETFH",
	[OP_LOCK] = "LOCK",
	[OP_LOOKUP] = "LOOKUP",
	[OP_OPEN] = "OPEN",
	[OP_PUTFH] = "PUTFH",
	[OP_PUTROOTFH] = "PUTROOTFH",
	[OP_EXCHANGE_ID] = "EXCHANGE_ID",
	[OP_CREATE_SESSION] = "CREATE_SESSION",
	[OP_DESTROY_SESSION] = "DESTROY_SESSION",
	[OP_SEQUENCE] = "SEQUENCE",
	[OP_DESTROY_CLIENTID] = "DESTROY_CLIENTID",
	[OP_RECLAIM_COMPLETE] = "RECLAIM_COMPLETE",
};

struct tally tally;

const char *status_name(uint32_t status)
{
	static char number[16];
	const char *name = rg_nfs4_status_name(status);

	if (name)
		return name;
	snprintf(number, sizeof(number), "%" PRIu32, status);
	return number;
}

static void count_status(struct count *c, uint32_t status)
{
	unsigned int i;

	for (i = 0; i < c->statuses && c->by[i].status != status; i++)
		;
	if (i == STATUSES)
		die("more than %d different answers", STATUSES);
	c->statuses += i == c->statuses;
	c->by[i].status = status;
	c->by[i].n++;
}

/* What of a step is a claim, and which. */
struct count *claim_of(enum step step, uint32_t op)
{
	if (op != OP_OPEN && op != OP_LOCK)
		return NULL;
	if (step == STEP_OPEN_RECLAIM || step == STEP_LOCK_RECLAIM)
		return &tally.reclaim[op];
	if (step == STEP_OPEN_RETAKE || step == STEP_LOCK_RETAKE)
		return &tally.retake[op];
	return NULL;
}

void count_answer(const struct client *c, uint32_t op, uint32_t status)
{
	struct count *claim = claim_of(*c->step, op);

	count_status(&tally.ops[op], status);
	tally.ops[op].last_ns = now_ns();
	if (claim)
		count_status(claim, status);
}

static void print_statuses(const struct count *c)
{
	putchar('{');
	for (unsigned int i = 0; i < c->statuses; i++)
		printf("%s\"%s\":%" PRIu64, i ? "," : "", status_name(c->by[i].status), c->by[i].n);
	putchar('}');
}

enum what { SENT, UNREACHED, STATUS, SPAN };

static void print_count(const struct count *c, enum what what)
{
	switch (what) {
	case SENT:
		printf("%" PRIu64, c->sent);
		break;
	case UNREACHED:
		printf("%" PRIu64, c->unreached);
		break;
	case STATUS:
		print_statuses(c);
		break;
	case SPAN:
		printf("%.3f",
		       c->last_ns ? (double)(c->last_ns - c->first_ns) / (double)SECOND : 0.0);
		break;
	}
}

/* An object by operation, of those that were sent. */
static void print_object(const char *name, const struct count *ops, enum what what)
{
	const char *comma = "";

	printf("\"%s\":{", name);
	for (unsigned int op = 0; op < NR_OPS; op++) {
		if (!ops[op].sent || (what == UNREACHED && !ops[op].unreached))
			continue;
		printf("%s\"%s\":", comma, op_names[op]);
		print_count(&ops[op], what);
		comma = ",";
	}
	putchar('}');
}

void print_tally(const struct phase *phase, uint64_t ns)
{
	printf("{\"phase\":\"%s\",\"clients\":%u,\"seconds\":%.3f,", phase->name, the.clients,
	       (double)ns / (double)SECOND);
	print_object("sent", tally.ops, SENT);
	putchar(',');
	print_object("status", tally.ops, STATUS);
	putchar(',');
	print_object("unreached", tally.ops, UNREACHED);
	printf(",\"claims\":{");
	print_object("reclaim", tally.reclaim, STATUS);
	putchar(',');
	print_object("retake", tally.retake, STATUS);
	printf("},");
	print_object("span", tally.ops, SPAN);
	printf(",\"resent\":%" PRIu64 ",\"retaken\":%" PRIu64 ",\"lost\":%" PRIu64 "}\n",
	       tally.resent, tally.retaken, tally.lost);
	fflush(stdout);
}
