#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Many end clients come back at once after a restart of knfsd, without us
# and with a recording. They are storm's (tests/helpers/storm), which says of
# every operation that it was sent and what it was answered: the recording must
# have every one of them. In that order, and only together: both recoveries are
# those of the same end clients.
#
# RG_STORM_CLIENTS, RG_STORM_OPENS, RG_STORM_LOCKS: how many, the latter two a
# client. The kernel's command line may say how many end clients (rg.storm=200, suite
# storm-200). RG_STORM_STATS=1: what each BPF program cost.

load common

STORM=$repo/build/tests/helpers/storm
[[ ! $cmdline =~ rg\.storm=([0-9]+) ]] || RG_STORM_CLIENTS=${RG_STORM_CLIENTS:-${BASH_REMATCH[1]}}
STORM_CLIENTS=${RG_STORM_CLIENTS:-20}
STORM_OPENS=${RG_STORM_OPENS:-50}
STORM_LOCKS=${RG_STORM_LOCKS:-50}
recording=/run/storm.ndjson # in rex
b=/srv/reexport/storm
# Longer than the slowest recovery: nobody may be late for the grace period, nor
# lose the lease while the others make their files.
lease=900
patience=900
options=rw,sync,no_root_squash,no_subtree_check,insecure

setup_file() {
	setup_tiers
	fresh
	# This host would give the original server's delegations back, a call each.
	delegations off
	storm_tree
	want_skip
	# 7.3 has no such limit.
	in_rex bash -c "! [ -e /proc/fs/nfsd/max_connections ] ||
		echo $((STORM_CLIENTS + 64)) >/proc/fs/nfsd/max_connections"
	knfsd_start rex $lease $lease 3
	storm_start
	phase setup
	say "$STORM_CLIENTS end clients, $STORM_OPENS opens and $STORM_LOCKS locks each," \
		"made in $(of .seconds) s"
	# A kernel without locks through a re-export refuses each of them.
	rm -f "$work/refused"
	[ "$(of '.status.LOCK.NFS4_OK // 0')" -gt 0 ] || touch "$work/refused"
	# Whom knfsd has no record of cannot reclaim.
	[ "$(knfsd_clients rex)" -eq "$STORM_CLIENTS" ]
}

teardown_file() {
	fresh
	delegations on
}

say() { printf '# %s\n' "$*" >&3; }

# A file system of its own: the other has not so many inodes. The files are
# there before they are opened, which is a quarter of the calls.
storm_tree() {
	tier origin bash -ec "
		mkdir -p /export/storm
		mountpoint -q /export/storm || mount -t tmpfs storm /export/storm
		chmod 1777 /export/storm
		cd /export/storm
		for ((i = 0; i < $STORM_CLIENTS; i++)); do
			for ((j = 0; j < $STORM_OPENS; j++)); do
				: >>storm-c\$i-f\$j
			done
		done
		grep -q '^/export/storm ' /etc/exports ||
			echo '/export/storm *($options,fsid=77)' >>/etc/exports
		exportfs -ra"
	in_rex bash -ec "
		mkdir -p $b
		mountpoint -q $b || mount -t nfs -o vers=4.2 origin:/storm $b
		grep -q '^$b ' /etc/exports || echo '$b *($options,fsid=12,mp)' >>/etc/exports"
}

# A process of cli's network namespace alone: nothing is mounted for it.
storm_start() {
	talk storm nsenter --net="/proc/1/root$tiers_dir/cli.net" -- "$STORM" \
		--clients "$STORM_CLIENTS" --opens "$STORM_OPENS" --locks "$STORM_LOCKS" \
		10.77.2.1 storm
	wait_said storm '^ready$'
}

