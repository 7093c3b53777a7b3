#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The configuration file: what it does, that every mistake is named, and that a
# reload changes all of it or nothing.

load common

setup_file() { setup_tiers; }
setup() { fresh; }
teardown() { in_rex rm -f /etc/reexport-guard.conf /run/other.conf; }
teardown_file() { fresh; }

conf() { in_rex bash -c 'cat >"$0"' "${2:-/etc/reexport-guard.conf}" <<<"$1"; }

@test "the file is used by enable and run; the command line goes before it" {
	conf "[gate]
action = deny
release = settled
settle-quiet = 7s
[mounts]
mount = $a"
	run rg enable --release grace-end
	[ "$status" -eq 0 ]
	[ "$(json '.gates[0].action')" = deny ]
	[ "$(json '.gates[0].release')" = grace-end ]
	[ "$(json '.gates[0].settle_quiet_seconds')" -eq 7 ]
	[ "$(json '.gates[0].which')" = listed ]
	run try posix $a/f
	[ "$output" = EAGAIN ]
	run try posix $other/f
	[ "$output" = granted ]
	run rg policy show
	[ "$status" -eq 0 ]
	[[ $output == *deny*/etc/reexport-guard.conf:2* ]]
	[[ $output == *grace-end*"command line"* ]]
	[[ $output == *max-hold*15min*default* ]]
	[[ $output == *$a*/etc/reexport-guard.conf:6* ]]
	rg policy show --json >"$work/show.out"
	jq -e . "$work/show.out" >/dev/null
}

@test "policy check names every mistake with its line, needs no root, and changes nothing" {
	conf "[gate]
action = hodl
relase = settled
max-hold = 25h
[mount]
all = yes
[mounts]
mount = relative" /run/other.conf
	run in_rex setpriv --reuid 65534 --clear-groups "$RG" policy check /run/other.conf
	[ "$status" -eq 1 ]
	for line in "/run/other.conf:2: [gate] action: hodl" "/run/other.conf:3: [gate] relase" \
		"/run/other.conf:4: [gate] max-hold: 25h" "/run/other.conf:5:" \
		"/run/other.conf:8: [mounts] mount: relative"; do
		[[ $output == *"$line"* ]]
	done
	[[ $output == *"expected hold"* ]]
	run rg enable --config /run/other.conf
	[ "$status" -ne 0 ]
	[[ $output == *"nothing was changed"* ]]
	[ ! -e $pins ]
	conf "[gate]
action = deny" /run/other.conf
	run rg policy check /run/other.conf
	[ "$status" -eq 0 ]
	[[ $output == *"no mistakes"* ]]
}

@test "policy reload: all of it, or nothing" {
	conf "[gate]
action = deny
[mounts]
mount = $a"
	rg enable
	conf "[gate]
action = deny
scope = opens
max-hold = 77s
[mounts]
mount = $other"
	run rg policy reload
	[ "$status" -eq 0 ]
	[ "$(json '.gates[0].scope')" = opens ]
	[ "$(json '.gates[0].max_hold_seconds')" -eq 77 ]
	run try posix $a/f
	[ "$output" = granted ]
	run in_rex cat $other/f
	[ "$status" -ne 0 ]
	conf "[gate]
action = audit
scope = everything
max-hold = 5s"
	run rg policy reload
	[ "$status" -eq 1 ]
	[[ $output == *"/etc/reexport-guard.conf:3: [gate] scope: everything"* ]]
	[ "$(json '.gates[0].action')" = deny ]
	[ "$(json '.gates[0].max_hold_seconds')" -eq 77 ]
	run in_rex cat $other/f
	[ "$status" -ne 0 ]
}

@test "policy reload lets go whom the new policy would not hold" {
	conf "[gate]
scope = opens
[mounts]
mount = $a"
	daemon_start
	background read cat $a/f
	wait_held 1
	conf "[gate]
scope = locks
[mounts]
mount = $a"
	rg policy reload
	expect_end read 0
	held_try lock posix $a/f
	rg release
	expect_end lock 0 granted
}

@test "policy show and reload, not enabled: exit 4" {
	for verb in show reload; do
		run rg policy $verb
		[ "$status" -eq 4 ]
	done
	[ ! -e $pins ]
}
