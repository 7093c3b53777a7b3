# SPDX-License-Identifier: GPL-2.0-only
#
# bench.md out of bench.csv; called by bench/report and bench/run. -v reasons=FILE:
# "BAR<tab>text" a line, said where a bar is missed. -v plots=1: they are there.

FNR == 1 { next }

{
	kernel = $1
	part = $3
	if (!(kernel in seen)) {
		seen[kernel]
		kernels[++n_kernels] = kernel
	}
	dates[kernel, part] = $2
	if (!((kernel, part, $5, $6) in at)) {
		at[kernel, part, $5, $6] = ++n_tables[kernel, part]
		table[kernel, part, n_tables[kernel, part]] = $5 SUBSEP $6
	}
	key = kernel SUBSEP part SUBSEP $5 SUBSEP $6
	lines[key, ++n_lines[key]] = $0
	median[kernel, part, $4, $5, $6] = $8
}

function figure(kernel, part, setup, what, unit) {
	return median[kernel, part, setup, what, unit]
}

function round(x) {
	return sprintf(x < 10 && x != int(x) ? "%.2f" : x < 1000 && x != int(x) ? "%.1f" : "%.0f", x)
}

# ---- bars ----

# Of a kernel of which only some parts were measured the other bars are left out.
function bar(id, text, good, got) {
	if (got == "")
		return
	printf "| %s | %s | %s |\n", text, got, good ? "met" : "**missed**"
	if (!good)
		missed[++n_missed] = id
}

function added(kernel, part, setup, base, what, unit,    x, y) {
	x = figure(kernel, part, setup, what, unit)
	y = figure(kernel, part, base, what, unit)
	return x == "" || y == "" ? "" : x - y
}

function percent(kernel, part, setup, what, unit,    x, y) {
	x = figure(kernel, part, setup, what, unit)
	y = figure(kernel, part, "nothing", what, unit)
	return x == "" || y == "" ? "" : (x - y) * 100 / y
}

# Of `sizes`, whose rows are "OPERATION; N THINGS": by how many percent of the operation with
# nothing of ours more is added for the largest N than for the smallest. Also sets `largest`.
function worst_growth(kernel,    i, f, w, n, subject, low, lowest, x, worst) {
	worst = largest = ""
	for (i in median) {
		split(i, f, SUBSEP)
		if (f[1] != kernel || f[2] != "sizes" || f[3] == "nothing" || !match(f[4], /; [0-9]+ [a-z ]+$/))
			continue
		n = substr(f[4], RSTART + 2) + 0
		subject = f[3] SUBSEP substr(f[4], 1, RSTART)
		if (!(subject in low) || n < lowest[subject]) {
			lowest[subject] = n
			low[subject] = added(kernel, "sizes", f[3], "nothing", f[4], f[5])
		}
	}
	for (i in median) {
		split(i, f, SUBSEP)
		if (f[1] != kernel || f[2] != "sizes" || f[3] == "nothing" || !match(f[4], /; [0-9]+ [a-z ]+$/))
			continue
		n = substr(f[4], RSTART + 2) + 0
		subject = f[3] SUBSEP substr(f[4], 1, RSTART)
		x = figure(kernel, "sizes", "nothing", f[4], f[5])
		if (!x)
			continue
		x = (added(kernel, "sizes", f[3], "nothing", f[4], f[5]) - low[subject]) * 100 / x
		if (worst == "" || x > worst)
			worst = x
		if (n > largest)
			largest = n
	}
	return worst
}

