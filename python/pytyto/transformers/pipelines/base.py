"""What pipelines have in common: an input is prepared, goes through the model, and is read."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping
from types import GeneratorType
from typing import Any

import numpy as np

from ... import _arrays
from ..image_utils import Array, get_image_size, is_pil_image, load_image


class PipelineException(Exception):
    """An input that a task can't be done with; has the task and the model's name."""

    def __init__(self, task: str, model: str, reason: str) -> None:
        super().__init__(reason)
        self.task = task
        self.model = model


def picture(image: Any, timeout: float | None = None) -> Any:
    """A picture from what `load_image` takes, or an array or tensor as it is."""
    if isinstance(image, np.ndarray) or _arrays.is_tensor(image):
        return image
    return load_image(image, timeout=timeout)


def picture_size(image: Any) -> tuple[int, int]:
    """(height, width)."""
    if is_pil_image(image):
        return int(image.height), int(image.width)
    return get_image_size(image)


def as_array(value: Any) -> Array:
    """A tensor or an array as an array."""
    if _arrays.is_tensor(value):
        value = value.detach().cpu().float().numpy()
    return np.asarray(value)


class Pipeline(ABC):
    """A task with its model, tokenizer and image processor, called with inputs.

    A class of one's own has `_sanitize_parameters`, which divides the keywords of a call into those
    of the three steps, and the steps: `preprocess` an input (or yield several parts of it),
    `_forward` through the model, `postprocess` into a result.

    One input gives one result; a list gives a list; a generator gives a generator.
    """

    default_input_names: Any = None

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        feature_extractor: Any = None,
        image_processor: Any = None,
        modelcard: Any = None,
        framework: str | None = None,
        task: str = "",
        args_parser: Any = None,
        device: Any = None,
        torch_dtype: Any = None,
        binary_output: bool = False,
        **kwargs: Any,
    ) -> None:
        if framework not in (None, "pt", "np"):
            raise ValueError(f"framework: got {framework!r}, required 'pt'")
        if device not in (None, -1, "cpu") and str(device) != "cpu":
            raise NotImplementedError(f"device: got {device!r}, required the processor, 'cpu'")
        self.model = model
        self.tokenizer = tokenizer
        pictures = image_processor if image_processor is not None else feature_extractor
        self.image_processor = pictures
        self.feature_extractor = feature_extractor if feature_extractor is not None else pictures
        self.modelcard = modelcard
        self.framework = framework or "pt"
        self.task = task
        self.device = "cpu"
        self.binary_output = binary_output
        self.call_count = 0
        self._batch_size = kwargs.pop("batch_size", None)
        self._num_workers = kwargs.pop("num_workers", None)
        self._preprocess_params, self._forward_params, self._postprocess_params = (
            self._sanitize_parameters(**kwargs)
        )

    @abstractmethod
    def _sanitize_parameters(
        self, *args: Any, **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """The keywords of a call, by the step that they are for."""

    @abstractmethod
    def preprocess(self, *args: Any, **kwargs: Any) -> Any:
        """What the model takes, of an input."""

    @abstractmethod
    def _forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the model gives for that."""

    @abstractmethod
    def postprocess(self, *args: Any, **kwargs: Any) -> Any:
        """What that means."""

    def forward(self, model_inputs: Any, **kwargs: Any) -> Any:
        """As `_forward`."""
        return self._forward(model_inputs, **kwargs)

    def check_model_type(self, supported_models: Iterable[str] | Mapping[str, Any]) -> None:
        """Models are checked when they are read: does nothing."""

    def save_pretrained(self, save_directory: str | os.PathLike[str], **kwargs: Any) -> None:
        """Writes model, tokenizer and image processor into a folder, which is made."""
        if os.path.isfile(save_directory):
            raise AssertionError(f"{os.fspath(save_directory)}: got a file, required a folder")
        os.makedirs(save_directory, exist_ok=True)
        for part in (self.model, self.tokenizer, self.image_processor):
            if part is not None:
                part.save_pretrained(save_directory)

    def transform(self, X: Any) -> Any:
        """As a call."""
        return self(X)

    def predict(self, X: Any) -> Any:
        """As a call."""
        return self(X)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of an input, or those of several."""
        inputs = args[0] if args else kwargs.pop("inputs")
        kwargs.pop("num_workers", None)
        kwargs.pop("batch_size", None)
        changed = self._sanitize_parameters(**kwargs)
        steps = (self._preprocess_params, self._forward_params, self._postprocess_params)
        params = tuple({**own, **given} for own, given in zip(steps, changed))
        self.call_count += 1
        if isinstance(inputs, list):
            return [self._run(one, *params) for one in inputs]
        if isinstance(inputs, (GeneratorType, Iterator)) or _is_dataset(inputs):
            return self._runs(inputs, params)
        return self._run(inputs, *params)

    def _runs(self, inputs: Any, params: tuple[Any, ...]) -> Generator[Any, None, None]:
        for one in _items(inputs):
            yield self._run(one, *params)

    def _run(self, one: Any, before: Any, through: Any, after: Any) -> Any:
        model_inputs = self.preprocess(one, **before)
        if isinstance(model_inputs, GeneratorType):
            outputs: Any = [self.forward(part, **through) for part in model_inputs]
        else:
            outputs = self.forward(model_inputs, **through)
        return self.postprocess(outputs, **after)


def _is_dataset(inputs: Any) -> bool:
    """Whether it is a collection with places and a length, but no text, mapping or array."""
    if isinstance(inputs, (str, bytes, Mapping, tuple, np.ndarray)) or _arrays.is_tensor(inputs):
        return False
    return hasattr(inputs, "__getitem__") and hasattr(inputs, "__len__")


def _items(inputs: Any) -> Iterable[Any]:
    return (inputs[i] for i in range(len(inputs))) if _is_dataset(inputs) else inputs
