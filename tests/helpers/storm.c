// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm [OPTION VALUE]... ADDRESS [DIRECTORY]: many NFSv4.1 end clients in one
 * process, each with a name, a clientid, a session and a connection of its own.
 * Nothing of the kernel's NFS client is in it, so that every operation it sends
 * is known. DIRECTORY is below the root of the NFSv4 server; "" is that root.
 *
 *   --clients N (1)   --opens N (1)    files a client
 *   --locks N (1)     ranges a client, each with a lock owner of its own, spread
 *                     over its files
 *   --name TEXT (storm)  what co_ownerid and file names begin with
 *   --same 0|1 (0)    the clients' files are the same, each locks other ranges
 *   --times N (1)     EXCHANGE_IDs a client in the phase knock
 *   --retake 0|1 (1)  take anew what could not be reclaimed
 *   --port N (2049)   --timeout S (60)   for one answer; asked again 5 times
 *
 * A line on standard input starts a phase, of all clients at once; when it is
 * over there is one JSON object on standard output:
 *
 *   setup     clientid, session, RECLAIM_COMPLETE, files (made if they are not
 *             there), locks
 *   reclaim   knfsd was restarted: a new connection, the old session refused, a
 *             new clientid and session, every open and lock reclaimed,
 *             RECLAIM_COMPLETE, and anew what was refused
 *   late      the same, but RECLAIM_COMPLETE comes when the opens are back; after it
 *             opens are reclaimed again, and locks for the first time
 *   renew     SEQUENCE
 *   knock     EXCHANGE_ID, and nothing after it
 *   close     CLOSE, DESTROY_SESSION, DESTROY_CLIENTID
 *   quit      so does the end of the input; nothing is sent
 *
 * The object: `sent` by operation, one more each time that it is asked again;
 * `status` by operation and answer; `unreached` by operation, where the server
 * ended the compound before it; `claims` the same as `status` for reclaims and
 * what was taken anew; `span` seconds from the first request to the last answer;
 * `resent` requests for which a connection was made anew: the server answers
 * from its session what it has done before. sent = status + unreached.
 *
 * A LOCK may be refused because the server has none (NFS4ERR_NOTSUPP). What does
 * not go as described is a line on standard error, and status 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND UINT64_C(1000000000)
#define MILLISECOND UINT64_C(1000000)

