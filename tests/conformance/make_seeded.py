"""Writes seeded.json: the checks of published.json on the small seeded checkpoints of tests/golden/data, with what
the reference's own examples print of them.

    python make_seeded.py
"""

import json
from pathlib import Path

import torch
from PIL import Image
from transformers import (AutoImageProcessor, Owlv2ForObjectDetection, Owlv2Processor, PerceiverForImageClassificationLearned,
                          PerceiverForMaskedLM, PerceiverForMultimodalAutoencoding, PerceiverForOpticalFlow, PerceiverTokenizer)

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "golden/data"
PHOTOS = "../../../assets/photos"
TEXT = "This is an incomplete sentence where some words are missing."


def photo(name):
    return Image.open(DATA / PHOTOS / name).convert("RGB")


def rounded(found, texts=None):
    out = []
    for i, (score, box) in enumerate(zip(found["scores"], found["boxes"])):
        one = {"score": round(score.item(), 3), "box": [round(v, 2) for v in box.tolist()]}
        out.append({"text": texts[found["labels"][i]], **one} if texts else one)
    return out


def detect(target, threshold):
    name, texts = "owlv2/odd/model", ["a photo of a cat", "a photo of a dog"]
    processor, model = Owlv2Processor.from_pretrained(DATA / name), Owlv2ForObjectDetection.from_pretrained(DATA / name)
    image = photo("cat.jpg")
    outputs = model(**processor(text=[texts], images=image, return_tensors="pt", truncation=True))
    sizes = torch.Tensor([target or image.size[::-1]])
    found = processor.post_process_object_detection(outputs=outputs, target_sizes=sizes, threshold=threshold)[0]
    check = {"check": "detect", "model": name, "photo": f"{PHOTOS}/cat.jpg", "texts": texts, "threshold": threshold}
    return {**check, **({"target": target} if target else {}), "found": rounded(found, texts)}


def match():
    name = "owlv2/odd/model"
    processor, model = Owlv2Processor.from_pretrained(DATA / name), Owlv2ForObjectDetection.from_pretrained(DATA / name)
    inputs = {**processor(images=photo("cat.jpg"), return_tensors="pt"), **processor(query_images=photo("coffee.jpg"), return_tensors="pt")}
    outputs = model.image_guided_detection(**inputs)
    found = processor.post_process_image_guided_detection(outputs=outputs, threshold=0.2, nms_threshold=0.6, target_sizes=torch.Tensor([[960, 960]]))[0]
    return {"check": "match", "model": name, "photo": f"{PHOTOS}/cat.jpg", "query": f"{PHOTOS}/coffee.jpg", "threshold": 0.2, "nms": 0.6,
            "target": [960, 960], "found": rounded(found)}


def fill():
    name = "perceiver_tasks/fill_mask/model"
    model, length = PerceiverForMaskedLM.from_pretrained(DATA / name), 96
    tokenizer = PerceiverTokenizer(model_max_length=length)
    inputs = tokenizer(TEXT, padding="max_length", return_tensors="pt")
    labels = inputs.input_ids.clone()
    inputs["input_ids"][0, 52:61] = tokenizer.mask_token_id
    outputs = model(**inputs, labels=labels)
    return {"check": "fill", "model": name, "text": TEXT, "masked": [52, 61], "loss": round(outputs.loss.item(), 2), "shape": list(outputs.logits.shape),
            "decoded": tokenizer.decode(outputs.logits[0, 52:61].argmax(-1).tolist())}


def classify():
    name = "perceiver_tasks/pictures/model"
    model = PerceiverForImageClassificationLearned.from_pretrained(DATA / name)
    logits = model(inputs=AutoImageProcessor.from_pretrained(DATA / name)(photo("cat.jpg"), return_tensors="pt").pixel_values).logits
    return {"check": "classify", "model": name, "photo": f"{PHOTOS}/cat.jpg", "classes": logits.shape[1], "label": model.config.id2label[logits.argmax(-1).item()]}


def shapes():
    flow = PerceiverForOpticalFlow.from_pretrained(DATA / "perceiver/flow/model")
    size = [1, 2, 27, *flow.config.train_size]
    yield {"check": "shapes", "model": "perceiver/flow/model", "inputs": {"inputs": size}, "outputs": {"logits": list(flow(inputs=torch.randn(size)).logits.shape)}}
    model = PerceiverForMultimodalAutoencoding.from_pretrained(DATA / "perceiver/multimodal/model")
    c = model.config
    given = {"image": [1, c.num_frames, 3, c.image_size, c.image_size], "audio": [1, c.num_frames * c.audio_samples_per_frame, 1], "label": [1, c.num_labels]}
    points = {"image": 5, "audio": 2}
    logits = model(inputs={k: torch.randn(v) for k, v in given.items()}, subsampled_output_points={**{k: torch.arange(v) for k, v in points.items()}, "label": None}).logits
    yield {"check": "shapes", "model": "perceiver/multimodal/model", "inputs": {f"inputs.{k}": v for k, v in given.items()},
           "points": {f"subsampled_output_points.{k}": v for k, v in points.items()}, "outputs": {f"logits.{k}": list(v.shape) for k, v in logits.items()}}


def main():
    with torch.no_grad():
        checks = [detect(None, 0.8), detect([960, 960], 0.81), match(), fill(), classify(), *shapes()]
    (HERE / "seeded.json").write_text("[\n " + ",\n ".join(json.dumps(c, ensure_ascii=False) for c in checks) + "\n]\n")


if __name__ == "__main__":
    main()
