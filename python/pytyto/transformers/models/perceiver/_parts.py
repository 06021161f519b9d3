"""The parts that a PerceiverModel may be composed of, by the reference's names and arguments.

A part says what the engine is to compute; it has parameters once it is part of a model, and can't
be run by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ... import _modules
from .configuration_perceiver import PerceiverConfig


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return value.item()
    return value


class Part(_modules.Module):
    """A part of a network: its class, and the arguments of its constructor."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__()
        self.__dict__["_arguments"] = arguments

    def describe(self) -> dict[str, Any]:
        """The part as the engine reads it."""
        arguments: dict[str, Any] = self.__dict__["_arguments"]
        given = {key: _plain(value) for key, value in arguments.items() if value is not None}
        cls = getattr(type(self), "_unbound", type(self))
        return {"type": cls.__name__, **given}

    def parts(self) -> dict[str, Part]:
        """Parts inside, by the path of their parameters."""
        return {}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Raises NotImplementedError: a part runs inside of a PerceiverModel."""
        raise NotImplementedError(f"{type(self).__name__}: runs inside of a PerceiverModel alone")


class AbstractPreprocessor(Part):
    """Makes rows of inputs."""

    @property
    def num_channels(self) -> int:
        """Channels of a row."""
        raise NotImplementedError


class PerceiverAbstractDecoder(Part):
    """Makes queries, and what they find in the latents."""

    @property
    def num_query_channels(self) -> int:
        """Channels of a query."""
        raise NotImplementedError


class _Position:
    """How positions become channels."""

    def __init__(
        self,
        kind: str,
        project_pos_dim: int = -1,
        trainable_position_encoding_kwargs: Mapping[str, Any] | None = None,
        fourier_position_encoding_kwargs: Mapping[str, Any] | None = None,
        out_channels: int | None = None,
    ) -> None:
        self.project_pos_dim = project_pos_dim
        if kind == "trainable":
            if not trainable_position_encoding_kwargs:
                raise ValueError("trainable_position_encoding_kwargs: required with 'trainable'")
            index_dims = trainable_position_encoding_kwargs["index_dims"]
            self.num_dimensions = 1 if isinstance(index_dims, (int, np.integer)) else len(index_dims)
            self.size = int(trainable_position_encoding_kwargs.get("num_channels", 128))
        elif kind == "fourier":
            if not fourier_position_encoding_kwargs:
                raise ValueError("fourier_position_encoding_kwargs: required with 'fourier'")
            given = fourier_position_encoding_kwargs
            self.num_dimensions = len(given["max_resolution"])
            self.size = int(given["num_bands"]) * self.num_dimensions
            self.size *= 1 if given.get("sine_only") else 2
            self.size += self.num_dimensions if given.get("concat_pos", True) else 0
        else:
            raise ValueError(
                f"position_encoding_type: got {kind!r}, required 'trainable' or 'fourier'"
            )

    @property
    def channels(self) -> int:
        """Channels of a position, projected where that is asked for."""
        return self.project_pos_dim if self.project_pos_dim > 0 else self.size


def _check_join(concat_or_add_pos: str) -> None:
    if concat_or_add_pos not in ("concat", "add"):
        raise ValueError(f"concat_or_add_pos: got {concat_or_add_pos!r}, required concat or add")


# ------------------------------------------------------------------------------- preprocessors


class PerceiverTextPreprocessor(AbstractPreprocessor):
    """Embeds ids [B,T] and adds learned positions: rows of config.d_model channels."""

    def __init__(self, config: PerceiverConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def num_channels(self) -> int:
        """Channels of a row."""
        return int(self.config.d_model)


class PerceiverImagePreprocessor(AbstractPreprocessor):
    """Makes rows of pictures [B,C,H,W] or videos [B,T,C,H,W]: pixels, patches or convolutions, with
    positions."""

    def __init__(
        self,
        config: PerceiverConfig,
        prep_type: str = "conv",
        spatial_downsample: int = 4,
        temporal_downsample: int = 1,
        position_encoding_type: str = "fourier",
        in_channels: int = 3,
        out_channels: int = 64,
        conv_after_patching: bool = False,
        conv_after_patching_in_channels: int = 54,
        conv2d_use_batchnorm: bool = True,
        concat_or_add_pos: str = "concat",
        project_pos_dim: int = -1,
        **position_encoding_kwargs: Any,
    ) -> None:
        super().__init__(
            prep_type=prep_type,
            spatial_downsample=spatial_downsample,
            temporal_downsample=temporal_downsample,
            position_encoding_type=position_encoding_type,
            in_channels=in_channels,
            out_channels=out_channels,
            conv_after_patching=conv_after_patching,
            conv_after_patching_in_channels=conv_after_patching_in_channels,
            conv2d_use_batchnorm=conv2d_use_batchnorm,
            concat_or_add_pos=concat_or_add_pos,
            project_pos_dim=project_pos_dim,
            **position_encoding_kwargs,
        )
        if prep_type not in ("conv", "patches", "pixels", "conv1x1"):
            raise ValueError(
                f"prep_type: got {prep_type!r}, required conv, conv1x1, patches or pixels"
            )
        _check_join(concat_or_add_pos)
        if prep_type == "conv":
            layers = math.log(spatial_downsample, 4)
            if layers != round(layers) or temporal_downsample != 1:
                raise ValueError(
                    "conv: required a spatial_downsample that is a power of 4, and a "
                    "temporal_downsample of 1"
                )
        elif prep_type == "conv1x1" and temporal_downsample != 1:
            raise ValueError("conv1x1: required a temporal_downsample of 1")
        self.config = config
        self.prep_type = prep_type
        self.spatial_downsample = spatial_downsample
        self.temporal_downsample = temporal_downsample
        self.position_encoding_type = position_encoding_type
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.conv_after_patching = conv_after_patching
        self.concat_or_add_pos = concat_or_add_pos
        self.project_pos_dim = project_pos_dim
        self._position = _Position(
            position_encoding_type, project_pos_dim, **position_encoding_kwargs
        )

    @property
    def num_channels(self) -> int:
        """Channels of a row, positions among them."""
        video = self._position.num_dimensions > 2
        if self.concat_or_add_pos == "add":
            return self._position.channels
        if self.conv_after_patching or self.prep_type in ("conv", "conv1x1"):
            content = self.out_channels
        elif self.prep_type == "pixels":
            content = self.in_channels
            content = content if video else math.ceil(content / self.spatial_downsample)
        else:
            content = self.in_channels * self.spatial_downsample**2
            content *= self.temporal_downsample if video else 1
        return content + self._position.channels


class PerceiverOneHotPreprocessor(AbstractPreprocessor):
    """Makes one row of a label's scores [B,num_labels]."""

    def __init__(self, config: PerceiverConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def num_channels(self) -> int:
        """Channels of a row."""
        return int(self.config.num_labels)


class PerceiverAudioPreprocessor(AbstractPreprocessor):
    """Makes rows of sound [B,samples,1], some samples each, with positions."""

    def __init__(
        self,
        config: PerceiverConfig,
        prep_type: str = "patches",
        samples_per_patch: int = 96,
        position_encoding_type: str = "fourier",
        concat_or_add_pos: str = "concat",
        out_channels: int = 64,
        project_pos_dim: int = -1,
        **position_encoding_kwargs: Any,
    ) -> None:
        super().__init__(
            prep_type=prep_type,
            samples_per_patch=samples_per_patch,
            position_encoding_type=position_encoding_type,
            concat_or_add_pos=concat_or_add_pos,
            out_channels=out_channels,
            project_pos_dim=project_pos_dim,
            **position_encoding_kwargs,
        )
        if prep_type != "patches":
            raise ValueError(f"prep_type: got {prep_type!r}, required patches")
        _check_join(concat_or_add_pos)
        self.config = config
        self.samples_per_patch = samples_per_patch
        self.position_encoding_type = position_encoding_type
        self.concat_or_add_pos = concat_or_add_pos
        self.project_pos_dim = project_pos_dim
        self._position = _Position(
            position_encoding_type, project_pos_dim, **position_encoding_kwargs
        )

    @property
    def num_channels(self) -> int:
        """Channels of a row, positions among them."""
        content = 0 if self.concat_or_add_pos == "add" else self.samples_per_patch
        return content + self._position.channels


class _Several(Part):
    """A part with a part for each modality."""

    def __init__(self, modalities: Mapping[str, Any], **arguments: Any) -> None:
        super().__init__(**arguments)
        for name, part in modalities.items():
            require_part(name, part)
        self.__dict__["_by_name"] = dict(modalities)

    @property
    def modalities(self) -> dict[str, Any]:
        """The parts by their modality."""
        found: dict[str, Any] = self.__dict__["_by_name"]
        return found

    def describe(self) -> dict[str, Any]:
        """The part as the engine reads it."""
        inside = {name: part.describe() for name, part in self.modalities.items()}
        return {**super().describe(), "modalities": inside}

    def parts(self) -> dict[str, Part]:
        """Parts inside, by the path of their parameters."""
        return {f"modalities.{name}": part for name, part in self.modalities.items()}


class PerceiverMultimodalPreprocessor(_Several, AbstractPreprocessor):
    """Makes rows of inputs of several modalities, all padded to as many channels."""

    def __init__(
        self,
        modalities: Mapping[str, Any],
        mask_probs: Mapping[str, float] | None = None,
        min_padding_size: int = 2,
    ) -> None:
        super().__init__(modalities, mask_probs=mask_probs, min_padding_size=min_padding_size)
        self.min_padding_size = min_padding_size
        self.mask_probs = mask_probs if mask_probs is not None else {}

    @property
    def num_channels(self) -> int:
        """Channels of a row of any modality."""
        most = max(part.num_channels for part in self.modalities.values())
        return int(most + self.min_padding_size)


# ------------------------------------------------------------------------------------ decoders


class PerceiverProjectionDecoder(PerceiverAbstractDecoder):
    """Classifies the mean of the latents: logits [B,num_labels]."""

    def __init__(self, config: PerceiverConfig) -> None:
        super().__init__()
        self.config = config


class PerceiverBasicDecoder(PerceiverAbstractDecoder):
    """Lets queries of positions attend to the latents."""

    def __init__(
        self,
        config: PerceiverConfig,
        output_num_channels: int,
        position_encoding_type: str | None = "trainable",
        output_index_dims: int | Sequence[int] | None = None,
        num_channels: int | None = 128,
        subsampled_index_dims: int | None = None,
        qk_channels: int | None = None,
        v_channels: int | None = None,
        num_heads: int | None = 1,
        widening_factor: int | None = 1,
        use_query_residual: bool | None = False,
        concat_preprocessed_input: bool | None = False,
        final_project: bool | None = True,
        position_encoding_only: bool | None = False,
        **position_encoding_kwargs: Any,
    ) -> None:
        super().__init__(
            output_num_channels=output_num_channels,
            position_encoding_type=position_encoding_type,
            output_index_dims=output_index_dims,
            num_channels=num_channels,
            subsampled_index_dims=subsampled_index_dims,
            qk_channels=qk_channels,
            v_channels=v_channels,
            num_heads=num_heads,
            widening_factor=widening_factor,
            use_query_residual=use_query_residual,
            concat_preprocessed_input=concat_preprocessed_input,
            final_project=final_project,
            position_encoding_only=position_encoding_only,
            **position_encoding_kwargs,
        )
        self.config = config
        self.output_num_channels = output_num_channels
        self.output_index_dims = output_index_dims
        self.num_channels = num_channels
        self.position_encoding_type = position_encoding_type
        self.position_encoding_kwargs = position_encoding_kwargs
        self.concat_preprocessed_input = concat_preprocessed_input
        self.final_project = final_project
        self.position_encoding_only = position_encoding_only
        self._position = None
        if position_encoding_type != "none":
            self._position = _Position(str(position_encoding_type), **position_encoding_kwargs)

    @property
    def num_query_channels(self) -> int:
        """Channels of a query, or of what is made of it."""
        if self._position is None:
            raise ValueError("num_query_channels: queries of position_encoding_type 'none' are given")
        if self.position_encoding_only:
            given = self.position_encoding_kwargs.get("project_pos_dim")
            return int(self._position.size if given is None else given)
        return int((self.output_num_channels if self.final_project else self.num_channels) or 0)


class _Wrapped(PerceiverAbstractDecoder):
    """A decoder around a PerceiverBasicDecoder."""

    def __init__(self, basic: PerceiverBasicDecoder, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.__dict__["_basic"] = basic

    @property
    def num_query_channels(self) -> int:
        """Channels of a query, or of what is made of it."""
        basic: PerceiverBasicDecoder = self.__dict__["_basic"]
        return basic.num_query_channels

    def parts(self) -> dict[str, Part]:
        """The decoder inside."""
        return {"decoder": self.__dict__["_basic"]}


class PerceiverClassificationDecoder(_Wrapped):
    """Classifies by one query: logits [B,num_labels]."""

    def __init__(self, config: PerceiverConfig, **decoder_kwargs: Any) -> None:
        basic = PerceiverBasicDecoder(
            config, output_num_channels=config.num_labels, output_index_dims=1, **decoder_kwargs
        )
        super().__init__(basic, **decoder_kwargs)
        self.num_labels = config.num_labels


class PerceiverOpticalFlowDecoder(_Wrapped):
    """Decodes motion by the preprocessed inputs as queries: [B,H,W,2]."""

    def __init__(
        self,
        config: PerceiverConfig,
        output_image_shape: Sequence[int],
        output_num_channels: int = 2,
        rescale_factor: float = 100.0,
        **decoder_kwargs: Any,
    ) -> None:
        basic = PerceiverBasicDecoder(
            config, output_num_channels=output_num_channels, **decoder_kwargs
        )
        super().__init__(
            basic,
            output_image_shape=output_image_shape,
            output_num_channels=output_num_channels,
            rescale_factor=rescale_factor,
            **decoder_kwargs,
        )
        self.output_image_shape = output_image_shape
        self.output_num_channels = output_num_channels
        self.rescale_factor = rescale_factor


class PerceiverBasicVideoAutoencodingDecoder(_Wrapped):
    """Decodes video by queries of its positions: [B,T,H,W,channels]."""

    def __init__(
        self,
        config: PerceiverConfig,
        output_shape: Sequence[int],
        position_encoding_type: str,
        **decoder_kwargs: Any,
    ) -> None:
        if len(output_shape) != 4:
            raise ValueError(f"output_shape: got {list(output_shape)}, required 4 dimensions")
        self_index = list(output_shape)[1:]
        basic = PerceiverBasicDecoder(
            config,
            output_index_dims=self_index,
            position_encoding_type=position_encoding_type,
            **decoder_kwargs,
        )
        super().__init__(
            basic,
            output_shape=output_shape,
            position_encoding_type=position_encoding_type,
            **decoder_kwargs,
        )
        self.output_shape = output_shape
        self.output_num_channels = decoder_kwargs["output_num_channels"]


class PerceiverMultimodalDecoder(_Several, PerceiverAbstractDecoder):
    """Decodes several modalities, each with queries of its own, by one attention."""

    def __init__(
        self,
        config: PerceiverConfig,
        modalities: Mapping[str, Any],
        num_outputs: int | None,
        output_num_channels: int,
        min_padding_size: int | None = 2,
        subsampled_index_dims: Mapping[str, Any] | None = None,
        **decoder_kwargs: Any,
    ) -> None:
        super().__init__(
            modalities,
            num_outputs=num_outputs,
            output_num_channels=output_num_channels,
            min_padding_size=min_padding_size,
            subsampled_index_dims=subsampled_index_dims,
            **decoder_kwargs,
        )
        self.config = config
        self.num_outputs = num_outputs
        self.output_num_channels = output_num_channels
        self.min_padding_size = min_padding_size

    @property
    def num_query_channels(self) -> int:
        """Channels of a query of any modality."""
        most = max(part.num_query_channels for part in self.modalities.values())
        return int(most + (self.min_padding_size or 0))


# ------------------------------------------------------------------------------ postprocessors


class PerceiverProjectionPostprocessor(Part):
    """Projects a decoder's channels."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels=in_channels, out_channels=out_channels)


class PerceiverAudioPostprocessor(Part):
    """Makes samples of a decoder's rows."""

    def __init__(
        self, config: PerceiverConfig, in_channels: int, postproc_type: str = "patches"
    ) -> None:
        super().__init__(in_channels=in_channels, postproc_type=postproc_type)
        if postproc_type != "patches":
            raise ValueError(f"postproc_type: got {postproc_type!r}, required patches")
        self.config = config


class PerceiverClassificationPostprocessor(Part):
    """Makes logits of a decoder's row."""

    def __init__(self, config: PerceiverConfig, in_channels: int) -> None:
        super().__init__(in_channels=in_channels)
        self.config = config


class PerceiverMultimodalPostprocessor(_Several):
    """Makes outputs of each modality's rows."""

    def __init__(self, modalities: Mapping[str, Any], input_is_dict: bool = False) -> None:
        super().__init__(modalities, input_is_dict=input_is_dict)
        self.input_is_dict = input_is_dict


def require_part(name: str, part: Any) -> None:
    """NotImplementedError for a part of the user's own: the engine has no code for it."""
    if not isinstance(part, Part):
        raise NotImplementedError(
            f"{name}: got {type(part).__name__}, but the engine runs the parts of "
            "models.perceiver.modeling_perceiver alone"
        )


PARTS = {
    cls.__name__: cls
    for cls in (
        PerceiverTextPreprocessor,
        PerceiverImagePreprocessor,
        PerceiverOneHotPreprocessor,
        PerceiverAudioPreprocessor,
        PerceiverMultimodalPreprocessor,
        PerceiverProjectionDecoder,
        PerceiverBasicDecoder,
        PerceiverClassificationDecoder,
        PerceiverOpticalFlowDecoder,
        PerceiverBasicVideoAutoencodingDecoder,
        PerceiverMultimodalDecoder,
        PerceiverProjectionPostprocessor,
        PerceiverAudioPostprocessor,
        PerceiverClassificationPostprocessor,
        PerceiverMultimodalPostprocessor,
    )
}

__all__ = [*PARTS, "AbstractPreprocessor", "PerceiverAbstractDecoder"]
