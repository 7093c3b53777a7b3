// SPDX-License-Identifier: GPL-2.0-only
#include "loader/state.h"

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

/* Of temporary files: PREFIX NAME . PID. The pid keeps two writers from writing
 * into one file; the last rename wins. */
#define TEMPORARY ".rg-new-"

/* ---- files ---- */

static int open_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The directory that is new must itself outlive a power cut. */
static void sync_parent(int dir_fd)
{
	int fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* Open it; made if it is missing. A descriptor or negative errno. */
static int make_dir(const char *dir)
{
	bool made = mkdir(dir, 0700) == 0;
	int fd;

	if (!made && errno != EEXIST)
		return -errno;
	fd = open_dir(dir);
	if (fd >= 0 && made)
		sync_parent(fd);
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
	/* A writer that is alive, and loses its file by this, fails and tries again. */
	while ((e = readdir(d)))
		if (strncmp(e->d_name, TEMPORARY, strlen(TEMPORARY)) == 0)
			unlinkat(fd, e->d_name, 0);
	closedir(d);
	close(fd);
	return 0;
}

static int write_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		bytes += done;
		n -= (size_t)done;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int rg_state_write(const char *dir, const char *name, const void *bytes, size_t n)
{
	char temporary[NAME_MAX + 1];
	int dir_fd, fd, err;

	if (!*name || *name == '.' || strchr(name, '/'))
		return -EINVAL;
	if (n > RG_STATE_MAX)
		return -EFBIG;
	if (snprintf(temporary, sizeof(temporary), TEMPORARY "%s.%d", name, (int)getpid()) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	dir_fd = make_dir(dir);
	if (dir_fd < 0)
		return dir_fd;
	/* Of a writer that had our pid and was killed. */
	unlinkat(dir_fd, temporary, 0);
	fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = -errno;
		close(dir_fd);
		return err;
	}
	err = write_all(fd, bytes, n);
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && renameat(dir_fd, temporary, dir_fd, name) < 0)
		err = -errno;
	if (err)
		unlinkat(dir_fd, temporary, 0);
	else if (fsync(dir_fd) < 0)
		err = -errno;
	close(dir_fd);
	return err;
}

/* What fd has from here to its end, of a file that was `size` bytes long. */
static int read_all(int fd, size_t size, char **text, size_t *n)
{
	size_t room = size + 1, got = 0;
	char *buf = malloc(room + 1);

	if (!buf)
		return -ENOMEM;
	/* One byte more than it was long: a file that grows is none of ours. */
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
	/* O_NONBLOCK: not to wait for somebody who writes into a FIFO. */
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
	/* A clock that went back must not keep us from writing. */
	return !last_ns || now_ns < last_ns || now_ns - last_ns >= interval_s * RG_NS_PER_SEC;
}

__u32 rg_state_init_netns(void)
{
	struct stat st;

	return stat("/proc/1/ns/net", &st) == 0 ? (__u32)st.st_ino : 0;
}

/* ---- what is in them ---- */

