#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Programs as they are: at a closed gate they wait in the call with which they
# lock, and work when it opens. Programs that run others (sudo, su, script, shells, tmux and
# screen) are told that those are stopped, and do something about it.

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

# bats test_tags=whole
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
# bats test_tags=whole
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

# bats test_tags=whole
@test "timeout(1): ends a held program, which leaves no entry" {
	arm_hold --mount $a
	background app timeout 3 flock $a/f echo has it
	wait_held 1
	expect_end app 124
	nothing_left
	counters_are held=1 exited=1
}

# ---- programs that run others, and stop themselves when those are stopped ----

# run_by WRAPPER FILE: a command that locks FILE, run by it, in command[].
run_by() {
	local lock="exec $LOCKER try posix $2"
	case $1 in
	su) command=(su root -c "$lock") ;;
	su-pty) command=(su --pty root -c "$lock") ;;
	runuser) command=(runuser -u root -- "$LOCKER" try posix "$2") ;;
	runuser-login) command=(runuser -l root -c "$lock") ;;
	sudo) command=(sudo -n "$LOCKER" try posix "$2") ;;
	sudo-no-pty) command=(sudo -n -u daemon "$LOCKER" try posix "$2") ;;
	nsenter) command=(nsenter --pid=/proc/self/ns/pid "$LOCKER" try posix "$2") ;;
	script) command=(script -qec "$lock" /dev/null) ;;
	sudo-su) command=(sudo -n su root -c "$lock") ;;
	script-runuser) command=(script -qec "exec runuser -u root -- $LOCKER try posix $2" /dev/null) ;;
	esac
}
every_wrapper=(su su-pty runuser runuser-login sudo sudo-no-pty nsenter script sudo-su script-runuser)
some_wrappers=(sudo sudo-no-pty script-runuser)

# wrappers_stop NAME...: the gate is closed, each runs one that is held, and has stopped itself.
wrappers_stop() {
	local name
	started=("$@")
	# sudo with a pseudo terminal, which is Debian's default, and without.
	printf '%s\n' 'root ALL=(ALL) NOPASSWD: ALL' 'Defaults use_pty' \
		'Defaults>daemon !use_pty' >/etc/sudoers
	in_rex bash -c "for f; do : >>$a/f.\$f; chmod 666 $a/f.\$f; done" _ "$@"
	for name; do
		run_by "$name" "$a/f.$name"
		background "$name" "${command[@]}"
	done
	wait_held $# 60
	for name; do
		wait_for 20 "$name to stop itself" is_state "$(pid_of "$name")" T
	done
}

# All of them go on to their ends, as if nothing had happened.
wrappers_end() {
	local name
	for name in "${started[@]}"; do
		expect_end "$name" 0 granted
	done
	nobody_stopped
}

