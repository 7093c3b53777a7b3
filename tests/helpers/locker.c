// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a local application does, one verb each, with an answer that cannot be
 * taken for another: 0 granted, 10 refused (the errno's name on stdout), 11
 * an errno that user space must never see, 1 the helper itself failed.
 *
 *   try KIND FILE            one request; KIND: posix posixw ofd ofdw flock
 *                            flocknb lease rdlease getlk
 *   try-fd KIND FD           the same on a file descriptor it was given
 *   unlock KIND FILE         takes a lock, says "locked", waits for a line on
 *                            stdin, unlocks and says "unlocked"
 *   wait-then KIND FILE      opens, says "opened", waits for a line, tries
 *   pass-fd KIND FILE        opens, passes the descriptor over a socket to a
 *                            child, which tries
 *   fork KIND FILE           opens, and a child of a child tries
 *   reopen KIND FILE         opens it with O_PATH, then by /proc/self/fd, and tries
 *   handle KIND FILE         opens it by its file handle, and tries; root
 *   threads KIND FILE N      N threads try, each its own byte; all must succeed
 *   beside ACTION FILE N     the same with ofdw, and on SIGUSR1 the main thread
 *                            does ACTION: fork (and stops), exec (true(1)), exit
 *                            (the process), leave (the main thread alone) or say
 *                            ("the main thread goes on", and waits for the others).
 *                            Until then it tells systemd that it is alive
 *   race FILE ROUNDS MS      as many processes of three threads that ask, of
 *                            which the main thread does one of these at once;
 *                            each is killed with SIGKILL soon after, at most
 *                            seven times MS milliseconds
 *   crowd FILE N [asleep]    N processes ask, each for its own byte, by posix,
 *                            ofd, posixw and ofdw in turns; a read lock, which
 *                            with a delegation costs no call to the server. Says
 *                            "stopped N" when all are (with asleep: "forked N",
 *                            as nobody stops), "granted K refused L" when
 *                            all have an answer; keeps them until a line on stdin
 *   alarm HOW KIND FILE S    one request with alarm(S); HOW: handler (without
 *                            SA_RESTART) or default. Says "alarm" in between
 *   hold FILE N              N processes take the locks 0..N-1 (of a file on
 *                            NFS), then obey stdin: "write" has each write its
 *                            byte and says how many failed, "quit" ends. Before
 *                            that a line for each that failed: "lock (or write)
 *                            byte B: errno E"
 *   grab FILE N SECONDS      tries for the locks 0..N-1 every 100 ms, keeps
 *                            what it gets; says "got K of N: byte B at TIME",
 *                            "round R at TIME" when it has tried for all, and
 *                            "byte B: errno E" for what is not "somebody has it"
 *   ranges FILE              obeys stdin: "TYPE START LENGTH", TYPE r, w or u, is one
 *                            F_SETLK (LENGTH 0: to the end of the file), and t is
 *                            F_GETLK for a write lock: says "TYPE START LENGTH: " and
 *                            granted, free, taken or the errno; "quit" ends
 *   stamp PORT               says "stamping", then "TEXT at TIME" for every UDP
 *                            datagram: another machine's events by this one's
 *                            clock
 *   wait-all FILE N          takes all of them with F_SETLKW, one by one
 *   notify SOCKET            what a service tells systemd: prints the first
 *                            datagram that has READY=1
 *   stress DIR THREADS PROCS STOPFILE
 *                            each locks and unlocks its own byte of DIR/stress
 *                            until STOPFILE is there; says calls and errors
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

enum { GRANTED = 0, HELPER_FAILED = 1, REFUSED = 10, LEAKED = 11 };

static void die(const char *what)
{
	fprintf(stderr, "locker: %s: %s\n", what, strerror(errno));
	exit(HELPER_FAILED);
}

static int lock_byte(int fd, int cmd, short type, long at)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

	return fcntl(fd, cmd, &l);
}

