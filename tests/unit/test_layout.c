// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel programs and user space agree on every record byte by byte: what
 * `clang -target bpf` wrote into the object's BTF is what the C compiler
 * makes of the same header. A member that is missing here fails as well, and
 * so does a map.
 */
#include "unit.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "pins/pins.h"
#include "rg_maps.h"
#include "rg_records.h"

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

struct field {
	const char *name;
	__u64 word;
};

static __u64 word_of(struct rg_policy policy)
{
	struct rg_gate g = {.policy = policy};

	return g.policy_word;
}

/* Bit fields have no offset in C: set one to all ones and look at the word. */
#define F(f) ((struct field){#f, word_of((struct rg_policy){.f = ones.policy.f})})

static void test_policy(void **unused)
{
	const struct rg_gate ones = {.policy_word = ~0ULL};
	const struct field fields[] = {
		F(max_hold_s),	   F(settle_timeout_s), F(settle_quiet_s),
		F(action),	   F(release),		F(scope),
		F(end_grace),	   F(mount_mode),	F(blind),
		F(forward),	   F(only_client),	F(leaks),
		F(original_keeps), F(unused),
	};
	__s32 id = btf__find_by_name_kind(guard, "rg_policy", BTF_KIND_STRUCT);
	const struct btf_type *t;
	__u64 together = 0;

	(void)unused;
	assert_true(id > 0);
	t = btf__type_by_id(guard, (__u32)id);
	assert_int_equal(t->size, sizeof(struct rg_policy));
	assert_int_equal(btf_vlen(t), UNIT_COUNT(fields));
	for (__u32 i = 0; i < UNIT_COUNT(fields); i++) {
		const char *name = btf__name_by_offset(guard, btf_members(t)[i].name_off);
		__u32 at = btf_member_bit_offset(t, i), bits = btf_member_bitfield_size(t, i);

		assert_string_equal(name, fields[i].name);
		assert_in_range(bits, 1, 63);
		if (fields[i].word != ((1ULL << bits) - 1) << at)
			fail_msg("struct rg_policy: %s is at bit %u with %u bits in BTF, its word "
				 "is %llx in C",
				 name, at, bits, fields[i].word);
		assert_true((together & fields[i].word) == 0);
		together |= fields[i].word;
	}
	assert_true(together == ~0ULL);
}

static void test_gate(void **unused)
{
	static const struct member gate[] = {
		M(rg_gate, policy),
		M(rg_gate, policy_word),
		M(rg_gate, netns),
		M(rg_gate, knfsd),
		M(rg_gate, lockd),
		M(rg_gate, hand),
		M(rg_gate, generation),
		M(rg_gate, lease_s),
		M(rg_gate, refused),
		M(rg_gate, awaited),
		M(rg_gate, closed_ns),
		M(rg_gate, knfsd_start_ns),
		M(rg_gate, knfsd_end_ns),
		M(rg_gate, lockd_end_ns),
		M(rg_gate, hand_ns),
		M(rg_gate, settled_ns),
		M(rg_gate, origin_no_grace_ns),
		M(rg_gate, net),
		M(rg_gate, kept_ns),
		M(rg_gate, let_in),
		M(rg_gate, rehearsed_until_ns),
		M(rg_gate, net_cookie),
	};

	(void)unused;
	CHECK(guard, rg_gate, gate);
}

static void test_view(void **unused)
{
	static const struct member view[] = {
		M(rg_view, state),
		M(rg_view, why),
		M(rg_view, since_ns),
		M(rg_view, until_ns),
	};

	(void)unused;
	CHECK(records, rg_view, view);
}