/* nfs_opnum4, RFC 8881 16.2.1 */
enum {
	OP_CLOSE = 4,
	OP_GETFH = 10,
	OP_LOCK = 12,
	OP_LOOKUP = 15,
	OP_OPEN = 18,
	OP_PUTFH = 22,
	OP_PUTROOTFH = 24,
	OP_EXCHANGE_ID = 42,
	OP_CREATE_SESSION = 43,
	OP_DESTROY_SESSION = 44,
	OP_SEQUENCE = 53,
	OP_DESTROY_CLIENTID = 57,
	OP_RECLAIM_COMPLETE = 58,
	NR_OPS,
};
static const char *const op_names[NR_OPS] = {
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

/* nfsstat4, RFC 8881 15.1 */
enum {
	NFS4_OK = 0,
	NFS4ERR_NOTSUPP = 10004,
	NFS4ERR_DELAY = 10008,
	NFS4ERR_DENIED = 10010,
	NFS4ERR_GRACE = 10013,
	NFS4ERR_NO_GRACE = 10033,
	NFS4ERR_RECLAIM_BAD = 10034,
	NFS4ERR_RECLAIM_CONFLICT = 10035,
	NFS4ERR_BADSESSION = 10052,
	NFS4ERR_DEADSESSION = 10078,
};
static const struct {
	uint32_t status;
	const char *name;
} status_names[] = {
	{NFS4_OK, "NFS4_OK"},
	{1, "NFS4ERR_PERM"},
	{2, "NFS4ERR_NOENT"},
	{5, "NFS4ERR_IO"},
	{13, "NFS4ERR_ACCESS"},
	{20, "NFS4ERR_NOTDIR"},
	{22, "NFS4ERR_INVAL"},
	{28, "NFS4ERR_NOSPC"},
	{30, "NFS4ERR_ROFS"},
	{70, "NFS4ERR_STALE"},
	{10001, "NFS4ERR_BADHANDLE"},
	{NFS4ERR_NOTSUPP, "NFS4ERR_NOTSUPP"},
	{10005, "NFS4ERR_TOOSMALL"},
	{10006, "NFS4ERR_SERVERFAULT"},
	{NFS4ERR_DELAY, "NFS4ERR_DELAY"},
	{NFS4ERR_DENIED, "NFS4ERR_DENIED"},
	{10011, "NFS4ERR_EXPIRED"},
	{10012, "NFS4ERR_LOCKED"},
	{NFS4ERR_GRACE, "NFS4ERR_GRACE"},
	{10014, "NFS4ERR_FHEXPIRED"},
	{10015, "NFS4ERR_SHARE_DENIED"},
	{10016, "NFS4ERR_WRONGSEC"},
	{10017, "NFS4ERR_CLID_INUSE"},
	{10018, "NFS4ERR_RESOURCE"},
	{10020, "NFS4ERR_NOFILEHANDLE"},
	{10021, "NFS4ERR_MINOR_VERS_MISMATCH"},
	{10022, "NFS4ERR_STALE_CLIENTID"},
	{10023, "NFS4ERR_STALE_STATEID"},
	{10024, "NFS4ERR_OLD_STATEID"},
	{10025, "NFS4ERR_BAD_STATEID"},
	{10026, "NFS4ERR_BAD_SEQID"},
	{10032, "NFS4ERR_ATTRNOTSUPP"},
	{NFS4ERR_NO_GRACE, "NFS4ERR_NO_GRACE"},
	{NFS4ERR_RECLAIM_BAD, "NFS4ERR_RECLAIM_BAD"},
	{NFS4ERR_RECLAIM_CONFLICT, "NFS4ERR_RECLAIM_CONFLICT"},
	{10036, "NFS4ERR_BADXDR"},
	{10037, "NFS4ERR_LOCKS_HELD"},
	{10038, "NFS4ERR_OPENMODE"},
	{10045, "NFS4ERR_DEADLOCK"},
	{NFS4ERR_BADSESSION, "NFS4ERR_BADSESSION"},
	{10053, "NFS4ERR_BADSLOT"},
	{10054, "NFS4ERR_COMPLETE_ALREADY"},
	{10055, "NFS4ERR_CONN_NOT_BOUND_TO_SESSION"},
	{10063, "NFS4ERR_SEQ_MISORDERED"},
	{10068, "NFS4ERR_RETRY_UNCACHED_REP"},
	{10071, "NFS4ERR_OP_NOT_IN_SESSION"},
	{10074, "NFS4ERR_CLIENTID_BUSY"},
	{10076, "NFS4ERR_SEQ_FALSE_RETRY"},
	{NFS4ERR_DEADSESSION, "NFS4ERR_DEADSESSION"},
	{10087, "NFS4ERR_DELEG_REVOKED"},
};

/* What a client does, one compound each time; see items(). */
enum step {
	STEP_END = 0,
	STEP_PROBE, /* does the server still know the session? */
	STEP_RENEW,
	STEP_EXCHANGE,
	STEP_KNOCK,
	STEP_SESSION,
	STEP_COMPLETE,
	STEP_LOOKUP,
	STEP_OPEN,
	STEP_LOCK,
	STEP_OPEN_RECLAIM,
	STEP_LOCK_RECLAIM,
	STEP_OPEN_RETAKE,
	STEP_LOCK_RETAKE,
	STEP_CLOSE,
	STEP_DESTROY_SESSION,
	STEP_DESTROY_CLIENTID,
};
static const char *const step_names[] = {
	[STEP_END] = "end",
	[STEP_PROBE] = "probe",
	[STEP_RENEW] = "renew",
	[STEP_EXCHANGE] = "clientid",
	[STEP_KNOCK] = "knock",
	[STEP_SESSION] = "session",
	[STEP_COMPLETE] = "complete",
	[STEP_LOOKUP] = "lookup",
	[STEP_OPEN] = "open",
	[STEP_LOCK] = "lock",
	[STEP_OPEN_RECLAIM] = "reclaim of open",
	[STEP_LOCK_RECLAIM] = "reclaim of lock",
	[STEP_OPEN_RETAKE] = "retake of open",
	[STEP_LOCK_RETAKE] = "retake of lock",
	[STEP_CLOSE] = "close",
	[STEP_DESTROY_SESSION] = "end of session",
	[STEP_DESTROY_CLIENTID] = "end of clientid",
};

static const struct phase {
	const char *name;
	bool again; /* by a new connection, with nothing open or locked */
	enum step steps[12];
} phases[] = {
	{"setup",
	 false,
	 {STEP_EXCHANGE, STEP_SESSION, STEP_COMPLETE, STEP_LOOKUP, STEP_OPEN, STEP_LOCK}},
	{"reclaim",
	 true,
	 {STEP_PROBE, STEP_EXCHANGE, STEP_SESSION, STEP_OPEN_RECLAIM, STEP_LOCK_RECLAIM,
	  STEP_COMPLETE, STEP_OPEN_RETAKE, STEP_LOCK_RETAKE}},
	{"late",
	 true,
	 {STEP_PROBE, STEP_EXCHANGE, STEP_SESSION, STEP_OPEN_RECLAIM, STEP_COMPLETE,
	  STEP_OPEN_RECLAIM, STEP_LOCK_RECLAIM, STEP_OPEN_RETAKE, STEP_LOCK_RETAKE}},
	{"renew", false, {STEP_RENEW}},
	{"knock", false, {STEP_KNOCK}},
	{"close", false, {STEP_CLOSE, STEP_DESTROY_SESSION, STEP_DESTROY_CLIENTID}},
};

/* ---- what it was told ---- */

#define PATH_PARTS 8
#define RESENDS 5 /* of one request */

static struct {
	unsigned int clients, opens, locks, same, times, retake, port, timeout_s;
	const char *name;
	const char *parts[PATH_PARTS]; /* of the directory */
	unsigned int nparts;
	struct sockaddr_in server;
} the = {.clients = 1,
	 .opens = 1,
	 .locks = 1,
	 .times = 1,
	 .retake = 1,
	 .port = 2049,
	 .timeout_s = 60,
	 .name = "storm"};

/* ---- end clients ---- */

#define FH_MAX 128 /* NFS4_FHSIZE, RFC 8881 3.1 */
#define STATEID 16
#define OPS_MAX (PATH_PARTS + 4)
#define CALL_MAX 1024
#define REPLY_MAX 4096

struct file {
	uint8_t fh[FH_MAX];
	uint32_t fh_len;
	uint8_t stateid[STATEID];
	bool open;
};

struct client {
	unsigned int number;
	int fd; /* -1: not connected */
	bool connecting, flushing;
	uint64_t retry_ns;    /* when to connect or to ask again; 0: not */
	uint64_t deadline_ns; /* of the answer */
	uint64_t backoff_ns;
	unsigned int resends; /* of the request under way */

	uint8_t verifier[8], session[16];
	uint64_t clientid;
	uint32_t create_seq, slot_seq;
	uint8_t dir[FH_MAX];
	uint32_t dir_len;
	struct file *files;
	bool *locked;

	const enum step *step;
	unsigned int item;
	uint8_t ops[OPS_MAX]; /* of the request */
	uint32_t nops, xid;
	uint8_t out[CALL_MAX];
	size_t out_len, out_sent; /* out_len 0: nothing is under way */
	/* The payload of `in_done` bytes of fragments, and what came after. */
	uint8_t in[REPLY_MAX];
	size_t in_len, in_done;
};

static struct client *clients;
static unsigned int active; /* clients that are not through with the phase */
static int epoll_fd;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("storm: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static void *many(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		die("no memory");
	return p;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static const char *status_name(uint32_t status)
{
	static char number[16];

	for (size_t i = 0; i < COUNT(status_names); i++)
		if (status_names[i].status == status)
			return status_names[i].name;
	snprintf(number, sizeof(number), "%" PRIu32, status);
	return number;
}

/* ---- counting ---- */

#define STATUSES 16

struct count {
	uint64_t sent, unreached, first_ns, last_ns;
	struct {
		uint32_t status;
		uint64_t n;
	} by[STATUSES];
	unsigned int statuses;
};

static struct {
	struct count ops[NR_OPS];
	struct count reclaim[NR_OPS], retake[NR_OPS]; /* of these, by claim */
	uint64_t resent, retaken, lost;
} tally;

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
static struct count *claim_of(enum step step, uint32_t op)
{
	if (op != OP_OPEN && op != OP_LOCK)
		return NULL;
	if (step == STEP_OPEN_RECLAIM || step == STEP_LOCK_RECLAIM)
		return &tally.reclaim[op];
	if (step == STEP_OPEN_RETAKE || step == STEP_LOCK_RETAKE)
		return &tally.retake[op];
	return NULL;
}

static void count_answer(const struct client *c, uint32_t op, uint32_t status)
{
	struct count *claim = claim_of(*c->step, op);

	count_status(&tally.ops[op], status);
	tally.ops[op].last_ns = now_ns();
	if (claim)
		count_status(claim, status);
}

/* ---- a call: ONC RPC (RFC 5531) and XDR (RFC 4506) ---- */

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

/* The file that the step is about. */
static struct file *file_at(const struct client *c)
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

/* ---- operations: their results ---- */

struct reply {
	const uint8_t *at;
	size_t left;
	bool bad; /* too short, or not what was asked */
};

static const uint8_t *get_bytes(struct reply *r, size_t n)
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

static uint32_t get32(struct reply *r)
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

static void get_result(struct client *c, struct reply *r, uint32_t op)
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

/* ---- which step is next ---- */

static unsigned int items(enum step step)
{
	switch (step) {
	case STEP_OPEN:
	case STEP_OPEN_RECLAIM:
	case STEP_OPEN_RETAKE:
	case STEP_CLOSE:
		return the.opens;
	case STEP_LOCK:
	case STEP_LOCK_RECLAIM:
	case STEP_LOCK_RETAKE:
		return the.locks;
	case STEP_KNOCK:
		return the.times;
	default:
		return 1;
	}
}

static bool is_due(const struct client *c)
{
	switch (*c->step) {
	case STEP_LOCK_RECLAIM: /* not of a file whose own reclaim was refused */
		return file_at(c)->open;
	case STEP_OPEN_RETAKE:
		return the.retake && !file_at(c)->open;
	case STEP_LOCK_RETAKE:
		return the.retake && file_at(c)->open && !c->locked[c->item];
	case STEP_CLOSE:
		return file_at(c)->open;
	default:
		return true;
	}
}

/* The first that is due from here on; false: there is none. */
static bool find_due(struct client *c)
{
	for (; *c->step != STEP_END; c->step++, c->item = 0)
		for (; c->item < items(*c->step); c->item++)
			if (is_due(c))
				return true;
	return false;
}

__attribute__((format(printf, 2, 3), noreturn)) static void fail(const struct client *c,
								 const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	die("client %u, %s %u: %s", c->number, step_names[*c->step], c->item, what);
}

/* ---- connections ---- */

static void watch(struct client *c, int how)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

	if (c->connecting || c->flushing)
		e.events |= EPOLLOUT;
	if (epoll_ctl(epoll_fd, how, c->fd, &e) < 0)
		fail(c, "epoll: %s", strerror(errno));
}

static void disconnect(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->connecting = c->flushing = false;
	c->in_len = c->in_done = c->out_sent = 0;
}

/* Lost in the middle of a phase: the same request again, by another one. */
static void reconnect_soon(struct client *c, const char *why)
{
	disconnect(c);
	if (c->resends++ == RESENDS)
		fail(c, "%s, for the %dth time", why, RESENDS + 1);
	c->retry_ns = now_ns() + 200 * MILLISECOND;
}

static void connect_now(struct client *c)
{
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		fail(c, "socket: %s", strerror(errno));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->deadline_ns = now_ns() + the.timeout_s * SECOND;
	if (connect(c->fd, (struct sockaddr *)&the.server, sizeof(the.server)) < 0 &&
	    errno != EINPROGRESS) {
		reconnect_soon(c, strerror(errno));
		return;
	}
	c->connecting = true;
	watch(c, EPOLL_CTL_ADD);
}

static void flush(struct client *c)
{
	bool before = c->flushing;

	while (c->out_sent < c->out_len) {
		ssize_t n =
			send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			reconnect_soon(c, strerror(errno));
			return;
		}
		if (n < 0)
			break;
		c->out_sent += (size_t)n;
	}
	c->flushing = c->out_sent < c->out_len;
	if (c->flushing != before)
		watch(c, EPOLL_CTL_MOD);
}

