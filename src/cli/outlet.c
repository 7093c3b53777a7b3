// SPDX-License-Identifier: GPL-2.0-only
#include "cli/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MEANWHILE_MS 1000
#define A_LITTLE_MS 10

/* Open a terminal anew to write without blocking: O_NONBLOCK on fd would affect every process
 * that shares it. */
static int open_anew(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int rg_outlet_open(struct rg_outlet *o, int fd, int stop_fd)
{
	struct stat st;

	*o = (struct rg_outlet){.fd = fd, .stop_fd = stop_fd, .own_fd = -1};
	o->never_waits = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	o->buffer = malloc(RG_OUTLET_BUFFER);
	if (!o->buffer)
		return -ENOMEM;
	if (isatty(fd))
		o->own_fd = open_anew(fd);
	if (o->own_fd >= 0)
		o->fd = o->own_fd;
	return 0;
}

static __u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u64)now.tv_sec * 1000 + (__u64)now.tv_nsec / 1000000;
}

void rg_outlet_hurry(struct rg_outlet *o, int timeout_ms)
{
	o->stop_fd = -1;
	o->until_ms = now_ms() + (__u64)timeout_ms;
}

static int timeout_of(const struct rg_outlet *o)
{
	__u64 now = o->until_ms ? now_ms() : 0;

	if (o->hasty || (o->until_ms && now >= o->until_ms))
		return 0;
	return o->until_ms && o->until_ms - now < MEANWHILE_MS ? (int)(o->until_ms - now)
							       : MEANWHILE_MS;
}

/* Waits until the descriptor takes PIPE_BUF bytes without blocking. Returns 1; 0: not in time;
 * -EINTR or -ETIMEDOUT: stop waiting. */
static int wait(const struct rg_outlet *o)
{
	struct pollfd fds[] = {
		{.fd = o->fd, .events = POLLOUT},
		{.fd = o->stop_fd, .events = POLLIN}, /* poll(2) ignores -1 */
	};
	int n = o->never_waits ? 0 : poll(fds, 2, timeout_of(o));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	/* write(2) will report an error. */
	if (o->never_waits || fds[0].revents)
		return 1;
	if (fds[1].revents)
		return -EINTR;
	return o->until_ms && now_ms() >= o->until_ms ? -ETIMEDOUT : 0;
}

/* A terminal with room takes nothing if it has no room for both characters of a line's end. */
static int wait_a_little(const struct rg_outlet *o)
{
	struct pollfd stop = {.fd = o->stop_fd, .events = POLLIN};

	if (o->hasty)
		return 0;
	if (poll(&stop, 1, A_LITTLE_MS) > 0)
		return -EINTR;
	return o->until_ms && now_ms() >= o->until_ms ? -ETIMEDOUT : 0;
}

/* Removes bytes from the beginning of the buffer. */
static void consumed(struct rg_outlet *o, size_t n)
{
	if (!n)
		return;
	o->in_line = o->buffer[n - 1] != '\n';
	o->used -= n;
	memmove(o->buffer, o->buffer + n, o->used);
}

/* Drops the buffered lines, except for the rest of a line that was begun. */
static void leave_out(struct rg_outlet *o)
{
	char *from = o->buffer, *end = o->buffer + o->used;

	if (o->in_line)
		from = (char *)memchr(from, '\n', o->used) + 1;
	for (const char *at = from; at < end; at++)
		o->left_out += *at == '\n';
	o->used = (size_t)(from - o->buffer);
}

/* Writes once from `at` on. Returns the number of bytes or a negative errno. */
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
	int ready = 1;

	while (ready >= 0 && done < o->used) {
		ssize_t n = 0;

		ready = wait(o);
		if (ready > 0) {
			n = write_some(o, done);
			ready = n < 0 ? (int)n : n ? 1 : wait_a_little(o);
		}
		if (n > 0)
			done += (size_t)n;
		if (ready == 0 && o->hasty) {
			consumed(o, done);
			leave_out(o);
			return 0;
		}
		if (ready == 0 && o->meanwhile)
			o->meanwhile(o->arg);
	}
	consumed(o, done);
	return ready < 0 ? ready : 0;
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

int rg_outlet_close(struct rg_outlet *o, int timeout_ms)
{
	int err;

	o->hasty = false; /* this write is the last */
	err = rg_outlet_flush(o);
	if (err == -EINTR) {
		rg_outlet_hurry(o, timeout_ms);
		err = rg_outlet_flush(o);
	}
	if (o->used) {
		o->in_line = false;
		leave_out(o);
	}
	if (o->own_fd >= 0)
		close(o->own_fd);
	free(o->buffer);
	o->buffer = NULL;
	return err;
}
