#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Verbs are killed at a system call, and system calls fail under them, one at a time. Which one
# follows from RG_FAULT_SEED (1), and RG_FAULT_ROUNDS says how many there are of
# each kind. `make fault` runs this for hours (tests/fault); `make test` runs a cut of it.

load common
untraced_gate=yes

OTHER=${RG_OTHER:-$repo/build/other/build/reexport-guard}
rounds=${RG_FAULT_ROUNDS:-2}
# What changes something in the kernel, and what is lost when a process dies before it.
changes=bpf,mkdir,rmdir,unlink,unlinkat,rename,renameat2,clone,clone3,fork,vfork,pidfd_open
changes+=,pidfd_send_signal,kill,flock,openat

setup_file() {
	setup_tiers
	export RG_FAULT_SEED=${RG_FAULT_SEED:-1}
	echo "# RG_FAULT_SEED=$RG_FAULT_SEED RG_FAULT_ROUNDS=$rounds" >&3
}
setup() {
	fresh
	in_rex touch $a/h
	RANDOM=$RG_FAULT_SEED
}
teardown_file() { fresh; }

policy=(--mount $a --scope locks --release settled --max-hold 1h)

# A crowd: a program that is held, one in a wrapper that stops itself because of that, and one
# that asks all the time and says what it got.
crowd() {
	in_rex rm -f /run/enough
	held_try one posix $a/f
	held_try wrapped posix $a/g runuser -u root --
	background asker bash -c "while [ ! -e /run/enough ]; do $LOCKER try posix $a/h; done"
	wait_held 3
}
crowd_goes_on() {
	expect_end one 0 granted 60
	expect_end wrapped 0 granted 60
	expect_end asker 0 granted 60
	nobody_stopped
}

# calls SET COMMAND...: how many system calls of this set it makes.
calls() {
	in_rex strace -qq -o /run/calls -e trace="$1" "${@:2}" >/dev/null 2>&1
	in_rex grep -c '(' /run/calls
}

# killed_at N COMMAND...: before the Nth time that it makes one of the system calls that change
# something. strace counts each system call by itself; most of them are bpf(2).
killed_at() {
	echo "killed at change $1: ${*:2}"
	run in_rex strace -qq -o /dev/null -e trace="$changes" \
		-e inject="$changes:signal=KILL:when=$1" "${@:2}"
}

# pick COUNT: a number from 1 to COUNT, in $picked.
pick() { picked=$(((RANDOM * 32768 + RANDOM) % $1 + 1)); }

# A line that begins with ! fails no test unless it is the last one, so this is a function.
nobody_let_in() { ! said asker granted; }

is_closed_with_crowd() {
	[ "$(gate_state)" = closed ]
	held_is 3
	nobody_let_in
}

@test "enable and policy reload killed at a system call: the gate stays closed, and holds whom it held" {
	local n kills=0
	arm_hold "${policy[@]}"
	crowd
	n=$(calls bpf "$RG" enable "${policy[@]}" --max-hold 2h)
	[ "$n" -gt 20 ]
	for ((i = 0; i < rounds; i++)); do
		pick "$n"
		killed_at "$picked" "$RG" enable "${policy[@]}" --max-hold $((i + 1))h
		# How many calls there are depends on how often it has to try again.
		[[ $status == 137 || $status == 0 ]]
		((kills += status == 137)) || true
		is_closed_with_crowd
		rg status >/dev/null
	done
	((kills > 0))
	# Another version's, which has more to lose: it replaces the set.
	kill -TERM "$(pid_of daemon)"
	expect_end daemon 0
	n=2000
	for ((i = 0; i < rounds; i++)); do
		pick "$n"
		killed_at "$picked" "$OTHER" enable "${policy[@]}"
		is_closed_but_for_denied
	done
	run rg enable "${policy[@]}"
	[ "$status" -eq 0 ]
	[ ! -e $pins-beside ]
	daemon_start
	wait_held 3
	nobody_let_in
	in_rex touch /run/enough
	rg disable
	crowd_goes_on
}

# pgrep(1) is too slow for it where all is emulated.
child_of() { [[ $(<"/proc/$1/task/$1/children") =~ ^([0-9]+) ]] && echo "${BASH_REMATCH[1]}"; }
canary_is_held() {
	enabling=$(child_of "$(pid_of enabling)") && canary=$(child_of "$enabling") && is_state "$canary" T
}
canary_ended() { not kill -0 "$canary"; }
@test "enable killed while its canary is held: the canary ends with it, and nothing stays locked" {
	local enabling canary
	# It looks at the canary late.
	background enabling strace -qq -o /dev/null -e trace=wait4 -e inject=wait4:delay_enter=8000000 \
		"$RG" enable "${policy[@]}" --force-without tracing
	wait_for 300 "the canary to be held" canary_is_held
	kill -KILL "$enabling"
	wait_for 10 "the canary to end" canary_ended
	nobody_stopped
	arm "${policy[@]}" --action deny
	rg disable
	expect_end enabling 137
}

# daemon_killed_at N: a daemon is started, and killed before its Nth system call that changes
# something; one that makes fewer is killed once it says that it is ready.
daemon_killed_at() {
	echo "daemon killed at change $1"
	background starting strace -f -qq -o /dev/null -e trace="$changes" \
		-e inject="$changes:signal=KILL:when=$1" "$RG" run
	wait_for 60 "the daemon to be ready, or killed" ready_or_ended
	if ! ended starting; then daemon_killed; fi
	expect_end starting 137
}
ready_or_ended() { said starting 'ready: pid' || ended starting; }

