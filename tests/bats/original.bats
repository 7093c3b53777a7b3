#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The role of an original server: what a client that rebooted had locked is kept for it, and what
# it can be told. Suite kept has the other ways in which keeping begins and ends.

load common
load reboots
: "${work:?}" "${box-}" "${where:?}" "${conf:?}"

# told FILTER: how many events of the trace jq's FILTER is true of.
told() { grep '^{' "$work/trace.out" | jq -s "[.[] | select($1)] | length"; }
# traced NUMBER FILTER
traced() { [[ $(told "$2") == "$1" ]]; }
# begin_trace: by the role alone, as no guard is on the original server.
begin_trace() {
	where=origin
	background trace "$RG" trace --json
	where=rex
	wait_for 30 "the trace to listen; it said: $(output_of trace)" traced 1 '.event == "header" and .guard == false'
}

# bats test_tags=whole
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

# bats test_tags=whole
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

# bats test_tags=whole
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
	# Nothing is refused that does not conflict, to the byte, nor an unlock.
	ask l "w 10 0" granted
	ask l "u 0 0" granted
	ask l "w 9 1" "Resource temporarily unavailable"
	org_is '.counters.refused_local' 2
	org_is '.counters.fail_read' 0
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

# bats test_tags=whole
@test "quiet: a lock that is in nobody's way waits until the client has everything back, and then no longer" {
	local enough=/proc/1/root$work/enough
	arm_original --keep-for 5min
	box_mounts
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	rm -f "$work/enough"
	background pace "$LOCKER" pace /mnt/other/g "$enough"
	box_reboots
	org_is '.clients[0].state' kept
	org_is .counters.delayed_lock 0
	arm_original --mode quiet --keep-for 5min
	wait_for 20 "the lock to be delayed" more_than 0
	# Its client does not wait.
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	org_is '.clients[0].state' retaken
	touch "$work/enough"
	expect_end pace 0 "longest "
	# As long as its own pause, which grows to 15 s, goes on after that.
	asker b /mnt/other/g
	ask b "w 0 1" granted 5
}

# question TIER PATH kept|none|done [UID]: a LOOKUP of a name that no file has, as rg_kept.h says.
question() {
	local said
	said=$(tier "$1" setpriv --reuid "${4:-0}" stat \
		"$2/.reexport-guard.$3.$(printf %08x $RANDOM$RANDOM)" 2>&1) || true
	[[ $said == *"No such file"* ]]
}

# bats test_tags=whole
@test "keep: a client that asks in band is told whether its locks are kept; nobody else, and not when they are not" {
	arm_original --keep-for 60s
	box_mounts
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	question "$box" /mnt/a kept
	org_is '.counters.answered' 0
	box_reboots
	org_is '.clients[0].state' kept
	question "$box" /mnt/a kept
	org_is '.counters.answered' 1
	# What is no question, one of a user who is not root, and another client's.
	question "$box" /mnt/a kept 1
	org_is '.counters.through_not_root' 1
	question "$box" /mnt/a none
	question rex /mnt/other kept
	org_is '.counters.answered' 1
	arm_original --mode observe --keep-for 60s
	question "$box" /mnt/a kept
	arm_original --keep-for 60s
	org_is '.counters.answered' 1
	question "$box" /mnt/a kept
	org_is '.counters.answered' 2
	# Not for long enough, and not at all.
	wait_for 60 "less than 10 s to be left" org_is '.clients[0].ends_in_seconds < 10' true
	question "$box" /mnt/a kept
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	question "$box" /mnt/a kept
	org_is '.counters.answered' 2
}

