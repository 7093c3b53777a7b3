#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The ledger of end clients' locks, and release settled, which goes by it: the
# gate opens when every end client that was refused a reclaim has its locks
# again, or is gone, or has had its time.

load common

RANGES=$repo/build/tests/helpers/ranges
STORM=$repo/build/tests/helpers/storm
CROWD=$repo/build/tests/helpers/crowd
state=/var/lib/rg-settled # /var/lib is the machine's, in every tier
# So long that what a test waits for cannot have come of it.
never=(--settle-quiet 10m --settle-timeout 1h --max-hold 2h)

setup_file() {
	setup_tiers
	second_client
	ask_for_a_lock
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
	tier cli "$LOCKER" try posix /mnt/a/f >"$BATS_FILE_TMPDIR/lock" 2>&1 || true
	clients_umount
	knfsd_stop rex
}
# need_locks || return 0: there are none on this kernel, so there is nothing for a test
# of them to do; tests/matrix says so. What comes of it instead has a test.
need_locks() {
	[[ $(<"$BATS_FILE_TMPDIR/lock") != *"errno 524"* ]] || {
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

@test "an end client's lock is counted; or it is refused, that is said, and settled waits for nobody" {
	guard
	serve
	if need_locks; then
		ranges cli one db
		order one "lock 0 10"
		locks_are 1
		[ "$(json .regime.nfs4_locks)" = forwarded ]
		return
	fi
	run tier cli "$LOCKER" try posix /mnt/a/f
	[[ $output == *"errno 524"* ]]
	[ "$(json .regime.nfs4_locks)" = refused ]
	[ "$(json '.gates[0].clients | length')" -eq 0 ]
	restart
	wait_gate open 60
	[ "$(json '.gates[0].why')" = nobody-refused ]
	[ "$(json '.gates[0].refused')" = 0 ]
}

# ---- the ledger ----

@test "the ledger counts the locks of an end client, by NFSv4.0, 4.1 and 4.2" {
	need_locks || return 0
	guard
	serve vers=4.0
	[ "$(json '.gates[0].clients | length')" = 0 ]
	for minor in 0 1 2; do
		clients_umount
		cli_mount vers=4.$minor
		take20
		find_client "Linux NFSv4.$minor cli"
		locks_are 20
		look
		saw_client address 10.77.2.2
		saw_client seen true
		saw_client state known
		saw_client expected null
		saw_client recorded true
		# In a tier nfsdcld has its database in memory.
		saw /verdict/if_power_is_lost/locks_lost 20
		[[ $(in_look /verdict/text) == *"; if this host lost power now: 20 locks of 10.77.2.2 would \
be lost because knfsd's records of end clients are in memory "* ]]
		on_disk 20
		rg status -v | grep "known .*10.77.2.2 Linux NFSv4.$minor cli.*: 20 locks\$"
		# They die, all of them.
		end_app app
		locks_are 0
		on_disk null
	done
	[ "$(counter helper_failures.total)" -eq 0 ]
}

# bats test_tags=whole
@test "the ledger counts locks that merge and split, and one unlock that ends many" {
	need_locks || return 0
	guard
	serve
	ranges cli one db
	order one "lock 0 10"
	locks_are 1
	order one "lock 10 10"
	locks_are 1
	order one "unlock 5 10"
	locks_are 2
	order one "share 7 2"
	locks_are 3
	order one "lock 0 20"
	locks_are 1
	# Every other byte up to 38, of which 20 touches what is there.
	order one "many 20"
	locks_are 10
	order one "unlock 0 20"
	order one "lock 1000 0"
	order one "lock 100 1"
	order one "share 0 2"
	locks_are 13
	# Another owner, the same file; and another file.
	ranges cli two db
	order two "share 0 1"
	order two "lock 300 1"
	locks_are 15
	ranges cli three db3
	order three "lock 0 0"
	wait_for 30 "the lock of another file" client_is locks 16
	[ "$(kernel_locks)" -eq 15 ]
	[ "$(kernel_locks db3)" -eq 1 ]
	# A local application's are not the end client's.
	app rex local "$LOCKER" hold "$a/db4" 3
	wait_said local '^locked 3$' 30
	[ "$(kernel_locks db4)" -eq 3 ]
	order one "unlock 0 0"
	wait_for 30 "one unlock to end 13" client_is locks 3
	[ "$(kernel_locks)" -eq 2 ]
	end_app two
	end_app three
	locks_are 0
	[ "$(kernel_locks db3)" -eq 0 ]
	[ "$(counter helper_failures.total)" -eq 0 ]
}

is_noted() { [[ $(tail -n 1 "$work/writes.out") == "$(stat -c %i $state/ledger.json)" ]]; }

# crowd TIER NAME ADDRESS OPTION...: end clients of our own, with locks in one file.
crowd() {
	app "$1" "$2" "$STORM" --same 1 --name "$2" "${@:4}" "$3" a
	wait_said "$2" '^ready$'
	tell "$2" setup
	wait_said "$2" '"phase":"setup"' 200
}
of_address() {
	jq --arg at "$1" '[.gates[0].clients[] | select(.address == $at and .seen)] | length'
}
crowd_is() { [[ $(rg status --json 2>/dev/null | of_address "$1") == "$2" ]]; }
# more N: as if so many end clients more had come from cli2's address.
more() { "$CROWD" "$CROWD.bpf.o" $pins/map_crowds 10.77.3.2 "$1"; }
comes_in() {
	late=$((${late:-0} + 1))
	crowd cli2 late$late 10.77.3.1
	[ "$(counter evicted)" -eq 1 ]
}

@test "one address cannot fill the ledger: 512 of its end clients are in it, and the idle make room" {
	need_locks || return 0
	guard
	serve
	cli2_mount
	ranges cli2 idle other
	order idle "lock 0 1"
	order idle "unlock 0 1"
	crowd_is 10.77.3.2 1
	more 510
	crowd cli2 crowd 10.77.3.1 --clients 4
	wait_for 60 "one of four to be in the ledger" crowd_is 10.77.3.2 2
	[ "$(counter helper_failures.crowded)" -eq 3 ]
	[ "$(counter evicted)" -eq 0 ]
	# Another address has not to suffer.
	ranges cli one db
	order one "lock 0 10"
	find_client "Linux NFSv4.2 cli"
	locks_are 1
	# Whoever has held nothing for a minute makes room, and comes again when there is room.
	wait_for 150 "room for an end client of that address" comes_in
	crowd_is 10.77.3.2 2
	if in_ledger "Linux NFSv4.2 cli2"; then false; fi
	before=$(counter helper_failures.crowded)
	order idle "lock 0 1"
	[ "$(counter helper_failures.crowded)" -eq $((before + 1)) ]
	look
	saw_client locks 1
}
in_ledger() { rg status --json | jq -e --arg name "$1" '[.gates[0].clients[].name | startswith($name)] | any'; }

@test "two end clients whose names have the same hash are not taken for one" {
	need_locks || return 0
	guard
	serve
	# FNV-1a of 64 bits is 0 after either, so that it is the same after whatever follows.
	crowd cli 77kepQFQ8Kl 10.77.2.1 --locks 2
	find_client '77kepQFQ8Kl end client 0'
	wait_for 60 "two locks" client_is locks 2
	crowd cli2 '!0IC=VloaY' 10.77.3.1 --locks 3
	wait_for 60 "a name of the same hash to be counted" same_hash_is 3
	look
	saw_client locks 2
	saw_client address 10.77.2.2
	[ "$(jq '.gates[0].clients | length' "$work/status.json")" -eq 1 ]
}
same_hash_is() { [[ $(counter helper_failures.same_hash) == "$1" ]]; }

# bats test_tags=whole
@test "1,000 locks: few writes of the ledger, and none when nothing changes" {
	need_locks || return 0
	guard
	serve
	ranges cli one db
	order one "lock 5000 1"
	on_disk 1
	: >"$work/writes.out"
	while :; do
		stat -c %i $state/ledger.json
		sleep 0.1
	done >"$work/writes.out" 2>/dev/null 3>&- &
	echo $! >"$work/writes.pid"
	before=$SECONDS
	order one "many 1000"
	locks_are 1001
	on_disk 1001
	seconds=$((SECONDS - before))
	wait_for 10 "the ledger with all of them to be noted" is_noted
	writes=$(uniq "$work/writes.out" | wc -l)
	echo "$writes ledgers in $seconds s"
	[ "$writes" -ge 2 ]
	[ "$writes" -le $((seconds / 2 + 2)) ]
	# Twice the ledger's interval.
	daemon_looks 4
	[ "$(uniq "$work/writes.out" | wc -l)" -eq "$writes" ]
	order one "unlock 0 0"
	locks_are 0
}

# bats test_tags=whole
@test "an end client whose lease ran out, and whose lock another wanted, is out of the ledger" {
	need_locks || return 0
	guard
	serve
	cli2_mount
	ranges cli2 one db
	order one "lock 0 0"
	find_client "Linux NFSv4.2 cli2"
	locks_are 1
	cable cli2 down
	# Such a client is kept until somebody asks for what it has.
	app cli other "$LOCKER" try posixw /mnt/a/db
	wait_said other granted 180
	wait_for 30 "it to be out of the ledger" nobody_holds
}
nobody_holds() {
	[[ $(json '[.gates[0].clients[] | select(.name == "Linux NFSv4.2 cli2") | .locks] | add') \
		=~ ^(0|null)$ ]]
}

# ---- settled by the ledger ----

@test "settled: opens when the end client that was refused has its 20 locks again" {
	need_locks || return 0
	guard_20
	restart thief
	nudge
	wait_gate open 120
	look
	saw_gate why settled
	saw_gate refused 1
	saw_gate awaited 0
	saw_client state settled
	saw_client expected 20
	[ "$(in_look "/gates/0/clients/0/refusals")" -ge 1 ]
	[ "$(in_look /counters/held)" -ge 1 ]
	locks_are 20
	lost_none app
	thief_comes_after app
	[ "$(counter 'released.settled')" -eq 1 ]
}

# bats test_tags=whole
@test "settled: a refusal that the ledger's own program was not run for is waited for all the same" {
	need_locks || return 0
	guard_20
	# As if it were skipped each time. So it is not seen that the locks are taken again. A daemon
	# would put the link back, so it is done without one.
	kill -KILL "$(pid_of daemon)"
	replace_link link_lock_done
	daemon_again "${never[@]}"
	restart thief
	nudge
	wait_gate settling 60
	look
	saw_gate why awaited
	saw_gate refused 1
	saw_client state awaited
	saw_client refusals 0
	wait_for 60 "the locks to be there again" kernel_has 20
	[ "$(gate_state)" = settling ]
	rg release
	wait_gate open
	lost_none app
	thief_comes_after app
}
kernel_has() { [[ $(kernel_locks) == "$1" ]]; }

@test "settled: after a reboot, by the ledger on disk" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	take20
	on_disk 20
	restart reboot
	nudge
	wait_gate open 120
	look
	saw_gate why settled
	saw_client seen true
	saw_client state settled
	saw_client expected 20
	locks_are 20
	lost_none app
	thief_comes_after app
}
# Neither programs nor a daemon, then both anew.
reboot() {
	nothing_is_left
	guard "${never[@]}"
	look
	saw_client seen false
	saw_client state known
	saw_client expected 20
	saw_client locks 0
	saw_client clientid null
	saw_client address 10.77.2.2
	rg status -v | grep 'known .*10.77.2.2 Linux NFSv4.2 cli: not back yet, 20 locks before$'
	thief
}

# bats test_tags=whole
@test "settled: knfsd restarts while an end client is awaited: 20 are expected; no daemon" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	take20
	on_disk 20
	# While lockd is in grace the end client cannot take its locks again.
	restart "" 90
	nudge
	awaited_are 1
	look
	saw_client state awaited
	saw_client expected 20
	saw_client locks 0
	restart daemon_dies
	nudge
	wait_gate open 120
	look
	saw_gate why settled
	saw_client state settled
	saw_client expected 20
	saw /daemon/alive false
	locks_are 20
	lost_none app
}
# Hold acts as deny then; the ledger is the kernel's.
daemon_dies() {
	look
	saw_client expected 20
	disk_is 20
	kill -KILL "$(pid_of daemon)"
	wait_for 20 "the heartbeat to be stale" json_is .daemon.alive false
	run try posix "$a/db"
	[ "$output" = EAGAIN ]
	[ "$(counter denied.no_daemon)" -eq 1 ]
}

