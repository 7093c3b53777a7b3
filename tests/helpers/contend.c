// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processes contend for locks of one file, each by a mount of its own, and every answer
 * is compared with what a local file system answers.
 *
 *   contend [--no-waits] VIEW VIEW [CASE...]    VIEW: TIER:FILE, a tier of tests/vm/tiers.bash
 *   contend --list
 *
 * Says "ok CASE" or "wrong CASE: STEP: ANSWER" for each case, then "N of M cases". Status 0 if
 * all are as they should be. Without names every case runs but those of flock(2), which Linux
 * emulates on NFS by a lock of the whole file: a process on the server itself does not contend
 * for that. "flock" as a name means all of these, "all" every case. --no-waits leaves out those in
 * which somebody waits: an NFS client may look only every 30 s whether its turn has come. The cases
 * are those of cthon04's lock tests, and OFD locks, flock(2), SIGKILL and signals besides.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* An NFS client asks again for a lock that somebody has after up to 30 s (NFSv4:
 * NFS4_LOCK_MAXTIMEOUT, fs/nfs/nfs4proc.c; NFSv3: NLMCLNT_POLL_TIMEOUT). */
#define PATIENCE_MS 120000
/* A wait that is to go on is looked at for so long. It ends early only by a fault. */
#define LOOK_MS 300
#define DESCRIPTORS 2
#define ROOM 128

/*
 * Steps are "AGENT COMMAND = ANSWER", with semicolons between them. AGENT: A or B, and the
 * descriptor, 0 or 1. Commands, TYPE being r, w or u:
 *   set, ofd TYPE START LENGTH     F_SETLK, F_OFD_SETLK: ok or the errno
 *   wait, ofdwait TYPE START LENGTH    F_SETLKW, F_OFD_SETLKW
 *   get TYPE START LENGTH          F_GETLK: free, or "TYPE START LENGTH" of a lock in the way
 *   flock TYPE, flockwait TYPE     flock(2), with LOCK_NB or without
 *   child COMMAND...               by a child of its own
 *   alarm COMMAND...               with a signal a second later
 *   close, open
 *   kill                           SIGKILL, no answer
 *   then                           what a command answers that had "..." for an answer: it waits
 */
