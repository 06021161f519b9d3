#!/bin/sh
# Compares what programs see of the shared library with the committed description of it: fails when
# a program built against that one could break. Fields at the end of options structs, further calls
# and further values of enums are additions, and pass.
#
#   tools/check_abi.sh              compare
#   tools/check_abi.sh --write      describe the library anew: with each version that may break calls
set -eu
cd "$(dirname "$0")/.."
baseline=tools/abi/libtyto.abi
if [ "$(uname -m)" != x86_64 ]; then
    echo "the library is described for x86-64, and not compared on $(uname -m)"
    exit 0
fi

tools/build.sh build-abi -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTYTO_TESTS=OFF
describe() {
    abidw --suppressions tools/abi/private.txt --exported-interfaces-only --type-id-style hash \
        --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed build-abi/libtyto.so | sed "s|$PWD/||g"
}
if [ "${1:-}" = --write ]; then
    mkdir -p "$(dirname "$baseline")"
    describe >"$baseline"
    exit 0
fi
now=$(mktemp)
trap 'rm -f "$now"' EXIT
describe >"$now"
abidiff --no-added-syms --suppressions tools/abi/additions.txt "$baseline" "$now"
