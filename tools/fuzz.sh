#!/bin/sh
# Searches for inputs that crash, from the committed ones on, in each fuzz target or in those named.
#   tools/fuzz.sh FOLDER SECONDS [SEED [STEPS [NAME...]]]
# FOLDER is a build with TYTO_FUZZ. Seed 0 is another one each time; STEPS end a search before its time
# (0: no end). What crashes is left in FOLDER as crash-NAME-…; other new inputs are not kept.
set -u
cd "$(dirname "$0")/.." || exit 1
[ $# -ge 2 ] || {
    sed -n 's/^#   /usage: /p' "$0" >&2
    exit 2
}
folder=$1 seconds=$2 seed=${3:-0} steps=${4:-0}
[ "$steps" != 0 ] || steps=-1
shift 2
[ $# -eq 0 ] || shift
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(cd "$folder/tests" && ls | sed -n 's/^fuzz_//p')
# What a picture within the limits may take: 2.8 GB, of a progressive JPEG with 256 million pixels.
memory_mb=4096
# No single block is larger than the pixels of the largest picture, with alpha.
block_mb=1100
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
outcome=0
for name; do
    mkdir -p "$found/$name"
    ASAN_OPTIONS=allocator_may_return_null=1:quarantine_size_mb=64 \
        "$folder/tests/fuzz_$name" -seed="$seed" -runs="$steps" -max_total_time="$seconds" \
        -max_len=4096 -rss_limit_mb=$memory_mb -malloc_limit_mb=$block_mb -timeout=20 \
        -artifact_prefix="$folder/crash-$name-" "$found/$name" "tests/fuzz/corpus/$name" \
        >"$folder/$name.log" 2>&1 || {
        echo "fuzz_$name: failed"
        tail -n 30 "$folder/$name.log"
        outcome=1
    }
done
exit $outcome
