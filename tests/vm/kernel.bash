# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian kernels to boot, by suite: fetched once, unpacked in the cache, never
# installed.  A kernel in the cache is a folder with
#
#   release         what uname -r says
#   version         the package's version
#   vmlinux         the kernel, decompressed if that could be done here
#   modules/        to be seen as /usr/lib/modules/RELEASE
#
# To be sourced after common.bash and apt.bash.

# kernel_suite NAME: a kernel's version, or a Debian suite as it is. The one place
# that knows which suite has which.
kernel_suite() {
	case $1 in
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	7.2) echo sid ;;
	7.3) echo experimental ;;
	[0-9]*)
		warn "kernel $1: expected 6.1, 6.12, 7.2, 7.3 or a Debian suite"
		return 1
		;;
	*) echo "$1" ;;
	esac
}

# kernel_get NAME: prints the folder of the kernel, fetching it if need be.
kernel_get() {
	local suite link
	suite=$(kernel_suite "$1") || return 1
	link=$cache_dir/kernel/$suite
	need depmod kmod
	if [[ -n ${RG_KERNEL_DIR:-} ]]; then
		link=$cache_dir/kernel/$(kernel_dir_key "$RG_KERNEL_DIR")
		suite=
	fi
	if [[ ! -e $link/release ]]; then
		with_lock "$cache_dir/kernel/.lock" kernel_make "$suite" "$link" >&2 ||
			return 1
	fi
	(cd "$link" && pwd -P)
}

# kernel_forget NAME: the next kernel_get asks the archive anew.
kernel_forget() {
	local suite
	suite=$(kernel_suite "$1") && rm -f "$cache_dir/kernel/$suite"
}

# A folder given by hand is known by what is in it, so that a new package put
# there is taken up.
kernel_dir_key() {
	[[ -d $1 ]] || die "RG_KERNEL_DIR=$1 is not a folder"
	(cd "$1" && pwd -P && find . -maxdepth 3 -printf '%p %s %T@\n' | sort) |
		sha256sum | cut -c1-16 | sed 's/^/dir-/'
}

# kernel_make SUITE LINK, with the lock held.
kernel_make() {
	local suite=$1 link=$2 temp
	# Another run may have made it while this one waited for the lock.
	[[ ! -e $link/release ]] || return 0
	temp=$(mktemp -d "$cache_dir/kernel/.new.XXXXXX")
	if kernel_fill "$suite" "$temp"; then
		kernel_publish "$temp" "$link"
	else
		rm -rf "$temp"
		return 1
	fi
}

kernel_fill() {
	local suite=$1 temp=$2
	if [[ -z $suite ]]; then
		kernel_from_dir "$RG_KERNEL_DIR" "$temp/tree"
	else
		kernel_fetch "$suite" "$temp/deb" &&
			kernel_unpack "$temp/deb" "$temp/tree"
	fi && kernel_arrange "$temp/tree" "$temp/out"
}

kernel_from_dir() {
	if compgen -G "$1/*.deb" >/dev/null; then
		kernel_unpack "$1" "$2"
	else
		cp -a "$1" "$2"
	fi
}

