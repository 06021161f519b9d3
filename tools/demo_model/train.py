"""Trains the image side of the demo model; text.py fits the text side to the same names.

Names are fixed, mutually orthogonal vectors (class_table), so the image side learns to name
without a text tower in the loop. Two processes share the weights: each computes gradients of its
own scenes, then updates its half of the tensors, hidden matrices by Muon (orthogonalised
momentum), the rest by Adam. The schedule follows the clock: training ends at the given minute.

    python train.py --state DIR --minutes 95 [--init MODEL_DIR]     goes on from DIR/state.pt
"""
import argparse
import multiprocessing
import os
import pathlib
import signal
import time

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment

import loader
import network

RANKS = 2
CLASSES = 125
TEMPERATURE = 16.0  # of the auxiliary softmax over names
ALPHA = 0.5  # focal loss; gamma is 2
MOMENTUM, BETAS, EMA = 0.95, (0.9, 0.98), 0.998


def class_table(count=CLASSES):
    """[count, Q] orthonormal rows, always the same."""
    normal = torch.randn(network.QUERY, network.QUERY, generator=torch.Generator().manual_seed(0))
    return torch.linalg.qr(normal.double())[0][:count].float().contiguous()


def corners(box):
    return torch.cat([box[..., :2] - box[..., 2:] / 2, box[..., :2] + box[..., 2:] / 2], -1)


def giou(a, b, hulls=True):
    """Generalised IoU of boxes given by corners, over all leading dimensions; or plain IoU."""
    common = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    common, hull = common.clamp(min=0), hull.clamp(min=0)
    area = lambda box: (box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1])
    inside = common[..., 0] * common[..., 1]
    union = area(a) + area(b) - inside
    hull = hull[..., 0] * hull[..., 1]
    plain = inside / (union + 1e-7)
    return plain - (hull - union) / (hull + 1e-7) if hulls else plain


def overlap(a, b):
    """IoU of boxes given by centre and size, pair by pair."""
    return giou(corners(a), corners(b), hulls=False)


def match(logits, boxes, centres, labels, scene):
    """The token of each object, one to one, of least cost; far tokens cost more."""
    with torch.no_grad():
        of_scene = boxes[scene]
        wrong = -torch.sigmoid(logits[scene, :, labels])
        grid = int(boxes.shape[1]**0.5)
        line = (torch.arange(grid) + 0.5) / grid
        y, x = torch.meshgrid(line, line, indexing="ij")
        token = torch.stack([x, y], -1).reshape(1, -1, 2)
        reach = (centres[:, None, 2:] / 4).clamp(min=0.75 / grid)
        far = ((token - centres[:, None, :2]).abs() / reach).amax(-1).sub(1).clamp(0)
        cost = (2 * wrong + 5 * (of_scene - centres[:, None]).abs().sum(-1)
                - 2 * giou(corners(of_scene), corners(centres)[:, None]) + 3 * far).numpy()
    token = np.empty(len(labels), np.int64)
    bounds = np.searchsorted(scene.numpy(), np.arange(boxes.shape[0] + 1))
    for first, last in zip(bounds, bounds[1:]):
        if last > first:
            token[first:last] = linear_sum_assignment(cost[first:last])[1]
    return torch.from_numpy(token)


def box_loss(boxes, wanted):
    l1 = (boxes - wanted).abs().sum(-1)
    return 5 * l1 + 2 * (1 - giou(corners(boxes), corners(wanted)))


def losses(p, batch, table, dense, graded):
    """The weighted sum, and the parts for the log. dense: weight of the losses of all tokens that
    lie on an object; graded: a name's score shall tell how well the box fits."""
    cut, owner, centres, labels, scene = batch
    similar, logits, boxes, objectness = network.heads(p, network.features(p, cut), table)
    token = match(logits, boxes, centres, labels, scene)
    target = torch.zeros_like(logits)
    mine = boxes[scene, token]
    target[scene, token, labels] = overlap(mine.detach(), centres).clamp(min=0.2) if graded else 1.0
    chance = torch.sigmoid(logits)
    miss = (chance - target).abs()
    named = ALPHA * (miss.square()
                     * F.binary_cross_entropy_with_logits(logits, target, reduction="none"))
    there = torch.zeros_like(objectness)
    there[scene, token] = 1
    seen = F.binary_cross_entropy_with_logits(objectness, there)
    count = max(1, len(labels))
    named = named.sum() / count
    placed = box_loss(mine, centres).mean()
    total = 3 * named + placed + 2 * seen
    parts = [named, placed, seen]
    if dense > 0:
        at, where = (owner >= 0).nonzero(as_tuple=True)
        on = owner[at, where]
        helped = F.cross_entropy(similar[at, where] * TEMPERATURE, labels[on])
        around = box_loss(boxes[at, where], centres[on]).mean()
        total = total + dense * (helped + 0.5 * around)
        parts.append(helped)
        right = (similar[at, where].argmax(-1) == labels[on]).float().mean()
    else:
        right = (similar[scene, token].argmax(-1) == labels).float().mean()
    return total, [float(x) for x in parts] + [0.0] * (4 - len(parts)) + [float(right)]


