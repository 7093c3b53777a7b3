# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The original server, the re-export server and the end client as machines of
# their own, for what only a real power cut shows.  To be sourced on the host.
#
#   origin 10.77.1.1 ---- 10.77.1.2 rex 10.77.2.1 ---- 10.77.2.2 cli
#
# In the topology `pair` origin and cli each bridge their links to rex (10.77.1.2, 10.77.2.3) and rex2
# (10.77.1.3, 10.77.2.4), and 10.77.2.1 is the address that goes from the one to the other.
#
# The lab is that of RG_LAB_DIR; it ends with the shell that sourced this, or
# with the process RG_LAB_OWNER.  Set RG_LAB_OWNER to nothing to let it stay.

# shellcheck source=tests/vm/wait.bash
. "${BASH_SOURCE[0]%/*}/wait.bash"

cluster_lab=$(readlink -f "${BASH_SOURCE[0]%/*}/lab")
cluster_nfs=${cluster_lab%/lab}/guest/nfs

# on [-t SECONDS] NAME COMMAND...: run it in a machine; see "lab run".
on() { "$cluster_lab" run "$@"; }

on_nfs() { on "$1" "$cluster_nfs" "${@:2}"; }

# cluster_up [OPTION...]: as of "lab up"; of the topology $cluster_topology.  Afterwards the original server
# serves; the re-export server has mounted nothing and its knfsd is off.
cluster_up() {
	local owner=${RG_LAB_OWNER-$$}
	"$cluster_lab" up "${cluster_topology:-cluster}" ${owner:+--owner "$owner"} "$@" || return 1
	cluster_all cluster_setup origin rex cli
}

cluster_down() { "$cluster_lab" down; }

# cluster_all FUNCTION NAME...: for all at once; fails if it failed for one.
cluster_all() {
	local function=$1 name pid status=0
	local -a pids=()
	shift
	for name; do
		"$function" "$name" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
	done
	return "$status"
}

# bridge_links NAME ADDRESS
bridge_links() {
	# shellcheck disable=SC2016 # expanded in the machine
	on "$1" bash -ec '[[ -d /sys/class/net/eth1 && ! -d /sys/class/net/both ]] || exit 0
		ip link add both type bridge
		for nic in eth0 eth1; do ip link set $nic up master both; done
		ip addr add "$0" dev both
		ip link set both up' "$2"
}

# cluster_setup NAME: what a machine of this name does at every boot, if systemd does not do it.  A lease
# of 90 seconds as on a real server: the locks of a re-export server that was
# cut are still there when it comes back.
cluster_setup() {
	# shellcheck disable=SC2016 # expanded in the guest
	case $1 in
	origin)
		bridge_links origin 10.77.1.1/24
		on origin bash -c '"$0" setup && "$0" origin-tree &&
			"$0" knfsd-start 90 90 3' "$cluster_nfs"
		;;
	rex) on rex bash -c '[[ -d /run/systemd/system ]] || { "$0" setup && "$0" rex-tree; }' "$cluster_nfs" ;;
	cli) bridge_links cli 10.77.2.2/24 && on cli "$cluster_nfs" setup ;;
	esac
}

power_cut() { "$cluster_lab" cut "$1"; }

# boot NAME [OPTION...]: as of "lab boot".  Network and rpcbind are up
# afterwards; nothing is mounted by NFS, and only origin serves.
boot() { "$cluster_lab" boot "$@" && cluster_setup "$1"; }

# ---- The re-export server ----

# OPTIONS are those of mount.nfs; the default is vers=4.2.
rex_mount() { on_nfs rex rex-mount "$@"; }
rex_mount_other() { on_nfs rex rex-mount-other "$@"; }
rex_umount() { on_nfs rex rex-umount; }

# rex_knfsd_start [LEASE [GRACE [LOCKD-GRACE]]]
rex_knfsd_start() { on_nfs rex knfsd-start "${1:-15}" "${@:2}"; }
rex_knfsd_stop() { on_nfs rex knfsd-stop; }
# Without a power cut: rpc.nfsd 0, rpc.nfsd 8.
rex_knfsd_restart() { on_nfs rex knfsd-restart; }
rex_knfsd_running() { on_nfs rex knfsd-running; }

# How many clients may reclaim after the next start of knfsd.
rex_clients() { on_nfs rex clients; }

rex_forget_clients() { on_nfs rex forget-clients; }

# By NSM, to the NFSv3 peers of before the power cut.
rex_notify() { on_nfs rex notify; }

# delegations NAME on|off: of the server NAME, from now on.
delegations() { on_nfs "$1" delegations "$2"; }

# ---- The end client ----

# cli_mount [OPTIONS [Y|N]]: the second is nfs.recover_lost_locks.
cli_mount() {
	on_nfs cli recover-lost-locks "${2:-N}" && on_nfs cli cli-mount ${1:+"$1"}
}
cli_umount() { on_nfs cli cli-umount; }
