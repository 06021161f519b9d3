#!/bin/sh
# The model that comes with tyto, from nothing: environment, data, training, evaluation.
#
#   tools/demo_model/run.sh                 everything; about two hours on two free cores
#   tools/demo_model/run.sh test-set        only the 500 test scenes, into build-demo/test
#   tools/demo_model/run.sh crowds          only 20 big scenes of small objects, into build-demo/crowds
#   tools/demo_model/run.sh evaluate        only the figures of models/tyto-small
#
# MINUTES sets how long the image side is trained; PYTHON, an interpreter that has the packages of
# requirements.txt (else one is set up in venv/).
set -eu
cd "$(dirname "$0")/../.."
here=tools/demo_model
work=build-demo
# A batch's tensors are the same size every time: keep their memory.
export MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=8589934592

tools/setup.sh demo-model
if [ -z "${PYTHON:-}" ]; then
    PYTHON=venv/bin/python
    if [ ! -x "$PYTHON" ]; then
        python3 -m venv venv
        "$PYTHON" -m pip install --quiet -r "$here/requirements.txt"
    fi
fi

test_set() { "$PYTHON" $here/scenes.py --set test --count 500 --out $work/test; }
crowds() { "$PYTHON" $here/crowds.py --count 20 --out $work/crowds; }
evaluate() { "$PYTHON" $here/evaluate.py --model models/tyto-small --scenes $work/test; }
train() {
    "$PYTHON" $here/text.py --out $work/text
    "$PYTHON" $here/train.py --state $work/image --minutes "${MINUTES:-110}"
    "$PYTHON" $here/package.py --text $work/text --state $work/image --out models/tyto-small
}

case "${1:-all}" in
all) train && test_set && evaluate ;;
train) train ;;
test-set) test_set ;;
crowds) crowds ;;
evaluate) test_set && evaluate ;;
*)
    echo "usage: $here/run.sh [all|train|test-set|crowds|evaluate]" >&2
    exit 2
    ;;
esac
