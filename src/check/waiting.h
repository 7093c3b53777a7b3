/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks which units of systemd and which log-ins would be held too long. */
#pragma once

#include <sys/types.h>

#include "check/exports.h"
#include "check/finding.h"
#include "check/policy.h"

#define RG_UNIT_FOR_EVER ((unsigned long long)-1) /* systemd's infinity in microseconds */

/* A service that systemd starts after reexport-guard.service. */
struct rg_waiting_unit {
	char name[128], type[16];    /* Type=, as systemd reports it */
	unsigned long long start_us; /* TimeoutStartSec= in microseconds, or RG_UNIT_FOR_EVER */
	unsigned long long
		watchdog_us; /* WatchdogSec= in microseconds; 0 or RG_UNIT_FOR_EVER: none */
	bool after_open;     /* it waits for reexport-guard-open.target */
};

struct rg_waiting_facts {
	struct rg_waiting_unit *units; /* owned */
	size_t n_units;
	int bus_err; /* 0, or a negative errno: systemd cannot be asked or did not boot this host */
	/* From the password file: homes on a re-exported mount of users who can log in. */
	unsigned int n_homes;
	char user[64], home[256]; /* the first of them */
	int passwd_err;
	int sshd; /* sshd is installed: 1, 0 or a negative errno */
};

void rg_waiting_gather(const char *root, const struct rg_reexport_facts *r,
		       struct rg_waiting_facts *w);
/* Reads a file in the format of passwd(5). Returns 0 or a negative errno. */
int rg_waiting_read_passwd(const char *file, const struct rg_reexport_facts *r,
			   struct rg_waiting_facts *w);
void rg_waiting_free(struct rg_waiting_facts *w);

/* Judges the facts. Pure. */
void rg_waiting_check(const struct rg_waiting_facts *w, const struct rg_policy_facts *p,
		      struct rg_findings *f);