static void ask(struct client *c)
{
	call_begin(c);
	put_step(c);
	call_end(c);
	flush(c);
}

static void connected(struct client *c)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err) {
		reconnect_soon(c, strerror(err));
		return;
	}
	c->connecting = false;
	watch(c, EPOLL_CTL_MOD);
	if (!c->out_len) {
		ask(c);
		return;
	}
	tally.resent++;
	c->deadline_ns = now_ns() + the.timeout_s * SECOND;
	flush(c);
}

/* ---- an answer ---- */

static void advance(struct client *c)
{
	c->item++;
	if (find_due(c))
		ask(c);
	else
		active--;
}

static bool is_reclaim(enum step step)
{
	return step == STEP_OPEN_RECLAIM || step == STEP_LOCK_RECLAIM;
}

/* It may have been refused and the client goes on. */
static bool may_end_with(const struct client *c, uint32_t op, uint32_t status)
{
	switch (status) {
	case NFS4_OK:
		return *c->step != STEP_PROBE;
	case NFS4ERR_BADSESSION:
	case NFS4ERR_DEADSESSION:
		return *c->step == STEP_PROBE;
	case NFS4ERR_NO_GRACE:
	case NFS4ERR_RECLAIM_BAD:
	case NFS4ERR_RECLAIM_CONFLICT:
		return is_reclaim(*c->step) && (op == OP_OPEN || op == OP_LOCK);
	case NFS4ERR_NOTSUPP:
		return op == OP_LOCK;
	case NFS4ERR_DENIED:
		return *c->step == STEP_LOCK_RETAKE && op == OP_LOCK;
	default:
		return false;
	}
}

