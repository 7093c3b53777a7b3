// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/mounts.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <libmount.h>

#include "pins/gates.h"

#define MAX_LINKS 40 /* MAXSYMLINKS, include/linux/namei.h */

__u32 rg_kernel_dev(dev_t dev)
{
	return (__u32)major(dev) << 20 | minor(dev);
}

/* ---- below ---- */

/* A path that others may be below; n without the slashes at its end. */
struct top {
	const char *at;
	size_t n;
};

static struct top top_of(const char *path)
{
	struct top top = {.at = path, .n = strlen(path)};

	while (top.n > 1 && path[top.n - 1] == '/')
		top.n--;
	return top;
}

/* `n` is the path's length. Done for every rule and mount: what decides for most
 * comes first, and does not look at top. */
static bool is_below(const char *path, size_t n, struct top top)
{
	return top.n && n >= top.n &&
	       (path[top.n] == '\0' || path[top.n] == '/' || (top.n == 1 && *top.at == '/')) &&
	       memcmp(path, top.at, top.n) == 0;
}

bool rg_is_below(const char *path, const char *top)
{
	return is_below(path, strlen(path), top_of(top));
}

/* ---- the table ---- */

static bool is_one_of(const char *word, const char *const *list)
{
	while (*list && strcmp(word, *list) != 0)
		list++;
	return *list;
}

static bool is_nfs(struct libmnt_fs *fs)
{
	static const char *const types[] = {"nfs", "nfs4", NULL};

	return is_one_of(mnt_fs_get_fstype(fs) ?: "", types);
}

/* libmount knows some; autofs mounts when it is looked at. */
static bool is_remote(struct libmnt_fs *fs)
{
	static const char *const types[] = {"autofs", "ceph", "9p",	"afs",
					    "lustre", "gpfs", "beegfs", NULL};
	const char *type = mnt_fs_get_fstype(fs) ?: "";

	return mnt_fs_is_netfs(fs) || strncmp(type, "fuse", 4) == 0 || is_one_of(type, types);
}

/* Room for one more element: the sizes 0, 1, 2, 4, ... are when it is full. */
static void *room_for(void *at, size_t n, size_t size)
{
	return n & (n - 1) ? at : reallocarray(at, n ? 2 * n : 1, size);
}

static int add_nfs(struct rg_mounts *mounts, struct libmnt_fs *fs, char *target)
{
	struct rg_mount *more = room_for(mounts->at, mounts->n, sizeof(*more));
	char *source, *options;

	if (!more)
		return -ENOMEM;
	mounts->at = more;
	source = strdup(mnt_fs_get_source(fs) ?: "");
	options = strdup(mnt_fs_get_fs_options(fs) ?: "");
	if (!source || !options) {
		free(source);
		free(options);
		return -ENOMEM;
	}
	more[mounts->n++] = (struct rg_mount){.dev = rg_kernel_dev(mnt_fs_get_devno(fs)),
					      .target = target,
					      .source = source,
					      .options = options};
	return 0;
}

