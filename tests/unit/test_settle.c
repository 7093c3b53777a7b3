// SPDX-License-Identifier: GPL-2.0-only
/*
 * Awaited end clients: what each is expected to take again, when one is quiet,
 * whom the daemon settles and forgets; and which doors are wanted. The maps and
 * the program `control` are played by this file: libbpf's calls are defined here.
 */
#include "unit.h"

#include <errno.h>
#include <time.h>

#include <bpf/bpf.h>

#include "pins/doors.h"
#include "pins/gates.h"
#include "pins/settle.h"
#include "base/read_map.h"

#define S RG_NS_PER_SEC
#define CLOSED_AT (100 * S)
#define START_AT (200 * S)
#define END_AT (290 * S)
#define QUIET_S 10
#define HOLD_S 900

/* Generation of the gate, and of who was seen since knfsd started. */
#define STARTS 3
#define NOW_SEEN (STARTS + 1)

/* knfsd from 200 s, grace to 290 s, one end client refused. */
static struct rg_gate gate(__u32 knfsd)
{
	struct rg_gate g = {
		.policy = {.release = RG_RELEASE_SETTLED,
			   .settle_timeout_s = 300,
			   .settle_quiet_s = QUIET_S,
			   .max_hold_s = HOLD_S},
		.netns = 4026531840,
		.knfsd = knfsd,
		.generation = STARTS,
		.refused = 1,
		.awaited = 1,
		.closed_ns = CLOSED_AT,
		.knfsd_start_ns = START_AT,
		.knfsd_end_ns = END_AT,
	};

	return g;
}

/* Refused at 210 s, and 2 of its 5 locks taken again by 300 s. */
static struct rg_client awaited(void)
{
	struct rg_client c = {
		.refused_ns = 210 * S,
		.granted_ns = 300 * S,
		.generation = NOW_SEEN,
		.state = RG_CLIENT_AWAITED,
		.locks = 2,
		.expected = 5,
		.refusals = 5,
	};

	return c;
}

/* ---- what is carried over ---- */

static void test_generation(void **unused)
{
	struct rg_gate g = {};

	(void)unused;
	/* Never 0, which is "not seen by this knfsd", not even where knfsd was there
	 * first. */
	assert_int_equal(rg_client_generation(&g), RG_GENERATION_PARTIAL);
	g.generation = 1;
	assert_int_not_equal(rg_client_generation(&g), RG_GENERATION_PARTIAL);
	g.generation = STARTS;
	assert_int_equal(rg_client_generation(&g), NOW_SEEN);
}

static void test_carried_of_who_was_not_seen(void **unused)
{
	static const __u32 figures[] = {0, 1, 5, 0xfffffffe, RG_LOCKS_UNKNOWN};

	(void)unused;
	/* From disk or from before: all but `expected` is nothing yet, whatever is there. */
	for (size_t i = 0; i < UNIT_COUNT(figures); i++) {
		for (__u32 state = 0; state < RG_NR_CLIENT_STATES; state++) {
			struct rg_client c = {.state = state, .expected = figures[i]};

			assert_int_equal(rg_client_carried(&c), figures[i]);
			c.locks = 7;
			assert_int_equal(rg_client_carried(&c), figures[i]);
		}
	}
}

static void test_carried_of_who_is_done(void **unused)
{
	static const __u32 done[] = {RG_CLIENT_SETTLED, RG_CLIENT_QUIET, RG_CLIENT_GONE};
	static const __u32 expected[] = {0, 1, 2, 9, RG_LOCKS_UNKNOWN};

	(void)unused;
	/* What it holds, and not what it held once. */
	for (size_t i = 0; i < UNIT_COUNT(done); i++) {
		for (size_t j = 0; j < UNIT_COUNT(expected); j++) {
			struct rg_client c = awaited();

			c.state = done[i];
			c.expected = expected[j];
			assert_int_equal(rg_client_carried(&c), 2);
			c.locks = 0;
			assert_int_equal(rg_client_carried(&c), 0);
		}
	}
}

/* What it had when the gate was made was not counted: too few may be known. */
static void test_carried_of_a_part(void **unused)
{
	static const __u32 expected[] = {0, 1, 9, RG_LOCKS_UNKNOWN};

	(void)unused;
	for (__u32 state = 0; state < RG_NR_CLIENT_STATES; state++) {
		for (size_t i = 0; i < UNIT_COUNT(expected); i++) {
			struct rg_client c = awaited();

			c.generation = RG_GENERATION_PARTIAL;
			c.state = state;
			c.expected = expected[i];
			assert_int_equal(rg_client_carried(&c), RG_LOCKS_UNKNOWN);
			c.generation++; /* the first start that was seen */
			assert_int_equal(rg_client_carried(&c) == RG_LOCKS_UNKNOWN,
					 state == RG_CLIENT_AWAITED &&
						 expected[i] == RG_LOCKS_UNKNOWN);
		}
	}
}

static void test_carried_of_the_known(void **unused)
{
	struct rg_client c = {.generation = NOW_SEEN, .expected = RG_LOCKS_UNKNOWN};

	(void)unused;
	/* New, or grace is over. */
	for (c.locks = 0; c.locks < 4; c.locks++)
		assert_int_equal(rg_client_carried(&c), c.locks);
	/* It is reclaiming, and was not refused yet. */
	c.expected = 5;
	for (c.locks = 0; c.locks < 5; c.locks++)
		assert_int_equal(rg_client_carried(&c), 5);
	for (; c.locks < 9; c.locks++)
		assert_int_equal(rg_client_carried(&c), c.locks);
}

static void test_carried_of_the_awaited(void **unused)
{
	struct rg_client c = awaited();

	(void)unused;
	/* knfsd starts again before it is done: all of them are still to come. */
	for (c.locks = 0; c.locks < 5; c.locks++)
		assert_int_equal(rg_client_carried(&c), 5);
	/* It may have taken more by then. */
	for (; c.locks < 9; c.locks++)
		assert_int_equal(rg_client_carried(&c), c.locks);
	/* From whichever life of knfsd that was seen to start. */
	c.locks = 2;
	for (c.generation = RG_GENERATION_PARTIAL + 1; c.generation < 9; c.generation++)
		assert_int_equal(rg_client_carried(&c), 5);
	/* It had some more, and nobody knows how many. */
	c.expected = RG_LOCKS_UNKNOWN;
	for (c.locks = 0; c.locks < 9; c.locks++)
		assert_int_equal(rg_client_carried(&c), RG_LOCKS_UNKNOWN);
}

/* A file of it has too many locks, or none could be noted: no number, whatever it is,
 * not even the one from before. */
static void test_carried_of_what_cannot_be_counted(void **unused)
{
	static const __u32 files[] = {1, 2, RG_NO_ROOM, RG_NO_ROOM + 1};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(files); i++) {
		for (__u32 state = 0; state < RG_NR_CLIENT_STATES; state++) {
			struct rg_client c = awaited();

			c.state = state;
			assert_true(rg_client_is_counted(&c));
			c.uncountable = files[i];
			assert_false(rg_client_is_counted(&c));
			for (c.locks = 0; c.locks < 9; c.locks++)
				assert_int_equal(rg_client_carried(&c), RG_LOCKS_UNKNOWN);
			/* Of a knfsd before: what was known then. */
			c.generation = 0;
			assert_int_equal(rg_client_carried(&c), 5);
		}
	}
}

/* Files that wait to be counted do not make it unknown: the number is a little older. */
static void test_carried_of_what_is_not_counted_yet(void **unused)
{
	struct rg_client c = awaited();

	(void)unused;
	c.state = RG_CLIENT_SETTLED;
	c.uncounted = 3;
	c.granted = 100;
	assert_int_equal(rg_client_carried(&c), 2);
}

/* As rg_clients_take_over() does: knfsd stops and starts again and again, each
 * time before the end client has all of its locks. None is forgotten. */
static void test_carried_over_many_starts(void **unused)
{
	__u64 seed = 53;

	(void)unused;
	for (int round = 0; round < 1000; round++) {
		__u32 had = (__u32)(1 + unit_below(&seed, 50));
		struct rg_client c = {.generation = 2, .locks = had, .expected = RG_LOCKS_UNKNOWN};

		for (__u32 generation = 3; generation < 12; generation++) {
			c = (struct rg_client){.expected = rg_client_carried(&c)};
			assert_int_equal(c.expected, had);
			if (unit_below(&seed, 3) == 0) /* it does not come back this time */
				continue;
			c.generation = generation;
			c.locks = (__u32)unit_below(&seed, had + 1);
			c.state = unit_below(&seed, 2) ? RG_CLIENT_AWAITED : RG_CLIENT_KNOWN;
		}
		/* It has what it wants, at last: that counts, and not what it had. */
		c.generation = 12;
		c.state = RG_CLIENT_QUIET;
		c.locks = had / 2;
		assert_int_equal(rg_client_carried(&c), had / 2);
	}
}

