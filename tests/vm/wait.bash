# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Waiting for a state, in a guest and on the host.

# wait_for SECONDS WHAT COMMAND...: until the command succeeds; says what it
# waited for if it does not. In between it rests for twice as long as the command took, a second
# and a half at most: to look is work where all is emulated, and takes from what is waited for.
wait_for() {
	local seconds=$1 what=$2 end now took
	shift 2
	# A read from a pipe to which nobody writes: where all is emulated, to
	# start sleep(1) takes longer than it sleeps.
	[[ -n ${wait_fd:-} ]] || exec {wait_fd}<> <(:)
	now=${EPOCHREALTIME/[.,]/}
	end=$((now + seconds * 1000000))
	until "$@"; do
		took=$((${EPOCHREALTIME/[.,]/} - now))
		if ((now + took > end)); then
			printf 'waited %s seconds in vain for: %s\n' "$seconds" "$what" >&2
			return 1
		fi
		((took *= 2))
		((took > 50000)) || took=50000
		((took < 1500000)) || took=1500000
		printf -v took '%d.%06d' $((took / 1000000)) $((took % 1000000))
		read -rt "$took" -u "$wait_fd" || :
		now=${EPOCHREALTIME/[.,]/}
	done
}
