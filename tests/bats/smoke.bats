#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The short way through on any kernel: arm, hold, open, trace one recovery, disarm.
# What a kernel refuses is asserted to be refused, and to be said.

load common
load tracing

setup_file() { setup_tiers; }
setup() { setup_recovery; }
teardown() {
	tidy_cli
	[[ ! -d /sys/module/reexport_guard ]] || { fresh && rmmod reexport_guard; }
}
teardown_file() { teardown_recovery; }

# The ids of all BPF programs in the kernel.
programs() { bpftool -j prog show | jq -r '.[] | .id' | sort -n | tr '\n' ' '; }
programs_are() { [[ $(programs) == "$1" ]]; }
# How many hold each module that we hook.
users_of_modules() { (cd /sys/module && grep . {nfsd,nfs,nfsv4,lockd,grace}/refcnt); }
users_are() { [[ $(users_of_modules) == "$1" ]]; }

@test "arm: the gate is closed, nothing is missing; disable leaves nothing in the kernel" {
	before=$(programs) users=$(users_of_modules)
	run rg enable --mount $a --action deny
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"closed: knfsd is not running"* ]]
	[[ $output == *"BPF LSM file_lock, proven by a canary"* ]]
	[ "$(json '[.gates[0].state, .rungs.file_lock, .tracing.missing] | tostring')" = \
		'["closed","lsm",[]]' ]
	[ "$(programs)" != "$before" ]
	[ "$(users_of_modules)" != "$users" ]
	[ "$(json '[.rungs.follow, .by_kprobe, (.tracing.by_kprobe | length)] | tostring')" = \
		"[\"fentry\",[],$(traced_by_kprobe)]" ]
	scope=$(json '.gates[0].scope')
	echo "# seen scope=$scope" >&3 # for tests/matrix
	[[ $output == *"scope $scope,"* ]]
	run try posix $a/f
	if [ "$scope" = locks ]; then
		[ "$output" = EAGAIN ]
	else
		[[ $scope == opens && $output == "locker: $a/f: Resource temporarily unavailable" ]]
	fi
	[ "$(counter denied.policy)" -eq 1 ]
	run try posix $other/f
	[ "$output" = granted ]
	rg disable
	[ ! -e $pins ]
	run try posix $a/f
	[ "$output" = granted ]
	# The kernel frees them after a while.
	wait_for 30 "the programs to be gone" programs_are "$before"
	wait_for 30 "the modules to be let go" users_are "$users"
}

@test "hold: an open, a new file and a lock wait, and go on when knfsd's grace starts" {
	want_grace
	link_down # or the end client would be done reclaiming at once
	talk lock "$LOCKER" wait-then posixw $a/f
	wait_said lock '^opened$'
	arm_hold --mount $a --scope opens
	tell lock
	background read cat $a/g
	background create bash -c "set -C; echo one >$a/new.smoke"
	wait_held 3 60
	[ "$(json '[.held[].what] | sort | join(",")')" = create,lock,open ]
	run tier origin ls /export/a/new.smoke
	[ "$status" -ne 0 ]
	knfsd_start rex 90 90 3
	expect_end lock 0 granted
	expect_end read 0
	expect_end create 0
	[ "$(in_rex cat $a/new.smoke)" = one ]
	[ "$(json '[.gates[0].state, .gates[0].why, .gates[0].knfsd.state] | tostring')" = \
		'["open","grace-started","grace"]' ]
	counters_are held=3 denied.total=0 helper_failures.total=0
	nothing_left
	nobody_stopped
	in_rex rm $a/new.smoke
	end_grace_by_hand
}

# killed_while_held OPTION...: two that are held, knfsd starts, and nobody is there to
# continue them.
killed_while_held() {
	want_skip
	arm_hold --mount $a "$@"
	held_try one posixw $a/f
	background many "$LOCKER" threads ofd $a/g 16
	wait_for 20 "a thread more to be held" some_more_held
	kill -KILL "$(pid_of daemon)"
	knfsd_start rex 10 10 3
	[ "$(gate_state)" = open ]
}
# The word of the kernel, against that of the program.
continued_by() {
	if grep -qw bpf_send_signal_task /proc/kallsyms; then
		echo send_signal_task
	else
		echo user_space
	fi
}
some_more_held() { (($(held_count) >= 2)); }

# bats test_tags=whole
@test "continue: the daemon is killed, and the held go on as knfsd starts, or with the next daemon" {
	expected=$(continued_by)
	echo "# seen continue=$expected" >&3
	if [ $expected = send_signal_task ]; then
		killed_while_held
		[ "$(json .rungs.continue)" = $expected ]
		expect_end one 0 granted
		expect_end many 0 "16 of 16 granted"
		(($(counter continued_by_kernel) >= 2))
		counters_are denied.total=0 helper_failures.total=0
		nothing_left
		nobody_stopped
		rg disable
	else
		run rg enable --mount $a --force-rung send_signal_task
		[ "$status" -eq 3 ]
		[[ $output == *"this kernel has no bpf_send_signal_task()"* ]]
		[ ! -e $pins ]
	fi
	killed_while_held --force-rung user_space
	[ "$(json .rungs.continue)" = user_space ]
	is_state "$(json '.held[0].tgid')" T
	daemon_start
	expect_end one 0 granted
	expect_end many 0 "16 of 16 granted"
	counters_are continued_by_kernel=0 denied.total=0 helper_failures.total=0
	nothing_left
	nobody_stopped
}

