// SPDX-License-Identifier: GPL-2.0-only
#include "pins/held.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "pins/gates.h"
#include "base/log.h"
#include "pins/other.h"
#include "pins/wrappers.h"

/* Says whether a person has sent this process a SIGSTOP that is still pending. An unreadable file
 * counts as no: otherwise the process would stay stopped. The SIGSTOP that a wrapper sent to its
 * process group does not count. */
static bool is_stopped_by_a_person(const struct rg_pins *p, __u32 tgid)
{
	char *status = rg_process_file(tgid, "status");
	bool stopped = status && rg_stop_is_pending(status);
	struct rg_wrapper w;

	free(status);
	return stopped && bpf_map_lookup_elem(p->map_fd[RG_MAP_WRAPPERS], &tgid, &w) < 0;
}

int rg_held_can_continue(const struct rg_pins *p)
{
	struct rg_control who = {.op = RG_OP_WHO};
	int err = rg_control(p, &who);

	if (err)
		return err;
	if (who.caller != (__u32)getpid())
		return -EXDEV;
	err = rg_process_is(who.caller, who.caller_start_ns);
	return err == -ESRCH ? -EXDEV : err;
}

void rg_held_forget(const struct rg_pins *p, const struct rg_held_key *key)
{
	if (p->other)
		rg_other_forget(p, key);
	else
		bpf_map_delete_elem(p->map_fd[RG_MAP_HELD], key);
}

/* True when its records may be deleted. */
static bool continue_process(const struct rg_pins *p, const struct rg_wrapper_list *wrappers,
			     __u32 tgid, __u64 start_ns, struct rg_continued *done)
{
	unsigned int before = done->continued + done->gone + done->left_stopped;
	int pidfd = (int)syscall(SYS_pidfd_open, tgid, 0), err = pidfd < 0 ? -errno : 0;
	bool drop = true, ours = false;

	/* Opened first, compared after: the pid cannot change hands in between. */
	if (!err)
		err = rg_process_is(tgid, start_ns);
	if (err && err != -ESRCH) {
		rg_warn("process %u: cannot be continued: %s: %s; run `reexport-guard release` "
			"again",
			tgid, pidfd < 0 ? "pidfd_open" : "/proc cannot be read", rg_strerror(err));
		if (pidfd >= 0)
			close(pidfd);
		done->failed++;
		return false;
	}
	if (err) {
		done->gone++;
	} else if (is_stopped_by_a_person(p, tgid)) {
		/* SIGCONT would throw that stop away, and it is not ours. */
		done->left_stopped++;
	} else {
		ours = true;
		rg_wrappers_continue_of(p, wrappers, tgid, start_ns, done);
	}
	if (ours && syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0) == 0) {
		done->continued++;
	} else if (ours && errno == ESRCH) {
		done->gone++;
	} else if (ours) {
		rg_warn("process %u: cannot be continued: %s; run `kill -CONT %u`", tgid,
			rg_strerror(errno), tgid);
		done->failed++;
		drop = false;
	}
	if (pidfd >= 0)
		close(pidfd);
	if (done->meanwhile && before % 64 == 63)
		done->meanwhile(done->arg);
	return drop;
}

static int by_process(const void *a, const void *b, void *list)
{
	const struct rg_held *values = ((const struct rg_held_list *)list)->values;
	const struct rg_held *x = &values[*(const __u32 *)a];
	const struct rg_held *y = &values[*(const __u32 *)b];

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

/* Is the reason to hold this thread gone: its gate is open or wants something
 * else by now, or its mount turned out to be none that is guarded? */
static bool may_go_on(const struct rg_pins *p, const struct rg_held *h, const struct rg_gate *gates,
		      __u64 now_ns)
{
	struct rg_device d;

	if (h->slot >= RG_MAX_GATES)
		return false;
	if (rg_gate_view(&gates[h->slot], now_ns).state == RG_STATE_OPEN ||
	    gates[h->slot].policy.action != RG_ACTION_HOLD ||
	    gates[h->slot].policy.scope < rg_scope_of_door(h->what))
		return true;
	return bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &h->dev, &d) == 0 &&
	       d.class == RG_CLASS_EXEMPT && d.slot == h->slot;
}

/* On the rung sleep the module wakes them, and a process that somebody has stopped is not
 * ours to continue. */
static bool sleeps(__u32 phase)
{
	return phase == RG_HELD_QUEUED || phase == RG_HELD_ASLEEP;
}

/* What one look at the table came to: threads that must be looked at again. */
struct left {
	int recorded; /* about to be stopped */
	int asleep;   /* the module is about to wake them */
};

/* The places of the list's elements, those of one process in a row. The caller frees it; NULL:
 * out of memory. */
static __u32 *order_of(const struct rg_held_list *list)
{
	__u32 *order = calloc(list->n + 1, sizeof(*order));

	if (!order)
		return NULL;
	for (__u32 i = 0; i < list->n; i++)
		order[i] = i;
	qsort_r(order, list->n, sizeof(*order), by_process, (void *)list);
	return order;
}

