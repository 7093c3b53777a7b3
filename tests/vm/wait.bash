# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Waiting for a state, in a guest and on the host.

# wait_for SECONDS WHAT COMMAND...: until the command succeeds; says what it
# waited for if it does not.
wait_for() {
	local seconds=$1 what=$2 end
	shift 2
	# A read from a pipe to which nobody writes: where all is emulated, to
	# start sleep(1) takes longer than it sleeps.
	[[ -n ${wait_fd:-} ]] || exec {wait_fd}<> <(:)
	end=$((${EPOCHREALTIME/[.,]/} + seconds * 1000000))
	until "$@"; do
		if ((${EPOCHREALTIME/[.,]/} > end)); then
			printf 'waited %s seconds in vain for: %s\n' "$seconds" "$what" >&2
			return 1
		fi
		read -rt 0.05 -u "$wait_fd" || :
	done
}
