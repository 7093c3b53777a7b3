#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# 64 threads and 64 processes lock and unlock while the gate opens and closes.

load common
untraced_gate=yes

setup_file() { setup_tiers; }
setup() { fresh; }
teardown() { in_rex rm -f /run/stop-stress; }
teardown_file() { fresh; }

rss() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$(cat "$work/daemon.pid")/status"; }

# openings N: every call succeeds, nobody stays stopped, nothing is left behind.
openings() {
	arm_hold --mount $a
	rg release
	rss=$(rss)
	background stress "$LOCKER" stress $a 64 64 /run/stop-stress
	wait_for 60 "the workers" grep -q started "$work/stress.out"
	run in_rex "$TOGGLE" 1 "$1"
	echo "$output"
	[ "$status" -eq 0 ]
	# Most of the closings must have met somebody, or nothing was tested.
	met=$(sed -n 's/.*, \([0-9]*\) of them.*/\1/p' <<<"$output")
	[ "$met" -ge $(($1 / 2)) ]
	in_rex touch /run/stop-stress
	expect_end stress 0 "errors 0 leaks 0" 120
	cat "$work/stress.out"
	wait_held 0
	nobody_stopped
	[ "$(json '.counters.denied.total')" -eq 0 ]
	[ "$(json '.counters.helper_failures.total - .counters.helper_failures.ring_reserve')" -eq 0 ]
	rg status
	echo "daemon RSS before $rss kB, after $(rss) kB"
	[ "$(rss)" -lt $((rss + 2048)) ]
}

@test "500 openings: every call succeeds, nobody stays stopped, nothing is left behind" { openings 500; }

# bats test_tags=whole
@test "2,000 openings: the same" { openings 2000; }
