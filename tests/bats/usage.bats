#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What the command line alone decides: help, and options that are refused before anything is
# read or touched. It needs no machine, and runs on the host that tests. An ordinary user is root of
# a user namespace there: some options are looked at after the program knows that it may go on.

RG=${RG:-$BATS_TEST_DIRNAME/../../build/reexport-guard}
pins=/sys/fs/bpf/reexport-guard

as_root=()
((EUID == 0)) || as_root=(unshare --user --map-root-user)

setup() { before=$(what_is_there); }
teardown() { [ "$(what_is_there)" = "$before" ]; }

# What a verb would leave behind: pins, recordings, state.
what_is_there() { ls -Ad $pins{,-beside} /run/x /var/lib/reexport-guard/* 2>/dev/null || true; }

# refused VERB... with each of the options: status 2 and one line.
refused() {
	local bad
	for bad in "${@:2}"; do
		# shellcheck disable=SC2086 # words
		run "${as_root[@]}" "$RG" $1 $bad
		echo "$1 $bad: $status: $output"
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
}

@test "every verb has --help with an example; --version; no such verb" {
	for verb in enable disable status release close wait setup rehearse run demo trace top metrics \
		"policy check" "policy show" "policy reload" report check; do
		# shellcheck disable=SC2086 # words
		run "$RG" $verb --help
		echo "$verb: $output"
		[ "$status" -eq 0 ]
		[[ $output == *"Example: reexport-guard $verb"* ]]
	done
	run "$RG" --version
	[ "$status" -eq 0 ]
	[[ $output == reexport-guard\ * ]]
	run "$RG"
	[ "$status" -eq 2 ]
	run "$RG" enabl
	[ "$status" -eq 2 ]
	[[ $output == *"enabl: no such verb; did you mean \`enable\`?"* ]]
	run "$RG" enable --relese settled
	[ "$status" -eq 2 ]
	[[ $output == *"did you mean --release?"* ]]
	run "$RG" help policy show
	[ "$status" -eq 0 ]
	[[ $output == *"Example: reexport-guard policy show"* ]]
	run "$RG" policy --help
	[ "$status" -eq 0 ]
	[[ $output == *"policy reload"* && $output != *"enable"* ]]
}

@test "bad options of enable: one line, status 2, nothing touched" {
	refused enable "--all --mount /srv/a" "--all --exports" "--al" "--action no --all" \
		"--release no --all" "--scope no --all" "--max-hold 0 --all" "--max-hold 25h --all" \
		"--max-hold x --all" "--release grace-end --settle-timeout 5 --all" \
		"--release settled --settle-timeout 2h --all" "--settle-time 5 --all" \
		"--mount" "--mount relative" "--except relative" "--exempt relative" \
		"--state-dir relative" "--metrics-dir relative" "--all stray" "--json --all"
}

@test "bad options of trace, top, metrics and report: one line, status 2, nothing touched" {
	refused trace "--garbage" "stray" "--op NOTHING" "--op" "--side left" "--client 10.0.0.0/33" \
		"--count 0" "--count x" "--duration 0" "--record-size 1 --record /run/x" \
		"--record-size 64M" "--record-keep 2" "--record-keep 0 --record /run/x" "--json=yes" \
		"--jso" "--record="
	refused top "--garbage" "stray" "--interval 0" "--interval 2h" "--once=1" "--json"
	refused metrics "--garbage" "stray" "--format" "--format xml" "--format json"
	refused report "--state-dir relative" "--state-dir /run /dev/null" "--garbage /dev/null" \
		"--json --html /dev/null"
}
