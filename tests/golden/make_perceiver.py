"""Writes small Perceiver checkpoints and what the reference computes with them.

    python make_perceiver.py FOLDER

FOLDER/CHECKPOINT/model/       a checkpoint as people have it
FOLDER/CHECKPOINT/parts.json   the composition, where it is not a head's
FOLDER/CHECKPOINT/CASE/        inputs.safetensors, expected.safetensors, errors.json (see README.md)
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import PerceiverConfig
from transformers.models.perceiver import modeling_perceiver as P

from reference import as_double, flatten, randomize, write_case

CORE = {"num_latents": 7, "d_latents": 18, "num_blocks": 1, "num_self_attends_per_block": 2,
        "num_self_attention_heads": 3, "num_cross_attention_heads": 1, "qk_channels": 12, "v_channels": 18}
STATES = {"output_hidden_states": True, "output_attentions": True}


def randomize_all(model, seed):
    """Every parameter, and the statistics of batch norms, which are buffers."""
    randomize(model, seed, gain=1.3)
    rng = np.random.default_rng(seed + 1000)
    for name, b in sorted(model.named_buffers()):
        if "running" in name:
            noise = torch.from_numpy(rng.standard_normal(b.shape)).float()
            b.copy_(1.0 + 0.5 * noise.abs() if name.endswith("var") else 0.5 * noise)


def save(folder, model, seed, dtype=torch.float32):
    """Saves a seeded checkpoint; the model stays with the weights that a reader of it has."""
    randomize_all(model, seed)
    model.to(dtype).save_pretrained(folder / "model")
    (folder / "model" / "generation_config.json").unlink(missing_ok=True)
    return model.float().eval()


def run_both(model, call, inputs, seed=None):
    """A float64 and a float32 run. Fourier features are single precision in both: their arithmetic
    is part of the network (its rounding reaches 4e-3), so the default type stays as it is."""
    out = []
    with torch.no_grad():
        for m, i in ((model.double(), as_double(inputs)), (model.float(), inputs)):
            if seed is not None:
                torch.manual_seed(seed)
            m = model.double() if not out else model.float()
            out.append(flatten(call(m.eval(), i)))
    return out


def nest(inputs):
    """{"inputs.image": t} as {"inputs": {"image": t}}."""
    out = {}
    for name, value in inputs.items():
        if name == "mask_seed":
            continue
        head, _, rest = name.partition(".")
        if rest:
            out.setdefault(head, {})[rest] = value
        else:
            out[head] = value
    return out


def forward(**flags):
    return lambda model, inputs: model(**nest(inputs), **flags)


def write(folder, model, head, name, inputs, call=None, keep=None, **flags):
    seed = int(inputs["mask_seed"]) if "mask_seed" in inputs else None
    double, single = run_both(model, call or forward(**flags), inputs, seed)
    write_case(folder / name, head, inputs, double, single, keep)


def rng_tensor(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def make_masked_lm(out):
    """Two blocks that share their layers, several heads, masks of every kind, losses."""
    config = PerceiverConfig(**{**CORE, "num_blocks": 2, "num_cross_attention_heads": 2, "d_model": 16, "vocab_size": 61,
                                "max_position_embeddings": 37, "self_attention_widening_factor": 2,
                                "cross_attention_widening_factor": 3, "hidden_act": "gelu"})
    folder, head = out / "masked_lm", "PerceiverForMaskedLM"
    model = save(folder, P.PerceiverForMaskedLM(config), 1, torch.bfloat16)
    rng = np.random.default_rng(11)
    ids = torch.from_numpy(rng.integers(0, 61, (2, 37)))
    labels = torch.from_numpy(rng.integers(0, 61, (2, 37)))
    labels[torch.from_numpy(rng.random((2, 37)) < 0.6)] = -100
    write(folder, model, head, "states", {"inputs": ids, "labels": labels}, **STATES)
    # Holes, a mask of ones, and one without any token.
    mask = torch.from_numpy(rng.integers(0, 2, (3, 11)))
    mask[1], mask[2] = 1, 0
    short = torch.from_numpy(rng.integers(0, 61, (3, 11)))
    write(folder, model, head, "masks", {"input_ids": short, "attention_mask": mask})
    write(folder, model, head, "masked_states", {"inputs": short, "attention_mask": mask}, **STATES,
          keep=lambda n: "logits" not in n and ("cross" in n or n.endswith(".0")))
    # Fractions: beside a one, without one, several alike.
    parts = torch.from_numpy(np.random.default_rng(12).choice(np.float32([0.0, 0.1, 0.5, 0.7, 1.0 - 2.0**-24]), (3, 11)))
    parts[0, [2, 7]], parts[2] = 1.0, 0.25
    write(folder, model, head, "fractions", {"input_ids": short, "attention_mask": parts})
    write(folder, model, head, "fractions_states", {"inputs": short, "attention_mask": parts}, **STATES,
          keep=lambda n: "cross" in n or n.endswith("hidden_states.0"))
    one = short[:1]
    write(folder, model, head, "head_mask", {"inputs": one, "head_mask": torch.tensor([1.0, 0.0, 0.5])},
          output_attentions=True, keep=lambda n: n in ("logits", "attentions.3"))
    layers = torch.from_numpy(rng.random((4, 3)).astype(np.float32))
    write(folder, model, head, "layer_head_mask", {"inputs": one, "head_mask": layers})


def make_bare(out):
    """A PerceiverModel without parts: derived channels, and a mask for each latent."""
    config = PerceiverConfig(**{**CORE, "qk_channels": None, "v_channels": None, "d_model": 15,
                                "num_cross_attention_heads": 3, "hidden_act": "relu"})
    folder, head = out / "bare", "PerceiverModel"
    model = save(folder, P.PerceiverModel(config), 2)
    x = rng_tensor(21, 2, 9, 15)
    write(folder, model, head, "states", {"inputs": x}, **STATES)
    mask = torch.from_numpy(np.random.default_rng(22).integers(0, 2, (2, 7, 9)))
    mask[0, 3] = 0
    write(folder, model, head, "mask_per_latent", {"inputs": x, "attention_mask": mask}, output_attentions=True,
          keep=lambda n: "cross" in n or "last" in n)
    parts = torch.from_numpy(np.random.default_rng(23).choice(np.float32([0.0, 0.5, 0.75, 1.0]), (2, 7, 9), p=[0.4, 0.3, 0.2, 0.1]))
    write(folder, model, head, "fractions_per_latent", {"inputs": x, "attention_mask": parts}, output_attentions=True,
          keep=lambda n: "cross" in n or "last" in n)


def make_sequence(out):
    """Attention shaped like its queries; every kind of loss."""
    base = {**CORE, "qk_channels": None, "v_channels": None, "cross_attention_shape_for_attention": "q",
            "d_model": 13, "vocab_size": 90, "max_position_embeddings": 12, "hidden_act": "gelu_new"}
    head = "PerceiverForSequenceClassification"
    ids = torch.from_numpy(np.random.default_rng(31).integers(0, 90, (4, 12)))
    kinds = {
        "sequence": ({"num_labels": 5}, {
            "single": {"labels": torch.tensor([3, 0, -100, 4])},
            "multi": {"labels": torch.from_numpy(np.random.default_rng(32).random((4, 5)).astype(np.float32))},
        }),
        "sequence_one": ({"num_labels": 1}, {
            "regression": {"labels": rng_tensor(33, 4)},
        }),
        "sequence_regression": ({"num_labels": 3, "problem_type": "regression"}, {
            "regression": {"labels": rng_tensor(34, 4, 3)},
        }),
        "sequence_multi": ({"num_labels": 3, "problem_type": "multi_label_classification"}, {
            "multi": {"labels": torch.tensor([[0.0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]])},
        }),
    }
    for i, (name, (extra, cases)) in enumerate(kinds.items()):
        folder = out / name
        model = save(folder, P.PerceiverForSequenceClassification(PerceiverConfig(**base, **extra)), 3 + i,
                     torch.float16)
        for case, labels in cases.items():
            model.config.problem_type = extra.get("problem_type")
            flags = STATES if case == "single" else {}
            write(folder, model, head, case, {"inputs": ids, **labels}, **flags)


def make_images(out):
    """The three classifiers of pictures."""
    labels = {"labels": torch.tensor([2, 6])}
    config = {**CORE, "num_labels": 7, "image_size": 5}
    folder, head = out / "learned", "PerceiverForImageClassificationLearned"
    model = save(folder, P.PerceiverForImageClassificationLearned(PerceiverConfig(**config)), 8, torch.float16)
    write(folder, model, head, "pixels", {"pixel_values": rng_tensor(81, 2, 3, 5, 5), **labels}, output_attentions=True,
          keep=lambda n: n in ("loss", "logits") or "cross" in n)
    folder, head = out / "fourier", "PerceiverForImageClassificationFourier"
    config = {**config, "use_query_residual": False}
    model = save(folder, P.PerceiverForImageClassificationFourier(PerceiverConfig(**config)), 9, torch.bfloat16)
    write(folder, model, head, "oblong", {"inputs": rng_tensor(91, 2, 3, 9, 14), **labels}, output_hidden_states=True)
    folder, head = out / "convolution", "PerceiverForImageClassificationConvProcessing"
    model = save(folder, P.PerceiverForImageClassificationConvProcessing(PerceiverConfig(**config)), 10, torch.float16)
    write(folder, model, head, "oblong", {"inputs": rng_tensor(101, 2, 3, 33, 26), **labels})
    mask = torch.ones(2, 48)
    mask[0, ::3] = 0
    write(folder, model, head, "mask", {"inputs": rng_tensor(102, 2, 3, 33, 26), "attention_mask": mask})


def make_flow(out):
    folder, head = out / "flow", "PerceiverForOpticalFlow"
    config = PerceiverConfig(**{**CORE, "train_size": [7, 10]})
    model = save(folder, P.PerceiverForOpticalFlow(config), 12, torch.float16)
    write(folder, model, head, "frames", {"inputs": rng_tensor(121, 2, 2, 27, 7, 10)}, output_attentions=True,
          keep=lambda n: "logits" in n or "cross" in n)


def make_multimodal(out):
    folder, head = out / "multimodal", "PerceiverForMultimodalAutoencoding"
    config = PerceiverConfig(**{**CORE, "num_frames": 3, "audio_samples_per_frame": 8, "samples_per_patch": 4,
                                "image_size": 8, "output_shape": [1, 3, 8, 8], "output_num_channels": 11,
                                "_label_trainable_num_channels": 30, "num_labels": 5})
    model = save(folder, P.PerceiverForMultimodalAutoencoding(config), 13, torch.float16)
    inputs = {"inputs.image": rng_tensor(131, 2, 3, 3, 8, 8), "inputs.audio": rng_tensor(132, 2, 24, 1),
              "inputs.label": torch.zeros(2, 5)}
    for name, image, audio in (("chunk", torch.arange(64, 96), torch.arange(2, 4)),
                               ("scattered", torch.tensor([191, 0, 77, 77, 12]), torch.tensor([5, 0, 3]))):
        points = {"subsampled_output_points.image": image, "subsampled_output_points.audio": audio}

        def call(m, i):
            nested = nest(i)
            nested["subsampled_output_points"]["label"] = None
            return m(**nested, output_attentions=True)

        write(folder, model, head, name, {**inputs, **points}, call=call,
              keep=lambda n: "logits" in n or "cross" in n)


class Projection(P.PerceiverProjectionDecoder):
    """The reference's projection decoder, which is abstract for want of this property."""

    num_query_channels = None


