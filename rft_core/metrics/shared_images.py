"""Phrases on images that are in two splits: accuracy on them says little about new images."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# the two splits of each name, the first of which holds the images too
PAIRS = MappingProxyType(
    {
        "train_validation": ("validation images", "the training images"),
        "train_test": ("test images", "the training images"),
        "validation_test": ("test images", "the validation images"),
        "train_others": ("images of other domains", "the training images"),
    }
)


def describe_shared(shared: Any, counts: Mapping[str, int] | None = None) -> list[str]:
    """Return a phrase for each two splits that share images, such as "46 of 54 test images are in
    the training images too".

    `shared` maps names of PAIRS to how many images of the second split are in the first; anything
    else, as a damaged store may hold, is ignored. `counts` are the images of each second split by
    its name in `shared`.
    """
    if not isinstance(shared, Mapping):
        return []
    phrases = []
    for pair, (images, where) in PAIRS.items():
        number = shared.get(pair)
        if isinstance(number, int) and number > 0:
            total = (counts or {}).get(pair.partition("_")[2])
            of = f" of {total:,}" if total else ""
            phrases.append(f"{number:,}{of} {images} are in {where} too")
    return phrases
