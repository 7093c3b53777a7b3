// SPDX-License-Identifier: GPL-2.0-only
#include "record/alarm.h"

#include <time.h>

#include "pins/gates.h"
#include "base/log.h"

static void say_unsaid(struct rg_alarm *a)
{
	if (a->unsaid)
		rg_warn("%u more downgrades in one second: `reexport-guard trace --downgrades` "
			"shows all",
			a->unsaid);
	a->unsaid = 0;
}

static int on_record(void *arg, const struct rg_record *r)
{
	const struct rg_text_style plain = {};
	char line[RG_RECORD_TEXT_MAX];
	struct rg_alarm *a = arg;
	__u64 second = r->time_ns / RG_NS_PER_SEC;
	size_t n;

	if (a->also)
		a->also(a->also_arg, r);
	if (!r->downgrade)
		return 0;
	if (second != a->second) {
		say_unsaid(a);
		a->second = second;
		a->said = 0;
	}
	if (a->said == RG_ALARMS_PER_SECOND) {
		a->unsaid++;
		return 0;
	}
	a->said++;
	n = rg_record_text(r, &a->around, &plain, &a->kept, line, sizeof(line));
	if (n)
		rg_warn("downgrade: %.*s", (int)n - 1, line);
	return 0;
}

static __s64 wall_offset(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (__s64)now.tv_sec * (__s64)RG_NS_PER_SEC + now.tv_nsec - (__s64)rg_now_ns();
}

int rg_alarm_open(struct rg_alarm *a, const struct rg_pins *p, rg_record_fn *also, void *also_arg)
{
	*a = (struct rg_alarm){.around.wall_offset_ns = wall_offset(),
			       .also = also,
			       .also_arg = also_arg};
	return rg_tracer_open(p, RG_ALARM_RING_BYTES, on_record, a, &a->ring);
}

int rg_alarm_fd(const struct rg_alarm *a)
{
	return a->ring.ring ? rg_tracer_fd(&a->ring) : -1;
}

void rg_alarm_hear(struct rg_alarm *a)
{
	__u64 lost, now_s = rg_now_ns() / RG_NS_PER_SEC;

	if (!a->ring.ring)
		return;
	a->around.wall_offset_ns = wall_offset();
	rg_tracer_consume(&a->ring);
	if (a->second != now_s)
		say_unsaid(a);
	/* Limit how often this is read: while it is, the kernel runs no kprobe
	 * (base/read_map.h). */
	if (a->looked_s == now_s)
		return;
	a->looked_s = now_s;
	lost = rg_tracer_lost(&a->ring);
	if (lost != a->lost)
		rg_warn("%llu records came too fast for the daemon: downgrades may be among them",
			(unsigned long long)(lost - a->lost));
	a->lost = lost;
}

void rg_alarm_close(struct rg_alarm *a)
{
	say_unsaid(a);
	rg_tracer_close(&a->ring);
}
