"""Runs the reference's own tests of OWLv2's and Perceiver's models and configs, with pytyto's
classes in the place of the reference's.

usage: models.py CHECKOUT [arguments of pytest]

CHECKOUT is a copy of the reference's repository at v4.37.2; the reference of the same version,
torch, pytest and parameterized are installed. What the tests take from the reference beside the
classes under test (helpers, lists of names) stays the reference's.
"""

from __future__ import annotations

import importlib
import sys

import torch  # noqa: F401 (models are torch's modules, once it is imported)
import transformers

import pytyto.transformers as ours
import runner

FILES = (
    "tests/models/owlv2/test_modeling_owlv2.py",
    "tests/models/perceiver/test_modeling_perceiver.py",
    "tests/utils/test_model_output.py",
)
MODULES = (
    "models.owlv2.configuration_owlv2",
    "models.owlv2.modeling_owlv2",
    "models.perceiver.configuration_perceiver",
    "models.perceiver.modeling_perceiver",
)

GRADIENTS = "gradients: tyto computes none yet"
SERVER = "needs checkpoints or data from a server"
GRAPH = "exports torch's graph of the computation: there is none"
RESIZED = "sizes are those of the config"
# Tests that aren't run, by the beginning of their names (or Class::name), and why.
LEFT_OUT = {
    "test_training": GRADIENTS,
    "test_retain_grad": GRADIENTS,
    "test_torchscript": GRAPH,
    "test_torch_fx": GRAPH,
    "test_inference_": SERVER,
    "test_model_from_pretrained": SERVER,
    "test_problem_types": GRADIENTS,
    "test_save_load_fast_init": "patches _init_weights: initial values are the engine's",
    "test_matched_shapes_have_loaded": "compares draws of random numbers, which differ",
    "test_resize": RESIZED,
    "Owlv2ModelTest::test_initialization": "sets initializer_factor on a config that is made "
    "already, which config.json doesn't keep",
}


def replace() -> None:
    """Puts pytyto's classes where the reference's tests import them."""
    theirs = [importlib.import_module(f"transformers.{name}") for name in MODULES]
    for name, module in zip(MODULES, theirs):
        mine = importlib.import_module(f"pytyto.transformers.{name}")
        places = [module, importlib.import_module(module.__name__.rpartition(".")[0]), transformers]
        for key in mine.__all__:
            for place in places:
                if hasattr(place, key):
                    setattr(place, key, getattr(mine, key))
    for key in ("PretrainedConfig", "PreTrainedModel"):
        setattr(transformers, key, getattr(ours, key))
    # Tests listen to the reference's logger.
    for name in ("_loading", "configuration_utils"):
        module = importlib.import_module(f"pytyto.transformers.{name}")
        logger = "configuration_utils" if name.startswith("config") else "modeling_utils"
        module.logger = transformers.utils.logging.get_logger(f"transformers.{logger}")
    generic = importlib.import_module("pytyto.transformers.utils.generic")
    for name in ("transformers.utils", "transformers.utils.generic"):
        vars(importlib.import_module(name))["ModelOutput"] = generic.ModelOutput


def main() -> int:
    checkout = runner.checkout_of(__doc__)
    runner.prepare(checkout)
    runner.stub("datasets", "load_dataset", runner.from_server)
    runner.stub("tests.test_pipeline_mixin", "PipelineTesterMixin", type("Mixin", (), {}))
    replace()
    return runner.run(checkout, FILES, LEFT_OUT, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
