// SPDX-License-Identifier: GPL-2.0-only
#include "cli/outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MEANWHILE_MS 1000

int rg_outlet_open(struct rg_outlet *o, int fd, int stop_fd)
{
	struct stat st;

	*o = (struct rg_outlet){.fd = fd, .stop_fd = stop_fd};
	o->never_waits = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	o->buffer = malloc(RG_OUTLET_BUFFER);
	return o->buffer ? 0 : -ENOMEM;
}

/* Until it takes PIPE_BUF bytes without keeping us: 1; 0: not in time; -EINTR. O_NONBLOCK
 * would do the same, for everybody who shares the descriptor. */
static int wait(const struct rg_outlet *o, int timeout_ms)
{
	struct pollfd fds[] = {
		{.fd = o->fd, .events = POLLOUT},
		{.fd = o->stop_fd, .events = POLLIN},
	};
	int n = poll(fds, o->stop_fd < 0 ? 1 : 2, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	/* An error is told by write(2). */
	if (fds[0].revents)
		return 1;
	return fds[1].revents ? -EINTR : 0;
}

/* Out of the buffer, from its beginning. */
static void took(struct rg_outlet *o, size_t n)
{
	if (!n)
		return;
	o->in_line = o->buffer[n - 1] != '\n';
	o->used -= n;
	memmove(o->buffer, o->buffer + n, o->used);
}

/* What nobody takes; but for the rest of a line that was begun. */
static void leave_out(struct rg_outlet *o)
{
	char *from = o->buffer, *end = o->buffer + o->used;

	if (o->in_line)
		from = (char *)memchr(from, '\n', o->used) + 1;
	for (const char *at = from; at < end; at++)
		o->left_out += *at == '\n';
	o->used = (size_t)(from - o->buffer);
}

/* One write of what is there from `at` on. Bytes, or negative errno. */
static ssize_t write_some(const struct rg_outlet *o, size_t at)
{
	size_t n = o->used - at;
	ssize_t done;

	if (!o->never_waits && n > PIPE_BUF)
		n = PIPE_BUF;
	done = write(o->fd, o->buffer + at, n);
	if (done >= 0)
		return done;
	return errno == EINTR || errno == EAGAIN ? 0 : -errno;
}

int rg_outlet_flush(struct rg_outlet *o)
{
	size_t done = 0;
	int err = 0;

	while (!err && done < o->used) {
		ssize_t n;
		int ready = o->never_waits ? 1 : wait(o, o->hasty ? 0 : MEANWHILE_MS);

		if (ready < 0) {
			err = ready;
		} else if (ready) {
			n = write_some(o, done);
			if (n < 0)
				err = (int)n;
			else
				done += (size_t)n;
		} else if (o->hasty) {
			took(o, done);
			leave_out(o);
			return 0;
		} else if (o->meanwhile) {
			o->meanwhile(o->arg);
		}
	}
	took(o, done);
	return err;
}

int rg_outlet_add(struct rg_outlet *o, const char *line, size_t n)
{
	if (n > RG_OUTLET_BUFFER - o->used) {
		int err = rg_outlet_flush(o);

		if (n > RG_OUTLET_BUFFER - o->used) {
			o->left_out++;
			return err;
		}
	}
	memcpy(o->buffer + o->used, line, n);
	o->used += n;
	return 0;
}

static int left_ms(const struct timespec *end)
{
	struct timespec now;
	long ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
	return ms > 0 ? (int)ms : 0;
}

/* The last of it: nothing but time ends the waiting. */
static int drain(struct rg_outlet *o, int timeout_ms)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout_ms / 1000;
	end.tv_nsec += timeout_ms % 1000 * 1000000L;
	o->stop_fd = -1;
	while (o->used) {
		int ready = o->never_waits ? 1 : wait(o, left_ms(&end));
		ssize_t n;

		if (ready < 0)
			return ready;
		if (!ready && !left_ms(&end))
			return -ETIMEDOUT;
		n = ready ? write_some(o, 0) : 0;
		if (n < 0)
			return (int)n;
		took(o, (size_t)n);
	}
	return 0;
}

int rg_outlet_close(struct rg_outlet *o, int timeout_ms)
{
	int err = drain(o, timeout_ms);

	if (o->used) {
		o->in_line = false;
		leave_out(o);
	}
	free(o->buffer);
	o->buffer = NULL;
	return err;
}
