// SPDX-License-Identifier: GPL-2.0-only
#include "base/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int rg_read_whole_fd(int fd, size_t most, char **text, size_t *n)
{
	size_t room = 0, used = 0;
	char *buf = NULL, *more;
	ssize_t got = 1;
	int err = 0;

	*text = NULL;
	while (!err && got) {
		/* Leave room for a NUL, and for one byte more than `most`, which shows that the
		 * file is too long. */
		if (room < used + 2) {
			room = room ? 2 * room : 4096;
			more = realloc(buf, room);
			if (!more) {
				err = -ENOMEM;
				break;
			}
			buf = more;
		}
		got = read(fd, buf + used, room - used - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = -errno;
		else
			used += (size_t)got;
		if (!err && used > most)
			err = -EFBIG;
	}
	if (err) {
		free(buf);
		return err;
	}
	buf[used] = '\0';
	*text = buf;
	if (n)
		*n = used;
	return 0;
}

int rg_read_whole(const char *path, size_t most, char **text, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err;

	*text = NULL;
	if (fd < 0)
		return -errno;
	err = rg_read_whole_fd(fd, most, text, n);
	close(fd);
	return err;
}
