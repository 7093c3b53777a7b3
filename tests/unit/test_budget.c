// SPDX-License-Identifier: GPL-2.0-only
/* The reboot budget: what is recorded of a lease, what is said of it after a
 * reboot, and its file. */
#include "unit_dir.h"

#include <arpa/inet.h>
#include <errno.h>
#include <time.h>

#include "state/budget.h"
#include "pins/gates.h"
#include "text/utf8.h"

#define S RG_NS_PER_SEC
#define HZ 250ULL
#define INIT_NETNS 4026531840U
#define OTHER_NETNS 4026532299U
#define BOOT_1 "11111111-1111-1111-1111-111111111111"
#define BOOT_2 "22222222-2222-2222-2222-222222222222"
#define BOOT_3 "33333333-3333-3333-3333-333333333333"
/* 2026-11-22T13:00:00Z */
#define DAY (1795352400ULL * S)

static const struct rg_gate gates[RG_MAX_GATES] = {
	[RG_CANARY_SLOT] = {.netns = 5},
	[1] = {.netns = INIT_NETNS},
	[2] = {.netns = OTHER_NETNS},
};

/* `after_s` seconds past DAY, `up_s` seconds after boot. */
static struct rg_budget_now at(const char *boot_id, double after_s, double up_s)
{
	return (struct rg_budget_now){
		.wall_ns = DAY + (__u64)(__s64)(after_s * 1e9),
		.boot_ns = (__u64)(up_s * 1e9),
		.hz = HZ,
		.init_netns = INIT_NETNS,
		.boot_id = boot_id,
		.gates = gates,
	};
}

/* An original server, last renewed age_s seconds ago. */
static struct rg_server origin(double age_s)
{
	return (struct rg_server){
		.lease_jiffies = 90 * HZ,
		.age_jiffies = (__u64)(age_s * (double)HZ),
		.slot = 1,
		.family = AF_INET,
		.minorversion = 2,
		.addr = {10, 77, 1, 1},
		.name = "origin",
	};
}

static bool update(struct rg_budget *b, struct rg_server s, struct rg_budget_now now)
{
	return rg_budget_update(b, &s, 1, &now);
}

/* Up until DAY, its last renewal; then another boot. */
static void reboot(struct rg_budget *b)
{
	memset(b, 0, sizeof(*b));
	assert_true(update(b, origin(0), at(BOOT_1, 0, 5000)));
	assert_true(rg_budget_begin(b, BOOT_2));
}

static void expect_view(const struct rg_budget *b, double after_s, enum rg_budget_verdict verdict,
			__u64 away_s, const char *text)
{
	__u64 wall_ns = DAY + (__u64)(__s64)(after_s * 1e9);
	struct rg_budget_view v = rg_budget_view(&b->at[0], wall_ns);
	char said[256];

	rg_budget_text(&b->at[0], wall_ns, said, sizeof(said));
	assert_string_equal(said, text);
	assert_string_equal(rg_budget_verdict_name(v.verdict), rg_budget_verdict_name(verdict));
	assert_int_equal(v.away_s, away_s);
}

/* ---- a reboot ---- */

static void test_in_time(void **unused)
{
	struct rg_budget b;

	(void)unused;
	reboot(&b);
	expect_view(&b, 30, RG_BUDGET_NOT_BACK_YET, 30,
		    "origin (10.77.1.1): not back yet, away 30 s of a 90 s lease");
	/* Renewed at 47, looked at at 50. */
	assert_true(update(&b, origin(3), at(BOOT_2, 50, 20)));
	expect_view(&b, 50, RG_BUDGET_IN_TIME, 47,
		    "origin (10.77.1.1): away 47 s of a 90 s lease: in time");
	/* What comes later does not change it. */
	assert_true(update(&b, origin(1), at(BOOT_2, 4000, 4000)));
	expect_view(&b, 4001, RG_BUDGET_IN_TIME, 47,
		    "origin (10.77.1.1): away 47 s of a 90 s lease: in time");
	assert_true(b.at[0].back_ns == DAY + 47 * S);
	assert_true(b.at[0].last_ns == DAY + 3999 * S);
	assert_string_equal(b.at[0].before.boot_id, BOOT_1);
}

static void test_late(void **unused)
{
	struct rg_budget b;

	(void)unused;
	reboot(&b);
	expect_view(&b, 90, RG_BUDGET_NOT_BACK_YET, 90,
		    "origin (10.77.1.1): not back yet, away 90 s of a 90 s lease");
	/* It has run out, and nobody needs to wait for it to be known. */
	expect_view(&b, 90.001, RG_BUDGET_LATE, 91,
		    "origin (10.77.1.1): not back yet, away 91 s of a 90 s lease: not in time");
	assert_true(update(&b, origin(0), at(BOOT_2, 130.2, 20)));
	expect_view(&b, 500, RG_BUDGET_LATE, 131,
		    "origin (10.77.1.1): away 131 s of a 90 s lease: not in time");
}

