#!/bin/sh
# Fails when the library lets a name out that is not its own.
#
#   tools/check_symbols.sh FOLDER
set -eu

shared=$(nm -D --defined-only "$1/libtyto.so" | awk '$2 ~ /[A-Z]/ && $3 !~ /^tyto_/ { print $3 }')
static=$(nm -g --defined-only "$1/libtyto.a" 2>/dev/null |
    awk 'NF == 3 && $2 ~ /[A-Z]/ && $3 !~ /^tyto_/ { print $3 }')
if [ -n "$shared$static" ]; then
    echo "not named tyto_*: $shared $static"
    exit 1
fi
# What the headers promise must be there.
missing=$(
    nm -D --defined-only "$1/libtyto.so" | awk '{ print $3 }' | sort -u >"$1/exported.txt"
    cat include/tyto/*.h | tr '\n' ' ' | grep -oE 'TYTO_API [^;]*;' |
        grep -oE 'tyto_[a-z0-9_]+\(' | tr -d '(' | sort -u | comm -23 - "$1/exported.txt"
)
if [ -n "$missing" ]; then
    echo "declared in include/tyto but not in the library:" $missing
    exit 1
fi
