// SPDX-License-Identifier: GPL-2.0-only
/* The ledger: what it says of an end client, its file, and the map of the kernel
 * programs. */
#include "unit_dir.h"

#include <arpa/inet.h>
#include <errno.h>

#include <bpf/bpf.h>

#include "state/ledger.h"
#include "base/read_map.h"

#define S RG_NS_PER_SEC
#define INIT_NETNS 4026531840U

/* The map `clients`, without a kernel: these come before libbpf's. */
static struct {
	struct rg_client_key keys[RG_MAX_CLIENTS];
	struct rg_client values[RG_MAX_CLIENTS];
	__u32 n, room;
	int err;
} map;

int __wrap_rg_read_map(int fd, void *keys, size_t key_size, void *values, size_t value_size,
		       __u32 *n)
{
	(void)fd;
	if (map.err)
		return -map.err;
	unit_need(map.n <= *n);
	memcpy(keys, map.keys, map.n * key_size);
	memcpy(values, map.values, map.n * value_size);
	*n = map.n;
	return 0;
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	(void)fd;
	unit_need(flags == BPF_NOEXIST);
	for (__u32 i = 0; i < map.n; i++) {
		if (memcmp(&map.keys[i], key, sizeof(map.keys[i])) == 0) {
			errno = EEXIST;
			return -EEXIST;
		}
	}
	if (map.n == map.room) {
		errno = E2BIG;
		return -E2BIG;
	}
	memcpy(&map.keys[map.n], key, sizeof(map.keys[0]));
	memcpy(&map.values[map.n++], value, sizeof(map.values[0]));
	return 0;
}

static int setup(void **state)
{
	memset(&map, 0, sizeof(map));
	map.room = RG_MAX_CLIENTS;
	return dir_setup(state);
}

/* ---- what to write of an end client ---- */

/* Lives of knfsd that an end client was last seen in; NONE: not by this knfsd.
 * OLD: the gate was read after knfsd started, the end client before that. */
enum { CURRENT = 8, OLD = 7, PART = RG_GENERATION_PARTIAL, NONE = 0 };

#define CLIENT(...) ((struct rg_client){__VA_ARGS__})
#define EXPECT(client, gate, n) expect_locks(client, gate, n, __LINE__)

static void expect_locks(struct rg_client c, struct rg_gate g, __u32 expected, int line)
{
	__u32 got;

	g.generation = CURRENT - 1;
	g.policy.release = RG_RELEASE_SETTLED;
	g.policy.max_hold_s = RG_DEFAULT_MAX_HOLD;
	g.closed_ns = 10 * S;
	if (g.knfsd > RG_KNFSD_STARTING)
		g.knfsd_start_ns = 20 * S;
	if (g.knfsd == RG_KNFSD_OVER)
		g.knfsd_end_ns = 30 * S;
	assert_int_equal(rg_client_generation(&g), CURRENT);
	got = rg_ledger_locks(&c, &g, 40 * S);
	if (got != expected)
		fail_msg("line %d: %u, expected %u", line, got, expected);
}

