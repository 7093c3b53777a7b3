// SPDX-License-Identifier: GPL-2.0-only
/*
 * What top shows: in any size no line too long and none too many; what matters is
 * there; names from outside say nothing to a terminal; rates; printing.
 *
 * test_top --show WIDTH HEIGHT: the made-up state, to be looked at.
 */
#include "unit_snapshot.h"

#include "cli/table.h"
#include "top/clients.h"
#include "top/screen.h"

static struct rg_snapshot snapshot;
static struct rg_screen screen;
static char all[1 << 20]; /* the screen as text, a newline after each line */

static int setup(void **unused)
{
	(void)unused;
	made_up(&snapshot);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	rg_snapshot_free(&snapshot);
	rg_screen_free(&screen);
	return 0;
}

/* Draw it; how many lines that are. Each is of printable ASCII and fits. */
static unsigned int draw_with(struct rg_top top, unsigned int width, unsigned int height)
{
	unsigned int lines = 0;
	char *at = all;

	rg_screen_free(&screen);
	unit_need(rg_screen_init(&screen, width, height) == 0);
	top.now = &snapshot;
	assert_int_equal(rg_top_draw(&top, &screen), 0);
	for (; lines < height && lines < screen.n; lines++) {
		unit_need((size_t)(at - all) + width + 2 < sizeof(all));
		rg_screen_text(&screen, lines, at);
		assert_true(strlen(at) <= width);
		for (; *at; at++)
			assert_true(*at >= ' ' && *at <= '~');
		*at++ = '\n';
	}
	*at = '\0';
	return lines;
}

static unsigned int draw(unsigned int width, unsigned int height)
{
	return draw_with((struct rg_top){.keys = true}, width, height);
}

static void expect(const char *part)
{
	if (!strstr(all, part))
		fail_msg("\"%s\" is not in\n%s", part, all);
}

static void expect_not(const char *part)
{
	if (strstr(all, part))
		fail_msg("\"%s\" is in\n%s", part, all);
}

/* ---- sizes ---- */

/* Records that tracers lost, and events of the daemon's ring (unit_snapshot.h: each counter is
 * 10 more than its number). */
static void expect_lost(const char *before)
{
	char text[64];

	snprintf(text, sizeof(text), "%s  lost %d", before, 9 + 10 + RG_COUNT_FAIL_RING);
	expect(text);
}

static void test_80_by_24(void **unused)
{
	(void)unused;
	assert_true(draw(80, 24) <= 24);
	expect("reexport-guard " RG_VERSION "  ");
	expect_lost("  daemon pid 412");
	expect("  q: quit\n");
	expect("gate 4026531840  grace 47 s: knfsd is in its grace period\n");
	expect("  [########........] 43 s left of 90 s; 3 of 5 done; 2 awaited, 7 of 20 locks\n");
	expect("gate 4026532001  settling 3 s: ");
	expect("opens in 57 s at the latest; 1 awaited, 1 of 2 locks\n");
	expect("gate 4026532002  open 50 s: timed out");
	expect("answers      granted  refused  retaken    GRACE    DELAY   denied   errors\n");
	expect("per second         -        -        -");
	expect("in all          1000     1001     1002     1005     1006     1007     1008\n");
	expect("STATE   ADDRESS                LOCKS GRANTED REFUSED RETAKEN CLIENTS (5 of 6)\n");
	expect("awaited 10.77.2.2            7 of 20       0       1       7 Linux NFSv4.2 one\n");
	expect("awaited 10.77.2.3             2 of ?");
	expect("530 lock      12 s");
	expect("reclaim-refused-by-client");
	expect("812 ms");
}

static void test_40_by_10(void **unused)
{
	(void)unused;
	assert_true(draw(40, 10) <= 10);
	expect("gate 4026531840  grace 47 s: knfsd is in");
	expect("[######.......]");
	expect("STATE   ADDRESS         NFS        LOCKS\n");
	expect("awaited 10.77.2.2       4.2      7 of 20\n");
	expect("reclaim-refused-by-client\n");
}

static void test_200_by_60(void **unused)
{
	(void)unused;
	assert_true(draw(200, 60) <= 60);
	expect(", 7 of 20 locks\n");
	/* All of everything. */
	expect("CLIENTS (6)\n");
	expect("known   10.77.2.5       4.2            0       0       0       0      4     0 s "
	       "Linux NFSv4.2 four\n");
	expect("absent  10.77.2.7       4.2       0 of 3       -       0       -      -       - "
	       "Linux NFSv4.2 six\n");
	expect("HELD LOCAL APPLICATIONS (3)\n");
	expect("     532 lock      30 s                  131 rsync\n");
	expect("LAST DOWNGRADES (1)\n");
	expect("SLOWEST RECLAIMS (2)\n");
	expect("NFS4ERR_NO_GRACE");
}

