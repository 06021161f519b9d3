#!/bin/sh
# Writes pages of the public headers to FOLDER/html, with Doxygen; fails at any warning.
#
#   tools/make_api_docs.sh FOLDER
set -eu
TYTO_OUTPUT=$1
case $TYTO_OUTPUT in /*) ;; *) TYTO_OUTPUT=$PWD/$TYTO_OUTPUT ;; esac
cd "$(dirname "$0")/.."
TYTO_VERSION=$(sed -n 's/^#define TYTO_VERSION "\(.*\)"/\1/p' include/tyto/version.h)
export TYTO_OUTPUT TYTO_VERSION
mkdir -p "$TYTO_OUTPUT"
doxygen docs/Doxyfile