def build(part, config):
    """A part of the reference from its description in parts.json."""
    kwargs = {k: v for k, v in part.items() if k != "type"}
    if "modalities" in kwargs:
        kwargs["modalities"] = {k: build(v, config) for k, v in kwargs["modalities"].items()}
    if part["type"] == "PerceiverMultimodalDecoder":
        kwargs.setdefault("num_outputs", None)
    plain = ("PerceiverProjectionPostprocessor", "PerceiverMultimodalPreprocessor", "PerceiverMultimodalPostprocessor")
    make = Projection if part["type"] == "PerceiverProjectionDecoder" else getattr(P, part["type"])
    return make(**kwargs) if part["type"] in plain else make(config, **kwargs)


def compose(out, name, seed, parts, config=None, dtype=torch.float16):
    config = PerceiverConfig(**{**CORE, "num_labels": 3, "num_self_attends_per_block": 1, **(config or {})})
    folder = out / name
    model = P.PerceiverModel(config, **{k: build(v, config) for k, v in parts.items()})
    model = save(folder, model, seed, dtype)
    (folder / "parts.json").write_text(json.dumps(parts, indent=1) + "\n")
    return folder, model


def trainable(channels, dims):
    return {"position_encoding_type": "trainable",
            "trainable_position_encoding_kwargs": {"num_channels": channels, "index_dims": dims}}


