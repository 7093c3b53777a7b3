#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Those who only look: metrics, top, trace and report on a kernel. What they say is
# what status says; how they begin, are refused and end.

load common

setup_file() { setup_tiers; }
setup() { fresh; }
teardown() { cable cli up; }
teardown_file() {
	fresh
	# An end client does not unmount what is not there.
	want_skip
	knfsd_start rex 15 15 3
	cli_umount
	knfsd_stop rex
}

# knfsd is in grace, and stays so: its one end client cannot come back.
long_grace() {
	want_grace
	cable cli down
	knfsd_start rex 90 90 3
}

# ---- metrics ----

metrics() { rg metrics >"$work/metrics.txt" 2>"$work/metrics.err"; }
# value NAME[{LABELS}]: of a sample; nothing: it is not there.
value() { sed -n "s/^reexport_guard_$1 //p" "$work/metrics.txt"; }
# gate_value NAME [LABELS]: of the one gate.
gate_value() { value "$1{netns=\"$ns\"${2:+,$2}}"; }
# Every line is one of OpenMetrics, and the last one its end.
well_formed() {
	local name='[a-zA-Z_:][a-zA-Z0-9_:]*' label
	label='[a-z_]+="([^"\\]|\\.)*"'
	[[ $(tail -n 1 "$1") == "# EOF" ]] || return 1
	run grep -vE "^# (HELP|TYPE|UNIT) $name .+\$|^$name(\{$label(,$label)*\})? -?[0-9.eE+-]+\$" "$1"
	[[ $output == "# EOF" ]]
}
# Gate and counters, by metrics and by status.
agree() {
	local state why max starts knfsd denied audited tracers
	metrics
	well_formed "$work/metrics.txt"
	rg status --json >"$work/status.json"
	# One jq: each is a second of an emulated machine.
	read -r ns state why max starts knfsd denied audited tracers < <(jq -r '.gates[0] as $gate |
		[$gate.netns, $gate.state, $gate.why, $gate.max_hold_seconds, $gate.knfsd.generation,
		$gate.knfsd.state, .counters.denied.policy, .counters.audited, .tracing.tracers] |
		join(" ")' "$work/status.json")
	[ "$(gate_value gate_state "state=\"$state\"")" = 1 ]
	[ "$(grep -c '^reexport_guard_gate_state{.*} 1$' "$work/metrics.txt")" -eq 1 ]
	[ "$(gate_value gate_why_info "why=\"$why\"")" = 1 ]
	[ "$(gate_value gate_max_hold_seconds)" = "$max" ]
	[ "$(gate_value knfsd_starts_total)" = "$starts" ]
	[ "$(gate_value knfsd_state "state=\"$knfsd\"")" = 1 ]
	[ "$(value 'denied_total{reason="policy"}')" = "$denied" ]
	[ "$(value audited_total)" = "$audited" ]
	[ "$(value tracers)" = "$tracers" ]
}

@test "metrics: OpenMetrics to its end, and the gate is what status says it is" {
	arm --mount $a --action deny --release grace-end --max-hold 700s
	for _ in 1 2 3; do
		run try posix $a/f
		[ "$output" = EAGAIN ]
	done
	agree
	[ "$(gate_value gate_state 'state="closed"')" = 1 ]
	[ "$(value 'denied_total{reason="policy"}')" = 3 ]
	[ "$(gate_value gate_max_hold_seconds)" = 700 ]
	long_grace
	agree
	[ "$(gate_value gate_state 'state="grace"')" = 1 ]
	[ "$(gate_value 'grace_active' 'manager="knfsd"')" = 1 ]
	rg release
	agree
	[ "$(gate_value gate_why_info 'why="released-by-hand"')" = 1 ]
}

# bats test_tags=whole
@test "metrics --format prometheus: the same without the end" {
	arm --mount $a --action deny
	rg metrics --format prometheus >"$work/prometheus.txt"
	[ "$(grep -c '^# EOF' "$work/prometheus.txt")" -eq 0 ]
	grep -qx 'reexport_guard_enabled 1' "$work/prometheus.txt"
	metrics
	# How long things have taken differs; which samples there are does not.
	diff <(sed -n 's/^\(reexport_guard[^ ]*\) .*/\1/p' "$work/metrics.txt") \
		<(sed -n 's/^\(reexport_guard[^ ]*\) .*/\1/p' "$work/prometheus.txt")
}

# bats test_tags=whole
@test "run with metrics-dir: a reader of the file finds all of it, or that of before" {
	local prom=/run/views/reexport-guard.prom first last inodes=0
	in_rex mkdir -p /run/views
	in_rex bash -c "printf '[mounts]\nmount = $a\n[daemon]\nmetrics-dir = /run/views\nmetrics-interval = 1s\n' >/run/views.conf"
	daemon_start --config /run/views.conf
	wait_for 20 "the metrics" in_rex test -e $prom
	# The families that come first and last, in each of many readings.
	rg metrics --format prometheus >"$work/all"
	first=$(grep -m 1 '^# HELP' "$work/all")
	last=$(grep '^# HELP' "$work/all" | grep -v prog_run | tail -n 1)
	in_rex bash -c "
		for ((i = 0; i < 300; i++)); do
			text=\$(<$prom) && [[ \$text == *\"\$1\"* && \$text == *\"\$2\"* ]] || exit 1
			stat -c %i $prom
			sleep 0.01
		done" _ "$first" "$last" >"$work/inodes"
	inodes=$(sort -u "$work/inodes" | wc -l)
	[ "$inodes" -ge 2 ]
	# Nothing else is in the directory for longer than a moment.
	kill -TERM "$(pid_of daemon)"
	expect_end daemon 0
	[ "$(in_rex ls -A /run/views)" = reexport-guard.prom ]
	in_rex rm -r /run/views /run/views.conf
}

# ---- top ----

# bats test_tags=whole
@test "top --once without a terminal: plain text, the gate as status has it, status 0" {
	arm --mount $a --action deny --release grace-end
	for state in closed grace open; do
		if [ $state = grace ]; then
			long_grace
		elif [ $state = open ]; then
			rg release
		fi
		[ "$(gate_state)" = $state ]
		run rg top --once
		[ "$status" -eq 0 ]
		[[ $output == "reexport-guard "* ]]
		[[ $output == *$'\n'"gate $(json '.gates[0].netns')  $state "*": $(json '.gates[0].why_text')"* ]]
		[[ $output != *$'\033'* ]]
	done
}

# bats test_tags=whole
@test "top into a pipe goes on until a signal, and says when nothing is enabled any more" {
	arm --mount $a --action deny
	background top "$RG" top --interval 1s
	wait_for 20 "the gate; it said: $(output_of top)" grep -q 'knfsd is not running' "$work/top.out"
	wait_for 20 "a second look" twice '^gate '
	rg disable
	wait_for 20 "the news" grep -q 'not enabled' "$work/top.out"
	kill -INT "$(pid_of top)"
	expect_end top 0
	[ "$(grep -c $'\033' "$work/top.out")" -eq 0 ]
}
twice() { (($(grep -c "$1" "$work/top.out") >= 2)); }

# bats test_tags=whole
@test "top on a terminal: 80 by 24, other sizes when they come, and the screen is given back" {
	local tty
	arm --mount $a --action deny
	background top script -qfc "stty rows 24 cols 80; tty >/run/top.tty; exec $RG top --interval 1s" /dev/null
	wait_for 30 "a screen; it said: $(output_of top)" fits 80 24
	[[ $(screen) == *"gate $(json '.gates[0].netns')  closed"* ]]
	run fits 50 12
	[ "$status" -ne 0 ]
	tty=$(in_rex cat /run/top.tty)
	in_rex stty -F "$tty" rows 12 cols 50
	wait_for 20 "a screen of 50 columns" fits 50 12
	in_rex stty -F "$tty" rows 40 cols 130
	wait_for 20 "a screen of 130 columns" wider 80
	fits 130 40
	kill -INT "$(on_tty "$tty")"
	expect_end top 0
	[[ $(<"$work/top.out") == *$'\033[?25h\033[?1049l'* ]]
}
# The last whole screen: each begins at the upper left. Colours and the like are left out.
screen() {
	awk -v RS='\033[[]H' '{ before = last; last = $0 } END { printf "%s", before }' "$work/top.out" |
		sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g; s/\r//g'
}
# fits COLUMNS LINES
fits() { [[ $(screen) == *gate* ]] && (($(screen | wc -L) <= $1 && $(screen | wc -l) <= $2)); }
wider() { (($(screen | wc -L) > $1)); }
# The process on that terminal.
on_tty() { pgrep -t "${1#/dev/}" -x reexport-guard; }

# ---- trace: how it begins and ends ----

# tracing NAME [OPTION...]: a trace in the background that misses nothing any more.
tracing() {
	background "$1" "$RG" trace "${@:2}"
	listens "$1"
}
listens() { wait_for 30 "$1 to listen; it said: $(output_of "$1")" grep -q 'tracing; Ctrl-C ends' "$work/$1.out"; }
# heard NAME FILTER: is there a line that jq's FILTER is true of?
heard() { grep '^{' "$work/$1.out" | jq -es "any(.[]; $2)" >/dev/null; }
wait_heard() { wait_for 30 "$1 to hear $2" heard "$1" "$2"; }
tracers() { json .tracing.tracers; }
tracers_are() { [[ $(tracers) == "$1" ]]; }
# By hand: an event for everybody.
make_event() {
	rg release >/dev/null 2>&1
	rg close >/dev/null 2>&1
}

@test "every tracing program is attached; without one of them the others and the gate go on" {
	arm --mount $a --action deny
	[ "$(json '.tracing.missing | length')" = 0 ]
	[ "$(json '[.tracing.attached, (.tracing.by_kprobe | length)] | tostring')" = \
		"[44,$(traced_by_kprobe)]" ]
	[ "$(traced_by_kprobe)" = 0 ] && rm $pins/trace_open_ends || rm $pins/trace_kprobe_open_ends
	run rg status -v
	[ "$status" -eq 0 ]
	[[ $output == *"tracing  43 programs, 0 tracers"*"; not attached: open_ends"* ]]
	run try posix $a/f
	[ "$output" = EAGAIN ]
	tracing one --json
	make_event
	wait_heard one '.event == "HAND"'
	kill -INT "$(pid_of one)"
	expect_end one 0
}

@test "not enabled: trace ends with status 4, and makes no recording" {
	for options in "" --json "--record /run/none.ndjson"; do
		# shellcheck disable=SC2086 # words
		run rg trace $options
		[ "$status" -eq 4 ]
		[ "${#lines[@]}" -eq 1 ]
	done
	in_rex test ! -e /run/none.ndjson
}

# bats test_tags=whole
@test "trace ends with status 0 at SIGINT and SIGTERM: a header first, the end last" {
	arm --mount $a --action deny
	for signal in INT TERM; do
		tracing one --json
		tracers_are 1
		make_event
		wait_heard one '.event == "HAND" and .hand == "open"'
		kill -$signal "$(pid_of one)"
		expect_end one 0
		grep '^{' "$work/one.out" >"$work/events"
		[ "$(head -n 1 "$work/events" | jq -r .event)" = header ]
		[ "$(head -n 1 "$work/events" | jq -r .policy.action)" = deny ]
		[ "$(tail -n 1 "$work/events" | jq -r '.event + " " + .reason')" = "end signal" ]
		[ "$(tail -n 1 "$work/events" | jq .events)" -eq $(($(wc -l <"$work/events") - 2)) ]
		tracers_are 0
	done
}

# bats test_tags=whole
@test "trace ends by itself with status 0 when its reader goes away" {
	arm --mount $a --action deny
	# shellcheck disable=SC2016 # expanded in the tier
	run in_rex timeout 60 bash -c '"$0" trace --json 2>/dev/null | head -n 1; echo "${PIPESTATUS[0]}"' "$RG"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	[ "$(jq -r .event <<<"${lines[0]}")" = header ]
	[ "${lines[1]}" = 0 ]
	tracers_are 0
}

# bats test_tags=whole
@test "trace --count and --duration end it" {
	arm --mount $a --action deny
	# The gate, as it is at the beginning.
	run rg trace --json --count 1
	[ "$status" -eq 0 ]
	[[ $output == *'"event":"GATE"'*'"reason":"count"'* ]]
	run rg trace --duration 1s
	[ "$status" -eq 0 ]
	[[ $output == *"gate   GATE "*"closed: knfsd is not running"* ]]
}

# bats test_tags=whole
@test "trace ends after disable, and says so" {
	arm --mount $a --action deny
	tracing one --json
	rg disable
	expect_end one 0 "disabled by another process"
	heard one '.event == "end" and .reason == "disabled"'
}

# ---- trace: several ----

# bats test_tags=whole
@test "two traces at once: both hear all of it, each what it wants" {
	arm --mount $a --action deny
	tracing one --json
	tracing two --json --op HAND
	tracers_are 2
	for _ in 1 2 3; do
		make_event
	done
	run try posix $a/f
	[ "$output" = EAGAIN ]
	wait_heard one '.event == "DENIED" and .comm == "locker" and .what == "lock" and .status == "EAGAIN"'
	for name in one two; do
		kill -INT "$(pid_of $name)"
		expect_end $name 0
		[ "$(grep -c '"event":"HAND"' "$work/$name.out")" -eq 6 ]
	done
	heard one '.event == "header" and (has("filtered") | not)'
	heard two '.event == "header" and .filtered'
	[ "$(grep -c '"event":"DENIED"' "$work/two.out")" -eq 0 ]
	diff <(grep '"event":"HAND"' "$work/one.out" | jq -c '[.boot_ns, .hand]') \
		<(grep '"event":"HAND"' "$work/two.out" | jq -c '[.boot_ns, .hand]')
}

# bats test_tags=whole
@test "four that begin at the same time have a place each; a fifth is refused" {
	arm --mount $a --action deny
	for i in 1 2 3 4; do
		background trace$i "$RG" trace --json
	done
	for i in 1 2 3 4; do
		listens trace$i
	done
	[ "$(tracers)" -eq 4 ]
	run rg trace --record /run/fifth.ndjson
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"4 tracers are running already"* ]]
	in_rex test ! -e /run/fifth.ndjson
	make_event
	for i in 1 2 3 4; do
		wait_heard trace$i '.event == "HAND"'
	done
	# The place of one that was killed is the next one's.
	kill -KILL "$(pid_of trace2)"
	wait_for 10 "it to die" ended trace2
	tracing next --json
	[ "$(tracers)" -eq 4 ]
	make_event
	wait_heard next '.event == "HAND"'
	# And each of the others still has its own.
	wait_for 20 "trace3 to hear all" heard_hands trace3 4
}
heard_hands() { [[ $(grep -c '"event":"HAND"' "$work/$1.out") == "$2" ]]; }

# bats test_tags=whole
@test "the daemon has one of the four places" {
	arm_hold --mount $a
	[ "$(tracers)" -eq 1 ]
	for i in 1 2 3; do
		tracing trace$i --json
	done
	run rg trace --json
	[ "$status" -eq 1 ]
	[[ $output == *"4 tracers are running already"* ]]
	kill -INT "$(pid_of trace1)"
	expect_end trace1 0
	tracing trace4 --json
	daemon_alive
}

# ---- recordings ----

@test "trace --record where it cannot be: one line, status 1, and nothing was touched" {
	arm --mount $a --action deny
	in_rex bash -c 'mkdir -p /run/views/dir && cd /run/views && echo mine >other && ln -s other link &&
		mkfifo fifo && ls -l --time-style=full-iso >/run/views.before'
	for file in /run/views/missing/x /run/views/dir /run/views/other /run/views/link /run/views/fifo \
		/proc/x /dev/null; do
		run rg trace --json --record "$file"
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == "reexport-guard: $file: "* ]]
	done
	[ "$(in_rex cat /run/views/other)" = mine ]
	in_rex bash -c 'cd /run/views && diff <(ls -l --time-style=full-iso) /run/views.before'
	# Nobody keeps a place.
	tracers_are 0
	in_rex rm -r /run/views /run/views.before
}

