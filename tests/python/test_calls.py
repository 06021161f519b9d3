"""Calls as programs make them: threads, forks, signals, garbage, and whatever is passed."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import pytyto
from support import GOLDEN, SCENE, case

HEAD, INPUTS, _, _ = case("owlv2/odd/one")


def logits(model: pytyto.Model) -> np.ndarray:
    return model.forward(HEAD, INPUTS, ["logits"])["logits"]


def test_threads_run_beside_one_another(odd: pytyto.Model) -> None:
    expected = logits(odd)
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(lambda _: logits(odd), range(64)):
            np.testing.assert_array_equal(got, expected)


def test_other_threads_run_meanwhile(small: pytyto.Model) -> None:
    ticks = 0
    ended = threading.Event()

    def count() -> None:
        nonlocal ticks
        while not ended.is_set():
            ticks += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    begin = time.monotonic()
    while time.monotonic() - begin < 0.3:
        small.detect(SCENE, "a globe")
    ended.set()
    thread.join()
    assert ticks > 30


def _in_child(model: pytyto.Model, queue: multiprocessing.SimpleQueue) -> None:
    queue.put(logits(model))


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_processes(odd: pytyto.Model, way: str) -> None:
    expected = logits(odd)
    context = multiprocessing.get_context(way)
    if way == "fork":
        queue = context.SimpleQueue()
        child = context.Process(target=_in_child, args=(odd, queue))
        child.start()
        np.testing.assert_array_equal(queue.get(), expected)
        child.join(60)
        assert child.exitcode == 0
        np.testing.assert_array_equal(logits(odd), expected)
    else:
        program = (
            "import sys; sys.path.insert(0, sys.argv[1]); import test_calls, pytyto;"
            "m = pytyto.Model.open(sys.argv[2], precision='fp32');"
            "print(test_calls.logits(m).sum())"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, os.path.dirname(__file__), GOLDEN / "owlv2/odd/model"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert float(done.stdout) == pytest.approx(float(expected.sum()), rel=1e-6)


def test_a_fork_beside_running_threads(odd: pytyto.Model) -> None:
    expected = logits(odd)
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            logits(odd)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                same = np.array_equal(logits(odd), expected)
                os._exit(0 if same else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C as programs have it, also where the tests were started with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_a_long_call(small: pytyto.Model) -> None:
    pixels = np.zeros((60, 3, 192, 192), np.float32)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        while time.monotonic() - begin < 20:
            small.forward(None, {"pixel_values": pixels}, ["image_embeds"])
    assert time.monotonic() - begin < 10
    assert small.detect(SCENE, "a globe").verbose() == "1 globe, "


def test_progress_is_told_and_may_stop(small: pytyto.Model) -> None:
    steps: list[pytyto.Progress] = []
    small.detect(SCENE, "a globe", progress=lambda step: steps.append(step))
    assert steps and all(isinstance(step, pytyto.Progress) for step in steps)
    with pytest.raises(pytyto.Cancelled):
        small.detect(SCENE, "a globe", progress=lambda step: False)

    def broken(step: pytyto.Progress) -> None:
        raise KeyError(step.stage)

    with pytest.raises(KeyError):
        small.detect(SCENE, "a globe", progress=broken)
    assert len(small.detect(SCENE, "a globe")) == 1


def test_garbage_in_any_order(scene: str) -> None:
    model = pytyto.Model.open(precision="fp32")
    photo, vocabulary = model.encode(scene), model.vocabulary("a globe")
    network = model.network
    session = network.take()
    del model, network
    gc.collect()
    other = pytyto.Model.open(precision="fp32")
    assert len(other.detect(scene, vocabulary)) == 1
    del photo, session, vocabulary
    ring: list[object] = [other, other.encode(scene), other.network.take()]
    ring.append(ring)
    del other, ring
    gc.collect()


def test_nothing_leaks(odd: pytyto.Model) -> None:
    def some(n: int) -> None:
        for _ in range(n):
            odd.forward(HEAD, INPUTS, ["objectness_logits"])
            with pytest.raises(ValueError):
                odd.forward("Nothing", INPUTS)

    some(300)
    gc.collect()
    before = _resident_bytes()
    some(2000)
    gc.collect()
    assert _resident_bytes() - before < 2 << 20


def _resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_messages_go_to_logging(tmp_path: object, caplog: pytest.LogCaptureFixture) -> None:
    import json
    import shutil
    from pathlib import Path

    folder = Path(str(tmp_path)) / "model"
    shutil.copytree(GOLDEN / "owlv2/odd/model", folder)
    config = folder / "preprocessor_config.json"
    config.write_text(json.dumps({"image_processor_type": "SomethingElse"}))
    with caplog.at_level("INFO", logger="pytyto"):
        pytyto.Model.open(folder)
    assert any("SomethingElse" in record.getMessage() for record in caplog.records)


def test_importing_is_quick() -> None:
    program = "import time; t = time.perf_counter(); import pytyto; print(time.perf_counter() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                             check=True).stdout)
        for _ in range(5)
    ]
    assert min(times) < 0.5


def test_nothing_imports_torch() -> None:
    program = "import sys, pytyto.model, pytyto.transformers; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=True)
    assert done.stdout == "False\n"


def test_whatever_is_passed(small: pytyto.Model, odd: pytyto.Model) -> None:
    hypothesis = pytest.importorskip("hypothesis")
    strategies = hypothesis.strategies
    values = strategies.recursive(
        strategies.one_of(
            strategies.none(),
            strategies.booleans(),
            strategies.integers(),
            strategies.floats(),
            strategies.text(max_size=8),
            strategies.binary(max_size=64),
            strategies.sampled_from([np.zeros((2, 2)), np.zeros((0, 3), np.uint8), object(), Ellipsis,
                                     np.zeros((3, 5, 3), np.uint8), np.array("x"), b"\x89PNG"]),
        ),
        lambda inner: strategies.one_of(
            strategies.lists(inner, max_size=3),
            strategies.tuples(inner, inner),
            strategies.dictionaries(strategies.text(max_size=4), inner, max_size=2),
        ),
        max_leaves=4,
    )
    usual = (ValueError, TypeError, OSError, NotImplementedError, OverflowError, KeyError,
             IndexError, AttributeError)

    @hypothesis.settings(max_examples=150, deadline=None, database=None)
    @hypothesis.given(values, values, values)
    def anything(a: object, b: object, c: object) -> None:
        calls = (
            lambda: small.detect(a, b, threshold=c),
            lambda: small.vocabulary(a, b),
            lambda: small.match(a, b),
            lambda: small.embed(a),
            lambda: odd.forward(a, b, c),
            lambda: odd.forward(None, {"pixel_values": a, "input_ids": b}, ["logits"]),
            lambda: pytyto.Model.open(a, precision=b, threads=c),
            lambda: small.classify(a),
            lambda: small.fill_mask(a),
        )
        for call in calls:
            try:
                call()
            except usual:
                pass

    anything()
