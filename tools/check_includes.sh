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

# A room takes no public header of a floor above it: one that needs, perhaps by way of others, a
# model or a session speaks of what lies above all rooms but runtime, tasks and apps.
git ls-files 'include/tyto/*.h' 'src/*.[ch]' | xargs awk '
/^[ \t]*#[ \t]*include[ \t]*<tyto\// {
    split($0, quoted, /[<>]/)
    name = quoted[2]
    if (FILENAME ~ /^include\//) {
        needs[substr(FILENAME, 9)] = needs[substr(FILENAME, 9)] " " name
        next
    }
    split(FILENAME, part, "/")
    if (part[2] != "runtime" && part[2] != "tasks") uses[FILENAME ": <" name ">"] = name
}
function high(name, list, count, i) {
    if (name ~ /^tyto\/(model|session)\.h$/) return 1
    count = split(needs[name], list, " ")
    for (i = 1; i <= count; i++) if (high(list[i])) return 1
    return 0
}
END {
    for (use in uses) if (high(uses[use])) {
        print use ": needs a model or a session, not allowed below src/runtime"
        failed = 1
    }
    exit failed
}
'
