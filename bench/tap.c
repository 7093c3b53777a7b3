// SPDX-License-Identifier: GPL-2.0-only
/*
 * tap FILE: one more tracer, which writes the records as they are in its ring into
 * FILE, until SIGTERM. Says "ready", and in the end "RECORDS LOST".
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/loader.h"
#include "pins/pins.h"
#include "record/tracer.h"

static volatile sig_atomic_t over;
static unsigned long long n_records;

static void on_signal(int sig)
{
	(void)sig;
	over = 1;
}

static int write_one(void *arg, const struct rg_record *r)
{
	FILE *file = arg;

	n_records += fwrite(r, sizeof(*r), 1, file);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction act = {.sa_handler = on_signal};
	struct rg_tracer_ring ring;
	struct pollfd fds = {.events = POLLIN};
	struct rg_pins pins;
	FILE *file;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: tap FILE\n");
		return 2;
	}
	sigaction(SIGTERM, &act, NULL);
	rg_pins_init(&pins);
	err = rg_pins_open_enabled(&pins, RG_LOCK_SHARED);
	if (err)
		return err;
	rg_pins_unlock(&pins);
	file = fopen(argv[1], "w");
	err = file ? rg_tracer_open(&pins, RG_TRACER_RING_BYTES, write_one, file, &ring) : -errno;
	if (err) {
		fprintf(stderr, "tap: %s: %s\n", argv[1], strerror(-err));
		exit(1);
	}
	puts("ready");
	fflush(stdout);
	fds.fd = rg_tracer_fd(&ring);
	while (!over) {
		poll(&fds, 1, 200);
		rg_tracer_consume(&ring);
	}
	rg_tracer_consume(&ring);
	printf("%llu %llu\n", n_records, (unsigned long long)rg_tracer_lost(&ring));
	rg_tracer_close(&ring);
	return fclose(file) ? 1 : 0;
}
