// SPDX-License-Identifier: GPL-2.0-only
/* Values of another version, by the names of their members: pins/carry.h. */
#include <errno.h>

#include <bpf/btf.h>

#include "pins/carry.h"
#include "unit.h"

/* What a version has, and what the next one makes of it. */
struct before {
	__u32 first;
	__u16 narrow;
	__u16 gone;
	__u64 wide : 17;
	__u64 bits : 3;
	__u64 rest : 44;
	char text[8];
};
struct after {
	__u64 fresh;
	char text[12];
	__u32 narrow;
	union {
		struct {
			__u64 bits : 5;
			__u64 wide : 20;
			__u64 more : 39;
		} policy;
		__u64 word;
	};
	__u32 first;
};

struct types {
	struct btf *btf;
	int u16, u32, u64, text8, text12;
};

static struct types types_of(void)
{
	struct types t = {.btf = btf__new_empty()};
	int c, index;

	assert_non_null(t.btf);
	t.u16 = btf__add_int(t.btf, "u16", 2, 0);
	t.u32 = btf__add_int(t.btf, "u32", 4, 0);
	t.u64 = btf__add_int(t.btf, "u64", 8, 0);
	c = btf__add_int(t.btf, "char", 1, BTF_INT_CHAR);
	index = t.u32;
	t.text8 = btf__add_array(t.btf, index, c, 8);
	t.text12 = btf__add_array(t.btf, index, c, 12);
	return t;
}

static int struct_before(const struct types *t)
{
	int id = btf__add_struct(t->btf, "before", sizeof(struct before));

	btf__add_field(t->btf, "first", t->u32, 0, 0);
	btf__add_field(t->btf, "narrow", t->u16, 32, 0);
	btf__add_field(t->btf, "gone", t->u16, 48, 0);
	btf__add_field(t->btf, "wide", t->u64, 64, 17);
	btf__add_field(t->btf, "bits", t->u64, 81, 3);
	btf__add_field(t->btf, "rest", t->u64, 84, 44);
	btf__add_field(t->btf, "text", t->text8, 128, 0);
	return id;
}

static int struct_after(const struct types *t)
{
	int policy, both, id;

	policy = btf__add_struct(t->btf, "policy", 8);
	btf__add_field(t->btf, "bits", t->u64, 0, 5);
	btf__add_field(t->btf, "wide", t->u64, 5, 20);
	btf__add_field(t->btf, "more", t->u64, 25, 39);
	both = btf__add_union(t->btf, NULL, 8);
	btf__add_field(t->btf, "policy", policy, 0, 0);
	btf__add_field(t->btf, "word", t->u64, 0, 0);
	id = btf__add_struct(t->btf, "after", sizeof(struct after));
	btf__add_field(t->btf, "fresh", t->u64, 0, 0);
	btf__add_field(t->btf, "text", t->text12, 64, 0);
	btf__add_field(t->btf, "narrow", t->u32, 160, 0);
	btf__add_field(t->btf, NULL, both, 192, 0);
	btf__add_field(t->btf, "first", t->u32, 256, 0);
	return id;
}

static void by_name(void **state)
{
	struct before b = {.first = 7,
			   .narrow = 0xfffe,
			   .gone = 9,
			   .wide = 0x1abcd,
			   .bits = 5,
			   .text = "abcdefg"};
	struct types t = types_of();
	int before = struct_before(&t), after = struct_after(&t);
	struct rg_moves moves;
	struct after a;

	(void)state;
	assert_int_equal(rg_moves_make(t.btf, (__u32)before, t.btf, (__u32)after, &moves), 0);
	assert_false(moves.same);
	memset(&a, 0xff, sizeof(a));
	rg_moves_apply(&moves, &b, &a);
	assert_int_equal(a.first, 7);
	assert_int_equal(a.narrow, 0xfffe);
	assert_int_equal(a.fresh, 0);
	/* Bit-fields of a struct of the same name only: `policy` is not there before. */
	assert_int_equal(a.word, 0);
	assert_string_equal(a.text, "abcdefg");
	rg_moves_free(&moves);
	btf__free(t.btf);
}

static void bit_fields(void **state)
{
	struct types t = types_of();
	int from = btf__add_struct(t.btf, "from", 8), to;
	struct rg_moves moves;
	__u64 a, b;

	(void)state;
	btf__add_field(t.btf, "wide", t.u64, 0, 17);
	btf__add_field(t.btf, "bits", t.u64, 17, 3);
	to = btf__add_struct(t.btf, "to", 8);
	btf__add_field(t.btf, "bits", t.u64, 0, 5);
	btf__add_field(t.btf, "wide", t.u64, 5, 12);
	btf__add_field(t.btf, "new", t.u64, 17, 9);
	assert_int_equal(rg_moves_make(t.btf, (__u32)from, t.btf, (__u32)to, &moves), 0);
	a = 0x1abcdULL | 5ULL << 17 | ~0ULL << 20;
	b = ~0ULL;
	rg_moves_apply(&moves, &a, &b);
	assert_int_equal(b, 5 | (0x1abcdULL & 0xfff) << 5);
	rg_moves_free(&moves);
	btf__free(t.btf);
}

static void the_same(void **state)
{
	struct types t = types_of();
	int before = struct_before(&t), again = struct_before(&t), other;
	struct rg_moves moves;

	(void)state;
	assert_int_equal(rg_moves_make(t.btf, (__u32)before, t.btf, (__u32)again, &moves), 0);
	assert_true(moves.same);
	rg_moves_free(&moves);

	/* As large, but one member is called otherwise: not the same. */
	other = btf__add_struct(t.btf, "before", sizeof(struct before));
	btf__add_field(t.btf, "first", t.u32, 0, 0);
	btf__add_field(t.btf, "narrow", t.u16, 32, 0);
	btf__add_field(t.btf, "renamed", t.u16, 48, 0);
	btf__add_field(t.btf, "wide", t.u64, 64, 17);
	btf__add_field(t.btf, "bits", t.u64, 81, 3);
	btf__add_field(t.btf, "rest", t.u64, 84, 44);
	btf__add_field(t.btf, "text", t.text8, 128, 0);
	assert_int_equal(rg_moves_make(t.btf, (__u32)before, t.btf, (__u32)other, &moves), 0);
	assert_false(moves.same);
	rg_moves_free(&moves);
	btf__free(t.btf);
}

static void other_kinds(void **state)
{
	struct types t = types_of();
	int before = struct_before(&t), number, other;
	struct rg_moves moves;

	(void)state;
	other = btf__add_struct(t.btf, "other", 8);
	btf__add_field(t.btf, "text", t.u64, 0, 0);
	number = t.u32;
	/* An array that became a number, and a struct that did. */
	assert_int_equal(rg_moves_make(t.btf, (__u32)before, t.btf, (__u32)other, &moves), -EPROTO);
	assert_int_equal(rg_moves_make(t.btf, (__u32)before, t.btf, (__u32)number, &moves),
			 -EPROTO);
	assert_int_equal(rg_moves_make(t.btf, 4711, t.btf, (__u32)number, &moves), -EPROTO);
	btf__free(t.btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),
		cmocka_unit_test(bit_fields),
		cmocka_unit_test(the_same),
		cmocka_unit_test(other_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
