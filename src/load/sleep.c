// SPDX-License-Identifier: GPL-2.0-only
#include "load/sleep.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "base/names.h"
#include <bpf/libbpf.h>
#include "guard.skel.h"
#include "load/load.h"
#include "pins/freed.h"

static void set(const struct rg_pins *p, __u32 hold)
{
	__atomic_store_n(&p->live->sleeps, hold, __ATOMIC_SEQ_CST);
}

/* 0, or a negative errno. */
static int attach(const struct rg_pins *p)
{
	struct rg_loaded loaded;
	int err = rg_load_sleep(p, &loaded);

	if (!err)
		err = rg_load_attach(&loaded, RG_SLEEP);
	rg_unload(&loaded);
	return err;
}

static int cannot(const char *why, bool must)
{
	if (must)
		return rg_error(RG_CANNOT, "rung %s: %s", rg_hold_name(RG_HOLD_SLEEP), why);
	rg_warn("rung %s: %s; held processes are stopped instead", rg_hold_name(RG_HOLD_SLEEP),
		why);
	return RG_DONE;
}

int rg_sleep_begin(const struct rg_pins *p, __u32 best, bool must)
{
	char path[256];
	int err;

	if (best != RG_HOLD_SLEEP)
		return RG_DONE;
	rg_pin_path(path, rg_pin_of_link(RG_LINK_SLEEP_WAIT));
	if (access(path, F_OK) == 0) {
		set(p, RG_HOLD_SLEEP);
		return RG_DONE;
	}
	set(p, RG_HOLD_STOP);
	if (access("/sys/module/" RG_MODULE, F_OK) < 0)
		return must ? cannot("kernel module " RG_MODULE ": is not loaded", true) : RG_DONE;
	if (access("/sys/kernel/btf/" RG_MODULE, F_OK) < 0)
		return cannot("kernel module " RG_MODULE ": has no type information (BTF) of this "
			      "kernel; build it with `make module`",
			      must);
	err = attach(p);
	if (err) {
		char why[256];

		snprintf(why, sizeof(why),
			 "kernel module " RG_MODULE ": program sleep_wait cannot be attached: %s "
			 "(RG_DEBUG=1 shows more)",
			 rg_strerror(err));
		return cannot(why, must);
	}
	set(p, RG_HOLD_SLEEP);
	return RG_DONE;
}

void rg_sleep_end(const struct rg_pins *p)
{
	struct rg_programs programs = {};
	char path[256];

	set(p, RG_HOLD_STOP); /* first: nobody goes to sleep any more */
	rg_pin_path(path, rg_pin_of_link(RG_LINK_SLEEP_WAIT));
	rg_programs_add(&programs, path, true);
	if (unlink(path) < 0 && errno != ENOENT)
		rg_warn("%s: cannot be unpinned: %s", path, rg_strerror(errno));
	else if (!rg_programs_wait(&programs))
		rg_warn("program sleep_wait is still attached in kernel module " RG_MODULE
			": another process holds it open; see `bpftool link`");
}
