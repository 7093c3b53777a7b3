// SPDX-License-Identifier: GPL-2.0-only
#include "pins/wrappers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/log.h"
#include "base/read_map.h"
#include "pins/gates.h"
#include "pins/other.h"

#define TOLD_NS RG_NS_PER_SEC
#define PAUSE_US 20000

static bool any(const struct rg_pins *p, enum rg_map map)
{
	__u32 tgid;

	return bpf_map_get_next_key(p->map_fd[map], NULL, &tgid) == 0;
}

/* Those of one held process next to each other, the outermost first: it stopped last. */
static int by_held(const void *a, const void *b)
{
	const struct rg_stopped_wrapper *x = a, *y = b;

	if (x->w.held_tgid != y->w.held_tgid)
		return x->w.held_tgid < y->w.held_tgid ? -1 : 1;
	return (x->w.since_ns < y->w.since_ns) - (x->w.since_ns > y->w.since_ns);
}

int rg_wrappers_read(const struct rg_pins *p, struct rg_wrapper_list *list)
{
	struct rg_wrapper *values = NULL;
	__u32 n = RG_MAX_WRAPPERS, *tgids = NULL;
	int err = 0;

	memset(list, 0, sizeof(*list));
	err = p->other ? rg_other_refresh(p) : 0;
	if (err || !any(p, RG_MAP_WRAPPERS))
		return err;
	tgids = calloc(n, sizeof(*tgids));
	values = calloc(n, sizeof(*values));
	list->at = calloc(n, sizeof(*list->at));
	err = tgids && values && list->at ? rg_read_map(p->map_fd[RG_MAP_WRAPPERS], tgids,
							sizeof(*tgids), values, sizeof(*values), &n)
					  : -ENOMEM;
	for (__u32 i = 0; i < n && !err; i++)
		list->at[i] = (struct rg_stopped_wrapper){.tgid = tgids[i], .w = values[i]};
	list->n = err ? 0 : n;
	free(tgids);
	free(values);
	if (err)
		rg_wrappers_free(list);
	else
		qsort(list->at, list->n, sizeof(*list->at), by_held);
	return err;
}

void rg_wrappers_free(struct rg_wrapper_list *list)
{
	free(list->at);
	memset(list, 0, sizeof(*list));
}

static void drop(const struct rg_pins *p, __u32 tgid)
{
	/* It may be gone: the kernel drops it when SIGCONT is sent. */
	bpf_map_delete_elem(p->map_fd[RG_MAP_WRAPPERS], &tgid);
}

static bool is_held(const struct rg_held_list *held, const struct rg_wrapper *w)
{
	for (__u32 i = 0; i < held->n; i++)
		if (held->values[i].tgid == w->held_tgid &&
		    held->values[i].start_ns == w->held_start_ns)
			return true;
	return false;
}

/* Has a person stopped a process between the held one and the wrapper, or the held one? Of
 * that one the caller knows better if it still is held: it is stopped by us then. */
static bool is_stopped_below(const struct rg_pins *p, const struct rg_wrapper *w, bool held)
{
	__u32 at = w->by;
	struct rg_wrapper other;
	struct rg_above a;

	for (int i = 0; i < RG_MAX_LEVELS && at != w->held_tgid; i++) {
		if (bpf_map_lookup_elem(p->map_fd[RG_MAP_ABOVE], &at, &a) < 0 ||
		    a.held_tgid != w->held_tgid)
			return false;
		at = a.via;
		if (!(held && at == w->held_tgid) && rg_process_state(at) == 'T' &&
		    bpf_map_lookup_elem(p->map_fd[RG_MAP_WRAPPERS], &at, &other) < 0)
			return true;
	}
	return false;
}

static void continue_one(const struct rg_pins *p, const struct rg_stopped_wrapper *one, bool held,
			 struct rg_continued *done)
{
	int pidfd = (int)syscall(SYS_pidfd_open, one->tgid, 0), err = pidfd < 0 ? errno : 0;

	/* Opened first, compared after: the pid cannot change hands in between. */
	if (!err)
		err = -rg_process_is(one->tgid, one->w.start_ns);
	if (!err && is_stopped_below(p, &one->w, held)) {
		close(pidfd);
		return;
	}
	if (!err && syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0) < 0)
		err = errno;
	if (pidfd >= 0)
		close(pidfd);
	if (!err) {
		done->wrappers++;
	} else if (err != ESRCH) {
		rg_warn("process %u, which stopped itself because process %u was held: cannot be "
			"continued: %s; run `kill -CONT %u`",
			one->tgid, one->w.held_tgid, rg_strerror(err), one->tgid);
		done->failed++;
		return;
	}
	drop(p, one->tgid);
}

void rg_wrappers_continue_of(const struct rg_pins *p, const struct rg_wrapper_list *list,
			     __u32 held_tgid, __u64 held_start_ns, struct rg_continued *done)
{
	__u32 from = 0, to = list->n;

	while (from < to) { /* the first of them */
		__u32 middle = from + (to - from) / 2;

		if (list->at[middle].w.held_tgid < held_tgid)
			from = middle + 1;
		else
			to = middle;
	}
	for (; from < list->n && list->at[from].w.held_tgid == held_tgid; from++)
		if (list->at[from].w.held_start_ns == held_start_ns &&
		    list->at[from].tgid != held_tgid)
			continue_one(p, &list->at[from], true, done);
}

int rg_wrappers_continue(const struct rg_pins *p, struct rg_continued *done)
{
	struct rg_wrapper_list list;
	struct rg_held_list held;
	int err = rg_wrappers_read(p, &list);

	if (err || !list.n)
		return err;
	err = rg_held_read(p, &held);
	for (__u32 i = 0; i < list.n && !err; i++)
		if (!is_held(&held, &list.at[i].w))
			continue_one(p, &list.at[i], false, done);
	rg_held_free(&held);
	rg_wrappers_free(&list);
	return err;
}

/* When a thread was last held, of those that descend from a process that is noted; 0: never. */
static __u64 last_hold(const struct rg_pins *p)
{
	__u32 tgid, *last = NULL;
	struct rg_above a;
	__u64 at = 0;

	for (int i = 0; i < RG_MAX_ABOVE; i++) {
		if (bpf_map_get_next_key(p->map_fd[RG_MAP_ABOVE], last, &tgid) < 0)
			break;
		last = &tgid;
		if (bpf_map_lookup_elem(p->map_fd[RG_MAP_ABOVE], &tgid, &a) == 0 && a.since_ns > at)
			at = a.since_ns;
	}
	return at;
}

void rg_wrappers_linger(const struct rg_pins *p, struct rg_continued *done)
{
	__u64 last = last_hold(p), now = rg_now_ns(), end = last ? last + TOLD_NS : now;

	/* A bound of its own, whatever the map says. */
	if (end > now + TOLD_NS)
		end = now + TOLD_NS;
	rg_wrappers_continue(p, done);
	while (rg_now_ns() < end) {
		usleep(PAUSE_US);
		rg_wrappers_continue(p, done);
	}
}
