"""Configs of OWLv2: its text tower, its image tower, and both with what joins them."""

from __future__ import annotations

from typing import Any

from ...configuration_utils import PretrainedConfig


class Owlv2TextConfig(PretrainedConfig):
    """The text tower's sizes.

    >>> Owlv2TextConfig(hidden_size=64).num_attention_heads
    8
    """

    model_type = "owlv2_text_model"

    def __init__(
        self,
        vocab_size: int = 49408,
        hidden_size: int = 512,
        intermediate_size: int = 2048,
        num_hidden_layers: int = 12,
        num_attention_heads: int = 8,
        max_position_embeddings: int = 16,
        hidden_act: str = "quick_gelu",
        layer_norm_eps: float = 1e-5,
        attention_dropout: float = 0.0,
        initializer_range: float = 0.02,
        initializer_factor: float = 1.0,
        pad_token_id: int | None = 0,
        bos_token_id: int | None = 49406,
        eos_token_id: int | None = 49407,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            pad_token_id=pad_token_id,
            bos_token_id=bos_token_id,
            eos_token_id=eos_token_id,
            **kwargs,
        )
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.intermediate_size = intermediate_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.max_position_embeddings = max_position_embeddings
        self.hidden_act = hidden_act
        self.layer_norm_eps = layer_norm_eps
        self.attention_dropout = attention_dropout
        self.initializer_range = initializer_range
        self.initializer_factor = initializer_factor

    @classmethod
    def _own_part(cls, values: dict[str, Any]) -> dict[str, Any]:
        return values["text_config"] if values.get("model_type") == "owlv2" else values


class Owlv2VisionConfig(PretrainedConfig):
    """The image tower's sizes.

    >>> config = Owlv2VisionConfig()
    >>> (config.image_size // config.patch_size) ** 2
    2304
    """

    model_type = "owlv2_vision_model"

    def __init__(
        self,
        hidden_size: int = 768,
        intermediate_size: int = 3072,
        num_hidden_layers: int = 12,
        num_attention_heads: int = 12,
        num_channels: int = 3,
        image_size: int = 768,
        patch_size: int = 16,
        hidden_act: str = "quick_gelu",
        layer_norm_eps: float = 1e-5,
        attention_dropout: float = 0.0,
        initializer_range: float = 0.02,
        initializer_factor: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.hidden_size = hidden_size
        self.intermediate_size = intermediate_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.num_channels = num_channels
        self.image_size = image_size
        self.patch_size = patch_size
        self.hidden_act = hidden_act
        self.layer_norm_eps = layer_norm_eps
        self.attention_dropout = attention_dropout
        self.initializer_range = initializer_range
        self.initializer_factor = initializer_factor

    @classmethod
    def _own_part(cls, values: dict[str, Any]) -> dict[str, Any]:
        return values["vision_config"] if values.get("model_type") == "owlv2" else values


class Owlv2Config(PretrainedConfig):
    """Both towers' configs, and the width in which texts and pictures are compared.

    >>> text = Owlv2TextConfig(hidden_size=64).to_dict()
    >>> config = Owlv2Config.from_text_vision_configs(text, Owlv2VisionConfig().to_dict())
    >>> config.text_config.hidden_size, config.projection_dim
    (64, 512)
    """

    model_type = "owlv2"

    def __init__(
        self,
        text_config: dict[str, Any] | None = None,
        vision_config: dict[str, Any] | None = None,
        projection_dim: int = 512,
        logit_scale_init_value: float = 2.6592,
        return_dict: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.text_config = Owlv2TextConfig(**(text_config or {}))
        self.vision_config = Owlv2VisionConfig(**(vision_config or {}))
        self.projection_dim = projection_dim
        self.logit_scale_init_value = logit_scale_init_value
        self.return_dict = return_dict
        self.initializer_factor = 1.0

    @classmethod
    def from_text_vision_configs(
        cls, text_config: dict[str, Any], vision_config: dict[str, Any], **kwargs: Any
    ) -> Owlv2Config:
        """A config of both towers' configs, which are dicts."""
        config: Owlv2Config = cls.from_dict(
            {"text_config": text_config, "vision_config": vision_config}, **kwargs
        )
        return config


__all__ = ["Owlv2Config", "Owlv2TextConfig", "Owlv2VisionConfig"]
