#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The command line: exit statuses, idempotence, what a failure leaves behind.

load common

setup_file() { setup_tiers; }
setup() { fresh; }
teardown_file() { fresh; }

links() { bpftool -j link show | jq 'length'; }
progs() { bpftool -j prog show | jq 'length'; }

@test "a path that is not on NFS: exit 1, says what to do, nothing left behind" {
	before=$(links)
	run rg enable --mount /run
	[ "$status" -eq 1 ]
	[[ $output == *"--all"* ]]
	[ ! -e $pins ]
	[ "$(links)" -eq "$before" ]
}

@test "without root: one line, exit 1, nothing touched" {
	for verb in "enable --all" disable status release close run trace top metrics; do
		# shellcheck disable=SC2086 # words
		run in_rex setpriv --reuid 65534 --clear-groups "$RG" $verb
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == *"not permitted"* ]]
	done
	[ ! -e $pins ]
}

# bats test_tags=whole
@test "in another pid namespace: release and disable refuse, since they could not continue held processes" {
	arm --mount $a --action deny
	for verb in release disable "enable --all"; do
		# shellcheck disable=SC2086 # words
		run in_rex unshare -p -f --mount-proc "$RG" $verb
		[ "$status" -ne 0 ]
	done
	[ "$(gate_state)" = closed ]
	run try posix $a/f
	[ "$output" = EAGAIN ]
}

# bats test_tags=whole
@test "a path on another file system below an NFS mount is not that mount" {
	in_rex mkdir -p $a/scratch
	in_rex mount -t tmpfs scratch $a/scratch
	run rg enable --mount $a/scratch
	[ "$status" -eq 1 ]
	in_rex umount $a/scratch
	run rg enable --mount $a/../a
	[ "$status" -eq 2 ]
	[ ! -e $pins ]
}

@test "not enabled: exit 4" {
	for verb in disable status release close; do
		run rg $verb
		[ "$status" -eq 4 ]
	done
	[ "$(json .enabled)" = false ]
}

@test "--dry-run says what would be guarded and touches nothing" {
	run rg enable --mount $a --dry-run
	[ "$status" -eq 0 ]
	[[ $output == *"guard   $a"* ]]
	[[ $output == *"leave   $other"* ]]
	[ ! -e $pins ]
}

@test "no bpffs: exit 3, names the fix" {
	# shellcheck disable=SC2016 # expanded by the inner shell
	run in_rex unshare -m bash -c 'mount -t tmpfs none /sys/fs/bpf && "$0" enable --all' "$RG"
	[ "$status" -eq 3 ]
	[[ $output == *"mount -t bpf"* ]]
	# shellcheck disable=SC2016 # expanded by the inner shell
	run in_rex unshare -m bash -c 'mount -t tmpfs none /sys/fs/bpf && "$0" enable --all --dry-run' "$RG"
	[ "$status" -eq 3 ]
	[[ $output == *"mount -t bpf"* && $output != *"would enable"* ]]
}

@test "wait: until the gate is open, until a timeout, or until there is none any more" {
	run -4 rg wait
	arm --action deny --mount $a
	# The gate is closed: knfsd does not run.
	start=$EPOCHSECONDS
	run -5 rg wait --timeout 2s
	[[ $output == *"still closed after 2 s"* ]]
	((EPOCHSECONDS - start >= 2))
	run -2 rg wait --timeout 0
	background wait "$RG" wait
	background late "$RG" wait --timeout 1h
	run -1 in_rex setpriv --reuid 65534 --clear-groups "$RG" wait
	[[ $output == *root* ]]
	not ended wait
	rg release
	expect_end wait 0 "open: network namespace"
	expect_end late 0 "released by hand"
	run -0 rg wait --timeout 1s
	rg close
	background wait "$RG" wait
	# Two seconds' worth of looks: it waits, and keeps nobody else from the set.
	run -5 rg wait --timeout 2s
	rm $pins/map_meta
	expect_end wait 4 "taken away while this waited"
	arm --action deny --mount $a
	background wait "$RG" wait
	run -5 rg wait --timeout 1s
	# It opens the gate before it takes it away.
	rg disable
	expect_end wait 0 "released by hand"
}

