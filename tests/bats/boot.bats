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

@test "a configuration with a mistake: the unit fails and rests, knfsd starts all the same; with the strict drop-in it does not" {
	local examples=/usr/share/doc/reexport-guard/examples since
	systemctl stop thief.service
	systemctl stop nfs-server.service reexport-guard.service
	on rex "$RG" disable
	on rex bash -c 'echo "relase = settled" >>/etc/reexport-guard.conf'
	run systemctl start reexport-guard.service
	[ "$status" -ne 0 ]
	unit_is reexport-guard.service ActiveState failed
	unit_is reexport-guard.service NRestarts 0
	run on rex journalctl -u reexport-guard -b --no-pager -n 8
	[[ $output == *"/etc/reexport-guard.conf:"*relase* ]]
	systemctl start nfs-server.service
	unit_is nfs-server.service ActiveState active
	[ "$(systemctl is-system-running)" = degraded ]

	systemctl stop nfs-server.service
	on rex install -D -m 0644 $examples/nfs-server-strict.conf \
		/etc/systemd/system/nfs-server.service.d/reexport-guard.conf
	systemctl daemon-reload
	run systemctl start nfs-server.service
	[ "$status" -ne 0 ]
	unit_is nfs-server.service ActiveState failed
	changed '/relase/d'
	systemctl start nfs-server.service
	unit_is reexport-guard.service ActiveState active
	since=$(systemctl show -P ActiveEnterTimestampMonotonic nfs-server.service)
	systemctl restart reexport-guard.service
	unit_is nfs-server.service ActiveEnterTimestampMonotonic "$since"
	started
}

@test "stop, start, a killed daemon, reload and an upgrade leave the gate closed and a held application held" {
	local pid knfsd
	held_by_hand
	knfsd=$(systemctl show -P ActiveEnterTimestampMonotonic nfs-server.service)
	systemctl stop reexport-guard.service
	unit_is reexport-guard.service Result success
	gate_of_rex_is closed && thief_held
	systemctl start reexport-guard.service
	gate_of_rex_is closed && thief_held

	pid=$(daemon_pid)
	on rex kill -KILL "$pid"
	wait_for 60 "systemd to start it again" unit_is reexport-guard.service NRestarts 1
	wait_for 60 "the daemon to be alive" guard_alive
	gate_of_rex_is closed && thief_held

	# With a mistake in the configuration what is enabled is served as it is.
	on rex bash -c 'echo "relase = settled" >>/etc/reexport-guard.conf'
	systemctl restart reexport-guard.service
	gate_of_rex_is closed && thief_held && guard_alive
	changed '/relase/d'

	changed 's/^#* *max-hold *=.*/max-hold = 14min/'
	systemctl reload reexport-guard.service
	on rex "$RG" policy show | grep -q 'max-hold .*14min'
	gate_of_rex_is closed && thief_held

	pid=$(daemon_pid)
	# shellcheck disable=SC2016 # expanded in the machine
	on rex bash -c 'dpkg-deb -R "$1"/build/deb/reexport-guard_[0-9]*.deb /run/later &&
		sed -i "s/^Version: .*/Version: 9.1/" /run/later/DEBIAN/control &&
		dpkg-deb -Znone -b /run/later /run/later.deb >/dev/null &&
		apt-get -qq -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold install /run/later.deb' _ "$recovery_repo"
	[ "$(daemon_pid)" != "$pid" ]
	unit_is reexport-guard.service ActiveState active
	gate_of_rex_is closed && thief_held

	on rex "$RG" release
	goes_on
	unit_is nfs-server.service ActiveEnterTimestampMonotonic "$knfsd"
	started
}

@test "removed with an application held: it goes on, nothing is left in the kernel or of the unit; purged: no configuration" {
	held_by_hand
	on rex apt-get -qq -y -o Dpkg::Use-Pty=0 remove reexport-guard
	goes_on
	! on rex test -e /sys/fs/bpf/reexport-guard
	unit_is reexport-guard.service ActiveState inactive
	unit_is nfs-server.service ActiveState active
	on rex test -e /etc/reexport-guard.conf
	on rex apt-get -qq -y -o Dpkg::Use-Pty=0 purge reexport-guard
	! on rex test -e /etc/reexport-guard.conf -o -e /var/lib/reexport-guard
	unit_is reexport-guard.service LoadState not-found
	started
}
