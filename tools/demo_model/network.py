"""The image side of Owlv2ForObjectDetection as plain functions over a dict of tensors.

The same computation as the reference's module, without the parts that training does not need,
and in bfloat16. PARAMETERS names every tensor; hf_names() tells what each is called in a
checkpoint.
"""
import torch
import torch.nn.functional as F

IMAGE, PATCH = 192, 16
GRID = IMAGE // PATCH
HIDDEN, LAYERS, HEADS, INNER = 256, 6, 4, 1024
QUERY = 192  # text hidden size, projection and class embeddings
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
# quick_gelu(x) = silu(1.702 x) / 1.702: training runs on silu, the factor lives in the weights.
QUICK = 1.702


def parameter_list():
    """(name, shape, optimiser, start): start is a standard deviation, or ("fill", value)."""
    fill = lambda value: ("fill", value)
    norm = lambda name, bias=0.0: [(name + ".weight", (HIDDEN,), "adam", fill(1.0)),
                                   (name + ".bias", (HIDDEN,), "adam", fill(bias))]
    dense = lambda name, out, inside, std, how="muon": [
        (name + ".weight", (out, inside), how, std), (name + ".bias", (out,), "adam", fill(0.0))]
    wide, narrow = 0.7 * HIDDEN**-0.5, 0.0
    out = [("patch", (HIDDEN, 3 * PATCH * PATCH), "adam", 0.02),
           ("class", (HIDDEN,), "adam", 0.2), ("position", (GRID * GRID + 1, HIDDEN), "adam", 0.2)]
    out += norm("pre")
    for i in range(LAYERS):
        at = f"layer{i}."
        out += norm(at + "norm1") + dense(at + "qkv", 3 * HIDDEN, HIDDEN, wide)
        out += dense(at + "out", HIDDEN, HIDDEN, narrow) + norm(at + "norm2")
        out += dense(at + "fc1", INNER, HIDDEN, wide) + dense(at + "fc2", HIDDEN, INNER, narrow)
    # Every token is multiplied by the class token: a bias of 1 lets it begin near identity.
    out += norm("post", 1.0) + norm("merge")
    out += dense("name", QUERY, HIDDEN, wide)
    out += [("shift.weight", (1, HIDDEN), "adam", 0.0), ("shift.bias", (1,), "adam", fill(-0.45)),
            ("scale.weight", (1, HIDDEN), "adam", 0.0), ("scale.bias", (1,), "adam", fill(8.0))]
    for head, width in (("box", 4), ("objectness", 1)):
        out += dense(head + "0", HIDDEN, HIDDEN, wide) + dense(head + "1", HIDDEN, HIDDEN, wide)
        out += dense(head + "2", width, HIDDEN, 0.01, "adam")
    return out


PARAMETERS = parameter_list()


def box_bias(grid):
    """[grid*grid, 4]: where the reference's box head starts from, before the sigmoid."""
    line = torch.arange(1, grid + 1, dtype=torch.float32) / grid
    y, x = torch.meshgrid(line, line, indexing="ij")
    at = torch.stack([x, y], -1).reshape(-1, 2)
    logit = lambda value: torch.log(value + 1e-4) - torch.log1p(-value + 1e-4)
    return torch.cat([logit(at), logit(torch.full_like(at, 1.0 / grid))], -1)


def positions(p, grid):
    """[1 + grid*grid, D]: the learnt positions, stretched to a coarser grid."""
    position = p["position"]
    if grid == GRID:
        return position
    tiles = position[1:].float().T.reshape(1, HIDDEN, GRID, GRID)
    tiles = F.interpolate(tiles, size=(grid, grid), mode="bilinear", align_corners=False)
    return torch.cat([position[:1], tiles.reshape(HIDDEN, -1).T.to(position.dtype)])


def patches(pixels):
    """pixels [B, S, S, 3] -> [B, S/16 * S/16, 768], patches ordered as a convolution's kernel."""
    b, side = pixels.shape[:2]
    grid = side // PATCH
    cut = pixels.view(b, grid, PATCH, grid, PATCH, 3).permute(0, 1, 3, 5, 2, 4)
    return cut.reshape(b, grid * grid, 3 * PATCH * PATCH)


