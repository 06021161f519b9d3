"""The reference's own code on torch: `reference` and `current` are this with different versions."""

import torch
import transformers
from safetensors.torch import load_file

from networks import Flat, load


class Engine:
    def __init__(self, options):
        torch.set_num_threads(options.threads)
        self.versions = {"torch": torch.__version__, "transformers": transformers.__version__}
        self.wanted = options.wanted
        self.given = load_file(options.inputs)
        self.autocast = False
        self.load(options.path, torch.bfloat16 if options.precision == "bf16" else torch.float32)
        if options.precision == "bf16":
            self.settle(options.path)

    def load(self, path, dtype):
        self.inputs = [t.to(dtype) if t.is_floating_point() else t for t in self.given.values()]
        self.network = Flat(load(path, dtype), list(self.given), self.wanted)
        self.how = {torch.float32: "fp32", torch.bfloat16: "weights and activations in bf16"}[dtype]

    def settle(self, path):
        """Some networks mix types when their weights are bf16; those run in fp32 with autocast."""
        try:
            self.forward()
        except RuntimeError:
            self.autocast = True
            self.load(path, torch.float32)
            self.how = "autocast to bf16"

    def forward(self):
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            self.last = self.network(*self.inputs)

    def outputs(self):
        return {name: value.float().numpy() for name, value in zip(self.wanted, self.last)}