static void test_locks(void **unused)
{
	const struct rg_gate down = {.knfsd = RG_KNFSD_DOWN},
			     starting = {.knfsd = RG_KNFSD_STARTING},
			     grace = {.knfsd = RG_KNFSD_GRACE},
			     settling = {.knfsd = RG_KNFSD_OVER, .refused = 1, .awaited = 1},
			     open = {.knfsd = RG_KNFSD_OVER}, skipped = {.knfsd = RG_KNFSD_SKIPPED},
			     running = {.knfsd = RG_KNFSD_WAS_RUNNING},
			     released = {.knfsd = RG_KNFSD_GRACE, .hand = RG_HAND_OPEN},
			     down_released = {.knfsd = RG_KNFSD_DOWN, .hand = RG_HAND_OPEN};
	const struct rg_gate all[] = {down,    starting, grace,	   settling,	 open,
				      skipped, running,	 released, down_released};
	/* Where who was not seen yet may still come, and where not. */
	const struct rg_gate waits[] = {down, starting, grace, settling, down_released};
	const struct rg_gate is_open[] = {open, skipped, running, released};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(all); i++) {
		/* What it holds; who is settled is believed to hold no more. */
		for (__u32 state = 0; state < RG_NR_CLIENT_STATES; state++) {
			struct rg_client c = {.generation = CURRENT, .state = state, .locks = 3};
			bool awaited = state == RG_CLIENT_AWAITED;
			bool recovers = awaited || state == RG_CLIENT_KNOWN;

			EXPECT(c, all[i], 3);
			c.expected = 20;
			EXPECT(c, all[i], recovers ? 20 : 3);
			c.locks = 25;
			EXPECT(c, all[i], 25);
			/* Refused, and it is not known how much it has lost. */
			c.expected = RG_LOCKS_UNKNOWN;
			EXPECT(c, all[i], awaited ? 0 : 25);
			c.locks = 0;
			EXPECT(c, all[i], 0);
			c.locks = RG_LOCKS_UNKNOWN;
			EXPECT(c, all[i], 0);
		}
	}
	for (size_t i = 0; i < UNIT_COUNT(waits); i++) {
		/* As the loader puts it into the map. */
		EXPECT(CLIENT(.generation = NONE, .expected = 20), waits[i], 20);
		EXPECT(CLIENT(.generation = NONE, .expected = RG_LOCKS_UNKNOWN), waits[i], 0);
		/* In knfsd's life before it held 9, in the one before that 20. */
		EXPECT(CLIENT(.generation = OLD, .expected = 20, .locks = 9,
			      .state = RG_CLIENT_SETTLED),
		       waits[i], 9);
		EXPECT(CLIENT(.generation = OLD, .expected = 20, .locks = 9), waits[i], 20);
		EXPECT(CLIENT(.generation = OLD, .expected = 20, .locks = 9,
			      .state = RG_CLIENT_AWAITED),
		       waits[i], 20);
		EXPECT(CLIENT(.generation = OLD, .expected = RG_LOCKS_UNKNOWN, .locks = 9),
		       waits[i], 9);
	}
	for (size_t i = 0; i < UNIT_COUNT(is_open); i++) {
		EXPECT(CLIENT(.generation = NONE, .expected = 20), is_open[i], 0);
		EXPECT(CLIENT(.generation = OLD, .expected = 20, .locks = 9), is_open[i], 0);
		EXPECT(CLIENT(.generation = OLD, .expected = 20, .state = RG_CLIENT_AWAITED),
		       is_open[i], 0);
	}
}

/* knfsd ran when the gate was made: what was counted since is not all. */
static void test_locks_of_a_part(void **unused)
{
	(void)unused;
	for (__u32 knfsd = 0; knfsd < RG_NR_KNFSD; knfsd++) {
		for (__u32 state = 0; state < RG_NR_CLIENT_STATES; state++) {
			struct rg_client c = {.generation = PART, .state = state, .locks = 9};
			struct rg_gate g = {.knfsd = knfsd};

			assert_int_equal(rg_ledger_locks(&c, &g, 40 * S), 0);
			c.expected = 20;
			assert_int_equal(rg_ledger_locks(&c, &g, 40 * S), 0);
		}
	}
}

/* What is on disk is what the kernel expects after a start, whatever happened. */
static void test_locks_are_what_is_carried(void **unused)
{
	__u64 seed = 47;

	(void)unused;
	for (int i = 0; i < 20000; i++) {
		struct rg_client c = {.generation = (__u32)unit_below(&seed, 4),
				      .state = (__u32)unit_below(&seed, RG_NR_CLIENT_STATES),
				      .locks = (__u32)unit_below(&seed, 30),
				      .expected = (__u32)unit_below(&seed, 30)};
		struct rg_gate g = {.knfsd = RG_KNFSD_DOWN, .generation = 2};
		__u32 carried;

		if (unit_below(&seed, 3) == 0)
			c.expected = RG_LOCKS_UNKNOWN;
		carried = rg_client_carried(&c);
		assert_int_equal(rg_ledger_locks(&c, &g, 40 * S),
				 carried == RG_LOCKS_UNKNOWN ? 0 : carried);
	}
}

