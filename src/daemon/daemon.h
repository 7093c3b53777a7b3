/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon. Our programs open and close gates without it. It does what they cannot: continues
 * stopped processes, classifies new mounts, attaches and detaches doors, and keeps on disk what the
 * time after a reboot needs. Everything else is in the pinned maps, so it may die at any moment. */
#pragma once

#include <sys/types.h>

#include "load/loader.h"
#include "load/mend.h"
#include "metrics/metrics_file.h"
#include "metrics/status_line.h"
#include "record/alarm.h"
#include "record/recorder.h"
#include "record/role.h"
#include "state/keep.h"
#include "state/lockd_grace.h"

struct libmnt_monitor;
struct ring_buffer;

struct rg_daemon {
	struct rg_pins p;
	ino_t pinned_ino; /* id of map_meta, by which another set is noticed */
	struct ring_buffer *ring;
	struct libmnt_monitor *mounts;
	int epoll_fd, signal_fd, timer_fd, mounts_fd, ring_fd;
	int pins_fd; /* inotify on the pin directory, for added and removed pins */
	struct rg_mend mend;
	unsigned int writes_failed; /* the last count */
	__u64 mend_due_ns;	    /* when to look at the pins again */
	bool said_gone;		    /* reported that a pin cannot be put back */
	int only_fd;		    /* locked while this daemon runs */
	struct rg_keep keep;
	struct rg_lockd_grace lockd_grace;
	struct rg_alarm alarm;
	struct rg_role role; /* recorded as well, if it is enabled */
	struct rg_recorder recorder;
	/* When to read the losses of the tracer, and the last result; failures since this daemon
	 * began. */
	__u64 recorder_due_ns, lost, failures, failed_before;
	struct rg_metrics_file metrics;
	__u32 states[RG_MAX_GATES];	     /* the last message in the log */
	__u64 origin_no_grace[RG_MAX_GATES]; /* the last one that was acted upon, ns */
	__u64 exports;			     /* rg_exports_stamp_here() when the rules were made */
	bool classify_due; /* mounts changed while other processes worked on the set */
	bool classified;   /* the held must be looked at again */
	bool stop;
	__u64 count_due_ns; /* when to count end clients' locks again */
	__u64 held_due_ns;  /* when to look for exited held threads again */
	__u64 passed;	    /* number of calls for which no door ran */
	bool said_passed;
	bool said_missed;    /* reported that a start of knfsd went unseen */
	bool said_disk;	     /* reported that a disk does not answer */
	bool said_exempt;    /* reported that new executables cannot be exempted */
	__u64 exempt_due_ns; /* when to look for exempt executables again */
	struct rg_status_line status_line;
	int status; /* enum rg_exit, the daemon's result */
};

/* Longest wait at the end for unfinished writes, seconds. */
#define RG_LAST_WRITES_S 5

/* ---- set_up.c ---- */

/* Fills *d; rg_daemon_end() releases it. max_ranges: of end clients' locks that the ledger keeps,
 * 0: the default. */
void rg_daemon_init(struct rg_daemon *d, size_t max_ranges);
/* Takes the lock of the only daemon of this host, kept until this process ends. Returns an enum
 * rg_exit after reporting what is wrong. */
int rg_daemon_be_the_only_one(struct rg_daemon *d);
/* Blocks SIGHUP, SIGTERM and SIGINT, and opens what the loop waits for. Returns an enum rg_exit
 * after reporting what is wrong. */
int rg_daemon_set_up(struct rg_daemon *d);
/* Has the loop wait for fd. Returns 0 or a negative errno. */
int rg_daemon_watch_fd(struct rg_daemon *d, int fd);
/* Keeps the capabilities to signal others' processes, to use maps, and to read /proc files
 * (hidepid). Returns an enum rg_exit after reporting what is wrong. */
int rg_daemon_drop_capabilities(void);

/* ---- set.c ---- */

/* Sets the heartbeat, without which hold acts as deny, and systemd's watchdog. */
void rg_daemon_beat(struct rg_daemon *d);
/* Adds a record to the recording of the last recoveries. d: a struct rg_daemon. Returns 0. */
int rg_daemon_record(void *d, const struct rg_record *r);
/* Serves the set d->p, which stays open and locked until this daemon has its place among the
 * tracers. Returns an enum rg_exit after reporting what is wrong. */
int rg_daemon_adopt(struct rg_daemon *d);
/* Closes the set. reason: for the end of the recording. */
void rg_daemon_let_go(struct rg_daemon *d, const char *reason);
/* Puts back pins that were removed or replaced by others than our verbs. */
void rg_daemon_mend(struct rg_daemon *d);
/* Adopts the new set, or stops, if the set was disabled by another process. */
void rg_daemon_look_at_pins(struct rg_daemon *d);

/* ---- classify.c ---- */

/* Classifies mounts after a change of mounts or exports, for the gate of this network namespace
 * only: the mount table does not show others. Returns 0 or a negative errno, after a warning unless
 * only the lock is taken, for which it tries again later. */
int rg_daemon_classify(struct rg_daemon *d);
/* Says whether a gate here goes by exports that have changed since its rules were made. */
bool rg_daemon_exports_changed(const struct rg_daemon *d);

/* ---- look.c ---- */

/* Looks at every gate: continues the held, logs changes, and sets the timer for the next change
 * that comes by time. */
void rg_daemon_look(struct rg_daemon *d);

/* ---- loop.c ---- */

/* Serves the adopted set until a signal, or until it is disabled. */
void rg_daemon_serve(struct rg_daemon *d);
/* Writes what the time after a reboot needs, and leaves gates and held as they are. served: whether
 * the daemon got as far as rg_daemon_serve(). */
void rg_daemon_end(struct rg_daemon *d, bool served);

/* ---- notify.c ---- */

/* Starts the child that tells NFSv3 end clients of dropped locks. only_fd: the daemon's own
 * lock. */
void rg_notify_start(int only_fd);
/* Starts the process that asks original servers whether they keep this host's locks. */
void rg_asker_start(int only_fd);
