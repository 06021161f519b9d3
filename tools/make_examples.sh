#!/bin/bash
# Runs the examples of a document and writes what they print beneath them.
#
#   tools/make_examples.sh COMMAND DOCUMENT           into the document
#   tools/make_examples.sh COMMAND DOCUMENT --check   fails where something else is printed
#
# Examples are the lines that begin with '$ ' of a block ```console; a '\' at a line's end continues
# it. They run one after the other in a folder of their own where assets, models and tests are those
# of the repository, standard error among their output. In a check a number may differ by a unit and a
# half of its last digit, or one in five thousand: instruction sets round differently. Seconds may
# be any.
set -euo pipefail
command=$(realpath "$1")
document=$(realpath "$2")
check=${3:-}
root=$(realpath "$(dirname "$0")/..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/bin" "$work/at"
printf '#!/bin/sh\nexec %s "%s" "$@"\n' "${TYTO_EMULATOR:-}" "$command" >"$work/bin/tyto"
chmod +x "$work/bin/tyto"
ln -s "$root/assets" "$root/models" "$root/tests" "$work/at/"
export PATH="$work/bin:$PATH" LC_ALL=C.UTF-8
unset HF_HUB_OFFLINE HF_TOKEN HF_HOME HF_HUB_CACHE http_proxy all_proxy
export TYTO_MODEL=models/tyto-small # named, it needs no word about what it knows
cd "$work/at"

inside=false
example=
while IFS= read -r line; do
    if [ "$line" = '```console' ]; then
        inside=true
        echo "$line"
    elif ! $inside; then
        echo "$line"
    elif [ "$line" = '```' ]; then
        inside=false
        echo "$line"
    elif [ -n "$example" ] || [ "${line:0:2}" = '$ ' ]; then
        echo "$line"
        example+=${line#\$ }
        if [ "${line: -1}" = \\ ]; then
            example=${example%\\}
        else
            bash -c "$example" 2>&1 </dev/null || true
            example=
        fi
    fi
done <"$document" >"$work/made"

if [ "$check" != --check ]; then
    cp "$work/made" "$document"
    exit
fi
# Line by line, word by word: equal, or numbers with as many digits that are near each other.
awk -v document="$document" '
function number(word) { return word ~ /^[-+]?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?[,:;)]?$/ }
function unit(word,    mantissa, digits, exponent) {
    exponent = word ~ /e/ ? substr(word, index(word, "e") + 1) + 0 : 0
    mantissa = word
    sub(/e.*/, "", mantissa)
    digits = index(mantissa, ".") ? length(mantissa) - index(mantissa, ".") : 0
    return digits == 0 && exponent == 0 ? 0 : 10 ^ (exponent - digits)
}
function near(a, b,    one, other, d) {
    if (a == b) return 1
    if (!number(a) || !number(b)) return 0
    one = unit(a)
    other = unit(b)
    d = a - b
    d = d < 0 ? -d : d
    return d <= 1.5 * (one > other ? one : other) || d <= 2e-4 * (a < 0 ? -a : a)
}
NR == FNR { made[FNR] = $0; lines = FNR; next }
{
    n = split($0, wanted, /[ \t,]+/)
    m = split(made[FNR], got, /[ \t,]+/)
    same = n == m
    for (i = 1; same && i <= n; i++) {
        # Seconds are those of the machine.
        seconds = wanted[i - 1] == "in" && wanted[i + 1] == "s" && number(got[i])
        same = seconds || near(got[i], wanted[i])
    }
    if (!same) {
        printf "%s:%d: got\n    %s\nrequired\n    %s\n", document, FNR, made[FNR], $0
        if (++failed == 5) exit
    }
}
END {
    if (!failed && lines != FNR) {
        printf "%s: got %d lines, required %d\n", document, lines, FNR
        failed = 1
    }
    exit failed > 0
}' "$work/made" "$document"
