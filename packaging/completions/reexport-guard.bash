# SPDX-License-Identifier: GPL-2.0-only
# Completes verbs, options and their values for bash, from what the program's own help says.

# Prints the words that may follow those given: verbs, second words of a verb, or options.
_reexport_guard_words() {
	reexport-guard help "$@" 2>/dev/null | sed -n \
		-e 's/^  \(--[a-z-]*\).*/\1/p' \
		-e "s/^  ${1:+$1 }\([a-z]*\)\( [a-z]*\)\?  .*/\1/p"
}

# Prints what the help calls the value of an option: FILE, or hold|deny|audit.
_reexport_guard_value() {
	local option=$1
	shift
	reexport-guard help "$@" 2>/dev/null | sed -n "s/^  $option \([^ ]*\).*/\1/p"
}

_reexport_guard() {
	local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} value
	local -a verb=()
	((COMP_CWORD < 2)) || verb=("${COMP_WORDS[1]}")
	[[ ${verb[*]} != policy && ${verb[*]} != modules ]] || ((COMP_CWORD < 3)) ||
		verb+=("${COMP_WORDS[2]}")
	COMPREPLY=()
	if [[ $previous == --* ]]; then
		value=$(_reexport_guard_value "$previous" "${verb[@]}")
		case $value in
		FILE | *PATH*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		*'|'*) mapfile -t COMPREPLY < <(compgen -W "${value//|/ }" -- "$cur") ;;
		esac
		[[ -z $value ]] || return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$(_reexport_guard_words "${verb[@]}")" -- "$cur")
	[[ -n ${COMPREPLY[*]} || $cur == -* ]] || mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -o filenames -F _reexport_guard reexport-guard
