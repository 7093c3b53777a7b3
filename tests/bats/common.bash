# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For the suites that run inside the machine of three tiers. Sourced by `load`.

repo=$(readlink -f "${BATS_TEST_DIRNAME:?}/../..")
# shellcheck source=tests/vm/tiers.bash
. "$repo/tests/vm/tiers.bash"

RG=${RG:-$repo/build/reexport-guard}
LOCKER=$repo/build/tests/helpers/locker
JGET=$repo/build/tests/helpers/jget
TOGGLE=$repo/build/tests/helpers/toggle
TRACER=$repo/build/tests/helpers/tracer
WATCHER=$repo/build/tests/helpers/watcher
STRANGER=$repo/build/tests/helpers/stranger
pins=/sys/fs/bpf/reexport-guard
a=/srv/reexport/a # re-exported
other=/srv/other  # an NFS mount that is not
work=/run/bats    # in the machine; every tier sees it by /proc/1/root

# The rung that this machine was booted for: `rg.rung=kprobe` on its command line.
forced=()
read -r cmdline </proc/cmdline
[[ ! $cmdline =~ rg\.rung=([a-z_]+) ]] || forced=(--force-rung "${BASH_REMATCH[1]}")

# The program in the tier of the re-export server.
rg() {
	if [[ ${1-} == enable ]]; then
		set -- enable "${forced[@]}" "${@:2}"
	fi
	tier rex "$RG" "$@"
}
in_rex() { tier rex "$@"; }

# untraced: bats has bash call a function before every command, to know the line of one
# that fails, and bash takes a hundred times as long for it. From here on, until the test
# ends, it is called before the test's own commands only, and no more within what these
# call: a failure there is told of the line of the test. (set -T is inherited at a call.)
# To be called by setup and setup_file before all else; fresh and setup_tiers do.
untraced() { set +T; }

# not COMMAND...: it must fail. A line that begins with ! is exempt from errexit, so it fails no test
# unless it is the last one; `make lint` refuses it. Of a pipeline: not grep WORD <<<"$(COMMAND)".
not() { ! "$@"; }

# A file for locks on both NFS mounts, and on a file system that is not NFS.
setup_tiers() {
	untraced
	tiers_up 10 10
	rex_mount
	rex_mount_other
	in_rex bash -c "for f in $a/f $a/g $other/f /run/f; do : >>\$f; done"
	mkdir -p "$work"
	! on_sleep || load_module
}

# Was this machine booted for the rung sleep (rg.rung=sleep), on which nobody is stopped?
on_sleep() { [[ ${forced[1]-} == sleep ]]; }

# The module reexport_guard, of this kernel (lab module).
module=$repo/build/kmod-$(uname -r)/reexport_guard.ko
load_module() { [[ -d /sys/module/reexport_guard ]] || insmod "$module"; }