static void test_held(void **unused)
{
	static const struct member holding[] = {M(rg_holding, since_ns), M(rg_holding, again_ns),
						M(rg_holding, seq), M(rg_holding, again),
						M(rg_holding, may_end)};
	static const struct member above[] = {M(rg_above, start_ns),
					      M(rg_above, since_ns),
					      M(rg_above, held_start_ns),
					      M(rg_above, held_tid),
					      M(rg_above, held_seq),
					      M(rg_above, held_tgid),
					      M(rg_above, via)};
	static const struct member wrapper[] = {M(rg_wrapper, start_ns),
						M(rg_wrapper, since_ns),
						M(rg_wrapper, held_start_ns),
						M(rg_wrapper, held_tgid),
						M(rg_wrapper, by),
						M(rg_wrapper, comm)};
	static const struct member key[] = {M(rg_held_key, tid), M(rg_held_key, seq)};
	static const struct member held[] = {
		M(rg_held, start_ns), M(rg_held, since_ns), M(rg_held, ino),
		M(rg_held, dev),      M(rg_held, tgid),	    M(rg_held, slot),
		M(rg_held, what),     M(rg_held, phase),    M(rg_held, comm),
	};

	(void)unused;
	CHECK(guard, rg_held_key, key);
	CHECK(guard, rg_holding, holding);
	CHECK(guard, rg_above, above);
	CHECK(guard, rg_wrapper, wrapper);
	CHECK(guard, rg_held, held);
}

static void test_dropped(void **unused)
{
	static const struct member key[] = {
		M(rg_dropped_key, slot), M(rg_dropped_key, family), M(rg_dropped_key, pad),
		M(rg_dropped_key, addr), M(rg_dropped_key, local),
	};

	(void)unused;
	CHECK(guard, rg_dropped_key, key);
}

static void test_live(void **unused)
{
	static const struct member live[] = {
		M(rg_live, canary_ino),	   M(rg_live, heartbeat_ns), M(rg_live, canary_dev),
		M(rg_live, daemon_pid),	   M(rg_live, next_seq),     M(rg_live, canary_door),
		M(rg_live, nfs_net_id),	   M(rg_live, nfs4_locks),   M(rg_live, sleeps),
		M(rg_live, recorder),	   M(rg_live, unrecorded),   M(rg_live, pins_put_back),
		M(rg_live, writes_failed), M(rg_live, disk_waits_s), M(rg_live, delegations),
		M(rg_live, notices),	   M(rg_live, asker),	     M(rg_live, asker_delays),
	};

	(void)unused;
	CHECK(guard, rg_live, live);
}

static void test_meta(void **unused)
{
	static const struct member meta[] = {
		M(rg_meta, pins_version),
		M(rg_meta, armed),
		M(rg_meta, rung),
		M(rg_meta, rules),
		M(rg_meta, ledger_interval_s),
		M(rg_meta, metrics_interval_s),
		M(rg_meta, left_out),
		M(rg_meta, continues),
		M(rg_meta, let_go),
		M(rg_meta, kprobes),
		M(rg_meta, hold),
		M(rg_meta, module),
		M(rg_meta, module_policy),
		M(rg_meta, module_ours),
		M(rg_meta, record),
		M(rg_meta, record_mib),
		M(rg_meta, notify_nfsv3),
		M(rg_meta, protect),
		M(rg_meta, canary_ns),
		M(rg_meta, tool_version),
		M(rg_meta, state_dir),
		M(rg_meta, metrics_dir),
	};

	(void)unused;
	CHECK(guard, rg_meta, meta);
}

static void test_device(void **unused)
{
	static const struct member device[] = {M(rg_device, slot), M(rg_device, class),
					       M(rg_device, exempt_ns),
					       M(rg_device, kept_until_ns)};

	(void)unused;
	CHECK(guard, rg_device, device);
}

static void test_rule(void **unused)
{
	static const struct member rule[] = {
		M(rg_rule, slot),
		M(rg_rule, kind),
		M(rg_rule, path),
		M(rg_rule, source),
	};

	(void)unused;
	CHECK(guard, rg_rule, rule);
}

static void test_exempt(void **unused)
{
	static const struct member key[] = {
		M(rg_exempt_key, ino),
		M(rg_exempt_key, dev),
		M(rg_exempt_key, generation),
	};
	const struct member value[] = {M(rg_exempt, path)};

	(void)unused;
	CHECK(guard, rg_exempt_key, key);
	CHECK(guard, rg_exempt, value);
}

