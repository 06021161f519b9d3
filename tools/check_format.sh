#!/bin/sh
# Fails when a file is not as .clang-format wants it.
set -eu
cd "$(dirname "$0")/.."
git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror
