"""OWLv2: its towers, their comparison, and detection by texts or example pictures.

Shapes: B photos, Q queries of each, T tokens, P patches (G by G), D channels of the image tower, E
channels in which queries and patches are compared.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .... import _arrays
from ...configuration_utils import PretrainedConfig
from ...modeling_outputs import BaseModelOutputWithPooling
from ...modeling_utils import PreTrainedModel, states
from ...utils.generic import ModelOutput, present, to_tuple
from .configuration_owlv2 import Owlv2Config, Owlv2TextConfig, Owlv2VisionConfig

OWLV2_PRETRAINED_MODEL_ARCHIVE_LIST = ["google/owlv2-base-patch16-ensemble"]

_TOWER = ("last_hidden_state", "pooler_output")


class _WithTowers(ModelOutput):
    """An output that has the towers' outputs inside."""

    def to_tuple(self) -> tuple[Any, ...]:
        """All fields that are not None, the towers' outputs as tuples too."""
        return tuple(to_tuple(self[key]) for key in self.keys())


@dataclass
class Owlv2Output(_WithTowers):
    """How alike texts and pictures are: logits_per_image [B,Q], and embeddings of length 1."""

    loss: Any = None
    logits_per_image: Any = None
    logits_per_text: Any = None
    text_embeds: Any = None
    image_embeds: Any = None
    text_model_output: Any = None
    vision_model_output: Any = None


@dataclass
class Owlv2ObjectDetectionOutput(_WithTowers):
    """What is where: logits [B,P,Q], objectness_logits [B,P], pred_boxes [B,P,4] as centre and
    size, text_embeds [B,Q,E], image_embeds [B,G,G,D], class_embeds [B,P,E]."""

    loss: Any = None
    loss_dict: dict[str, Any] | None = None
    logits: Any = None
    objectness_logits: Any = None
    pred_boxes: Any = None
    text_embeds: Any = None
    image_embeds: Any = None
    class_embeds: Any = None
    text_model_output: Any = None
    vision_model_output: Any = None


@dataclass
class Owlv2ImageGuidedObjectDetectionOutput(_WithTowers):
    """What looks like the example pictures: logits [B,P,1], boxes of both as centre and size."""

    logits: Any = None
    image_embeds: Any = None
    query_image_embeds: Any = None
    target_pred_boxes: Any = None
    query_pred_boxes: Any = None
    class_embeds: Any = None
    text_model_output: Any = None
    vision_model_output: Any = None


@functools.cache
def _tower_names(prefix: str, attentions: bool, hidden_states: bool) -> tuple[str, ...]:
    """Names of a tower's outputs."""
    names = [*_TOWER]
    if hidden_states:
        names.append("hidden_states.*")
    if attentions:
        names.append("attentions.*")
    return tuple(f"{prefix}{name}" for name in names)


def _tower(
    found: Mapping[str, Any], prefix: str, attentions: bool, hidden_states: bool
) -> BaseModelOutputWithPooling:
    """A tower's output of those that a run gave."""
    return BaseModelOutputWithPooling(
        last_hidden_state=found[f"{prefix}last_hidden_state"],
        pooler_output=found[f"{prefix}pooler_output"],
        hidden_states=states(found, f"{prefix}hidden_states") if hidden_states else None,
        attentions=states(found, f"{prefix}attentions") if attentions else None,
    )


def _required(model: Any, **values: Any) -> None:
    """ValueError for an input that isn't there."""
    for name, value in values.items():
        if value is None:
            raise ValueError(f"{type(model).__name__}: {name}: required")