function bars(kernel,    i, n, ops, x, y, worst, lock, insn, threads, setup, what) {
	insn = "instructions"
	threads = "instructions of knfsd's threads"
	n_missed = 0
	print "| where it must be | measured | |"
	print "|---|---|---|"
	for (i = 0; i < 4; i++) {
		setup = "gate " (i % 2 ? "open" : "closed")
		lock = i < 2 ? "fcntl lock and unlock; a call; tmpfs" : "fcntl lock; a call; tmpfs"
		x = added(kernel, "ordinary", setup "; scope locks", "empty LSM program; scope locks", lock, insn)
		bar(i < 2 ? "lock" : "relock", (i < 2 ? "a lock or unlock call" : "a call that asks for a lock") \
			" elsewhere, " setup ": at most 25 instructions above an empty LSM program",
			x <= 25, x == "" ? "" : sprintf("%+.1f", x))
	}
	x = percent(kernel, "ordinary", "gate closed; scope opens", "open and close; ext4", insn)
	bar("open", "open and close elsewhere, scope opens, gate closed: at most +1 %", x <= 1,
		x == "" ? "" : sprintf("%+.2f %%", x))
	n = split("open and close; ext4|stat; ext4|getppid; tmpfs", ops, "|")
	worst = ""
	for (i = 1; i <= n; i++) {
		x = percent(kernel, "ordinary", "gate closed; scope locks", ops[i], insn)
		if (x != "" && (worst == "" || x > worst))
			worst = x
	}
	bar("other", "operations whose hooks scope locks does not need: +0 (what is measured twice differs by 0.2 %)",
		worst <= 0.2, worst == "" ? "" : sprintf("%+.2f %%", worst))
	n = split("READ of 4 KiB|WRITE of 4 KiB", ops, "|")
	for (i = 1; i <= n; i++) {
		x = percent(kernel, "knfsd", "gate; daemon and trace", ops[i], threads)
		bar("read", "a " ops[i] " while tracing: at most +0.5 %", x <= 0.5,
			x == "" ? "" : sprintf("%+.2f %%", x))
	}
	what = "OPEN or LOCK of a recovery"
	y = added(kernel, "knfsd", "bpftrace; the same fields", "nothing", what, threads)
	x = added(kernel, "knfsd", "gate; daemon and trace", "gate and daemon", what, threads)
	bar("reclaim", "a reclaim while tracing: `trace` adds a third of what bpftrace does", y > 0 && x <= y / 3,
		x == "" || y == "" ? "" : sprintf("%+.0f, bpftrace %+.0f", x, y))
	x = added(kernel, "knfsd", "gate; daemon and trace", "nothing", what, threads)
	bar("guarded", "the same, with what gate and daemon add", y > 0 && x <= y / 3,
		x == "" || y == "" ? "" : sprintf("%+.0f, bpftrace %+.0f", x, y))
	worst = ""
	for (i in median) {
		split(i, ops, SUBSEP)
		if (ops[1] != kernel || ops[2] != "growth" || ops[3] == "nothing" ||
		    (ops[5] != threads && ops[5] != "instructions of lockd's threads"))
			continue
		x = added(kernel, "growth", ops[3], "nothing", ops[4], ops[5])
		y = figure(kernel, "growth", "nothing", ops[4], insn)
		if (x != "" && y && (worst == "" || x * 100 / y > worst))
			worst = x * 100 / y
	}
	bar("growth", "a LOCK with its LOCKU of an end client, by NFSv4 or NFSv3, however many locks the file has: at most +3 % of the pair",
		worst <= 3, worst == "" ? "" : sprintf("%+.2f %%", worst))
	worst = worst_growth(kernel)
	bar("sizes", "what is added does not grow with end clients, mounts, held processes or kept ranges (" largest \
		" at most): by no more than 3 % of the operation", worst <= 3, worst == "" ? "" : sprintf("%+.2f %%", worst))
	x = figure(kernel, "storm", "1000 end clients", "events lost", "number")
	y = figure(kernel, "storm", "1000 end clients", "reclaims answered", "number") - \
		figure(kernel, "storm", "1000 end clients", "reclaims in the recording", "number")
	bar("lost", "events lost, 1,000 end clients of 100 reclaims: 0, and every reclaim recorded",
		x == 0 && y == 0, x == "" ? "" : x " lost, " y " not recorded")
	x = figure(kernel, "storm", "1000 end clients", "daemon; most of memory", "kB")
	bar("memory", "memory of the daemon in that storm: 16 MiB", x <= 16384, x == "" ? "" : x " kB")
	unit = "events a second of one core"
	x = figure(kernel, "decode", "trace --record", "a recorded ring to NDJSON; to a file", unit)
	bar("decode", "user-space half, to a file: 1,000,000 events/s", x >= 1e6, x)
	x = figure(kernel, "decode", "trace --json", "a recorded ring to NDJSON; to a reader", unit)
	bar("decode", "user-space half, to a reader: 1,000,000 events/s", x >= 1e6, x)
	unit = "ms of a CPU of 1e9 instructions/s"
	x = figure(kernel, "arming", "enable; the gate", "exec to armed", unit)
	y = figure(kernel, "arming", "bpftrace; the same hooks; counts", "exec to armed", unit)
	bar("arming", "exec to the gate being armed, before the tracing programs are loaded: a third of bpftrace's for all hooks",
		x <= y / 3, x == "" || y == "" ? "" : sprintf("%.0f, bpftrace %.0f", x, y))
	print ""
	for (i = 1; i <= n_missed; i++)
		if (missed[i] in reason && !((kernel, missed[i]) in told)) {
			told[kernel, missed[i]]
			print "- " reason[missed[i]]
		}
	if (n_missed)
		print ""
}

