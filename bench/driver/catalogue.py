"""The models that are measured, at their published sizes. Imports nothing that a peer's environment may lack."""

from dataclasses import dataclass


# The stack `reference` has transformers 4.37.2, `current` whatever is newest.
PEERS = ("reference", "current", "onnxruntime", "openvino")
ENGINES = ("tyto",) + PEERS
PRECISIONS = ("fp32", "bf16", "int8")


@dataclass(frozen=True)
class Model:
    name: str
    title: str
    generator: str  # a script of tests/golden, and the word that tells it which checkpoint to write
    word: str
    case: str  # the generator's folder with a float64 run
    wanted: tuple  # outputs that are asked for and compared
    unwanted_inputs: tuple = ()
    pieces: int = 1  # forwards of the reference that make one whole result
    targets: tuple = ()  # (peer, precision, how many times as fast as it tyto is to be)


OWLV2_OUTPUTS = ("logits", "objectness_logits", "pred_boxes")


def against_openvino(*times):
    return tuple(("openvino", precision, t) for precision, t in zip(PRECISIONS, times))


def owlv2(name, title):
    return Model(name, title, "make_full.py", f"--size={name}", "text", OWLV2_OUTPUTS,
                 targets=against_openvino(1.15, 1.15, 1.2))


def perceiver(name, title, targets, wanted=("logits",), **more):
    return Model(name, title, "make_full_perceiver.py", f"--kind={name}", "case", wanted, ("labels",),
                 targets=targets, **more)


MODELS = {
    model.name: model
    for model in (
        owlv2("b16", "OWLv2 B/16, 960², 2 queries"),
        owlv2("l14", "OWLv2 L/14, 1008², 2 queries"),
        perceiver("language", "Perceiver language, 2048 bytes", against_openvino(1.1, 1.2)),
        perceiver("learned", "Perceiver ImageNet learned, 224²", against_openvino(1.4, 1.6)),
        perceiver("fourier", "Perceiver ImageNet Fourier, 224²", against_openvino(1.2, 1.25)),
        perceiver("conv", "Perceiver ImageNet conv, 224²", against_openvino(1.1, 1.1)),
        perceiver("flow", "Perceiver optical flow, 368×496", against_openvino(2.5, 4.0)),
        perceiver("multimodal", "Perceiver multimodal, 16×224², 30,720 samples",
                  (("reference", "fp32", 30.0),), ("logits.image", "logits.audio", "logits.label"), pieces=128),
    )
}

# What a stack has no way to run, and why.
NOT_OFFERED = {
    ("reference", "int8"): "no quantised run of this network",
    ("current", "int8"): "no quantised run of this network",
    ("onnxruntime", "bf16"): "its CPU kernels of products and attention take no bf16",
}

PIECE_INPUTS = "subsampled_output_points."
