# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the kernel's module is built with: the headers of a kernel of the cache, from
# Debian's packages, unpacked in the cache and never installed.  To be sourced after
# kernel.bash.

# headers_get NAME: prints the folder to build modules in (KDIR) for the kernel NAME,
# fetching what is missing.
headers_get() {
	local suite=$1 kernel release version dir
	kernel=$(kernel_get "$suite") || return 1
	release=$(<"$kernel/release") version=$(<"$kernel/version")
	dir=$cache_dir/headers/${kernel##*/}
	if [[ ! -e $dir/kdir ]]; then
		with_lock "$cache_dir/headers/.lock" \
			headers_make "$suite" "$release" "$version" "$dir" >&2 || return 1
	fi
	printf '%s/tree/usr/src/linux-headers-%s\n' "$dir" "$release"
}

# headers_make SUITE RELEASE VERSION DIR, with the lock held.
headers_make() {
	local dir=$4
	[[ ! -e $dir/kdir ]] || return 0
	rm -rf "$dir"
	mkdir -p "$dir/deb"
	headers_fetch "$1" "$2" "$3" "$dir/deb" && headers_unpack "$dir/deb" "$dir/tree" &&
		rm -rf "$dir/deb" && : >"$dir/kdir"
}

# headers_fetch SUITE RELEASE VERSION DIR: the packages of just that kernel. Debian
# removes a version when the next one comes; the kernel has to be fetched anew then.
headers_fetch() {
	local suite=$1 release=$2 version=$3 dir=$4 config
	local -a package
	suite=$(kernel_suite "$suite") || return 1
	: >"$dir/status"
	config=$(kernel_sources "$suite" | apt_private "$dir/apt" "$dir/status")
	warn "asking the archive for the headers of $release"
	APT_CONFIG=$config apt-get -qq update || return 1
	mapfile -t package < <(
		APT_CONFIG=$config apt-cache depends --recurse --important \
			"linux-headers-$release" |
			grep -E '^linux-(headers|kbuild)-[0-9]' | sort -u
	)
	if ((${#package[@]} == 0)); then
		warn "the archive has no linux-headers-$release; fetch the kernel anew: lab kernel --update $1"
		return 1
	fi
	warn "downloading ${package[*]} ($version)"
	(cd "$dir" && APT_CONFIG=$config apt-get -qq download "${package[@]/%/=$version}") || {
		warn "the archive has no headers of version $version; fetch the kernel anew: lab kernel --update $1"
		return 1
	}
}

# The packages name each other by their place in /usr/src.
headers_unpack() {
	local deb
	for deb in "$1"/*.deb; do
		warn "unpacking ${deb##*/}"
		dpkg -x "$deb" "$2" || return 1
	done
	sed -i "s,/usr/src/,$2/usr/src/," "$2"/usr/src/linux-headers-*/Makefile
}
