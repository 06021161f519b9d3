"""What all models share: their parameters, loading, saving, and running a head of the engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import numpy as np

from .. import _arrays
from . import _gradients, _loading, _modules, _saving
from ._weights import Weights, dtype_name
from .configuration_utils import PretrainedConfig
from .utils import logging

logger = logging.get_logger(__name__)

Model = TypeVar("Model", bound="PreTrainedModel")


def _seed() -> int:
    """A seed from the generator that the program has seeded, if it has."""
    torch = _arrays.torch()
    if torch is not None:
        return int(torch.randint(0, 2**63 - 1, ()).item())
    return int(np.random.randint(0, 2**63 - 1, dtype=np.int64))


def refuse(what: str, why: str) -> NoReturn:
    """Raises the error of what can't be."""
    raise NotImplementedError(f"{what}: {why}")


class PreTrainedModel(_modules.Module):
    """A model that the engine runs.

    `Model(config)` has initial weights, which follow torch.manual_seed or numpy.random.seed;
    `Model.from_pretrained` those of a checkpoint. Where the program has imported torch, a model is
    a torch.nn.Module, and `named_parameters()` are torch's, in memory that each run looks at:
    whatever is written there counts. Until somebody asks for parameters there are none in Python.
    Without torch they are arrays of numpy, with the same promise.
    """

    config_class: type[PretrainedConfig] = PretrainedConfig
    base_model_prefix = ""
    main_input_name = "input_ids"
    supports_gradient_checkpointing = False
    is_parallelizable = False
    framework = "pt"
    _keys_to_ignore_on_load_missing: list[str] | None = None
    _keys_to_ignore_on_load_unexpected: list[str] | None = None
    _keys_to_ignore_on_save: list[str] | None = None
    _tied_weights_keys: list[str] | None = None
    _no_split_modules: list[str] | None = None
    _keep_in_fp32_modules: list[str] | None = None
    _supports_sdpa = False
    _supports_flash_attn_2 = False
    # The engine's class that runs it; None: a class of the user's own, with models inside.
    _architecture: str | None = None

    config: Any
    _weights: Weights | None
    _prefix: str
    _grown: bool

    def __init__(self, config: PretrainedConfig, *inputs: Any, **kwargs: Any) -> None:
        super().__init__()
        if not isinstance(config, PretrainedConfig):
            raise ValueError(
                f"{type(self).__name__}: config: got {type(config).__name__}, required a "
                "PretrainedConfig; for a checkpoint use from_pretrained"
            )
        self.config = config
        self.name_or_path = config.name_or_path
        self.warnings_issued: dict[str, bool] = {}
        if getattr(config, "gradient_checkpointing", False):
            self.gradient_checkpointing_enable()
        self._set(None, "", True, True)
        if self._architecture is not None:
            self._set(
                Weights(self._config_text(), self._architecture, self._parts(), _seed()),
                "",
                False,
                True,
            )

    def _set(self, weights: Weights | None, prefix: str, grown: bool, wants_grad: bool) -> None:
        self.__dict__.update(
            _weights=weights, _prefix=prefix, _grown=grown, _wants_grad=wants_grad
        )

    def _parts(self) -> str | None:
        """JSON of the parts that the network is composed of, where a class takes some."""
        return None

    def _config_text(self) -> str:
        return str(self.config.to_json_string(use_diff=False))

    @classmethod
    def _from_config(cls: type[Model], config: PretrainedConfig, **kwargs: Any) -> Model:
        dtype = kwargs.pop("torch_dtype", None)
        model = cls(config, **kwargs)
        return model if dtype is None else model.to(dtype)

    # -------------------------------------------------------------------------------- the tree

    def _grow(self) -> None:
        """Makes the tree of parameters, when somebody asks for it first."""
        weights = self._weights
        if self._grown or weights is None:
            return
        self.__dict__["_grown"] = True
        _modules.adopt(self)
        torch = _arrays.torch()
        tensors: dict[str, Any] = {}
        for name in weights.shapes:
            value = weights.read(name)
            if torch is not None and name not in weights.buffers:
                floating = value.is_floating_point()
                value = torch.nn.Parameter(value, floating and self.__dict__["_wants_grad"])
            tensors[name] = value
        _modules.grow(self, tensors, weights.buffers, self._inner_module)
        if not self.training:
            self.train(False)
        if torch is not None:
            for module in self.modules():
                module._is_hf_initialized = True
        weights.share(self)

    def _inner_module(self, path: str) -> Any | None:
        """The module at a path that is a model or a part itself; None: a plain one."""
        return None

    def _view(self, cls: type[PreTrainedModel], config: Any, path: str) -> Any:
        """A model that is part of this one: it runs the same network."""
        view = cls.__new__(cls)
        super(PreTrainedModel, view).__init__()
        view.config = config
        view._set(self._weights, path, True, True)
        view.__dict__["_root_architecture"] = self._architecture
        return view

    def __getattr__(self, name: str) -> Any:
        weights = self.__dict__.get("_weights")
        if weights is not None and not self._grown and not name.startswith("__"):
            if any(key.partition(".")[0] == name for key in weights.shapes):
                self._grow()
                return getattr(self, name)
        return super().__getattr__(name)

    def named_modules(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, Any]]:
        """This module and all below it, with their names."""
        self._grow()
        return super().named_modules(*args, **kwargs)

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """The modules right below this one, with their names."""
        self._grow()
        return super().named_children()

    def _apply(self, fn: Callable[[Any], Any], recurse: bool = True) -> Any:
        self._grow()
        return super()._apply(fn)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        # What torch calls of a module inside of another.
        self._grow()
        super()._load_from_state_dict(*args, **kwargs)  # type: ignore[misc]

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Parameters and buffers by their names, in the model's own memory."""
        self._grow()
        return super().state_dict(*args, **kwargs)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Copies values by their names. RuntimeError where shapes differ, or names with `strict`.
        Gives what torch gives: `missing_keys` and `unexpected_keys`."""
        self._grow()
        if _arrays.is_tensor(next(iter(self.parameters()), None)):
            tensors = {
                key: value if _arrays.is_tensor(value) else _arrays.torch().from_numpy(
                    np.array(value)
                )
                for key, value in state_dict.items()
            }
            return super().load_state_dict(tensors, strict)  # type: ignore[misc]
        return _loading.load_arrays(self, state_dict, strict)

    def train(self: Model, mode: bool = True) -> Model:
        """Marks the model as being trained; the engine computes the same either way."""
        if not isinstance(mode, bool):
            raise ValueError(f"mode: got {mode!r}, required True or False")
        if self._grown:
            return super().train(mode)
        self.training = mode
        return self

    def requires_grad_(self: Model, requires_grad: bool = True) -> Model:
        """Says of all parameters whether they are to be trained."""
        self.__dict__["_wants_grad"] = requires_grad
        return super().requires_grad_(requires_grad) if self._grown else self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets gradients."""
        if self._grown:
            super().zero_grad(set_to_none)

    def to(self: Model, *args: Any, **kwargs: Any) -> Model:
        """Makes weights another type; the only device is "cpu"."""
        device, dtype, given = kwargs.get("device"), kwargs.get("dtype"), [*args]
        for value in given:
            if _arrays.is_tensor(value):
                dtype, device = value.dtype, value.device
            elif isinstance(value, int) or _is_device(value):
                device = value
            elif not isinstance(value, bool) and value is not None:
                dtype = value
        self._require_cpu(device)
        if dtype is None:
            return self
        return self._to_dtype(dtype_name(dtype))

    def _to_dtype(self: Model, name: str) -> Model:
        weights = self._weights
        if weights is not None and weights.dtype == name and not self._grown:
            return self
        if weights is not None:
            weights.dtype = name
        if not self._grown:
            _modules.adopt(self)
        if isinstance(self, _modules.ArrayModule):
            if name == "bfloat16":
                refuse("bfloat16", "numpy has no such type; import torch, or load with torch_dtype")
            return self._astype(np.dtype(name))
        dtype = getattr(_arrays.torch(), name)
        self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)
        return self

    def half(self: Model) -> Model:
        """Makes weights float16. The engine rounds them so, and computes in single precision."""
        return self._to_dtype("float16")

    def float(self: Model) -> Model:
        """Makes weights float32."""
        return self._to_dtype("float32")

    def double(self: Model) -> Model:
        """Makes weights float64. The engine computes in single precision all the same."""
        return self._to_dtype("float64")

    def bfloat16(self: Model) -> Model:
        """Makes weights bfloat16, in which the engine then multiplies."""
        return self._to_dtype("bfloat16")

    def cpu(self: Model) -> Model:
        """Does nothing: models are on the CPU."""
        return self

    def cuda(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises an error: the engine runs on CPUs."""
        self._require_cpu("cuda")
        raise AssertionError

    @staticmethod
    def _require_cpu(device: Any) -> None:
        if device is not None and str(getattr(device, "type", device)).partition(":")[0] != "cpu":
            refuse(f"device {device}", "the engine runs on CPUs alone")

    def __repr__(self) -> str:
        self._grow()
        return super().__repr__()

    def __reduce__(self) -> Any:
        if self._weights is None:
            return super().__reduce__()
        state = {key: value for key, value in self.state_dict().items()}
        cls = getattr(type(self), "_unbound", type(self))
        return _loading.rebuild, (cls, self.config, self._arguments(), state, self.training)

    def _arguments(self) -> dict[str, Any]:
        """Keywords beside the config with which the class makes the same network."""
        return {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        import copy

        if self._weights is None or self._prefix:
            refuse("deepcopy", "copy the whole model instead of a part of it")
        made, arguments = self.__reduce__()
        copied: Any = made(*(copy.deepcopy(argument, memo) for argument in arguments))
        memo[id(self)] = copied
        return copied

    # ----------------------------------------------------------------------------- what it tells

    @property
    def dtype(self) -> Any:
        """The type of the weights; without torch, bfloat16 shows as float32."""
        name = self._weights.dtype if self._weights is not None else "float32"
        if self._grown:
            for parameter in self.parameters():
                if _arrays.is_tensor(parameter):
                    if parameter.is_floating_point():
                        return parameter.dtype
                elif parameter.dtype.kind == "f":
                    return parameter.dtype
        torch = _arrays.torch()
        if torch is not None:
            return getattr(torch, name)
        return np.dtype("float32" if name == "bfloat16" else name)

    @property
    def device(self) -> Any:
        """The CPU."""
        torch = _arrays.torch()
        return torch.device("cpu") if torch is not None else "cpu"

    @property
    def base_model(self) -> Any:
        """The model without its heads, or the model itself."""
        return getattr(self, self.base_model_prefix, self) if self.base_model_prefix else self

    @property
    def dummy_inputs(self) -> dict[str, Any]:
        """A small text, as ids."""
        ids = np.array([[7, 6, 0, 0, 1], [1, 2, 3, 0, 0], [0, 0, 0, 4, 5]])
        return {"input_ids": _arrays.like(ids, _arrays.torch() is not None)}

    def num_parameters(
        self, only_trainable: bool = False, exclude_embeddings: bool = False
    ) -> int:
        """How many numbers the parameters have."""
        if self._weights is None or self._prefix or only_trainable or exclude_embeddings:
            total = 0
            for name, parameter in self.named_parameters():
                if exclude_embeddings and name.rpartition(".")[0].endswith(_EMBEDDINGS):
                    continue
                if not only_trainable or getattr(parameter, "requires_grad", True):
                    total += int(np.prod(tuple(parameter.shape), dtype=np.int64))
            return total
        weights = self._weights
        return sum(
            int(np.prod(shape, dtype=np.int64))
            for name, shape in weights.shapes.items()
            if name not in weights.buffers
        )

    def get_input_embeddings(self) -> Any:
        """The module that makes vectors of inputs."""
        base = self.base_model
        if base is self:
            raise NotImplementedError(f"{type(self).__name__}: has no input embeddings")
        return base.get_input_embeddings()

    def set_input_embeddings(self, value: Any) -> None:
        """Puts another module there, whose weight must have the same shape when the model runs."""
        base = self.base_model
        if base is self:
            raise NotImplementedError(f"{type(self).__name__}: has no input embeddings")
        base.set_input_embeddings(value)

    def get_output_embeddings(self) -> None:
        """None: no model here has any."""
        return None

    def resize_token_embeddings(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises an error: sizes are those of the config."""
        refuse("resize_token_embeddings", "make a model of a config with another vocab_size")

    def tie_weights(self) -> None:
        """Does nothing: what is tied is one tensor."""

    def post_init(self) -> None:
        """Gives initial values to the modules that a class of the user's own has."""
        self.init_weights()

    def init_weights(self) -> None:
        """Calls `_init_weights` for the modules that a class of the user's own has; the engine's
        have their initial values from the start."""
        if self._weights is None:
            self.apply(self._initialize_weights)

    def _init_weights(self, module: Any) -> None:
        """Where a user's class says how a module begins."""

    def _initialize_weights(self, module: Any) -> None:
        if not getattr(module, "_is_hf_initialized", False):
            self._init_weights(module)
            module._is_hf_initialized = True

    def can_generate(self) -> bool:
        """False: none of these models writes text."""
        return False

    def prune_heads(self, heads_to_prune: dict[int, list[int]]) -> NoReturn:
        """Raises an error: heads can't be taken away."""
        refuse("prune_heads", "heads can't be taken away from a model")

    def gradient_checkpointing_enable(self, *args: Any, **kwargs: Any) -> None:
        """Notes that memory is to be saved in training."""
        if not self.supports_gradient_checkpointing:
            raise ValueError(f"{type(self).__name__}: has no gradient checkpointing")
        self.__dict__["_checkpointing"] = True

    def gradient_checkpointing_disable(self) -> None:
        """Takes that back."""
        self.__dict__["_checkpointing"] = False

    @property
    def is_gradient_checkpointing(self) -> bool:
        """Whether memory is to be saved in training."""
        return bool(self.__dict__.get("_checkpointing", False))

    def push_to_hub(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises an error."""
        refuse("push_to_hub", "save to a folder, and upload that")

    # ---------------------------------------------------------------------- loading and saving

    @classmethod
    def from_pretrained(
        cls: type[Model],
        pretrained_model_name_or_path: str | os.PathLike[str] | None,
        *model_args: Any,
        config: PretrainedConfig | str | os.PathLike[str] | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        ignore_mismatched_sizes: bool = False,
        force_download: bool = False,
        local_files_only: bool = False,
        token: str | bool | None = None,
        revision: str = "main",
        use_safetensors: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """The model of a checkpoint: a folder or a hub id, of this class or another one.

        What the checkpoint lacks is initial, and logged as a warning; `output_loading_info=True`
        gives it beside the model as {missing_keys, unexpected_keys, mismatched_keys, error_msgs}.
        `torch_dtype` is a type, or "auto" for the checkpoint's own; weights are float32 otherwise.
        Keywords that the config has replace its values; `precision` ("fp32", "bf16", "int8",
        "auto") and `threads` are the engine's.
        """
        where = {
            "cache_dir": cache_dir,
            "force_download": force_download,
            "local_files_only": local_files_only,
            "token": token,
            "revision": revision,
        }
        return _loading.load(
            cls,
            pretrained_model_name_or_path,
            model_args,
            config,
            where,
            ignore_mismatched_sizes,
            use_safetensors,
            kwargs,
        )

    def save_pretrained(
        self,
        save_directory: str | os.PathLike[str],
        is_main_process: bool = True,
        state_dict: Mapping[str, Any] | None = None,
        save_function: Callable[..., None] | None = None,
        push_to_hub: bool = False,
        max_shard_size: int | str = "5GB",
        safe_serialization: bool = True,
        variant: str | None = None,
        token: str | bool | None = None,
        save_peft_format: bool = True,
        **kwargs: Any,
    ) -> None:
        """Writes config.json and the weights into a folder, as the reference reads them."""
        if push_to_hub:
            self.push_to_hub()
        if os.path.isfile(save_directory):
            logger.error("%s: got a file, required a folder", os.fspath(save_directory))
            return
        _saving.save(
            self,
            os.fspath(save_directory),
            is_main_process,
            state_dict,
            save_function,
            max_shard_size,
            safe_serialization,
            variant,
        )

    # --------------------------------------------------------------------------------- running

    def _run(
        self, head: str, inputs: Mapping[str, Any], want: Sequence[str] = ()
    ) -> dict[str, Any]:
        """A head's outputs by name: tensors where an input is one, and part of torch's graph where
        gradients are wanted."""
        if self._weights is None:
            raise NotImplementedError(f"{type(self).__name__}: has no network of its own")
        given = {key: value for key, value in inputs.items() if value is not None}
        tensors = _arrays.any_tensor(*given.values())
        _refuse_tracing(given)
        found: dict[str, Any] = _untraced(self._weights.run)(head, given, want)
        name = self._weights.dtype
        if not tensors:
            if name in ("float16", "float64"):
                return {k: v.astype(name) if v.dtype.kind == "f" else v for k, v in found.items()}
            return found
        torch = _arrays.torch()
        outputs = {key: torch.from_numpy(value) for key, value in found.items()}
        if name != "float32":
            dtype = getattr(torch, name)
            outputs = {
                k: v.to(dtype) if v.is_floating_point() else v for k, v in outputs.items()
            }
        if torch.is_grad_enabled() and (
            self._trains() or any(getattr(v, "requires_grad", False) for v in given.values())
        ):
            keys = [key for key, value in outputs.items() if value.is_floating_point()]
            outputs.update(zip(keys, _gradients.attach([outputs[key] for key in keys])))
        return outputs

    def _trains(self) -> bool:
        """Whether any parameter is to be trained."""
        if not self._grown:
            return bool(self.__dict__["_wants_grad"])
        return any(getattr(parameter, "requires_grad", False) for parameter in self.parameters())

    def _choices(
        self,
        output_attentions: bool | None,
        output_hidden_states: bool | None,
        return_dict: bool | None,
    ) -> tuple[bool, bool, bool]:
        """A forward's choices, or the config's where it makes none."""
        config = self.config
        return (
            bool(_choice(output_attentions, config.output_attentions)),
            bool(_choice(output_hidden_states, config.output_hidden_states)),
            bool(_choice(return_dict, config.use_return_dict)),
        )


_EMBEDDINGS = ("embeddings", "token_embedding", "position_embedding", "position_embeddings")


def _choice(given: Any, default: Any) -> Any:
    return default if given is None else given


def _is_device(value: Any) -> bool:
    torch = _arrays.torch()
    if torch is not None and isinstance(value, torch.device):
        return True
    return isinstance(value, str) and value.partition(":")[0] in (
        "cpu",
        "cuda",
        "mps",
        "xpu",
        "meta",
    )


def _untraced(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as torch.compile leaves it alone: the engine is compiled already."""
    dynamo: Any = sys.modules.get("torch._dynamo")
    if dynamo is None:
        return function
    untraced: Callable[..., Any] = dynamo.disable(function)
    return untraced


def _refuse_tracing(inputs: Mapping[str, Any]) -> None:
    """NotImplementedError where torch wants a graph of the computation: there is none."""
    torch = _arrays.torch()
    if torch is None:
        return
    if torch.jit.is_tracing():
        refuse("torch.jit", "the engine's computation has no graph of torch's")
    for value in inputs.values():
        kind = type(value)
        if kind is not torch.Tensor and kind.__module__.startswith("torch.fx"):
            refuse("torch.fx", "the engine's computation has no graph of torch's")


def states(outputs: Mapping[str, Any], prefix: str) -> tuple[Any, ...]:
    """The outputs `prefix.0`, `prefix.1`, … as a tuple."""
    found: list[Any] = []
    while f"{prefix}.{len(found)}" in outputs:
        found.append(outputs[f"{prefix}.{len(found)}"])
    return tuple(found)


__all__ = ["PreTrainedModel"]