static const struct contest {
	const char *name, *steps;
} contests[] = {
	{"free",
	 "A0 get w 0 1 = free; A0 get w 0 0 = free; A0 get w 1 0 = free; B0 get w 0 0 = free; "
	 "B0 get r 0 1 = free"},
	{"whole-file",
	 "A0 set w 0 0 = ok; B0 get w 0 1 = w 0 0; B0 set w 0 1 = EAGAIN; "
	 "B0 set r 7 0 = EAGAIN; B0 get w 100 0 = w 0 0; A0 set u 0 0 = ok; B0 set w 0 0 = ok; "
	 "A0 set w 9 1 = EAGAIN"},
	{"first-byte",
	 "A0 set w 0 1 = ok; B0 get w 0 1 = w 0 1; B0 get w 0 0 = w 0 1; B0 get w 1 1 = free; "
	 "B0 set w 1 0 = ok; A0 set w 0 0 = EAGAIN; A0 get w 1 1 = w 1 0"},
	{"middle",
	 "A0 set w 1 1 = ok; B0 set w 0 1 = ok; B0 set w 1 1 = EAGAIN; B0 set w 2 1 = ok; "
	 "B0 get w 0 0 = w 1 1; A0 get w 2 0 = w 2 1"},
	{"beyond-the-end",
	 "A0 set w 1000000 10 = ok; B0 set w 0 1000000 = ok; B0 set w 1000009 1 = EAGAIN; "
	 "B0 set w 1000010 0 = ok"},
	{"large-offsets", "A0 set w 2147483646 1 = ok; B0 set w 2147483646 1 = EAGAIN; "
			  "B0 set w 2147483647 1 = ok; A0 set w 4294967296 10 = ok; "
			  "B0 set w 4294967305 1 = EAGAIN; B0 set w 4294967306 1 = ok"},
	{"largest-offset",
	 "A0 set w 9223372036854775806 1 = ok; B0 get w 9223372036854775806 1 = w "
	 "9223372036854775806 1; B0 set w 0 0 = EAGAIN; B0 set w 0 9223372036854775806 = ok"},
	{"bad-arguments", "A0 set w -1 1 = EINVAL; A0 set w 5 -10 = EINVAL; A0 set w 10 -5 = ok; "
			  "B0 set w 5 1 = EAGAIN; B0 set w 9 1 = EAGAIN; B0 set w 10 1 = ok"},
	{"readers",
	 "A0 set r 0 10 = ok; B0 set r 0 10 = ok; B0 get r 0 1 = free; A0 get w 0 10 = r 0 10; "
	 "A0 set w 0 1 = EAGAIN; B0 set u 0 10 = ok; A0 set w 0 1 = ok; B0 set r 0 1 = EAGAIN; "
	 "B0 set r 1 9 = ok"},
	{"upgrade",
	 "A0 set r 0 4 = ok; A0 set w 0 2 = ok; B0 set r 0 2 = EAGAIN; B0 set r 2 2 = ok; "
	 "A0 set r 0 2 = ok; B0 set r 0 2 = ok; A0 set w 0 4 = EAGAIN"},
	{"split",
	 "A0 set w 0 10 = ok; A0 set u 4 2 = ok; B0 set w 3 1 = EAGAIN; B0 set w 4 2 = ok; "
	 "B0 set w 6 1 = EAGAIN; B0 get w 0 0 = w 0 4; B0 get w 5 0 = w 6 4"},
	{"join", "A0 set w 0 5 = ok; A0 set w 5 5 = ok; B0 get w 0 0 = w 0 10; A0 set u 0 0 = ok; "
		 "B0 set w 0 10 = ok"},
	{"twice", "A0 set w 0 1 = ok; A0 set w 0 1 = ok; A0 set u 0 1 = ok; A0 set u 0 1 = ok; "
		  "B0 set w 0 1 = ok"},
	{"many", "A0 set w 0 1 = ok; A0 set w 2 1 = ok; A0 set w 4 1 = ok; A0 set w 6 1 = ok; "
		 "B0 set w 1 1 = ok; B0 set w 3 1 = ok; B0 set w 6 1 = EAGAIN; A0 set u 0 0 = ok; "
		 "B0 set w 0 0 = ok"},
	{"child", "A0 set w 0 1 = ok; A0 child set w 0 1 = EAGAIN; A0 child get w 0 1 = w 0 1; "
		  "A0 child set w 1 1 = ok; B0 set w 1 1 = ok; B0 set w 0 1 = EAGAIN"},
	{"any-close", "A0 set w 0 1 = ok; A1 close = ok; B0 set w 0 1 = ok"},
	{"open-again", "A0 set w 0 1 = ok; A0 close = ok; A0 open = ok; B0 set w 0 1 = ok; "
		       "A0 set w 0 1 = EAGAIN"},
	{"ofd",
	 "A0 ofd w 0 10 = ok; A1 ofd w 0 1 = EAGAIN; B0 ofd w 9 1 = EAGAIN; B0 set w 9 1 = EAGAIN; "
	 "A1 close = ok; B0 set w 9 1 = EAGAIN; A0 ofd u 0 5 = ok; B0 set w 0 5 = ok; A0 close = "
	 "ok; "
	 "B0 ofd w 5 5 = ok"},
	{"ofd-and-posix", "A0 set w 0 1 = ok; A1 ofd w 0 1 = EAGAIN; A1 ofd w 1 1 = ok; "
			  "A0 set w 1 1 = EAGAIN; B0 set w 0 1 = EAGAIN; B0 set w 1 1 = EAGAIN"},
	{"waits", "A0 set w 0 10 = ok; B0 wait w 5 10 = ...; A0 set u 0 10 = ok; B0 then = ok; "
		  "A0 set w 5 1 = EAGAIN; A0 wait r 14 1 = ...; B0 close = ok; A0 then = ok"},
	{"waits-for-exit", "A0 set w 0 0 = ok; B0 wait w 0 1 = ...; A0 kill; B0 then = ok"},
	{"waiter-dies", "A0 set w 0 1 = ok; B0 wait w 0 1 = ...; B0 kill; A0 set u 0 1 = ok; "
			"A0 set w 0 1 = ok"},
	{"waiter-has-a-signal",
	 "A0 set w 0 1 = ok; B0 alarm wait w 0 1 = EINTR; A0 set u 0 1 = ok; "
	 "A1 set w 0 1 = ok; A0 set u 0 1 = ok; B0 set w 0 1 = ok"},
	{"ofd-waits", "A0 ofd w 0 1 = ok; B0 ofdwait w 0 1 = ...; A0 close = ok; B0 then = ok; "
		      "A1 set w 0 1 = EAGAIN"},
	{"flock",
	 "A0 flock w = ok; B0 flock w = EAGAIN; B0 flock r = EAGAIN; A1 flock w = EAGAIN; "
	 "A0 flock r = ok; B0 flock r = ok; A0 flock w = EAGAIN; B0 close = ok; A1 flock r = ok"},
	{"flock-close",
	 "A0 flock w = ok; A1 close = ok; B0 flock w = EAGAIN; A0 close = ok; B0 flock w = ok"},
	{"flock-waits", "A0 flock w = ok; B0 flockwait w = ...; A0 flock u = ok; B0 then = ok; "
			"A0 flock r = EAGAIN"},
	{"flock-exit", "A0 flock w = ok; B0 flockwait r = ...; A0 kill; B0 then = ok"},
};
#define CASES (sizeof(contests) / sizeof(contests[0]))

