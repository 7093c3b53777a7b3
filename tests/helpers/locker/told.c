// SPDX-License-Identifier: GPL-2.0-only
/* Verbs that print what others send: events of another machine, and what a service tells systemd.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "locker.h"

int stamp(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char text[64];
	ssize_t n;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("bind");
	puts("stamping");
	fflush(stdout);
	while ((n = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		printf("%s", text);
		print_at();
	}
	die("recv");
	return HELPER_FAILED;
}

int notified(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char text[512];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ssize_t n;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die(path);
	while ((n = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		text[n] = '\0';
		if (strstr(text, "READY=1")) {
			puts(text);
			return GRANTED;
		}
	}
	die("recv");
	return HELPER_FAILED;
}