def fourier(bands, resolution, **more):
    return {"position_encoding_type": "fourier",
            "fourier_position_encoding_kwargs": {"num_bands": bands, "max_resolution": resolution, **more}}


CLASSIFY = {"type": "PerceiverClassificationDecoder", "num_channels": 18, **trainable(18, 1), "use_query_residual": True}


def make_documented(out):
    """The two compositions of PerceiverModel's documentation."""
    folder, model = compose(out, "text_classifier", 20,
                            {"input_preprocessor": {"type": "PerceiverTextPreprocessor"}, "decoder": CLASSIFY},
                            {"d_model": 10, "vocab_size": 80, "max_position_embeddings": 14})
    ids = torch.from_numpy(np.random.default_rng(201).integers(0, 80, (2, 14)))
    write(folder, model, "PerceiverModel", "text", {"inputs": ids}, **STATES)
    image = {"type": "PerceiverImagePreprocessor", "prep_type": "conv1x1", "spatial_downsample": 1, "out_channels": 17,
             "concat_or_add_pos": "concat", "project_pos_dim": 19, **trainable(17, 36)}
    folder, model = compose(out, "image_classifier", 21, {"input_preprocessor": image, "decoder": CLASSIFY})
    write(folder, model, "PerceiverModel", "image", {"inputs": rng_tensor(211, 2, 3, 6, 6)})


