# SPDX-License-Identifier: GPL-2.0-only
#
# seconds.awk FILE.tap...: for the end of the output of tests/run, a row for each suite
# (tests, seconds, seconds of CPU of its machine) and the ten tests that took longest.

/^# == suite / {
	suite = $4
	next
}

/^(not )?ok [1-9].* in [0-9]+ms$/ {
	tests[suite]++
	ms = substr($NF, 1, length($NF) - 2) + 0
	name = $0
	sub(/^(not )?ok [0-9]+ /, "", name)
	sub(/ in [0-9]+ms$/, "", name)
	keep(ms, suite ": " name)
	next
}

/^(not )?ok / { tests[suite]++ }

# "# suite NAME took N s, M s of CPU"
/^# suite .* took / {
	order[++n_suites] = $3
	seconds[$3] = $5
	cpu[$3] = $7
}

# Insert into the ten longest, which are in order.
function keep(ms, what,    i) {
	if (n_slow == 10 && ms <= slow_ms[10])
		return
	if (n_slow < 10)
		n_slow++
	for (i = n_slow; i > 1 && slow_ms[i - 1] < ms; i--) {
		slow_ms[i] = slow_ms[i - 1]
		slow[i] = slow[i - 1]
	}
	slow_ms[i] = ms
	slow[i] = what
}

END {
	if (!n_suites)
		exit
	printf "%-16s %6s %8s %8s\n", "suite", "tests", "seconds", "of CPU"
	for (i = 1; i <= n_suites; i++) {
		s = order[i]
		printf "%-16s %6d %8d %8d\n", s, tests[s], seconds[s], cpu[s]
		all_tests += tests[s]
		all_seconds += seconds[s]
		all_cpu += cpu[s]
	}
	printf "%-16s %6d %8d %8d\n", "all", all_tests, all_seconds, all_cpu
	if (n_slow)
		print "the slowest tests:"
	for (i = 1; i <= n_slow; i++)
		printf "%6.1f s  %s\n", slow_ms[i] / 1000, slow[i]
}
