#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The main job on three machines: the re-export server loses power. Runs on the
# host; the only suite that does.

setup_file() {
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	[[ -n ${RG_CLUSTER_UP-} ]] || cluster_up --kernel "${RG_KERNEL:-bookworm}" 3>&-
}

setup() {
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	say() { printf '# %s\n' "$*" >&3; }
}

teardown() { recovery_clean >/dev/null 2>&1 || true; }
teardown_file() {
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	[[ -n ${RG_CLUSTER_UP-} ]] || cluster_down
}

@test "without the guard: a local application takes all 10 locks, none survives" {
	recovery 10 vers=4.2 Y
	[ "$held_before" -eq 10 ]
	[ "$stolen" -eq 10 ]
	[ "$survived" -eq 0 ]
	[ "$write_errors" -eq 10 ]
}

@test "with the guard, release settled: 10 of 10 survive, the local application waits its turn" {
	recovery 10 vers=4.2 Y --all --release settled
	[ "$held_before" -eq 10 ]
	[ "$stolen" -eq 0 ]
	[ "$survived" -eq 10 ]
	[ "$write_errors" -eq 0 ]
	[ "$own_turn" -eq 10 ]
	run on rex "$RG" status --json
	[ "$(jq -r '.gates[0].why' <<<"$output")" = settled ]
	[ "$(jq -r '.counters.held' <<<"$output")" -ge 1 ]
	[ "$(jq -r '.counters.denied.total' <<<"$output")" -eq 0 ]
	run on rex cat /run/thief.out
	[[ $output != *errno* ]]
}