# kernel_fetch SUITE DIR: download the packages of the suite's present kernel.
# Debian removes a version from the archive when the next one comes, so it is
# the meta-package that is asked, at the time of fetching.
kernel_fetch() {
	local suite=$1 dir=$2 config uri key
	local -a package
	mkdir -p "$dir"
	: >"$dir/status"
	config=$(kernel_sources "$suite" | apt_private "$dir/apt" "$dir/status")
	warn "asking the archive for the kernel of $suite"
	APT_CONFIG=$config apt-get -qq update || return 1
	# From 7.x on a linux-image is two further packages.
	mapfile -t package < <(
		APT_CONFIG=$config apt-cache depends --recurse --important \
			linux-image-amd64 |
			grep -E '^linux-(image|binary|modules)-[0-9]' | sort -u
	)
	if ((${#package[@]} == 0)); then
		warn "no linux-image-amd64 in $suite (see $config)"
		return 1
	fi
	warn "downloading ${package[*]}"
	(cd "$dir" && APT_CONFIG=$config apt-get -qq download "${package[@]}") ||
		return 1
	rm -rf "$dir/apt"
}

kernel_sources() {
	local suite=$1 uri key
	IFS=$'\t' read -r uri key < <(apt_address main "$suite")
	apt_source "$uri" "$suite" main "$key"
	# Only a released suite has updates of its kernel elsewhere.
	case $suite in
	*-* | sid | unstable | testing | experimental) return ;;
	esac
	IFS=$'\t' read -r uri key < <(apt_address security "$suite-security")
	apt_source "$uri" "$suite-security" main "$key"
}

kernel_unpack() {
	local deb
	for deb in "$1"/*.deb; do
		[[ ${deb##*/} =~ ^linux-(image|binary|modules)-[0-9] ]] || continue
		warn "unpacking ${deb##*/}"
		dpkg -x "$deb" "$2" || return 1
		dpkg-deb -f "$deb" Version >"$2/version"
	done
}

# kernel_arrange TREE OUT: one layout out of the several of the packages.
kernel_arrange() {
	local tree=$1 out=$2 release image modules
	# The packages of 7.x use both folders, for different files.
	if [[ -d $tree/lib && -d $tree/usr/lib && ! -L $tree/lib ]]; then
		cp -a "$tree/lib/." "$tree/usr/lib/" && rm -rf "${tree:?}/lib"
	fi
	modules=$(find "$tree" -path '*/lib/modules/*/kernel' -prune -print -quit)
	[[ -n $modules ]] || {
		warn "no lib/modules/*/kernel in the kernel's packages"
		return 1
	}
	modules=${modules%/kernel}
	release=${modules##*/}
	image=$(find "$tree" \( -name "vmlinuz-$release" -o \
		-path "*/lib/modules/$release/vmlinuz" \) -print -quit)
	[[ -n $image ]] || {
		warn "no vmlinuz for $release in the kernel's packages"
		return 1
	}
	mkdir -p "$out/lib/modules"
	# QEMU starts the ELF file by its PVH entry, which saves an emulated machine two seconds of
	# every boot; what it is packed in boots as well.
	"$repo_dir/kmod/vmlinux-of" "$image" "$out/vmlinux" || cp "$image" "$out/vmlinux"
	mv "$modules" "$out/lib/modules/$release"
	ln -s "lib/modules/$release" "$out/modules"
	rm -f "$out/lib/modules/$release"/{build,source,vmlinuz}
	kernel_modules_plain "$out/lib/modules/$release"
	# Not in the packages of 7.x; depmod complains of each that is missing.
	touch "$out/lib/modules/$release"/modules.{order,builtin,builtin.modinfo}
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$out" "$release" || return 1
	cat "$tree/version" >"$out/version" 2>/dev/null || : >"$out/version"
	printf '%s\n' "$release" >"$out/release"
}

# Decompressing is slow in an emulated machine, and is done there at every
# boot; here it is done once.  No machine of the lab has such devices.
kernel_modules_plain() {
	rm -rf "$1"/kernel/sound "$1"/kernel/drivers/{gpu,media,staging,infiniband}
	find "$1" -name '*.ko.xz' -print0 | xargs -0r -n 64 -P 2 xz -d
	find "$1" -name '*.ko.zst' -print0 | xargs -0r -n 64 -P 2 zstd -q -d --rm
}

# kernel_publish TEMP LINK: the folder has the version in its name and the link
# is replaced in one step; a machine that runs from the former one keeps it.
kernel_publish() {
	local temp=$1 link=$2 target
	target=$(<"$temp/out/release")_$(<"$temp/out/version")
	target=${target//[:\/]/.}
	if [[ ! -e ${link%/*}/$target/release ]]; then
		rm -rf "${link%/*}/${target:?}"
		mv -T "$temp/out" "${link%/*}/$target"
	fi
	ln -s "$target" "$temp/link"
	mv -T "$temp/link" "$link"
	rm -rf "$temp"
	warn "kernel ${target} is in ${link%/*}"
}
