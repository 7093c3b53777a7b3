# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The main job, once through, on the three machines of the topology `cluster`:
# the demo narrates it, the bats suite asserts it, tests/measure writes down what
# it came to. Sourced on the host.

recovery_repo=$(readlink -f "${BASH_SOURCE[0]%/*}/..")
# shellcheck source=tests/vm/cluster.bash
. "$recovery_repo/tests/vm/cluster.bash"

RG=$recovery_repo/build/reexport-guard
LOCKER=$recovery_repo/build/tests/helpers/locker
stamp_port=7777

# What the last recovery came to. Of each lock that the end client held:
#   survived   its write went through and nobody else had the lock meanwhile
#   stolen     the local application got it while the end client had use for it:
#              before it was done; with recover_lost_locks=N, where the end client
#              gives up what it lost, before it was through with its recovery,
#              unless its write went through all the same
#   named_lost the end client's kernel said that it lost it
#   both       its write went through, and the local application had got it: two
#              had one lock
#   neither    its write failed, and the local application did not get it
# and of the writes of the end client's application:
#   write_errors
# From the start of knfsd, in seconds: recovered_seconds until the end client was
# through with its recovery, gate_seconds until the gate was open (of a gate that
# timed out: from when it closed). gate_why, held and denied are the guard's own
# words; proven: reclaims that it granted as proven. delegated: what the end client held before. own_turn: what the local
# application got in the end. bystander_waited: the longest time, in seconds, that another client of the
# original server waited for a lock that is in nobody's way. failure: why there are no figures.
recovery_figures=(held_before survived stolen named_lost both neither write_errors
	recovered_seconds gate_seconds gate_why held denied proven delegated own_turn bystander_waited failure)
declare -g "${recovery_figures[@]}"

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

