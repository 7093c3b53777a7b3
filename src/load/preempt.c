// SPDX-License-Identifier: GPL-2.0-only
#include "load/preempt.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The mode that is in force, kernel/sched/debug.c: sched_dynamic_show. "" if none is. */
static const char *mode_of(const char *modes, char *buf, size_t size)
{
	const char *at = strchr(modes, '(');

	snprintf(buf, size, "%.*s", at ? (int)strcspn(at + 1, ")") : 0, at ? at + 1 : "");
	return buf;
}

static int by_modes(const char *modes)
{
	char buf[sizeof(((struct rg_preempt *)0)->modes)];
	const char *mode = mode_of(modes, buf, sizeof(buf));

	if (strcmp(mode, "none") == 0 || strcmp(mode, "voluntary") == 0)
		return 0;
	return strcmp(mode, "full") == 0 || strcmp(mode, "lazy") == 0 ? 1 : -1;
}

static int by_build(const char *build)
{
	if (!*build || strstr(build, " PREEMPT_DYNAMIC"))
		return -1;
	return strstr(build, " PREEMPT") != NULL;
}

struct rg_preempt rg_preempt_of(const char *modes, const char *build)
{
	struct rg_preempt p = {};

	snprintf(p.modes, sizeof(p.modes), "%s", modes);
	p.modes[strcspn(p.modes, "\n")] = '\0';
	/* PREEMPT_RT preempts whatever the mode is called. */
	p.does = *p.modes && !strstr(build, " PREEMPT_RT") ? by_modes(p.modes) : by_build(build);
	return p;
}

char *rg_preempt_why(const struct rg_preempt *p, char *buf, size_t size)
{
	char mode[sizeof(p->modes)];

	if (*mode_of(p->modes, mode, sizeof(mode)))
		snprintf(buf, size, "this kernel %s its own threads (preempt=%s)",
			 p->does > 0 ? "preempts" : "may preempt", mode);
	else if (p->does > 0)
		snprintf(buf, size, "this kernel preempts its own threads");
	else
		snprintf(buf, size, "this kernel may preempt its own threads (%s cannot be read)",
			 RG_PREEMPT_MODES);
	return buf;
}

const char *rg_preempt_remedy(const struct rg_preempt *p, bool lsm_always)
{
	bool can_be_set = strstr(p->modes, "voluntary") != NULL;

	if (lsm_always)
		return can_be_set ? "boot with bpf in lsm=, or with preempt=voluntary"
				  : "boot with bpf in lsm=";
	return can_be_set ? "boot with preempt=voluntary, or a newer kernel"
			  : "boot a newer kernel, with bpf in lsm=";
}

/* debugfs, mounted nowhere: a descriptor that is its root, or -1. */
static int debugfs(void)
{
	int at = -1, fs = fsopen("debugfs", FSOPEN_CLOEXEC);

	if (fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		at = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fs >= 0)
		close(fs);
	return at;
}

static void read_modes(char *modes, size_t size)
{
	int fd = open(RG_PREEMPT_MODES, O_RDONLY | O_CLOEXEC), at = fd < 0 ? debugfs() : -1;
	ssize_t n;

	if (at >= 0) {
		fd = openat(at, "sched/preempt", O_RDONLY | O_CLOEXEC);
		close(at);
	}
	n = fd < 0 ? 0 : read(fd, modes, size - 1);
	if (fd >= 0)
		close(fd);
	modes[n > 0 ? n : 0] = '\0';
}

struct rg_preempt rg_preempt_read(void)
{
	char modes[sizeof(((struct rg_preempt *)0)->modes)];
	struct utsname uts = {};

	read_modes(modes, sizeof(modes));
	uname(&uts);
	return rg_preempt_of(modes, uts.version);
}