/* The lease that counts is the one which ran while the host was away. */
static void test_other_lease_after(void **unused)
{
	struct rg_server s = origin(0);
	struct rg_budget b;

	(void)unused;
	reboot(&b);
	s.lease_jiffies = 10 * HZ;
	assert_true(update(&b, s, at(BOOT_2, 50, 20)));
	expect_view(&b, 50, RG_BUDGET_IN_TIME, 50,
		    "origin (10.77.1.1): away 50 s of a 90 s lease: in time");
	assert_int_equal(b.at[0].lease_s, 10);
}

static void test_first_boot(void **unused)
{
	struct rg_budget b = {};

	(void)unused;
	assert_true(update(&b, origin(0), at(BOOT_1, 0, 100)));
	expect_view(&b, 5, RG_BUDGET_UNKNOWN, 0,
		    "origin (10.77.1.1): 90 s lease, no renewal of an earlier boot on record");
}

/* Down again before the original server was reached: away since boot 1. */
static void test_two_reboots(void **unused)
{
	struct rg_budget b;

	(void)unused;
	reboot(&b);
	assert_true(rg_budget_begin(&b, BOOT_3));
	assert_false(rg_budget_begin(&b, BOOT_3));
	assert_string_equal(b.at[0].before.boot_id, BOOT_1);
	assert_true(update(&b, origin(0), at(BOOT_3, 80, 20)));
	expect_view(&b, 80, RG_BUDGET_IN_TIME, 80,
		    "origin (10.77.1.1): away 80 s of a 90 s lease: in time");
	/* And once more, from there. */
	assert_true(rg_budget_begin(&b, BOOT_1));
	assert_string_equal(b.at[0].before.boot_id, BOOT_3);
	expect_view(&b, 85, RG_BUDGET_NOT_BACK_YET, 5,
		    "origin (10.77.1.1): not back yet, away 5 s of a 90 s lease");
	/* A boot id that could not be read is no other boot. */
	assert_false(rg_budget_begin(&b, ""));
}

/* ---- clocks ---- */

static void test_clock_went_back(void **unused)
{
	static const char unknown[] = "origin (10.77.1.1): 90 s lease, away for an unknown time: "
				      "the clock was changed";
	struct rg_budget b;

	(void)unused;
	reboot(&b);
	expect_view(&b, -3600, RG_BUDGET_UNKNOWN, 0, unknown);
	/* Back, by a clock that is behind; and set right later. */
	assert_true(update(&b, origin(0), at(BOOT_2, -3600, 20)));
	expect_view(&b, -3590, RG_BUDGET_UNKNOWN, 0, unknown);
	expect_view(&b, 100, RG_BUDGET_UNKNOWN, 0, unknown);
	/* Back by a clock that was ahead. */
	reboot(&b);
	assert_true(update(&b, origin(0), at(BOOT_2, 3600, 20)));
	expect_view(&b, 60, RG_BUDGET_UNKNOWN, 0, unknown);
	/* A clock that knows nothing begins in 1970. */
	reboot(&b);
	assert_false(update(&b, origin(10), at(BOOT_2, 5 - 1795352400.0, 20)));
	assert_true(b.at[0].last_ns == 0);
}

/* Set back in this boot, renewals are recorded all the same. */
static void test_clock_set_back_in_this_boot(void **unused)
{
	struct rg_budget b = {};

	(void)unused;
	assert_true(update(&b, origin(0), at(BOOT_1, 3600, 100)));
	assert_true(update(&b, origin(0), at(BOOT_1, 10, 110)));
	assert_true(b.at[0].last_ns == DAY + 10 * S);
}

static void test_never_negative(void **unused)
{
	__u64 seed = 47;

	(void)unused;
	for (int i = 0; i < 100000; i++) {
		struct rg_budget_server s = {};
		__u64 some[] = {0, 1, DAY, DAY + 90 * S, unit_random(&seed), ~0ULL}, wall_ns;
		struct rg_budget_view v;

		s.before.last_ns = some[unit_below(&seed, UNIT_COUNT(some))];
		s.before.lease_s = (__u32)unit_random(&seed);
		s.back_ns = some[unit_below(&seed, UNIT_COUNT(some))];
		wall_ns = some[unit_below(&seed, UNIT_COUNT(some))];
		v = rg_budget_view(&s, wall_ns);
		if (v.verdict == RG_BUDGET_UNKNOWN)
			assert_int_equal(v.away_s, 0);
		else
			assert_true(v.away_s <= wall_ns / S + 1);
		assert_int_equal(v.back, s.back_ns != 0);
		if (v.verdict == RG_BUDGET_IN_TIME)
			assert_true(v.back && v.away_s <= s.before.lease_s);
		if (v.verdict == RG_BUDGET_NOT_BACK_YET)
			assert_true(!v.back && v.away_s <= s.before.lease_s);
		if (v.verdict == RG_BUDGET_LATE)
			assert_true(v.away_s > s.before.lease_s);
	}
}

