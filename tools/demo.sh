#!/bin/sh
# Finds things in a picture that ships with the project: prints the table, writes the drawn result.
#
#   tools/demo.sh COMMAND
set -eu
command=$(realpath "$1")
drawn=$(dirname "$command")/demo.png
cd "$(dirname "$0")/.."

"$command" detect assets/scenes/seven.jpg --threshold 0.4 --draw "$drawn" \
    -t "cup of coffee" -t gift -t rabbit -t globe -t cookie -t butterfly -t flamingo -t "fire truck"
echo
echo "drawn: $drawn"