static void test_client(void **unused)
{
	static const struct member key[] = {
		M(rg_client_key, name_hash),
		M(rg_client_key, slot),
		M(rg_client_key, nlm),
	};
	static const struct member client[] = {
		M(rg_client, refused_ns), M(rg_client, granted_ns),  M(rg_client, settled_ns),
		M(rg_client, generation), M(rg_client, state),	     M(rg_client, locks),
		M(rg_client, expected),	  M(rg_client, refusals),    M(rg_client, cl_boot),
		M(rg_client, cl_id),	  M(rg_client, family),	     M(rg_client, port),
		M(rg_client, addr),	  M(rg_client, name_len),    M(rg_client, minorversion),
		M(rg_client, uncounted),  M(rg_client, uncountable), M(rg_client, granted),
		M(rg_client, gone_ns),	  M(rg_client, gone_locks),  M(rg_client, gone_how),
		M(rg_client, unlisted),	  M(rg_client, recorded),    M(rg_client, name),
	};
	static const struct member crowd[] = {
		M(rg_crowd_key, slot),
		M(rg_crowd_key, family),
		M(rg_crowd_key, nlm),
		M(rg_crowd_key, addr),
	};
	static const struct member file[] = {
		M(rg_listed_file, fileid),     M(rg_listed_file, fsid_major),
		M(rg_listed_file, fsid_minor), M(rg_listed_file, dev),
		M(rg_listed_file, flags),      M(rg_listed_file, from),
		M(rg_listed_file, n),	       M(rg_listed_file, path),
		M(rg_listed_file, server),
	};
	static const struct member listed[] = {
		M(rg_listed, name_hash), M(rg_listed, owner), M(rg_listed, start),
		M(rg_listed, length),	 M(rg_listed, type),  M(rg_listed, file),
	};

	(void)unused;
	CHECK(guard, rg_client_key, key);
	CHECK(guard, rg_client, client);
	CHECK(guard, rg_crowd_key, crowd);
	CHECK(guard, rg_listed_file, file);
	CHECK(guard, rg_listed, listed);
}

static void test_server(void **unused)
{
	static const struct member server[] = {
		M(rg_server, seen_ns), M(rg_server, lease_jiffies), M(rg_server, age_jiffies),
		M(rg_server, slot),    M(rg_server, family),	    M(rg_server, minorversion),
		M(rg_server, addr),    M(rg_server, name),
	};

	(void)unused;
	CHECK(guard, rg_server, server);
}

static void test_control(void **unused)
{
	static const struct member control[] = {
		M(rg_control, op),
		M(rg_control, slot),
		M(rg_control, netns),
		M(rg_control, fd),
		M(rg_control, policy_word),
		M(rg_control, client),
		M(rg_control, exempt),
		M(rg_control, held),
		M(rg_control, result),
		M(rg_control, caller),
		M(rg_control, caller_start_ns),
		M(rg_control, jiffies),
		M(rg_control, mono_ns),
		M(rg_control, listed_files),
		M(rg_control, listed),
		M(rg_control, left),
		M(rg_control, generation),
		M(rg_control, last),
		M(rg_control, pad),
	};

	(void)unused;
	CHECK(guard, rg_control, control);
}