@test "settled: two end clients, one has its locks again, one is awaited: closed, until it is expired" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	cli2_mount
	take20
	take20 cli2 app2 db2
	wait_for 30 "both in nfsdcld's database" two_known
	restart "" 90
	nudge cli2
	nudge
	awaited_are 2
	cable cli2 down
	end_graces_by_hand
	awaited_are 1
	[ "$(gate_state)" = settling ]
	look
	find_client "Linux NFSv4.2 cli"
	saw_client state settled
	saw_client locks 20
	find_client "Linux NFSv4.2 cli2"
	saw_client state awaited
	saw_client locks 0
	saw_client expected 20
	rg status -v | tee "$work/status.out"
	grep '^  clients  2 refused a reclaim, 1 awaited$' "$work/status.out"
	grep '^  awaited  10.77.3.2 Linux NFSv4.2 cli2: 0 of 20 locks taken again$' "$work/status.out"
	grep '^  settled  10.77.2.2 Linux NFSv4.2 cli: 20 of 20 locks taken again$' "$work/status.out"
	thief
	# knfsd keeps a client that has files open when its lease is over.
	expire cli2
	wait_gate open
	look
	saw_gate why settled
	saw_gate awaited 0
	saw_client state gone
	saw_client locks 0
	thief_comes_after app
}
two_known() { (($(knfsd_clients rex) == 2)); }
# The administrator's way: knfsd forgets an end client.
expire() {
	# shellcheck disable=SC2016 # expanded in the tier
	in_rex bash -ec 'at=$(grep -l "^name: \"Linux NFSv4.2 $1\"" /proc/fs/nfsd/clients/*/info)
		echo expire >"${at%info}ctl"' _ "$1"
}

