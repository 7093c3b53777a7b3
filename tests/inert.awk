# SPDX-License-Identifier: GPL-2.0-only
#
# awk -f inert.awk FILE...: names each command of a suite that begins with ! and asserts nothing:
# errexit does not see it, unless a `||` follows or it is the last one of a function, whose status
# it is then. shellcheck 0.9 sees only some of them (SC2251, SC2314).
FNR == 1 { judge("") }
{ judge($0) }
END {
	judge("")
	exit found > 0
}

function judge(line) {
	if (command != "" && line !~ /^}/) {
		print where ": a command that begins with ! asserts nothing here; use `not COMMAND`: " command
		found++
	}
	command = ""
	if (!more && (line ~ /^[ \t]*#/ || line !~ /(^|;|[ \t]do|[ \t]then)[ \t]*! /))
		return
	if (!more) {
		whole = ""
		where = FILENAME ":" FNR
	}
	whole = whole line
	more = line ~ /(\\|\||&&)$/
	if (!more && whole !~ /\|\|/) {
		command = whole
		sub(/^[ \t]+/, "", command)
	}
}
