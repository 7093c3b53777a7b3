// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel programs and user space agree on every record byte by byte: what
 * `clang -target bpf` wrote into the object's BTF is what the C compiler
 * makes of the same header. A member that is missing here fails as well.
 */
#include "unit.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "rg_maps.h"

#define GUARD RG_BUILD "/guard.bpf.o"
#define RECORDS RG_BUILD "/tests/records.bpf.o"

static struct btf *guard, *records;

static int open_objects(void **unused)
{
	(void)unused;
	guard = btf__parse(GUARD, NULL);
	records = btf__parse(RECORDS, NULL);
	if (!guard || !records)
		print_error("BTF of %s, %s cannot be read\n", GUARD, RECORDS);
	return guard && records ? 0 : -1;
}

static int close_objects(void **unused)
{
	(void)unused;
	btf__free(guard);
	btf__free(records);
	return 0;
}

struct member {
	const char *name;
	size_t offset, size;
};

#define M(type, m) ((struct member){#m, offsetof(struct type, m), sizeof(((struct type *)0)->m)})

/* Compare the members of one BTF struct; those of an unnamed union in it are
 * members of its own, as in C. Returns how many there are. */
static size_t compare(const struct btf *btf, const char *type, const struct btf_type *t, __u32 base,
		      const struct member *members, size_t n)
{
	size_t seen = 0;

	for (__u32 i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *bm = &btf_members(t)[i];
		const char *name = btf__name_by_offset(btf, bm->name_off);
		__u32 bits = base * 8 + btf_member_bit_offset(t, i);
		size_t m = 0;

		if (!*name) {
			const struct btf_type *inner = btf__type_by_id(btf, bm->type);

			assert_true(btf_is_composite(inner));
			seen += compare(btf, type, inner, bits / 8, members, n);
			continue;
		}
		while (m < n && strcmp(members[m].name, name) != 0)
			m++;
		if (m == n)
			fail_msg("struct %s: member %s is not compared: add it here", type, name);
		if (bits != members[m].offset * 8 ||
		    (size_t)btf__resolve_size(btf, bm->type) != members[m].size)
			fail_msg("struct %s: %s is at bit %u with %lld bytes in BTF, at byte %zu "
				 "with %zu bytes in C",
				 type, name, bits, (long long)btf__resolve_size(btf, bm->type),
				 members[m].offset, members[m].size);
		seen++;
	}
	return seen;
}

