#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The main job on three machines: the re-export server loses power, or its knfsd
# is restarted. Runs on the host; the only suite that does. tests/measure has
# more rows, and repeats them.

setup_file() {
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	[[ -n ${RG_CLUSTER_UP-} ]] || cluster_up --kernel "${RG_KERNEL:-bookworm}" 3>&-
}

setup() {
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	say() { printf '# %s\n' "$*" >&3; }
	say "== $BATS_TEST_DESCRIPTION" # for tests/failed.awk
}

teardown() { recovery_clean >/dev/null 2>&1 || echo "# could not be put right again" >&3; }
teardown_file() {
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	[[ -n ${RG_CLUSTER_UP-} ]] || cluster_down
}

# recovered: as recovery.
recovered() {
	recovery "$@" && return
	echo "$failure"
	[[ $failure != *"errno 524"* ]] || skip "this kernel gives no locks through a re-export"
	return 1
}

# figures NAME VALUE...: what the recovery came to.
figures() {
	local status=0
	while (($#)); do
		if [[ ${!1} != "$2" ]]; then
			echo "$1 is ${!1}, expected $2"
			status=1
		fi
		shift 2
	done
	return "$status"
}

@test "without the guard: a local application takes all 10 locks, none survives" {
	recovered 10 vers=4.2 Y
	figures held_before 10 survived 0 stolen 10 named_lost 10 write_errors 10
}

@test "grace-start: the local application waits for knfsd, and then takes all 10 locks" {
	recovered 10 vers=4.2 Y --all --release grace-start
	figures held_before 10 survived 0 stolen 10 write_errors 10 gate_why grace-started denied 0
	[ "$held" -ge 1 ]
}

# Who comes first when grace ends, the end client or the local application, is
# left open.
@test "grace-end: the local application waits for the end of grace; no lock is both's" {
	recovered 10 vers=4.2 Y --all --release grace-end
	figures held_before 10 gate_why grace-ended denied 0 write_errors "$stolen"
	[ $((survived + stolen)) -eq 10 ]
	[ "$held" -ge 1 ]
}

@test "settled: 10 of 10 survive, the local application waits its turn" {
	recovered 10 vers=4.2 Y --all --release settled
	figures held_before 10 survived 10 stolen 0 named_lost 0 write_errors 0 own_turn 10 \
		gate_why settled denied 0
	[ "$held" -ge 1 ]
	run on rex cat /run/thief.out
	[[ $output != *errno* ]]
}

@test "settled, recover_lost_locks=N: none is stolen, and the end client knows that it lost all 10" {
	recovered 10 vers=4.2 N --all --release settled
	figures held_before 10 survived 0 stolen 0 named_lost 10 write_errors 10 own_turn 10 denied 0
}

@test "settled, NFSv4.0: 10 of 10 survive" {
	recovered 10 vers=4.0 Y --all --release settled
	figures held_before 10 survived 10 stolen 0 write_errors 0 own_turn 10 denied 0
}

@test "settled, NFSv3: 10 of 10 survive" {
	recovered 10 vers=3 Y --all --release settled
	figures held_before 10 survived 10 stolen 0 write_errors 0 own_turn 10 denied 0
}

@test "settled, knfsd restarted without a power cut: 10 of 10 survive" {
	recovered --event restart 10 vers=4.2 Y --all --release settled
	figures held_before 10 survived 10 stolen 0 named_lost 0 write_errors 0 own_turn 10 \
		gate_why settled denied 0
}

@test "knfsd that does not start: the local application is held until max-hold" {
	recovered --event late 10 vers=4.2 Y --all --release settled --max-hold 20
	figures held_before 10 survived 0 stolen 10 gate_why timed-out denied 0
	[ "$held" -ge 1 ]
	[ "${gate_seconds%.*}" -eq 20 ]
}
