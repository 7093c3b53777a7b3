// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "metrics/metrics.h"
#include "state/state.h"
#include "state/writer.h"

/* There is one daemon, so one name will do; the collector takes "*.prom" alone. */
#define TEMPORARY "." RG_METRICS_FILE ".new"

static int write_in(const char *unused, int dir_fd, const char *name, const void *bytes, size_t n)
{
	(void)unused;
	return rg_replace_file(dir_fd, TEMPORARY, name, bytes, n, 0644, false);
}

int rg_metrics_file_replace(int dir_fd, const void *bytes, size_t n)
{
	if (rg_writer_takes())
		return rg_writer_put(write_in, "", dir_fd, RG_METRICS_FILE, bytes, n);
	return write_in("", dir_fd, RG_METRICS_FILE, bytes, n);
}

/* ---- what is in it ---- */

static int text_of(const struct rg_pins *p, const struct rg_budget *budget, char **text, size_t *n)
{
	struct rg_snapshot *s = calloc(1, sizeof(*s));
	FILE *out = s ? open_memstream(text, n) : NULL;
	int err = out ? 0 : -ENOMEM;

	if (!err && p)
		err = rg_snapshot_read(p, RG_SNAPSHOT_PROGS | RG_SNAPSHOT_LOST, s);
	else if (!err)
		rg_snapshot_none(s);
	if (!err) {
		s->budget = budget;
		rg_org_see(&s->original);
		rg_metrics_write(out, s, RG_METRICS_PROMETHEUS);
		rg_snapshot_free(s);
	}
	if (out && fclose(out) == EOF && !err)
		err = -ENOMEM;
	free(s);
	return err;
}

/* ---- the daemon's ---- */

static int open_dir(struct rg_metrics_file *f)
{
	if (f->dir_fd >= 0)
		close(f->dir_fd);
	f->dir_fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f->dir_fd < 0 ? -errno : 0;
}

/* Of a failure after a success; `how`: what is not so. */
static void report(struct rg_metrics_file *f, int err, const char *how)
{
	if (err && !f->said)
		rg_warn("%s/%s: not written: %s: %s; trying again", f->dir, RG_METRICS_FILE,
			rg_strerror(err), how);
	f->said = err != 0;
}

static const char of_dir[] = "metrics-dir has to be there, and root's";

static void write_now(struct rg_metrics_file *f, const struct rg_pins *p,
		      const struct rg_budget *budget)
{
	char *text = NULL;
	size_t n = 0;
	int err = text_of(p, budget, &text, &n);

	if (err) {
		report(f, err, "the maps cannot be read");
		free(text);
		return;
	}
	if (f->dir_fd < 0)
		err = open_dir(f);
	err = err ?: rg_metrics_file_replace(f->dir_fd, text, n);
	/* Somebody may have replaced the directory: the one that is open has no name
	 * any more. */
	if (err == -ENOENT)
		err = open_dir(f) ?: rg_metrics_file_replace(f->dir_fd, text, n);
	report(f, err, of_dir);
	free(text);
}

static int remove_in(const char *unused, int dir_fd, const char *name, const void *bytes, size_t n)
{
	(void)unused;
	(void)bytes;
	(void)n;
	return unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* What is no longer written must not be taken for what is so. */
static void leave_dir(struct rg_metrics_file *f)
{
	if (f->dir_fd >= 0) {
		/* After what may still be waiting to be written. */
		if (rg_writer_takes())
			rg_writer_put(remove_in, "", f->dir_fd, RG_METRICS_FILE, "", 0);
		else
			remove_in("", f->dir_fd, RG_METRICS_FILE, "", 0);
		close(f->dir_fd);
	}
	f->dir_fd = -1;
	f->said = false;
}

void rg_metrics_file_init(struct rg_metrics_file *f)
{
	memset(f, 0, sizeof(*f));
	f->dir_fd = -1;
}

void rg_metrics_file_start(struct rg_metrics_file *f, const struct rg_pins *p)
{
	struct rg_meta meta;
	int err;

	if (rg_pins_meta(p, &meta) < 0)
		return;
	meta.metrics_dir[sizeof(meta.metrics_dir) - 1] = '\0';
	f->interval_s = meta.metrics_interval_s;
	if (strcmp(f->dir, meta.metrics_dir) == 0)
		return;
	leave_dir(f);
	strcpy(f->dir, meta.metrics_dir);
	f->tried_ns = 0;
	err = f->dir[0] ? open_dir(f) : 0;
	if (err)
		report(f, err, of_dir);
}

void rg_metrics_file_tick(struct rg_metrics_file *f, const struct rg_pins *p,
			  const struct rg_budget *budget, __u64 now_ns)
{
	rg_metrics_file_start(f, p); /* a policy may have been reloaded */
	if (!f->dir[0] || !rg_state_due(now_ns, f->tried_ns, f->interval_s, true))
		return;
	f->tried_ns = now_ns;
	write_now(f, p, budget);
}

void rg_metrics_file_end(struct rg_metrics_file *f, const struct rg_pins *p,
			 const struct rg_budget *budget)
{
	if (f->dir[0])
		write_now(f, p, budget);
}

void rg_metrics_file_free(struct rg_metrics_file *f)
{
	if (f->dir_fd >= 0)
		close(f->dir_fd);
	f->dir_fd = -1;
}