/* Neither more than is known nor the value that stands for "unknown". */
static void test_locks_of_random_facts(void **unused)
{
	__u64 seed = 41;

	(void)unused;
	for (int i = 0; i < 100000; i++) {
		static const __u32 some[] = {0, 1, 5, 20, RG_LOCKS_UNKNOWN};
		struct rg_client c = {};
		struct rg_gate g = {};
		__u32 n;

		for (size_t b = 0; b < sizeof(c); b++)
			((__u8 *)&c)[b] = (__u8)unit_random(&seed);
		for (size_t b = 0; b < sizeof(g); b++)
			((__u8 *)&g)[b] = (__u8)unit_random(&seed);
		c.locks = some[unit_below(&seed, UNIT_COUNT(some))];
		c.expected = some[unit_below(&seed, UNIT_COUNT(some))];
		c.generation = (__u32)unit_below(&seed, 3);
		c.state = (__u32)unit_below(&seed, RG_NR_CLIENT_STATES);
		g.generation = (__u32)unit_below(&seed, 2);
		g.knfsd = (__u32)unit_below(&seed, RG_NR_KNFSD + 1);
		n = rg_ledger_locks(&c, &g, unit_random(&seed));
		assert_true(n != RG_LOCKS_UNKNOWN);
		assert_true(n == 0 || n == c.locks || n == c.expected);
	}
}

static void test_hash(void **unused)
{
	char long_name[1024];

	(void)unused;
	/* The published values of FNV-1a. */
	assert_true(rg_name_hash("", 0) == 0xcbf29ce484222325ULL);
	assert_true(rg_name_hash("a", 1) == 0xaf63dc4c8601ec8cULL);
	assert_true(rg_name_hash("foobar", 6) == 0x85944171f73967e8ULL);
	memset(long_name, 'x', sizeof(long_name));
	assert_true(rg_name_hash(long_name, 255) != rg_name_hash(long_name, 256));
	assert_true(rg_name_hash(long_name, 256) == rg_name_hash(long_name, 1024));
}

/* ---- the file ---- */

static struct rg_ledger_entry entry(const void *name, size_t len, __u32 locks)
{
	struct rg_ledger_entry e = {
		.name_hash = rg_name_hash(name, len),
		.netns = INIT_NETNS,
		.init_netns = true,
		.name_len = (__u16)len,
		.family = AF_INET,
		.addr = {10, 77, 2, 2},
		.locks = locks,
	};

	memcpy(e.name, name, len < RG_CLIENT_NAME ? len : RG_CLIENT_NAME);
	return e;
}

static void expect_same_after_reboot(const struct rg_ledger *l)
{
	struct rg_ledger back;

	assert_int_equal(rg_ledger_save(dir, l), 0);
	assert_int_equal(rg_ledger_load(dir, INIT_NETNS, &back), 0);
	assert_true(rg_ledger_same(l, &back));
	assert_true(rg_ledger_same(&back, l));
	for (size_t i = 0; i < l->n; i++) {
		assert_int_equal(back.at[i].netns, l->at[i].netns);
		assert_int_equal(back.at[i].locks, l->at[i].locks);
		assert_true(back.at[i].name_hash == l->at[i].name_hash);
		assert_memory_equal(back.at[i].name, l->at[i].name, RG_CLIENT_NAME);
	}
	rg_ledger_free(&back);
}

static void test_no_file(void **unused)
{
	struct rg_ledger l = {.n = 5};

	(void)unused;
	assert_int_equal(rg_ledger_load(dir, INIT_NETNS, &l), 0);
	assert_int_equal(l.n, 0);
	expect_same_after_reboot(&l);
	assert_int_equal(rg_ledger_load(dir, INIT_NETNS, &l), 0);
	assert_int_equal(l.n, 0);
	assert_null(l.at);
}

/* Names that JSON has no string for come back byte by byte. */
static void test_names(void **unused)
{
	char long_name[1024], cut[129];

	(void)unused;
	for (size_t i = 0; i < sizeof(long_name); i++)
		long_name[i] = (char)(i * 7);
	/* At 128 bytes in the middle of a character. */
	memset(cut, 'c', sizeof(cut));
	cut[127] = '\xc3';
	cut[128] = '\xbc';

	const struct rg_ledger_entry names[] = {
		entry("Linux NFSv4.2 c1.example", 24, 20),
		entry("", 0, 1),
		entry("\0", 1, 1),
		entry("nul\0in it", 9, 3),
		entry("\xff\xfe\x80", 3, 3),
		entry("gr\xc3\xbc\xc3\x9f \"\\/", 9, 3),
		entry("\n\t\x1b[31m", 7, 3),
		entry("\xed\xa0\x80", 3, 3),
		entry(long_name, 128, 3),
		entry(long_name, 129, 3),
		entry(long_name, 1024, RG_LOCKS_UNKNOWN - 1),
		entry(cut, 129, 3),
	};

	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		struct rg_ledger_entry one = names[i];
		struct rg_ledger l = {.at = &one, .n = 1};

		expect_same_after_reboot(&l);
	}
}

