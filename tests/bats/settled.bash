# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For the suites of end clients' locks and of release settled: ledger, settled, lost and nfs3. Sourced by
# `load`, after common.

RANGES=$repo/build/tests/helpers/ranges
STORM=$repo/build/tests/helpers/storm
CROWD=$repo/build/tests/helpers/crowd
state=/var/lib/rg-settled # /var/lib is the machine's, in every tier
# So long that what a test waits for cannot have come of it.
never=(--settle-quiet 10m --settle-timeout 1h --max-hold 2h)

setup_file() {
	setup_tiers
	second_client
	[[ -s $work/lock-said ]] || ask_for_a_lock
}
setup() {
	fresh
	links up
	recover N
	rm -rf "$state"
}
teardown() { links up; }
teardown_file() {
	fresh
	want_skip
	knfsd_start rex 15 15 3
	clients_umount
	knfsd_stop rex
	rm -rf "$state"
}

# ---- a kernel that refuses locks through a re-export ----

# What an end client's lock gets, by the end client's own word.
ask_for_a_lock() {
	serve
	tier cli "$LOCKER" try posix /mnt/a/f >"$work/lock-said" 2>&1 || true
	clients_umount
	knfsd_stop rex
}
# need_locks || return 0: there are none on this kernel, so there is nothing for a test
# of them to do; tests/matrix says so. What comes of it instead has a test.
need_locks() {
	[[ $(<"$work/lock-said") != *"errno 524"* ]] || {
		echo "# refused" >&3
		return 1
	}
}

# ---- end clients ----

# Another one, cli2, with a network namespace and a name of its own.
second_client() {
	local name=cli2
	! grep -q " $tiers_dir/$name.net " /proc/mounts || return 0
	touch "$tiers_dir/$name".{net,mnt,uts}
	unshare --net="$tiers_dir/$name.net" --mount="$tiers_dir/$name.mnt" \
		--uts="$tiers_dir/$name.uts" --propagation private \
		bash -ec "$(declare -f tier_inside); tier_inside $name"
	ip link add r-cli2 type veth peer name c2-rex
	tiers_link rex r-cli2 10.77.3.1/24
	tiers_link $name c2-rex 10.77.3.2/24
}
cli2_mount() {
	tier cli2 mkdir -p /mnt/a
	tier cli2 mount -t nfs -o vers=4.2 10.77.3.1:/a /mnt/a
}

links() {
	cable cli "$1"
	cable cli2 "$1"
}

# Of all NFS clients of the machine.
recover() { tier_nfs cli recover-lost-locks "$1"; }

# knfsd must run; whoever had files open there may still be dying.
clients_umount() { wait_for 90 "the end clients to unmount" all_umounted; }
all_umounted() {
	local at
	for at in cli/mnt/a cli/mnt/v3 cli2/mnt/a; do
		! tier "${at%%/*}" mountpoint -q "/${at#*/}" ||
			tier "${at%%/*}" umount "/${at#*/}" || return 1
	done
}

# app TIER NAME COMMAND...: as `talk`, in any tier.
app() {
	local ns=/proc/1/root$tiers_dir/$1
	rm -f "$work/$2.in"
	talk "$2" nsenter --net="$ns.net" --mount="$ns.mnt" --uts="$ns.uts" -- "${@:3}"
}
end_app() { kill -KILL "$(pid_of "$1")"; }

# order NAME LINE: tell, and wait for an answer that is "ok".
order() {
	local before
	before=$(wc -l <"$work/$1.out")
	tell "$1" "$2"
	wait_for 120 "$1 to $2" answered "$1" "$before"
	[[ $(tail -n 1 "$work/$1.out") == ok ]] || {
		tail -n 1 "$work/$1.out"
		return 1
	}
}
answered() { (($(wc -l <"$work/$1.out") > $2)); }
# ranges TIER NAME FILE [MOUNT]: an application that does what `order` says.
ranges() {
	app "$1" "$2" "$RANGES" "${4:-/mnt/a}/$3"
	wait_said "$2" '^opened$' 30
}

