/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon's own tracer, which writes every downgrade to the daemon's log. */
#pragma once

#include "record/record_text.h"
#include "record/tracer.h"

/* Lines a second; further ones are counted, and their number is logged. */
#define RG_ALARMS_PER_SECOND 10

/* Owned by the caller; {} is a closed one. */
struct rg_alarm {
	struct rg_tracer_ring ring;
	struct rg_record_around around;
	struct rg_second kept; /* for rg_record_text() */
	__u64 second;	       /* the second (CLOCK_BOOTTIME) in which `said` lines were written */
	__u32 said, unsaid;
	__u64 lost;	    /* lost records, as last logged */
	rg_record_fn *also; /* gets every record as well; or NULL */
	void *also_arg;
	__u64 looked_s; /* when it was read last, CLOCK_BOOTTIME */
};

/* Opens the tracer and keeps p. `also` is the field above. Returns 0 or a negative errno. */
int rg_alarm_open(struct rg_alarm *a, const struct rg_pins *p, rg_record_fn *also, void *also_arg);
/* Returns a descriptor for epoll(7), or -1 if the tracer is closed. */
int rg_alarm_fd(const struct rg_alarm *a);
/* Logs the records that wait in the ring. */
void rg_alarm_hear(struct rg_alarm *a);
void rg_alarm_close(struct rg_alarm *a);