size_t rg_state_character(const char *bytes, size_t n)
{
	const unsigned char *at = (const unsigned char *)bytes;
	static const struct {
		unsigned char mask, lead;
		__u32 least;
	} forms[] = {{0x80, 0x00, 0},
		     {0xe0, 0xc0, 0x80},
		     {0xf0, 0xe0, 0x800},
		     {0xf8, 0xf0, 0x10000}};

	for (size_t more = 0; more < sizeof(forms) / sizeof(forms[0]) && more < n; more++) {
		__u32 code = at[0] & (unsigned char)~forms[more].mask;

		if ((at[0] & forms[more].mask) != forms[more].lead)
			continue;
		for (size_t i = 1; i <= more; i++) {
			if ((at[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (at[i] & 0x3f);
		}
		if (code < forms[more].least || code > 0x10ffff ||
		    (code >= 0xd800 && code <= 0xdfff))
			return 0;
		return code < 0x20 || (code >= 0x7f && code <= 0x9f) ? 0 : more + 1;
	}
	return 0;
}

bool rg_state_is_text(const char *bytes, size_t n)
{
	while (n) {
		size_t one = rg_state_character(bytes, n);

		if (!one)
			return false;
		bytes += one;
		n -= one;
	}
	return true;
}

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

/* json-c 0.18, told to be strict, takes no character that is not ASCII (its issue
 * 892). So strictness is asked of a copy without any. */
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
	else if (!rg_state_get_uint(o, "version", 0, INT64_MAX, &version))
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

int rg_state_save(const char *dir, const char *name, json_object *o)
{
	size_t n = 0;
	const char *text = json_object_to_json_string_length(o,
							     JSON_C_TO_STRING_PRETTY |
								     JSON_C_TO_STRING_SPACED |
								     JSON_C_TO_STRING_NOSLASHESCAPE,
							     &n);
	int err = text ? rg_state_write(dir, name, text, n) : -ENOMEM;

	json_object_put(o);
	return err;
}

void rg_state_put(json_object *o, const char *key, json_object *value)
{
	json_object_object_add(o, key, value);
}

void rg_state_put_uint(json_object *o, const char *key, __u64 n)
{
	rg_state_put(o, key, json_object_new_uint64(n));
}

void rg_state_put_text(json_object *o, const char *key, const char *text)
{
	rg_state_put(o, key, json_object_new_string(text));
}

bool rg_state_get_uint(json_object *o, const char *key, __u64 min, __u64 max, __u64 *out)
{
	json_object *value = json_object_object_get(o, key);
	__u64 n;

	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return false;
	n = json_object_get_uint64(value);
	if (n < min || n > max)
		return false;
	*out = n;
	return true;
}

bool rg_state_get_text(json_object *o, const char *key, char *out, size_t size)
{
	json_object *value = json_object_object_get(o, key);
	const char *text;
	size_t n;

	if (!json_object_is_type(value, json_type_string))
		return false;
	text = json_object_get_string(value);
	n = (size_t)json_object_get_string_len(value);
	if (n >= size || !rg_state_is_text(text, n))
		return false;
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

void rg_state_put_netns(json_object *o, __u32 netns, bool init)
{
	if (init)
		rg_state_put_text(o, "netns", "init");
	else
		rg_state_put_uint(o, "netns", netns);
}

bool rg_state_get_netns(json_object *o, __u32 init_netns, __u32 *netns, bool *init)
{
	char text[sizeof("init")];
	__u64 n;

	if (rg_state_get_text(o, "netns", text, sizeof(text)) && strcmp(text, "init") == 0) {
		*netns = init_netns;
		*init = true;
		return true;
	}
	if (!rg_state_get_uint(o, "netns", 1, UINT32_MAX, &n))
		return false;
	*netns = (__u32)n;
	*init = false;
	return true;
}

void rg_state_put_address(json_object *o, __u16 family, const __u8 addr[16])
{
	char text[INET6_ADDRSTRLEN];

	if ((family != AF_INET && family != AF_INET6) ||
	    !inet_ntop(family, addr, text, sizeof(text)))
		rg_state_put(o, "address", NULL);
	else
		rg_state_put_text(o, "address", text);
}

bool rg_state_get_address(json_object *o, __u16 *family, __u8 addr[16])
{
	json_object *value = NULL;
	char text[INET6_ADDRSTRLEN];
	__u8 bytes[16] = {};

	if (!json_object_object_get_ex(o, "address", &value))
		return false;
	if (!value)
		*family = 0;
	else if (!rg_state_get_text(o, "address", text, sizeof(text)))
		return false;
	else if (inet_pton(AF_INET, text, bytes) == 1)
		*family = AF_INET;
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*family = AF_INET6;
	else
		return false;
	memcpy(addr, bytes, sizeof(bytes));
	return true;
}