static void die(const char *what)
{
	fprintf(stderr, "contend: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- one who contends ---- */

static void answer(char *buf, int result)
{
	snprintf(buf, ROOM, "%s", result == 0 ? "ok" : strerrorname_np(errno) ?: "unknown errno");
}

static short type_of(char c)
{
	return (short)(c == 'r' ? F_RDLCK : c == 'w' ? F_WRLCK : F_UNLCK);
}

static const struct {
	const char *name;
	int cmd;
} kinds[] = {{"set", F_SETLK},
	     {"wait", F_SETLKW},
	     {"get", F_GETLK},
	     {"ofd", F_OFD_SETLK},
	     {"ofdwait", F_OFD_SETLKW}};

static bool range_lock(int fd, const char *command, char *buf)
{
	struct flock l = {.l_whence = SEEK_SET};
	char name[ROOM], type;
	long start, length;

	if (sscanf(command, "%127s %c %ld %ld", name, &type, &start, &length) != 4)
		return false;
	l.l_type = type_of(type);
	l.l_start = start;
	l.l_len = length;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		answer(buf, fcntl(fd, kinds[i].cmd, &l));
		if (kinds[i].cmd == F_GETLK && strcmp(buf, "ok") == 0) {
			if (l.l_type == F_UNLCK)
				snprintf(buf, ROOM, "free");
			else
				snprintf(buf, ROOM, "%c %ld %ld", l.l_type == F_RDLCK ? 'r' : 'w',
					 (long)l.l_start, (long)l.l_len);
		}
		return true;
	}
	return false;
}

static bool whole_lock(int fd, const char *command, char *buf)
{
	char name[ROOM], type;
	int op;

	if (sscanf(command, "%127s %c", name, &type) != 2 || strncmp(name, "flock", 5) != 0)
		return false;
	op = type == 'r' ? LOCK_SH : type == 'w' ? LOCK_EX : LOCK_UN;
	answer(buf, flock(fd, op | (strcmp(name, "flock") == 0 ? LOCK_NB : 0)));
	return true;
}

static void by_child(int fd, const char *command, char *buf)
{
	int to_parent[2];
	pid_t child;

	if (pipe(to_parent) < 0)
		die("pipe");
	child = fork();
	if (child == 0) {
		if (!range_lock(fd, command, buf))
			snprintf(buf, ROOM, "no such command");
		_exit(write(to_parent[1], buf, ROOM) != ROOM);
	}
	if (child < 0 || read(to_parent[0], buf, ROOM) != ROOM || waitpid(child, NULL, 0) < 0)
		die("child");
	close(to_parent[0]);
	close(to_parent[1]);
}

static void interrupted(int sig)
{
	(void)sig;
}

static void obey(int *fd, const char *file, const char *command, char *buf)
{
	if (strncmp(command, "child ", 6) == 0) {
		by_child(*fd, command + 6, buf);
	} else if (strncmp(command, "alarm ", 6) == 0) {
		alarm(1);
		obey(fd, file, command + 6, buf);
	} else if (strcmp(command, "close") == 0) {
		answer(buf, close(*fd));
	} else if (strcmp(command, "open") == 0) {
		*fd = open(file, O_RDWR);
		answer(buf, *fd < 0);
	} else if (!range_lock(*fd, command, buf) && !whole_lock(*fd, command, buf)) {
		snprintf(buf, ROOM, "no such command");
	}
}

static void enter(const char *tier, const char *kind, int type)
{
	char path[256];
	int ns;

	snprintf(path, sizeof(path), "/run/tiers/%s.%s", tier, kind);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, type) < 0)
		die(path);
	close(ns);
}

/* Never returns. `view` is TIER:FILE; commands and answers go over `channel`. */
static void contend(char *view, int channel)
{
	const struct sigaction on_alarm = {.sa_handler = interrupted}; /* no SA_RESTART */
	char *file = strchr(view, ':'), command[ROOM], buf[ROOM];
	int fds[DESCRIPTORS];
	ssize_t n;

	*file++ = '\0';
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGALRM, &on_alarm, NULL);
	enter(view, "net", CLONE_NEWNET);
	enter(view, "uts", CLONE_NEWUTS);
	enter(view, "mnt", CLONE_NEWNS);
	for (int i = 0; i < DESCRIPTORS; i++) {
		fds[i] = open(file, O_RDWR | O_CREAT, 0666);
		if (fds[i] < 0)
			die(file);
	}
	snprintf(buf, sizeof(buf), "ok");
	while (send(channel, buf, strlen(buf), 0) >= 0) {
		n = recv(channel, command, sizeof(command) - 1, 0);
		if (n <= 2)
			break;
		command[n] = '\0';
		obey(&fds[command[0] == '1'], file, command + 2, buf);
	}
	exit(0);
}