# ---- the ledger is a hint ----

# bats test_tags=whole
@test "the ledger says 30, 20 are taken again: quiet for settle-quiet is enough" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	take20
	on_disk 20
	restart says_30
	nudge
	wait_gate open 120
	look
	saw_gate why settled
	saw_client state quiet
	saw_client expected 30
	saw_client locks 20
	lost_none app
}
says_30() {
	nothing_is_left
	sed -i 's/"locks": *20/"locks": 30/' $state/ledger.json
	disk_is 30
	guard --settle-timeout 1h --settle-quiet 3s
}

# bats test_tags=whole
@test "the ledger says 30, and the end client is expired for another's sake: gone" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	take20
	on_disk 20
	restart says_30_and_waits
	nudge
	wait_gate settling 60
	locks_are 20
	cable cli down
	cli2_mount
	app cli2 other "$LOCKER" try posixw /mnt/a/db
	wait_said other granted 180
	wait_gate open
	look
	saw_gate why settled
	find_client "Linux NFSv4.2 cli"
	saw_client state gone
	saw_client locks 0
}
says_30_and_waits() {
	nothing_is_left
	sed -i 's/"locks": *20/"locks": 30/' $state/ledger.json
	guard "${never[@]}"
}

# bats test_tags=whole
@test "a ledger that is garbage is warned of, and the quiet end client has settled" {
	need_locks || return 0
	recover Y
	guard "${never[@]}"
	serve
	take20
	on_disk 20
	restart garbage
	nudge
	wait_gate open 120
	look
	saw_gate why settled
	saw_client state quiet
	saw_client expected null
	saw_client locks 20
	lost_none app
	on_disk 20
}
garbage() {
	nothing_is_left
	echo '{"version": 1, "clients": 20}' >$state/ledger.json
	guard --settle-timeout 1h --settle-quiet 3s
	output_of daemon | grep "$state/ledger.json: no list \"clients\""
	[ "$(json '.gates[0].clients | length')" = 0 ]
}

