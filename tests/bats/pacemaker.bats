#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A re-export service on two nodes under Pacemaker, as docs/pacemaker.md has it: the machines of `lab up
# pair`. It runs on the host, and tests/run builds the package into build/deb before.

setup_file() {
	set +T
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	[[ -n ${RG_CLUSTER_UP-} ]] || cluster_topology=pair cluster_up --kernel "${RG_KERNEL:-bookworm}" 3>&-
	on origin install -m 0666 /dev/null /export/a/db
	cluster_all node rex rex2
	really rex bash -ec 'mount /dev/vdb /srv/ha
		install -d -m 0700 /srv/ha/reexport-guard
		mkdir -p /srv/ha/nfsdcld /srv/ha/nfs/sm /srv/ha/nfs/sm.bak
		chown -R statd /srv/ha/nfs
		umount /srv/ha'
	cluster_all joins rex rex2
	wait_for 600 "both nodes to be members" both_are_members
	really rex crm_attribute --node node2 --name standby --update on
	really rex cibadmin --modify --allow-create --xml-file "$recovery_repo/tests/vm/guest/cib.xml"
	wait_for 900 "the service to be on node1" serves rex
	really rex crm_attribute --node node2 --name standby --delete
}

# really NAME COMMAND...: in this very machine; `on rex` is the node that is active.
really() { "$cluster_lab" run -t 400 "$@"; }
node() { really "$1" bash "$recovery_repo/tests/vm/guest/node" "$recovery_repo" "${RG_DEB:-$recovery_repo/build/deb}"; }
joins() { really "$1" systemctl start corosync.service pacemaker.service; }
both_are_members() {
	local name said
	for name in rex rex2; do
		said=$(really "$name" crm_mon --one-shot --inactive --include=nodes) &&
			[[ $said == *"Online: [ node1 node2 ]"* ]] || return 1
	done
}
# Address, knfsd, mount and guard are there.
serves() {
	# shellcheck disable=SC2016 # expanded in the machine
	really "$1" bash -c '[[ -n $(ip -o addr show to 10.77.2.1) ]] && (($(</proc/fs/nfsd/threads) > 0)) &&
		mountpoint -q /srv/reexport/a && reexport-guard status >/dev/null'
} 2>/dev/null

setup() {
	set +T # as `untraced` of common.bash says
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	RG=/usr/sbin/reexport-guard
	active=rex passive=rex2
	on() {
		local -a limit=()
		[[ $1 != -t ]] || { limit=(-t "$2") && shift 2; }
		[[ $1 != rex ]] || set -- "$active" "${@:2}"
		"$cluster_lab" run "${limit[@]}" "$@"
	}
	# Where `recovery` (tests/recovery.bash) looks into directories that are elsewhere here.
	ledger_written() { [[ $(on rex jq '[.clients[].locks] | add' /srv/ha/reexport-guard/ledger.json) == "$n" ]]; }
	end_client_known() { on cli touch /mnt/a/known && on rex bash -c '[[ -n $(ls /proc/fs/nfsd/clients) ]]'; }
	# What it does by hand elsewhere, Pacemaker does here.
	end_client_mounts() { cli_mount "$options" "$recover"; }
	knfsd_starts() { :; }
	knfsd_started() {
		on rex date -d "$(on rex systemctl show -P ActiveEnterTimestamp nfs-server.service)" +%s
	}
	say() { printf '# %s\n' "$*" >&3; }
	say "== $BATS_TEST_DESCRIPTION" # for tests/failed.awk
}
teardown() {
	local name
	[[ -n ${BATS_TEST_COMPLETED-} ]] || {
		for name in rex rex2; do
			really "$name" crm_mon --one-shot --inactive
			really "$name" journalctl -b -p info --no-pager -o short-monotonic | tail -n 60
		done
	} || true
}
teardown_file() {
	. "$BATS_TEST_DIRNAME/../recovery.bash"
	[[ -n ${RG_CLUSTER_UP-} ]] || cluster_down
}

# The other node takes over, as soon as COMMAND... has been done.
taken_over_after() {
	local before=$active
	really "$passive" systemctl restart thief.service
	"$@"
	active=$passive passive=$before gate_closed=''
	end_client_watched && await 900 "the other node to serve" serves "$active" || return 1
	say "$active has taken over"
}

# An end client that holds 10 locks keeps all of them; the local application of the node that takes over
# asks for them from the moment that the mount is there, is held, and gets its own afterwards.
keeps_all() {
	recovery 10 vers=4.2 Y --config /etc/reexport-guard.conf || {
		echo "$failure"
		return 1
	}
	echo "survived $survived, stolen $stolen, write errors $write_errors, gate: $gate_why, held $held, denied $denied"
	[ "$survived/$stolen/$write_errors/$own_turn" = 10/0/0/10 ]
	[ "$gate_why/$denied" = settled/0 ]
	[ "$held" -ge 1 ]
	on rex systemctl stop thief.service
}

# Nothing of the service is in this machine, and nobody in it has the mount.
is_passive() {
	if serves "$1"; then false; fi
	[ "$(really "$1" bash -c 'findmnt --noheadings /srv/reexport/a || findmnt --noheadings /srv/ha ||
		ls -d /sys/fs/bpf/reexport-guard 2>/dev/null || echo nothing')" = nothing ]
}

@test "the active node loses power: the other one takes address and exports over, the end client keeps its 10 locks, and its local application is kept out" {
	power_is_cut() {
		say "the end client holds $held_before locks; the active node loses power"
		taken_over_after power_cut "$active"
	}
	is_passive rex2
	keeps_all
	[ "$active" = rex2 ]
}
