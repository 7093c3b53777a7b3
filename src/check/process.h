/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes of the host that is checked, by its /proc. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct rg_process {
	unsigned int pid;   /* 0: there is none */
	bool netns_unknown; /* of which network namespace it is cannot be seen */
	bool none_visible;  /* /proc shows no process at all: nobody can tell */
	char args[4096];    /* its arguments, a NUL after each */
	size_t args_n;
};

/* Finds a process of this name (comm), of this network namespace, that has not ended. */
void rg_process_find(const char *root, const char *name, struct rg_process *p);

/* Returns what follows the option `brief` ("-s") or `name` ("--storagedir") among the
 * arguments; NULL: neither is there. */
const char *rg_process_option(const struct rg_process *p, const char *brief, const char *name);
