#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Release settled, which goes by the ledger: the gate opens when every end client that was
# refused a reclaim has its locks again, or is gone, or has had its time.

load common
load settled

# ---- settled by the ledger ----

@test "settled: opens when the end client that was refused has its 20 locks again" {
	need_locks || return 0
	guard_20
	restart thief
	nudge
	wait_gate open 120
	look
	saw_gate why settled
	saw_gate refused 1
	saw_gate awaited 0
	saw_client state settled
	saw_client expected 20
	[ "$(in_look "/gates/0/clients/0/refusals")" -ge 1 ]
	[ "$(in_look /counters/held)" -ge 1 ]
	locks_are 20
	lost_none app
	thief_comes_after app
	[ "$(counter 'released.settled')" -eq 1 ]
}

# bats test_tags=whole
@test "settled: a refusal that the ledger's own program was not run for is waited for all the same" {
	need_locks || return 0
	guard_20
	# As if it were skipped each time. So it is not seen that the locks are taken again. A daemon
	# would put the link back, so it is done without one.
	kill -KILL "$(pid_of daemon)"
	replace_link link_lock_done
	daemon_again "${never[@]}"
	restart thief
	nudge
	wait_gate settling 60
	look
	saw_gate why awaited
	saw_gate refused 1
	saw_client state awaited
	saw_client refusals 0
	wait_for 60 "the locks to be there again" kernel_has 20
	[ "$(gate_state)" = settling ]
	rg release
	wait_gate open
	lost_none app
	thief_comes_after app
}

@test "settled: after a reboot, by the ledger on disk" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	take20
	on_disk 20
	restart reboot
	nudge
	wait_gate open 120
	look
	saw_gate why settled
	saw_client seen true
	saw_client state settled
	saw_client expected 20
	locks_are 20
	lost_none app
	thief_comes_after app
}
# Neither programs nor a daemon, then both anew.
reboot() {
	nothing_is_left
	guard "${never[@]}"
	look
	saw_client seen false
	saw_client state known
	saw_client expected 20
	saw_client locks 0
	saw_client clientid null
	saw_client address 10.77.2.2
	rg status -v | grep 'known .*10.77.2.2 Linux NFSv4.2 cli: not back yet, 20 locks before$'
	thief
}

# bats test_tags=whole
@test "settled: knfsd restarts while an end client is awaited: 20 are expected; no daemon" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	take20
	on_disk 20
	# While lockd is in grace the end client cannot take its locks again.
	restart "" 90
	nudge
	awaited_are 1
	look
	saw_client state awaited
	saw_client expected 20
	saw_client locks 0
	restart daemon_dies
	nudge
	wait_gate open 120
	look
	saw_gate why settled
	saw_client state settled
	saw_client expected 20
	saw /daemon/alive false
	locks_are 20
	lost_none app
}
# Hold acts as deny then; the ledger is the kernel's.
daemon_dies() {
	look
	saw_client expected 20
	disk_is 20
	kill -KILL "$(pid_of daemon)"
	wait_for 20 "the heartbeat to be stale" json_is .daemon.alive false
	run try posix "$a/db"
	[ "$output" = EAGAIN ]
	[ "$(counter denied.no_daemon)" -eq 1 ]
}

@test "settled: two end clients, one has its locks again, one is awaited: closed, until it is expired" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	cli2_mount
	take20
	take20 cli2 app2 db2
	wait_for 30 "both in nfsdcld's database" two_known
	restart "" 90
	nudge cli2
	nudge
	awaited_are 2
	cable cli2 down
	end_graces_by_hand
	awaited_are 1
	[ "$(gate_state)" = settling ]
	look
	find_client "Linux NFSv4.2 cli"
	saw_client state settled
	saw_client locks 20
	find_client "Linux NFSv4.2 cli2"
	saw_client state awaited
	saw_client locks 0
	saw_client expected 20
	rg status -v | tee "$work/status.out"
	grep '^  clients  2 refused a reclaim, 1 awaited$' "$work/status.out"
	grep '^  awaited  10.77.3.2 Linux NFSv4.2 cli2: 0 of 20 locks taken again$' "$work/status.out"
	grep '^  settled  10.77.2.2 Linux NFSv4.2 cli: 20 of 20 locks taken again$' "$work/status.out"
	thief
	# knfsd keeps a client that has files open when its lease is over.
	expire cli2
	wait_gate open
	look
	saw_gate why settled
	saw_gate awaited 0
	saw_client state gone
	saw_client locks 0
	thief_comes_after app
}
two_known() { (($(knfsd_clients rex) == 2)); }