@test "setup: asks, writes, keeps what was there, checks, enables; refuses and changes nothing otherwise" {
	local conf=/run/setup.conf
	in_rex rm -f $conf $conf.*
	run in_rex "$RG" setup --config $conf </dev/null
	[ "$status" -eq 2 ]
	[[ $output == *"use --yes"* ]]
	run rg setup --dry-run --config $conf
	[ "$status" -eq 0 ]
	[[ $output == *"would write $conf"* && $output == *"would enable"* ]]
	not in_rex test -e $conf
	[ ! -e $pins ]
	# No file: a new one, and all in one go.
	run rg setup --yes --config $conf
	[ "$status" -eq 0 ]
	[[ $output == *"$conf: written"* && $output == *"NFSv4 "* ]]
	[[ $output == *"echo 'options nfs recover_lost_locks=1' >/etc/modprobe.d/"* ]]
	[[ $output == *"echo Y >/sys/module/nfs/parameters/recover_lost_locks"* ]]
	[[ $output == *"# /etc/systemd/system/srv-reexport-a.mount"*"Where=$a"* ]]
	[ "$(gate_state)" = closed ]
	[ "$(rg policy check $conf)" = "$conf: no mistakes" ]
	# Answers of somebody at a terminal, one of them wrong; the rest of the file stays.
	in_rex bash -c "printf '# mine\n[gate]\nmax-hold = 5min\n#action = hold\n' >$conf"
	run in_rex bash -c "printf 'deny\nsoon\n20min\nyes\n' |
		script -qec '$RG setup --config $conf' /dev/null"
	[ "$status" -eq 0 ]
	[[ $output == *"soon: expected "* ]]
	[ "$(in_rex cat $conf)" = $'# mine\n[gate]\nmax-hold = 20min\naction = deny' ]
	[ "$(in_rex bash -c "cat $conf.*Z")" = $'# mine\n[gate]\nmax-hold = 5min\n#action = hold' ]
	[ "$(json '.gates[0].action')" = deny ]
	[ "$(json '.gates[0].max_hold_seconds')" = 1200 ]
	# A "no" to the last question, and an end of the answers, change nothing.
	run in_rex bash -c "printf 'hold\n15min\nno\n' | script -qec '$RG setup --config $conf' /dev/null"
	[ "$status" -eq 0 ]
	[[ $output == *"Nothing was changed."* ]]
	run in_rex bash -c "script -qec '$RG setup --config $conf' /dev/null </dev/null"
	[ "$status" -eq 1 ]
	[ "$(in_rex bash -c "ls $conf.*" | wc -l)" -eq 1 ]
	[ "$(json '.gates[0].action')" = deny ]
	in_rex bash -c "echo 'actoin = hold' >>$conf"
	run rg setup --yes --config $conf
	[ "$status" -eq 1 ]
	[[ $output == *"no such key"*"nothing was changed"* ]]
	in_rex bash -c "rm $conf $conf.*"
}

@test "status --json has the documented schema" {
	arm --mount $a --action deny
	try posix $a/f || true
	json . >"$work/status.out"
	local keys missing
	keys=(.schema .verdict.protection .verdict.text .verdict.if_power_is_lost.outcome .verdict.if_power_is_lost.text .verdict.if_power_is_lost.locks_lost .verdict.if_power_is_lost.locks_unknown .verdict.if_power_is_lost.locks_reclaimable .held_files_not_looked_for .pins_put_back .protect.state .protect.refused.total .writes_failed .disk_waits_seconds .version .armed_by_version .enabled .rungs.file_lock .canary_ms .reboot \
		.regime.nfs4_locks .regime.nlm_locks .regime.changed \
		.recorder.state .recorder.unrecorded .nfsv3_notices.waiting .nfsv3_notices.told .nfsv3_notices.failed .daemon.alive .daemon.pid .gates[0].netns .gates[0].state .gates[0].since \
		.gates[0].since_seconds .gates[0].why .gates[0].why_text .gates[0].release \
		.gates[0].action .gates[0].scope .gates[0].knfsd.state .gates[0].knfsd.generation \
		.gates[0].lockd .gates[0].which .gates[0].max_hold_seconds \
		.gates[0].settle_timeout_seconds .gates[0].settle_quiet_seconds \
		.gates[0].on_origin_no_grace .gates[0].forward .gates[0].only_client .gates[0].original_keeps .gates[0].let_in .gates[0].rehearsed \
		.module.state .module.text .counters.reclaims.granted.unproven .counters.reclaims.granted.proven \
		.counters.reclaims.not_granted .counters.reclaims.refused.total .gates[0].refused .gates[0].awaited \
		.gates[0].clients .counters.exempted .counters.denied.io_uring .counters.denied.continued_by_others .wrappers \
		.counters.wrappers_stopped .counters.wrappers_continued .counters.untold .counters.untold_clients .counters.evicted .counters.fanotify .mounts[0].path .mounts[0].device \
		.mounts[0].source .mounts[0].netns .held .counters.held .counters.held_again \
		.counters.denied.total .counters.denied.policy .counters.denied.no_daemon \
		.counters.denied.table_full .counters.denied.cannot_stop .counters.audited \
		.counters.released.total '.counters.released["grace-started"]' \
		.counters.timed_out .counters.exited .counters.interrupted .rungs.hold .counters.helper_failures.total .counters.skipped.total)
	# One jq for all: each is a second of an emulated machine.
	missing=$(IFS=, && jq "[${keys[*]}] | map(. == null) | index(true)" "$work/status.out")
	[[ $missing == null ]] || {
		echo "${keys[missing]} is missing"
		false
	}
	[ "$(jq -r '[.mounts[0].source, .counters.denied.policy] | join(" ")' "$work/status.out")" = "origin:/a 1" ]
}

