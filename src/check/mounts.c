// SPDX-License-Identifier: GPL-2.0-only
#include "check/mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmount.h>

#include "check/root.h"
#include "mounts/below.h"
#include "mounts/guarded.h"

#define RECOVER "/sys/module/nfs/parameters/recover_lost_locks"

/* Reads a line such as "v4 0a4d0101 801 0:40 1c2d:0 no" (nfs_volume_list_show(),
 * fs/nfs/client.c). */
static void read_volumes(const char *root, struct rg_mount_facts *m)
{
	char path[RG_ROOT_PATH], line[256];
	FILE *f = fopen(rg_root_path(root, "/proc/fs/nfsfs/volumes", path), "re");

	while (f && fgets(line, sizeof(line), f)) {
		struct rg_nfs_volume one, *more;
		unsigned int major, minor;

		if (sscanf(line, "v%*u %47s %*s %u:%u %39s", one.server, &major, &minor,
			   one.fsid) != 4)
			continue;
		one.dev = major << 20 | minor;
		more = reallocarray(m->volumes, m->n_volumes + 1, sizeof(*more));
		if (!more)
			break;
		m->volumes = more;
		more[m->n_volumes++] = one;
	}
	if (f)
		fclose(f);
}

void rg_mount_gather(const char *root, struct rg_mount_facts *m)
{
	*m = (struct rg_mount_facts){};
	m->recover_err = rg_root_read(root, RECOVER, m->recover, sizeof(m->recover));
	read_volumes(root, m);
}

void rg_mount_facts_free(struct rg_mount_facts *m)
{
	free(m->volumes);
	*m = (struct rg_mount_facts){};
}

/* ---- options ---- */

static bool has(const struct rg_mount *m, const char *option)
{
	char *value;
	size_t n;

	return mnt_optstr_get_option(m->options, option, &value, &n) == 0;
}

/* Copies an option's value to buf; "" if it is not set. Returns buf. */
static char *value_of(const struct rg_mount *m, const char *option, char buf[32])
{
	char *value = NULL;
	size_t n = 0;

	buf[0] = '\0';
	if (mnt_optstr_get_option(m->options, option, &value, &n) == 0 && value && n < 32)
		snprintf(buf, 32, "%.*s", (int)n, value);
	return buf;
}

/* Returns the value of the option addr=; "" if it is not set. */
static void address_of(const struct rg_mount *m, char buf[64])
{
	char *value = NULL;
	size_t n = 0;

	buf[0] = '\0';
	if (mnt_optstr_get_option(m->options, "addr", &value, &n) == 0 && value && n < 64)
		snprintf(buf, 64, "%.*s", (int)n, value);
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
		"mounted by NFSv%s: there is no lease, so it is not known whether this host was "
		"back in time, and after a reboot the original server drops its locks when "
		"sm-notify tells it to",
		vers);
	rg_remedy(f, "mount it with vers=4.1 or later, if the original server has that");
}

/* ---- superblocks ---- */

static const struct rg_nfs_volume *volume_of(const struct rg_mount_facts *m, __u32 dev)
{
	for (size_t i = 0; i < m->n_volumes; i++)
		if (m->volumes[i].dev == dev)
			return &m->volumes[i];
	return NULL;
}

/* Returns the path of host:/path or [address]:/path. */
static const char *path_of(const struct rg_mount *m)
{
	const char *colon = strstr(m->source, ":/");

	return colon ? colon + 1 : m->source;
}

/* An fsid= chosen by an administrator is a small number, which two servers may share. */
static bool is_small(const char *fsid)
{
	const char *colon = strchr(fsid, ':');

	return colon && strcmp(colon, ":0") == 0 && colon - fsid <= 4;
}

enum sameness { OTHER = 0, MAYBE_SAME, SAME };

/* Says whether two mounts have files in common, by the names of their sources, the address of
 * the server, and the fsid that the original server gives. */
