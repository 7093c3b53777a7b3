#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Verbs are killed at a system call, and system calls fail under them, one at a time. Which one
# follows from RG_FAULT_SEED (1): rounds go on from there, call by call, so that with as many rounds
# as there are calls each is hit. RG_FAULT_ROUNDS says how many there are of each kind,
# RG_FAULT_KILLS how often the daemon is killed while one gate is closed, RG_FAULT_CROWD how many
# processes are held meanwhile. `make fault` runs this for hours (tests/fault); `make test` runs a cut.

load common
untraced_gate=yes
daemon_within=120

OTHER=${RG_OTHER:-$repo/build/other/build/reexport-guard}
rounds=${RG_FAULT_ROUNDS:-2}
kills=${RG_FAULT_KILLS:-1}
size=${RG_FAULT_CROWD:-10}
tenth=$(((size + 9) / 10))
plain=$((size - 3 * tenth))
# What changes something in the kernel, and what is lost when a process dies before it.
changes=bpf,mkdir,rmdir,unlink,unlinkat,rename,renameat2,clone,clone3,fork,vfork,pidfd_open
changes+=,pidfd_send_signal,kill,flock,openat

setup_file() {
	setup_tiers
	export RG_FAULT_SEED=${RG_FAULT_SEED:-1}
	echo "# RG_FAULT_SEED=$RG_FAULT_SEED RG_FAULT_ROUNDS=$rounds RG_FAULT_KILLS=$kills RG_FAULT_CROWD=$size" >&3
	: >"$BATS_FILE_TMPDIR/kills"
	echo 'root ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers
	in_rex bash -c 'printf "[gate]\nscope = locks\nrelease = settled\nmax-hold = 3h\n[mounts]\nmount = %s\n" $0 \
		>/run/fault.conf; for ((i = 0; i < $1; i++)); do : >>$0/crowd; : >>$0/threaded.$i; : >>$0/wrapped.$i
		: >>$0/contained.$i; done' $a "$tenth"
}
setup() {
	fresh
	in_rex touch $a/h
	RANDOM=$RG_FAULT_SEED
}
teardown_file() {
	fresh
	echo "# SIGKILLs: $(killed daemon) of the daemon, $(killed verb) of a verb" >&3
}
# note_kill daemon|verb; killed daemon|verb: how many there were.
note_kill() { echo "$1" >>"$BATS_FILE_TMPDIR/kills"; }
killed() { grep -c "^$1$" "$BATS_FILE_TMPDIR/kills" || true; }

policy=(--mount "$a" --scope locks --release settled --max-hold 1h)

# The crowd: plain processes; some of three threads; some in sudo, which stops itself when its program is
# stopped; some that are the first of a container (pid and mount namespace); and one that asks all the
# time and says what it got. All have files or bytes of their own: none waits for another.
crowd() {
	in_rex rm -f /run/enough
	rm -f "$work/many.in"
	talk many "$LOCKER" crowd $a/crowd "$plain"
	several threaded 3
	several wrapped "" sudo -n
	several contained "" unshare --pid --mount --fork --mount-proc
	background asker bash -c "while [ ! -e /run/enough ]; do $LOCKER try posix $a/h; done"
	wait_said many "^stopped $plain$" 300
	wait_for 300 "the crowd to be held" crowd_is_held
}
# several NAME THREADS [BY...]: a tenth of the crowd; BY is a command that runs each.
several() {
	# shellcheck disable=SC2016 # expanded in the tier
	background "$1" bash -c 'verb=try
		[ -z "$3" ] || verb=threads
		for ((i = 0; i < $2; i++)); do "${@:4}" "$0" $verb posix $1.$i $3 & done; wait' \
		"$LOCKER" "$a/$1" "$tenth" "$2" "${@:3}"
}
# Processes, not threads: of several threads the first one that is held stops the others, or does not.
held_processes() { rg status --json 2>/dev/null | jq '[.held[].tgid] | unique | length'; }
crowd_is_held() { (($(held_processes) == size + 1)); }
but_for_denied() { (($(held_processes) >= size)); }
crowd_goes_on() {
	local name
	wait_said many "^granted $plain refused 0$" 300
	tell many
	expect_end many 0 "ended $plain" 120
	for name in threaded wrapped contained; do
		expect_end $name 0 "" 300
		echo "$name: $(sort "$work/$name.out" | uniq -c)"
		[ "$(grep -cE '^(3 of 3 )?granted$' "$work/$name.out")" -eq "$tenth" ]
	done
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
	[[ $status != 137 ]] || note_kill verb
}

