"""Datasets whose files torchvision can read: found on disk or downloaded, and listed without
decoding a picture.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image
from torchvision import datasets as tv

from rft_core.engine.data.dataset import Dataset, Request
from rft_core.engine.data.decoding.decode import decode
from rft_core.engine.data.listing import Listing, Pictures
from rft_core.engine.data.reading.archives import ARCHIVES, EMBEDDED, fetch_missing
from rft_core.engine.data.reading.protocols import with_protocol
from rft_core.errors import DataError
from rft_core.files.home import find_home
from rft_core.resources.datasets import mark_downloaded

NOT_A_CLASS = "BACKGROUND_Google"
CARS_COPY = "tanganke/stanford_cars"


@dataclass(frozen=True)
class _Parts:
    """The result of a reader: class names, and the pictures of each split that the dataset has."""

    class_names: Iterable[str]
    train: Pictures
    validation: Pictures | None = None
    test: Pictures | None = None


def load(name: str, request: Request) -> Dataset:
    """Return the dataset `name` of the menu at the requested size, after downloading it into the
    home if it is not there yet.

    Raises DataError if its files are damaged, or missing and cannot be fetched; the message says
    where to put them by hand.
    """
    if request.domains:
        raise DataError(f"{name} has no domains; leave data.domains empty")
    home = find_home()
    root = home.datasets / "torchvision"
    if name in ARCHIVES:
        fetch_missing(name, root, request.notify)
    else:
        _require_cars(root)
    dataset = decode(list_pictures(name, root), request)
    mark_downloaded(home, name)
    return dataset


def list_pictures(name: str, root: Path) -> Listing:
    """Return the pictures of the dataset `name` below `root`, with its official splits, else those
    of the papers, else only train.
    """
    try:
        parts = READERS[name](root)
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        raise DataError(
            f"the files of {name} below {root} are incomplete or damaged ({error}); remove them and"
            " run again"
        ) from error
    named = {
        kind: part
        for kind, part in (
            ("train", parts.train),
            ("validation", parts.validation),
            ("test", parts.test),
        )
        if part is not None
    }
    return with_protocol(
        Listing(
            name=name,
            class_names=tuple(parts.class_names),
            fingerprint=_fingerprint(name, named),
            train=parts.train,
            validation=parts.validation,
            test=parts.test,
        )
    )


def _require_cars(root: Path) -> None:
    folder = root / "stanford_cars"
    if not (folder / "devkit").is_dir():
        raise DataError(
            "stanford_cars cannot be downloaded from its authors any more; use the copy on the"
            f" Hugging Face hub, hf:{CARS_COPY}, put your copy (cars_train, cars_test, devkit,"
            f" cars_test_annos_withlabels.mat) into {folder}, or use {EMBEDDED}"
        )


def _fingerprint(name: str, parts: dict[str, Pictures]) -> str:
    """Hash the archives' checksums, and the split, name, label, file size and file time of each
    picture.
    """
    content = hashlib.sha256(
        repr([name, [archive.md5 for archive in ARCHIVES.get(name, ())]]).encode()
    )
    for kind, part in parts.items():
        content.update(kind.encode())
        content.update(part.labels.tobytes())
        for picture in part.names:
            found = (
                Path(picture).stat()
                if Path(picture).is_absolute() and Path(picture).exists()
                else None
            )
            content.update(
                f"{Path(picture).name} {found and (found.st_size, found.st_mtime_ns)}\n".encode()
            )
    return content.hexdigest()


def _files(paths: Iterable[str | Path], labels: Iterable[int]) -> Pictures:
    names = [str(path) for path in paths]
    return Pictures(
        np.asarray(list(labels), dtype=np.int64), names, lambda index: Image.open(names[index])
    )


def _arrays(kind: str, images: np.ndarray, labels: Iterable[int]) -> Pictures:
    """Return pictures (N, H, W, 3) uint8 that are in memory."""
    names = [f"{kind} image {index}" for index in range(len(images))]
    return Pictures(
        np.asarray(labels, dtype=np.int64), names, lambda index: Image.fromarray(images[index])
    )


def _class_folders(root: Path, class_name: Callable[[str], str] = str) -> _Parts:
    """Read a folder for each class, in the order of their names; all pictures are training."""
    folders = sorted(
        child for child in root.iterdir() if child.is_dir() and child.name != NOT_A_CLASS
    )
    rows = [
        (path, label)
        for label, folder in enumerate(folders)
        for path in sorted(folder.iterdir())
        if path.suffix.lower() == ".jpg"
    ]
    return _Parts(
        [class_name(folder.name) for folder in folders],
        _files([path for path, _ in rows], [label for _, label in rows]),
    )


def _cifar(kind: type[tv.CIFAR10]) -> Callable[[Path], _Parts]:
    def read(root: Path) -> _Parts:
        train, test = kind(root, train=True), kind(root, train=False)
        return _Parts(
            train.classes,
            _arrays("training", train.data, train.targets),
            test=_arrays("test", test.data, test.targets),
        )

    return read


def _svhn(root: Path) -> _Parts:
    train, test = (tv.SVHN(root, split=split) for split in ("train", "test"))
    parts = [
        _arrays(kind, split_set.data.transpose(0, 2, 3, 1), split_set.labels)
        for kind, split_set in (("training", train), ("test", test))
    ]
    return _Parts([str(digit) for digit in range(10)], parts[0], test=parts[1])


def _three(kind: type) -> Callable[[Path], _Parts]:
    """Read a dataset whose splits are train, val and test."""

    def read(root: Path) -> _Parts:
        train, validation, test = (kind(root, split=split) for split in ("train", "val", "test"))
        return _Parts(
            train.classes,
            *(
                _files(split_set._image_files, split_set._labels)
                for split_set in (train, validation, test)
            ),
        )

    return read


def _food101(root: Path) -> _Parts:
    train, test = (tv.Food101(root, split=split) for split in ("train", "test"))
    names = [name.replace("_", " ") for name in train.classes]
    return _Parts(
        names,
        _files(train._image_files, train._labels),
        test=_files(test._image_files, test._labels),
    )


def _oxford_pets(root: Path) -> _Parts:
    train, test = (tv.OxfordIIITPet(root, split=split) for split in ("trainval", "test"))
    return _Parts(
        train.classes, _files(train._images, train._labels), test=_files(test._images, test._labels)
    )


def _stanford_cars(root: Path) -> _Parts:
    train, test = (tv.StanfordCars(root, split=split) for split in ("train", "test"))
    return _Parts(train.classes, _files(*zip(*train._samples)), test=_files(*zip(*test._samples)))


def _imagenette(root: Path) -> _Parts:
    # its "val" is what papers measure on
    train, test = (tv.Imagenette(root, split=split, size="320px") for split in ("train", "val"))
    return _Parts(
        [names[0] for names in train.classes],
        _files(*zip(*train._samples)),
        test=_files(*zip(*test._samples)),
    )


def _gtsrb(root: Path) -> _Parts:
    train, test = (tv.GTSRB(root, split=split) for split in ("train", "test"))
    count = 1 + max(label for _, label in train._samples)
    # torchvision and the files have numbers only
    return _Parts(
        [f"sign {number}" for number in range(count)],
        _files(*zip(*train._samples)),
        test=_files(*zip(*test._samples)),
    )


READERS: MappingProxyType[str, Callable[[Path], _Parts]] = MappingProxyType(
    {
        "cifar10": _cifar(tv.CIFAR10),
        "cifar100": _cifar(tv.CIFAR100),
        "caltech101": lambda root: _class_folders(root / "caltech101" / "101_ObjectCategories"),
        # folders are called 001.ak47, 002.american-flag, ...
        "caltech256": lambda root: _class_folders(
            root / "caltech256" / "256_ObjectCategories",
            lambda name: name.partition(".")[2] or name,
        ),
        "flowers102": _three(tv.Flowers102),
        "oxford_pets": _oxford_pets,
        "fgvc_aircraft": _three(tv.FGVCAircraft),
        "stanford_cars": _stanford_cars,
        "dtd": _three(tv.DTD),
        "eurosat": lambda root: _class_folders(root / "eurosat" / "2750"),
        "imagenette": _imagenette,
        "food101": _food101,
        "svhn": _svhn,
        "gtsrb": _gtsrb,
    }
)
