#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel that was booted without BPF LSM: the second rung.

load common
load tracing

setup_file() {
	preempts || true # debugfs is mounted
	cat $modes >"$BATS_FILE_TMPDIR/modes"
	setup_tiers
}
setup() {
	fresh
	# Calls pass the rung unasked there, so it is taken only by force.
	! preempts || forced=(--force-rung fmod_ret)
}
teardown() {
	local mode
	[[ $(<"$BATS_FILE_TMPDIR/modes") =~ \(([a-z]+)\) ]] && mode=${BASH_REMATCH[1]}
	echo "$mode" >$modes
}
teardown_file() { fresh; }

@test "bpf is not in the lsm list of this machine" {
	[[ ,$(cat /sys/kernel/security/lsm), != *,bpf,* ]]
}

@test "the rung that does not fire is found out by the canary: exit 3, nothing left" {
	forced=(--force-rung lsm)
	run rg enable --mount $a
	[ "$status" -eq 3 ]
	[[ $output == *"add bpf to lsm="* ]]
	[ ! -e $pins ]
}

# bats test_tags=whole
@test "enable steps down to fmod_ret: held, denied, let go" {
	arm_hold --mount $a
	[ "$(json .rungs.file_lock)" = fmod_ret ]
	for kind in posix posixw ofd ofdw flock flocknb rdlease; do
		in_rex touch $a/f.$kind
		held_try $kind $kind $a/f.$kind
	done
	run try getlk $a/f
	[ "$output" = granted ]
	run try posix $other/f
	[ "$output" = granted ]
	want_skip
	knfsd_start rex 10 10 3
	for kind in posix posixw ofd ofdw flock flocknb rdlease; do
		expect_end $kind 0 granted
	done
	knfsd_stop rex
	arm --mount $a --action deny
	run try posixw $a/f
	[ "$output" = ENOLCK ]
	rg disable
	run try posix $a/f
	[ "$output" = granted ]
	nobody_stopped
}

# bats test_tags=whole
@test "securityfs is not mounted: the list of LSMs is not known, and the canary finds out" {
	# shellcheck disable=SC2016 # expanded by the inner shell
	run in_rex unshare -m bash -c 'umount /sys/kernel/security && "$0" enable --mount "$1" --scope locks --action deny' \
		"$RG" $a
	[[ $output == *"trying fmod_ret"* ]]
	if preempts; then
		[ "$status" -eq 3 ]
		[[ $output == *"rung fmod_ret: this kernel preempts its own threads"* ]]
		[ ! -e $pins ]
		return
	fi
	[ "$status" -eq 0 ]
	[ "$(json .rungs.file_lock)" = fmod_ret ]
	run try posix $a/f
	[ "$output" = EAGAIN ]
}

# bats test_tags=whole
@test "fmod_ret: scopes opens and access hold, and let go" {
	in_rex bash -c "echo hello >$a/f"
	for scope in opens access; do
		arm_hold --mount $a --scope $scope
		[ "$(json .rungs.file_open)" = fmod_ret ]
		[ "$(json .rungs.inode_create)" = fmod_ret ]
		background read cat $a/f
		background create bash -c "set -C; echo one >$a/new.$scope"
		wait_held 2 60
		if [[ $scope == access ]]; then
			[ "$(json .rungs.inode_permission)" = fmod_ret ]
		fi
		if tier origin test -e /export/a/new.$scope; then
			echo "created before it was let in"
			return 1
		fi
		run in_rex ls $other
		[ "$status" -eq 0 ]
		rg release
		expect_end read 0 hello
		expect_end create 0
		rg disable
		expect_end daemon 0
	done
	nobody_stopped
}

# ---- a kernel that preempts its own threads ----

passed() { (($(counter skipped.door_lock) > 0)); }

@test "a kernel that preempts its own threads: fmod_ret only by force, and what passes is counted" {
	local preempts fix="boot with bpf in lsm="
	forced=()
	if grep -q voluntary $modes; then
		run rg enable --mount $a --action deny
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output != *preempt* ]]
		rg disable
		echo full >$modes
		fix="boot with bpf in lsm=, or with preempt=voluntary"
	fi
	preempts="this kernel preempts its own threads (preempt=$(sed 's/.*(\(.*\)).*/\1/' $modes))"
	# debugfs is mounted for it, if need be.
	for how in "" "umount /sys/kernel/debug &&"; do
		run in_rex unshare -m bash -c "$how exec '$RG' enable --mount $a --action deny"
		echo "$output"
		[ "$status" -eq 3 ]
		[[ $output == *"rung fmod_ret: $preempts, and so lets calls in unasked; $fix"* ]]
		[ ! -e $pins ]
	done
	run rg enable --mount $a --dry-run
	[ "$status" -eq 3 ]
	[[ $output == *"would not enable: no rung: not lsm (bpf is not in the lsm list), not fmod_ret: $preempts"* ]]
	run rg check
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *"neither by lsm (bpf is not in the list of LSMs) nor by fmod_ret ($preempts)"* ]]
	[[ $output == *"$fix"* ]]
	[[ $output == *"note     preemption: $preempts: under load it skips programs"* ]]
	# Who may not know is not told that it serves.
	run in_rex setpriv --reuid nobody --clear-groups "$RG" check
	[[ $output == *"nor by fmod_ret (this kernel may preempt its own threads ($modes cannot be read))"* ]]

	forced=(--force-rung fmod_ret)
	arm_hold --mount $a
	grep -q "warning: rung fmod_ret: $preempts" "$work/enable.err"
	# On another file system: the program is asked about all.
	background busy "$LOCKER" stress /run 4 4 /run/enough
	wait_for 120 "a call that the program was not run for" passed
	wait_for 10 "the daemon to say so" said daemon \
		"reexport-guard: warning: [0-9]* calls of this host's applications were not asked about.*"
	in_rex touch /run/enough
	wait_for 30 "the locker to end" ended busy
	in_rex rm /run/enough
	run rg status -v
	[[ $output == *"  skipped "*"door_lock "* ]]
	rg metrics >"$work/metrics"
	grep -q '^reexport_guard_prog_skipped_total{prog="door_lock"} [1-9]' "$work/metrics"
	rg disable
	if ! grep -q voluntary $modes; then
		echo "# seen without-lsm=nobody: enable exits 3" >&3 # for tests/matrix
		return
	fi
	echo voluntary >$modes
	forced=()
	run rg enable --mount $a --action deny
	[ "$status" -eq 0 ]
	run rg check
	[[ $output != *"preempts its own threads ("* ]]
	[[ $output == *"ok       preemption: this kernel does not preempt its own threads"* ]]
	echo "# seen without-lsm=fmod_ret" >&3
}

