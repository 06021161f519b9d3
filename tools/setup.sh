#!/bin/sh
# Installs the Debian packages that a kind of work needs and that are missing.
#
#   tools/setup.sh build          to build the library and the command
#   tools/setup.sh test           ... and to run the tests
#   tools/setup.sh python         to build the Python package and run its tests
#   tools/setup.sh ci             ... and everything that .ci/run can make use of
#   tools/setup.sh arm            to cross-build for arm64 and run the tests in an emulator
#   tools/setup.sh demo-model     to make models/tyto-small anew
#
# Silent, and no root needed, when all is there.
set -eu

build="build-essential cmake ninja-build pkg-config libturbojpeg0-dev libjpeg62-turbo-dev
libpng-dev libwebp-dev libjansson-dev libutf8proc-dev libfreetype-dev zlib1g-dev
libcurl4-openssl-dev libssl-dev libavformat-dev libavcodec-dev libavutil-dev libswscale-dev
libswresample-dev libgif-dev libtiff-dev libavif-dev libheif-dev libpango1.0-dev
libmicrohttpd-dev nettle-dev libexpat1-dev"
# Fonts: Chinese and Hindi, emoji; DejaVu (of fontconfig) has Arabic and Hebrew.
fonts="fonts-dejavu-core fonts-droid-fallback fonts-lohit-deva fonts-noto-color-emoji"
test="$build $fonts libcmocka-dev python3-pytest"
python="$build python3-venv python3-dev"
# Checks of the public headers: g++ (of build-essential), cffi, Doxygen, libabigail.
ci="$test chromium git clang libclang-rt-14-dev clang-format clang-tidy doxygen abigail-tools python3-cffi
python3-venv python3-dev python3-torch python3-pil nginx-light openssl jq curl"
arm="$test gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static libturbojpeg0-dev:arm64
libjpeg62-turbo-dev:arm64 libpng-dev:arm64 libwebp-dev:arm64 libjansson-dev:arm64
libutf8proc-dev:arm64 libfreetype-dev:arm64 zlib1g-dev:arm64 libcmocka-dev:arm64
libavformat-dev:arm64 libavcodec-dev:arm64 libavutil-dev:arm64 libswscale-dev:arm64
libswresample-dev:arm64 libcurl4-openssl-dev:arm64 libssl-dev:arm64 libmicrohttpd-dev:arm64 libgif-dev:arm64
libtiff-dev:arm64 libavif-dev:arm64 libheif-dev:arm64 libpango1.0-dev:arm64 nettle-dev:arm64
libexpat1-dev:arm64"
demo_model="fonts-noto-color-emoji python3-venv"

case "${1:-}" in
build) wanted=$build ;;
test) wanted=$test ;;
python) wanted=$python ;;
ci) wanted=$ci ;;
arm) wanted=$arm ;;
demo-model) wanted=$demo_model ;;
*)
    echo "usage: tools/setup.sh build|test|python|ci|arm|demo-model" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    # shellcheck disable=SC2086 # one word per package
    echo "setup: this is not Debian; if the build fails, install what these packages hold:" \
        $wanted >&2
    exit 0
fi

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | head -n 1) || true
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "setup: needs root or sudo to install:$missing" >&2
        exit 1
    fi
    as_root="sudo"
fi
echo "setup: installing$missing"
if [ "$1" = arm ] && ! dpkg --print-foreign-architectures | grep -qx arm64; then
    $as_root dpkg --add-architecture arm64
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # one word per package
if ! { $as_root apt-get update -q &&
    $as_root apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    echo "setup: apt-get could not install:$missing" >&2
    exit 1
fi
