// SPDX-License-Identifier: GPL-2.0-only
#include "state/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct job {
	rg_write_file *write; /* NULL: a free place */
	char dir[PATH_MAX], name[NAME_MAX + 1];
	int dir_fd;
	void *bytes; /* NULL: written; `err` is the result, until it is returned */
	size_t n;
	int err;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool runs, ends, writing;
	unsigned int failed;
	time_t since; /* start of the current write, CLOCK_MONOTONIC */
	struct job jobs[RG_WRITER_FILES];
} w = {.lock = PTHREAD_MUTEX_INITIALIZER};

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static struct job *next_job(void)
{
	for (int i = 0; i < RG_WRITER_FILES; i++)
		if (w.jobs[i].bytes)
			return &w.jobs[i];
	return NULL;
}

/* Writes one file. The caller holds the lock, which is released during the write. */
static void write_one(struct job *at)
{
	static struct job job; /* only this thread writes */

	job = *at;
	at->bytes = NULL;
	at->dir_fd = -1;
	w.writing = true;
	w.since = now();
	pthread_mutex_unlock(&w.lock);
	job.err = job.write(job.dir, job.dir_fd, job.name, job.bytes, job.n);
	free(job.bytes);
	if (job.dir_fd >= 0)
		close(job.dir_fd);
	pthread_mutex_lock(&w.lock);
	w.writing = false;
	if (job.err) {
		at->err = job.err;
		w.failed++;
	}
}

static void *work(void *arg)
{
	struct job *job;

	(void)arg;
	pthread_mutex_lock(&w.lock);
	for (;;) {
		job = next_job();
		if (job) {
			write_one(job);
			continue;
		}
		pthread_cond_broadcast(&w.changed);
		if (w.ends)
			break;
		pthread_cond_wait(&w.changed, &w.lock);
	}
	w.runs = false;
	pthread_cond_broadcast(&w.changed);
	pthread_mutex_unlock(&w.lock);
	return NULL;
}

int rg_writer_start(void)
{
	pthread_condattr_t attr;
	int err = pthread_condattr_init(&attr);

	if (!err)
		err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC)
			      ?: pthread_cond_init(&w.changed, &attr);
	if (err)
		return -err;
	for (int i = 0; i < RG_WRITER_FILES; i++)
		w.jobs[i] = (struct job){.dir_fd = -1};
	w.ends = false;
	w.runs = true;
	err = pthread_create(&w.thread, NULL, work, NULL);
	w.runs = !err;
	return -err;
}

bool rg_writer_takes(void)
{
	bool takes;

	pthread_mutex_lock(&w.lock);
	takes = w.runs && !w.ends && !pthread_equal(pthread_self(), w.thread);
	pthread_mutex_unlock(&w.lock);
	return takes;
}

/* Returns the place of this file, or a free one. */
static struct job *job_of(const char *dir, const char *name)
{
	struct job *free_one = NULL;

	for (int i = 0; i < RG_WRITER_FILES; i++) {
		struct job *job = &w.jobs[i];

		if (job->write && strcmp(job->name, name) == 0 && strcmp(job->dir, dir) == 0)
			return job;
		if (!free_one && (!job->write || (!job->bytes && !job->err)))
			free_one = job;
	}
	return free_one;
}

int rg_writer_put(rg_write_file *write, const char *dir, int dir_fd, const char *name,
		  const void *bytes, size_t n)
{
	void *copy = malloc(n ?: 1);
	struct job *job;
	int err = 0;

	if (!copy) {
		pthread_mutex_lock(&w.lock);
		w.failed++;
		pthread_mutex_unlock(&w.lock);
		return -ENOMEM;
	}
	memcpy(copy, bytes, n);
	pthread_mutex_lock(&w.lock);
	job = job_of(dir, name);
	if (!job || strlen(dir) >= sizeof(job->dir) || strlen(name) >= sizeof(job->name)) {
		w.failed++;
		pthread_mutex_unlock(&w.lock);
		free(copy);
		return -ENOSPC;
	}
	if (job->write && strcmp(job->name, name) == 0 && strcmp(job->dir, dir) == 0)
		err = job->err;
	free(job->bytes);
	if (job->dir_fd >= 0)
		close(job->dir_fd);
	job->write = write;
	snprintf(job->dir, sizeof(job->dir), "%s", dir);
	snprintf(job->name, sizeof(job->name), "%s", name);
	job->dir_fd = dir_fd < 0 ? -1 : fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	job->bytes = copy;
	job->n = n;
	job->err = 0;
	pthread_cond_broadcast(&w.changed);
	pthread_mutex_unlock(&w.lock);
	return err;
}

int rg_writer_result(const char *dir, const char *name)
{
	int err = 0;

	pthread_mutex_lock(&w.lock);
	for (int i = 0; i < RG_WRITER_FILES; i++) {
		struct job *job = &w.jobs[i];

		if (job->write && strcmp(job->name, name) == 0 && strcmp(job->dir, dir) == 0) {
			err = job->err;
			job->err = 0;
		}
	}
	pthread_mutex_unlock(&w.lock);
	return err;
}

unsigned int rg_writer_failed(void)
{
	unsigned int failed;

	pthread_mutex_lock(&w.lock);
	failed = w.failed;
	pthread_mutex_unlock(&w.lock);
	return failed;
}

unsigned int rg_writer_waits_s(void)
{
	unsigned int s;

	pthread_mutex_lock(&w.lock);
	s = w.runs && w.writing ? (unsigned int)(now() - w.since) : 0;
	pthread_mutex_unlock(&w.lock);
	return s;
}

bool rg_writer_stop(unsigned int seconds)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&w.lock);
	if (!w.runs) {
		pthread_mutex_unlock(&w.lock);
		return true;
	}
	w.ends = true;
	pthread_cond_broadcast(&w.changed);
	while (w.runs && pthread_cond_timedwait(&w.changed, &w.lock, &until) == 0)
		;
	ended = !w.runs;
	pthread_mutex_unlock(&w.lock);
	if (ended)
		pthread_join(w.thread, NULL);
	return ended;
}
