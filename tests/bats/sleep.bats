#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The rung sleep of hold: with the module reexport_guard loaded a held thread sleeps in the
# kernel, and no process is stopped.

load common
forced=() # the rung that is there is found without being told

setup_file() {
	setup_tiers
	in_rex bash -c ": >>$a/h; chmod 666 $a/f $a/g"
	load_module
}
setup() { fresh; }
teardown_file() {
	fresh
	rmmod reexport_guard
}

every_state() { json '[.held[].state] | unique | join(" ")'; }
parameter() { cat "/sys/module/reexport_guard/parameters/$1"; }
# Everybody who is held is in an interruptible sleep, and nobody of the machine is stopped.
all_sleep() {
	local pid
	[[ $(every_state) == asleep ]] || return 1
	for pid in $(json '.held[].pid'); do
		is_state "$pid" S || return 1
	done
	nobody_stopped
}
wait_all_asleep() { wait_for 20 "$1 to be asleep" all_sleep; }
kill_daemon() {
	kill -KILL "$(pid_of daemon)"
	wait_for 20 "the daemon to be missed" daemon_dead
}
daemon_dead() { ! daemon_alive; }

@test "sleep: under runuser, su, script, timeout and flock -w nothing shows but a slow call" {
	arm_hold --mount $a
	[ "$(json .rungs.hold)" = sleep ]
	background runuser runuser -u nobody -- flock $a/f echo got it
	background su su -s /bin/sh -c "flock $a/f echo got it" root
	background script script -qec "flock $a/f echo got it" /dev/null
	background pass flock $other/f echo got it # not guarded
	expect_end pass 0 "got it"
	talk threads "$LOCKER" beside say $a/g 3
	wait_held 6
	wait_all_asleep six
	[[ $(rg status -v) == *"held by: sleep; held processes resumed by: reexport_guard"* ]]
	# Three threads of one process sleep, and its main thread goes on.
	kill -USR1 "$(pid_of threads)"
	wait_said threads "^the main thread goes on$"
	# Those that do not want to wait for ever.
	run in_rex timeout 1 flock $a/f true
	[ "$status" -eq 124 ]
	run in_rex flock -w 1 $a/f true
	[ "$status" -eq 1 ]
	run in_rex "$LOCKER" alarm handler posixw $a/f 1
	[ "$output" = $'alarm\nEINTR' ]
	run in_rex "$LOCKER" alarm default posix $a/f 1
	[ "$status" -eq 142 ]
	held_is 6
	# F_SETLK cannot end with EINTR: it is restarted after the handler, and held again.
	background restarts "$LOCKER" alarm handler posix $a/h 1
	wait_said restarts ^alarm
	wait_held 7
	wait_all_asleep "the restarted call"
	held_try victim posixw $a/f
	kill -KILL "$(pid_of victim)"
	expect_end victim 137
	held_is 7
	# A person stops one and continues it: it is held as before.
	kill -STOP "$(pid_of restarts)"
	wait_for 20 "a stop" is_state "$(pid_of restarts)" T
	kill -CONT "$(pid_of restarts)"
	wait_all_asleep "the continued one"
	held_is 7
	rg release
	for name in runuser su script; do
		expect_end $name 0 "got it"
	done
	expect_end threads 0 "3 of 3 granted"
	expect_end restarts 0 $'alarm\ngranted'
	nobody_stopped
	nothing_left
	counters_are denied.total=0 helper_failures.total=0 exited=3
	[ "$(counter interrupted)" -ge 4 ]
}

# By no shell in between, and with nothing of bats' open, which would wait for them.
in_tmux() {
	in_rex tmux -L rg -f /dev/null new-session -d \
		"exec $LOCKER try posix $1 >/proc/1/root$work/tmux.said 2>&1" 3>&- 4>&-
}
in_screen() {
	in_rex screen -c /dev/null -dmS rg sh -c \
		"exec $LOCKER try posixw $1 >/proc/1/root$work/screen.said 2>&1" 3>&- 4>&-
}
said_in() { [[ -s $work/$1 ]] && grep -qx "$2" "$work/$1"; }

# bats test_tags=whole
@test "sleep: sudo, nsenter, tmux and screen, which stop themselves or continue others, see nothing but a slow call" {
	rm -f "$work"/{tmux,screen}.said
	# sudo with a pseudo terminal, which is Debian's default, and without.
	printf '%s\n' 'root ALL=(ALL) NOPASSWD: ALL' 'Defaults use_pty' \
		'Defaults>daemon !use_pty' >/etc/sudoers
	in_rex bash -c "mkdir -p -m 755 /run/screen
		for f; do : >>$a/w.\$f; chmod 666 $a/w.\$f; done" _ sudo no-pty nsenter tmux screen
	arm_hold --mount $a
	background sudo sudo -n "$LOCKER" try posix $a/w.sudo
	background no-pty sudo -n -u daemon "$LOCKER" try posix $a/w.no-pty
	background nsenter nsenter --pid=/proc/self/ns/pid "$LOCKER" try posix $a/w.nsenter
	in_tmux $a/w.tmux
	in_screen $a/w.screen
	wait_held 5 60
	wait_all_asleep five
	rg release
	for name in sudo no-pty nsenter; do
		expect_end $name 0 granted
	done
	wait_for 30 "what tmux runs to end" said_in tmux.said granted
	wait_for 30 "what screen runs to end" said_in screen.said granted
	nobody_stopped
	nothing_left
	counters_are held=5 held_again=0 wrappers_stopped=0 denied.total=0 helper_failures.total=0
}

