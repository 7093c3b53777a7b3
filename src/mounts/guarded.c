// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/guarded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libmount.h>

#include "mounts/below.h"

/* ---- one mount ---- */

/* A rule and a mount with the lengths of their paths, which every pair needs. */
struct measured_rule {
	__u32 kind;
	struct rg_top path, source;
};

struct measured_mount {
	const struct rg_mount *mount;
	struct rg_top target, source;
};

static struct measured_rule measure_rule(const struct rg_rule *rule)
{
	return (struct measured_rule){.kind = rule->kind,
				      .path = rg_top(rule->path),
				      .source = rg_top(rule->source)};
}

static struct measured_mount measure_mount(const struct rg_mount *mount)
{
	return (struct measured_mount){.mount = mount,
				       .target = rg_top(mount->target),
				       .source = rg_top(mount->source)};
}

/* Says whether a rule names the mount: to except it for RG_RULE_EXCEPT, else to guard it. */
static bool names(const struct measured_rule *r, const struct rg_mounts *mounts,
		  const struct measured_mount *m)
{
	bool mount_below_path = rg_lies_below(m->target.path, m->target.n, r->path);
	bool path_below_mount = rg_lies_below(r->path.path, r->path.n, m->target);

	switch (r->kind) {
	case RG_RULE_MOUNT:
		return mount_below_path || rg_lies_below(m->source.path, m->source.n, r->source);
	case RG_RULE_EXPORT_TREE:
		if (mount_below_path)
			return true;
		/* fallthrough */
	case RG_RULE_EXPORT:
		return path_below_mount && rg_may_lie_on(mounts, r->path.path, m->mount);
	case RG_RULE_EXCEPT:
		/* Excepts no hidden mount, only the one that the path lies on now. */
		return mount_below_path ||
		       (path_below_mount && rg_mount_of(mounts, r->path.path) == m->mount);
	default:
		return false;
	}
}

/* The rules' decision for one mount, before its superblock's other mounts are known. */
struct opinion {
	bool guarded, excepted;
};

/* Applies one more rule. */
static void apply(struct opinion *o, const struct measured_rule *r, const struct rg_mounts *mounts,
		  const struct measured_mount *m)
{
	bool *wanted = r->kind == RG_RULE_EXCEPT ? &o->excepted : &o->guarded;

	*wanted = *wanted || names(r, mounts, m);
}

bool rg_mount_is_guarded(const struct rg_mounts *mounts, const struct rg_mount *mount,
			 const struct rg_rule *rules, size_t n, __u32 slot, enum rg_mount_mode mode)
{
	const struct measured_mount m = measure_mount(mount);
	struct opinion o = {.guarded = mode == RG_MOUNT_MODE_ALL};

	for (size_t i = 0; i < n && !o.excepted; i++) {
		const struct measured_rule r = measure_rule(&rules[i]);

		if (rules[i].slot == slot)
			apply(&o, &r, mounts, &m);
	}
	return o.guarded && !o.excepted;
}

/* ---- superblocks that have the same files ---- */

/* Returns where the path begins in HOST:/PATH. NULL: the source has another form. */
static const char *path_of_source(const char *source)
{
	const char *colon = strstr(source, ":/");

	return colon ? colon + 1 : NULL;
}

/* Returns the value of the option addr=, n bytes. NULL: the mount has no such option. */
static const char *address_of(const struct rg_mount *m, size_t *n)
{
	char *value = NULL;

	return mnt_optstr_get_option(m->options, "addr", &value, n) == 0 && *n ? value : NULL;
}

/* Compares the names that were mounted, then the addresses that the kernel shows. */
static bool is_same_server(const struct rg_mount *a, const char *a_path, const struct rg_mount *b,
			   const char *b_path)
{
	size_t a_n = (size_t)(a_path - a->source), b_n = (size_t)(b_path - b->source);
	const char *a_addr, *b_addr;

	if (a_n == b_n && strncasecmp(a->source, b->source, a_n) == 0)
		return true;
	a_addr = address_of(a, &a_n);
	b_addr = address_of(b, &b_n);
	return a_addr && b_addr && a_n == b_n && strncmp(a_addr, b_addr, a_n) == 0;
}