# ---- who does not come back for its locks ----

# bats test_tags=whole
@test "without recover_lost_locks: opens after settle-timeout, knfsd's lease by default" {
	need_locks || return 0
	guard --settle-quiet 10m
	serve
	take20
	locks_are 20
	restart thief
	nudge
	wait_gate settling 60
	look
	saw_gate why awaited
	saw_gate settle_timeout_seconds 15
	saw_client state awaited
	saw_client expected 20
	saw_client locks 0
	# How long it settles, whenever that was looked at.
	jq -e '.gates[0] | .since_seconds + .changes_in_seconds | . > 14.9 and . < 15.1' \
		"$work/status.json"
	expect_end thief 0 granted 60
	look
	saw_gate state open
	saw_gate why settle-timeout
	saw_gate awaited 1
	saw_client state awaited
	rg status -v | grep '^  awaited  10.77.2.2 Linux NFSv4.2 cli: 0 of 20 locks taken again$'
	# Another knfsd, and a settle-timeout that is given. Nothing is left to reclaim
	# but the lock of somebody new.
	end_app app
	take20 cli app2 db2
	rg enable --mount "$a" --release settled --settle-timeout 4s --state-dir $state
	restart
	nudge
	wait_gate open 60
	look
	saw_gate why settle-timeout
	saw_gate settle_timeout_seconds 4
	saw_gate refused 1
}