static void test_1_by_1(void **unused)
{
	(void)unused;
	assert_int_equal(draw(1, 1), 1);
	assert_string_equal(all, "r\n");
}

/* Every size, and a screen of no size at all. */
static void test_any_size(void **unused)
{
	(void)unused;
	for (unsigned int height = 1; height < 40; height++)
		for (unsigned int width = 1; width < 130; width += height % 3 + 1) {
			unsigned int lines = draw(width, height);

			assert_true(lines >= 1 && lines <= height);
		}
	rg_screen_free(&screen);
	assert_int_equal(rg_screen_init(&screen, 0, 0), 0);
	assert_int_equal(screen.width, 1);
	assert_int_equal(screen.height, 1);
}

/* A line more of room never shows less. */
static void test_room_is_used(void **unused)
{
	unsigned int last = 0;

	(void)unused;
	for (unsigned int height = 1; height < 40; height++) {
		unsigned int lines = draw(100, height);

		assert_true(lines >= last);
		last = lines;
	}
	assert_true(last < 39);
	/* A table wants two lines, so one may be left. */
	for (unsigned int height = 2; height < 20; height++)
		assert_true(draw(100, height) + 1 >= height);
}

/* ---- contents ---- */

static void test_order_of_clients(void **unused)
{
	struct rg_top_client *list;
	__u32 n;

	(void)unused;
	/* The fourth was refused without the ledger's knowing (NLM). */
	snapshot.flows.clients[3].tally[RG_TALLY_RECLAIMS_REFUSED] = 9;
	list = rg_top_clients(&snapshot, &n);
	unit_need(list);
	assert_int_equal(n, 6);
	assert_ptr_equal(list[0].ledger, &snapshot.ledger.clients[0]);
	assert_ptr_equal(list[1].ledger, &snapshot.ledger.clients[1]);
	assert_ptr_equal(list[2].ledger, &snapshot.ledger.clients[4]);
	assert_ptr_equal(list[3].ledger, &snapshot.ledger.clients[3]);
	assert_int_equal(rg_top_client_refused(&list[3]), 9);
	assert_ptr_equal(list[4].ledger, &snapshot.ledger.clients[2]);
	assert_true(rg_top_client_is_absent(&list[5]));
	free(list);
}

/* By NLM alone, of a life of knfsd before, of a gate that is gone. */
static void test_clients_of_the_flows(void **unused)
{
	struct rg_top_client *list;
	__u32 n;

	(void)unused;
	snapshot.ledger.n = 0;
	snapshot.flows.clients[0].minorversion = RG_NLM_MINOR;
	snapshot.flows.clients[1].generation--;
	snapshot.flows.keys[2].slot = 9;
	snapshot.flows.keys[3].slot = RG_MAX_GATES + 9;
	list = rg_top_clients(&snapshot, &n);
	unit_need(list);
	assert_int_equal(n, 2);
	free(list);
	draw(120, 40);
	expect("seen    10.77.2.2       NLM            -");
	expect("CLIENTS (2)");
}

static void test_ipv6(void **unused)
{
	(void)unused;
	for (int i = 0; i < 2; i++) {
		snapshot.flows.clients[i].family = AF_INET6;
		inet_pton(AF_INET6, "2001:db8:1111:2222:3333:4444:5555:6666",
			  snapshot.flows.clients[i].addr);
	}
	draw(80, 24);
	expect("awaited 2001:db8:1111:2222:3333:4 4.2      7 of 20");
	draw(130, 24);
	expect("awaited 2001:db8:1111:2222:3333:4444:5555:6666  ");
	expect("awaited 10.78.2.6  ");
}

static void test_nobody(void **unused)
{
	(void)unused;
	snapshot.ledger.n = snapshot.flows.n = snapshot.held.n = 0;
	snapshot.n_slowest = snapshot.n_downgrades = 0;
	memset(snapshot.gates, 0, sizeof(snapshot.gates));
	draw(80, 24);
	expect("no gate\n");
	expect_not("CLIENTS");
	expect_not("HELD");
}