# take20 [TIER [NAME [FILE]]]: 20 locks in 20 processes.
take20() {
	app "${1:-cli}" "${2:-app}" "$LOCKER" hold "/mnt/a/${3:-db}" 20
	wait_said "${2:-app}" '^locked 20$' 60
}
# How many of its locks an application has lost.
lost() {
	tell "$1" write
	wait_said "$1" ^written 60
	sed -n 's/^written, \([0-9]*\) failed/\1/p' "$work/$1.out"
}
lost_none() { [ "$(lost "$1")" = 0 ]; }

# The end client speaks to the server; how long that takes is its affair.
nudge() { tier "${1:-cli}" timeout 10 stat /mnt/a/.known >/dev/null 2>&1 || true; }

# ---- the re-export server ----

# guard OPTIONS...: the daemon, and a gate that is closed, while knfsd is down.
guard() {
	background daemon "$RG" run "${forced[@]}" --mount "$a" --release settled --state-dir $state "$@"
	wait_for 90 "the daemon to be alive" daemon_alive
	[ "$(gate_state)" = closed ]
}
# daemon_again OPTION...: after one that was killed, whose heartbeat counts for some seconds.
daemon_again() {
	background daemon "$RG" run "${forced[@]}" --mount "$a" --release settled --state-dir $state "$@"
	wait_for 90 "the daemon that was started to be the one that is alive" daemon_is_this
}
daemon_is_this() { daemon_alive && [[ $(json .daemon.pid) == "$(pid_of daemon)" ]]; }
# serve [MOUNT-OPTIONS]: knfsd out of grace, and an end client that holds nothing
# and may reclaim after the next start.
serve() {
	want_skip
	knfsd_start rex "${lease:-15}" 15 3
	clients_umount
	tiers_make_client_known "$@"
	[[ ! -d $pins ]] || wait_gate open
}
# guard_20: nothing but the ledger opens the gate, and it says that an end client, which
# takes lost locks again, has 20.
guard_20() {
	recover Y
	guard "${never[@]}"
	serve
	take20
	locks_are 20
}
# restart [MEANWHILE [LOCKD-GRACE]]: knfsd, with a grace period.
restart() {
	wait_for 30 "the end client in nfsdcld's database" tiers_client_known
	knfsd_stop rex
	[ "$(gate_state)" = closed ]
	${1:+"$1"}
	knfsd_start rex 15 15 "${2:-3}"
}
# knfsd's may be over by now.
end_graces_by_hand() {
	in_rex bash -c 'echo Y >/proc/fs/lockd/nlm_end_grace'
	end_grace_by_hand || wait_for 10 "knfsd's grace to end" json_is '.gates[0].knfsd.state' grace-over
}
nothing_is_left() {
	kill -KILL "$(pid_of daemon)"
	rg disable
}

# A local application that wants the first of the end client's locks.
thief() { held_try thief posixw "$a/db"; }
# It got nothing so far, and its turn comes when the end client is done.
thief_comes_after() {
	if ended thief; then
		output_of thief
		return 1
	fi
	end_app "$1"
	expect_end thief 0 granted 60
}

# The administrator's way: knfsd forgets an end client.
expire() {
	# shellcheck disable=SC2016 # expanded in the tier
	in_rex bash -ec 'at=$(grep -l "^name: \"Linux NFSv4.2 $1\"" /proc/fs/nfsd/clients/*/info)
		echo expire >"${at%info}ctl"' _ "$1"
}

# ---- what is said of end clients ----

# look, once; saw POINTER VALUE: that it was so then.
look() { rg status --json >"$work/status.json" 2>/dev/null; }
in_look() { "$JGET" "$1" <"$work/status.json"; }
saw() {
	[[ $(in_look "$1") == "$2" ]] || {
		echo "$1: $(in_look "$1"), expected $2"
		return 1
	}
}
saw_gate() { saw "/gates/0/$1" "$2"; }
# Of the end client $who, or of the only one: others may come and go meanwhile. By
# NFSv4.0 the name goes on with an address.
who=
of_client() { "$JGET" "/gates/0/clients/?name${who:+=$who}/$1"; }
saw_client() {
	local is
	is=$(of_client "$1" <"$work/status.json")
	[[ $is == "$2" ]] || {
		echo "$1 of ${who:-the end client}: $is, expected $2"
		return 1
	}
}
find_client() {
	who=$1
	not client_is name null || {
		rg status -v
		return 1
	}
}
client_is() { [[ $(rg status --json 2>/dev/null | of_client "$1") == "$2" ]]; }
json_is() { [[ $(json "$1") == "$2" ]]; }
awaited_are() { wait_for 60 "$1 awaited end clients" json_is '.gates[0].awaited' "$1"; }

