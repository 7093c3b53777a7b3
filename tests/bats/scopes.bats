#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Scopes opens and access: what waits and what does not, that nothing is done
# twice, and that knfsd starts behind a closed gate.

load common
untraced_gate=yes

setup_file() {
	setup_tiers
	in_rex bash -c "echo hello >$a/f; echo hello >$other/f; cp /bin/true $a/program"
}
setup() { fresh; }
teardown() {
	tidy_cli
	in_rex rm -rf /run/programs
}
teardown_file() {
	knfsd_running rex || knfsd_start rex 10 10 3 # or the umount would wait for it
	cli_umount
	fresh
}

# A call of a local application on the re-exported mount: what opens, and what
# only asks for permission.
opens=(read create exclusive truncate exec list)
others=(stat make-directory remove)
call() {
	case $1 in
	read) echo "cat $a/f" ;;
	create) echo "echo one >>$a/new.create" ;;
	exclusive) echo "set -C; echo one >$a/new.exclusive" ;;
	truncate) echo "echo two >$a/new.truncate" ;;
	exec) echo "$a/program" ;;
	list) echo "ls $a/" ;;
	stat) echo "stat $a/f" ;;
	make-directory) echo "mkdir $a/new.directory" ;;
	remove) echo "rm $a/new.remove" ;;
	esac
}
prepare() {
	in_rex bash -c "rm -rf $a/new.*; echo one >$a/new.truncate; echo >$a/new.remove"
}
# in_call NAME: in the background.
in_call() { background "$1" bash -c "$(call "$1")"; }
call_now() { in_rex timeout 20 bash -c "$(call "$1")"; }
# What all of them leave behind, each done once.
done_once() {
	[ "$(in_rex cat $a/new.create)" = one ]
	[ "$(in_rex cat $a/new.exclusive)" = one ]
	[ "$(in_rex cat $a/new.truncate)" = two ]
}
on_origin() { tier origin test -e "/export/a/$1"; }
rung_of() { json ".rungs.$1"; }
rung_is() { [[ $(rung_of "$1") == "$2" ]]; }

@test "baseline: without the guard every call works" {
	prepare
	for name in "${opens[@]}" "${others[@]}"; do
		call_now "$name"
	done
	done_once
}

