#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The role of an original server: what a client that rebooted had locked is kept for it. The client
# is a box of its own (network namespace and host name), which loses its power by having its cable
# pulled for good, and boots as another one with the same host name. The tier rex is another client of
# the original server.

load common
: "${work:?}" "${tiers_dir:?}"

setup_file() {
	tiers_up 10 10
	delegations off
	mkdir -p "$work"
	tier rex mkdir -p /mnt/other
	tier rex mountpoint -q /mnt/other || tier rex mount -t nfs -o vers=4.2 10.77.1.1:/a /mnt/other
	[[ ! -e $work/box ]] || return 0
	ip link add o-box type veth peer name box-o
	tiers_link origin o-box 10.77.3.1/24
	tier rex touch /mnt/other/f /mnt/other/g
}

# Longer than anything takes on a host that is busy: a client that comes back, or renews, after its
# lease is one of which nothing is kept. One test needs it short.
lease=90
setup() {
	local name
	[[ $BATS_TEST_DESCRIPTION != *'lease ran out'* ]] || lease=10
	for name in "$work"/*.pid; do
		[[ ! -e $name ]] || kill -KILL "$(<"$name")" 2>/dev/null || true
	done
	rm -f "$work"/*.{pid,in,out,rc}
	delegations off
	[[ ! -d /sys/fs/bpf/reexport-guard-original ]] || org disable --role original >/dev/null
	# The box of the test before loses its cable first: it would come back to the new knfsd.
	# Afterwards knfsd knows no box, and nothing is kept.
	box_boots
	knfsd_stop origin
	knfsd_forget_clients origin
	knfsd_start origin "$lease" 10 3
}

# The program on the original server.
org() { tier origin "$RG" "$@"; }
org_json() { org status --role original --json | jq -r "$1"; }
# org_is PATH VALUE: what status says; the rest of it goes to the log where it is another one.
org_is() {
	local all
	all=$(org status --role original --json) || return 1
	[[ $(jq -r "$1" <<<"$all") == "$2" ]] || {
		echo "$1 is not $2:"
		jq -c '.clients, .counters' <<<"$all"
		return 1
	}
}
org_counter() { org_json ".counters.$1"; }
arm_original() {
	org enable --role original "$@" >"$work/enable.out" 2>&1 || {
		cat "$work/enable.out"
		return 1
	}
}

# `background` and `talk` (common.bash) in the tier $where.
where=rex
in_rex() { tier "$where" "$@"; }
in_box() { where=$box "$@"; }

# A box boots: new namespaces, the same host name and address, and the cable of the one before.
box_boots() {
	local before=${box-}
	boots=$(($(cat "$work/boots" 2>/dev/null || echo 0) + 1))
	echo $boots >"$work/boots"
	box=box$boots
	touch "$tiers_dir/$box".{net,mnt,uts}
	unshare --net="$tiers_dir/$box.net" --mount="$tiers_dir/$box.mnt" \
		--uts="$tiers_dir/$box.uts" --propagation private \
		bash -ec "$(declare -f tier_inside); tier_inside box"
	if [[ -z $before ]]; then
		before=$(cat "$work/box" 2>/dev/null || true)
	fi
	if [[ -n $before ]]; then
		nsenter --net="$tiers_dir/$before.net" ip link set box-o netns "$tiers_dir/$box.net"
	else
		ip link set box-o netns "$tiers_dir/$box.net"
	fi
	echo "$box" >"$work/box"
	tier "$box" ip link set lo up
	tier "$box" ip addr add 10.77.3.2/24 dev box-o
	tier "$box" ip link set box-o up
}
# box_mounts [OPTIONS]
box_mounts() {
	tier "$box" mkdir -p /mnt/a
	tier "$box" mount -t nfs -o "${1:-vers=4.2}" 10.77.3.1:/a /mnt/a
}
# The box loses its power and is back, with its mount.
box_reboots() {
	box_boots
	box_mounts "$@"
}

# asker NAME FILE [SECONDS]: somebody that can be told to lock ranges (locker ranges), and has
# opened the file within that time.
asker() {
	if [[ -e $work/$1.pid ]]; then
		kill -KILL "$(pid_of "$1")" 2>/dev/null || true
		rm -f "$work/$1".{pid,in,out,rc}
	fi
	talk "$1" "$LOCKER" ranges "$2"
	wait_said "$1" '^opened$' "${3:-20}"
}
# ask NAME "TYPE START LENGTH" ANSWER [SECONDS]
ask() {
	tell "$1" "$2"
	wait_said "$1" "^$2: $3\$" "${4:-40}"
}
# No answer yet: it waits for what another client has not come for.
asks_in_vain() {
	local before
	before=$(org_counter delayed_lock)
	tell "$1" "$2"
	wait_for 20 "$1 to be told to come later" more_than "$before" || return 1
	unanswered "$1" "$2"
}
unanswered() {
	if said "$1" "^$2: "; then
		echo "$1 has an answer: $(output_of "$1")"
		return 1
	fi
}
more_than() { (($(org_counter delayed_lock) > $1)); }

@test "without it another client gets the locks of one that rebooted" {
	box_mounts
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	asker b /mnt/other/f
	ask b "w 5 1" "Resource temporarily unavailable"
	box_reboots
	ask b "w 5 1" granted
	run org status --role original
	((status == 4))
}

@test "keep: nothing in ordinary times; after a reboot what was locked waits for its client, and nothing else does" {
	arm_original --keep-for 5min
	box_mounts
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	ask a "r 100 50" granted
	asker b /mnt/other/f
	ask b "w 5 1" "Resource temporarily unavailable"
	ask b "w 20 1" granted
	ask b "u 20 1" granted
	[[ $(org_json '.clients | length') == 0 ]]
	[[ $(org_json '[.counters[]] | add') == 0 ]]

	box_reboots
	wait_for 20 "two ranges to be kept" org_is '.clients[0].ranges_left' 2
	org_is '.clients[0].state' kept
	org_is '.clients[0].address' 10.77.3.2
	org_is '.clients[0].name' "Linux NFSv4.2 box"
	# Nothing that does not conflict waits: beside it, a read lock on a kept read lock, another file.
	ask b "w 10 90" granted
	ask b "r 120 5" granted
	asker c /mnt/other/g
	ask c "w 0 0" granted
	[[ $(org_counter delayed_lock) == 0 ]]
	# What does waits, by LOCK and by LOCKT.
	asks_in_vain b "w 6 1"
	asker d /mnt/other/f
	asks_in_vain d "w 149 1"
	asker e /mnt/other/f
	tell e "t 0 1"
	wait_for 20 "LOCKT to be delayed" lockt_delayed
	unanswered e "t 0 1"
	# Its client asks whether it is free, and it is.
	in_box asker a /mnt/a/f
	ask a "t 0 10" free
}
lockt_delayed() { (($(org_counter delayed_lockt) > 0)); }

@test "keep: taken back in pieces, in another order, larger, read for write; then it is over" {
	arm_original --keep-for 5min
	box_mounts
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	ask a "r 100 50" granted
	box_reboots
	in_box asker a /mnt/a/f
	ask a "w 6 4" granted
	ask a "w 0 3" granted
	org_is '.clients[0].ranges_left' 2 # 3 to 5, and the read lock
	asker b /mnt/other/f
	asks_in_vain b "w 4 1"
	ask a "w 2 100" granted # past its end, and into the read lock as a write lock
	org_is '.clients[0].ranges_left' 1
	ask b "w 4 1" "Resource temporarily unavailable"
	ask a "w 90 100" granted
	org_is '.clients[0].state' retaken
	org_is '.clients[0].ends_in_seconds' null
	org_is '.counters.clients_done' 1
	org_is '.counters.overtaken' 0
	# As if nothing had been.
	ask a "u 0 0" granted
	ask b "w 0 0" granted
}

@test "keep: over a second reboot in the middle, also by NFSv4.0; over at keep-for; never for who goes in an orderly way" {
	local vers
	for vers in 4.1 4.0; do
		arm_original --keep-for 5min
		box_mounts vers=$vers
		in_box asker a /mnt/a/f
		ask a "w 0 10" granted
		ask a "w 20 10" granted
		box_reboots vers=$vers
		in_box asker a /mnt/a/f
		ask a "w 0 10" granted
		org_is '.clients[0].ranges_left' 1
		box_reboots vers=$vers
		wait_for 20 "both to be kept" org_is '.clients[0].ranges_left' 2
		org_is '.clients[0].reboots' 2
		in_box asker a /mnt/a/f
		asker b /mnt/other/f
		asks_in_vain b "w 25 1"
		ask a "w 0 10" granted
		ask a "w 20 10" granted
		org_is '.clients[0].state' retaken
		ask b "w 25 1" "Resource temporarily unavailable"
		# In an orderly way.
		tell a quit
		tell b quit
		expect_end a 0
		ask_nothing_kept
		org disable --role original
	done

	arm_original --keep-for 20s
	box_mounts
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	asker b /mnt/other/f # beforehand: keep-for is short
	box_reboots
	asks_in_vain b "w 0 10"
	# By the clock, and with no process of ours.
	ask b "w 0 10" granted 60
	org_is '.clients[0].state' expired
	org_is '.counters.overtaken' 0
}

# A client with a delegation locks by itself. For writing from 6.12 on; before it only what is
# open for nothing but reading is delegated, and then locks for reading are.
writes_are_delegated() { grep -q ' kernel_setlease$' /proc/kallsyms; }

@test "keep: of a file that the client had a delegation of all is kept, and readers are not in the way" {
	delegations on
	arm_original --keep-for 40s # what follows the reboot has to be asked for by then
	box_mounts
	if writes_are_delegated; then
		in_box asker a /mnt/a/g
		ask a "w 0 10" granted
	else
		in_box talk a bash -c 'exec 3</mnt/a/g; flock -s 3; echo locked; read -r'
		wait_said a '^locked$'
	fi
	tier origin grep -q DELEG /proc/locks
	box_reboots
	wait_for 20 "it to be kept" org_is '.counters.kept_delegation' 1
	org metrics >"$work/metrics"
	grep -qx 'reexport_guard_original_clients 1' "$work/metrics"
	grep -qx 'reexport_guard_original_events_total{event="kept_delegation"} 1' "$work/metrics"
	# This server knew no lock of it.
	org_is '.counters.kept' 1
	if writes_are_delegated; then
		# An OPEN waits, as it could bring a delegation; what is open by then has none.
		asker b /mnt/other/g 60
		org_is '.counters.delayed_open > 0' true
		delegations off
	else
		delegations off
		asker b /mnt/other/g
		ask b "r 0 10" granted
		asks_in_vain b "w 0 10"
		unanswered b "w 0 10"
	fi
	ask b "w 0 10" granted 90
	org_is '.clients[0].state' expired
	org_is '.counters.overtaken' 0
	[ "$(org_json '[.counters | to_entries[] | select(.key | startswith("fail_")) | .value] | add')" -eq 0 ]
}

@test "keep: nothing for a client whose lease ran out" {
	arm_original --keep-for 5min
	box_mounts
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	# The power is gone for longer than a lease, and nobody wanted its locks meanwhile.
	box_boots
	wait_for 60 "the client to be one by courtesy" box_client_is courtesy
	box_mounts
	org_is '.counters.rebooted_too_late' 1
	org_is '.clients | length' 0
	asker b /mnt/other/f
	ask b "w 0 10" granted
	org_is '.counters.delayed_lock' 0
}

@test "keep: over when the client destroys its id; NFSv4.0 is not kept out and goes on" {
	arm_original --keep-for 5min
	box_mounts
	asker b /mnt/other/f
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	ask a "w 20 10" granted
	box_reboots
	org_is '.clients[0].ranges_left' 2
	tier rex mkdir -p /mnt/minor0
	tier rex mountpoint -q /mnt/minor0 ||
		tier rex mount -t nfs -o vers=4.0,nosharecache 10.77.1.1:/a /mnt/minor0
	asker c /mnt/minor0/f
	ask c "w 25 1" granted
	ask c "w 40 1" granted
	org_is '.counters.overtaken' 1
	org_is '.counters.delayed_lock' 0
	asks_in_vain b "w 5 1"
	tier "$box" umount /mnt/a
	wait_for 20 "it to be over" org_is '.counters.ended' 1
	ask b "w 5 1" granted
	org_is '.clients[0].state' expired
	tell c quit
	expect_end c 0
	tier rex umount /mnt/minor0
}
# box_client_is STATUS: what knfsd says of the one client of that name.
box_client_is() {
	tier origin bash -c "grep -l 'Linux NFSv4.2 box' /proc/fs/nfsd/clients/*/info |
		xargs -r grep -q '^status: $1'"
}
# Its lock is held by a process that is killed with the mount; the client goes by DESTROY_CLIENTID.
ask_nothing_kept() {
	tier "$box" umount /mnt/a
	asker z /mnt/other/f
	ask z "w 0 0" granted
	tell z quit
	expect_end z 0
}