static void test_namespaces_and_addresses(void **unused)
{
	struct rg_ledger_entry e[] = {
		entry("a", 1, 1),
		entry("b", 1, 2),
		entry("a", 1, 3),
	};
	struct rg_ledger l = {.at = e, .n = UNIT_COUNT(e)}, back;
	char *text = NULL;
	size_t n = 0;

	(void)unused;
	if (e[0].name_hash > e[1].name_hash) {
		struct rg_ledger_entry first = e[1];

		e[1] = e[0];
		e[0] = first;
	}
	e[1].family = 0;
	memset(e[1].addr, 0, sizeof(e[1].addr));
	e[2].netns = 4026532299U;
	e[2].init_netns = false;
	e[2].family = AF_INET6;
	unit_need(inet_pton(AF_INET6, "2001:db8::77", e[2].addr) == 1);
	expect_same_after_reboot(&l);
	assert_int_equal(rg_state_read(dir, RG_LEDGER_FILE, &text, &n), 0);
	assert_non_null(strstr(text, "\"init\""));
	assert_null(strstr(text, "4026531840"));
	assert_non_null(strstr(text, "4026532299"));
	assert_non_null(strstr(text, "\"10.77.2.2\""));
	assert_non_null(strstr(text, "\"2001:db8::77\""));
	free(text);
	/* The next kernel numbers its first namespace otherwise. */
	assert_int_equal(rg_ledger_load(dir, 4026531833U, &back), 0);
	assert_int_equal(back.n, 3);
	assert_int_equal(back.at[0].netns, 4026531833U);
	assert_int_equal(back.at[2].netns, 4026532299U);
	assert_true(rg_ledger_same(&l, &back));
	rg_ledger_free(&back);
}

static void test_same(void **unused)
{
	const struct rg_ledger_entry base = entry("name", 4, 20);
	struct rg_ledger_entry other = base, two[2] = {base, base};
	struct rg_ledger a = {.at = two, .n = 1}, b = {.at = &other, .n = 1}, none = {};

	(void)unused;
	assert_true(rg_ledger_same(&none, &none));
	assert_true(rg_ledger_same(&a, &b));
	assert_false(rg_ledger_same(&a, &none));
	a.n = 2;
	assert_false(rg_ledger_same(&a, &b));
	a.n = 1;
	other.locks++;
	assert_false(rg_ledger_same(&a, &b));
	other = base;
	other.addr[3]++;
	assert_false(rg_ledger_same(&a, &b));
	other = base;
	other.name_hash++;
	assert_false(rg_ledger_same(&a, &b));
	other = base;
	other.init_netns = false;
	assert_false(rg_ledger_same(&a, &b));
	other = base;
	other.name[0]++;
	assert_false(rg_ledger_same(&a, &b));
}

#define HEAD "{\"version\": 1, \"clients\": ["
#define ONE(name, hash, more)                                                                      \
	"{\"netns\": \"init\", " name ", \"name_length\": 1, \"name_hash\": \"" hash               \
	"\", \"address\": null" more "}"
#define HASH "af63dc4c8601ec8c"
#define GOOD ONE("\"name\": \"a\"", HASH, ", \"locks\": 3")