# ---- tables ----

function print_table(key, kernel, part, what, unit,    i, f, base) {
	printf "**%s**, %s\n\n", what, unit
	base = figure(kernel, part, "nothing", what, unit)
	print "| | n | median | 10th to 90th of 100 |" (base == "" ? "" : " above nothing |")
	print "|---|---:|---:|---:|" (base == "" ? "" : "---:|")
	for (i = 1; i <= n_lines[key]; i++) {
		split(lines[key, i], f, ",")
		split_row(lines[key, i])
		printf "| %s | %s | %s | %s to %s |", row[4], row[7], round(row[8]), round(row[9]), round(row[10])
		if (base != "" && row[4] == "nothing")
			printf " |"
		else if (base != "")
			printf " %s%s (%+.2f %%) |", row[8] < base ? "-" : "+",
				round(row[8] < base ? base - row[8] : row[8] - base),
				base ? (row[8] - base) * 100 / base : 0
		print ""
	}
	print ""
}

# Ratios by the wall clock, beside those of instructions.
function print_clock(kernel,    i, j, tw, key, x, y) {
	if (!n_tables[kernel, "clock"])
		return
	print "### A second opinion: the wall clock\n"
	print "In an emulated machine that does not count, beside other work: how many times as long as with"
	print "nothing right before and after. Beside it the same of the instructions above.\n"
	print "| | | n | time | 10th to 90th of 100 | instructions |"
	print "|---|---|---:|---:|---:|---:|"
	for (i = 1; i <= n_tables[kernel, "clock"]; i++) {
		split(table[kernel, "clock", i], tw, SUBSEP)
		key = kernel SUBSEP "clock" SUBSEP tw[1] SUBSEP tw[2]
		for (j = 1; j <= n_lines[key]; j++) {
			split_row(lines[key, j])
			x = figure(kernel, "ordinary", row[4], row[5], "instructions")
			y = figure(kernel, "ordinary", "nothing", row[5], "instructions")
			printf "| %s | %s | %s | %.3f | %.3f to %.3f | %s |\n", row[5], row[4], row[7], row[8],
				row[9], row[10], x == "" || !y ? "" : sprintf("%.3f", x / y)
		}
	}
	print ""
}