@test "opens: opens wait and then work, once; everything else goes on" {
	prepare
	arm_hold --mount $a --scope opens
	[ "$(json '.gates[0].scope')" = opens ]
	rung_is inode_permission null
	for name in "${opens[@]}"; do
		in_call "$name"
	done
	wait_held ${#opens[@]} 60
	if on_origin new.create || on_origin new.exclusive; then
		echo "created before it was let in"
		return 1
	fi
	for name in "${others[@]}"; do
		call_now "$name"
	done
	run in_rex cat $other/f
	[ "$output" = hello ]
	held_try lock posix $a/f
	want_skip
	knfsd_start rex 10 10 3
	for name in "${opens[@]}" lock; do
		expect_end "$name" 0
	done
	done_once
	held_is 0
	nobody_stopped
	[ "$(counter denied.total)" -eq 0 ]
	[ "$(counter helper_failures.total)" -eq 0 ]
	rg disable
	prepare
	call_now exclusive
}

@test "opens: what is open already is read and mapped" {
	mkfifo "$work/fd.in"
	# shellcheck disable=SC2016 # expanded in the tier
	background fd bash -c 'exec "$0" fd "$1" <>"$2"' "$repo/build/tests/helpers/probe" $a/f \
		"/proc/1/root$work/fd.in"
	wait_for 20 "the file to be open" grep -q opened "$work/fd.out"
	arm --mount $a --scope access --action deny
	echo go >"$work/fd.in"
	wait_for 20 "the file to be read" grep -q read "$work/fd.out"
	[ "$(counter denied.total)" -eq 0 ]
}

# bats test_tags=whole
@test "access: everything waits; knfsd starts, whole, behind the closed gate" {
	prepare
	want_grace
	arm_hold --mount $a --scope access --release grace-end
	rung_is inode_permission lsm
	for name in "${opens[@]}" "${others[@]}"; do
		in_call "$name"
	done
	wait_held $((${#opens[@]} + ${#others[@]})) 60
	run in_rex cat $other/f
	[ "$output" = hello ]
	# exportfs, nfsdcld, rpc.mountd and rpc.nfsd; then rpc.mountd has to look at
	# the mount before the end client's reclaim is served, which ends grace.
	knfsd_start rex 90 90 3
	for name in "${opens[@]}" "${others[@]}"; do
		expect_end "$name" 0
	done
	done_once
	[ "$(counter exempted)" -ge 1 ]
	[ "$(counter denied.total)" -eq 0 ]
	[ "$(counter helper_failures.total)" -eq 0 ]
	nobody_stopped
}

@test "access: the hot hook is there only while the gate is closed" {
	want_skip
	arm_hold --mount $a --scope access
	rung_is inode_permission lsm
	knfsd_start rex 10 10 3
	wait_for 20 "the hook to go" rung_is inode_permission null
	rung_is file_open lsm
	call_now stat
	knfsd_stop rex
	wait_for 20 "the hook to come" rung_is inode_permission lsm
	in_call stat
	wait_held 1
	rg release
	expect_end stat 0
	rung_is inode_permission null
	rg close
	rung_is inode_permission lsm
	rg disable
	call_now stat
}

@test "end clients get in by a closed gate, whatever its scope" {
	knfsd_start rex 10 10 3
	cli_mount
	for scope in opens access; do
		arm_hold --mount $a --scope $scope
		rg close
		run tier cli timeout 60 bash -c "echo by-client >/mnt/a/new.client && cat /mnt/a/new.client"
		[ "$output" = by-client ]
		in_call read
		wait_held 1
		rg disable
		expect_end read 0 hello
		expect_end daemon 0
	done
}

# bats test_tags=whole
@test "deny: EAGAIN; audit: passes and is counted" {
	for scope in opens access; do
		prepare
		arm --mount $a --scope $scope --action deny
		run call_now read
		[[ $output == *"Resource temporarily unavailable"* ]]
		run call_now exclusive
		[[ $output == *"Resource temporarily unavailable"* ]]
		if on_origin new.exclusive; then
			echo "created all the same"
			return 1
		fi
		[ "$(counter denied.policy)" -ge 2 ]
		arm --mount $a --scope $scope --action audit
		before=$(counter audited)
		run call_now read
		[ "$output" = hello ]
		[ "$(counter audited)" -gt "$before" ]
		rg disable
	done
}

@test "no daemon: opens are denied, and unlocking and closing work" {
	arm --mount $a --scope access
	if on_sleep; then # nobody has to be there to wake it
		in_call read
		wait_held 1
		rg release
		expect_end read 0 hello
		return
	fi
	run call_now read
	[[ $output == *"Resource temporarily unavailable"* ]]
	[ "$(counter denied.no_daemon)" -ge 1 ]
}

@test "io_uring: there is no call to restart, so it is denied and not held" {
	arm_hold --mount $a --scope opens
	run in_rex timeout 30 "$repo/build/tests/helpers/probe" uring $a/f
	[ "${lines[0]}" = "inline EAGAIN" ]
	[ "${lines[1]}" = "worker EAGAIN" ]
	[ "$(counter denied.io_uring)" -ge 2 ]
	held_is 0
	rg release
	run in_rex timeout 30 "$repo/build/tests/helpers/probe" uring $a/f
	[ "${lines[0]}" = "inline opened" ]
	[ "${lines[1]}" = "worker opened" ]
}

@test "exempt is the executable, not its name" {
	in_rex mkdir -p /run/programs
	in_rex cp /bin/cat /run/programs/exportfs
	in_rex cp /bin/cat /run/programs/reader
	arm --mount $a --scope access --action deny --exempt /run/programs/reader
	run in_rex /run/programs/exportfs $a/f
	[[ $output == *"Resource temporarily unavailable"* ]]
	run in_rex /run/programs/reader $a/f
	[ "$output" = hello ]
	in_rex mv /run/programs/reader /run/programs/renamed
	run in_rex /run/programs/renamed $a/f
	[ "$output" = hello ]
	[ "$(counter exempted)" -ge 2 ]
	# For root of the host alone: anybody else may have it do what he likes.
	run in_rex setpriv --reuid nobody --clear-groups /run/programs/renamed $a/f
	[[ $output == *"Resource temporarily unavailable"* ]]
	run in_rex unshare --user --map-root-user /run/programs/renamed $a/f
	[[ $output == *"Resource temporarily unavailable"* ]]
	# Another file that is given the number of an inode is another executable.
	number_used_again
	# Nor is a program exempt at the door for locks.
	in_rex cp "$LOCKER" /run/programs/locker
	arm --mount $a --action deny --exempt /run/programs/locker
	run in_rex /run/programs/locker try posix $a/f
	[ "$output" = EAGAIN ]
	# The next policy does not exempt it any more.
	arm --mount $a --scope access --action deny
	run in_rex /run/programs/renamed $a/f
	[[ $output == *"Resource temporarily unavailable"* ]]
}

# ext4 gives the number of an inode that was deleted to the next file.
number_used_again() {
	local before
	in_rex bash -c 'truncate -s 8M /run/again.img && mkfs.ext4 -q /run/again.img && mkdir -p /run/again &&
		mount -o loop /run/again.img /run/again && cp /bin/cat /run/again/exempt'
	arm --mount $a --scope access --action deny --exempt /run/programs/renamed --exempt /run/again/exempt
	run in_rex /run/again/exempt $a/f
	[ "$output" = hello ]
	before=$(in_rex stat -c %i /run/again/exempt)
	in_rex bash -c 'rm /run/again/exempt && cp /bin/cat /run/again/other'
	[ "$(in_rex stat -c %i /run/again/other)" = "$before" ]
	run in_rex /run/again/other $a/f
	[[ $output == *"Resource temporarily unavailable"* ]]
	in_rex umount /run/again
}

reads_by() { [[ $(in_rex "$1" $a/f 2>/dev/null) == hello ]]; }
# bats test_tags=whole
@test "an exempt executable that an update replaces, or installs: the daemon follows" {
	in_rex bash -c 'mkdir -p /run/sbin /run/own && cp /bin/cat /run/sbin/fsidd && cp /bin/cat /run/own/backup &&
		mount --bind /run/sbin /usr/lib/systemd'
	arm_hold --mount $a --scope access --action deny --exempt /run/own/backup
	reads_by /usr/lib/systemd/fsidd
	reads_by /run/own/backup
	run in_rex /bin/cat $a/f
	[[ $output == *"Resource temporarily unavailable"* ]]
	in_rex bash -c 'for f in sbin/fsidd own/backup; do cp /bin/cat /run/new && mv /run/new /run/$f; done
		cp /bin/cat /run/sbin/nfsdctl'
	wait_for 30 "what replaced one of the built-in list to be exempt" reads_by /usr/lib/systemd/fsidd
	wait_for 30 "what replaced one of the configuration's to be exempt" reads_by /run/own/backup
	wait_for 30 "what was installed to be exempt" reads_by /usr/lib/systemd/nfsdctl
	said daemon "are exempt as well"
	in_rex umount /usr/lib/systemd
}

@test "a wider scope on an enabled set: doors are proven before the policy is in force" {
	arm --mount $a --action deny
	rung_is file_open null
	call_now read
	run rg enable --mount $a --action deny --scope access
	[ "$status" -eq 0 ]
	[[ $output == *"inode_permission, proven by a canary"* ]]
	run call_now read
	[[ $output == *"Resource temporarily unavailable"* ]]
	rg enable --mount $a --action deny --scope locks
	rung_is file_open null
	rung_is inode_permission null
	call_now read
	run try posix $a/f
	[ "$output" = EAGAIN ]
}

@test "a fanotify listener that knfsd waits for is handed the file at a closed gate, and end clients get in" {
	arm --action hold --scope opens --mount $a
	daemon_start
	knfsd_start rex 10 10 3
	cli_mount
	background watcher "$WATCHER" $a
	wait_said watcher ^watching
	rg close
	in_call read
	wait_held 1
	run tier cli timeout 30 cat /mnt/a/f
	[ "$output" = hello ]
	wait_said watcher "may open 6 bytes"
	not said watcher error
	[ "$(counter fanotify)" -ge 1 ]
	# What the listener opens by itself is a local application's: like any other it waits.
	held_is 1
	is_state "$(pid_of watcher)" SDR
	rg release
	expect_end read 0 hello
	nothing_left
}