static int request(const char *kind, int fd, long at)
{
	if (strcmp(kind, "posix") == 0)
		return lock_byte(fd, F_SETLK, F_WRLCK, at);
	if (strcmp(kind, "posixw") == 0)
		return lock_byte(fd, F_SETLKW, F_WRLCK, at);
	if (strcmp(kind, "ofd") == 0)
		return lock_byte(fd, F_OFD_SETLK, F_WRLCK, at);
	if (strcmp(kind, "ofdw") == 0)
		return lock_byte(fd, F_OFD_SETLKW, F_WRLCK, at);
	if (strcmp(kind, "flock") == 0)
		return flock(fd, LOCK_EX);
	if (strcmp(kind, "flocknb") == 0)
		return flock(fd, LOCK_EX | LOCK_NB);
	if (strcmp(kind, "lease") == 0)
		return fcntl(fd, F_SETLEASE, F_WRLCK);
	if (strcmp(kind, "rdlease") == 0)
		return fcntl(fd, F_SETLEASE, F_RDLCK);
	if (strcmp(kind, "getlk") == 0)
		return lock_byte(fd, F_GETLK, F_WRLCK, at);
	fprintf(stderr, "locker: %s: no such kind\n", kind);
	exit(HELPER_FAILED);
}

static int unrequest(const char *kind, int fd)
{
	if (strcmp(kind, "posix") == 0)
		return lock_byte(fd, F_SETLK, F_UNLCK, 0);
	if (strcmp(kind, "ofd") == 0)
		return lock_byte(fd, F_OFD_SETLK, F_UNLCK, 0);
	if (strcmp(kind, "flocknb") == 0)
		return flock(fd, LOCK_UN);
	if (strcmp(kind, "rdlease") == 0)
		return fcntl(fd, F_SETLEASE, F_UNLCK);
	fprintf(stderr, "locker: unlock: %s: posix, ofd, flocknb or rdlease\n", kind);
	exit(HELPER_FAILED);
}

static int answer(int result)
{
	int err = errno;

	if (result == 0) {
		puts("granted");
		return GRANTED;
	}
	if (err >= 512) {
		printf("errno %d leaked to user space\n", err);
		return LEAKED;
	}
	puts(strerrorname_np(err));
	return REFUSED;
}

static int open_for(const char *kind, const char *file)
{
	/* A read lease needs a file that nobody has open for writing. */
	int fd = open(file, strcmp(kind, "rdlease") == 0 ? O_RDONLY : O_RDWR);

	if (fd < 0)
		die(file);
	return fd;
}

static void pause_ms(long ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void wait_for_line(void)
{
	char line[64];

	if (!fgets(line, sizeof(line), stdin))
		exit(HELPER_FAILED);
}

static int lock_then_unlock(const char *kind, const char *file)
{
	int fd = open_for(kind, file);

	if (request(kind, fd, 0) < 0)
		return answer(-1);
	puts("locked");
	fflush(stdout);
	wait_for_line();
	if (unrequest(kind, fd) < 0)
		return answer(-1);
	puts("unlocked");
	return GRANTED;
}

static int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : HELPER_FAILED;
}

/* The open itself may be what is refused. */
static int try_opened(const char *kind, int fd)
{
	return answer(fd < 0 ? -1 : request(kind, fd, 0));
}

static int try_reopened(const char *kind, const char *file)
{
	char again[32];
	int fd = open(file, O_PATH);

	if (fd < 0)
		die(file);
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	return try_opened(kind, open(again, O_RDWR));
}

static int try_by_handle(const char *kind, const char *file)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} h = {.head.handle_bytes = MAX_HANDLE_SZ};
	int mount_id, fd = open(file, O_PATH);
	const char *slash = strrchr(file, '/');
	char folder[PATH_MAX];

	if (!slash)
		die("handle: a path with a / is expected");
	/* Any descriptor of that mount leads to the file; one with O_PATH does not count. */
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - file), file);
	if (fd < 0 || name_to_handle_at(fd, "", &h.head, &mount_id, AT_EMPTY_PATH))
		die("name_to_handle_at");
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return answer(-1);
	return try_opened(kind, open_by_handle_at(fd, &h.head, O_RDWR));
}

static int try_over_socket(const char *kind, const char *file)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {};
	char byte = 'x';
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	int pair[2], fd;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		die("socketpair");
	child = fork();
	if (child == 0) {
		if (recvmsg(pair[1], &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
			die("recvmsg");
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
		exit(answer(request(kind, fd, 0)));
	}
	fd = open_for(kind, file);
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	if (sendmsg(pair[0], &msg, 0) != 1)
		die("sendmsg");
	close(fd);
	return wait_for(child);
}

static int try_in_grandchild(const char *kind, const char *file)
{
	int fd = open_for(kind, file);
	pid_t child = fork();

	if (child == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0)
			exit(answer(request(kind, fd, 0)));
		_exit(wait_for(grandchild));
	}
	return wait_for(child);
}

/* ---- threads ---- */