# ---- who follows ----

# Other tools have all places for fentry and fexit on these functions.
crowd() {
	background stranger "$STRANGER" nfsd "$@"
	wait_said stranger '^crowded$' 120
}

# bats test_tags=whole
@test "crowded: a function that fentry is refused on is followed by a kprobe, and that is said" {
	in_rex modprobe -a nfsd nfsv4
	crowd nfsd4_lock nfs4_state_start_net
	# No kprobe may stand in for what is needed: nothing is left.
	run rg enable --mount $a --action deny --force-rung fentry
	[ "$status" -eq 3 ]
	[[ $output == *"program knfsd_started: cannot be attached: Argument list too long; without it"* ]]
	[ ! -e $pins ]
	run rg enable --mount $a --action deny
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"program lock_done: this kernel refuses it: Argument list too long; trying a kprobe"* ]]
	[[ $output == *"  follow  by kprobe: knfsd_started lock_done"* ]]
	[ "$(json '[.rungs.follow, .by_kprobe, .left_out] | tostring')" = \
		'["mixed",["knfsd_started","lock_done"],[]]' ]
	if [ "$(traced_by_kprobe)" = 0 ]; then
		[[ $output == *"tracing programs: this kernel refuses to attach 2 of them; trying kprobes"* ]]
		[ "$(json '[.tracing.by_kprobe, .tracing.missing] | tostring')" = \
			'[["lock_begins","lock_ends"],[]]' ]
	else # which are kprobes in any case
		[[ $output != *"tracing programs:"* ]]
		[ "$(json '[(.tracing.by_kprobe | length), .tracing.missing] | tostring')" = '[24,[]]' ]
	fi
	run rg check
	[[ $output == *"note     hooks lock_done: its function is followed by a kprobe"* ]]
	want_skip
	knfsd_start rex 10 10 3
	wait_gate open
	clients_umount
	tiers_make_client_known
	wait_answered nfs4
	knfsd_stop rex
	[ "$(gate_state)" = closed ]
	counters_are helper_failures.total=0
	preempts || [ "$(json .tracing.failures)" = 0 ]
	run rg enable --mount $a --force-rung fentry
	[ "$status" -eq 1 ]
	[[ $output == *"enabled with other rungs"* ]]
	# Nobody keeps what it is entered with, though something is pinned in its place.
	replace_link link_lock_done_enters
	knfsd_start rex 10 10 3
	wait_answered nfs4
	[ "$(counter helper_failures.kprobe)" -ge 1 ]
	knfsd_stop rex
	# A pin of a kprobe is missed as any other.
	rm $pins/link_lock_done_enters
	run rg status
	[ "$status" -eq 1 ]
	[[ $output == *"link_lock_done_enters is missing"* ]]
	rg disable
	kill "$(pid_of stranger)"
	wait_for 30 "the places to be free" ended stranger
	arm --mount $a --action deny
	[ "$(json '[.rungs.follow, .by_kprobe, (.tracing.by_kprobe | length)] | tostring')" = \
		"[\"fentry\",[],$(traced_by_kprobe)]" ]
}

@test "protect = yes without BPF LSM: enable and status say that it is not possible, and claim nothing" {
	in_rex bash -c "printf '%s\n' '[mounts]' 'mount = $a' '[protection]' 'protect = yes' >/run/protect.conf"
	arm --config /run/protect.conf --action deny
	grep -q "protect: not possible: BPF LSM is not active" "$work/enable.err"
	run rg status
	[ "$status" -eq 0 ]
	[[ $output == *"protect:"*"not possible: BPF LSM is not active"* ]]
	[ "$(json .protect.state)" = impossible ]
	[ "$(rg metrics | grep '^reexport_guard_protected ')" = "reexport_guard_protected 0" ]
	run try posix $a/f
	[ "$output" = EAGAIN ]
	rm $pins/link_grace_end
}