static int add(struct rg_mounts *mounts, struct libmnt_fs *fs)
{
	struct rg_place *more = room_for(mounts->places, mounts->n_places, sizeof(*more));
	char *target;

	if (!more)
		return -ENOMEM;
	mounts->places = more;
	target = strdup(mnt_fs_get_target(fs) ?: "");
	if (!target)
		return -ENOMEM;
	more += mounts->n_places;
	*more = (struct rg_place){.target = target,
				  .len = top_of(target).n,
				  .id = mnt_fs_get_id(fs),
				  .parent = mnt_fs_get_parent_id(fs),
				  .nfs = -1,
				  .remote = is_remote(fs),
				  .automount = strcmp(mnt_fs_get_fstype(fs) ?: "", "autofs") == 0};
	if (is_nfs(fs)) {
		if (add_nfs(mounts, fs, target)) {
			free(target);
			return -ENOMEM;
		}
		more->nfs = (ssize_t)mounts->n - 1;
		more->remote = true;
	}
	mounts->n_places++;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Which mounts have nothing below them that is to be seen: / has a parent, too. */
static int find_tops(struct rg_mounts *mounts)
{
	size_t n = mounts->n_places;
	int *ids = calloc(n + 1, sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ids[i] = mounts->places[i].id;
	qsort(ids, n, sizeof(*ids), by_number);
	for (size_t i = 0; i < n; i++) {
		struct rg_place *p = &mounts->places[i];

		p->top =
			p->parent == p->id || !bsearch(&p->parent, ids, n, sizeof(*ids), by_number);
	}
	free(ids);
	return 0;
}

int rg_mounts_read(const char *mountinfo, struct rg_mounts *mounts)
{
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int err = -ENOMEM;

	memset(mounts, 0, sizeof(*mounts));
	if (table && iter) {
		err = mnt_table_parse_file(table, mountinfo);
		if (err > 0)
			err = -EINVAL;
		while (!err && mnt_table_next_fs(table, iter, &fs) == 0)
			err = add(mounts, fs);
		err = err ?: find_tops(mounts);
	}
	mnt_free_iter(iter);
	mnt_unref_table(table);
	if (err)
		rg_mounts_free(mounts);
	return err;
}

void rg_mounts_free(struct rg_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n_places; i++)
		free(mounts->places[i].target);
	for (size_t i = 0; i < mounts->n; i++) {
		free(mounts->at[i].source);
		free(mounts->at[i].options);
	}
	free(mounts->places);
	free(mounts->at);
	memset(mounts, 0, sizeof(*mounts));
}

/* ---- paths ---- */

static struct top top_of_place(const struct rg_place *p)
{
	return (struct top){.at = p->target, .n = p->len};
}

/* The mount that a path is on: of those mounted on where we are, the first
 * that the path comes to; and so on. Every step goes to another mount, so that
 * a damaged table ends it as well. */
const struct rg_place *rg_place_of(const struct rg_mounts *mounts, const char *path)
{
	const struct rg_place *at = NULL;
	size_t n = strlen(path);

	for (size_t steps = 0; steps < mounts->n_places; steps++) {
		const struct rg_place *next = NULL;

		for (size_t i = 0; i < mounts->n_places; i++) {
			const struct rg_place *p = &mounts->places[i];

			if (at ? p->top || p->parent != at->id : !p->top)
				continue;
			if (is_below(path, n, top_of_place(p)) && (!next || p->len <= next->len))
				next = p;
		}
		if (!next)
			break;
		at = next;
	}
	return at;
}

const struct rg_mount *rg_mount_of(const struct rg_mounts *mounts, const char *path)
{
	const struct rg_place *place = rg_place_of(mounts, path);

	return place && place->nfs >= 0 ? &mounts->at[place->nfs] : NULL;
}

/* The longest target of an NFS mount that a path is below, hidden or not. NULL:
 * none, or another file system's is longer. */
static const char *longest_target(const struct rg_mounts *mounts, const char *path)
{
	const struct rg_place *best = NULL;
	size_t n = strlen(path);

	for (size_t i = 0; i < mounts->n_places; i++) {
		const struct rg_place *p = &mounts->places[i];

		if (is_below(path, n, top_of_place(p)) &&
		    (!best || p->len > best->len || (p->len == best->len && p->nfs >= 0)))
			best = p;
	}
	return best && best->nfs >= 0 ? best->target : NULL;
}

/* Hidden or not, for a path that is below the mount's target. */
static bool may_lie_on(const struct rg_mounts *mounts, const char *path,
		       const struct rg_mount *mount)
{
	const char *longest;

	if (rg_mount_of(mounts, path) == mount)
		return true;
	longest = longest_target(mounts, path);
	return longest && strcmp(longest, mount->target) == 0;
}

/* A walk along a path. */
struct walk {
	const struct rg_mounts *mounts;
	const char *root; /* the directory of the host's / */
	size_t jail;	  /* what the walk does not leave: so many bytes of out */
	char *out;
	size_t n;	     /* of out; "" is the host's / */
	char left[PATH_MAX]; /* what is to be walked yet */
};

/* The text of a link, where looking at it waits for nobody. Its length, or less than 1. */
static ssize_t read_link(const struct walk *w, char *text, size_t size)
{
	const struct rg_place *place = rg_place_of(w->mounts, w->out);
	char path[2 * RG_PATH_SIZE];

	if (place && place->remote)
		return -1;
	snprintf(path, sizeof(path), "%s%s", w->root, w->out);
	return readlink(path, text, size);
}

/* One step: to `name`. 1: that is a link, and its text is put before what is left. */
static int walk_to(struct walk *w, const char *name, size_t name_n)
{
	char text[PATH_MAX];
	size_t old = w->n, left_n = strlen(w->left);
	ssize_t got;

	if (old + 1 + name_n >= RG_PATH_SIZE)
		return -ENAMETOOLONG;
	w->out[old] = '/';
	memcpy(w->out + old + 1, name, name_n);
	w->n = old + 1 + name_n;
	w->out[w->n] = '\0';

	got = read_link(w, text, sizeof(text));
	if (got <= 0)
		return 0; /* no link, or nothing there (yet) */
	if ((size_t)got + 1 + left_n >= PATH_MAX)
		return -ENAMETOOLONG;
	memmove(w->left + got + 1, w->left, left_n + 1);
	memcpy(w->left, text, (size_t)got);
	w->left[got] = '/';
	w->n = text[0] == '/' ? w->jail : old;
	w->out[w->n] = '\0';
	return 1;
}

static int walk(struct walk *w)
{
	char name[PATH_MAX];
	int links = 0;

	for (;;) {
		size_t skip = strspn(w->left, "/"), len = strcspn(w->left + skip, "/");
		int err;

		if (len == 0)
			return 0;
		memcpy(name, w->left + skip, len);
		name[len] = '\0';
		memmove(w->left, w->left + skip + len, strlen(w->left + skip + len) + 1);
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			while (w->n > w->jail && w->out[--w->n] != '/')
				;
			w->out[w->n] = '\0';
			continue;
		}
		err = walk_to(w, name, len);
		if (err < 0)
			return err;
		links += err;
		if (links > MAX_LINKS)
			return -ELOOP;
	}
}