def make_preprocessors(out):
    """Arguments that no head uses."""
    head = "PerceiverModel"
    image = {"type": "PerceiverImagePreprocessor"}
    video = {**image, "prep_type": "patches", "spatial_downsample": 2, "temporal_downsample": 2, "in_channels": 2,
             "out_channels": 15, "concat_or_add_pos": "add", "project_pos_dim": 16,
             **fourier(2, [4, 6, 10], sine_only=False, concat_pos=True)}
    folder, model = compose(out, "video_added", 22, {"input_preprocessor": video})
    write(folder, model, head, "video", {"inputs": rng_tensor(221, 2, 4, 2, 6, 10)})
    # A picture's pixels are thinned by batch element and channel, a video's by time and space.
    thin = {**image, "prep_type": "pixels", "spatial_downsample": 2, "in_channels": 5,
            **fourier(3, [6, 7], sine_only=True)}
    folder, model = compose(out, "pixels_thinned", 23, {"input_preprocessor": thin})
    write(folder, model, head, "picture", {"inputs": rng_tensor(231, 5, 5, 6, 7)})
    thin = {**image, "prep_type": "pixels", "spatial_downsample": 3, "temporal_downsample": 2, "concat_or_add_pos": "add",
            **fourier(1, [5, 6, 7], concat_pos=False, sine_only=True)}
    folder, model = compose(out, "video_thinned", 24, {"input_preprocessor": thin})
    write(folder, model, head, "video", {"inputs": rng_tensor(241, 2, 5, 3, 8, 7)})
    conv = {**image, "prep_type": "conv", "spatial_downsample": 16, "in_channels": 1, "out_channels": 9,
            "conv2d_use_batchnorm": False, **trainable(6, [3, 4])}
    folder, model = compose(out, "conv_plain", 25, {"input_preprocessor": conv})
    write(folder, model, head, "picture", {"inputs": rng_tensor(251, 2, 1, 14, 20)})
    conv = {**image, "prep_type": "conv1x1", "spatial_downsample": 3, "in_channels": 4, "out_channels": 11,
            "concat_or_add_pos": "add", **trainable(11, 1)}
    folder, model = compose(out, "conv1x1_strided", 26, {"input_preprocessor": conv})
    write(folder, model, head, "picture", {"inputs": rng_tensor(261, 2, 4, 8, 10)})
    audio = {"type": "PerceiverAudioPreprocessor", "samples_per_patch": 6, "concat_or_add_pos": "add",
             **trainable(6, 5)}
    folder, model = compose(out, "audio_added", 27, {"input_preprocessor": audio})
    write(folder, model, head, "audio", {"inputs": rng_tensor(271, 2, 30, 1)})
    # One axis of positions, frequencies of two.
    audio = {"type": "PerceiverAudioPreprocessor", "samples_per_patch": 4, "concat_or_add_pos": "add",
             **fourier(1, [9, 40], concat_pos=False)}
    folder, model = compose(out, "audio_two_bands", 28, {"input_preprocessor": audio})
    write(folder, model, head, "audio", {"inputs": rng_tensor(281, 2, 20)})
    folder, model = compose(out, "one_hot", 29, {"input_preprocessor": {"type": "PerceiverOneHotPreprocessor"}},
                            {"num_labels": 6, "use_query_residual": False})
    write(folder, model, head, "label", {"inputs": rng_tensor(291, 2, 6)})


