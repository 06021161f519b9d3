#!/bin/sh
# Configures and builds one folder, and says little unless it fails.
#
#   tools/build.sh FOLDER [CMAKE-OPTION...]
set -eu

folder=$1
shift
generator="-G Ninja"
command -v ninja >/dev/null || generator=
mkdir -p "$folder"
# shellcheck disable=SC2086 # two words, or none
if ! { cmake -S . -B "$folder" $generator "$@" &&
    cmake --build "$folder" -j "$(nproc)"; } >"$folder/build.log" 2>&1 </dev/null; then
    grep -E -A 8 'FAILED|error:|Error' "$folder/build.log" | head -n 60
    echo "$folder: does not build; all of it is in $folder/build.log" >&2
    exit 1
fi