struct worker {
	pthread_t thread;
	const char *kind;
	int fd;
	long at;
	int err;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	w->err = request(w->kind, w->fd, w->at) ? errno : 0;
	return NULL;
}

static int try_in_threads(const char *kind, const char *file, int n)
{
	struct worker *w = calloc((size_t)n, sizeof(*w));
	int bad = 0;

	for (int i = 0; i < n; i++) {
		w[i] = (struct worker){.kind = kind, .fd = open_for(kind, file), .at = i};
		if (pthread_create(&w[i].thread, NULL, work, &w[i]))
			die("pthread_create");
	}
	for (int i = 0; i < n; i++) {
		pthread_join(w[i].thread, NULL);
		if (w[i].err) {
			printf("thread %d: errno %d\n", i, w[i].err);
			bad++;
		}
	}
	printf("%d of %d granted\n", n - bad, n);
	return bad ? REFUSED : GRANTED;
}

/* ---- a thread that does something while others are held ---- */

static struct {
	int left, granted, asked;
	pthread_barrier_t there;
} all;

static void *work_and_tell(void *arg)
{
	/* The first that is held stops all of them: not one that is not there. */
	pthread_barrier_wait(&all.there);
	work(arg);
	__atomic_add_fetch(&all.granted, !((struct worker *)arg)->err, __ATOMIC_RELAXED);
	/* Whoever is last: the main thread may have left. */
	if (__atomic_sub_fetch(&all.left, 1, __ATOMIC_ACQ_REL) == 0) {
		printf("%d of %d granted\n", all.granted, all.asked);
		fflush(stdout);
	}
	return NULL;
}

static void start_threads(struct worker *w, const char *file, int n)
{
	all.left = all.asked = n;
	pthread_barrier_init(&all.there, NULL, (unsigned int)n + 1);
	for (int i = 0; i < n; i++) {
		w[i] = (struct worker){.kind = "ofdw", .fd = open_for("ofdw", file), .at = i};
		if (pthread_create(&w[i].thread, NULL, work_and_tell, &w[i]))
			die("pthread_create");
	}
	pthread_barrier_wait(&all.there);
}

static void act(const char *action)
{
	if (strcmp(action, "fork") == 0) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		printf("child ended with %d\n", wait_for(child));
		fflush(stdout);
		raise(SIGSTOP);
	} else if (strcmp(action, "exec") == 0) {
		execlp("true", "true", NULL);
		die("exec");
	} else if (strcmp(action, "exit") == 0) {
		_exit(0);
	} else if (strcmp(action, "say") == 0) {
		printf("the main thread goes on\n");
		fflush(stdout);
	} else {
		pthread_exit(NULL);
	}
}

