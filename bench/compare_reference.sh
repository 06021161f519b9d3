#!/bin/sh
# Times tyto against the reference (transformers 4.37.2 on torch 2.4) on a full-size seeded checkpoint.
#
#   bench/compare_reference.sh [--venv FOLDER] [--work FOLDER] [--size b16|l14] [OPTION...]
#
# --venv   a Python environment to use or to make (default: ~/.cache/tyto/venv)
# --work   where the checkpoint is or will be written (default: ~/.cache/tyto/SIZE)
# The other options are those of compare_reference.py: --rounds, --threads, --json, --command.
set -eu
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tyto
venv=$cache/venv
size=b16
work=
command=
count=$#
while [ "$count" -gt 0 ]; do
    word=$1
    shift
    count=$((count - 1))
    case $word in
    --venv | --work | --size | --command)
        [ "$count" -gt 0 ] || { echo "compare_reference: $word needs a value" >&2; exit 2; }
        case $word in
        --venv) venv=$1 ;;
        --work) work=$1 ;;
        --size) size=$1 ;;
        --command) command=$1 ;;
        esac
        shift
        count=$((count - 1))
        ;;
    *) set -- "$@" "$word" ;;
    esac
done
work=${work:-$cache/$size}

if ! "$venv/bin/python" -c 'import torch, transformers, skimage, open_clip' 2>/dev/null; then
    echo "making a Python environment in $venv"
    mkdir -p "$(dirname "$venv")"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement tests/golden/requirements.txt
fi
if [ ! -e "$work/model/model.safetensors" ] || [ ! -e "$work/photo.png" ]; then
    echo "writing a seeded checkpoint of size $size to $work"
    "$venv/bin/python" tests/golden/make_full.py "$work" --size "$size" --checkpoint-only
fi
if [ -z "$command" ]; then
    tools/build.sh build -DCMAKE_BUILD_TYPE=Release -DTYTO_TESTS=OFF
    command=build/tyto
fi
exec "$venv/bin/python" bench/compare_reference.py --work "$work" --command "$command" "$@"
