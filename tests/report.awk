# SPDX-License-Identifier: GPL-2.0-only
#
# docs/results.md out of the CSV that tests/measure writes; called by it.

BEGIN {
	n_columns = split("none grace-start grace-end settled settled-opens settled-module settled-original settled-module-original settled-module-quiet", columns, " ")
	head["none"] = "without guard"
	head["settled-opens"] = "settled, scope opens"
	head["settled-module"] = "settled, with the module"
	head["settled-original"] = "settled, and role original on the original server"
	head["settled-module-original"] = "with the module, and role original on the original server"
	head["settled-module-quiet"] = "with the module, and role original in mode quiet"
	title["v4.2-Y"] = "v4.2, recover_lost_locks=Y"
	title["v4.2-N"] = "v4.2, recover_lost_locks=N"
	title["v4.1-Y"] = "v4.1, recover_lost_locks=Y"
	title["v4.1-N"] = "v4.1, recover_lost_locks=N"
	title["v4.0-Y"] = "v4.0, recover_lost_locks=Y"
	title["v4.0-N"] = "v4.0, recover_lost_locks=N"
	title["v3"] = "v3 (NLM, statd)"
	n_titles = split("v4.2-Y v4.2-N v4.1-Y v4.1-N v4.0-Y v4.0-N v3", order, " ")
}

FNR == 1 {
	for (i = 1; i <= NF; i++)
		at[$i] = i
	next
}

{
	kernel = $at["kernel"]
	if (!(kernel in seen)) {
		seen[kernel]
		kernels[++n_kernels] = kernel
	}
	cell = kernel SUBSEP $at["row"] SUBSEP $at["delegations"] SUBSEP $at["column"]
	once(machines, kernel, $at["machine"])
	once(tools, kernel, $at["tool"])
	days(kernel, substr($at["date"], 1, 10))
	all[cell]++
	outcome = $at["outcome"]
	if (outcome ~ /^failed/) {
		failed[cell]++
		whys[kernel] = whys[kernel] sprintf("- %s, %s, delegations %s, %s: %s\n",
			$at["date"], $at["row"], $at["delegations"], $at["column"], outcome)
		next
	}
	if (outcome ~ /^refused/) {
		refused[cell]++
		sub(/^refused: /, "", outcome)
		refusal[cell] = outcome
		next
	}
	runs[cell]++
	for (name in at)
		if ($at[name] ~ /^[0-9.]+$/)
			extend(cell, name, $at[name] + 0)
	once(reasons, cell, $at["gate_why"])
	once(given, cell, $at["delegated"])
}

function once(list, key, word) {
	if (word != "" && index(", " list[key] ",", ", " word ",") == 0)
		list[key] = list[key] (list[key] == "" ? "" : ", ") word
}

function days(kernel, day) {
	if (first[kernel] == "" || day < first[kernel])
		first[kernel] = day
	if (day > last[kernel])
		last[kernel] = day
}

function extend(cell, name, value) {
	if (!((cell, name) in low) || value < low[cell, name])
		low[cell, name] = value
	if (!((cell, name) in high) || value > high[cell, name])
		high[cell, name] = value
}

# "20", or "18–20" where runs differ.
function range(cell, name) {
	if (!((cell, name) in low))
		return ""
	if (low[cell, name] == high[cell, name])
		return low[cell, name] ""
	return low[cell, name] "–" high[cell, name]
}

function count(n) { return n (n == 1 ? " run" : " runs") }

# What a cell of the table says.
function summary(cell, row,    text, gate) {
	if (!all[cell])
		return "not run"
	gate = range(cell, "gate_seconds")
	if (runs[cell]) {
		if (row ~ /-N$/ && !high[cell, "survived"])
			text = range(cell, "stolen") " stolen, " range(cell, "named_lost") " named as lost"
		else {
			text = range(cell, "survived") " of " range(cell, "held_before")
			if (high[cell, "stolen"])
				text = text ", " range(cell, "stolen") " stolen"
			if (high[cell, "stolen"] && !high[cell, "write_errors"])
				text = text " without an error"
		}
		if (gate != "" && low[cell, "survived"] == high[cell, "held_before"])
			text = text ", gate open after " gate " s"
		text = text " (" count(runs[cell]) ")"
	}
	if (refused[cell])
		text = text (text == "" ? "" : "; ") refusal[cell] " (" count(refused[cell]) ")"
	if (failed[cell])
		text = text (text == "" ? "" : "; ") count(failed[cell]) " without figures"
	return text
}