# What a user wants to know, in three sentences and a picture: of the first kernel alone.
function summary(kernel,    insn, threads, op, x, y, z, t) {
	insn = "instructions"
	threads = "instructions of knfsd's threads"
	x = percent(kernel, "ordinary", "gate closed; scope opens", "open and close; ext4", insn)
	y = added(kernel, "ordinary", "gate closed; scope locks", "nothing", "fcntl lock and unlock; a call; tmpfs", insn)
	if (x != "" && y != "")
		printf "**Local programs:** while a gate is closed, an open with its close on another file system costs " \
			"%+.1f %%, and a lock call there %+.0f instructions; calls without a door, such as stat(2), cost nothing, " \
			"and a gate that is open costs no more.\n\n", x, y
	op = "OPEN or LOCK of a recovery"
	x = percent(kernel, "knfsd", "gate and daemon", op, threads)
	y = percent(kernel, "knfsd", "gate; daemon and trace", op, threads)
	z = percent(kernel, "knfsd", "gate; daemon and trace", "READ of 4 KiB", threads)
	if (x != "" && y != "" && z != "")
		printf "**End clients:** a reclaim costs knfsd %+.0f %% with the guard and %+.0f %% while somebody " \
			"traces as well; a READ or a WRITE costs %s.\n\n", x, y, z < 0.5 ? "nothing that can be measured" : sprintf("%+.1f %%", z)
	t = figure(kernel, "arming", "enable", "exec to armed", "ms of a CPU of 1e9 instructions/s")
	x = figure(kernel, "storm", "1000 end clients", "daemon; most of memory", "kB")
	y = figure(kernel, "arming", "enable", "memory the kernel keeps", "kB")
	if (t != "" && x != "" && y != "")
		printf "**The host:** `enable` takes %.1f s of a processor of 1,000 million instructions a second; the " \
			"kernel keeps %.0f MB, most of it tables that have their memory beforehand, and the daemon takes " \
			"%.0f MB at most, in a storm of 1,000 end clients.\n", t / 1000, y / 1024, x / 1024
	if (plots)
		printf "\n![an open on another file system, instructions](bench-%s-open.svg)\n", kernel
	print ""
}

function split_row(line) { split(line, row, FS) }

function print_part(kernel, part, title,    i, tw) {
	if (!n_tables[kernel, part])
		return
	printf "### %s\n\n", title
	if (plots && part in plot_of)
		printf "%s\n\n", plot_of[part]
	for (i = 1; i <= n_tables[kernel, part]; i++) {
		split(table[kernel, part, i], tw, SUBSEP)
		print_table(kernel SUBSEP part SUBSEP tw[1] SUBSEP tw[2], kernel, part, tw[1], tw[2])
	}
}

END {
	while (reasons && (getline line < reasons) > 0) {
		tab = index(line, "\t")
		if (tab && line !~ /^#/)
			reason[substr(line, 1, tab - 1)] = substr(line, tab + 1)
	}
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<!-- Written by bench/report from bench.csv; not by hand. -->"
	print "# What it costs\n"
	if (n_kernels)
		summary(kernels[1])
	print "By `make bench` ([bench/README.md](../../bench/README.md) says how each figure comes about)."
	print "Every figure is a median; n is how often it was measured. Instructions are those of an"
	print "emulated machine that counts them. The data is [bench.csv](bench.csv).\n"
	for (k = 1; k <= n_kernels; k++) {
		kernel = kernels[k]
		date = ""
		for (i in dates) {
			split(i, ks, SUBSEP)
			if (ks[1] == kernel && dates[i] > date)
				date = dates[i]
		}
		printf "## Kernel %s, %s\n\n", kernel, date
		bars(kernel)
		stem = "bench-" kernel
		plot_of["ordinary"] = sprintf("![a lock call](%s-lock.svg)\n![an open](%s-open.svg)", stem, stem)
		plot_of["knfsd"] = sprintf("![a recovery](%s-recovery.svg)", stem)
		plot_of["storm"] = sprintf("![a storm](%s-storm.svg)", stem)
		plot_of["decode"] = sprintf("![user space](%s-decode.svg)", stem)
		print_part(kernel, "ordinary", "A gate in the way of ordinary work")
		print_clock(kernel)
		print_part(kernel, "knfsd", "Tracing in the way of knfsd")
		print_part(kernel, "growth", "Locks of a file, and what a LOCK with its LOCKU costs")
		print_part(kernel, "sizes", "More end clients, mounts, held processes, kept ranges")
		print_part(kernel, "storm", "A storm of end clients")
		print_part(kernel, "decode", "The half in user space")
		print_part(kernel, "arming", "Arming")
		print_part(kernel, "opening", "Opening")
	}
}
