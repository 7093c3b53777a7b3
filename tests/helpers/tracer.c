// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes happen, by ptrace(2) and clone3(2), what otherwise takes luck:
 *
 *   call PID KIND FILE   has process PID open FILE, ask for a lock (KIND: posix
 *                        or posixw) and close it; says "granted" or the errno's
 *                        name. PID goes on where it was.
 *   at-pidfd COMMAND...  runs it and stops it where it first calls
 *                        pidfd_open(2). Says so, waits for a line on stdin, and
 *                        lets it go on; ends with its status.
 *   alone TID...         one by one: the thread, whose process is stopped, runs
 *                        while the others stay stopped, until it stops by a
 *                        SIGSTOP of its own or has ended
 *   as PID               a process with that pid, which stops itself. Says
 *                        "stopped" and waits for a line on stdin, then ends it.
 *
 * x86-64 only, like all of this.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "tracer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long trace(enum __ptrace_request request, pid_t pid, unsigned long at, void *data)
{
	long result = ptrace(request, pid, at, data);

	if (result < 0)
		die("ptrace");
	return result;
}

static int wait_stop(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) < 0 || !WIFSTOPPED(status))
		die("waitpid: not stopped");
	return WSTOPSIG(status);
}

static void wait_for_line(const char *say)
{
	char line[64];

	puts(say);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(1);
}

/* ---- call ---- */

static void poke(pid_t pid, unsigned long at, const void *from, size_t size)
{
	struct iovec near = {.iov_base = (void *)from, .iov_len = size};
	struct iovec far = {.iov_base = (void *)at, .iov_len = size};

	if (process_vm_writev(pid, &near, 1, &far, 1, 0) != (ssize_t)size)
		die("process_vm_writev");
}

/* Signals that came for it meanwhile: sent again afterwards. */
static unsigned long postponed;

/* One system call in the traced process, at whose `base.rip` there is now
 * "syscall; int3". */
static long call(pid_t pid, const struct user_regs_struct *base, long nr, unsigned long a,
		 unsigned long b, unsigned long c, unsigned long d)
{
	struct user_regs_struct regs = *base;

	regs.rax = (unsigned long)nr;
	regs.orig_rax = (unsigned long)-1; /* nothing to restart */
	regs.rdi = a;
	regs.rsi = b;
	regs.rdx = c;
	regs.r10 = d;
	trace(PTRACE_SETREGS, pid, 0, &regs);
	for (;;) {
		int sig;

		trace(PTRACE_CONT, pid, 0, NULL);
		sig = wait_stop(pid);
		if (sig == SIGTRAP)
			break;
		postponed |= 1UL << sig;
	}
	trace(PTRACE_GETREGS, pid, 0, &regs);
	if (regs.rip != base->rip + 3) {
		fprintf(stderr, "tracer: it stopped elsewhere\n");
		exit(1);
	}
	return (long)regs.rax;
}

/*
 * The registers as they were are put back in a stop for a signal (int3's
 * SIGTRAP, which is not delivered): on the way out of it the kernel looks at
 * them again and restarts the system call that was interrupted.
 */
static int call_in(pid_t pid, const char *kind, const char *file)
{
	const struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	const unsigned long code = 0xcc050f; /* syscall; int3 */
	struct user_regs_struct regs;
	unsigned long was, room;
	long fd, result;

	trace(PTRACE_SEIZE, pid, 0, NULL);
	trace(PTRACE_INTERRUPT, pid, 0, NULL);
	wait_stop(pid);
	trace(PTRACE_GETREGS, pid, 0, &regs);
	errno = 0;
	was = (unsigned long)ptrace(PTRACE_PEEKTEXT, pid, regs.rip, NULL);
	if (errno)
		die("PTRACE_PEEKTEXT");
	room = (regs.rsp - 8192) & ~15UL; /* well below the red zone */
	poke(pid, room, &l, sizeof(l));
	poke(pid, room + sizeof(l), file, strlen(file) + 1);
	trace(PTRACE_POKETEXT, pid, regs.rip, (void *)((was & ~0xffffffUL) | code));

	fd = call(pid, &regs, SYS_openat, (unsigned long)AT_FDCWD, room + sizeof(l),
		  O_RDWR | O_CLOEXEC, 0);
	result = fd;
	if (fd >= 0) {
		result = call(pid, &regs, SYS_fcntl, (unsigned long)fd,
			      strcmp(kind, "posixw") == 0 ? F_SETLKW : F_SETLK, room, 0);
		call(pid, &regs, SYS_close, (unsigned long)fd, 0, 0, 0);
	}

	trace(PTRACE_POKETEXT, pid, regs.rip, (void *)was);
	trace(PTRACE_SETREGS, pid, 0, &regs);
	trace(PTRACE_DETACH, pid, 0, NULL);
	for (int sig = 1; sig < 64; sig++)
		if (postponed & 1UL << sig)
			kill(pid, sig);
	if (fd < 0) {
		errno = (int)-fd;
		die(file);
	}
	if (result < 0 && result > -4096 && strerrorname_np((int)-result))
		puts(strerrorname_np((int)-result));
	else if (result)
		printf("result %ld\n", result);
	else
		puts("granted");
	return 0;
}

