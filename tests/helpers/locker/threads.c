// SPDX-License-Identifier: GPL-2.0-only
/* Verbs of one process with threads, of which one may do something while others are held. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "locker.h"

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

int try_in_threads(const char *kind, const char *file, int n)
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

int beside_held(const char *action, const char *file, int n)
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

int race(const char *file, int rounds, int step_ms)
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
