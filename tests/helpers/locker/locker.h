/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of locker share. main.c says what each verb does. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum { GRANTED = 0, HELPER_FAILED = 1, REFUSED = 10, LEAKED = 11 };

/* base.c. Says what failed and errno's text, and ends the process. */
_Noreturn void die(const char *what);
/* Prints what a call came to, by its result and errno. Returns the exit status. */
int answer(int result);
void pause_ms(long ms);
/* Waits for a line on standard input; its end ends the process. */
void wait_for_line(void);
/* Waits for this child. Returns its exit status; HELPER_FAILED: a signal ended it. */
int wait_for(pid_t child);
/* Prints " at TIME": seconds of the wall clock, to a microsecond. */
void print_at(void);

/* request.c. KIND is posix, posixw, ofd, ofdw, flock, flocknb, lease, rdlease or getlk, at a byte;
 * both return what the call returned, with errno set. */
int request(const char *kind, int fd, long at);
int unrequest(const char *kind, int fd);
int lock_byte(int fd, int cmd, short type, long at);
/* Opens a file as this kind of lock needs it; the process ends if it cannot. */
int open_for(const char *kind, const char *file);

/* Verbs: each returns the exit status. */
int lock_then_unlock(const char *kind, const char *file);
int try_reopened(const char *kind, const char *file);
int try_by_handle(const char *kind, const char *file);
int try_over_socket(const char *kind, const char *file);
int try_in_grandchild(const char *kind, const char *file);
int with_alarm(const char *how, const char *kind, const char *file, unsigned int seconds);
int try_in_threads(const char *kind, const char *file, int n);
int beside_held(const char *action, const char *file, int n);
int race(const char *file, int rounds, int step_ms);
int crowd(const char *file, int n, bool asleep);
int stress(const char *dir, int threads, int procs, const char *stop);
int hold(const char *file, int n);
int grab(const char *file, int n, int seconds);
int wait_all(const char *file, int n);
int ranges(const char *file);
int pace(const char *file, const char *stop);
int stamp(int port);
int notified(const char *path);
