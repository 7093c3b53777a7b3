#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The gate: what it keeps out and what it leaves alone, when it opens, and
# that knfsd's life alone moves it.

load common
untraced_gate=yes

setup_file() { setup_tiers; }
setup() { fresh; }
teardown() { tidy_cli; }
teardown_file() { fresh; cli_umount; }

kinds=(posix posixw ofd ofdw flock flocknb rdlease)

# ---- what is kept out ----

@test "baseline: without the guard every kind of lock is granted" {
	for kind in "${kinds[@]}"; do
		run try "$kind" $a/f
		[ "$output" = granted ]
	done
}

@test "hold: every kind waits in its call, and is granted when knfsd's grace starts" {
	want_grace
	cable cli down # it would be done reclaiming at once
	arm_hold --mount $a
	for kind in "${kinds[@]}"; do
		in_rex touch "$a/f.$kind"
		held_try "$kind" "$kind" "$a/f.$kind"
	done
	[ "$(gate_state)" = closed ]
	[ "$(json '.held[0].comm')" = locker ]
	[ "$(json '.held[0].what')" = lock ]
	[ "$(json '[.held[].file] | sort | .[0]')" = $a/f.flock ]
	knfsd_start rex 90 90 3
	for kind in "${kinds[@]}"; do
		expect_end "$kind" 0 granted
	done
	[ "$(json '.gates[0].why')" = grace-started ]
	[ "$(json '.gates[0].knfsd.state')" = grace ]
	[ "$(counter held)" -eq 7 ]
	[ "$(counter 'released["grace-started"]')" -eq 7 ]
	[ "$(counter helper_failures.total)" -eq 0 ]
	held_is 0
	rg disable
	run try posix $a/f
	[ "$output" = granted ]
}

# bats test_tags=whole
@test "deny: EAGAIN for calls that do not wait, ENOLCK for calls that do" {
	arm --mount $a --action deny
	for kind in posix ofd flocknb rdlease; do
		run try "$kind" $a/f
		[ "$status" -eq 10 ]
		[ "$output" = EAGAIN ]
	done
	for kind in posixw ofdw flock; do
		run try "$kind" $a/f
		[ "$status" -eq 10 ]
		[ "$output" = ENOLCK ]
	done
	[ "$(counter denied.policy)" -eq 7 ]
	rg release
	for kind in "${kinds[@]}"; do
		run try "$kind" $a/f
		[ "$output" = granted ]
	done
}

# bats test_tags=whole
@test "audit: everybody passes and is counted" {
	arm --mount $a --action audit
	[ "$(counter audited)" -eq 0 ]
	for kind in "${kinds[@]}"; do
		run try "$kind" $a/f
		[ "$output" = granted ]
	done
	[ "$(counter audited)" -eq 7 ]
	[ "$(counter denied.total)" -eq 0 ]
}

polling='import fcntl, sys
f = open(sys.argv[1], "r+")
for i in range(int(sys.argv[2])):
    try:
        fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pass'
tracers_are() { [[ $(json .tracing.tracers) == "$1" ]]; }
told() { grep -c DENIED "$work/trace.out" || true; }
all_told() { (($(told) + $(counter untold) == $1)); }

@test "rehearse: over a restart of knfsd everybody passes and is told; also when killed the gate is as before" {
	arm_hold --mount $a
	run rg rehearse
	[ "$status" -eq 2 ]
	[[ $output == *"say --yes"* ]]
	# A recovery is under way: whoever is held stays held.
	run rg rehearse --yes
	[ "$status" -eq 1 ]
	[[ $output == *"its gate is not open"* ]]
	want_skip
	knfsd_start rex 10 10 3
	wait_gate open
	background rehearsal "$RG" rehearse --yes --timeout 5min
	wait_said rehearsal "restart knfsd now"
	[ "$(json '.gates[0].rehearsed')" = true ]
	[[ $(json .verdict.text) == "NOT protected: a rehearsal lets "* ]]
	knfsd_stop rex
	[ "$(gate_state)" = closed ]
	[ "$(try posix $a/f)" = granted ]
	[ "$(json .counters.held)" = 0 ]
	knfsd_start rex 10 10 3
	expect_end rehearsal 0 "local programs that would have been kept out: 1" 60
	said rehearsal "locker \([0-9]+\): lock of .*, would have waited [0-9.]+ s\$"
	said rehearsal "The gate is as it was before the rehearsal"
	[ "$(json '.gates[0].rehearsed')" = false ]
	# Killed: the kernel ends it.
	background rehearsal "$RG" rehearse --yes
	wait_said rehearsal "restart knfsd now"
	kill -KILL "$(pid_of rehearsal)"
	wait_for 30 "the kernel to end the rehearsal" not_rehearsed
	knfsd_stop rex
	[ "$(json '.gates[0].action')" = hold ]
	held_try one posix $a/f
	rg release
	expect_end one 0 granted
}
not_rehearsed() { [[ $(json '.gates[0].rehearsed') == false ]]; }

