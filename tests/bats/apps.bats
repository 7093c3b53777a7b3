#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Programs as they are: at a closed gate they wait in the call with which they
# lock, and work when it opens.

load common
untraced_gate=yes

setup_file() { setup_tiers; }
setup() { fresh; }
teardown_file() { fresh; }

sql() { in_rex sqlite3 -batch $a/db "$@"; }

python='import fcntl, sys
f = open(sys.argv[1], "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
print("python has it")'

# The program NAME, with a file of its own.
app() {
	case $1 in
	setlkw) set -- "$LOCKER" try posixw "$a/f.$1" ;;
	flock) set -- flock "$a/f.$1" echo flock has it ;;
	flock-n) set -- flock -n "$a/f.$1" echo flock has it ;;
	flock-w) set -- flock -w 600 "$a/f.$1" echo flock has it ;;
	python) set -- python3 -c "$python" "$a/f.$1" ;;
	esac
	command=("$@")
}
apps=(setlkw flock flock-n flock-w python)
said_of=([0]=granted "flock has it" "flock has it" "flock has it" "python has it")

@test "F_SETLKW, flock(1) and Python: wait, and then work" {
	in_rex bash -c "for f; do : >>$a/f.\$f; done" _ "${apps[@]}"
	for i in "${!apps[@]}"; do
		app "${apps[i]}"
		run in_rex "${command[@]}"
		[ "$output" = "${said_of[i]}" ]
	done
	arm_hold --mount $a
	for name in "${apps[@]}"; do
		app "$name"
		background "$name" "${command[@]}"
	done
	wait_held ${#apps[@]}
	want_skip
	knfsd_start rex 10 10 3
	for i in "${!apps[@]}"; do
		expect_end "${apps[i]}" 0 "${said_of[i]}"
	done
	nothing_left
	counters_are denied.total=0
	rg disable
	app flock
	run in_rex "${command[@]}"
	[ "$output" = "flock has it" ]
}

@test "sqlite3 with a rollback journal: two writers wait, both commit, the database is whole" {
	in_rex rm -f $a/db $a/db-journal
	[ "$(sql 'pragma journal_mode=delete' 'create table t(x)' 'insert into t values(1)')" = delete ]
	arm_hold --mount $a
	# Whoever is second finds it locked, which is sqlite's own affair.
	background first sqlite3 -batch -cmd '.timeout 20000' $a/db \
		'begin immediate; insert into t values(2); insert into t values(3); commit;' \
		'select "done"'
	background second sqlite3 -batch -cmd '.timeout 20000' $a/db \
		'begin; insert into t select max(x) + 10 from t; commit;' 'select "done"'
	wait_held 2
	[ "$(in_rex "$LOCKER" try getlk $a/db)" = granted ]
	rg release
	expect_end first 0 "done"
	expect_end second 0 "done"
	[ "$(sql 'pragma integrity_check' 'select count(*) from t')" = ok$'\n'4 ]
	in_rex test ! -e $a/db-journal
	counters_are denied.total=0
	rg disable
	sql 'insert into t values(5)'
	[ "$(sql 'pragma integrity_check' 'select count(*) from t')" = ok$'\n'5 ]
}

# ---- those that do not want to wait for ever ----

# Signal number $2 is pending for process $1.
is_pending() {
	local pending
	pending=$(sed -n 's/^ShdPnd:[[:space:]]*//p' "/proc/$1/status")
	((0x$pending >> ($2 - 1) & 1))
}
sigalrm=14

@test "alarm(2): comes when the gate opens, and the call goes on waiting after it" {
	# Somebody has a lock from before the gate closed.
	arm_hold --mount $a
	rg release
	talk owner "$LOCKER" unlock posix $a/f
	wait_said owner ^locked
	run in_rex "$LOCKER" alarm handler posixw $a/f 1
	[ "$output" = $'alarm\nEINTR' ]
	rg close
	background free "$LOCKER" alarm handler posixw $a/g 1
	background taken "$LOCKER" alarm handler posixw $a/f 1
	background deadly "$LOCKER" alarm default posixw $a/g 1
	wait_held 3
	for name in free taken deadly; do
		wait_for 20 "the alarm of $name" is_pending "$(pid_of $name)" $sigalrm
	done
	held_is 3
	rg release
	# The handler runs, and the call is granted instead of interrupted.
	expect_end free 0 $'alarm\ngranted'
	expect_end deadly 142
	# Its alarm is over: it waits for as long as it takes.
	wait_said taken alarm
	is_state "$(pid_of taken)" SD
	tell owner
	expect_end taken 0 $'alarm\ngranted'
	nothing_left
}

# Its timer is one that comes again and again.
@test "flock -w: held for longer than it would wait; then takes the lock, or gives up a wait later" {
	arm_hold --mount $a
	rg release
	talk owner "$LOCKER" unlock flocknb $a/f
	wait_said owner ^locked
	run in_rex flock -w 1 $a/f true
	[ "$status" -eq 1 ]
	rg close
	background free flock -w 1 $a/g echo has it
	background taken flock -w 1 $a/f echo has it
	wait_held 2
	for name in free taken; do
		wait_for 20 "the alarm of $name" is_pending "$(pid_of $name)" $sigalrm
	done
	held_is 2
	rg release
	expect_end free 0 "has it"
	expect_end taken 1
	nothing_left
}

@test "timeout(1): ends a held program, which leaves no entry" {
	arm_hold --mount $a
	background app timeout 3 flock $a/f echo has it
	wait_held 1
	expect_end app 124
	nothing_left
	counters_are held=1 exited=1
}