static bool is_same_process(const struct rg_held *a, const struct rg_held *b)
{
	return a->tgid == b->tgid && a->start_ns == b->start_ns;
}

int rg_held_count_sleepers(const struct rg_pins *p, __u32 slot, struct rg_continued *done)
{
	const struct rg_held *last = NULL;
	struct rg_held_list list;
	__u32 *order;
	int err = rg_held_read(p, &list);

	if (err)
		return err;
	order = order_of(&list);
	for (__u32 i = 0; order && i < list.n; i++) {
		const struct rg_held *h = &list.values[order[i]];

		if (!sleeps(h->phase) || (slot < RG_MAX_GATES && h->slot != slot) ||
		    (last && is_same_process(h, last)))
			continue;
		done->continued++;
		last = h;
	}
	err = order ? 0 : -ENOMEM;
	free(order);
	rg_held_free(&list);
	return err;
}

/* One look at the table. 0 or a negative errno. One SIGCONT a process, however many of its
 * threads. */
static int continue_round(const struct rg_pins *p, bool everybody, struct rg_continued *done,
			  struct left *left)
{
	struct rg_gate gates[RG_MAX_GATES];
	struct rg_wrapper_list wrappers;
	struct rg_held_list list;
	__u64 now_ns = rg_now_ns();
	__u32 *order;
	int err;

	err = everybody ? 0 : rg_gates_read(p, gates);
	if (!err)
		err = rg_held_read(p, &list);
	if (err)
		return err;
	order = order_of(&list);
	if (!order) {
		rg_held_free(&list);
		return -ENOMEM;
	}
	/* Without them the held go on all the same. */
	err = rg_wrappers_read(p, &wrappers);
	if (err)
		rg_warn("processes that stopped because of a hold cannot be read: %s",
			rg_strerror(err));
	for (__u32 i = 0; i < list.n;) {
		const struct rg_held *first = &list.values[order[i]];
		bool tried = false, drop = false;

		for (; i < list.n; i++) {
			const struct rg_held *h = &list.values[order[i]];

			if (!is_same_process(h, first))
				break;
			if (!everybody && !may_go_on(p, h, gates, now_ns))
				continue;
			if (h->phase == RG_HELD_WOKEN) { /* it comes to the door by itself */
				rg_held_forget(p, &list.keys[order[i]]);
				continue;
			}
			if (sleeps(h->phase)) {
				left->asleep++;
				continue;
			}
			if (h->phase != RG_HELD_STOPPED) {
				left->recorded++;
				continue;
			}
			if (!tried) {
				drop = continue_process(p, &wrappers, h->tgid, h->start_ns, done);
				tried = true;
			}
			if (drop)
				rg_held_forget(p, &list.keys[order[i]]);
		}
	}
	free(order);
	rg_wrappers_free(&wrappers);
	rg_held_free(&list);
	return 0;
}

/* Is this the record of a thread that is gone? On the rung sleep the pid may be another process's
 * by now, which nobody wakes: that is looked at where the reason to hold is gone as well, so
 * that it is not asked of thousands each time. */
static bool has_exited(const struct rg_pins *p, __u32 tid, const struct rg_held *h,
		       const struct rg_gate *gates, __u64 now_ns)
{
	/* Of no thread, or of one of another process. */
	if (syscall(SYS_tgkill, h->tgid, tid, 0) < 0)
		return errno == ESRCH;
	return sleeps(h->phase) && may_go_on(p, h, gates, now_ns) &&
	       rg_process_is(h->tgid, h->start_ns) == -ESRCH;
}

int rg_held_drop_exited(const struct rg_pins *p)
{
	struct rg_gate gates[RG_MAX_GATES];
	struct rg_held_list list;
	__u64 now_ns = rg_now_ns();
	int err = rg_gates_read(p, gates) ?: rg_held_read(p, &list);

	if (err)
		return err;
	for (__u32 i = 0; !err && i < list.n; i++) {
		struct rg_control c = {.op = RG_OP_EXITED, .held = list.keys[i]};

		if (!has_exited(p, list.keys[i].tid, &list.values[i], gates, now_ns))
			continue;
		err = rg_control(p, &c);
		if (err == -ENOENT) /* its end was seen after all */
			err = 0;
	}
	rg_held_free(&list);
	return err;
}

int rg_held_continue(const struct rg_pins *p, bool everybody, struct rg_continued *done)
{
	struct left left = {};
	int err;

	/* Waits for the BPF programs under way (synchronize_rcu), so that one look
	 * is mostly enough. It may do nothing (one CPU, nohz_full): the order of
	 * recording and looking at the gate is what nobody being lost rests on. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	for (int i = 0; i < 1000; i++) {
		if (!rg_held_any(p))
			return 0;
		left = (struct left){};
		err = continue_round(p, everybody, done, &left);
		if (err || (!left.recorded && !(left.asleep && done->await_sleepers)))
			return err;
		usleep(1000);
	}
	return left.recorded ? -EBUSY : 0;
}
