#!/bin/bash
# What bash offers after some words: completion.sh tyto.bash
set -u
. "$1"
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
exit $failed
