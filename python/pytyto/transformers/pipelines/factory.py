"""`pipeline`: the class of a task with the model, tokenizer and image processor of a checkpoint."""

from __future__ import annotations

import importlib
import os
from typing import Any, NamedTuple

from ..._network import checkpoint
from .base import Pipeline


class _Task(NamedTuple):
    pipeline: str
    module: str
    model: str
    needs: tuple[str, ...]
    has_default: bool = False


_TASKS = {
    "fill-mask": _Task("FillMaskPipeline", "fill_mask", "AutoModelForMaskedLM", ("tokenizer",)),
    "image-classification": _Task(
        "ImageClassificationPipeline",
        "image_classification",
        "AutoModelForImageClassification",
        ("image_processor",),
    ),
    "text-classification": _Task(
        "TextClassificationPipeline",
        "text_classification",
        "AutoModelForSequenceClassification",
        ("tokenizer",),
    ),
    "zero-shot-image-classification": _Task(
        "ZeroShotImageClassificationPipeline",
        "zero_shot_image_classification",
        "AutoModelForZeroShotImageClassification",
        ("tokenizer", "image_processor"),
    ),
    "zero-shot-object-detection": _Task(
        "ZeroShotObjectDetectionPipeline",
        "zero_shot_object_detection",
        "AutoModelForZeroShotObjectDetection",
        ("tokenizer", "image_processor"),
        True,
    ),
}
_ALIASES = {"sentiment-analysis": "text-classification"}
_AUTO = {"tokenizer": "AutoTokenizer", "image_processor": "AutoImageProcessor"}

# What a checkpoint's class is for, where no task is given.
_CLASSES = {
    "Owlv2ForObjectDetection": "zero-shot-object-detection",
    "Owlv2Model": "zero-shot-image-classification",
    "PerceiverForMaskedLM": "fill-mask",
    "PerceiverForSequenceClassification": "text-classification",
    "PerceiverForImageClassificationLearned": "image-classification",
    "PerceiverForImageClassificationFourier": "image-classification",
    "PerceiverForImageClassificationConvProcessing": "image-classification",
}


def _named(name: str) -> Any:
    import pytyto.transformers

    return getattr(pytyto.transformers, name)


def _task_of(config: Any) -> str:
    for name in getattr(config, "architectures", None) or ():
        if name in _CLASSES:
            return _CLASSES[name]
    raise RuntimeError(f"task: can't be told from the model; required one of {', '.join(_TASKS)}")


def _find_task(task: str) -> tuple[str, _Task]:
    name = _ALIASES.get(task, task)
    if name not in _TASKS:
        raise KeyError(f"task: got {task!r}, required one of {sorted([*_TASKS, *_ALIASES])}")
    return name, _TASKS[name]


def pipeline(
    task: str | None = None,
    model: Any = None,
    config: Any = None,
    tokenizer: Any = None,
    feature_extractor: Any = None,
    image_processor: Any = None,
    framework: str | None = None,
    revision: str | None = None,
    use_fast: bool = True,
    token: str | bool | None = None,
    device: Any = None,
    device_map: Any = None,
    torch_dtype: Any = None,
    trust_remote_code: bool | None = None,
    model_kwargs: dict[str, Any] | None = None,
    pipeline_class: Any = None,
    **kwargs: Any,
) -> Pipeline:
    """A task that is done by a call: "zero-shot-object-detection", "fill-mask",
    "image-classification", "text-classification", "zero-shot-image-classification".

    `model` is a checkpoint folder, a hub id or a model; None: the one that comes along, which finds
    objects. `tokenizer` and `image_processor` are likewise names or objects, by default those of
    the checkpoint. `task` None: what the model's class is for. Other keywords are the task's.

    KeyError for another task, RuntimeError when neither task nor model says what to do, OSError
    when a checkpoint isn't there, NotImplementedError for other devices than the processor.
    """
    if device_map is not None:
        raise NotImplementedError("device_map: models stay on the processor")
    if task is None and model is None:
        raise RuntimeError("got neither task nor model, required one of them")
    if task is not None:
        task, entry = _find_task(task)
        if model is None:
            if not entry.has_default:
                raise ValueError(f"model: got None, required a checkpoint for {task}")
            model = checkpoint(None)
    where = {} if revision is None else {"revision": revision}
    loaded = not isinstance(model, (str, os.PathLike))
    if isinstance(config, (str, os.PathLike)):
        config = _named("AutoConfig").from_pretrained(config, **where)
    if task is None:
        known = model.config if loaded else config
        task, entry = _find_task(_task_of(known or _named("AutoConfig").from_pretrained(model)))
    source = None if loaded else model
    if not loaded:
        given = {**where, **(model_kwargs or {})}
        if config is not None:
            given["config"] = config
        if torch_dtype is not None:
            given["torch_dtype"] = torch_dtype
        model = _named(entry.model).from_pretrained(model, **given)
    parts = {"tokenizer": tokenizer, "image_processor": image_processor or feature_extractor}
    for part in entry.needs:
        found = parts[part]
        if found is None:
            found = source or getattr(model, "name_or_path", None) or None
        if found is None:
            raise ValueError(f"{part}: got None, required one, as the model has no folder")
        if isinstance(found, (str, os.PathLike)):
            extra = {"use_fast": use_fast} if part == "tokenizer" else {}
            found = _named(_AUTO[part]).from_pretrained(found, **where, **extra)
        parts[part] = found
    made = pipeline_class
    if made is None:
        module = importlib.import_module(f".{entry.module}", __package__)
        made = getattr(module, entry.pipeline)
    pipe: Pipeline = made(
        model=model, framework=framework, task=task, device=device, **parts, **kwargs
    )
    return pipe