/* ---- quiet ---- */

static void test_quiet_at(void **unused)
{
	struct rg_gate g = gate(RG_KNFSD_OVER);
	struct rg_client c = awaited();

	(void)unused;
	assert_int_equal(rg_client_quiet_at(&c, &g), (300 + QUIET_S) * S);
	/* What the ledger expects is no matter: that is what quiet is for. */
	c.expected = RG_LOCKS_UNKNOWN;
	assert_int_equal(rg_client_quiet_at(&c, &g), (300 + QUIET_S) * S);
	c.granted_ns = 305 * S;
	assert_int_equal(rg_client_quiet_at(&c, &g), (305 + QUIET_S) * S);
	g.policy.settle_quiet_s = 0;
	assert_int_equal(rg_client_quiet_at(&c, &g), 305 * S);
	g.policy.settle_quiet_s = RG_MAX_SETTLE_QUIET;
	assert_int_equal(rg_client_quiet_at(&c, &g), (305 + RG_MAX_SETTLE_QUIET) * S);
	g.knfsd = RG_KNFSD_SKIPPED;
	assert_int_equal(rg_client_quiet_at(&c, &g), (305 + RG_MAX_SETTLE_QUIET) * S);
}

static void test_quiet_of_who_took_nothing(void **unused)
{
	struct rg_gate g = gate(RG_KNFSD_OVER);
	struct rg_client c = awaited();

	(void)unused;
	c.granted_ns = 0;
	assert_int_equal(rg_client_quiet_at(&c, &g), 0);
	/* Before it was refused: a lock that has nothing to do with it. */
	c.refused_ns = 310 * S;
	c.granted_ns = c.refused_ns - 1;
	assert_int_equal(rg_client_quiet_at(&c, &g), 0);
	c.granted_ns = c.refused_ns;
	assert_int_equal(rg_client_quiet_at(&c, &g), 0);
	c.granted_ns = c.refused_ns + 1;
	assert_int_equal(rg_client_quiet_at(&c, &g), c.granted_ns + QUIET_S * S);
}

static void test_quiet_of_who_is_not_awaited(void **unused)
{
	struct rg_gate g = gate(RG_KNFSD_OVER);

	(void)unused;
	for (__u32 state = 0; state <= RG_NR_CLIENT_STATES; state++) {
		struct rg_client c = awaited();

		c.state = state;
		assert_int_equal(rg_client_quiet_at(&c, &g) != 0, state == RG_CLIENT_AWAITED);
	}
	/* By a knfsd before, or not seen by this one. */
	for (__u32 generation = 0; generation < 2 * NOW_SEEN; generation++) {
		struct rg_client c = awaited();

		c.generation = generation;
		assert_int_equal(rg_client_quiet_at(&c, &g) != 0, generation == NOW_SEEN);
	}
}

/* In grace an end client may have other reclaims granted; what it was refused it
 * can take only after that. And while knfsd is down everybody is quiet. */
static void test_quiet_only_after_grace(void **unused)
{
	struct rg_gate g;
	struct rg_client c = awaited();

	(void)unused;
	for (__u32 knfsd = 0; knfsd < RG_NR_KNFSD; knfsd++) {
		g = gate(knfsd);
		assert_int_equal(rg_client_quiet_at(&c, &g) != 0, knfsd > RG_KNFSD_GRACE);
		g.lockd = RG_LOCKD_GRACE;
		assert_int_equal(rg_client_quiet_at(&c, &g), 0);
	}
	g = gate(RG_KNFSD_OVER);
	c.granted_ns = END_AT;
	assert_int_equal(rg_client_quiet_at(&c, &g), 0);
	c.granted_ns = END_AT + 1;
	assert_int_equal(rg_client_quiet_at(&c, &g), END_AT + 1 + QUIET_S * S);
}

