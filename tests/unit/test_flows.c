// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tracing programs counted, as it is read: sums over CPUs, the order of
 * notes, maps that are empty or fail. The maps are played by this file: libbpf's
 * calls are defined here.
 */
#include "unit.h"

#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins/flows.h"
#include "base/read_map.h"

#define CPUS 3

static struct {
	struct rg_client_key keys[RG_MAX_FLOW_CLIENTS];
	struct rg_flow_client clients[RG_MAX_FLOW_CLIENTS];
	__u32 n_clients;
	struct rg_flow_totals totals[CPUS];
	struct rg_flow_storm storms[RG_MAX_GATES];
	struct rg_flow_note notes[RG_LAST_DOWNGRADES];
	int cpus;
	int err; /* of every call; positive errno */
} kernel;

int libbpf_num_possible_cpus(void)
{
	return kernel.cpus;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	__u32 i = *(const __u32 *)key;

	if (kernel.err) {
		errno = kernel.err;
		return -1;
	}
	if (fd == RG_MAP_FLOW_TOTALS) {
		assert_int_equal(i, 0);
		memcpy(value, kernel.totals, (size_t)kernel.cpus * sizeof(*kernel.totals));
		return 0;
	}
	if (fd == RG_MAP_FLOW_STORMS) {
		memcpy(value, &kernel.storms[i], sizeof(*kernel.storms));
		return 0;
	}
	assert_true(i < (fd == RG_MAP_FLOW_SLOWEST ? RG_SLOWEST : RG_LAST_DOWNGRADES));
	memcpy(value, &kernel.notes[i], sizeof(*kernel.notes));
	return 0;
}

int __wrap_rg_read_map(int fd, void *keys, size_t key_size, void *values, size_t value_size,
		       __u32 *n)
{
	assert_int_equal(fd, RG_MAP_FLOW_CLIENTS);
	if (kernel.err)
		return -kernel.err;
	assert_true(*n >= kernel.n_clients);
	memcpy(keys, kernel.keys, kernel.n_clients * key_size);
	memcpy(values, kernel.clients, kernel.n_clients * value_size);
	*n = kernel.n_clients;
	return 0;
}

static struct rg_pins pins;

static int setup(void **unused)
{
	(void)unused;
	memset(&kernel, 0, sizeof(kernel));
	kernel.cpus = CPUS;
	for (int i = 0; i < RG_NR_MAPS; i++)
		pins.map_fd[i] = i;
	return 0;
}

static void test_clients(void **unused)
{
	static const __u32 numbers[] = {0, 1, 17, RG_MAX_FLOW_CLIENTS};
	struct rg_flow_clients list;

	(void)unused;
	for (__u32 i = 0; i < RG_MAX_FLOW_CLIENTS; i++) {
		kernel.keys[i].name_hash = i;
		kernel.clients[i].last_ns = 2ULL * i;
	}
	for (size_t k = 0; k < UNIT_COUNT(numbers); k++) {
		kernel.n_clients = numbers[k];
		assert_int_equal(rg_flow_clients_read(&pins, &list), 0);
		assert_int_equal(list.n, numbers[k]);
		for (__u32 i = 0; i < list.n; i++) {
			assert_int_equal(list.keys[i].name_hash, i);
			assert_int_equal(list.clients[i].last_ns, 2 * i);
		}
		rg_flow_clients_free(&list);
		assert_null(list.keys);
	}
}

static void test_totals(void **unused)
{
	struct rg_flow_totals sum;

	(void)unused;
	for (__u64 i = 0; i < CPUS; i++) {
		kernel.totals[i].records[0] = 1;
		kernel.totals[i].tally[RG_TALLY_GRACE] = 10 * i;
		kernel.totals[i].latency[RG_NR_TIMED - 1][RG_LATENCY_BUCKETS - 1] = 100 + i;
		kernel.totals[i].lost = 1ULL << (20 + i);
	}
	assert_int_equal(rg_flow_totals_read(&pins, &sum), 0);
	assert_int_equal(sum.records[0], CPUS);
	assert_int_equal(sum.tally[RG_TALLY_GRACE], 30);
	assert_int_equal(sum.latency[RG_NR_TIMED - 1][RG_LATENCY_BUCKETS - 1], 303);
	assert_int_equal(sum.lost, 7ULL << 20);
	assert_int_equal(sum.failed, 0);
	kernel.cpus = 1;
	assert_int_equal(rg_flow_totals_read(&pins, &sum), 0);
	assert_int_equal(sum.lost, 1ULL << 20);
}

static void test_storm(void **unused)
{
	struct rg_flow_storm storm;

	(void)unused;
	kernel.storms[5].expected = 7;
	assert_int_equal(rg_flow_storm_read(&pins, 5, &storm), 0);
	assert_int_equal(storm.expected, 7);
	assert_int_equal(rg_flow_storm_read(&pins, 6, &storm), 0);
	assert_int_equal(storm.expected, 0);
}

/* Only those that were written; the rest of the places is left alone. */
static void test_notes(void **unused)
{
	struct rg_flow_note notes[RG_LAST_DOWNGRADES];

	(void)unused;
	assert_int_equal(rg_flow_slowest_read(&pins, notes), 0);
	assert_int_equal(rg_flow_downgrades_read(&pins, notes), 0);
	for (__u32 i = 1; i < RG_SLOWEST; i += 2) {
		kernel.notes[i].time_ns = 1000 + i;
		kernel.notes[i].duration_ns = (i * 5) % 8;
	}
	assert_int_equal(rg_flow_slowest_read(&pins, notes), RG_SLOWEST / 2);
	for (int i = 1; i < RG_SLOWEST / 2; i++)
		assert_true(notes[i - 1].duration_ns >= notes[i].duration_ns);
	assert_int_equal(rg_flow_downgrades_read(&pins, notes), RG_SLOWEST / 2);
	for (int i = 1; i < RG_SLOWEST / 2; i++)
		assert_true(notes[i - 1].time_ns > notes[i].time_ns);
}

static void test_failures(void **unused)
{
	struct rg_flow_note notes[RG_LAST_DOWNGRADES];
	struct rg_flow_clients list;
	struct rg_flow_totals sum;
	struct rg_flow_storm storm;

	(void)unused;
	kernel.err = EPERM;
	assert_int_equal(rg_flow_clients_read(&pins, &list), -EPERM);
	assert_null(list.clients);
	assert_int_equal(list.n, 0);
	assert_int_equal(rg_flow_totals_read(&pins, &sum), -EPERM);
	assert_int_equal(rg_flow_storm_read(&pins, 1, &storm), -EPERM);
	assert_int_equal(rg_flow_slowest_read(&pins, notes), -EPERM);
	assert_int_equal(rg_flow_downgrades_read(&pins, notes), -EPERM);
	kernel.cpus = -ENOMEM;
	assert_int_equal(rg_flow_totals_read(&pins, &sum), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_clients, setup),
		cmocka_unit_test_setup(test_totals, setup),
		cmocka_unit_test_setup(test_storm, setup),
		cmocka_unit_test_setup(test_notes, setup),
		cmocka_unit_test_setup(test_failures, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
