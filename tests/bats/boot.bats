#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The unit, by a real systemd: at boot, and what becomes of the gate and of held applications when
# the unit fails, is stopped, is upgraded and is removed.

load booted

@test "installed by apt it is not enabled; setup enables it by systemctl, and it closes the gate at a cold boot before the mount comes" {
	local pid
	unit_is reexport-guard.service UnitFileState disabled
	unit_is reexport-guard.service ActiveState inactive
	absent /sys/fs/bpf/reexport-guard
	# systemd refuses: setup says so and has not enabled anything.
	systemctl mask reexport-guard.service
	run on rex "$RG" setup --yes
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"systemctl enable reexport-guard.service: "* ]]
	absent /sys/fs/bpf/reexport-guard
	systemctl unmask reexport-guard.service
	# A mount by hand that is exported: setup prints the unit that makes it at boot.
	on rex bash -c 'mkdir -p /srv/hand && mount -t nfs -o vers=4.2 origin:/b /srv/hand &&
		exportfs -i -o rw,insecure,no_subtree_check,fsid=12 "*:/srv/hand"'
	run on rex "$RG" setup --yes
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"systemctl enable reexport-guard.service"*"systemctl reload-or-restart reexport-guard.service"* ]]
	[[ $output == *srv-hand.mount* && $output == *What=origin:/b* ]]
	unit_is reexport-guard.service UnitFileState enabled
	unit_is reexport-guard.service ActiveState active
	guard_alive
	# Once more, it changes nothing: the same daemon goes on.
	pid=$(daemon_pid)
	on rex "$RG" setup --yes >/dev/null
	[ "$(daemon_pid)" = "$pid" ]
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
	keeps_all
}

# bats test_tags=whole
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
	wait_for 60 "the unit to have failed" unit_is nfs-server.service ActiveState failed
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
	on rex bash -c 'dpkg-deb -R "$1"/reexport-guard_[0-9]*.deb /run/later &&
		sed -i "s/^Version: .*/Version: 9.1/" /run/later/DEBIAN/control &&
		dpkg-deb -Znone -b /run/later /run/later.deb >/dev/null &&
		apt-get -qq -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold install /run/later.deb' _ "$deb"
	[ "$(daemon_pid)" != "$pid" ]
	unit_is reexport-guard.service ActiveState active
	gate_of_rex_is closed && thief_held

	on rex "$RG" release
	goes_on
	unit_is nfs-server.service ActiveEnterTimestampMonotonic "$knfsd"
	started
}

# bats test_tags=whole
@test "removed with an application held: it goes on, nothing is left in the kernel or of the unit; purged: no configuration" {
	held_by_hand
	on rex apt-get -qq -y -o Dpkg::Use-Pty=0 remove reexport-guard
	goes_on
	absent /sys/fs/bpf/reexport-guard
	unit_is reexport-guard.service ActiveState inactive
	unit_is nfs-server.service ActiveState active
	on rex test -e /etc/reexport-guard.conf
	on rex apt-get -qq -y -o Dpkg::Use-Pty=0 purge reexport-guard
	absent /etc/reexport-guard.conf
	absent /var/lib/reexport-guard
	unit_is reexport-guard.service LoadState not-found
	started
}
