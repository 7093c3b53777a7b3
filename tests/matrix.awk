# SPDX-License-Identifier: GPL-2.0-only
#
# matrix.awk: docs/kernels.md of the results of tests/matrix. First file: the promises,
# suite, names of tests, promise. Then for each kernel the word kernel=KERNEL and, if
# it was run, what is known of the run and its TAP.

BEGIN { FS = "\t" }

NR == FNR {
	suite_of[++n_promises] = $1
	names_of[n_promises] = $2
	promise[n_promises] = $3
	next
}

FNR == 1 { suite = "" }

/^about\t/ {
	split($2, word, " ")
	value = substr($2, length(word[1]) + 2)
	if (!((kernel, word[1], value) in said)) {
		said[kernel, word[1], value] = 1
		about[kernel, word[1]] = about[kernel, word[1]] (about[kernel, word[1]] ? ", " : "") value
	}
	next
}

/^# == suite / {
	suite = substr($0, length("# == suite ") + 1)
	ran[kernel, suite] = 1
	next
}

/^# suite .* took / {
	split($0, word, " ")
	about[kernel, "seconds"] += word[5]
	next
}

/^# seen / { # # seen WHAT=VALUE, of suites smoke and rung
	split(substr($0, length("# seen ") + 1), word, "=")
	seen[kernel, word[1]] = word[2]
	next
}

/^# refused/ { # of the test that ends next
	refused = 1
	next
}

/^(not )?ok / {
	verdict = $0 ~ /^not/ ? "failed" : $0 ~ /# skip/ ? "skipped" : refused ? "refused" : "passed"
	refused = 0
	name = $0
	sub(/^(not )?ok [0-9]+ /, "", name)
	sub(/ in [0-9]+ms$/, "", name)
	total[kernel, verdict]++
	if (verdict == "failed")
		failures[kernel] = failures[kernel] "- " kernel ", " suite ": " name "\n"
	if (verdict == "skipped")
		skips[kernel] = skips[kernel] "- " kernel ", " suite ": " name "\n"
	if ($0 ~ /^(not )?ok 0 /)
		next
	listed = 0
	for (i = 1; i <= n_promises; i++)
		if (suite_of[i] == suite && name ~ names_of[i]) {
			count[kernel, i, verdict]++
			listed = 1
		}
	if (!listed) { # a test that no promise names must not vanish
		printf "matrix: no promise has the test of %s: %s\n", suite, name >"/dev/stderr"
		unlisted = 1
	}
	next
}

function cell(k, i,    passed, failed, skipped, refused_here) {
	refused_here = count[k, i, "refused"] + 0
	passed = count[k, i, "passed"] + 0
	failed = count[k, i, "failed"] + 0
	skipped = count[k, i, "skipped"] + 0
	if (passed + failed + skipped + refused_here == 0)
		return "not run"
	if (failed)
		return "**no**: " failed " of " passed + failed + skipped + refused_here " failed"
	if (refused_here)
		return (passed ? "yes, " passed "; " : "") refused_here " of locks, which are refused"
	return (passed ? "yes, " passed : "") (skipped ? (passed ? "; " : "") skipped " skipped" : "")
}

function row(title, values,    i) {
	printf "| %s |", title
	for (i = 1; i <= n_kernels; i++)
		printf " %s |", values[i] == "" ? "not run" : values[i]
	printf "\n"
}

function of_run(title, what,    i, values) {
	for (i = 1; i <= n_kernels; i++)
		values[i] = about[kernel_at[i], what]
	row(title, values)
}

function of_seen(title, what,    i, values) {
	for (i = 1; i <= n_kernels; i++)
		values[i] = seen[kernel_at[i], what]
	row(title, values)
}

END {
	n_kernels = split(kernels, kernel_at, " ")
	n_suites = split(suites, suite_at, " ")
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<!-- Made by `make test-matrix` (tests/matrix); not edited by hand. -->"
	print "# Kernels\n"
	print "What was seen to pass on which kernel. `make test-matrix` runs suites of `tests/bats` on Debian's"
	print "kernels, in virtual machines of one CPU, and writes this. A number is that of tests that passed;"
	print "\"not run\" is said of what nobody tried, and means nothing else. After each suite the kernel's log"
	print "was looked through for complaints of itself (`tests/vm/splats.deny`); one fails the suite."
	print "Suites can be run in parts, so a kernel may have several dates and commits. `make test`, every"
	print "suite on 6.1, is not in these tables, unless it is run here.\n"
	row_head = "| |"
	row_line = "|---|"
	for (i = 1; i <= n_kernels; i++) {
		row_head = row_head " " kernel_at[i] " |"
		row_line = row_line "---|"
	}
	print row_head "\n" row_line
	of_run("release", "release")
	of_run("Debian's package", "version")
	of_run("run on", "date")
	of_run("commit", "commit")
	of_run("seconds of suites", "seconds")
	for (i = 1; i <= n_kernels; i++) {
		k = kernel_at[i]
		values[i] = about[k, "date"] == "" ? "" : sprintf("%d passed, %d failed, %d skipped, %d of locks, which are refused",
			total[k, "passed"], total[k, "failed"], total[k, "skipped"], total[k, "refused"])
	}
	row("tests, and looks at the log", values)
	print "\n## What end clients get, and the default that follows\n"
	print row_head "\n" row_line
	of_seen("NFSv4 locks through the re-export", "nfs4-locks")
	of_seen("default scope", "scope")
	of_seen("who is held goes on by", "continue")
	of_seen("without BPF LSM, local applications are kept out by", "without-lsm")
	print "\nWhere locks are refused there is nothing of them to protect: the tests of it assert the refusal,"
	print "and that `status` and `trace` say so. A kernel that preempts its own threads lets calls pass fmod_ret"
	print "unasked (kernel.md, Preemption): there the tests assert that `enable` refuses it, and force it.\n"
	print "## Promises\n"
	print row_head "\n" row_line
	for (i = 1; i <= n_promises; i++) {
		for (j = 1; j <= n_kernels; j++)
			values[j] = cell(kernel_at[j], i)
		row(promise[i] " (" suite_of[i] ")", values)
	}
	print "\n## What was not run\n"
	for (i = 1; i <= n_kernels; i++) {
		k = kernel_at[i]
		missing = ""
		for (j = 1; j <= n_suites; j++)
			if (!((k, suite_at[j]) in ran))
				missing = missing " " suite_at[j]
		print "- " k ":" (missing == "" ? " every suite was run" : missing)
	}
	for (i = 1; i <= n_kernels; i++) {
		all_failures = all_failures failures[kernel_at[i]]
		all_skips = all_skips skips[kernel_at[i]]
	}
	if (all_failures)
		printf "\n## What failed\n\n%s", all_failures
	if (all_skips)
		printf "\n## What was skipped\n\n%s", all_skips
	exit unlisted
}
