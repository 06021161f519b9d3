#!/bin/sh
# Fails when a file includes what its folder may not: data flows one way through the house.
# The table is the one in ARCHITECTURE.md.
set -eu
cd "$(dirname "$0")/.."

git ls-files 'include/*.h' 'src/*.[ch]' 'apps/*.[ch]' | xargs awk '
function allow(folder, list) { allowed[folder] = " " list " " }
BEGIN {
    allow("include", "tyto")
    allow("base", "base tyto")
    allow("tensor", "tensor base tyto")
    allow("kernels", "kernels base tyto")
    allow("formats", "formats tensor base tyto")
    allow("hub", "hub formats tensor base tyto")
    allow("nn", "nn kernels tensor base tyto")
    allow("processors", "processors formats nn kernels tensor base tyto")
    # nn: a packed matrix looks as its operator wants it.
    allow("weights", "weights nn formats kernels tensor base tyto")
    allow("models", "models nn weights kernels formats tensor base tyto")
    allow("results", "results tensor base tyto")
    allow("runtime", "runtime results models weights processors nn formats kernels tensor base tyto")
    allow("tasks", "tasks runtime results models hub weights processors nn formats tensor base tyto")
    allow("apps", "tyto")
}
FNR == 1 {
    split(FILENAME, part, "/")
    folder = part[1] == "src" ? part[2] : part[1]
}
# A quoted name without a folder is a neighbour; one with a folder names the folder it comes from.
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    name = quoted[2]
    split("", path)
    if (split(name, path, "/") > 1 && index(allowed[folder], " " path[1] " ") == 0)
        complain(name)
    if (name ~ /\.\.\//)
        complain(name)
    # A family is known to itself alone; the registry has it by name (src/runtime/families.def).
    if (path[1] == "models" && path[3] != "" &&
        !(part[1] == "src" && part[2] == "models" && part[3] == path[2]))
        complain(name)
}
/^[ \t]*#[ \t]*include[ \t]*<tyto\// && index(allowed[folder], " tyto ") == 0 { complain($0) }
# Instruction sets stay in the kernels.
/^[ \t]*#[ \t]*include[ \t]*<(immintrin|arm_neon|arm_sve|x86intrin)\.h>/ && FILENAME !~ /^src\/kernels\/(x86|arm)\// {
    complain($0)
}
function complain(what) {
    printf "%s:%d: %s: not allowed in %s (%s)\n", FILENAME, FNR, what, folder, allowed[folder]
    failed = 1
}
END { exit failed }
'
