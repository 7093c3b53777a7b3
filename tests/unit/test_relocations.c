// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the BPF object asks of the kernel's types. A struct of our own is in no
 * kernel: BPF_CORE_READ() of a member of one compiles, and the kernel refuses the
 * program.
 */
#include "unit_text.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "load/relocate.h"

#define GUARD RG_BUILD "/guard.bpf.o"

/* Section .BTF.ext, as far as it goes here (Documentation/bpf/btf.rst, 4.2; offsets
 * are from the end of the header). */
struct ext_header {
	__u16 magic;
	__u8 version, flags;
	__u32 hdr_len;
	__u32 func_info_off, func_info_len;
	__u32 line_info_off, line_info_len;
	__u32 core_relo_off, core_relo_len;
};

struct ext_section {
	__u32 name_off, n;
};

/* Of the kernel are the types that the pinned header and kernel_drift.bpf.h define. */
static bool is_the_kernels(const char *name)
{
	static const char *const words[] = {"struct", "union", "enum", "}"};
	static char *text;
	char is[128];

	if (!text) {
		char *types = unit_text(UNIT_SOURCE "vmlinux/vmlinux-6.1-amd64.h"),
		     *drift = unit_text(UNIT_SOURCE "bpf/kernel_drift.bpf.h");

		assert_true(asprintf(&text, "%s%s", types, drift) > 0);
		free(types);
		free(drift);
	}
	for (size_t i = 0; i < UNIT_COUNT(words); i++) {
		snprintf(is, sizeof(is), "%s %s%s", words[i], name, *words[i] == '}' ? ";" : " {");
		if (strstr(text, is))
			return true;
	}
	return false;
}

/* Every relocation of a section; how many there are. */
static unsigned int check_section(const struct btf *btf, const char *records, __u32 size, __u32 n,
				  const char *section)
{
	for (__u32 i = 0; i < n; i++) {
		const struct bpf_core_relo *r = (const void *)(records + (size_t)i * size);
		const struct btf_type *t = btf__type_by_id(btf, r->type_id);
		const char *name = t ? btf__name_by_offset(btf, t->name_off) : "?";

		if (!is_the_kernels(name))
			fail_msg("%s, instruction %u: relocation against `%s`, access %s", section,
				 r->insn_off / 8, name,
				 btf__name_by_offset(btf, r->access_str_off));
	}
	return n;
}

static void test_relocations(void **unused)
{
	struct btf_ext *ext = NULL;
	struct btf *btf = btf__parse_elf(GUARD, &ext);
	const struct ext_header *h;
	const char *at, *end;
	unsigned int seen = 0;
	__u32 size, record;

	(void)unused;
	assert_non_null(btf);
	assert_non_null(ext);
	h = btf_ext__get_raw_data(ext, &size);
	assert_true(h->hdr_len >= sizeof(*h));
	at = (const char *)h + h->hdr_len + h->core_relo_off;
	end = at + h->core_relo_len;
	assert_true(end <= (const char *)h + size);
	record = *(const __u32 *)at;
	assert_true(record >= sizeof(struct bpf_core_relo));
	for (at += sizeof(record); at < end;) {
		const struct ext_section *s = (const void *)at;

		at += sizeof(*s);
		assert_true(at + (size_t)s->n * record <= end);
		seen += check_section(btf, at, record, s->n, btf__name_by_offset(btf, s->name_off));
		at += (size_t)s->n * record;
	}
	assert_true(seen > 100);
	btf_ext__free(ext);
	btf__free(btf);
}

/* ---- the few types that libbpf is given ---- */

static int add_int(struct btf *btf)
{
	return btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
}

/* What a program looks into. */
static struct btf *types_of_object(void)
{
	struct btf *btf = btf__new_empty();
	int integer, id;

	unit_need(btf);
	integer = add_int(btf);
	unit_need(btf__add_struct(btf, "file", 8) > 0);
	unit_need(!btf__add_field(btf, "in", integer, 0, 0));
	unit_need(!btf__add_field(btf, "wanted", integer, 32, 0));
	unit_need(btf__add_struct(btf, "thing___old", 8) > 0);
	unit_need(!btf__add_field(btf, "bits", integer, 0, 3));
	id = btf__add_struct(btf, NULL, 4);
	unit_need(!btf__add_field(btf, "id", integer, 0, 0));
	unit_need(btf__add_typedef(btf, "id_t", id) > 0);
	return btf;
}

