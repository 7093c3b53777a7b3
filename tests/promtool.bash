# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# promtool, which checks metrics, alerts and queries.  Debian has it in the package
# prometheus, which would start a server where it is installed: so the package is
# unpacked, and the one program kept.  To be sourced after common.bash, apt.bash and
# tools.bash of tests/vm.

# promtool_get: prints its path, fetching it if need be.
promtool_get() {
	local dir
	if command -v promtool; then
		return
	fi
	dir=$cache_dir/promtool/$(. /etc/os-release && printf '%s' "$ID-$VERSION_ID")
	if [[ ! -x $dir/promtool ]]; then
		with_lock "$cache_dir/promtool/.lock" promtool_make "$dir" >&2 || return 1
	fi
	printf '%s\n' "$dir/promtool"
}

promtool_make() {
	local dir=$1 temp
	[[ ! -x $dir/promtool ]] || return 0
	temp=$(mktemp -d "$cache_dir/promtool/.new.XXXXXX")
	if promtool_fill "$temp"; then
		rm -rf "$dir"
		mkdir -p "$dir"
		mv "$temp/usr/bin/promtool" "$dir/promtool"
	fi
	rm -rf "$temp"
	[[ -x $dir/promtool ]]
}

promtool_fill() {
	local temp=$1 config
	warn "downloading promtool, which this host does not have"
	config=$(tools_sources | apt_private "$temp/apt" /var/lib/dpkg/status)
	(
		cd "$temp" || exit
		export APT_CONFIG=$config
		apt-get -qq update && apt-get -qq download prometheus &&
			dpkg --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
	) && "$temp/usr/bin/promtool" --version >/dev/null
}
