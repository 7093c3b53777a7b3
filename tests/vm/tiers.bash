# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Three NFS servers and clients in one machine: network namespaces origin, rex
# and cli, each with mounts, daemons and a host name of its own.
#
#   origin 10.77.1.1 ---- 10.77.1.2 rex 10.77.2.1 ---- 10.77.2.2 cli
#
# Processes, /sys/fs/bpf, tracefs and securityfs are shared by all of them, as
# they are by the containers of a real machine.  To be sourced inside the
# guest, as root, in the machine's first namespaces.

# shellcheck source=tests/vm/wait.bash
. "${BASH_SOURCE[0]%/*}/wait.bash"

tiers_nfs=$(readlink -f "${BASH_SOURCE[0]%/*}/guest/nfs")
tiers_dir=/run/tiers

# tier NAME COMMAND...: run it in a tier.  Not "ip netns exec", which mounts a
# new /sys, and with it hides bpffs.
tier() {
	local name=$1
	shift
	nsenter --net="$tiers_dir/$name.net" --mount="$tiers_dir/$name.mnt" \
		--uts="$tiers_dir/$name.uts" -- "$@"
}

tier_nfs() { tier "$1" "$tiers_nfs" "${@:2}"; }

# tiers_up [LEASE [GRACE]]: all three with their daemons, the original server
# serving, knfsd of the re-export server not yet.  LEASE and GRACE are what
# knfsd_start then takes if not told otherwise.
tiers_up() {
	local name
	tiers_lease=${1:-${tiers_lease:-10}}
	tiers_grace=${2:-${tiers_grace:-$tiers_lease}}
	if [[ ! -e $tiers_dir/up ]]; then
		modprobe -a veth nfsd nfs nfsv4 nfsv3 loop ext4 &&
			tiers_namespaces && tiers_links || return 1
		for name in origin rex cli; do
			tier_up "$name" &
		done
		wait
		[[ -e $tiers_dir/origin && -e $tiers_dir/rex && -e $tiers_dir/cli ]] ||
			return 1
		: >"$tiers_dir/up"
	fi
}

tier_up() {
	tier_nfs "$1" setup || return 1
	case $1 in
	origin)
		tier_nfs origin origin-tree &&
			tier_nfs origin knfsd-start "$tiers_lease" "$tiers_grace" 1
		;;
	rex) tier_nfs rex rex-tree ;;
	esac && : >"$tiers_dir/$1"
}

# A namespace is kept by a bind mount, and one of mounts only below a mount
# that is private.
tiers_namespaces() {
	local name
	mkdir -p "$tiers_dir"
	mountpoint -q "$tiers_dir" || mount -t tmpfs tiers "$tiers_dir"
	mount --make-private "$tiers_dir"
	for name in origin rex cli; do
		touch "$tiers_dir/$name".{net,mnt,uts}
		unshare --net="$tiers_dir/$name.net" --mount="$tiers_dir/$name.mnt" \
			--uts="$tiers_dir/$name.uts" --propagation private \
			bash -ec "$(declare -f tier_inside); tier_inside $name" || return 1
	done
}

# What a tier has to itself.  Runs in it.
tier_inside() {
	local file
	hostname "$1"
	mount -t tmpfs -o mode=0755 run /run
	mkdir -p /run/etc /run/lock /var/lib/{nfs,reexport-guard}
	mount -t tmpfs -o mode=0755 nfs /var/lib/nfs
	mount -t tmpfs -o mode=0755 guard /var/lib/reexport-guard
	for file in exports hosts; do
		touch "/etc/$file"
		cp "/etc/$file" "/run/etc/$file"
		mount --bind "/run/etc/$file" "/etc/$file"
	done
}

tiers_links() {
	ip link add o-rex type veth peer name r-origin
	ip link add r-cli type veth peer name c-rex
	tiers_link origin o-rex 10.77.1.1/24
	tiers_link rex r-origin 10.77.1.2/24
	tiers_link rex r-cli 10.77.2.1/24
	tiers_link cli c-rex 10.77.2.2/24
}

tiers_link() {
	ip link set "$2" netns "$tiers_dir/$1.net"
	printf '%s\n' "link set lo up" "addr add $3 dev $2" "link set $2 up" |
		tier "$1" ip -batch -
}

# cable cli up|down: between an end client and the re-export server. It is pulled
# at the server's end: at the other the route would go with it, and from ENETUNREACH
# on an NFS client in a network namespace of its own fails for good (7.x; mount option
# fatal_neterrors).
cable() { tier rex ip link set "r-$1" "$2"; }

# ---- knfsd ----

# knfsd_start TIER [LEASE [GRACE [LOCKD-GRACE]]]
knfsd_start() {
	tier_nfs "$1" knfsd-start "${2:-${tiers_lease:-10}}" \
		"${3:-${2:-${tiers_grace:-10}}}" "${@:4}"
}

knfsd_stop() { tier_nfs "$1" knfsd-stop; }
knfsd_running() { tier_nfs "$1" knfsd-running; }

# knfsd_forget_clients [TIER]: the next start of knfsd skips its grace period.
# knfsd must be stopped.
knfsd_forget_clients() { tier_nfs "${1:-rex}" forget-clients; }

# knfsd_forget_client TIER TEXT: clients with TEXT in their names may not reclaim
# after the next start.  knfsd must be stopped.
knfsd_forget_client() { tier_nfs "$1" forget-client "$2"; }

# knfsd_clients [TIER]: how many clients may reclaim after the next start.
knfsd_clients() { tier_nfs "${1:-rex}" clients; }

# delegations on|off: of all servers of the machine, from now on.
delegations() { tier_nfs rex delegations "$1"; }

# ---- Mounts ----

# OPTIONS are those of mount.nfs; the default is vers=4.2.
rex_mount() { tier_nfs rex rex-mount "$@"; }
rex_mount_other() { tier_nfs rex rex-mount-other "$@"; }
rex_umount() { tier_nfs rex rex-umount; }
cli_mount() { tier_nfs cli cli-mount "$@"; }
cli_umount() { tier_nfs cli cli-umount; }

# tiers_make_client_known: have an end client in the re-export server's
# records, so that knfsd's next start has a grace period.  knfsd of rex must
# run and rex have mounted.  The end client has mounted afterwards.
tiers_make_client_known() {
	cli_mount "$@" &&
		tier cli bash -c ': >>/mnt/a/.known' &&
		wait_for 30 "the end client in nfsdcld's database" tiers_client_known
}

tiers_client_known() { (($(knfsd_clients rex) > 0)); }