def make_decoders(out):
    """Decoders and postprocessors that no head uses."""
    head = "PerceiverModel"
    audio = {"type": "PerceiverAudioPreprocessor", "samples_per_patch": 4, **fourier(2, [9])}
    basic = {"type": "PerceiverBasicDecoder", "output_num_channels": 8}
    # Preprocessed inputs in front of the queries; a projection of positions; a wider layer.
    joined = {**basic, "num_channels": 11, "concat_preprocessed_input": True, "widening_factor": 2, "qk_channels": 6,
              "v_channels": 10, "num_heads": 2, "out_channels": 5, "project_pos_dim": 7, **trainable(5, 5)}
    parts = {"input_preprocessor": audio, "decoder": joined,
             "output_postprocessor": {"type": "PerceiverProjectionPostprocessor", "in_channels": 8, "out_channels": 3}}
    folder, model = compose(out, "joined_queries", 30, parts)
    write(folder, model, head, "audio", {"inputs": rng_tensor(301, 2, 20)}, **STATES)
    parts = {"input_preprocessor": audio, "decoder": {**basic, "num_channels": 9, **trainable(9, [2, 3])},
             "output_postprocessor": {"type": "PerceiverAudioPostprocessor", "in_channels": 8}}
    folder, model = compose(out, "audio_out", 31, parts, {"samples_per_patch": 5})
    write(folder, model, head, "audio", {"inputs": rng_tensor(311, 2, 20)})
    parts["decoder"] = {**basic, "num_channels": 9, "final_project": False, **trainable(9, 4)}
    parts["output_postprocessor"] = {"type": "PerceiverClassificationPostprocessor", "in_channels": 9}
    folder, model = compose(out, "classified_out", 32, parts, {"num_labels": 6})
    write(folder, model, head, "audio", {"inputs": rng_tensor(321, 2, 20)})
    # Fourier queries without points: as many as the inputs have channels.
    parts = {"input_preprocessor": audio, "decoder": {**basic, "num_channels": 13, **fourier(3, [8, 30])}}
    folder, model = compose(out, "fourier_queries", 33, parts)
    write(folder, model, head, "audio", {"inputs": rng_tensor(331, 2, 20)})


