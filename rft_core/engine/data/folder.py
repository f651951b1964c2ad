"""Any folder of images: one folder a class, or train/ and test/ (and val/) of them; any image size.

A file that cannot be decoded is left out, counted and named in the dataset's notes, never silently.
"""

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from rft_core.engine.data.dataset import Dataset, Request, Split, holdout
from rft_core.errors import DataError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
TRAIN, VALIDATION, TEST = ("train", "training"), ("val", "valid", "validation"), ("test", "testing")
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.1
MAX_PIXELS = 100_000_000
NAMED = 3


@dataclass(frozen=True)
class _Files:
    """Paths and class indices of one split, before decoding."""

    paths: list[Path]
    labels: np.ndarray


def load(path: str, request: Request) -> Dataset:
    """Return the images below `path` at the size asked for (bilinear, the whole picture).

    Raises DataError for a folder that is missing, empty, or has a class in test/ that train/ lacks.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise DataError(f"there is no folder '{path}'; give the path of a folder with one folder of images a class")
    parts = {kind: _subfolder(root, names) for kind, names in (("train", TRAIN), ("validation", VALIDATION), ("test", TEST))}
    train_root = parts["train"] or root
    classes = _class_names(train_root)
    decoded, broken = {}, []
    for kind, folder in (parts | {"train": train_root}).items():
        if folder is not None:
            decoded[kind] = _decode(_list_files(folder, classes), request.image_size, broken)
    return _assemble(root, classes, decoded, broken)


def _subfolder(root: Path, names: tuple[str, ...]) -> Path | None:
    return next((child for child in sorted(root.iterdir()) if child.is_dir() and child.name.lower() in names), None)


def _class_names(root: Path) -> tuple[str, ...]:
    names = tuple(child.name for child in sorted(root.iterdir()) if child.is_dir() and not child.name.startswith(".") and any(map(_is_image, child.rglob("*"))))
    if not names:
        loose = sum(map(_is_image, root.iterdir()))
        found = f"{loose} images lie loose in it" if loose else "no image was found below it"
        raise DataError(f"'{root}' has no class folders with images ({found}); put the images of each class into a folder named after the class")
    return names


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _list_files(root: Path, classes: tuple[str, ...]) -> _Files:
    extra = [
        child.name
        for child in sorted(root.iterdir())
        if child.is_dir() and not child.name.startswith(".") and child.name not in classes and any(map(_is_image, child.rglob("*")))
    ]
    if extra:
        raise DataError(f"'{root}' has the class '{extra[0]}' that the training folder lacks; rename or remove it")
    rows = [(file, index) for index, name in enumerate(classes) for file in sorted((root / name).rglob("*")) if _is_image(file)]
    return _Files([file for file, _ in rows], np.array([index for _, index in rows], dtype=np.int64))


def _decode(files: _Files, image_size: int, broken: list[str]) -> Split:
    """Return the readable images as one split; append "file: reason" of the others to `broken`."""
    with ThreadPoolExecutor() as pool:
        pictures = list(pool.map(lambda path: _read(path, image_size), files.paths))
    broken += [f"{path}: {result}" for path, result in zip(files.paths, pictures) if isinstance(result, str)]
    good = [place for place, result in enumerate(pictures) if not isinstance(result, str)]
    stack = np.stack([pictures[place] for place in good]) if good else np.empty((0, image_size, image_size, 3), np.uint8)
    return Split(torch.from_numpy(stack).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(files.labels[good]))


def _read(path: Path, image_size: int) -> np.ndarray | str:
    """Return the picture (H, W, 3) uint8, upright and resized, or the reason why it cannot be used."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    return f"{picture.width} x {picture.height} pixels, more than {MAX_PIXELS:,}"
                upright = ImageOps.exif_transpose(picture).convert("RGB")
                return np.asarray(upright.resize((image_size, image_size), Image.Resampling.BILINEAR))
    except Exception as error:  # Pillow raises many types on a damaged file, and each means the same here
        return f"{type(error).__name__}: {error}"


def _assemble(root: Path, classes: tuple[str, ...], decoded: dict[str, Split], broken: list[str]) -> Dataset:
    notes = []
    if broken:
        notes.append(f"{len(broken)} files could not be read and were left out: " + "; ".join(broken[:NAMED]) + (" ..." if len(broken) > NAMED else ""))
    if sum(map(len, decoded.values())) == 0:
        raise DataError(f"none of the images in '{root}' can be read; the first: {broken[0]}")
    _require_images(root, classes, decoded["train"])
    for kind, share, seed in (("test", TEST_SHARE, 0), ("validation", VALIDATION_SHARE, 1)):
        if kind not in decoded or not len(decoded[kind]):
            kept, held = holdout(decoded["train"].labels.numpy(), share, seed)
            decoded[kind] = decoded["train"].take(torch.from_numpy(held))
            decoded["train"] = decoded["train"].take(torch.from_numpy(kept))
            notes.append(f"no {kind} folder: {len(held)} images ({share:.0%}, stratified, seeded) were held out of training")
    return Dataset(root.name, classes, decoded["train"], decoded["validation"], decoded["test"], tuple(notes))


def _require_images(root: Path, classes: tuple[str, ...], train: Split) -> None:
    counts = np.bincount(train.labels.numpy(), minlength=len(classes))
    if (counts == 0).any():
        raise DataError(f"no image of the class '{classes[int(np.argmin(counts))]}' in '{root}' can be read; replace its files or remove the folder")
    if len(classes) > 1 and counts.max() < 3:
        raise DataError(f"'{root}' has at most {counts.max()} images a class; training and measuring need at least 3 in some class")
