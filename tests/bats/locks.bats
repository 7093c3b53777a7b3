#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Locks in ordinary times, with the kernel module: through a re-export they are what they are on
# a direct mount, and those are what they are on a local file system. The helper contend has the
# cases. A second end client, box, is behind the re-export server as well, and reaches the
# original server through it.

load common
load tracing
: "${work:?}" "${tiers_dir:?}" "${server_of_box:=10.77.4.1}"

contend=$repo/build/tests/helpers/contend

setup_file() {
	setup_tiers
	load_module
	ip link add r-box type veth peer name box-r
	tiers_link rex r-box $server_of_box/24
	box_boots
	in_rex bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 10.77.4.2 box >>/etc/hosts'
	tier origin ip route add 10.77.4.0/24 via 10.77.1.2
}
# Armed once for all tests, and anew after one that failed.
setup() {
	untraced
	cable cli up
	daemon_alive || guarded
	delegations off
}
guarded() {
	setup_recovery
	load_module
	tier_nfs cli recover-lost-locks N
	want_skip
	background daemon "$RG" run --mount "$a" --state-dir "$state" --release settled \
		--module require
	wait_for 90 "the daemon to be alive" daemon_alive
	knfsd_start rex 15 15 3
	wait_gate open
}
teardown() {
	box_umounts
	tidy_cli
	clients_umount
	[[ -n ${BATS_TEST_COMPLETED-} ]] || fresh
}
teardown_file() {
	teardown_recovery
	rmmod reexport_guard
}

# ---- the second end client ----