# ---- what was lost is named ----

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

@test "every lock that was lost is named: 1, 20 and 2,000, by status, metrics and the log" {
	need_locks || return 0
	guard "${short[@]}"
	for n in 1 20 2000; do
		serve
		[ "$n" = 1 ] || lost_are 0 '.locks == []'
		ranges cli one db
		order one "many $n"
		locks_are "$n"
		recovered
		# At its defaults Linux asks for one of them and gives up all.
		lost_are "$n" ".reasons.refused == $n and .unnamed == 0 and .lower_bound == false and
			.clients == 1 and (.locks | length) == $n and .given_back == 0"
		jq -e --argjson n "$n" --arg file "$a/db" '.gates[0].lost.locks |
			map([.address, .name, .file, .type, .start, .length, .reason]) ==
			[range($n) | ["10.77.2.2", "Linux NFSv4.2 cli", $file, "write", 2 * ., 1, "refused"]]' \
			"$work/status.json"
		output_of daemon | grep ": $n locks\? of 1 end client lost; .*names them\$"
		reports "$n"
		end_app one
	done
	rg status -v | tee "$work/status.out"
	grep '^  lost     2000 locks of 1 end client lost$' "$work/status.out"
	grep -c '10.77.2.2 Linux NFSv4.2 cli: .*/db, write from [0-9]*, 1 bytes: its end client was refused a reclaim' \
		"$work/status.out" | grep -x 20
	grep 'and 1980 more' "$work/status.out"
	# More than the ledger keeps: the kernel's count says how many have no name. In the same
	# recovery one lock is had again, which has a name.
	kill -KILL "$(pid_of daemon)"
	daemon_again --force-max-ranges 30 "${short[@]}"
	serve
	ranges cli one db
	order one "many 50"
	locks_are 50
	recovered
	lost_are 50 '.unnamed == 20 and (.locks | length) == 30 and .reasons.refused == 50'
	rg status -v | grep '50 locks of 1 end client lost; of 20 the ledger had no range, as there were more'
	end_app one
}

# bats test_tags=whole
@test "lost locks: after a power cut a lower bound, and what is thrown out after it was had again" {
	need_locks || return 0
	guard "${short[@]}"
	serve
	take20
	on_disk 20
	wait_for 90 "the ranges on disk" ranges_on_disk 20
	# The daemon dies, and 5 locks more are taken that no ledger has.
	kill -KILL "$(pid_of daemon)"
	ranges cli more db
	order more "many 5 1000"
	recovered lose_power
	lost_are 20 '.lower_bound and .reasons.refused == 20 and (.locks | length) == 20'
	rg status -v | grep 'lost     at least 20 locks of 1 end client lost; a lower bound, by the ledger on disk'
	end_app app
	end_app more
	# Had again, all of them; then knfsd throws the end client out.
	recover Y
	serve
	take20
	locks_are 20
	recovered
	lost_are 0 '.back == 20 and .lower_bound == false'
	cable cli down
	expire cli
	lost_are 20 '.reasons["thrown-out"] == 20 and .back == 0'
	cable cli up
	# Of one owner's locks in a file Linux takes only the first again, by NFSv4.1 and 4.2
	# (nfs41_lock_expired): the others are lost.
	end_app app
	serve
	ranges cli one db
	order one "many 3"
	locks_are 3
	recovered
	lost_are 2 '.reasons.refused == 2 and .back == 1 and [.locks[].start] == [2, 4]'
	# Two owners, a lock each: both are taken again.
	end_app one
	serve
	ranges cli one db
	ranges cli two db
	order one "lock 0 1"
	order two "lock 2 0"
	locks_are 2
	recovered
	lost_are 0 '.back == 2 and .lower_bound == false'
	# Given back, one is neither held nor lost.
	order two "unlock 2 0"
	lost_are 0 '.back == 1 and .lower_bound == false'
}
ranges_on_disk() { [[ $(jq '[.files[].locks[]] | length' $state/ranges.json) == "$1" ]]; }
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

