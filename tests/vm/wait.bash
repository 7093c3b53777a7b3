# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Waiting for a state, in a guest and on the host.

# wait_for SECONDS WHAT COMMAND...: until the command succeeds; says what it
# waited for if it does not.
wait_for() {
	local seconds=$1 what=$2 end
	shift 2
	end=$((${EPOCHREALTIME/[.,]/} + seconds * 1000000))
	until "$@"; do
		if ((${EPOCHREALTIME/[.,]/} > end)); then
			printf 'waited %s seconds in vain for: %s\n' "$seconds" "$what" >&2
			return 1
		fi
		sleep 0.05
	done
}
