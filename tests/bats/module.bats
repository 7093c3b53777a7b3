#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel module, kmod/: lock reclaims that go on to the original server, which ones
# do not and why, and that a host is as it was without it. The end client is at its
# defaults: recover_lost_locks=N, so a lock whose reclaim is refused is lost.

load common
load tracing

sys=/sys/module/reexport_guard

setup_file() { setup_tiers; }
setup() {
	setup_recovery
	tier_nfs cli recover-lost-locks N
	[[ -d $sys ]] || insmod "$module"
}
teardown() {
	tidy_power_cut
	# In the tier of the end client its application may hold the mount.
	fresh
	not_installed
	[[ ! -d $sys ]] || rmmod reexport_guard
}
teardown_file() { teardown_recovery; }

of_module() { cat "$sys/parameters/$1"; }
reclaims="$server and .generation == 2 and .event == \"LOCK\" and .claim == \"reclaim\""
# The end client's application writes under each of its N locks: FAILED of them fail.
writes() {
	tell app write
	wait_said app '^written' 60
	said app "^written, $1 failed"
}

# What the verdict says of a power cut, as one fault after the other goes.
power_cut_costs_5_locks_unless_all_is_in_order() {
	local units=/etc/systemd/system
	power_cut lost "5 locks of 10.77.2.2 would be lost because knfsd's records of end clients are in memory "
	in_rex mount --bind /persist /var/lib/nfs/nfsdcld
	power_cut unknown "unknown for 5 locks of 10.77.2.2: it cannot be seen whether the guard is started at boot"
	in_rex bash -c "mkdir -p /run/systemd/system $units; mount -t tmpfs none $units"
	power_cut lost "5 locks of 10.77.2.2 would be lost because systemd does not start the guard at boot"
	in_rex bash -c "mkdir $units/a.target.wants; ln -s x $units/a.target.wants/reexport-guard.service"
	power_cut reclaimable reclaimable
	rg enable --forward never
	power_cut unknown "unknown for 5 locks of 10.77.2.2: they come back if the end client has nfs.recover_lost_locks=Y"
	rg enable --action audit
	power_cut lost "5 locks of 10.77.2.2 would be lost because action = audit keeps nobody out"
	tidy_power_cut
}
tidy_power_cut() {
	in_rex bash -c "! mountpoint -q /etc/systemd/system || umount -l /etc/systemd/system
		! mountpoint -q /var/lib/nfs/nfsdcld || umount -l /var/lib/nfs/nfsdcld
		! [ -d /run/systemd/system ] || rmdir /run/systemd/system"
}
power_cut() {
	rg status --json >"$work/status.json" 2>/dev/null
	[[ $(jq -r '.verdict.if_power_is_lost | .outcome + ": " + .text' "$work/status.json") == "$1: $2"* ]] || {
		jq .verdict "$work/status.json"
		return 1
	}
}

# bats test_tags=whole
@test "with no guard the module asks in vain, and the end client loses its locks" {
	serve
	take 3
	restart
	cli_recovered
	[ "$(of_module unanswered)" -ge 1 ]
	[ "$(of_module forwarded) $(of_module refused)" = "0 0" ]
	writes 3
	tell app quit
}

# bats test_tags=whole
@test "knfsd is restarted: each reclaim goes on as an ordinary lock, the thief has its turn" {
	guard --release settled
	[ "$(json .module.state)" = answered ]
	serve
	take 5
	restart thief
	cli_recovered
	wait_gate open 90
	power_cut_costs_5_locks_unless_all_is_in_order
	writes 0
	tell app quit
	expect_end thief 0 granted 60
	end_trace
	counts "$reclaims and .status == \"NFS4_OK\" and .back[0].op == \"LOCK\" and .back[0].status == \"NFS4_OK\" and
		.reclaim == \"unproven\" and .downgrade.reason == \"granted-as-new-lock\"" 5
	counts "$reclaims" 5
	[ "$(json .gates[0].why)" = nobody-refused ]
	values_are /counters/reclaims/ granted.unproven=5 granted.proven=0 not_granted=0 refused.total=0
	[ "$(of_module forwarded)" = 5 ]
	nothing_lost
}