/* An ordinary LOCK waits for lockd's grace as well, an ordinary OPEN does not. */
static void test_quiet_after_lockds_grace(void **unused)
{
	struct rg_gate g = gate(RG_KNFSD_OVER);
	struct rg_client c = awaited();

	(void)unused;
	g.lockd = RG_LOCKD_OVER;
	g.lockd_end_ns = 305 * S;
	assert_int_equal(rg_client_quiet_at(&c, &g), (305 + QUIET_S) * S);
	g.lockd_end_ns = c.granted_ns;
	assert_int_equal(rg_client_quiet_at(&c, &g), (300 + QUIET_S) * S);
	g.lockd_end_ns = 150 * S; /* before knfsd came */
	assert_int_equal(rg_client_quiet_at(&c, &g), (300 + QUIET_S) * S);
	/* Nothing taken back yet: its end is no sign of life. */
	g.lockd_end_ns = 305 * S;
	c.granted_ns = END_AT;
	assert_int_equal(rg_client_quiet_at(&c, &g), 0);
}

/* The first knfsd may have been there before the gate. */
static void test_quiet_of_a_part(void **unused)
{
	struct rg_gate g = gate(RG_KNFSD_OVER);
	struct rg_client c = awaited();

	(void)unused;
	g.generation = 0;
	assert_int_equal(rg_client_quiet_at(&c, &g), 0);
	c.generation = RG_GENERATION_PARTIAL;
	assert_int_equal(rg_client_quiet_at(&c, &g), (300 + QUIET_S) * S);
}

/* ---- what the daemon does ---- */

#define FD_CLIENTS 1001
#define FD_CONTROL 1002
#define FD_UNCOUNTED 1003
#define ROOM 16

static struct {
	struct rg_client_key keys[ROOM], settled[ROOM], forgotten[ROOM];
	struct rg_client clients[ROOM];
	__u32 n, n_settled, n_forgotten;
	int answer;	/* of `control` */
	bool uncounted; /* something is to be counted */
	__u32 n_asked, n_counted, counted[ROOM];
	long takes_ns; /* counting a gate's end clients */
} kernel;

static int say(int err)
{
	errno = err;
	return -err;
}

int bpf_map_get_next_key(int fd, const void *key, void *next_key)
{
	assert_null(key);
	if (fd == FD_UNCOUNTED) {
		kernel.n_asked++;
		return kernel.uncounted ? 0 : say(ENOENT);
	}
	assert_int_equal(fd, FD_CLIENTS);
	if (!kernel.n)
		return say(ENOENT);
	memcpy(next_key, &kernel.keys[0], sizeof(kernel.keys[0]));
	return 0;
}

int __wrap_rg_read_map(int fd, void *keys, size_t key_size, void *values, size_t value_size,
		       __u32 *n)
{
	assert_int_equal(fd, FD_CLIENTS);
	assert_int_equal(*n, RG_MAX_CLIENTS);
	memcpy(keys, kernel.keys, kernel.n * key_size);
	memcpy(values, kernel.clients, kernel.n * value_size);
	*n = kernel.n;
	return 0;
}

/* Whom to forget is for the kernel to say: it looks again. */
int bpf_map_delete_elem(int fd, const void *key)
{
	(void)fd;
	(void)key;
	fail_msg("an element is deleted by user space");
	return 0;
}

int bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *opts)
{
	struct rg_control c;

	assert_int_equal(fd, FD_CONTROL);
	assert_int_equal(opts->ctx_size_in, sizeof(c));
	memcpy(&c, opts->ctx_in, sizeof(c));
	if (c.op == RG_OP_COUNT) {
		struct timespec took = {.tv_nsec = kernel.takes_ns};

		assert_true(kernel.n_counted < ROOM);
		kernel.counted[kernel.n_counted++] = c.slot;
		nanosleep(&took, NULL);
		((struct rg_control *)opts->ctx_in)->result = kernel.answer;
		return 0;
	}
	assert_int_equal(c.slot, c.client.slot);
	if (c.op == RG_OP_FORGET) {
		assert_true(kernel.n_forgotten < ROOM);
		kernel.forgotten[kernel.n_forgotten++] = c.client;
	} else {
		assert_int_equal(c.op, RG_OP_SETTLE);
		assert_true(kernel.n_settled < ROOM);
		kernel.settled[kernel.n_settled++] = c.client;
	}
	((struct rg_control *)opts->ctx_in)->result = kernel.answer;
	return 0;
}

static void add(__u32 slot, struct rg_client c)
{
	assert_true(kernel.n < ROOM);
	kernel.keys[kernel.n] = (struct rg_client_key){.name_hash = 1 + kernel.n, .slot = slot};
	kernel.clients[kernel.n++] = c;
}

