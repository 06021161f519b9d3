#!/bin/sh
# Configures, builds and tests one build folder, and counts tests.
#
#   tools/test.sh FOLDER [CMAKE-OPTION...]
#
# TYTO_TEST_ARGS   further words for ctest, such as "-R owlv2"
# TYTO_COUNTS      a file that gets "passed failed skipped" appended
# Prints "N passed, N failed" last, and what was skipped. A cmocka program counts with each of its
# tests.
set -eu

folder=$1
shift
counted() {
    echo "$1 $2 $3" >>"${TYTO_COUNTS:-/dev/null}"
    echo "$1 passed, $2 failed$([ "$3" = 0 ] || echo ", $3 skipped")"
}

if ! tools/build.sh "$folder" "$@"; then
    counted 0 1 0
    exit 1
fi

status=0
# shellcheck disable=SC2086 # words for ctest
ctest --test-dir "$folder" --output-on-failure --no-tests=error --timeout 600 \
    --output-junit tests.xml -j "$(nproc)" \
    ${TYTO_TEST_ARGS:-} </dev/null || status=1

count=$(awk '
    /^[0-9]+\/[0-9]+ Test(ing)?: / { ok = bad = 0 }
    /^\[       OK \] /             { ok++ }
    /^\[  FAILED  \] [A-Za-z_]/    { seen[$0]++ || bad++ }
    /^Test Passed\./               { passed += ok ? ok : 1; delete seen }
    /^Test Failed\.|^Test timed/   { passed += ok; failed += bad ? bad : 1; delete seen }
    END                            { print passed + 0, failed + 0 }
' "$folder/Testing/Temporary/LastTest.log")
# The log says of a skipped test that it passed.
skipped=$(sed -n 's/.*[[:space:]]skipped="\([0-9]*\)".*/\1/p' "$folder/tests.xml" | head -n 1)
skipped=${skipped:-0}
passed=$((${count% *} - skipped))
failed=${count#* }
[ $status = 0 ] || [ "$failed" != 0 ] || failed=1
counted "$passed" "$failed" "$skipped"
exit $status
