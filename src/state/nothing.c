// SPDX-License-Identifier: GPL-2.0-only
#include "state/nothing.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "base/log.h"
#include "mounts/nfsconf.h"
#include "pins/gates.h"
#include "policy/config.h"

enum rg_nothing rg_nothing_of(const struct rg_nothing_facts *f)
{
	if (f->wider || !f->seen || f->now.of[RG_LOCKS_NFS4] != RG_REGIME_REFUSED ||
	    f->now.of[RG_LOCKS_NLM] == RG_REGIME_FORWARDED)
		return RG_NOTHING_NO;
	if (f->now.of[RG_LOCKS_NLM] == RG_REGIME_REFUSED || f->nlm_recorded == RG_REGIME_REFUSED)
		return RG_NOTHING_REFUSED;
	if (f->statd == RG_STATD_NONE)
		return RG_NOTHING_NO_V3_RECORD;
	return f->already ? RG_NOTHING_ALREADY : RG_NOTHING_NO;
}

enum rg_regime rg_nothing_recorded(const struct rg_regime_kept *k, enum rg_lock_protocol protocol,
				   const char *kernel)
{
	const struct rg_regime_known *known =
		k->now[protocol].regime ? &k->now[protocol] : &k->before[protocol];

	return *kernel && strcmp(known->kernel, kernel) == 0 ? known->regime : RG_REGIME_UNKNOWN;
}

/* ---- rpc.statd's records ---- */

/* Looks at one directory of records. The time of its last change tells whether a host was recorded
 * or forgotten since the boot, which would hide what the last boot left behind. */
static enum rg_statd_says look_into(const char *path, time_t booted)
{
	enum rg_statd_says says = RG_STATD_NONE;
	DIR *d = opendir(path);
	struct dirent *e;
	struct stat st;

	if (!d)
		return RG_STATD_UNKNOWN;
	if (fstat(dirfd(d), &st) < 0 || st.st_ctime >= booted)
		says = RG_STATD_UNKNOWN;
	errno = 0;
	while (says == RG_STATD_NONE && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			says = RG_STATD_SOME;
	if (errno)
		says = RG_STATD_UNKNOWN;
	closedir(d);
	return says;
}

/* rpc.statd and sm-notify keep their number in the file `state`, four bytes, from their first start
 * on (nsm_get_state(), support/nsm/file.c of nfs-utils). A directory without it is none in which
 * hosts were recorded: the right one may be on storage that a cluster mounts later. */
static bool has_number(const char *root, const char *dir)
{
	char path[PATH_MAX];
	struct stat st;

	return snprintf(path, sizeof(path), "%s%s/state", root, dir) < (int)sizeof(path) &&
	       stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == sizeof(int);
}

static bool is_there(const char *root, const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	/* What cannot be looked at may be there. */
	return snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full) ||
	       lstat(full, &st) == 0 || errno != ENOENT;
}

enum rg_statd_says rg_statd_look(const char *root, time_t booted)
{
	static const char *const names[] = {"sm", "sm.bak"};
	enum rg_statd_says says = RG_STATD_NONE;
	struct rg_nfsconf conf = {};
	char path[PATH_MAX];
	const char *dir;

	/* Either program changes the records when it starts. They are looked for as well as the
	 * change, since a clock that was set after the boot makes times unreliable. */
	if (is_there(root, "/run/rpc.statd.pid") || is_there(root, "/run/sm-notify.pid"))
		return RG_STATD_UNKNOWN;
	if (rg_nfsconf_read(root, true, &conf) < 0) {
		rg_nfsconf_free(&conf);
		return RG_STATD_UNKNOWN;
	}
	/* Debian's directory, and that of others. */
	dir = rg_nfsconf_get(&conf, "statd", "state-directory-path");
	if (!dir)
		dir = is_there(root, "/var/lib/nfs/statd/sm") ? "/var/lib/nfs/statd"
							      : "/var/lib/nfs";
	if (!has_number(root, dir))
		says = RG_STATD_UNKNOWN;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && says == RG_STATD_NONE; i++)
		says = snprintf(path, sizeof(path), "%s%s/%s", root, dir, names[i]) <
				       (int)sizeof(path)
			       ? look_into(path, booted)
			       : RG_STATD_UNKNOWN;
	rg_nfsconf_free(&conf);
	return says;
}

/* ---- one gate ---- */

/* Says whether programs see every lock that an end client is granted. */
static bool grants_are_seen(const struct rg_meta *meta)
{
	return !((meta->left_out | meta->kprobes) &
		 (1u << RG_LINK_LOCK_DONE | 1u << RG_LINK_NLM_LOCK_DONE));
}

static time_t boot_time(void)
{
	struct timespec now, up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return now.tv_sec - up.tv_sec - 1;
}

int rg_nothing_decide(const struct rg_pins *p, __u32 slot, enum rg_nothing *found)
{
	struct rg_control c = {.op = RG_OP_NOTHING, .slot = slot};
	struct rg_nothing_facts f = {.now = rg_regimes_read(p)};
	char kernel[RG_KERNEL_SIZE];
	struct rg_regime_kept kept;
	struct rg_provenance from;
	struct rg_gate gate;
	struct rg_meta meta;
	int err = rg_pins_meta(p, &meta);

	*found = RG_NOTHING_NO;
	if (!err && (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &slot, &gate) < 0 ||
		     bpf_map_lookup_elem(p->map_fd[RG_MAP_PROVENANCE], &slot, &from) < 0))
		err = -errno;
	if (err < 0)
		return err;
	if (gate.hand == RG_HAND_OPEN || gate.hand == RG_HAND_CLOSED)
		return 0;
	rg_regime_recall(p, &kept);
	rg_kernel_release(kernel);
	f.nlm_recorded = rg_nothing_recorded(&kept, RG_LOCKS_NLM, kernel);
	f.seen = grants_are_seen(&meta);
	f.wider = gate.policy.scope != RG_SCOPE_LOCKS && from.line[RG_KEY_SCOPE];
	f.already = gate.hand == RG_HAND_NOTHING;
	/* The records are of interest only where all else says that there may be nothing. */
	if (f.now.of[RG_LOCKS_NFS4] == RG_REGIME_REFUSED)
		f.statd = rg_statd_look("", boot_time());
	*found = rg_nothing_of(&f);
	c.policy_word = *found != RG_NOTHING_NO;
	return rg_control(p, &c);
}