/* One look; returns when the next is due. */
static __u64 settle_at(const struct rg_gate *gates, __u64 now_ns, __u64 next_ns)
{
	struct rg_pins p;

	rg_pins_init(&p);
	p.map_fd[RG_MAP_CLIENTS] = FD_CLIENTS;
	p.prog_fd[RG_PROG_CONTROL] = FD_CONTROL;
	kernel.n_settled = 0;
	kernel.n_forgotten = 0;
	rg_settle(&p, gates, now_ns, &next_ns);
	return next_ns;
}

static int empty_ledger(void **unused)
{
	(void)unused;
	memset(&kernel, 0, sizeof(kernel));
	return 0;
}

static void test_settles_who_is_quiet(void **unused)
{
	struct rg_gate gates[RG_MAX_GATES] = {[1] = gate(RG_KNFSD_OVER), [2] = gate(RG_KNFSD_OVER)};
	const __u64 quiet = (300 + QUIET_S) * S;
	struct rg_client later = awaited(), silent = awaited(), done = awaited();

	(void)unused;
	later.granted_ns += 5 * S;
	silent.granted_ns = 0;
	done.state = RG_CLIENT_SETTLED;
	/* Nobody at all. */
	assert_int_equal(settle_at(gates, 400 * S, 500 * S), 500 * S);
	assert_int_equal(kernel.n_settled, 0);

	add(1, awaited());
	add(2, later);
	add(1, silent);
	add(1, done);
	/* It wakes when the first will be quiet, not later than it would have. */
	assert_int_equal(settle_at(gates, quiet - 1, 500 * S), quiet);
	assert_int_equal(kernel.n_settled, 0);
	assert_int_equal(settle_at(gates, quiet - 1, quiet - 1), quiet - 1);
	assert_int_equal(settle_at(gates, quiet, 500 * S), quiet + 5 * S);
	assert_int_equal(kernel.n_settled, 1);
	assert_memory_equal(&kernel.settled[0], &kernel.keys[0], sizeof(kernel.keys[0]));
	assert_int_equal(settle_at(gates, quiet + 5 * S, 500 * S), 500 * S);
	assert_int_equal(kernel.n_settled, 2);
	assert_memory_equal(&kernel.settled[1], &kernel.keys[1], sizeof(kernel.keys[1]));
	assert_int_equal(kernel.n_forgotten, 0);
}

static void test_settling_that_fails(void **unused)
{
	static const struct {
		int answer, lines;
	} cases[] = {{0, 0}, {-EINVAL, 0}, {-ENOENT, 0}, {-EPERM, 1}};
	struct rg_gate gates[RG_MAX_GATES] = {[1] = gate(RG_KNFSD_OVER)};

	(void)unused;
	add(1, awaited());
	add(1, awaited());
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct unit_ear ear;

		/* knfsd started anew, or it is gone: nothing to say. The next one
		 * has its turn, whatever became of the first. */
		kernel.answer = cases[i].answer;
		unit_listen(&ear);
		settle_at(gates, 400 * S, 500 * S);
		assert_int_equal(unit_heard(&ear), 2 * cases[i].lines);
		assert_int_equal(kernel.n_settled, 2);
	}
}

/* Who is expected and did not come back is forgotten once local applications
 * are in after grace, and not before. */
static void test_forgets_who_did_not_come(void **unused)
{
	static const struct {
		__u32 knfsd, awaited;
		bool forgets, later; /* and when max-hold is over as well */
	} cases[] = {
		{RG_KNFSD_DOWN, 0, false, false},      {RG_KNFSD_STARTING, 0, false, false},
		{RG_KNFSD_GRACE, 0, false, false},     {RG_KNFSD_SKIPPED, 0, true, true},
		{RG_KNFSD_OVER, 1, false, true},       {RG_KNFSD_OVER, 0, true, true},
		{RG_KNFSD_WAS_RUNNING, 0, true, true},
	};
	struct rg_client expected = {.expected = 4}, here = awaited(), before = awaited();
	struct rg_gate gates[RG_MAX_GATES] = {};

	(void)unused;
	here.state = RG_CLIENT_KNOWN;
	/* The gate was read before knfsd started, the ledger after it. */
	before.generation = NOW_SEEN - 1;
	add(1, here);
	add(1, expected);
	add(1, before);
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		gates[1] = gate(cases[i].knfsd);
		gates[1].awaited = cases[i].awaited;
		settle_at(gates, 400 * S, 500 * S);
		assert_int_equal(kernel.n_forgotten, cases[i].forgets);
		if (cases[i].forgets)
			assert_memory_equal(&kernel.forgotten[0], &kernel.keys[1],
					    sizeof(kernel.keys[0]));
		/* Opened by max-hold while knfsd is down or in grace: it may come yet. */
		settle_at(gates, 5000 * S, 6000 * S);
		assert_int_equal(kernel.n_forgotten, cases[i].later);
		/* And so it may when somebody opened the gate by hand. */
		gates[1].hand = RG_HAND_OPEN;
		settle_at(gates, 400 * S, 500 * S);
		assert_int_equal(kernel.n_forgotten, cases[i].later);
		assert_int_equal(kernel.n_settled, 0);
	}
}

