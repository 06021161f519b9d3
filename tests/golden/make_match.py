"""What the reference finds in a photo by an example photo, from file to boxes, and how alike photos and texts are:

    python make_match.py FOLDER
"""

import json
import sys
from pathlib import Path

import torch
from make_detect import HERE, PHOTOS, TEXTS
from PIL import Image
from reference import as_double
from transformers import Owlv2ForObjectDetection, Owlv2Processor

THRESHOLD = 0.2
NMS_THRESHOLD = 0.6


def in_double(call):
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            return call()
    finally:
        torch.set_default_dtype(torch.float32)


def match(model, processor, photo, query):
    """Detections of a float64 run on the reference's own pixels, highest score first."""
    image, example = (Image.open(PHOTOS / name).convert("RGB") for name in (photo, query))
    inputs = {**processor(query_images=example, return_tensors="pt"), **processor(images=image, return_tensors="pt")}
    outputs = in_double(lambda: model.image_guided_detection(**as_double(inputs)))
    found = processor.post_process_image_guided_detection(
        outputs, threshold=THRESHOLD, nms_threshold=NMS_THRESHOLD, target_sizes=torch.tensor([image.size[::-1]])
    )[0]
    order = torch.argsort(-found["scores"], stable=True)
    return [{"score": float(found["scores"][i]), "box": [float(v) for v in found["boxes"][i]]} for i in order]


def compared(model, processor, photo):
    image = Image.open(PHOTOS / photo).convert("RGB")
    inputs = as_double(processor(text=[TEXTS], images=image, return_tensors="pt", truncation=True))
    texts = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    return {
        "logits_per_image": in_double(lambda: model.owlv2(**inputs)).logits_per_image[0].tolist(),
        "text_features": in_double(lambda: model.owlv2.get_text_features(**texts)).tolist(),
        "image_features": in_double(lambda: model.owlv2.get_image_features(inputs["pixel_values"]))[0].tolist(),
    }


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for checkpoint, photo, query in (("odd", "cat.jpg", "coffee.jpg"), ("sharded", "coffee.jpg", "cat.jpg"),
                                     ("partial", "cat.jpg", "cat.jpg")):
        folder = HERE / "data/owlv2" / checkpoint / "model"
        processor = Owlv2Processor.from_pretrained(folder)
        model = Owlv2ForObjectDetection.from_pretrained(folder, torch_dtype=torch.float32).double().eval()
        case = {"checkpoint": checkpoint, "photo": photo, "query": query, "texts": TEXTS,
                "threshold": THRESHOLD, "nms_threshold": NMS_THRESHOLD,
                "detections": match(model, processor, photo, query),
                **compared(model, processor, photo)}
        print(checkpoint, len(case["detections"]))
        (out / f"{checkpoint}.json").write_text(json.dumps(case, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
