# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the parts of the bench that run in a machine have in common. To be sourced
# in the machine of three tiers.

bench=$(readlink -f "${BASH_SOURCE[0]%/*}")
BATS_TEST_DIRNAME=${bench%/*}/tests/bats
# shellcheck source=tests/bats/common.bash
. "$BATS_TEST_DIRNAME/common.bash"

# In memory that all tiers see: what is run from a share is read anew each time.
bin=/dev/shm/bench
mkdir -p "$bin" "$work"
for file in "$repo"/build/{reexport-guard,guard.bpf.o,tests/helpers/storm} \
	"$repo"/build/bench/{ops,peer,peers.bpf.o,elapsed,held,ring,tap}; do
	[[ -e $bin/${file##*/} ]] || cp "$file" "$bin"
done
RG=$bin/reexport-guard
OPS=$bin/ops
STORM=$bin/storm

note() { printf 'bench: %s\n' "$*" >&2; }

# row PART SETUP WHAT UNIT N MEDIAN LOW HIGH: a figure. A comma ends a field.
row() {
	local IFS=,
	printf '%s\n' "${*//,/;}"
}

# Of the numbers on standard input: "N MEDIAN LOW HIGH", as ops says it.
spread() {
	sort -g | awk '
		{ v[NR] = $1 }
		END {
			low = int(NR / 10)
			if (NR)
				printf "%d %.1f %.1f %.1f\n", NR, (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, v[low + 1], v[NR - low]
		}'
}

# ---- what knfsd's threads ran ----

# serve COMMAND...: starts knfsd of rex; its threads are those that come. The
# original server has threads of the same name.
serve() {
	local before
	before=$(pgrep -x nfsd | sort)
	"$@"
	mapfile -t threads < <(comm -13 <(echo "$before") <(pgrep -x nfsd | sort))
}

# ran_by FILE...: ns, of schedstat files.
ran_by() {
	local file ns sum=0
	for file; do
		read -r ns _ <"$file" && ((sum += ns))
	done
	echo "$sum"
}
knfsd_ran() {
	local files=("${threads[@]/#//proc/}")
	ran_by "${files[@]/%//schedstat}"
}

# ran COMMAND...: what knfsd's threads ran meanwhile, and until they are done.
ran() {
	local before
	before=$(knfsd_ran)
	"$@"
	echo $(($(knfsd_ran) - before))
}

# ---- what is measured beside us ----

peer_stop() {
	[[ -e $work/peer.pid ]] || return 0
	tell peer
	kill -INT "$(pid_of peer)" 2>/dev/null || true
	wait_for 60 "$(output_of peer) to end" ended peer
	rm -f "$work"/peer.*
}

# peer_start COMMAND...: until it says that it is ready.
peer_start() {
	talk peer "$@"
	wait_for 900 "ready of: $*" peer_says_or_ended && ! ended peer
}
peer_says_or_ended() { said peer '^ready$' || ended peer; }

# doors SCOPE: the hooks that are met within a scope.
doors() {
	case $1 in
	locks) echo lock ;;
	opens) echo lock open create ;;
	access) echo lock open create access ;;
	esac
}

# of_doors PREFIX SCOPE: names of programs.
of_doors() {
	local door
	for door in $(doors "$2"); do
		printf '%s_%s\n' "$1" "$door"
	done
}

# script_of KIND SCOPE: the same check for bpftrace, which counts.
script_of() {
	local door hook inode
	for door in $(doors "$2"); do
		case $door in
		lock) hook=file_lock inode=file ;;
		open) hook=file_open inode=file ;;
		create) hook=inode_create inode=dir ;;
		access) hook=inode_permission inode=inode ;;
		esac
		case $1/$inode in
		kprobe/file) inode='((struct file *)arg0)->f_inode' ;;
		kprobe/*) inode='((struct inode *)arg0)' ;;
		kfunc/file) inode='args->file->f_inode' ;;
		*) inode="args->$inode" ;;
		esac
		printf '%s:security_%s { if (%s->i_sb->s_magic == 0x6969) { @n = count(); } }\n' \
			"$1" "$hook" "$inode"
	done
}

# Once, after all others: probes are attached one by one.
bpftrace_start() {
	peer_start bpftrace -e "$1
		interval:s:1 { if (!@ready) { @ready = 1; printf(\"ready\\n\"); } }" && nap 2
}
nap() { wait_for "$1" "" false 2>/dev/null || true; }
