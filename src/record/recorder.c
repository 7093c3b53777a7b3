// SPDX-License-Identifier: GPL-2.0-only
#include "record/recorder.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "pins/gates.h"
#include "record/recording.h"

/* Shared by the daemon and its thread; the last one to let go frees it. */
struct rg_recorder_writer {
	pthread_mutex_t lock; /* never held during a write to disk */
	pthread_cond_t changed;
	pthread_t thread;
	unsigned int users;
	bool started, ends, done, failed;
	char *piece; /* lines to write; NULL: none, or the thread has taken them */
	size_t n;
	struct rg_header header; /* of part 1; the next say `untraced` */
	__u64 untraced;
	unsigned int part; /* the last one begun; 0: none yet */
	/* Only the thread uses these: */
	struct rg_recording recording;
	char file[RG_PATH_SIZE + NAME_MAX + 2];
	__u64 size;
};

static __u64 wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (__u64)t.tv_sec * RG_NS_PER_SEC + (__u64)t.tv_nsec;
}

static void let_go(struct rg_recorder_writer *w)
{
	unsigned int left;

	pthread_mutex_lock(&w->lock);
	left = --w->users;
	pthread_mutex_unlock(&w->lock);
	if (left)
		return;
	rg_header_free(&w->header);
	free(w->piece);
	free(w);
}

/* ---- the thread ---- */

static size_t head(void *arg, unsigned int part, char *buf, size_t size)
{
	struct rg_recorder_writer *w = arg;
	struct rg_header h;

	pthread_mutex_lock(&w->lock);
	h = w->header; /* its header's budget is not owned by it */
	w->part = part;
	if (part > 1)
		h.untraced = w->untraced;
	pthread_mutex_unlock(&w->lock);
	h.wall_ns = wall_ns();
	h.boot_ns = rg_now_ns();
	h.part = part;
	return rg_header_json(&h, buf, size);
}

static int write_piece(struct rg_recorder_writer *w, const char *piece, size_t n)
{
	const struct rg_recording_request request = {.file = w->file,
						     .size = w->size,
						     .keep = RG_RECORD_PARTS,
						     .head = head,
						     .arg = w};
	int err = w->recording.open ? RG_DONE : rg_recording_open(&w->recording, &request);

	for (const char *at = piece, *end; !err && at < piece + n; at = end + 1) {
		end = memchr(at, '\n', (size_t)(piece + n - at));
		if (!end)
			break;
		err = rg_recording_add(&w->recording, at, (size_t)(end + 1 - at));
	}
	return err ?: rg_recording_sync(&w->recording);
}