static void test_malformed(void **unused)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"", "empty"},
		{"nonsense", "not JSON"},
		{"[]", "not a JSON object"},
		{"7", "ends too early"},
		{"{}", "version"},
		{"{\"version\": \"1\"}", "version"},
		{"{\"version\": 2, \"clients\": []}", "version 2"},
		{"{\"version\": 1}", "clients"},
		{"{\"version\": 1, \"clients\": {}}", "clients"},
		{HEAD GOOD "]} {}", "not JSON"},
		{HEAD GOOD "]", "not JSON"},
		{HEAD GOOD ", 5]}", "client 2"},
		{HEAD GOOD ", null]}", "client 2"},
		{HEAD GOOD ", " GOOD "]}", "twice"},
		{HEAD GOOD ",]}", "not JSON"},
		{HEAD "{}]}", "netns"},
		{HEAD ONE("\"name\": \"a\"", HASH, "") "]}", "locks"},
		{HEAD ONE("\"name\": \"a\"", HASH, ", \"locks\": 0") "]}", "locks"},
		{HEAD ONE("\"name\": \"a\"", HASH, ", \"locks\": -1") "]}", "locks"},
		{HEAD ONE("\"name\": \"a\"", HASH, ", \"locks\": 1.5") "]}", "locks"},
		{HEAD ONE("\"name\": \"a\"", HASH, ", \"locks\": 4294967295") "]}", "locks"},
		{HEAD ONE("\"name\": \"a\"", HASH, ", \"locks\": 99999999999999999999999") "]}",
		 "locks"},
		{HEAD ONE("\"name\": \"a\"", "af63dc4c8601ec8", ", \"locks\": 3") "]}", "hash"},
		{HEAD ONE("\"name\": \"a\"", "af63dc4c8601ec8X", ", \"locks\": 3") "]}", "hash"},
		{HEAD ONE("\"name\": \"ab\"", HASH, ", \"locks\": 3") "]}", "name"},
		{HEAD ONE("\"name\": \"\\u0000\"", HASH, ", \"locks\": 3") "]}", "name"},
		{HEAD ONE("\"name\": \"\xff\"", HASH, ", \"locks\": 3") "]}", "not JSON"},
		{HEAD ONE("\"name_hex\": \"6\"", HASH, ", \"locks\": 3") "]}", "name"},
		{HEAD ONE("\"name_hex\": \"6g\"", HASH, ", \"locks\": 3") "]}", "name"},
		{HEAD ONE("\"name\": \"a\", \"name_hex\": \"61\"", HASH, ", \"locks\": 3") "]}",
		 "name"},
		{HEAD ONE("\"name\": \"a\"", HASH, ", \"locks\": 3, \"address\": \"10.77.2\"") "]}",
		 "address"},
	};
	struct unit_ear ear;
	struct rg_ledger l;

	(void)unused;
	assert_int_equal(write_text(RG_LEDGER_FILE, HEAD GOOD "]} \n\n"), 0);
	assert_int_equal(rg_ledger_load(dir, INIT_NETNS, &l), 0);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.at[0].locks, 3);
	rg_ledger_free(&l);
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		int err, lines;

		assert_int_equal(write_text(RG_LEDGER_FILE, cases[i].text), 0);
		memset(&l, 0xff, sizeof(l));
		unit_listen(&ear);
		err = rg_ledger_load(dir, INIT_NETNS, &l);
		lines = unit_heard(&ear);
		if (err != -EBADMSG || lines != 1 || !strstr(ear.text, path_of(RG_LEDGER_FILE)) ||
		    !strstr(ear.text, cases[i].said))
			fail_msg("%s: %d, said: %s", cases[i].text, err, ear.text);
		assert_int_equal(l.n, 0);
		assert_null(l.at);
	}
	assert_int_equal(rg_state_write(dir, RG_LEDGER_FILE, "{\0}", 3), 0);
	unit_listen(&ear);
	assert_int_equal(rg_ledger_load(dir, INIT_NETNS, &l), -EBADMSG);
	assert_int_equal(unit_heard(&ear), 1);
	assert_non_null(strstr(ear.text, "NUL"));
}

static void take_damaged(json_object *damaged)
{
	char why[RG_STATE_WHY];
	struct rg_ledger got;

	if (rg_ledger_of_json(damaged, INIT_NETNS, &got, why) == 0) {
		for (size_t i = 0; i < got.n; i++)
			assert_in_range(got.at[i].locks, 1, RG_LOCKS_UNKNOWN - 1);
		rg_ledger_free(&got);
	}
	assert_null(got.at);
}

static void test_garbage(void **unused)
{
	struct rg_ledger_entry e[] = {entry("a", 1, 3), entry("b\xff", 2, 20)};
	struct rg_ledger l = {.at = e, .n = UNIT_COUNT(e)};
	json_object *o = rg_ledger_json(&l);
	char why[RG_STATE_WHY];
	__u64 seed = 43;

	(void)unused;
	damage(o, seed, "{}[]\",:0123456789-eE.\\u", take_damaged);
	for (int i = 0; i < 20000; i++) {
		json_object *damaged;
		char noise[200];
		size_t len = unit_below(&seed, sizeof(noise));

		for (size_t b = 0; b < len; b++)
			noise[b] = (char)unit_random(&seed);
		damaged = rg_state_parse(noise, len, why);
		assert_null(damaged);
	}
	json_object_put(o);
}

