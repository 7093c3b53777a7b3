# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A recovery in the machine of three tiers, and what was traced of it. Sourced by
# `load`, after common.

RANGES=$repo/build/tests/helpers/ranges
STORM=$repo/build/tests/helpers/storm
state=/var/lib/rg-trace # /var/lib is the machine's, in every tier

setup_recovery() {
	fresh
	cable cli up
	tier_nfs cli recover-lost-locks Y
	# From 6.12 an end client may have a write delegation, and then asks nobody.
	delegations off
	rm -rf "$state"
}
teardown_recovery() {
	fresh
	want_skip
	knfsd_start rex 15 15 3
	clients_umount
	knfsd_stop rex
	delegations on
	rm -rf "$state"
}

# ---- end clients ----

clients_umount() { wait_for 90 "the end client to unmount" umounted; }
umounted() {
	local at
	for at in /mnt/a /mnt/v3; do
		! tier cli mountpoint -q $at || tier cli umount $at || return 1
	done
}
# talk_at TIER NAME COMMAND...: as `talk`, in that tier.
talk_at() {
	local ns=/proc/1/root$tiers_dir/$1
	rm -f "$work/$2.in"
	talk "$2" nsenter --net="$ns.net" --mount="$ns.mnt" --uts="$ns.uts" -- "${@:3}"
}
app() { talk_at cli "$@"; }
# take N [ERRNO]: locks in N processes of the end client, which keep the file open in
# any case. A kernel that refuses locks through a re-export refuses each of them, by
# NFSv4 with an errno that is not for user space.
take() {
	app app "$LOCKER" hold /mnt/a/db "$1"
	wait_said app "^locked ($1|0)\$" 60
	! refused_all || [ "$(grep -c '^lock byte [0-9]*: errno '"${2:-524}\$" "$work/app.out")" -eq "$1" ]
}
cli_tries() { tier cli timeout 60 "$LOCKER" try posix /mnt/a/f || true; }
refused_all() { said app '^locked 0$'; }
# storm TIER NAME ADDRESS [OPTION...]: an end client of our own, which knows the
# file that it opens and locks by its file handle alone.
storm() {
	talk_at "$1" "$2" "$STORM" --name "$2" "${@:4}" "$3" a
	wait_said "$2" '^ready$'
	phase "$2" setup
}
# phase NAME PHASE: what it said of it is in $work/phase.json.
phase() {
	tell "$1" "$2"
	wait_said "$1" "\"phase\":\"$2\"" 90
	tail -n 1 "$work/$1.out" >"$work/phase.json"
}
answered() { jq -c "$1" "$work/phase.json"; }
# ghost TIER ADDRESS: a client that is on record and will not come back: the next
# grace period of that server lasts its whole time.
ghost() {
	storm "$1" ghost "$2" --locks 0
	tell ghost quit
	expect_end ghost 0
}
nudge() { tier cli timeout 10 stat /mnt/a/.known >/dev/null 2>&1 || true; }
# The end client is through: what has to wait for the end of grace came through.
cli_recovered() {
	wait_for 90 "the end client to be through" created
}
created() { tier cli timeout 60 touch /mnt/a/through && tier cli rm -f /mnt/a/through; }

# ---- the re-export server ----

# guard OPTIONS...: the daemon, a gate that is closed as knfsd is down, and a
# trace of everything.
guard() {
	background daemon "$RG" run "${forced[@]}" --mount "$a" --state-dir $state "$@"
	wait_for 90 "the daemon to be alive" daemon_alive
	[ "$(gate_state)" = closed ]
	listen
}
listen() {
	background trace "$RG" trace --json
	wait_for 60 "the trace to listen; it said: $(output_of trace)" traced '.event == "GATE"'
}
# serve_nobody: knfsd out of grace, and no end client.
serve_nobody() {
	want_skip
	knfsd_start rex 15 15 3
	clients_umount
}
# serve [MOUNT-OPTIONS]: the same, and an end client that may reclaim after the
# next start.
serve() {
	serve_nobody
	tiers_make_client_known "$@"
	cli_mount "${1:-vers=4.2}"
}
restart() {
	wait_for 30 "the end client in nfsdcld's database" tiers_client_known
	knfsd_stop rex
	${1:+"$1"}
	knfsd_start rex 15 "${grace:-15}" 3
}
forget_cli() { knfsd_forget_client rex 'NFSv4.2 cli'; }
# A local application that wants the first of the end client's locks; while knfsd
# is down, when the gate is sure to be closed.
thief() { held_try thief posixw "$a/db"; }
link_down() { cable cli down; }