@test "an end client that unmounts is awaited no longer" {
	need_locks || return 0
	guard "${never[@]}"
	serve
	take20
	restart
	nudge
	wait_gate settling 60
	end_app app
	wait_for 60 "the end client to unmount" cli_umount
	wait_gate open
	look
	saw_gate why settled
	saw_client state gone
	saw_client expected null
}

@test "nobody refused: opens at once when grace ends" {
	need_locks || return 0
	guard "${never[@]}"
	serve
	ranges cli one db
	order one "lock 0 1"
	order one "unlock 0 1"
	restart thief
	nudge
	expect_end thief 0 granted 60
	look
	saw_gate state open
	saw_gate why nobody-refused
	saw_gate refused 0
	saw_gate knfsd/state grace-over
}

# ---- NFSv3 ----

# bats test_tags=whole
@test "NFSv3: settled when both grace periods have ended" {
	guard "${never[@]}"
	serve
	mount_v3
	need_nlm || return 0
	app cli app "$LOCKER" hold /mnt/v3/db 20
	wait_said app '^locked 20$' 60
	[ "$(kernel_locks)" -eq 20 ]
	keep_watched
	restart thief 10
	notify_watched
	nudge
	wait_gate open 90
	look
	saw_gate why nobody-refused
	saw_gate knfsd/state grace-over
	saw_gate lockd grace-over
	[ "$(kernel_locks)" -eq 20 ]
	lost_none app
	thief_comes_after app
}