static void test_4096_clients(void **unused)
{
	char name[64];

	(void)unused;
	snapshot.ledger.n = snapshot.flows.n = 0;
	for (int i = 0; i < MADE_UP; i++) {
		snprintf(name, sizeof(name), "client %d", i);
		made_up_client(&snapshot, SLOT_GRACE, name, "10.0.0.1",
			       i == 4000 ? RG_CLIENT_AWAITED : RG_CLIENT_KNOWN, 1, 2);
	}
	assert_int_equal(draw(80, 24), 24);
	expect("of 4096)");
	/* The only one that is awaited is the first that is shown. */
	expect("RETAKEN CLIENTS (");
	expect("\nawaited 10.0.0.1              1 of 2       0       1       1 client 4000\n");
	assert_int_equal(draw(80, 5000), 4096 + 19);
	expect("CLIENTS (4096)");
}

static void test_many_gates(void **unused)
{
	unsigned int lines;

	(void)unused;
	for (__u32 i = 1; i < RG_MAX_GATES; i++) {
		snapshot.gates[i] = snapshot.gates[SLOT_GRACE];
		snapshot.gates[i].netns = 5000 + i;
	}
	lines = draw(80, 24);
	assert_true(lines <= 24);
	expect("gate 5001 ");
	expect("60 more gates\n");
	expect("CLIENTS");
	draw_with((struct rg_top){.all = true}, 80, 500);
	expect("gate 5063 ");
	expect_not("more gates");
}

static void test_no_daemon(void **unused)
{
	(void)unused;
	snapshot.heartbeat_ns = 0;
	draw(80, 24);
	expect_lost("  no daemon: hold acts as deny");
}

static void test_note(void **unused)
{
	(void)unused;
	snapshot.enabled = false;
	assert_int_equal(draw_with((struct rg_top){.note = "not enabled"}, 80, 24), 2);
	expect("\nnot enabled\n");
	expect_not("daemon");
	assert_int_equal(draw_with((struct rg_top){.note = "not enabled"}, 80, 1), 1);
}

/* knfsd may take longer than it was told. */
static void test_grace_that_is_late(void **unused)
{
	(void)unused;
	snapshot.gates[SLOT_GRACE].knfsd_start_ns = NOW_NS - 100 * S;
	snapshot.gates[SLOT_GRACE].closed_ns = NOW_NS - 110 * S;
	draw(120, 24);
	expect("  [################] 10 s over 90 s; 3 of 5 done");
	snapshot.storms[SLOT_GRACE].grace_ns = 0;
	draw(120, 24);
	expect("  [################] grace; 3 of 5 done");
}

/* ---- names from outside ---- */

static void test_hostile_names(void **unused)
{
	static const char name[] = "\033[2J\033]0;pwned\007 \\ %s%n \r\n\t\x80\xff";

	(void)unused;
	made_up_client(&snapshot, SLOT_GRACE, name, "10.66.6.6", RG_CLIENT_AWAITED, 0, 9);
	memcpy(snapshot.held.values[0].comm, "\033[31m%s\n\001234567", RG_COMM_SIZE);
	draw(200, 60); /* which looks at every byte */
	expect("\\033[2J\\033]0;pwned\\007 \\134 %s%n \\015\\012\\011\\200\\377\n");
	expect("\\033[31m%s\\012\\001234567\n");
	/* A name that is longer than what was kept of it. */
	snapshot.ledger.clients[0].name_len = 0xffff;
	memset(snapshot.ledger.clients[0].name, '\033', RG_CLIENT_NAME);
	draw(1000, 60);
	expect("\\033\\033\\033");
}

/* Any bytes in what the kernel says. */
static void test_any_bytes(void **unused)
{
	__u64 seed = 11;

	(void)unused;
	for (int round = 0; round < 200; round++) {
		struct {
			void *at;
			size_t size;
		} parts[] = {
			{snapshot.gates, sizeof(snapshot.gates)},
			{snapshot.storms, sizeof(snapshot.storms)},
			{snapshot.ledger.keys, 6 * sizeof(*snapshot.ledger.keys)},
			{snapshot.ledger.clients, 6 * sizeof(*snapshot.ledger.clients)},
			{snapshot.flows.keys, 5 * sizeof(*snapshot.flows.keys)},
			{snapshot.flows.clients, 5 * sizeof(*snapshot.flows.clients)},
			{snapshot.held.values, 3 * sizeof(*snapshot.held.values)},
			{snapshot.slowest, 2 * sizeof(*snapshot.slowest)},
			{snapshot.downgrades, sizeof(*snapshot.downgrades)},
		};

		for (size_t k = 0; k < UNIT_COUNT(parts); k++)
			for (int i = 0; i < 30; i++)
				((unsigned char *)parts[k].at)[unit_below(&seed, parts[k].size)] =
					(unsigned char)unit_below(&seed, 256);
		draw(1 + (unsigned int)unit_below(&seed, 200),
		     1 + (unsigned int)unit_below(&seed, 80));
	}
}

