#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The unit, by a real systemd, what suite boot leaves out: NFS mounts of /etc/fstab and of automounters,
# and a reboot in order.

load booted

# local_unit NAME FILE AFTER: a local application that goes for the locks of FILE as soon as it may.
local_unit() {
	printf '%s\n' [Unit] "After=$3" [Service] \
		"ExecStart=$LOCKER grab $2 3 3600" "StandardOutput=file:/run/$1.out" \
		[Install] WantedBy=multi-user.target |
		on -i rex tee "/etc/systemd/system/$1.service" >/dev/null
	systemctl enable "$1.service"
}
held_are() { guard_alive && (($(status_of_rex | jq '[.held[] | select(.comm == "locker")] | length') >= $1)); }

@test "an exported mount of fstab: check names the cycle before the boot at which systemd leaves out knfsd; what systemd's and autofs' automounts bring is behind a closed gate" {
	on origin install -m 0666 /dev/null /export/b/one
	on origin install -m 0666 /dev/null /export/b/two
	on rex bash -c 'systemctl disable srv-reexport-a.mount
		mv /etc/systemd/system/srv-reexport-a.mount /root
		printf "%s\n" "origin:/a /srv/reexport/a nfs vers=4.2 0 0" \
			"origin:/b /srv/other nfs vers=4.2,noauto,x-systemd.automount 0 0" >/etc/fstab
		echo "/srv/net /etc/auto.lab" >/etc/auto.master.d/lab.autofs
		echo "b -fstype=nfs,vers=4.2 origin:/b" >/etc/auto.lab
		echo OPTIONS=--all >/etc/default/reexport-guard'
	systemctl enable reexport-guard.service
	local_unit other /srv/other/one remote-fs.target
	local_unit net /srv/net/b/two autofs.service
	systemctl daemon-reload
	run on rex "$RG" check --json
	jq -e '.findings[] | select(.id == "fstab-cycle" and .severity == "problem" and
		.object == "/srv/reexport/a")' <<<"$output"
	on rex sync
	boot rex
	# systemd leaves out knfsd, or the mount, which knfsd requires.
	wait_for 200 "local applications to be held" held_are 2
	gate_of_rex_is closed
	earlier reexport-guard.service ActiveEnter autofs.service InactiveExit
	run on rex journalctl -b --no-pager -g 'ordering cycle'
	echo "$output"
	[[ $output == *"Found ordering cycle"* ]]
	unit_is nfs-server.service ActiveState inactive

	# As check says.
	on rex bash -c 'sed -i /reexport/d /etc/fstab
		mv /root/srv-reexport-a.mount /etc/systemd/system
		systemctl daemon-reload && systemctl enable srv-reexport-a.mount'
	run on rex "$RG" check --json
	jq -e '[.findings[] | select(.id == "fstab-cycle" or .id == "unit-cycle") | .severity] == ["ok", "ok"]' <<<"$output"
	systemctl start nfs-server.service
	wait_for 60 "the local applications to go on" on rex grep -q '^got 3 of 3' /run/other.out
	wait_for 60 "the local applications to go on" on rex grep -q '^got 3 of 3' /run/net.out
	counted '.counters.denied.total == 0'
	started
	on rex bash -c 'rm /etc/default/reexport-guard
		systemctl disable --now other.service net.service'
}

# The end client's locks are given back on the way down, by knfsd, with the gate closed.
rebooted() {
	local i
	say "the end client holds $held_before locks; the re-export server is rebooted"
	systemctl start thief.service
	wait_for 60 "the local application to have tried" on rex grep -q '^round 2' /run/thief.out
	systemctl --no-block reboot
	wait_for 200 "the end of the machine" off
	boot rex && gate_closed='' && end_client_watched
}
off() { "$cluster_lab" status | grep -q '^rex  *off'; }

@test "a reboot with an end client that holds 10 locks: it keeps them all, and nobody is in the way of shutting down" {
	power_is_cut() { rebooted; }
	keeps_all
	# Of the boot before: no unit had to be killed.
	run on rex journalctl -b -1 --no-pager -q -g 'timed out|SIGKILL'
	echo "$output"
	[ -z "$output" ]
}
