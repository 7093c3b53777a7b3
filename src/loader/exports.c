// SPDX-License-Identifier: GPL-2.0-only
#include "loader/exports.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loader/log.h"

#define MAX_BAD 16
#define MAX_BYTES (64UL << 20)
#define EXPORTFS_MS 5000
#define SUFFIX ".exports"
#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)

extern char **environ;

/* ---- the list ---- */

void rg_exports_free(struct rg_exports *exports)
{
	for (size_t i = 0; i < exports->n; i++) {
		free(exports->at[i].path);
		free(exports->at[i].origin);
	}
	free(exports->at);
	memset(exports, 0, sizeof(*exports));
}

/* Without "//", "/./" and a slash at the end. ".." stays: what it leads to
 * depends on links. */
static void tidy(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		size_t len = strcspn(from, "/");

		if (len && !(len == 1 && from[0] == '.')) {
			*to++ = '/';
			memmove(to, from, len);
			to += len;
		}
		from += len;
		from += strspn(from, "/");
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

/* At the end, unsorted. `path` is absolute. */
static int add(struct rg_exports *out, const char *path, const struct rg_export_options *options,
	       const char *origin)
{
	struct rg_export *e = out->at;

	/* The sizes 0, 1, 2, 4, ... are when it is full. */
	if ((out->n & (out->n - 1)) == 0) {
		e = reallocarray(out->at, out->n ? 2 * out->n : 1, sizeof(*e));
		if (!e)
			return -ENOMEM;
		out->at = e;
	}
	e += out->n;
	e->path = strdup(path);
	e->origin = strdup(origin);
	e->options = *options;
	if (!e->path || !e->origin) {
		free(e->path);
		free(e->origin);
		return -ENOMEM;
	}
	tidy(e->path);
	out->n++;
	return 0;
}

/* By path; then the first line of a file, and files before exportfs. */
static int by_path(const void *a, const void *b)
{
	const struct rg_export *x = a, *y = b;

	return strcmp(x->path, y->path) ?: strverscmp(x->origin, y->origin);
}

/* Of two clients, or of two lines: what one of them has or lacks. */
static void join(struct rg_export_options *to, const struct rg_export_options *one)
{
	to->crossmnt |= one->crossmnt;
	to->no_fsid |= one->no_fsid;
	to->no_mountpoint |= one->no_mountpoint;
	if (!to->fsid[0])
		memcpy(to->fsid, one->fsid, sizeof(to->fsid));
}

static void merge(struct rg_exports *out)
{
	size_t used = 0;

	if (out->n == 0)
		return;
	qsort(out->at, out->n, sizeof(*out->at), by_path);
	for (size_t i = 1; i < out->n; i++) {
		struct rg_export *one = &out->at[i], *last = &out->at[used];

		if (strcmp(last->path, one->path) == 0) {
			join(&last->options, &one->options);
			free(one->path);
			free(one->origin);
		} else {
			out->at[++used] = *one;
		}
	}
	out->n = used + 1;
}

/* ---- exports(5) ---- */

struct parser {
	const char *at, *end;
	bool exportfs; /* the output of exportfs -s */
	const char *file;
	unsigned int line;
	rg_exports_bad bad;
	void *arg;
	unsigned int n_bad;

	/* the last word */
	char *word;
	size_t len, room;
	bool unclosed, nul;

	/* the entry that is being read: all of it; what a client has if it says nothing */
	struct rg_export_options options, by_default;
};

void rg_exports_warn(void *arg, const char *file, unsigned int line, const char *what)
{
	(void)arg;
	if (line)
		rg_warn("%s:%u: %s", file, line, what);
	else
		rg_warn("%s: %s", file, what);
}

static void complain(struct parser *p, unsigned int line, const char *what)
{
	/* Its output is not for anybody to correct. */
	if (!p->bad || p->exportfs || p->n_bad > MAX_BAD)
		return;
	if (p->n_bad++ == MAX_BAD)
		p->bad(p->arg, p->file, 0, "more lines like these are not shown");
	else
		p->bad(p->arg, p->file, line, what);
}

/* The next character, -1 at the end. A continued line is a blank. */
static int next(struct parser *p)
{
	unsigned char c;

	if (p->at == p->end)
		return -1;
	c = (unsigned char)*p->at++;
	if (c == '\\' && !p->exportfs && p->at < p->end && *p->at == '\n') {
		p->line++;
		for (p->at++; p->at < p->end && (*p->at == ' ' || *p->at == '\t');)
			p->at++;
		return ' ';
	}
	return c;
}

static bool is_blank(const struct parser *p, int c)
{
	if (c == ' ' || c == '\t')
		return true;
	return !p->exportfs && (c == '\r' || c == '\v' || c == '\f');
}

/* To the next word of the line. False: there is none. A comment begins where a
 * word could, ends with its line, and is not continued. */
static bool skip_blanks(struct parser *p)
{
	for (;;) {
		const char *was = p->at;
		unsigned int line = p->line;
		int c = next(p);

		if (c == '#' && !p->exportfs) {
			p->at = memchr(p->at, '\n', (size_t)(p->end - p->at)) ?: p->end;
			return false;
		}
		if (!is_blank(p, c)) {
			p->at = was;
			p->line = line;
			return c != -1 && c != '\n';
		}
	}
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* \ooo at the end of what has been read of the word, from `from` on. */
static bool unescape(struct parser *p, size_t from)
{
	char *w;

	if (p->len < from + 4)
		return false;
	w = p->word + p->len - 4;
	if (w[0] != '\\' || !is_octal(w[1]) || w[1] > '3' || !is_octal(w[2]) || !is_octal(w[3]))
		return false;
	w[0] = (char)((w[1] - '0') << 6 | (w[2] - '0') << 3 | (w[3] - '0'));
	p->len -= 3;
	return true;
}

/* Quotes may begin and end anywhere in a word. nfs-utils lets them go on over
 * the end of the line; here they end there, or one that is missing would hide
 * the rest of the file. */
static int read_word(struct parser *p)
{
	bool quoted = false;
	size_t from = 0;

	p->len = 0;
	p->unclosed = false;
	for (;;) {
		const char *was = p->at;
		int c = next(p);

		if (c == -1 || c == '\n' || (is_blank(p, c) && !quoted)) {
			if (c == '\n')
				p->at = was;
			break;
		}
		if (c == '"' && !p->exportfs) {
			quoted = !quoted;
			continue;
		}
		if (p->len + 1 >= p->room) {
			size_t room = p->room ? 2 * p->room : 256;
			char *more = realloc(p->word, room);

			if (!more)
				return -ENOMEM;
			p->word = more;
			p->room = room;
		}
		p->word[p->len++] = (char)c;
		/* exportfs -s escapes each byte once. The files are read as
		 * nfs-utils does: what an escape makes may begin another. */
		if (unescape(p, from) && p->exportfs)
			from = p->len;
	}
	if (!p->word) {
		p->word = calloc(1, 1);
		if (!p->word)
			return -ENOMEM;
		p->room = 1;
	}
	p->word[p->len] = '\0';
	p->unclosed = quoted;
	p->nul = strlen(p->word) != p->len;
	return 0;
}

/* What every word must be. */
static void check_word(struct parser *p)
{
	if (p->unclosed)
		complain(p, p->line, "expected a closing quote on the same line");
	if (p->nul)
		complain(p, p->line, "expected text, found a NUL byte");
}

/* As nfs-utils reads it: any base, and a word for 0. */
static void take_fsid(const char *value, size_t len, char fsid[RG_FSID_SIZE])
{
	char *end;
	unsigned long n;

	snprintf(fsid, RG_FSID_SIZE, "%.*s", (int)(len < RG_FSID_SIZE ? len : RG_FSID_SIZE), value);
	if (strcmp(fsid, "root") == 0)
		strcpy(fsid, "0");
	n = strtoul(fsid, &end, 0);
	if (*fsid >= '0' && *fsid <= '9' && !*end)
		snprintf(fsid, RG_FSID_SIZE, "%lu", n);
}

/* "name" or, with `value`, "name=..." */
static bool is_option(const char *o, size_t len, const char *name, bool value)
{
	size_t n = strlen(name);

	return len >= n && strncmp(o, name, n) == 0 &&
	       (len == n ? !value : value && o[n] == '=' && len > n + 1);
}

/* Of a list of options; what it does not say is as in `otherwise`. Of a `broken`
 * one nothing is believed that would narrow what is exported, or make it sound. */
static struct rg_export_options read_options(const char *options,
					     const struct rg_export_options *otherwise, bool broken)
{
	struct rg_export_options is = *otherwise;

	for (const char *o = options; *o;) {
		size_t len = strcspn(o, ",() \t");

		if (is_option(o, len, "crossmnt", false))
			is.crossmnt = true;
		if (is_option(o, len, "nocrossmnt", false) && !broken)
			is.crossmnt = false;
		if (is_option(o, len, "fsid", true) && !broken) {
			take_fsid(o + 5, len - 5, is.fsid);
			is.no_fsid = false;
		}
		/* From nfs-utils 2.6.3 on it finds a number by itself. */
		if ((is_option(o, len, "reexport=auto-fsidnum", false) ||
		     is_option(o, len, "reexport=predefined-fsidnum", false)) &&
		    !broken)
			is.no_fsid = false;
		if ((is_option(o, len, "mp", false) || is_option(o, len, "mp", true) ||
		     is_option(o, len, "mountpoint", false) ||
		     is_option(o, len, "mountpoint", true)) &&
		    !broken)
			is.no_mountpoint = false;
		o += len;
		o += strspn(o, ",() \t");
	}
	return is;
}

/* client, client(options), (options). */
static void read_client(struct parser *p)
{
	const char *open = strchr(p->word, '('), *close;
	struct rg_export_options is;
	bool broken;

	if (!open) {
		join(&p->options, &p->by_default);
		return;
	}
	close = strchr(open, ')');
	broken = !close || close[1] != '\0';
	if (broken)
		complain(p, p->line, "expected client(option,...) and then a blank");
	is = read_options(open + 1, &p->by_default, broken);
	join(&p->options, &is);
}

/* What follows the path. */
static int read_clients(struct parser *p)
{
	bool defaults = false; /* the last word were options of its own */
	bool nobody = true;

	p->options = (struct rg_export_options){};
	p->by_default = (struct rg_export_options){.no_fsid = true, .no_mountpoint = true};
	while (skip_blanks(p)) {
		int err = read_word(p);

		if (err)
			return err;
		check_word(p);
		nobody = false;
		if (p->word[0] == '-' && !p->exportfs) {
			bool broken = strpbrk(p->word, "()");

			if (broken)
				complain(p, p->line, "expected -option,... without parentheses");
			/* Right after another, nfs-utils takes it for a client. */
			if (defaults)
				join(&p->options, &p->by_default);
			p->by_default = read_options(p->word + 1, &p->by_default, broken);
			defaults = true;
		} else {
			read_client(p);
			defaults = false;
		}
	}
	/* Options with no client after them are everybody's, and so is a path alone. */
	if (defaults || nobody)
		join(&p->options, &p->by_default);
	return 0;
}

static int read_entry(struct parser *p, struct rg_exports *out)
{
	unsigned int line = p->line;
	char *path, *origin = NULL;
	int err = read_word(p);

	if (err)
		return err;
	check_word(p);
	path = strdup(p->word);
	if (!path)
		return -ENOMEM;
	err = read_clients(p);
	if (!err && path[0] != '/') {
		complain(p, line, "expected an absolute path");
	} else if (!err && strlen(path) >= RG_PATH_SIZE) {
		/* nfs-utils has the same limit: NFS_MAXPATHLEN, linux/nfs.h. */
		complain(p, line, "expected a path of less than " TEXT(RG_PATH_SIZE) " bytes");
	} else if (!err) {
		if ((p->exportfs ? asprintf(&origin, "%s", p->file)
				 : asprintf(&origin, "%s:%u", p->file, line)) < 0)
			err = -ENOMEM;
		else
			err = add(out, path, &p->options, origin);
		free(origin);
	}
	free(path);
	return err;
}

int rg_exports_parse(struct rg_exports *out, const char *bytes, size_t n, bool exportfs,
		     const char *file, rg_exports_bad bad, void *arg)
{
	const char *from = n ? bytes : "";
	struct parser p = {.at = from,
			   .end = from + n,
			   .exportfs = exportfs,
			   .file = file,
			   .line = 1,
			   .bad = bad,
			   .arg = arg};
	int err = 0;

	while (!err && p.at < p.end) {
		if (skip_blanks(&p))
			err = read_entry(&p, out);
		if (p.at < p.end && *p.at == '\n') {
			p.at++;
			p.line++;
		}
	}
	free(p.word);
	merge(out);
	return err;
}

/* ---- files ---- */

/* All there is to read, or up to MAX_BYTES. Owned by the caller (free). */
static int slurp(int fd, char **bytes, size_t *n)
{
	size_t room = 0;
	ssize_t got;

	*bytes = NULL;
	*n = 0;
	for (;;) {
		if (*n == room) {
			char *more = realloc(*bytes, room ? 2 * room : 4096);

			if (!more)
				return -ENOMEM;
			*bytes = more;
			room = room ? 2 * room : 4096;
		}
		got = read(fd, *bytes + *n, room - *n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		*n += (size_t)got;
		if (*n > MAX_BYTES)
			return -EFBIG;
	}
}

static int read_regular(const char *file, char **bytes, size_t *n)
{
	/* Never waits for a writer, should it be a FIFO. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err = 0;
	struct stat st;

	*bytes = NULL;
	*n = 0;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	else if (S_ISREG(st.st_mode))
		err = slurp(fd, bytes, n);
	else if (!S_ISCHR(st.st_mode)) /* a file masked by /dev/null is empty */
		err = -EINVAL;
	close(fd);
	return err;
}

static void complain_of_file(const char *file, int err, rg_exports_bad bad, void *arg)
{
	char what[128];

	snprintf(what, sizeof(what), "not read: %s",
		 err == -EINVAL ? "expected a regular file" : rg_strerror(err));
	if (bad)
		bad(arg, file, 0, what);
}

int rg_exports_parse_file(struct rg_exports *out, const char *file, rg_exports_bad bad, void *arg)
{
	size_t n;
	char *bytes;
	int err = read_regular(file, &bytes, &n);

	if (err == -ENOENT || err == -ENOTDIR) {
		free(bytes);
		return 0;
	}
	if (err)
		complain_of_file(file, err, bad, arg);
	else
		err = rg_exports_parse(out, bytes, n, false, file, bad, arg);
	free(bytes);
	return err;
}

static int is_exports_file(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	if (d->d_type != DT_REG && d->d_type != DT_LNK && d->d_type != DT_UNKNOWN)
		return 0;
	return d->d_name[0] != '.' && n > strlen(SUFFIX) &&
	       strcmp(d->d_name + n - strlen(SUFFIX), SUFFIX) == 0;
}

/* The full names of *.exports in a directory, in nfs-utils' order. Returns how
 * many, or negative errno. Owned by the caller (free_files). */
static int list_files(const char *exports_d, char ***files)
{
	struct dirent **list = NULL;
	int n = scandir(exports_d, &list, is_exports_file, versionsort), err = 0;

	*files = NULL;
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	*files = calloc((size_t)n + 1, sizeof(**files));
	if (!*files)
		err = -ENOMEM;
	for (int i = 0; i < n; i++) {
		if (!err && asprintf(&(*files)[i], "%s/%s", exports_d, list[i]->d_name) < 0) {
			(*files)[i] = NULL;
			err = -ENOMEM;
		}
		free(list[i]);
	}
	free(list);
	return err ?: n;
}

static void free_files(char **files)
{
	for (char **f = files; f && *f; f++)
		free(*f);
	free(files);
}

int rg_exports_read(struct rg_exports *out, const char *exports, const char *exports_d,
		    rg_exports_bad bad, void *arg)
{
	int err = rg_exports_parse_file(out, exports, bad, arg), n;
	char **files;

	n = list_files(exports_d, &files);
	if (n < 0) {
		complain_of_file(exports_d, n, bad, arg);
		err = err ?: n;
	}
	for (int i = 0; i < n; i++) {
		int one = rg_exports_parse_file(out, files[i], bad, arg);

		err = err ?: one;
	}
	free_files(files);
	return err;
}

/* ---- exportfs ---- */

static __s64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* In a process group of its own, with default signals. 0 or negative errno. */
static int spawn_exportfs(int to, pid_t *pid)
{
	static const char *const names[] = {"exportfs", "/usr/sbin/exportfs", "/sbin/exportfs"};
	static char name[] = "exportfs", option[] = "-s";
	char *const argv[] = {name, option, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err = 0, found = ENOENT;

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
	/* `to` first: it may be 0 or 2. */
	if (posix_spawn_file_actions_adddup2(&files, to, STDOUT_FILENO) ||
	    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
	    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0))
		err = -ENOMEM;
	for (size_t i = 0; !err && i < sizeof(names) / sizeof(names[0]); i++) {
		found = posix_spawnp(pid, names[i], &files, &attr, argv, environ);
		/* EACCES may be about a directory in PATH. */
		if (found != ENOENT && found != ENOTDIR && found != EACCES)
			break;
	}
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return err ?: -(found == ENOTDIR ? ENOENT : found);
}

/* What comes down the pipe until the process is gone. 0 or -ETIMEDOUT, -EFBIG,
 * -ENOMEM; what was read is there all the same. */
static int hear(int pipe, int pidfd, char **bytes, size_t *n)
{
	__s64 deadline = now_ms() + EXPORTFS_MS;
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
			char *more = realloc(*bytes, 2 * room + 8192);

			if (!more)
				return -ENOMEM;
			*bytes = more;
			room = 2 * room + 8192;
		}
		/* Once it is gone nothing more is waited for: a child of its may
		 * keep the pipe. */
		if (!gone && poll(fds, 2, (int)left) <= 0)
			continue;
		gone = gone || fds[1].revents;
		got = pipe < 0 ? 0 : read(pipe, *bytes + *n, room - *n);
		if (got > 0)
			*n += (size_t)got;
		else if (gone)
			return 0;
		else if (got == 0)
			pipe = -1; /* closed, and not gone yet */
		if (*n > MAX_BYTES)
			return -EFBIG;
	}
}

static int run_exportfs(char **bytes, size_t *n)
{
	int ends[2], pidfd, status = 0, err;
	pid_t pid = 0, waited;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		err = -errno;
	else
		err = spawn_exportfs(ends[1], &pid);
	close(ends[1]);
	if (err) {
		close(ends[0]);
		return err;
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	err = pidfd < 0 ? -errno : hear(ends[0], pidfd, bytes, n);
	if (err)
		kill(-pid, SIGKILL);
	do
		waited = waitpid(pid, &status, 0);
	while (waited < 0 && errno == EINTR);
	if (pidfd >= 0)
		close(pidfd);
	close(ends[0]);
	if (!err && (waited < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0))
		err = -EIO;
	return err;
}

int rg_exports_of_exportfs(struct rg_exports *out, rg_exports_bad bad, void *arg)
{
	char *bytes = NULL;
	size_t n = 0;
	int err = run_exportfs(&bytes, &n), parsed = 0;

	/* Of a line that is cut off the path may be, too. */
	while (n > 0 && bytes[n - 1] != '\n')
		n--;
	if (n > 0)
		parsed = rg_exports_parse(out, bytes, n, true, "exportfs", bad, arg);
	free(bytes);
	if (err && err != -ENOENT && bad)
		bad(arg, "exportfs -s", 0,
		    err == -ETIMEDOUT ? "took more than 5 seconds, was killed"
		    : err == -EIO     ? "failed"
				      : rg_strerror(err));
	return err ?: parsed;
}

/* ---- all of it ---- */

int rg_exports_resolve(struct rg_exports *exports, const struct rg_mounts *mounts)
{
	size_t n = exports->n;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct rg_export one = exports->at[i];
		char to[RG_PATH_SIZE];

		/* What cannot be resolved leads nowhere, for exportfs as well. */
		if (rg_mounts_resolve(mounts, one.path, to) == 0 && strcmp(to, one.path) != 0)
			err = add(exports, to, &one.options, one.origin);
	}
	merge(exports);
	return err;
}

int rg_exports_collect(struct rg_exports *out, bool ask, rg_exports_bad bad, void *arg)
{
	struct rg_mounts mounts;
	int err = ask ? rg_exports_of_exportfs(out, bad, arg) : 0, one;

	/* exportfs asks DNS about each client: at boot that may take too long,
	 * and a client that is not found is left out. What it reads is a file in
	 * the format of exports(5), written by itself, and there to be read. */
	one = access(RG_ETAB, R_OK) ? -errno : rg_exports_parse_file(out, RG_ETAB, NULL, NULL);
	if (err == -ENOENT || one == 0)
		err = 0;
	if (one != -ENOENT && one != -ENOTDIR)
		err = err ?: one;
	one = rg_exports_read(out, RG_EXPORTS, RG_EXPORTS_D, bad, arg);
	err = err ?: one;
	one = rg_mounts_read("/proc/self/mountinfo", &mounts);
	if (!one) {
		one = rg_exports_resolve(out, &mounts);
		rg_mounts_free(&mounts);
	}
	return err ?: one;
}

/* FNV-1a. */
static void mix(__u64 *stamp, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++)
		*stamp = (*stamp ^ b[i]) * RG_FNV_PRIME;
}

