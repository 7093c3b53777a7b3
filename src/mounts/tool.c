// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/types.h>

extern char **environ;

static __s64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Starts the program from PATH, /usr/sbin or /sbin. Returns 0 or an errno. */
static int spawn_from_path(const char *const *argv, const posix_spawn_file_actions_t *files,
			   const posix_spawnattr_t *attr, pid_t *pid)
{
	static const char *const dirs[] = {"", "/usr/sbin/", "/sbin/"};
	int found = ENOENT;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		char name[256];

		snprintf(name, sizeof(name), "%s%s", dirs[i], argv[0]);
		found = posix_spawnp(pid, name, files, attr, (char *const *)argv, environ);
		/* EACCES may be about a directory in PATH. */
		if (found != ENOENT && found != ENOTDIR && found != EACCES)
			break;
	}
	return found == ENOTDIR ? ENOENT : found;
}

/* Starts it in a process group of its own, with default signals. Returns 0 or a negative
 * errno. */
static int spawn(const char *const *argv, int to, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawnattr_init(&attr))
		return -ENOMEM;
	if (posix_spawn_file_actions_init(&files)) {
		posix_spawnattr_destroy(&attr);
		return -ENOMEM;
	}
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	/* Duplicate `to` first: it may be descriptor 0 or 2. */
	if (posix_spawn_file_actions_adddup2(&files, to, STDOUT_FILENO) ||
	    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
	    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0))
		err = -ENOMEM;
	else
		err = -spawn_from_path(argv, &files, &attr, pid);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return err;
}

/* Reads the pipe until the process has ended. Returns 0, -ETIMEDOUT, -EFBIG or -ENOMEM, with
 * what was read so far. */
static int hear(int pipe, int pidfd, int ms, size_t max, char **bytes, size_t *n)
{
	__s64 deadline = now_ms() + ms;
	size_t room = 0;
	bool gone = false;

	for (;;) {
		struct pollfd fds[] = {{.fd = pipe, .events = POLLIN},
				       {.fd = pidfd, .events = POLLIN}};
		__s64 left = deadline - now_ms();
		ssize_t got;

		if (left <= 0)
			return -ETIMEDOUT;
		if (room - *n < 4096) {
			char *more = realloc(*bytes, 2 * room + 8193);

			if (!more)
				return -ENOMEM;
			*bytes = more;
			room = 2 * room + 8192;
		}
		/* Stop waiting once the process has ended: a child of its own may keep the pipe
		 * open. */
		if (!gone && poll(fds, 2, (int)left) <= 0)
			continue;
		gone = gone || fds[1].revents;
		got = pipe < 0 ? 0 : read(pipe, *bytes + *n, room - *n);
		if (got > 0)
			*n += (size_t)got;
		else if (gone)
			return 0;
		else if (got == 0)
			pipe = -1; /* it closed its output and still runs */
		if (*n > max)
			return -EFBIG;
	}
}

int rg_tool_run(const char *const *argv, int ms, size_t max, char **bytes, size_t *n)
{
	int ends[2], pidfd, status = 0, err;
	pid_t pid = 0, waited;

	*bytes = NULL;
	*n = 0;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		err = -errno;
	else
		err = spawn(argv, ends[1], &pid);
	close(ends[1]);
	if (err) {
		close(ends[0]);
		return err;
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	err = pidfd < 0 ? -errno : hear(ends[0], pidfd, ms, max, bytes, n);
	if (err)
		kill(-pid, SIGKILL);
	do
		waited = waitpid(pid, &status, 0);
	while (waited < 0 && errno == EINTR);
	if (pidfd >= 0)
		close(pidfd);
	close(ends[0]);
	if (*bytes)
		(*bytes)[*n] = '\0';
	if (!err && (waited < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0))
		err = -EIO;
	return err;
}
