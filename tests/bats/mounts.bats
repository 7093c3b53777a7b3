#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Which mounts a gate guards: what is exported again, what is named, what is
# excepted, and mounts that come while the gate is closed.

load common
untraced_gate=yes

setup_file() {
	setup_tiers
	in_rex mkdir -p /srv/new /srv/whole /etc/exports.d
	in_rex cp /etc/exports /run/exports.before
}
setup() {
	fresh
	in_rex cp /run/exports.before /etc/exports
	in_rex exportfs -ua
}
teardown() {
	in_rex bash -c 'for d in /srv/new /srv/whole/a /srv/whole/b /srv/whole; do
		! mountpoint -q $d || umount -l $d; done
		rm -rf /run/exports.d; ! mountpoint -q /etc/exports.d || umount /etc/exports.d'
}
teardown_file() {
	in_rex cp /run/exports.before /etc/exports
	knfsd_running rex || knfsd_start rex 10 10 3 # or the umount would wait for it
	cli_umount
	fresh
}

exports() { in_rex bash -c 'cat >/etc/exports' <<<"$1"; }
guarded() { json '[.mounts[] | select(.classified) | .path] | unique | join(" ")'; }
guarded_is() { [[ $(guarded) == "$1" ]]; }
refused() { [[ $(try posix "$1") == EAGAIN ]]; }
granted() { [[ $(try posix "$1") == granted ]]; }
options=rw,insecure,no_subtree_check

@test "told nothing, enable guards what /etc/exports exports again" {
	run rg enable --scope locks --action deny
	[ "$status" -eq 0 ]
	[[ $output == *"exported again"* ]]
	[ "$(json '.gates[0].which')" = exports ]
	guarded_is $a
	refused $a/f
	granted $other/f
	granted /run/f
}

# bats test_tags=whole
@test "exports(5): quoting, octal escapes, continued lines, several clients, exports.d" {
	exports "# a comment
\"/srv/re\\export\" \\
   10.77.2.2($options) \\
   *(ro,insecure)   # not this
/srv/\\157ther 10.77.2.2($options,fsid=7) 10.0.0.0/8(ro)"
	run rg enable --dry-run
	[[ $output == *"guard   $other"* ]]
	[[ $output == *"leave   $a"* ]]
	exports "/srv -$options,crossmnt 10.77.2.2 *(ro)"
	in_rex mkdir -p /run/exports.d
	run rg enable --dry-run
	[[ $output == *"guard   $other"* ]]
	[[ $output == *"guard   $a"* ]]
	exports ""
	in_rex mount --bind /run/exports.d /etc/exports.d
	in_rex bash -c "echo '$a *($options,fsid=11)' >/etc/exports.d/one.exports
		echo '$other *($options,fsid=12)' >/etc/exports.d/two.txt"
	run rg enable --dry-run
	[[ $output == *"guard   $a"* ]]
	[[ $output == *"leave   $other"* ]]
}

# bats test_tags=whole
@test "an export without crossmnt is the mount it lies on; with it also those below" {
	exports "/srv *($options,fsid=0)"
	run rg enable --dry-run
	[[ $output == *"leave   $a"* ]]
	[[ $output == *"leave   $other"* ]]
	exports "/srv *($options,fsid=0,crossmnt)"
	run rg enable --dry-run
	[[ $output == *"guard   $a"* ]]
	[[ $output == *"guard   $other"* ]]
	exports "$a/below *($options,fsid=3)"
	run rg enable --dry-run
	[[ $output == *"guard   $a"* ]]
}

# bats test_tags=whole
@test "nothing is exported: enabled, and said" {
	exports ""
	run rg enable --scope locks --action deny
	[ "$status" -eq 0 ]
	[[ $output == *"nothing is exported"* ]]
	granted $a/f
}

@test "what is exported later, by exportfs or in the file, is guarded from then on" {
	arm_hold
	guarded_is $a
	rg close
	in_rex exportfs -o "$options,fsid=12" "*:$other"
	wait_for 30 "the export to be noticed" guarded_is "$other $a"
	held_try one posix $other/f
	in_rex exportfs -u "*:$other"
	wait_for 30 "the end of the export to be noticed" guarded_is "$a"
	expect_end one 0 granted
	exports "$other *($options,fsid=12)"
	wait_for 30 "the file to be noticed" guarded_is "$other"
}

