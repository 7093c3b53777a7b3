// SPDX-License-Identifier: GPL-2.0-only
#include "check/mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmount.h>

#include "check/root.h"

#define RECOVER "/sys/module/nfs/parameters/recover_lost_locks"

void rg_mount_gather(const char *root, struct rg_mount_facts *m)
{
	m->recover_err = rg_root_read(root, RECOVER, m->recover, sizeof(m->recover));
}

/* ---- options ---- */

static bool has(const struct rg_mount *m, const char *option)
{
	char *value;
	size_t n;

	return mnt_optstr_get_option(m->options, option, &value, &n) == 0;
}

/* Its value into buf; "" if it is not there. Returns buf. */
static char *value_of(const struct rg_mount *m, const char *option, char buf[32])
{
	char *value = NULL;
	size_t n = 0;

	buf[0] = '\0';
	if (mnt_optstr_get_option(m->options, option, &value, &n) == 0 && value && n < 32)
		snprintf(buf, 32, "%.*s", (int)n, value);
	return buf;
}

static void check_soft(const struct rg_mount *m, struct rg_findings *f)
{
	const char *option = has(m, "soft") ? "soft" : has(m, "softerr") ? "softerr" : NULL;

	if (!option)
		return;
	rg_find(f, RG_WARNING, RG_F_MOUNT_SOFT, m->target,
		"mounted %s: when the original server is slow to answer, end clients' writes and "
		"locks fail with an error instead of waiting",
		option);
	rg_remedy(f, "mount it hard, which is the default");
}

static void check_locking(const struct rg_mount *m, struct rg_findings *f)
{
	char local[32];

	value_of(m, "local_lock", local);
	if (has(m, "nolock")) {
		rg_find(f, RG_PROBLEM, RG_F_MOUNT_NOLOCK, m->target,
			"mounted nolock: end clients' locks stay on this host, the original server "
			"knows of none, and its other clients are not kept out");
		rg_remedy(f, "mount it without nolock");
	} else if (local[0] && strcmp(local, "none") != 0) {
		rg_find(f, RG_PROBLEM, RG_F_MOUNT_LOCAL_LOCK, m->target,
			"mounted local_lock=%s: those locks stay on this host, the original server "
			"knows of none, and its other clients are not kept out",
			local);
		rg_remedy(f, "mount it with local_lock=none, which is the default");
	}
}

static void check_version(const struct rg_mount *m, struct rg_findings *f)
{
	char vers[32];

	value_of(m, "vers", vers);
	if (vers[0] != '2' && vers[0] != '3')
		return;
	rg_find(f, RG_WARNING, RG_F_MOUNT_VERSION, m->target,
		"mounted by NFSv%s: there is no lease, so nobody can say whether this host was "
		"back in time, and after a reboot the original server drops its locks when "
		"sm-notify tells it to",
		vers);
	rg_remedy(f, "mount it with vers=4.1 or later, if the original server has that");
}

/* ---- superblocks ---- */

static bool is_same_thing(const struct rg_mount *a, const struct rg_mount *b)
{
	return rg_is_below(a->source, b->source) || rg_is_below(b->source, a->source);
}

/* The same files by another superblock, which nobody guards: a lock of one is
 * not seen by the other, and local applications may take it there. */
static const struct rg_mount *open_twin(const struct rg_reexport_facts *r, const bool *guarded,
					const struct rg_mount *m)
{
	for (size_t i = 0; i < r->mounts.n; i++) {
		const struct rg_mount *other = &r->mounts.at[i];

		if (other->dev != m->dev && !guarded[i] && is_same_thing(m, other))
			return other;
	}
	return NULL;
}

static void check_superblocks(const struct rg_reexport_facts *r, const bool *guarded, size_t i,
			      struct rg_findings *f)
{
	const struct rg_mount *m = &r->mounts.at[i], *twin = open_twin(r, guarded, m);

	if (!guarded[i]) {
		rg_find(f, RG_PROBLEM, RG_F_MOUNT_NOT_GUARDED, m->target,
			"exported again, and not guarded: the policy names other mounts, or "
			"excepts this one");
		rg_remedy(f, "guard what is exported: `exports = yes`, and no `except` of it");
		return;
	}
	if (twin) {
		rg_find(f, RG_PROBLEM, RG_F_MOUNT_TWICE, m->target,
			"%s is mounted on %s as well, by a superblock of its own that is not "
			"guarded: local applications can take end clients' locks there",
			m->source, twin->target);
		rg_remedy(f, "unmount %s, or bind-mount %s there, or guard it with `mount = %s`",
			  twin->target, m->target, twin->target);
	} else if (has(m, "nosharecache")) {
		rg_find(f, RG_NOTE, RG_F_MOUNT_NOSHARECACHE, m->target,
			"mounted nosharecache: whatever else mounts %s gets a superblock of its "
			"own, which is not guarded",
			m->source);
		rg_remedy(f, "mount it without nosharecache, or guard every such mount with "
			     "`mount =`");
	}
}

static void check_one(const struct rg_reexport_facts *r, const bool *guarded, size_t i,
		      struct rg_findings *f)
{
	const struct rg_mount *m = &r->mounts.at[i];
	size_t before = f->n;

	check_soft(m, f);
	check_locking(m, f);
	check_version(m, f);
	check_superblocks(r, guarded, i, f);
	if (f->n == before)
		rg_find(f, RG_OK, RG_F_MOUNT_OPTIONS, m->target, "%s: %s", m->source, m->options);
}

static void check_recover(const struct rg_mount_facts *m, struct rg_findings *f)
{
	if (m->recover_err) {
		rg_find(f, RG_UNKNOWN, RG_F_RECOVER_LOST_LOCKS, RECOVER, "cannot be read: %s%s",
			rg_strerror(m->recover_err),
			m->recover_err == -ENOENT ? " (module nfs is not loaded)" : "");
	} else if (m->recover[0] == 'Y' || m->recover[0] == '1') {
		rg_find(f, RG_WARNING, RG_F_RECOVER_LOST_LOCKS, RECOVER,
			"%s on this host: when its lease runs out while it is up, its NFS client "
			"takes end clients' locks again without a word, though somebody may have "
			"had them in between. (It is for end clients to set.)",
			m->recover);
		rg_remedy(f, "set recover_lost_locks=0 here, if that must not go unseen");
	} else {
		rg_find(f, RG_OK, RG_F_RECOVER_LOST_LOCKS, RECOVER,
			"%s on this host; that of end clients cannot be seen from here",
			m->recover);
	}
}

void rg_mounts_check(const struct rg_mount_facts *m, const struct rg_reexport_facts *r,
		     const struct rg_policy_facts *p, struct rg_findings *f)
{
	bool *guarded = calloc(r->mounts.n + 1, sizeof(*guarded));

	/* Of a policy that nobody can read nothing is said. */
	for (size_t i = 0; guarded && !p->known && i < r->mounts.n; i++)
		guarded[i] = true;
	if (!guarded || (p->known && rg_mounts_guarded(&r->mounts, p->rules, p->n_rules, 0,
						       (enum rg_which)p->policy.which, guarded))) {
		f->no_memory = true;
		free(guarded);
		return;
	}
	for (size_t i = 0; r->reexported && i < r->mounts.n; i++)
		if (r->reexported[i])
			check_one(r, guarded, i, f);
	check_recover(m, f);
	free(guarded);
}