def orthogonal(g):
    """The nearest orthogonal matrix, roughly: five steps of a quintic Newton-Schulz iteration.
    g [..., m, n] (Jordan et al. 2024, Muon)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.transpose(-1, -2) if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.transpose(-1, -2)
        x = a * x + (b * square + c * square @ square) @ x
    return (x.transpose(-1, -2) if tall else x).float()


class Shared:
    """Tensors that both processes see: weights in float32 and bfloat16, gradients per process,
    the optimiser's moments and the running mean of the weights."""

    def __init__(self):
        self.at, size = {}, 0
        for name, shape, how, start in network.PARAMETERS:
            self.at[name] = (size, shape, how, start)
            size += int(np.prod(shape))
        new = lambda dtype=torch.float32: torch.zeros(size, dtype=dtype).share_memory_()
        self.exact, self.mean, self.first, self.second = new(), new(), new(), new()
        self.work = new(torch.bfloat16)
        self.grads = [new(torch.bfloat16) for _ in range(RANKS)]
        # step, progress, scenes, stop
        self.clock = torch.zeros(4, dtype=torch.float64).share_memory_()
        self.log = torch.zeros(RANKS, 8, dtype=torch.float64).share_memory_()

    def view(self, flat, name):
        start, shape, _, _ = self.at[name]
        return flat[start : start + int(np.prod(shape))].view(shape)

    def views(self, flat):
        return {name: self.view(flat, name) for name in self.at}

    def begin(self):
        torch.manual_seed(1)
        for name, (_, shape, _, start) in self.at.items():
            tensor = self.view(self.exact, name)
            tensor.fill_(start[1]) if isinstance(start, tuple) else tensor.normal_(0, 1).mul_(start)
        self.mean.copy_(self.exact)

    def update(self, rank, step, muon_lr, adam_lr):
        """One step of the tensors that belong to this process."""
        for name in owned(rank, self.at):
            start, shape, how, _ = self.at[name]
            part = slice(start, start + int(np.prod(shape)))
            g = sum(grads[part].float() for grads in self.grads).div_(RANKS)
            weight, first = self.exact[part], self.first[part]
            if how == "muon":
                first.lerp_(g, 1 - MOMENTUM)
                g = g.lerp_(first, MOMENTUM).view(shape)
                pieces = g.view(3, shape[1], shape[1]) if name.endswith("qkv.weight") else g
                factor = max(1.0, pieces.shape[-2] / pieces.shape[-1])**0.5
                weight.sub_(orthogonal(pieces).reshape(-1), alpha=muon_lr * factor)
            else:
                second = self.second[part]
                first.lerp_(g, 1 - BETAS[0])
                second.lerp_(g.square(), 1 - BETAS[1])
                scale = (1 - BETAS[1]**step)**0.5 / (1 - BETAS[0]**step)
                weight.addcdiv_(first, second.sqrt().add_(1e-8), value=-adam_lr * scale)
            self.work[part].copy_(weight)
            self.mean[part].lerp_(weight, 1 - min(EMA, step / (step + 10)))


def owned(rank, at):
    """Names of the tensors that a process updates: matrices in turns, so that work is even."""
    matrices = [name for name in at if at[name][2] == "muon"]
    others = [name for name in at if at[name][2] != "muon"]
    return matrices[rank::RANKS] + others[rank::RANKS]


def learning_rates(progress, step, options):
    shape = min(1.0, (step + 1) / 200) * min(1.0, max(0.0, 1 - progress) / 0.7)
    return options.muon * shape, options.adam * shape


def stage(progress, options):
    """Side of the scenes, how many a batch and process, how close the objects; dense, graded."""
    dense = min(1.0, max(0.0, (0.6 - progress) / 0.4))
    if progress < options.small:
        return 144, 24, 1.2, dense, False
    return 192, 18, 1.0, dense, progress > 0.5


