"""Perceivers: a network of chosen parts, and those that the reference composes for its tasks.

Shapes: B inputs, N latents of D channels, M rows of inputs, T tokens or positions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .... import _arrays
from ...configuration_utils import PretrainedConfig
from ...modeling_utils import PreTrainedModel, _seed, states
from ...utils.generic import ModelOutput, present
from . import _parts
from ._parts import (
    AbstractPreprocessor,
    PerceiverAbstractDecoder,
    PerceiverAudioPostprocessor,
    PerceiverAudioPreprocessor,
    PerceiverBasicDecoder,
    PerceiverBasicVideoAutoencodingDecoder,
    PerceiverClassificationDecoder,
    PerceiverClassificationPostprocessor,
    PerceiverImagePreprocessor,
    PerceiverMultimodalDecoder,
    PerceiverMultimodalPostprocessor,
    PerceiverMultimodalPreprocessor,
    PerceiverOneHotPreprocessor,
    PerceiverOpticalFlowDecoder,
    PerceiverProjectionDecoder,
    PerceiverProjectionPostprocessor,
    PerceiverTextPreprocessor,
)
from .configuration_perceiver import PerceiverConfig


PERCEIVER_PRETRAINED_MODEL_ARCHIVE_LIST = ["deepmind/language-perceiver"]


@dataclass
class PerceiverModelOutput(ModelOutput):
    """A network's: logits (of its decoder, if it has one), and last_hidden_state [B,N,D]."""

    logits: Any = None
    last_hidden_state: Any = None
    hidden_states: tuple[Any, ...] | None = None
    attentions: tuple[Any, ...] | None = None
    cross_attentions: tuple[Any, ...] | None = None


@dataclass
class PerceiverDecoderOutput(ModelOutput):
    """A decoder's: logits."""

    logits: Any = None
    cross_attentions: tuple[Any, ...] | None = None


@dataclass
class PerceiverMaskedLMOutput(ModelOutput):
    """A masked language model's: logits [B,T,vocab_size]."""

    loss: Any = None
    logits: Any = None
    hidden_states: tuple[Any, ...] | None = None
    attentions: tuple[Any, ...] | None = None
    cross_attentions: tuple[Any, ...] | None = None


@dataclass
class PerceiverClassifierOutput(ModelOutput):
    """A classifier's, and those of motion and of several modalities, whose logits are a dict."""

    loss: Any = None
    logits: Any = None
    hidden_states: tuple[Any, ...] | None = None
    attentions: tuple[Any, ...] | None = None
    cross_attentions: tuple[Any, ...] | None = None


def _named(name: str, value: Any) -> dict[str, Any]:
    """An input, or those of each modality, by the engine's names."""
    if isinstance(value, Mapping):
        return {f"{name}.{key}": one for key, one in value.items() if one is not None}
    return {} if value is None else {name: value}


def _one_of(model: Any, inputs: Any, other: Any, name: str) -> Any:
    """The inputs, under whichever of two names they were given."""
    if inputs is not None and other is not None:
        raise ValueError(f"{type(model).__name__}: got both inputs and {name}, required one of them")
    return other if inputs is None else inputs