# systemd's user instance, in the tier of the re-export server and a cgroup of its own, of which
# teardown ends all. It wants to be told that systemd has booted the machine.
manager=/sys/fs/cgroup/manager
systemd_starts() {
	mkdir -p $manager
	in_rex bash -c 'mkdir -p /run/systemd/system /run/user/0/systemd/user
		printf "%s\n" "[Service]" WatchdogSec=8 TimeoutStopSec=8 LimitCORE=0 "ExecStart=$0" \
			>/run/user/0/systemd/user/held.service' "$LOCKER beside say $a/g 3"
	background manager bash -c "echo \$\$ >$manager/cgroup.procs
		exec env XDG_RUNTIME_DIR=/run/user/0 /usr/lib/systemd/systemd --user"
	wait_for 60 "systemd: $(output_of manager)" unit is-system-running
}
unit() { in_rex env XDG_RUNTIME_DIR=/run/user/0 systemctl --user "$@"; }
unit_is() { [[ $(unit show -P "$1" held) == "$2" ]]; }
# told_for SECONDS: between the unit's start and the last time that it told systemd that it is alive.
told_for() {
	local start last
	start=$(unit show -P ExecMainStartTimestampMonotonic held)
	last=$(unit show -P WatchdogTimestampMonotonic held)
	((last - start > $1 * 1000000))
}
teardown() { [[ ! -e $manager ]] || echo 1 >$manager/cgroup.kill; }

# bats test_tags=whole
@test "sleep: a unit with WatchdogSec= and held threads goes on; on the rung stop systemd ends it" {
	systemd_starts
	arm_hold --mount $a
	unit start held
	wait_held 3
	wait_all_asleep three
	wait_for 90 "the unit to be held for longer than WatchdogSec=" told_for 12
	unit_is ActiveState active
	held_is 3
	rg release
	nothing_left
	unit kill -s USR1 held
	wait_for 60 "the unit to end" unit_is ActiveState inactive
	unit_is Result success
	counters_are held=3 denied.total=0 exited=0 helper_failures.total=0
	rg disable
	arm_hold --mount $a --force-rung stop
	unit start held
	wait_held 3
	wait_for 90 "systemd to end the unit" unit_is ActiveState failed
	unit_is Result watchdog
	nothing_left
	nobody_stopped
}

# Opens a file, with a handler without SA_RESTART for an alarm a second later; ends with the errno.
# shellcheck disable=SC2016 # perl's own variables
open_with_alarm='sigaction(SIGALRM, POSIX::SigAction->new(sub { syswrite(STDOUT, "alarm\n") }));
	alarm 1; exit(sysopen(my $file, $ARGV[0], O_RDONLY) ? 0 : $! + 0)'

# bats test_tags=whole
@test "sleep: the open of a FIFO ends with EINTR when a signal comes, the open of a file is restarted" {
	in_rex bash -c "rm -f $a/fifo; mkfifo $a/fifo"
	arm_hold --mount $a --scope opens
	run in_rex perl -MPOSIX -e "$open_with_alarm" $a/fifo
	[ "$status $output" = "4 alarm" ] # EINTR
	held_is 0
	background file perl -MPOSIX -e "$open_with_alarm" $a/g
	wait_for 20 "the alarm" interrupted_is 2
	wait_held 1
	wait_all_asleep "the restarted open"
	rg release
	expect_end file 0 alarm
	counters_are denied.total=0 helper_failures.total=0
	nothing_left
	in_rex rm $a/fifo
}
interrupted_is() { [[ $(counter interrupted) == "$1" ]]; }

@test "sleep: a request of io_uring has no call to restart: it is denied, inline and in a worker, and nobody sleeps" {
	arm_hold --mount $a --scope opens
	slept=$(parameter slept)
	run in_rex timeout 60 "$repo/build/tests/helpers/probe" uring $a/f
	[ "${lines[0]}, ${lines[1]}" = "inline EAGAIN, worker EAGAIN" ]
	[ "$(counter denied.io_uring)" -ge 2 ]
	[ "$(parameter slept)" = "$slept" ]
	held_is 0
	rg release
	run in_rex timeout 60 "$repo/build/tests/helpers/probe" uring $a/f
	[ "${lines[0]}, ${lines[1]}" = "inline opened, worker opened" ]
	nothing_left
	nobody_stopped
}

