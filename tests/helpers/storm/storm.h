/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of storm (main.c says what it does). base: what all use; count: what was sent and
 * answered; call: requests; reply: results; client: connections, and what an end client does next;
 * main: phases. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
struct phase {
	const char *name;
	bool again; /* by a new connection, with nothing open or locked */
	enum step steps[12];
};

#define PATH_PARTS 8
#define RESENDS 5 /* of one request */

struct options {
	unsigned int clients, opens, locks, same, times, retake, port, timeout_s;
	const char *name;
	const char *parts[PATH_PARTS]; /* of the directory */
	unsigned int nparts;
	struct sockaddr_in server;
};
extern struct options the;

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

extern struct client *clients;
extern unsigned int active; /* clients that are not through with the phase */
extern int epoll_fd;

/* ---- base ---- */

/* Says it on standard error, and exits with 1. */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);
/* Zeroed; the caller's for good. */
void *many(size_t n, size_t size);
uint64_t now_ns(void); /* CLOCK_MONOTONIC */

/* ---- count ---- */

#define STATUSES 16

struct count {
	uint64_t sent, unreached, first_ns, last_ns;
	struct {
		uint32_t status;
		uint64_t n;
	} by[STATUSES];
	unsigned int statuses;
};

struct tally {
	struct count ops[NR_OPS];
	struct count reclaim[NR_OPS], retake[NR_OPS]; /* of these, by claim */
	uint64_t resent, retaken, lost;
};
extern struct tally tally;

extern const char *const op_names[NR_OPS];

/* "NFS4ERR_NO_GRACE", or the number, in a buffer that the next call overwrites. */
const char *status_name(uint32_t status);
/* The count of a step's claims, or NULL for what is none. */
struct count *claim_of(enum step step, uint32_t op);
void count_answer(const struct client *c, uint32_t op, uint32_t status);
/* The JSON object of a phase that took so long. */
void print_tally(const struct phase *phase, uint64_t ns);

/* ---- call ---- */

/* Makes the request of the client's step. */
void make_call(struct client *c);
/* The file that the step is about. */
struct file *file_at(const struct client *c);

/* ---- reply ---- */

struct reply {
	const uint8_t *at;
	size_t left;
	bool bad; /* too short, or not what was asked */
};

/* Of n bytes and their padding; NULL: there are not so many. */
const uint8_t *get_bytes(struct reply *r, size_t n);
uint32_t get32(struct reply *r);
/* Takes the result of an operation that succeeded. */
void get_result(struct client *c, struct reply *r, uint32_t op);

/* ---- client ---- */

/* Goes to the first step and item that are due from here on; false: there is none. */
bool find_due(struct client *c);
void connect_now(struct client *c);
void disconnect(struct client *c);
void ask(struct client *c);
void on_event(struct client *c, uint32_t events);
void on_time(struct client *c, uint64_t now);