static int beside_held(const char *action, const char *file, int n)
{
	struct worker *w = calloc((size_t)n, sizeof(*w));
	static const struct timespec half_a_second = {.tv_nsec = 500000000};
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	start_threads(w, file, n);
	do /* WatchdogSec=; of no effect without $NOTIFY_SOCKET */
		sd_notify(0, "WATCHDOG=1");
	while (sigtimedwait(&usr1, NULL, &half_a_second) < 0);
	act(action);
	for (int i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	return all.granted == n ? GRANTED : REFUSED;
}

static int race(const char *file, int rounds, int step_ms)
{
	static const char *const actions[] = {"fork", "exec", "exit", "leave"};

	for (int i = 0; i < rounds; i++) {
		pid_t child = fork();

		if (child == 0) {
			struct worker w[3];

			start_threads(w, file, 3);
			act(actions[i % 4]);
			pause();
		}
		pause_ms(i / 4L % 8 * step_ms);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	printf("%d rounds\n", rounds);
	return GRANTED;
}

/* ---- very many processes ---- */

static int crowd(const char *file, int n, bool asleep)
{
	/* A file's descriptor, which all have, is the owner of all OFD locks: had
	 * they neighbours of their own they would be joined. */
	static const int cmds[] = {F_SETLK, F_OFD_SETLK, F_SETLKW, F_OFD_SETLKW};
	int fd = open(file, O_RDONLY), go[2], status, granted = 0, refused = 0;
	enum { NO_ANSWER, YES, NO };
	volatile char *answers =
		mmap(NULL, (size_t)n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t *children = calloc((size_t)n, sizeof(*children));

	if (fd < 0 || answers == MAP_FAILED || !children || pipe(go) < 0)
		die("crowd");
	for (int i = 0; i < n; i++) {
		pid_t child = fork();
		char end;

		if (child < 0)
			die("fork");
		if (child) {
			children[i] = child;
			continue;
		}
		close(go[1]);
		answers[i] = lock_byte(fd, cmds[i % 4], F_RDLCK, i) ? NO : YES;
		_exit(read(go[0], &end, 1) != 0);
	}
	/* Each by its pid: to wait for any looks at all of them every time. */
	for (int i = 0; i < n && !asleep; i++)
		if (waitpid(children[i], &status, WUNTRACED) < 0 || !WIFSTOPPED(status))
			die("a process of the crowd ended");
	printf("%s %d\n", asleep ? "forked" : "stopped", n);
	fflush(stdout);
	for (int i = 0; i < n; i++) {
		while (answers[i] == NO_ANSWER)
			pause_ms(1);
		granted += answers[i] == YES;
		refused += answers[i] == NO;
	}
	printf("granted %d refused %d\n", granted, refused);
	fflush(stdout);
	wait_for_line();
	close(go[1]);
	for (int i = 0; i < n; i++)
		if (wait_for(children[i]))
			die("a process of the crowd did not end well");
	printf("ended %d\n", n);
	return refused ? REFUSED : GRANTED;
}

/* ---- alarm(2) ---- */

static void on_alarm(int sig)
{
	static const char text[] = "alarm\n";

	(void)sig;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(HELPER_FAILED);
}

static int with_alarm(const char *how, const char *kind, const char *file, unsigned int seconds)
{
	const struct sigaction handler = {.sa_handler = on_alarm}; /* no SA_RESTART */
	int fd = open_for(kind, file);

	if (strcmp(how, "handler") == 0)
		sigaction(SIGALRM, &handler, NULL);
	alarm(seconds);
	return answer(request(kind, fd, 0));
}

/* ---- an end client's application, and the one that steals ---- */

/* One process a lock: on Linux a process that lost one lock of a file gets EIO
 * for all of it, so one process could not tell how many were lost. And not by way
 * of the page cache: what could not be written back is an error of the file, which
 * fsync(2) tells every process that has it open, those that kept their lock too.
 * Answers with an errno. */
static void hold_one(const char *file, long at, int from, int to)
{
	int fd = open(file, O_RDWR | O_DIRECT), err = 0;
	char ask;

	if (fd < 0 || lock_byte(fd, F_SETLK, F_WRLCK, at) < 0)
		err = errno;
	if (write(to, &err, sizeof(err)) != sizeof(err))
		_exit(1);
	while (read(from, &ask, 1) == 1) {
		err = 0;
		if (pwrite(fd, "w", 1, at) != 1)
			err = errno;
		if (write(to, &err, sizeof(err)) != sizeof(err))
			break;
	}
	_exit(0);
}

/* Ask each of them, or hear what became of its lock; how many said no. */
static int ask_all(int (*pipes)[2], int n, bool to_write)
{
	int failed = 0;

	for (int i = 0; i < n; i++) {
		int err = EPIPE;

		if (to_write && write(pipes[i][1], "w", 1) != 1)
			err = errno;
		else if (read(pipes[i][0], &err, sizeof(err)) != sizeof(err))
			err = EPIPE;
		if (err) {
			printf("%s byte %d: errno %d\n", to_write ? "write" : "lock", i, err);
			failed++;
		}
	}
	return failed;
}

static int hold(const char *file, int n)
{
	int(*pipes)[2] = calloc((size_t)n, sizeof(*pipes)), fd = open(file, O_RDWR | O_CREAT, 0666);
	char line[64];

	if (fd < 0)
		die(file);
	close(fd);
	for (int i = 0; i < n; i++) {
		int down[2], up[2];

		if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
			die("pipe");
		pipes[i][0] = up[0];
		pipes[i][1] = down[1];
		if (fork() == 0) {
			/* What ends the others' pipes is the parent alone. */
			for (int j = 0; j <= i; j++)
				close(pipes[j][1]);
			hold_one(file, i, down[0], up[1]);
		}
		close(down[0]);
		close(up[1]);
	}
	printf("locked %d\n", n - ask_all(pipes, n, false));
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n") != 0) {
		if (strcmp(line, "write\n") == 0)
			printf("written, %d failed\n", ask_all(pipes, n, true));
		fflush(stdout);
	}
	return 0;
}

/* " at TIME": seconds of the wall clock, to a microsecond. */
static void print_at(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	printf(" at %lld.%06ld\n", (long long)t.tv_sec, t.tv_nsec / 1000);
	fflush(stdout);
}

static int grab(const char *file, int n, int seconds)
{
	/* -1: got it. Else the last errno. */
	int *state = calloc((size_t)n, sizeof(*state)), fd = -1, have = 0, round = 0;
	time_t end = time(NULL) + seconds;

	while (time(NULL) < end && have < n) {
		if (fd < 0)
			fd = open(file, O_RDWR);
		for (int i = 0; fd >= 0 && i < n; i++) {
			if (state[i] == -1)
				continue;
			if (lock_byte(fd, F_SETLK, F_WRLCK, i) == 0) {
				state[i] = -1;
				printf("got %d of %d: byte %d", ++have, n, i);
				print_at();
			} else if (errno != state[i]) {
				state[i] = errno;
				if (errno != EAGAIN && errno != EACCES) {
					printf("byte %d: errno %d", i, errno);
					print_at();
				}
			}
		}
		if (fd >= 0) {
			printf("round %d", ++round);
			print_at();
		}
		pause_ms(100);
	}
	printf("end: got %d of %d\n", have, n);
	fflush(stdout);
	/* Keep them until told otherwise. */
	if (have)
		pause();
	return 0;
}

static int stamp(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char text[64];
	ssize_t n;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("bind");
	puts("stamping");
	fflush(stdout);
	while ((n = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		printf("%s", text);
		print_at();
	}
	die("recv");
	return HELPER_FAILED;
}

static int wait_all(const char *file, int n)
{
	int fd = open(file, O_RDWR);

	if (fd < 0)
		die(file);
	for (int i = 0; i < n; i++)
		if (lock_byte(fd, F_SETLKW, F_WRLCK, i) < 0)
			return answer(-1);
	printf("got %d of %d\n", n, n);
	return GRANTED;
}

static int notified(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char text[512];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ssize_t n;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die(path);
	while ((n = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		text[n] = '\0';
		if (strstr(text, "READY=1")) {
			puts(text);
			return GRANTED;
		}
	}
	die("recv");
	return HELPER_FAILED;
}

/* ---- stress ---- */

static struct tally {
	unsigned long calls, errors, leaks;
	int last_errno;
} * tallies;
static const char *stop_file;

static void lock_until_stopped(const char *file, int id)
{
	struct tally *t = &tallies[id];
	int fd = open(file, O_RDWR);

	if (fd < 0)
		die(file);
	/* A held call delays the look at the stop file, and is counted all the
	 * same: a worker ends only between calls. */
	while (access(stop_file, F_OK) < 0) {
		/* Blocking and not, in turns. */
		if (lock_byte(fd, t->calls % 2 ? F_SETLK : F_SETLKW, F_WRLCK, id) < 0) {
			t->errors++;
			t->leaks += errno >= 512;
			t->last_errno = errno;
		} else if (lock_byte(fd, F_SETLK, F_UNLCK, id) < 0) {
			t->errors++;
			t->last_errno = errno;
		}
		t->calls++;
	}
	close(fd);
}

struct stress_thread {
	pthread_t thread;
	const char *file;
	int id;
};

static void *stress_work(void *arg)
{
	const struct stress_thread *s = arg;

	lock_until_stopped(s->file, s->id);
	return NULL;
}

static int stress(const char *dir, int threads, int procs, const char *stop)
{
	struct stress_thread *s = calloc((size_t)threads, sizeof(*s));
	pid_t *children = calloc((size_t)procs, sizeof(*children)), owner;
	struct tally sum = {};
	char file[4096];
	int fd, idle = 0;

	stop_file = stop;
	snprintf(file, sizeof(file), "%s/stress", dir);
	fd = open(file, O_RDWR | O_CREAT, 0666);
	if (fd < 0)
		die(file);
	close(fd);
	tallies = mmap(NULL, sizeof(*tallies) * (size_t)(threads + procs), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < procs; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			lock_until_stopped(file, threads + i);
			_exit(0);
		}
	}
	/* All threads in one process: it stops and continues whole. POSIX locks
	 * belong to the process, so closing one descriptor drops all; each keeps
	 * its own open until it ends. */
	owner = fork();
	if (owner == 0) {
		for (int i = 0; i < threads; i++) {
			s[i] = (struct stress_thread){.file = file, .id = i};
			if (pthread_create(&s[i].thread, NULL, stress_work, &s[i]))
				die("pthread_create");
		}
		for (int i = 0; i < threads; i++)
			pthread_join(s[i].thread, NULL);
		_exit(0);
	}
	printf("started\n");
	fflush(stdout);
	if (wait_for(owner))
		sum.errors++;
	for (int i = 0; i < procs; i++)
		if (wait_for(children[i]))
			sum.errors++;
	for (int i = 0; i < threads + procs; i++) {
		sum.calls += tallies[i].calls;
		sum.errors += tallies[i].errors;
		sum.leaks += tallies[i].leaks;
		if (tallies[i].last_errno)
			sum.last_errno = tallies[i].last_errno;
		idle += tallies[i].calls == 0;
	}
	printf("calls %lu errors %lu leaks %lu last_errno %d idle %d\n", sum.calls, sum.errors,
	       sum.leaks, sum.last_errno, idle);
	return sum.errors || sum.leaks ? REFUSED : GRANTED;
}

static int ranges(const char *file)
{
	int fd = open(file, O_RDWR | O_CREAT, 0666);
	long long start, length;
	char line[64], type;

	if (fd < 0)
		die(file);
	puts("opened");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n") != 0) {
		struct flock l = {.l_whence = SEEK_SET};
		const char *answer;
		int err;

		if (sscanf(line, "%c %lld %lld", &type, &start, &length) != 3 ||
		    !strchr("rwut", type)) {
			errno = EINVAL;
			die(line);
		}
		l.l_type = type == 'r' ? F_RDLCK : type == 'u' ? F_UNLCK : F_WRLCK;
		l.l_start = start;
		l.l_len = length;
		err = fcntl(fd, type == 't' ? F_GETLK : F_SETLK, &l) < 0 ? errno : 0;
		answer = err	       ? strerror(err)
			 : type != 't' ? "granted"
				       : (l.l_type == F_UNLCK ? "free" : "taken");
		printf("%c %lld %lld: %s\n", type, start, length, answer);
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "", *a = argc > 2 ? argv[2] : "",
		   *b = argc > 3 ? argv[3] : "";

	if (strcmp(verb, "try") == 0 && argc == 4)
		return answer(request(a, open_for(a, b), 0));
	if (strcmp(verb, "try-fd") == 0 && argc == 4)
		return answer(request(a, atoi(b), 0));
	if (strcmp(verb, "unlock") == 0 && argc == 4)
		return lock_then_unlock(a, b);
	if (strcmp(verb, "wait-then") == 0 && argc == 4) {
		int fd = open_for(a, b);

		puts("opened");
		fflush(stdout);
		wait_for_line();
		return answer(request(a, fd, 0));
	}
	if (strcmp(verb, "pass-fd") == 0 && argc == 4)
		return try_over_socket(a, b);
	if (strcmp(verb, "fork") == 0 && argc == 4)
		return try_in_grandchild(a, b);
	if (strcmp(verb, "reopen") == 0 && argc == 4)
		return try_reopened(a, b);
	if (strcmp(verb, "handle") == 0 && argc == 4)
		return try_by_handle(a, b);
	if (strcmp(verb, "threads") == 0 && argc == 5)
		return try_in_threads(a, b, atoi(argv[4]));
	if (strcmp(verb, "beside") == 0 && argc == 5)
		return beside_held(a, b, atoi(argv[4]));
	if (strcmp(verb, "race") == 0 && argc == 5)
		return race(a, atoi(b), atoi(argv[4]));
	if (strcmp(verb, "crowd") == 0 && (argc == 4 || argc == 5))
		return crowd(a, atoi(b), argc == 5 && strcmp(argv[4], "asleep") == 0);
	if (strcmp(verb, "alarm") == 0 && argc == 6)
		return with_alarm(a, b, argv[4], (unsigned int)atoi(argv[5]));
	if (strcmp(verb, "hold") == 0 && argc == 4)
		return hold(a, atoi(b));
	if (strcmp(verb, "grab") == 0 && argc == 5)
		return grab(a, atoi(b), atoi(argv[4]));
	if (strcmp(verb, "ranges") == 0 && argc == 3)
		return ranges(a);
	if (strcmp(verb, "stamp") == 0 && argc == 3)
		return stamp(atoi(a));
	if (strcmp(verb, "wait-all") == 0 && argc == 4)
		return wait_all(a, atoi(b));
	if (strcmp(verb, "notify") == 0 && argc == 3)
		return notified(a);
	if (strcmp(verb, "stress") == 0 && argc == 6)
		return stress(a, atoi(b), atoi(argv[4]), argv[5]);
	fprintf(stderr, "locker: see the top of tests/helpers/locker.c for the verbs\n");
	return HELPER_FAILED;
}
