#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The daemon: it may die at any moment, and what it held is continued all the
# same.

load common

setup_file() { setup_tiers; }
setup() { fresh; }
teardown() {
	in_rex bash -c '! mountpoint -q /run/slow || { fsfreeze -u /run/slow; umount -l /run/slow; }' 2>/dev/null || true
	rex_mount_other
}
teardown_file() { fresh; }

daemon_pid() { cat "$work/daemon.pid"; }

@test "run arms by itself, and says READY to systemd" {
	background notify "$LOCKER" notify /run/notify.sock
	wait_for 10 "the socket" in_rex test -S /run/notify.sock
	background daemon env NOTIFY_SOCKET=/run/notify.sock "$RG" run --mount $a
	expect_end notify 0 READY=1
	in_rex rm /run/notify.sock
	[ "$(gate_state)" = closed ]
	wait_for 20 "the verdict in /run" verdict_is "protected: gate closed for *"
	[ "$(json .verdict.protection)" = protected ]
	[[ $(json .verdict.text) == *"; if this host lost power now: no NFSv4 lock is known "* ]]
	held_try one posix $a/f
	rg release
	expect_end one 0 granted
	wait_for 20 "the verdict to change" verdict_is "NOT protected: \`release\` opened *"
	kill -TERM "$(daemon_pid)"
	expect_end daemon 0 "gates stay as they are"
	not in_rex test -e /run/reexport-guard/status
	[[ $(json .verdict.text) == "NOT protected: "* ]]
}
# bats test_tags=whole
@test "run that systemd tells to end while it arms ends with 1, to be started again" {
	background daemon env NOTIFY_SOCKET=/run/notify.sock "$RG" run --mount $a
	wait_for 20 "the daemon to wait for signals" blocks_sigterm
	kill -TERM "$(daemon_pid)"
	expect_end daemon 1 "told to end before it was ready" 60
	[ "$(gate_state)" = closed ]
	background daemon "$RG" run --mount $a
	wait_for 60 "the daemon to be alive" daemon_alive
	rg disable
	expect_end daemon 0 "" 30
}
blocks_sigterm() {
	local blocked
	blocked=$(sed -n 's/^SigBlk:\t*//p' "/proc/$(daemon_pid)/status") && ((0x$blocked & 0x4000))
}
# By somebody without privileges.
verdict_is() {
	# shellcheck disable=SC2053 # a pattern
	[[ $(in_rex setpriv --reuid 65534 --clear-groups cat /run/reexport-guard/status) == $1 ]]
}

# bats test_tags=whole
@test "killed as soon as it is ready: the tracing programs come all the same, and another starts at once" {
	background daemon "$RG" run --mount $a
	wait_said daemon "ready: pid"
	kill -KILL "$(daemon_pid)"
	daemon_start
	# status waits until they are attached.
	[ "$(json '.tracing.missing | length')" -eq 0 ]
	[ "$(gate_state)" = closed ]
}

@test "killed with SIGKILL: the next run continues everybody it had held" {
	# Not by the kernel, which would leave nobody to the next run (smoke, "continue: ...").
	arm_hold --mount $a --force-rung user_space
	for i in 1 2 3 4 5; do
		in_rex touch $a/f$i
		held_try one$i posix $a/f$i
	done
	kill -KILL "$(daemon_pid)"
	want_skip
	knfsd_start rex 10 10 3
	# The gate is open, and nobody is there to continue them.
	[ "$(gate_state)" = open ]
	held_is 5
	daemon_start
	for i in 1 2 3 4 5; do
		expect_end one$i 0 granted
	done
	held_is 0
	nobody_stopped
}

# bats test_tags=whole
@test "killed with SIGKILL: release continues everybody it had held" {
	arm_hold --mount $a
	for i in 1 2 3; do
		in_rex touch $a/f$i
		held_try one$i posix $a/f$i
	done
	kill -KILL "$(daemon_pid)"
	run rg release
	[ "$status" -eq 0 ]
	[[ $output == *"3 continued"* ]]
	for i in 1 2 3; do
		expect_end one$i 0 granted
	done
	nobody_stopped
}

# bats test_tags=whole
@test "killed with SIGKILL: disable continues everybody it had held" {
	arm_hold --mount $a
	held_try one posix $a/f
	kill -KILL "$(daemon_pid)"
	run rg disable
	[ "$status" -eq 0 ]
	[[ $output == *"1 held process continued"* ]]
	expect_end one 0 granted
	nobody_stopped
}

# bats test_tags=whole
@test "SIGTERM leaves the gate as it is; hold then denies at once" {
	arm_hold --mount $a
	held_try one posix $a/f
	kill -TERM "$(daemon_pid)"
	expect_end daemon 0 "gates stay as they are"
	[[ $(output_of daemon) == *"1 held threads wait"* ]]
	[ "$(gate_state)" = closed ]
	held_is 1
	run try posix $a/g
	[ "$output" = EAGAIN ]
	daemon_start
	held_is 1
	rg release
	expect_end one 0 granted
}

@test "a second run is refused" {
	arm_hold --mount $a
	run in_rex timeout 20 "$RG" run
	[ "$status" -eq 1 ]
	[[ $output == *"another"* ]]
	daemon_alive
}

@test "run with nothing enabled, or a set that was never armed, told nothing: guards what is exported again" {
	local -a meta
	# As an `enable` leaves it that is killed before its last word: meta.armed is 0.
	arm --mount $a --action deny
	read -ra meta < <(bpftool -j map dump pinned $pins/map_meta | jq -r '.[0].value | join(" ")')
	meta[4]=0x00
	bpftool map update pinned $pins/map_meta key 0 0 0 0 value "${meta[@]}"
	daemon_start
	said daemon "not whole .it was never armed."
	[ "$(json '.gates[0].which')" = exports ]
	[ "$(json '.mounts[0].path')" = $a ]
	held_try one posix $a/f
	run try posix $other/f
	[ "$output" = granted ]
	rg release
	expect_end one 0 granted
}