int rg_mounts_resolve_in(const struct rg_mounts *mounts, const char *root, const char *jail,
			 const char *path, char *out)
{
	struct walk w = {.mounts = mounts, .root = root, .jail = strlen(jail), .out = out};
	int err;

	if (path[0] != '/' && path[0])
		return -EINVAL;
	if (strlen(path) >= sizeof(w.left) || w.jail >= RG_PATH_SIZE)
		return -ENAMETOOLONG;
	strcpy(w.left, path);
	strcpy(out, jail);
	w.n = w.jail;
	err = walk(&w);
	if (!err && w.n == 0)
		strcpy(out, "/");
	return err;
}

int rg_mounts_resolve(const struct rg_mounts *mounts, const char *path, char *out)
{
	return path[0] == '/' ? rg_mounts_resolve_in(mounts, "", "", path, out) : -EINVAL;
}

/* ---- rules ---- */

/* A rule and a mount with the lengths of their paths: they are compared often. */
struct meant {
	__u32 kind;
	struct top path, source;
};

struct thing {
	const struct rg_mount *mount;
	struct top target, source;
};

static struct meant meant_by(const struct rg_rule *rule)
{
	return (struct meant){.kind = rule->kind,
			      .path = top_of(rule->path),
			      .source = top_of(rule->source)};
}

static struct thing thing_of(const struct rg_mount *mount)
{
	return (struct thing){.mount = mount,
			      .target = top_of(mount->target),
			      .source = top_of(mount->source)};
}

/* For RG_RULE_EXCEPT: does it except the mount? Else: does it make it guarded? */
static bool applies(const struct meant *r, const struct rg_mounts *mounts, const struct thing *t)
{
	switch (r->kind) {
	case RG_RULE_MOUNT:
		return is_below(t->target.at, t->target.n, r->path) ||
		       is_below(t->source.at, t->source.n, r->source);
	case RG_RULE_EXPORT_TREE:
		if (is_below(t->target.at, t->target.n, r->path))
			return true;
		/* fallthrough */
	case RG_RULE_EXPORT:
		return is_below(r->path.at, r->path.n, t->target) &&
		       may_lie_on(mounts, r->path.at, t->mount);
	case RG_RULE_EXCEPT:
		/* What is hidden is not excepted: only what the path is on. */
		return is_below(t->target.at, t->target.n, r->path) ||
		       (is_below(r->path.at, r->path.n, t->target) &&
			rg_mount_of(mounts, r->path.at) == t->mount);
	default:
		return false;
	}
}

/* One rule more. False: the mount is excepted, whatever the others say. */
static bool go_by(const struct meant *r, const struct rg_mounts *mounts, const struct thing *t,
		  bool *guarded)
{
	if (r->kind == RG_RULE_EXCEPT)
		return !applies(r, mounts, t);
	*guarded = *guarded || applies(r, mounts, t);
	return true;
}

bool rg_mount_is_guarded(const struct rg_mounts *mounts, const struct rg_mount *mount,
			 const struct rg_rule *rules, size_t n, __u32 slot,
			 enum rg_mount_mode which)
{
	const struct thing t = thing_of(mount);
	bool guarded = which == RG_MOUNT_MODE_ALL;

	for (size_t i = 0; i < n; i++) {
		const struct meant r = meant_by(&rules[i]);

		if (rules[i].slot == slot && !go_by(&r, mounts, &t, &guarded))
			return false;
	}
	return guarded;
}

/* Of one gate; *n of them. Owned by the caller (free), points into `rules`. */
static struct meant *meant_by_all(const struct rg_rule *rules, size_t *n, __u32 slot)
{
	struct meant *m = calloc(*n + 1, sizeof(*m));
	size_t used = 0;