function present(kernel, row, delegations,    i) {
	for (i = 1; i <= n_columns; i++)
		if (all[kernel, row, delegations, columns[i]])
			return 1
	return 0
}

# Was anything of this column run, in a table of the rows with this prefix?
function used(kernel, prefix, column,    i) {
	for (i = 1; i <= n_titles; i++)
		if (all[kernel, prefix order[i], "on", column] || all[kernel, prefix order[i], "off", column])
			return 1
	return 0
}

function present_any(kernel, prefix,    k) {
	for (k = 1; k <= n_columns; k++)
		if (used(kernel, prefix, columns[k]))
			return 1
	return 0
}

function table(kernel, prefix,    i, j, k, row, delegations, line, rule, any) {
	for (i = 1; i <= n_titles; i++)
		for (j = 1; j <= 2; j++) {
			row = prefix order[i]
			delegations = j == 1 ? "on" : "off"
			if (!present(kernel, row, delegations))
				continue
			if (!any++) {
				line = "| end client | delegations |"
				rule = "|---|---|"
				for (k = 1; k <= n_columns; k++) {
					if (!used(kernel, prefix, columns[k]))
						continue
					line = line " " (columns[k] in head ? head[columns[k]] : columns[k]) " |"
					rule = rule "---|"
				}
				print line "\n" rule
			}
			line = "| " title[order[i]] " | " (order[i] == "v3" ? "" : delegations) " |"
			for (k = 1; k <= n_columns; k++)
				if (used(kernel, prefix, columns[k]))
					line = line " " summary(kernel SUBSEP row SUBSEP delegations SUBSEP columns[k], row) " |"
			print line
		}
	if (!any)
		print "Not run."
	print ""
}

function late(kernel,    i, j, row, cell, any, delegations) {
	for (i = 1; i <= n_titles; i++)
		for (j = 1; j <= 2; j++) {
			row = "late-" order[i]
			delegations = j == 1 ? "on" : "off"
			cell = kernel SUBSEP row SUBSEP delegations SUBSEP "settled"
			if (!all[cell])
				continue
			if (!any++) {
				print "| end client | delegations | gate open after, s | why | calls held | denied | local application got |"
				print "|---|---|---|---|---|---|---|"
			}
			if (!runs[cell])
				printf "| %s | %s | %s | | | | |\n", title[order[i]], delegations, summary(cell, row)
			else
				printf "| %s | %s | %s (%s) | %s | %s | %s | %s |\n", title[order[i]],
					delegations, range(cell, "gate_seconds"), count(runs[cell]),
					reasons[cell], range(cell, "held"), range(cell, "denied"),
					range(cell, "stolen")
		}
	if (!any)
		print "Not run."
	print ""
}

function details(kernel,    p, i, j, k, row, cell, delegations) {
	print "| row | delegations | column | runs | held before | delegation held | survived | stolen | named lost | write errors | recovered, s | gate open, s | calls held | denied | proven | bystander, s |"
	print "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
	split("under3- restart- late- other-", prefixes, " ")
	for (p = 0; p <= 4; p++)
		for (i = 1; i <= n_titles; i++)
			for (j = 1; j <= 2; j++)
				for (k = 1; k <= n_columns; k++) {
					row = (p ? prefixes[p] : "") order[i]
					delegations = j == 1 ? "on" : "off"
					cell = kernel SUBSEP row SUBSEP delegations SUBSEP columns[k]
					if (!runs[cell])
						continue
					printf "| %s | %s | %s | %d | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
						row, delegations, columns[k], runs[cell],
						range(cell, "held_before"), given[cell],
						range(cell, "survived"), range(cell, "stolen"),
						range(cell, "named_lost"), range(cell, "write_errors"),
						range(cell, "recovered_seconds"), range(cell, "gate_seconds"),
						range(cell, "held"), range(cell, "denied"),
						range(cell, "proven"),
						range(cell, "bystander_waited")
				}
	print ""
}

