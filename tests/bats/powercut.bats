#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The main job on three machines: the re-export server loses power, or its knfsd
# is restarted. Runs on the host; the only suite that does. tests/measure has
# more rows, and repeats them.

setup_file() {
	set +T
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	export RG_CAPTURE=${RG_CAPTURE:-$BATS_FILE_TMPDIR}
	[[ -n ${RG_CLUSTER_UP-} ]] || cluster_up --kernel "${RG_KERNEL:-bookworm}" 3>&-
}

setup() {
	set +T # as `untraced` of common.bash says
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	say() { printf '# %s\n' "$*" >&3; }
	say "== $BATS_TEST_DESCRIPTION" # for tests/failed.awk
}

# Whatever hangs goes with its machine.
teardown() {
	if [[ -n ${stuck-} ]] || ! recovery_clean >/dev/null 2>&1; then
		echo "# the re-export server and the end client are booted anew" >&3
		{ cluster_all boot rex cli && recovery_clean; } >/dev/null 2>&1 ||
			echo "# could not be put right again" >&3
	fi
}
teardown_file() {
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	[[ -n ${RG_CLUSTER_UP-} ]] || cluster_down
}

# recovered: as recovery. Where it fails, the test ends with $verdict:
# 0 if the kernel gives no locks through a re-export, and refused each of them so.
recovered() {
	recovery "$@" && return
	verdict=1 stuck=
	echo "$failure"
	# Linux 6.1 gives locks: there a refusal is a failure; 6.12 does by NFSv3. 524:
	# NFS4ERR_NOTSUPP; user space has no name for it. 37: ENOLCK.
	if [[ $failure == "the end client got 0 of "*" locks: errno $(refusal "$@")" ]]; then
		say "this kernel gives no locks through a re-export: each is refused"
		: >"$BATS_FILE_TMPDIR/refuses"
		verdict=0
	# knfsd 6.12 refuses before it has counted NFSv4.0's sequence-id, which the end
	# client counts: some of its processes get EBADF, or it asks for ever.
	elif [[ -e $BATS_FILE_TMPDIR/refuses && " $* " == *" vers=4.0 "* &&
		${held_before:-0} == 0 ]] && cli_said "bad sequence-id"; then
		say "this kernel gives no locks through a re-export, and NFSv4.0 is out of step"
		verdict=0 stuck=1
	else
		applications_said
	fi
	return 1
}
# What this kernel refuses locks with; "" if it does not.
refusal() {
	local release
	release=$(on rex uname -r)
	if [[ " $* " == *" vers=3 "* ]]; then
		[[ $release == 6.* ]] || echo 37
	else
		[[ $release == 6.1.* ]] || echo 524
	fi
}
# In its kernel's log, since this recovery began.
cli_said() {
	on cli dmesg | awk -v words="$1" '
		/rg: a recovery begins/ { said = 0 }
		index($0, words) { said = 1 }
		END { exit !said }'
}