@test "a process that polls a gate that denies: tracers are told of some, and the others are counted" {
	arm --mount $a --action deny
	background trace "$RG" trace --json --op DENIED
	wait_for 30 "the tracer" tracers_are 1
	in_rex python3 -c "$polling" $a/f 1000
	counters_are denied.policy=1000
	wait_for 20 "what is told" all_told 1000
	[ "$(told)" -ge 64 ]
	[ "$(told)" -lt 500 ]
	# Another process has a bucket of its own.
	before=$(told)
	run try posix $a/f
	[ "$output" = EAGAIN ]
	wait_for 20 "the other one to be told" all_told 1001
	[ "$(told)" -eq $((before + 1)) ]
}

# ---- what is left alone ----

@test "unlocking works while the gate is closed, for all kinds" {
	unlockable=(posix ofd flocknb rdlease)
	arm --mount $a --action deny
	rg release
	for kind in "${unlockable[@]}"; do
		in_rex touch "$a/u.$kind"
		talk "$kind" "$LOCKER" unlock "$kind" "$a/u.$kind"
		wait_said "$kind" ^locked
	done
	rg close
	for kind in "${unlockable[@]}"; do
		# For a lease it opens for reading, which does not break one.
		run try "$kind" "$a/u.$kind"
		[ "$output" = EAGAIN ]
		tell "$kind"
		expect_end "$kind" 0 unlocked
	done
	[ "$(counter denied.policy)" -eq 4 ]
}

@test "F_GETLK is not touched" {
	arm --mount $a --action deny
	run try getlk $a/f
	[ "$output" = granted ]
	[ "$(counter denied.total)" -eq 0 ]
}

@test "other file systems, and NFS mounts that are not guarded, are not touched" {
	arm --mount $a --action deny
	for kind in "${kinds[@]}"; do
		run try "$kind" $other/f
		[ "$output" = granted ]
		run try "$kind" /run/f
		[ "$output" = granted ]
	done
	run try posix $a/f
	[ "$output" = EAGAIN ]
	[ "$(counter denied.total)" -eq 1 ]
}

@test "knfsd and its delegations pass a closed gate" {
	knfsd_forget_clients rex
	knfsd_start rex 10 10 3
	untraced_gate='' arm --mount $a --action deny
	[ "$(gate_state)" = open ]
	cli_mount
	rg close
	run tier cli "$LOCKER" try rdlease /mnt/a/f
	[ "$status" -ne 1 ]
	wait_answered nfs4
	run try posix $a/f
	[ "$output" = EAGAIN ]
	[ "$(counter denied.total)" -eq 1 ]
	cli_umount
}

@test "lockd passes a closed gate" {
	knfsd_forget_clients rex
	knfsd_start rex 10 10 3
	untraced_gate='' arm --mount $a --action deny
	cli_mount vers=3
	rg close
	wait_answered nlm
	run try posix $a/f
	[ "$output" = EAGAIN ]
	[ "$(counter denied.total)" -eq 1 ]
	cli_umount
}

# ---- when it opens ----

@test "grace-end: kept out in grace, let in when grace ends by time" {
	want_grace
	cable cli down
	arm_hold --mount $a --release grace-end
	held_try one posix $a/f
	knfsd_start rex 10 10 3
	[ "$(gate_state)" = grace ]
	[ "$(json '.gates[0].why')" = knfsd-grace ]
	held_is 1
	expect_end one 0 granted 40
	[ "$(json '.gates[0].why')" = grace-ended ]
	[ "$(json '.gates[0].knfsd.state')" = grace-over ]
}

