#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# NFSv3 end clients: when settled has waited enough for them, and which locks they lost.

load common
load settled

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
		all_are_lost "$n" cli not-notified
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

# bats test_tags=whole
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
