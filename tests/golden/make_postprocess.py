"""Writes logits and boxes, and what the reference's post-processing makes of them.

    python make_postprocess.py FOLDER

FOLDER/cases.safetensors: for each case N
    N.logits [P,Q], N.pred_boxes [P,4], N.threshold, N.size (height, width; 0, 0 for none)
    N.scores, N.labels, N.boxes of the boxes kept, in the order of the boxes
FOLDER/guided.safetensors: the same for post_process_image_guided_detection, with N.nms_threshold and
    without N.labels
"""

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
from safetensors.torch import save_file
from transformers import Owlv2ImageProcessor

# boxes, queries, threshold, height and width of the photo
CASES = [
    (49, 3, 0.1, (480, 640)),
    (49, 1, 0.5, (640, 480)),
    (100, 17, 0.3, None),
    (25, 4, 0.0, (1, 1)),
    (25, 4, 0.999, (333, 77)),
    (9, 2, 0.25, (3000, 4001)),
    (1, 1, 0.1, (10, 20)),
]

# boxes, queries, threshold, NMS threshold, height and width of the photo
GUIDED = [
    (196, 1, 0.0, 0.3, (480, 640)),
    (196, 1, 0.4, 0.3, (480, 640)),
    (100, 1, 0.0, 1.0, (640, 480)),
    (100, 3, 0.2, 0.5, (333, 77)),
    (64, 1, 0.0, 0.0, (1, 1)),
    (49, 1, 0.999, 0.3, (3000, 4001)),
    (1, 1, 0.6, 0.3, (10, 20)),
]


def guided(processor, generator):
    tensors = {}
    for i, (boxes, queries, threshold, nms_threshold, size) in enumerate(GUIDED):
        logits = 3 * torch.randn(1, boxes, queries, generator=generator) - 1
        # Boxes crowd around a few places, as a network's do.
        places = torch.rand(5, 4, generator=generator)[torch.randint(5, (boxes,), generator=generator)]
        pred_boxes = (places + 0.03 * torch.randn(boxes, 4, generator=generator)).clamp(0.01, 0.99)[None]
        outputs = SimpleNamespace(logits=logits.clone(), target_pred_boxes=pred_boxes.clone())
        found = processor.post_process_image_guided_detection(
            outputs, threshold=threshold, nms_threshold=nms_threshold, target_sizes=torch.tensor([size])
        )[0]
        case = {"logits": logits[0], "pred_boxes": pred_boxes[0], "threshold": torch.tensor(threshold),
                "nms_threshold": torch.tensor(nms_threshold), "size": torch.tensor(size),
                "scores": found["scores"], "boxes": found["boxes"]}
        tensors.update({f"{i}.{k}": v.contiguous().clone() for k, v in case.items()})
        print("guided", i, {k: tuple(v.shape) for k, v in case.items()})
    return tensors


def main():
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    generator = torch.Generator().manual_seed(1)
    processor = Owlv2ImageProcessor()
    tensors = {}
    for i, (boxes, queries, threshold, size) in enumerate(CASES):
        logits = 3 * torch.randn(1, boxes, queries, generator=generator) - 1
        logits[0, 0] = 0.25  # the same for all queries: the first is meant
        if queries > 1:
            logits[0, -1, -1] = -1e6  # a padded query
        pred_boxes = torch.rand(1, boxes, 4, generator=generator)
        outputs = SimpleNamespace(logits=logits, pred_boxes=pred_boxes)
        sizes = None if size is None else torch.tensor([size])
        found = processor.post_process_object_detection(outputs, threshold=threshold, target_sizes=sizes)[0]
        case = {"logits": logits[0], "pred_boxes": pred_boxes[0], "threshold": torch.tensor(threshold),
                "size": torch.tensor(size or (0, 0)), **found}
        tensors.update({f"{i}.{k}": v.contiguous().clone() for k, v in case.items()})
        print(i, {k: tuple(v.shape) for k, v in case.items()})
    save_file(tensors, out / "cases.safetensors")
    save_file(guided(processor, torch.Generator().manual_seed(2)), out / "guided.safetensors")


if __name__ == "__main__":
    main()
