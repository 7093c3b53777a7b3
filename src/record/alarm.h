/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon's own tracer: every downgrade becomes a line of its log. */
#pragma once

#include "record/record_text.h"
#include "record/tracer.h"

/* Lines a second; what is more is counted, and the number said. */
#define RG_ALARMS_PER_SECOND 10

/* Owned by the caller; {} is closed. */
struct rg_alarm {
	struct rg_tracer_ring ring;
	struct rg_record_around around;
	struct rg_second kept; /* rg_record_text()'s */
	__u64 second;	       /* of CLOCK_BOOTTIME, that `said` is of */
	__u32 said, unsaid;
	__u64 lost;	    /* records, as last said */
	rg_record_fn *also; /* hears every record as well; or NULL */
	void *also_arg;
	__u64 looked_s; /* when that was looked at, of CLOCK_BOOTTIME */
};

/* p is kept. also: see above. 0 or a negative errno. */
int rg_alarm_open(struct rg_alarm *a, const struct rg_pins *p, rg_record_fn *also, void *also_arg);
/* For epoll(7); -1: not open. */
int rg_alarm_fd(const struct rg_alarm *a);
/* Say what there is. */
void rg_alarm_hear(struct rg_alarm *a);
void rg_alarm_close(struct rg_alarm *a);