@test "a recording is root's, has what report wants, and is rotated away by the next" {
	in_rex mkdir -p /run/views
	arm --mount $a --action deny
	for _ in 1 2; do
		tracing one --record /run/views/r.ndjson
		# Another one into the same file is refused.
		run rg trace --record /run/views/r.ndjson
		[ "$status" -eq 1 ]
		[[ $output == *"another"*"records into it"* ]]
		make_event
		wait_for 20 "it to be in the recording" in_rex grep -q '"hand":"closed"' /run/views/r.ndjson
		kill -INT "$(pid_of one)"
		expect_end one 0
		# To nobody's terminal nothing is printed.
		[ "$(grep -c '^{' "$work/one.out")" -eq 0 ]
	done
	[ "$(in_rex stat -c %a /run/views/r.ndjson)" = 600 ]
	[ "$(in_rex ls /run/views | paste -sd ' ')" = "r.ndjson r.ndjson.1" ]
	run rg report --json /run/views/r.ndjson /run/views/r.ndjson.1
	[ "$status" -eq 0 ]
	[ "$(jq '.recording.files | length' <<<"$output")" -eq 2 ]
	[ "$(jq .recording.bad_lines <<<"$output")" -eq 0 ]
	in_rex rm -r /run/views
}

# ---- usage, privileges ----