class PerceiverPreTrainedModel(PreTrainedModel):
    """What Perceivers share."""

    config_class: type[PretrainedConfig] = PerceiverConfig
    base_model_prefix = "perceiver"
    main_input_name = "inputs"
    # Whether logits are of several modalities.
    _several = False

    def _inner_module(self, path: str) -> Any | None:
        return self._view(PerceiverModel, self.config, path) if path == "perceiver" else None

    def _compute(
        self,
        inputs: Any,
        attention_mask: Any,
        head_mask: Any,
        output_attentions: bool | None,
        output_hidden_states: bool | None,
        return_dict: bool | None,
        *,
        points: Any = None,
        latents: Any = None,
        labels: Any = None,
        want: tuple[str, ...] = (),
    ) -> tuple[PerceiverModelOutput, Any, bool]:
        """A run's output, its loss or None, and whether the caller wants more than tuples."""
        attentions, hidden, as_dict = self._choices(
            output_attentions, output_hidden_states, return_dict
        )
        if inputs is None and latents is None:
            raise ValueError(f"{type(self).__name__}: inputs: required")
        given = {
            **_named("inputs", inputs),
            **_named("subsampled_output_points", points),
            "attention_mask": attention_mask,
            "head_mask": head_mask,
            "last_hidden_state": latents,
            "labels": labels,
            **self._further(),
        }
        names = [*want, *(["loss"] if labels is not None else [])]
        names += ["hidden_states.*"] if hidden else []
        names += ["attentions.*", "cross_attentions.*"] if attentions else []
        found = self._run(self._head_name(), given, names)
        logits: Any = found.get("logits")
        if self._several:
            logits = {
                key.removeprefix("logits."): value
                for key, value in found.items()
                if key.startswith("logits.")
            }
        output = PerceiverModelOutput(
            logits=logits,
            last_hidden_state=found.get("last_hidden_state"),
            hidden_states=states(found, "hidden_states") if hidden else None,
            attentions=states(found, "attentions") if attentions else None,
            cross_attentions=states(found, "cross_attentions") if attentions else None,
        )
        return output, found.get("loss"), as_dict

    def _head_name(self) -> str:
        return str(self.__dict__.get("_root_architecture") or self._architecture)

    def _further(self) -> dict[str, Any]:
        """Further inputs that a network needs."""
        return {}

    def _finish(self, output: PerceiverModelOutput, loss: Any, as_dict: bool, kind: Any) -> Any:
        """The output of a class for a task."""
        if as_dict:
            return kind(
                loss=loss,
                logits=output.logits,
                hidden_states=output.hidden_states,
                attentions=output.attentions,
                cross_attentions=output.cross_attentions,
            )
        return present((loss, output.logits, *_tuple_of_states(output)))

    def _classify(
        self,
        inputs: Any,
        attention_mask: Any,
        head_mask: Any,
        output_attentions: bool | None,
        output_hidden_states: bool | None,
        labels: Any,
        return_dict: bool | None,
    ) -> Any:
        """A classifier's run."""
        if labels is not None:
            labels = self._prepared_labels(labels)
        output, loss, as_dict = self._compute(
            inputs,
            attention_mask,
            head_mask,
            output_attentions,
            output_hidden_states,
            return_dict,
            labels=labels,
            want=("logits",),
        )
        return self._finish(output, loss, as_dict, PerceiverClassifierOutput)

    def _prepared_labels(self, labels: Any) -> Any:
        """Labels in the shape that the problem has, whose type they decide where the config
        doesn't."""
        config = self.config
        if not hasattr(labels, "dtype"):
            labels = np.asarray(labels)
        whole = _is_whole(labels)
        inferred = "multi_label_classification"
        if config.num_labels == 1:
            inferred = "regression"
        elif whole:
            inferred = "single_label_classification"
        if config.problem_type is None:
            config.problem_type = inferred
        assert self._weights is not None
        known = json.loads(self._weights.config)
        if config.problem_type != (known.get("problem_type") or inferred):
            known["problem_type"] = config.problem_type
            self._weights.reconfigure(json.dumps(known))
        single = config.problem_type == "single_label_classification"
        if single or (config.problem_type == "regression" and config.num_labels == 1):
            labels = labels.reshape(-1)
        if not single and whole:
            labels = labels.float() if _arrays.is_tensor(labels) else labels.astype(np.float32)
        return labels


def _is_whole(values: Any) -> bool:
    if _arrays.is_tensor(values):
        return not (values.is_floating_point() or values.is_complex())
    return bool(values.dtype.kind in "iu")


def _tuple_of_states(output: PerceiverModelOutput) -> tuple[Any, ...]:
    """States and attentions as tuples have them: the decoder's attention stands by itself."""
    crossed = output.cross_attentions
    encoder = None if crossed is None else crossed[:1]
    decoder = crossed[1:] if crossed is not None else ()
    return present((output.hidden_states, output.attentions, encoder, *decoder))


class PerceiverModel(PerceiverPreTrainedModel):
    """A network of chosen parts, each of which may be left out.

    >>> config = PerceiverConfig(num_latents=4, d_latents=16, d_model=8, vocab_size=20,
    ...     num_self_attends_per_block=1, max_position_embeddings=6, num_labels=3)
    >>> model = PerceiverModel(config, input_preprocessor=PerceiverTextPreprocessor(config),
    ...     decoder=PerceiverClassificationDecoder(config, num_channels=16, use_query_residual=True,
    ...         trainable_position_encoding_kwargs={"num_channels": 16, "index_dims": 1}))
    >>> model(inputs=np.array([[1, 2, 3]])).logits.shape
    (1, 3)
    """

    _architecture = "PerceiverModel"

    def __init__(
        self,
        config: PerceiverConfig,
        decoder: Any = None,
        input_preprocessor: Any = None,
        output_postprocessor: Any = None,
    ) -> None:
        chosen = {
            "input_preprocessor": input_preprocessor,
            "decoder": decoder,
            "output_postprocessor": output_postprocessor,
        }
        for name, part in chosen.items():
            if part is not None:
                _parts.require_part(name, part)
        self.__dict__["_chosen"] = {key: part for key, part in chosen.items() if part is not None}
        super().__init__(config)
        for name, part in chosen.items():
            setattr(self, name, part)
        self._several = isinstance(output_postprocessor, PerceiverMultimodalPostprocessor)

    def _arguments(self) -> dict[str, Any]:
        return dict(self.__dict__["_chosen"])

    def _parts(self) -> str | None:
        chosen = self.__dict__["_chosen"]
        if not chosen:
            return None
        return json.dumps({name: part.describe() for name, part in chosen.items()})

    def _inner_module(self, path: str) -> Any | None:
        name, _, below = path.partition(".")
        part = self.__dict__["_chosen"].get(name)
        while part is not None and below:
            parts = part.parts()
            step = next((key for key in parts if (below + ".").startswith(key + ".")), None)
            part = parts[step] if step is not None else None
            below = below[len(step or "") + 1 :]
        return part

    def _further(self) -> dict[str, Any]:
        part = self.__dict__.get("_chosen", {}).get("input_preprocessor")
        probabilities = getattr(part, "mask_probs", None) or {}
        if any(0 < value < 1 for value in probabilities.values()):
            return {"mask_seed": np.array(_seed() >> 1)}
        return {}

    def get_input_embeddings(self) -> Any:
        """The latents that encoding begins with [N,D]."""
        return self.embeddings.latents

    def set_input_embeddings(self, value: Any) -> None:
        """Puts other latents there, which must have the same shape when the model runs."""
        self.embeddings.latents = value

    def forward(
        self,
        inputs: Any,
        attention_mask: Any = None,
        subsampled_output_points: Any = None,
        head_mask: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        last_hidden_state: Any = None,
    ) -> Any:
        """Encodes inputs, an array or a dict of one for each modality, and decodes.

        Without a preprocessor inputs are rows [B,M,d_model]. attention_mask [B,M] is 1 where a row
        counts; subsampled_output_points are positions to decode, by modality where there are
        several; last_hidden_state [B,N,D] are latents of an earlier run, in place of encoding.
        Inside of a PerceiverForMaskedLM it has no logits of its own.
        """
        inside = self.__dict__.get("_root_architecture")
        if inside is None:
            decodes = "decoder" in self.__dict__["_chosen"]
        else:
            self._several = inside == PerceiverForMultimodalAutoencoding._architecture
            decodes = inside != PerceiverForMaskedLM._architecture
        logits = "logits.*" if self._several else "logits"
        output, _, as_dict = self._compute(
            inputs,
            attention_mask,
            head_mask,
            output_attentions,
            output_hidden_states,
            return_dict,
            points=subsampled_output_points,
            latents=last_hidden_state,
            want=(logits, "last_hidden_state") if decodes else ("last_hidden_state",),
        )
        if as_dict:
            return output
        return present((output.logits, output.last_hidden_state, *_tuple_of_states(output)))


class PerceiverForMaskedLM(PerceiverPreTrainedModel):
    """Says which bytes are missing in a text."""

    _architecture = "PerceiverForMaskedLM"

    def forward(
        self,
        inputs: Any = None,
        attention_mask: Any = None,
        head_mask: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        labels: Any = None,
        return_dict: bool | None = None,
        input_ids: Any = None,
        subsampled_output_points: Any = None,
    ) -> Any:
        """Logits [B,max_position_embeddings,vocab_size] of ids [B,T], or of the positions
        subsampled_output_points [P] alone. `labels`, as many, give the loss; -100 doesn't count."""
        output, loss, as_dict = self._compute(
            _one_of(self, inputs, input_ids, "input_ids"),
            attention_mask,
            head_mask,
            output_attentions,
            output_hidden_states,
            return_dict,
            points=subsampled_output_points,
            labels=labels,
            want=("logits",),
        )
        return self._finish(output, loss, as_dict, PerceiverMaskedLMOutput)


class PerceiverForSequenceClassification(PerceiverPreTrainedModel):
    """Classifies texts."""

    _architecture = "PerceiverForSequenceClassification"

    def __init__(self, config: PerceiverConfig) -> None:
        super().__init__(config)
        self.num_labels = config.num_labels

    def forward(
        self,
        inputs: Any = None,
        attention_mask: Any = None,
        head_mask: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        labels: Any = None,
        return_dict: bool | None = None,
        input_ids: Any = None,
    ) -> Any:
        """Logits [B,num_labels] of ids [B,T]. `labels` give the loss: numbers of classes [B], scores
        of all [B,num_labels], or values for a regression."""
        return self._classify(
            _one_of(self, inputs, input_ids, "input_ids"),
            attention_mask,
            head_mask,
            output_attentions,
            output_hidden_states,
            labels,
            return_dict,
        )


