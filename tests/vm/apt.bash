# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Packages of the host's own archive, looked up and downloaded by a user who
# is not root, with nothing of the host's apt state read or written but its
# configuration.  To be sourced after common.bash.

# apt_entries: each archive the host is configured for, one suite a line:
# URI <tab> suite <tab> components <tab> key file.
apt_entries() {
	local file
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[[ ! -r $file ]] || apt_entries_one_line <"$file"
	done
	for file in /etc/apt/sources.list.d/*.sources; do
		[[ ! -r $file ]] || apt_entries_deb822 <"$file"
	done
}

apt_entries_one_line() {
	awk '
	$1 != "deb" { next }
	{
		sub(/#.*/, "")
		key = ""
		if (match($0, /\[[^]]*\]/)) {
			options = substr($0, RSTART + 1, RLENGTH - 2)
			$0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH)
			if (match(options, /signed-by=[^ ]+/))
				key = substr(options, RSTART + 10, RLENGTH - 10)
		}
		components = $4
		for (i = 5; i <= NF; i++)
			components = components " " $i
		printf "%s\t%s\t%s\t%s\n", $2, $3, components, key
	}'
}

apt_entries_deb822() {
	grep -v '^#' | awk '
	BEGIN { RS = ""; FS = "\n" }
	{
		split("", value)
		name = ""
		for (i = 1; i <= NF; i++) {
			text = $i
			if (match(text, /^[A-Za-z-]+:/)) {
				name = tolower(substr(text, 1, RLENGTH - 1))
				text = substr(text, RLENGTH + 1)
			}
			value[name] = value[name] " " text
		}
		if (value["types"] !~ /(^| )deb( |$)/ ||
		    tolower(value["enabled"]) ~ /no|false|0/)
			next
		n = split(value["uris"], uri, " ")
		m = split(value["suites"], suite, " ")
		components = value["components"]
		sub(/^ +/, "", components)
		key = value["signed-by"]
		gsub(/ /, "", key)
		# A key may also be written out in the file; apt then wants it
		# nowhere else, and the archive keys of the host serve as well.
		if (key !~ /^\//)
			key = ""
		for (i = 1; i <= n; i++)
			for (j = 1; j <= m; j++)
				printf "%s\t%s\t%s\t%s\n", uri[i], suite[j],
				       components, key
	}'
}

# apt_distribution_entries: only those of the host's distribution.  Others too
# call their suite "bookworm", but they bring a key of their own.
apt_distribution_entries() {
	apt_entries | awk -F '\t' '
	$3 ~ /(^| )main( |$)/ && ($4 == "" || $4 ~ /\/(debian|ubuntu)-archive-/)'
}

# apt_address KIND SUITE: "URI <tab> key file" from which to fetch a suite.
# KIND is main or security.  What the machine is configured for comes first: a
# mirror may be the only archive it can reach.
apt_address() {
	local kind=$1 suite=$2 id
	id=$(. /etc/os-release && printf '%s' "$ID")
	{
		[[ $id != debian ]] || apt_distribution_entries
		printf '%s\t%s\t%s\t%s\n' \
			http://deb.debian.org/debian any main '' \
			http://deb.debian.org/debian-security any-security main ''
	} | awk -F '\t' -v kind="$kind" -v suite="$suite" '
	{ is = ($2 ~ /-security$|\/updates$/) ? "security" : "main" }
	is != kind { next }
	$2 == suite { print $1 "\t" $4; found = 1; exit }
	first == "" { first = $1 "\t" $4 }
	END { if (!found) print first }'
}

# apt_source URI SUITE COMPONENTS KEY: a line of a sources.list.
apt_source() {
	printf 'deb %s%s %s %s\n' "${4:+[signed-by=$4] }" "$1" "$2" "$3"
}

# apt_private DIR STATUS: set up apt's state below DIR, with the sources on
# standard input and the installed packages as in the dpkg status file STATUS.
# Prints the APT_CONFIG to use.
#
# Everything is in one file that shuts out the host's other apt configuration,
# whose hooks would run on the host; how to reach the network is kept.
apt_private() {
	local dir=$1 status=$2
	mkdir -p "$dir"/{lists/partial,cache/archives/partial,state}
	cat >"$dir/sources.list"
	{
		cat <<-END
			Dir::State "$dir/state";
			Dir::State::Lists "$dir/lists";
			Dir::State::status "$status";
			Dir::Cache "$dir/cache";
			Dir::Etc::SourceList "$dir/sources.list";
			Dir::Etc::SourceParts "/dev/null";
			Dir::Etc::PreferencesParts "/dev/null";
			Dir::Etc::Preferences "/dev/null";
			Dir::Etc::Parts "/dev/null";
			Dir::Etc::Main "/dev/null";
			Dir::Log "$dir";
			Debug::NoLocking "1";
			APT::Sandbox::User "$(id -un)";
			APT::Install-Recommends "0";
			Acquire::Languages "none";
		END
		apt-config dump | grep '^Acquire::' |
			grep -vE '^Acquire::(Languages|IndexTargets|CompressionTypes)'
	} >"$dir/apt.conf"
	printf '%s\n' "$dir/apt.conf"
}
