"""The examples of the reference's documentation of both families, each run by both libraries on the
same small checkpoints: what a program prints must be the same."""

from __future__ import annotations

import importlib
import pathlib
from collections.abc import Callable
from typing import Any

import golden
import numpy as np
import pytest

torch = pytest.importorskip("torch")
theirs = pytest.importorskip("transformers")
if theirs.__version__ != "4.37.2":
    pytest.skip("another version of the reference", allow_module_level=True)
Image = pytest.importorskip("PIL.Image")

import pytyto.transformers as ours  # noqa: E402

OWLV2 = golden.DATA / "owlv2" / "odd" / "model"
PHOTO = pathlib.Path(__file__).parents[2] / "assets" / "photos" / "cat.jpg"
SMALL = {
    "num_latents": 6,
    "d_latents": 32,
    "d_model": 16,
    "num_self_attends_per_block": 2,
    "num_self_attention_heads": 2,
    "num_cross_attention_heads": 1,
    "initializer_range": 0.1,
}


def photo() -> Any:
    return Image.open(PHOTO).convert("RGB")


def part(library: Any, name: str) -> Any:
    """A class of one library, or of the other where it is none of a model's."""
    found = getattr(library, name, None)
    return getattr(theirs, name) if found is None else found


def shape_of(value: Any) -> Any:
    return list(value.shape)


def detection(library: Any, _folder: pathlib.Path) -> list[Any]:
    processor = part(library, "Owlv2Processor").from_pretrained(OWLV2)
    model = library.Owlv2ForObjectDetection.from_pretrained(OWLV2)
    texts = [["a photo of a cat", "a photo of a dog"]]
    image = photo()
    inputs = processor(text=texts, images=image, return_tensors="pt")
    with torch.no_grad():
        outputs = model(**inputs)
    sizes = torch.Tensor([image.size[::-1]])
    results = processor.post_process_object_detection(
        outputs=outputs, target_sizes=sizes, threshold=0.0
    )
    found = results[0]
    assert len(found["boxes"]) == len(found["scores"]) == len(found["labels"]) > 0
    return [found["boxes"], found["scores"], outputs.logits, outputs.pred_boxes]


def guided(library: Any, _folder: pathlib.Path) -> list[Any]:
    processor = part(library, "AutoProcessor").from_pretrained(OWLV2)
    model = library.Owlv2ForObjectDetection.from_pretrained(OWLV2)
    image = photo()
    query = image.crop((100, 100, 300, 260))
    inputs = processor(images=image, query_images=query, return_tensors="pt")
    with torch.no_grad():
        outputs = model.image_guided_detection(**inputs)
    results = processor.post_process_image_guided_detection(
        outputs=outputs, threshold=0.9, nms_threshold=0.3, target_sizes=torch.Tensor([[480, 640]])
    )
    return [results[0]["boxes"], results[0]["scores"], outputs.logits, outputs.query_pred_boxes]


def comparison(library: Any, _folder: pathlib.Path) -> list[Any]:
    model = library.Owlv2Model.from_pretrained(OWLV2)
    processor = part(library, "AutoProcessor").from_pretrained(OWLV2)
    inputs = processor(
        text=[["a photo of a cat", "a photo of a dog"]], images=photo(), return_tensors="pt"
    )
    outputs = model(**inputs)
    probabilities = outputs.logits_per_image.softmax(dim=1)
    texts = processor(
        text=[["a photo of a cat", "a photo of a dog"], ["photo of a astranaut"]],
        return_tensors="pt",
    )
    pixels = processor(images=photo(), return_tensors="pt")
    return [probabilities, model.get_text_features(**texts), model.get_image_features(**pixels)]


def towers(library: Any, _folder: pathlib.Path) -> list[Any]:
    processor = part(library, "AutoProcessor").from_pretrained(OWLV2)
    text = library.Owlv2TextModel.from_pretrained(OWLV2)
    vision = library.Owlv2VisionModel.from_pretrained(OWLV2)
    texts = processor(
        text=[["a photo of a cat", "a photo of a dog"], ["photo of a astranaut"]],
        return_tensors="pt",
    )
    pixels = processor(images=photo(), return_tensors="pt")
    found = []
    for outputs in (text(**texts), vision(**pixels)):
        found += [outputs.last_hidden_state, outputs.pooler_output]
    return found