/* Returns the rest of `path` behind `top`: "" or "/...". NULL: it does not lie below. */
static const char *behind(const char *path, const char *top)
{
	const struct rg_top t = rg_top(top);

	return rg_is_below(path, top) ? path + t.n : NULL;
}

/* Says whether `a` is the mount that the NFS client made on its own inside `b`, because the
 * server told it that another file system begins there. */
static bool is_crossed_from(const struct rg_mount *a, const char *a_path, const struct rg_mount *b,
			    const char *b_path)
{
	const char *source = behind(a_path, b_path), *target = behind(a->target, b->target);

	return source && target && *source && strcmp(source, target) == 0;
}

/* Says whether what NFSv3 has for a file system is what a Linux server makes of its number by
 * NFSv4: the option fsid=, halves of the UUID (in its own order of bytes), or its device
 * (encode_fsid(), fs/nfsd/nfs3xdr.c; nfsd4_encode_fattr4_fsid(), fs/nfsd/nfs4xdr.c). */
static bool is_fsid_of(__u64 v3, const struct rg_mount *v4)
{
	const __u64 major = v4->fsid_major, minor = v4->fsid_minor;

	return (!minor && v3 == major) || v3 == (major ^ minor) ||
	       v3 == (__builtin_bswap64(major) ^ __builtin_bswap64(minor)) ||
	       v3 == ((minor & 0xff) | major << 8 | (minor & ~0xffULL) << 12);
}

/* Of one server they are one file system then; of two, often. */
static bool has_same_fsid(const struct rg_mount *a, const struct rg_mount *b)
{
	if (!a->version || !b->version)
		return false;
	if (a->version == b->version)
		return a->fsid_major == b->fsid_major && a->fsid_minor == b->fsid_minor;
	return a->version < b->version ? is_fsid_of(a->fsid_major, b)
				       : is_fsid_of(b->fsid_major, a);
}

/* Says whether the kernel asks the server who it is, so that another address of it is no
 * other server (NFSv4.1 on: nfs4_discover_server_trunking(), fs/nfs/nfs4state.c). */
static bool knows_its_server(const struct rg_mount *m)
{
	char *value = NULL;
	size_t n;

	return mnt_optstr_get_option(m->options, "vers", &value, &n) == 0 && n == 3 &&
	       strncmp(value, "4.", 2) == 0 && value[2] > '0';
}

bool rg_mounts_share_files(const struct rg_mount *a, const struct rg_mount *b)
{
	const char *a_path = path_of_source(a->source), *b_path = path_of_source(b->source);
	bool related, same;

	if (!a_path || !b_path || is_crossed_from(a, a_path, b, b_path) ||
	    is_crossed_from(b, b_path, a, a_path))
		return false;
	related = rg_is_below(a_path, b_path) || rg_is_below(b_path, a_path);
	same = is_same_server(a, a_path, b, b_path);
	if (same && related)
		return true;
	if (!has_same_fsid(a, b))
		return false;
	/* By NFSv4 a path begins at the server's root of it (fsid=0), by NFSv3 at /. */
	if (same)
		return a->version != b->version;
	/* Perhaps another address of the same server. Every server has a file system 0. */
	return related && (a->fsid_major || a->fsid_minor) &&
	       !(knows_its_server(a) && knows_its_server(b));
}

/* ---- all superblocks ---- */

/* The memory that a decision needs while it is made. */
struct work {
	struct measured_rule *rules; /* of one gate */
	size_t n_rules;
	struct opinion *opinions;	 /* one for each mount */
	const struct rg_mount **by_rule; /* the mounts that a rule guards */
};

