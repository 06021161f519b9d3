"""Batches of scenes for training, many a second: sprites and backgrounds are drawn once, used a
few times in different scenes, and drawn anew. Distributions are those of scenes.render."""
import numpy as np
import torch

import network
import scenes

SMALLEST, LARGEST, BINS, ENTRIES = 24.0, 126.0, 6, 12
RENEW = 0.25  # share of uses of a sprite after which it is drawn anew
GROUNDS = 192  # backgrounds kept per kind


class Loader:
    def __init__(self, seed):
        self.rng = np.random.default_rng(scenes.SETS["train"] + seed)
        self.sprites = scenes.load_sprites(scenes.load_objects())
        self.step = np.log(LARGEST / SMALLEST) / BINS
        self.bank = {}
        self.grounds = {}
        self.noise = self.rng.normal(0, 1, 4_000_000).astype(np.float32)

    def sprite(self, label, side, hard):
        rng = self.rng
        bin_ = min(BINS - 1, max(0, int(np.log(side / SMALLEST) / self.step)))
        key = (label, bin_, hard, int(rng.integers(ENTRIES)))
        drawn = self.bank.get(key)
        if drawn is None or rng.random() < RENEW:
            kinds = self.sprites[label]
            levels = kinds[int(rng.integers(len(kinds)))]
            drawn = scenes.draw_sprite(rng, levels, side, 25 if hard else 10, 1.0 if hard else 0.5)
            self.bank[key] = drawn
        return drawn

    def ground(self, side, hard):
        rng = self.rng
        key = (side, hard, int(rng.integers(GROUNDS)))
        drawn = self.grounds.get(key)
        if drawn is None or rng.random() < 0.05:
            drawn = scenes.background(rng, side, side, hard).astype(np.uint8)
            self.grounds[key] = drawn
        if rng.random() < 0.5:
            drawn = drawn[:, ::-1]
        if rng.random() < 0.5:
            drawn = drawn.swapaxes(0, 1)
        return drawn[..., rng.permutation(3)]

    def scene(self, canvas, owner, closer):
        """Draws into uint8 canvas [S, S, 3] and owner [S, S] (index of the object seen, or -1).
        Returns width, height, boxes, labels, and whether it is a hard scene."""
        rng = self.rng
        longer = canvas.shape[0]
        hard = bool(rng.random() < 0.5)
        shape = rng.random()
        shorter = longer if shape < 0.6 else int(longer * rng.uniform(0.62, 0.95))
        width, height = (longer, shorter) if shape < 0.8 else (shorter, longer)
        wanted = scenes.plan(rng, hard)
        if closer > 1:  # as full as can be: every object teaches a name
            wanted["count"] = int(rng.integers(4, 10))
        canvas[:height, :width] = self.ground(longer, hard)[:height, :width]
        boxes, labels = [], []
        low, high = np.log(wanted["sides"])
        for _ in range(wanted["count"]):
            label = int(rng.integers(len(self.sprites)))
            side = longer * min(0.8, closer * np.exp(rng.uniform(low, high)))
            drawn = self.sprite(label, side, hard)
            h, w = drawn.shape[:2]
            at = scenes.place(rng, boxes, (w, h), width, height, wanted["cover"])
            if at:
                x, y = at
                scenes.paste(canvas, drawn, x, y)
                owner[y : y + h, x : x + w][drawn[..., 3] > 128] = len(boxes)
                boxes.append((x, y, x + w, y + h))
                labels.append(label)
        return width, height, boxes, labels, hard

    def batch(self, count, side, closer=1.0):
        """count scenes of side x side pixels: patches bf16 [B, N, 768], owner of each token
        [B, N] (row in the lists below, or -1), boxes [M, 4] (centre, size; shares of side),
        labels [M], scene of each [M]."""
        rng = self.rng
        canvas = np.full((count, side, side, 3), scenes.GREY, np.uint8)
        owner = np.full((count, side, side), -1, np.int64)
        everything = [self.scene(canvas[i], owner[i], closer) for i in range(count)]
        pixels = torch.from_numpy(canvas).float()
        half = network.PATCH // 2
        owner = owner[:, half :: network.PATCH, half :: network.PATCH].reshape(count, -1).copy()
        boxes, labels, scene = [], [], []
        for i, (width, height, found, names, hard) in enumerate(everything):
            owner[i][owner[i] >= 0] += len(boxes)
            boxes += found
            labels += names
            scene += [i] * len(found)
            part = pixels[i, :height, :width]
            part.sub_(128).mul_(rng.uniform(0.85, 1.1)).add_(128 + rng.uniform(-12, 12))
            if hard:
                at = int(rng.integers(len(self.noise) - part.numel()))
                noise = torch.from_numpy(self.noise[at : at + part.numel()]).view(part.shape)
                part.add_(noise, alpha=rng.uniform(0, 10))
            part.clamp_(0, 255)
            pixels[i, height:] = pixels[i, :, width:] = 127.5
        mean, std = torch.tensor(network.MEAN) * 255, torch.tensor(network.STD) * 255
        cut = network.patches(pixels.sub_(mean).div_(std).bfloat16())
        boxes = torch.tensor(boxes, dtype=torch.float32) / side
        centres = torch.cat([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], 1)
        return cut, torch.from_numpy(owner), centres, torch.tensor(labels), torch.tensor(scene)
