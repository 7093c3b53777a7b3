# SPDX-License-Identifier: GPL-2.0-only
#
# failed.awk FILE.tap...: the failed tests, each with what was said of it, for the
# end of the output, of which a CI may keep no more. What a test tells while it
# runs comes before its result: the last lines of that. Why it failed, and what
# it printed, comes after: the first lines and the last. "# == NAME" begins the
# next test's telling. The first `full` (5) failed tests in full, of the others
# the name.

BEGIN {
	if (!full)
		full = 5
	most_told = 15
	most_said = 24
}

function line(text) { print "    " substr(text, 1, 300) }

# lines FROM..TO-1 of what was said, or told.
function said_lines(from, to) { for (; from < to; from++) line(said[from]) }

function finish(    half) {
	if (name == "")
		return
	half = most_said / 2
	if (shown++ < full) {
		if (n_said <= most_said) {
			said_lines(0, n_said)
		} else {
			said_lines(0, half)
			line("# (" n_said - most_said " lines)")
			said_lines(n_said - half, n_said)
		}
	}
	name = ""
}

function begin() {
	finish()
	n_told = 0
}

FNR == 1 || /^# == / || /^ok / || /^1\.\./ { begin() }

/^not ok / {
	finish()
	name = $0
	print "  " name
	for (i = n_told > most_told ? n_told - most_told : 0; i < n_told && shown < full; i++)
		line(told[i])
	n_told = n_said = 0
}

/^#/ && !/^# == / {
	if (name != "")
		said[n_said++] = $0
	else
		told[n_told++] = $0
}

END { finish() }