static enum sameness sameness_of(const struct rg_mount_facts *m, const struct rg_mount *a,
				 const struct rg_mount *b)
{
	const struct rg_nfs_volume *va = volume_of(m, a->dev), *vb = volume_of(m, b->dev);
	char addr_a[64], addr_b[64];
	bool related = rg_is_below(path_of(a), path_of(b)) || rg_is_below(path_of(b), path_of(a));

	if (rg_is_below(a->source, b->source) || rg_is_below(b->source, a->source))
		return SAME;
	address_of(a, addr_a);
	address_of(b, addr_b);
	if (related && addr_a[0] && strcmp(addr_a, addr_b) == 0)
		return SAME;
	if (!va || !vb || strcmp(va->fsid, vb->fsid) != 0 || strcmp(va->fsid, "0:0") == 0)
		return OTHER;
	if (strcmp(va->server, vb->server) == 0 || !is_small(va->fsid))
		return SAME;
	return related ? MAYBE_SAME : OTHER;
}

/* Reports an unguarded superblock with the same files: locks of one are invisible in the other,
 * so local applications can take them there. */
static const struct rg_mount *open_twin(const struct rg_mount_facts *m,
					const struct rg_reexport_facts *r, const bool *guarded,
					const struct rg_mount *mount, enum sameness *sameness)
{
	const struct rg_mount *twin = NULL;

	*sameness = OTHER;
	for (size_t i = 0; i < r->mounts.n && *sameness != SAME; i++) {
		const struct rg_mount *other = &r->mounts.at[i];
		enum sameness one;

		if (other->dev == mount->dev || guarded[i])
			continue;
		one = sameness_of(m, mount, other);
		if (one > *sameness) {
			*sameness = one;
			twin = other;
		}
	}
	return twin;
}

static void check_superblocks(const struct rg_mount_facts *facts, const struct rg_reexport_facts *r,
			      const bool *guarded, size_t i, struct rg_findings *f)
{
	enum sameness sameness;
	const struct rg_mount *m = &r->mounts.at[i],
			      *twin = open_twin(facts, r, guarded, m, &sameness);

	if (!guarded[i]) {
		rg_find(f, RG_PROBLEM, RG_F_MOUNT_NOT_GUARDED, m->target,
			"exported again, and not guarded: the policy names other mounts, or "
			"excepts this one");
		rg_remedy(f, "guard what is exported: `exports = yes`, and no `except` of it");
		return;
	}
	if (twin) {
		rg_find(f, sameness == SAME ? RG_PROBLEM : RG_WARNING, RG_F_MOUNT_TWICE, m->target,
			"%s%s is mounted on %s (%s) as well, by a superblock of its own that is "
			"not "
			"guarded: local applications can take end clients' locks there",
			sameness == SAME ? "" : "it seems that ", m->source, twin->target,
			twin->source);
		rg_remedy(f,
			  "unmount %s, or bind-mount %s there, or guard every NFS mount with "
			  "`all = yes`",
			  twin->target, m->target);
	} else if (has(m, "nosharecache")) {
		rg_find(f, RG_NOTE, RG_F_MOUNT_NOSHARECACHE, m->target,
			"mounted nosharecache: whatever else mounts %s gets a superblock of its "
			"own, which does not see the locks of this one, and is guarded only if its "
			"source says that it is the same",
			m->source);
		rg_remedy(f, "mount it without nosharecache, or guard every NFS mount with "
			     "`all = yes`");
	}
}

static void check_one(const struct rg_mount_facts *facts, const struct rg_reexport_facts *r,
		      const bool *guarded, size_t i, struct rg_findings *f)
{
	const struct rg_mount *m = &r->mounts.at[i];
	size_t before = f->n;

	check_soft(m, f);
	check_locking(m, f);
	check_version(m, f);
	check_superblocks(facts, r, guarded, i, f);
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

	/* Say nothing about a policy that cannot be read. */
	for (size_t i = 0; guarded && !p->known && i < r->mounts.n; i++)
		guarded[i] = true;
	if (!guarded ||
	    (p->known && rg_mounts_guarded(&r->mounts, p->rules, p->n_rules, 0,
					   (enum rg_mount_mode)p->policy.mount_mode, guarded))) {
		f->no_memory = true;
		free(guarded);
		return;
	}
	for (size_t i = 0; r->reexported && i < r->mounts.n; i++)
		if (r->reexported[i])
			check_one(m, r, guarded, i, f);
	check_recover(m, f);
	free(guarded);
}
