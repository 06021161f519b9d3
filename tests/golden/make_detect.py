"""What the reference finds in a photo by text, from file to boxes: python make_detect.py FOLDER"""

import json
import sys
from pathlib import Path

import torch
from PIL import Image
from reference import as_double
from transformers import Owlv2ForObjectDetection, Owlv2Processor

HERE = Path(__file__).parent
PHOTOS = HERE.parents[1] / "assets/photos"
TEXTS = ["a photo of a cat", "A remote!", "café ☕"]
THRESHOLD = 0.5


def find(checkpoint, photo):
    """Detections of a float64 run on the reference's own pixels, highest score first."""
    folder = HERE / "data/owlv2" / checkpoint / "model"
    processor = Owlv2Processor.from_pretrained(folder)
    model = Owlv2ForObjectDetection.from_pretrained(folder, torch_dtype=torch.float32)
    image = Image.open(PHOTOS / photo).convert("RGB")
    inputs = processor(text=[TEXTS], images=image, return_tensors="pt", truncation=True)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            outputs = model.double().eval()(**as_double(inputs))
    finally:
        torch.set_default_dtype(torch.float32)
    found = processor.post_process_object_detection(
        outputs, threshold=THRESHOLD, target_sizes=torch.tensor([image.size[::-1]])
    )[0]
    order = torch.argsort(-found["scores"], stable=True)
    return [
        {
            "label_index": int(found["labels"][i]),
            "score": float(found["scores"][i]),
            "box": [float(v) for v in found["boxes"][i]],
        }
        for i in order
    ]


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for checkpoint in ("odd", "sharded", "partial"):
        for photo in ("cat.jpg", "coffee.jpg"):
            case = {
                "checkpoint": checkpoint,
                "photo": photo,
                "texts": TEXTS,
                "threshold": THRESHOLD,
                "detections": find(checkpoint, photo),
            }
            name = f"{checkpoint}_{Path(photo).stem}.json"
            (out / name).write_text(json.dumps(case, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