	for (size_t i = 0; m && i < *n; i++)
		if (rules[i].slot == slot)
			m[used++] = meant_by(&rules[i]);
	*n = used;
	return m;
}

/* ---- the same files by another superblock ---- */

/* Where the path begins in HOST:/PATH; NULL: it is not of that form. */
static const char *path_of_source(const char *source)
{
	const char *colon = strstr(source, ":/");

	return colon ? colon + 1 : NULL;
}

/* The value of addr= among the options, and its length; NULL: it is not there. */
static const char *address_of(const struct rg_mount *m, size_t *n)
{
	char *value = NULL;

	return mnt_optstr_get_option(m->options, "addr", &value, n) == 0 && *n ? value : NULL;
}

/* By the name that was mounted, or by the address that the kernel shows. */
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

/* What `path` has behind `top`, that it is below: "" or "/...". NULL: it is not below. */
static const char *behind(const char *path, const char *top)
{
	const struct top t = top_of(top);

	return rg_is_below(path, top) ? path + t.n : NULL;
}

/* Is `a` where the NFS client itself mounts a file system that is below that of `b` on the
 * server? It does so only where the server says that it is another one. */
static bool is_crossed_from(const struct rg_mount *a, const char *a_path, const struct rg_mount *b,
			    const char *b_path)
{
	const char *source = behind(a_path, b_path), *target = behind(a->target, b->target);

	return source && target && *source && strcmp(source, target) == 0;
}

bool rg_mounts_share_files(const struct rg_mount *a, const struct rg_mount *b)
{
	const char *a_path = path_of_source(a->source), *b_path = path_of_source(b->source);

	return a_path && b_path && is_same_server(a, a_path, b, b_path) &&
	       (rg_is_below(a_path, b_path) || rg_is_below(b_path, a_path)) &&
	       !is_crossed_from(a, a_path, b, b_path) && !is_crossed_from(b, b_path, a, a_path);
}

/* A superblock, and what the rules make of it. */
struct verdict {
	__u32 dev;
	bool guarded;
};

static int by_dev(const void *a, const void *b)
{
	const struct verdict *x = a, *y = b;

	return (x->dev > y->dev) - (x->dev < y->dev);
}

/* What the rules alone make of a mount. */
struct opinion {
	bool guarded, excepted;
};

/* Mark as guarded what may have the files of a mount that a rule guards, by a superblock of its
 * own (nosharecache, another version of NFS): the two do not see each other's locks, and the
 * original server takes both for the same client's. Not what is excepted, and not twins of twins.
 * `by`: room for mounts->n. */
static void guard_twins(const struct rg_mounts *mounts, const struct opinion *by_rule,
			const struct rg_mount **by, bool *guarded)
{
	size_t n = 0;

	for (size_t i = 0; i < mounts->n; i++)
		if (by_rule[i].guarded)
			by[n++] = &mounts->at[i];
	for (size_t i = 0; i < mounts->n; i++)
		for (size_t j = 0; j < n && !guarded[i] && !by_rule[i].excepted; j++)
			guarded[i] = rg_mounts_share_files(&mounts->at[i], by[j]);
}

/* One for each superblock of the table, sorted. Owned by the caller (free). */
static int judge(const struct rg_mounts *mounts, const struct rg_rule *rules, size_t n, __u32 slot,
		 enum rg_mount_mode which, struct verdict **out, size_t *n_out)
{
	struct verdict *v = calloc(mounts->n + 1, sizeof(*v));
	struct opinion *by_rule = calloc(mounts->n + 1, sizeof(*by_rule));
	struct meant *meant = meant_by_all(rules, &n, slot);
	bool *guarded = calloc(mounts->n + 1, sizeof(*guarded));
	const struct rg_mount **by = calloc(mounts->n + 1, sizeof(*by));
	size_t used = 0;

