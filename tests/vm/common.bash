# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What every file of the lab on the host's side uses: where things are, how to
# fail, and how to wait.  To be sourced.

vm_dir=$(cd "${BASH_SOURCE[0]%/*}" && pwd -P)
# shellcheck disable=SC2034
repo_dir=${vm_dir%/tests/vm}
# shellcheck disable=SC2034
cache_dir=${RG_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reexport-guard}

warn() { printf 'lab: %s\n' "$*" >&2; }

die() {
	warn "$@"
	exit 1
}

# need PROGRAM PACKAGE: the hint is worth more than "command not found".
need() {
	# Programs in sbin are often outside a user's PATH.
	PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null ||
		die "$1 is missing on this host; install the package $2"
}

# nap SECONDS: sleep without starting a process, so that polling costs nothing.
# The descriptor is the reading end of a pipe to which nobody writes.
nap() {
	if [[ -z ${nap_fd:-} ]]; then
		exec {nap_fd}<> <(:)
	fi
	read -rt "$1" -u "$nap_fd" || :
}

# now_ms sets $now_ms; a variable, because a subshell a poll would cost more
# than the poll.
now_ms() {
	now_ms=${EPOCHREALTIME/[.,]/}
	now_ms=$((now_ms / 1000))
}

# with_lock FILE COMMAND...: two runs must not unpack into one cache.
with_lock() {
	local file=$1 fd
	shift
	mkdir -p "${file%/*}"
	exec {fd}>"$file"
	flock "$fd"
	"$@"
	local status=$?
	exec {fd}>&-
	return "$status"
}

# pid_alive FILE: the process whose pid is in the file runs; one that has ended
# and that nobody has collected does not.
pid_alive() {
	local pid stat
	{ pid=$(<"$1") && stat=$(<"/proc/$pid/stat"); } 2>/dev/null &&
		[[ ${stat##*) } != [ZX]* ]]
}

# start_time PID: when a process began, so that a reused pid is not taken for
# the process that had it before.  Fails if there is no such process.
start_time() {
	local stat
	{ stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
	# The name in parentheses may hold blanks; count after it.
	local -a field
	read -ra field <<<"${stat##*) }"
	[[ ${field[0]} != Z ]] || return 1
	printf '%s\n' "${field[19]}"
}