def perceiver(library: Any) -> Any:
    return importlib.import_module(f"{library.__name__}.models.perceiver.modeling_perceiver")


def same_weights(library: Any, model: Any, folder: pathlib.Path, name: str) -> Any:
    """Gives a model of chosen parts the weights that the first of both libraries had."""
    file = folder / f"{name}.pt"
    if not file.is_file():
        torch.save(model.state_dict(), file)
    model.load_state_dict(torch.load(file, weights_only=True))
    return model.eval()


def composed_text(library: Any, folder: pathlib.Path) -> list[Any]:
    parts = perceiver(library)
    config = library.PerceiverConfig(**SMALL)
    preprocessor = parts.PerceiverTextPreprocessor(config)
    decoder = parts.PerceiverClassificationDecoder(
        config,
        num_channels=config.d_latents,
        trainable_position_encoding_kwargs=dict(num_channels=config.d_latents, index_dims=1),
        use_query_residual=True,
    )
    model = library.PerceiverModel(config, input_preprocessor=preprocessor, decoder=decoder)
    same_weights(library, model, folder, "text")
    tokenizer = part(library, "PerceiverTokenizer")()
    inputs = tokenizer("hello world", return_tensors="pt").input_ids
    with torch.no_grad():
        logits = model(inputs=inputs).logits
    assert shape_of(logits) == [1, 2]
    return [logits, torch.nn.CrossEntropyLoss()(logits, torch.tensor([1]))]


def composed_photo(library: Any, folder: pathlib.Path) -> list[Any]:
    parts = perceiver(library)
    config = library.PerceiverConfig(image_size=32, **SMALL)
    preprocessor = parts.PerceiverImagePreprocessor(
        config,
        prep_type="conv1x1",
        spatial_downsample=1,
        out_channels=256,
        position_encoding_type="trainable",
        concat_or_add_pos="concat",
        project_pos_dim=256,
        trainable_position_encoding_kwargs=dict(
            num_channels=256, index_dims=config.image_size**2
        ),
    )
    decoder = parts.PerceiverClassificationDecoder(
        config,
        num_channels=config.d_latents,
        trainable_position_encoding_kwargs=dict(num_channels=config.d_latents, index_dims=1),
        use_query_residual=True,
    )
    model = library.PerceiverModel(config, input_preprocessor=preprocessor, decoder=decoder)
    same_weights(library, model, folder, "photo")
    size = {"height": 32, "width": 32}
    processor = part(library, "PerceiverImageProcessor")(size=size)
    inputs = processor(photo(), return_tensors="pt").pixel_values
    with torch.no_grad():
        logits = model(inputs=inputs).logits
    assert shape_of(logits) == [1, 2]
    return [logits, torch.nn.CrossEntropyLoss()(logits, torch.tensor([1]))]


def seeded(name: str, folder: pathlib.Path, **sizes: Any) -> pathlib.Path:
    """A checkpoint that the reference made."""
    place = folder / name
    if not place.is_dir():
        torch.manual_seed(1)
        config = theirs.PerceiverConfig(**{**SMALL, **sizes})
        getattr(theirs, name)(config).eval().save_pretrained(place)
    return place


def masked(library: Any, folder: pathlib.Path) -> list[Any]:
    tokenizer = part(library, "PerceiverTokenizer")(model_max_length=80)
    place = seeded("PerceiverForMaskedLM", folder, max_position_embeddings=80)
    model = library.PerceiverForMaskedLM.from_pretrained(place)
    text = "This is an incomplete sentence where some words are missing."
    inputs = tokenizer(text, padding="max_length", return_tensors="pt")
    inputs["input_ids"][0, 52:61] = tokenizer.mask_token_id
    labels = tokenizer(text, padding="max_length", return_tensors="pt").input_ids
    outputs = model(**inputs, labels=labels)
    assert shape_of(outputs.logits) == [1, 80, 262]
    predictions = outputs.logits[0, 52:61].argmax(dim=-1).tolist()
    return [outputs.loss, outputs.logits, torch.tensor(predictions)]


