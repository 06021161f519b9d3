"""The model of whatever a checkpoint is of, for a task or for none."""

from __future__ import annotations

import importlib
import os
from typing import Any

from ...configuration_utils import PretrainedConfig
from .configuration_auto import AutoConfig, config_class

_OWLV2 = "owlv2.modeling_owlv2"
_PERCEIVER = "perceiver.modeling_perceiver"
_PICTURES = (
    "PerceiverForImageClassificationLearned",
    "PerceiverForImageClassificationFourier",
    "PerceiverForImageClassificationConvProcessing",
)


class _AutoModel:
    """Gives the class of a table that fits a config, or a checkpoint's config."""

    # model_type → the module, and the classes of which the config's own or else the first is taken.
    _classes: dict[str, tuple[str, tuple[str, ...]]] = {}
    _registered: dict[type[PretrainedConfig], type[Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = type(self).__name__
        raise EnvironmentError(f"{name}: made by from_pretrained or from_config, not by itself")

    @classmethod
    def _class(cls, config: PretrainedConfig) -> Any:
        for kind, model in cls._registered.items():
            if type(config) is kind:
                return model
        if config.model_type not in cls._classes:
            known = ", ".join(config_class(name).__name__ for name in cls._classes)
            raise ValueError(
                f"{cls.__name__}: got a {type(config).__name__}, required one of {known}"
            )
        module, names = cls._classes[config.model_type]
        named = [name for name in config.architectures or () if name in names]
        found = importlib.import_module(f"pytyto.transformers.models.{module}")
        return getattr(found, (named or names)[0])

    @classmethod
    def from_config(cls, config: PretrainedConfig, **kwargs: Any) -> Any:
        """A model with initial weights of the class that fits a config."""
        kwargs.pop("trust_remote_code", None)
        return cls._class(config)._from_config(config, **kwargs)

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], *model_args: Any, **kwargs: Any
    ) -> Any:
        """A checkpoint's model, as `from_pretrained` of its class gives it."""
        config = kwargs.pop("config", None)
        if not isinstance(config, PretrainedConfig):
            where: dict[str, Any] = {
                key: kwargs[key]
                for key in ("cache_dir", "local_files_only", "revision", "subfolder")
                if key in kwargs
            }
            dtype = {key: kwargs.pop(key) for key in ("torch_dtype",) if key in kwargs}
            config, rest = AutoConfig.from_pretrained(
                config if config is not None else pretrained_model_name_or_path,
                return_unused_kwargs=True,
                **kwargs,
            )
            kwargs = {**rest, **where, **dtype}
        return cls._class(config).from_pretrained(
            pretrained_model_name_or_path, *model_args, config=config, **kwargs
        )

    @classmethod
    def register(
        cls, config_class: type[PretrainedConfig], model_class: type[Any], exist_ok: bool = False
    ) -> None:
        """Makes a model class of one's own known by its config class."""
        if getattr(model_class, "config_class", None) is not config_class:
            raise ValueError(
                f"{model_class.__name__}: its config_class isn't {config_class.__name__}"
            )
        if not exist_ok and config_class in cls._registered:
            raise ValueError(f"{config_class.__name__}: has a model already")
        cls._registered = {**cls._registered, config_class: model_class}


class AutoModel(_AutoModel):
    """The model without a head for a task."""

    _classes = {
        "owlv2": (_OWLV2, ("Owlv2Model",)),
        "owlv2_text_model": (_OWLV2, ("Owlv2TextModel",)),
        "owlv2_vision_model": (_OWLV2, ("Owlv2VisionModel",)),
        "perceiver": (_PERCEIVER, ("PerceiverModel",)),
    }


class AutoModelForMaskedLM(_AutoModel):
    """The model that fills in what is missing in texts."""

    _classes = {"perceiver": (_PERCEIVER, ("PerceiverForMaskedLM",))}


class AutoModelForSequenceClassification(_AutoModel):
    """The model that classifies texts."""

    _classes = {"perceiver": (_PERCEIVER, ("PerceiverForSequenceClassification",))}


class AutoModelForImageClassification(_AutoModel):
    """The model that classifies pictures."""

    _classes = {"perceiver": (_PERCEIVER, _PICTURES)}


class AutoModelForZeroShotObjectDetection(_AutoModel):
    """The model that finds what texts name."""

    _classes = {"owlv2": (_OWLV2, ("Owlv2ForObjectDetection",))}


class AutoModelForZeroShotImageClassification(_AutoModel):
    """The model that compares pictures with texts."""

    _classes = {"owlv2": (_OWLV2, ("Owlv2Model",))}


class AutoModelForPreTraining(_AutoModel):
    """The model as it is trained first."""

    _classes = {"perceiver": (_PERCEIVER, ("PerceiverForMaskedLM",))}


__all__ = [
    "AutoModel",
    "AutoModelForImageClassification",
    "AutoModelForMaskedLM",
    "AutoModelForPreTraining",
    "AutoModelForSequenceClassification",
    "AutoModelForZeroShotImageClassification",
    "AutoModelForZeroShotObjectDetection",
]