# need_nlm || return 0: as need_locks(), of NFSv3.
need_nlm() {
	run tier cli "$LOCKER" try posix /mnt/v3/f
	[ "$output" != granted ] || return 0
	[ "$output" = ENOLCK ]
	[ "$(json .regime.nlm_locks)" = refused ]
	echo "# refused" >&3
	return 1
}
kernel_has() { [[ $(kernel_locks) == "$1" ]]; }
nfs3_listed() { [[ $(jq '[.clients[] | select(.nfs3) | .name] == ["cli"] and
	([.files[].locks[]] | length) == $n' --argjson n "$1" $state/ranges.json) == true ]]; }
# statd forgets whom it watches when lockd ends; it would not in a crash. lockd itself may not, and
# then does not tell statd again: what was there at first is kept for all tests.
keep_watched() {
	in_rex bash -c '[[ -e /run/sm.kept ]] || [[ -z $(ls -A /var/lib/nfs/sm) ]] ||
		cp -a /var/lib/nfs/sm /run/sm.kept; [[ -e /run/sm.kept ]]'
}
notify_watched() {
	in_rex bash -c 'cp -a /run/sm.kept/* /var/lib/nfs/sm/'
	tier_nfs rex notify
}
mount_v3() {
	tier cli mkdir -p /mnt/v3
	tier cli mount -t nfs -o vers=3 rex:/srv/reexport/a /mnt/v3
}

@test "NFSv3: notified in time no lock is lost; notified after lockd's grace all are, and named" {
	guard "${short[@]}" --notify-nfsv3 off
	serve
	mount_v3
	need_nlm || return 0
	# Notified in time it has all of them again, and what it gives back then is not lost.
	ranges cli one db /mnt/v3
	order one "many 20"
	wait_for 30 "20 locks in the kernel" kernel_has 20
	keep_watched
	restart : 10
	notify_watched
	wait_for 60 "20 locks in the kernel again" kernel_has 20
	wait_gate open 90
	lost_are 0 '.back == 20 and .lower_bound == false'
	order one "unlock 0 2"
	lost_are 0 '.back == 19 and .lower_bound == false'
	# Notified after the grace period of lockd it is refused.
	restart
	nudge
	wait_gate open 90
	lost_are 19 '.reasons["not-notified"] == 19'
	notify_watched
	lost_are 19 '.reasons["nlm-grace"] == 19 and .lower_bound == false'
	rg status -v | grep 'lockd refused its NFSv3 end client.s reclaim with NLM4_DENIED_GRACE_PERIOD'
	reports 19
	end_app one
}

# bats test_tags=whole
@test "NFSv3: every lock that was lost is named, 1, 20 and 2,000: its end client was not notified" {
	guard "${short[@]}" --notify-nfsv3 off
	serve
	mount_v3
	need_nlm || return 0
	for n in 1 20 2000; do
		ranges cli one db /mnt/v3
		order one "many $n"
		wait_for 30 "$n locks in the kernel" kernel_has "$n"
		# Nobody tells the end client that knfsd is restarted.
		restart
		nudge
		wait_gate open 90
		lost_are "$n" ".reasons[\"not-notified\"] == $n and .unnamed == 0 and .clients == 1 and
			.lower_bound == false and (.locks | length) == $n and .given_back == 0"
		jq -e --argjson n "$n" --arg file "$a/db" '.gates[0].lost.locks |
			map([.address, .name, .file, .type, .start, .length, .reason]) ==
			[range($n) | ["10.77.2.2", "cli", $file, "write", 2 * ., 1, "not-notified"]]' \
			"$work/status.json"
		output_of daemon | grep ": $n locks\? of 1 end client lost; .*names them\$"
		reports "$n"
		end_app one
	done
	rg status -v | grep '10.77.2.2 cli: .*/db, write from 0, 1 bytes: its NFSv3 end client did not come back'
	# After a power cut by what is on disk, and a lower bound.
	ranges cli one db /mnt/v3
	order one "many 20"
	wait_for 30 "20 locks on disk" nfs3_listed 20
	kill -KILL "$(pid_of daemon)"
	restart lose_power
	nudge
	wait_gate open 90
	lost_are 20 '.lower_bound and .reasons["not-notified"] == 20 and (.locks | length) == 20'
	end_app one
}

# early_boot [HOST]: as this host is before rpc.statd starts, after a boot that left HOST on its
# record. What was changed last is told from what was changed since the boot by the clock.
early_boot() {
	in_rex bash -ec 'rm -f /run/rpc.statd.pid /run/sm-notify.pid /var/lib/nfs/sm{,.bak}/*
		for host; do
			printf "0100007f 000186b5 00000004 00000010 %032d %s rex\n" 0 "$host" \
				>/var/lib/nfs/sm/$host
		done' _ "$@"
	date -s '+1 day' >/dev/null
}
late_boot() { date -s '-1 day' >/dev/null; }
# first_start [HOST]: knfsd's, with a grace period of lockd's of 15 s.
first_start() {
	want_skip
	in_rex touch "$a/db"
	early_boot "$@"
	guard "${short[@]}"
	late_boot
	held_try thief posixw "$a/db"
	knfsd_start rex 10 10 15
}

@test "lockd's grace: nobody waits for it where no NFSv3 end client had a lock, nor knfsd's goes on" {
	# An end client was recorded.
	first_start 10.77.9.9
	gate_is grace
	[ "$(json .gates[0].why)" = lockd-grace ]
	wait_gate open 60
	[ "$(json .gates[0].why)" = nobody-refused ]
	expect_end thief 0 granted 60
	nothing_is_left
	# Nobody was.
	first_start
	wait_gate open 60
	[ "$(json .gates[0].why)" = grace-skipped ]
	expect_end thief 0 granted 60
	output_of daemon | grep "does not wait for lockd's grace period"
	# Its end changes nothing. The next start of knfsd is not that of the boot.
	wait_for 60 "lockd's grace to end" json_is '.gates[0].lockd' grace-over
	gate_is open
	want_skip
	gate_is closed
	knfsd_start rex 10 10 15
	gate_is grace
	wait_gate open 60
	[ "$(json .gates[0].why)" = nobody-refused ]
	nothing_is_left
	# Only the original server was, which is mounted by NFSv3.
	in_rex mkdir -p /mnt/v3
	in_rex mount -t nfs -o vers=3,nolock origin:/export/a /mnt/v3
	first_start 10.77.1.1
	wait_gate open 60
	[ "$(json .gates[0].why)" = grace-skipped ]
	expect_end thief 0 granted 60
	nothing_is_left
	in_rex umount /mnt/v3
}
