"""Runs the examples of the reference's OWLv2 documentation, on a small checkpoint and this repository's photos.

    python make_examples.py FOLDER CHECKPOINT PHOTOS

FOLDER/cases.json        what each example passes to the processor and to post-processing
FOLDER/NAME.safetensors  input.* what the processor returned; output.* what the network did (float64);
                         result.I.scores, .boxes, .labels: the detections in photo I
"""

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import (AutoProcessor, Owlv2ForObjectDetection, Owlv2Model, Owlv2TextModel,
                          Owlv2VisionModel)

from clip_vocabulary import write_json
from reference import flatten, run_both

CATS = [["a photo of a cat", "a photo of a dog"]]
SPACE = [["a photo of a cat", "a photo of a dog"], ["photo of a astranaut"]]
DETECTION = "Owlv2ForObjectDetection"
# sizes: of the photos, or of the square that the network sees. The last three aren't documented examples but
# what their arguments allow: other thresholds, a batch of ragged texts, sizes as a list of tuples, or none.
CASES = [
    {"name": "detection", "head": DETECTION, "photos": ["cat.jpg"], "texts": CATS, "threshold": 0.1, "sizes": "photo"},
    {"name": "similarity", "head": "Owlv2Model", "photos": ["cat.jpg"], "texts": CATS},
    {"name": "text_features", "head": "Owlv2Model.get_text_features", "texts": SPACE},
    {"name": "image_features", "head": "Owlv2Model.get_image_features", "photos": ["cat.jpg"]},
    {"name": "text_model", "head": "Owlv2TextModel", "texts": SPACE},
    {"name": "vision_model", "head": "Owlv2VisionModel", "photos": ["cat.jpg"]},
    {"name": "square", "head": DETECTION, "photos": ["cat.jpg"], "texts": CATS, "threshold": 0.2, "sizes": "square"},
    {"name": "guided", "head": DETECTION + ".image_guided_detection", "photos": ["cat.jpg"], "queries": ["coffee.jpg"],
     "threshold": 0.9, "nms_threshold": 0.3, "sizes": "square"},
    {"name": "guided_low", "head": DETECTION + ".image_guided_detection", "photos": ["cat.jpg"],
     "queries": ["coffee.jpg"], "threshold": 0.4, "nms_threshold": 0.6, "sizes": "photo"},
    {"name": "ragged", "head": DETECTION, "photos": ["cat.jpg", "coffee.jpg"], "threshold": 0.6, "sizes": "photo",
     "texts": [["an owl", "a remote", "Élan"], ["a very small cup"]]},
    {"name": "flat", "head": DETECTION, "photos": ["coffee.jpg"], "threshold": 0.7,
     "texts": ["an owl", "a remote", "a cup"]},
]
MODELS = {DETECTION: Owlv2ForObjectDetection, "Owlv2Model": Owlv2Model, "Owlv2TextModel": Owlv2TextModel,
          "Owlv2VisionModel": Owlv2VisionModel}


def call_of(head):
    method = head.partition(".")[2]
    if not method:
        return lambda m, i: m(**i)
    if method.startswith("get_"):
        return lambda m, i: {method.removeprefix("get_"): getattr(m, method)(**i)}
    return lambda m, i: getattr(m, method)(**i)


def results(case, processor, outputs, sizes):
    """As the documentation calls it; sizes as a list of tuples where it allows that."""
    outputs = SimpleNamespace(**{k: v.clone() for k, v in outputs.items() if "." not in k})
    if "nms_threshold" in case:
        found = processor.post_process_image_guided_detection(
            outputs=outputs, threshold=case["threshold"], nms_threshold=case["nms_threshold"],
            target_sizes=torch.Tensor(sizes))
    else:
        found = processor.post_process_object_detection(
            outputs=outputs, threshold=case["threshold"], target_sizes=[tuple(s) for s in sizes] if sizes else None)
    return {f"result.{i}.{k}": v for i, one in enumerate(found) for k, v in one.items() if v is not None}


def run(case, checkpoint, photos):
    processor = AutoProcessor.from_pretrained(checkpoint)
    model = MODELS[case["head"].partition(".")[0]].from_pretrained(checkpoint, torch_dtype=torch.float32)
    images = [Image.open(photos / name) for name in case.get("photos", [])]
    queries = [Image.open(photos / name) for name in case.get("queries", [])]
    inputs = dict(processor(text=case.get("texts"), images=images or None, query_images=queries or None,
                            return_tensors="pt"))
    double, _ = run_both(model, call_of(case["head"]), inputs)
    pixels = case["name"] in ("detection", "guided", "ragged")  # once is enough
    tensors = {f"input.{k}": v for k, v in inputs.items() if pixels or "pixel" not in k}
    kept = {k: v for k, v in double.items() if "_model_output" not in k and "embeds" not in k}
    tensors.update({f"output.{k}": v.float() for k, v in kept.items()})
    if "logits_per_image" in double:
        tensors["output.probs"] = double["logits_per_image"].softmax(dim=1).float()
    if "threshold" in case:
        side = inputs["pixel_values"].shape[-1]
        sizes = {"photo": [i.size[::-1] for i in images], "square": [(side, side)] * len(images)}.get(case.get("sizes"))
        found = results(case, processor, double, sizes)
        case["sizes"] = sizes or []
        tensors.update(found)
    return {k: (v.float() if v.is_floating_point() else v).contiguous().clone() for k, v in tensors.items()}


def main():
    out, checkpoint, photos = (Path(word) for word in sys.argv[1:4])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for case in CASES:
        tensors = run(case, checkpoint, photos)
        save_file(tensors, out / f"{case['name']}.safetensors")
        print(case["name"], {k: tuple(v.shape) for k, v in tensors.items()})
    write_json(out / "cases.json", CASES)


if __name__ == "__main__":
    main()
