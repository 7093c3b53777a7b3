/* SPDX-License-Identifier: GPL-2.0-only */
/* Who would be held for longer than is good for it: units of systemd, and log-ins. */
#pragma once

#include <sys/types.h>

#include "check/exports.h"
#include "check/finding.h"
#include "check/policy.h"

#define RG_UNIT_FOR_EVER ((unsigned long long)-1) /* systemd's infinity, microseconds */

/* A service that systemd starts after reexport-guard.service. */
struct rg_waiting_unit {
	char name[128], type[16];	/* Type=, as systemd says it */
	unsigned long long start_us;	/* TimeoutStartSec=, or RG_UNIT_FOR_EVER */
	unsigned long long watchdog_us; /* WatchdogSec=, 0 or RG_UNIT_FOR_EVER: none */
	bool after_open;		/* it waits for reexport-guard-open.target */
};

struct rg_waiting_facts {
	struct rg_waiting_unit *units; /* owned */
	size_t n_units;
	int bus_err; /* 0; negative errno: systemd cannot be asked, or did not boot this host */
	/* Of the password file: homes of users that can log in and lie on a re-exported mount. */
	unsigned int n_homes;
	char user[64], home[256]; /* the first of these */
	int passwd_err;
	int sshd; /* is sshd there? 1, 0, negative errno */
};

void rg_waiting_gather(const char *root, const struct rg_reexport_facts *r,
		       struct rg_waiting_facts *w);
/* Take in a file in the format of passwd(5). 0 or negative errno. */
int rg_waiting_read_passwd(const char *file, const struct rg_reexport_facts *r,
			   struct rg_waiting_facts *w);
void rg_waiting_free(struct rg_waiting_facts *w);

/* Pure. */
void rg_waiting_check(const struct rg_waiting_facts *w, const struct rg_policy_facts *p,
		      struct rg_findings *f);
