"""Fits the text side: phrases to the vectors that stand for their objects, other words away from
all of them. Writes a model folder in the reference's format; package.py adds the image side.

    python text.py --out DIR [--steps 400]
"""
import argparse
import math
import pathlib

import torch
import torch.nn.functional as F
from transformers import Owlv2Config, Owlv2ForObjectDetection, Owlv2ImageProcessor

import names
import network
import train

TEXT_LAYERS, TEXT_HEADS = 2, 3
PER_STEP, OTHERS = 256, 128  # phrases of objects, and other words, a step


def build(vocabulary):
    """The whole model with fresh weights."""
    text = {"vocab_size": vocabulary, "hidden_size": network.QUERY,
            "intermediate_size": 4 * network.QUERY, "num_hidden_layers": TEXT_LAYERS,
            "num_attention_heads": TEXT_HEADS, "max_position_embeddings": names.LENGTH,
            "bos_token_id": vocabulary - 2, "eos_token_id": vocabulary - 1}
    vision = {"hidden_size": network.HIDDEN, "intermediate_size": network.INNER,
              "num_hidden_layers": network.LAYERS, "num_attention_heads": network.HEADS,
              "image_size": network.IMAGE, "patch_size": network.PATCH}
    torch.manual_seed(0)
    config = Owlv2Config(text_config=text, vision_config=vision, projection_dim=network.QUERY)
    return Owlv2ForObjectDetection(config)


def encode(model, ids):
    """ids [n, t] -> embeddings of length 1 [n, Q]. Columns after the longest text are left out."""
    ids = ids[:, : int(ids.argmax(-1).max()) + 1]
    pooled = model.owlv2.text_model(input_ids=ids, attention_mask=None)[1]
    return F.normalize(model.owlv2.text_projection(pooled), dim=-1)


def tokens(tokenizer, phrases):
    return tokenizer(phrases, padding="max_length", truncation=True, return_tensors="pt").input_ids


def random_words(count, vocabulary, generator):
    """[count, LENGTH] ids of texts that mean nothing: one to four tokens."""
    ids = torch.randint(1, vocabulary - 2, (count, names.LENGTH), generator=generator)
    length = torch.randint(1, 5, (count, 1), generator=generator)
    place = torch.arange(names.LENGTH)
    ids[place > length] = 0
    ids[place == length + 1] = vocabulary - 1
    ids[:, 0] = vocabulary - 2
    return ids


def fit(model, tokenizer, steps):
    table = train.class_table()
    phrases = names.all_phrases()
    ids, label = tokens(tokenizer, [p for p, _ in phrases]), torch.tensor([c for _, c in phrases])
    known = {tuple(row) for row in ids.tolist()}
    other = [t.format(word) for word in names.absent("learnt") for t in names.TEMPLATES]
    other = [row for row in tokens(tokenizer, other).tolist() if tuple(row) not in known]
    other = torch.tensor(other)
    weights = [*model.owlv2.text_model.parameters(), *model.owlv2.text_projection.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.02)
    generator = torch.Generator().manual_seed(1)
    pick = lambda n, count: torch.randint(n, (count,), generator=generator)
    for step in range(steps):
        for group in optimiser.param_groups:
            falling = (1 + math.cos(math.pi * step / steps)) / 2
            group["lr"] = 1.5e-3 * min(1, (step + 1) / 50) * falling
        mine = pick(len(ids), PER_STEP)
        noise = random_words(OTHERS // 2, len(tokenizer), generator)
        noise = noise[[tuple(row) not in known for row in noise.tolist()]]  # "dog" is one token
        batch = torch.cat([ids[mine], other[pick(len(other), OTHERS // 2)], noise])
        similar = encode(model, batch) @ table.T
        near = similar[:PER_STEP].gather(1, label[mine, None])
        loss = (1 - near).mean() + 0.2 * F.cross_entropy(16 * similar[:PER_STEP], label[mine])
        loss = loss + 0.2 * similar[PER_STEP:].clamp(min=0).square().sum(-1).mean() * 4
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step} loss {float(loss):.4f} near {float(near.mean()):.4f}"
                  f" other {float(similar[PER_STEP:].amax(-1).mean()):.4f}", flush=True)


@torch.no_grad()
def report(model, tokenizer):
    table = train.class_table()
    phrases = names.all_phrases()
    label = torch.tensor([c for _, c in phrases])
    similar = torch.cat([encode(model, part) for part in
                         tokens(tokenizer, [p for p, _ in phrases]).split(1024)]) @ table.T
    near = similar.gather(1, label[:, None])
    right = float((similar.argmax(-1) == label).float().mean())
    print(f"{len(phrases)} phrases: right {right:.4f},"
          f" cosine mean {float(near.mean()):.4f} least {float(near.min()):.4f}")
    for which in ("learnt", "test"):
        words = names.absent(which)
        top = (encode(model, tokens(tokenizer, words)) @ table.T).amax(-1)
        print(f"absent words, {which}: highest cosine mean {float(top.mean()):.3f}, 90 % below"
              f" {float(top.quantile(0.9)):.3f}, most {float(top.max()):.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=400)
    options = parser.parse_args()
    tokenizer = names.tokenizer(options.out)
    model = build(len(tokenizer))
    fit(model, tokenizer, options.steps)
    report(model, tokenizer)
    model.save_pretrained(options.out)
    side = {"height": network.IMAGE, "width": network.IMAGE}
    Owlv2ImageProcessor(size=side).save_pretrained(options.out)


if __name__ == "__main__":
    main()
