"""The card of a dataset: counts, a sample of pictures, and what would make results on it
untrustworthy.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from rft_core.engine.data.dataset import Dataset, Split, stratified_indices
from rft_core.engine.data.inspect.duplicates import find_duplicates, same_picture
from rft_core.engine.data.load import load_dataset
from rft_core.spec.run_spec import RunSpec

SAMPLES = "samples.png"
PICTURES, COLUMNS, CELL = 48, 12, 96
EXAMPLES = 3
# pictures that mean and std are taken over, in pieces of STATISTICS_PIECE
STATISTICS_PICTURES, STATISTICS_PIECE = 5000, 250


def make_card(
    spec: RunSpec, image_size: int, folder: Path, notify: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Return the card of the dataset of `spec` as a run sees it at `image_size`, and draw its
    sample into `folder`.

    Counts are images; `mean` and `std` are those of the training pixels in [0, 1] for each channel,
    over an even sample of 5,000 images.
    """
    notify("reading the images")
    dataset = load_dataset(spec, image_size=image_size, notify=notify)
    splits = dataset.splits
    notify("looking for pictures that occur twice")
    digests = {name: split.pixel_digests() for name, split in splits.items()}
    duplicates = find_duplicates(dataset.train, dataset.test, digests["train"], digests["test"])
    relabelled = same_picture(list(splits.values()), list(digests.values()))
    notify("drawing the sample")
    shown = _sample(dataset.train)
    pictures, pairs = [dataset.train.images[index] for index in shown], []
    for train, test in [*duplicates.exact[:EXAMPLES], *duplicates.near[:EXAMPLES]]:
        pairs.append(
            {
                "cells": [len(pictures), len(pictures) + 1],
                "classes": [
                    _name(dataset, dataset.train, train),
                    _name(dataset, dataset.test, test),
                ],
            }
        )
        pictures += [dataset.train.images[train], dataset.test.images[test]]
    mean, std = _statistics(dataset.train)
    return {
        "dataset": spec.data.dataset,
        "name": dataset.name,
        "class_names": list(dataset.class_names),
        "image_size": image_size,
        "cut": {
            name: size
            for name, size in (("train", spec.data.train_size), ("test", spec.data.eval_size))
            if size
        },
        "splits": [_split(name, split, dataset) for name, split in splits.items()],
        "domains": list(dataset.domains),
        "others": list(dataset.others),
        **_extremes(dataset),
        "notes": list(dataset.notes),
        "left_out": [entry._asdict() for entry in dataset.left_out],
        "duplicates": {
            "exact": len(duplicates.exact),
            "near": len(duplicates.near),
            "checked": duplicates.checked,
            "examples": pairs,
        },
        "shared_images": dict(dataset.shared or {}),
        "two_labels": {
            "count": len(relabelled),
            "examples": [
                [dataset.class_names[label] for label in labels] for labels in relabelled[:EXAMPLES]
            ],
        },
        "mean": mean,
        "std": std,
        "samples": [_name(dataset, dataset.train, index) for index in shown],
        "atlas": _draw(pictures, image_size, folder),
    }


def _name(dataset: Dataset, split: Split, index: int) -> str:
    return dataset.class_names[int(split.labels[index])]


def _split(name: str, split: Split, dataset: Dataset) -> dict[str, Any]:
    counts = np.bincount(split.labels.numpy(), minlength=dataset.num_classes)
    return {
        "name": name,
        "is_domain": name in dataset.others,
        "count": len(split),
        "per_class": counts.tolist(),
    }


def _extremes(dataset: Dataset) -> dict[str, dict]:
    counts = np.bincount(dataset.train.labels.numpy(), minlength=dataset.num_classes)
    indices = {"smallest": int(counts.argmin()), "largest": int(counts.argmax())}
    return {
        which: {"name": dataset.class_names[index], "count": int(counts[index])}
        for which, index in indices.items()
    }


def _sample(split: Split) -> list[int]:
    """Return up to PICTURES indices in order of class: equally many of each class, or one of each
    of evenly chosen classes if not all fit.
    """
    labels = split.labels.numpy()
    generator = np.random.default_rng(0)
    order = generator.permutation(len(labels))
    by_class = {label: order[labels[order] == label] for label in _chosen_classes(labels)}
    each = max(1, PICTURES // len(by_class))
    return [int(index) for members in by_class.values() for index in members[:each]]


def _chosen_classes(labels: np.ndarray) -> np.ndarray:
    present = np.unique(labels)
    return (
        present
        if len(present) <= PICTURES
        else present[np.linspace(0, len(present) - 1, PICTURES).round().astype(int)]
    )


def _statistics(split: Split) -> tuple[list[float], list[float]]:
    indices = torch.from_numpy(
        stratified_indices(split.labels.numpy(), min(len(split), STATISTICS_PICTURES), seed=0)
    )
    total, squares, pixels = (
        torch.zeros(3, dtype=torch.float64),
        torch.zeros(3, dtype=torch.float64),
        0,
    )
    for piece in indices.split(STATISTICS_PIECE):
        values = split.images[piece].double() / 255
        total += values.sum((0, 2, 3))
        squares += values.square().sum((0, 2, 3))
        pixels += values.numel() // 3
    mean = total / pixels
    std = (squares / pixels - mean.square()).clamp(min=0).sqrt()
    return [round(value, 4) for value in mean.tolist()], [round(value, 4) for value in std.tolist()]


def _draw(pictures: list[torch.Tensor], image_size: int, folder: Path) -> dict[str, Any]:
    """Write the pictures side by side as samples.png; return the geometry that
    `datacards.cells` cuts them out by.
    """
    cell = min(image_size, CELL)
    rows = -(-len(pictures) // COLUMNS)
    atlas = np.zeros((rows * cell, COLUMNS * cell, 3), np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // COLUMNS * cell, index % COLUMNS * cell
        atlas[top : top + cell, left : left + cell] = _fit(picture, cell)
    Image.fromarray(atlas).save(folder / SAMPLES)
    return {"file": SAMPLES, "cell": cell, "columns": COLUMNS, "count": len(pictures)}


def _fit(picture: torch.Tensor, cell: int) -> np.ndarray:
    if picture.shape[-1] != cell:
        picture = (
            F.interpolate(picture[None].float(), size=(cell, cell), mode="area")[0]
            .round()
            .to(torch.uint8)
        )
    return picture.permute(1, 2, 0).numpy()
