// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a local application does, one verb each, with an answer that cannot be
 * taken for another: 0 granted, 10 refused (the errno's name on stdout), 11
 * an errno that user space must never see, 1 the helper itself failed.
 *
 *   try KIND FILE            one request; KIND: posix posixw ofd ofdw flock
 *                            flocknb lease rdlease getlk
 *   try-fd KIND FD           the same on a file descriptor it was given
 *   unlock KIND FILE         takes a lock, says "locked", waits for a line on
 *                            stdin, unlocks and says "unlocked"
 *   wait-then KIND FILE      opens, says "opened", waits for a line, tries
 *   pass-fd KIND FILE        opens, passes the descriptor over a socket to a
 *                            child, which tries
 *   fork KIND FILE           opens, and a child of a child tries
 *   reopen KIND FILE         opens it with O_PATH, then by /proc/self/fd, and tries
 *   handle KIND FILE         opens it by its file handle, and tries; root
 *   threads KIND FILE N      N threads try, each its own byte; all must succeed
 *   beside ACTION FILE N     the same with ofdw, and on SIGUSR1 the main thread
 *                            does ACTION: fork (and stops), exec (true(1)), exit
 *                            (the process), leave (the main thread alone) or say
 *                            ("the main thread goes on", and waits for the others).
 *                            Until then it tells systemd that it is alive
 *   race FILE ROUNDS MS      as many processes of three threads that ask, of
 *                            which the main thread does one of these at once;
 *                            each is killed with SIGKILL soon after, at most
 *                            seven times MS milliseconds
 *   crowd FILE N [asleep]    N processes ask, each for its own byte, by posix,
 *                            ofd, posixw and ofdw in turns; a read lock, which
 *                            with a delegation costs no call to the server. Says
 *                            "stopped N" when all are (with asleep: "forked N",
 *                            as nobody stops), "granted K refused L" when
 *                            all have an answer; keeps them until a line on stdin
 *   alarm HOW KIND FILE S    one request with alarm(S); HOW: handler (without
 *                            SA_RESTART) or default. Says "alarm" in between
 *   hold FILE N              N processes take the locks 0..N-1 (of a file on
 *                            NFS), then obey stdin: "write" has each write its
 *                            byte and says how many failed, "quit" ends. Before
 *                            that a line for each that failed: "lock (or write)
 *                            byte B: errno E"
 *   grab FILE N SECONDS      tries for the locks 0..N-1 every 100 ms, keeps
 *                            what it gets; says "got K of N: byte B at TIME",
 *                            "round R at TIME" when it has tried for all, and
 *                            "byte B: errno E" for what is not "somebody has it"
 *   pace FILE STOPFILE       locks and unlocks byte 0 (F_SETLK) every 100 ms until STOPFILE is
 *                            there; says "longest S s of N calls", the longest time that
 *                            a lock took
 *   ranges FILE              obeys stdin: "TYPE START LENGTH", TYPE r, w or u, is one
 *                            F_SETLK (LENGTH 0: to the end of the file), and t is
 *                            F_GETLK for a write lock: says "TYPE START LENGTH: " and
 *                            granted, free, taken or the errno; "quit" ends
 *   stamp PORT               says "stamping", then "TEXT at TIME" for every UDP
 *                            datagram: another machine's events by this one's
 *                            clock
 *   wait-all FILE N          takes all of them with F_SETLKW, one by one
 *   notify SOCKET            what a service tells systemd: prints the first
 *                            datagram that has READY=1
 *   stress DIR THREADS PROCS STOPFILE
 *                            each locks and unlocks its own byte of DIR/stress
 *                            until STOPFILE is there; says calls and errors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locker.h"

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "", *a = argc > 2 ? argv[2] : "",
		   *b = argc > 3 ? argv[3] : "";

	if (strcmp(verb, "try") == 0 && argc == 4)
		return answer(request(a, open_for(a, b), 0));
	if (strcmp(verb, "try-fd") == 0 && argc == 4)
		return answer(request(a, atoi(b), 0));
	if (strcmp(verb, "unlock") == 0 && argc == 4)
		return lock_then_unlock(a, b);
	if (strcmp(verb, "wait-then") == 0 && argc == 4) {
		int fd = open_for(a, b);

		puts("opened");
		fflush(stdout);
		wait_for_line();
		return answer(request(a, fd, 0));
	}
	if (strcmp(verb, "pass-fd") == 0 && argc == 4)
		return try_over_socket(a, b);
	if (strcmp(verb, "fork") == 0 && argc == 4)
		return try_in_grandchild(a, b);
	if (strcmp(verb, "reopen") == 0 && argc == 4)
		return try_reopened(a, b);
	if (strcmp(verb, "handle") == 0 && argc == 4)
		return try_by_handle(a, b);
	if (strcmp(verb, "threads") == 0 && argc == 5)
		return try_in_threads(a, b, atoi(argv[4]));
	if (strcmp(verb, "beside") == 0 && argc == 5)
		return beside_held(a, b, atoi(argv[4]));
	if (strcmp(verb, "race") == 0 && argc == 5)
		return race(a, atoi(b), atoi(argv[4]));
	if (strcmp(verb, "crowd") == 0 && (argc == 4 || argc == 5))
		return crowd(a, atoi(b), argc == 5 && strcmp(argv[4], "asleep") == 0);
	if (strcmp(verb, "alarm") == 0 && argc == 6)
		return with_alarm(a, b, argv[4], (unsigned int)atoi(argv[5]));
	if (strcmp(verb, "hold") == 0 && argc == 4)
		return hold(a, atoi(b));
	if (strcmp(verb, "grab") == 0 && argc == 5)
		return grab(a, atoi(b), atoi(argv[4]));
	if (strcmp(verb, "pace") == 0 && argc == 4)
		return pace(a, b);
	if (strcmp(verb, "ranges") == 0 && argc == 3)
		return ranges(a);
	if (strcmp(verb, "stamp") == 0 && argc == 3)
		return stamp(atoi(a));
	if (strcmp(verb, "wait-all") == 0 && argc == 4)
		return wait_all(a, atoi(b));
	if (strcmp(verb, "notify") == 0 && argc == 3)
		return notified(a);
	if (strcmp(verb, "stress") == 0 && argc == 6)
		return stress(a, atoi(b), atoi(argv[4]), argv[5]);
	fprintf(stderr, "locker: see the top of tests/helpers/locker/main.c for the verbs\n");
	return HELPER_FAILED;
}
