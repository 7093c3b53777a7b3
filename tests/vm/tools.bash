# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The programs that a guest needs and the host may lack, as a folder to lay
# over the host's root in the guest.  They are never installed on the host: an
# installed nfs-kernel-server would start an NFS server there.  To be sourced
# after common.bash and apt.bash.

guest_packages=(
	nfs-kernel-server nfs-common rpcbind netbase keyutils
	e2fsprogs iproute2 kmod procps util-linux sqlite3 strace python3-minimal
)

# tools_get: prints the folder, making it if need be.
tools_get() {
	local dir
	dir=$cache_dir/tools/$(tools_key)
	if ! tools_good "$dir"; then
		with_lock "$cache_dir/tools/.lock" tools_make "$dir" >&2 || return 1
	fi
	printf '%s\n' "$dir/root"
}

tools_key() {
	local name
	name=$(. /etc/os-release && printf '%s' "$ID-$VERSION_ID")
	printf '%s-%s\n' "$name" \
		"$(printf '%s\n' "${guest_packages[@]}" | sha256sum | cut -c1-8)"
}

# tools_good DIR: made, and everything it took for granted on the host is
# still there.
tools_good() {
	local wanted
	[[ -e $1/host-packages ]] || return 1
	wanted=$(<"$1/host-packages")
	# shellcheck disable=SC2086 # a list of package names
	[[ -z $wanted ]] || installed $wanted >/dev/null
}

# installed PACKAGE...: prints those that are; fails unless all are.
installed() {
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
		awk -v want=$# '
		$1 == "installed" { print $2; seen[$2] = 1 }
		END { n = 0; for (s in seen) n++; exit n < want }'
}

tools_make() {
	local dir=$1 temp
	! tools_good "$dir" || return 0
	mkdir -p "$cache_dir/tools"
	temp=$(mktemp -d "$cache_dir/tools/.new.XXXXXX")
	if tools_fill "$temp"; then
		rm -rf "$dir"
		mv -T "$temp" "$dir"
	else
		rm -rf "$temp"
		return 1
	fi
}

tools_fill() {
	local temp=$1 config deb
	mkdir "$temp/root"
	chmod 0755 "$temp" "$temp/root"
	if installed "${guest_packages[@]}" >"$temp/host-packages"; then
		return 0
	fi
	warn "downloading what the guest needs and this host does not have"
	config=$(tools_sources | apt_private "$temp/apt" /var/lib/dpkg/status)
	export APT_CONFIG=$config
	apt-get -qq update &&
		apt-get -qq -y --download-only --no-remove install \
			"${guest_packages[@]}" || return 1
	for deb in "$temp"/apt/cache/archives/*.deb; do
		dpkg -x "$deb" "$temp/root" || return 1
	done
	tools_fold "$temp/root"
	# Unpacked by an ordinary user, a set-user-ID program is his, and would
	# take root's rights away from the guest's root.
	chmod -R u-s,g-s "$temp/root"
	tools_remember "$temp"
	unset APT_CONFIG
	rm -rf "$temp/apt"
}

tools_sources() {
	local uri suite components key
	apt_distribution_entries |
		while IFS=$'\t' read -r uri suite components key; do
			apt_source "$uri" "$suite" "$components" "$key"
		done
}

# /bin and its like are links into usr on the host; a folder of that name in an
# upper layer would hide all that is behind the link.
tools_fold() {
	local name
	for name in bin sbin lib lib32 lib64 libx32; do
		[[ -d $1/$name && ! -L $1/$name ]] || continue
		mkdir -p "$1/usr/$name"
		cp -a "$1/$name/." "$1/usr/$name/"
		rm -rf "${1:?}/$name"
	done
}

# tools_remember DIR: which installed packages the downloaded ones rest on.
tools_remember() {
	local -a name
	mapfile -t name < <(
		apt-cache depends --recurse --important "${guest_packages[@]}" |
			grep -E '^[a-z0-9]' | sort -u
	)
	installed "${name[@]}" | sort -u >"$1/host-packages"
}