# bats test_tags=whole
@test "run ends after disable" {
	arm_hold --mount $a
	rg disable
	expect_end daemon 0 "disabled by another process"
}

# bats test_tags=whole
@test "run adopts a set that is enabled anew" {
	arm_hold --mount $a
	first=$(daemon_pid)
	rg disable
	arm --mount $a --action hold
	if kill -0 "$first" 2>/dev/null; then
		wait_for 20 "adoption" daemon_alive
	else
		daemon_start
	fi
	held_try one posix $a/f
	rg release
	expect_end one 0 granted
}

@test "a mount that comes and is not guarded is let through by the daemon" {
	in_rex umount $other
	arm_hold --mount $a
	rex_mount_other nosharecache
	wait_for 20 "the mount to be classified" try posix $other/f
	held_try one posix $a/f
	rg release
	expect_end one 0 granted
}

# bats test_tags=whole
@test "SIGHUP classifies anew" {
	arm_hold --mount $a
	kill -HUP "$(daemon_pid)"
	wait_for 10 "the reload" grep -q reloaded "$work/daemon.out"
	daemon_alive
	[ "$(json '.mounts[0].path')" = $a ]
}

@test "the daemon keeps no capability it does not need" {
	arm_hold --mount $a
	# CAP_KILL 5, CAP_SYS_PTRACE 19, CAP_PERFMON 38, CAP_BPF 39
	[ "$(sed -n 's/^CapEff:\t//p' "/proc/$(daemon_pid)/status")" = 000000c000080020 ]
}

# bats test_tags=whole
@test "run --metrics-dir: written without capabilities, until the end, and no policy" {
	local prom=/run/metrics/reexport-guard.prom
	in_rex mkdir -p /run/metrics
	arm --mount $a --release settled
	daemon_start --metrics-dir /run/metrics
	wait_for 20 "the metrics" in_rex test -e $prom
	[ "$(in_rex stat -c %a $prom)" = 644 ]
	in_rex grep -qx 'reexport_guard_daemon_up 1' $prom
	in_rex grep -q '^reexport_guard_gate_state{.*state="closed"} 1$' $prom
	[ "$(json '.gates[0].release')" = settled ]
	kill -TERM "$(daemon_pid)"
	expect_end daemon 0 "gates stay as they are"
	in_rex grep -qx 'reexport_guard_daemon_up 0' $prom
	# It is kept with what is pinned, and disabling is told as well.
	daemon_start
	wait_for 20 "the metrics" in_rex grep -qx 'reexport_guard_daemon_up 1' $prom
	rg disable
	expect_end daemon 0 "disabled by another process"
	in_rex grep -qx 'reexport_guard_enabled 0' $prom
	in_rex rm -r /run/metrics
}

# bats test_tags=whole
@test "run --metrics-dir that is not there: said once, written when it comes" {
	in_rex mkdir -p /run/later
	in_rex bash -c "printf '[mounts]\nmount = $a\n[daemon]\nmetrics-dir = /run/later/m\nmetrics-interval = 1s\n' >/run/metrics.conf"
	daemon_start --config /run/metrics.conf
	wait_for 20 "the warning" grep -q 'm/reexport-guard.prom: not written' "$work/daemon.out"
	in_rex mkdir /run/later/m
	wait_for 20 "the metrics" in_rex test -e /run/later/m/reexport-guard.prom
	[ "$(grep -c 'reexport-guard.prom' "$work/daemon.out")" -eq 1 ]
	# Turned off by a reload: what gets old goes.
	in_rex sed -i '/^metrics-dir/d' /run/metrics.conf
	rg policy reload
	wait_for 20 "the metrics to go" in_rex test ! -e /run/later/m/reexport-guard.prom
	in_rex rm -r /run/later /run/metrics.conf
}

waits_at_least() { [[ $(json .disk_waits_seconds) -ge $1 ]]; }
@test "a disk that stalls: the heartbeat goes on, hold holds, and status says that a write waits" {
	in_rex bash -c 'mkdir -p /run/slow && truncate -s 32M /run/slow.img && mkfs.ext4 -q /run/slow.img &&
		mount -o loop /run/slow.img /run/slow'
	arm --mount $a --action hold --state-dir /run/slow/state
	daemon_start
	wait_for 30 "the first write" in_rex test -s /run/slow/state/budget.json
	in_rex fsfreeze -f /run/slow
	# The time of the last renewal of the lease is kept, so there is something to write.
	held_try one posix $a/f
	# Longer than a heartbeat is good for, and than systemd would wait for one.
	wait_for 90 "a write that has waited for 12 s" waits_at_least 12
	daemon_alive
	held_try two posix $a/g
	[ "$(counter denied.no_daemon)" -eq 0 ]
	run rg status
	[ "$status" -eq 0 ]
	[[ $output == *"a write of the daemon's has been waiting for "* ]]
	said daemon "the disk has not answered"
	rg release
	expect_end one 0 granted
	expect_end two 0 granted
	in_rex fsfreeze -u /run/slow
	wait_for 30 "the write to be done" waits_no_more
	daemon_alive
	kill -TERM "$(daemon_pid)"
	expect_end daemon 0 "gates stay as they are"
}
waits_no_more() { [[ $(json .disk_waits_seconds) == 0 ]]; }