# bats test_tags=whole
@test "as nobody: trace, top and metrics are refused in one line; report and --help are not" {
	arm --mount $a --action deny
	in_rex bash -c "install -m 0644 $repo/tests/unit/data/granted.ndjson /run/granted.ndjson"
	for verb in trace "trace --json" "trace --record /tmp/nobody.ndjson" "top --once" metrics; do
		# shellcheck disable=SC2086 # words
		run in_rex setpriv --reuid 65534 --clear-groups "$RG" $verb
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == *"not permitted"* ]]
	done
	in_rex test ! -e /tmp/nobody.ndjson
	for verb in "report /run/granted.ndjson" "trace --help" "top --help" "metrics --help"; do
		# shellcheck disable=SC2086 # words
		run in_rex setpriv --reuid 65534 --clear-groups "$RG" $verb
		[ "$status" -eq 0 ]
	done
	in_rex rm /run/granted.ndjson
}

# ---- what the programs say ----

# bats test_tags=whole
@test "an end of grace by hand says how many end clients were done" {
	arm --mount $a --action deny --release grace-end
	tracing one --json
	long_grace
	wait_heard one '.event == "GRACE_START" and .expected == 1 and .grace_s == 90'
	end_grace_by_hand
	wait_heard one '.event == "GRACE_END_FORCED" and .expected == 1 and .complete == 0'
	wait_heard one '.event == "GRACE_END" and .expected == 1'
	kill -INT "$(pid_of one)"
	expect_end one 0
}

