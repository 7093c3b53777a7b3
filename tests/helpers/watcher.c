// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scanner such as clamonacc: asked by the kernel whether a file of a mount may be opened
 * (FAN_OPEN_PERM), it reads the file and says yes.
 *
 *   watcher MOUNT    prints "watching", then for each open "PID may open N bytes", or "error
 *                    NAME" where the kernel could not hand it the file; until it is killed
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "watcher: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void answer(int group, const struct fanotify_event_metadata *event)
{
	struct fanotify_response yes = {.fd = event->fd, .response = FAN_ALLOW};
	char bytes[4096];
	ssize_t n = read(event->fd, bytes, sizeof(bytes));

	if (n < 0)
		printf("error %s\n", strerrorname_np(errno));
	else
		printf("%d may open %zd bytes\n", event->pid, n);
	if (write(group, &yes, sizeof(yes)) != sizeof(yes))
		die("write");
	close(event->fd);
}

int main(int argc, char **argv)
{
	union {
		struct fanotify_event_metadata first;
		char bytes[4096];
	} events;
	int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_LARGEFILE);

	if (argc != 2) {
		fprintf(stderr, "usage: watcher MOUNT\n");
		return 2;
	}
	if (group < 0)
		die("fanotify_init");
	if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN_PERM, AT_FDCWD, argv[1]) <
	    0)
		die(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("watching");
	for (;;) {
		ssize_t n = read(group, events.bytes, sizeof(events.bytes));
		const struct fanotify_event_metadata *event = &events.first;

		if (n < 0) {
			printf("error %s\n", strerrorname_np(errno));
			continue;
		}
		for (; FAN_EVENT_OK(event, n); event = FAN_EVENT_NEXT(event, n))
			if (event->fd >= 0)
				answer(group, event);
	}
}
