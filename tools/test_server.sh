#!/bin/sh
# Tests tyto serve with the clients that people have, in an environment of their own.
#
#   tools/test_server.sh FOLDER COMMAND      FOLDER: where the environment lands; COMMAND: such as build/tyto
#
# TYTO_TEST_ARGS   further words for pytest, such as "-k triton"
# TYTO_COUNTS      a file that gets "passed failed skipped" appended
set -eu
[ $# = 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
command=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$(dirname "$0")/.."
mkdir -p "$1"
folder=$(cd "$1" && pwd)
python=/usr/bin/python3
[ -x "$python" ] || python=python3
# What goes wrong before the tests must count too.
trap '[ $? = 0 ] || echo "0 1 0" >>"${TYTO_COUNTS:-/dev/null}"' EXIT

rm -rf "$folder/clients"
"$python" -m venv "$folder/clients"
"$folder/clients/bin/pip" install -q --disable-pip-version-check pytest label-studio-sdk 'tritonclient[http]' huggingface_hub 'schemathesis>=4,<5' playwright axe-playwright-python

status=0
log=$folder/server.log
# shellcheck disable=SC2086 # words for pytest
TYTO=$command "$folder/clients/bin/python" -m pytest -q -p no:cacheprovider tests/server/clients ${TYTO_TEST_ARGS:-} \
    >"$log" 2>&1 </dev/null || status=1
grep -E '^(FAILED|ERROR|E  )' "$log" || true
last=$(tail -n 1 "$log")
echo "server: $last"
number() { echo "$last" | sed -n "s/.*[^0-9]\{0,1\}\b\([0-9][0-9]*\) $1.*/\1/p"; }
passed=$(number passed) failed=$(number failed) errors=$(number error) skipped=$(number skipped)
[ -n "$passed" ] || { tail -n 20 "$log" && status=1 && errors=1; }
trap - EXIT
echo "${passed:-0} $((${failed:-0} + ${errors:-0})) ${skipped:-0}" >>"${TYTO_COUNTS:-/dev/null}"
exit $status