# bats test_tags=whole
@test "grace-end: grace that ends because all clients are done opens the gate" {
	want_grace
	arm_hold --mount $a --release grace-end
	held_try one posix $a/f
	knfsd_start rex 90 90 3
	# The end client reclaims as soon as it speaks to the server again.
	tier cli bash -c 'for i in 1 2 3; do timeout 20 stat /mnt/a/.known; done' >/dev/null
	expect_end one 0 granted 60
	[ "$(json '.gates[0].why')" = grace-ended ]
	dmesg | tail -n 20 | grep -q 'all clients done reclaiming'
}

# bats test_tags=whole
@test "grace-end: v4_end_grace opens the gate" {
	want_grace
	cable cli down
	arm_hold --mount $a --release grace-end
	held_try one posix $a/f
	knfsd_start rex 90 90 3
	wait_for 20 "lockd's grace to end" json_is '.gates[0].lockd' grace-over
	[ "$(gate_state)" = grace ]
	held_is 1
	end_grace_by_hand
	expect_end one 0 granted
}
json_is() { [[ $(json "$1") == "$2" ]]; }

# bats test_tags=whole
@test "a skipped grace period opens the gate, whatever the release point" {
	for release in grace-start grace-end settled; do
		want_skip
		arm_hold --mount $a --release $release
		held_try one posix $a/f
		knfsd_start rex 10 10 3
		expect_end one 0 granted
		[ "$(json '.gates[0].knfsd.state')" = grace-skipped ]
		fresh
	done
}

# bats test_tags=whole
@test "lockd's grace period, started by an NFSv3 mount, does not open the gate" {
	[ "$(in_rex cat /proc/fs/nfsd/threads)" -eq 0 ]
	arm_hold --mount $a
	[ "$(json '.gates[0].lockd')" = none ]
	held_try one posix $a/f
	in_rex mkdir -p /srv/v3
	in_rex mount -t nfs -o vers=3 origin:/export/b /srv/v3
	[ "$(json '.gates[0].lockd')" = grace ]
	[ "$(gate_state)" = closed ]
	wait_for 40 "lockd's grace to end" json_is '.gates[0].lockd' grace-over
	[ "$(gate_state)" = closed ]
	held_is 1
	in_rex umount /srv/v3
	[ "$(gate_state)" = closed ]
	held_is 1
	rg release
	expect_end one 0 granted
}

# bats test_tags=whole
@test "grace-end: lockd's grace keeps the gate closed when knfsd's is over" {
	want_skip
	arm_hold --mount $a --release grace-end
	held_try one posix $a/f
	knfsd_start rex 10 10 10
	[ "$(gate_state)" = grace ]
	[ "$(json '.gates[0].why')" = lockd-grace ]
	held_is 1
	expect_end one 0 granted 60
}

@test "knfsd's shutdown closes the gate again" {
	want_skip
	knfsd_start rex 10 10 3
	arm_hold --mount $a
	[ "$(gate_state)" = open ]
	[ "$(json '.gates[0].why')" = knfsd-was-running ]
	run try posix $a/f
	[ "$output" = granted ]
	knfsd_stop rex
	[ "$(gate_state)" = closed ]
	held_try one posix $a/f
	knfsd_start rex 10 10 3
	expect_end one 0 granted
	[ "$(json '.gates[0].knfsd.generation')" -eq 1 ]
	knfsd_stop rex
	[ "$(gate_state)" = closed ]
}

# bats test_tags=whole
@test "enabled while knfsd is in grace: the gate is in grace, and follows it" {
	want_grace
	cable cli down
	knfsd_start rex 90 90 3
	arm_hold --mount $a --release grace-end
	[ "$(gate_state)" = grace ]
	[ "$(json '.gates[0].why')" = knfsd-grace ]
	held_try one posix $a/f
	end_grace_by_hand
	expect_end one 0 granted
}

@test "the gate opens and closes with no daemon running" {
	want_grace
	arm --mount $a --action deny
	run try posix $a/f
	[ "$output" = EAGAIN ]
	knfsd_start rex
	run try posix $a/f
	[ "$output" = granted ]
	knfsd_stop rex
	run try posix $a/f
	[ "$output" = EAGAIN ]
}

