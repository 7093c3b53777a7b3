#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A program works on the set of another version, which holds somebody, and replaces it: one
# whose maps are laid out otherwise (tests/other-version makes one of this tree).

load common

OTHER=${RG_OTHER:-$repo/build/other/build/reexport-guard}

setup_file() { setup_tiers; }
setup() {
	with new
	fresh
}
teardown() { tidy_cli; }
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
	# What needs programs of its own version says what to do, and changes nothing.
	run rg policy reload
	[ "$status" -eq 1 ]
	[[ $output == *"another version"*"enable"* ]]
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

# bats test_tags=whole
@test "status, release, close and disable work on a set of the next version, whose daemon lives" {
	armed_by new
	with old
	works_on_another_version with-daemon
}

@test "disable continues the processes that a set of the version before holds, without a daemon" {
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

# ---- replaced ----

# A program that asks for a lock all the time, and says what it got: it is held while a daemon is
# alive, and denied otherwise.
ask_always() {
	in_rex rm -f /run/enough
	in_rex touch $a/h # another file: it is to be refused by nobody but the gate
	background asker bash -c "while [ ! -e /run/enough ]; do $LOCKER try posix $a/h; done"
	wait_held 3
}

# the_set_is VERSION: null for that of the program that is asked.
the_set_is() { [[ $(set_version) == "$1" ]]; }

daemon_replaces() {
	background daemon "$RG" run "$@"
	wait_for 120 "the daemon to be ready; it said: $(output_of daemon)" said daemon "ready: pid"
}

# How long the first one is held, in whole seconds.
held_for_seconds() {
	json '[.held[] | select(.file | endswith("/f"))][0].since_seconds | floor'
}

# By the set in force, and nobody was let in.
all_are_held() {
	wait_held 3
	gate_has state=closed release=settled max_hold_seconds=3600
	[ "$(json '.wrappers | length')" -eq 1 ]
	[ "$(json '.mounts[0].path')" = $a ]
	is_state "$(pid_of one)" T
	not said asker granted
	[[ $(output_of one) == "" ]]
}

# replaced_by old|new VERB...: by that program.
replaced_by() {
	local since
	ask_always
	since=$(held_for_seconds)
	with "$1"
	not the_set_is null
	if [[ $2 == run ]]; then
		kill -TERM "$(pid_of daemon)"
		expect_end daemon 0
		daemon_replaces "${@:3}"
		said daemon "set replaced"
	else
		run rg "${@:2}"
		[ "$status" -eq 0 ]
		[[ $output == *"set replaced"* ]]
		# The daemon of the set before ends, to be started anew, as systemd does.
		expect_end daemon 1 "another version"
		daemon_start
	fi
	the_set_is null
	[ ! -e $pins-beside ]
	all_are_held
	# It was not let go and held anew: it has its record, and its parent saw nothing.
	[ "$(held_for_seconds)" -ge "$since" ]
	# Only one set is attached: no door of the other one is left that keeps out or continues.
	[ "$(bpftool -j prog show | jq '[.[] | select(.name == "lock_lsm")] | length')" -eq 1 ]
	in_rex touch /run/enough
	rg release
	expect_end one 0 granted
	expect_end wrapped 0 granted
	expect_end asker 0 granted
	no_record
	nobody_stopped
	rg disable
	[ ! -e $pins ]
}

@test "run replaces the set of the version before: no call gets in, and held processes stay held" {
	armed_by old
	replaced_by new run
}

# bats test_tags=whole
@test "enable replaces the set of the next version, whose daemon lives, in the same way" {
	armed_by new
	replaced_by old enable --mount $a --scope locks --release settled --max-hold 1h
}

lockd_is_done() { [[ $(json '.gates[0].lockd') == grace-over ]]; }

# bats test_tags=whole
@test "what knfsd did is known to the set that replaces: grace, its end, a gate closed by hand" {
	want_grace
	cable cli down # it would be done reclaiming at once
	with old
	arm_hold --mount $a --release grace-end --max-hold 1h
	knfsd_start rex 90 90 3
	wait_gate grace
	held_try one posix $a/f
	kill -TERM "$(pid_of daemon)"
	expect_end daemon 0
	with new
	daemon_replaces
	gate_has state=grace release=grace-end
	[ "$(json '.gates[0].knfsd.state')" = grace ]
	held_is 1
	wait_for 30 "lockd's grace to end" lockd_is_done
	end_grace_by_hand
	expect_end one 0 granted
	[ "$(gate_state)" = open ]
	# The facts of an open gate are carried, too: it is not closed by being replaced.
	kill -TERM "$(pid_of daemon)"
	expect_end daemon 0
	with old
	daemon_replaces
	[ "$(gate_state)" = open ]
	rg close
	held_try two posix $a/f
	kill -TERM "$(pid_of daemon)"
	expect_end daemon 0
	with new
	daemon_replaces
	gate_has state=closed why=closed-by-hand
	rg release
	expect_end two 0 granted
	nobody_stopped
}

# bats test_tags=whole
@test "run killed while it replaces: nobody is lost, nobody gets in, and nothing is left beside" {
	local delay
	armed_by old
	ask_always
	kill -TERM "$(pid_of daemon)"
	expect_end daemon 0
	with new
	for delay in 0.5 1 1.5 2 2.5 3 3.5 4 5; do
		in_rex timeout -s KILL $delay "$RG" run >/dev/null 2>&1 || true
		# Wherever it was cut short, the gate is closed, and knows whom it holds.
		[ "$(gate_state)" = closed ]
		[ "$(held_count)" -ge 2 ]
		not said asker granted
		if the_set_is null; then break; fi
	done
	daemon_replaces
	[ ! -e $pins-beside ]
	all_are_held
	in_rex touch /run/enough
	run rg disable
	[ "$status" -eq 0 ]
	expect_end one 0 granted
	expect_end wrapped 0 granted
	expect_end asker 0 granted
	[ ! -e $pins-beside ]
	nobody_stopped
}
