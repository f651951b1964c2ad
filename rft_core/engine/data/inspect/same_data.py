"""Whether a run that is resumed, or whose data were moved, still has the images it began with.

What a run began with is kept in its folder as DATA: its classes, and the size and a digest of each
split.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from rft_core.engine.data.dataset import Dataset, Split
from rft_core.engine.data.load import load_dataset
from rft_core.engine.models.build import preprocessing
from rft_core.errors import DataError
from rft_core.files.atomic import read_json, write_json
from rft_core.files.run_files import DATA, is_readable
from rft_core.spec.run_spec import RunSpec

# evenly spaced images that the digest of a split is made of: a digest of millions would delay the
# first step
DIGESTED = 1000


def describe_data(dataset: Dataset) -> dict[str, Any]:
    """Return what distinguishes `dataset` from others, as plain data: class names, and the size and
    a digest of each split.
    """
    splits = {
        "train": dataset.train,
        "validation": dataset.validation,
        "test": dataset.test,
    } | dict(dataset.others)
    described = {
        name: {"n": len(split), "digest": _sample(split).digest()} for name, split in splits.items()
    }
    return {"classes": list(dataset.class_names), "splits": described}


def keep_or_compare(
    dataset: Dataset, folder: Path, *, goes_on: bool, notify: Callable[[str], None]
) -> None:
    """Write the description of `dataset` into the run's `folder`; if the run `goes_on` from a
    checkpoint, compare it with the description that is there.

    Raises DataError if the run would continue with other images than it began with.
    """
    found = describe_data(dataset)
    if goes_on and (before := _read(folder)) is not None:
        if fault := _difference(before, found):
            raise DataError(
                f"data.dataset is not what this run began with: {fault}; bring the old files back,"
                " say where they are with `relocate`, or launch a new run"
            )
        return
    try:
        write_json(folder / DATA, found)
    except OSError as error:
        notify(
            f"{DATA} could not be written ({error.strerror or error}); resumed later, this run"
            " cannot tell whether its images are still the same"
        )


def compare_data(
    spec: RunSpec,
    folder: Path,
    digest: str | None,
    notify: Callable[[str], None] = lambda text: None,
) -> str:
    """Compare the dataset of `spec` with that of the run in `folder`; return what was compared, and
    raise DataError if they differ.

    `digest` is that of the test images in the run's report, None if it was not measured.
    """
    image_size = spec.data.image_size or preprocessing(spec.model.backbone).image_size
    dataset, before = load_dataset(spec, image_size=image_size, notify=notify), _read(folder)
    fault = _difference(before, describe_data(dataset)) if before else ""
    if not fault and digest is not None and dataset.test.digest() != digest:
        fault = f"its {len(dataset.test):,} test images are not those the run was measured on"
    if fault:
        raise DataError(
            f"{spec.data.dataset} is not the data of this run: {fault}; nothing was changed"
        )
    if before:
        return "the images are those that the run began with"
    if digest is not None:
        return f"the {len(dataset.test):,} test images are those that the run was measured on"
    return "not compared: the run kept nothing that identifies its images"


def _sample(split: Split) -> Split:
    if len(split) <= DIGESTED:
        return split
    return split.take(torch.linspace(0, len(split) - 1, DIGESTED).round().long())


def _read(folder: Path) -> dict[str, Any] | None:
    # runs of earlier versions have no such file; a damaged file is ignored
    found = read_json(folder / DATA) or {}
    if not is_readable(DATA, found):
        raise DataError(
            f"{folder / DATA} was written by a newer version of RFT Lab; update, then resume"
        )
    return found if isinstance(found.get("splits"), dict) and found.get("classes") else None


def _difference(before: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Say what differs between two descriptions; empty where nothing does."""
    if before["classes"] != found["classes"]:
        return f"it had the classes {_some(before['classes'])}, and has {_some(found['classes'])}"
    for name in {**before["splits"], **found["splits"]}:
        old, new = before["splits"].get(name), found["splits"].get(name)
        if old is None or new is None:
            return f"the split '{name}' is {'new' if old is None else 'gone'}"
        if old["n"] != new["n"]:
            return f"it had {old['n']:,} {name} images, and has {new['n']:,}"
        if old != new:
            return f"its {new['n']:,} {name} images are not the same"
    return ""


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