# daemon_killed: so many milliseconds from now; whoever it is.
daemon_killed() {
	local pid
	pid=$(json .daemon.pid)
	pick "${1:-1}"
	in_rex bash -c "sleep $(printf '0.%03d' $((picked - 1))); kill -KILL $pid"
}

@test "the daemon killed while it starts, waits, and while the gate opens and closes: nobody is let in early, nobody stays" {
	local i
	for ((i = 0; i < rounds; i++)); do
		arm_hold "${policy[@]}"
		crowd
		daemon_killed 1000
		pick 300
		daemon_killed_at "$picked"
		is_closed_but_for_denied
		daemon_start
		wait_held 3
		nobody_let_in
		# The gate opens: the kernel lets the held go, or the next daemon does.
		in_rex touch /run/enough
		want_skip
		knfsd_start rex 10 10 3
		daemon_killed 400
		daemon_start
		crowd_goes_on
		held_is 0
		# It closes again, and holds again.
		in_rex touch $a/h
		knfsd_stop rex
		daemon_killed 400
		[ "$(gate_state)" = closed ]
		daemon_start
		crowd
		nobody_let_in
		in_rex touch /run/enough
		rg disable
		crowd_goes_on
	done
}
# Who asks all the time is denied while no daemon lives, and asks again.
is_closed_but_for_denied() {
	[ "$(gate_state)" = closed ]
	(($(held_count) >= 2))
	nobody_let_in
}

@test "disable killed at a system call: the next one continues everybody, and nothing is left" {
	local n=150
	for ((i = 0; i < rounds; i++)); do
		arm_hold "${policy[@]}"
		crowd
		in_rex touch /run/enough
		pick "$n"
		killed_at "$picked" "$RG" disable
		if [[ $status != 137 ]]; then n=$picked; fi # it was through
		run rg disable
		[[ $status == 0 || $status == 4 ]]
		[ ! -e $pins ]
		crowd_goes_on
		expect_end daemon 0 "disabled by another process"
	done
}

@test "enable killed, or refused a system call, with nothing enabled: all or nothing, and one line says why" {
	local n fail fails=(bpf:ENOMEM bpf:EPERM openat:EMFILE openat:ENOMEM mkdir:ENOSPC clone:EAGAIN)
	for ((i = 0; i < rounds; i++)); do
		pick 400
		killed_at "$picked" "$RG" enable "${policy[@]}" --action deny
		rg enable "${policy[@]}" --action deny >/dev/null
		rg disable
		pick ${#fails[@]}
		fail=${fails[picked - 1]}
		n=200
		[[ $fail != [mc]* ]] || n=2
		pick $n
		echo "$fail at call $picked"
		run in_rex strace -qq -o /dev/null -e trace="${fail%:*}" \
			-e inject="${fail%:*}:error=${fail#*:}:when=$picked" \
			"$RG" enable "${policy[@]}" --action deny
		echo "$status: $output"
		if ((status == 0)); then
			run try posix $a/f
			[ "$output" = EAGAIN ]
			rg status >/dev/null
			rg disable
			continue
		fi
		[ ! -e $pins ]
		# Before main() it is the loader of shared libraries that speaks.
		[[ $output == *"shared libraries"* ]] ||
			[ "$(grep -c '^reexport-guard: ' <<<"$output" || true)" -ge 1 ]
		run try posix $a/f
		[ "$output" = granted ]
		nobody_stopped
	done
}

# without_memory N COMMAND...: its Nth allocation fails. No failure ends it by a signal.
without_memory() {
	echo "allocation $1 fails: ${*:2}"
	run in_rex env LD_PRELOAD="$repo/build/tests/helpers/no_memory" NO_MEMORY="$1" "${@:2}"
	echo "$status: $output"
	((status < 124))
}
# allocations COMMAND...: how many it makes.
allocations() {
	in_rex env LD_PRELOAD="$repo/build/tests/helpers/no_memory" NO_MEMORY_COUNT=/run/allocations \
		"$@" >/dev/null 2>&1
	in_rex cat /run/allocations
}

@test "an allocation fails: enable is all or nothing and says why; release and disable leave nobody" {
	local armed released disarmed
	armed=$(allocations "$RG" enable "${policy[@]}" --action deny)
	released=$(allocations "$RG" release)
	disarmed=$(allocations "$RG" disable)
	echo "allocations: enable $armed, release $released, disable $disarmed"
	for ((i = 0; i < rounds; i++)); do
		pick "$armed"
		without_memory "$picked" "$RG" enable "${policy[@]}" --action deny
		if ((status)); then
			[[ $output == *"reexport-guard: "* ]]
			[ ! -e $pins ]
			[ "$(try posix $a/f)" = granted ]
		else
			run try posix $a/f
			[ "$output" = EAGAIN ]
		fi
		arm_hold "${policy[@]}"
		held_try one posix $a/f
		held_try wrapped posix $a/g runuser -u root --
		pick "$released"
		without_memory "$picked" "$RG" release
		if ((status)); then
			[[ $output == *"reexport-guard: "* ]]
		fi
		pick "$disarmed"
		without_memory "$picked" "$RG" disable
		if ((status)); then
			[[ $output == *"reexport-guard: "* ]]
			rg disable
		fi
		[ ! -e $pins ]
		expect_end one 0 granted 60
		expect_end wrapped 0 granted 60
		nobody_stopped
		expect_end daemon 0 "disabled by another process"
	done
}