static void test_deep(void **unused)
{
	char deep[4096], why[RG_STATE_WHY];

	(void)unused;
	memset(deep, '[', sizeof(deep));
	assert_null(rg_state_parse(deep, sizeof(deep), why));
}

/* ---- the map ---- */

static struct rg_gate gates[RG_MAX_GATES];

static void put_client(__u32 slot, const char *name, struct rg_client c)
{
	unit_need(map.n < RG_MAX_CLIENTS);
	c.name_len = (__u16)strlen(name);
	memcpy(c.name, name, strlen(name));
	map.keys[map.n] = (struct rg_client_key){
		.name_hash = rg_name_hash(name, strlen(name)),
		.slot = slot,
	};
	map.values[map.n++] = c;
}

static void make_gates(void)
{
	memset(gates, 0, sizeof(gates));
	gates[RG_CANARY_SLOT].netns = 5;
	gates[1] = (struct rg_gate){.netns = INIT_NETNS,
				    .knfsd = RG_KNFSD_WAS_RUNNING,
				    .generation = 1};
	gates[2] = (struct rg_gate){.netns = 4026532299U, .knfsd = RG_KNFSD_DOWN};
}

/* As the daemon does it: the clients, then the gates. */
static int collect(struct rg_ledger *l)
{
	const struct rg_pins p = {};
	struct rg_awaited clients;
	int err;

	memset(l, 0, sizeof(*l));
	err = rg_clients_read(&p, &clients) ?: rg_ledger_collect(&clients, gates, INIT_NETNS, l);

	rg_clients_free(&clients);
	return err;
}

static void test_collect(void **unused)
{
	const struct rg_client ten = {.generation = 2, .locks = 10, .expected = RG_LOCKS_UNKNOWN};
	struct rg_ledger l;

	(void)unused;
	make_gates();
	assert_int_equal(collect(&l), 0);
	assert_int_equal(l.n, 0);
	put_client(2, "two", CLIENT(.expected = 4));
	put_client(1, "one", ten);
	put_client(1, "none", CLIENT(.generation = 2));
	put_client(RG_CANARY_SLOT, "canary", ten);
	put_client(3, "free slot", ten);
	put_client(RG_MAX_GATES, "no slot", ten);
	put_client(1, "uno", ten);
	/* Bytes that a name cut short left behind are no part of it. */
	map.values[1].name[100] = 'x';
	assert_int_equal(collect(&l), 0);
	assert_int_equal(l.n, 3);
	unit_need(l.at);
	assert_true(l.at[0].init_netns && l.at[1].init_netns && !l.at[2].init_netns);
	assert_true(l.at[0].name_hash < l.at[1].name_hash);
	assert_int_equal(l.at[0].locks, 10);
	assert_int_equal(l.at[2].locks, 4);
	assert_int_equal(l.at[2].netns, 4026532299U);
	expect_same_after_reboot(&l);
	rg_ledger_free(&l);
	map.err = ENOSPC;
	assert_int_equal(collect(&l), -ENOSPC);
}

static void test_to_map(void **unused)
{
	struct rg_ledger_entry e[] = {entry("a", 1, 3), entry("b", 1, 4), entry("c", 1, 5)};
	struct rg_ledger l = {.at = e, .n = UNIT_COUNT(e)};
	struct rg_pins p = {};

	(void)unused;
	e[2].netns = 4026532299U;
	e[2].init_netns = false;
	put_client(1, "b", CLIENT(.generation = 2, .locks = 9));
	assert_int_equal(rg_ledger_to_map(&p, &l, 1, INIT_NETNS), 0);
	assert_int_equal(map.n, 2);
	assert_int_equal(map.values[0].locks, 9); /* the kernel knew */
	assert_true(map.keys[1].name_hash == e[0].name_hash);
	assert_int_equal(map.keys[1].slot, 1);
	assert_int_equal(map.values[1].expected, 3);
	assert_int_equal(map.values[1].locks, 0);
	assert_int_equal(map.values[1].generation, 0);
	assert_int_equal(map.values[1].state, RG_CLIENT_KNOWN);
	assert_int_equal(map.values[1].family, AF_INET);
	assert_int_equal(map.values[1].addr[1], 77);
	assert_int_equal(map.values[1].name_len, 1);
	assert_int_equal(map.values[1].name[0], 'a');
	assert_int_equal(rg_ledger_to_map(&p, &l, 2, 4026532299U), 0);
	assert_int_equal(map.n, 3);
	assert_int_equal(map.keys[2].slot, 2);
	map.n = map.room = 0;
	assert_int_equal(rg_ledger_to_map(&p, &l, 1, INIT_NETNS), -E2BIG);
}