static void test_forgetting_that_fails(void **unused)
{
	static const struct {
		int answer, lines;
	} cases[] = {{0, 0}, {-EINVAL, 0}, {-ENOENT, 0}, {-EPERM, 2}};
	struct rg_gate gates[RG_MAX_GATES] = {[1] = gate(RG_KNFSD_SKIPPED)};

	(void)unused;
	gates[1].awaited = 0;
	add(1, (struct rg_client){.expected = 4});
	add(1, (struct rg_client){.expected = 5});
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct unit_ear ear;

		/* It came back, or knfsd started anew. */
		kernel.answer = cases[i].answer;
		unit_listen(&ear);
		settle_at(gates, 400 * S, 500 * S);
		assert_int_equal(unit_heard(&ear), cases[i].lines);
		assert_int_equal(kernel.n_forgotten, 2);
	}
}

/* Each end client goes by the gate of its own slot. */
static void test_slots(void **unused)
{
	struct rg_gate gates[RG_MAX_GATES] = {[1] = gate(RG_KNFSD_DOWN),
					      [RG_MAX_GATES - 1] = gate(RG_KNFSD_OVER)};
	struct rg_client old = awaited();

	(void)unused;
	old.generation = 0;
	gates[RG_MAX_GATES - 1].awaited = 0;
	add(RG_MAX_GATES, old); /* no such slot */
	add(0xffffffff, awaited());
	add(RG_MAX_GATES - 1, old);
	add(1, old);
	add(RG_MAX_GATES - 1, awaited());
	settle_at(gates, 400 * S, 500 * S);
	assert_int_equal(kernel.n_forgotten, 1);
	assert_memory_equal(&kernel.forgotten[0], &kernel.keys[2], sizeof(kernel.keys[0]));
	assert_int_equal(kernel.n_settled, 1);
	assert_memory_equal(&kernel.settled[0], &kernel.keys[4], sizeof(kernel.keys[0]));
}

/* ---- doors ---- */

#define LOCK (1U << RG_DOOR_LOCK)
#define OPENS (1U << RG_DOOR_OPEN | 1U << RG_DOOR_CREATE)
#define ACCESS (1U << RG_DOOR_ACCESS)

static struct rg_gate in_state(__u32 state, __u32 scope)
{
	static const __u32 knfsd[RG_NR_STATES] = {
		[RG_STATE_CLOSED] = RG_KNFSD_DOWN,
		[RG_STATE_GRACE] = RG_KNFSD_GRACE,
		[RG_STATE_SETTLING] = RG_KNFSD_OVER,
		[RG_STATE_OPEN] = RG_KNFSD_OVER,
	};
	struct rg_gate g = gate(knfsd[state]);

	g.policy.scope = scope & 3;
	g.awaited = state == RG_STATE_SETTLING;
	assert_int_equal(rg_gate_view(&g, 400 * S).state, state);
	return g;
}

static struct rg_pins counting_pins(void)
{
	struct rg_pins p;

	rg_pins_init(&p);
	p.map_fd[RG_MAP_UNCOUNTED] = FD_UNCOUNTED;
	p.prog_fd[RG_PROG_CONTROL] = FD_CONTROL;
	return p;
}