def run(rank, shared, barrier, options, started_at, progress_at):
    torch.set_num_threads(1)
    stopping = False

    def stop(*_):
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)  # the state is kept, and training can go on later
    table = class_table()
    p = {}
    for name, tensor in shared.views(shared.work).items():
        p[name] = tensor.detach().requires_grad_()
        p[name].grad = shared.view(shared.grads[rank], name)
    mine = shared.grads[rank]
    feed = loader.Loader(int(time.time()) % 1_000_000 * 10 + rank)
    begun, last, done = time.time(), time.time(), 0
    saved = time.time()
    sums = np.zeros(6)
    while True:
        if rank == 0:
            share = (time.time() - started_at) / (options.minutes * 60)
            shared.clock[1] = progress_at + (1 - progress_at) * share
            shared.clock[3] = stopping
        barrier.wait()
        step, progress = int(shared.clock[0]), float(shared.clock[1])
        if progress >= 1 or shared.clock[3]:
            break
        side, count, closer, dense, graded = stage(progress, options)
        begin = time.time()
        batch = feed.batch(count, side, closer)
        fed = time.time() - begin
        mine.zero_()
        total, parts = losses(p, batch, table, dense, graded)
        total.backward()
        barrier.wait()
        begin = time.time()
        shared.update(rank, step + 1, *learning_rates(progress, step, options))
        updated = time.time() - begin
        barrier.wait()
        sums += [*parts, 1]
        done += count * RANKS
        shared.log[rank, 0] += fed
        shared.log[rank, 1] += updated
        if rank == 0:
            shared.clock[0] = step + 1
            shared.clock[2] += count * RANKS
            if time.time() - last > options.every:
                mean = sums[:5] / sums[5]
                print(f"{time.strftime('%H:%M:%S')} step {step} at {progress:.3f} side {side}"
                      f" name {mean[0]:.3f} box {mean[1]:.3f} object {mean[2]:.4f}"
                      f" dense {mean[3]:.3f} right {mean[4]:.3f}"
                      f" scenes {int(shared.clock[2])}, {done / (time.time() - last):.0f}/s,"
                      f" data {float(shared.log[0, 0]) / (time.time() - last):.2f}"
                      f" update {float(shared.log[0, 1]) / (time.time() - last):.2f}", flush=True)
                shared.log.zero_()
                sums[:] = 0
                last, done = time.time(), 0
            if time.time() - saved > 120:
                save(shared, options.state)
                saved = time.time()
    if rank == 0:
        save(shared, options.state)
        print(f"done in {time.time() - begun:.0f} s", flush=True)


def save(shared, folder):
    state = {"clock": shared.clock, "exact": shared.exact, "mean": shared.mean,
             "first": shared.first, "second": shared.second}
    torch.save(state, folder / "state.new")
    os.replace(folder / "state.new", folder / "state.pt")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--state", type=pathlib.Path, required=True, help="folder of the run")
    parser.add_argument("--minutes", type=float, default=95, help="until the schedule ends")
    parser.add_argument("--init", help="a model folder to begin with")
    parser.add_argument("--progress", type=float, help="where in the schedule to begin, 0 to 1")
    parser.add_argument("--muon", type=float, default=0.015, help="learning rate of matrices")
    parser.add_argument("--adam", type=float, default=1e-3, help="learning rate of the rest")
    parser.add_argument("--small", type=float, default=0.25, help="share with small scenes")
    parser.add_argument("--every", type=float, default=20, help="seconds between lines of the log")
    options = parser.parse_args()
    options.state.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    shared = Shared()
    shared.begin()
    if (options.state / "state.pt").exists():
        state = torch.load(options.state / "state.pt", weights_only=True)
        for name, tensor in state.items():
            getattr(shared, name).copy_(tensor)
    elif options.init:
        from safetensors.torch import load_file
        tensors = load_file(pathlib.Path(options.init) / "model.safetensors")
        for name, tensor in network.from_checkpoint(tensors).items():
            shared.view(shared.exact, name).copy_(tensor)
        shared.mean.copy_(shared.exact)
    shared.work.copy_(shared.exact)
    shared.clock[3] = 0
    progress = float(shared.clock[1]) if options.progress is None else options.progress
    (options.state / "pid").write_text(f"{os.getpid()}\n")
    fork = multiprocessing.get_context("fork")
    barrier = fork.Barrier(RANKS, timeout=1800)
    started = time.time()
    for rank in range(1, RANKS):
        fork.Process(target=run, args=(rank, shared, barrier, options, started, progress),
                     daemon=True).start()
    run(0, shared, barrier, options, started, progress)


if __name__ == "__main__":
    main()