@test "keep: a client that says it is through lets go at once of what it did not take back; no word of others does" {
	local who
	arm_original --keep-for 5min
	begin_trace
	box_mounts
	tier rex mkdir -p /mnt/minor0
	tier rex mount -t nfs -o vers=4.0,nosharecache 10.77.1.1:/a /mnt/minor0
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	ask a "w 20 10" granted
	question "$box" /mnt/a 'done' # there is nothing to let go of
	box_reboots
	wait_for 20 "two ranges to be kept" org_is '.clients[0].ranges_left' 2
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	asker b /mnt/other/f
	asks_in_vain b "w 25 1"
	# Another client, also by NFSv4.0; one who is not root of this one; and what is no such word.
	question rex /mnt/other 'done'
	question rex /mnt/minor0 'done'
	for who in 1 65534; do
		question "$box" /mnt/a 'done' $who
	done
	question "$box" /mnt/a none
	question "$box" /mnt/a dona
	org_is .counters.through 0
	org_is .counters.through_not_root 2
	org_is '.clients[0].state' kept
	org_is '.clients[0].ranges_left' 1
	unanswered b "w 25 1"

	question "$box" /mnt/a 'done'
	ask b "w 25 1" granted
	org_is .counters.through 1
	org_is '.clients[0].state' through
	org_is '.clients[0].ends_in_seconds' null
	org_is .counters.overtaken 0
	wait_for 20 "the end of the keeping" traced 1 '.event == "KEPT_ENDED" and .why == "through" and .left == 1'
	# What it has back stays its own, and nothing is said twice.
	ask b "w 5 1" "Resource temporarily unavailable"
	question "$box" /mnt/a 'done'
	org_is .counters.through 1
	tier rex umount /mnt/minor0

	# The next time it reboots it is kept as ever.
	ask b "u 0 0" granted
	box_reboots
	wait_for 20 "it to be kept again" org_is '.clients[0].state' kept
	asks_in_vain b "w 6 1"
	question "$box" /mnt/a 'done'
	ask b "w 6 1" granted
	org_is .counters.through 2
}

# locked_and_rebooted FILE: the box has a lock of it, and loses its power.
locked_and_rebooted() {
	in_box asker a "$1"
	ask a "w 0 10" granted
	box_reboots
}

# bats test_tags=whole
@test "configuration: kept for the clients and file systems that it names and no others; a mistake changes nothing" {
	box_mounts
	asker b /mnt/other/f

	# By address and by name, and neither is the box.
	configure 'client = 10.77.1.0/24' 'client = *NFSv4.? rex'
	arm_original --config "$conf"
	org_is '.only_clients | join(" ")' '10.77.1.0/24 *NFSv4.? rex'
	begin_trace
	locked_and_rebooted /mnt/a/f
	ask b "w 5 1" granted
	org_is .counters.left_out_client 1
	wait_for 20 "the event of a client that is left out" traced 1 '.event == "NOT_KEPT" and .why == "left-out" and .client.addr == "10.77.3.2"'
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
}