def features(p, cut):
    """cut [B, N, 768] -> what the heads see [B, N, D]."""
    b, n = cut.shape[:2]
    norm = lambda name, x: F.layer_norm(x, (HIDDEN,), p[name + ".weight"], p[name + ".bias"], 1e-5)
    dense = lambda name, x: F.linear(x, p[name + ".weight"], p[name + ".bias"])
    x = F.linear(cut, p["patch"])
    x = torch.cat([p["class"].expand(b, 1, HIDDEN), x], 1) + positions(p, int(n**0.5))
    x = norm("pre", x)
    t, depth = n + 1, HIDDEN // HEADS
    for i in range(LAYERS):
        at = f"layer{i}."
        qkv = dense(at + "qkv", norm(at + "norm1", x))
        q, k, v = qkv.view(b, t, 3, HEADS, depth).permute(2, 0, 3, 1, 4)
        weights = torch.softmax((q * depth**-0.5) @ k.transpose(-1, -2), -1)
        x = x + dense(at + "out", (weights @ v).transpose(1, 2).reshape(b, t, HIDDEN))
        x = x + dense(at + "fc2", F.silu(dense(at + "fc1", norm(at + "norm2", x))))
    x = norm("post", x)
    return norm("merge", x[:, 1:] * x[:, :1])


def heads(p, seen, table):
    """seen [B, N, D], table [C, Q] of length 1 -> similarities and logits [B, N, C],
    boxes [B, N, 4] as centre and size, objectness [B, N]; all float32."""
    dense = lambda name, x: F.linear(x, p[name + ".weight"], p[name + ".bias"])
    def three(name, x):
        return dense(name + "2", F.gelu(dense(name + "1", F.gelu(dense(name + "0", x))))).float()
    named = dense("name", seen).float()
    similar = (named / (named.norm(dim=-1, keepdim=True) + 1e-6)) @ table.T
    shift, scale = dense("shift", seen).float(), F.elu(dense("scale", seen).float()) + 1
    boxes = torch.sigmoid(three("box", seen) + box_bias(int(seen.shape[1]**0.5)))
    objectness = three("objectness", seen.detach())[..., 0]
    return similar, (similar + shift) * scale, boxes, objectness


def hf_names():
    """Parameter -> [(checkpoint name, rows or None, factor)]; checkpoint = parameter * factor."""
    vision = "owlv2.vision_model."
    out = {"patch": [(vision + "embeddings.patch_embedding.weight", None, 1)],
           "class": [(vision + "embeddings.class_embedding", None, 1)],
           "position": [(vision + "embeddings.position_embedding.weight", None, 1)]}
    plain = {"pre": vision + "pre_layernorm", "post": vision + "post_layernorm",
             "merge": "layer_norm", "name": "class_head.dense0", "shift": "class_head.logit_shift",
             "scale": "class_head.logit_scale"}
    for head in ("box", "objectness"):
        plain.update({f"{head}{i}": f"{head}_head.dense{i}" for i in range(3)})
    factors = {}
    for i in range(LAYERS):
        at, there = f"layer{i}.", f"{vision}encoder.layers.{i}."
        plain.update({at + "norm1": there + "layer_norm1", at + "norm2": there + "layer_norm2",
                      at + "out": there + "self_attn.out_proj", at + "fc1": there + "mlp.fc1",
                      at + "fc2": there + "mlp.fc2"})
        factors.update({at + "fc1.weight": 1 / QUICK, at + "fc1.bias": 1 / QUICK,
                        at + "fc2.weight": QUICK})
        for kind in (".weight", ".bias"):
            out[at + "qkv" + kind] = [
                (f"{there}self_attn.{which}_proj{kind}", (n * HIDDEN, (n + 1) * HIDDEN), 1)
                for n, which in enumerate("qkv")]
    for ours, theirs in plain.items():
        for kind in (".weight", ".bias"):
            out[ours + kind] = [(theirs + kind, None, factors.get(ours + kind, 1))]
    return out


def to_checkpoint(p):
    """Our tensors -> {checkpoint name: float32 tensor} of the image side."""
    out = {}
    for ours, parts in hf_names().items():
        for name, rows, factor in parts:
            tensor = p[ours].float() * factor
            out[name] = (tensor if rows is None else tensor[rows[0] : rows[1]]).contiguous()
    name = "owlv2.vision_model.embeddings.patch_embedding.weight"
    out[name] = out[name].view(HIDDEN, 3, PATCH, PATCH)
    return out


def from_checkpoint(tensors):
    """The reverse of to_checkpoint, from any dict that holds those names."""
    out = {}
    for ours, parts in hf_names().items():
        pieces = [tensors[name].float() / factor for name, _, factor in parts]
        out[ours] = pieces[0] if len(pieces) == 1 else torch.cat(pieces)
    out["patch"] = out["patch"].reshape(HIDDEN, -1)
    return out
