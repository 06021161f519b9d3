"""What objects are called: names, synonyms and phrases of objects.json as token ids, and words
that name nothing in the scenes (absent.json)."""
import json
import pathlib
import sys

import scenes

sys.path.insert(0, str(scenes.HERE.parent.parent / "tests" / "golden"))
from clip_vocabulary import write_tokenizer  # noqa: E402  the CLIP table's first merges

MERGES = 3000
LENGTH = 16
TEMPLATES = (
    "{}", "a {}", "an {}", "the {}", "one {}", "some {}", "{}s", "my {}", "this {}", "that {}",
    "a photo of a {}", "a photo of an {}", "a photo of the {}", "a photo of {}",
    "a picture of a {}", "a picture of the {}", "an image of a {}", "an image of {}",
    "a drawing of a {}", "a drawing of {}", "a cartoon {}", "a small {}",
    "a large {}", "a big {}", "a little {}", "a cute {}",
    "a close-up photo of a {}", "a bad photo of a {}", "a good photo of the {}", "itap of a {}",
    "{} emoji", "a {} in the picture", "there is a {} in the scene", "a toy {}", "find the {}",
    "where is the {}?", "a photo of a small {}", "a photo of many {}s", "a rendering of a {}",
    # The authors' own seven, and sentences that end in a stop.
    "itap of a {}.", "a bad photo of the {}.", "a origami {}.", "a photo of the large {}.",
    "a {} in a video game.", "art of the {}.", "a photo of the small {}.", "a photo of a {}.",
    "{}.", "a {}.",
)


def tokenizer(folder):
    """Writes the tokenizer's files into folder and returns it."""
    return write_tokenizer(folder, count=MERGES, max_length=LENGTH, layout="json")


def all_phrases():
    """[(phrase, object index)]: names and synonyms in every template."""
    return [(template.format(name), index)
            for index, item in enumerate(scenes.load_objects())
            for name in [item["name"], *item["also"]] for template in TEMPLATES]


def absent(which):
    """Words for things that no scene shows: "learnt" in training, or kept for the "test"."""
    return json.loads((pathlib.Path(scenes.HERE) / "absent.json").read_text())[which]
