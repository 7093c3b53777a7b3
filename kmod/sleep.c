// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that is held at a door sleeps on its way back to user space.
 *
 * The program at the door asks for it with bpf_send_signal_thread(RG_SLEEP_SIGNAL). That
 * number is no signal, so without this module the kernel answers -EINVAL. A kprobe on
 * group_send_sig_info(), which the helper calls, queues a task work for the calling thread
 * and makes the number 0: no signal is sent and the answer is 0. So the door knows before
 * it returns a restart errno whether its thread is going to sleep. The errno cannot reach
 * user space: the task work is queued with TWA_SIGNAL, and get_signal() (kernel/signal.c),
 * which runs it, is followed by the restart of the system call.
 *
 * The task work sleeps with no lock held. Signals and the freezers end the sleep early, and
 * the system call then ends or restarts by its errno, as any other call that sleeps. A thread
 * is frozen outside the module, so that it can be unloaded meanwhile. One
 * delayed work asks for every sleeper whether it has to wait on, for as long as there is a
 * sleeper. To wake a thread is always safe: its call is restarted and comes to the door
 * again. That is why a thread for which nobody answers is let go.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "reexport_guard.h"
#include "sleep.h"

/* How often the sleepers are asked for, and how often in a row nobody may answer. */
#define PERIOD_NS (100 * NSEC_PER_MSEC)
#define SLEEP_TRIES 10
/* With very many of them the looks take no more than 1 / LOOK_SHARE of one CPU's time, unless
 * they would come more seldom than MAX_PERIOD_NS. */
#define LOOK_SHARE 20
#define MAX_PERIOD_NS NSEC_PER_SEC

rg_counter(slept, "held threads that were put to sleep");
rg_counter(not_slept, "held threads that could not be put to sleep: no memory, or exiting");
rg_counter(unanswered_sleepers, "sleepers that were let go because no program answered");

/* Owned by the task work until it has run. `entry`, `go` and `unanswered` are under `lock`. */
struct sleeper {
	struct callback_head work;
	struct list_head entry; /* in `sleepers`, while it sleeps */
	wait_queue_head_t wait;
	unsigned int tid; /* in the initial pid namespace */
	unsigned int unanswered;
	bool go;
};

static DEFINE_MUTEX(lock);
static LIST_HEAD(sleepers);
static bool leaving; /* the module is being unloaded: nobody begins to sleep */
static atomic_t under_way = ATOMIC_INIT(0); /* task works queued and not yet through */
static DECLARE_WAIT_QUEUE_HEAD(all_through);

static void look_at_all(struct work_struct *work);
static DECLARE_DELAYED_WORK(looking, look_at_all);

rg_question int security_reexport_wait(unsigned int tid, unsigned int how)
{
	return RG_NOBODY;
}

/* Under `lock`. Afterwards s->go says whether the thread may go on. */
static void look(struct sleeper *s)
{
	int answer = security_reexport_wait(s->tid, RG_WAIT_MUST);

	if (answer == RG_YES) {
		s->unanswered = 0;
		return;
	}
	if (answer == RG_NOBODY) {
		if (++s->unanswered < SLEEP_TRIES)
			return;
		atomic_long_inc(&unanswered_sleepers);
	}
	WRITE_ONCE(s->go, true);
	wake_up(&s->wait);
}

static void look_at_all(struct work_struct *work)
{
	u64 start_ns, pause_ns;
	struct sleeper *s;

	mutex_lock(&lock);
	start_ns = ktime_get_ns();
	list_for_each_entry(s, &sleepers, entry)
	{
		if (!s->go)
			look(s);
		cond_resched();
	}
	pause_ns = (ktime_get_ns() - start_ns) * LOOK_SHARE;
	if (!list_empty(&sleepers) && !leaving)
		schedule_delayed_work(&looking, nsecs_to_jiffies(clamp_t(u64, pause_ns, PERIOD_NS,
									 MAX_PERIOD_NS)));
	mutex_unlock(&lock);
}

