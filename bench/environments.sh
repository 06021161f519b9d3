# Sourced by bench/compare and bench/scale from the repository's root: where the Python environments lie, and how they
# come there. A change of a list of requirements makes that environment anew.

stacks=${TYTO_BENCH:-${XDG_CACHE_HOME:-$HOME/.cache}/tyto-bench}

requirements_of() {
    case $1 in
    reference) echo tests/golden/requirements.txt ;;
    *) echo "bench/peers/$1.txt" ;;
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

build_tyto() {
    tools/build.sh build -DCMAKE_BUILD_TYPE=Release -DTYTO_TESTS=OFF >&2
}
