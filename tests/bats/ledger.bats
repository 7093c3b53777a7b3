#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The ledger of end clients' locks: what it counts, and what it does not.

load common
load settled

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

# bats test_tags=whole
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