class _ImageClassification(PerceiverPreTrainedModel):
    """Classifies pictures."""

    def __init__(self, config: PerceiverConfig) -> None:
        super().__init__(config)
        self.num_labels = config.num_labels

    def forward(
        self,
        inputs: Any = None,
        attention_mask: Any = None,
        head_mask: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        labels: Any = None,
        return_dict: bool | None = None,
        pixel_values: Any = None,
    ) -> Any:
        """Logits [B,num_labels] of pictures, pixels [B,C,H,W]. `labels` give the loss."""
        return self._classify(
            _one_of(self, inputs, pixel_values, "pixel_values"),
            attention_mask,
            head_mask,
            output_attentions,
            output_hidden_states,
            labels,
            return_dict,
        )


class PerceiverForImageClassificationLearned(_ImageClassification):
    """Classifies pictures by pixels and learned positions."""

    _architecture = "PerceiverForImageClassificationLearned"


class PerceiverForImageClassificationFourier(_ImageClassification):
    """Classifies pictures by pixels and Fourier features of their positions."""

    _architecture = "PerceiverForImageClassificationFourier"


class PerceiverForImageClassificationConvProcessing(_ImageClassification):
    """Classifies pictures by a convolution's features."""

    _architecture = "PerceiverForImageClassificationConvProcessing"


class PerceiverForOpticalFlow(PerceiverPreTrainedModel):
    """Says what moved between two frames."""

    _architecture = "PerceiverForOpticalFlow"

    def forward(
        self,
        inputs: Any = None,
        attention_mask: Any = None,
        head_mask: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        labels: Any = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Motion [B,H,W,2] of patches around each pixel of two frames, [B,2,27,H,W]."""
        if labels is not None:
            raise NotImplementedError("labels: there is no loss of optical flow")
        output, loss, as_dict = self._compute(
            inputs,
            attention_mask,
            head_mask,
            output_attentions,
            output_hidden_states,
            return_dict,
            want=("logits",),
        )
        return self._finish(output, loss, as_dict, PerceiverClassifierOutput)


class PerceiverForMultimodalAutoencoding(PerceiverPreTrainedModel):
    """Makes a video with sound and label again."""

    _architecture = "PerceiverForMultimodalAutoencoding"
    _several = True

    def forward(
        self,
        inputs: Any = None,
        attention_mask: Any = None,
        subsampled_output_points: Any = None,
        head_mask: Any = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        labels: Any = None,
        return_dict: bool | None = None,
        last_hidden_state: Any = None,
    ) -> Any:
        """Logits by modality of inputs {"image": [B,T,3,H,W], "audio": [B,samples,1], "label":
        [B,num_labels]}, of the positions that subsampled_output_points names, or of all.

        last_hidden_state [B,N,D] are latents of an earlier run, in place of encoding again.
        """
        if labels is not None:
            raise NotImplementedError("labels: there is no loss of multimodal autoencoding")
        output, loss, as_dict = self._compute(
            inputs,
            attention_mask,
            head_mask,
            output_attentions,
            output_hidden_states,
            return_dict,
            points=subsampled_output_points,
            latents=last_hidden_state,
            want=("logits.*",),
        )
        return self._finish(output, loss, as_dict, PerceiverClassifierOutput)


_MODELS = (
    "PerceiverForImageClassificationConvProcessing",
    "PerceiverForImageClassificationFourier",
    "PerceiverForImageClassificationLearned",
    "PerceiverForMaskedLM",
    "PerceiverForMultimodalAutoencoding",
    "PerceiverForOpticalFlow",
    "PerceiverForSequenceClassification",
    "PerceiverModel",
    "PerceiverPreTrainedModel",
)

__all__ = [
    *_MODELS,
    "PERCEIVER_PRETRAINED_MODEL_ARCHIVE_LIST",
    "AbstractPreprocessor",
    "PerceiverAbstractDecoder",
    "PerceiverAudioPostprocessor",
    "PerceiverAudioPreprocessor",
    "PerceiverBasicDecoder",
    "PerceiverBasicVideoAutoencodingDecoder",
    "PerceiverClassificationDecoder",
    "PerceiverClassificationPostprocessor",
    "PerceiverClassifierOutput",
    "PerceiverDecoderOutput",
    "PerceiverImagePreprocessor",
    "PerceiverMaskedLMOutput",
    "PerceiverModelOutput",
    "PerceiverMultimodalDecoder",
    "PerceiverMultimodalPostprocessor",
    "PerceiverMultimodalPreprocessor",
    "PerceiverOneHotPreprocessor",
    "PerceiverOpticalFlowDecoder",
    "PerceiverProjectionDecoder",
    "PerceiverProjectionPostprocessor",
    "PerceiverTextPreprocessor",
]
