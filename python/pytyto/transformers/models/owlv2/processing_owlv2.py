"""OWLv2's processor: its image processor and CLIP's tokenizer as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...feature_extraction_utils import import_torch
from ...processing_utils import ProcessorMixin
from ...utils.generic import TensorType

if TYPE_CHECKING:
    from ...tokenization_utils_base import BatchEncoding


class Owlv2Processor(ProcessorMixin):
    """Texts and pictures for OWLv2.

    `image_processor` is an `Owlv2ImageProcessor`, `tokenizer` a `CLIPTokenizer` or a
    `CLIPTokenizerFast`. ValueError for others.
    """

    attributes = ["image_processor", "tokenizer"]
    image_processor_class = "Owlv2ImageProcessor"
    tokenizer_class = ("CLIPTokenizer", "CLIPTokenizerFast")
    image_processor: Any
    tokenizer: Any

    def __init__(self, image_processor: Any, tokenizer: Any, **kwargs: Any) -> None:
        super().__init__(image_processor, tokenizer)

    def __call__(
        self,
        text: Any = None,
        images: Any = None,
        query_images: Any = None,
        padding: Any = "max_length",
        return_tensors: str | TensorType = "np",
        **kwargs: Any,
    ) -> BatchEncoding:
        """A `BatchEncoding` of what a model takes: input_ids and attention_mask of texts,
        pixel_values of pictures, query_pixel_values of query images.

        `text`: a text, a list of texts for one photo, or a list of such lists, one a photo, where
        the shorter ones are filled up with " ". `return_tensors`: "np" or "pt". Further arguments
        go to the tokenizer and the image processor. ValueError when nothing is given, or
        `return_tensors` is something else while there are texts; TypeError for other texts.
        """
        from ...tokenization_utils_base import BatchEncoding

        if text is None and query_images is None and images is None:
            raise ValueError("got nothing, required text, images or query_images")
        encoding = BatchEncoding()
        if text is not None:
            encoding = BatchEncoding(self._tokenized(text, padding, return_tensors, kwargs))
        if query_images is not None:
            queries = self.image_processor(query_images, return_tensors=return_tensors, **kwargs)
            encoding = BatchEncoding({"query_pixel_values": queries.pixel_values})
        if images is not None:
            features = self.image_processor(images, return_tensors=return_tensors, **kwargs)
            if text is None and query_images is None:
                return BatchEncoding(data=dict(features), tensor_type=return_tensors)
            encoding["pixel_values"] = features.pixel_values
        return encoding

    def _tokenized(
        self, text: Any, padding: Any, return_tensors: Any, kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        if isinstance(text, str) or (
            isinstance(text, list) and (not text or not isinstance(text[0], list))
        ):
            batches = [text]
        elif isinstance(text, list):
            most = max(len(texts) for texts in text)
            batches = [[*texts, *[" "] * (most - len(texts))] for texts in text]
        else:
            raise TypeError(
                f"text: got {type(text).__name__}, required a text, a list, or a list of lists"
            )
        join: Any
        if return_tensors == "np":
            join = np.concatenate
        elif return_tensors == "pt":
            join = import_torch('return_tensors="pt"').cat
        else:
            raise ValueError(f'return_tensors: got {return_tensors!r}, required "np" or "pt"')
        encodings = [
            self.tokenizer(texts, padding=padding, return_tensors=return_tensors, **kwargs)
            for texts in batches
        ]
        return {
            name: join([encoding[name] for encoding in encodings])
            for name in ("input_ids", "attention_mask")
        }

    def post_process_object_detection(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """As `Owlv2ImageProcessor.post_process_object_detection`."""
        return list(self.image_processor.post_process_object_detection(*args, **kwargs))

    def post_process_image_guided_detection(
        self, *args: Any, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """As `Owlv2ImageProcessor.post_process_image_guided_detection`."""
        return list(self.image_processor.post_process_image_guided_detection(*args, **kwargs))

    def post_process(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """As `Owlv2ImageProcessor.post_process`."""
        return list(self.image_processor.post_process(*args, **kwargs))

    def batch_decode(self, *args: Any, **kwargs: Any) -> list[str]:
        """Texts of rows of ids, as the tokenizer gives them."""
        return list(self.tokenizer.batch_decode(*args, **kwargs))

    def decode(self, *args: Any, **kwargs: Any) -> str:
        """The text of ids, as the tokenizer gives it."""
        return str(self.tokenizer.decode(*args, **kwargs))
