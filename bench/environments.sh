# Sourced by bench/compare and bench/scale: where the Python environments lie, how they come there, and how a script of
# bench/driver is started in them. A change of a list of requirements makes that environment anew.

stacks=${TYTO_BENCH:-${XDG_CACHE_HOME:-$HOME/.cache}/tyto-bench}
root=$(cd "$(dirname "$0")/.." && pwd)

requirements_of() {
    case $1 in
    reference) echo "$root/tests/golden/requirements.txt" ;;
    *) echo "$root/bench/peers/$1.txt" ;;
    esac
}

environment() {
    wanted=$(requirements_of "$1")
    cmp -s "$wanted" "$stacks/$1.txt" && return
    echo "making a Python environment in $stacks/$1" >&2
    rm -rf "${stacks:?}/$1"
    mkdir -p "$stacks"
    python3 -m venv "$stacks/$1"
    "$stacks/$1/bin/pip" install --quiet --requirement "$wanted" >&2
    cp "$wanted" "$stacks/$1.txt"
}

# This tree's Python package in its environment, unless that is there as it was committed last.
package() {
    now=$(git -C "$root" rev-parse HEAD 2>/dev/null && git -C "$root" status --porcelain)
    [ "$now" != "$(cat "$stacks/pytyto.commit" 2>/dev/null)" ] || return 0
    "$stacks/pytyto/bin/pip" install --quiet --no-deps --force-reinstall "$root" >&2
    echo "$now" >"$stacks/pytyto.commit"
}

# start SCRIPT STACK... -- OPTION...: with this tree's tyto unless an option names another.
start() {
    script=$1
    shift
    while [ "$1" != -- ]; do
        environment "$1"
        [ "$1" != pytyto ] || package
        shift
    done
    shift
    case " $* " in
    *" --command "* | *" --command="* | *" --help "* | *" -h "*) command=tyto ;;
    *)
        (cd "$root" && tools/build.sh build -DCMAKE_BUILD_TYPE=Release -DTYTO_TESTS=OFF >&2)
        command=$root/build/tyto
        ;;
    esac
    exec "$stacks/driver/bin/python" "$root/bench/driver/$script.py" --stacks "$stacks" --command "$command" "$@"
}