# bats test_tags=whole
@test "max-hold opens without a daemon, and status says that it timed out" {
	arm --mount $a --action deny --max-hold 8s
	run try posix $a/f
	[ "$output" = EAGAIN ]
	wait_for 20 "max-hold" try posix $a/f
	[ "$(json '.gates[0].why')" = timed-out ]
	rg status -v | grep -q 'open (timed out)'
}

# bats test_tags=whole
@test "max-hold continues the held, and counts it" {
	arm_hold --mount $a --max-hold 20s
	held_try one posix $a/f
	expect_end one 0 granted
	[ "$(counter timed_out)" -eq 1 ]
	output_of daemon | grep -q 'timed out'
}

# ---- whose gate ----

@test "state is per network namespace" {
	knfsd_start rex 10 10 3
	cli_mount
	knfsd_stop rex
	arm --mount $a --action deny
	# knfsd of another namespace starts: not this gate's.
	knfsd_stop origin
	knfsd_start origin 10 10 3
	[ "$(gate_state)" = closed ]
	# A second gate, of the end client's namespace.
	tier cli "$RG" enable --all --scope locks --action deny
	[ "$(json '.gates | length')" -eq 2 ]
	tier cli "$RG" release
	[ "$(json '[.gates[].state] | sort | join(",")')" = closed,open ]
	run try posix $a/f
	[ "$output" = EAGAIN ]
	knfsd_forget_clients rex
	knfsd_start rex 10 10 3
	run try posix $a/f
	[ "$output" = granted ]
	tier cli "$RG" close
	run tier cli timeout 30 "$LOCKER" try posix /mnt/a/f
	[ "$output" = EAGAIN ]
	run try posix $a/f
	[ "$output" = granted ]
	rg disable
	cli_umount
}

# bats test_tags=whole
@test "--netns names the gate by path and by number" {
	arm --mount $a --action deny
	inum=$(in_rex stat -Lc %i /proc/self/ns/net)
	"$RG" release --netns "$inum"
	[ "$(gate_state)" = open ]
	"$RG" close --netns /run/tiers/rex.net
	[ "$(gate_state)" = closed ]
	run "$RG" release --netns nobody
	[ "$status" -eq 1 ]
	run "$RG" release
	[ "$status" -eq 1 ]
	[[ $output == *"has no gate"* ]]
}

# ---- the held ----

# bats test_tags=whole
@test "a held process that is continued early is held again" {
	arm_hold --mount $a
	held_try one posix $a/f
	somebody_continues "$(json '.held[0].pid')"
	wait_for 10 "held again" again
	held_is 1
	[ "$(counter held)" -eq 1 ]
	rg release
	expect_end one 0 granted
}
again() { (($(counter held_again) >= 1)); }

@test "no daemon, and a held process is continued by hand: it is denied, and no entry stays" {
	arm_hold --mount $a
	held_try one posix $a/f
	kill -KILL "$(cat "$work/daemon.pid")"
	wait_for 20 "the heartbeat to be stale" json_is .daemon.alive false
	somebody_continues "$(json '.held[0].pid')"
	if on_sleep; then # nobody has to be there to wake it
		wait_for 10 "held again" again
		held_is 1
		return
	fi
	expect_end one 10 EAGAIN
	held_is 0
}

# bats test_tags=whole
@test "a held process that is killed leaves no entry" {
	arm_hold --mount $a
	held_try one posix $a/f
	kill -KILL "$(json '.held[0].pid')"
	wait_held 0
	[ "$(counter exited)" -eq 1 ]
}

@test "a held process that a person stopped as well stays stopped" {
	arm_hold --mount $a
	held_try one posix $a/f
	pid=$(json '.held[0].pid')
	kill -STOP "$pid"
	rg release
	wait_held 0
	grep -q '^State:[[:space:]]*T' "/proc/$pid/status"
	kill -CONT "$pid"
	expect_end one 0 granted
}

# bats test_tags=whole
@test "a process with many held threads resumes whole" {
	arm_hold --mount $a
	background many "$LOCKER" threads ofd $a/f 16
	wait_for 20 "some thread to be held" some_held
	rg release
	expect_end many 0 "16 of 16 granted"
	wait_held 0
}
some_held() { (($(held_count) >= 1)); }

# ---- a kernel that does not take every program ----