static void test_counts_what_is_uncounted(void **unused)
{
	struct rg_gate gates[RG_MAX_GATES] = {[1] = gate(RG_KNFSD_OVER), [7] = gate(RG_KNFSD_DOWN)};
	static const int left[] = {0, -EAGAIN, -EBUSY, -EPERM};
	struct rg_pins p = counting_pins();

	(void)unused;
	/* Nothing: nobody is asked to count. */
	assert_false(rg_count_locks(&p, gates));
	assert_int_equal(kernel.n_counted, 0);
	/* Of every gate, also where the one before could not be counted whole. */
	kernel.uncounted = true;
	for (size_t i = 0; i < UNIT_COUNT(left); i++) {
		kernel.answer = left[i];
		kernel.n_counted = 0;
		assert_true(rg_count_locks(&p, gates));
		assert_int_equal(kernel.n_counted, 2);
		assert_int_equal(kernel.counted[0], 1);
		assert_int_equal(kernel.counted[1], 7);
	}
}

static void test_counting_has_a_pace(void **unused)
{
	struct rg_gate gates[RG_MAX_GATES] = {[1] = gate(RG_KNFSD_OVER)};
	struct rg_pins p = counting_pins();
	__u64 due_ns = 0, now_ns = rg_now_ns();

	(void)unused;
	/* What costs nothing is looked at each time. */
	rg_count_locks_tick(&p, gates, now_ns, &due_ns);
	rg_count_locks_tick(&p, gates, now_ns, &due_ns);
	assert_int_equal(kernel.n_asked, 2);
	assert_int_equal(due_ns, 0);
	/* Quick: once a second. */
	kernel.uncounted = true;
	rg_count_locks_tick(&p, gates, now_ns, &due_ns);
	assert_int_equal(kernel.n_counted, 1);
	assert_in_range(due_ns, now_ns + S, rg_now_ns() + S + 99 * S);
	rg_count_locks_tick(&p, gates, due_ns - 1, &due_ns);
	assert_int_equal(kernel.n_counted, 1);
	rg_count_locks_tick(&p, gates, due_ns, &due_ns);
	assert_int_equal(kernel.n_counted, 2);
	/* It took a twentieth of a second: not again for five. */
	kernel.takes_ns = 50L * 1000 * 1000;
	now_ns = rg_now_ns();
	due_ns = 0;
	rg_count_locks_tick(&p, gates, now_ns, &due_ns);
	assert_int_equal(kernel.n_counted, 3);
	assert_true(due_ns >= now_ns + 5 * S);
}

static void test_doors_of_no_gate(void **unused)
{
	struct rg_gate gates[RG_MAX_GATES] = {};

	(void)unused;
	assert_int_equal(rg_doors_wanted(gates, 400 * S), LOCK);
	/* The canary's gate is not one, and neither is a slot that is free. */
	gates[RG_CANARY_SLOT] = in_state(RG_STATE_CLOSED, RG_SCOPE_ACCESS);
	gates[1] = gates[RG_CANARY_SLOT];
	gates[1].netns = 0;
	assert_int_equal(rg_doors_wanted(gates, 400 * S), LOCK);
}

/* Every scope in every state, alone and with every other: what one of them
 * wants is there. */
static void test_doors_of_two_gates(void **unused)
{
	static const __u32 wanted[RG_NR_SCOPES][RG_NR_STATES] = {
		[RG_SCOPE_LOCKS] = {LOCK, LOCK, LOCK, LOCK},
		[RG_SCOPE_OPENS] = {LOCK | OPENS, LOCK | OPENS, LOCK | OPENS, LOCK | OPENS},
		[RG_SCOPE_ACCESS] = {LOCK | OPENS | ACCESS, LOCK | OPENS | ACCESS,
				     LOCK | OPENS | ACCESS, LOCK | OPENS},
	};
	const __u32 n = RG_NR_SCOPES * RG_NR_STATES;

	(void)unused;
	for (__u32 i = 0; i < n * n; i++) {
		__u32 one_scope = i % n / RG_NR_STATES, one_state = i % RG_NR_STATES;
		__u32 other_scope = i / n / RG_NR_STATES, other_state = i / n % RG_NR_STATES;
		struct rg_gate gates[RG_MAX_GATES] = {};

		gates[1] = in_state(one_state, one_scope);
		assert_int_equal(rg_doors_wanted(gates, 400 * S), wanted[one_scope][one_state]);
		gates[RG_MAX_GATES - 1] = in_state(other_state, other_scope);
		assert_int_equal(rg_doors_wanted(gates, 400 * S),
				 wanted[one_scope][one_state] | wanted[other_scope][other_state]);
	}
}