# bats test_tags=whole
@test "trace and report tell what is kept, taken back, asked for by others, and why it ended" {
	arm_original --keep-for 5min
	begin_trace
	box_mounts
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	ask a "r 100 50" granted
	traced 0 '.side' # nothing is told while nobody reboots
	box_reboots
	wait_for 20 "the event of two kept ranges" traced 1 '.event == "KEPT" and .ranges == 2 and
		.keep_for_s == 300 and .client.addr == "10.77.3.2" and .client.name == "Linux NFSv4.2 box"'
	asker b /mnt/other/f
	asks_in_vain b "w 5 1"
	where=origin
	asker l /export/a/f
	where=rex
	ask l "w 0 1" "Resource temporarily unavailable"
	wait_for 20 "the event of the local application" traced 1 '.event == "KEPT_FROM" and .what == "lock" and
		.side == "gate" and .comm == "locker" and .status == "EAGAIN" and .start == 0 and .length == 1'
	# The other client asks again and again.
	(($(told '.event == "KEPT_FROM" and .what == "lock" and .side == "server" and .start == 5 and .length == 1 and
		.client.name == "Linux NFSv4.2 rex" and .status == "NFS4ERR_DELAY" and (.kept_for | length) == 16') > 0))
	in_box asker a /mnt/a/f
	ask a "w 2 100" granted
	ask a "w 0 200" granted
	wait_for 20 "the end of the keeping" traced 1 '.event == "KEPT_ENDED" and .why == "retaken" and .left == 0'
	# Both ranges in part, and then what was left of them.
	traced 4 '.event == "RETAKEN" and .client.name == "Linux NFSv4.2 box" and .file.fileid > 0'
	traced 1 '.event == "RETAKEN" and .start == 2 and .length == 8 and .type == "write"'
	traced 1 '.event == "RETAKEN" and .start == 102 and .length == 48 and .type == "read" and .left == 0'

	# The keeping ends by time, and as the role is disabled.
	arm_original --keep-for 1s
	box_reboots
	wait_for 20 "keep-for to be over" traced 1 '.event == "KEPT_ENDED" and .why == "over" and .left == 1'
	arm_original --keep-for 5min
	in_box asker a /mnt/a/f
	ask a "w 0 10" granted
	box_reboots
	wait_for 20 "the last keeping" traced 3 '.event == "KEPT"'
	org disable --role original
	wait_for 20 "the trace to end" traced 1 '.event == "end" and .reason == "disabled" and .lost == 0'
	expect_end trace 0
	traced 1 '.event == "KEPT_ENDED" and .why == "disabled" and .left == 1'

	grep '^{' "$work/trace.out" | "$RG" report - >"$work/report.out"
	grep -q 'This original server kept locks for 3 clients that rebooted, 4 ranges: taken back 4 times' "$work/report.out"
	grep -q 'The guard was not enabled on this host' "$work/report.out"
	grep -q '10.77.3.2 Linux NFSv4.2 box took back bytes 2 to 9 of fileid' "$work/report.out"
	grep -q 'the local application locker asked for .*, kept for 10.77.3.2 Linux NFSv4.2 box: EAGAIN' "$work/report.out"
	grep -q 'nothing is kept for 10.77.3.2 Linux NFSv4.2 box any more: keep-for is over; 1 not taken back' "$work/report.out"
	[[ $(grep '^{' "$work/trace.out" | "$RG" report --json - | jq -c '.recoveries[0].kept') == \
		'{"times":3,"ranges":4,"retaken":4,"asked_by_others":'*',"ended":3,"not_retaken":2,"not_kept":0}' ]]
}

# The box is a re-export server as well, and rex an end client of it. Its records of end clients are on its
# disk.
box_disk=/var/lib/box-disk
box_serves() {
	tier "$box" bash -c "mkdir -p $box_disk /var/lib/nfs/nfsdcld && mount --bind $box_disk /var/lib/nfs/nfsdcld"
	tier_nfs "$box" setup
	tier_nfs "$box" rex-tree
	"$@"
	tier_nfs "$box" rex-mount
	knfsd_start "$box" 30 30 3
}
box_is_guarded() {
	printf '%s\n' '[reclaims]' 'original-keeps = yes' >"$work/box.conf"
	where=$box background guard "$RG" run --config "/proc/1/root$work/box.conf" --all --release settled
	wait_said guard 'ready: pid' 60
}
box_is_not_guarded() {
	kill -TERM "$(pid_of guard)"
	expect_end guard 0
	tier "$box" "$RG" disable
}
box_gate() { tier "$box" "$RG" status --json | jq -r '.gates[0] | .state, .why' | paste -sd' '; }
box_gate_is() { [[ $(box_gate) == "$1" ]]; }

@test "through: a re-export server says so as soon as its end clients have their locks again, and others wait no longer" {
	# With the module on a kernel that gives end clients no locks without it: then no reclaim is refused.
	local gives_no_locks='' settled=settled
	arm_original --keep-for 15min
	rm -rf "$box_disk"
	tier origin sysctl -qw net.ipv4.ip_forward=1
	tier rex ip route replace 10.77.3.0/24 via 10.77.1.1
	tier "$box" ip route add default via 10.77.3.1
	box_serves true
	tier rex mkdir -p /mnt/box
	tier rex mount -t nfs -o vers=4.2 10.77.3.2:/a /mnt/box
	echo Y >/sys/module/nfs/parameters/recover_lost_locks
	asker e /mnt/box/f # the end client
	tell e "w 0 10"
	wait_said e '^w 0 10: ' 40
	if said e 'error 524$'; then
		gives_no_locks=1 settled=nobody-refused
		load_module
		box_is_guarded
		ask e "w 0 10" granted
	fi
	said e '^w 0 10: granted$'
	in_box asker l /srv/reexport/a/f # a local application, which nobody brings back
	ask l "w 100 10" granted
	asker b /mnt/other/f
	ask b "w 105 1" "Resource temporarily unavailable"

	# All tiers are one machine: the guard would live on.
	[[ -z $gives_no_locks ]] || box_is_not_guarded
	# The power is gone, before nfsdcld could write more.
	tier "$box" bash -c 'kill -KILL "$(</run/nfs-pids/nfsdcld)"'
	box_boots
	tier "$box" ip route add default via 10.77.3.1
	box_serves box_is_guarded
	org_is '.clients[0].state' kept
	tell b "w 106 1"
	wait_for 60 "all end clients to be through" box_gate_is "open $settled"
	wait_for 20 "the original server to be told" org_is .counters.through 1
	ask b "w 107 1" granted
	said b '^w 106 1: granted$'
	org_is '.clients[0].state' through
	wait_said guard '/srv/reexport/a: told its original server that all end clients are through'
	# The end client has its lock.
	ask e "w 0 9" granted
	ask b "w 5 1" "Resource temporarily unavailable"
	tell e quit
	expect_end e 0
	tier rex umount /mnt/box
	echo N >/sys/module/nfs/parameters/recover_lost_locks
	box_is_not_guarded
	[[ -z $gives_no_locks ]] || rmmod reexport_guard
}
