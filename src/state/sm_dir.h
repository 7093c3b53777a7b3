/* SPDX-License-Identifier: GPL-2.0-only */
/* The files that rpc.statd and sm-notify read. They are in directories of rpc.statd's user, who may
 * put symbolic links, hard links and FIFOs there at any moment: everything is opened below a
 * descriptor and not followed, files are made anew, and owners are changed by descriptor. All
 * return 0 or a negative errno. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* A pair of addresses as text. */
struct rg_sm_peer {
	char addr[INET6_ADDRSTRLEN];  /* the host to tell */
	char local[INET6_ADDRSTRLEN]; /* this host's address, as the other host knows it */
};

#define RG_SM_RECORD_SIZE 256
/* Writes the record of rpc.statd for a host (nsm_create_monitor_record(), support/nsm/file.c).
 * Returns buf. */
char *rg_sm_record(const struct rg_sm_peer *peer, char buf[RG_SM_RECORD_SIZE]);

/* Returns the next NSM state number, which is odd while a host is up. */
int rg_sm_next_state(int state);

/* Raises the NSM state number in the file `state` of rpc.statd's directory, before the first
 * notice, since a number is used only once. *owner: of that file, and of the new one. */
int rg_sm_raise_state(int statd_dir, int *state, struct stat *owner);

/* Fills sm-notify's directory, which is empty and root's: a record for each host, and the state
 * number. It is given to the owner last. */
int rg_sm_fill(int dir, const struct rg_sm_peer *peers, size_t n, int state,
	       const struct stat *owner);

/* Says whether the record of a host is still there: sm-notify removes it when the host answers. One
 * that cannot be read counts as there. */
bool rg_sm_is_left(int dir, const struct rg_sm_peer *peer);

/* Removes what rg_sm_fill() made, and what sm-notify made of it. */
void rg_sm_empty(int dir);