# reclaimed REASON COUNT: this many reclaims were left to the kernel for this reason, and it
# says so everywhere; the end client at its defaults has lost its locks.
left_to_the_kernel() {
	[ "$(json ".counters.reclaims.refused[\"$1\"]")" -ge 1 ]
	[ "$(json .counters.reclaims.refused.total)" = "$(json ".counters.reclaims.refused[\"$1\"]")" ]
	[ "$(of_module forwarded)" = 0 ]
	[ "$(of_module refused)" -ge 1 ]
	traced "$reclaims and .reclaim == \"$1\" and .status == \"NFS4ERR_NO_GRACE\" and (.reclaim_text | length) > 0 and
		.downgrade.reason == \"reclaim-refused-by-client\""
	writes 2
}
# lost_for REASON COMMAND...: a recovery of two locks, COMMAND while knfsd is down.
lost_for() {
	serve
	take 2
	restart "${@:2}"
	cli_recovered
	left_to_the_kernel "$1"
	tell app quit
}
by_hand() { rg release >/dev/null && rg close >/dev/null; }

# bats test_tags=whole
@test "a reclaim is left to the kernel, and it is said why: released by hand, and closed again" {
	guard --release settled
	lost_for released by_hand
}

# bats test_tags=whole
@test "a reclaim is left to the kernel: forward = never, proven, and the gate that has opened" {
	guard --release settled --forward never
	lost_for never
	setup
	guard --release settled --forward proven
	lost_for not-proven
	setup
	guard --release grace-start
	lost_for opened
}

# bats test_tags=whole
@test "a gate that was made after the mount: the reclaim is left to the kernel, until knfsd has stopped once" {
	serve
	take 2
	wait_for 30 "the end client in nfsdcld's database" tiers_client_known
	knfsd_stop rex
	guard --release settled
	[ "$(json '.gates[0].let_in | join(" ")')" = mounted-before ]
	knfsd_start rex 15 15 3
	cli_recovered
	reclaims="$server and .event == \"LOCK\" and .claim == \"reclaim\""
	left_to_the_kernel mounted-before
	tell app quit
	wait_gate open 90
	# the next stop of knfsd makes it void
	knfsd_stop rex
	[ "$(json '.gates[0].let_in | length')" = 0 ]
}

@test "only-client: what is passed on is proven, and no downgrade" {
	guard --release settled --only-client
	serve
	take 2
	restart
	cli_recovered
	writes 0
	counts "$reclaims and .status == \"NFS4_OK\" and .reclaim == \"proven\" and (has(\"downgrade\") | not)" 2
	values_are /counters/reclaims/ granted.unproven=0 granted.proven=2 not_granted=0 refused.total=0
	tell app quit
}

@test "somebody else has the lock: the end client loses that one alone, and it is said" {
	guard --release settled
	serve
	take 2
	restart another_client
	cli_recovered
	counts "$reclaims and .status == \"NFS4ERR_DENIED\" and .downgrade.reason == \"lock-taken\"" 1
	counts "$reclaims and .back[-1].op == \"LOCK\" and .back[-1].status == \"NFS4ERR_DENIED\" and
		(.downgrade.consequence | contains(\"somebody at the original server has it\"))" 1
	wait_gate open 90
	events | "$RG" report - >"$work/report.txt"
	tr -s ' \n' '  ' <"$work/report.txt" | grep -q 'somebody at the original server has it, another client or an application there'
	counts "$reclaims and .status == \"NFS4_OK\"" 1
	values_are /counters/reclaims/ granted.unproven=1 not_granted=1
	writes 1
	tell app quit
	tell other go
}
# On the original server itself: byte 0.
another_client() {
	talk_at origin other "$LOCKER" unlock posixw /export/a/db
	wait_said other '^locked$'
}

@test "the module goes under load: not while the guard answers it, and afterwards at once" {
	arm --mount "$a" --action deny --release settled --module require
	run rmmod reexport_guard
	[ "$status" -ne 0 ]
	knfsd_start rex 15 15 3
	cli_mount vers=4.2
	talk_at cli storm_of_locks bash -c "while [[ ! -e /run/stop-locks ]]; do '$LOCKER' try posixw /mnt/a/f; done"
	wait_said storm_of_locks '^granted$' 60
	rg disable >/dev/null
	for _ in 1 2 3; do
		rmmod reexport_guard
		insmod "$module"
	done
	tier cli touch /run/stop-locks
	expect_end storm_of_locks 0
	run grep -cv '^granted$' "$work/storm_of_locks.out"
	[ "$output" = 0 ]
	tier cli rm /run/stop-locks
}

# installed FILE: for this kernel, at the re-export server, where `enable` finds it by its name.
installed() {
	# shellcheck disable=SC2016 # expanded in the tier
	in_rex bash -ec 'mountpoint -q /lib/modules || mount -t tmpfs none /lib/modules
		mkdir -p "/lib/modules/$(uname -r)/updates"
		cp "$1" "/lib/modules/$(uname -r)/updates/reexport_guard.ko"
		depmod 2>/dev/null' _ "$1"
}
not_installed() { in_rex bash -c '! mountpoint -q /lib/modules || umount -l /lib/modules'; }
# refused FILE WHY: with require nothing is armed.
refused() {
	installed "$1"
	run rg enable --mount "$a" --module require
	echo "$output"
	[ "$status" -eq 3 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"kernel module reexport_guard: the kernel does not load it: $2, and module = require; "* ]]
	[ ! -e $pins ]
	[ ! -d "$sys" ]
}
# all_else_works WHY: without require that is one line, and the rung below serves.
all_else_works() {
	arm_hold --mount "$a" --release settled
	[ "$(grep -c reexport_guard "$work/enable.err")" = 1 ]
	grep -qF "warning: kernel module reexport_guard: the kernel does not load it: $1; the kernel refuses end" "$work/enable.err"
	[ "$(json .module.state)" = refused ]
	[ "$(json .rungs.hold)" = stop ]
	held_try thief posixw "$a/f"
	is_state "$(pid_of thief)" T
	[ "$(try posix $other/f)" = granted ]
	want_skip
	knfsd_start rex 15 15 3
	wait_gate open
	expect_end thief 0 granted
	cli_mount vers=4.2
	wait_answered nfs4
	counters_are helper_failures.total=0
	rg disable
	nobody_stopped
	[ "$(try posix "$a/f")" = granted ]
}

# bats test_tags=whole
@test "a module of another kernel: one line says so, and everything else works without it" {
	local other_kernel=''
	rmmod reexport_guard
	for ko in "$repo"/build/kmod-*/reexport_guard.ko; do
		[[ $ko == "$module" ]] || other_kernel=$ko
	done
	[ -n "$other_kernel" ] # tests/run has it built
	refused "$other_kernel" "it was built for another kernel"
	# The same release, and a symbol that this kernel does not have.
	sed 's/register_kprobe/register_kprobs/g' "$module" >"$work/strange.ko"
	refused "/proc/1/root$work/strange.ko" "it was built for another kernel"
	installed "$other_kernel"
	all_else_works "it was built for another kernel"
}

# bats test_tags=whole
@test "module = require without it, and module = off with it" {
	rmmod reexport_guard
	run rg enable --mount "$a" --module require
	[ "$status" -eq 3 ]
	[[ $output == *"kernel module reexport_guard: not installed for this kernel"* ]]
	[ ! -e $pins ]
	arm --mount "$a" --action deny
	[ "$(json .module.state)" = absent ]
	[ ! -e $pins/link_answer_reclaim ]
	rg disable >/dev/null
	insmod "$module"
	arm --mount "$a" --action deny --module off
	[ "$(json .module.state)" = off ]
	rg disable >/dev/null
	# without types: one line, and all else works
	rmmod reexport_guard
	cp "$module" "$work/no-types.ko"
	objcopy --remove-section .BTF "$work/no-types.ko"
	insmod "$work/no-types.ko"
	arm --mount "$a" --action deny
	grep -q 'it has no BTF' "$work/enable.err"
	[ "$(json .module.state)" = no-types ]
	[ "$(try posix "$a/f")" = EAGAIN ]
}

# The last test of its machine: nothing but a boot ends the lockdown.
# bats test_tags=whole
@test "lockdown=integrity: an unsigned module is refused, one line says so, and everything else works without it" {
	rmmod reexport_guard
	echo integrity >/sys/kernel/security/lockdown
	[[ $(</sys/kernel/security/lockdown) == *"[integrity]"* ]]
	run insmod "$module"
	[ "$status" -ne 0 ]
	refused "$module" "it is not signed with a key that this kernel trusts (lockdown, Secure Boot)"
	all_else_works "it is not signed with a key that this kernel trusts (lockdown, Secure Boot)"
}
