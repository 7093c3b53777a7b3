#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What the tracing programs see of a recovery, on both sides, and the downgrades,
# each produced for real.

load common
load tracing

setup_file() { setup_tiers; }
setup() { setup_recovery; }
teardown() { cable cli up; }
teardown_file() { teardown_recovery; }

# ---- a whole recovery ----

@test "a recovery by NFSv4.2: what the end client did, what became of it, both sides" {
	recorded_whole recovery_of_5
	cli='.client.addr == "10.77.2.2"'
	# the server's side, in this order
	run bash -c "grep '^{' '$work/trace.out' | jq -rs '[.[] | select(.generation == 2 and .side == \"server\")] |
		map(.event + (if .claim then \" \" + .claim else \"\" end)) | reduce .[] as \$e ([]; if .[-1] == \$e then . else . + [\$e] end) | .[]'"
	echo "$output"
	[[ $output == *KNFSD_STARTING*GRACE_START*EXCHANGE_ID*CREATE_SESSION*"OPEN reclaim"*RECLAIM_COMPLETE*GRACE_END* ]]
	refused_all || [[ $output == *"OPEN reclaim"*"LOCK reclaim"*RECLAIM_COMPLETE*GRACE_END*"LOCK retake"* ]]
	# OPEN: reclaimed; at the original server it was a new open
	counts "$server and $cli and .event == \"OPEN\" and .claim == \"reclaim\" and .status == \"NFS4_OK\" and
		(.back | length) > 0 and .file.fileid > 0 and .duration_ns > 0" 1
	recovered_locks
	counts "$server and $cli and .event == \"RECLAIM_COMPLETE\" and .generation == 2 and .complete == 1 and .expected == 1" 1
	counts '.event == "GRACE_START" and .expected == 1 and .grace_s == 80' 1
	# By default what is held is opens where knfsd hands out write delegations.
	counts '.event == "HELD" and .comm == "locker" and (.what | IN("lock", "open"))' 1
	counts '.event == "CONTINUED" and .comm == "locker" and .duration_ns > 0' 1
	counts '.event == "end"' 1
	nothing_lost
	# the daemon said so, too
	grep 'downgrade: .*LOCK' "$work/daemon.out"
}

# bats test_tags=whole
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

# bats test_tags=whole
@test "a recovery by NFSv4.0: SETCLIENTID, and no end client says that it is done" {
	serve
	tried=$(cli_tries)
	if [ "$tried" != granted ]; then
		# Where locks are refused knfsd and an NFSv4.0 end client get out of step.
		[[ $tried == *"errno 524"* ]]
		echo "# refused" >&3
		return 0
	fi
	knfsd_stop rex
	guard --release settled
	serve vers=4.0
	take 3
	restart
	cli_recovered
	wait_for 90 "the locks to be taken again" taken_again 3
	tell app quit
	# this host as a client, too
	in_rex mkdir -p /run/v40
	in_rex mount -t nfs -o vers=4.0 origin:/b /run/v40
	in_rex umount /run/v40
	wait_traced "$client and .event == \"SETCLIENTID_CONFIRM\""
	end_trace
	cli='.generation == 2 and .client.addr == "10.77.2.2" and .client.minor == 0'
	name='(.client.name | startswith("Linux NFSv4.0 "))'
	counts "$server and $cli and .event == \"SETCLIENTID\" and .status == \"NFS4_OK\" and
		$name and (.client.verifier | length) == 16" 1
	counts "$server and $cli and .event == \"SETCLIENTID_CONFIRM\" and .status == \"NFS4_OK\" and
		$name and (.client.clientid | length) == 16" 1
	counts "$server and $cli and .event == \"OPEN\" and .claim == \"reclaim\" and
		.status == \"NFS4_OK\" and $name and (.back | length) > 0" 1
	counts "$server and $cli and .event == \"LOCK\" and .claim == \"reclaim\" and
		.downgrade.reason == \"reclaim-refused-by-client\" and .back[0].op == \"nfs_lock\"" 1
	counts "$server and $cli and .event == \"LOCK\" and .claim == \"retake\" and
		.status == \"NFS4_OK\" and .back[0].op == \"LOCK\"" 3
	# the events of NFSv4.1 are none of its
	counts "$server and .generation == 2 and
		(.event | IN(\"EXCHANGE_ID\", \"CREATE_SESSION\", \"RECLAIM_COMPLETE\"))" 0
	counts '.event == "GRACE_END" and .generation == 2 and .complete == 0 and .expected == 1' 1
	# twice each: it looks first whether it knows that server by another address
	for event in SETCLIENTID SETCLIENTID_CONFIRM; do
		counts "$client and .event == \"$event\" and .status == \"NFS4_OK\" and
			.origin.minor == 0 and .origin.addr == \"10.77.1.1\"" 2
	done
	nothing_lost
}
taken_again() { (($(count_of '.claim? == "retake" and .event == "LOCK" and .status == "NFS4_OK"') >= $1)); }

@test "delegations are reclaimed: the end client's from knfsd, this host's from the original server" {
	delegations on
	guard --release settled
	serve
	# knfsd gives none while lockd is in grace
	wait_traced '.event == "LOCKD_GRACE_END" and .generation == 1'
	tier origin bash -c 'echo x >/export/a/ro'
	app reader bash -c 'exec 3</mnt/a/ro && echo opened && read -r'
	wait_said reader '^opened$' 60
	[ "$(tier_nfs origin delegated ro)" = read ]
	given=$(tier_nfs rex delegated ro)
	# a kernel that refuses locks through a re-export gives no delegations either
	[ "$given" = read ] || [ "$given $(cli_tries | grep -c 'errno 524')" = "none 1" ]
	restart
	cli_recovered
	knfsd_stop origin
	knfsd_start origin 10 10 1
	in_rex timeout 60 touch "$a/g"
	wait_traced '.event == "DELEGATION"'
	end_trace
	file=".file.fileid == $(tier origin stat -c %i /export/a/ro) and .claim == \"delegation-reclaim\" and
		.status == \"NFS4_OK\" and .type == \"read\""
	[ "$given" = none ] ||
		counts "$server and .event == \"OPEN\" and .generation == 2 and $file and
			.client.addr == \"10.77.2.2\" and (.back | length) > 0" 1
	counts "$client and .event == \"DELEGATION\" and $file and .origin.addr == \"10.77.1.1\"" 1
	counts 'has("downgrade") and .downgrade.reason != "locks-unsupported"' 0
	nothing_lost
}

# ---- every reason ----

# downgraded REASON SIDE EVENT...: at least once, each time with all that belongs to
# it, and in each of these events.
downgraded() {
	local n event events=${*:3}
	for event in "${@:3}"; do
		wait_traced ".downgrade.reason? == \"$1\" and .event == \"$event\""
	done
	end_trace
	n=$(count_of ".downgrade.reason? == \"$1\"")
	counts ".downgrade.reason? == \"$1\" and .side == \"$2\" and
		(.event | IN(\"${events// /\", \"}\")) and
		(.downgrade.text | length) > 10 and (.downgrade.consequence | length) > 10" "$n"
	[ "$(json ".tracing.downgrades[\"$1\"]")" = "$n" ]
	nothing_lost
}

# bats test_tags=whole
@test "downgrade grace-skipped: knfsd knew of nobody" {
	guard --release grace-start
	serve
	take 2
	restart knfsd_forget_clients
	nudge
	downgraded grace-skipped server OPEN
	counts '.event == "GRACE_SKIPPED"' 2
}

# bats test_tags=whole
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
	cable cli up
	nudge
	downgraded grace-ended server OPEN
}

@test "downgrade reclaim-after-complete: the end client had said that it was through" {
	guard --release grace-start
	serve_nobody
	ghost cli 10.77.2.1
	storm cli late 10.77.2.1 --locks 2 --retake 0
	[ "$(knfsd_clients rex)" -eq 2 ]
	restart
	phase late late
	[ "$(answered '.claims.reclaim.OPEN | [.NFS4_OK, .NFS4ERR_NO_GRACE]')" = '[1,1]' ]
	if [ "$(answered .claims.reclaim.LOCK.NFS4ERR_NOTSUPP)" = 2 ]; then
		# a reclaim is an event in any case, but that is said of the first alone
		downgraded reclaim-after-complete server OPEN
		locks='.event == "LOCK" and .generation == 2 and .claim == "reclaim"'
		counts "$locks and .downgrade.reason == \"locks-unsupported\"" 1
		counts "$locks and (.facts | index(\"said-before\")) and (has(\"downgrade\") | not)" 1
		return
	fi
	[ "$(answered .claims.reclaim.LOCK.NFS4ERR_NO_GRACE)" -eq 2 ]
	downgraded reclaim-after-complete server OPEN LOCK
	counts '.downgrade.reason? == "reclaim-after-complete" and .status == "NFS4ERR_NO_GRACE" and
		(.facts | index("knfsd-grace") and index("complete")) and
		(.client.name | startswith("late "))' 3
	# nobody asked the original server
	counts '.downgrade.reason? == "reclaim-after-complete" and .back == []' 3
}

# bats test_tags=whole
@test "downgrade no-record: knfsd's stable storage does not know the end client" {
	guard --release grace-start
	serve
	take 2
	ghost cli 10.77.2.1
	restart forget_cli
	nudge
	downgraded no-record server OPEN
	counts '.downgrade.reason? == "no-record" and .status == "NFS4ERR_RECLAIM_BAD" and
		(.facts | index("knfsd-grace") and index("no-record")) and .client.addr == "10.77.2.2"' 1
	counts '.event == "GRACE_START" and .expected == 1' 1
}

# bats test_tags=whole
@test "downgrade origin-no-grace: the original server had no grace" {
	talk opener "$RANGES" "$a/f"
	tell opener "lock 0 1"
	wait_said opener '^ok$' 30
	want_grace
	link_down
	guard --release settled --scope locks
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

# A local application of this host has the first byte of a file; then the original
# server is restarted, and has a grace period.
origin_stops() {
	talk opener "$RANGES" "$a/f"
	tell opener "lock 0 1"
	wait_said opener '^ok$' 30
	guard --release settled --scope locks
	wait_for 60 "this host on record" this_host_known
	"$@"
	knfsd_stop origin
}
this_host_known() { (($(knfsd_clients origin) > 0)); }
origin_starts() {
	knfsd_start origin 10 10 1
	in_rex timeout 60 touch "$a/g"
}

# bats test_tags=whole
@test "downgrade origin-reclaim-bad: the original server does not know this host" {
	origin_stops ghost rex 10.77.1.1
	knfsd_forget_client origin 'NFSv4.2 rex'
	origin_starts
	downgraded origin-reclaim-bad client OPEN
	counts '.downgrade.reason? == "origin-reclaim-bad" and .status == "NFS4ERR_RECLAIM_BAD" and
		.origin.addr == "10.77.1.1" and .file.path == "/srv/reexport/a/f"' 1
	counts "$client and .event == \"OPEN\" and .claim == \"nograce\" and .status == \"NFS4_OK\"" 1
}

@test "downgrade origin-reclaim-conflict: somebody on the original server was quicker" {
	origin_stops
	talk_at origin quicker "$RANGES" /export/a/f
	tell quicker "lock 0 1"
	wait_said quicker '^ok$' 30
	origin_starts
	downgraded origin-reclaim-conflict client LOCK
	counts '.downgrade.reason? == "origin-reclaim-conflict" and .status == "NFS4ERR_DENIED" and
		.claim == "reclaim" and .start == 0 and .length == 1 and .type == "write"' 1
	counts "$client and .event == \"OPEN\" and .claim == \"reclaim\" and .status == \"NFS4_OK\"" 1
}

# bats test_tags=whole
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
	events | "$RG" report --json - >"$work/report.json"
	[ "$(jq '[.recoveries[-1].order.reclaim_complete_early, .recoveries[-1].order.reclaims_unassured, .recoveries[-1].origins[0].retains_state] | join(" ")' "$work/report.json")" = '"1 0 false"' ]
	jq -r '.recoveries[-1].verdict.sentences[]' "$work/report.json" |
		grep 'This host told its original server 10.77.1.1 origin RECLAIM_COMPLETE .*, with end clients still to come'
}

# bats test_tags=whole
@test "downgrade granted-as-new-lock: NFSv3" {
	guard --release settled
	serve
	clients_umount
	cli_mount vers=3,lock
	take 3 37 # ENOLCK, where this kernel's lockd has none through a re-export
	if refused_all; then
		[ "$(json '.regime | [.nfs4_locks, .nlm_locks] | tostring')" = '["refused","refused"]' ]
		end_trace
		counts "$server and .event == \"NLM_LOCK\"" 0
		counts '.downgrade.reason? == "granted-as-new-lock"' 0
		nothing_lost
		return
	fi
	wait_for 30 "statd to know the end client" tier_nfs rex monitored
	knfsd_stop rex
	knfsd_start rex 15 15 15
	tier_nfs rex notify
	granted="$server and .event == \"NLM_LOCK\" and .claim == \"reclaim\" and .status == \"NLM4_GRANTED\" and
		.back[-1].op == \"LOCK\" and .client.addr == \"10.77.2.2\"" # 6.12 opens the file before
	wait_for 60 "each of the three to be granted" is_count "$granted" 3 || {
		events | jq -c 'select(.event == "NLM_LOCK")'
		return 1
	}
	downgraded granted-as-new-lock server NLM_LOCK
	counts "$granted" 3
}

# bats test_tags=whole
@test "downgrade locks-unsupported: once an end client, if this kernel has no locks through a re-export" {
	local i said=()
	guard --release grace-start
	serve
	for i in 1 2 3; do
		said[i]=$(cli_tries)
	done
	if [[ ${said[*]} == "granted granted granted" ]]; then
		end_trace
		counts '.downgrade.reason? == "locks-unsupported"' 0
		counts "$server and .event == \"LOCK\"" 0
		nothing_lost
		return
	fi
	for i in 1 2 3; do [[ ${said[i]} == "errno 524"* ]]; done
	downgraded locks-unsupported server LOCK
	counts "$server and .event == \"LOCK\"" 1
	counts '.downgrade.reason? == "locks-unsupported" and .status == "NFS4ERR_NOTSUPP" and
		.claim == "ordinary" and (.facts | index("re-export")) and .back == []' 1
}

# ---- what does not fit ----

# bats test_tags=whole
@test "an address that introduces itself without end is in 2,048 records, the rest is counted" {
	guard --release grace-start
	serve_nobody
	# Each makes knfsd let go of the one before, as it has the same name.
	app knock "$STORM" --times 1200 --name knock 10.77.2.1
	wait_said knock '^ready$'
	phase knock knock
	[ "$(answered .status.EXCHANGE_ID.NFS4_OK)" -eq 1200 ]
	wait_for 60 "the records of all, or their number" all_are_known 2399
	[ "$(knocks)" -ge 2048 ]
	[ "$(counter untold_clients)" -gt 100 ]
	# Another address is told of.
	storm rex own 127.0.0.1 --locks 0
	wait_traced '.event == "EXCHANGE_ID" and (.client.name // "" | startswith("own "))'
	wait_traced '.event == "CREATE_SESSION" and (.client.name // "" | startswith("own "))'
}
knocks() { count_of '(.client.name // "" | startswith("knock "))'; }
all_are_known() { (($(knocks) + $(counter untold_clients) == $1)); }

@test "records that do not fit into a tracer's ring are counted, and said to be lost" {
	# A ring of 2 MiB has room for 4854 records, and a tracer is told of 64 denials of
	# one process at once (RG_TOLD_AT_ONCE).
	local asked=6016 lost
	arm --action deny --mount "$a"
	[ "$(gate_state)" = closed ]
	listen
	kill -STOP "$(pid_of trace)"
	wait_for 10 "trace to be stopped" is_state "$(pid_of trace)" T
	[ "$(in_rex "$RANGES" "$a/f" <<<"refused $((asked / 64)) 64")" = $'opened\nok' ]
	lost=$(json .tracing.records_lost)
	((lost > 0 && lost < asked))
	kill -CONT "$(pid_of trace)"
	wait_traced '.event == "LOST"'
	# what comes now fits again
	run try posix "$a/f"
	[ "$output" = EAGAIN ]
	wait_traced '.event == "DENIED" and .comm == "locker"'
	end_trace
	counts '.event == "DENIED" and .what == "lock" and .comm == "ranges"' $((asked - lost))
	counts ".event == \"LOST\" and .lost == $lost" 1
	counts ".event == \"end\" and .lost == $lost" 1
	[ "$(json .tracing.records_lost)" -eq "$lost" ]
}