/* ---- what is taken in ---- */

static void test_changed_only_by_renewals(void **unused)
{
	struct rg_budget b = {};

	(void)unused;
	assert_true(update(&b, origin(3), at(BOOT_1, 0, 100)));
	/* The same renewal looked at later, and a jiffy or two off. */
	assert_false(update(&b, origin(4), at(BOOT_1, 1, 101)));
	assert_false(update(&b, origin(9.992), at(BOOT_1, 7, 107)));
	assert_true(b.at[0].last_ns == DAY - 3 * S);
	assert_true(update(&b, origin(0), at(BOOT_1, 7, 107)));
	assert_true(b.at[0].last_ns == DAY + 7 * S);
	/* Many small steps are one large one. */
	assert_false(update(&b, origin(0), at(BOOT_1, 7.06, 107)));
	assert_true(update(&b, origin(0), at(BOOT_1, 7.12, 107)));
}

/* The element of a server that was unmounted stays in the map as it was. */
static void test_old_element(void **unused)
{
	struct rg_server s = origin(2);
	struct rg_budget b = {};

	(void)unused;
	s.seen_ns = 100 * S;
	assert_true(update(&b, s, at(BOOT_1, 0, 100)));
	assert_false(update(&b, s, at(BOOT_1, 50, 150)));
	assert_true(b.at[0].last_ns == DAY - 2 * S);
	/* Seen while the daemon was asking: younger than its clock. */
	s.seen_ns = 201 * S;
	assert_true(update(&b, s, at(BOOT_1, 100, 200)));
	assert_true(b.at[0].last_ns == DAY + 98 * S);
}

static void test_left_out(void **unused)
{
	struct rg_budget_now now = at(BOOT_1, 0, 100);
	struct rg_budget b = {};
	struct rg_server s;

	(void)unused;
	assert_true(rg_budget_begin(&b, BOOT_1));
	s = origin(0);
	s.lease_jiffies = 0; /* NFSv3 */
	assert_false(update(&b, s, now));
	s = origin(0);
	s.lease_jiffies = ~0ULL;
	assert_false(update(&b, s, now));
	s = origin(101); /* longer than it is up: never renewed */
	assert_false(update(&b, s, now));
	s.age_jiffies = ~0ULL;
	assert_false(update(&b, s, now));
	s = origin(0);
	s.slot = RG_CANARY_SLOT;
	assert_false(update(&b, s, now));
	s.slot = 3;
	assert_false(update(&b, s, now));
	s.slot = RG_MAX_GATES;
	assert_false(update(&b, s, now));
	now.hz = 0;
	assert_false(update(&b, origin(0), now));
	assert_false(rg_budget_update(&b, NULL, 0, &now));
	assert_int_equal(b.n, 0);
	/* But a new boot begins without a server. */
	now.boot_id = BOOT_2;
	assert_true(rg_budget_update(&b, NULL, 0, &now));
}

/* Several NFS clients: each minor version and namespace by itself, the newest
 * renewal of those that are the same. */
static void test_several_clients(void **unused)
{
	struct rg_budget_now now = at(BOOT_1, 0, 100);
	struct rg_server s[6];
	struct rg_budget b = {};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(s); i++)
		s[i] = origin(10.0 + (double)i);
	s[1].age_jiffies = 2 * HZ; /* the same as 0, and newer */
	s[1].lease_jiffies = 60 * HZ;
	s[2].minorversion = 0;
	s[3].slot = 2;
	s[4].addr[3] = 2;
	memcpy(s[5].name, "elsewhere", 9);
	assert_true(rg_budget_update(&b, s, UNIT_COUNT(s), &now));
	assert_int_equal(b.n, 5);
	assert_true(b.at[0].last_ns == DAY - 2 * S);
	assert_int_equal(b.at[0].lease_s, 60);
	assert_int_equal(b.at[2].netns, OTHER_NETNS);
	assert_false(b.at[2].init_netns);
	/* The other way round it is no other. */
	for (size_t i = 0; i < UNIT_COUNT(s) / 2; i++) {
		struct rg_server swap = s[i];

		s[i] = s[UNIT_COUNT(s) - 1 - i];
		s[UNIT_COUNT(s) - 1 - i] = swap;
	}
	assert_false(rg_budget_update(&b, s, UNIT_COUNT(s), &now));
	assert_int_equal(b.n, 5);
}

