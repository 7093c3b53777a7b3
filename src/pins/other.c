// SPDX-License-Identifier: GPL-2.0-only
#include "pins/other.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "pins/carry.h"
#include "pins/gates.h"

/* What is needed of another version's set, as this version has it. */
static const struct want {
	enum rg_map map;
	enum bpf_map_type type;
	__u32 max;
	const char *key, *value; /* names of structs; NULL: a number of 4 bytes */
} wants[] = {
	{RG_MAP_HELD, BPF_MAP_TYPE_HASH, RG_MAX_HELD, "rg_held_key", "rg_held"},
	{RG_MAP_GATES, BPF_MAP_TYPE_ARRAY, RG_MAX_GATES, NULL, "rg_gate"},
	{RG_MAP_META, BPF_MAP_TYPE_ARRAY, 1, NULL, "rg_meta"},
	{RG_MAP_LIVE, BPF_MAP_TYPE_ARRAY, 1, NULL, "rg_live"},
	{RG_MAP_GATE_OF, BPF_MAP_TYPE_HASH, RG_MAX_GATES, NULL, NULL},
	{RG_MAP_DEVICES, BPF_MAP_TYPE_HASH, RG_MAX_DEVICES, NULL, "rg_device"},
	{RG_MAP_ABOVE, BPF_MAP_TYPE_HASH, RG_MAX_ABOVE, NULL, "rg_above"},
	{RG_MAP_WRAPPERS, BPF_MAP_TYPE_HASH, RG_MAX_WRAPPERS, NULL, "rg_wrapper"},
};
#define NR_WANTS (sizeof(wants) / sizeof(wants[0]))

struct rg_other {
	int theirs[NR_WANTS]; /* where p has a copy; else -1 */
	struct rg_map_moves moves[NR_WANTS];
	struct rg_moves ask, answer; /* struct rg_control, to theirs and back */
	struct rg_live *live;	     /* a copy of the words, in p->live as well */
};

static int copy_of(const struct want *w)
{
	const struct rg_pinned_map *map = &rg_pinned_maps[w->map];

	return bpf_map_create(w->type, NULL, map->key, map->value, w->max, NULL);
}

static void empty(int fd, const struct want *w)
{
	struct rg_held_key key, next; /* the widest key */

	if (w->type != BPF_MAP_TYPE_HASH)
		return;
	for (__u32 i = 0; i < w->max && bpf_map_get_next_key(fd, NULL, &next) == 0; i++) {
		key = next;
		bpf_map_delete_elem(fd, &key);
	}
}

static int open_one(struct rg_pins *p, struct rg_other *o, size_t i, const struct btf *ours)
{
	const struct want *w = &wants[i];
	int fd, err;
	char path[256];

	/* Opened as ours; or one that is as large may have other things in it. */
	fd = bpf_obj_get(rg_pin_path(path, rg_pin_of_map(w->map)));
	if (fd < 0 && errno != ENOENT)
		return -errno;
	if (fd < 0)
		fd = p->map_fd[w->map]; /* -1, or it was found without its pin */
	else if (p->map_fd[w->map] >= 0)
		close(p->map_fd[w->map]);
	p->map_fd[w->map] = -1;
	err = fd < 0 ? 0 : rg_map_moves_to(fd, ours, w->key, w->value, &o->moves[i]);
	if (err) {
		close(fd);
		return err;
	}
	if (fd >= 0 && o->moves[i].key.same && o->moves[i].value.same) {
		p->map_fd[w->map] = fd;
		return 0;
	}
	o->theirs[i] = fd;
	p->map_fd[w->map] = copy_of(w);
	return p->map_fd[w->map] < 0 ? -errno : 0;
}

/* What the control program is asked with. */
static int open_control(struct rg_pins *p, struct rg_other *o, const struct btf *ours)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	__s32 here = btf__find_by_name_kind(ours, "rg_control", BTF_KIND_STRUCT), there;
	struct btf *btf;
	int err;

	if (p->prog_fd[RG_PROG_CONTROL] < 0) /* it cannot be asked: rg_other_control() says so */
		return 0;
	if (bpf_obj_get_info_by_fd(p->prog_fd[RG_PROG_CONTROL], &info, &size) < 0)
		return -errno;
	btf = info.btf_id ? btf__load_from_kernel_by_id(info.btf_id) : NULL;
	if (!btf)
		return info.btf_id ? -errno : -EPROTO;
	there = btf__find_by_name_kind(btf, "rg_control", BTF_KIND_STRUCT);
	err = here < 0 || there < 0 ? -EPROTO
				    : rg_moves_make(ours, (__u32)here, btf, (__u32)there, &o->ask);
	err = err ?: rg_moves_make(btf, (__u32)there, ours, (__u32)here, &o->answer);
	btf__free(btf);
	return err;
}

