/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds processes of the checked host in its /proc. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct rg_process {
	unsigned int pid;   /* 0: there is no such process */
	bool netns_unknown; /* its network namespace cannot be read */
	bool none_visible;  /* /proc shows no process at all, so it is unknown */
	char args[4096];    /* its arguments, each with a NUL */
	size_t args_n;
};

/* Finds a live process of this name (comm) in this network namespace. */
void rg_process_find(const char *root, const char *name, struct rg_process *p);

/* Returns the argument of the option `brief` ("-s") or `name` ("--storagedir"), or NULL. */
const char *rg_process_option(const struct rg_process *p, const char *brief, const char *name);
