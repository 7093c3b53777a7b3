#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Every lock that was lost over a restart of knfsd is named.

load common
load settled

# are_named N: an end client takes N locks, loses all, and each is named.
are_named() {
	serve
	ranges cli one db
	order one "many $1"
	locks_are "$1"
	recovered
	# At its defaults Linux asks for one of them and gives up all.
	all_are_lost "$1" "Linux NFSv4.2 cli" refused
	end_app one
}

@test "every lock that was lost is named: 20, by status, metrics and the log" {
	need_locks || return 0
	guard "${short[@]}"
	are_named 20
	serve
	lost_are 0 '.locks == []'
}

# bats test_tags=whole
@test "every lock that was lost is named: 1, 2,000, and more than the ledger keeps" {
	need_locks || return 0
	guard "${short[@]}"
	are_named 1
	are_named 2000
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