static void mix_file(__u64 *stamp, const char *file)
{
	struct stat st;
	__u64 facts[7] = {0};

	if (stat(file, &st)) {
		facts[0] = (__u64)errno;
	} else {
		facts[1] = st.st_dev;
		facts[2] = st.st_ino;
		facts[3] = (__u64)st.st_size;
		facts[4] = (__u64)st.st_mtim.tv_sec * RG_NS_PER_SEC + (__u64)st.st_mtim.tv_nsec;
		/* for who sets the mtime back, and for the mode */
		facts[5] = (__u64)st.st_ctim.tv_sec * RG_NS_PER_SEC + (__u64)st.st_ctim.tv_nsec;
		facts[6] = st.st_mode;
	}
	mix(stamp, file, strlen(file) + 1);
	mix(stamp, facts, sizeof(facts));
}

__u64 rg_exports_stamp(const char *exports, const char *exports_d, const char *etab)
{
	__u64 stamp = RG_FNV_OFFSET;
	char **files;

	list_files(exports_d, &files);
	mix_file(&stamp, exports);
	mix_file(&stamp, exports_d);
	mix_file(&stamp, etab);
	for (char **f = files; f && *f; f++)
		mix_file(&stamp, *f);
	free_files(files);
	return stamp;
}

int rg_exports_rules(const struct rg_exports *exports, __u32 slot, struct rg_rule **rules,
		     size_t *n)
{
	*rules = NULL;
	*n = 0;
	if (exports->n > RG_MAX_RULES)
		return -E2BIG;
	*rules = calloc(exports->n + 1, sizeof(**rules));
	if (!*rules)
		return -ENOMEM;
	for (size_t i = 0; i < exports->n; i++) {
		const struct rg_export *e = &exports->at[i];
		struct rg_rule *r = &(*rules)[i];

		r->slot = slot;
		r->kind = e->options.crossmnt ? RG_RULE_EXPORT_TREE : RG_RULE_EXPORT;
		snprintf(r->path, sizeof(r->path), "%s", e->path);
	}
	*n = exports->n;
	return 0;
}
