#!/bin/sh
# Every public header by itself, as C and as C++, without a warning; and all of them read by cffi's
# parser, which stands for every generator of bindings that knows plain C alone.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for header in include/tyto/*.h; do
    printf "#include <tyto/%s>\nextern int nothing;\n" "${header##*/}" >"$work/one.c"
    cc -std=c11 -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror -Iinclude \
        -fsyntax-only "$work/one.c"
    c++ -x c++ -std=c++11 -Wall -Wextra -Wpedantic -Wold-style-cast -Werror -Iinclude \
        -fsyntax-only "$work/one.c"
done

# The C library's headers are left empty: what they define is what a parser of declarations knows.
mkdir "$work/libc"
for name in stdbool stddef stdint; do
    : >"$work/libc/$name.h"
done
echo '#include <tyto/tyto.h>' >"$work/all.c"
cc -E -P -nostdinc -U__GNUC__ -Iinclude -I"$work/libc" "$work/all.c" >"$work/all.h"
for python in ${TYTO_PYTHON:-} /usr/bin/python3 python3; do
    if "$python" -c 'import cffi' 2>/dev/null; then
        exec "$python" - "$work/all.h" <<'END'
import sys

import cffi

ffi = cffi.FFI()
ffi.cdef(open(sys.argv[1]).read())
names = ffi.list_types()
assert "tyto_session" in names[0] and "tyto_error" in names[0], names
print("cffi reads the headers:", len(names[0]), "types")
END
    fi
done
echo "no Python with cffi, required for reading the headers (Debian: python3-cffi)" >&2
exit 1
