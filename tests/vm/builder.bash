# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds our kernel module for a kernel of the cache, with the compiler and the pahole of
# that kernel's own Debian suite.  Where this is another suite than the host's, they are
# unpacked into a folder of the cache and run with that folder as their root: they need
# newer libraries than the host has.  To be sourced after headers.bash.

builder_packages=(base-files bash bpftool coreutils dash diffutils findutils gawk grep make pahole sed)

# module_make NAME: makes reexport_guard.ko for the kernel NAME and prints where it is.
module_make() {
	local name=$1 suite kernel headers types out tree=''
	local -a build
	suite=$(kernel_suite "$name") && kernel=$(kernel_get "$name") &&
		headers=$(headers_get "$name") || return 1
	out=$repo_dir/build/kmod-$(<"$kernel/release")
	types=$headers/vmlinux
	[[ -e $types ]] || types=$kernel/vmlinux
	build=("$repo_dir/kmod/build" "$headers" "$types" "$out")
	# Packages of experimental are built with what sid has.
	[[ $suite != experimental ]] || suite=sid
	if [[ $suite != "$(. /etc/os-release && printf '%s' "${VERSION_CODENAME-}")" ]]; then
		tree=$(builder_get "$suite" "$(headers_compiler "$headers")") || return 1
	fi
	mkdir -p "$out"
	if [[ -n $tree ]]; then
		builder_run "$tree" "${build[@]}"
	else
		"${build[@]}"
	fi >&2 && printf '%s\n' "$out/reexport_guard.ko"
}

# modules_with_ours NAME KERNEL DIR: the modules of the kernel NAME, of the folder KERNEL, and ours
# where DKMS installs it, as DIR.  The files are those of the cache, by links where that can be.
modules_with_ours() {
	local module release temp
	module=$(module_make "$1") && release=$(<"$2/release") || return 1
	temp=$(mktemp -d "$3.XXXXXX") && mkdir -p "$temp/lib/modules" &&
		{ cp -al "$2/lib/modules/$release" "$temp/lib/modules/" 2>/dev/null ||
			cp -a "$2/lib/modules/$release" "$temp/lib/modules/"; } &&
		install -D -m 0644 "$module" "$temp/lib/modules/$release/updates/dkms/reexport_guard.ko" &&
		PATH=$PATH:/usr/sbin:/sbin depmod -b "$temp" "$release" &&
		mv -T "$temp/lib/modules/$release" "$3" && rm -rf "$temp"
}

# headers_compiler KDIR: the package of the compiler that the kernel was built with.
headers_compiler() {
	sed -nE 's/^CONFIG_CC_VERSION_TEXT="[^ ]*(gcc-[0-9]+) .*/\1/p' "$1/.config"
}

# builder_get SUITE COMPILER: prints the folder, making it if need be.
builder_get() {
	local dir
	dir=$cache_dir/builder/$1-$2-$(printf '%s\n' "${builder_packages[@]}" | sha256sum | cut -c1-8)
	if [[ ! -e $dir ]]; then
		with_lock "$cache_dir/builder/.lock" builder_make "$1" "$2" "$dir" >&2 || return 1
	fi
	printf '%s\n' "$dir"
}

# builder_make SUITE COMPILER DIR, with the lock held.
builder_make() {
	local dir=$3 temp
	[[ ! -e $dir ]] || return 0
	temp=$(mktemp -d "$cache_dir/builder/.new.XXXXXX")
	if builder_fill "$1" "$2" "$temp"; then
		chmod 0755 "$temp/root"
		mv -T "$temp/root" "$dir"
		rm -rf "$temp"
	else
		rm -rf "$temp"
		return 1
	fi
}

# Unpacked, not installed: no program of a package runs, so awk is named by us.
builder_fill() {
	local suite=$1 compiler=$2 temp=$3 config deb
	if [[ ! $compiler =~ ^gcc-[0-9]+$ ]]; then
		warn "which compiler the kernel of $suite was built with is not said in its headers"
		return 1
	fi
	warn "downloading $compiler and pahole of $suite"
	mkdir "$temp/root" && : >"$temp/status" || return 1
	config=$(kernel_sources "$suite" | apt_private "$temp/apt" "$temp/status")
	APT_CONFIG=$config apt-get -qq update &&
		APT_CONFIG=$config apt-get -qq -y --download-only install \
			"${builder_packages[@]}" "$compiler" || return 1
	for deb in "$temp"/apt/cache/archives/*.deb; do
		dpkg -x "$deb" "$temp/root" || return 1
	done
	ln -s gawk "$temp/root/usr/bin/awk"
}

# builder_run TREE COMMAND...: with TREE as root, in which this repository and the cache are
# where they are on the host.  Who may not mount here is root of a namespace.
builder_run() {
	local tree=$1
	local -a user=()
	shift
	unshare --mount true 2>/dev/null || user=(--map-root-user)
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare "${user[@]}" --mount bash -c '
		tree=$1 repo=$2 cache=$3
		shift 3
		for dir in "$repo" "$cache" /dev /proc; do
			mkdir -p "$tree$dir" && mount --rbind "$dir" "$tree$dir" || exit
		done
		exec env -i PATH=/usr/bin:/usr/sbin LC_ALL=C chroot "$tree" "$@"' \
		bash "$tree" "$repo_dir" "$cache_dir" "$@"
}