@test "a second enable changes the policy, and leaves no gap" {
	arm --mount $a --action deny
	# shellcheck disable=SC2016 # expanded in the tier
	background prober bash -c 'n=0; while [[ ! -e /run/stop-prober ]]; do
		got=$("$0" try posix "$1" 2>&1) || true
		[[ $got == EAGAIN ]] || echo "not kept out: $got"; n=$((n + 1)); done; echo "tries $n"' \
		"$LOCKER" $a/f
	for i in 1 2 3 4 5; do
		rg enable --mount $a --scope locks --action deny --release settled >/dev/null
		rg enable --all --scope locks --action deny >/dev/null
		rg enable --mount $a --scope locks --action deny --max-hold $((900 + i))s >/dev/null
	done
	in_rex touch /run/stop-prober
	expect_end prober 0 tries
	in_rex rm /run/stop-prober
	run grep "not kept out" "$work/prober.out"
	[ "$output" = "" ]
	[ "$(json '.gates | length')" -eq 1 ]
	[ "$(json '.gates[0].max_hold_seconds')" -eq 905 ]
}

# bats test_tags=whole
@test "at boot nothing has loaded nfsv4: enable does" {
	knfsd_start rex
	cli_umount
	knfsd_stop rex
	tier_nfs rex rex-umount
	modprobe -r nfsv4
	[ ! -e /sys/module/nfsv4 ]
	arm --all --action deny
	[ -e /sys/module/nfsv4 ]
	rg disable
	rex_mount
	rex_mount_other
}

@test "--all guards every NFS mount, those to come included" {
	arm --all --action deny
	for file in $a/f $other/f; do
		run try posix $file
		[ "$output" = EAGAIN ]
	done
	run try posix /run/f
	[ "$output" = granted ]
	in_rex mkdir -p /srv/elsewhere
	in_rex mount -t nfs -o vers=4.2,nosharecache origin:/b /srv/elsewhere
	run try posix /srv/elsewhere/f
	[ "$output" = EAGAIN ]
	in_rex umount /srv/elsewhere
	[ "$(json '[.mounts[].path] | sort | join(",")')" = $other,$a ]
	# And back to one of them.
	arm --mount $a --action deny
	run try posix $other/f
	[ "$output" = granted ]
	run try posix $a/f
	[ "$output" = EAGAIN ]
}

@test "enable --netns arms the gate of another network namespace" {
	"$RG" enable --netns /run/tiers/rex.net --all --scope locks --action deny
	[ "$(json '.gates[0].netns')" = "$(in_rex stat -Lc %i /proc/self/ns/net)" ]
	run try posix $a/f
	[ "$output" = EAGAIN ]
	rg disable
	for named in nobody /etc/passwd 999; do
		run "$RG" enable --netns $named --all
		[ "$status" -eq 1 ]
		[ ! -e $pins ]
	done
}

# A network namespace that only its mount holds. The kernel gives the lowest number that is free.
hold_netns() {
	: >>"$work/net"
	unshare --net="$work/net" true
}
netns_is() {
	hold_netns
	[[ $(stat -Lc %i "$work/net") == "$1" ]] || { umount "$work/net" && false; }
}
is_inside() { [[ $(stat -Lc %i "/proc/$(pid_of inside)/ns/net") == "$number" ]]; }
gates_are() { [[ $("$RG" status --json 2>/dev/null | "$JGET" '#/gates') == "$1" ]]; }

