// SPDX-License-Identifier: GPL-2.0-only
/* Verbs of many processes: a crowd that asks once, and workers that lock and unlock until they are
 * told to stop. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "locker.h"

int crowd(const char *file, int n, bool asleep)
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

int stress(const char *dir, int threads, int procs, const char *stop)
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