static void answered(struct client *c, uint32_t op, uint32_t status)
{
	c->out_len = 0;
	if (status == NFS4ERR_DELAY || status == NFS4ERR_GRACE) {
		c->retry_ns = now_ns() + c->backoff_ns;
		if (c->backoff_ns < SECOND)
			c->backoff_ns *= 2;
		return;
	}
	c->backoff_ns = 20 * MILLISECOND;
	if (status == NFS4_OK && *c->step == STEP_PROBE)
		fail(c, "the server knows the session: it was not restarted");
	if (!may_end_with(c, op, status))
		fail(c, "%s: %s", op_names[op], status_name(status));
	tally.retaken += status == NFS4_OK && *c->step == STEP_LOCK_RETAKE;
	advance(c);
}

/* COMPOUND4res, RFC 8881 16.2: results up to the first that failed. */
static void compound(struct client *c, struct reply *r)
{
	uint32_t last, tag, done, op = 0, status = NFS4_OK;

	last = get32(r);
	tag = get32(r);
	get_bytes(r, tag);
	done = get32(r);
	if (r->bad || done > c->nops || done == 0)
		fail(c, "a reply with %" PRIu32 " results and status %s", done, status_name(last));
	for (uint32_t i = 0; i < done; i++) {
		if (status != NFS4_OK)
			fail(c, "a result after one that failed");
		op = get32(r);
		status = get32(r);
		if (r->bad || op != c->ops[i])
			fail(c, "the result of another operation");
		count_answer(c, op, status);
		if (status == NFS4_OK)
			get_result(c, r, op);
		if (r->bad)
			fail(c, "%s: a result that makes no sense", op_names[op]);
	}
	if (status != last || (status == NFS4_OK && done < c->nops))
		fail(c, "%" PRIu32 " of %" PRIu32 " results, and status %s", done, c->nops,
		     status_name(last));
	for (uint32_t i = done; i < c->nops; i++)
		tally.ops[c->ops[i]].unreached++;
	answered(c, op, status);
}

