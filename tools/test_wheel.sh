#!/bin/bash
# Tests a wheel under several Pythons, in fresh environments: with nothing but numpy and cffi, with numpy 1, with
# Pillow, and with torch and the reference where pip has them. By hand: it takes minutes for each Python.
#
#   tools/test_wheel.sh WHEEL [PYTHON...]      PYTHON: default every python3.10 to python3.20 that is installed
#
# NumPy 1 ends with Python 3.12. WITHOUT_TORCH=1 leaves torch out, TYTO_TEST_ARGS are further words for pytest. What
# a run of the default Pythons says, if nothing fails, is noted in tools/wheel.txt.
set -uo pipefail
root=$(realpath "$(dirname "$0")/..")
if [ $# = 0 ] || [ ! -f "$1" ]; then
    echo "usage: tools/test_wheel.sh WHEEL [PYTHON...]" >&2
    exit 2
fi
wheel=$(realpath "$1")
shift
all=false
if [ $# = 0 ]; then
    all=true
    for place in {,/usr/bin/,/usr/local/bin/,"${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/}python3.{10..20}; do
        if found=$(command -v "$place") && "$found" -c '' 2>/dev/null; then
            set -- "$@" "$found"
        fi
    done
fi
cd "$root" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# suite PYTHON TITLE PACKAGE...: the tests in a fresh environment; one where pip lacks a package is left out.
suite() {
    local python=$1 title=$2 log=$work/log
    shift 2
    rm -rf "$work/environment"
    "$python" -m venv "$work/environment" || { status=1 && return; }
    if ! "$work/environment/bin/pip" install -q --disable-pip-version-check --only-binary :all: \
        pytest "$@" "$wheel" >"$log" 2>&1; then
        echo "$title: left out, pip has no $(sed -n 's/.*No matching distribution found for //p' "$log")" |
            tee -a "$work/said"
        return
    fi
    # shellcheck disable=SC2086 # words for pytest
    "$work/environment/bin/python" -m pytest -q -p no:cacheprovider tests/python ${TYTO_TEST_ARGS:-} \
        >"$log" 2>&1 </dev/null || status=1
    grep -E '^(FAILED|ERROR|E  )' "$log"
    echo "$title, numpy $("$work/environment/bin/python" -c 'import numpy; print(numpy.__version__)'): $(tail -n 1 "$log" |
        sed 's/ in [0-9].*//')" | tee -a "$work/said"
}

seen=
for python in "$@"; do
    version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])') || exit 1
    case $seen in *" $version "*) continue ;; esac
    seen="$seen $version "
    suite "$python" "$version alone"
    suite "$python" "$version, numpy 1" 'numpy<2'
    suite "$python" "$version, Pillow" pillow hypothesis
    [ -n "${WITHOUT_TORCH:-}" ] || suite "$python" "$version, torch and the reference" 'torch<2.6' scipy pillow \
        'transformers==4.37.2' 'numpy<2'
done
if [ "$status" = 0 ] && $all; then
    { echo "tools/test_wheel.sh of $(date -u +%F)${WITHOUT_TORCH:+, without torch}" && cat "$work/said"; } >tools/wheel.txt
fi
exit $status
