"""Pictures like no other, and how many of two splits are alike."""

import hashlib

import numpy as np
from PIL import Image

from rft_core.engine.data import load
from rft_core.engine.data.listing import Listing, Pictures
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.sections import DataSpec


def noise(seed: int, size=(12, 10)) -> Image.Image:
    """A picture like no other."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8))


def dataset(path, **settings):
    name = str(path) if ":" in str(path) else f"folder:{path}"
    return load.load_dataset(RunSpec(data=DataSpec(dataset=name, **settings)), image_size=8)


def pixels(split) -> list[str]:
    return [hashlib.sha256(np.asarray(image).tobytes()).hexdigest() for image in split.images]


def alike(data) -> dict[str, int]:
    """How many images of the second split are in the first one."""
    parts = {name: pixels(getattr(data, name)) for name in ("train", "validation", "test")}
    pairs = (("train", "validation"), ("train", "test"), ("validation", "test"))
    return {
        f"{first}_{second}": sum(digest in set(parts[first]) for digest in parts[second])
        for first, second in pairs
    }


def total(data) -> int:
    return len(data.train) + len(data.validation) + len(data.test)


NOTHING = {"train_validation": 0, "train_test": 0, "validation_test": 0}


def listing(name: str, numbers, labels, names=None, **parts) -> Listing:
    """Pictures drawn by number: the same number is the same picture."""
    names = names or [f"{index}.png" for index in range(len(numbers))]
    train = Pictures(
        np.asarray(labels, dtype=np.int64), names, lambda index: noise(int(numbers[index]))
    )
    classes = tuple(str(label) for label in range(max(labels) + 1))
    return Listing(name=name, class_names=classes, fingerprint=name, train=train, **parts)