def decode_alone(model, inputs):
    """For decoders that PerceiverModel itself can't call: their forward takes no output_attentions."""
    z = model.encoder(model.embeddings(2), inputs=model.input_preprocessor(inputs["inputs"])[0]).last_hidden_state
    if isinstance(model.decoder, P.PerceiverProjectionDecoder):
        return {"logits": model.decoder(None, z), "last_hidden_state": z}
    query = model.decoder.decoder_query(z.new_zeros(2, 1, *model.decoder.output_shape[1:]))
    return {"logits": model.decoder(query, z).logits}


def make_lone_decoders(out):
    audio = {"type": "PerceiverAudioPreprocessor", "samples_per_patch": 4, **fourier(2, [9])}
    folder, model = compose(out, "projection", 34, {"input_preprocessor": audio,
                                                    "decoder": {"type": "PerceiverProjectionDecoder"}})
    write(folder, model, "PerceiverModel", "audio", {"inputs": rng_tensor(341, 2, 20)}, call=decode_alone)
    video = {"type": "PerceiverBasicVideoAutoencodingDecoder", "output_shape": [2, 2, 3, 4], "output_num_channels": 5,
             "num_channels": 15, **fourier(2, [2, 3, 4])}
    folder, model = compose(out, "video", 35, {"input_preprocessor": audio, "decoder": video})
    write(folder, model, "PerceiverModel", "audio", {"inputs": rng_tensor(351, 2, 20)}, call=decode_alone)


def make_mixed(out):
    """Two modalities with random masks: the reference draws them in the order of the description."""
    parts = {
        "input_preprocessor": {
            "type": "PerceiverMultimodalPreprocessor", "min_padding_size": 0,
            "modalities": {
                "sound": {"type": "PerceiverAudioPreprocessor", "samples_per_patch": 4, **trainable(6, 9)},
                "class": {"type": "PerceiverOneHotPreprocessor"},
                "photo": {"type": "PerceiverImagePreprocessor", "prep_type": "pixels", "spatial_downsample": 1,
                          **fourier(2, [4, 5])},
            },
            "mask_probs": {"sound": 0.4, "photo": 0.25, "class": 1.0},
        },
        "decoder": {
            "type": "PerceiverMultimodalDecoder", "output_num_channels": 8, "min_padding_size": 1, "num_heads": 3,
            "modalities": {
                "sound": {"type": "PerceiverBasicDecoder", "output_num_channels": 9, "num_channels": 7, **trainable(9, 9)},
                "photo": {"type": "PerceiverBasicDecoder", "output_num_channels": 4, "position_encoding_only": True,
                          "out_channels": 12, "project_pos_dim": 14, **trainable(12, 20)},
                "class": {"type": "PerceiverClassificationDecoder", "position_encoding_only": True,
                          **trainable(6, 1)},
            },
        },
        "output_postprocessor": {
            "type": "PerceiverMultimodalPostprocessor",
            "modalities": {
                "sound": {"type": "PerceiverAudioPostprocessor", "in_channels": 8},
                "photo": {"type": "PerceiverProjectionPostprocessor", "in_channels": 8, "out_channels": 3},
            },
        },
    }
    folder, model = compose(out, "mixed", 36, parts, {"samples_per_patch": 4, "num_labels": 5})
    inputs = {"inputs.sound": rng_tensor(361, 2, 36), "inputs.photo": rng_tensor(362, 2, 3, 4, 5),
              "inputs.class": rng_tensor(363, 2, 5), "mask_seed": torch.tensor(12345678901)}
    write(folder, model, "PerceiverModel", "masked", inputs, output_attentions=True)


def main():
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for make in (make_masked_lm, make_bare, make_sequence, make_images, make_flow, make_multimodal, make_documented,
                 make_preprocessors, make_decoders, make_lone_decoders, make_mixed):
        make(out)


if __name__ == "__main__":
    main()