static void check(const struct btf *btf, const char *type, size_t size,
		  const struct member *members, size_t n)
{
	__s32 id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *t;

	if (id < 0)
		fail_msg("struct %s: not in the object's BTF", type);
	t = btf__type_by_id(btf, (__u32)id);
	if (t->size != size)
		fail_msg("struct %s: %u bytes in BTF, %zu in C", type, t->size, size);
	assert_int_equal(compare(btf, type, t, 0, members, n), n);
}
#define CHECK(btf, type, members)                                                                  \
	check(btf, #type, sizeof(struct type), members, UNIT_COUNT(members))

static void test_gate(void **unused)
{
	static const struct member policy[] = {
		M(rg_policy, action),
		M(rg_policy, release),
		M(rg_policy, settle_s),
		M(rg_policy, max_hold_s),
	};
	static const struct member gate[] = {
		M(rg_gate, policy),	  M(rg_gate, policy_word),
		M(rg_gate, netns),	  M(rg_gate, all),
		M(rg_gate, knfsd),	  M(rg_gate, lockd),
		M(rg_gate, hand),	  M(rg_gate, generation),
		M(rg_gate, closed_ns),	  M(rg_gate, knfsd_start_ns),
		M(rg_gate, knfsd_end_ns), M(rg_gate, lockd_start_ns),
		M(rg_gate, lockd_end_ns), M(rg_gate, hand_ns),
	};

	(void)unused;
	CHECK(guard, rg_policy, policy);
	CHECK(guard, rg_gate, gate);
}

static void test_held(void **unused)
{
	static const struct member key[] = {M(rg_held_key, tid), M(rg_held_key, seq)};
	static const struct member held[] = {
		M(rg_held, start_ns), M(rg_held, since_ns), M(rg_held, ino),
		M(rg_held, dev),      M(rg_held, tgid),	    M(rg_held, slot),
		M(rg_held, what),     M(rg_held, phase),    M(rg_held, comm),
	};

	(void)unused;
	CHECK(guard, rg_held_key, key);
	CHECK(guard, rg_held, held);
}

static void test_live(void **unused)
{
	static const struct member live[] = {
		M(rg_live, canary_ino), M(rg_live, heartbeat_ns), M(rg_live, canary_dev),
		M(rg_live, daemon_pid), M(rg_live, next_seq),	  M(rg_live, pad),
	};

	(void)unused;
	CHECK(guard, rg_live, live);
}

static void test_meta(void **unused)
{
	static const struct member meta[] = {
		M(rg_meta, pins_version), M(rg_meta, armed),	M(rg_meta, rung),
		M(rg_meta, paths),	  M(rg_meta, armed_ns), M(rg_meta, canary_ns),
		M(rg_meta, tool_version),
	};

	(void)unused;
	CHECK(guard, rg_meta, meta);
}

static void test_device(void **unused)
{
	static const struct member device[] = {M(rg_device, slot), M(rg_device, class)};

	(void)unused;
	CHECK(guard, rg_device, device);
}

static void test_path(void **unused)
{
	static const struct member path[] = {
		M(rg_path, slot),
		M(rg_path, path),
		M(rg_path, source),
	};

	(void)unused;
	CHECK(guard, rg_path, path);
}

static void test_control(void **unused)
{
	static const struct member control[] = {
		M(rg_control, op),	    M(rg_control, slot),
		M(rg_control, netns),	    M(rg_control, all),
		M(rg_control, policy_word), M(rg_control, result),
		M(rg_control, caller),	    M(rg_control, caller_start_ns),
	};

	(void)unused;
	CHECK(guard, rg_control, control);
}

static void test_event(void **unused)
{
	static const struct member event[] = {
		M(rg_event, type),	 M(rg_event, slot),    M(rg_event, netns),
		M(rg_event, generation), M(rg_event, time_ns),
	};

	(void)unused;
	CHECK(records, rg_event, event);
}

/* The object's maps have these records as keys and values. */
static void test_maps(void **unused)
{
	static const struct {
		const char *name;
		__u32 key, value, entries;
	} maps[] = {
		{"meta", 4, sizeof(struct rg_meta), 1},
		{".data.live", 4, sizeof(struct rg_live), 1},
		{"gates", 4, sizeof(struct rg_gate), RG_MAX_GATES},
		{"gate_of", 4, 4, RG_MAX_GATES},
		{"devices", 4, sizeof(struct rg_device), RG_MAX_DEVICES},
		{"held", sizeof(struct rg_held_key), sizeof(struct rg_held), RG_MAX_HELD},
		{"holding", 4, 4, RG_MAX_HELD},
		{"counters", 4, 8, RG_NR_COUNTERS},
		{"events", 0, 0, RG_RING_BYTES},
		{"paths", 4, sizeof(struct rg_path), RG_MAX_PATHS},
	};
	struct bpf_object *object = bpf_object__open_file(GUARD, NULL);

	(void)unused;
	assert_non_null(object);
	for (size_t i = 0; i < UNIT_COUNT(maps); i++) {
		const struct bpf_map *map = bpf_object__find_map_by_name(object, maps[i].name);

		if (!map)
			fail_msg("no map %s in %s", maps[i].name, GUARD);
		if (bpf_map__key_size(map) != maps[i].key ||
		    bpf_map__value_size(map) != maps[i].value ||
		    bpf_map__max_entries(map) != maps[i].entries)
			fail_msg("map %s: key %u value %u entries %u, expected %u %u %u",
				 maps[i].name, bpf_map__key_size(map), bpf_map__value_size(map),
				 bpf_map__max_entries(map), maps[i].key, maps[i].value,
				 maps[i].entries);
	}
	bpf_object__close(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate),	cmocka_unit_test(test_held),
		cmocka_unit_test(test_live),	cmocka_unit_test(test_meta),
		cmocka_unit_test(test_device),	cmocka_unit_test(test_path),
		cmocka_unit_test(test_control), cmocka_unit_test(test_event),
		cmocka_unit_test(test_maps),
	};

	return cmocka_run_group_tests_name("layout", tests, open_objects, close_objects);
}