@test "sudo, su, runuser, nsenter and script stop themselves, and go on when grace starts" {
	arm_hold --mount $a
	want_skip
	wrappers_stop "${every_wrapper[@]}"
	# Those that run another wrapper, and that one.
	[ "$(json '.wrappers | length')" -eq $((${#started[@]} + 2)) ]
	knfsd_start rex 10 10 3
	wrappers_end
	nothing_left
	map_is wrappers 0
	counters_are wrappers_continued="$(counter wrappers_stopped)" denied.total=0
}

# bats test_tags=whole
@test "the same by release, by disable, and by the next daemon" {
	arm_hold --mount $a
	wrappers_stop "${some_wrappers[@]}"
	rg release
	wrappers_end
	rg close
	wrappers_stop "${some_wrappers[@]}"
	kill -KILL "$(pid_of daemon)"
	"$TOGGLE" 1 1 # the gate is open, and nobody is there to continue them
	is_state "$(pid_of sudo)" T
	daemon_start
	wrappers_end
	rg close
	wrappers_stop "${some_wrappers[@]}"
	rg disable
	wrappers_end
}

@test "a person stops a wrapper, or what it runs: it stays stopped until he continues it" {
	local held
	arm_hold --mount $a
	wrappers_stop su sudo script-runuser
	kill -STOP "$(pid_of su)"
	held=$(json '.held[] | select(.file | endswith("f.sudo")) | .pid')
	kill -STOP "$held"
	rg release
	expect_end script-runuser 0 granted
	is_state "$(pid_of su)" T
	is_state "$held" T
	is_state "$(pid_of sudo)" T
	kill -CONT "$(pid_of su)"
	expect_end su 0 granted
	# sudo stopped itself because of us: it goes on when its program does.
	kill -CONT "$held"
	expect_end sudo 0 granted
	nobody_stopped
}

# bats test_tags=whole
@test "what a wrapper runs is killed while it is held: the wrapper goes on, the gate being closed" {
	arm_hold --mount $a
	wrappers_stop su
	kill -KILL "$(json '.held[0].pid')"
	expect_end su 137
	nothing_left
	map_is wrappers 0
}

# ---- terminals ----

# bats test_tags=whole
@test "bash, dash and zsh on a terminal: say that their job is stopped, and it goes on when the gate opens" {
	local shell shells=(bash dash zsh)
	arm_hold --mount $a
	for shell in "${shells[@]}"; do
		in_rex bash -c ": >>$a/f.$shell"
		# No start-up files of this host's root.
		talk $shell script -qc "exec env HOME=/ $shell -i" /dev/null
		# What is typed before the prompt may be thrown away.
		wait_for 30 "a prompt of $shell" grep -q '[#$%]' "$work/$shell.out"
		tell $shell "PS1=; $LOCKER try posix $a/f.$shell"
		wait_said $shell "[Ss](topped|uspended)"
		# It takes the next command.
		tell $shell 'echo $((6 * 7))'
		wait_said $shell 42
	done
	held_is 3
	# A shell that is suspended by hand is not continued, nor is what stopped itself because
	# of that, though a process below it is held.
	tell bash 'suspend -f'
	wait_for 20 "bash to be suspended" pgrep -x bash -r T
	wait_for 20 "script to stop itself" is_state "$(pid_of bash)" T
	rg release
	wait_said dash granted
	wait_said zsh granted
	nothing_left
	is_state "$(pid_of bash)" T
	kill -CONT "$(pgrep -x bash -r T)" "$(pid_of bash)"
	wait_said bash granted
	for shell in "${shells[@]}"; do
		# dash learns that its job went on at the next command, and refuses to exit before.
		tell $shell :
		tell $shell exit
		expect_end $shell 0
	done
	nobody_stopped
}

said_in() { [[ -s $work/$1 ]] && grep -qE "$2" "$work/$1"; }
again_is_over() { (($(counter held_again) > $1)); }

@test "tmux and screen continue a stopped program at once: it is refused instead of held over and over" {
	arm_hold --mount $a
	in_rex bash -c ": >>$a/f.tmux; : >>$a/f.screen; mkdir -p -m 755 /run/screen"
	# By no shell in between: they continue what they run themselves. And with nothing of bats'
	# open, which would wait for them.
	in_rex tmux -L rg -f /dev/null new-session -d \
		"exec $LOCKER try posix $a/f.tmux >/proc/1/root$work/tmux.said 2>&1" 3>&- 4>&-
	wait_for 30 "tmux to end" said_in tmux.said EAGAIN
	counters_are held=1 held_again=32 denied.continued_by_others=1 denied.total=1
	nothing_left
	# screen misses one now and then, and what it runs is held like anything else from there on.
	in_rex screen -c /dev/null -dmS rg sh -c \
		"exec $LOCKER try posixw $a/f.screen >/proc/1/root$work/screen.said 2>&1" 3>&- 4>&-
	wait_for 30 "screen to continue it" again_is_over 32
	rg release
	wait_for 30 "screen to end" said_in screen.said "granted|ENOLCK"
	nobody_stopped
	nothing_left
	rg close
	# A person who continues it now and then is no reason to refuse it.
	held_try one posix $a/f
	before=$(counter held_again)
	kill -CONT "$(pid_of one)"
	wait_for 10 "held again" again_is_over "$before"
	held_is 1
	rg release
	expect_end one 0 granted
}