class Owlv2PreTrainedModel(PreTrainedModel):
    """What OWLv2's models share."""

    config_class: type[PretrainedConfig] = Owlv2Config
    base_model_prefix = "owlv2"
    supports_gradient_checkpointing = True
    _no_split_modules = ["Owlv2EncoderLayer"]

    def _inner_module(self, path: str) -> Any | None:
        config = self.config
        name = path.removeprefix("owlv2.")
        if path == "owlv2":
            return self._view(Owlv2Model, config, path)
        if name == "text_model":
            return self._view(Owlv2TextTransformer, getattr(config, "text_config", config), path)
        if name == "vision_model":
            inner = getattr(config, "vision_config", config)
            return self._view(Owlv2VisionTransformer, inner, path)
        return None

    def _text(
        self,
        input_ids: Any,
        attention_mask: Any,
        output_attentions: bool | None,
        output_hidden_states: bool | None,
        return_dict: bool | None,
    ) -> Any:
        """The text tower's output."""
        _required(self, input_ids=input_ids)
        attentions, hidden, as_dict = self._choices(
            output_attentions, output_hidden_states, return_dict
        )
        found = self._run(
            "Owlv2TextModel",
            {"input_ids": input_ids, "attention_mask": attention_mask},
            _tower_names("", attentions, hidden),
        )
        output = _tower(found, "", attentions, hidden)
        return output if as_dict else output.to_tuple()

    def _vision(
        self,
        pixel_values: Any,
        output_attentions: bool | None,
        output_hidden_states: bool | None,
        return_dict: bool | None,
    ) -> Any:
        """The image tower's output."""
        _required(self, pixel_values=pixel_values)
        attentions, hidden, as_dict = self._choices(
            output_attentions, output_hidden_states, return_dict
        )
        found = self._run(
            "Owlv2VisionModel",
            {"pixel_values": pixel_values},
            _tower_names("", attentions, hidden),
        )
        output = _tower(found, "", attentions, hidden)
        return output if as_dict else output.to_tuple()


