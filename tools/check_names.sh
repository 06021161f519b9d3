#!/bin/sh
# Fails when something in code is called of, to, with, from or like: a name is a noun of the field, which says what
# it is. Comments and strings are left alone.
set -eu
cd "$(dirname "$0")/.."

git ls-files 'include/*.h' 'src/*.[ch]' 'apps/*.[ch]' 'examples/*.[ch]' | xargs awk '
FNR == 1 { in_comment = 0 }
{
    code = ""
    rest = $0
    while (rest != "") {
        if (in_comment) {
            end = index(rest, "*/")
            if (end == 0) break
            rest = substr(rest, end + 2)
            in_comment = 0
        } else if (match(rest, /\/\*|\/\/|"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047/)) {
            code = code substr(rest, 1, RSTART - 1) " "
            found = substr(rest, RSTART, 2)
            rest = substr(rest, RSTART + RLENGTH)
            if (found == "//") break
            in_comment = found == "/*"
        } else {
            code = code rest
            break
        }
    }
    if (code !~ /^[ \t]*#[ \t]*(include|error)/ && match(" " code " ", /[^A-Za-z0-9_](of|to|with|from|like)[^A-Za-z0-9_]/)) {
        name = substr(" " code " ", RSTART + 1, RLENGTH - 2)
        printf "%s:%d: %s: call it by a noun that says what it is\n", FILENAME, FNR, name
        failed = 1
    }
}
END { exit failed }
'