# Nothing enabled, knfsd of the re-export server off, no daemon, no helper.
fresh() {
	local pid
	untraced
	for pid in "$work"/*.pid; do
		[[ -e $pid ]] || continue
		kill -KILL "$(<"$pid")" 2>/dev/null || true
		kill -CONT "$(<"$pid")" 2>/dev/null || true
		rm -f "$pid"
	done
	if [[ -d $pins || -d $pins-beside ]]; then
		rg disable >/dev/null 2>&1 || true
	fi
	! knfsd_running rex || knfsd_stop rex
	in_rex bash -c 'rm -rf /var/lib/reexport-guard/*'
	rm -f "$work"/*.out "$work"/*.in
}

# For a teardown: what a failed test left mounted at the end client, and pulled out.
tidy_cli() {
	cable cli up
	[[ -n ${BATS_TEST_COMPLETED-} ]] || tier cli umount -l /mnt/a 2>/dev/null || true
}

# background NAME COMMAND...: in the tier rex; output in $work/NAME.out, pid in
# $work/NAME.pid. Killed by the next `fresh`.
background() {
	local name=$1 input=/dev/null fd
	shift
	[[ ! -p $work/$name.in ]] || input=$work/$name.in
	rm -f "$work/$name.rc"
	: >"$work/$name.pid"
	(
		# The shell that waits for the command has copies of bats' output, made
		# when bats called the test: bats would not end before it.
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			((fd < 3 || fd == 255)) || exec {fd}>&-
		done
		# shellcheck disable=SC2016 # expanded in the tier
		in_rex setsid bash -c 'echo $$ >&4; exec 4>&-; exec "$@"' _ "$@" \
			>"$work/$name.out" 2>&1 0<>"$input" 4>"$work/$name.pid" && rc=0 || rc=$?
		echo "$rc" >"$work/$name.rc"
	) &
	wait_for 30 "$name to be started" test -s "$work/$name.pid"
}

# talk NAME COMMAND...: in the background, its standard input a FIFO that it
# has open for both: no end has to wait for the other, or to be kept open here.
talk() {
	mkfifo "$work/$1.in"
	background "$@"
}
# tell NAME [LINE]; said NAME REGEX; wait_said NAME REGEX [SECONDS]
tell() { printf '%s\n' "${2-go}" 1<>"$work/$1.in"; }
said() {
	local line
	while read -r line; do
		[[ ! $line =~ $2 ]] || return 0
	done <"$work/$1.out"
	return 1
}
wait_said() {
	wait_for "${3:-20}" "$1 to say $2; it said: $(output_of "$1")" said "$1" "$2"
}
pid_of() { cat "$work/$1.pid"; }

# ended NAME; and what it ended with.
ended() { [[ -s $work/$1.rc ]]; }
status_of() { cat "$work/$1.rc"; }
output_of() { cat "$work/$1.out"; }
# expect_end NAME STATUS [OUTPUT]: wait for it, compare.
expect_end() {
	wait_for "${4:-30}" "$1 to end; it said: $(output_of "$1")" ended "$1" || return 1
	if [[ $(status_of "$1") != "$2" || (-n ${3-} && $(output_of "$1") != *"$3"*) ]]; then
		printf '%s: status %s, expected %s; it said: %s\n' "$1" "$(status_of "$1")" "$2" \
			"$(output_of "$1")"
		return 1
	fi
}

# ---- what status says ----

# json .a.b[0].c: a plain path goes to jget, which starts quicker; all else to jq.
json() {
	local pointer=$1 plain='^(\.[a-z_]+|\[[0-9]+\]|\["[a-z-]+"\])+$'
	if [[ $1 =~ $plain ]]; then
		pointer=${pointer//'["'/.}
		pointer=${pointer//'"]'/}
		pointer=${pointer//'['/.}
		pointer=${pointer//']'/}
		rg status --json 2>/dev/null | "$JGET" "${pointer//./\/}"
	else
		rg status --json 2>/dev/null | jq -r "$1"
	fi
}
gate_state() { json '.gates[0].state'; }
gate_is() { [[ $(gate_state) == "$1" ]]; }
wait_gate() { wait_for "${2:-30}" "the gate to be $1" gate_is "$1"; }
held_count() { rg status --json 2>/dev/null | "$JGET" '#/held'; }
held_is() { [[ $(held_count) == "$1" ]]; }
wait_held() { wait_for "${2:-20}" "$1 held threads" held_is "$1"; }
counter() { json ".counters.$1"; }
# counters_are NAME=NUMBER..., gate_has NAME=VALUE...: several with one look.
counters_are() { values_are /counters/ "$@"; }
gate_has() { values_are /gates/0/ "$@"; }
# values_are PREFIX NAME=VALUE...
values_are() {
	local pointers=("${@%%=*}") got
	pointers=("${pointers[@]:1}")
	pointers=("${pointers[@]/#/$1}")
	shift
	got=$(paste -d = <(printf '%s\n' "${@%%=*}") \
		<(rg status --json 2>/dev/null | "$JGET" "${pointers[@]//.//}"))
	[[ $got == "$(printf '%s\n' "$@")" ]] || {
		printf 'expected:\n%s\ngot:\n%s\n' "$(printf '%s\n' "$@")" "$got"
		return 1
	}
}
# Elements of the pinned map NAME, without asking the program.
map_size() { bpftool map dump pinned "$pins/map_$1" | grep -c '"key":' || true; }
map_is() { [[ $(map_size "$1") == "$2" ]]; }
# Nobody is held, by the program's word and by the maps themselves.
# Does the kernel preempt its own threads (docs/kernel.md, Preemption)?
modes=/sys/kernel/debug/sched/preempt # "none (voluntary) full", "full (lazy)"
preempts() {
	mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
	[[ $(<$modes) != *"(none)"* && $(<$modes) != *"(voluntary)"* ]]
}

# How many tracing programs are kprobes with nothing in their way: those at functions, where
# the kernel would skip them and kprobes see every return.
traced_by_kprobe() {
	if preempts && grep -q ' fprobe_fgraph_entry$' /proc/kallsyms; then echo 24; else echo 0; fi
}

# replace_link NAME: the program is attached no longer, though the set seems whole.
replace_link() {
	local id
	id=$(bpftool -j link show pinned $pins/link_super_gone | jq .id)
	rm "$pins/$1"
	bpftool link pin id "$id" "$pins/$1"
}

no_record() { held_is 0 && map_is held 0 && map_is holding 0; }
nothing_left() {
	# Where the end of a thread may go unseen, the daemon looks for those that are gone.
	! preempts || wait_for 15 "the records to go" no_record || true
	! no_record || return 0
	rg status --json | jq -c .held
	bpftool map dump pinned "$pins/map_holding"
	return 1
}

# Enables with the shortest way to an open gate, unless told otherwise: scope locks, where
# the default is opens on kernels that hand out write delegations; release grace-start,
# where the default is settled. With a daemon when the action is hold.
#
# A suite that is about the gate alone says untraced_gate=yes: no tracing program is loaded
# then, which is more than half of what enabling and disabling take. A test of it that asks
# for what these see calls `arm` with untraced_gate= before it.
arm() {
	local more=()
	[[ " $* " == *" --scope "* ]] || more+=(--scope locks)
	[[ " $* " == *" --release "* ]] || more+=(--release grace-start)
	[[ -z ${untraced_gate-} || -d $pins ]] || more+=(--force-without tracing)
	rg enable "${more[@]}" "$@" >/dev/null 2>"$work/enable.err" || {
		cat "$work/enable.err"
		return 1
	}
}
# daemon_within: seconds, in a suite with more to be gone through (20).
daemon_start() {
	background daemon "$RG" run "$@"
	wait_for "${daemon_within:-20}" "the daemon to be alive: $(output_of daemon)" daemon_alive
}
daemon_alive() { [[ $(json .daemon.alive) == true ]]; }
# daemon_looks SECONDS: until it has been through everything that it looks at,
# once, so long after its last heartbeat. It renews that when it begins to look:
# with the next one it is through.
daemon_looks() {
	local late=$(($(heartbeat) + $1 * 1000000000))
	wait_for $((30 + $1)) "the daemon to look in $1 s" beat_from "$late"
	wait_for 30 "the daemon to be through" beat_from $(($(heartbeat) + 1))
}
heartbeat() {
	bpftool map dump pinned $pins/map_live | sed -n 's/.*"heartbeat_ns": \([0-9]*\).*/\1/p'
}
beat_from() { (($(heartbeat) >= $1)); }
arm_hold() {
	arm --action hold "$@"
	daemon_start
}