/* Names from the kernel may be any bytes; they are printed. */
static void test_names(void **unused)
{
	struct rg_budget b = {};
	struct rg_server s = origin(0);
	char text[512];

	(void)unused;
	memset(s.name, '\xff', sizeof(s.name));
	memcpy(s.name, "\x1b[31m", 5);
	s.family = AF_INET6;
	unit_need(inet_pton(AF_INET6, "2001:db8::1", s.addr) == 1);
	update(&b, s, at(BOOT_1, 0, 100));
	/* As many escapes as have room. */
	assert_in_range(strlen(b.at[0].name), RG_SERVER_NAME - 3, RG_SERVER_NAME);
	assert_memory_equal(b.at[0].name, "\\033[31m\\377\\377", 16);
	rg_budget_text(&b.at[0], DAY, text, sizeof(text));
	assert_non_null(strstr(text, "(2001:db8::1): "));
	/* The same one again is no other. */
	assert_false(update(&b, s, at(BOOT_1, 0, 100)));
	/* Mounted by address, and without one. */
	memset(&b, 0, sizeof(b));
	s = origin(0);
	memset(s.name, 0, sizeof(s.name));
	memcpy(s.name, "10.77.1.1", 9);
	update(&b, s, at(BOOT_1, 0, 100));
	rg_budget_begin(&b, BOOT_2);
	expect_view(&b, 7, RG_BUDGET_NOT_BACK_YET, 7,
		    "10.77.1.1: not back yet, away 7 s of a 90 s lease");
	memset(&b, 0, sizeof(b));
	s.family = 99;
	update(&b, s, at(BOOT_1, 0, 100));
	assert_int_equal(b.at[0].family, 0);
	rg_budget_text(&b.at[0], DAY, text, sizeof(text));
	assert_memory_equal(text, "10.77.1.1: ", 11);
}

static void test_room(void **unused)
{
	struct rg_server s[RG_MAX_SERVERS + 10];
	struct rg_budget_now now = at(BOOT_1, 0, 10000);
	struct rg_budget b = {};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(s); i++) {
		s[i] = origin(0);
		s[i].addr[3] = (__u8)(100 + i);
	}
	assert_true(rg_budget_update(&b, s, UNIT_COUNT(s), &now));
	assert_int_equal(b.n, RG_MAX_SERVERS);
	/* Who is there stays; those without room do not make it change. */
	now = at(BOOT_1, 10, 10010);
	assert_true(rg_budget_update(&b, s, UNIT_COUNT(s), &now));
	assert_false(rg_budget_update(&b, s, UNIT_COUNT(s), &now));
	for (size_t i = 0; i < b.n; i++)
		assert_int_equal(b.at[i].addr[3], 100 + i);
	/* All but the first are gone: another one gets the place of the second. */
	s[0].age_jiffies = 0;
	s[1] = s[UNIT_COUNT(s) - 1];
	now = at(BOOT_1, 20, 10020);
	assert_true(rg_budget_update(&b, s, 2, &now));
	assert_int_equal(b.n, RG_MAX_SERVERS);
	assert_int_equal(b.at[0].addr[3], 100);
	assert_int_equal(b.at[1].addr[3], s[1].addr[3]);
}

static void test_forgotten(void **unused)
{
	struct rg_budget_now now;
	struct rg_budget b;

	(void)unused;
	/* Off for a week: what was before is not too old, it is the answer. */
	reboot(&b);
	now = at(BOOT_2, 7 * 86400.0, 20);
	assert_false(rg_budget_update(&b, NULL, 0, &now));
	assert_int_equal(b.n, 1);
	expect_view(&b, 7 * 86400.0, RG_BUDGET_LATE, 604800,
		    "origin (10.77.1.1): not back yet, away 604800 s of a 90 s lease: not in time");
	/* Not mounted any more: a day is enough. */
	now = at(BOOT_2, 8 * 86400.0, 86400);
	assert_true(rg_budget_update(&b, NULL, 0, &now));
	assert_int_equal(b.n, 0);
	memset(&b, 0, sizeof(b));
	assert_true(update(&b, origin(0), at(BOOT_1, 0, 200000)));
	now = at(BOOT_1, 86399, 286399);
	assert_false(rg_budget_update(&b, NULL, 0, &now));
	now = at(BOOT_1, 86400, 286400);
	assert_true(rg_budget_update(&b, NULL, 0, &now));
	assert_int_equal(b.n, 0);
}