# The locks that the kernel of the re-export server has on a file.
kernel_locks() {
	local key
	key=$(in_rex stat -c '%Hd %Ld %i' "$a/${1:-db}")
	# shellcheck disable=SC2086 # three numbers
	key=$(printf '%02x:%02x:%d' $key)
	awk -v key="$key" '$2 == "POSIX" && $6 == key { n++ } END { print n + 0 }' /proc/locks
}
kernel_has() { [[ $(kernel_locks) == "$1" ]]; }
# locks_are N [FILE]: so says the kernel and so says the ledger.
locks_are() {
	wait_for 30 "$1 locks" both_are "$1" "${2:-db}" || {
		echo "there are $(kernel_locks "${2:-db}")"
		rg status -v
		return 1
	}
}
both_are() { client_is locks "$1" && [[ $(kernel_locks "$2") == "$1" ]]; }

# on_disk N: the ledger in the file says so; null: it has nobody.
on_disk() {
	wait_for 30 "the ledger on disk to say $1" disk_is "$1" || {
		cat $state/ledger.json
		return 1
	}
}
disk_is() { [[ $("$JGET" /clients/0/locks 2>/dev/null <$state/ledger.json) == "$1" ]]; }

# ---- what was lost ----

# lost_are N JQ: so say the gate's status, of .gates[0].lost, and metrics.
lost_are() {
	wait_for 90 "$1 lost locks, and $2" lost_is "$1" "$2" || {
		jq '.gates[0].lost | del(.locks[3:])' <(rg status --json)
		output_of daemon
		return 1
	}
	look
	[ "$(rg metrics | awk '/^reexport_guard_lost_locks{/ { n += $2 } END { print n + 0 }')" = "$1" ]
}
# reports N: so says a report of the daemon's recording, of its last recovery.
reports() {
	local sentence="1 lock that 1 end client held before is lost."
	[ "$1" = 1 ] || sentence="$1 locks that 1 end client held before are lost."
	wait_for 30 "the report to say: $sentence" report_says "$sentence"
}
report_says() {
	rg report --json $state/recovery.ndjson |
		jq -e --arg says "$1" '.recoveries[-1].verdict.sentences | index($says)'
}
lost_is() { [[ $(json ".gates[0].lost | select(.over) | .total == $1 and ($2)") == true ]]; }
# recovered: knfsd starts anew, and whoever is refused is waited for no longer.
recovered() {
	restart "$@"
	nudge
	wait_gate open 90
}
short=(--settle-quiet 10m --settle-timeout 4s)
# As a power cut: neither programs nor a daemon, then both anew. What is on disk is damaged
# first: that is said, and nothing is taken from it.
lose_power() {
	rg disable
	cp $state/ranges.json "$work/ranges.kept"
	for bad in '{"version": 1, "clients": 20}' '{"version": 0}' "$(head -c 300 "$work/ranges.kept")"; do
		printf %s "$bad" >$state/ranges.json
		guard "${short[@]}"
		output_of daemon | grep "$state/ranges.json: .*; which ranges end clients had locked is not known"
		[ "$(json '.gates[0].lost')" = null ]
		nothing_is_left
	done
	cp "$work/ranges.kept" $state/ranges.json
	guard "${short[@]}"
}

# all_are_lost N NAME REASON: the N locks of an end client in $a/db, every second byte, and each is named, by
# status, the log and the recording.
all_are_lost() {
	lost_are "$1" ".reasons[\"$3\"] == $1 and .unnamed == 0 and .lower_bound == false and
		.clients == 1 and (.locks | length) == $1 and .given_back == 0"
	jq -e --argjson n "$1" --arg name "$2" --arg why "$3" --arg file "$a/db" '.gates[0].lost.locks |
		map([.address, .name, .file, .type, .start, .length, .reason]) ==
		[range($n) | ["10.77.2.2", $name, $file, "write", 2 * ., 1, $why]]' \
		"$work/status.json"
	output_of daemon | grep ": $1 locks\? of 1 end client lost; .*names them\$"
	reports "$1"
}