@test "keep: local applications are refused, quiet makes the whole file system wait, observe nobody; disable ends it" {
	arm_original --keep-for 5min
	box_mounts
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	box_reboots
	where=origin
	asker l /export/a/f
	asker m /export/a/g
	where=rex
	ask l "w 0 1" "Resource temporarily unavailable"
	ask m "w 0 1" granted
	org_is '.counters.refused_local' 1
	asker b /mnt/other/g
	ask m "u 0 1" granted

	arm_original --mode quiet --keep-for 5min
	org_is .mode quiet
	org_is '.clients[0].state' kept # a change of mode leaves it
	asks_in_vain b "w 0 1"
	arm_original --mode observe --keep-for 5min
	ask b "w 0 1" granted
	asker c /mnt/other/f
	ask c "w 5 1" granted
	((10#$(org_counter observed) > 0))

	org disable --role original
	run org disable --role original
	((status == 4))
	[[ ! -d /sys/fs/bpf/reexport-guard-original ]]
	ask l "w 0 1" granted
	ask l "u 0 1" granted
	[[ $(bpftool prog show | grep -c ' org_') == 0 ]]
	run org enable --role original --scope opens
	((status == 2))
	run org enable --mode keep
	((status == 2))
	run org enable --role original --mode loud
	((status == 2))
}

# configure LINE...: a section [original] with these lines, for `enable --config`.
configure() { printf '%s\n' '[original]' 'keep-for = 5min' "$@" >"$work/original.conf"; }
conf=/proc/1/root$work/original.conf
# finding ID: how `check` judges that on the original server; nothing: it does not tell of it.
finding() {
	org check --json --config "$conf" >"$work/check.out" || true
	jq -r ".findings[] | select(.id == \"$1\") | .severity" "$work/check.out"
}
# locked_again FILE: the box has a lock of it, and loses its power.
locked_and_rebooted() {
	in_box asker a "$1"
	ask a "w 0 10" granted
	box_reboots
}

@test "configuration: kept for the clients and file systems that it names and no others; a mistake changes nothing; run takes the role" {
	box_mounts
	asker b /mnt/other/f

	# By address and by name, and neither is the box.
	configure 'client = 10.77.1.0/24' 'client = *NFSv4.? rex'
	arm_original --config "$conf"
	org_is '.only_clients | join(" ")' '10.77.1.0/24 *NFSv4.? rex'
	locked_and_rebooted /mnt/a/f
	ask b "w 5 1" granted
	org_is .counters.left_out_client 1
	org_is '.clients | length' 0
	ask b "u 5 1" granted

	# It is the client, and another file system.
	configure 'client = *NFSv4.? box' 'export = /proc'
	arm_original --config "$conf"
	locked_and_rebooted /mnt/a/f
	ask b "w 6 1" granted
	org_is '.counters.left_out_export > 0' true
	ask b "u 6 1" granted

	# Nothing is changed by a mistake, whichever it is.
	configure 'export = /nowhere'
	run org enable --role original --config "$conf"
	((status == 1))
	[[ $output == *"[original] export: /nowhere: No such file or directory"* ]]
	configure 'client = 10.77.3.2/33'
	run org enable --role original --config "$conf"
	((status == 1))
	[[ $output == *"[original] client: 10.77.3.2/33: expected an address"* ]]
	org_is '.only_clients | join(" ")' '*NFSv4.? box'
	org_is '.only_file_systems | join(" ")' /proc

	# Both are the right ones.
	configure 'client = 10.9.9.9' 'client = 10.77.3.0/24' 'export = /export/a'
	arm_original --config "$conf"
	locked_and_rebooted /mnt/a/f
	asks_in_vain b "w 7 1"
	org_is '.clients[0].state' kept
	org disable --role original
	ask b "w 7 1" granted

	# The daemon takes it besides its gates, and `check` and `status` tell of it.
	configure 'mode = quiet'
	[[ $(finding original-role) == warning ]]
	[[ $(finding original-hooks) == ok ]]
	where=origin background guard "$RG" run --config "$conf"
	wait_said guard '^enabled as an original server: mode quiet, keep-for 300 s$' 40
	org_is .mode quiet
	wait_said guard 'ready: pid' 40
	[[ $(finding original-role) == ok ]]
	[[ $(finding original-keep-for) == ok ]]
	[[ $(finding original-nlm) == note ]] # knfsd of this lab serves NFSv3 as well
	[[ $(org status) == *'mode quiet, keep-for 300 s'* ]]
	configure 'mode = observe' 'client = 10.9.9.9'
	org policy reload --config "$conf"
	org_is '.mode, .only_clients[0]' "observe
10.9.9.9"
	kill -TERM "$(pid_of guard)"
	expect_end guard 0
	org_is .mode observe # the role stays without the daemon
	org disable
}