/* ---- the contest ---- */

static struct agent {
	pid_t pid;
	int channel;
} agents[2] = {{.channel = -1}, {.channel = -1}};

static void start(struct agent *a, const char *view)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair");
	fflush(stdout);
	a->pid = fork();
	if (a->pid < 0)
		die("fork");
	if (a->pid == 0) {
		close(pair[0]);
		for (int i = 0; i < 2; i++) /* or the other one would not see it closed */
			if (agents[i].channel >= 0)
				close(agents[i].channel);
		contend(strdup(view), pair[1]);
	}
	close(pair[1]);
	a->channel = pair[0];
}

/* Its locks are gone when this returns, or about to be: NFS gives them back as files close. */
static void end(struct agent *a, int sig)
{
	if (sig)
		kill(a->pid, sig);
	close(a->channel);
	a->channel = -1;
	waitpid(a->pid, NULL, 0);
	a->pid = 0;
}

/* The next answer; "..." if there is none within that time. */
static void hear(const struct agent *a, int ms, char *buf)
{
	struct pollfd p = {.fd = a->channel, .events = POLLIN};
	ssize_t n;

	snprintf(buf, ROOM, "...");
	if (poll(&p, 1, ms) <= 0)
		return;
	n = recv(a->channel, buf, ROOM - 1, 0);
	snprintf(buf + (n > 0 ? n : 0), (size_t)(ROOM - (n > 0 ? n : 0)), "%s",
		 n > 0 ? "" : "it ended");
}

/* One step. False, and says so: the answer is another. */
static bool step_is_right(const char *name, char *step)
{
	char *wanted = strstr(step, " = "), got[ROOM];
	struct agent *a = &agents[step[0] == 'B'];

	if (strcmp(step + 3, "kill") == 0) {
		end(a, SIGKILL);
		return true;
	}
	if (!wanted || a->pid == 0) {
		printf("wrong %s: %s: no such step\n", name, step);
		return false;
	}
	*wanted = '\0';
	wanted += 3;
	if (strcmp(step + 3, "then") != 0 &&
	    send(a->channel, step + 1, strlen(step + 1), 0) != (ssize_t)strlen(step + 1))
		die("send");
	hear(a, strcmp(wanted, "...") == 0 ? LOOK_MS : PATIENCE_MS, got);
	if (strcmp(got, wanted) == 0)
		return true;
	printf("wrong %s: %s: %s, expected %s\n", name, step, got, wanted);
	return false;
}

static bool is_right(const struct contest *c, char *const views[2])
{
	char *steps = strdup(c->steps), *rest = steps, got[ROOM];
	bool right = true;

	for (int i = 0; i < 2; i++) {
		start(&agents[i], views[i]);
		hear(&agents[i], PATIENCE_MS, got);
		if (strcmp(got, "ok") != 0) {
			printf("wrong %s: %s: %s\n", c->name, views[i], got);
			right = false;
		}
	}
	for (char *step; right && (step = strsep(&rest, ";"));)
		right = step_is_right(c->name, step + strspn(step, " "));
	for (int i = 0; i < 2; i++)
		if (agents[i].pid)
			end(&agents[i], right ? 0 : SIGKILL);
	if (right)
		printf("ok %s\n", c->name);
	free(steps);
	return right;
}

static bool waits(const struct contest *c)
{
	return strstr(c->steps, "wait ") || strstr(c->steps, "flockwait");
}

static bool is_wanted(const char *name, char *const *names)
{
	bool flocks = strncmp(name, "flock", 5) == 0;

	if (!*names)
		return !flocks;
	for (; *names; names++)
		if (strcmp(*names, "all") == 0 || strcmp(*names, name) == 0 ||
		    (flocks && strcmp(*names, "flock") == 0))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool no_waits = argc > 1 && strcmp(argv[1], "--no-waits") == 0;
	unsigned int right = 0, all = 0;

	argc -= no_waits;
	argv += no_waits;
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < CASES; i++)
			puts(contests[i].name);
		return 0;
	}
	if (argc < 3 || !strchr(argv[1], ':') || !strchr(argv[2], ':')) {
		fprintf(stderr,
			"usage: contend [--no-waits] TIER:FILE TIER:FILE [CASE...] | --list\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < CASES; i++) {
		if (!is_wanted(contests[i].name, argv + 3) || (no_waits && waits(&contests[i])))
			continue;
		all++;
		right += is_right(&contests[i], argv + 1);
		fflush(stdout);
	}
	printf("%u of %u cases\n", right, all);
	return right != all || !all;
}
