#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Known ways round the gate. Each is shown to work without it, and not with it. docs/bypass.md is the
# list of them, and of those that no test can show.

load common
untraced_gate=yes

setup_file() { setup_tiers; }
setup() { fresh; }
teardown() {
	[[ $RG == "$repo"/* ]] || rg disable >/dev/null 2>&1 || true # nobody else may
	in_rex bash -c 'for at in /srv/elsewhere/* /srv/elsewhere; do ! mountpoint -q $at || umount $at; done'
	rex_mount
}
teardown_file() { fresh; }

# refused COMMAND...: granted when open, EAGAIN when closed; in the tier rex.
refused() {
	rg release
	run in_rex "$@"
	[ "$output" = granted ]
	rg close
	run in_rex "$@"
	[ "$output" = EAGAIN ]
}

@test "a bind mount" {
	arm --mount $a --action deny
	in_rex mkdir -p /srv/elsewhere
	in_rex mount --bind $a /srv/elsewhere
	refused "$LOCKER" try posix /srv/elsewhere/f
}

# bats test_tags=whole
@test "unshare -m" {
	arm --mount $a --action deny
	refused unshare -m "$LOCKER" try posix $a/f
}

# bats test_tags=whole
@test "a mount of the same export in another mount namespace, made while closed" {
	arm --mount $a --action deny
	# shellcheck disable=SC2016 # expanded by the inner shell
	refused unshare -m bash -c 'umount $1 && mount -t nfs -o vers=4.2,nosharecache origin:/a $1 &&
		exec "$0" try posix $1/f' "$LOCKER" $a
}

@test "a file opened before the gate closed" {
	arm --mount $a --action deny
	rg release
	talk fd "$LOCKER" wait-then posix $a/f
	wait_said fd opened
	rg close
	tell fd
	expect_end fd 10 EAGAIN
}

@test "a file descriptor passed over a socket" {
	arm --mount $a --action deny
	refused "$LOCKER" pass-fd posix $a/f
}

# bats test_tags=whole
@test "a child process" {
	arm --mount $a --action deny
	refused "$LOCKER" fork posix $a/f
}

# bats test_tags=whole
@test "a second network namespace" {
	arm --mount $a --action deny
	refused unshare -n "$LOCKER" try posix $a/f
}

@test "a hard link, and another name" {
	arm --mount $a --action deny
	in_rex bash -c "ln -f $a/f $a/link && touch $a/old && mv -f $a/old $a/new"
	refused "$LOCKER" try posix $a/link
	refused "$LOCKER" try posix $a/new
}

# way NAME COMMAND...: prints what is $expected.
way() {
	run in_rex timeout 60 "${@:2}"
	echo "$1: $output"
	[[ $output == *"$expected" ]]
}
# both_ways WAYS: a function that tries several, with the gate open and closed.
both_ways() {
	rg release
	expected=granted "$1"
	rg close
	expected=$refusal "$1"
}
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
container=(unshare --user --map-root-user --pid --mount --net --ipc --fork --mount-proc)
locking_ways() {
	way "flock(2)" "$LOCKER" try flocknb $a/f
	way "an OFD lock" "$LOCKER" try ofd $a/f
	way "O_PATH and /proc/self/fd" "$LOCKER" reopen posix $a/f
	way "open_by_handle_at(2)" "$LOCKER" handle posix $a/f
	way "an ordinary user" "${nobody[@]}" "$LOCKER" try posix $a/f
	way "the same, by a descriptor of root's" bash -c 'exec 9<>"$0"; exec "$@"' $a/f "${nobody[@]}" "$LOCKER" try-fd posix 9
	way "root of a user namespace" "${nobody[@]}" unshare --user --map-root-user "$LOCKER" try posix $a/f
	way "root of a container" "${nobody[@]}" "${container[@]}" "$LOCKER" try posix $a/f
	way "without room for a signal" "${nobody[@]}" prlimit --sigpending=0 "$LOCKER" try posix $a/f
	way "without room for a lock or a file" "${nobody[@]}" prlimit --locks=0 --fsize=0 "$LOCKER" try posix $a/f
	way "an own session and cgroup namespace" setsid unshare --cgroup "$LOCKER" try posix $a/f
}
@test "other calls, other users and containers: none gets a lock" {
	in_rex chmod 666 $a/f
	arm --mount $a --action deny
	refusal=EAGAIN both_ways locking_ways
}
@test "who has no room for a signal, or is the first of a container, is held like any other" {
	in_rex chmod 666 $a/f $a/g
	arm_hold --mount $a
	held_try limited posix $a/f "${nobody[@]}" prlimit --sigpending=0
	held_try contained posix $a/g "${nobody[@]}" "${container[@]}"
	[ "$(counter denied.total)" -eq 0 ]
	rg release
	expect_end limited 0 granted
	expect_end contained 0 granted
	nobody_stopped
}

opening_ways() {
	way "open(2)" cat $a/word
	way "execve(2)" $a/program
	way "copy_file_range(2), sendfile(2)" cp $a/word /dev/stdout
	way "a container" "${nobody[@]}" "${container[@]}" cat $a/word
	way "overlayfs" unshare --mount bash -c 'mount -t overlay -o lowerdir=$0:/run/lower overlay /srv/elsewhere &&
		cat /srv/elsewhere/word' $a
	way "a loop device" bash -c 'd=$(losetup -f --show -r $0/disk) && { head -c 7 $d; losetup -d $d; }' $a
	way "libraries of an exempt program" "${nobody[@]}" env LD_PRELOAD="$repo/build/tests/helpers/no_memory" /run/programs/reader $a/word
	way "a copy of an exempt program" /run/programs/copy $a/word
	way "a hard link to an exempt program" "${nobody[@]}" /run/programs/link $a/word
}
@test "scope opens: exec, overlayfs, loop devices, copies of exempt programs: nothing is opened" {
	in_rex bash -c 'modprobe overlay; modprobe loop; mkdir -p /srv/elsewhere /run/lower /run/programs
		echo granted >$0/word; printf "%-512s" granted >$0/disk; chmod 644 $0/word
		printf "#!/bin/sh\necho granted\n" >$0/program; chmod 755 $0/program
		cp /bin/cat /run/programs/reader; cp /bin/cat /run/programs/copy
		ln -f /run/programs/reader /run/programs/link' $a
	arm --mount $a --scope opens --action deny --exempt /run/programs/reader
	refusal='Resource temporarily unavailable' both_ways opening_ways
	# By root its hard link is the program itself.
	run in_rex /run/programs/link $a/word
	[[ $output == granted* ]]
}

@test "overlayfs on top: the lock is one of a copy, and the original server has none" {
	arm --mount $a --action deny
	in_rex bash -c 'modprobe overlay; mkdir -p /srv/elsewhere; mount -t tmpfs tmpfs /srv/elsewhere
		cd /srv/elsewhere; mkdir upper work all
		mount -t overlay -o lowerdir=$0,upperdir=upper,workdir=work overlay all' $a
	talk over "$LOCKER" unlock posix /srv/elsewhere/all/f
	wait_said over locked
	run tier origin "$LOCKER" try posix /export/a/f
	[ "$output" = granted ]
	run try posix $a/f
	[ "$output" = EAGAIN ]
	tell over
	expect_end over 0 unlocked
}

address_of() { tier origin ip -o -4 addr show to "$1" | awk '{ print $2 }'; }
elsewhere_ways() {
	way "NFSv4.0" "$LOCKER" try posix /srv/elsewhere/4.0.10.77.1.1/f
	way "NFSv4.1" "$LOCKER" try posix /srv/elsewhere/4.1.10.77.1.1/f
	way "NFSv4.1 by another address" "$LOCKER" try posix /srv/elsewhere/4.1.10.77.1.9/f
	way "NFSv4.0 by another address" "$LOCKER" try posix /srv/elsewhere/4.0.10.77.1.9/f
	way "NFSv3, where the path is another" "$LOCKER" try posix /srv/elsewhere/v3/f
}
@test "the same export by another version of NFS, or by another address of the original server" {
	local at
	[ -n "$(address_of 10.77.1.9)" ] || tier origin ip addr add 10.77.1.9/24 dev "$(address_of 10.77.1.1)"
	for at in 4.0.10.77.1.1 4.1.10.77.1.1 4.1.10.77.1.9 4.0.10.77.1.9; do
		in_rex bash -c 'mkdir -p $0 && mount -t nfs -o vers=$1 $2:/a $0' /srv/elsewhere/$at ${at:0:3} ${at:4}
	done
	in_rex bash -c 'mkdir -p $0 && mount -t nfs -o vers=3 10.77.1.1:/export/a $0' /srv/elsewhere/v3
	arm --exports --action deny
	refusal=EAGAIN both_ways elsewhere_ways
}

# in_vain COMMAND...: fails, whatever it says.
in_vain() {
	run in_rex "$@"
	echo "$*: status $status: $output"
	[ "$status" -ne 0 ]
}
@test "an ordinary user, with CAP_BPF or as root of a container: the daemon, pins, maps and verbs are out of reach" {
	local who all pid
	# Its root sees these processes, files and bpffs, and has what a user namespace gives.
	local as_user="${nobody[*]}"
	local as_bpf="$as_user --inh-caps +bpf,+perfmon,+net_admin --ambient-caps +bpf,+perfmon,+net_admin"
	local as_root="$as_user unshare --user --map-root-user --mount"
	arm_hold --mount $a
	all=$(ls $pins)
	pid=$(pid_of daemon)
	held_try one posix $a/f
	for who in "$as_user" "$as_bpf" "$as_root"; do
		in_vain $who kill -KILL "$pid"
		in_vain $who kill -STOP "$pid"
		in_vain $who prlimit --pid "$pid" --cpu=1:1
		in_vain $who strace -p "$pid" -o /dev/null
		in_vain $who kill -CONT "$(pid_of one)"
		in_vain $who rm $pins/link_door_lock
		in_vain $who rm -rf /run/reexport-guard /var/lib/reexport-guard
		in_vain $who umount -l /sys/fs/bpf
		in_vain $who bpftool map dump pinned $pins/map_exempt
		in_vain $who bpftool link detach pinned $pins/link_door_lock
		in_vain $who "$RG" release
		in_vain $who "$RG" disable
	done
	# Root of the host, in a mount namespace of its own, has a bpffs to unmount, and takes nothing away.
	in_rex unshare --mount umount -l /sys/fs/bpf
	pins_are "$all"
	daemon_alive
	held_is 1
	held_try two posix $a/g
	rg release
	expect_end one 0 granted
	expect_end two 0 granted
}

@test "the daemon stopped: nobody is let in, and who is held stays so" {
	arm_hold --mount $a
	held_try one posix $a/f
	kill -STOP "$(pid_of daemon)"
	wait_for 20 "the heartbeat to be stale" daemon_dead
	if ! on_sleep; then
		run try posix $a/g
		[ "$output" = EAGAIN ]
	fi
	held_is 1
	kill -CONT "$(pid_of daemon)"
	wait_for 20 "the heartbeat" daemon_alive
	held_try two posix $a/g
	rg release
	expect_end one 0 granted
	expect_end two 0 granted
}

@test "umount -l and remount, at the same place" {
	arm --mount $a --action deny
	in_rex umount -l $a
	rex_mount
	run try posix $a/f
	[ "$output" = EAGAIN ]
	[ "$(json '.mounts[0].path')" = $a ]
	rg release
	run try posix $a/f
	[ "$output" = granted ]
}

# bats test_tags=whole
@test "umount -l and remount elsewhere, with the daemon looking on" {
	arm_hold --mount $a
	arm --mount $a --action deny
	in_rex umount -l $a
	in_rex mkdir -p /srv/elsewhere
	in_rex mount -t nfs -o vers=4.2,nosharecache origin:/a /srv/elsewhere
	kill -HUP "$(cat "$work/daemon.pid")"
	wait_for 10 "the mounts to be classified" grep -q reloaded "$work/daemon.out"
	run try posix /srv/elsewhere/f
	[ "$output" = EAGAIN ]
	rg release
	run try posix /srv/elsewhere/f
	[ "$output" = granted ]
}

@test "a device number that is used again is not mistaken for the mount before" {
	# The mount that is not guarded goes, its number is free; what comes is.
	arm --mount $a --action deny
	in_rex umount $other
	in_rex umount -l $a
	rex_mount nosharecache
	run try posix $a/f
	[ "$output" = EAGAIN ]
	rex_mount_other
}

@test "the daemon killed: nobody is let in" {
	arm_hold --mount $a
	held_try one posix $a/f
	kill -KILL "$(cat "$work/daemon.pid")"
	wait_for 20 "the heartbeat to be stale" daemon_dead
	if on_sleep; then
		held_try two posix $a/g
		return
	fi
	run try posix $a/g
	[ "$output" = EAGAIN ]
	held_is 1
	[ "$(counter denied.no_daemon)" -eq 1 ]
}
daemon_dead() { [[ $(json .daemon.alive) == false ]]; }

@test "what only kernel programs write cannot be written from user space, not even by root" {
	local -a bytes
	arm --mount $a --action deny
	read -ra bytes < <(bpftool -j map lookup pinned $pins/map_gates key 1 0 0 0 | jq -r '.value | join(" ")')
	run bpftool map update pinned $pins/map_gates key 1 0 0 0 value "${bytes[@]}"
	[ "$status" -ne 0 ]
	[[ $output == *"Operation not permitted"* ]]
	run bpftool map update pinned $pins/map_holding key 1 0 0 0 value hex 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
	[ "$status" -ne 0 ]
	run try posix $a/f
	[ "$output" = EAGAIN ]
}

attached_to() { [[ $(bpftool -j link show pinned $pins/$1 2>/dev/null | jq .id) == "$2" ]]; }
pins_are() { [[ $(ls $pins 2>/dev/null) == "$1" ]]; }
@test "pins removed or replaced while the daemon runs: nothing is detached, and they are put back" {
	local all door
	arm_hold --mount $a
	held_try one posix $a/f
	all=$(ls $pins)
	door=$(bpftool -j link show pinned $pins/link_door_lock | jq .id)
	# One follower; a door that something else is pinned in the place of; and all there is.
	rm $pins/link_grace_end
	wait_for 15 "the pin to be back" pins_are "$all"
	kill -STOP "$(pid_of daemon)" # or it would be quicker than whoever replaces the pin
	replace_link link_door_lock
	kill -CONT "$(pid_of daemon)"
	wait_for 15 "the door to be back" attached_to link_door_lock "$door"
	kill -STOP "$(pid_of daemon)"
	rm -r $pins
	kill -CONT "$(pid_of daemon)"
	wait_for 15 "all pins to be back" pins_are "$all"
	attached_to link_door_lock "$door"
	said daemon "removed or replaced"
	[ "$(json .pins_put_back)" -gt 40 ]
	[ "$(rg metrics | grep -c '^reexport_guard_pins_put_back_total [1-9]')" -eq 1 ]
	run rg status
	[ "$status" -eq 0 ]
	[[ $output == *"were removed or replaced by"* ]]
	held_is 1
	held_try two posix $a/g
	# What was put back is what all verbs work with, and it is taken away as ever.
	run rg disable
	[ "$status" -eq 0 ]
	expect_end one 0 granted
	expect_end two 0 granted
	expect_end daemon 0 "disabled by another process"
	[ ! -e $pins ]
	not bpftool -j link show id "$door"
}

# not_permitted COMMAND...: fails, and says that it may not.
not_permitted() {
	run "$@"
	[[ $status -ne 0 && ($output == *"not permitted"* || $output == *"must be superuser"*) ]] || {
		echo "$*: status $status: $output"
		return 1
	}
}
refused_are() { [[ $(json '.protect.refused | "\(.unpin) \(.run) \(.detach) \(.umount)"') == "$1" ]]; }
@test "protect = yes: only our executable, and what replaces it, unpins, detaches, writes and disables" {
	local bin=/run/guard conf=/run/protect.conf others=/sys/fs/bpf/others map
	# Without it anybody may.
	arm --mount $a --action deny
	rm $pins/link_grace_end
	rg disable
	in_rex bash -c "mkdir -p $bin && cp $RG $bin/reexport-guard && printf '%s\n' '[gate]' 'scope = locks' \
		'release = grace-start' '[mounts]' 'mount = $a' '[protection]' 'protect = yes' >$conf"
	RG=$bin/reexport-guard
	arm_hold --config $conf
	[ "$(json .protect.state)" = on ]
	[ "$(json .protect.executable)" = $bin/reexport-guard ]
	held_try one posix $a/f
	not_permitted rm $pins/link_door_lock
	not_permitted mv $pins/link_door_lock $pins/link_other
	not_permitted mv $pins /sys/fs/bpf/elsewhere
	not_permitted in_rex umount /sys/fs/bpf
	map=$(bpftool -j prog show pinned $pins/prog_control | jq '.map_ids[0]')
	not_permitted bpftool map update pinned $pins/map_exempt key 0 value 0
	not_permitted bpftool map update id "$map" key 0 0 0 0 value 0
	not_permitted bpftool link detach pinned $pins/link_door_lock
	head -c 88 /dev/zero >"$work/ctx"
	not_permitted bpftool prog run pinned $pins/prog_control ctx_in "$work/ctx"
	refused_are "3 1 1 1"
	[ "$(json .protect.refused.write)" -ge 2 ] # `bpftool prog show` opens maps as well
	[ "$(rg metrics | grep -c '^reexport_guard_protect_refused_total{what="unpin"} 3$')" -eq 1 ]
	run in_rex "$repo/build/reexport-guard" status
	[ "$status" -eq 1 ]
	[[ $output == *"only $bin/reexport-guard may work on it"* ]]
	# Whatever is not ours is as it was.
	mkdir $others
	bpftool map create $others/map type hash key 4 value 4 entries 4 name others
	bpftool map update pinned $others/map key 1 0 0 0 value 1 0 0 0
	mv $others/map $others/map_meta
	rm -r $others
	# So are our own verbs.
	rg policy reload --config $conf
	held_is 1
	rg release
	expect_end one 0 granted
	rg close
	# An update: another file is there, and the daemon runs on from the one before, then from this one.
	in_rex bash -c "cp $repo/build/reexport-guard $bin/new && mv $bin/new $bin/reexport-guard"
	held_try two posix $a/f
	kill -TERM "$(pid_of daemon)"
	expect_end daemon 0
	daemon_start
	[ "$(json .protect.state)" = on ]
	# One that others can write is nobody's to trust.
	in_rex bash -c "cp $bin/reexport-guard $bin/new && chmod o+w $bin/new && mv $bin/new $bin/reexport-guard"
	run rg disable
	[ "$status" -eq 1 ]
	in_rex chmod o-w $bin/reexport-guard
	kill -KILL "$(pid_of daemon)"
	run rg disable
	[ "$status" -eq 0 ]
	expect_end two 0 granted
	[ ! -e $pins ]
	not grep protect_ <<<"$(bpftool prog show)"
}

@test "a pin removed: status says so, enable arms anew" {
	arm --mount $a --action deny
	rm $pins/link_grace_end
	run rg status
	[ "$status" -eq 1 ]
	[[ $output == *"link_grace_end is missing"* ]]
	run rg enable --mount $a --scope locks --action deny
	[ "$status" -eq 0 ]
	[[ $output == *"not whole"* ]]
	run try posix $a/f
	[ "$output" = EAGAIN ]
	rg status
}
