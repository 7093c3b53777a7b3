# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For the suites whose re-export server systemd has booted: three machines, of which rex is a Debian
# system on a disk of its own, with the package installed by apt. They run on the host, as suite
# powercut; the package is in the folder RG_DEB, build/deb if not said otherwise. Sourced by `load`.

deb=${RG_DEB:-$(readlink -f "$BATS_TEST_DIRNAME/../../build/deb")}

setup_file() {
	set +T
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	[[ -n ${RG_CLUSTER_UP-} ]] || cluster_up --kernel "${RG_KERNEL:-bookworm}" --systemd rex 3>&-
	on cli "$cluster_nfs" recover-lost-locks Y
	on origin install -m 0666 /dev/null /export/a/db
	on origin install -m 0666 /dev/null /export/a/consumer
	on rex bash "$BATS_TEST_DIRNAME/../vm/guest/reexporter" "$recovery_repo" "$deb"
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
# absent PATH: not there; a machine that does not answer is a failure.
absent() { [[ $(on rex bash -c '[[ -e $1 ]] || echo absent' _ "$1") == absent ]]; }
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
	[ -z "$(on rex journalctl -b --no-pager -q -g 'ordering cycle')" ]
}

# An end client that holds 10 locks keeps all of them over a boot of the re-export server, which
# power_is_cut brings about; the local application gets its own afterwards, and no error.
keeps_all() {
	local why
	systemctl stop thief.service
	recovery 10 vers=4.2 Y --all || {
		echo "$failure"
		return 1
	}
	echo "survived $survived, stolen $stolen, write errors $write_errors, gate: $gate_why, denied $denied"
	[ "$survived/$stolen/$write_errors/$own_turn" = 10/0/0/10 ]
	# With the kernel module no end client is refused a reclaim, so there is nothing to wait for.
	why=settled
	! on rex test -d /sys/module/reexport_guard || why=nobody-refused
	[ "$gate_why/$denied" = "$why/0" ]
	[ "$held" -ge 1 ]
	started
	ordered
}

# ---- without a boot ----

daemon_pid() { systemctl show -P MainPID reexport-guard.service; }
# The local application asks at a gate that was closed by hand, and is held.
held_by_hand() {
	systemctl stop thief.service
	on rex "$RG" close
	systemctl start thief.service
	wait_for 60 "the local application to be held" thief_held
}
goes_on() {
	wants=10
	wait_for 60 "the local application to go on" own_turn_over
}
# changed TEXT: the configuration, by sed.
changed() { on rex sed -i "$1" /etc/reexport-guard.conf; }

