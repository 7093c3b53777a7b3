#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What the tracing programs see of a recovery, on both sides, and the downgrades,
# each produced for real.

load common

RANGES=$repo/build/tests/helpers/ranges
state=/var/lib/rg-trace # /var/lib is the machine's, in every tier

setup_file() { setup_tiers; }
setup() {
	fresh
	tier cli ip link set c-rex up
	tier_nfs cli recover-lost-locks Y
	rm -rf "$state"
}
teardown() { tier cli ip link set c-rex up; }
teardown_file() {
	fresh
	want_skip
	knfsd_start rex 15 15 3
	clients_umount
	knfsd_stop rex
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
# app NAME COMMAND...: as `talk`, at the end client.
app() {
	local ns=/proc/1/root$tiers_dir/cli
	rm -f "$work/$1.in"
	talk "$1" nsenter --net="$ns.net" --mount="$ns.mnt" --uts="$ns.uts" -- "${@:2}"
}
# take N: locks in N processes of the end client.
take() {
	app app "$LOCKER" hold /mnt/a/db "$1"
	wait_said app "^locked $1\$" 60
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
	background daemon "$RG" run --mount "$a" --state-dir $state "$@"
	wait_for 90 "the daemon to be alive" daemon_alive
	[ "$(gate_state)" = closed ]
	background trace "$RG" trace --json
	wait_for 60 "the trace to listen; it said: $(output_of trace)" traced '.event == "GATE"'
}
# serve [MOUNT-OPTIONS]: knfsd out of grace, and an end client that may reclaim
# after the next start.
serve() {
	want_skip
	knfsd_start rex 15 15 3
	clients_umount
	tiers_make_client_known "$@"
	cli_mount "${1:-vers=4.2}"
}
restart() {
	wait_for 30 "the end client in nfsdcld's database" tiers_client_known
	knfsd_stop rex
	${1:+"$1"}
	knfsd_start rex 15 15 3
}
# A local application that wants the first of the end client's locks; while knfsd
# is down, when the gate is sure to be closed.
thief() { held_try thief posixw "$a/db"; }
link_down() { tier cli ip link set c-rex down; }

# ---- what was traced ----

events() { grep '^{' "$work/trace.out"; }
# traced FILTER: is there an event that jq's FILTER is true of?
traced() { events | jq -es "any(.[]; $1)" >/dev/null; }
wait_traced() { wait_for "${2:-60}" "an event with $1" traced "$1" || { events | tail -n 30; return 1; }; }
# count_of FILTER
count_of() { events | jq -s "[.[] | select($1)] | length"; }
# counts FILTER NUMBER
counts() {
	[[ $(count_of "$1") == "$2" ]] || {
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

# ---- a whole recovery ----

@test "a recovery by NFSv4.2: what the end client did, what became of it, both sides" {
	guard --release settled
	serve
	take 5
	restart thief
	cli_recovered
	wait_gate open 90
	wait_traced '.event == "GATE" and .state == "open" and .generation == 2'
	tell app quit
	expect_end thief 0 granted 60
	wait_traced '.event == "CONTINUED" and .comm == "locker"'
	end_trace
	cli='.client.addr == "10.77.2.2"'
	# the server's side, in this order
	run bash -c "grep '^{' '$work/trace.out' | jq -rs '[.[] | select(.generation == 2 and .side == \"server\")] |
		map(.event + (if .claim then \" \" + .claim else \"\" end)) | reduce .[] as \$e ([]; if .[-1] == \$e then . else . + [\$e] end) | .[]'"
	echo "$output"
	[[ $output == *KNFSD_STARTING*GRACE_START*EXCHANGE_ID*CREATE_SESSION*"OPEN reclaim"*"LOCK reclaim"*RECLAIM_COMPLETE*GRACE_END*"LOCK retake"* ]]
	# OPEN: reclaimed; at the original server it was a new open
	counts "$server and $cli and .event == \"OPEN\" and .claim == \"reclaim\" and .status == \"NFS4_OK\" and
		(.back | length) > 0 and .file.fileid > 0 and .duration_ns > 0" 1
	# LOCK: Linux stops at the first NO_GRACE
	counts "$server and $cli and .event == \"LOCK\" and .claim == \"reclaim\" and .status == \"NFS4ERR_NO_GRACE\" and
		.downgrade.reason == \"reclaim-refused-by-client\" and .back == [{op: \"nfs_lock\", status: \"ENOGRACE\", at_ns: .back[0].at_ns}] and
		(.facts | index(\"re-export\")) and .type == \"write\" and .length == 1 and (.owner | length) == 16" 1
	counts "$server and $cli and .event == \"LOCK\" and .claim == \"retake\" and .status == \"NFS4_OK\" and
		.back[0].op == \"LOCK\" and .back[0].status == \"NFS4_OK\"" 5
	counts "$server and $cli and .event == \"RECLAIM_COMPLETE\" and .generation == 2 and .complete == 1 and .expected == 1" 1
	counts '.event == "GRACE_START" and .expected == 1 and .grace_s == 15' 1
	counts '.event == "HELD" and .comm == "locker" and .what == "lock"' 1
	counts '.event == "CONTINUED" and .comm == "locker" and .duration_ns > 0' 1
	counts '.event == "end"' 1
	nothing_lost
	[ "$(json '.tracing.downgrades["reclaim-refused-by-client"]')" = 1 ]
	# the daemon said so, too
	grep 'downgrade: .*reclaim-refused-by-client\|downgrade: .*LOCK' "$work/daemon.out"
}

@test "a recovery in which nothing is downgraded" {
	guard --release settled
	serve
	app opener "$RANGES" /mnt/a/db
	wait_said opener '^opened$' 30
	restart
	cli_recovered
	wait_gate open 90
	end_trace
	counts "$server and .event == \"OPEN\" and .claim == \"reclaim\" and .status == \"NFS4_OK\"" 1
	counts 'has("downgrade")' 0
	[ "$(json '[.tracing.downgrades[]] | add')" = 0 ]
}

# ---- every reason ----

# downgraded REASON SIDE EVENT: at least once, and each time with all that belongs
# to it.
downgraded() {
	local n
	wait_traced ".downgrade.reason? == \"$1\""
	end_trace
	n=$(count_of ".downgrade.reason? == \"$1\"")
	counts ".downgrade.reason? == \"$1\" and .side == \"$2\" and .event == \"$3\" and
		(.downgrade.text | length) > 10 and (.downgrade.consequence | length) > 10" "$n"
	[ "$(json ".tracing.downgrades[\"$1\"]")" = "$n" ]
	nothing_lost
}

@test "downgrade grace-skipped: knfsd knew of nobody" {
	guard --release grace-start
	serve
	take 2
	restart knfsd_forget_clients
	nudge
	downgraded grace-skipped server OPEN
	counts '.event == "GRACE_SKIPPED"' 2
}

@test "downgrade grace-ended: the end client came too late" {
	guard --release grace-start
	serve
	take 2
	wait_for 30 "the end client in nfsdcld's database" tiers_client_known
	knfsd_stop rex
	link_down
	knfsd_start rex 15 15 3
	in_rex bash -c 'echo Y >/proc/fs/lockd/nlm_end_grace'
	end_grace_by_hand
	wait_traced '.event == "GRACE_END" and .generation == 2'
	wait_traced '.event == "GRACE_END_FORCED"'
	tier cli ip link set c-rex up
	nudge
	downgraded grace-ended server OPEN
}

@test "downgrade origin-no-grace: the original server had no grace" {
	talk opener "$RANGES" "$a/f"
	tell opener "lock 0 1"
	wait_said opener '^ok$' 30
	want_grace
	link_down
	guard --release settled
	knfsd_start rex 90 90 3
	knfsd_stop origin
	knfsd_forget_clients origin
	knfsd_start origin 10 10 1
	in_rex timeout 30 touch "$a/g"
	wait_traced "$client and .event == \"EXCHANGE_ID\" and .origin.name"
	wait_traced "$client and .event == \"STATE_MANAGER\" and (.state | index(\"reclaim-nograce\"))"
	downgraded origin-no-grace client OPEN
	counts "$client and .event == \"OPEN\" and .claim == \"nograce\" and .status == \"NFS4_OK\"" 1
}

@test "downgrade premature-reclaim-complete: the original server was told too early" {
	guard --release settled
	serve
	take 2
	wait_for 30 "the end client in nfsdcld's database" tiers_client_known
	link_down
	knfsd_stop rex
	rex_umount
	rex_mount
	rex_mount_other
	wait_traced "$client and .event == \"RECLAIM_COMPLETE\" and .status == \"NFS4_OK\""
	knfsd_start rex 15 15 3
	downgraded premature-reclaim-complete server GRACE_START
}

@test "downgrade granted-as-new-lock: NFSv3" {
	guard --release settled
	serve
	clients_umount
	cli_mount vers=3,lock
	take 3
	wait_for 30 "statd to know the end client" tier_nfs rex monitored
	knfsd_stop rex
	knfsd_start rex 15 15 15
	tier_nfs rex notify
	downgraded granted-as-new-lock server NLM_LOCK
	counts "$server and .event == \"NLM_LOCK\" and .claim == \"reclaim\" and .status == \"NLM4_GRANTED\" and
		.back[0].op == \"LOCK\" and .client.addr == \"10.77.2.2\"" 3
}