# pick COUNT: a number from 1 to COUNT, in $picked.
pick() { picked=$(((RANDOM * 32768 + RANDOM) % $1 + 1)); }
# pick_call COUNT: the same, and one more in each round $i than in the one before.
pick_call() { picked=$(((RG_FAULT_SEED + i) % $1 + 1)); }

nobody_let_in() {
	local name
	for name in asker many threaded wrapped contained; do
		not said $name granted
	done
}

is_closed_with_crowd() {
	[ "$(gate_state)" = closed ]
	crowd_is_held
	nobody_let_in
}

@test "enable and policy reload killed at a system call: the gate stays closed, and holds whom it held" {
	local n reload before
	before=$(killed verb)
	arm_hold "${policy[@]}"
	crowd
	n=$(calls bpf "$RG" enable "${policy[@]}" --max-hold 2h)
	reload=$(calls bpf "$RG" policy reload --config /run/fault.conf)
	echo "calls of bpf(2): enable $n, policy reload $reload"
	((n > 20 && reload > 20))
	for ((i = 0; i < rounds; i++)); do
		pick_call "$n"
		killed_at "$picked" "$RG" enable "${policy[@]}" --max-hold $((i + 1))h
		# How many calls there are depends on how often it has to try again.
		[[ $status == 137 || $status == 0 ]]
		is_closed_with_crowd
		pick_call "$reload"
		killed_at "$picked" "$RG" policy reload --config /run/fault.conf
		[[ $status == 137 || $status == 0 ]]
		is_closed_with_crowd
		rg status >/dev/null
	done
	(($(killed verb) > before))
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
	wait_for 120 "the crowd to be held" crowd_is_held
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
	background starting strace -f --seccomp-bpf -qq -o /dev/null -e trace="$changes" \
		-e inject="$changes:signal=KILL:when=$1" "$RG" run
	wait_for 300 "the daemon to be ready, or killed" ready_or_ended
	if ended starting; then note_kill daemon; else daemon_killed; fi
	expect_end starting 137
}
ready_or_ended() { said starting 'ready: pid' || ended starting; }

# daemon_killed: so many milliseconds from now; whoever it is.
daemon_killed() {
	local pid
	pid=$(json .daemon.pid)
	pick "${1:-1}"
	in_rex bash -c "sleep $(printf '0.%03d' $((picked - 1))); kill -KILL $pid"
	note_kill daemon
}

# bats test_tags=whole
@test "the daemon killed while it starts, waits, and while the gate opens and closes: nobody is let in early, nobody stays" {
	local i k
	for ((i = 0; i < rounds; i++)); do
		arm_hold "${policy[@]}"
		crowd
		for ((k = 0; k < kills; k++)); do
			daemon_killed 1000
			is_closed_but_for_denied
			pick 300
			daemon_killed_at "$picked"
			is_closed_but_for_denied
			daemon_start
			wait_for 120 "the crowd to be held" crowd_is_held
			nobody_let_in
		done
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
	but_for_denied
	nobody_let_in
}

@test "disable killed at a system call: the next one continues everybody, and nothing is left" {
	local n=150
	for ((i = 0; i < rounds; i++)); do
		arm_hold "${policy[@]}"
		crowd
		in_rex touch /run/enough
		pick_call "$n"
		killed_at "$picked" "$RG" disable
		if [[ $status != 137 ]]; then n=$picked; fi # it was through
		run rg disable
		[[ $status == 0 || $status == 4 ]]
		[ ! -e $pins ]
		crowd_goes_on
		expect_end daemon 0 "disabled by another process"
	done
}

# bats test_tags=whole
@test "enable killed, or refused a system call, with nothing enabled: all or nothing, and one line says why" {
	local n fail fails=(bpf:ENOMEM bpf:EPERM openat:EMFILE openat:ENOMEM mkdir:ENOSPC clone:EAGAIN)
	for ((i = 0; i < rounds; i++)); do
		pick_call 400
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