/* rpc_msg, RFC 5531 9. */
static void rpc_reply(struct client *c, const uint8_t *bytes, size_t len)
{
	struct reply r = {.at = bytes, .left = len};
	uint32_t xid = get32(&r), type = get32(&r), denied = get32(&r), verifier, accepted;

	get32(&r);
	verifier = get32(&r);
	get_bytes(&r, verifier);
	accepted = get32(&r);
	if (r.bad || type != 1 || denied || accepted)
		fail(c, "RPC: type %" PRIu32 ", denied %" PRIu32 ", accepted %" PRIu32, type,
		     denied, accepted);
	if (!c->out_len || xid != c->xid)
		fail(c, "RPC: an answer to what was not asked");
	compound(c, &r);
}

/* A record is the payload of fragments up to the last, RFC 5531 11. */
static bool have_record(struct client *c)
{
	while (c->in_len - c->in_done >= 4) {
		uint8_t *at = c->in + c->in_done;
		uint32_t mark, size;

		memcpy(&mark, at, sizeof(mark));
		mark = ntohl(mark);
		size = mark & 0x7fffffff;
		if (size > sizeof(c->in) - c->in_done - 4)
			fail(c, "a reply of more than %zu bytes", sizeof(c->in));
		if (c->in_len - c->in_done - 4 < size)
			return false;
		memmove(at, at + 4, c->in_len - c->in_done - 4);
		c->in_len -= 4;
		c->in_done += size;
		if (mark >> 31)
			return true;
	}
	return false;
}

