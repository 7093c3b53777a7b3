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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "storm.h"

struct options the = {.clients = 1,
		      .opens = 1,
		      .locks = 1,
		      .times = 1,
		      .retake = 1,
		      .port = 2049,
		      .timeout_s = 60,
		      .name = "storm"};

struct client *clients;
unsigned int active;
int epoll_fd;

static const struct phase phases[] = {
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
	die("%s %s: see the top of tests/helpers/storm/main.c", option, value);
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
