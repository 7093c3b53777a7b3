# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The disk of a machine that systemd boots: a Debian system, made by mmdebstrap from the packages
# of the archive, with an NFS server and nothing of ours.  Made once for a suite, and kept in the
# cache; a machine writes to a copy.  It has no kernel: that, and its modules, are the lab's.
# To be sourced after common.bash, apt.bash and kernel.bash.

image_packages=(
	# booted by
	systemd-sysv udev dbus init
	# a re-export server
	nfs-kernel-server nfs-common autofs
	# what the lab and its tests use
	bash iproute2 kmod procps util-linux sqlite3 jq
)
# What reexport-guard's package depends on, so that apt installs it in a machine that reaches no
# archive.
image_depends=(
	libbpf1 libcap-ng0 libelf1 libinih1 libjson-c5 libkmod2 libmount1 libsqlite3-0 libsystemd0 zlib1g
)

# Of the two machines of a pair.
image_packages_pair=(pacemaker pacemaker-cli-utils corosync resource-agents psmisc)

# image_get NAME: prints the file of the disk for the kernel NAME, of that kernel's own suite.
image_get() {
	local suite file
	suite=$(kernel_suite "$1") || return 1
	file=$cache_dir/image/$suite-$(image_key)
	if [[ ! -e $file ]]; then
		need mmdebstrap mmdebstrap
		with_lock "$cache_dir/image/.lock" image_make "$suite" "$file" >&2 || return 1
	fi
	printf '%s\n' "$file"
}

image_key() {
	printf '%s\n' "${image_packages[@]}" "${image_depends[@]}" "$(declare -f image_fill)" "$(<"$vm_dir/disk")" |
		sha256sum | cut -c1-8
}

# image_make SUITE FILE, with the lock held.
image_make() {
	local suite=$1 file=$2 temp status=0
	[[ ! -e $file ]] || return 0
	temp=$(mktemp -d "$cache_dir/image/.new.XXXXXX")
	warn "making the disk of a Debian system ($suite) with systemd; it takes some minutes"
	if image_fill "$suite" "$temp/disk" >"$temp/log" 2>&1; then
		mv -T "$temp/disk" "$file"
	else
		status=1
		tail -n 30 "$temp/log" >&2
		warn "mmdebstrap failed"
	fi
	rm -rf "$temp"
	return $status
}

# image_fill SUITE FILE: as root, or as an ordinary user who has subordinate user ids
# (mmdebstrap(1), --mode).  The last hook runs where the files have the owners that they have in
# the machine.  Nobody can log in: commands come by the lab's agent.  What systemd would do by timers,
# such as asking the archive, is left out; so is what mmdebstrap put there to keep services from starting.
# Pacemaker is started by the test, when it has its configuration.
image_fill() {
	local suite=$1 file=$2 include option
	local -a options=()
	include=$(IFS=, && printf '%s' "${image_packages[*]},${image_depends[*]}")
	# How the network is reached, as on the host.
	while IFS= read -r option; do
		options+=("--aptopt=$option")
	done < <(apt-config dump | grep -E '^Acquire::(http|https|Check|Retries|ForceIPv)')
	kernel_sources "$suite" | PATH=$PATH:/usr/sbin:/sbin mmdebstrap \
		--variant=minbase --format=null --include="$include" "${options[@]}" \
		--dpkgopt=path-exclude='/usr/share/doc/*' --dpkgopt=path-exclude='/usr/share/locale/*' \
		--dpkgopt=path-exclude='/usr/share/man/*' \
		--customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/usr/lib/udev/hwdb.*
			rm -f "$1"/etc/systemd/system/timers.target.wants/* \
				"$1"/etc/systemd/system/multi-user.target.wants/corosync.service \
				"$1"/etc/systemd/system/multi-user.target.wants/pacemaker.service "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap' \
		--customize-hook='rm -f "$1"/usr/sbin/policy-rc.d
			[ ! -e "$1"/sbin/start-stop-daemon.REAL ] || mv "$1"/sbin/start-stop-daemon.REAL "$1"/sbin/start-stop-daemon' \
		--customize-hook='echo rex >"$1"/etc/hostname
			tr -d - </proc/sys/kernel/random/uuid >"$1"/etc/machine-id
			printf "%s\n" "127.0.0.1 localhost" "10.77.1.1 origin" "10.77.1.2 rex" "10.77.2.2 cli" >"$1"/etc/hosts
			: >"$1"/etc/fstab >"$1"/etc/resolv.conf' \
		--customize-hook="'$vm_dir/disk' \"\$1\" '$file'" \
		"$suite" - -
}