/* Nothing can follow a reply: no more than one request is under way. */
static void take_record(struct client *c)
{
	size_t size = c->in_done;

	if (c->in_len != size)
		fail(c, "two replies to one request");
	c->in_len = c->in_done = 0;
	rpc_reply(c, c->in, size);
}

static void receive(struct client *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* Between phases a server may go. */
		if (*c->step == STEP_END)
			disconnect(c);
		else
			reconnect_soon(c, n ? strerror(errno) : "the server closed the connection");
		return;
	}
	c->in_len += (size_t)n;
	if (have_record(c))
		take_record(c);
}

static void on_event(struct client *c, uint32_t events)
{
	if (c->connecting) {
		connected(c);
		return;
	}
	if (c->flushing && events & EPOLLOUT)
		flush(c);
	if (c->fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(c);
}

static void on_time(struct client *c, uint64_t now)
{
	if (*c->step == STEP_END)
		return;
	if (c->retry_ns && now >= c->retry_ns) {
		c->retry_ns = 0;
		if (c->fd < 0)
			connect_now(c);
		else
			ask(c);
	} else if (!c->retry_ns && now > c->deadline_ns) {
		reconnect_soon(c, "no answer");
	}
}

/* ---- a phase ---- */

static void lose_all(struct client *c)
{
	disconnect(c);
	for (unsigned int i = 0; i < the.opens; i++)
		c->files[i].open = false;
	for (unsigned int i = 0; i < the.locks; i++)
		c->locked[i] = false;
}

static void start(struct client *c, const struct phase *phase)
{
	c->step = phase->steps;
	c->item = 0;
	c->out_len = 0;
	c->resends = 0;
	c->retry_ns = 0;
	c->backoff_ns = 20 * MILLISECOND;
	if (phase->again)
		lose_all(c);
	if (!find_due(c)) {
		active--;
		return;
	}
	if (c->fd < 0)
		connect_now(c);
	else
		ask(c);
}

static void turn(void)
{
	struct epoll_event events[64];
	int n = epoll_wait(epoll_fd, events, COUNT(events), 20);

	if (n < 0 && errno != EINTR)
		die("epoll_wait: %s", strerror(errno));
	for (int i = 0; i < n; i++)
		on_event(events[i].data.ptr, events[i].events);
}

/* Not after each turn: a thousand clients would be looked at for one answer. */
static void run_to_end(void)
{
	uint64_t looked = now_ns();

	while (active) {
		turn();
		if (now_ns() - looked < 20 * MILLISECOND)
			continue;
		looked = now_ns();
		for (unsigned int i = 0; i < the.clients; i++)
			on_time(&clients[i], looked);
	}
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

static void print_tally(const struct phase *phase, uint64_t ns)
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

/* Locks that a client has no more. */
static void count_lost(void)
{
	for (unsigned int i = 0; i < the.clients; i++)
		for (unsigned int l = 0; l < the.locks; l++)
			tally.lost += !clients[i].locked[l];
}

static void run(const struct phase *phase)
{
	uint64_t began = now_ns();

	memset(&tally, 0, sizeof(tally));
	active = the.clients;
	for (unsigned int i = 0; i < the.clients; i++)
		start(&clients[i], phase);
	run_to_end();
	if (phase->again)
		count_lost();
	print_tally(phase, now_ns() - began);
}

/* ---- setting out ---- */

static void make_clients(void)
{
	static const enum step nothing = STEP_END;
	uint64_t boot = now_ns();

	clients = many(the.clients, sizeof(*clients));
	for (unsigned int i = 0; i < the.clients; i++) {
		struct client *c = &clients[i];

		c->number = i;
		c->fd = -1;
		c->step = &nothing;
		c->xid = i << 16;
		/* The same as long as this process lives: it has not restarted. */
		memcpy(c->verifier, &boot, sizeof(c->verifier));
		c->files = many(the.opens, sizeof(*c->files));
		c->locked = many(the.locks, sizeof(*c->locked));
	}
}

/* A connection each, and a few files besides. */
static void raise_limit(void)
{
	struct rlimit limit = {.rlim_cur = the.clients + 16, .rlim_max = the.clients + 16}, now;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		die("getrlimit: %s", strerror(errno));
	if (now.rlim_cur >= limit.rlim_cur)
		return;
	if (limit.rlim_max < now.rlim_max)
		limit.rlim_max = now.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("setrlimit: %s", strerror(errno));
}

static unsigned int number(const char *option, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n > 100000)
		die("%s %s: a number up to 100000", option, text);
	return (unsigned int)n;
}

static void take_option(const char *option, const char *value)
{
	const struct {
		const char *name;
		unsigned int *to;
	} numbers[] = {
		{"--clients", &the.clients}, {"--opens", &the.opens},
		{"--locks", &the.locks},     {"--same", &the.same},
		{"--times", &the.times},     {"--retake", &the.retake},
		{"--port", &the.port},	     {"--timeout", &the.timeout_s},
	};

	if (strcmp(option, "--name") == 0 && strlen(value) <= 32) {
		the.name = value;
		return;
	}
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (strcmp(option, numbers[i].name) == 0) {
			*numbers[i].to = number(option, value);
			return;
		}
	die("%s %s: see the top of tests/helpers/storm.c", option, value);
}

static void split(char *path)
{
	char *rest = NULL;

	for (char *part = strtok_r(path, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		if (the.nparts == PATH_PARTS)
			die("a path of more than %d parts", PATH_PARTS);
		the.parts[the.nparts++] = part;
	}
}

static void take_arguments(int argc, char **argv)
{
	int i = 1;

	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2)
		take_option(argv[i], argv[i + 1]);
	if (argc - i < 1 || argc - i > 2)
		die("[OPTION VALUE]... ADDRESS [DIRECTORY]");
	if (!the.clients || !the.opens || the.port > 65535)
		die("at least one client and one file, and a port up to 65535");
	the.server.sin_family = AF_INET;
	the.server.sin_port = htons((uint16_t)the.port);
	if (inet_pton(AF_INET, argv[i], &the.server.sin_addr) != 1)
		die("%s: no IPv4 address", argv[i]);
	if (argc - i == 2)
		split(argv[i + 1]);
}

static void obey(const char *line)
{
	for (size_t i = 0; i < COUNT(phases); i++)
		if (strcmp(line, phases[i].name) == 0) {
			run(&phases[i]);
			return;
		}
	die("%s: no such phase", line);
}

int main(int argc, char **argv)
{
	char line[64];

	take_arguments(argc, argv);
	raise_limit();
	make_clients();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		die("epoll: %s", strerror(errno));
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "quit") == 0)
			break;
		obey(line);
	}
	return 0;
}