def sequence(library: Any, folder: pathlib.Path) -> list[Any]:
    tokenizer = part(library, "PerceiverTokenizer")()
    place = seeded("PerceiverForSequenceClassification", folder)
    model = library.PerceiverForSequenceClassification.from_pretrained(place)
    outputs = model(inputs=tokenizer("hello world", return_tensors="pt").input_ids)
    assert shape_of(outputs.logits) == [1, 2]
    return [outputs.logits]


def pictures(library: Any, folder: pathlib.Path) -> list[Any]:
    found = []
    for kind in ("Learned", "Fourier", "ConvProcessing"):
        name = f"PerceiverForImageClassification{kind}"
        place = seeded(name, folder, image_size=32, qk_channels=32, v_channels=32, num_labels=7)
        size = {"height": 32, "width": 32}
        processor = part(library, "PerceiverImageProcessor")(size=size)
        model = getattr(library, name).from_pretrained(place)
        inputs = processor(images=photo(), return_tensors="pt").pixel_values
        logits = model(inputs=inputs).logits
        assert shape_of(logits) == [1, 7]
        label = model.config.id2label[logits.argmax(-1).item()]
        found += [logits, torch.tensor(int(label.removeprefix("LABEL_")))]
    return found


def flow(library: Any, folder: pathlib.Path) -> list[Any]:
    sizes = {"train_size": [8, 12], "qk_channels": 32, "v_channels": 32}
    place = seeded("PerceiverForOpticalFlow", folder, **sizes)
    model = library.PerceiverForOpticalFlow.from_pretrained(place)
    torch.manual_seed(5)
    outputs = model(inputs=torch.randn(1, 2, 27, 8, 12))
    assert shape_of(outputs.logits) == [1, 8, 12, 2]
    return [outputs.logits]


def multimodal(library: Any, folder: pathlib.Path) -> list[Any]:
    place = seeded(
        "PerceiverForMultimodalAutoencoding",
        folder,
        num_frames=4,
        audio_samples_per_frame=64,
        samples_per_patch=16,
        image_size=16,
        output_shape=[1, 4, 16, 16],
        output_num_channels=32,
        num_labels=9,
        qk_channels=32,
        v_channels=32,
        _label_trainable_num_channels=64,
    )
    torch.manual_seed(6)
    images, audio = torch.randn((1, 4, 3, 16, 16)), torch.randn((1, 256, 1))
    inputs = dict(image=images, audio=audio, label=torch.zeros((images.shape[0], 9)))
    model = library.PerceiverForMultimodalAutoencoding.from_pretrained(place)
    chunks = 8
    image_chunk = np.prod((4, 16, 16)) // chunks
    audio_chunk = audio.shape[1] // model.config.samples_per_patch // chunks
    subsampling = {
        "image": torch.arange(image_chunk, image_chunk * 2),
        "audio": torch.arange(audio_chunk, audio_chunk * 2),
        "label": None,
    }
    logits = model(inputs=inputs, subsampled_output_points=subsampling).logits
    assert shape_of(logits["audio"]) == [1, 32] and shape_of(logits["label"]) == [1, 9]
    assert shape_of(logits["image"]) == [1, 128, 3]
    return [logits[name] for name in ("audio", "image", "label")]


def configurations(library: Any, _folder: pathlib.Path) -> list[Any]:
    counts = []
    for family, name in (
        ("Owlv2TextConfig", "Owlv2TextModel"),
        ("Owlv2VisionConfig", "Owlv2VisionModel"),
        ("PerceiverConfig", "PerceiverModel"),
    ):
        model = getattr(library, name)(getattr(library, family)())
        assert model.config.to_dict()
        counts.append(torch.tensor(model.num_parameters()))
    return counts


EXAMPLES = [
    comparison,
    composed_photo,
    composed_text,
    configurations,
    detection,
    flow,
    guided,
    masked,
    multimodal,
    pictures,
    sequence,
    towers,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("seeded")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.__name__)
def test_example(example: Callable[..., list[Any]], folder: pathlib.Path) -> None:
    wanted = [value.detach() for value in example(theirs, folder)]
    found = [value.detach() for value in example(ours, folder)]
    assert len(found) == len(wanted)
    for mine, other in zip(found, wanted):
        assert mine.shape == other.shape and mine.dtype == other.dtype
        torch.testing.assert_close(mine, other, rtol=2e-4, atol=2e-4)
