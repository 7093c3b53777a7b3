#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's modules: not there at enable, unloaded, loaded again. In a machine of
# its own without tiers: nobody else has them in use.

load common

# Nobody is in a tier here.
rg() { "$RG" "$@"; }
in_rex() { "$@"; }

setup_file() { mkdir -p "$work"; }
setup() {
	untraced
	nothing_loaded
}
teardown_file() { nothing_loaded; }

modules=(nfsv4 nfsv3 nfsd nfs lockd grace)
loaded() { [[ -d /sys/module/$1 ]]; }

# Nothing enabled, no knfsd, none of the modules.
nothing_loaded() {
	local pid module
	rg disable >/dev/null 2>&1 || true
	for pid in "$work"/*.pid /run/nfs-pids/*; do
		[[ ! -e $pid ]] || kill "$(<"$pid")" 2>/dev/null || true
	done
	if mountpoint -q /proc/fs/nfsd; then
		rpc.nfsd 0 || true
		umount /proc/fs/nfsd
	fi
	! mountpoint -q /run/rpc_pipefs || umount -l /run/rpc_pipefs
	rm -rf /run/nfs-pids /run/modprobe.d "$work"/*.{pid,rc,out}
	for module in "${modules[@]}"; do
		! loaded "$module" || wait_for 20 "$module to be unloaded" modprobe -q -r "$module" ||
			return 1
	done
}
unload_all() {
	local module
	for module in "${modules[@]}"; do
		! loaded "$module" || modprobe -r "$module" || return 1
	done
}
none_loaded() {
	local module
	for module in "${modules[@]}"; do
		! loaded "$module" || {
			echo "$module is still there"
			return 1
		}
	done
}
knfsd_here() {
	"$tiers_nfs" setup
	"$tiers_nfs" knfsd-start 10 10
}

@test "no module is there at enable: it loads them, and sees knfsd start and stop" {
	none_loaded
	arm --action deny
	for module in nfsd nfsv4 lockd grace; do
		loaded $module
	done
	[ "$(gate_state)" = closed ]
	[ "$(json '.left_out | length')" -eq 0 ]
	[ "$(json '.tracing.missing | length')" -eq 0 ]
	knfsd_here
	wait_gate open
	"$tiers_nfs" knfsd-stop
	[ "$(gate_state)" = closed ]
}

# bats test_tags=whole
@test "after disable the modules can be unloaded; enabled again it follows the new ones" {
	arm_hold --release settled
	background trace "$RG" trace --json
	wait_for 30 "trace to listen" grep -q . "$work/trace.out"
	run modprobe -r nfsd
	[ "$status" -ne 0 ]
	rg disable
	expect_end daemon 0
	expect_end trace 0
	unload_all
	none_loaded
	arm --action deny
	knfsd_here
	wait_gate open
}

@test "while it is enabled they are in use: modprobe says so, and the gate goes on" {
	arm --action deny
	for module in nfsd nfsv4 nfs lockd; do
		run modprobe -r $module
		[ "$status" -ne 0 ]
		[[ $output == *"in use"* ]]
		loaded $module
	done
	run rg status
	[ "$status" -eq 0 ]
	[ "$(gate_state)" = closed ]
	knfsd_here
	wait_gate open
}

# bats test_tags=whole
@test "a module that may not be loaded: exit 3, nothing left, and the others can be unloaded" {
	mkdir -p /run/modprobe.d
	echo "blacklist nfsd" >/run/modprobe.d/x.conf
	run rg enable --action deny
	rm /run/modprobe.d/x.conf
	[ "$status" -eq 3 ]
	[[ $output == *"kernel module nfsd: cannot be loaded: blacklisted"* ]]
	[ ! -e $pins ]
	unload_all
	none_loaded
}

# ---- packaging/modprobe.d: unloaded and loaded again while it is enabled ----

modprobe_conf() {
	mkdir -p /run/modprobe.d
	sed "s,@SBINDIR@/reexport-guard,$RG,g" "$repo/packaging/modprobe.d/50-reexport-guard.conf" \
		>/run/modprobe.d/50-reexport-guard.conf
}
let_go_is() { [[ $(json '.let_go | length') == "$1" ]]; }
later_than() { (($(date +%s) > $1)); }
why_is() { [[ $(json '.gates[0].why') == "$1" ]]; }
all_is_attached() {
	let_go_is 0 || return 1
	[ "$(json '.tracing.missing | length')" -eq 0 ]
	[ "$(json '.left_out | length')" -eq 0 ]
}
# The gate follows knfsd's start and stop.
it_follows() {
	knfsd_up
	wait_gate open
	"$tiers_nfs" knfsd-stop
	[ "$(gate_state)" = closed ]
	umount /proc/fs/nfsd
}
knfsd_up() {
	"$tiers_nfs" setup
	mountpoint -q /proc/fs/nfsd || mount -t nfsd nfsd /proc/fs/nfsd
	knfsd_here
}

# bats test_tags=whole
@test "nfsd is unloaded and loaded again while it is enabled: closed meanwhile, then it follows" {
	modprobe_conf
	arm_hold --release settled --max-hold 1h
	background trace "$RG" trace --json
	wait_for 30 "trace to listen" grep -q . "$work/trace.out"
	it_follows
	for turn in 1 2; do
		modprobe -r nfsd
		[ ! -d /sys/module/nfsd ]
		[ "$(gate_state)" = closed ]
		let_go_is 1
		run rg status -v
		[ "$status" -eq 0 ]
		[[ $output == *"let go   nfsd: "* ]]
		modprobe nfsd
		all_is_attached
		it_follows
	done
	# What the tracing programs in nfsd say: both starts since, and who reads is the same.
	run grep -c '"event":"KNFSD_SHUTDOWN"' "$work/trace.out"
	[ "$output" -eq 3 ]
	[ "$(counter helper_failures.total)" -eq 0 ]
	rg disable
	expect_end daemon 0
	expect_end trace 0
	rm /run/modprobe.d/50-reexport-guard.conf
	unload_all
	none_loaded
}

# bats test_tags=whole
@test "kprobes in nfsd are made anew when it is loaded again; what is in grace stays" {
	modprobe_conf
	arm --action deny --force-rung kprobe
	it_follows
	modprobe -r nfsd
	let_go_is 1
	[ ! -e $pins/link_lock_done ]
	[ ! -e $pins/link_lock_done_enters ]
	[ -e $pins/link_grace_end_enters ]
	[ ! -e $pins/trace_kprobe_lock_ends ]
	[ ! -e $pins/trace_enters_lock_ends ]
	[ -e $pins/trace_kprobe_nfs_lock_ends ]
	modprobe nfsd
	all_is_attached
	[ "$(json .rungs.follow)" = kprobe ]
	it_follows
	[ "$(counter helper_failures.total)" -eq 0 ]
	rg disable
	rm /run/modprobe.d/50-reexport-guard.conf
	unload_all
	none_loaded
}

# bats test_tags=whole
@test "while knfsd runs nothing is let go: modprobe fails, and the gate follows knfsd's end" {
	modprobe_conf
	arm --action deny
	knfsd_up
	wait_gate open
	run modprobe -r nfsd
	[ "$status" -ne 0 ]
	[[ $output == *"knfsd runs in network namespace"*"stop it first"* ]]
	all_is_attached
	"$tiers_nfs" knfsd-stop
	[ "$(gate_state)" = closed ]
	# Somebody else has it in use: attached again, and closed all the time.
	run modprobe -r nfsd
	[ "$status" -ne 0 ]
	all_is_attached
	it_follows
	rm /run/modprobe.d/50-reexport-guard.conf
}

# bats test_tags=whole
@test "nfsd is loaded again without a word to us: closed, and said; follow, or enable, attaches" {
	local policy="--release settled --settle-timeout 1h --max-hold 2h"
	# shellcheck disable=SC2086 # words
	arm_hold $policy
	for by in "modules follow" "enable --all --scope locks $policy"; do
		rg modules release
		modprobe -r nfsd
		modprobe nfsd
		# knfsd starts, and what is left in grace alone sees it.
		knfsd_up
		# It skipped its grace period, and who was refused is not known.
		wait_for 30 "lockd's grace to end" why_is blind
		[ "$(gate_state)" = settling ]
		wait_said daemon "knfsd has started, and what follows it in nfsd is not attached"
		# shellcheck disable=SC2086 # words
		rg $by >/dev/null
		all_is_attached
		why_is blind
		"$tiers_nfs" knfsd-stop
		[ "$(gate_state)" = closed ]
		# The next one is seen from its start.
		daemon_looks 1
		it_follows
	done
	# One that starts and stops, and nobody sees it.
	rg modules release
	modprobe -r nfsd
	modprobe nfsd
	knfsd_up
	wait_for 30 "lockd's grace to end" why_is blind
	started=$(date +%s)
	"$tiers_nfs" knfsd-stop
	[ "$(gate_state)" = settling ]
	wait_for 30 "10 s since its start to be over" later_than $((started + 11))
	rg modules follow
	gate_has state=closed why=knfsd-down knfsd.state=down
	it_follows
	run rg modules follow
	[ "$status" -eq 0 ]
	rg disable
	run rg modules release
	[ "$status" -eq 4 ]
}
