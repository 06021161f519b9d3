"""Writes small Perceivers for text and pictures, and what a user of the reference gets from them.

    python make_perceiver_tasks.py data/perceiver_tasks

`fill_mask/cases.json` [{"text", "spans", "positions", "top": [[[id, probability]…] per mask]}]: texts
padded to the model's length, of which bytes were masked, and all positions decoded.
`texts`, `pictures`, `ratings`, `tags` `/cases.json` [{"text" or "photo", "logits", "scores"}]: scores as the
reference's pipelines make them of logits. All from a float64 run.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import (PerceiverConfig, PerceiverForImageClassificationFourier, PerceiverForImageClassificationLearned, PerceiverForMaskedLM,
                          PerceiverForSequenceClassification, PerceiverImageProcessor, PerceiverTokenizer)

from clip_vocabulary import write_json
from reference import randomize

PHOTOS = Path(__file__).parent / "../../assets/photos"
SMALL = {"num_latents": 5, "d_latents": 16, "d_model": 16, "num_blocks": 1, "num_self_attends_per_block": 2, "num_self_attention_heads": 2,
         "num_cross_attention_heads": 2, "qk_channels": 8, "v_channels": 16, "vocab_size": 262, "max_position_embeddings": 96}
FILLS = [
    ("This is an incomplete sentence where some words are missing.", [[51, 60]]),
    ("a [MASK] and[MASK][MASK]", []),
    ("[MASK]", []),
    ("one [MASK] two", [[0, 3], [2, 6]]),
    ("caf\u00e9 \u65e5\u672c", [[3, 4], [7, 9]]),
    ("[SEP] [PAD] x", [[12, 13]]),
    ("0123456789" * 9 + "0123", [[0, 1], [93, 94]]),
]
TEXTS = ["", "hello world!", "A longer text, with \u00e9 and [MASK] in it.", "x" * 94]


def seeded(cls, seed, **changes):
    model = cls(PerceiverConfig(**{**SMALL, **changes})).eval()
    randomize(model, seed)
    return model


def write_fill(out):
    model, tokenizer = seeded(PerceiverForMaskedLM, 1), PerceiverTokenizer()
    model.save_pretrained(out / "model")
    model.double()
    cases = []
    for text, spans in FILLS:
        raw, pieces, at = text.encode(), [], 0
        masked = np.zeros(len(raw), bool)
        for a, b in spans:
            masked[a:b] = True
        ids = []
        while at < len(raw):
            end = at
            while end < len(raw) and masked[end] == masked[at]:
                end += 1
            piece = raw[at:end]
            if masked[at]:
                ids += [tokenizer.mask_token_id] * (end - at)
            else:
                try:
                    ids += tokenizer(piece.decode(), add_special_tokens=False)["input_ids"]
                except UnicodeDecodeError:
                    ids += [6 + b for b in piece]
            at = end
        ids = [tokenizer.cls_token_id, *ids, tokenizer.sep_token_id]
        length = model.config.max_position_embeddings
        mask = [1] * len(ids) + [0] * (length - len(ids))
        positions = [i for i, v in enumerate(ids) if v == tokenizer.mask_token_id]
        with torch.no_grad():
            logits = model(inputs=torch.tensor([ids + [0] * (length - len(ids))]), attention_mask=torch.tensor([mask])).logits[0]
        top = [[[int(i), float(p)] for p, i in zip(*torch.topk(logits[k].softmax(-1), 4))] for k in positions]
        cases.append({"text": text, "spans": spans, "positions": positions, "top": top})
    write_json(out / "cases.json", cases)


def finish(out, model, cases, scores):
    for case in cases:
        case["scores"] = scores(torch.tensor(case["logits"], dtype=torch.float64)).tolist()
    write_json(out / "cases.json", cases)


def write_texts(out, scores, seed, texts=TEXTS, **changes):
    model, tokenizer = seeded(PerceiverForSequenceClassification, seed, **changes), PerceiverTokenizer()
    model.save_pretrained(out / "model")
    model.double()
    cases = []
    for text in texts:
        encoding = tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            logits = model(inputs=encoding.input_ids, attention_mask=encoding.attention_mask).logits[0]
        cases.append({"text": text, "logits": logits.tolist()})
    finish(out, model, cases, scores)


def write_pictures(out, cls, size, seed, labels):
    model = seeded(cls, seed, image_size=size["height"], d_latents=16, num_labels=len(labels), id2label=dict(enumerate(labels)), label2id={v: i for i, v in enumerate(labels)})
    model.save_pretrained(out / "model")
    processor = PerceiverImageProcessor(size=size, crop_size={k: v + 2 for k, v in size.items()})
    write_json(out / "model" / "preprocessor_config.json", processor.to_dict())
    model.double()
    cases = []
    for photo in ["cat.jpg", "coffee.jpg"]:
        image = Image.open(PHOTOS / photo).convert("RGB")
        with torch.no_grad():
            pixels = processor(image, return_tensors="pt").pixel_values.double()
            cases.append({"photo": photo, "logits": model(inputs=pixels).logits[0].tolist()})
    finish(out, model, cases, lambda x: x.softmax(-1))


def main():
    out = Path(sys.argv[1])
    write_fill(out / "fill_mask")
    names = {0: "negative", 1: "neutral, or so", 2: "positive \u2713"}
    write_texts(out / "texts", lambda x: x.softmax(-1), 2, num_labels=3, id2label=names, label2id={v: k for k, v in names.items()})
    write_texts(out / "tags", lambda x: x.sigmoid(), 3, TEXTS[:2], num_labels=4, problem_type="multi_label_classification")
    write_texts(out / "ratings", lambda x: x, 4, TEXTS[:2], num_labels=2, problem_type="regression")
    write_pictures(out / "pictures", PerceiverForImageClassificationLearned, {"height": 11, "width": 11}, 5, ["cat", "coffee", "dog", "egg", "fog", "gnu"])
    write_pictures(out / "fourier", PerceiverForImageClassificationFourier, {"height": 14, "width": 10}, 6, ["cat", "coffee"])


if __name__ == "__main__":
    main()