@test "a gate goes with its network namespace, and is not that of the next one with its number" {
	local number policy=(--all --scope locks --action deny)
	umount "$work/net" 2>/dev/null || true # of an earlier run
	hold_netns
	number=$(stat -Lc %i "$work/net")
	"$RG" enable --netns "$work/net" "${policy[@]}"
	umount "$work/net"
	wait_for 60 "the number $number to be used again" netns_is "$number"
	# A process is in the next one, which its number leads to as well.
	background inside nsenter --net="/proc/1/root$work/net" sleep 300
	wait_for 10 "a process in the namespace" is_inside
	for net in "$work/net" "$number"; do
		run "$RG" release --netns "$net"
		[ "$status" -eq 1 ]
		[[ $output == *"network namespace $number: has no gate"* ]]
	done
	kill -KILL "$(pid_of inside)"
	expect_end inside 137
	"$RG" enable --netns "$work/net" "${policy[@]}"
	gates_are 1
	"$RG" release --netns "$work/net"
	[ "$(json '.gates[0].why')" = released-by-hand ]
	# nobody enables there again: the daemon takes the gate away
	rg enable "${policy[@]}"
	daemon_start
	gates_are 2
	umount "$work/net"
	wait_for 60 "the gate to go" gates_are 1
	[ "$(json '.gates[0].netns')" = "$(in_rex stat -Lc %i /proc/self/ns/net)" ]
	[[ $(output_of daemon) == *"network namespace $number: is gone, and its gate with it"* ]]
}

@test "output that cannot be written is a failure" {
	arm --mount $a --action deny
	run in_rex bash -c '"$0" status >/dev/full' "$RG"
	[ "$status" -eq 1 ]
}

# bats test_tags=whole
@test "locks that local applications hold at enable are named" {
	talk other "$LOCKER" unlock posix $a/f
	wait_said other ^locked
	run rg enable --mount $a --action deny
	[ "$status" -eq 0 ]
	[[ $output == *"already holds a lock"* ]]
}

@test "disable leaves nothing pinned, attached or stopped" {
	links=$(links)
	progs=$(progs)
	arm_hold --mount $a
	held_try one posix $a/f
	[ "$(links)" -gt "$links" ]
	rg disable
	expect_end one 0 granted
	expect_end daemon 0
	[ ! -e $pins ]
	[ "$(links)" -eq "$links" ]
	wait_for 10 "the programs to be freed" progs_are "$progs"
	nobody_stopped
}
progs_are() { [[ $(progs) == "$1" ]]; }

# bats test_tags=whole
@test "many at once: enable and disable never meet half way" {
	for i in 1 2 3; do
		background enable$i "$RG" enable --mount $a --action deny
		background disable$i "$RG" disable
		background again$i "$RG" enable --all --action deny --release settled
	done
	for i in 1 2 3; do
		expect_end enable$i 0 "" 60
		expect_end again$i 0 "" 60
		wait_for 60 "disable" ended disable$i
		[[ $(status_of disable$i) == [04] ]]
	done
	run rg status
	[[ $status == [04] ]]
	fresh
	[ ! -e $pins ]
}

# bats test_tags=whole
@test "enable killed half way: the next one clears up" {
	for delay in 0.05 0.1 0.2 0.3 0.4 0.5; do
		in_rex timeout -s KILL $delay "$RG" enable --mount $a --scope locks --action deny || true
		run rg enable --mount $a --scope locks --action deny
		[ "$status" -eq 0 ]
		run try posix $a/f
		[ "$output" = EAGAIN ]
		rg disable
	done
}

# The first word of map_meta is the pins version.
meta_bytes() { bpftool -j map dump pinned $pins/map_meta | jq -r '.[0].value | join(" ")'; }
set_pins_version() {
	local -a bytes
	read -ra bytes < <(meta_bytes)
	bytes[0]=$1
	bpftool map update pinned $pins/map_meta key 0 0 0 0 value "${bytes[@]}"
}

