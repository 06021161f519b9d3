#!/bin/sh
# Finds things in a picture that ships with the project: prints the table, writes the drawn result.
#
#   tools/demo.sh COMMAND
set -eu
command=$(realpath "$1")
drawn=$(dirname "$command")/demo.jpg
cd "$(dirname "$0")/.."

photo=assets/photos/coffee.jpg
set -- detect "$photo" -t "a cup of coffee" -t "a spoon" -t "a plate" \
    --nms all --top-k 6 --draw "$drawn"
if [ ! -d models/tyto-small ]; then
    echo "The weights of this small checkpoint are random numbers: boxes without a meaning."
    set -- "$@" -m tests/golden/data/owlv2/odd/model
fi
"$command" "$@"
echo
echo "drawn: $drawn"