# bats test_tags=whole
@test "kprobe: by the last rung the gate follows knfsd's starts, ends and shutdown as well" {
	want_grace
	link_down # or the end client would be done reclaiming at once
	users=$(users_of_modules)
	arm_hold --mount $a --release grace-end --force-rung kprobe
	[ "$(json '[.rungs.follow, .left_out, .tracing.missing, (.tracing.by_kprobe | length)] | tostring')" = \
		'["kprobe",[],[],24]' ]
	run rg status -v
	[[ $output == *"knfsd hooks: kprobe; held by: stop; held processes resumed by: user_space"* ]]
	run rg check
	[[ $output == *"note     hooks grace_start: its function is followed by a kprobe"* ]]
	[[ $output == *"ok       rung $(continued_by): held processes are resumed by"* ]]
	held_try one posixw $a/f
	knfsd_start rex 90 90 3
	# Where the kernel preempts its own threads a kprobe may miss a start of knfsd
	# (docs/kernel.md, Preemption): the gate stays closed, which is the safe side. Then once more.
	if preempts && ! wait_for 30 "knfsd's start to be seen" gate_is grace; then
		[ "$(gate_state)" = closed ]
		held_is 1
		echo "# a start of knfsd was missed by the kprobe: once more" >&3
		knfsd_stop rex
		knfsd_start rex 90 90 3
	fi
	wait_gate grace
	held_is 1
	end_grace_by_hand
	wait_gate open 60
	expect_end one 0 granted
	knfsd_stop rex
	gate_has state=closed knfsd.state=down
	held_try two posixw $a/f
	want_skip
	knfsd_start rex 10 10 3
	wait_gate open 60
	expect_end two 0 granted
	counters_are held=2 denied.total=0 helper_failures.total=0
	nothing_left
	nobody_stopped
	knfsd_stop rex
	run rg enable --mount $a --force-rung send_signal_task
	[ "$status" -eq 1 ]
	rg disable
	expect_end daemon 0
	run rg enable --mount $a --force-rung send_signal_task --force-rung kprobe
	[ "$status" -eq 3 ]
	[ ! -e $pins ]
	wait_for 30 "the modules to be let go" users_are "$users"
}

# The daemon records by itself: its recording has every operation that this trace was told.
recorded_itself() {
	local of='select(.side == "server" or .side == "client") | [.boot_ns, .event, .status] | @tsv'
	in_rex cat $state/recovery.ndjson >"$work/own.ndjson" &&
		[[ -z $(comm -23 <(events | jq -r "$of" | sort) <(jq -r "$of" "$work/own.ndjson" | sort)) ]]
}

# bats test_tags=whole
@test "trace: one recovery, both sides; an end client's locks are forwarded or refused, and it is said" {
	recorded_whole recovery_of_5
	if refused_all; then regime=refused; else regime=forwarded; fi
	echo "# seen nfs4-locks=$regime" >&3
	[ "$(json .regime.nfs4_locks)" = $regime ]
	run rg status -v
	[[ $output == *"locks    of end clients: NFSv4 $regime, "* ]]
	run rg status # one screen; the first dot has three bytes
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -le 24 ]
	[[ $output == "● "*$'\n'"locks      of end clients: NFSv4 $regime, "*$'\n'"guarded "* ]]
	[ -z "$(LC_ALL=C awk 'length > 82' <<<"$output")" ]
	wait_for 60 "the daemon's own recording to be as whole as the trace" recorded_itself
	[ "$(json .recorder.state)" = on ]
	run rg report --json --state-dir $state
	[ "$status" -eq 0 ]
	[ "$(jq -c '.recoveries | map(.clients | map(.address))' <<<"$output")" = '[["10.77.2.2"]]' ]
	[ "$(jq .recoveries_left_out <<<"$output")" -ge 1 ] # knfsd's start before it
	# The tracing programs were attached after the daemon began to record, and before knfsd started.
	[ "$(jq '[.recoveries[].verdict.sentences[] | select(contains("Not attached"))] | length' <<<"$output")" = 0 ]
	[ "$(jq '[.recoveries[].verdict.lower_bounds] | any' <<<"$output")" = false ]
	[ "$(in_rex stat -c %a $state/recovery.ndjson)" = 600 ]
	cli='.client.addr == "10.77.2.2" and .client.minor == 2'
	counts "$server and $cli and .event == \"OPEN\" and .claim == \"reclaim\" and .status == \"NFS4_OK\" and
		(.back | length) > 0 and .file.fileid > 0 and .duration_ns > 0" 1
	counts "$server and $cli and .event == \"RECLAIM_COMPLETE\" and .generation == 2 and
		.complete == 1 and .expected == 1" 1
	counts '.event == "GRACE_START" and .expected == 1 and .grace_s == 80' 1
	recovered_locks
	nothing_lost
}