static void test_interval(void **unused)
{
	static const struct {
		__u32 lease_s, interval_s;
	} cases[] = {{90, 9}, {95, 10}, {10, 1}, {1, 1}, {5, 1}, {3600, 360}, {~0U, 429496730}};
	struct rg_budget b = {};

	(void)unused;
	assert_int_equal(rg_budget_interval_s(&b), RG_DEFAULT_LEASE / 10);
	b.n = 2;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		b.at[0].lease_s = ~0U;
		b.at[1].lease_s = cases[i].lease_s;
		assert_int_equal(rg_budget_interval_s(&b), cases[i].interval_s);
	}
	b.at[1].lease_s = 0; /* not back yet */
	b.at[0].lease_s = 20;
	assert_int_equal(rg_budget_interval_s(&b), 2);
}

/* ---- HZ ---- */

static __u64 jiffies_at(__u32 hz, double s)
{
	return (__u64)(__u32)(-300 * (__s32)hz) + (__u64)(s * hz);
}

static void test_hz(void **unused)
{
	static const __u32 choices[] = {100, 250, 300, 1000};
	static const double times[] = {0.1, 1,	 10,   60,    120,	    200,
				       420, 600, 3600, 86400, 10 * 86400.0, 3650 * 86400.0};

	(void)unused;
	for (size_t c = 0; c < UNIT_COUNT(choices); c++) {
		for (size_t t = 0; t < UNIT_COUNT(times); t++) {
			/* The tick begins late, and may lose some. */
			for (int tenths = 0; tenths < 25; tenths += 5) {
				double late = tenths / 10.0;
				double ran = times[t] > late ? times[t] - late : 0;
				__u64 mono_ns = (__u64)(times[t] * 1e9);
				__u32 hz = rg_hz_of(jiffies_at(choices[c], ran), mono_ns);

				if (hz != choices[c])
					fail_msg("%u Hz after %.1f s, %.1f late: %u", choices[c],
						 times[t], late, hz);
			}
		}
		/* jiffies wrap to 0, whatever HZ is: nobody can tell. */
		assert_int_equal(rg_hz_of(jiffies_at(choices[c], 300), 300 * S), 0);
	}
	/* Read from a host: /proc/timer_list, Linux 6.18, 250 Hz. */
	assert_int_equal(rg_hz_of(4295272104, 1519479637455), 250);
	assert_int_equal(rg_hz_of(0, 0), 0);
	assert_int_equal(rg_hz_of(0, 100 * S), 0);
	assert_int_equal(rg_hz_of(~0ULL, 100 * S), 0);
	assert_int_equal(rg_hz_of(~0ULL, ~0ULL), 0);
	/* HZ of 24, which no kernel for x86-64 has. */
	assert_int_equal(rg_hz_of(jiffies_at(24, 1000), 1000 * S), 0);
}

/* Nothing but the truth, at any second and with ticks lost. */
static void test_hz_is_never_wrong(void **unused)
{
	static const __u32 choices[] = {100, 250, 300, 1000};

	(void)unused;
	for (size_t c = 0; c < UNIT_COUNT(choices); c++) {
		for (int quarters = 0; quarters < 4800; quarters++) {
			double s = quarters / 4.0;

			for (int tenths = 0; tenths <= 25 && tenths / 10.0 <= s; tenths += 5) {
				double late = tenths / 10.0;
				__u32 hz = rg_hz_of(jiffies_at(choices[c], s - late),
						    (__u64)(s * 1e9));

				if (hz && hz != choices[c])
					fail_msg("%u Hz after %.2f s: %u", choices[c], s, hz);
				if (!hz && (s < 240 || s > 360))
					fail_msg("%u Hz after %.2f s: none", choices[c], s);
			}
		}
	}
}

/* ---- times as text ---- */

