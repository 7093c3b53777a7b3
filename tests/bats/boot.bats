#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The unit, by a real systemd: three machines, of which the re-export server is a Debian system on a
# disk of its own, with the package installed by apt. Runs on the host, as suite powercut.
# tests/run builds the package into build/deb before.

setup_file() {
	set +T
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	[[ -n ${RG_CLUSTER_UP-} ]] || cluster_up --kernel "${RG_KERNEL:-bookworm}" --systemd rex 3>&-
	on cli "$cluster_nfs" recover-lost-locks Y
	on origin install -m 0666 /dev/null /export/a/db
	on origin install -m 0666 /dev/null /export/a/consumer
	on rex bash "$BATS_TEST_DIRNAME/../vm/guest/reexporter" "$recovery_repo"
}

setup() {
	set +T # as `untraced` of common.bash says
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	RG=/usr/sbin/reexport-guard
	by_systemd
	say() { printf '# %s\n' "$*" >&3; }
	say "== $BATS_TEST_DESCRIPTION" # for tests/failed.awk
}
teardown() {
	[[ -n ${BATS_TEST_COMPLETED-} ]] || {
		on -t 60 rex journalctl -b -p info --no-pager -o short-monotonic | tail -n 60
		on -t 60 rex systemctl list-jobs --no-pager
	} || true
}
teardown_file() {
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	[[ -n ${RG_CLUSTER_UP-} ]] || cluster_down
}

# What `recovery` (tests/recovery.bash) does by hand elsewhere, systemd does here.
by_systemd() {
	end_client_mounts() { cli_mount "$options" "$recover"; }
	power_is_cut() {
		say "the end client holds $held_before locks; the re-export server loses power, and boots"
		boot rex && gate_closed='' && end_client_watched
	}
	knfsd_starts() { :; }
	knfsd_started() {
		on rex date -d "$(systemctl show -P ActiveEnterTimestamp nfs-server.service)" +%s
	}
}

# ---- the re-export server ----

systemctl() { on -t 200 rex systemctl "$@"; }
# Everything that is started at boot has been, and nothing failed.
started() {
	local state
	state=$(systemctl is-system-running --wait) || true
	[[ $state == running ]] || {
		echo "the system is $state"
		systemctl --failed --no-legend
		return 1
	}
}
unit_is() { [[ $(systemctl show -P "$2" "$1") == "$3" ]] || { systemctl status "$1" || true; return 1; }; }
# earlier UNIT TIME UNIT TIME: both in microseconds since boot, and this one is the earlier of the two.
earlier() {
	local one two
	one=$(systemctl show -P "$2TimestampMonotonic" "$1")
	two=$(systemctl show -P "$4TimestampMonotonic" "$3")
	echo "$1 $2 at $one us, $3 $4 at $two us"
	((one > 0 && one <= two))
}
counted() { status_of_rex | jq -e "$1" >/dev/null; }

# The gate was closed before the mount came and before knfsd started, and who is ordered after
# reexport-guard-open.target was started by systemd once it was open.
ordered() {
	earlier reexport-guard.service ActiveEnter srv-reexport-a.mount InactiveExit
	earlier srv-reexport-a.mount ActiveEnter nfs-server.service InactiveExit
	earlier nfs-server.service ActiveEnter reexport-guard-open.target ActiveEnter
	earlier reexport-guard-open.target ActiveEnter consumer.service InactiveExit
	unit_is consumer.service Result success
	unit_is consumer.service ActiveState active
	[ "$(on rex cat /run/consumer.out)" = granted ]
	! on rex journalctl -b --no-pager -g 'ordering cycle'
}

@test "installed by apt it is not enabled; enabled, it closes the gate at a cold boot before the mount comes" {
	unit_is reexport-guard.service UnitFileState disabled
	unit_is reexport-guard.service ActiveState inactive
	! on rex test -e /sys/fs/bpf/reexport-guard
	systemctl enable reexport-guard
	on rex sync
	boot rex
	started
	ordered
	gate_of_rex_is open
	counted '.counters.held >= 1 and .counters.denied.total == 0'
	run on rex cat /run/reexport-guard/status
	echo "$output"
	[[ $output == protected:* ]]
}

@test "a power cut with an end client that holds 10 locks: it keeps them all, and no local application waits in vain" {
	systemctl stop thief.service
	recovery 10 vers=4.2 Y --all || {
		echo "$failure"
		return 1
	}
	echo "survived $survived, stolen $stolen, write errors $write_errors, gate: $gate_why, denied $denied"
	[ "$survived/$stolen/$write_errors/$own_turn" = 10/0/0/10 ]
	[ "$gate_why/$denied" = settled/0 ]
	[ "$held" -ge 1 ]
	started
	ordered
}
