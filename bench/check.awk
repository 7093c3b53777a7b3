# SPDX-License-Identifier: GPL-2.0-only
#
# What stands in the way of ordinary work, against what it was: TAP. Two files:
# bench.csv, and the rows of one run of bench/ordinary and bench/growth. -v release=, that
# of the run.
#
# On the kernel of bench.csv instructions are compared, on another one what was
# added to those of "nothing" in the same run; 3 % of the call either way.

BEGIN {
	tolerance = 0.03
	threads = "instructions of knfsd's threads"
}

FILENAME == ARGV[1] {
	if (FNR > 1 && $3 == "ordinary") {
		was[$1, $4, $5] = $8
		if ($1 == release)
			same = release
		else if ($4 == "nothing")
			another = $1
	}
	next
}

$1 == "growth" {
	locks[$3]
	ran[$2, $3, $4] = $6
	next
}

{
	now[$2, $3] = $6
	setup[++n] = $2
	what[n] = $3
}

function result(good, text, said) {
	printf "%s 0 %s\n", good ? "ok" : "not ok", text
	if (!good)
		print "# " said
}

# of a SETUP, an operation: at most so much more than of another.
function at_most(more, a, b, op, text,    x, y) {
	x = now[a, op]
	y = now[b, op]
	result(x && y && x <= y + more, text, sprintf("%s: %s; %s: %s", a, x, b, y))
}

END {
	from = same ? same : another
	for (i = 1; i <= n; i++) {
		s = setup[i]
		w = what[i]
		base = was[from, "nothing", w]
		if (s == "nothing" || !((from, s, w) in was) || !base)
			continue
		then = same ? was[from, s, w] : now["nothing", w] + was[from, s, w] - base
		compared++
		result(now[s, w] <= then * (1 + tolerance), s ": " w " costs what it did",
			sprintf("%.1f instructions, %.1f expected (%s), 3 %% allowed", now[s, w], then, from))
	}
	result(compared > 0, "there is something to compare with in bench.csv", "nothing of " release)
	lock = "fcntl lock and unlock; a call; tmpfs"
	open = "open and close; ext4"
	at_most(25, "gate closed; scope locks", "empty LSM program; scope locks", lock,
		"a lock or unlock elsewhere, gate closed: at most 25 instructions above an empty program")
	at_most(25, "gate open; scope locks", "empty LSM program; scope locks", lock,
		"a lock or unlock elsewhere, gate open: at most 25 instructions above an empty program")
	# knfsd's threads run what the ledger adds to a pair of calls, and nobody else.
	compared = 0
	for (w in locks) {
		then = ran["nothing", w, "instructions"]
		added = ran["gate; no daemon", w, threads] - ran["nothing", w, threads]
		compared += then && ran["gate; no daemon", w, threads] && ran["nothing", w, threads]
		result(then && added <= then * tolerance, w ": at most 3 % dearer by the guard",
			sprintf("%d instructions added to %d", added, then))
	}
	result(compared > 0, "a file with many locks was measured", "no row of growth")
	# Now and then a slab is made for the files.
	at_most(now["nothing", open] * 0.01, "gate closed; scope locks", "nothing", open,
		"scope locks adds nothing to an open")
	at_most(now["nothing", "stat; ext4"] * 0.002, "gate closed; scope locks", "nothing", "stat; ext4",
		"scope locks adds nothing to a stat")
}