# The same, and what was in vain becomes the failure of this recovery.
await() {
	patiently "$@" && return
	failure="waited $1 s in vain for $2"
	return 1
}
do_or_fail() {
	slowly "$@" && return
	failure="$1: failed"
	return 1
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
# end_in MACHINE NAME...: those that were started.
end_in() {
	# shellcheck disable=SC2016 # expanded in the machine
	on "$1" bash -c 'for name; do
		{ kill -KILL "$(<"/run/$name.pid")"; rm -f "/run/$name.pid"; } 2>/dev/null
	done' _ "${@:2}"
}

# ---- The end client ----

# In the functions below n, wants, options, recover, delegations, under, event and guard
# are those of the recovery that calls them.

by_nfsv3() { [[ ,$options, == *,vers=3,* ]]; }

# An end client's application takes N locks, each by a process of its own.
locks_taken() {
	do_or_fail "the mounts and knfsd" end_client_mounts || return 1
	await 60 "the re-export server to know the end client" end_client_known || return 1
	on cli bash -c 'echo "rg: a recovery begins" >/dev/kmsg'
	start_in cli app "$LOCKER" hold /mnt/a/db "$n"
	await 60 "the end client's locks" said cli app '^locked' || return 1
	held_before=$(on cli sed -n 's/^locked //p' /run/app.out)
	delegated=$(on_nfs rex delegated db)
	if ((held_before < n)); then
		failure="the end client got $held_before of $n locks: $(refused_with)"
		return 1
	fi
	await 60 "the ledger to be written" ledger_written
}
refused_with() { on cli sed -n 's/^lock byte .*: //p' /run/app.out | sort -u | paste -s -d ' '; }
end_client_mounts() {
	delegations origin "$delegations" && delegations rex "$delegations" && rex_mount "$under" || return 1
	# It keeps the ledger, which is what the next one goes by.
	guarded_later || guard_starts "before the end client comes" || return 1
	rex_knfsd_start 15 15 3 && cli_mount "$options" "$recover"
}
# On disk; locks of NFSv3 or under a write delegation are in no ledger.
ledger_written() {
	! guarded || guarded_later || [[ $delegated == write ]] || by_nfsv3 ||
		[[ $(on rex jq '[.clients[].locks] | add' /var/lib/reexport-guard/ledger.json) == "$n" ]]
}
end_client_known() {
	local answer
	if by_nfsv3; then
		# shellcheck disable=SC2016 # expanded in the machine
		answer=$(on cli bash -c ': >>"$1" && "$0" try posix "$1"' "$LOCKER" /mnt/a/known)
		if [[ $answer == granted ]]; then
			on_nfs rex monitored
		else # from 7.x on lockd has no locks through a re-export, and watches nobody
			[[ $answer == ENOLCK && $(on rex uname -r) != 6.* ]]
		fi
	else
		# Of NFSv4.0 knfsd keeps a record from the first open on.
		on cli touch /mnt/a/known && (($(rex_clients) > 0))
	fi
} >/dev/null

# The end client looks by itself, and tells the re-export server, by whose clock
# everything else is measured: the two clocks differ. NFSv4: what has to wait for
# the end of grace, the creation of a file, came through, and no state manager is
# at work. NFSv3: the same with a lock and the reclaimer.
end_client_watched() {
	start_in rex stamps "$LOCKER" stamp "$stamp_port" || return 1
	await 30 "the clock of the re-export server" said rex stamps '^stamping' || return 1
	# shellcheck disable=SC2016 # expanded in the machine
	start_in cli watch bash -c 'probe=/mnt/a/probe.$EPOCHREALTIME
		touch "$probe" || exit
		[[ ,$1, != *,vers=3,* ]] || "$2" try posixw "$probe"
		while grep -qsE -- "-(manager|reclaim)$" /proc/[0-9]*/comm; do
			sleep 0.02
		done
		echo recovered >/dev/udp/10.77.2.1/$3
		rm -f "$probe"' _ "$options" "$LOCKER" "$stamp_port"
}
end_client_recovered() { said rex stamps '^recovered at'; }

# ---- The re-export server ----

status_of_rex() { on rex "$RG" status --json; }
gate_of_rex() { status_of_rex | jq -r '.gates[0].state'; }
gate_of_rex_is() { [[ $(gate_of_rex) == "$1" ]]; }
guard_alive() { [[ $(status_of_rex | jq -r .daemon.alive) == true ]]; }
thief_held() { [[ $(status_of_rex | jq -r 'any(.held[]; .comm == "locker")') == true ]]; }
# The machine on which the local application runs; `recovery --other` sets another one.
thief_on=rex
own_turn_over() { said "$thief_on" thief "^got $wants of $wants"; }
thief_starts() { start_in rex thief "$LOCKER" grab /srv/reexport/a/db "$wants" 3600; }

guarded() { ((${#guard[@]})); }
# Where knfsd is restarted the guard is enabled only then; with the module before that, as
# some kernels give end clients no locks without it.
guarded_later() { [[ $event == restart && " ${guard[*]} " != *" --module require "* ]]; }

guard_starts() {
	guarded || return 0
	say "reexport-guard run ${guard[*]} ($1)"
	[[ " ${guard[*]} " != *" --module require "* ]] || module_loaded || return 1
	# shellcheck disable=SC2016 # expanded in the machine
	on rex bash -c 'printf "[reclaims]\noriginal-keeps = %s\n" "$0" >/run/guard.conf' "$keeps"
	start_in rex guard "$RG" run --config /run/guard.conf "${guard[@]}"
	await 60 "the guard to be alive" guard_alive || return 1
	[[ -n ${recording-} ]] || return 0
	start_in rex trace "$RG" trace --record "$recording"
	await 60 "the recording to begin" on rex grep -qs '"event":"GATE"' "$recording"
}

# Of the kernel that runs there. Each boot needs it anew.
module_loaded() {
	# shellcheck disable=SC2016 # expanded in the machine
	do_or_fail "the kernel module" on rex bash -c '[[ -d /sys/module/reexport_guard ]] ||
		insmod "$0/build/kmod-$(uname -r)/reexport_guard.ko"' "$recovery_repo"
}

# The local application has tried for every lock twice since, or has them all.
thief_tried() {
	await 120 "the local application to have tried for every lock" \
		thief_round_from "$(thief_round)"
}
thief_round() { on "$thief_on" bash -c 'grep -c ^round /run/thief.out'; }
thief_round_from() { own_turn_over || (($(thief_round) >= $1 + 2)); }

# ---- The original server ----

# In place of the local application another client of the original server goes for the locks,
# from before the power cut on: a network namespace of that machine, with a host name of its own. Another application
# there, the bystander, locks and unlocks a file that nobody else has.
other_client_starts() {
	on origin bash -ec 'ip netns add other
		ip link add o-other type veth peer name other-o netns other
		ip addr add 10.77.3.1/24 dev o-other
		ip link set o-other up
		ip -n other addr add 10.77.3.2/24 dev other-o
		ip -n other link set lo up
		ip -n other link set other-o up' || return 1
	# shellcheck disable=SC2016 # expanded in the machine
	start_in origin thief ip netns exec other unshare --uts bash -c 'hostname other
		mkdir -p /run/other
		mount -t nfs -o vers=4.2 10.77.3.1:/a /run/other || exit
		rm -f /run/enough
		"$0" pace /run/other/bystander /run/enough >/run/bystander.out 2>&1 &
		exec "$0" grab /run/other/db "$1" 3600' "$LOCKER" "$wants"
	await 60 "another client to have tried" said origin thief '^round 1'
}
bystander_ends() {
	on origin touch /run/enough
	await 60 "the bystander to end" said origin bystander '^longest' || return 1
	bystander_waited=$(on origin sed -n 's/^longest \([0-9.]*\) s .*/\1/p' /run/bystander.out)
	say "another client's lock of a file of its own took $bystander_waited s at most"
}
other_client_ends() {
	# With the bystander, if it is there still: they are one group of processes.
	on origin bash -c '{ kill -KILL -- "-$(</run/thief.pid)"; rm -f /run/thief.pid; } 2>/dev/null
		ip netns del other 2>/dev/null
		[[ ! -d /sys/fs/bpf/reexport-guard-original ]] || "$0" disable --role original' "$RG"
}
role_is_taken() {
	[[ -z $original ]] || do_or_fail "role original" on origin "$RG" enable --role original \
		--mode "$original" --keep-for 5min
}
# Nothing is kept of a client that comes back after its lease, and an emulated machine may boot for longer
# than the 90 s that a real server gives. Before anybody has mounted.
long_lease() {
	# shellcheck disable=SC2016 # expanded in the machine
	do_or_fail "a long lease" on origin bash -c '"$0" knfsd-stop && "$0" forget-clients &&
		"$0" knfsd-start 300 15 3' "$cluster_nfs"
}

# ---- What may happen to it ----

power_is_cut() {
	if [[ $thief_on == origin ]]; then
		role_is_taken && other_client_starts || return 1
	fi
	say "the end client holds $held_before locks; the re-export server loses power"
	power_cut rex
	say "the re-export server boots"
	do_or_fail "the re-export server" boot rex && delegations rex "$delegations" || return 1
	guard_starts "before anything is mounted" || return 1
	guarded && ! gate_of_rex_is closed && failure="the gate is not closed" && return 1
	gate_closed=$(gate_since)
	if [[ $thief_on == origin ]]; then
		say "it mounts the original server, of which another client goes for $wants of these locks"
		do_or_fail "the mount" rex_mount "$under"
		return
	fi
	say "it mounts the original server; a local application goes for $wants of these locks"
	thief_starts
	do_or_fail "the mount" rex_mount "$under" || return 1
	if guarded; then
		await 60 "the local application to be held" thief_held || return 1
		say "the local application is held in its system call"
	else
		await 60 "the local application to have tried" said rex thief '^round 1' || return 1
		say "the local application has $(thief_has) of $wants locks"
	fi
}

# lockd refuses an NFSv3 end client that comes back after its grace period, so
# this must be long enough to tell it; with NFSv4 it would only be in the way. The
# end client must not lock before it is told: sm-notify would take the new record
# of it for an old one and remove it, and the next power cut would not be told.
knfsd_starts() {
	say "knfsd starts; the end client recovers"
	if by_nfsv3; then
		do_or_fail "knfsd" rex_knfsd_start 15 15 15 && do_or_fail "sm-notify" rex_notify &&
			end_client_watched
	else
		# An original server that is mounted by NFSv3 keeps the old locks until it is told.
		[[ ,$under, != *,vers=3,* ]] || do_or_fail "sm-notify" rex_notify || return 1
		end_client_watched && do_or_fail "knfsd" rex_knfsd_start 15 15 3
	fi
}

knfsd_is_restarted() {
	! guarded_later || guard_starts "knfsd is running" || return 1
	say "a local application goes for $wants of the locks that the end client holds"
	thief_starts
	await 60 "the local application to have tried" said rex thief '^round 1' || return 1
	say "knfsd is restarted, without a power cut; the end client recovers"
	# As above: an NFSv3 end client has to be told within lockd's grace period.
	! by_nfsv3 || on_nfs rex lockd-grace 15 || return 1
	do_or_fail "knfsd" rex_knfsd_restart && end_client_watched
}

# knfsd does not start until max-hold is over.
knfsd_is_late() {
	say "knfsd does not start"
	await 180 "the local application to be let go" own_turn_over || return 1
	gate_figures
	gate_seconds=$(seconds_between "$gate_closed" "$(gate_since)")
	say "the gate is open after $gate_seconds s: $gate_why"
}

# ---- What it came to ----

thief_has() { on "$thief_on" grep -c '^got' /run/thief.out; }
seconds_between() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", b - a }'; }
knfsd_started() { on rex cat /run/knfsd-started; }

# When the gate came into its state, by the clock of the re-export server.
gate_since() {
	local since
	guarded || return 0
	since=$(status_of_rex | jq -r '.gates[0].since') && date -d "$since" +%s.%N
}

gate_figures() {
	read -r gate_why held denied proven < <(status_of_rex | jq -r \
		'"\(.gates[0].why) \(.counters.held) \(.counters.denied.total) \(.counters.reclaims.granted.proven)"')
}

# The end client's application writes under each lock. What the local
# application has by then it got while the end client was not done.
end_client_writes() {
	tell cli app write
	await 180 "the end client's writes" said cli app '^written' || return 1
	write_errors=$(on cli sed -n 's/^written, \([0-9]*\) failed/\1/p' /run/app.out)
	read -r survived stolen both neither < <(
		{
			on rex cat /run/stamps.out
			on "$thief_on" cat /run/thief.out
			on cli cat /run/app.out
		} | awk -v n="$n" -v gives_up="$([[ $recover == Y ]] || echo 1)" '
			/^recovered at/ && !recovered { recovered = $3 }
			/^got/ { at[$6 + 0] = $8 }
			/^write byte/ { failed[$3 + 0] = 1 }
			END {
				for (i = 0; i < n; i++) {
					wrote = !(i in failed)
					if (!(i in at)) {
						survived += wrote
						neither += !wrote
					} else {
						both += wrote
						stolen += !gives_up || at[i] < recovered || wrote
					}
				}
				print survived + 0, stolen + 0, both + 0, neither + 0
			}'
	)
	# NFSv4 gives a number, NFSv3 a line for each lock.
	named_lost=$(on cli dmesg | awk '
		/rg: a recovery begins/ { lost = 0 }
		match($0, /lost [0-9]+ locks/) { lost += substr($0, RSTART + 5) }
		/failed to reclaim lock/ { lost++ }
		END { print lost + 0 }')
}

# recovery [--event E] [--delegations on|off] [--wants K] [--under OPTIONS] [--other kept|quiet|lost] N
# MOUNT-OPTIONS RECOVER-LOST-LOCKS [ENABLE-OPTIONS...]: without enable options, without the
# guard. E: power-cut, restart (of knfsd alone), late (a power cut, and knfsd does
# not start until the gate has timed out). K: of the N locks, those that the local
# application goes for (all). OPTIONS: how the re-export server mounts the original
# server (vers=4.2). --other: it is another client of the original server that goes for the locks, which
# has the role original (kept; quiet: in that mode), which the guard asks whether it keeps the locks, or has not
# (lost); of a power cut. Fills in the figures above; fails if there are none.
recovery() {
	local event=power-cut delegations=on under=vers=4.2 n wants='' options recover gate_closed='' figure
	local thief_on=rex original='' keeps=no
	local -a guard
	while [[ $1 == --* ]]; do
		case $1 in
		--event) event=$2 ;;
		--delegations) delegations=$2 ;;
		--wants) wants=$2 ;;
		--under) under=$2 ;;
		--other)
			thief_on=origin
			case $2 in
			kept) original=keep keeps=yes ;;
			quiet) original=quiet keeps=yes ;;
			esac
			;;
		esac
		shift 2
	done
	n=$1 options=$2 recover=$3 guard=("${@:4}")
	wants=${wants:-$n}
	for figure in "${recovery_figures[@]}"; do
		printf -v "$figure" ''
	done

	[[ $thief_on != origin ]] || long_lease || return 1
	say "the end client mounts from the re-export server and takes $n locks"
	locks_taken || return 1
	case $event in
	power-cut) power_is_cut && knfsd_starts ;;
	late) power_is_cut && knfsd_is_late && knfsd_starts ;;
	restart) knfsd_is_restarted ;;
	esac || return 1
	await 180 "the end client to be through with its recovery" end_client_recovered || return 1
	recovered_seconds=$(seconds_between "$(knfsd_started)" \
		"$(on rex sed -n 's/^recovered at //p' /run/stamps.out)")
	say "the end client is through with it, $recovered_seconds s after knfsd's start"
	if guarded; then
		await 180 "the gate to open" gate_of_rex_is open || return 1
		if [[ $event != late ]]; then
			gate_figures
			gate_seconds=$(seconds_between "$(knfsd_started)" "$(gate_since)")
		fi
		say "the gate is open again"
	fi
	thief_tried && end_client_writes || return 1
	say "$survived of $held_before locks survived, $stolen stolen, $write_errors writes failed"
	[[ -z $original ]] || say "reclaims that the guard granted as proven: $proven"
	[[ -z $original ]] || say "role original: $(on origin "$RG" status --role original --json |
		jq -c '.counters | with_entries(select(.value > 0))')"
	tell cli app quit
	await 60 "the other one's turn" own_turn_over || return 1
	own_turn=$wants
	[[ $thief_on == rex ]] || bystander_ends || return 1
	[[ $thief_on == rex ]] || say "the end client is done; the other client has all $wants locks"
	[[ $thief_on != rex ]] || say "the end client is done; the local application has all $wants locks"
}

# Back to where `recovery` starts. Fails if it cannot be done.
recovery_clean() {
	end_in cli app watch
	end_in rex thief stamps trace
	other_client_ends
	on rex bash -c '[[ ! -d /sys/fs/bpf/reexport-guard ]] || "$0" disable
		[[ ! -d /sys/module/reexport_guard ]] || rmmod reexport_guard
		rm -rf /var/lib/reexport-guard/*' "$RG"
	cli_umount && rex_knfsd_stop && rex_umount && rex_forget_clients
}
