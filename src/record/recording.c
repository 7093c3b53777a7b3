// SPDX-License-Identifier: GPL-2.0-only
#include "record/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* ---- names ---- */

/* Length of a part's name with the longest number. */
#define PART_NAME (NAME_MAX + 12)

/* Writes the name of a part: 0 is FILE, 1 the part before it. Returns the length. */
static size_t name_of(const struct rg_recording *r, unsigned int back, char name[PART_NAME])
{
	return (size_t)(back ? snprintf(name, PART_NAME, "%s.%u", r->name, back)
			     : snprintf(name, PART_NAME, "%s", r->name));
}

static int fail(struct rg_recording *r, const char *what, int err)
{
	r->failed = true;
	return rg_error(RG_FAILED, "%s: %s: %s", r->request.file, what, rg_strerror(err));
}

/* Keep the directory open, so that it stays the same one if it is renamed. */
static int open_dir(struct rg_recording *r)
{
	const char *file = r->request.file, *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;
	char dir[PATH_MAX], last[PART_NAME];

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return rg_error(RG_FAILED, "%s: names no file to record into", file);
	if (strlen(name) > NAME_MAX)
		return fail(r, "cannot be recorded into", ENAMETOOLONG);
	strcpy(r->name, name);
	if (name_of(r, r->request.keep - 1, last) > NAME_MAX)
		return fail(r, "cannot be recorded into: with the number of a part", ENAMETOOLONG);
	if (slash == file)
		strcpy(dir, "/");
	else if (!slash)
		strcpy(dir, ".");
	else if ((size_t)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - file), file) >=
		 sizeof(dir))
		return fail(r, "cannot be recorded into", ENAMETOOLONG);
	r->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir_fd < 0)
		return fail(r, "its directory cannot be opened", errno);
	return RG_DONE;
}

/* ---- what is there ---- */

enum there {
	THERE_NOTHING = 0,
	THERE_EMPTY,
	THERE_RECORDING,
	THERE_WRONG, /* said */
};

static enum there kind_of_open(int fd, const char *name)
{
	char begins[sizeof(RG_RECORDING_MAGIC) - 1];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		rg_error(0, "%s: not a regular file: recordings are not written into it", name);
		return THERE_WRONG;
	}
	if (st.st_size == 0)
		return THERE_EMPTY;
	n = pread(fd, begins, sizeof(begins), 0);
	if (n == (ssize_t)sizeof(begins) && memcmp(begins, RG_RECORDING_MAGIC, sizeof(begins)) == 0)
		return THERE_RECORDING;
	rg_error(0,
		 "%s: there already, and not a recording of `reexport-guard trace`: it is left "
		 "alone; give another name",
		 name);
	return THERE_WRONG;
}

static enum there kind_of(const struct rg_recording *r, unsigned int back)
{
	char part[PART_NAME], name[PATH_MAX + 16];
	enum there kind;
	int fd;

