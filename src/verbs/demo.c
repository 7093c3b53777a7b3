// SPDX-License-Identifier: GPL-2.0-only
/* Shows what this program looks like during a recovery, without a machine and without
 * privileges: plays a recording of the laboratory (a power cut, 5 locks of one end client), which
 * is built into the program, into `trace`, `top` and `report`. */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/names.h"
#include "verbs/replay.h"
#include "cli/terminal.h"
#include "top/screen.h"
#include "cli/verbs.h"
#include "record/record_parse.h"
#include "record/record_text.h"
#include "report/report.h"

#define RECORDING "tests/unit/data/powercut.ndjson"
__asm__(".section .rodata\n"
	"recording_begins: .incbin \"" RECORDING "\"\n"
	"recording_ends: .byte 0\n"
	".previous\n");
extern const char recording_begins[], recording_ends[];

/* Play at double speed: each of the two plays takes some seven seconds. */
#define DEFAULT_SPEED 2
/* Time between two screens of `top`, in the recording's time. */
#define SCREEN_NS RG_NS_PER_SEC

struct event {
	struct rg_record r;
	__u64 wall_ns;
};

struct demo {
	struct rg_report report;
	struct event *events;
	size_t n;
	__u32 netns;
	struct rg_policy policy;
	long speed;
};

static void pause_for(__u64 ns, long speed)
{
	struct timespec t;

	fflush(stdout);
	ns /= (__u64)speed;
	t.tv_sec = (time_t)(ns / RG_NS_PER_SEC);
	t.tv_nsec = (long)(ns % RG_NS_PER_SEC);
	nanosleep(&t, NULL);
}

/* ---- the recording ---- */

static void take_header(struct demo *d, json_object *line)
{
	struct rg_report_header h;
	int release, scope, action;

	rg_report_header_of(line, &h);
	release = rg_release_of(h.release ?: "");
	scope = rg_scope_of(h.scope ?: "");
	action = rg_action_of(h.action ?: "");
	d->netns = (__u32)h.netns;
	d->policy = (struct rg_policy){.max_hold_s = RG_DEFAULT_MAX_HOLD,
				       .release = (__u32)(release < 0 ? 0 : release) & 3,
				       .scope = (__u32)(scope < 0 ? 0 : scope) & 3,
				       .action = (__u32)(action < 0 ? 0 : action) & 3};
	rg_report_header_free(&h);
}

static int take_line(struct demo *d, const char *at, size_t n)
{
	json_tokener *tok = json_tokener_new();
	json_object *line = tok ? json_tokener_parse_ex(tok, at, (int)n) : NULL;
	struct event e, *more;

	if (!line || !rg_report_line(&d->report, line)) {
		json_object_put(line);
		json_tokener_free(tok);
		return rg_error(RG_FAILED, "demo: the built-in recording cannot be read");
	}
	if (rg_record_of_json(line, &e.r, &e.wall_ns)) {
		more = reallocarray(d->events, d->n + 1, sizeof(*more));
		if (more) {
			d->events = more;
			more[d->n++] = e;
		}
	} else if (!d->n) {
		take_header(d, line);
	}
	json_object_put(line);
	json_tokener_free(tok);
	return RG_DONE;
}

static int take_recording(struct demo *d)
{
	int err = RG_DONE;

	for (const char *at = recording_begins, *end; !err && at < recording_ends; at = end + 1) {
		end = memchr(at, '\n', (size_t)(recording_ends - at));
		if (!end)
			break;
		err = take_line(d, at, (size_t)(end - at));
	}
	rg_report_finish(&d->report);
	if (!err && !d->n)
		err = rg_error(RG_FAILED, "demo: out of memory");
	return err;
}

/* ---- what is played into what ---- */

/* Returns the time of an event, never before *now_ns, the latest so far: a tracer notices a
 * gate's change late but writes the time of the change. */
static void wait_for(const struct demo *d, const struct event *e, __u64 *now_ns)
{
	if (e->r.time_ns <= *now_ns)
		return;
	pause_for(e->r.time_ns - *now_ns, d->speed);
	*now_ns = e->r.time_ns;
}

static void play_trace(const struct demo *d)
{
	struct rg_text_style style = {.colour = rg_terminal_has_colours(),
				      .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
	char line[RG_RECORD_TEXT_MAX] = "";
	__u64 now_ns = d->events[0].r.time_ns;
	struct rg_second kept = {};
	unsigned int lines;

	printf("$ reexport-guard trace\n");
	if (rg_terminal_is_one())
		rg_terminal_size(&style.width, &lines);
	fwrite(line, 1, rg_record_text_head(&style, line, sizeof(line)), stdout);
	for (size_t i = 0; i < d->n; i++) {
		const struct event *e = &d->events[i];
		const struct rg_record_around around = {.wall_offset_ns =
								(__s64)(e->wall_ns - e->r.time_ns)};

		wait_for(d, e, &now_ns);
		fwrite(line, 1, rg_record_text(&e->r, &around, &style, &kept, line, sizeof(line)),
		       stdout);
	}
}

static int show_top(const struct rg_replay *replay)
{
	struct rg_top top = {.now = &replay->now, .all = true};
	unsigned int columns, lines;
	struct rg_screen screen;
	int err;

	rg_terminal_size(&columns, &lines);
	err = rg_screen_init(&screen, columns, 64) ?: rg_top_draw(&top, &screen);
	if (!err) {
		if (rg_terminal_is_one())
			fputs("\033[2J\033[H", stdout);
		printf("$ reexport-guard top\n");
		rg_screen_print(&screen, stdout, false, rg_terminal_has_colours());
		putchar('\n');
	}
	rg_screen_free(&screen);
	return err ? rg_error(RG_FAILED, "demo: %s", rg_strerror(err)) : RG_DONE;
}

static int play_top(const struct demo *d)
{
	const struct event *first = &d->events[0];
	__u64 now_ns = first->r.time_ns, end_ns = d->events[d->n - 1].r.time_ns + 1;
	struct rg_replay replay;
	size_t next = 0;
	int err = rg_replay_begin(&replay, d->netns, d->policy, now_ns);

	if (err)
		return rg_error(RG_FAILED, "demo: %s", rg_strerror(err));
	replay.wall_offset_ns = first->wall_ns - first->r.time_ns;
	while (!err && next < d->n) {
		now_ns = now_ns + SCREEN_NS < end_ns ? now_ns + SCREEN_NS : end_ns;
		pause_for(SCREEN_NS, d->speed);
		for (; next < d->n && d->events[next].r.time_ns <= now_ns; next++)
			rg_replay_add(&replay, &d->events[next].r);
		rg_replay_at(&replay, now_ns);
		err = show_top(&replay);
	}
	rg_replay_free(&replay);
	return err;
}

int rg_verb_demo(const struct rg_options *o)
{
	struct demo d = {.speed = o->speed ?: DEFAULT_SPEED};
	int err;

	if (!o->replay)
		return rg_error(RG_USAGE, "demo: needs --replay, which plays a recording; with "
					  "machines `make demo` in the source does it for real");
	setlocale(LC_CTYPE, "");
	rg_report_init(&d.report);
	err = take_recording(&d);
	if (!err) {
		play_trace(&d);
		err = play_top(&d);
	}
	if (!err) {
		printf("$ reexport-guard report\n");
		rg_report_text(&d.report, stdout);
	}
	rg_report_free(&d.report);
	free(d.events);
	return err;
}
