#!/bin/sh
# Writes the manual page and the shell completions from the command's own tables.
#
#   tools/make_cli_docs.sh COMMAND           into their places
#   tools/make_cli_docs.sh COMMAND --check   fails when they are not what the command prints
set -eu

command=$(realpath "$1")
cd "$(dirname "$0")/.."
status=0
made=$(mktemp)
trap 'rm -f "$made"' EXIT

# file WORDS...: the file holds what 'tyto help WORDS' prints
file() {
    path=$1
    shift
    ${TYTO_EMULATOR:-} "$command" help "$@" >"$made"
    if [ "$check" = --check ]; then
        cmp -s "$made" "$path" || {
            echo "$path: not what 'tyto help $*' prints; run tools/make_cli_docs.sh COMMAND"
            status=1
        }
    else
        mkdir -p "$(dirname "$path")"
        cat "$made" >"$path"
    fi
}

check=${2:-}
file docs/tyto.1 --man
file apps/cli/completion/tyto.bash --completion bash
file apps/cli/completion/_tyto --completion zsh
file apps/cli/completion/tyto.fish --completion fish
exit $status