# ---- the ledger is a hint ----

# bats test_tags=whole
@test "the ledger says 30, 20 are taken again: quiet for settle-quiet is enough" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	take20
	on_disk 20
	restart says_30
	nudge
	wait_gate open 120
	look
	saw_gate why settled
	saw_client state quiet
	saw_client expected 30
	saw_client locks 20
	lost_none app
}
says_30() {
	nothing_is_left
	sed -i 's/"locks": *20/"locks": 30/' $state/ledger.json
	disk_is 30
	guard --settle-timeout 1h --settle-quiet 3s
}

# bats test_tags=whole
@test "the ledger says 30, and the end client is expired for another's sake: gone" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	take20
	on_disk 20
	restart says_30_and_waits
	nudge
	wait_gate settling 60
	locks_are 20
	cable cli down
	cli2_mount
	app cli2 other "$LOCKER" try posixw /mnt/a/db
	wait_said other granted 180
	wait_gate open
	look
	saw_gate why settled
	find_client "Linux NFSv4.2 cli"
	saw_client state gone
	saw_client locks 0
}
says_30_and_waits() {
	nothing_is_left
	sed -i 's/"locks": *20/"locks": 30/' $state/ledger.json
	guard "${never[@]}"
}

# bats test_tags=whole
@test "a ledger that is garbage is warned of, and the quiet end client has settled" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	take20
	on_disk 20
	restart garbage
	nudge
	wait_gate open 120
	look
	saw_gate why settled
	saw_client state quiet
	saw_client expected null
	saw_client locks 20
	lost_none app
	on_disk 20
}
garbage() {
	nothing_is_left
	echo '{"version": 1, "clients": 20}' >$state/ledger.json
	guard --settle-timeout 1h --settle-quiet 3s
	output_of daemon | grep "$state/ledger.json: no list \"clients\""
	[ "$(json '.gates[0].clients | length')" = 0 ]
}

# ---- who does not come back for its locks ----

# bats test_tags=whole
@test "without recover_lost_locks: opens after settle-timeout, knfsd's lease by default" {
	need_locks || return 0
	guard --settle-quiet 10m
	serve
	take20
	locks_are 20
	restart thief
	nudge
	wait_gate settling 60
	look
	saw_gate why awaited
	saw_gate settle_timeout_seconds 15
	saw_client state awaited
	saw_client expected 20
	saw_client locks 0
	# How long it settles, whenever that was looked at.
	jq -e '.gates[0] | .since_seconds + .changes_in_seconds | . > 14.9 and . < 15.1' \
		"$work/status.json"
	expect_end thief 0 granted 60
	look
	saw_gate state open
	saw_gate why settle-timeout
	saw_gate awaited 1
	saw_client state awaited
	rg status -v | grep '^  awaited  10.77.2.2 Linux NFSv4.2 cli: 0 of 20 locks taken again$'
	# Another knfsd, and a settle-timeout that is given. Nothing is left to reclaim
	# but the lock of somebody new.
	end_app app
	take20 cli app2 db2
	rg enable --mount "$a" --release settled --settle-timeout 4s --state-dir $state
	restart
	nudge
	wait_gate open 60
	look
	saw_gate why settle-timeout
	saw_gate settle_timeout_seconds 4
	saw_gate refused 1
}

@test "an end client that unmounts is awaited no longer" {
	need_locks || return 0
	guard "${never[@]}"
	serve
	take20
	restart
	nudge
	wait_gate settling 60
	end_app app
	wait_for 60 "the end client to unmount" cli_umount
	wait_gate open
	look
	saw_gate why settled
	saw_client state gone
	saw_client expected null
}

@test "nobody refused: opens at once when grace ends" {
	need_locks || return 0
	guard "${never[@]}"
	serve
	ranges cli one db
	order one "lock 0 1"
	order one "unlock 0 1"
	restart thief
	nudge
	expect_end thief 0 granted 60
	look
	saw_gate state open
	saw_gate why nobody-refused
	saw_gate refused 0
	saw_gate knfsd/state grace-over
}