/* The whole way, with as many as there may be: counted, written, read, put
 * back, and still the same when nobody has come yet. */
static void test_thousands(void **unused)
{
	struct rg_pins p = {};
	struct rg_ledger l, back, again;

	(void)unused;
	make_gates();
	for (__u32 i = 0; i < RG_MAX_CLIENTS; i++) {
		char name[64];

		snprintf(name, sizeof(name), i % 3 ? "Linux NFSv4.2 c%u" : "\x01%u", i);
		put_client(1, name, CLIENT(.generation = 2, .locks = i + 1));
	}
	assert_int_equal(collect(&l), 0);
	assert_int_equal(l.n, RG_MAX_CLIENTS);
	expect_same_after_reboot(&l);
	assert_int_equal(rg_ledger_load(dir, INIT_NETNS, &back), 0);
	map.n = 0;
	gates[1].knfsd = RG_KNFSD_DOWN;
	gates[1].generation = 0;
	assert_int_equal(rg_ledger_to_map(&p, &back, 1, INIT_NETNS), 0);
	assert_int_equal(map.n, RG_MAX_CLIENTS);
	assert_int_equal(collect(&again), 0);
	assert_true(rg_ledger_same(&l, &again));
	rg_ledger_free(&l);
	rg_ledger_free(&back);
	rg_ledger_free(&again);
}

static void test_too_many(void **unused)
{
	struct rg_ledger l, got;
	char why[RG_STATE_WHY];
	json_object *o;

	(void)unused;
	l.n = RG_MAX_CLIENTS + 1;
	l.at = calloc(l.n, sizeof(*l.at));
	unit_need(l.at);
	for (size_t i = 0; i < l.n; i++) {
		l.at[i] = entry("a", 1, 1);
		l.at[i].name_hash = i;
	}
	o = rg_ledger_json(&l);
	assert_int_equal(rg_ledger_of_json(o, INIT_NETNS, &got, why), -EBADMSG);
	assert_non_null(strstr(why, "16385"));
	json_object_put(o);
	free(l.at);
}

/* Gates of other namespaces are made later: theirs stay in the file. */
static void test_carry(void **unused)
{
	struct rg_ledger_entry e[] = {entry("a", 1, 3), entry("b", 1, 4), entry("c", 1, 5)};
	struct rg_ledger from = {.at = e, .n = UNIT_COUNT(e)}, to = {};

	(void)unused;
	make_gates();
	for (int i = 1; i < 3; i++) {
		e[i].init_netns = false;
		e[i].netns = i == 1 ? 4026532299U : 4026532300U;
	}
	assert_int_equal(rg_ledger_carry(&to, &from, gates), 0);
	assert_int_equal(to.n, 1);
	assert_int_equal(to.at[0].netns, 4026532300U);
	assert_int_equal(rg_ledger_carry(&to, &from, gates), 0);
	assert_int_equal(to.n, 1);
	/* The initial one's number could not be read: free slots are not its gate. */
	e[0].netns = 0;
	assert_int_equal(rg_ledger_carry(&to, &from, gates), 0);
	assert_int_equal(to.n, 2);
	assert_true(to.at[0].init_netns);
	from.n = 0;
	assert_int_equal(rg_ledger_carry(&to, &from, gates), 0);
	assert_int_equal(to.n, 2);
	rg_ledger_free(&to);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_locks),
		TEST(test_locks_of_random_facts),
		TEST(test_locks_of_a_part),
		TEST(test_locks_are_what_is_carried),
		TEST(test_hash),
		TEST(test_no_file),
		TEST(test_names),
		TEST(test_namespaces_and_addresses),
		TEST(test_same),
		TEST(test_malformed),
		TEST(test_garbage),
		TEST(test_deep),
		TEST(test_collect),
		TEST(test_to_map),
		TEST(test_thousands),
		TEST(test_too_many),
		TEST(test_carry),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
