"""The config of whatever a checkpoint is of."""

from __future__ import annotations

import importlib
import os
from typing import Any

from ...configuration_utils import PretrainedConfig

# model_type → where its config is.
CONFIG_MAPPING_NAMES: dict[str, tuple[str, str]] = {
    "owlv2": ("owlv2.configuration_owlv2", "Owlv2Config"),
    "owlv2_text_model": ("owlv2.configuration_owlv2", "Owlv2TextConfig"),
    "owlv2_vision_model": ("owlv2.configuration_owlv2", "Owlv2VisionConfig"),
    "perceiver": ("perceiver.configuration_perceiver", "PerceiverConfig"),
}
_registered: dict[str, type[PretrainedConfig]] = {}


def config_class(model_type: str) -> type[PretrainedConfig]:
    """The config class of a `model_type`. ValueError when there is none."""
    if model_type in _registered:
        return _registered[model_type]
    if model_type not in CONFIG_MAPPING_NAMES:
        known = ", ".join([*CONFIG_MAPPING_NAMES, *_registered])
        raise ValueError(f"model_type: got {model_type!r}, required one of {known}")
    module, name = CONFIG_MAPPING_NAMES[model_type]
    found: type[PretrainedConfig] = getattr(
        importlib.import_module(f"{__package__.rpartition('.')[0]}.{module}"), name
    )
    return found


class AutoConfig:
    """Gives the config of the class that a checkpoint's `model_type` names."""

    def __init__(self) -> None:
        raise EnvironmentError("AutoConfig: made by from_pretrained or for_model, not by itself")

    @classmethod
    def for_model(cls, model_type: str, *args: Any, **kwargs: Any) -> PretrainedConfig:
        """A config of that `model_type` with the keywords given."""
        return config_class(model_type)(*args, **kwargs)

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
    ) -> Any:
        """The config of a checkpoint, as `PretrainedConfig.from_pretrained` gives it."""
        values, kwargs = PretrainedConfig.get_config_dict(pretrained_model_name_or_path, **kwargs)
        name = os.fspath(pretrained_model_name_or_path)
        if "model_type" not in values:
            known = ", ".join(CONFIG_MAPPING_NAMES)
            raise ValueError(f"{name}: config.json has no model_type, required one of {known}")
        kwargs.setdefault("name_or_path", name)
        return config_class(values["model_type"]).from_dict(values, **kwargs)

    @staticmethod
    def register(
        model_type: str, config: type[PretrainedConfig], exist_ok: bool = False
    ) -> None:
        """Makes a config class of one's own known by its `model_type`."""
        if config.model_type and config.model_type != model_type:
            raise ValueError(
                f"model_type: got {model_type!r}, required that of the class ({config.model_type!r})"
            )
        if not exist_ok and (model_type in CONFIG_MAPPING_NAMES or model_type in _registered):
            raise ValueError(f"model_type: {model_type!r} is known already")
        _registered[model_type] = config


__all__ = ["AutoConfig", "CONFIG_MAPPING_NAMES", "config_class"]