# bats test_tags=whole
@test "pins of another version are left alone by whatever cannot use them, and can be replaced" {
	arm --mount $a --action deny
	set_pins_version 0x63
	for verb in "policy reload" trace "top --once" metrics; do
		# shellcheck disable=SC2086 # words
		run rg $verb
		[ "$status" -eq 1 ]
		[[ $output == *"another version"* ]]
	done
	run try posix $a/f
	[ "$output" = EAGAIN ]
	[ "$(json .other_pins_version)" = 99 ]
	run rg enable --mount $a --scope locks --action deny
	[ "$status" -eq 0 ]
	[[ $output == *"another version"*"replacing"* && $output == *"set replaced"* ]]
	run try posix $a/f
	[ "$output" = EAGAIN ]
	[ "$(json .other_pins_version)" = null ]
	rg disable
	[ ! -e $pins ]
}

@test "a set that is not whole: each map is opened on its own, and held processes go on" {
	arm_hold --mount "$a"
	held_try one posix "$a/f"
	# One that has more files open than are looked at is shown by its inode, and said.
	# shellcheck disable=SC2016 # expanded in the tier
	held_try many posix "$a/f" bash -c \
		'for i in {3..299}; do eval "exec $i</dev/null"; done; exec "$@"' many
	[ "$(json .held_files_not_looked_for)" -eq 1 ]
	[ "$(json '[.held[] | select(.file | endswith("/f"))] | length')" -eq 1 ]
	[ "$(json '[.held[] | select(.file | contains(" inode "))] | length')" -eq 1 ]
	run rg status -v
	[[ $output == *"1 with more open files than are looked at"* ]]
	kill -KILL "$(pid_of many)"
	wait_held 1
	kill -KILL "$(pid_of daemon)"
	# A table that is not there, and not even the records of the held.
	rm $pins/map_gate_of $pins/map_held
	run rg disable
	[ "$status" -eq 0 ]
	[[ $output == *"1 held process continued"* ]]
	expect_end one 0 granted
	[ ! -e $pins ]
	nobody_stopped

	# No descriptors to open it with say nothing of the set.
	arm --mount "$a" --action deny
	run in_rex bash -c "ulimit -n 12; exec $RG enable --mount $a --action deny"
	[ "$status" -eq 1 ]
	run try posix "$a/f"
	[ "$output" = EAGAIN ]

	# What is not ours is left alone, said, and ends nothing.
	in_rex mkdir $pins/others
	run rg disable
	[ "$status" -eq 0 ]
	[[ $output == *"not reexport-guard's"* ]]
	run rg status
	[ "$status" -eq 4 ]
	rg enable --mount "$a" --action deny
	in_rex rmdir $pins/others
	rg disable
	[ ! -e $pins ]
}

# bats test_tags=whole
@test "a process that has the lock keeps no gate shut" {
	arm --mount "$a" --action deny
	background holder flock -F $pins sleep 3000
	wait_for 10 "the lock" lock_is_taken
	run in_rex timeout 60 "$RG" release
	[ "$status" -eq 0 ]
	run try posix "$a/f"
	[ "$output" = granted ]
	run in_rex timeout 200 "$RG" close
	[ "$status" -eq 1 ]
	[[ $output == *"process $(pid_of holder) (sleep) has it locked"* ]]
	kill "$(pid_of holder)"
}
lock_is_taken() { ! in_rex flock -n $pins true; }

@test "metrics and top: what is enabled; status 4 when nothing is" {
	run rg metrics
	[ "$status" -eq 4 ]
	[[ $output == *$'\nreexport_guard_enabled 0\n'* ]]
	run rg top --once
	[ "$status" -eq 4 ]
	[ "${#lines[@]}" -eq 1 ]

	arm --mount $a --action deny
	run rg metrics
	[ "$status" -eq 0 ]
	[[ $output == *$'\nreexport_guard_enabled 1\n'* ]]
	[[ $output == *'gate_state{netns="'*'",state="closed"} 1'* ]]
	[ "${lines[-1]}" = "# EOF" ]
	run rg metrics --format prometheus
	[ "$status" -eq 0 ]
	[[ $output != *"# EOF"* ]]
	run rg top --once
	[ "$status" -eq 0 ]
	[[ $output == *"gate "*"  closed "*"knfsd is not running"* ]]
	[[ $output != *$'\033'* ]]
	for bad in "metrics --format json" "top --interval 0" "top --interval 2h"; do
		# shellcheck disable=SC2086 # words
		run rg $bad
		[ "$status" -eq 2 ]
	done
}

# ---- what the kernel does with end clients' locks ----

# regime_of OPTIONS: what an end client's lock really gets, mounted with these.
regime_of() {
	local got
	cli_mount "$1"
	got=$(tier cli timeout 90 "$LOCKER" try posix /mnt/a/f) || true
	cli_umount
	case $got in
	granted) echo forwarded ;;
	ENOLCK | "errno 524"*) echo refused ;; # by NFSv3, by NFSv4
	*) echo "the end client's lock: $got" ;;
	esac
}