# phase NAME: what it says at the end is what `of` looks into.
phase() {
	local before
	before=$(wc -l <"$work/storm.out")
	tell storm "$1"
	wait_for $patience "the end of $1; storm said: $(output_of storm)" said_more "$before"
	! ended storm || {
		output_of storm
		return 1
	}
	tail -n 1 "$work/storm.out" >"$work/phase.json"
	[ "$(of .phase)" = "$1" ]
}
# Often asked, so with no process of its own.
said_more() {
	local lines
	mapfile -t lines <"$work/storm.out"
	((${#lines[@]} > $1)) || [[ -s $work/storm.rc ]]
}
of() { jq -r "$1" "$work/phase.json"; }

# ---- a recovery, and what it costs ----

# The original server has threads of the same name.
nfsd_threads() { pgrep -x nfsd | sort; }

# The time that knfsd's threads of rex ran, since it was started: ns.
nfsd_ns() {
	local pid ns sum=0
	for pid in $threads; do
		read -r ns _ <"/proc/$pid/schedstat"
		((sum += ns))
	done
	echo "$sum"
}

# recovery WHAT: knfsd is restarted and everybody comes back. What it cost is
# left in $work/WHAT.cost, microseconds an operation: wall clock, and the time of
# knfsd's threads.
recovery() {
	local before began ops
	before=$(nfsd_threads)
	began=$EPOCHREALTIME
	tier_nfs rex knfsd-restart
	say "$1: knfsd stopped and started in $(seconds_since "$began") s"
	threads=$(comm -13 <(echo "$before") <(nfsd_threads))
	[ "$(wc -w <<<"$threads")" -eq 8 ]
	phase reclaim
	nfsd_ns >"$work/$1.ns"
	ops=$(of '[.sent | .OPEN, .LOCK, .EXCHANGE_ID, .CREATE_SESSION, .RECLAIM_COMPLETE] | add')
	awk -v ops="$ops" -v wall="$(of .seconds)" -v ns="$(<"$work/$1.ns")" \
		'BEGIN { printf "%.0f %.0f\n", wall * 1e6 / ops, ns / 1e3 / ops }' >"$work/$1.cost"
	say "$1: $ops operations in $(of .seconds) s (OPEN $(of .span.OPEN) s," \
		"LOCK $(of .span.LOCK) s); an operation: $(cut -d ' ' -f 1 "$work/$1.cost") us," \
		"of knfsd's threads $(cut -d ' ' -f 2 "$work/$1.cost") us"
}
seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'; }

# What every recovery comes to: OPEN reclaims are forwarded, and LOCK reclaims refused
# in nfs_lock(); or every LOCK is refused by knfsd.
everything_is_back() {
	local opens=$((STORM_CLIENTS * STORM_OPENS)) locks=$((STORM_CLIENTS * STORM_LOCKS))
	[ "$(of .claims.reclaim.OPEN.NFS4_OK)" -eq $opens ]
	if refused_all; then
		[ "$(of .claims.reclaim.LOCK.NFS4ERR_NOTSUPP)" -eq $locks ]
		[ "$(of .claims.retake.LOCK.NFS4ERR_NOTSUPP)" -eq $locks ]
		[ "$(of .retaken),$(of .lost)" = 0,$locks ]
	else
		[ "$(of .claims.reclaim.LOCK.NFS4ERR_NO_GRACE)" -eq $locks ]
		[ "$(of .claims.retake.LOCK.NFS4_OK)" -eq $locks ]
		[ "$(of .retaken),$(of .lost)" = $locks,0 ]
	fi
	[ "$(of .status.RECLAIM_COMPLETE.NFS4_OK)" -eq "$STORM_CLIENTS" ]
	# sent = answered + not reached, of each operation.
	[ "$(of '.status as $status | .unreached as $unreached | .sent | to_entries |
		all(.value == ([$status[.key][]] | add) + ($unreached[.key] // 0))')" = true ]
}

refused_all() { [[ -e $work/refused ]]; }

# ---- what was recorded ----

# "OPERATION CLAIM STATUS NUMBER" a line: what storm was answered. That an ordinary
# operation has to wait is no event: see told(). That this kernel has no locks is said
# once an end client, which was of its first reclaim.
answered() {
	of '(.status | to_entries[] |
			select(.key | IN("EXCHANGE_ID", "CREATE_SESSION", "RECLAIM_COMPLETE")) |
			.key as $op | .value | to_entries[] | [$op, "-", .key, .value]),
		(.claims | to_entries[] | .key as $claim | .value | to_entries[] |
			.key as $op | .value | to_entries[] |
			select($claim == "reclaim" or
				(.key | IN("NFS4ERR_GRACE", "NFS4ERR_DELAY", "NFS4ERR_NOTSUPP") | not)) |
			[$op, $claim, .key, .value]) |
		map(tostring) | join(" ")'
}
# The same of the recording. The original server of this machine is another
# namespace's.
recorded() {
	in_rex jq -r '
		if .event == "header" then empty
		elif .side == "server" and .netns == '"$(rex_netns)"' and
			(.event | IN("EXCHANGE_ID", "CREATE_SESSION", "RECLAIM_COMPLETE", "OPEN", "LOCK"))
		then [.event, .claim // "-", .status] | join(" ")
		else empty end' $recording |
		awk '{ n[$0]++ } END { for (key in n) print key, n[key] }'
}
rex_netns() { in_rex stat -Lc %i /proc/self/ns/net; }
lost_lines() { in_rex jq -n '[inputs | select(.event == "LOST") | .lost] | add // 0' $recording; }
ending() { in_rex tail -n 1 $recording | jq -r "$1"; }

# told GRACE|DELAY: how many OPENs and LOCKs were, by the metrics; by storm.
told() {
	rg metrics | awk -v name="reexport_guard_answers_total{answer=\"told_${1,,}\"}" \
		'$1 == name { print $2 }'
}
told_storm() { of "[.status | .OPEN, .LOCK | .NFS4ERR_$1 // 0] | add"; }

# accounted LOST: every answer is in the recording, or among those that did not
# fit into the ring or were not seen; and nothing else is in it.
accounted() {
	awk -v lost="$1" '
		{ key = $1 " " $2 " " $3; seen[key] }
		FNR == NR { sent[key] = $4; next }
		{ recorded[key] = $4 }
		END {
			for (key in seen) {
				missing = sent[key] - recorded[key]
				all += missing
				bad += missing < 0
				print "#", key ": answered", sent[key] + 0, "recorded", recorded[key] + 0
			}
			if (all > lost)
				print "#", all, "are missing, and", lost, "were counted as lost"
			exit bad > 0 || all > lost
		}' <(answered) <(recorded) >"$work/accounts" || {
		cat "$work/accounts"
		return 1
	}
	sort "$work/accounts" >&3
}

# field NAME KEY: kB, by /proc/PID/status.
field() { awk -v key="$2:" '$1 == key { print $2 }' "/proc/$(pid_of "$1")/status"; }

# ---- what BPF programs cost, by the kernel's count ----

# Two recoveries are not to be compared where the host has more to do during one
# of them; the programs' share of one is.
stats() { sysctl -q kernel.bpf_stats_enabled="$1"; }
programs() {
	bpftool prog show --json >"$work/programs.json"
	say "BPF programs: $(jq -r --argjson knfsd "$(<"$work/recorded.ns")" '
		(map(.run_time_ns // 0) | add) / $knfsd * 1000 | round |
		"\(. / 10) % of the time of knfsd'"'"'s threads"' "$work/programs.json")"
	[[ -z ${RG_STORM_STATS-} ]] || jq -r '
		map(select(.run_cnt > 0)) | sort_by(-.run_time_ns)[] |
		"# \(.name): \(.run_cnt) times, \(.run_time_ns / .run_cnt / 1000 | floor) us each"' \
		"$work/programs.json" >&3
}

# bats test_tags=whole
@test "a storm of end clients, without us" {
	recovery without
	everything_is_back
}

@test "a storm of end clients, recorded: every operation is accounted for" {
	daemon_start --all --release settled
	# What arming took for a moment is not the storm's: the peak begins anew.
	echo 5 >"/proc/$(pid_of daemon)/clear_refs"
	background trace "$RG" trace --record $recording
	[ "$(told GRACE),$(told DELAY)" = 0,0 ]
	wait_for 60 "the header of the recording: $(output_of trace)" in_rex grep -qs '"event":"header"' $recording
	stats 1
	recovery recorded
	programs
	stats 0
	everything_is_back
	wait_gate open 120
	look
	say "status: $(jq -c '.gates[0] | {state, why, refused, awaited}' "$work/status.json")"
	[ "$(jq -r .regime.nfs4_locks "$work/status.json")" = "$(refused_all && echo refused || echo forwarded)" ]
	# What cannot be had at all is not waited for.
	[ "$(jq '.gates[0].refused' "$work/status.json")" -eq "$(refused_all && echo 0 || echo "$STORM_CLIENTS")" ]
	[ "$(jq -c .tracing.missing "$work/status.json")" = '[]' ]
	# Programs are skipped, where the kernel preempts who is within one.
	skipped=$(jq .counters.skipped.total "$work/status.json")
	say "skipped: $(jq -c .counters.skipped "$work/status.json")"
	preempts || [ "$(jq -c '.tracing | [.records_lost, .failures]' "$work/status.json"),$skipped" = '[0,0],0' ]
	say "told to wait: GRACE $(told GRACE), DELAY $(told DELAY)"
	[ "$(told GRACE)" -eq "$(told_storm GRACE)" ]
	[ "$(told DELAY)" -eq "$(told_storm DELAY)" ]

	say "daemon: VmHWM $(field daemon VmHWM) kB, VmRSS $(field daemon VmRSS) kB;" \
		"trace: VmHWM $(field trace VmHWM) kB, VmRSS $(field trace VmRSS) kB"
	kill -TERM "$(pid_of trace)"
	expect_end trace 0 '' 60
	[ "$(ending .event)" = end ]
	[ "$(lost_lines)" -eq "$(ending .lost)" ]
	say "recording: $(in_rex wc -l $recording), $(in_rex stat -c %s $recording) bytes"
	say "lost: $(ending .lost)"
	accounted $(($(ending .lost) + skipped))
	preempts || [ "$(ending .lost)" -eq 0 ]
	! [[ -e $work/without.cost ]] ||
		say "an operation, without and recorded:" \
			"$(paste -d ' ' "$work"/{without,recorded}.cost | awk '{
				printf "%d us, %d us (%+.1f %%); of knfsd'"'"'s threads %d us, %d us (%+.1f %%)",
					$1, $3, ($3 - $1) * 100 / $1, $2, $4, ($4 - $2) * 100 / $2 }')"
	# 1 kB for each file with locks: the ledger's ranges, before and after. Seen: 20.0 MB for 1,000
	# files, 21.0 MB for 2,500.
	local most=$((20480 + STORM_CLIENTS * STORM_LOCKS))
	(($(field daemon VmHWM) < most && $(field daemon VmRSS) < most))
}

look() { rg status --json >"$work/status.json" 2>/dev/null; }
