#!/bin/sh
# Builds and runs a small program against an installed tree, with the shared and with the static
# library, and looks for the files that belong to it.
#
#   tools/check_install.sh ROOT      ROOT/usr is where it was installed
set -eu

root=$1
pc=$(find "$root" -name tyto.pc)
libraries=$(dirname "$(dirname "$pc")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/program.c" <<'END'
#include <stdio.h>
#include <string.h>
#include <tyto/tyto.h>

int main(void)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image;
    if (tyto_image_load("/nonexistent.jpg", NULL, &image, &err) != TYTO_E_NOT_FOUND) {
        return 1;
    }
    tyto_error_clear(&err);
    puts(tyto_version());
    return strcmp(tyto_version(), TYTO_VERSION) != 0;
}
END
export PKG_CONFIG_PATH="$libraries/pkgconfig"
# shellcheck disable=SC2046 # several words
{
    cc -Wall -Werror "$work/program.c" $(pkg-config --cflags --libs tyto) -o "$work/shared"
    cc -Wall -Werror "$work/program.c" $(pkg-config --cflags tyto) "$libraries/libtyto.a" \
        $(pkg-config --static --libs tyto | sed 's/ *-ltyto / /') -o "$work/static"
}
LD_LIBRARY_PATH=$libraries "$work/shared"
"$work/static"
# The same by find_package.
cat >"$work/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(program C)
find_package(tyto REQUIRED)
foreach(kind tyto static)
  add_executable(program_${kind} program.c)
  target_link_libraries(program_${kind} tyto::${kind})
endforeach()
END
cmake -S "$work" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$root/usr" >"$work/cmake.log" 2>&1 &&
    cmake --build "$work/cmake" >>"$work/cmake.log" 2>&1 || {
    cat "$work/cmake.log"
    exit 1
}
"$work/cmake/program_tyto"
"$work/cmake/program_static"
# The examples, as they would be built elsewhere.
top=$(cd "$(dirname "$0")/.." && pwd)
cmake -S "$top/examples" -B "$work/examples" -DCMAKE_PREFIX_PATH="$root/usr" >"$work/cmake.log" 2>&1 &&
    cmake --build "$work/examples" >>"$work/cmake.log" 2>&1 || {
    cat "$work/cmake.log"
    exit 1
}
for program in "$work"/examples/example_detect*; do
    "$program" "$root/usr/share/tyto/models/tyto-small" "$top/assets/scenes/seven.jpg" "a red cube" |
        grep -q "a red cube"
done
[ "$("$root/usr/bin/tyto" --version)" != "" ]
for file in bin/tyto share/man/man1/tyto.1 share/bash-completion/completions/tyto \
    share/zsh/site-functions/_tyto share/fish/vendor_completions.d/tyto.fish; do
    [ -s "$root/usr/$file" ] || {
        echo "not installed: $file"
        exit 1
    }
done
