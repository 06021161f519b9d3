#!/bin/bash
# What bash offers after some words: completion.sh tyto.bash
set -u
folder=$(cd "$(dirname "$1")" && pwd)
. "$1"
COMP_WORDBREAKS=$' \t\n"\'@><=;|&(:'
cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
mkdir folder && touch folder.txt
failed=0

# offers WANTED WORD...: the last word is being typed
offers() {
    local wanted=$1
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _tyto
    local got
    got=$(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | paste -sd ' ')
    if [ "$got" = "$wanted" ]; then
        echo "[       OK ] completion of '$*'"
    else
        echo "[  FAILED  ] completion of '$*': got '$got', required '$wanted'"
        failed=1
    fi
}

offers "detect" tyto det
offers "--threads --threshold" tyto detect --thr
offers "json jsonl" tyto detect photo.jpg --format js
offers "class" tyto detect --nms c
offers "folder" tyto inspect -m fol
offers "folder folder.txt" tyto detect fol
offers "" tyto detect -t ca
offers "--inputs" tyto forward --in
offers "detect" tyto help de
offers "detect" tyto eval ""
offers "json jsonl" tyto detect --format = js
offers "" tyto tokenize --prec
offers "" tyto tokenize fol
offers "folder folder.txt" tyto detect @ fol
offers "folder folder.txt" tyto detect @
COMP_WORDBREAKS=${COMP_WORDBREAKS//@/}
offers "@folder @folder.txt" tyto detect @fol

# fish_offers WANTED LINE
fish_offers() {
    local got
    got=$(fish --no-config -c "function tyto; end; source '$fish'; complete -C '$2'" |
        cut -f 1 | LC_ALL=C sort | paste -sd ' ')
    if [ "$got" = "$1" ]; then
        echo "[       OK ] fish: completion of '$2'"
    else
        echo "[  FAILED  ] fish: completion of '$2': got '$got', required '$1'"
        failed=1
    fi
}

fish=$folder/tyto.fish
if command -v fish >/dev/null; then
    fish_offers detect "tyto det"
    fish_offers "--threads --threshold" "tyto detect --thr"
    fish_offers class "tyto detect --nms c"
    fish_offers folder/ "tyto inspect -m fol"
    fish_offers "@folder.txt @folder/" "tyto detect @fol"
    fish_offers detect "tyto eval "
else
    echo "[  SKIPPED ] fish isn't here"
fi
if command -v zsh >/dev/null; then
    # compinit finds the function by its first line, and zsh reads all of it.
    if zsh -f -c "fpath=('$folder' \$fpath); autoload -U compinit; compinit -D
        [[ \$_comps[tyto] == _tyto ]] && autoload +X _tyto"; then
        echo "[       OK ] zsh loads the completion"
    else
        echo "[  FAILED  ] zsh loads the completion"
        failed=1
    fi
else
    echo "[  SKIPPED ] zsh isn't here"
fi
exit $failed