int rg_other_open(struct rg_pins *p, const struct btf *ours)
{
	struct rg_other *o = calloc(1, sizeof(*o));
	int err = 0;

	if (!o)
		return -ENOMEM;
	if (p->live)
		munmap(p->live, sizeof(*p->live));
	p->live = NULL;
	p->other = o;
	for (size_t i = 0; i < NR_WANTS; i++)
		o->theirs[i] = -1;
	for (size_t i = 0; i < NR_WANTS && !err; i++)
		err = open_one(p, o, i, ours);
	err = err ?: open_control(p, o, ours);
	err = err ?: rg_other_refresh(p);
	if (!err)
		o->live = mmap(NULL, sizeof(*o->live), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!err && o->live == MAP_FAILED)
		err = -ENOMEM;
	if (!err) {
		__u32 zero = 0;

		bpf_map_lookup_elem(p->map_fd[RG_MAP_LIVE], &zero, o->live);
		p->live = o->live; /* rg_pins_close() unmaps it */
	}
	if (err)
		rg_other_close(p);
	return err;
}

void rg_other_close(struct rg_pins *p)
{
	struct rg_other *o = p->other;

	if (!o)
		return;
	for (size_t i = 0; i < NR_WANTS; i++) {
		if (o->theirs[i] >= 0)
			close(o->theirs[i]);
		rg_map_moves_free(&o->moves[i]);
	}
	rg_moves_free(&o->ask);
	rg_moves_free(&o->answer);
	free(o);
	p->other = NULL;
}

int rg_other_refresh(const struct rg_pins *p)
{
	const struct rg_other *o = p->other;
	int err = 0;

	for (size_t i = 0; i < NR_WANTS && !err; i++) {
		if (o->theirs[i] < 0)
			continue;
		empty(p->map_fd[wants[i].map], &wants[i]);
		err = rg_map_copy(o->theirs[i], p->map_fd[wants[i].map], &o->moves[i]);
	}
	return err;
}

void rg_other_forget(const struct rg_pins *p, const struct rg_held_key *key)
{
	const struct rg_other *o = p->other;
	struct rg_held_key ours;
	__u8 theirs[64], next[64], *before = NULL;
	int fd = o->theirs[0];

	bpf_map_delete_elem(p->map_fd[RG_MAP_HELD], key);
	if (fd < 0 || o->moves[0].key.from_size > sizeof(theirs))
		return;
	for (__u32 i = 0; i < RG_MAX_HELD && !bpf_map_get_next_key(fd, before, next); i++) {
		memcpy(theirs, next, o->moves[0].key.from_size);
		before = theirs;
		rg_moves_apply(&o->moves[0].key, theirs, &ours);
		if (memcmp(&ours, key, sizeof(ours)) == 0) {
			bpf_map_delete_elem(fd, theirs);
			return;
		}
	}
}

void rg_other_disown(const struct rg_pins *p)
{
	const __u32 armed = 8 * offsetof(struct rg_meta, armed);
	const struct rg_other *o = p->other;
	const struct rg_moves *m = NULL;
	__u32 zero = 0, at = ~0u;
	__u8 *theirs;
	int fd = -1;

	for (size_t i = 0; i < NR_WANTS; i++) {
		if (wants[i].map == RG_MAP_META) {
			fd = o->theirs[i];
			m = &o->moves[i].value;
		}
	}
	for (size_t i = 0; fd >= 0 && i < m->n; i++)
		if (m->at[i].to <= armed && armed + 32 <= m->at[i].to + m->at[i].bits)
			at = (m->at[i].from + armed - m->at[i].to) / 8;
	theirs = at == ~0u ? NULL : calloc(1, m->from_size);
	if (theirs && bpf_map_lookup_elem(fd, &zero, theirs) == 0) {
		memset(theirs + at, 0, 4);
		bpf_map_update_elem(fd, &zero, theirs, BPF_ANY);
	}
	free(theirs);
}

int rg_other_control(const struct rg_pins *p, struct rg_control *c)
{
	const struct rg_other *o = p->other;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_size_in = o->ask.to_size);
	int err = 0;
	void *ctx;

	if (p->prog_fd[RG_PROG_CONTROL] < 0 || !o->ask.to_size)
		return -ENOENT;
	if (c->op != RG_OP_OPEN && c->op != RG_OP_CLOSE && c->op != RG_OP_WHO)
		return -EOPNOTSUPP;
	ctx = calloc(1, o->ask.to_size);
	if (!ctx)
		return -ENOMEM;
	rg_moves_apply(&o->ask, c, ctx);
	opts.ctx_in = ctx;
	if (bpf_prog_test_run_opts(p->prog_fd[RG_PROG_CONTROL], &opts) < 0)
		err = -errno;
	else
		rg_moves_apply(&o->answer, ctx, c);
	free(ctx);
	return err ?: c->result;
}

__u32 rg_other_version(const struct rg_pins *p, char *tool)
{
	struct rg_meta meta = {};

	if (p->map_fd[RG_MAP_META] >= 0)
		rg_pins_meta(p, &meta);
	memcpy(tool, meta.tool_version, sizeof(meta.tool_version));
	tool[sizeof(meta.tool_version) - 1] = '\0';
	for (char *c = tool; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?';
	return meta.pins_version;
}