static void test_wall(void **unused)
{
	static const char *const bad[] = {
		"",
		"2026-11-22",
		"2026-11-22T13:00:00Z",
		"2026-11-22T13:00:00.0000Z",
		"2026-11-22 13:00:00.000Z",
		"2026-11-22T13:00:00.000z",
		"2026-11-22T13:00:00.000+00:00",
		"2026-02-29T13:00:00.000Z",
		"2026-13-01T13:00:00.000Z",
		"2026-00-01T13:00:00.000Z",
		"2026-11-22T24:00:00.000Z",
		"2026-11-22T13:60:00.000Z",
		"2026-12-31T23:59:60.000Z",
		"1969-12-31T23:59:59.999Z",
		"2554-01-01T00:00:00.000Z",
		"9999-12-31T23:59:59.999Z",
		"-026-11-22T13:00:00.000Z",
		" 026-11-22T13:00:00.000Z",
		"2026-11-22T13:00:00.00\xd9Z",
	};
	char text[RG_WALL_SIZE];
	__u64 ns = 0, seed = 53;

	(void)unused;
	assert_string_equal(rg_wall_text(DAY + 47123999999ULL, text), "2026-11-22T13:00:47.123Z");
	assert_true(rg_wall_of("2026-11-22T13:00:47.123Z", &ns));
	assert_true(ns == DAY + 47123000000ULL);
	assert_true(rg_wall_of("2024-02-29T00:00:00.000Z", &ns));
	assert_string_equal(rg_wall_text(0, text), "1970-01-01T00:00:00.000Z");
	assert_string_equal(rg_wall_text(~0ULL, text), "2553-12-31T23:59:59.999Z");
	assert_true(rg_wall_of(text, &ns));
	for (size_t i = 0; i < UNIT_COUNT(bad); i++)
		if (rg_wall_of(bad[i], &ns))
			fail_msg("%s counts as a time", bad[i]);
	for (int i = 0; i < 10000; i++) {
		__u64 wall_ns = unit_below(&seed, 18429292800ULL * S) / 1000000 * 1000000;

		assert_true(rg_wall_of(rg_wall_text(wall_ns, text), &ns));
		assert_true(ns == wall_ns);
	}
}

/* ---- the file, and status ---- */

static void expect_same_after_reboot(const struct rg_budget *b)
{
	struct rg_budget back;
	json_object *x, *y;

	assert_int_equal(rg_budget_save(dir, b), 0);
	assert_int_equal(rg_budget_load(dir, INIT_NETNS, &back), 0);
	x = rg_budget_file_json(b);
	y = rg_budget_file_json(&back);
	assert_string_equal(json_object_to_json_string(x), json_object_to_json_string(y));
	json_object_put(x);
	json_object_put(y);
	assert_int_equal(b->n, back.n);
	for (size_t i = 0; i < b->n; i++) {
		assert_int_equal(back.at[i].netns, b->at[i].netns);
		assert_true(back.at[i].last_ns == b->at[i].last_ns);
		assert_true(back.at[i].before.last_ns == b->at[i].before.last_ns);
	}
}

static void test_file(void **unused)
{
	struct rg_server s[RG_MAX_SERVERS];
	struct rg_budget_now now = at(BOOT_1, 0.123456789, 1000);
	struct rg_budget b = {}, back;
	char *text;
	size_t n;

	(void)unused;
	memset(&back, 0xff, sizeof(back));
	assert_int_equal(rg_budget_load(dir, INIT_NETNS, &back), 0);
	assert_int_equal(back.n, 0);
	assert_string_equal(back.boot_id, "");
	expect_same_after_reboot(&b);
	for (size_t i = 0; i < UNIT_COUNT(s); i++) {
		s[i] = origin((double)i);
		s[i].addr[3] = (__u8)i;
		s[i].slot = 1 + (__u32)(i % 2);
		s[i].family = i % 3 == 0 ? AF_INET : i % 3 == 1 ? AF_INET6 : 0;
		memcpy(s[i].name, i % 5 ? "gr\xc3\xbc\xc3\x9f" : "\xff", i % 5 ? 6 : 2);
		s[i].minorversion = (__u16)(i / 3);
	}
	assert_true(rg_budget_update(&b, s, UNIT_COUNT(s), &now));
	assert_int_equal(b.n, RG_MAX_SERVERS);
	expect_same_after_reboot(&b);
	rg_budget_begin(&b, BOOT_2);
	expect_same_after_reboot(&b);
	now = at(BOOT_2, 60, 100);
	assert_true(rg_budget_update(&b, s, UNIT_COUNT(s) / 2, &now));
	expect_same_after_reboot(&b);
	assert_int_equal(rg_state_read(dir, RG_BUDGET_FILE, &text, &n), 0);
	assert_non_null(strstr(text, "\"init\""));
	assert_null(strstr(text, "4026531840"));
	assert_non_null(strstr(text, "\"2026-11-22T13:00:00.123Z\""));
	free(text);
	/* The number of the first namespace is another one in the next kernel. */
	assert_int_equal(rg_budget_load(dir, 77, &back), 0);
	assert_int_equal(back.at[0].netns, 77);
	assert_int_equal(back.at[1].netns, OTHER_NETNS);
}