static bool get_memory(struct work *w, size_t n_mounts, size_t n_rules)
{
	w->rules = calloc(n_rules + 1, sizeof(*w->rules));
	w->opinions = calloc(n_mounts + 1, sizeof(*w->opinions));
	w->by_rule = calloc(n_mounts + 1, sizeof(void *));
	return w->rules && w->opinions && w->by_rule;
}

static void free_memory(struct work *w)
{
	free(w->rules);
	free(w->opinions);
	free(w->by_rule);
}

/* Guards the superblocks that may have files in common with one that a rule guards: the two do
 * not see each other's locks (nosharecache, another version of NFS), and the original server
 * takes them for one client. Leaves out what is excepted, and goes no further than one step from
 * a rule. */
static void guard_twins(const struct rg_mounts *mounts, struct work *w)
{
	size_t n = 0;

	for (size_t i = 0; i < mounts->n; i++)
		if (w->opinions[i].guarded)
			w->by_rule[n++] = &mounts->at[i];
	for (size_t i = 0; i < mounts->n; i++) {
		struct opinion *o = &w->opinions[i];

		for (size_t j = 0; j < n && !o->guarded && !o->excepted; j++)
			o->guarded = rg_mounts_share_files(&mounts->at[i], w->by_rule[j]);
	}
}

static int by_dev(const void *a, const void *b)
{
	const struct rg_decision *x = a, *y = b;

	return (x->dev > y->dev) - (x->dev < y->dev);
}

/* Makes one decision of those for the same superblock: guarded in one place is guarded in all. */
static size_t join_superblocks(struct rg_decision *d, size_t n)
{
	size_t used = 0;

	qsort(d, n, sizeof(*d), by_dev);
	for (size_t i = 0; i < n; i++) {
		if (used && d[used - 1].dev == d[i].dev)
			d[used - 1].guarded |= d[i].guarded;
		else
			d[used++] = d[i];
	}
	return used;
}

int rg_mounts_decide(const struct rg_mounts *mounts, const struct rg_rule *rules, size_t n,
		     __u32 slot, enum rg_mount_mode mode, struct rg_decision **out, size_t *n_out)
{
	struct rg_decision *d = calloc(mounts->n + 1, sizeof(*d));
	struct work w = {};

	*out = NULL;
	*n_out = 0;
	if (!get_memory(&w, mounts->n, n) || !d) {
		free_memory(&w);
		free(d);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		if (rules[i].slot == slot)
			w.rules[w.n_rules++] = measure_rule(&rules[i]);
	for (size_t i = 0; i < mounts->n; i++) {
		const struct measured_mount m = measure_mount(&mounts->at[i]);
		struct opinion *o = &w.opinions[i];

		o->guarded = mode == RG_MOUNT_MODE_ALL;
		for (size_t j = 0; j < w.n_rules && !o->excepted; j++)
			apply(o, &w.rules[j], mounts, &m);
		o->guarded = o->guarded && !o->excepted;
	}
	if (mode != RG_MOUNT_MODE_ALL)
		guard_twins(mounts, &w);
	for (size_t i = 0; i < mounts->n; i++)
		d[i] = (struct rg_decision){.dev = mounts->at[i].dev,
					    .guarded = w.opinions[i].guarded};
	free_memory(&w);
	*out = d;
	*n_out = join_superblocks(d, mounts->n);
	return 0;
}

int rg_mounts_guarded(const struct rg_mounts *mounts, const struct rg_rule *rules, size_t n,
		      __u32 slot, enum rg_mount_mode mode, bool *guarded)
{
	struct rg_decision *d;
	size_t n_d;
	int err = rg_mounts_decide(mounts, rules, n, slot, mode, &d, &n_d);

	for (size_t i = 0; !err && i < mounts->n; i++) {
		const struct rg_decision key = {.dev = mounts->at[i].dev};
		const struct rg_decision *found = bsearch(&key, d, n_d, sizeof(*d), by_dev);

		guarded[i] = !found || found->guarded;
	}
	free(d);
	return err;
}