# ---- asking for locks as a local application ----

# try KIND FILE: prints what came of it; the helper's status.
try() { in_rex "$LOCKER" try "$@"; }

# wait_answered nfs4|nlm: until the lock of an end client that has mounted is granted, or
# refused where this kernel has none through a re-export, as status says.
wait_answered() {
	wait_for 30 "an answer to the end client's lock, by $1" end_client_answered "$1" || {
		echo "it got: $(<"$work/answer"); status says: $(json .regime)"
		return 1
	}
}
end_client_answered() {
	local got
	got=$(tier cli "$LOCKER" try posix /mnt/a/f 2>&1) || true
	echo "$got" >"$work/answer"
	case $got in
	granted) [[ $(json ".regime.$1_locks") == forwarded ]] ;;
	ENOLCK | "errno 524"*) [[ $(json ".regime.$1_locks") == refused ]] ;; # NLM, NFSv4
	*) return 1 ;;
	esac
}

# held_try NAME KIND FILE [BY...]: one that must be held, in the background; BY
# is a command that runs it.
held_try() {
	local before
	before=$(held_count)
	background "$1" "${@:4}" "$LOCKER" try "$2" "$3"
	wait_for 20 "$1 to be held; it said: $(output_of "$1")" held_is $((before + 1))
}

# is_held PID: by its state: stopped, or asleep.
is_held() { if on_sleep; then is_state "$1" S; else is_state "$1" T; fi; }

# somebody_continues PID, who is held. One that sleeps notices if it was stopped before.
somebody_continues() {
	if on_sleep; then
		kill -STOP "$1"
		wait_for 20 "a stop" is_state "$1" T
	fi
	kill -CONT "$1"
}

# is_state PID LETTERS: by /proc/PID/status.
is_state() { grep -q "^State:[[:space:]]*[$2]" "/proc/$1/status"; }

# No process of the machine is stopped.
nobody_stopped() {
	! grep -ls '^State:[[:space:]]*T' /proc/[0-9]*/status 2>/dev/null
}

# ---- knfsd ----

# The next start of knfsd has a grace period: an end client is on record.
want_grace() {
	knfsd_running rex || knfsd_start rex
	tiers_make_client_known
	knfsd_stop rex
}

want_skip() {
	! knfsd_running rex || knfsd_stop rex
	knfsd_forget_clients rex
}

end_grace_by_hand() { in_rex bash -c 'echo Y >/proc/fs/nfsd/v4_end_grace'; }
