"""Whether a run that goes on, or whose data were moved, has the images that it began with.

What a run began with is kept in its folder as DATA: classes, and of each split
its size and a digest.
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

# images of a split that its digest is made of, evenly spaced: a digest of millions would hold up
# the first step
DIGESTED = 1000


def describe_data(dataset: Dataset) -> dict[str, Any]:
    """Return what tells `dataset` from another one, as plain data: class names, and of each split
    its size and a digest.
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
    """Write what `dataset` is into the run's `folder`; of a run that `goes_on` from a checkpoint,
    hold it against what is there.

    Raises DataError where the run would go on with other images than it began with.
    """
    found = describe_data(dataset)
    if goes_on and (known := _read(folder)) is not None:
        if fault := _difference(known, found):
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
    """Read the dataset of `spec` and say how it was compared with what the run in `folder` had;
    raises DataError where it differs.

    `digest` is that of the test images of the run's report, None where it was not measured.
    """
    image_size = spec.data.image_size or preprocessing(spec.model.backbone).image_size
    dataset, known = load_dataset(spec, image_size=image_size, notify=notify), _read(folder)
    fault = _difference(known, describe_data(dataset)) if known else ""
    if not fault and digest is not None and dataset.test.digest() != digest:
        fault = (
            f"its {len(dataset.test):,} test images are others than those the run was measured on"
        )
    if fault:
        raise DataError(
            f"{spec.data.dataset} is not the data of this run: {fault}; nothing was changed"
        )
    if known:
        return "the images are those that the run began with"
    if digest is not None:
        return f"the {len(dataset.test):,} test images are those that the run was measured on"
    return "not compared: the run has kept nothing that tells its images from others"


def _sample(split: Split) -> Split:
    if len(split) <= DIGESTED:
        return split
    return split.take(torch.linspace(0, len(split) - 1, DIGESTED).round().long())


def _read(folder: Path) -> dict[str, Any] | None:
    # runs of earlier versions have none; a damaged one tells nothing
    found = read_json(folder / DATA) or {}
    if not is_readable(DATA, found):
        raise DataError(
            f"{folder / DATA} was written by a newer version of RFT Lab; update, then resume"
        )
    return found if isinstance(found.get("splits"), dict) and found.get("classes") else None


def _difference(known: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Say what differs between two descriptions; empty where nothing does."""
    if known["classes"] != found["classes"]:
        return f"it had the classes {_some(known['classes'])}, and has {_some(found['classes'])}"
    for name in {**known["splits"], **found["splits"]}:
        one, other = known["splits"].get(name), found["splits"].get(name)
        if one is None or other is None:
            return f"the split '{name}' is {'new' if one is None else 'gone'}"
        if one["n"] != other["n"]:
            return f"it had {one['n']:,} {name} images, and has {other['n']:,}"
        if one != other:
            return f"its {other['n']:,} {name} images are others"
    return ""


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
