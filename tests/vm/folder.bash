# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Folders with a Debian release each, of debootstrap, in which something of this tree is built
# by chroot.  They are kept in the lab's cache.  Root only.  To be sourced after common.bash and
# apt.bash.

# folder_possible: says in a line what is missing, and fails.
folder_possible() {
	PATH=$PATH:/usr/sbin:/sbin
	if ((EUID != 0)); then
		warn "not done: root is needed for chroot and debootstrap"
	elif ! command -v debootstrap >/dev/null; then
		warn "not done: debootstrap is missing; packaging/deps installs it"
	elif ! unshare --mount --pid --fork true 2>/dev/null; then
		warn "not done: no mount namespace can be made here"
	else
		return 0
	fi
	return 1
}

# apart COMMAND...: what it mounts, and whatever still runs, goes with the namespaces,
# however this ends.  In the background: a signal is not to wait for it.
apart() {
	unshare --mount --pid --fork --kill-child "$@" </dev/null &
	wait $!
}

# inside DIR WORK COMMAND...: in the folder DIR, with WORK as /mnt.  What is written elsewhere
# stays in DIR, or in $overlay, where that is set; a package may not set this host's sysctls.
inside() {
	local dir=$1 work=$2
	shift 2
	# shellcheck disable=SC2016 # expanded by the inner shell
	apart bash -c '
		dir=$1 work=$2 overlay=$3
		shift 3
		if [[ -n $overlay ]]; then
			mkdir -p "$overlay"/{upper,work,root} && mount -t overlay overlay \
				-o "lowerdir=$dir,upperdir=$overlay/upper,workdir=$overlay/work" \
				"$overlay/root" || exit
			dir=$overlay/root
		fi
		mount -t proc proc "$dir/proc" && mount --bind "$dir/proc/sys" "$dir/proc/sys" &&
			mount -o remount,bind,ro "$dir/proc/sys" && mount --rbind /dev "$dir/dev" &&
			mount --rbind /sys "$dir/sys" &&
			mount --bind "$work" "$dir/mnt" || exit
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/mnt TMPDIR=/mnt/tmp LC_ALL=C.UTF-8 \
			${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
			chroot "$dir" "$@"' bash "$dir" "$work" "${overlay-}" "$@"
}

# tree_copy WORK: the tracked files, as they are on disk.
tree_copy() {
	rm -rf "${1:?}/tree" "$1/tmp"
	mkdir -p "$1/tree" "$1/tmp"
	git -C "$repo_dir" ls-files -z | tar -C "$repo_dir" --null -T - -c | tar -C "$1/tree" -x
}

# folder_of SUITE DEPS PACKAGE...: prints where it is.  Other packages are another folder.
folder_of() {
	printf '%s/toolchains/%s-%s\n' "$cache_dir" "$1" \
		"$({ "$repo_dir/packaging/deps" "$2" --list && printf '%s\n' "${@:3}"; } | sha256sum | cut -c1-8)"
}

# folder_get WORK SUITE DEPS PACKAGE...: makes it if need be, with what `packaging/deps DEPS`
# installs, and these packages; of another architecture where they are named so.  WORK has a
# copy of the tree, and log says what went wrong.
folder_get() {
	local work=$1 dir start=$SECONDS
	shift
	dir=$(folder_of "$@")
	[[ ! -e $dir ]] || return 0
	warn "making the folder of $1, some minutes"
	with_lock "${dir%/*}/.lock" folder_make "$dir" "$work" "$@" >"$work/log" 2>&1 || return
	warn "it took $((SECONDS - start)) s"
}

# folder_make DIR WORK SUITE..., with the lock held.
folder_make() {
	local dir=$1 temp
	shift
	[[ ! -e $dir ]] || return 0
	rm -rf --one-file-system "${dir%/*}"/.new.* # of one that was killed
	temp=$(mktemp -d "${dir%/*}/.new.XXXXXX") || return
	chmod 0755 "$temp" # for those of its packages' programs that are not run as root
	if folder_fill "$temp" "$@"; then
		mv -T "$temp" "$dir"
	else
		rm -rf --one-file-system "$temp"
		return 1
	fi
}

folder_fill() {
	local dir=$1 work=$2 suite=$3 deps=$4 uri key name other=''
	shift 4
	IFS=$'\t' read -r uri key < <(apt_address main "$suite")
	apart debootstrap --variant=minbase ${key:+--keyring="$key"} \
		"$suite" "$dir" "$uri" || return
	{
		apt_source "$uri" "$suite" main ''
		IFS=$'\t' read -r uri key < <(apt_address security "$suite-security")
		apt_source "$uri" "$suite-security" main ''
	} >"$dir/etc/apt/sources.list"
	apt-config dump | grep -i '^Acquire::[a-z]*::Proxy' >"$dir/etc/apt/apt.conf.d/proxy"
	# As on anybody's machine of that release: deps installs what is to be there.
	inside "$dir" "$work" /mnt/tree/packaging/deps "$deps" || return
	for name; do
		[[ $name != *:* || $other == *" ${name#*:} "* ]] && continue
		other+=" ${name#*:} "
		inside "$dir" "$work" dpkg --add-architecture "${name#*:}" &&
			inside "$dir" "$work" apt-get -qq update || return
	done
	inside "$dir" "$work" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		--no-install-recommends -o Dpkg::Use-Pty=0 install "$@" || return
	inside "$dir" "$work" apt-get clean
	rm -rf "$dir"/var/lib/apt/lists/*
}