class Owlv2TextTransformer(Owlv2PreTrainedModel):
    """The text tower inside of a model."""

    config_class = Owlv2TextConfig

    def forward(
        self,
        input_ids: Any,
        attention_mask: Any = None,
        position_ids: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Encodes texts, ids [n,T]; positions are counted from 0."""
        if position_ids is not None:
            raise NotImplementedError("position_ids: positions are counted from 0")
        return self._text(
            input_ids, attention_mask, output_attentions, output_hidden_states, return_dict
        )


class Owlv2TextModel(Owlv2PreTrainedModel):
    """The text tower.

    >>> model = Owlv2TextModel(Owlv2TextConfig(vocab_size=50, hidden_size=16, intermediate_size=8,
    ...     num_hidden_layers=1, num_attention_heads=2))
    >>> model(input_ids=np.array([[1, 2, 49]])).pooler_output.shape
    (1, 16)
    """

    config_class = Owlv2TextConfig
    _architecture = "Owlv2TextModel"

    def get_input_embeddings(self) -> Any:
        """The embedding of tokens."""
        return self.text_model.embeddings.token_embedding

    def set_input_embeddings(self, value: Any) -> None:
        """Puts another embedding there, which must have the same shape when the model runs."""
        self.text_model.embeddings.token_embedding = value

    def forward(
        self,
        input_ids: Any,
        attention_mask: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Encodes texts, ids [n,T], of which attention_mask [n,T] hides those that are 0."""
        return self._text(
            input_ids, attention_mask, output_attentions, output_hidden_states, return_dict
        )


class Owlv2VisionTransformer(Owlv2PreTrainedModel):
    """The image tower inside of a model."""

    config_class = Owlv2VisionConfig
    main_input_name = "pixel_values"

    def forward(
        self,
        pixel_values: Any,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Encodes pictures, pixels [B,C,H,W]."""
        return self._vision(pixel_values, output_attentions, output_hidden_states, return_dict)


class Owlv2VisionModel(Owlv2PreTrainedModel):
    """The image tower.

    >>> model = Owlv2VisionModel(Owlv2VisionConfig(hidden_size=16, intermediate_size=8,
    ...     num_hidden_layers=1, num_attention_heads=2, image_size=8, patch_size=4))
    >>> model(pixel_values=np.zeros((1, 3, 8, 8))).last_hidden_state.shape
    (1, 5, 16)
    """

    config_class = Owlv2VisionConfig
    main_input_name = "pixel_values"
    _architecture = "Owlv2VisionModel"

    def get_input_embeddings(self) -> Any:
        """The convolution that makes patches' vectors."""
        return self.vision_model.embeddings.patch_embedding

    def forward(
        self,
        pixel_values: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Encodes pictures, pixels [B,C,H,W]."""
        return self._vision(pixel_values, output_attentions, output_hidden_states, return_dict)


class Owlv2Model(Owlv2PreTrainedModel):
    """Both towers, and how alike texts and whole pictures are."""

    config_class = Owlv2Config
    _architecture = "Owlv2Model"

    def __init__(self, config: Owlv2Config) -> None:
        _require_configs(config)
        super().__init__(config)

    def get_text_features(
        self,
        input_ids: Any = None,
        attention_mask: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Embeddings [n,E] of texts, ids [n,T]."""
        _required(self, input_ids=input_ids)
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        return self._run("Owlv2Model.get_text_features", inputs, ["text_features"])["text_features"]

    def get_image_features(
        self,
        pixel_values: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Embeddings [B,E] of pictures, pixels [B,C,H,W]."""
        _required(self, pixel_values=pixel_values)
        found = self._run(
            "Owlv2Model.get_image_features", {"pixel_values": pixel_values}, ["image_features"]
        )
        return found["image_features"]

    def forward(
        self,
        input_ids: Any = None,
        pixel_values: Any = None,
        attention_mask: Any = None,
        return_loss: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_base_image_embeds: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Compares texts, ids [Q,T], with pictures, pixels [B,C,H,W]."""
        _required(self, input_ids=input_ids, pixel_values=pixel_values)
        attentions, hidden, as_dict = self._choices(
            output_attentions, output_hidden_states, return_dict
        )
        want = ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"]
        want += ["loss"] if return_loss else []
        want += ["base_image_embeds"] if return_base_image_embeds else []
        for prefix in ("text_model_output.", "vision_model_output."):
            want += _tower_names(prefix, attentions, hidden)
        texts = {"input_ids": input_ids, "attention_mask": attention_mask}
        found = self._run("Owlv2Model", {**texts, "pixel_values": pixel_values}, want)
        if return_base_image_embeds:
            warnings.warn(
                "return_base_image_embeds is deprecated: outputs.vision_model_output has them",
                FutureWarning,
                stacklevel=2,
            )
            found["image_embeds"] = found["base_image_embeds"]
            found["text_embeds"] = self._run(
                "Owlv2Model.get_text_features", texts, ["text_features"]
            )["text_features"]
        output = Owlv2Output(
            loss=found.get("loss"),
            logits_per_image=found["logits_per_image"],
            logits_per_text=found["logits_per_text"],
            text_embeds=found["text_embeds"],
            image_embeds=found["image_embeds"],
            text_model_output=_tower(found, "text_model_output.", attentions, hidden),
            vision_model_output=_tower(found, "vision_model_output.", attentions, hidden),
        )
        return output if as_dict else output.to_tuple()


def _require_configs(config: Any) -> None:
    """ValueError where a config isn't one of both towers."""
    for name, kind in (("text_config", Owlv2TextConfig), ("vision_config", Owlv2VisionConfig)):
        if not isinstance(getattr(config, name, None), kind):
            raise ValueError(
                f"config.{name}: got {type(getattr(config, name, None)).__name__}, required "
                f"{kind.__name__}"
            )


class Owlv2ForObjectDetection(Owlv2PreTrainedModel):
    """Finds in photos what texts, or example pictures, name."""

    config_class = Owlv2Config
    _architecture = "Owlv2ForObjectDetection"
    _HEAD = "Owlv2ForObjectDetection"

    def __init__(self, config: Owlv2Config) -> None:
        _require_configs(config)
        super().__init__(config)

    def get_input_embeddings(self) -> Any:
        """Raises NotImplementedError, as in the reference."""
        raise NotImplementedError(f"{type(self).__name__}: has no input embeddings of its own")

    # ---------------------------------------------------------------------- parts of the head

    def normalize_grid_corner_coordinates(self, feature_map: Any) -> Any:
        """Where the patches of a map [B,G,G,D] end, from 0 to 1: [P,2] as x, y."""
        if feature_map.ndim != 4:
            raise ValueError(f"feature_map: got {feature_map.ndim} dimensions, required 4")
        grid = feature_map.shape[1]
        ends = np.arange(1, grid + 1, dtype=np.float32) / np.float32(grid)
        corners = np.stack(np.meshgrid(ends, ends), axis=-1).reshape(-1, 2)
        return _arrays.like(np.ascontiguousarray(corners), _arrays.is_tensor(feature_map))

    def compute_box_bias(self, feature_map: Any) -> Any:
        """What is added to boxes before the sigmoid: [P,4]."""
        corners = np.asarray(self.normalize_grid_corner_coordinates(feature_map))
        size = np.full_like(corners, 1.0 / feature_map.shape[-2])
        small = np.float32(1e-4)
        both = np.concatenate([np.clip(corners, 0.0, 1.0), size], axis=-1)
        bias = np.log(both + small) - np.log1p(-both + small)
        return _arrays.like(bias.astype(np.float32), _arrays.is_tensor(feature_map))

    def _as_map(self, features: Any, grid: Sequence[int] | None = None) -> Any:
        """Features [B,P,D] as the map [B,G,G,D] that the engine takes."""
        batch, patches, channels = features.shape
        rows, columns = grid or (round(patches**0.5),) * 2
        return features.reshape(batch, rows, columns, channels)

    def objectness_predictor(self, image_features: Any) -> Any:
        """How much each patch of image_features [B,P,D] looks like an object: logits [B,P]."""
        inputs = {"image_embeds": self._as_map(image_features)}
        return self._run(self._HEAD, inputs, ["objectness_logits"])["objectness_logits"]

    def box_predictor(self, image_feats: Any, feature_map: Any) -> Any:
        """Boxes [B,P,4] as centre and size, of features [B,P,D] and the map [B,G,G,D]."""
        inputs = {"image_embeds": self._as_map(image_feats, feature_map.shape[1:3])}
        return self._run(self._HEAD, inputs, ["pred_boxes"])["pred_boxes"]

    def class_predictor(
        self, image_feats: Any, query_embeds: Any = None, query_mask: Any = None
    ) -> tuple[Any, Any]:
        """Logits [B,P,Q] of features [B,P,D] for queries [B,Q,E], and class embeddings [B,P,E].

        Without queries logits are 0, and embeddings keep their lengths."""
        batch, patches, width = image_feats.shape
        if query_embeds is None:
            dense = self.class_head.dense0
            weight, bias = (_values(value) for value in (dense.weight, dense.bias))
            embeds = (_values(image_feats) @ weight.T + bias).astype(np.float32)
            zeros = np.zeros((batch, patches, width), np.float32)
            tensors = _arrays.is_tensor(image_feats)
            return _arrays.like(zeros, tensors), _arrays.like(embeds, tensors)
        queries = query_embeds.reshape(-1, query_embeds.shape[-1])
        if query_embeds.ndim == 2 or query_embeds.shape[0] != batch:
            queries = _repeated(queries, batch)
        inputs = {"image_embeds": self._as_map(image_feats), "text_embeds": queries}
        found = self._run(self._HEAD, inputs, ["logits", "class_embeds"])
        logits = found["logits"]
        if query_mask is not None:
            hidden = _values(query_mask) == 0
            hidden = hidden[:, None, :] if hidden.ndim > 1 else hidden
            if _arrays.is_tensor(logits):
                torch = _arrays.torch()
                fill = torch.tensor(-1e6, dtype=logits.dtype)
                logits = torch.where(torch.from_numpy(hidden), fill, logits)
            else:
                logits = np.where(hidden, np.float32(-1e6), logits)
        return logits, found["class_embeds"]

    def image_text_embedder(
        self,
        input_ids: Any,
        pixel_values: Any,
        attention_mask: Any,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
    ) -> tuple[Any, Any, Owlv2Output]:
        """Queries' embeddings [Q,E], the photos' map [B,G,G,D], and the base model's output."""
        texts = {"input_ids": input_ids, "attention_mask": attention_mask}
        outputs = self.owlv2(
            **texts,
            pixel_values=pixel_values,
            output_attentions=output_attentions,
            output_hidden_states=output_hidden_states,
            return_dict=True,
        )
        found = self._run(self._HEAD, {"pixel_values": pixel_values}, ["image_embeds"])
        return outputs.text_embeds, found["image_embeds"], outputs

    def image_embedder(
        self,
        pixel_values: Any,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
    ) -> tuple[Any, BaseModelOutputWithPooling]:
        """The map [B,G,G,D] of photos, and the image tower's output."""
        attentions, hidden, _ = self._choices(None, None, None)
        prefix = "vision_model_output."
        want = ["image_embeds", *_tower_names(prefix, attentions, hidden)]
        found = self._run(self._HEAD, {"pixel_values": pixel_values}, want)
        return found["image_embeds"], _tower(found, prefix, attentions, hidden)

    def embed_image_query(
        self, query_image_features: Any, query_feature_map: Any
    ) -> tuple[Any, Any, Any]:
        """The embedding [B,1,E] of the patch that stands for each example picture, its index
        [B,1], and the boxes [B,P,4] of all patches."""
        grid = query_feature_map.shape[1:3]
        found = self._run(
            f"{self._HEAD}.embed_image_query",
            {"query_image_embeds": self._as_map(query_image_features, grid)},
            ["query_embeds", "box_indices", "query_pred_boxes"],
        )
        return found["query_embeds"], found["box_indices"], found["query_pred_boxes"]

    # ---------------------------------------------------------------------------------- runs

    def image_guided_detection(
        self,
        pixel_values: Any,
        query_pixel_values: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Finds in photos [B,C,H,W] what example pictures show: one for all, or one for each."""
        _required(self, pixel_values=pixel_values, query_pixel_values=query_pixel_values)
        attentions, hidden, as_dict = self._choices(None, None, return_dict)
        prefix = "vision_model_output."
        found = self._run(
            f"{self._HEAD}.image_guided_detection",
            {"pixel_values": pixel_values, "query_pixel_values": query_pixel_values},
            [*_GUIDED, *_tower_names(prefix, attentions, hidden)],
        )
        output = Owlv2ImageGuidedObjectDetectionOutput(
            **{name: found[name] for name in _GUIDED},
            vision_model_output=_tower(found, prefix, attentions, hidden),
        )
        if as_dict:
            return output
        order = ("image_embeds", "query_image_embeds", "target_pred_boxes", "query_pred_boxes")
        return tuple(
            to_tuple(output[name])
            for name in (*order, "logits", "class_embeds", "vision_model_output")
        )

    def forward(
        self,
        input_ids: Any,
        pixel_values: Any,
        attention_mask: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        labels: Sequence[Mapping[str, Any]] | None = None,
    ) -> Any:
        """Finds in photos [B,C,H,W] what texts name, ids [B·Q,T], those of a photo together.

        `labels`, a mapping for each photo with class_labels [n] and boxes [n,4] as centre and size,
        give `loss` and `loss_dict`, which the reference has no code for.
        """
        _required(self, input_ids=input_ids, pixel_values=pixel_values)
        attentions, hidden, as_dict = self._choices(
            output_attentions, output_hidden_states, return_dict
        )
        inputs = {
            "input_ids": input_ids,
            "pixel_values": pixel_values,
            "attention_mask": attention_mask,
        }
        want = [*_DETECTION]
        for prefix in ("text_model_output.", "vision_model_output."):
            want += _tower_names(prefix, attentions, hidden)
        if labels is not None:
            for i, label in enumerate(labels):
                for key in ("class_labels", "boxes"):
                    inputs[f"labels.{i}.{key}"] = label[key]
            want += ["loss", "loss_dict.*"]
        found = self._run(self._HEAD, inputs, want)
        parts = {
            key.removeprefix("loss_dict."): value
            for key, value in found.items()
            if key.startswith("loss_dict.")
        }
        output = Owlv2ObjectDetectionOutput(
            loss=found.get("loss"),
            loss_dict=parts or None,
            **{name: found[name] for name in _DETECTION},
            text_model_output=_tower(found, "text_model_output.", attentions, hidden),
            vision_model_output=_tower(found, "vision_model_output.", attentions, hidden),
        )
        if as_dict:
            return output
        tuples = (to_tuple(output.text_model_output), to_tuple(output.vision_model_output))
        losses = present((output.loss, output.loss_dict))
        return (*losses, *(found[name] for name in _DETECTION), *tuples)


_DETECTION = (
    "logits",
    "objectness_logits",
    "pred_boxes",
    "text_embeds",
    "image_embeds",
    "class_embeds",
)
_GUIDED = (
    "logits",
    "image_embeds",
    "query_image_embeds",
    "target_pred_boxes",
    "query_pred_boxes",
    "class_embeds",
)


def _values(value: Any) -> np.ndarray[Any, Any]:
    """An array of a tensor or array."""
    if _arrays.is_tensor(value):
        value = value.detach()
        value = value.float() if value.is_floating_point() else value
    return np.asarray(value)


def _repeated(queries: Any, batch: int) -> Any:
    """The same queries for each photo."""
    if _arrays.is_tensor(queries):
        return queries.repeat(batch, 1)
    return np.tile(queries, (batch, 1))


__all__ = [
    "OWLV2_PRETRAINED_MODEL_ARCHIVE_LIST",
    "Owlv2ForObjectDetection",
    "Owlv2ImageGuidedObjectDetectionOutput",
    "Owlv2Model",
    "Owlv2ObjectDetectionOutput",
    "Owlv2Output",
    "Owlv2PreTrainedModel",
    "Owlv2TextModel",
    "Owlv2VisionModel",
]