static void test_status_json(void **unused)
{
	struct rg_budget b;
	json_object *list, *o;

	(void)unused;
	reboot(&b);
	list = rg_budget_json(&b, DAY - S);
	o = json_object_array_get_idx(list, 0);
	assert_string_equal(json_object_get_string(json_object_object_get(o, "verdict")),
			    "unknown");
	assert_null(json_object_object_get(o, "away_seconds"));
	assert_null(json_object_object_get(o, "back"));
	assert_null(json_object_object_get(o, "lease_seconds"));
	json_object_put(list);
	assert_true(update(&b, origin(3), at(BOOT_2, 50, 20)));
	list = rg_budget_json(&b, DAY + 50 * S);
	assert_int_equal(json_object_array_length(list), 1);
	o = json_object_array_get_idx(list, 0);
	assert_string_equal(
		json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
		"{\"netns\":4026531840,\"name\":\"origin\",\"address\":\"10.77.1.1\","
		"\"minorversion\":2,\"lease_seconds\":90,"
		"\"last_renewal\":\"2026-11-22T13:00:47.000Z\","
		"\"back\":\"2026-11-22T13:00:47.000Z\",\"before\":{\"boot_id\":\"" BOOT_1
		"\",\"lease_seconds\":90,\"last_renewal\":\"2026-11-22T13:00:00.000Z\"},"
		"\"verdict\":\"in-time\",\"away_seconds\":47,"
		"\"text\":\"origin (10.77.1.1): away 47 s of a 90 s lease: in time\"}");
	json_object_put(list);
}

#define HEAD "{\"version\": 1, \"boot_id\": \"" BOOT_1 "\", \"servers\": ["
#define TIME "\"2026-11-22T13:00:00.000Z\""
#define WHO "{\"netns\": \"init\", \"name\": \"o\", \"address\": null, \"minorversion\": 2, "
#define BEFORE "\"before\": null}"
#define GOOD WHO "\"lease_seconds\": 90, \"last_renewal\": " TIME ", \"back\": " TIME ", " BEFORE

static void test_malformed(void **unused)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"", "empty"},
		{"{\"version\": 1}", "boot_id"},
		{"{\"version\": 1, \"boot_id\": \"" BOOT_1 "0\", \"servers\": []}", "boot_id"},
		/* U+06DD cannot be seen: it would be written as \333\235. */
		{"{\"version\": 1, \"boot_id\": \"\\u06dd\", \"servers\": []}", "boot_id"},
		{"{\"version\": 1, \"boot_id\": \"\"}", "servers"},
		{"{\"version\": 3, \"boot_id\": \"\", \"servers\": []}", "version 3"},
		{HEAD "0]}", "server 1"},
		{HEAD GOOD ", " GOOD "]}", "server 2 is there twice"},
		{HEAD GOOD ", {}]}", "server 2: \"netns\""},
		{HEAD WHO "\"lease_seconds\": 0, \"last_renewal\": " TIME ", \"back\": " TIME
			  ", " BEFORE "]}",
		 "lease_seconds"},
		{HEAD WHO "\"lease_seconds\": null, \"last_renewal\": " TIME ", \"back\": " TIME
			  ", " BEFORE "]}",
		 "last_renewal"},
		{HEAD WHO "\"lease_seconds\": 90, \"last_renewal\": 7, \"back\": " TIME ", " BEFORE
			  "]}",
		 "last_renewal"},
		{HEAD WHO "\"lease_seconds\": 90, \"last_renewal\": " TIME
			  ", \"back\": null, " BEFORE "]}",
		 "back"},
		{HEAD WHO "\"lease_seconds\": 90, \"last_renewal\": " TIME ", \"back\": " TIME
			  "}]}",
		 "before"},
		{HEAD WHO "\"lease_seconds\": 90, \"last_renewal\": " TIME ", \"back\": " TIME
			  ", \"before\": {}}]}",
		 "before"},
		{HEAD WHO "\"lease_seconds\": null, \"last_renewal\": null, \"back\": null, " BEFORE
			  "]}",
		 "before"},
	};
	struct rg_budget b;
	struct unit_ear ear;

	(void)unused;
	assert_int_equal(write_text(RG_BUDGET_FILE, HEAD GOOD "]}"), 0);
	assert_int_equal(rg_budget_load(dir, INIT_NETNS, &b), 0);
	assert_int_equal(b.n, 1);
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		int err, lines;

		assert_int_equal(write_text(RG_BUDGET_FILE, cases[i].text), 0);
		memset(&b, 0xff, sizeof(b));
		unit_listen(&ear);
		err = rg_budget_load(dir, INIT_NETNS, &b);
		lines = unit_heard(&ear);
		if (err != -EBADMSG || lines != 1 || !strstr(ear.text, path_of(RG_BUDGET_FILE)) ||
		    !strstr(ear.text, cases[i].said))
			fail_msg("%s: %d, said: %s", cases[i].text, err, ear.text);
		assert_int_equal(b.n, 0);
		assert_string_equal(b.boot_id, "");
	}
	/* No file is there to be read, but something else. */
	unit_need(unlink(path_of(RG_BUDGET_FILE)) == 0);
	unit_need(mkdir(path_of(RG_BUDGET_FILE), 0700) == 0);
	unit_listen(&ear);
	assert_int_equal(rg_budget_load(dir, INIT_NETNS, &b), -EINVAL);
	assert_int_equal(unit_heard(&ear), 1);
}