# without PROGRAM OPTION...: enabled without it, which is said in all three places.
without() {
	arm --mount $a --action deny --force-without "$@"
	grep -q "program $1 is not attached" "$work/enable.err"
	[ ! -e $pins/link_$1 ]
	[ "$(json .left_out[0].program)" = "$1" ]
	run rg status -v
	[[ $output == *$'\n'"without  $1: "* ]]
	run rg check
	[[ $output == *"warning  hooks $1: is not attached"* ]]
	run try posix $a/f
	[ "$output" = EAGAIN ]
}

@test "without a follower that is needed nothing is armed: exit 3" {
	for program in super_gone task_exit knfsd_started grace_start; do
		run rg enable --mount $a --force-without $program
		[ "$status" -eq 3 ]
		[[ $output == *"program $program: "*"without it "*"docs/kernel.md"* ]]
		[ ! -e $pins ]
	done
}

# bats test_tags=whole
@test "without a follower that is not known: exit 2; a set that is enabled stays as it is" {
	run rg enable --mount $a --force-without open_ends
	[ "$status" -eq 2 ]
	arm --mount $a --action deny
	run rg enable --mount $a --action deny --force-without grace_end
	[ "$status" -eq 1 ]
	[ -e $pins/link_grace_end ]
	# One that was not left out, and is gone, is still missed.
	rm $pins/link_grace_end
	run rg status
	[ "$status" -eq 1 ]
	[[ $output == *"link_grace_end is missing"* ]]
}

# bats test_tags=whole
@test "without a follower of the end of grace: opens by grace-start, by hand, by max-hold" {
	want_skip
	without grace_end
	knfsd_start rex
	wait_gate open
	[ "$(json '.gates[0].why')" = grace-started ]
	arm --mount $a --action deny --release grace-end --max-hold 60s
	[ "$(gate_state)" = grace ] # which was skipped: nobody could see it
	run try posix $a/f
	[ "$output" = EAGAIN ]
	rg release
	[ "$(gate_state)" = open ]
	knfsd_stop rex
	[ "$(gate_state)" = closed ]
	knfsd_start rex
	[ "$(gate_state)" = grace ]
	arm --mount $a --action deny --release grace-end --max-hold 1s
	wait_gate open
	[ "$(json '.gates[0].why')" = timed-out ]
}

# bats test_tags=whole
@test "without a follower of knfsd's shutdown: the gate is called open until knfsd starts again" {
	want_grace
	without knfsd_stop --release grace-end
	knfsd_start rex
	wait_gate open 60
	knfsd_stop rex
	[ "$(gate_state)" = open ]
	run try posix $a/f
	[ "$output" = granted ]
	# The end client is not there to end it early.
	cable cli down
	knfsd_start rex 90 90 3
	[ "$(gate_state)" = grace ]
	run try posix $a/f
	[ "$output" = EAGAIN ]
}

# bats test_tags=whole
@test "without a follower of refused reclaims: settled waits for settle-timeout" {
	for program in open_done lock_done; do
		want_grace
		without $program --release settled --settle-timeout 20s
		knfsd_start rex
		wait_gate settling 60
		[ "$(json '.gates[0].why')" = blind ]
		run try posix $a/f
		[ "$output" = EAGAIN ]
		wait_gate open 60
		[ "$(json '.gates[0].why')" = settle-timeout ]
		rg disable
	done
	# With all of them it opens at once.
	want_grace
	arm --mount $a --action deny --release settled --settle-timeout 1h
	knfsd_start rex
	wait_gate open 60
	[ "$(json '.gates[0].why')" = nobody-refused ]
	cli_umount # while somebody answers it
}

# bats test_tags=whole
@test "without the followers that settled can do without: what they would have told is said to be lost" {
	arm --mount $a --action deny --force-without unlock_done --force-without client_gone \
		--force-without origin_error
	[ "$(json '.left_out | map(.program) | sort | join(" ")')" = \
		"client_gone origin_error unlock_done" ]
	[ "$(grep -c 'is not attached' "$work/enable.err")" -eq 3 ]
	# As it was, when there is a daemon.
	daemon_start
	[ "$(json '.left_out | length')" -eq 3 ]
	want_skip
	knfsd_start rex
	wait_gate open
}