static struct btf *types_of_core(void)
{
	struct btf *btf = btf__new_empty();
	int integer, constant, inner, pointer, nameless;

	unit_need(btf);
	integer = add_int(btf);
	constant = btf__add_const(btf, integer);
	inner = btf__add_struct(btf, "inner", 16);
	unit_need(!btf__add_field(btf, "other", integer, 0, 0));
	unit_need(!btf__add_field(btf, "wanted", constant, 64, 0));
	pointer = btf__add_ptr(btf, inner);
	nameless = btf__add_union(btf, NULL, 8);
	unit_need(!btf__add_field(btf, "bits", pointer, 0, 0));
	unit_need(btf__add_struct(btf, "file", 128) > 0);
	unit_need(!btf__add_field(btf, "other", integer, 0, 0));
	unit_need(!btf__add_field(btf, "in", inner, 64, 0));
	unit_need(!btf__add_field(btf, NULL, nameless, 256, 0));
	unit_need(btf__add_struct(btf, "stranger", 4) > 0);
	unit_need(btf__add_typedef(btf, "id_t", constant) > 0);
	return btf;
}

/* It has a struct of its own by a name that vmlinux has as well. */
static struct btf *types_of_module(struct btf *core)
{
	struct btf *btf = btf__new_empty_split(core);

	unit_need(btf);
	unit_need(btf__add_struct(btf, "file", 4) > 0);
	unit_need(!btf__add_field(btf, "in", 1, 0, 0));
	unit_need(btf__add_struct(btf, "thing", 24) > 0);
	unit_need(!btf__add_field(btf, "other", 1, 0, 0));
	unit_need(!btf__add_field(btf, "bits", 1, 68, 3));
	return btf;
}

static const struct btf_type *find(const struct btf *btf, const char *name, __u32 kind)
{
	int id = btf__find_by_name_kind(btf, name, kind);

	return id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
}

static unsigned int number_of(const struct btf *btf, const char *name)
{
	unsigned int n = 0;

	for (__u32 id = 1; id < btf__type_cnt(btf); id++)
		n += strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, id)->name_off), name) ==
		     0;
	return n;
}

/* Places and sizes are the kernel's; what no program names is left out. */
static void test_few_types(void **unused)
{
	struct btf *object = types_of_object(), *core = types_of_core(),
		   *module = types_of_module(core), *few;
	const struct btf *const modules[] = {module, NULL};
	const struct btf_type *file, *in, *thing;

	(void)unused;
	few = rg_relocate_types(object, core, modules);
	assert_non_null(few);
	file = find(few, "file", BTF_KIND_STRUCT);
	assert_non_null(file);
	assert_int_equal(file->size, 128);
	assert_int_equal(btf_vlen(file), 2);
	assert_string_equal(btf__name_by_offset(few, btf_members(file)[0].name_off), "in");
	assert_int_equal(btf_member_bit_offset(file, 0), 64);
	in = btf__type_by_id(few, btf_members(file)[0].type);
	assert_int_equal(in->size, 16);
	assert_int_equal(btf_vlen(in), 1);
	assert_int_equal(btf_member_bit_offset(in, 0), 64);
	assert_int_equal(btf_kind(btf__type_by_id(few, btf_members(in)[0].type)), BTF_KIND_INT);
	assert_int_equal(btf_member_bit_offset(file, 1), 256);
	assert_int_equal(btf_kind(btf__type_by_id(few, btf_members(file)[1].type)), BTF_KIND_UNION);
	thing = find(few, "thing", BTF_KIND_STRUCT);
	assert_non_null(thing);
	assert_int_equal(btf_vlen(thing), 1);
	assert_int_equal(btf_member_bit_offset(thing, 0), 68);
	assert_int_equal(btf_member_bitfield_size(thing, 0), 3);
	assert_non_null(find(few, "id_t", BTF_KIND_TYPEDEF));
	assert_int_equal(number_of(few, "file"), 1);
	assert_int_equal(number_of(few, "inner"), 0);
	assert_int_equal(number_of(few, "stranger"), 0);
	btf__free(few);
	btf__free(module);
	btf__free(core);
	btf__free(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relocations),
		cmocka_unit_test(test_few_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
