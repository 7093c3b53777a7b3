// SPDX-License-Identifier: GPL-2.0-only
#include "load/answers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/names.h"
#include "load/hooks.h"
#include "load/host.h"
#include "load/ladder.h"

#define SYS_MODULE "/sys/module/" RG_MODULE
#define TRIES 250
#define PAUSE_US 10000

/* ---- the module ---- */

int rg_answers_without(__u32 request, enum rg_module state, const char *why)
{
	if (request == RG_MODULE_POLICY_REQUIRE)
		return rg_error(RG_CANNOT,
				"kernel module " RG_MODULE ": %s%s%s, and module = require; "
				"install it for this kernel (docs/module.md), or set module = auto",
				rg_module_text(state), *why ? ": " : "", why);
	if (state != RG_MODULE_OFF && state != RG_MODULE_ABSENT)
		rg_warn("kernel module " RG_MODULE ": %s%s%s; the kernel refuses end clients' "
			"lock reclaims, as it does without the module",
			rg_module_text(state), *why ? ": " : "", why);
	return RG_DONE;
}

/* What finit_module(2) means by it. */
static const char *why_refused(int err)
{
	switch (err) {
	case -ENOEXEC:
		return "it was built for another kernel";
	case -EINVAL: /* another version of a symbol, for one */
		return "it does not fit this kernel, see dmesg";
	case -EKEYREJECTED:
	case -ENOKEY:
	case -EPERM:
		return "it is not signed with a key that this kernel trusts (lockdown, Secure "
		       "Boot)";
	default:
		return err > 0 ? "it is blacklisted" : rg_strerror(err);
	}
}

int rg_answers_prepare(__u32 request, enum rg_module *state, bool *ours)
{
	const char *why = "";
	int err;

	*ours = false;
	if (request == RG_MODULE_POLICY_OFF) {
		*state = RG_MODULE_OFF;
		return RG_DONE;
	}
	*state = RG_MODULE_ANSWERED;
	if (access(SYS_MODULE, F_OK) < 0) {
		err = rg_host_load_module(RG_MODULE);
		*ours = !err;
		if (err) {
			*state = err == -ENOENT ? RG_MODULE_ABSENT : RG_MODULE_REFUSED;
			why = err == -ENOENT ? "" : why_refused(err);
		}
	}
	if (*state == RG_MODULE_ANSWERED && access("/sys/kernel/btf/" RG_MODULE, F_OK) < 0)
		*state = RG_MODULE_NO_TYPES;
	if (*state == RG_MODULE_ANSWERED)
		return RG_DONE;
	if (*ours)
		rg_answers_unload();
	*ours = false;
	return rg_answers_without(request, *state, why);
}

/* Programs that answered hold the module for a moment after they are gone. */
void rg_answers_unload(void)
{
	int err = rg_host_unload_module(RG_MODULE);

	for (int tries = 0; (err == -EAGAIN || err == -EBUSY) && tries < TRIES; tries++) {
		usleep(PAUSE_US);
		err = rg_host_unload_module(RG_MODULE);
	}
	if (err)
		rg_warn("kernel module " RG_MODULE ": cannot be unloaded: %s; nothing answers it, "
			"so the kernel behaves as it does without it",
			rg_strerror(err));
}

bool rg_answers_count(const char *name, __u64 *n)
{
	char path[128], text[32];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), SYS_MODULE "/parameters/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	*n = strtoull(text, NULL, 10);
	return true;
}

/* ---- the programs ---- */

bool rg_answers_are_there(const struct rg_hooks *hooks)
{
	bool any = false;

	rg_for_each_program (p, RG_ANSWER)
		any |= rg_hook_is_there(hooks, p->name);
	return any;
}

void rg_answers_detach(void)
{
	rg_for_each_program (p, RG_ANSWER)
		rg_ladder_detach(p);
}
