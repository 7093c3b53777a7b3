#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A program works on the set of another version, which holds somebody: one whose maps are
# laid out otherwise (tests/other-version makes one of this tree).

load common

OTHER=${RG_OTHER:-$repo/build/other/build/reexport-guard}

setup_file() { setup_tiers; }
setup() {
	with new
	fresh
}
teardown_file() {
	with new
	fresh
}

# with old|new: which program is called from here on.
with() {
	case $1 in
	old) RG=$OTHER ;;
	new) RG=$repo/build/reexport-guard ;;
	esac
}

set_version() { json .other_pins_version; }

# armed_by old|new: a closed gate with somebody held, one of them by a wrapper, and with its daemon.
armed_by() {
	with "$1"
	arm_hold --mount $a --release settled --max-hold 1h
	held_try one posix $a/f
	background wrapped runuser -u root -- "$LOCKER" try posix $a/g
	wait_held 2
	wait_for 10 "runuser to have stopped as well" wrapper_is_noted
}
wrapper_is_noted() { [[ $(json '.wrappers | length') == 1 ]]; }

works_on_another_version() {
	run rg status
	[ "$status" -eq 0 ]
	[[ $output == *"another version of reexport-guard is in force"* && $output == *closed* && $output == *locker* ]]
	[ "$(set_version)" != null ]
	[ "$(held_count)" -eq 2 ]
	[ "$(json '.wrappers | length')" -eq 1 ]
	# What would have to change the set says what to do, and changes nothing.
	run rg enable --mount $a
	[ "$status" -eq 1 ]
	[[ $output == *"another version"*"disable"* ]]
	[ "$(held_count)" -eq 2 ]
	# With its daemon killed nobody but this version continues whom the other one holds.
	[ "$1" = with-daemon ] || kill -KILL "$(pid_of daemon)"
	run rg release
	[ "$status" -eq 0 ]
	expect_end one 0 granted
	expect_end wrapped 0 granted
	[ "$(gate_state)" = open ]
	run rg close
	[ "$status" -eq 0 ]
	[ "$(gate_state)" = closed ]
	if [ "$1" = with-daemon ]; then held_try two posix $a/f; fi
	run rg disable
	[ "$status" -eq 0 ]
	[ ! -e $pins ]
	if [ "$1" = with-daemon ]; then
		expect_end two 0 granted
		expect_end daemon 0 "disabled by another process"
	fi
	nobody_stopped
}

@test "status, release, close and disable work on a set of the version before, whose daemon was killed" {
	armed_by old
	with new
	works_on_another_version killed
}

@test "status, release, close and disable work on a set of the next version, whose daemon lives" {
	armed_by new
	with old
	works_on_another_version with-daemon
}

@test "disable continues whom a set of the version before holds, with nobody else there" {
	armed_by old
	kill -KILL "$(pid_of daemon)"
	with new
	run rg disable
	[ "$status" -eq 0 ]
	expect_end one 0 granted
	expect_end wrapped 0 granted
	[ ! -e $pins ]
	nobody_stopped
}
