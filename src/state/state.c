// SPDX-License-Identifier: GPL-2.0-only
#include "state/state.h"
#include "state/writer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rg_limits.h"
#include "text/json.h"

/* Temporary files are called PREFIX NAME . PID. The pid keeps two writers apart; the last rename
 * wins. */
#define TEMPORARY ".rg-new-"

/* ---- files ---- */

static int open_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Sync the parent, so that the new directory outlives a power cut. */
static void sync_parent(int dir_fd)
{
	int fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* Refuse a directory in which others may write: they could replace our files. */
static bool is_ours(int dir_fd)
{
	struct stat st;

	return fstat(dir_fd, &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0) &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* Opens the directory, and makes a missing one. Returns a descriptor or a negative errno;
 * -EPERM: others may write in it. */
static int make_dir(const char *dir)
{
	bool made = mkdir(dir, 0700) == 0;
	int fd;

	if (!made && errno != EEXIST)
		return -errno;
	fd = open_dir(dir);
	if (fd >= 0 && made)
		sync_parent(fd);
	if (fd >= 0 && !is_ours(fd)) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

int rg_state_make(const char *dir)
{
	int fd = make_dir(dir), copy, err;
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return fd;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		err = -errno;
		if (copy >= 0)
			close(copy);
		close(fd);
		return err;
	}
	/* A live writer that loses its file to this fails and tries again. */
	while ((e = readdir(d)))
		if (strncmp(e->d_name, TEMPORARY, strlen(TEMPORARY)) == 0)
			unlinkat(fd, e->d_name, 0);
	closedir(d);
	close(fd);
	return 0;
}

static int fill(int fd, const void *data, size_t n, mode_t mode, bool durable)
{
	const char *bytes = data;

	while (n) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		bytes += done;
		n -= (size_t)done;
	}
	if (fchmod(fd, mode) < 0) /* the umask does not matter */
		return -errno;
	return durable && fsync(fd) < 0 ? -errno : 0;
}

int rg_replace_file(int dir_fd, const char *temporary, const char *name, const void *bytes,
		    size_t n, mode_t mode, bool durable)
{
	int fd, err;

	unlinkat(dir_fd, temporary, 0); /* left by a writer that was killed */
	fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = fill(fd, bytes, n, mode, durable);
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && renameat(dir_fd, temporary, dir_fd, name) < 0)
		err = -errno;
	if (err)
		unlinkat(dir_fd, temporary, 0);
	else if (durable && fsync(dir_fd) < 0)
		err = -errno;
	return err;
}

static int write_in(const char *dir, int unused, const char *name, const void *bytes, size_t n)
{
	char temporary[NAME_MAX + 1];
	int dir_fd, err;

	(void)unused;
	if (snprintf(temporary, sizeof(temporary), TEMPORARY "%s.%d", name, (int)getpid()) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	dir_fd = make_dir(dir);
	if (dir_fd < 0)
		return dir_fd;
	err = rg_replace_file(dir_fd, temporary, name, bytes, n, 0600, true);
	close(dir_fd);
	return err;
}

int rg_state_write(const char *dir, const char *name, const void *bytes, size_t n)
{
	if (!*name || *name == '.' || strchr(name, '/'))
		return -EINVAL;
	if (n > RG_STATE_MAX)
		return -EFBIG;
	if (rg_writer_takes())
		return rg_writer_put(write_in, dir, -1, name, bytes, n);
	return write_in(dir, -1, name, bytes, n);
}

/* Reads fd to its end, of a file that had `size` bytes. */
static int read_all(int fd, size_t size, char **text, size_t *n)
{
	size_t room = size + 1, got = 0;
	char *buf = malloc(room + 1);

	if (!buf)
		return -ENOMEM;
	/* Read one byte more than its size, to notice a file that grows, which is none of
	 * ours. */
	while (got < room) {
		ssize_t done = read(fd, buf + got, room - got);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			int err = -errno;

			free(buf);
			return err;
		}
		if (!done)
			break;
		got += (size_t)done;
	}
	if (got == room) {
		free(buf);
		return -EFBIG;
	}
	buf[got] = '\0';
	*text = buf;
	*n = got;
	return 0;
}

int rg_state_read(const char *dir, const char *name, char **text, size_t *n)
{
	int dir_fd, fd, err = 0;
	struct stat st;

	dir_fd = open_dir(dir);
	if (dir_fd < 0)
		return dir_fd;
	if (!is_ours(dir_fd)) {
		close(dir_fd);
		return -EPERM;
	}
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		err = -errno;
	close(dir_fd);
	if (err)
		return err;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		err = -EINVAL;
	else if (st.st_size > (off_t)RG_STATE_MAX)
		err = -EFBIG;
	else
		err = read_all(fd, (size_t)st.st_size, text, n);
	close(fd);
	return err;
}

