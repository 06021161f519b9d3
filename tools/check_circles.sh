#!/bin/sh
# Fails when files serve one another in a circle: A calls what B defines, and B, perhaps by way of
# others, what A defines. Such files are one file, or what both need lies in a third below them.
#
#   tools/check_circles.sh FOLDER      where it was built
set -eu

objects=$1/CMakeFiles/tyto_objects.dir/src
pairs=$(mktemp)
loops=$(mktemp)
trap 'rm -f "$pairs" "$loops"' EXIT

# nm -A says "path/file.c.o:address type name"; what is needed has the type U and no address.
find "$objects" -name '*.o' -exec nm -A -g {} + | awk -v root="$objects/" '
{
    colon = index($0, ":")
    unit = substr($0, length(root) + 1, colon - length(root) - 1)
    sub(/\.[cS]\.o$/, "", unit)
    split(substr($0, colon + 1), word, " ")
    if (word[1] == "U") needs[unit, word[2]] = 1
    else home[word[3]] = unit
}
END {
    for (need in needs) {
        split(need, part, SUBSEP)
        if ((part[2] in home) && home[part[2]] != part[1]) edges[part[1] " " home[part[2]]] = 1
    }
    for (edge in edges) print edge
}' | sort >"$pairs"
[ -s "$pairs" ] || {
    echo "$objects: no files that need one another, required a build"
    exit 1
}
tsort "$pairs" >/dev/null 2>"$loops" && exit 0
awk '/loop/ { print "files that serve one another:"; next } { sub(/^tsort: /, "    "); print }' "$loops"
exit 1
