#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The configuration file: what it does, that every mistake is named, and that a
# reload changes all of it or nothing.

load common
untraced_gate=yes

setup_file() { setup_tiers; }
setup() { fresh; }
teardown() { in_rex rm -f $file /run/other.conf; }
teardown_file() { fresh; }

file=/etc/reexport-guard.conf

# conf FILE: its text is standard input.
conf() { in_rex bash -c 'cat >"$0"' "$1"; }
# expect STATUS COMMAND...
expect() {
	run "${@:2}"
	[[ $status == "$1" ]] || {
		echo "status $status, expected $1: $output"
		return 1
	}
}
# says REGEX...: each in a line of what the last command said.
says() {
	local regex
	for regex; do
		grep -q -- "$regex" <<<"$output" || {
			echo "expected: $regex; said: $output"
			return 1
		}
	done
}
# tries ANSWER FILE: a local application asks for a lock. EAGAIN comes of the lock, or
# of opening the file where that is the default scope.
tries() {
	run try posix "$2"
	[[ $output == "$1" || $1 == EAGAIN && $output == *"Resource temporarily unavailable" ]] || {
		echo "$2: $output, expected $1"
		return 1
	}
}

@test "the file is used by enable and run; the command line goes before it" {
	conf $file <<-END
		[gate]
		action = deny
		release = settled
		settle-quiet = 7s
		[mounts]
		mount = $a
	END
	expect 0 rg enable --release grace-end
	gate_has action=deny release=grace-end settle_quiet_seconds=7 which=listed
	tries EAGAIN $a/f
	tries granted $other/f
	expect 0 rg policy show
	says "deny .*$file:2" 'grace-end .*command line' 'max-hold .*15min .*default' "$a .*$file:6"
	rg policy show --json >"$work/show.out"
	jq -e . "$work/show.out" >/dev/null
}

@test "policy check names every mistake with its line, needs no root, and changes nothing" {
	local other_file=/run/other.conf
	conf $other_file <<-END
		[gate]
		action = hodl
		relase = settled
		max-hold = 25h
		[mount]
		all = yes
		[mounts]
		mount = relative
	END
	expect 1 in_rex setpriv --reuid 65534 --clear-groups "$RG" policy check $other_file
	says "^$other_file:2: \[gate\] action: hodl.*expected hold" "^$other_file:3: \[gate\] relase" \
		"^$other_file:4: \[gate\] max-hold: 25h" "^$other_file:5:" \
		"^$other_file:8: \[mounts\] mount: relative"
	expect 1 rg enable --config $other_file
	says "nothing was changed"
	[ ! -e $pins ]
	conf $other_file <<-END
		[gate]
		action = deny
	END
	expect 0 rg policy check $other_file
	says "no mistakes"
}

@test "policy reload: all of it, or nothing" {
	conf $file <<-END
		[gate]
		action = deny
		[mounts]
		mount = $a
	END
	rg enable
	conf $file <<-END
		[gate]
		action = deny
		scope = opens
		max-hold = 77s
		[mounts]
		mount = $other
	END
	expect 0 rg policy reload
	gate_has scope=opens max_hold_seconds=77
	tries granted $a/f
	expect 1 in_rex cat $other/f
	conf $file <<-END
		[gate]
		action = audit
		scope = everything
		max-hold = 5s
	END
	expect 1 rg policy reload
	says " $file:3: \[gate\] scope: everything"
	gate_has action=deny scope=opens max_hold_seconds=77
	expect 1 in_rex cat $other/f
}

@test "policy reload lets processes go that the new policy would not hold" {
	held_by opens
	daemon_start
	background read cat $a/f
	wait_held 1
	held_by locks
	rg policy reload
	expect_end read 0
	held_try lock posix $a/f
	rg release
	expect_end lock 0 granted
}
held_by() {
	conf $file <<-END
		[gate]
		scope = $1
		[mounts]
		mount = $a
	END
}

@test "policy show and reload, not enabled: exit 4" {
	for verb in show reload; do
		expect 4 rg policy $verb
	done
	[ ! -e $pins ]
}

@test "no scope given: opens where knfsd hands out write delegations" {
	wanted=locks warnings=0
	if grep -q ' nfsd4_deleg_getattr_conflict' /proc/kallsyms; then
		wanted=opens warnings=1
	fi
	expect 0 rg enable --mount $a --action deny
	gate_has scope=$wanted
	says "scope $wanted, release"
	[ "$(grep -c 'scope locks does not protect' <<<"$output")" -eq $warnings ]
	expect 0 rg policy show
	says "scope .*$wanted .*default"
	expect 0 rg enable --mount $a --action deny --scope locks
	gate_has scope=locks
	[ "$(grep -c 'scope locks does not protect' <<<"$output")" -eq $warnings ]
	expect 0 rg enable --mount $a --action deny --scope access
	gate_has scope=access
	[ "$(grep -c 'scope locks does not protect' <<<"$output")" -eq 0 ]
}