bool rg_state_due(__u64 now_ns, __u64 last_ns, __u32 interval_s, bool changed)
{
	if (!changed)
		return false;
	/* Write also when the clock went back. */
	return !last_ns || now_ns < last_ns || now_ns - last_ns >= interval_s * RG_NS_PER_SEC;
}

__u32 rg_state_init_netns(void)
{
	struct stat st;

	return stat("/proc/1/ns/net", &st) == 0 ? (__u32)st.st_ino : 0;
}

/* ---- what is in them ---- */

static bool parse(const char *text, size_t n, int flags, json_object **o, char *why)
{
	struct json_tokener *tok = json_tokener_new_ex(8);
	enum json_tokener_error err;
	size_t end;

	*o = NULL;
	if (!tok) {
		snprintf(why, RG_STATE_WHY, "no memory");
		return false;
	}
	json_tokener_set_flags(tok, flags);
	*o = json_tokener_parse_ex(tok, text, (int)n);
	err = json_tokener_get_error(tok);
	end = json_tokener_get_parse_end(tok);
	json_tokener_free(tok);
	if (err == json_tokener_success)
		return true;
	snprintf(why, RG_STATE_WHY, "not JSON, at byte %zu: %s", end,
		 !n				? "empty"
		 : err == json_tokener_continue ? "ends too early"
						: json_tokener_error_desc(err));
	json_object_put(*o);
	*o = NULL;
	return false;
}

/* Parse a copy without non-ASCII characters strictly: json-c 0.18 refuses such characters in
 * strict mode (its issue 892). */
static bool is_strict(const char *text, size_t n, char *why)
{
	char *copy = malloc(n ?: 1);
	json_object *o = NULL;
	bool is;

	if (!copy) {
		snprintf(why, RG_STATE_WHY, "no memory");
		return false;
	}
	for (size_t i = 0; i < n; i++)
		copy[i] = (char)(text[i] & 0x80 ? 'x' : text[i]);
	is = parse(copy, n, JSON_TOKENER_STRICT, &o, why);
	json_object_put(o);
	free(copy);
	return is;
}

json_object *rg_state_parse(const char *text, size_t n, char *why)
{
	json_object *o = NULL;
	__u64 version;

	if (n > RG_STATE_MAX || memchr(text, '\0', n)) {
		snprintf(why, RG_STATE_WHY, "%s", n > RG_STATE_MAX ? "too long" : "has NUL bytes");
		return NULL;
	}
	if (!is_strict(text, n, why) || !parse(text, n, JSON_TOKENER_VALIDATE_UTF8, &o, why))
		return NULL;
	if (!json_object_is_type(o, json_type_object))
		snprintf(why, RG_STATE_WHY, "not a JSON object");
	else if (!rg_json_get_uint(o, "version", 0, INT64_MAX, &version))
		snprintf(why, RG_STATE_WHY, "no \"version\"");
	else if (version != 1)
		snprintf(why, RG_STATE_WHY, "version %llu; this program knows version 1",
			 (unsigned long long)version);
	else
		return o;
	json_object_put(o);
	return NULL;
}

int rg_state_load(const char *dir, const char *name, json_object **o, char *why)
{
	char *text = NULL;
	size_t n = 0;
	int err;

	*o = NULL;
	err = rg_state_read(dir, name, &text, &n);
	if (err || !text)
		return err == -ENOENT ? 0 : err;
	*o = rg_state_parse(text, n, why);
	free(text);
	return *o ? 0 : -EBADMSG;
}

int rg_state_save_by(const char *dir, const char *name, rg_state_put *put, const void *what)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	int err = 0;

	if (!to)
		return -ENOMEM;
	put(to, what);
	if (ferror(to) || !rg_json_whole())
		err = -ENOMEM;
	if (fclose(to))
		err = -ENOMEM;
	err = err ?: rg_state_write(dir, name, text, n);
	free(text);
	return err;
}

static void put_object(FILE *to, const void *what)
{
	const json_object *const *o = what;

	rg_json_print(to, (json_object *)*o);
}

int rg_state_save(const char *dir, const char *name, json_object *o)
{
	int err = rg_state_save_by(dir, name, put_object, &o);

	json_object_put(o);
	return err;
}