# ---- what others chose ----

# clean FILE: UTF-8 with no control character but ends of lines, nothing that changes the
# direction of writing, and no line that a name has begun.
clean() {
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null
	run grep -nP '[^\P{Cc}\t]|[\x{202a}-\x{202e}\x{2066}-\x{2069}]|^INJECTED' "$1"
	[ "$status" -eq 1 ]
}
# says VERB...: what a verb says is clean, and has the file in it.
says_cleanly() {
	LC_ALL=C.UTF-8 rg "$@" >"$work/said" 2>&1
	LC_ALL=C.UTF-8 clean "$work/said"
}

@test "hostile names of a program and of a file: nothing of them reaches a terminal, the log, JSON or a recording" {
	local file program
	file=$a/$'\e]0;x\a\xff\xe2\x80\xae\nINJECTED'
	program=/run/$'\e[31m\nINJ\x9b'
	arm_hold --mount $a --max-hold 700s
	background tracer "$RG" trace --record /run/hostile.ndjson
	wait_for 60 "the recording to begin" in_rex grep -qs '"event":"header"' /run/hostile.ndjson
	in_rex touch "$file"
	in_rex cp "$LOCKER" "$program"
	background hostile "$program" try posix "$file"
	wait_for 20 "it to be held" held_is 1
	for how in "" -v --json; do
		# shellcheck disable=SC2086 # none or one
		says_cleanly status $how
		grep -qF '\033[31m\012INJ\233' "$work/said" || grep -qF '\\033[31m\\012INJ\\233' "$work/said"
		grep -qF 033]0\;x "$work/said"
	done
	jq -e '.held | length == 1' "$work/said" >/dev/null
	says_cleanly top --once
	grep -qF '\033[31m\012INJ\233' "$work/said"
	says_cleanly metrics
	rg release
	expect_end hostile 0 granted
	kill -INT "$(pid_of tracer)"
	expect_end tracer 0
	in_rex cat /run/hostile.ndjson >"$work/said"
	LC_ALL=C.UTF-8 clean "$work/said"
	for how in "" --json --html; do
		# shellcheck disable=SC2086 # none or one
		says_cleanly report $how /run/hostile.ndjson
		grep -q '033\[31m.*012INJ.*233' "$work/said"
	done
	says_cleanly check || true # problems are found here
	LC_ALL=C.UTF-8 clean "$work/said"
	output_of daemon >"$work/said"
	LC_ALL=C.UTF-8 clean "$work/said"
	in_rex rm "$file" "$program" /run/hostile.ndjson
}
