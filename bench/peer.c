// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is measured beside us, each until a line on standard input or its end:
 *
 *   peer bpf OBJECT PROGRAM...   attaches these programs of bench/peers.bpf.c
 *   peer fanotify DIRECTORY      allows every open on the file system of
 *                                DIRECTORY: the least a permission daemon does
 *
 * Says "ready".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include <bpf/libbpf.h>

static void die(const char *what)
{
	fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void say_ready(void)
{
	puts("ready");
	fflush(stdout);
}

static bool is_named(const char *name, int n, char **names)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void attach(const char *file, int n, char **names)
{
	struct bpf_object *obj = bpf_object__open_file(file, NULL);
	struct bpf_program *prog = NULL;
	int attached = 0;
	char line[16];

	if (!obj)
		die(file);
	while ((prog = bpf_object__next_program(obj, prog)))
		bpf_program__set_autoload(prog, is_named(bpf_program__name(prog), n, names));
	if (bpf_object__load(obj))
		die(file);
	while ((prog = bpf_object__next_program(obj, prog))) {
		if (!bpf_program__autoload(prog))
			continue;
		if (!bpf_program__attach(prog))
			die(bpf_program__name(prog));
		attached++;
	}
	if (attached != n) {
		fprintf(stderr, "peer: %s has not all of these programs\n", file);
		exit(1);
	}
	say_ready();
	if (!fgets(line, sizeof(line), stdin))
		return;
	bpf_object__close(obj);
}

static void allow(int group)
{
	static char buf[16 * 1024] __attribute__((aligned(8)));
	const struct fanotify_event_metadata *e = (void *)buf;
	ssize_t n = read(group, buf, sizeof(buf));

	if (n < 0)
		die("fanotify: read");
	for (; FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n)) {
		struct fanotify_response answer = {.fd = e->fd, .response = FAN_ALLOW};

		if (write(group, &answer, sizeof(answer)) != sizeof(answer))
			die("fanotify: write");
		close(e->fd);
	}
}

static void permit(const char *dir)
{
	int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
	struct pollfd fds[] = {
		{.fd = group, .events = POLLIN},
		{.fd = STDIN_FILENO, .events = POLLIN},
	};

	if (group < 0)
		die("fanotify_init");
	if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM, AT_FDCWD, dir))
		die(dir);
	say_ready();
	while (!fds[1].revents) {
		if (poll(fds, 2, -1) < 0)
			die("poll");
		if (fds[0].revents)
			allow(group);
	}
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "bpf") == 0) {
		attach(argv[2], argc - 3, argv + 3);
	} else if (argc == 3 && strcmp(argv[1], "fanotify") == 0) {
		permit(argv[2]);
	} else {
		fprintf(stderr, "usage: peer bpf OBJECT PROGRAM... | fanotify DIRECTORY\n");
		return 2;
	}
	return 0;
}
