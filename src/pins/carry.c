// SPDX-License-Identifier: GPL-2.0-only
#include "pins/carry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

/* Structs in structs; no type of ours is deeper. */
#define MAX_DEPTH 8

struct side {
	const struct btf *btf;
	__u32 type;
	__u32 bit;  /* where it begins */
	__u32 bits; /* of a bit-field; 0: the whole type */
};

static const struct btf_type *plain(const struct btf *btf, __u32 *id)
{
	const struct btf_type *t = btf__type_by_id(btf, *id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t))) {
		*id = t->type;
		t = btf__type_by_id(btf, *id);
	}
	return t;
}

static bool has_members(const struct btf_type *t)
{
	return btf_is_struct(t) || btf_is_union(t);
}

static int add(struct rg_moves *m, __u32 from, __u32 to, __u32 bits)
{
	struct rg_move *last = m->n ? &m->at[m->n - 1] : NULL, *more;

	/* What lies side by side in both is one move. */
	if (last && last->from + last->bits == from && last->to + last->bits == to) {
		last->bits += bits;
		return 0;
	}
	more = realloc(m->at, (m->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	m->at = more;
	m->at[m->n++] = (struct rg_move){.from = from, .to = to, .bits = bits};
	return 0;
}

static struct side member(const struct side *of, const struct btf_type *t, __u32 i)
{
	return (struct side){
		.btf = of->btf,
		.type = btf_members(t)[i].type,
		.bit = of->bit + btf_member_bit_offset(t, i),
		.bits = btf_member_bitfield_size(t, i),
	};
}

/* The member of this name, in nameless structs and unions as well. */
static bool find(const struct side *in, const char *name, struct side *found, int depth)
{
	__u32 id = in->type;
	const struct btf_type *t = plain(in->btf, &id);

	if (!t || !has_members(t) || depth > MAX_DEPTH)
		return false;
	for (__u32 i = 0; i < btf_vlen(t); i++) {
		const char *its = btf__name_by_offset(in->btf, btf_members(t)[i].name_off);

		*found = member(in, t, i);
		if (its && *its ? strcmp(its, name) == 0
				: find(&(struct side){found->btf, found->type, found->bit, 0}, name,
				       found, depth + 1))
			return true;
	}
	return false;
}

static int move(const struct side *from, const struct side *to, struct rg_moves *m, int depth);

/* Each member of `to` that `from` has. `whole` is what names are looked up in. */
static int move_members(const struct side *whole, const struct side *to, const struct btf_type *t,
			struct rg_moves *m, int depth)
{
	/* A union has the same in other words: the first says it in full. */
	__u32 n = btf_is_union(t) && btf_vlen(t) ? 1 : btf_vlen(t);
	int err = 0;

	for (__u32 i = 0; i < n && !err; i++) {
		const char *name = btf__name_by_offset(to->btf, btf_members(t)[i].name_off);
		struct side at = member(to, t, i), found;
		const struct btf_type *inner = plain(at.btf, &at.type);

		if (name && *name)
			err = find(whole, name, &found, 0) ? move(&found, &at, m, depth + 1) : 0;
		else if (inner && has_members(inner))
			err = move_members(whole, &at, inner, m, depth + 1);
	}
	return err;
}

static int move_array(const struct side *from, const struct btf_type *f, const struct side *to,
		      const struct btf_type *t, struct rg_moves *m, int depth)
{
	const struct btf_array *a = btf_array(f), *b = btf_array(t);
	__s64 from_size = btf__resolve_size(from->btf, a->type),
	      to_size = btf__resolve_size(to->btf, b->type);
	__u32 n = a->nelems < b->nelems ? a->nelems : b->nelems;
	int err = 0;

	if (from_size <= 0 || to_size <= 0)
		return -EPROTO;
	for (__u32 i = 0; i < n && !err; i++) {
		struct side x = {from->btf, a->type, from->bit + 8 * i * (__u32)from_size, 0};
		struct side y = {to->btf, b->type, to->bit + 8 * i * (__u32)to_size, 0};

		err = move(&x, &y, m, depth + 1);
	}
	return err;
}

static int move(const struct side *from, const struct side *to, struct rg_moves *m, int depth)
{
	__u32 from_id = from->type, to_id = to->type, from_bits, to_bits;
	const struct btf_type *f = plain(from->btf, &from_id), *t = plain(to->btf, &to_id);

	if (!f || !t || depth > MAX_DEPTH)
		return -EPROTO;
	if (has_members(f) && has_members(t))
		return move_members(&(struct side){from->btf, from_id, from->bit, 0}, to, t, m,
				    depth);
	if (btf_is_array(f) && btf_is_array(t))
		return move_array(from, f, to, t, m, depth);
	if (has_members(f) || has_members(t) || btf_is_array(f) || btf_is_array(t))
		return -EPROTO;
	from_bits = from->bits ?: 8 * (__u32)btf__resolve_size(from->btf, from_id);
	to_bits = to->bits ?: 8 * (__u32)btf__resolve_size(to->btf, to_id);
	/* Numbers without a sign, the least significant bits first: a wider one has 0 above. */
	return add(m, from->bit, to->bit, from_bits < to_bits ? from_bits : to_bits);
}

/* A data section of one variable is that variable. */
static __u32 variable_of(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	if (!t || !btf_is_datasec(t) || btf_vlen(t) != 1)
		return id;
	t = btf__type_by_id(btf, btf_var_secinfos(t)->type);
	return t ? t->type : id;
}

static __u32 bits_of(const struct rg_moves *m)
{
	__u32 bits = 0;

	for (size_t i = 0; i < m->n; i++)
		bits += m->at[i].bits;
	return bits;
}

/* Bits of all members of a type; 0: no memory. */
static __u32 bits_in(const struct side *s)
{
	struct rg_moves m = {};
	__u32 bits = move(s, s, &m, 0) ? 0 : bits_of(&m);

	free(m.at);
	return bits;
}

int rg_moves_make(const struct btf *from, __u32 from_type, const struct btf *to, __u32 to_type,
		  struct rg_moves *moves)
{
	struct side x = {.btf = from, .type = variable_of(from, from_type)};
	struct side y = {.btf = to, .type = variable_of(to, to_type)};
	__s64 from_size = btf__resolve_size(from, x.type), to_size = btf__resolve_size(to, y.type);
	int err;

	memset(moves, 0, sizeof(*moves));
	if (from_size <= 0 || to_size <= 0)
		return -EPROTO;
	moves->from_size = (__u32)from_size;
	moves->to_size = (__u32)to_size;
	err = move(&x, &y, moves, 0);
	if (err) {
		rg_moves_free(moves);
		return err;
	}
	moves->same = from_size == to_size && bits_of(moves) == bits_in(&x) &&
		      bits_of(moves) == bits_in(&y);
	for (size_t i = 0; i < moves->n; i++)
		moves->same &= moves->at[i].from == moves->at[i].to;
	return 0;
}

void rg_moves_free(struct rg_moves *moves)
{
	free(moves->at);
	memset(moves, 0, sizeof(*moves));
}

static void move_bits(const __u8 *from, __u8 *to, const struct rg_move *m)
{
	if (m->from % 8 == 0 && m->to % 8 == 0 && m->bits % 8 == 0) {
		memcpy(to + m->to / 8, from + m->from / 8, m->bits / 8);
		return;
	}
	for (__u32 i = 0; i < m->bits; i++)
		if (from[(m->from + i) / 8] & 1u << (m->from + i) % 8)
			to[(m->to + i) / 8] |= (__u8)(1u << (m->to + i) % 8);
}

void rg_moves_apply(const struct rg_moves *moves, const void *from, void *to)
{
	memset(to, 0, moves->to_size);
	for (size_t i = 0; i < moves->n; i++)
		move_bits(from, to, &moves->at[i]);
}

/* ---- maps ---- */

int rg_map_types(int fd, struct btf **btf, __u32 *key, __u32 *value)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	*btf = NULL;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	if (!info.btf_id || !info.btf_value_type_id)
		return -EPROTO;
	*btf = btf__load_from_kernel_by_id(info.btf_id);
	if (!*btf)
		return -errno;
	*key = info.btf_key_type_id;
	*value = info.btf_value_type_id;
	return 0;
}

/* 4 bytes that are one number: the keys of arrays, and what has no name. */
static void number(struct rg_moves *m)
{
	m->at = calloc(1, sizeof(*m->at));
	if (m->at)
		m->at[m->n++].bits = 32;
	m->from_size = m->to_size = 4;
	m->same = true;
}

static int moves_between(const struct btf *from, __u32 from_key, __u32 from_value,
			 const struct btf *to, __u32 to_key, __u32 to_value,
			 struct rg_map_moves *moves)
{
	int err = 0;

	memset(moves, 0, sizeof(*moves));
	if (from_key && to_key)
		err = rg_moves_make(from, from_key, to, to_key, &moves->key);
	else
		number(&moves->key);
	if (!err && to_value)
		err = rg_moves_make(from, from_value, to, to_value, &moves->value);
	else if (!err)
		number(&moves->value);
	if (!err && (!moves->key.at || !moves->value.at))
		err = -EPROTO;
	if (err)
		rg_map_moves_free(moves);
	return err;
}

int rg_map_moves_make(int from_fd, int to_fd, struct rg_map_moves *moves)
{
	__u32 from_key = 0, from_value = 0, to_key = 0, to_value = 0;
	struct btf *from, *to = NULL;
	int err;

	memset(moves, 0, sizeof(*moves));
	err = rg_map_types(from_fd, &from, &from_key, &from_value)
		      ?: rg_map_types(to_fd, &to, &to_key, &to_value)
		      ?: moves_between(from, from_key, from_value, to, to_key, to_value, moves);
	btf__free(from);
	btf__free(to);
	return err;
}

int rg_map_moves_to(int from_fd, const struct btf *to, const char *key, const char *value,
		    struct rg_map_moves *moves)
{
	__u32 from_key = 0, from_value = 0;
	__s32 to_key = key ? btf__find_by_name_kind(to, key, BTF_KIND_STRUCT) : 0;
	__s32 to_value = value ? btf__find_by_name_kind(to, value, BTF_KIND_STRUCT) : 0;
	struct btf *from;
	int err;

	memset(moves, 0, sizeof(*moves));
	if (to_key < 0 || to_value < 0)
		return -EPROTO;
	err = rg_map_types(from_fd, &from, &from_key, &from_value)
		      ?: moves_between(from, from_key, from_value, to, (__u32)to_key,
				       (__u32)to_value, moves);
	btf__free(from);
	return err;
}

void rg_map_moves_free(struct rg_map_moves *moves)
{
	rg_moves_free(&moves->key);
	rg_moves_free(&moves->value);
}

int rg_map_copy(int from_fd, int to_fd, const struct rg_map_moves *moves)
{
	struct bpf_map_info from = {}, to = {};
	__u32 size = sizeof(from);
	__u8 *room, *key, *next, *value, *to_key, *to_value;
	void *before = NULL;
	int err = 0;

	if (bpf_obj_get_info_by_fd(from_fd, &from, &size) < 0 ||
	    bpf_obj_get_info_by_fd(to_fd, &to, &size) < 0)
		return -errno;
	if (!from.key_size || from.key_size != moves->key.from_size ||
	    from.value_size != moves->value.from_size || to.key_size != moves->key.to_size ||
	    to.value_size != moves->value.to_size)
		return -EPROTO;
	room = calloc(1, 2 * (size_t)from.key_size + from.value_size + to.key_size + to.value_size);
	if (!room)
		return -ENOMEM;
	key = room;
	next = key + from.key_size;
	value = next + from.key_size;
	to_key = value + from.value_size;
	to_value = to_key + to.key_size;
	/* Bounded: elements that come meanwhile could keep this going. */
	for (__u32 i = 0; i < from.max_entries && !bpf_map_get_next_key(from_fd, before, next);
	     i++) {
		memcpy(key, next, from.key_size);
		before = key;
		if (bpf_map_lookup_elem(from_fd, key, value) < 0)
			continue;
		rg_moves_apply(&moves->key, key, to_key);
		rg_moves_apply(&moves->value, value, to_value);
		/* An array may have become shorter. */
		if (bpf_map_update_elem(to_fd, to_key, to_value, BPF_ANY) < 0)
			err = errno == E2BIG ? -ENOSPC : -errno;
	}
	free(room);
	return err;
}

int rg_map_carry(int from_fd, int to_fd, bool *same)
{
	struct rg_map_moves moves;
	int err = rg_map_moves_make(from_fd, to_fd, &moves);

	if (err)
		return err;
	if (same)
		*same = moves.key.same && moves.value.same;
	err = rg_map_copy(from_fd, to_fd, &moves);
	rg_map_moves_free(&moves);
	return err;
}