END {
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<!-- Written by tests/measure --report. Do not edit. -->"
	print "# What was measured\n"
	print "An end client's application holds locks through the re-export server, each in a process of"
	print "its own. Then the re-export server loses power (SIGKILL of its QEMU), or its knfsd is"
	print "restarted (`rpc.nfsd 0`, `rpc.nfsd 8`), or it loses power and knfsd is not started. A local"
	print "application of the re-export server tries for each of the locks every 100 ms (F_SETLK), from"
	print "the moment the mount is there, or, where only knfsd is restarted, from before. It keeps what"
	print "it gets. When the end client is through with its recovery, the gate is open and the local"
	print "application has tried for everything again, the end client's application writes under each"
	print "of its locks.\n"
	print "- *survived*, as \"20 of 20\": the write went through, and nobody else had the lock meanwhile."
	print "- *stolen*: the local application got the lock while the end client had use for it: before it was"
	print "  done. With recover_lost_locks=N the end client gives up what it lost: there it is what the"
	print "  local application got before the end client was through with its recovery, unless the write"
	print "  went through all the same."
	print "- *named as lost*: the end client's kernel said so in its log (NFSv4 \"lost N locks\", NFSv3"
	print "  \"failed to reclaim lock\"). *write errors*: writes of the application that failed."
	print "- *without guard*: reexport-guard is not running. *grace-start*, *grace-end*, *settled*: it runs"
	print "  with `--all --release` that and scope locks; *scope opens*: with scope opens. Which of the two"
	print "  is the default depends on the kernel: opens where knfsd hands out write delegations (6.12),"
	print "  under which an end client's locks are known to itself alone; locks elsewhere (6.1)."
	print "- *settled, with the module*: with the kernel module (module.md) and the default scope."
	print "- *role original*: the original server runs `enable --role original` (original.md); another client of"
	print "  it tries for each of the locks every 100 ms from before the power cut on, in place of the local"
	print "  application. The original server's lease is 300 s: nothing is kept of a client that is back after"
	print "  its lease, and an emulated machine may boot for longer than 90 s."
	print "- *delegations*: of both servers (fs.leases-enable). *delegation held*: what the end client had of"
	print "  the file before."
	print "- *recovered*, *gate open*: seconds from the start of knfsd until the end client was through with"
	print "  its recovery, and until the gate was open. In software emulation seconds say what waits for"
	print "  what, and little more. knfsd's lease and grace are 15 s, lockd's grace is 3 s (NFSv3: 15 s)."
	print "  Where the original server is mounted by NFSv3 the gate waits for lockd's 50 s, as rpc.statd runs"
	print "  before the guard in these machines, unlike with our unit: what it recorded before the boot is"
	print "  then unknown. Where that names no NFSv3 end client nobody waits (suite nfs3)."
	print "- *proven*: reclaims that the guard granted as proven (module.md). With the role original it asks the"
	print "  original server (`original-keeps = yes`)."
	print "- *bystander*: the longest time that another client of the original server waited for a lock of a file"
	print "  that nobody else has, which it takes every 100 ms. Mode quiet has it wait until nothing is kept any more;"
	print "  a Linux client asks again after 0.1 s, then after twice as long each time, and after 15 s at most."
	print "- Where runs differ the least and the most are given.\n"
	print "Again, on a machine prepared by `make deps`; what the file has already is not run again:\n"
	print "    make all build/tests/helpers/locker"
	print "    tests/measure --kernel SUITE --runs N      # --help: single rows and columns"
	print "    tests/measure --report docs/results/*.csv"
	for (k = 1; k <= n_kernels; k++) {
		kernel = kernels[k]
		printf "\n## Linux %s\n\n", kernel
		printf "All three machines. Emulation: %s. reexport-guard %s. %s%s. ", machines[kernel],
			tools[kernel], first[kernel],
			first[kernel] == last[kernel] ? "" : " to " last[kernel]
		printf "Data: [results/%s.csv](results/%s.csv).\n\n", kernel, kernel
		print "### The power cut\n"
		table(kernel, "")
		if (present_any(kernel, "under3-")) {
			print "### The power cut, the original server mounted by NFSv3\n"
			table(kernel, "under3-")
		}
		if (present_any(kernel, "other-")) {
			print "### The power cut, and another client of the original server goes for the locks\n"
			table(kernel, "other-")
		}
		print "### knfsd restarted, no power cut\n"
		table(kernel, "restart-")
		print "### A power cut, and knfsd does not start (max-hold 30 s)\n"
		late(kernel)
		print "### Figures\n"
		details(kernel)
		if (whys[kernel] != "") {
			print "### Runs without figures\n"
			printf "%s\n", whys[kernel]
		}
	}
}