	name_of(r, back, part);
	if (back)
		snprintf(name, sizeof(name), "%s.%u", r->request.file, back);
	else
		snprintf(name, sizeof(name), "%s", r->request.file);
	/* O_NONBLOCK: opening a FIFO would wait for its other end. */
	fd = openat(r->dir_fd, part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return THERE_NOTHING;
	if (fd < 0) {
		rg_error(0, "%s: %s", name,
			 errno == ELOOP ? "a symbolic link: recordings are not written through it"
					: rg_strerror(errno));
		return THERE_WRONG;
	}
	kind = kind_of_open(fd, name);
	/* The process that records into it holds this lock. */
	if (kind != THERE_WRONG && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		rg_error(0, "%s: another `reexport-guard trace` records into it", name);
		kind = THERE_WRONG;
	}
	close(fd);
	return kind;
}

/* Checks that every file with the name of a part is a recording, since rotation overwrites them.
 * *first tells what FILE is. */
static int look(const struct rg_recording *r, enum there *first)
{
	for (unsigned int i = 0; i < r->request.keep; i++) {
		enum there kind = kind_of(r, i);

		if (kind == THERE_WRONG)
			return RG_FAILED;
		if (i == 0)
			*first = kind;
	}
	return RG_DONE;
}

/* ---- writing ---- */

/* Cut off the part of a line that was written. */
static void take_back(struct rg_recording *r, size_t done)
{
	const char *end = memrchr(r->buffer, '\n', done);

	r->written += end ? (size_t)(end + 1 - r->buffer) : 0;
	if (ftruncate(r->fd, (off_t)r->written) < 0)
		rg_warn("%s: its last line is not whole: %s", r->request.file, rg_strerror(errno));
}

int rg_recording_flush(struct rg_recording *r)
{
	size_t done = 0;

	if (r->failed)
		return RG_FAILED;
	while (done < r->buffered) {
		ssize_t n = write(r->fd, r->buffer + done, r->buffered - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = errno;

			take_back(r, done);
			return fail(r, "cannot be written; what is there ends with a whole line",
				    err);
		}
		done += (size_t)n;
	}
	r->written += done;
	r->buffered = 0;
	return RG_DONE;
}

static int buffer(struct rg_recording *r, const char *line, size_t n)
{
	if (n > RG_RECORDING_BUFFER - r->buffered && rg_recording_flush(r))
		return RG_FAILED;
	memcpy(r->buffer + r->buffered, line, n);
	r->buffered += n;
	return RG_DONE;
}

/* ---- parts ---- */

/* Renames each part to the next number, and overwrites the last one. */
static int shift(struct rg_recording *r)
{
	char from[PART_NAME], to[PART_NAME];

	for (unsigned int i = r->request.keep - 1; i > 0; i--) {
		name_of(r, i - 1, from);
		name_of(r, i, to);
		if (renameat(r->dir_fd, from, r->dir_fd, to) < 0 && errno != ENOENT)
			return fail(r, "cannot be rotated", errno);
	}
	if (r->request.keep == 1 && unlinkat(r->dir_fd, r->name, 0) < 0 && errno != ENOENT)
		return fail(r, "cannot be removed", errno);
	return RG_DONE;
}

static int begin_part(struct rg_recording *r, int flags)
{
	struct stat st;
	char *line;
	size_t n;
	int err;

	r->fd = openat(r->dir_fd, r->name,
		       O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags,
		       0600);
	if (r->fd < 0)
		return fail(r, "cannot be made", errno);
	if (flock(r->fd, LOCK_EX | LOCK_NB) < 0)
		return fail(r, "cannot be locked", errno);
	/* Check that it is still the same empty file. */
	if (fstat(r->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size)
		return fail(r, "cannot be made", EEXIST);
	r->part++;
	r->written = 0;
	r->has_lines = false;
	line = malloc(RG_RECORDING_LINE_MAX);
	if (!line)
		return fail(r, "cannot be written", ENOMEM);
	n = r->request.head(r->request.arg, r->part, line, RG_RECORDING_LINE_MAX);
	err = buffer(r, line, n);
	free(line);
	return err;
}

static int rotate(struct rg_recording *r)
{
	int err = rg_recording_flush(r);

	if (err)
		return err;
	if (close(r->fd) < 0) {
		r->fd = -1;
		return fail(r, "cannot be written", errno);
	}
	r->fd = -1;
	return shift(r) ?: begin_part(r, O_CREAT | O_EXCL);
}

int rg_recording_add(struct rg_recording *r, const char *line, size_t n)
{
	if (!r->open)
		return RG_DONE;
	if (r->failed)
		return RG_FAILED;
	if (r->has_lines && r->written + r->buffered + n > r->request.size && rotate(r))
		return RG_FAILED;
	r->has_lines = true;
	return buffer(r, line, n);
}

int rg_recording_sync(struct rg_recording *r)
{
	int err = r->open ? rg_recording_flush(r) : RG_DONE;

	if (!err && r->open && fdatasync(r->fd) < 0)
		err = fail(r, "cannot be written", errno);
	return err;
}

/* ---- beginning and end ---- */

static void let_go(struct rg_recording *r)
{
	if (r->fd >= 0)
		close(r->fd);
	if (r->dir_fd >= 0)
		close(r->dir_fd);
	free(r->buffer);
	r->buffer = NULL;
	r->fd = -1;
	r->dir_fd = -1;
	r->open = false;
}

static int begin(struct rg_recording *r)
{
	enum there first = THERE_NOTHING;
	int err = open_dir(r) ?: look(r, &first);

	if (err)
		return err;
	r->buffer = malloc(RG_RECORDING_BUFFER);
	if (!r->buffer)
		return fail(r, "cannot be recorded into", ENOMEM);
	if (first == THERE_RECORDING)
		err = shift(r);
	/* An empty file may be used: somebody made it for us (mktemp). */
	err = err ?: begin_part(r, first == THERE_EMPTY ? 0 : O_CREAT | O_EXCL);
	return err ?: rg_recording_flush(r);
}

int rg_recording_open(struct rg_recording *r, const struct rg_recording_request *request)
{
	int err;

	memset(r, 0, sizeof(*r));
	r->request = *request;
	r->fd = -1;
	r->dir_fd = -1;
	err = begin(r);
	if (err)
		let_go(r);
	else
		r->open = true;
	return err;
}

int rg_recording_close(struct rg_recording *r)
{
	int err;

	if (!r->open)
		return RG_DONE;
	err = rg_recording_flush(r);
	if (!err && fsync(r->fd) < 0)
		err = fail(r, "cannot be written", errno);
	if (r->fd >= 0 && close(r->fd) < 0 && !err)
		err = fail(r, "cannot be written", errno);
	r->fd = -1;
	let_go(r);
	return err;
}
