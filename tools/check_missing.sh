#!/bin/bash
# Configures where something that the build needs is missing: one line says what, with its Debian package.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# says LINE WORD...: cmake with these options and settings fails with that line.
says() {
    local line=$1
    shift
    rm -rf "$work/build"
    if env "$@" -B "$work/build" >"$work/log" 2>&1 </dev/null || ! grep -Fqx "   $line" "$work/log"; then
        echo "required of $*: $line" >&2
        tail -n 12 "$work/log" >&2
        status=1
    fi
}

mkdir "$work/files" "$work/programs"
while IFS= read -r -d : folder; do
    [ ! -d "$folder" ] || find "$folder" -name '*.pc' -exec ln -sf -t "$work/files" {} +
done <<<"$(pkg-config --variable pc_path pkg-config):"
rm "$work"/files/{libwebp,jansson,libavcodec,libcrypto}.pc
here="PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR=$work/files cmake -S ."
# shellcheck disable=SC2086 # words
{
    says "libraries were not found: libwebp, jansson (Debian: apt install libwebp-dev libjansson-dev)" $here
    cp "$(pkg-config --variable pcfiledir libwebp)/libwebp.pc" "$(pkg-config --variable pcfiledir jansson)/jansson.pc" \
        "$work/files"
    says "libraries were not found: libavcodec>=59.24 (Debian: apt install libavcodec-dev; or -DTYTO_MEDIA=OFF to go \
without videos)" $here
    says "libraries were not found: libcrypto (Debian: apt install libssl-dev; or -DTYTO_HUB=OFF to go without \
downloads)" $here -DTYTO_MEDIA=OFF
}
ln -s "$(command -v cmake)" "$work/programs/cmake"
says "no C compiler was found (Debian: apt install build-essential)" -u CC "PATH=$work/programs" \
    cmake -S . -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF
exit $status