# gate_in STATE WHY
gate_in() { [[ $(json '[.gates[0].state, .gates[0].why] | join(" ")') == "$1 $2" ]]; }

# bats test_tags=whole
@test "nothing to protect: a kernel that refuses locks by both protocols keeps nobody out, until an end client is granted a lock" {
	local said
	said="there is nothing to protect: kernel $(uname -r) refuses"
	# What a daemon wrote in an earlier boot of this kernel.
	printf '{"version": 1, "boot_id": "another", "before": %s, "now": {"nfs4_locks": {"regime": "unknown",
		"kernel": ""}, "nlm_locks": {"regime": "refused", "kernel": "%s"}}}' \
		'{"nfs4_locks": {"regime": "unknown", "kernel": ""}, "nlm_locks": {"regime": "unknown", "kernel": ""}}' \
		"$(uname -r)" | in_rex install -D /dev/stdin /var/lib/reexport-guard/regime.json
	run rg enable --mount $a --action deny
	echo "$output"
	[ "$status" -eq 0 ]
	if [ "$(json .regime.nfs4_locks)" = forwarded ]; then
		[[ $output != *"nothing to protect"* ]]
		gate_in closed knfsd-down
		run try posix $a/f
		[ "$output" = EAGAIN ]
		return
	fi
	[[ $output == *"$said"*"and NFSv3's;"* ]]
	gate_in open nothing-to-protect
	run try posix $a/f
	[ "$output" = granted ]
	run rg status
	[[ $output == "● NOT protected: there is nothing to protect"* ]]
	# A scope that is asked for keeps local applications from more than locks; and a person counts for more.
	rg enable --mount $a --action deny --scope opens
	gate_in closed knfsd-down
	rg close
	run rg enable --mount $a --action deny --scope locks
	[[ $output != *"nothing to protect"* ]]
	gate_in closed closed-by-hand
	want_skip
	knfsd_start rex 10 10 3
	rg enable --mount $a --action deny --scope locks
	gate_in open nothing-to-protect
	knfsd_stop rex
	gate_in open nothing-to-protect
	want_skip
	knfsd_start rex 10 10 3
	clients_umount # the last test's may be by NFSv4
	cli_mount vers=3
	run cli_tries
	echo "the end client's lock: $output"
	case $output in
	granted)
		[ "$(json '.gates[0].why != "nothing-to-protect"')" = true ]
		knfsd_stop rex
		gate_in closed knfsd-down
		run rg enable --mount $a --action deny --scope locks
		[[ $output != *"nothing to protect"* ]]
		gate_in closed knfsd-down
		;;
	ENOLCK)
		knfsd_stop rex
		gate_in open nothing-to-protect
		;;
	*) false ;;
	esac
	clients_umount
	rg disable
	# With no record of an earlier boot, and rpc.statd at work, nobody knows.
	in_rex rm -f /var/lib/reexport-guard/regime.json
	run rg enable --mount $a --action deny --scope locks
	[[ $output != *"nothing to protect"* ]]
	gate_in closed knfsd-down
}

thief_that_sleeps() {
	thief
	[ "$(json '.held[0].state')" = asleep ]
	is_state "$(json '.held[0].pid')" S
	nobody_stopped
}

# The end client is at its defaults: a lock whose reclaim is refused is lost. What it gets
# from this kernel by itself is asserted before and after.
@test "module: an end client at its defaults has locks and keeps them, and held threads sleep" {
	load_module
	asked() { cat "/sys/module/reexport_guard/parameters/$1"; }
	tier_nfs cli recover-lost-locks N
	serve
	own=$(cli_tries)
	[[ $own == granted || $own == "errno 524"* ]]
	clients_umount
	knfsd_stop rex
	guard --release settled --scope locks
	[ "$(json '[.module.state, .rungs.hold] | join(" ")')" = "answered sleep" ]
	serve
	run cli_tries
	[ "$output" = granted ]
	take 5
	wait_said app '^locked 5$'
	restart thief_that_sleeps
	cli_recovered
	wait_gate open 90
	tell app write
	wait_said app '^written, 0 failed' 60
	run ended thief # it waits for the lock, as on a direct mount
	[ "$status" -ne 0 ]
	[ "$(asked forwarded)" = 5 ]
	[ "$(counter reclaims.granted.unproven)" -ge 1 ] # fewer than 5 where calls are skipped
	counters_are reclaims.granted.proven=0 reclaims.not_granted=0 reclaims.refused.total=0
	tell app quit
	expect_end thief 0 granted 60
	counters_are denied.total=0 helper_failures.total=0
	nothing_left
	# Nobody answers any more: this kernel's own answer, and the module goes at once.
	rg disable
	run cli_tries
	[ "$output" = "$own" ]
	if [[ $own != granted ]]; then
		allowed=$(asked allowed)
		[ "$allowed" -ge 1 ]
		[ "$(asked restored)" = "$allowed" ]
	fi
	rmmod reexport_guard
	run cli_tries
	[ "$output" = "$own" ]
}
