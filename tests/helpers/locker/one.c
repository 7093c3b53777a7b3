// SPDX-License-Identifier: GPL-2.0-only
/* Verbs of one process that asks once: how it got its file, and what happens meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "locker.h"

int lock_then_unlock(const char *kind, const char *file)
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

/* The open itself may be what is refused. */
static int try_opened(const char *kind, int fd)
{
	return answer(fd < 0 ? -1 : request(kind, fd, 0));
}

int try_reopened(const char *kind, const char *file)
{
	char again[32];
	int fd = open(file, O_PATH);

	if (fd < 0)
		die(file);
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	return try_opened(kind, open(again, O_RDWR));
}

int try_by_handle(const char *kind, const char *file)
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

int try_over_socket(const char *kind, const char *file)
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
		const struct cmsghdr *head;

		if (recvmsg(pair[1], &msg, 0) != 1)
			die("recvmsg");
		head = CMSG_FIRSTHDR(&msg);
		if (!head)
			die("no descriptor came");
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
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

int try_in_grandchild(const char *kind, const char *file)
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

static void on_alarm(int sig)
{
	static const char text[] = "alarm\n";

	(void)sig;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(HELPER_FAILED);
}

int with_alarm(const char *how, const char *kind, const char *file, unsigned int seconds)
{
	const struct sigaction handler = {.sa_handler = on_alarm}; /* no SA_RESTART */
	int fd = open_for(kind, file);

	if (strcmp(how, "handler") == 0)
		sigaction(SIGALRM, &handler, NULL);
	alarm(seconds);
	return answer(request(kind, fd, 0));
}