static void test_doors_of_all_gates(void **unused)
{
	struct rg_gate gates[RG_MAX_GATES];
	__u64 seed = 37;

	(void)unused;
	for (int round = 0; round < 2000; round++) {
		__u32 want = LOCK;

		memset(gates, 0, sizeof(gates));
		for (int i = 1; i < RG_MAX_GATES; i++) {
			__u32 scope = (__u32)unit_below(&seed, RG_NR_SCOPES);
			__u32 state = (__u32)unit_below(&seed, RG_NR_STATES);

			/* Mostly of small scopes, or all would want everything. */
			if (unit_below(&seed, 100))
				scope = 0;
			if (unit_below(&seed, 4) == 0)
				continue;
			gates[i] = in_state(state, scope);
			want |= scope >= RG_SCOPE_OPENS ? OPENS : 0;
			want |= scope == RG_SCOPE_ACCESS && state != RG_STATE_OPEN ? ACCESS : 0;
		}
		assert_int_equal(rg_doors_wanted(gates, 400 * S), want);
	}
}

/* Time alone takes the door for access away. */
static void test_doors_at_the_deadline(void **unused)
{
	struct rg_gate gates[RG_MAX_GATES] = {[5] = in_state(RG_STATE_GRACE, RG_SCOPE_ACCESS)};
	__u64 deadline = START_AT + HOLD_S * S;

	(void)unused;
	assert_int_equal(rg_doors_wanted(gates, deadline - 1), LOCK | OPENS | ACCESS);
	assert_int_equal(rg_doors_wanted(gates, deadline), LOCK | OPENS);
	/* A scope that is not known keeps out most. */
	gates[5].policy.scope = RG_NR_SCOPES;
	assert_int_equal(rg_doors_wanted(gates, deadline - 1), LOCK | OPENS | ACCESS);
}

static void test_door_hooks(void **unused)
{
	(void)unused;
	for (__u32 i = 0; i < RG_NR_DOORS * RG_NR_RUNGS; i++) {
		const char *hook = rg_door_hook(i / RG_NR_RUNGS, i % RG_NR_RUNGS);

		assert_true(strlen(hook) > 1);
		for (__u32 j = 0; j < i; j++)
			assert_string_not_equal(hook,
						rg_door_hook(j / RG_NR_RUNGS, j % RG_NR_RUNGS));
	}
	assert_string_equal(rg_door_hook(RG_NR_DOORS, RG_RUNG_LSM), "?");
	assert_string_equal(rg_door_hook(RG_DOOR_LOCK, RG_NR_RUNGS), "?");
	assert_string_equal(rg_door_hook(0xffffffff, 0xffffffff), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generation),
		cmocka_unit_test(test_carried_of_who_was_not_seen),
		cmocka_unit_test(test_carried_of_a_part),
		cmocka_unit_test(test_carried_of_who_is_done),
		cmocka_unit_test(test_carried_of_the_known),
		cmocka_unit_test(test_carried_of_the_awaited),
		cmocka_unit_test(test_carried_of_what_cannot_be_counted),
		cmocka_unit_test(test_carried_of_what_is_not_counted_yet),
		cmocka_unit_test(test_carried_over_many_starts),
		cmocka_unit_test(test_quiet_at),
		cmocka_unit_test(test_quiet_of_who_took_nothing),
		cmocka_unit_test(test_quiet_of_who_is_not_awaited),
		cmocka_unit_test(test_quiet_only_after_grace),
		cmocka_unit_test(test_quiet_after_lockds_grace),
		cmocka_unit_test(test_quiet_of_a_part),
		cmocka_unit_test_setup(test_settles_who_is_quiet, empty_ledger),
		cmocka_unit_test_setup(test_settling_that_fails, empty_ledger),
		cmocka_unit_test_setup(test_forgets_who_did_not_come, empty_ledger),
		cmocka_unit_test_setup(test_forgetting_that_fails, empty_ledger),
		cmocka_unit_test_setup(test_slots, empty_ledger),
		cmocka_unit_test_setup(test_counts_what_is_uncounted, empty_ledger),
		cmocka_unit_test_setup(test_counting_has_a_pace, empty_ledger),
		cmocka_unit_test(test_doors_of_no_gate),
		cmocka_unit_test(test_doors_of_two_gates),
		cmocka_unit_test(test_doors_of_all_gates),
		cmocka_unit_test(test_doors_at_the_deadline),
		cmocka_unit_test(test_door_hooks),
	};

	return cmocka_run_group_tests_name("settle", tests, NULL, NULL);
}
