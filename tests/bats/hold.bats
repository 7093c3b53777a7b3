#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Holding: who can be held, how many, and what becomes of the records when the
# held fork, exec, exit, are killed, or lose their pid to somebody else.

load common
untraced_gate=yes

setup_file() { setup_tiers; }
setup() { fresh; }
teardown_file() { fresh; }

figure() { printf '# %s\n' "$*" >&3; }

# ---- many ----

available() { sed -n 's/^MemAvailable:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/meminfo; }
took() { echo "$(((${EPOCHREALTIME/./} - start) / 1000)) ms"; }
# Locks of a file of the tier, by the kernel's word.
locks_of() { grep -cE "(POSIX|OFDLCK) .*:$(in_rex stat -c %i "$1") [0-9]" /proc/locks; }

# all_of N: so many processes are held, and all of them continue.
all_of() {
	local n=$1 before start
	want_skip
	in_rex bash -c ": >>$a/crowd"
	arm_hold --mount $a
	before=$(available) start=${EPOCHREALTIME/./}
	if on_sleep; then
		talk crowd "$LOCKER" crowd $a/crowd "$n" asleep
		wait_said crowd "^forked $n$" 300
		wait_held "$n" 120
	else
		talk crowd "$LOCKER" crowd $a/crowd "$n"
		wait_said crowd "^stopped $n$" 300
	fi
	figure "$n held after $(took), $(((before - $(available)) / n)) kB each"
	start=${EPOCHREALTIME/./}
	[ "$(held_count)" -eq "$n" ]
	figure "status --json of them took $(took)"
	[ "$(map_size holding)" -eq "$n" ]
	start=${EPOCHREALTIME/./}
	knfsd_start rex 10 10 3
	wait_said crowd "^granted $n refused 0$" 300
	figure "all have their locks $(took) after knfsd_start began"
	# That is the processes' word. Without a delegation the original server,
	# which is in the same kernel, has each of them as well.
	[[ $(locks_of $a/crowd) == @("$n"|"$((2 * n))") ]]
	nobody_stopped
	nothing_left
	counters_are held="$n" held_again=0 released.total="$n" released.grace-skipped="$n" \
		denied.total=0 exited=0
	tell crowd
	expect_end crowd 0 "ended $n" 120
}

@test "500 processes are held, and all of them continue" { all_of 500; }

# bats test_tags=whole
@test "5,000 processes are held, and all of them continue" { all_of 5000; }

# bats test_tags=whole
@test "a full table: hold becomes deny, and is counted" {
	arm_hold --mount $a --force-max-held 3
	in_rex touch $a/f{1..4}
	for i in 1 2 3; do
		held_try one$i posix $a/f$i
	done
	run try posix $a/g
	[ "$output" = EAGAIN ]
	run try posixw $a/g
	[ "$output" = ENOLCK ]
	held_is 3
	counters_are held=3 denied.table_full=2 denied.total=2
	# Somebody continues one: it keeps its place.
	somebody_continues "$(pid_of one1)"
	wait_for 10 "held again" counters_are held_again=1 denied.total=2 >/dev/null
	held_is 3
	# One is killed: its place is free.
	kill -KILL "$(pid_of one1)"
	wait_held 2
	held_try one4 posix $a/f4
	rg release
	expect_end one2 0 granted
	expect_end one3 0 granted
	expect_end one4 0 granted
	nothing_left
	counters_are held=4 denied.table_full=2 denied.total=2
}

# ---- first processes ----

# bats test_tags=whole
@test "the first process of a container is held, and continues" {
	arm_hold --mount $a
	held_try init posixw $a/f unshare --pid --fork --mount-proc
	# It is one: its last pid, that of the innermost namespace, is 1.
	pid=$(json '.held[0].pid')
	grep -q '^NSpid:.*[[:space:]]1$' "/proc/$pid/status"
	is_held "$pid"
	rg release
	expect_end init 0 granted
	nothing_left
	counters_are held=1 denied.total=0
}

@test "the first process of the host is denied, counted, and goes on" {
	# Its files are not those of the tier: by the daemon's root.
	arm_hold --mount $a
	file=/proc/$(pid_of daemon)/root$a/f
	run "$TRACER" call 1 posix "$file"
	[ "$output" = EAGAIN ]
	run "$TRACER" call 1 posixw "$file"
	[ "$output" = ENOLCK ]
	counters_are held=0 denied.cannot_stop=2 denied.total=2 helper_failures.send_signal=2
	nothing_left
	is_state 1 RS
	rg release
	run "$TRACER" call 1 posixw "$file"
	[ "$output" = granted ]
	is_state 1 RS
}

# ---- pids ----

# The pid of the held process NAME, which is killed, goes to another process
# that somebody has stopped.
pass_pid_on() {
	kill -KILL "$(pid_of "$1")"
	expect_end "$1" 137
	talk other "$TRACER" as "$(pid_of "$1")"
	wait_said other stopped
	is_state "$(pid_of "$1")" T
}

@test "a pid used again between the look at the records and SIGCONT: the other one stays stopped" {
	! on_sleep || skip "on the rung sleep no SIGCONT is sent"
	arm_hold --mount $a
	held_try one posix $a/f
	kill -KILL "$(pid_of daemon)" # it would be quicker
	talk release "$TRACER" at-pidfd "$RG" release
	wait_said release "at pidfd_open"
	pass_pid_on one
	tell release
	expect_end release 0 ", 0 continued"
	is_state "$(pid_of one)" T
	nothing_left
	tell other
	expect_end other 0
}

# bats test_tags=whole
@test "a record that outlived its process, and the pid used again: the other one stays stopped" {
	arm --action hold --mount $a
	replace_link link_task_exit # who takes the records of the dead away
	daemon_start
	held_try one posix $a/f
	kill -STOP "$(pid_of daemon)" # and who looks for those of which that was not seen
	pass_pid_on one
	map_is held 1
	kill -CONT "$(pid_of daemon)"
	# By the daemon: the gate opens.
	"$TOGGLE" 1 1
	wait_for 10 "the record to go" map_is held 0
	is_state "$(pid_of one)" T
	tell other
	expect_end other 0
}

# ---- the ends of the held ----

@test "a held thread whose end was not seen: the daemon takes its record away, and counts it" {
	arm --action hold --mount $a
	replace_link link_task_exit
	daemon_start
	held_try one posix $a/f
	held_try two posixw $a/g
	kill -KILL "$(pid_of one)"
	expect_end one 137
	wait_held 1
	map_is holding 1
	counters_are exited=1 released.total=0
	rg release
	expect_end two 0 granted
	nothing_left
	counters_are exited=1 released.total=1
}

# held_beside ACTION [FILE]: a process of which four threads are held. The first that
# is takes the others along before they ask; each is then let run by itself.
held_beside() {
	local before pid
	before=$(map_size held)
	background "$1" "$LOCKER" beside "$1" "${2:-$a/f}" 4
	pid=$(pid_of "$1")
	if on_sleep; then
		wait_for 20 "four threads of $1 to sleep" map_is held $((before + 4))
		return
	fi
	wait_for 20 "$1 to stop" is_state "$pid" T
	mapfile -t threads < <(ls "/proc/$pid/task")
	[ "${#threads[@]}" -eq 5 ]
	[ "${threads[0]}" -eq "$pid" ]
	"$TRACER" alone "${threads[@]:1}"
	map_is held $((before + 4))
}

# The main thread does what it is there for, the others being held.
acts() {
	kill -USR1 "$(pid_of "$1")"
	on_sleep || "$TRACER" alone "$(pid_of "$1")"
}

# bats test_tags=whole
@test "fork, exec, exit, kill -9 and the end of the main thread, beside held threads" {
	arm_hold --mount $a
	for ends in exec exit; do
		held_beside $ends
		acts $ends
		expect_end $ends 0
		nothing_left
	done
	held_beside killed
	kill -KILL "$(pid_of killed)"
	expect_end killed 137
	nothing_left
	counters_are exited=12 released.total=0

	# A file each: an NFS client that misses a CB_NOTIFY_LOCK asks again after 30
	# seconds (fs/nfs/nfs4proc.c, nfs4_retry_setlk).
	held_beside fork
	acts fork
	held_beside leave $a/g
	acts leave
	wait_said fork "child ended with 0"
	wait_for 20 "the main thread to leave" is_state "$(pid_of leave)" Z
	if on_sleep; then # it stopped itself, which is not ours to end
		wait_for 20 "fork to stop itself" is_state "$(pid_of fork)" T
		kill -CONT "$(pid_of fork)"
		wait_held 8
	fi
	held_is 8

	rg release
	# Both whole, one of them without its main thread.
	expect_end fork 0 "4 of 4 granted"
	expect_end leave 0 "4 of 4 granted"
	nothing_left
	counters_are exited=12 released.total=8
	nobody_stopped
}

# bats test_tags=whole
@test "the same at the very moment of asking" {
	local step
	arm_hold --mount $a
	# On a busy host it takes them longer to ask.
	for step in 4 16 64; do
		background race "$LOCKER" race $a/f 64 $step
		expect_end race 0 "64 rounds" 60
		(($(counter held) == 0)) || break
	done
	[ "$(counter held)" -gt 0 ]
	[ "$(counter exited)" -gt 0 ]
	nothing_left
	nobody_stopped
}

# ---- stopped by somebody else ----

# bats test_tags=whole
@test "a process that a person stopped before it asked is not continued, and is held when it asks" {
	arm_hold --mount $a
	held_try one posix $a/g
	talk early "$LOCKER" wait-then posix $a/f
	wait_said early opened
	kill -STOP "$(pid_of early)"
	tell early
	rg release
	expect_end one 0 granted
	is_state "$(pid_of early)" T
	rg close
	kill -CONT "$(pid_of early)"
	wait_held 1
	rg release
	expect_end early 0 granted
}

@test "the guard is taken out: who has a SIGSTOP of a person stays stopped, SIGTSTP counts for nothing" {
	arm_hold --mount $a
	# A user of so many groups has more than 4,096 bytes of status before ShdPnd.
	held_try stop posix $a/f setpriv --groups "$(seq -s , 1000 1999)"
	held_try tstp posix $a/g
	kill -STOP "$(pid_of stop)"
	kill -TSTP "$(pid_of tstp)"
	if on_sleep; then
		# Both are woken. SIGTSTP stops nobody whose process group is orphaned, as that of who was
		# started by `background` is (kernel/signal.c, get_signal): it sleeps again.
		wait_for 20 "both to be woken" counters_are interrupted=2
		wait_for 20 "stop to stop" is_state "$(pid_of stop)" T
		wait_held 2
		wait_for 20 "tstp to sleep" is_state "$(pid_of tstp)" S
	fi
	rg disable
	expect_end tstp 0 granted
	is_state "$(pid_of stop)" T
	kill -CONT "$(pid_of stop)"
	expect_end stop 0 granted
}

@test "a traced process is held, and continues; so does one that is traced while it is held" {
	arm_hold --mount $a
	held_try traced posix $a/f strace -o /dev/null
	held_try later posixw $a/g
	background strace strace -o /dev/null -p "$(pid_of later)"
	wait_for 20 "strace to be attached" grep -q "^TracerPid:[[:space:]]*[1-9]" \
		"/proc/$(pid_of later)/status"
	if on_sleep; then # strace wakes it, and a call that may end then has no record until it is restarted
		wait_for 20 "later to be woken" counters_are interrupted=1
		wait_held 2
	fi
	held_is 2
	rg release
	expect_end traced 0 granted
	expect_end later 0 granted
	nothing_left
}
