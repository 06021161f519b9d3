#!/bin/sh
# clang-tidy over the library and the command, by .clang-tidy; fails at any warning.
#
#   tools/check_tidy.sh FOLDER           where it was built: without the analyzer, in a minute
#   tools/check_tidy.sh FOLDER --all     with it: ten minutes and more
set -eu
cd "$(dirname "$0")/.."
checks='--checks=-clang-analyzer-*'
[ "${2:-}" != --all ] || checks=--quiet

# Files of this build: another CPU's kernels and absent parts aren't in its list.
sed -n 's/^ *"file": ".*\/\(\(src\|apps\)\/[^"]*\.c\)".*/\1/p' "$1/compile_commands.json" |
    grep -v '^src/kernels/' | sort -u |
    xargs -P "$(nproc)" -n 8 clang-tidy -p "$1" --quiet --warnings-as-errors='*' "$checks" 2>/dev/null
