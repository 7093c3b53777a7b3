// SPDX-License-Identifier: GPL-2.0-only
/* Writes what `trace` prints and records: lines, header, end, and what it says at the end. */
#include "trace/parts.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- where it goes ---- */

void rg_trace_handle_outlet(struct trace *t, int err)
{
	switch (err) {
	case 0:
		return;
	case -EINTR:	 /* the loop reads the signal */
	case -ETIMEDOUT: /* the end reports what was left out */
		return;
	case -EPIPE:
		stop_now(t, "reader");
		return;
	default:
		t->status = rg_error(RG_FAILED, "standard output: %s", rg_strerror(err));
		stop_now(t, NULL);
	}
}

void rg_trace_print(struct trace *t, const char *line, size_t n)
{
	if (n)
		rg_trace_handle_outlet(t, rg_outlet_add(&t->out, line, n));
}

void rg_trace_record(struct trace *t, const char *line, size_t n)
{
	if (!n || !rg_recording_add(&t->recording, line, n))
		return;
	t->status = RG_FAILED;
	stop_now(t, NULL);
}

void rg_trace_flush_recording(void *arg)
{
	struct trace *t = arg;

	if (rg_recording_flush(&t->recording)) {
		t->status = RG_FAILED;
		stop_now(t, NULL);
	}
}

/* Prints a line of JSON that is no event. */
void rg_trace_write_json(struct trace *t, const char *line, size_t n)
{
	rg_trace_record(t, line, n);
	if (t->to_json)
		rg_trace_print(t, line, n);
}

/* ---- header and end ---- */

static size_t head(void *arg, unsigned int part, char *buf, size_t size)
{
	struct trace *t = arg;

	rg_header_fill(&t->header, t->guard ? &t->p : NULL);
	t->header.filtered = rg_filter_is_set(&t->request.filter);
	t->header.wall_ns = clock_ns(CLOCK_REALTIME);
	t->header.boot_ns = rg_now_ns();
	t->header.part = part;
	return rg_header_json(&t->header, buf, size);
}

int rg_trace_begin_output(struct trace *t)
{
	static char line[RG_HEADER_JSON_MAX];

	if (rg_outlet_open(&t->out, STDOUT_FILENO, t->signal_fd))
		return rg_error(RG_FAILED, "out of memory");
	/* Do not let a terminal delay the recording. */
	t->out.hasty = t->recording.open && t->style.width;
	t->out.meanwhile = rg_trace_flush_recording;
	t->out.arg = t;
	if (t->to_json)
		rg_trace_print(t, line, head(t, 1, line, sizeof(line)));
	else if (t->to_text && t->style.width)
		rg_trace_print(t, line, rg_record_text_head(&t->style, line, sizeof(line)));
	return t->status;
}

int rg_trace_begin_recording(struct trace *t)
{
	struct rg_recording_request request = {
		.file = t->request.record,
		.size = t->request.record_size,
		.keep = t->request.record_keep,
		.head = head,
		.arg = t,
	};

	return request.file ? rg_recording_open(&t->recording, &request) : RG_DONE;
}

void rg_trace_write_end(struct trace *t)
{
	struct rg_end end = {
		.wall_ns = clock_ns(CLOCK_REALTIME),
		.boot_ns = rg_now_ns(),
		.events = t->events,
		.lost = t->lost,
		.failures = t->failures,
		.reason = t->reason,
	};
	char line[512];

	rg_trace_write_json(t, line, rg_end_json(&end, line, sizeof(line)));
}

void rg_trace_say_summary(const struct trace *t)
{
	bool whole = !t->lost && !t->failures;

	if (t->failures)
		rg_warn("tracing programs failed %llu times: as many events may be missing",
			(unsigned long long)t->failures);
	if (!isatty(STDERR_FILENO))
		return;
	rg_info("%llu events, %llu downgrades, %llu lost%s", (unsigned long long)t->events,
		(unsigned long long)t->downgrades, (unsigned long long)t->lost,
		t->recovery && !t->downgraded && whole ? "; nothing was downgraded" : "");
}

void rg_trace_say_left_out(struct trace *t)
{
	rg_warn("standard output: its reader is too slow: %llu lines were left out%s",
		(unsigned long long)t->out.left_out,
		t->request.record ? "; they are in the recording" : "");
	/* Fail if output was not delivered, after finishing the recording. */
	if (!t->request.record && !t->status)
		t->status = RG_FAILED;
}

/* ---- the terminal ---- */

void rg_trace_look_at_terminal(struct trace *t)
{
	struct winsize size;

	if (t->style.width && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		t->style.width = size.ws_col;
}

void rg_trace_choose_style(struct trace *t)
{
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");

	setlocale(LC_CTYPE, "");
	t->style.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!isatty(STDOUT_FILENO))
		return;
	t->style.colour = (!no_colour || !*no_colour) && terminal && strcmp(terminal, "dumb") != 0;
	t->style.width = 80;
	rg_trace_look_at_terminal(t);
}
