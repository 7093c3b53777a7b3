# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The main job, once through, on the three machines of the topology `cluster`:
# the demo narrates it and the bats suite asserts it. Sourced on the host.

recovery_repo=$(readlink -f "${BASH_SOURCE[0]%/*}/..")
# shellcheck source=tests/vm/cluster.bash
. "$recovery_repo/tests/vm/cluster.bash"

RG=$recovery_repo/build/reexport-guard
LOCKER=$recovery_repo/build/tests/helpers/locker

# What the last recovery came to.
declare -g held_before=0 survived=0 stolen=0 write_errors=0 own_turn=0

# say TEXT: what happens; replaced by whoever narrates.
say() { :; }
# patiently SECONDS WHAT COMMAND...: wait_for, perhaps with progress.
patiently() { wait_for "$@"; }
# slowly WHAT COMMAND...: a command that takes a while, perhaps with progress. It
# may run in a subshell.
slowly() {
	shift
	"$@"
}

# start_in MACHINE NAME COMMAND...: in the background there; output in
# /run/NAME.out, standard input from /run/NAME.in, which never ends.
start_in() {
	local machine=$1 name=$2
	shift 2
	# shellcheck disable=SC2016 # expanded in the machine
	on "$machine" bash -c 'name=$1; shift; rm -f "/run/$name.in" "/run/$name.out"
		mkfifo "/run/$name.in"
		setsid "$@" <>"/run/$name.in" >"/run/$name.out" 2>&1 & echo $! >"/run/$name.pid"' \
		_ "$name" "$@"
}
tell() { on "$1" bash -c "echo '$3' >/run/$2.in"; }
said() { on "$1" grep -q -- "$3" "/run/$2.out"; }
end_in() { on "$1" bash -c "kill -KILL \$(</run/$2.pid)"; }

# An end client's application takes N locks, each by a process of its own.
locks_taken() {
	local n=$1
	slowly "the mounts and knfsd" end_client_mounts "$2" "$3" || return 1
	patiently 60 "the end client's record in nfsdcld" end_client_known || return 1
	start_in cli app "$LOCKER" hold /mnt/a/db "$n"
	patiently 60 "the end client's locks" said cli app '^locked' || return 1
	held_before=$(on cli sed -n 's/^locked //p' /run/app.out)
}
end_client_mounts() {
	rex_mount && rex_knfsd_start 15 15 3 && cli_mount "$@"
}
end_client_known() {
	on cli touch /mnt/a/known && (($(rex_clients) > 0))
}

# The end client is through with its state recovery: something that has to wait
# for the end of grace came through, and its state manager thread is gone.
end_client_recovered() {
	# shellcheck disable=SC2016 # expanded in the machine
	on cli bash -c 'touch /mnt/a/probe && ! grep -qs -- "-manager$" /proc/[0-9]*/comm'
}

gate_of_rex() { on rex "$RG" status --json | jq -r '.gates[0].state'; }
gate_of_rex_is() { [[ $(gate_of_rex) == "$1" ]]; }
own_turn_over() { said rex thief "got $1 of $1"; }

# recovery N MOUNT-OPTIONS RECOVER-LOST-LOCKS [ENABLE-OPTIONS...]: without
# enable options, without the guard. Fills in the figures above.
recovery() {
	local n=$1 options=$2 recover=$3
	shift 3

	say "the end client mounts from the re-export server and takes $n locks"
	locks_taken "$n" "$options" "$recover" || return 1
	say "the end client holds $held_before locks; the re-export server loses power"
	power_cut rex
	say "the re-export server boots"
	slowly "the re-export server" boot rex || return 1
	if (($#)); then
		say "reexport-guard run $* (before anything is mounted)"
		start_in rex guard "$RG" run "$@"
		patiently 60 "the gate to be closed" gate_of_rex_is closed || return 1
	fi
	say "it mounts the original server; a local application goes for the same $n locks"
	start_in rex thief "$LOCKER" grab /srv/reexport/a/db "$n" 300
	slowly "the mount" rex_mount || return 1
	if (($#)); then
		patiently 60 "the local application to be held" thief_held || return 1
		say "the local application is held in its system call"
	else
		patiently 60 "the local application's locks" own_turn_over "$n" || return 1
		say "the local application has all $n locks"
	fi
	say "knfsd starts; the end client recovers"
	slowly "knfsd" rex_knfsd_start 15 15 3 || return 1
	patiently 180 "the end client to be through with its recovery" end_client_recovered ||
		return 1
	if (($#)); then
		patiently 120 "the gate to open" gate_of_rex_is open || return 1
		say "the gate is open again"
	fi
	stolen=$(on rex sed -n 's/^got \([0-9]*\) of.*/\1/p' /run/thief.out | tail -n 1)
	stolen=${stolen:-0}
	tell cli app write
	patiently 120 "the end client's writes" said cli app '^written' || return 1
	write_errors=$(on cli sed -n 's/^written, \([0-9]*\) failed/\1/p' /run/app.out)
	survived=$((held_before - write_errors))
	say "$survived of $held_before locks survived, $write_errors writes failed"
	tell cli app quit
	patiently 60 "the local application's turn" own_turn_over "$n" || return 1
	own_turn=$n
	say "the end client is done; the local application got its $n locks"
}
thief_held() { [[ $(on rex "$RG" status --json | jq -r '.held[0].comm') == locker ]]; }

# Back to where `recovery` starts.
recovery_clean() {
	end_in rex thief || true
	on rex bash -c '[[ ! -d /sys/fs/bpf/reexport-guard ]] || "$0" disable' "$RG"
	cli_umount
	rex_knfsd_stop
	rex_umount
}