static void *work(void *arg)
{
	struct rg_recorder_writer *w = arg;

	pthread_mutex_lock(&w->lock);
	while (w->piece || !w->ends) {
		char *piece = w->piece;
		bool failed = w->failed;
		size_t n = w->n;
		int err;

		if (!piece) {
			pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		w->piece = NULL;
		pthread_mutex_unlock(&w->lock);
		/* Never open the recording again after a failure: each attempt would rotate
		 * parts away. */
		err = failed ? RG_FAILED : write_piece(w, piece, n);
		free(piece);
		pthread_mutex_lock(&w->lock);
		w->failed |= err != RG_DONE;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	rg_recording_close(&w->recording);
	pthread_mutex_lock(&w->lock);
	w->done = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	let_go(w);
	return NULL;
}

/* Starts the thread with the first piece, after the daemon has dropped capabilities, so that the
 * thread has no others. */
static bool start(struct rg_recorder_writer *w)
{
	if (w->started)
		return true;
	w->users++;
	if (pthread_create(&w->thread, NULL, work, w)) {
		w->users--;
		return false;
	}
	pthread_detach(w->thread);
	w->started = true;
	return true;
}

/* ---- the daemon ---- */

int rg_recorder_open(struct rg_recorder *r, const char *file, __u64 size, struct rg_header *header)
{
	struct rg_recorder_writer *w = calloc(1, sizeof(*w));

	*r = (struct rg_recorder){};
	if (!w) {
		rg_header_free(header);
		return -ENOMEM;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->users = 1;
	w->header = *header;
	w->untraced = header->untraced;
	header->budget = NULL;
	snprintf(w->file, sizeof(w->file), "%s", file);
	w->size = size / RG_RECORD_PARTS;
	r->writer = w;
	return 0;
}

static bool has_failed(const struct rg_recorder *r)
{
	bool failed;

	pthread_mutex_lock(&r->writer->lock);
	failed = r->writer->failed;
	pthread_mutex_unlock(&r->writer->lock);
	return failed;
}

/* Hands the lines to the thread if it has taken the last piece. */
static void hand_over(struct rg_recorder *r)
{
	struct rg_recorder_writer *w = r->writer;

	if (!r->begun || !r->n)
		return;
	pthread_mutex_lock(&w->lock);
	if (!w->piece && start(w)) {
		w->piece = r->lines;
		w->n = r->n;
		r->lines = NULL;
		r->n = r->room = 0;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
}

/* Makes room for one more line. Returns NULL if the bound is reached. */
static bool has_room_of(struct rg_recorder *r, size_t line)
{
	size_t room = r->room ? 2 * r->room : RG_RECORDER_PIECE / 2;
	char *more;

	if (r->room - r->n >= line)
		return true;
	if (room > RG_RECORDER_WAITING)
		return false;
	more = realloc(r->lines, room);
	if (!more)
		return false;
	r->lines = more;
	r->room = room;
	return true;
}

_Static_assert(RG_HEADER_JSON_MAX <= RG_RECORDER_PIECE / 2, "one step makes room for any line");

static bool has_room(struct rg_recorder *r)
{
	return has_room_of(r, RG_RECORD_JSON_MAX);
}

static void put(struct rg_recorder *r, const struct rg_record *record)
{
	r->events++;
	if (!has_room(r)) {
		r->dropped++;
		return;
	}
	r->n += rg_record_json(record, &r->around, &r->kept, r->lines + r->n, r->room - r->n);
}

void rg_recorder_add(struct rg_recorder *r, const struct rg_record *record)
{
	if (!r->writer)
		return;
	r->begun = true;
	put(r, record);
	if (r->n >= RG_RECORDER_PIECE)
		hand_over(r);
}

/* Read the policy again, which may have changed when the next part begins. */
static void tell_policy(struct rg_recorder_writer *w, const struct rg_gate *gate)
{
	if (gate->netns != w->header.netns)
		return;
	pthread_mutex_lock(&w->lock);
	w->header.has_policy = true;
	w->header.policy = gate->policy;
	w->header.lease_s = gate->lease_s;
	pthread_mutex_unlock(&w->lock);
}

void rg_recorder_untraced(struct rg_recorder *r, __u64 untraced)
{
	struct rg_recorder_writer *w = r->writer;
	struct rg_header h;

	if (!w || untraced == w->untraced || !has_room_of(r, RG_HEADER_JSON_MAX))
		return;
	pthread_mutex_lock(&w->lock);
	w->untraced = untraced;
	h = w->header;
	h.part = w->part ?: 1;
	pthread_mutex_unlock(&w->lock);
	h.untraced = untraced;
	h.wall_ns = wall_ns();
	h.boot_ns = rg_now_ns();
	r->events++;
	r->n += rg_header_json(&h, r->lines + r->n, r->room - r->n);
}

static void tell_lost(struct rg_recorder *r, __u64 now_ns)
{
	__u64 failures = r->failures - r->told_failures;
	struct rg_record lost = {.op = RG_REC_LOST,
				 .time_ns = now_ns,
				 .value = r->dropped - r->told_dropped,
				 .expected = failures > ~0U ? ~0U : (__u32)failures};

	if ((!lost.value && !lost.expected) || !has_room(r))
		return;
	r->told_dropped = r->dropped;
	r->told_failures = r->failures;
	put(r, &lost);
}

void rg_recorder_look(struct rg_recorder *r, const struct rg_gate *gates, __u64 now_ns, __u64 lost,
		      __u64 failures)
{
	struct rg_record record;
	__u64 next_ns = 0;

	if (!r->writer)
		return;
	r->around.wall_offset_ns = (__s64)(wall_ns() - now_ns);
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		if (gates[i].netns)
			tell_policy(r->writer, &gates[i]);
		if (rg_gate_event(&r->gates[i], &gates[i], now_ns, &record, &next_ns))
			put(r, &record);
	}
	if (lost > r->lost_in_ring) {
		r->dropped += lost - r->lost_in_ring;
		r->lost_in_ring = lost;
	}
	if (failures > r->failures)
		r->failures = failures;
	tell_lost(r, now_ns);
	hand_over(r);
}

/* Adds one line: that of lock i, or, for -1, that of the sums. */
static void put_loss(struct rg_recorder *r, const struct rg_lost *l, long i,
		     const struct rg_lost_when *when)
{
	r->events++;
	if (!has_room(r))
		r->dropped++;
	else if (i < 0)
		r->n += rg_lost_line(l, when, r->lines + r->n, r->room - r->n);
	else
		r->n += rg_lost_lock_line(l, (size_t)i, when, r->lines + r->n, r->room - r->n);
}
_Static_assert(RG_LOST_LINE_MAX <= RG_RECORD_JSON_MAX, "has_room() makes room for one");

void rg_recorder_losses(struct rg_recorder *r, const struct rg_losts *all)
{
	const struct rg_lost_when when = {.wall_ns = wall_ns(), .boot_ns = rg_now_ns()};

	for (int slot = 0; r->writer && slot < RG_MAX_GATES; slot++) {
		const struct rg_lost *l = all->at[slot];

		if (!l || !rg_lost_is_news(l, &r->lost[slot]))
			continue;
		put_loss(r, l, -1, &when);
		for (size_t i = 0; i < l->n; i++)
			if (l->locks[i].why != RG_LOST_NOT)
				put_loss(r, l, (long)i, &when);
	}
}

void rg_recorder_mounts(struct rg_recorder *r, const struct rg_mounts *mounts)
{
	if (!r->writer)
		return;
	rg_mountpoints_of(mounts, &r->mounts);
	r->around.mounts = &r->mounts;
}

__u32 rg_recorder_state(const struct rg_recorder *r)
{
	return !r->writer ? RG_RECORDER_OFF : has_failed(r) ? RG_RECORDER_FAILED : RG_RECORDER_ON;
}

static void put_end(struct rg_recorder *r, const char *reason)
{
	const struct rg_end end = {.wall_ns = wall_ns(),
				   .boot_ns = rg_now_ns(),
				   .events = r->events,
				   .lost = r->told_dropped,
				   .failures = r->told_failures,
				   .reason = reason};

	if (has_room(r))
		r->n += rg_end_json(&end, r->lines + r->n, r->room - r->n);
}

/* Waits until the thread has taken the previous piece, hands it the last one, and waits for the
 * thread to end. */
static bool finish(struct rg_recorder *r, unsigned int wait_s)
{
	struct rg_recorder_writer *w = r->writer;
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += wait_s;
	pthread_mutex_lock(&w->lock);
	while (w->piece && !err)
		err = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	if (!w->piece && r->begun && r->n && start(w)) {
		w->piece = r->lines;
		w->n = r->n;
		r->lines = NULL;
	}
	w->ends = true;
	pthread_cond_broadcast(&w->changed);
	while (w->started && !w->done && !err)
		err = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	err |= w->failed;
	pthread_mutex_unlock(&w->lock);
	return !err;
}

bool rg_recorder_close(struct rg_recorder *r, const char *reason, unsigned int wait_s)
{
	bool all = true;

	if (r->writer) {
		tell_lost(r, rg_now_ns());
		if (r->begun)
			put_end(r, reason);
		all = finish(r, wait_s);
		let_go(r->writer);
	}
	free(r->lines);
	rg_mountpoints_free(&r->mounts);
	*r = (struct rg_recorder){};
	return all;
}