	*out = v;
	*n_out = 0;
	if (!v || !meant || !by_rule || !guarded || !by) {
		free(by);
		free(by_rule);
		free(guarded);
		free(meant);
		return -ENOMEM;
	}
	for (size_t i = 0; i < mounts->n; i++) {
		const struct thing t = thing_of(&mounts->at[i]);
		bool one = which == RG_MOUNT_MODE_ALL, excepted = false;

		for (size_t j = 0; j < n && !excepted; j++)
			excepted = !go_by(&meant[j], mounts, &t, &one);
		by_rule[i] = (struct opinion){.guarded = one && !excepted, .excepted = excepted};
	}
	for (size_t i = 0; i < mounts->n; i++)
		guarded[i] = by_rule[i].guarded;
	if (which != RG_MOUNT_MODE_ALL)
		guard_twins(mounts, by_rule, by, guarded);
	for (size_t i = 0; i < mounts->n; i++)
		v[i] = (struct verdict){.dev = mounts->at[i].dev, .guarded = guarded[i]};
	free(by);
	free(by_rule);
	free(guarded);
	free(meant);
	qsort(v, mounts->n, sizeof(*v), by_dev);
	for (size_t i = 0; i < mounts->n; i++) {
		if (used && v[used - 1].dev == v[i].dev)
			v[used - 1].guarded |= v[i].guarded;
		else
			v[used++] = v[i];
	}
	*n_out = used;
	return 0;
}

int rg_mounts_guarded(const struct rg_mounts *mounts, const struct rg_rule *rules, size_t n,
		      __u32 slot, enum rg_mount_mode which, bool *guarded)
{
	struct verdict *v;
	size_t n_v;
	int err = judge(mounts, rules, n, slot, which, &v, &n_v);

	for (size_t i = 0; !err && i < mounts->n; i++) {
		const struct verdict key = {.dev = mounts->at[i].dev};
		const struct verdict *found = bsearch(&key, v, n_v, sizeof(*v), by_dev);

		guarded[i] = !found || found->guarded;
	}
	free(v);
	return err;
}

int rg_rules_read(const struct rg_pins *p, struct rg_rule **rules, size_t *n)
{
	struct rg_meta meta;
	__u32 used;

	*rules = NULL;
	*n = 0;
	if (rg_pins_meta(p, &meta) < 0)
		return -errno;
	used = meta.rules < RG_MAX_RULES ? meta.rules : RG_MAX_RULES;
	*rules = calloc(used + 1, sizeof(**rules));
	if (!*rules)
		return -ENOMEM;
	for (__u32 i = 0; i < used; i++) {
		if (bpf_map_lookup_elem(p->map_fd[RG_MAP_RULES], &i, &(*rules)[i]) < 0) {
			int err = -errno;

			free(*rules);
			*rules = NULL;
			return err;
		}
		(*rules)[i].path[RG_PATH_SIZE - 1] = '\0';
		(*rules)[i].source[RG_PATH_SIZE - 1] = '\0';
	}
	*n = used;
	return 0;
}

static int put(const struct rg_pins *p, __u32 dev, __u32 slot, __u32 class)
{
	struct rg_device d = {.slot = slot, .class = class}, there;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &dev, &there) == 0) {
		/* Guarded by another namespace's gate: that one keeps it. */
		if (there.slot != slot && there.class == RG_CLASS_GUARDED)
			return 0;
		if (there.slot == slot && there.class == class)
			return 0;
		/* Local applications were not kept out of it until now. */
		d.exempt_ns = there.slot == slot && there.class == RG_CLASS_EXEMPT
				      ? rg_now_ns()
				      : there.exempt_ns;
	}
	return bpf_map_update_elem(p->map_fd[RG_MAP_DEVICES], &dev, &d, BPF_ANY) < 0 ? -errno : 0;
}

/* An earlier policy's exemption ends. */
static int take_out(const struct rg_pins *p, __u32 dev, __u32 slot)
{
	struct rg_device there;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &dev, &there) < 0 ||
	    there.slot != slot || there.class != RG_CLASS_EXEMPT)
		return 0;
	there.class = RG_CLASS_NONE;
	there.exempt_ns = rg_now_ns();
	/* Only if it is still there: the kernel takes it away with the superblock. */
	if (bpf_map_update_elem(p->map_fd[RG_MAP_DEVICES], &dev, &there, BPF_EXIST) < 0 &&
	    errno != ENOENT)
		return -errno;
	return 0;
}

int rg_classify(const struct rg_pins *p, const struct rg_mounts *mounts,
		const struct rg_rule *rules, size_t n, __u32 slot, enum rg_mount_mode which)
{
	struct verdict *v;
	size_t n_v;
	int err = judge(mounts, rules, n, slot, which, &v, &n_v);

	for (size_t i = 0; i < n_v; i++) {
		int one = 0;

		if (v[i].guarded)
			one = which == RG_MOUNT_MODE_ALL ? take_out(p, v[i].dev, slot)
							 : put(p, v[i].dev, slot, RG_CLASS_GUARDED);
		err = err ?: one;
	}
	for (size_t i = 0; i < n_v; i++) {
		int one = v[i].guarded ? 0 : put(p, v[i].dev, slot, RG_CLASS_EXEMPT);

		err = err ?: one;
	}
	free(v);
	return err;
}
