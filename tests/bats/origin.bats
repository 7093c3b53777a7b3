#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# This host as a client of the original server: what becomes of it when that
# refuses this host's own reclaims, and how long this host was away.

load common

RANGES=$repo/build/tests/helpers/ranges
state=/var/lib/rg-origin # /var/lib is the machine's, in every tier
budget=$state/budget.json

setup_file() { setup_tiers; }
setup() {
	fresh
	rm -rf "$state"
}
teardown() { tidy_cli; }
teardown_file() {
	fresh
	rm -rf "$state"
}

json_is() { [[ $(json "$1") == "$2" ]]; }

# ---- NO_GRACE ----

# knfsd in grace for long, a local application with a file open and a lock, from
# before the gate closed; and the original server restarts, and has no grace.
origin_forgets() {
	talk opener "$RANGES" "$a/f"
	tell opener "lock 0 1"
	wait_said opener '^ok$' 30
	want_grace
	cable cli down
	background daemon "$RG" run --mount "$a" --scope locks --state-dir $state "$@"
	wait_for 90 "the daemon to be alive" daemon_alive
	knfsd_start rex 90 90 3
	[ "$(json '.gates[0].origin_no_grace')" = null ]
	[ "$(gate_state)" = grace ]
	knfsd_stop origin
	knfsd_forget_clients origin
	knfsd_start origin 10 10 1
	# Whatever it asks of the original server, it learns of the restart.
	in_rex timeout 30 touch "$a/g"
	wait_for 60 "NO_GRACE" no_grace_seen
	run json '.gates[0].origin_no_grace'
	[[ $output == 20*Z ]]
}
no_grace_seen() { [[ $(json '.gates[0].origin_no_grace') != null ]]; }

@test "the original server answers NO_GRACE to this host's reclaims: report" {
	origin_forgets --release settled
	wait_for 20 "the daemon to warn" grep "answered NO_GRACE to this host's own reclaims" \
		"$work/daemon.out"
	grep 'on-origin-no-grace = end-grace would end' "$work/daemon.out"
	[ "$(json '.gates[0].on_origin_no_grace')" = report ]
	daemon_looks 2
	[ "$(gate_state)" = grace ]
	[ "$(json '.gates[0].knfsd.state')" = grace ]
	[ "$(grep -c 'answered NO_GRACE' "$work/daemon.out")" -eq 1 ]
}

# bats test_tags=whole
@test "the original server answers NO_GRACE to this host's reclaims: end-grace" {
	origin_forgets --release settled --on-origin-no-grace end-grace
	wait_for 20 "knfsd's grace to be ended" json_is '.gates[0].knfsd.state' grace-over
	grep "answered NO_GRACE: knfsd's grace period is ended" "$work/daemon.out"
	[ "$(json '.gates[0].on_origin_no_grace')" = end-grace ]
	wait_gate open
	[ "$(json '.gates[0].why')" = nobody-refused ]
}

# ---- the reboot budget ----

in_budget() { "$JGET" "/servers/0/$1" 2>/dev/null <$budget; }
renewed() { [[ $(in_budget last_renewal) == 20*Z ]]; }
renewed_since() { renewed && [[ $(in_budget last_renewal) > $1 ]]; }

# bats test_tags=whole
@test "the last renewal of the original server's lease is kept on disk, not too often" {
	background daemon "$RG" run --mount "$a" --scope locks --state-dir $state
	wait_for 90 "the daemon to be alive" daemon_alive
	# It takes a while if the machine booted 4 to 6 minutes ago: HZ is not clear.
	wait_for 180 "a renewal" renewed
	[ "$(in_budget name)" = origin ]
	[ "$(in_budget address)" = 10.77.1.1 ]
	[ "$(in_budget lease_seconds)" = 10 ]
	[ "$(in_budget before)" = null ]
	[ "$("$JGET" /boot_id <$budget)" = "$(cat /proc/sys/kernel/random/boot_id)" ]
	while :; do
		stat -c %i $budget
		sleep 0.1
	done >"$work/writes.out" 2>/dev/null 3>&- &
	echo $! >"$work/writes.pid"
	# The lease is renewed with every call. A tenth of it is a second.
	before=$SECONDS
	for i in 1 2 3; do
		first=$(in_budget last_renewal)
		for j in 1 2 3 4 5 6 7 8; do
			in_rex touch "$a/g"
		done
		wait_for 30 "another renewal" renewed_since "$first"
	done
	seconds=$((SECONDS - before))
	writes=$(uniq "$work/writes.out" | wc -l)
	echo "$writes budgets in $seconds s"
	[ "$writes" -ge 4 ]
	[ "$writes" -le $((seconds + 2)) ]
}

@test "after a reboot status says how long this host was away: in time, or not" {
	background daemon "$RG" run --mount "$a" --scope locks --state-dir $state
	wait_for 90 "the daemon to be alive" daemon_alive
	wait_for 180 "a renewal" renewed
	[ "$(json '.reboot | length')" -eq 1 ]
	[ "$(json '.reboot[0].verdict')" = unknown ]

	was_away 5 120
	[ "$(json '.reboot[0].verdict')" = in-time ]
	[ "$(json '.reboot[0].before.lease_seconds')" -eq 120 ]
	away=$(json '.reboot[0].away_seconds')
	((away >= 5 && away <= 120))
	rg status -v | grep "^reboot   origin (10.77.1.1): away $away s of a 120 s lease: in time\$"
	[ "$(in_budget before/boot_id)" = 11111111-2222-3333-4444-555555555555 ]

	was_away 500 10
	[ "$(json '.reboot[0].verdict')" = late ]
	away=$(json '.reboot[0].away_seconds')
	((away >= 500 && away <= 800))
	rg status -v | grep "^reboot   origin (10.77.1.1): away $away s of a 10 s lease: not in time\$"
}
# was_away SECONDS LEASE: the file as another boot would have left it, and a
# daemon that finds it.
was_away() {
	local last
	kill -TERM "$(pid_of daemon)"
	expect_end daemon 0
	last=$(date -u -d "-$1 seconds" +%Y-%m-%dT%H:%M:%S.000Z)
	jq --arg last "$last" --argjson lease "$2" \
		'.boot_id = "11111111-2222-3333-4444-555555555555" | .servers[0] |=
		(.last_renewal = $last | .back = $last | .lease_seconds = $lease | .before = null)' \
		$budget >"$budget.new"
	mv "$budget.new" $budget
	in_rex touch "$a/g"
	daemon_start
	# As above: HZ may not be clear for a while.
	wait_for 180 "a renewal in this boot" renewed_since "$last"
}
