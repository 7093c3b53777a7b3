# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A client of the original server that reboots, and another one. The first is a box of its own (network
# namespace and host name), which loses its power by having its cable pulled for good, and boots as
# another one with the same host name. The tier rex is the other client. Sourced by `load`, after
# common.
: "${work:?}" "${tiers_dir:?}"

setup_file() {
	untraced
	tiers_up 10 10
	delegations off
	mkdir -p "$work"
	tier rex mkdir -p /mnt/other
	tier rex mountpoint -q /mnt/other || tier rex mount -t nfs -o vers=4.2 10.77.1.1:/a /mnt/other
	[[ ! -e $work/box ]] || return 0
	ip link add o-box type veth peer name box-o
	tiers_link origin o-box 10.77.3.1/24
	tier rex touch /mnt/other/f /mnt/other/g
}

# Longer than anything takes on a host that is busy: a client that comes back, or renews, after its
# lease is one of which nothing is kept. One test needs it short.
lease=90
setup() {
	local name
	untraced
	[[ $BATS_TEST_DESCRIPTION != *'lease ran out'* ]] || lease=10
	for name in "$work"/*.pid; do
		[[ ! -e $name ]] || kill -KILL "$(<"$name")" 2>/dev/null || true
	done
	rm -f "$work"/*.{pid,in,out,rc}
	delegations off
	[[ ! -d /sys/fs/bpf/reexport-guard-original ]] || org disable --role original >/dev/null
	# The box of the test before loses its cable first: it would come back to the new knfsd.
	# Afterwards knfsd knows no box, and nothing is kept.
	box_boots
	knfsd_stop origin
	knfsd_forget_clients origin
	knfsd_start origin "$lease" 10 3
}

# The program on the original server.
org() { tier origin "$RG" "$@"; }
org_json() { org status --role original --json | jq -r "$1"; }
# org_is PATH VALUE: what status says; the rest of it goes to the log where it is another one.
org_is() {
	local all
	all=$(org status --role original --json) || return 1
	[[ $(jq -r "$1" <<<"$all") == "$2" ]] || {
		echo "$1 is not $2:"
		jq -c '.clients, .counters' <<<"$all"
		return 1
	}
}
org_counter() { org_json ".counters.$1"; }
arm_original() {
	org enable --role original "$@" >"$work/enable.out" 2>&1 || {
		cat "$work/enable.out"
		return 1
	}
}

# `background` and `talk` (common.bash) in the tier $where.
where=rex
in_rex() { tier "$where" "$@"; }
in_box() { where=$box "$@"; }

# A box boots: new namespaces, the same host name and address, and the cable of the one before.
box_boots() {
	local before=${box-}
	boots=$(($(cat "$work/boots" 2>/dev/null || echo 0) + 1))
	echo $boots >"$work/boots"
	box=box$boots
	touch "$tiers_dir/$box".{net,mnt,uts}
	unshare --net="$tiers_dir/$box.net" --mount="$tiers_dir/$box.mnt" \
		--uts="$tiers_dir/$box.uts" --propagation private \
		bash -ec "$(declare -f tier_inside); tier_inside box"
	if [[ -z $before ]]; then
		before=$(cat "$work/box" 2>/dev/null || true)
	fi
	if [[ -n $before ]]; then
		nsenter --net="$tiers_dir/$before.net" ip link set box-o netns "$tiers_dir/$box.net"
	else
		ip link set box-o netns "$tiers_dir/$box.net"
	fi
	echo "$box" >"$work/box"
	tier "$box" ip link set lo up
	tier "$box" ip addr add 10.77.3.2/24 dev box-o
	tier "$box" ip link set box-o up
}
# box_mounts [OPTIONS]
box_mounts() {
	tier "$box" mkdir -p /mnt/a
	tier "$box" mount -t nfs -o "${1:-vers=4.2}" 10.77.3.1:/a /mnt/a
}
# The box loses its power and is back, with its mount.
box_reboots() {
	box_boots
	box_mounts "$@"
}

# asker NAME FILE [SECONDS]: somebody that can be told to lock ranges (locker ranges), and has
# opened the file within that time.
asker() {
	if [[ -e $work/$1.pid ]]; then
		kill -KILL "$(pid_of "$1")" 2>/dev/null || true
		rm -f "$work/$1".{pid,in,out,rc}
	fi
	talk "$1" "$LOCKER" ranges "$2"
	wait_said "$1" '^opened$' "${3:-20}"
}
# ask NAME "TYPE START LENGTH" ANSWER [SECONDS]
ask() {
	tell "$1" "$2"
	wait_said "$1" "^$2: $3\$" "${4:-40}"
}
# No answer yet: it waits for what another client has not come for.
asks_in_vain() {
	local before
	before=$(org_counter delayed_lock)
	tell "$1" "$2"
	wait_for 20 "$1 to be told to come later" more_than "$before" || return 1
	unanswered "$1" "$2"
}
unanswered() {
	if said "$1" "^$2: "; then
		echo "$1 has an answer: $(output_of "$1")"
		return 1
	fi
}
more_than() { (($(org_counter delayed_lock) > $1)); }

# configure LINE...: a section [original] with these lines, for `enable --config`.
configure() { printf '%s\n' '[original]' 'keep-for = 5min' "$@" >"$work/original.conf"; }
conf=/proc/1/root$work/original.conf
# finding ID: how `check` judges that on the original server; nothing: it does not tell of it.
finding() {
	org check --json --config "$conf" >"$work/check.out" || true
	jq -r ".findings[] | select(.id == \"$1\") | .severity" "$work/check.out"
}