# counted REGIME PROTOCOL: was such a LOCK seen?
counted() {
	bpftool -j map dump pinned $pins/map_flow_totals |
		jq "[.. | .locks_$1? // empty | .[$2]] | add > 0"
}

# bats test_tags=whole
@test "status says what an end client's lock gets, by NFSv4 and by NFSv3" {
	run rg enable --mount $a --action deny
	[ "$status" -eq 0 ]
	nfs4=$(json .regime.nfs4_locks) nlm=$(json .regime.nlm_locks)
	[[ $output == *"of end clients: NFSv4 $nfs4, NLM $nlm"* ]]
	want_skip
	knfsd_start rex 10 10 3
	got4=$(regime_of vers=4.2) got3=$(regime_of vers=3)
	echo "at first: NFSv4 $nfs4, NLM $nlm; the end client: $got4, $got3"
	# NFSv4 before any lock; NLM then too, or not known
	[ "$nfs4" = "$got4" ]
	[ "$nlm" = "$got3" ] || [ "$nlm" = unknown ]
	[ "$nfs4" = refused ] || [ "$nlm" = forwarded ]
	# what was seen says the same, and it was seen
	[ "$(counted "$got4" 0)" = true ]
	[ "$(counted "$got3" 1)" = true ]
	[ "$(json '.regime | [.nfs4_locks, .nlm_locks, .changed] | tostring')" = \
		"[\"$got4\",\"$got3\",[]]" ]
	run rg status -v
	[[ $output == *$'\n'"locks    of end clients: NFSv4 $got4, NLM $got3"$'\n'* ]]
	rg check --json >"$work/check.out" || [ $? -eq 1 ]
	[ "$(found NFSv4)" = "$got4" ]
	[ "$(found NLM)" = "$got3" ]
	run rg metrics
	[[ $output == *"lock_regime{protocol=\"nfs4\",regime=\"$got4\"} 1"* ]]
	[[ $output == *"lock_regime{protocol=\"nlm\",regime=\"$got3\"} 1"* ]]
	rg trace --json --duration 1s >"$work/trace.out"
	[ "$(jq -rs '.[0].regime | [.nfs4_locks, .nlm_locks] | @tsv' "$work/trace.out")" = \
		"$got4"$'\t'"$got3" ]
}

# found PROTOCOL: what `check` says of it.
found() {
	jq -r --arg object "$1" '.findings[] | select(.id == "regime" and .object == $object) |
		{ok: "forwarded", warning: "refused"}[.severity] // .severity' "$work/check.out"
}

# bats test_tags=whole
@test "a kernel that does otherwise than the last one is said" {
	arm --mount $a --action deny
	now=$(json .regime.nfs4_locks)
	rg disable
	[[ $now == forwarded ]] && before=refused || before=forwarded
	nlm='"nlm_locks": {"regime": "unknown", "kernel": ""}'
	nothing="{\"nfs4_locks\": {\"regime\": \"unknown\", \"kernel\": \"\"}, $nlm}"
	printf '{"version": 1, "boot_id": "another", "now": {"nfs4_locks": {"regime": "%s",
		"kernel": "0.0-last"}, %s}, "before": %s}' "$before" "$nlm" "$nothing" |
		in_rex tee /var/lib/reexport-guard/regime.json >/dev/null
	text="NFSv4 locks of end clients are $now; kernel 0.0-last $before them"
	run rg enable --mount $a --action deny
	[ "$status" -eq 0 ]
	[ "$(grep -c "$text" <<<"$output")" -eq 1 ]
	run rg status -v
	[[ $output == *"changed  $text"* ]]
	[ "$(json '.regime.changed | length')" -eq 1 ]
	# the daemon takes it up, and says it once
	daemon_start
	kept() { [[ $(in_rex jq -r "$1" /var/lib/reexport-guard/regime.json) == "$2" ]]; }
	wait_for 20 "the daemon to write the regime" kept .now.nfs4_locks.regime "$now"
	kept .now.nfs4_locks.kernel "$(uname -r)"
	kept .before.nfs4_locks.kernel 0.0-last
	[ "$(grep -c "$text" "$work/daemon.out")" -eq 1 ]
	run rg status -v
	[[ $output == *"changed  $text"* ]]
}