/* ---- at-pidfd ---- */

static int at_pidfd(char **argv)
{
	struct user_regs_struct regs;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(127);
		execvp(argv[0], argv);
		_exit(127);
	}
	wait_stop(pid); /* at its exec */
	trace(PTRACE_SETOPTIONS, pid, 0, (void *)PTRACE_O_TRACESYSGOOD);
	do {
		trace(PTRACE_SYSCALL, pid, 0, NULL);
		if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status)) {
			fprintf(stderr, "tracer: %s ended before\n", argv[0]);
			return 1;
		}
		trace(PTRACE_GETREGS, pid, 0, &regs);
	} while (WSTOPSIG(status) != (SIGTRAP | 0x80) || regs.orig_rax != SYS_pidfd_open);
	wait_for_line("at pidfd_open");
	trace(PTRACE_DETACH, pid, 0, NULL);
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- alone ---- */

static int is_zombie(pid_t tid)
{
	char path[64], text[512] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	f = fopen(path, "r");
	if (!f)
		return 1;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return strstr(text, ") Z ") != NULL;
}

/*
 * A traced thread in group-stop runs when told to go on; the group stays
 * stopped, and when the tracer is gone the thread stops again. A main thread
 * that ended before the others is not reported.
 */
static void alone(pid_t tid)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	int status, sig, own = 0;

	trace(PTRACE_SEIZE, tid, 0, NULL);
	for (;;) {
		pid_t got = waitpid(tid, &status, __WALL | WNOHANG);

		if (got < 0)
			die("waitpid");
		if (got == 0 && is_zombie(tid))
			return;
		if (got == 0) {
			nanosleep(&ms, NULL);
			continue;
		}
		if (!WIFSTOPPED(status))
			return;
		sig = WSTOPSIG(status);
		if (status >> 16) /* a stop of the group, nothing to deliver */
			sig = 0;
		if (own)
			break;
		own = sig == SIGSTOP;
		trace(PTRACE_CONT, tid, 0, (void *)(long)sig);
	}
	trace(PTRACE_DETACH, tid, 0, NULL);
}

/* ---- as ---- */

static int as_pid(pid_t wanted)
{
	struct clone_args args = {.exit_signal = SIGCHLD,
				  .set_tid = (uint64_t)(uintptr_t)&wanted,
				  .set_tid_size = 1};
	const struct timespec ms = {.tv_nsec = 1000000};
	pid_t pid;

	/* Until the one who had it is gone. */
	for (int i = 0; i < 10000; i++) {
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
		if (pid >= 0 || errno != EEXIST)
			break;
		nanosleep(&ms, NULL);
	}
	if (pid < 0)
		die("clone3");
	if (pid == 0) {
		kill(wanted, SIGSTOP);
		_exit(0);
	}
	if (waitpid(pid, NULL, WUNTRACED) < 0)
		die("waitpid");
	wait_for_line("stopped");
	kill(pid, SIGKILL);
	return waitpid(pid, NULL, 0) < 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "call") == 0 && argc == 5)
		return call_in((pid_t)atoi(argv[2]), argv[3], argv[4]);
	if (strcmp(verb, "at-pidfd") == 0 && argc > 2)
		return at_pidfd(argv + 2);
	if (strcmp(verb, "alone") == 0) {
		for (int i = 2; i < argc; i++)
			alone((pid_t)atoi(argv[i]));
		return 0;
	}
	if (strcmp(verb, "as") == 0 && argc == 3)
		return as_pid((pid_t)atoi(argv[2]));
	fprintf(stderr, "tracer: see the top of tests/helpers/tracer.c for the verbs\n");
	return 1;
}
