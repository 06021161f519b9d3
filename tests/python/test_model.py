"""Model: what it finds, classifies, fills in and compares."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pytyto
from support import GOLDEN, PHOTOS, SCENE

THINGS = ["a butterfly", "a rabbit", "a cookie", "a globe", "a cup of coffee", "a gift"]


def test_it_finds_what_is_there(small: pytyto.Model, scene: str) -> None:
    found = small.detect(scene, THINGS)
    assert sorted(found.names[int(i)] for i in found.boxes.cls) == sorted(THINGS)
    assert found.orig_shape == (640, 640) and found.path == scene
    assert (found.boxes.conf > 0.4).all()


def test_it_finds_what_the_reference_finds(odd: pytyto.Model) -> None:
    for name in ("odd_cat", "odd_coffee"):
        expected = json.loads((GOLDEN / f"detect/{name}.json").read_text())
        found = odd.detect(
            PHOTOS / expected["photo"],
            expected["texts"],
            threshold=expected["threshold"],
            boxes="reference",
        )
        wanted = sorted(expected["detections"], key=lambda one: -one["score"])
        np.testing.assert_allclose(found.boxes.conf, [w["score"] for w in wanted], atol=2e-5)
        np.testing.assert_array_equal(found.boxes.cls, [w["label_index"] for w in wanted])
        np.testing.assert_allclose(found.boxes.xyxy, [w["box"] for w in wanted], atol=0.02)


def test_pictures_of_every_kind_are_the_same(small: pytyto.Model, scene: str) -> None:
    from pytyto import pictures

    pixels = pictures.load(scene).pixels
    kinds = [
        scene,
        Path(scene),
        Path(scene).read_bytes(),
        pixels,
        np.concatenate([pixels, pixels[..., :1]], axis=2),
        pixels.transpose(2, 0, 1),
        np.asfortranarray(pixels),
    ]
    found = small.detect(kinds, THINGS)
    assert len(found) == len(kinds)
    for one in found:
        np.testing.assert_array_equal(one.boxes.xyxy, found[0].boxes.xyxy)
        np.testing.assert_array_equal(one.boxes.conf, found[0].boxes.conf)
    grey = small.detect(pixels[..., 0], THINGS)
    np.testing.assert_array_equal(
        grey.boxes.xyxy, small.detect(np.repeat(pixels[..., :1], 3, 2), THINGS).boxes.xyxy
    )


def test_pictures_of_other_packages(small: pytyto.Model, scene: str) -> None:
    image = pytest.importorskip("PIL.Image").open(scene)
    found = small.detect([image, image.convert("RGBA"), scene], THINGS)
    for one in found[:2]:
        np.testing.assert_array_equal(one.boxes.xyxy, found[2].boxes.xyxy)
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    np.testing.assert_array_equal(
        small.detect(tensor, THINGS).boxes.xyxy, found[2].boxes.xyxy
    )


def test_encoded_photos_and_vocabularies_serve_again(small: pytyto.Model, scene: str) -> None:
    photo = small.encode(scene)
    assert photo.size == (640, 640)
    vocabulary = small.vocabulary(THINGS)
    again = small.detect(photo, vocabulary)
    plain = small.detect(scene, THINGS)
    np.testing.assert_array_equal(again.boxes.xyxy, plain.boxes.xyxy)
    whatever = small.detect(photo)
    assert set(whatever.names.values()) == {"object"} and len(whatever) >= 6


def test_thresholds_and_choices(small: pytyto.Model, scene: str) -> None:
    plain = small.detect(scene, THINGS)
    one = small.detect(scene, THINGS, threshold={"a globe": 0.99})
    assert len(one) == len(plain) - 1 and "globe" not in one.verbose()
    assert len(small.detect(scene, THINGS, top_k=2)) == 2
    assert len(small.detect(scene, THINGS, threshold=0.0)) == 144
    everything = small.detect(scene, THINGS, threshold=0.0, multi_label=True)
    assert len(everything) == 144 * len(THINGS)
    assert len(small.detect(scene, THINGS, threshold=0.0, nms="all", iou=0.1)) < 100
    embedded = small.detect(scene, THINGS, embeddings=True)
    assert embedded.embeddings is not None and embedded.embeddings.shape == (6, 192)
    assert len(small.detect(scene, THINGS, tiles=400)) >= 6


def test_examples_are_queries(small: pytyto.Model, scene: str) -> None:
    globe = small.detect(scene, "a globe").boxes.xyxy[0]
    found = small.match(scene, (scene, tuple(globe)), labels=["globe"])
    assert found.names == {0: "globe"} and len(found) == 1
    np.testing.assert_allclose(found.boxes.xyxy[0], globe, atol=1)
    vocabulary = small.vocabulary("a globe") + small.vocabulary(exemplars=[(scene, globe)])
    assert list(vocabulary.names.values()) == ["a globe", "seven"]


def test_vocabularies_are_saved(small: pytyto.Model, tmp_path: Path) -> None:
    vocabulary = small.vocabulary(["a globe", "a gift"])
    vocabulary.save(tmp_path / "words.safetensors")
    again = pytyto.Vocabulary.load(tmp_path / "words.safetensors")
    assert set(again.names.values()) == {"a globe", "a gift"}
    np.testing.assert_array_equal(vocabulary.features, small.embed(["a globe", "a gift"]))
    own = pytyto.Vocabulary.from_features(vocabulary.features, ["x", "x"])
    assert len(own.averaged()) == 1
    with pytest.raises(ValueError, match="labels"):
        pytyto.Vocabulary.from_features(vocabulary.features, ["x"])


def test_embeddings(small: pytyto.Model, scene: str) -> None:
    assert small.embed("a globe").shape == (192,)
    assert small.embed(Path(scene)).shape == (192,)
    assert small.embed([Path(scene), Path(scene)]).shape == (2, 192)
    shares = small.similarity(scene, THINGS)
    assert set(shares) == set(THINGS) and abs(sum(shares.values()) - 1) < 1e-5
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


@pytest.mark.parametrize("kind", ["texts", "pictures"])
def test_classes(kind: str) -> None:
    cases = json.loads((GOLDEN / f"perceiver_tasks/{kind}/cases.json").read_text())
    model = pytyto.Model.open(GOLDEN / f"perceiver_tasks/{kind}/model", precision="fp32")
    if kind == "texts":
        inputs = [one["text"] for one in cases]
    else:
        inputs = [PHOTOS / one["photo"] for one in cases]
    for given, expected in zip(inputs, cases):
        found = model.classify(given, top_k=0)
        by_label = {one["label"]: one["score"] for one in found}
        for number, score in enumerate(expected["scores"]):
            assert by_label[model.names[number]] == pytest.approx(score, abs=1e-5)
        assert [one["score"] for one in found] == sorted(by_label.values(), reverse=True)


def test_masks_are_filled() -> None:
    cases = json.loads((GOLDEN / "perceiver_tasks/fill_mask/cases.json").read_text())
    model = pytyto.Model.open(GOLDEN / "perceiver_tasks/fill_mask/model", precision="fp32")
    one = cases[0]
    start, end = one["spans"][0]
    text = one["text"][:start] + "[MASK]" * (end - start) + one["text"][end:]
    found = model.fill_mask(text, top_k=4)
    assert len(found) == end - start
    for guesses, expected in zip(found, one["top"]):
        assert [guess["token"] for guess in guesses] == [token for token, _ in expected]
        for guess, (_, score) in zip(guesses, expected):
            assert guess["score"] == pytest.approx(score, abs=1e-5)
    with pytest.raises(ValueError, match="mask"):
        model.fill_mask("nothing to fill")


def test_flow() -> None:
    model = pytyto.Model.open(GOLDEN / "perceiver/flow/model", precision="fp32")
    first = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    field = model.flow(first, np.roll(first, 1, axis=1), overlap=3)
    assert field.shape == (20, 30, 2) and field.dtype == np.float32 and field.any()
    # The usual overlap shrinks with the network's square; one that is asked for does not.
    assert model.flow(first, first).shape == (20, 30, 2)
    with pytest.raises(ValueError, match="overlap"):
        model.flow(first, first, overlap=19)
    with pytest.raises(ValueError, match="30 x 19"):
        model.flow(first, first[1:], overlap=3)


def test_video_is_made_again() -> None:
    model = pytyto.Model.open(GOLDEN / "perceiver/multimodal/model", precision="fp32")
    config = model.config
    side, n = config["image_size"], config["num_frames"]
    images = np.random.default_rng(0).random((n, 3, side, side), np.float32)
    sound = np.zeros(n * config["audio_samples_per_frame"], np.float32)
    again = model.autoencode(images, sound)
    assert again["images"].shape == (n, side, side, 3)
    assert again["sound"].shape == sound.shape
    assert again["probabilities"].sum() == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match="sound"):
        model.autoencode(images, sound[1:])


def test_the_wrong_model_is_named(small: pytyto.Model) -> None:
    with pytest.raises(ValueError, match="Perceiver"):
        small.fill_mask("[MASK]")
    with pytest.raises(ValueError, match="Perceiver"):
        small.flow(SCENE, SCENE)


def test_it_says_what_it_is(small: pytyto.Model) -> None:
    assert small.head == "Owlv2ForObjectDetection" and small.precision == "fp32"
    assert small.tasks == ["search", "embed", "similarity"]
    assert small.config["model_type"] == "owlv2" and small.num_parameters == 6942280
    assert repr(small) == "Model(Owlv2ForObjectDetection, fp32)"


def test_opening(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder"):
        pytyto.Model.open(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="config.json"):
        pytyto.Model.open(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="config.json"):
        pytyto.Model.open(tmp_path)
    for value, error in (("fp64", ValueError), (16, TypeError)):
        with pytest.raises(error, match="precision"):
            pytyto.Model.open(precision=value)  # type: ignore[arg-type]
    for threads, error in ((-1, ValueError), ("2", TypeError), (True, TypeError)):
        with pytest.raises(error, match="threads"):
            pytyto.Model.open(threads=threads)  # type: ignore[arg-type]
    assert pytyto.Model.open(threads=1).detect(SCENE, "a globe").verbose() == "1 globe, "


def test_the_command(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytyto", *words],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        )

    version = run("--version")
    assert version.stdout == f"tyto {pytyto.__version__}\n" and version.returncode == 0
    found = run("detect", str(SCENE), "-t", "a globe", "-f", "json", "-q")
    assert json.loads(found.stdout)["detections"][0]["label"] == "a globe"
    assert run("nonsense").returncode == 2


def test_a_nul_ends_no_text_early(small: pytyto.Model, tmp_path: Path) -> None:
    found = small.detect(SCENE, "a globe")
    labels = small.vocabulary("a globe")
    for call in (
        lambda: pytyto.Model.open(f"{small.folder}\0x"),
        lambda: small.detect(f"{SCENE}\0x"),
        lambda: small.vocabulary(exemplars=[SCENE], labels=["a\0b"]),
        lambda: found.save(f"{tmp_path}/a.png\0.jpg"),
        lambda: found.save_crop(f"{tmp_path}/a\0b"),
        lambda: found.save_crop(tmp_path, "a\0b"),
        lambda: found.document("json\0x"),
        lambda: labels.save(f"{tmp_path}/a.npy\0x"),
        lambda: pytyto.Vocabulary.load(f"{tmp_path}/a.npy\0x"),
        lambda: small.forward("Owlv2Model\0x", {}),
    ):
        with pytest.raises(ValueError, match="NUL"):
            call()
    assert not list(tmp_path.iterdir())


def test_text_of_another_type_is_named(small: pytyto.Model) -> None:
    with pytest.raises(TypeError, match="a label: got int"):
        small.vocabulary(exemplars=[SCENE], labels=[3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="format: got int"):
        small.detect(SCENE).document(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a name: got int"):
        small.forward(None, {3: np.zeros(1)})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="texts and pictures"):
        small.embed(["a globe", SCENE])


def test_one_output_may_be_wanted_by_its_name_alone(small: pytyto.Model) -> None:
    inputs = {"pixel_values": np.zeros((1, 3, 192, 192), np.float32), "input_ids": [[1, 2, 3]]}
    assert list(small.forward(None, inputs, "logits")) == ["logits"]


def test_an_example_whose_file_has_a_name_of_another_encoding(
    small: pytyto.Model, tmp_path: Path
) -> None:
    place = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    with open(place, "wb") as file:
        file.write(SCENE.read_bytes())
    assert small.vocabulary(exemplars=[os.fsdecode(place)]).names == {0: "caf\ufffd"}


def test_files_by_their_content(small: pytyto.Model) -> None:
    expected = small.detect(SCENE, "a globe").summary()
    content = SCENE.read_bytes()
    for one in (content, bytearray(content), memoryview(content), io.BytesIO(content)):
        assert small.detect(one, "a globe").summary() == expected
    with open(SCENE, "rb") as file:
        assert small.detect(file, "a globe").summary() == expected