# It boots: new namespaces, with the host name, the address and the files of statd of the one
# before, whose cable is pulled for good.
box_boots() {
	local before
	before=$(cat "$work/box" 2>/dev/null || true)
	box=box$((${before#box} + 1))
	touch "$tiers_dir/$box".{net,mnt,uts}
	unshare --net="$tiers_dir/$box.net" --mount="$tiers_dir/$box.mnt" \
		--uts="$tiers_dir/$box.uts" --propagation private \
		bash -ec "$(declare -f tier_inside); tier_inside box"
	if [[ -n $before ]]; then
		nsenter --net="$tiers_dir/$before.net" ip link set box-r netns "$tiers_dir/$box.net"
		tier "$before" tar -C /var/lib/nfs -c sm state | tier "$box" tar -C /var/lib/nfs -x
	fi
	ip link set box-r netns "$tiers_dir/$box.net" 2>/dev/null || true
	printf '%s\n' "link set lo up" "addr add 10.77.4.2/24 dev box-r" "link set box-r up" \
		"route add default via $server_of_box" | tier "$box" ip -batch -
	tier_nfs "$box" setup
	echo "$box" >"$work/box"
}
box() { tier "$(cat "$work/box")" "$@"; }
# box_mounts VERS: from the re-export server, and from the original server.
box_mounts() {
	local root='' of_origin=''
	[[ $1 != 3 ]] || root=/srv/reexport of_origin=/export
	box mkdir -p /mnt/a /mnt/b
	box mount -t nfs -o "vers=$1" "$server_of_box:$root/a" /mnt/a
	box mount -t nfs -o "vers=$1" "10.77.1.1:$of_origin/b" /mnt/b
}
box_umounts() { box bash -c 'for at in /mnt/a /mnt/b; do ! mountpoint -q $at || umount $at; done'; }

# contends VIEW VIEW [CASE...]: all is as on a local file system, but for what is in `differs`.
differs=''
contends() {
	run "$contend" "$@"
	echo "$*: $output"
	[ "$(grep '^wrong' <<<"$output")" = "$differs" ]
	((${#lines[@]} >= 20))
}
# By NFSv3 F_GETLK for writing does not see another client's lock for reading where the caller
# has one itself, on a direct mount as well.
by_nfsv3='wrong readers: A0 get w 0 10: free, expected r 0 10'
# Of end clients by this version: two of them, one and the original server itself, one and a local
# application of the re-export server. --no-waits: see contend.
as_on_a_local_file_system() {
	cli_mount "vers=$1"
	box_mounts "$1"
	contends "${@:2}" cli:/mnt/a/c "$(<"$work/box"):/mnt/a/c" all
	contends --no-waits cli:/mnt/a/c origin:/export/a/c
	contends --no-waits cli:/mnt/a/c rex:$a/c all
	nobody_is_in_the_way
}
# No lock of these is left anywhere.
nobody_is_in_the_way() {
	[ "$(tier origin "$LOCKER" try posix /export/a/c)" = granted ]
	counters_are denied.total=0 helper_failures.total=0
}

@test "a direct mount: two clients, and a client and the server itself, contend as on a local file system" {
	box_mounts 4.2
	contends rex:$other/c "$(<"$work/box"):/mnt/b/c" all
	contends rex:$other/c origin:/export/b/c
	box_umounts
	box_mounts 3
	differs=$by_nfsv3
	contends --no-waits "$(<"$work/box"):/mnt/b/c" origin:/export/b/c
}

@test "NFSv4.2 through the re-export: as on a direct mount, without delegations and with them" {
	as_on_a_local_file_system 4.2
	delegations on
	as_on_a_local_file_system 4.2 --no-waits
}

@test "NFSv4.1 through the re-export: as on a direct mount" {
	as_on_a_local_file_system 4.1 --no-waits
}

@test "NFSv3 through the re-export, two end clients: as on a direct mount" {
	cli_mount vers=3
	box_mounts 3
	differs=$by_nfsv3
	contends cli:/mnt/a/c "$(<"$work/box"):/mnt/a/c" all
	nobody_is_in_the_way
}

# tries TIER FILE: what byte 0 of the file is for somebody else.
tries() { tier "$1" timeout 60 "$LOCKER" try posix "$2" || true; }
# Somebody has the locks of cli's application, as everybody sees.
everybody_sees_them() {
	[ "$(tries "$(<"$work/box")" /mnt/a/db)" = EAGAIN ]
	[ "$(tries origin /export/a/db)" = EAGAIN ]
	[ "$(tries rex $a/db)" = EAGAIN ]
}
app_writes() {
	tell app write
	wait_said app '^written, 0 failed' 60
}

@test "both servers restart, one after the other: every lock is back, for everybody" {
	tiers_make_client_known
	cli_mount vers=4.2
	box_mounts 4.2
	take 5
	everybody_sees_them
	# The original server: this host reclaims.
	knfsd_stop origin
	knfsd_start origin 10 10 1
	wait_for 90 "this host to be through" in_rex timeout 60 touch $a/through
	everybody_sees_them
	app_writes
	# knfsd of this host: the end client reclaims.
	restart
	cli_recovered
	wait_gate open 90
	everybody_sees_them
	app_writes
	tell app quit
	expect_end app 0
	for who in "$(<"$work/box"):/mnt/a/db" origin:/export/a/db "rex:$a/db"; do
		[ "$(tries "${who%%:*}" "${who#*:}")" = granted ]
	done
}

# listed PID: its locks, by lslocks of the tier that it runs in.
listed() { tier "$1" lslocks -n -p "$2" -o COMMAND,TYPE,MODE,M,START,END | sort; }
# users TIER FILE: who has it open, by fuser of that tier.
users() { tier "$1" fuser "$2" 2>/dev/null | xargs -n 1 | sort -n; }

@test "lslocks, fuser and /proc/locks: the holder is seen at the end client as on a direct mount" {
	cli_mount vers=4.2
	take 3
	talk direct "$LOCKER" hold $other/db 3
	wait_said direct '^locked 3$'
	holders_of() { pgrep -P "$(pid_of "$1")" | sort -n; }
	pids=$(holders_of app)
	direct=$(holders_of direct)
	for n in 1 2 3; do
		one=$(listed cli "$(sed -n ${n}p <<<"$pids")")
		[ -n "$one" ]
		[ "$one" = "$(listed rex "$(sed -n ${n}p <<<"$direct")")" ]
	done
	[ "$(users cli /mnt/a/db)" = "$pids" ]
	[ "$(users rex $other/db)" = "$direct" ]
	# On the servers nobody of theirs has the file open, be it of a re-export or not: knfsd is no process.
	[ "$(users rex $a/db),$(users origin /export/a/db),$(users origin /export/b/db)" = ,, ]
	# On the re-export server they are locks of this file, and of no process.
	inode=$(in_rex stat -c %i $a/db)
	[ "$(in_rex grep -c "POSIX *ADVISORY *WRITE .*:$inode [0-2] [0-2]\$" /proc/locks)" -ge 3 ]
	tell direct quit
	tell app quit
	expect_end direct 0
	expect_end app 0
}

@test "an end client reboots: its locks are free for the others, and the others keep theirs" {
	for vers in 4.2 4.0 3; do
		cli_mount "vers=$vers"
		box_mounts "$vers"
		# One process: byte 0 is box's, byte 2 cli's.
		talk_at "$(<"$work/box")" lost "$LOCKER" ranges /mnt/a/f
		talk_at cli kept "$LOCKER" ranges /mnt/a/f
		wait_said lost '^opened$'
		wait_said kept '^opened$'
		tell lost "w 0 1"
		wait_said lost '^w 0 1: granted$'
		tell kept "w 2 1"
		wait_said kept '^w 2 1: granted$'
		tell kept "w 0 1"
		wait_said kept '^w 0 1: Resource'
		box_boots
		box_mounts "$vers"
		if [[ $vers = 3 ]]; then
			tier_nfs "$box" notify
		else
			box touch /mnt/a/here
		fi
		wait_for 60 "the lock to be free" granted_to_kept
		[ "$(tier origin "$LOCKER" try posix /export/a/f)" = EAGAIN ]
		tell kept quit
		expect_end kept 0
		kill -KILL "$(pid_of lost)"
		box_umounts
		clients_umount
	done
}
granted_to_kept() {
	tell kept "w 0 1"
	said kept '^w 0 1: granted$'
}