# bats test_tags=whole
@test "sleep: the freezer of a cgroup freezes held threads, and the gate may open meanwhile" {
	group=/sys/fs/cgroup/frozen
	mkdir $group
	arm_hold --mount $a
	held_try one posixw $a/f
	pid=$(pid_of one)
	echo "$pid" >$group/cgroup.procs
	echo 1 >$group/cgroup.freeze
	wait_for 20 "the freezer" grep -q '^frozen 1' $group/cgroup.events
	echo 0 >$group/cgroup.freeze
	wait_for 20 "the thaw" grep -q '^frozen 0' $group/cgroup.events
	wait_held 1
	wait_all_asleep "the thawed one"
	echo 1 >$group/cgroup.freeze
	wait_for 20 "the freezer" grep -q '^frozen 1' $group/cgroup.events
	rg release
	grep -q '^frozen 1' $group/cgroup.events
	echo 0 >$group/cgroup.freeze
	expect_end one 0 granted
	nothing_left
	rmdir $group
}

# bats test_tags=whole
@test "sleep: the machine is suspended and resumed with threads held: they are held again, and nothing delays it" {
	arm_hold --mount $a
	held_try posix posix $a/f
	held_try flock flock $a/g
	wait_all_asleep two
	# As far as every task being frozen, for 5 s (the kernel's Documentation/power/basic-pm-debugging.rst).
	# A task that does not freeze within pm_freeze_timeout, 20 s, has the write fail with EBUSY.
	echo freezer >/sys/power/pm_test
	echo freeze >/sys/power/state
	echo none >/sys/power/pm_test
	[ "$(cat /sys/power/suspend_stats/fail)" -eq 0 ]
	held_is 2
	wait_all_asleep two
	rg release
	expect_end posix 0 granted
	expect_end flock 0 granted
	nothing_left
	counters_are held=2 denied.total=0 helper_failures.total=0
}

@test "sleep: no daemon is needed, whether knfsd, time, release or disable opens the gate" {
	# Never was one.
	want_skip
	arm --mount $a --action hold
	held_try knfsd posixw $a/f
	wait_all_asleep one
	knfsd_start rex 10 10 3
	expect_end knfsd 0 granted
	rg disable
	knfsd_stop rex
	# Killed: grace ends.
	want_grace
	arm_hold --mount $a --release grace-end
	held_try grace posixw $a/f
	kill_daemon
	knfsd_start rex 10 10 3
	expect_end grace 0 granted 60
	[ "$(json '.gates[0].why')" = grace-ended ]
	rg disable
	knfsd_stop rex
	# Killed: time is over.
	arm_hold --mount $a --max-hold 12s
	held_try time posixw $a/f
	kill_daemon
	expect_end time 0 granted
	[ "$(json '.gates[0].why')" = timed-out ]
	rg disable
	# By hand, and taken out.
	arm --mount $a --action hold
	held_try hand posixw $a/f
	rg release
	expect_end hand 0 granted
	rg close
	held_try out posixw $a/f
	run rg disable
	[[ $output == *"1 held process continued"* ]]
	expect_end out 0 granted
	[ ! -e $pins ]
	nobody_stopped
}

# bats test_tags=whole
@test "sleep: the module is unloaded with 2,000 asleep: nobody stays, and all go on at last" {
	n=${CROWD:-2000}
	in_rex bash -c ": >>$a/crowd"
	arm_hold --mount $a
	slept=$(parameter slept)
	talk crowd "$LOCKER" crowd $a/crowd "$n" asleep
	wait_said crowd "^forked $n$" 300
	wait_held "$n" 120
	wait_for 60 "all to be asleep" all_asleep
	[ $(($(parameter slept) - slept)) -ge "$n" ]
	# In use, as our programs answer it: it cannot go unnoticed.
	run rmmod reexport_guard
	[ "$status" -ne 0 ]
	rm $pins/link_sleep_wait $pins/link_answer_*
	wait_for 30 "the module to be free" rmmod reexport_guard
	# The gate is closed still: they come to the door again, and are stopped there.
	wait_for 120 "all to be stopped" states_are stopped
	held_is "$n"
	[ "$(counter helper_failures.sleep)" -ge "$n" ]
	rg release
	wait_said crowd "^granted $n refused 0$" 300
	tell crowd
	expect_end crowd 0 "ended $n" 120
	nobody_stopped
	nothing_left
	load_module
}
states_are() { [[ $(every_state) == "$1" ]]; }
all_asleep() { states_are asleep; }

# bats test_tags=whole
@test "sleep: --force-rung chooses, and without the module the held are stopped" {
	arm_hold --mount $a --force-rung stop
	[ "$(json .rungs.hold)" = stop ]
	held_try one posixw $a/f
	[ "$(every_state)" = stopped ]
	is_state "$(pid_of one)" T
	rg release
	expect_end one 0 granted
	rg disable
	rmmod reexport_guard
	run rg enable --mount $a --action hold --force-rung sleep
	[ "$status" -eq 3 ]
	[[ $output == *"rung sleep: kernel module reexport_guard: is not loaded"* ]]
	arm_hold --mount $a
	[ "$(json .rungs.hold)" = stop ]
	# It comes later: the next `enable` has them sleep.
	load_module
	arm --mount $a --action hold
	[ "$(json .rungs.hold)" = sleep ]
	held_try two posixw $a/f
	wait_all_asleep two
	rg release
	expect_end two 0 granted
	nothing_left
	rg disable
}