static void test_provenance(void **unused)
{
	static const struct member provenance[] = {
		M(rg_provenance, file),
		M(rg_provenance, line),
		M(rg_provenance, pad),
		M(rg_provenance, exempt_defaults),
	};

	(void)unused;
	CHECK(guard, rg_provenance, provenance);
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

static void test_record(void **unused)
{
	static const struct member record[] = {
		M(rg_record, time_ns),	   M(rg_record, duration_ns),  M(rg_record, op),
		M(rg_record, side),	   M(rg_record, claim),	       M(rg_record, downgrade),
		M(rg_record, status_kind), M(rg_record, how),	       M(rg_record, status),
		M(rg_record, facts),	   M(rg_record, netns),	       M(rg_record, generation),
		M(rg_record, tid),	   M(rg_record, tgid),	       M(rg_record, value),
		M(rg_record, expected),	   M(rg_record, complete),     M(rg_record, family),
		M(rg_record, port),	   M(rg_record, minorversion), M(rg_record, name_len),
		M(rg_record, addr),	   M(rg_record, cl_boot),      M(rg_record, cl_id),
		M(rg_record, verifier),	   M(rg_record, name),	       M(rg_record, fileid),
		M(rg_record, fsid_major),  M(rg_record, fsid_minor),   M(rg_record, dev),
		M(rg_record, lock_type),   M(rg_record, start),	       M(rg_record, length),
		M(rg_record, owner_hash),  M(rg_record, path),	       M(rg_record, n_back),
		M(rg_record, reclaim),	   M(rg_record, back),
	};
	static const struct member back[] = {
		M(rg_back, op),
		M(rg_back, status),
		M(rg_back, at_ns),
	};
	static const struct member tracer[] = {
		M(rg_tracer, start_ns),
		M(rg_tracer, lost),
		M(rg_tracer, pid),
		M(rg_tracer, pad),
	};

	(void)unused;
	CHECK(records, rg_record, record);
	CHECK(records, rg_back, back);
	CHECK(records, rg_tracer, tracer);
}

static void test_flows(void **unused)
{
	static const struct member client[] = {
		M(rg_flow_client, first_ns),	M(rg_flow_client, last_ns),
		M(rg_flow_client, exchange_ns), M(rg_flow_client, complete_ns),
		M(rg_flow_client, refused_ns),	M(rg_flow_client, generation),
		M(rg_flow_client, downgrades),	M(rg_flow_client, tally),
		M(rg_flow_client, family),	M(rg_flow_client, port),
		M(rg_flow_client, addr),	M(rg_flow_client, cl_boot),
		M(rg_flow_client, cl_id),	M(rg_flow_client, minorversion),
		M(rg_flow_client, name_len),	M(rg_flow_client, said),
		M(rg_flow_client, name),
	};
	static const struct member totals[] = {
		M(rg_flow_totals, records),	    M(rg_flow_totals, downgrades),
		M(rg_flow_totals, tally),	    M(rg_flow_totals, reclaims),
		M(rg_flow_totals, latency),	    M(rg_flow_totals, latency_sum_ns),
		M(rg_flow_totals, locks_forwarded), M(rg_flow_totals, locks_refused),
		M(rg_flow_totals, failed),	    M(rg_flow_totals, lost),
	};
	static const struct member storm[] = {
		M(rg_flow_storm, net),
		M(rg_flow_storm, grace_ns),
		M(rg_flow_storm, origin_complete_ns),

		M(rg_flow_storm, expected),
		M(rg_flow_storm, complete),
	};
	static const struct member note[] = {
		M(rg_flow_note, time_ns),     M(rg_flow_note, duration_ns),
		M(rg_flow_note, client),      M(rg_flow_note, fileid),
		M(rg_flow_note, start),	      M(rg_flow_note, length),
		M(rg_flow_note, generation),  M(rg_flow_note, op),
		M(rg_flow_note, downgrade),   M(rg_flow_note, side),
		M(rg_flow_note, claim),	      M(rg_flow_note, status),
		M(rg_flow_note, status_kind), M(rg_flow_note, family),
		M(rg_flow_note, addr),	      M(rg_flow_note, pad),
	};

	(void)unused;
	CHECK(records, rg_flow_client, client);
	CHECK(records, rg_flow_totals, totals);
	CHECK(records, rg_flow_storm, storm);
	CHECK(records, rg_flow_note, note);
}

/* The object's maps have these records as keys and values. Those after `events`
 * are the kernel programs' own, and their records as well. */
static const struct {
	const char *name;
	enum bpf_map_type type;
	__u32 entries;
	__u32 key, value; /* only of one that is not pinned: see rg_pinned_maps */
} maps[] = {
	{.name = "meta", .type = BPF_MAP_TYPE_ARRAY, .entries = 1},
	{.name = ".data.live", .type = BPF_MAP_TYPE_ARRAY, .entries = 1},
	{.name = "gates", .type = BPF_MAP_TYPE_ARRAY, .entries = RG_MAX_GATES},
	{.name = "gate_of", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_GATES},
	{.name = "devices", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_DEVICES},
	{.name = "held", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_HELD},
	{.name = "holding", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_HELD},
	{.name = "above", .type = BPF_MAP_TYPE_LRU_HASH, .entries = RG_MAX_ABOVE},
	{.name = "wrappers", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_WRAPPERS},
	{.name = "counters", .type = BPF_MAP_TYPE_PERCPU_ARRAY, .entries = RG_NR_COUNTERS},
	{.name = "rules", .type = BPF_MAP_TYPE_ARRAY, .entries = RG_MAX_RULES},
	{.name = "exempt", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_EXEMPT},
	{.name = "clients", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_CLIENTS},
	{.name = "servers", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_SERVERS},
	{.name = "dropped", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_DROPPED},
	{.name = "provenance", .type = BPF_MAP_TYPE_ARRAY, .entries = RG_MAX_GATES},
	{.name = "events", .type = BPF_MAP_TYPE_RINGBUF, .entries = RG_RING_BYTES},
	{.name = "tracers", .type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .entries = RG_MAX_TRACERS},
	{.name = "tracer_owners", .type = BPF_MAP_TYPE_ARRAY, .entries = RG_MAX_TRACERS},
	{.name = "flow_clients", .type = BPF_MAP_TYPE_LRU_HASH, .entries = RG_MAX_FLOW_CLIENTS},
	{.name = "flow_totals", .type = BPF_MAP_TYPE_PERCPU_ARRAY, .entries = 1},
	{.name = "flow_storms", .type = BPF_MAP_TYPE_ARRAY, .entries = RG_MAX_GATES},
	{.name = "flow_slowest", .type = BPF_MAP_TYPE_ARRAY, .entries = RG_SLOWEST},
	{.name = "flow_downgrades", .type = BPF_MAP_TYPE_ARRAY, .entries = RG_LAST_DOWNGRADES},
	{"told_until", BPF_MAP_TYPE_LRU_HASH, RG_MAX_TOLD, 4, 8},
	{"managers", BPF_MAP_TYPE_HASH, RG_MAX_MANAGERS, 8, 8},
	{"entered", BPF_MAP_TYPE_HASH, RG_MAX_ENTERED, 8, 24},
	{.name = "reclaiming", .type = BPF_MAP_TYPE_LRU_HASH, .entries = RG_MAX_RECLAIMING},
	{.name = "crowds", .type = BPF_MAP_TYPE_LRU_HASH, .entries = RG_MAX_CLIENTS},
	{"evicted", BPF_MAP_TYPE_ARRAY, 2, 4, 8},
	{"peers_told", BPF_MAP_TYPE_LRU_HASH, RG_MAX_PEERS_TOLD, sizeof(struct rg_crowd_key), 8},
	{.name = "client_of", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_CLIENTS},
	{.name = "nlm_hosts", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_NLM_HOSTS},
	{"nlm_room", BPF_MAP_TYPE_PERCPU_ARRAY, 1, 4,
	 sizeof(struct rg_client) + RG_CLIENT_NAME_HASHED},
	{.name = "client_files", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_CLIENT_FILES},
	{.name = "uncounted", .type = BPF_MAP_TYPE_HASH, .entries = RG_MAX_CLIENT_FILES},
	{.name = "counting", .type = BPF_MAP_TYPE_ARRAY, .entries = 1},
	{.name = "listing", .type = BPF_MAP_TYPE_ARRAY, .entries = 1},
	{.name = "listed_files", .type = BPF_MAP_TYPE_ARRAY, .entries = RG_MAX_LISTED_FILES},
	{.name = "listed", .type = BPF_MAP_TYPE_ARRAY, .entries = RG_MAX_LISTED},
	{.name = "at_work", .type = BPF_MAP_TYPE_TASK_STORAGE, .entries = 0},
	{.name = "flow_key_of", .type = BPF_MAP_TYPE_LRU_HASH, .entries = RG_MAX_FLOW_CLIENTS},
	{"nobody", BPF_MAP_TYPE_ARRAY, 1, 4, sizeof(struct rg_flow_client)},
	{.name = "next_downgrade", .type = BPF_MAP_TYPE_ARRAY, .entries = 1},
	{"path_room", BPF_MAP_TYPE_PERCPU_ARRAY, 1, 4, 2 * RG_RECORD_PATH},
	{"scratch", BPF_MAP_TYPE_PERCPU_ARRAY, 1, 4,
	 sizeof(struct rg_client) + RG_CLIENT_NAME_HASHED + 8},
};

/* The row of rg_pinned_maps of the map of this name; NULL: it is not pinned. */
static const struct rg_pinned_map *pinned(const char *name)
{
	for (int i = 0; i < RG_NR_MAPS; i++)
		if (strcmp(i == RG_MAP_LIVE ? ".data.live" : rg_pinned_maps[i].name, name) == 0)
			return &rg_pinned_maps[i];
	return NULL;
}

static void test_maps(void **unused)
{
	struct bpf_object *object = bpf_object__open_file(GUARD, NULL);
	struct bpf_map *map;
	size_t found = 0, n_pinned = 0;

	(void)unused;
	unit_need(object);
	bpf_object__for_each_map(map, object)
	{
		const char *name = bpf_map__name(map);
		const struct rg_pinned_map *pin = pinned(name);
		__u32 key, value;
		size_t i = 0;

		if (strstr(name, ".rodata"))
			continue;
		while (i < UNIT_COUNT(maps) && strcmp(maps[i].name, name) != 0)
			i++;
		if (i == UNIT_COUNT(maps)) {
			fail_msg("map %s is not compared: add it here", name);
			continue; /* for analyzers */
		}
		key = pin ? pin->key : maps[i].key;
		value = pin ? pin->value : maps[i].value;
		if (bpf_map__type(map) != maps[i].type || bpf_map__key_size(map) != key ||
		    bpf_map__value_size(map) != value ||
		    bpf_map__max_entries(map) != maps[i].entries)
			fail_msg("map %s: type %d key %u value %u entries %u, expected %d %u %u %u",
				 name, (int)bpf_map__type(map), bpf_map__key_size(map),
				 bpf_map__value_size(map), bpf_map__max_entries(map),
				 (int)maps[i].type, key, value, maps[i].entries);
		n_pinned += pin != NULL;
		found++;
	}
	assert_int_equal(found, UNIT_COUNT(maps));
	assert_int_equal(n_pinned, RG_NR_MAPS);
	bpf_object__close(object);
}

/* The records that user space and kernel programs share are all compared here:
 * whoever adds one to a map adds a test. */
static void test_every_record(void **unused)
{
	static const char *const compared[] = {
		"rg_policy",
		"rg_gate",
		"rg_held_key",
		"rg_holding",
		"rg_above",
		"rg_wrapper",
		"rg_held",
		"rg_live",
		"rg_meta",
		"rg_device",
		"rg_rule",
		"rg_exempt_key",
		"rg_dropped_key",
		"rg_exempt",
		"rg_client_key",
		"rg_client",
		"rg_crowd_key",
		"rg_listed_file",
		"rg_listed",
		"rg_server",
		"rg_control",
		"rg_provenance",
		"rg_event",
		"rg_view",
		"rg_record",
		"rg_back",
		"rg_tracer",
		"rg_flow_client",
		"rg_flow_totals",
		"rg_flow_storm",
		"rg_flow_note",
		/* The kernel programs' own. */
		"rg_manager",
		"rg_client_ref",
		"rg_client_file",
		"rg_client_locks",
		"rg_counting",
		"rg_listing",
		"rg_count_round",
		"rg_slot_walk",
		"rg_at_work",
		"rg_gate_event",
		"rg_entered_key",
		"rg_entered",
		"rg_client_at",
		"rg_crowd_walk",
		"rg_request",
		"rg_hold_result",
	};

	(void)unused;
	for (__u32 id = 1; id < btf__type_cnt(guard); id++) {
		const struct btf_type *t = btf__type_by_id(guard, id);
		const char *name = btf__name_by_offset(guard, t->name_off);
		size_t i = 0;

		if (!btf_is_struct(t) || strncmp(name, "rg_", 3) != 0)
			continue;
		while (i < UNIT_COUNT(compared) && strcmp(compared[i], name) != 0)
			i++;
		if (i == UNIT_COUNT(compared))
			fail_msg("struct %s is not compared: add a test", name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy),	     cmocka_unit_test(test_gate),
		cmocka_unit_test(test_view),	     cmocka_unit_test(test_held),
		cmocka_unit_test(test_live),	     cmocka_unit_test(test_meta),
		cmocka_unit_test(test_dropped),	     cmocka_unit_test(test_device),
		cmocka_unit_test(test_rule),	     cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_client),	     cmocka_unit_test(test_server),
		cmocka_unit_test(test_control),	     cmocka_unit_test(test_provenance),
		cmocka_unit_test(test_event),	     cmocka_unit_test(test_record),
		cmocka_unit_test(test_flows),	     cmocka_unit_test(test_maps),
		cmocka_unit_test(test_every_record),
	};

	return cmocka_run_group_tests_name("layout", tests, open_objects, close_objects);
}