@test "what knfsd alone exports is guarded, and stays so when knfsd forgets it" {
	knfsd_start rex 10 10 3
	cli_mount
	tier cli bash -c ': >>/mnt/a/.known'
	# As of an NFS server in a container: no file of this host names the export.
	exports ""
	in_rex bash -c ': >/var/lib/nfs/etab'
	in_rex grep -q "^$a" /proc/fs/nfsd/exports
	rg check --json >"$work/check.out" || true
	[ "$(jq -r --arg a "$a" '.findings[] | select(.id == "exports-unseen" and .object == $a) |
		.severity' "$work/check.out")" = warning ]
	arm_hold
	guarded_is $a
	knfsd_stop rex # the gate closes
	not in_rex grep '^/' /proc/fs/nfsd/exports
	held_try one posix $a/f
	guarded_is $a
	rg release
	expect_end one 0 granted
	in_rex cp /run/exports.before /etc/exports
	in_rex exportfs -ra
	knfsd_start rex 10 10 3 # or the umount would wait for it
	cli_umount
}

@test "--except" {
	arm --all --except $other --action deny
	refused $a/f
	granted $other/f
	exports "/srv *($options,fsid=0,crossmnt)"
	arm --exports --except $a --action deny
	refused $other/f
	granted $a/f
	# Excepted where it is bound, and guarded where it was: guarded.
	in_rex mount --bind $other /srv/new
	arm --exports --except /srv/new --action deny
	refused $other/f
	refused /srv/new/f
}

@test "the same files by another superblock are guarded as well, unless it is excepted" {
	# By its name and by its address; and one of the same server that is not exported.
	in_rex mount -t nfs -o vers=4.2,nosharecache 10.77.1.1:/a /srv/new
	arm --exports --action deny
	refused $a/f
	refused /srv/new/f
	granted $other/f
	guarded_is "/srv/new $a"
	arm --exports --except /srv/new --action deny
	refused $a/f
	granted /srv/new/f
	rg disable
	granted $a/f
}

# The original server's tree, with a file system below it that the NFS client
# mounts by itself.
mount_whole() { in_rex mount -t nfs -o vers=4.2,nosharecache origin:/ /srv/whole; }

@test "a crossed file system of the original server is classified like any other" {
	arm_hold --mount $a
	mount_whole
	in_rex ls /srv/whole/b/ >/dev/null
	in_rex mountpoint -q /srv/whole/b
	wait_for 20 "it to be let go" granted /srv/whole/b/f
	rg disable
	arm_hold --mount /srv/whole
	in_rex umount /srv/whole/b
	in_rex ls /srv/whole/b/ >/dev/null
	held_try one posix /srv/whole/b/f
	rg release
	expect_end one 0 granted
}

# mount_and_lock: the least of five times from a mount to the lock of a file on it, in $best, us.
mount_and_lock() {
	local us
	best=1000000000
	for _ in 1 2 3 4 5; do
		us=$(in_rex "$repo/build/tests/helpers/probe" mount-lock origin:/b /srv/new \
			"vers=4.2,nosharecache,addr=10.77.1.1,clientaddr=10.77.1.2" /srv/new/f)
		((us > best)) || best=$us
		in_rex umount /srv/new
	done
}

@test "a new mount is guarded from its first instant, and let go at once if it is not exported" {
	# Without the guard, on this machine as it is now.
	mount_and_lock
	alone=$best
	arm_hold
	mount_and_lock
	echo "# from the mount to the lock: $alone us without the guard, $best us with it" >&3
	[ "$best" -le 50000 ] || [ "$best" -le $((5 * alone)) ]
	# And one that is exported stays guarded, with the other mount of what it is of.
	exports "/srv/new *($options,fsid=9)"
	wait_for 30 "the exports to be read" guarded_is ""
	in_rex mount -t nfs -o vers=4.2,nosharecache origin:/b /srv/new
	held_try one posix /srv/new/f
	wait_for 10 "the mounts to be classified" guarded_is "/srv/new $other"
	rg release
	expect_end one 0 granted
}

# bats test_tags=whole
@test "without a daemon a new mount stays guarded while the gate is closed" {
	arm --action deny
	in_rex mount -t nfs -o vers=4.2,nosharecache origin:/b /srv/new
	refused /srv/new/f
	rg release
	granted /srv/new/f
}