# ---- what was traced ----

events() { grep '^{' "$work/trace.out"; }
# traced FILTER: is there an event that jq's FILTER is true of?
traced() { events | jq -es "any(.[]; $1)" >/dev/null; }
wait_traced() { wait_for "${2:-60}" "an event with $1" traced "$1" || { events | tail -n 30; return 1; }; }
# count_of FILTER
count_of() { events | jq -s "[.[] | select($1)] | length"; }
is_count() { [[ $(count_of "$1") == "$2" ]]; }
# counts FILTER NUMBER
counts() {
	is_count "$1" "$2" || {
		echo "$1: $(count_of "$1"), expected $2"
		events | jq -c "select($1)"
		return 1
	}
}
server='.side == "server"'
client='.side == "client"'
end_trace() {
	in_rex kill -INT "$(pid_of trace)"
	expect_end trace 0
}
nothing_lost() {
	counts '.event == "LOST"' 0
	[ "$(json .tracing.records_lost)" = 0 ]
	[ "$(json .tracing.failures)" = 0 ]
	[ "$(json '.tracing.missing | length')" = 0 ]
}

# The daemon, a trace of everything, an end client that takes 5 locks, and a recovery.
# knfsd's grace period ends with RECLAIM_COMPLETE, which comes late where all is slow.
recovery_of_5() {
	local grace=80
	guard --release settled
	serve
	take 5
	recovery_with_thief
}

# recorded_whole COMMAND...: it makes a recovery that is traced. A kernel that preempts its own
# threads may skip a program at any time (docs/kernel.md, Preemption), and says so: then
# once more from the beginning, and the third is the last.
recorded_whole() {
	local skipped
	for _ in 1 2; do
		"$@"
		preempts || return 0
		skipped=$(counter skipped.total)
		((skipped)) || ! is_count '.event == "LOST"' 0 || return 0
		echo "# $(count_of '.event == "LOST"') LOST, $skipped calls skipped: once more" >&3
		setup_recovery
	done
	"$@"
}

# Of 5 locks; where they are refused they are that before the recovery, and there is
# nothing to reclaim.
recovered_locks() {
	if refused_all; then
		counts "$server and $cli and .event == \"LOCK\"" 1
		counts '.downgrade.reason? == "locks-unsupported" and .generation == 1' 1
		return
	fi
	# Linux stops at the first NO_GRACE
	counts "$server and $cli and .event == \"LOCK\" and .claim == \"reclaim\" and .status == \"NFS4ERR_NO_GRACE\" and
		.downgrade.reason == \"reclaim-refused-by-client\" and .back == [{op: \"nfs_lock\", status: \"ENOGRACE\", at_ns: .back[0].at_ns}] and
		(.facts | index(\"re-export\")) and .type == \"write\" and .length == 1 and (.owner | length) == 16" 1
	counts "$server and $cli and .event == \"LOCK\" and .claim == \"retake\" and .status == \"NFS4_OK\" and
		.back[0].op == \"LOCK\" and .back[0].status == \"NFS4_OK\"" 5
	[ "$(json '.tracing.downgrades["reclaim-refused-by-client"]')" = 1 ]
}

# A recovery from knfsd's restart on, with a local application that goes for the end
# client's locks: until all have what they get, and the trace has ended.
recovery_with_thief() {
	restart thief
	cli_recovered
	wait_gate open 90
	wait_traced '.event == "GATE" and .state == "open" and .generation == 2'
	tell app quit
	expect_end thief 0 granted 60
	wait_traced '.event == "CONTINUED" and .comm == "locker"'
	end_trace
}
