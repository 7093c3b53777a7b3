#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The role of an original server: of whom something is kept, and until when.

load common
load reboots
: "${work:?}" "${box-}" "${where:?}" "${conf:?}"

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

@test "run takes the role by its configuration, policy reload changes it, check and status tell of it" {
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
	configure 'mode = observe' 'export = /nowhere'
	run org policy reload --config "$conf"
	((status == 1))
	org_is .mode quiet
	configure 'mode = observe' 'client = 10.9.9.9'
	org policy reload --config "$conf"
	org_is '.mode, .only_clients[0]' "observe
10.9.9.9"
	kill -TERM "$(pid_of guard)"
	expect_end guard 0
	org_is .mode observe # the role stays without the daemon
	org disable
}