# figures NAME VALUE...: what the recovery came to.
figures() {
	local status=0
	while (($#)); do
		if [[ ${!1} != "$2" ]]; then
			echo "$1 is ${!1}, expected $2"
			status=1
		fi
		shift 2
	done
	((status == 0)) || applications_said
	return "$status"
}

applications_said() {
	echo "the end client's application:"
	on -t 20 cli cat /run/app.out || true
	echo "the local application:"
	on -t 20 rex grep -v '^round' /run/thief.out || true
}

@test "without the guard: a local application takes all 10 locks, none survives" {
	recovered 10 vers=4.2 Y || return "$verdict"
	figures held_before 10 survived 0 stolen 10 named_lost 10 write_errors 10
}

# bats test_tags=whole
@test "grace-start: the local application waits for knfsd, and then takes all 10 locks" {
	recovered 10 vers=4.2 Y --all --release grace-start || return "$verdict"
	figures held_before 10 survived 0 stolen 10 write_errors 10 gate_why grace-started denied 0
	[ "$held" -ge 1 ]
}

# bats test_tags=whole
@test "without the guard: a local application takes 5 of 10 locks, the other 5 survive" {
	recovered --wants 5 10 vers=4.2 Y || return "$verdict"
	figures held_before 10 survived 5 stolen 5 named_lost 5 both 0 neither 0 write_errors 5
}

# Who comes first when grace ends, the end client or the local application, is
# left open, for each lock.
# bats test_tags=whole
@test "grace-end: the local application waits for the end of grace; each lock is one's, none is both's" {
	recovered 10 vers=4.2 Y --all --release grace-end || return "$verdict"
	figures held_before 10 both 0 neither 0 gate_why grace-ended denied 0
	[ "$held" -ge 1 ]
}

@test "settled: 10 of 10 survive, the local application waits its turn" {
	recovered 10 vers=4.2 Y --all --release settled || return "$verdict"
	figures held_before 10 survived 10 stolen 0 named_lost 0 write_errors 0 own_turn 10 \
		gate_why settled denied 0
	[ "$held" -ge 1 ]
	run on rex cat /run/thief.out
	[[ $output != *errno* ]]
}

# bats test_tags=whole
@test "settled, recover_lost_locks=N: none is stolen, and the end client knows that it lost all 10" {
	recovered 10 vers=4.2 N --all --release settled || return "$verdict"
	figures held_before 10 survived 0 stolen 0 named_lost 10 write_errors 10 own_turn 10 denied 0
}

@test "settled, with the kernel module, recover_lost_locks=N: 10 of 10 survive, without a wait" {
	# Of another kernel there is no module here: then nothing is armed.
	if [[ $(on rex uname -r) != 6.1.* ]]; then
		run on rex "$RG" enable --all --module require
		[ "$status" -eq 3 ]
		return 0
	fi
	recovered 10 vers=4.2 N --all --release settled --module require || return "$verdict"
	figures held_before 10 survived 10 stolen 0 named_lost 0 write_errors 0 own_turn 10 \
		gate_why nobody-refused denied 0
	run status_of_rex
	[ "$(jq -r .module.state <<<"$output")" = answered ]
	[ "$(jq -c '[.counters.reclaims.granted, .counters.reclaims.refused.total]' <<<"$output")" = \
		'[{"unproven":10,"proven":0},0]' ]
	say "the gate was open $gate_seconds s after knfsd's start"
}

# bats test_tags=whole
@test "settled, NFSv4.0: 10 of 10 survive" {
	recovered 10 vers=4.0 Y --all --release settled || return "$verdict"
	figures held_before 10 survived 10 stolen 0 write_errors 0 own_turn 10 denied 0
}

@test "settled, NFSv3: 10 of 10 survive" {
	recovered 10 vers=3 Y --all --release settled || return "$verdict"
	figures held_before 10 survived 10 stolen 0 write_errors 0 own_turn 10 denied 0
}

# bats test_tags=whole
@test "settled, knfsd restarted without a power cut: 10 of 10 survive" {
	recovered --event restart 10 vers=4.2 Y --all --release settled || return "$verdict"
	figures held_before 10 survived 10 stolen 0 named_lost 0 write_errors 0 own_turn 10 \
		gate_why settled denied 0
}

# lockd drops every lock, and the end client is told; this host's own monitor records stay.
# bats test_tags=whole
@test "settled, knfsd restarted without a power cut, NFSv3: the end client is told, 10 of 10 survive" {
	recovered --event restart 10 vers=3 N --all --release settled || return "$verdict"
	figures held_before 10 survived 10 stolen 0 named_lost 0 write_errors 0 own_turn 10 denied 0
	[ "$(status_of_rex | jq -c .nfsv3_notices)" = \
		'{"waiting":0,"told":1,"unanswered":0,"late":0,"own_server":0,"off":0,"failed":0}' ]
	on_nfs rex monitored
	# The state number went up, and stays odd.
	(($(on rex od -An -td4 /var/lib/nfs/state) % 2 == 1))
}

# bats test_tags=whole
@test "knfsd that does not start: the local application is held until max-hold" {
	recovered --event late 10 vers=4.2 Y --all --release settled --max-hold 20 || return "$verdict"
	figures held_before 10 survived 0 stolen 10 gate_why timed-out denied 0
	[ "$held" -ge 1 ]
	[ "${gate_seconds%.*}" -eq 20 ]
}

# ---- the recording, and a capture of the same recovery ----

# recorded N MOUNT-OPTIONS: as recovered, with the guard and a recording.
recorded() {
	local recording=/run/recording.ndjson
	recovered "$@" Y --all --release settled
}
# $work/recording; and of the links to the end client and to the original server
# $work/cli.wire and $work/origin.wire.
fetched() {
	work=$BATS_TEST_TMPDIR
	on rex bash -c 'kill -INT "$(</run/trace.pid)"'
	wait_for 60 "the end of the recording" \
		on rex bash -c 'tail -n 1 /run/recording.ndjson | grep -q "\"event\":\"end\""'
	on rex cat /run/recording.ndjson >"$work/recording"
	cp "$RG_CAPTURE/rc.rex.pcap" "$work/cli.pcap"
	"$BATS_TEST_DIRNAME/../wire" "$work/cli.pcap" >"$work/cli.wire"
	ports_say_nothing
	"$BATS_TEST_DIRNAME/../wire" "$RG_CAPTURE/or.rex.pcap" >"$work/origin.wire"
	[ "$(jq -s '[.[] | select(.event == "LOST")] | length' "$work/recording")" = 0 ]
}

# The capture reads the same if each of its ports is rsync's.
ports_say_nothing() {
	mkdir "$work/taken"
	tshark -r "$work/cli.pcap" -Y tcp -T fields -e tcp.srcport -e tcp.dstport 2>/dev/null |
		tr '\t' '\n' | sort -u |
		sed 's/.*/decode_as_entry: tcp.port,&,RPC,RSYNC/' >"$work/taken/decode_as_entries"
	[ -s "$work/taken/decode_as_entries" ]
	WIRESHARK_CONFIG_DIR=$work/taken "$BATS_TEST_DIRNAME/../wire" "$work/cli.pcap" |
		diff "$work/cli.wire" -
}

# What becomes an event (docs/events.md): who an end client is, that it is through,
# reclaims; and once one was refused, what is taken anew, but for what has to wait.
# Up to the application's first WRITE, by when it is over.
server_wire() {
	awk '$3 == "WRITE" { exit }
		{ waits = $5 ~ /^(NFS4ERR_GRACE|NFS4ERR_DELAY|NLM4_DENIED_GRACE_PERIOD)$/ }
		$3 !~ /^(OPEN|LOCK|NLM_LOCK)$/ || $4 == "reclaim" || refused && !waits { print }
		$4 == "reclaim" && !waits && $5 !~ /^(NFS4_OK|NLM4_GRANTED)$/ { refused = 1 }' "$work/cli.wire"
}
operations='"EXCHANGE_ID", "CREATE_SESSION", "RECLAIM_COMPLETE", "SETCLIENTID", "SETCLIENTID_CONFIRM"'
# The same of the recording, in the words of tests/wire.
server_recorded() {
	jq -r "select(.side == \"server\" and (.event | IN($operations, \"OPEN\", \"LOCK\", \"NLM_LOCK\"))) |
		[0, 0, .event,
		 (if .claim then if .claim | endswith(\"reclaim\") then \"reclaim\" else \"new\" end else \"-\" end),
		 .status, .file.fileid // \"-\"] +
		(if .event | endswith(\"LOCK\") then [.type, .start, .length // 0] else [] end) |
		map(tostring) | join(\" \")" "$work/recording"
}
# A file is the first, the second, ... that is named: one side has handles, the
# other file ids. What an ordinary OPEN opens is no handle yet.
plain() {
	awk '{
		file = "-"
		if ($6 != "-" && ($3 ~ /LOCK$/ || $4 == "reclaim"))
			file = ($6 in nth) ? nth[$6] : nth[$6] = ++n
		print $3, $4, $5, file ($7 ? " " $7 " " $8 " " $9 : "")
	}'
}

# What this host told the original server of itself; and what it sent there while
# it was doing what an end client had asked for.
client_wire() {
	awk 'FNR == NR { from[++n] = $1; to[n] = $2; next }
		$3 ~ /^(OPEN|LOCK)$/ {
			for (i = 1; i <= n; i++)
				if ($1 >= from[i] && $2 <= to[i]) {
					print $3, $5
					next
				}
			next
		}
		$3 != "WRITE" { print $3, $5 }' <(server_wire) "$work/origin.wire"
}
client_recorded() {
	jq -rs "[.[] | select(.side == \"client\" and (.event | IN($operations))) | {at: .boot_ns, is: \"\(.event) \(.status)\"}] +
		[.[] | select(.side == \"server\") | .boot_ns as \$over | .back[]? | select(.op | IN(\"OPEN\", \"LOCK\")) |
			{at: (\$over - .at_ns), is: \"\(.op) \(.status)\"}] | sort_by(.at)[].is" "$work/recording"
}
# same WHO: $work/captured and $work/recorded.
same() {
	diff -u "$work"/{captured,recorded} || {
		[[ -z ${RG_KEEP-} ]] || cp "$work"/{recording,*.wire} "$RG_KEEP"
		return 1
	}
	say "$1: $(wc -l <"$work/captured") operations"
	[ -s "$work/captured" ]
}
recorded_as_captured() {
	fetched
	server_wire | plain >"$work/captured"
	server_recorded | plain >"$work/recorded"
	same "the end client and knfsd"
	client_wire >"$work/captured"
	client_recorded >"$work/recorded"
	same "this host and the original server"
}

@test "a recording is what a capture of the same recovery shows, NFSv4.2" {
	recorded 5 vers=4.2 || return "$verdict"
	recorded_as_captured
}

# bats test_tags=whole
@test "a recording is what a capture of the same recovery shows, NFSv3" {
	recorded 5 vers=3 || return "$verdict"
	recorded_as_captured
}
