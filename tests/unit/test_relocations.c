// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the BPF object asks of the kernel's types. A struct of our own is in no
 * kernel: BPF_CORE_READ() of a member of one compiles, and the kernel refuses the
 * program.
 */
#include "unit_text.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_relocations)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