/* False: it has no need to sleep. */
static bool begin(struct sleeper *s)
{
	mutex_lock(&lock);
	if (leaving || (current->flags & PF_EXITING))
		WRITE_ONCE(s->go, true);
	else
		look(s);
	if (!s->go) {
		list_add_tail(&s->entry, &sleepers);
		atomic_long_inc(&slept);
		schedule_delayed_work(&looking, nsecs_to_jiffies(PERIOD_NS));
	}
	mutex_unlock(&lock);
	return !list_empty(&s->entry);
}

/* Of a traced thread ptrace_notify() (kernel/signal.c) runs the task work, before get_signal() has
 * taken back the flag by which it was announced. With the flag no sleep lasts, and without it
 * afterwards the system call is not restarted. It stays if other task work waits. */
static bool take_notice(void)
{
	if (!test_thread_flag(TIF_NOTIFY_SIGNAL))
		return false;
	clear_thread_flag(TIF_NOTIFY_SIGNAL);
	smp_mb__after_atomic();
	if (!task_work_pending(current))
		return true;
	set_thread_flag(TIF_NOTIFY_SIGNAL);
	return false;
}

/* The task work: in the held thread, with no lock held. */
static void sleep_until_let_go(struct callback_head *work)
{
	struct sleeper *s = container_of(work, struct sleeper, work);

	if (begin(s)) {
		bool noticed = take_notice();
		int err = wait_event_interruptible(s->wait, READ_ONCE(s->go));

		if (noticed)
			set_thread_flag(TIF_NOTIFY_SIGNAL);
		mutex_lock(&lock); /* whoever wakes it has done with it */
		list_del(&s->entry);
		mutex_unlock(&lock);
		/* Else it ends, and its end tells. */
		if (err && !fatal_signal_pending(current))
			security_reexport_wait(s->tid, RG_WAIT_INTERRUPTED);
	}
	kfree(s);
	rcu_read_lock(); /* `all_through` is there until this is over: rg_sleep_exit() */
	if (atomic_dec_and_test(&under_way))
		wake_up(&all_through);
	rcu_read_unlock();
}

/* group_send_sig_info(sig, info, task, type). Preemption is disabled. Programs alone may
 * send SEND_SIG_PRIV with a number that is no signal: kill(2) checks nothing before, but
 * has another info. */
static int asked_to_sleep(struct kprobe *probe, struct pt_regs *regs)
{
	struct sleeper *s;

	if ((u32)regs_get_kernel_argument(regs, 0) != RG_SLEEP_SIGNAL ||
	    regs_get_kernel_argument(regs, 1) != (unsigned long)SEND_SIG_PRIV ||
	    regs_get_kernel_argument(regs, 2) != (unsigned long)current)
		return 0;
	s = kmalloc(sizeof(*s), GFP_ATOMIC | __GFP_NOWARN);
	if (!s) {
		atomic_long_inc(&not_slept);
		return 0;
	}
	init_task_work(&s->work, sleep_until_let_go);
	INIT_LIST_HEAD(&s->entry);
	init_waitqueue_head(&s->wait);
	s->tid = task_pid_nr(current);
	s->unanswered = 0;
	s->go = false;
	atomic_inc(&under_way);
	if (task_work_add(current, &s->work, TWA_SIGNAL)) {
		atomic_long_inc(&not_slept);
		atomic_dec(&under_way);
		kfree(s);
		return 0;
	}
	rg_first_argument(regs) = 0;
	return 0;
}

static struct kprobe door = {
	.symbol_name = "group_send_sig_info",
	.pre_handler = asked_to_sleep,
};

int rg_sleep_init(void)
{
	return register_kprobe(&door);
}

/* Nobody stays: every sleeper is woken, and the code of its task work is left, before this
 * returns. A thread whose work is queued is waited for until it returns to user space. */
void rg_sleep_exit(void)
{
	struct sleeper *s;

	unregister_kprobe(&door);
	mutex_lock(&lock);
	leaving = true;
	list_for_each_entry(s, &sleepers, entry)
	{
		WRITE_ONCE(s->go, true);
		wake_up(&s->wait);
	}
	mutex_unlock(&lock);
	cancel_delayed_work_sync(&looking);
	wait_event_idle(all_through, !atomic_read(&under_way));
	/* The last instructions of a task work, which may be preempted there. */
	synchronize_rcu_tasks();
}
