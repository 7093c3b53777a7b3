// SPDX-License-Identifier: GPL-2.0-only
/* An end client: its connection, the answers to it, and what it does next. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "storm.h"

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

bool find_due(struct client *c)
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

void disconnect(struct client *c)
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

void connect_now(struct client *c)
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

void ask(struct client *c)
{
	make_call(c);
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

void on_event(struct client *c, uint32_t events)
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

void on_time(struct client *c, uint64_t now)
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
