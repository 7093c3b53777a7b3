# SPDX-License-Identifier: GPL-2.0-only
# Completes verbs and options for fish, from what the program's own help says.

function __reexport_guard_words
    set -l verb (commandline -opc)[2..3]
    if not contains -- "$verb[1]" policy modules
        set verb $verb[1]
    end
    set -l prefix (string match -r '^(?:policy|modules)$' -- "$verb")
    reexport-guard help $verb 2>/dev/null | string match -r '^  (?:--[a-z-]+|[a-z]+(?: [a-z]+)?(?=  ))' |
        string trim | string replace -r "^$prefix " '' | string replace -r ' .*' '' | sort -u
end

complete -c reexport-guard -a '(__reexport_guard_words)'