/* ---- rates ---- */

static void test_rates(void **unused)
{
	__u64 before[RG_NR_TALLIES];
	struct rg_top top = {};

	(void)unused;
	memcpy(before, snapshot.totals.tally, sizeof(before));
	before[RG_TALLY_RECLAIMS_REFUSED] -= 24;
	before[RG_TALLY_RETAKEN] -= 1;
	top.rates = rg_rates_of(before, NOW_NS - 2 * S, &snapshot);
	assert_true(top.rates.known);
	draw_with(top, 80, 24);
	expect("per second       0.0       12      0.5      0.0");
	/* No time has passed, or less than none. */
	assert_false(rg_rates_of(before, NOW_NS, &snapshot).known);
	assert_false(rg_rates_of(before, NOW_NS + S, &snapshot).known);
	/* Another set: everything begins anew. */
	before[RG_TALLY_DELAY] += 1;
	assert_false(rg_rates_of(before, NOW_NS - S, &snapshot).known);
}

/* ---- printing ---- */

static char *print(bool in_place, bool colour)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	unit_need(out);
	rg_screen_print(&screen, out, in_place, colour);
	unit_need(fclose(out) == 0);
	return text;
}

static void make_two_lines(void)
{
	rg_screen_free(&screen);
	unit_need(rg_screen_init(&screen, 8, 3) == 0);
	rg_screen_put(&screen, RG_LOOK_BAD, "no line yet");
	rg_screen_line(&screen);
	rg_screen_put(&screen, RG_LOOK_PLAIN, "ab");
	rg_screen_put(&screen, RG_LOOK_BAD, "cd");
	rg_screen_line(&screen);
	rg_screen_put(&screen, RG_LOOK_PLAIN, "%s", "0123456789");
}

static void test_print(void **unused)
{
	char *text;

	(void)unused;
	make_two_lines();
	text = print(false, false);
	assert_string_equal(text, "abcd\n01234567\n");
	free(text);
	text = print(false, true);
	assert_string_equal(text, "ab\033[0m\033[1;31mcd\033[0m\n01234567\n");
	free(text);
	text = print(true, false);
	assert_string_equal(text, "\033[Habcd\033[K\r\n01234567\r\n\033[J");
	free(text);
	/* The last line of a terminal is not ended: it would scroll. */
	assert_true(rg_screen_line(&screen));
	assert_false(rg_screen_line(&screen));
	assert_false(rg_screen_line(&screen));
	rg_screen_put(&screen, RG_LOOK_PLAIN, "nowhere");
	assert_int_equal(rg_screen_left(&screen), 0);
	text = print(true, false);
	assert_string_equal(text, "\033[Habcd\033[K\r\n01234567\r\n\033[K");
	free(text);
}

/* Whatever a caller puts, no escape gets through. */
static void test_put_is_safe(void **unused)
{
	char line[16];

	(void)unused;
	rg_screen_free(&screen);
	unit_need(rg_screen_init(&screen, 12, 1) == 0);
	rg_screen_line(&screen);
	rg_screen_put(&screen, RG_LOOK_PLAIN, "a\033b\nc\x80%s", "\177");
	assert_string_equal(rg_screen_text(&screen, 0, line), "a?b?c??");
	rg_screen_column(&screen, 10);
	rg_screen_put(&screen, RG_LOOK_PLAIN, "xyz");
	assert_string_equal(rg_screen_text(&screen, 0, line), "a?b?c??   xy");
	assert_string_equal(rg_screen_text(&screen, 1, line), "");
}

static int show(const char *width, const char *height)
{
	char *text;

	setup(NULL);
	draw((unsigned int)atoi(width), (unsigned int)atoi(height));
	text = print(false, isatty(STDOUT_FILENO));
	fputs(text, stdout);
	free(text);
	teardown(NULL);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_80_by_24),
		TEST(test_40_by_10),
		TEST(test_200_by_60),
		TEST(test_1_by_1),
		TEST(test_any_size),
		TEST(test_room_is_used),
		TEST(test_order_of_clients),
		TEST(test_clients_of_the_flows),
		TEST(test_ipv6),
		TEST(test_nobody),
		TEST(test_4096_clients),
		TEST(test_many_gates),
		TEST(test_no_daemon),
		TEST(test_note),
		TEST(test_grace_that_is_late),
		TEST(test_hostile_names),
		TEST(test_any_bytes),
		TEST(test_rates),
		TEST(test_print),
		TEST(test_put_is_safe),
	};

	if (argc == 4 && strcmp(argv[1], "--show") == 0)
		return show(argv[2], argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
