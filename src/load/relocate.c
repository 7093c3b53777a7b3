// SPDX-License-Identifier: GPL-2.0-only
#include "load/relocate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "load/types.h"

/* A type that the object knows, "nfs_client___flags" being nfs_client. */
struct root {
	const char *name; /* the object's own; of which the first `n` bytes count */
	size_t n;
	__u32 kind;
	bool in_core;
};

struct names {
	const char **at; /* sorted */
	size_t n;
};

struct copy {
	struct btf *to;
	const struct btf *from; /* of a module, or core */
	const struct btf *core;
	/* Of types that were copied: 0, or 1 + the id in `to`. */
	int *of_core, *of_module;
	__u32 n_core;
	struct root *roots; /* sorted by name */
	size_t n_roots;
	struct names members; /* of all structs of the object */
	struct rg_filter filter;
};

/* ---- what the object knows ---- */

static int by_root_name(const void *a, const void *b)
{
	const struct root *x = a, *y = b;
	int less = strncmp(x->name, y->name, x->n < y->n ? x->n : y->n);

	return less ?: (x->n > y->n) - (x->n < y->n);
}

static int by_string(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static bool can_be_root(__u32 kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_TYPEDEF ||
	       kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64;
}

/* The types and members that have names, and room for them. 0 or a negative errno. */
static int make_room(struct copy *c, const struct btf *object)
{
	size_t roots = 0, members = 0;

	for (__u32 id = 1; id < btf__type_cnt(object); id++) {
		const struct btf_type *t = btf__type_by_id(object, id);

		roots += can_be_root(btf_kind(t));
		members += btf_is_composite(t) ? btf_vlen(t) : 0;
	}
	c->roots = calloc(roots + 1, sizeof(*c->roots));
	c->members.at = calloc(members + 1, sizeof(*c->members.at));
	return c->roots && c->members.at ? 0 : -ENOMEM;
}

static void add_root(struct copy *c, const char *name, __u32 kind)
{
	const char *flavour = strstr(name, "___");
	size_t n = flavour ? (size_t)(flavour - name) : strlen(name);
	char plain[16];

	if (!n)
		return;
	c->roots[c->n_roots++] = (struct root){.name = name, .n = n, .kind = kind};
	snprintf(plain, sizeof(plain), "%.*s", n < 15 ? (int)n : 15, name);
	rg_filter_add(&c->filter, plain);
}

static int look_at_object(struct copy *c, const struct btf *object)
{
	int err = make_room(c, object);

	for (__u32 id = 1; !err && id < btf__type_cnt(object); id++) {
		const struct btf_type *t = btf__type_by_id(object, id);

		if (can_be_root(btf_kind(t)))
			add_root(c, btf__name_by_offset(object, t->name_off), btf_kind(t));
		for (int i = 0; btf_is_composite(t) && i < btf_vlen(t); i++)
			c->members.at[c->members.n++] =
				btf__name_by_offset(object, btf_members(t)[i].name_off);
	}
	if (err)
		return err;
	qsort(c->roots, c->n_roots, sizeof(*c->roots), by_root_name);
	qsort(c->members.at, c->members.n, sizeof(*c->members.at), by_string);
	return 0;
}

/* ---- looking for it in the kernel ---- */

/* Of the roots of this name the first; their end: there is none. */
static struct root *first_root(const struct copy *c, const char *name)
{
	const struct root key = {.name = name, .n = strlen(name)};
	size_t low = 0, high = c->n_roots;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (by_root_name(&c->roots[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < c->n_roots && by_root_name(&c->roots[low], &key) == 0)
		return &c->roots[low];
	return &c->roots[c->n_roots];
}

/* Is it a type that libbpf may relocate by? Like libbpf, of modules only what vmlinux has not. */
static bool is_wanted(const struct copy *c, const struct btf_type *t)
{
	const char *name = btf__name_by_offset(c->from, t->name_off);
	bool wanted = false;

	if (!can_be_root(btf_kind(t)) || !rg_filter_may_have(&c->filter, name))
		return false;
	for (struct root *r = first_root(c, name);
	     r < &c->roots[c->n_roots] && strncmp(r->name, name, r->n) == 0 && !name[r->n]; r++) {
		/* libbpf takes the two kinds of enum for each other. */
		if (btf_kind(t) != r->kind && !btf_is_any_enum(t))
			continue;
		if (c->from == c->core)
			r->in_core = true;
		wanted |= c->from == c->core || !r->in_core;
	}
	return wanted;
}

/* A member without a name is a struct or union whose members are this one's. */
static bool is_member_wanted(const struct copy *c, const char *name)
{
	return !*name ||
	       bsearch(&name, c->members.at, c->members.n, sizeof(*c->members.at), by_string);
}

/* ---- copying ---- */

static int copy_type(struct copy *c, __u32 id);

/* Only what may be relocated by has a name: libbpf finds a type by that, and a member by the type
 * it is in. */
static const char *name_of(const struct copy *c, const struct btf_type *t)
{
	return is_wanted(c, t) ? btf__name_by_offset(c->from, t->name_off) : NULL;
}

static int copy_enum(struct copy *c, const struct btf_type *t)
{
	const char *name = btf__name_by_offset(c->from, t->name_off);
	int id = btf_is_enum64(t) ? btf__add_enum64(c->to, name, t->size, btf_kflag(t))
				  : btf__add_enum(c->to, name, t->size);
	int err = 0;

	for (int i = 0; id > 0 && !err && i < btf_vlen(t); i++)
		err = btf_is_enum64(t)
			      ? btf__add_enum64_value(c->to,
						      btf__name_by_offset(c->from,
									  btf_enum64(t)[i]
										  .name_off),
						      btf_enum64_value(&btf_enum64(t)[i]))
			      : btf__add_enum_value(c->to,
						    btf__name_by_offset(c->from,
									btf_enum(t)[i].name_off),
						    btf_enum(t)[i].val);
	return err ?: id;
}

/* The size stays, and so do the places of the members that are kept. */
static int copy_struct(struct copy *c, const struct btf_type *t)
{
	const struct btf_member *m = btf_members(t);
	int id, err = 0;

	/* A type is added whole before the next one: those of the members first. */
	for (int i = 0; !err && i < btf_vlen(t); i++)
		if (is_member_wanted(c, btf__name_by_offset(c->from, m[i].name_off))) {
			id = copy_type(c, m[i].type);
			err = id < 0 ? id : 0;
		}
	if (err)
		return err;
	id = btf_is_struct(t) ? btf__add_struct(c->to, name_of(c, t), t->size)
			      : btf__add_union(c->to, name_of(c, t), t->size);
	for (int i = 0; id > 0 && !err && i < btf_vlen(t); i++) {
		const char *name = btf__name_by_offset(c->from, m[i].name_off);

		if (is_member_wanted(c, name))
			err = btf__add_field(c->to, name, copy_type(c, m[i].type),
					     btf_member_bit_offset(t, (__u32)i),
					     btf_member_bitfield_size(t, (__u32)i));
	}
	return err ?: id;
}

static int copy_anew(struct copy *c, const struct btf_type *t)
{
	int inner;

	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return btf__add_int(c->to, btf__name_by_offset(c->from, t->name_off), t->size,
				    btf_int_encoding(t));
	case BTF_KIND_PTR: /* to whatever: libbpf does not look */
		return btf__add_ptr(c->to, 0);
	case BTF_KIND_ARRAY:
		inner = copy_type(c, btf_array(t)->type);
		return inner < 0 ? inner : btf__add_array(c->to, 0, inner, btf_array(t)->nelems);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return copy_struct(c, t);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return copy_enum(c, t);
	default: /* nothing that a member of ours is */
		return 0;
	}
}

/* Returns the id in `to` of what the type is when its typedefs and modifiers are left out; or a
 * negative errno. */
static int copy_type(struct copy *c, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(c->from, id);
	int *done, copied;

	while (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t)) {
		id = t->type;
		t = btf__type_by_id(c->from, id);
	}
	done = id < c->n_core ? &c->of_core[id] : &c->of_module[id - c->n_core];
	if (*done)
		return *done - 1;
	copied = copy_anew(c, t);
	if (copied >= 0)
		*done = copied + 1;
	return copied;
}

static int copy_root(struct copy *c, __u32 id, const struct btf_type *t)
{
	int copied = copy_type(c, id);

	if (copied >= 0 && btf_is_typedef(t))
		copied = btf__add_typedef(c->to, btf__name_by_offset(c->from, t->name_off), copied);
	return copied < 0 ? copied : 0;
}

static int copy_from(struct copy *c, const struct btf *from)
{
	const __u32 n = btf__type_cnt(from);
	int err = 0;

	c->from = from;
	if (from != c->core) {
		free(c->of_module);
		c->of_module = calloc(n - c->n_core + 1, sizeof(*c->of_module));
		if (!c->of_module)
			return -ENOMEM;
	}
	for (__u32 id = from == c->core ? 1 : c->n_core; !err && id < n; id++) {
		const struct btf_type *t = btf__type_by_id(from, id);

		if (is_wanted(c, t))
			err = copy_root(c, id, t);
	}
	return err;
}

struct btf *rg_relocate_types(const struct btf *object, const struct btf *core,
			      const struct btf *const *modules)
{
	struct copy c = {.to = btf__new_empty(), .core = core, .n_core = btf__type_cnt(core)};
	int err = c.to ? look_at_object(&c, object) : -ENOMEM;

	c.of_core = calloc(c.n_core, sizeof(*c.of_core));
	err = err ?: c.of_core ? copy_from(&c, core) : -ENOMEM;
	for (; !err && *modules; modules++)
		err = copy_from(&c, *modules);
	free(c.of_core);
	free(c.of_module);
	free(c.roots);
	free(c.members.at);
	if (!err)
		return c.to;
	btf__free(c.to);
	errno = -err;
	return NULL;
}

/* ---- what libbpf is given ---- */

void rg_relocate_begin(struct rg_relocate *r)
{
	r->path[0] = '\0';
	r->fd = memfd_create("reexport-guard types", MFD_CLOEXEC);
	if (r->fd >= 0)
		snprintf(r->path, sizeof(r->path), "/proc/self/fd/%d", r->fd);
	if (r->fd >= 0 && access(r->path, R_OK) < 0)
		r->path[0] = '\0';
}

static int write_all(int fd, const char *data, __u32 n)
{
	while (n) {
		ssize_t did = write(fd, data, n);

		if (did < 0)
			return -errno;
		data += did;
		n -= (__u32)did;
	}
	return 0;
}

int rg_relocate_fill(const struct rg_relocate *r, const struct btf *object)
{
	const struct btf *modules[RG_MAX_TYPED_MODULES + 1] = {};
	const struct rg_types *types;
	const void *data = NULL;
	struct btf *few;
	__u32 n = 0;
	int err;

	if (!r->path[0])
		return 0;
	types = rg_types_hold();
	if (!types)
		return -errno;
	for (unsigned int i = 0; i < types->n_modules; i++)
		modules[i] = types->module[i].btf;
	few = rg_relocate_types(object, types->core, modules);
	err = few ? 0 : -errno;
	rg_types_drop();
	if (few)
		data = btf__raw_data(few, &n);
	err = err ?: data ? write_all(r->fd, data, n) : -ENOMEM;
	btf__free(few);
	return err;
}

void rg_relocate_end(struct rg_relocate *r)
{
	if (r->fd > 0)
		close(r->fd);
	r->fd = -1;
}