static int taken;

static void take_damaged(json_object *damaged)
{
	struct rg_budget got;
	char why[RG_STATE_WHY], text[512];
	/* All the same what time it is, as long as it varies. */
	__u64 seed = (__u64)taken;

	if (rg_budget_of_json(damaged, INIT_NETNS, &got, why)) {
		assert_int_equal(got.n, 0);
		return;
	}
	taken++;
	json_object_put(rg_budget_file_json(&got));
	json_object_put(rg_budget_json(&got, unit_random(&seed)));
	for (size_t i = 0; i < got.n; i++)
		rg_budget_text(&got.at[i], unit_random(&seed), text, sizeof(text));
	update(&got, origin(0), at(BOOT_3, 100, 30));
}

/* Refused, or something that can be said and written again. */
static void test_garbage(void **unused)
{
	struct rg_budget b;
	json_object *o;

	(void)unused;
	reboot(&b);
	update(&b, origin(3), at(BOOT_2, 50, 20));
	o = rg_budget_file_json(&b);
	taken = 0;
	damage(o, 59, "0123456789\"{}", take_damaged);
	assert_true(taken > 100);
	json_object_put(o);
}

/* Garbage from the kernel's side: what is taken in can be written and read. */
static void test_garbage_from_the_kernel(void **unused)
{
	struct rg_budget b = {}, back;
	char why[RG_STATE_WHY] = "";
	__u64 seed = 61;

	(void)unused;
	for (int i = 0; i < 3000; i++) {
		struct rg_server s[4];
		struct rg_budget_now now = at(unit_below(&seed, 2) ? BOOT_1 : BOOT_2, 0, 0);
		json_object *o;

		for (size_t c = 0; c < sizeof(s); c++)
			((__u8 *)s)[c] = (__u8)unit_random(&seed);
		for (size_t c = 0; c < UNIT_COUNT(s); c++) {
			s[c].slot = (__u32)unit_below(&seed, 4);
			s[c].lease_jiffies >>= unit_below(&seed, 64);
			s[c].age_jiffies >>= unit_below(&seed, 64);
			s[c].seen_ns >>= unit_below(&seed, 64);
		}
		now.wall_ns = unit_random(&seed) >> unit_below(&seed, 64);
		now.boot_ns = unit_random(&seed) >> unit_below(&seed, 64);
		rg_budget_update(&b, s, UNIT_COUNT(s), &now);
		o = rg_budget_file_json(&b);
		if (rg_budget_of_json(o, INIT_NETNS, &back, why))
			fail_msg("%s", why);
		json_object_put(o);
	}
}

/* ---- this host ---- */

static void test_this_host(void **unused)
{
	char boot_id[RG_BOOT_ID_SIZE];
	struct rg_budget_now now = {};

	(void)unused;
	assert_int_equal(rg_boot_id(boot_id), 0);
	assert_int_equal(strlen(boot_id), RG_BOOT_ID_SIZE - 1);
	assert_true(rg_utf8_is_text(boot_id, strlen(boot_id)));
	rg_budget_clocks(&now);
	assert_in_range(now.boot_ns, rg_now_ns() - 10 * S, rg_now_ns());
	/* time(2) goes by the last tick. */
	assert_in_range(now.wall_ns / S, (__u64)time(NULL) - 10, (__u64)time(NULL) + 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, dir_setup, dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_time),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_other_lease_after),
		cmocka_unit_test(test_first_boot),
		cmocka_unit_test(test_two_reboots),
		cmocka_unit_test(test_clock_went_back),
		cmocka_unit_test(test_clock_set_back_in_this_boot),
		cmocka_unit_test(test_never_negative),
		cmocka_unit_test(test_changed_only_by_renewals),
		cmocka_unit_test(test_old_element),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_several_clients),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_interval),
		cmocka_unit_test(test_hz),
		cmocka_unit_test(test_hz_is_never_wrong),
		cmocka_unit_test(test_wall),
		TEST(test_file),
		TEST(test_status_json),
		TEST(test_malformed),
		TEST(test_garbage),
		cmocka_unit_test(test_garbage_from_the_kernel),
		cmocka_unit_test(test_this_host),
	};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
