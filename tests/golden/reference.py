"""What the generators share: seeded weights, float64 runs, and the files of a case."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file


def randomize(model, seed, gain=1.0):
    """Gives every parameter seeded noise, so that each term of the network matters. (The reference's
    own initialisation leaves biases at 0, layer norms at 1, and makes most activations tiny.)"""
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            noise = torch.from_numpy(rng.standard_normal(p.shape)).to(p.dtype)
            if name.endswith("logit_scale"):
                p.copy_(2.0 + 0.1 * noise)
            elif "norm" in name:
                p.copy_(0.15 * noise + (1.0 if name.endswith("weight") else 0.0))
            elif name.endswith("bias"):
                p.copy_(0.1 * noise)
            elif "embedding" in name and "patch" not in name:
                p.copy_(0.4 * noise)
            else:
                fan_in = max(1, p[0].numel())  # a padding may be empty
                sharper = 1.4 if "q_proj" in name or "k_proj" in name else 1.0
                p.copy_(gain * sharper / fan_in**0.5 * noise)


def flatten(value, name=""):
    """Outputs as {name: tensor}: nested fields and list places are joined by dots."""
    if value is None:
        return {}
    if isinstance(value, torch.Tensor):
        return {name: value.detach().contiguous()}
    if isinstance(value, (list, tuple)):
        items = [(str(i), v) for i, v in enumerate(value)]
    else:
        items = list(value.items())
    out = {}
    for key, v in items:
        out.update(flatten(v, f"{name}.{key}" if name else key))
    return out


def as_double(inputs):
    return {k: v.double() if v.is_floating_point() else v for k, v in inputs.items()}


def run_both(model, call, inputs):
    """The outputs of a float64 and of a float32 run: `call(model, inputs)` gives one run's outputs."""
    with torch.no_grad():
        single = flatten(call(model.float().eval(), inputs))
        # The causal mask is made in the default type, which must hold the lowest double.
        torch.set_default_dtype(torch.float64)
        try:
            double = flatten(call(model.double().eval(), as_double(inputs)))
        finally:
            torch.set_default_dtype(torch.float32)
    model.float()
    return double, single


def largest(t):
    """The largest magnitude of a tensor, leaving out the -1e6 that masks a query."""
    t = t[t > -1e6].abs()
    return float(t.max()) if t.numel() else 0.0


def compact(name, tensor):
    """Large by-products are kept in single precision; everything else in double."""
    bulky = any(part in name for part in ("hidden_state", "attentions")) or tensor.numel() > 20000
    return tensor.float() if bulky else tensor.double()


def write_case(folder, head, inputs, double, single, keep=None):
    """inputs.safetensors, expected.safetensors (float64 run) and errors.json (the float32 run's own
    largest difference from it, and the largest magnitude, per tensor)."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    names = [n for n in double if keep is None or keep(n)]
    # Tensors of one storage (transposes, broadcasts) are written as what they hold.
    save_file({k: v.contiguous().clone() for k, v in inputs.items()}, folder / "inputs.safetensors")
    save_file({n: compact(n, double[n]).clone() for n in names}, folder / "expected.safetensors")
    errors = {
        n: {
            "error": float((single[n].double() - double[n].double()).abs().max()) if double[n].numel() else 0.0,
            "max": largest(double[n]),
        }
        for n in names
    }
    report = {"head": head, "tensors": errors}
    (folder / "errors.json").write_text(json.dumps(report, indent=1) + "\n")
    worst = max(errors.items(), key=lambda e: e[1]["error"] / max(e[1]["max"], 1e-30))
    print(f"{folder}: {len(names)} tensors, worst float32 error {worst[1]['error']:.1e} of {worst[1]['max']:.2g} ({worst[0]})")
