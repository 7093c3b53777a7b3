/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes all messages, one line each, to stderr. */
#pragma once

/* Exit statuses of the program, and what the loader's larger steps return. */
enum rg_exit {
	RG_DONE = 0,
	RG_FAILED = 1,
	RG_USAGE = 2,
	RG_CANNOT = 3, /* this kernel or host cannot run the guard */
	RG_NOT_ENABLED = 4,
	RG_TIMED_OUT = 5, /* `wait`: the gate did not open in time */
	RG_NOT_SURE = 6,  /* `report --exit-code`: unproven, undecided */
	RG_LOST = 7,	  /* `report --exit-code`: an end client lost a lock */
};

#define RG_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* A message names the object, what is wrong with it, why, and what to do. Returns `status`, so
 * that a caller can write `return rg_error(RG_FAILED, ...)`. */
int rg_error(int status, const char *fmt, ...) RG_PRINTF(2, 3);
void rg_warn(const char *fmt, ...) RG_PRINTF(1, 2);
void rg_info(const char *fmt, ...) RG_PRINTF(1, 2);

/* Show libbpf's own messages only if RG_DEBUG is in the environment, indented. Our messages
 * include libbpf's error. */
void rg_log_start(void);

/* Text of an errno as BPF and NFS use them (a kernel's 524 has no text in libc). */
const char *rg_strerror(int err);
