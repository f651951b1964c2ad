"""Folders and zips of small pictures as people have them: what lies in them,
and what must come out.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

KINDS = {".jfif": "JPEG", ".jpe": "JPEG", ".jpg": "JPEG", ".jp2": "JPEG2000", ".pnm": "PPM"}


@cache
def picture(name: str, kind: str = "") -> bytes:
    """A picture of 12 x 12 pixels, another for every name; its format is that of the
    name's suffix, or `kind`.
    """
    seed = list(name.encode("utf-8", "surrogateescape"))
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    content, suffix = io.BytesIO(), Path(name).suffix.lower()
    Image.fromarray(pixels).save(content, kind or KINDS.get(suffix, suffix.lstrip(".").upper()))
    return content.getvalue()


def files(groups: Mapping[str, int]) -> dict[str, bytes]:
    """Return path -> content for groups such as {"train/cat/*.png": 6}; what is not an
    image holds a few bytes.
    """
    found = {}
    for pattern, count in groups.items():
        for index in range(count):
            path = pattern.replace("*", f"{index:03d}")
            is_image = Path(path).suffix.lower() in (
                *KINDS,
                ".png",
                ".avif",
                ".webp",
                ".bmp",
                ".gif",
                ".tif",
                ".tiff",
            )
            found[path] = picture(path) if is_image else b"a few bytes"
    return found


def plant(root: Path, groups: Mapping[str, int]) -> Path:
    """Write the files of `groups` below `root`; a path that ends in a slash is an empty folder."""
    for path, content in files(groups).items():
        target = root / path
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return root


def pack(path: Path, groups: Mapping[str, int]) -> Path:
    """Write the files of `groups` into the zip at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files(groups).items():
            archive.writestr(name, content)
    return path


@dataclass(frozen=True)
class Case:
    """One input: `groups` of files; the classes and counts (train, validation, test) that its
    folders say, and lines that are told; or `asks`, a part of the question or refusal. `settings`
    are those of the section data.
    """

    name: str
    groups: Mapping[str, int]
    classes: tuple[str, ...] = ()
    counts: tuple[int, int, int] = (0, 0, 0)
    lines: Sequence[str] = ()
    asks: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def two(
    prefix: str, count: int, suffix: str = "png", names: Sequence[str] = ("disc", "square")
) -> dict[str, int]:
    """Groups of two classes below `prefix`."""
    return {f"{prefix}{name}/*.{suffix}": count for name in names}


BOTH = ("disc", "square")
# the inputs of the field's bug reports
FIELD = (
    Case(
        "inner folders of splits",
        two("seg_train/seg_train/", 6)
        | two("seg_test/seg_test/", 3)
        | {"seg_pred/seg_pred/*.png": 4},
        BOTH,
        (12, 0, 6),
        [
            "4 images left out, not for training or measuring by their names: seg_pred/ (4 images)",
            "'seg_train' (train)",
        ],
    ),
    Case(
        "sets",
        two("training_set/", 6) | two("test_set/", 3),
        BOTH,
        (12, 0, 6),
        ["'training_set' (train)"],
    ),
    Case(
        "dev is validation",
        two("train/", 6) | two("dev/", 2) | two("test/", 3),
        BOTH,
        (12, 4, 6),
        ["'dev' (validation)"],
    ),
    Case(
        "a class called train",
        two("", 6, names=("bus", "plane", "train")),
        ("bus", "plane", "train"),
        (18, 0, 0),
        ["'train' is a class here, not a split"],
    ),
    Case(
        "jfif and avif",
        {
            "disc/*.png": 6,
            "square/*.jfif": 3,
            "square/*.avif": 3,
            "square/*.png": 2,
            "stripes/*.avif": 6,
            "stripes/*.svg": 4,
        },
        ("disc", "square", "stripes"),
        (20, 0, 0),
        ["4 other files left out, not read as images (4 .svg)"],
    ),
    Case(
        "a wrapper beside __MACOSX",
        two("data/train/", 6)
        | two("data/test/", 3)
        | {
            "__MACOSX/data/train/disc/._*.png": 2,
            "__MACOSX/data/*.png": 1,
        },
        BOTH,
        (12, 0, 6),
        ["everything lies in the folder 'data'"],
    ),
    Case(
        "loose pictures beside classes",
        two("", 6) | {"*.png": 30},
        BOTH,
        (12, 0, 0),
        [
            "30 images left out, loose beside the class folders: 000.png; 001.png; 002.png; and 27"
            " more"
        ],
    ),
    Case(
        "other case in test",
        two("train/", 6, names=("Disc", "Square")) | two("test/", 3),
        ("Disc", "Square"),
        (12, 0, 6),
        [
            "names that differ from a class of training by case alone are taken for it: 'disc' is"
            " 'Disc', 'square' is 'Square'"
        ],
    ),
    Case(
        "accents in two ways",
        two("train/", 6, names=("caf\u00e9", "th\u00e9"))
        | two("test/", 3, names=("cafe\u0301", "the\u0301")),
        ("caf\u00e9", "th\u00e9"),
        (12, 0, 6),
    ),
)
# further ones of each kind
FURTHER = (
    Case(
        "capitals, and deeper",
        two("Intel/Seg_Train/seg_train/", 6) | two("Intel/Seg_Test/seg_test/", 3),
        BOTH,
        (12, 0, 6),
        ["'Intel'"],
    ),
    Case(
        "images inside splits",
        two("train/images/", 6) | two("val/images/", 3) | {"test/images/*.png": 4},
        BOTH,
        (12, 6, 0),
        ["4 images left out, without class folders in 'test/images'"],
    ),
    Case(
        "years",
        two("train2017/", 6) | two("val2017/", 3) | {"unlabeled2017/*.png": 5},
        BOTH,
        (12, 6, 0),
        ["5 images left out"],
    ),
    Case(
        "glued words",
        two("TrainSet/", 6) | two("TestSet/", 3) | two("devset/", 2),
        BOTH,
        (12, 4, 6),
    ),
    Case("spaces", two("Training Data/", 6) | two("Validation Data/", 3), BOTH, (12, 6, 0)),
    Case(
        "hyphens",
        two("train-images/", 6) | two("test-images/", 3) | {"Un-labelled/*.png": 3},
        BOTH,
        (12, 0, 6),
        ["3 images left out"],
    ),
    Case("eval", two("TRAIN/", 6) | two("EVAL/", 3), BOTH, (12, 6, 0), ["'EVAL' (validation)"]),
    Case(
        "two of one split",
        two("train_1/", 6) | two("train_2/", 4) | two("test/", 3),
        BOTH,
        (20, 0, 6),
        ["'train_2' (train)"],
    ),
    Case(
        "a class Train inside splits",
        two("train/", 6, names=("bus", "Train")) | two("test/", 3, names=("bus", "Train")),
        ("Train", "bus"),
        (12, 0, 6),
        ["'Train' is a class here"],
    ),
    Case("only training", two("train/", 6), BOTH, (12, 0, 0)),
    Case(
        "unlabeled beside classes",
        two("", 6) | {"unlabeled/*.png": 5},
        BOTH,
        (12, 0, 0),
        ["5 images left out, not for training by their names"],
    ),
    Case(
        "splits inside classes",
        two("disc/", 6, names=("train",))
        | two("disc/", 2, names=("test",))
        | {
            "square/train/*.png": 6,
            "square/test/*.png": 3,
        },
        BOTH,
        (12, 0, 5),
        ["the splits lie inside the class folders"],
    ),
    Case(
        "another folder beside splits",
        two("train/", 6) | two("test/", 3) | {"demo/*.png": 7},
        BOTH,
        (12, 0, 6),
        ["7 images left out, in folders that are no splits by their names: demo/ (7 images)"],
    ),
    Case(
        "loose in splits",
        two("train/", 6) | two("test/", 3) | {"train/*.png": 2, "test/*.png": 3, "*.png": 1},
        BOTH,
        (12, 0, 6),
        [
            "2 images left out, loose in 'train'",
            "3 images left out, loose in 'test'",
            "1 image left out, loose beside the folders",
        ],
    ),
    Case(
        "odd suffixes",
        {
            "disc/*.jp2": 4,
            "disc/*.JPE": 2,
            "square/*.pnm": 6,
            "square/*.HEIC": 3,
            "square/notes": 1,
        },
        BOTH,
        (12, 0, 0),
        ["4 other files left out, not read as images (3 .heic, 1 without a suffix)"],
    ),
    Case(
        "a class without an image",
        two("", 6) | {"stripes/*.svg": 4, "empty/": 1},
        BOTH,
        (12, 0, 0),
        ["2 folders hold no image that is read: empty (no file); stripes (4 .svg)"],
    ),
    Case(
        "junk everywhere",
        two("", 6)
        | {
            ".DS_Store": 1,
            "disc/Thumbs.db": 1,
            "disc/desktop.ini": 1,
            "square/._*.png": 3,
            ".thumbnails/*.png": 2,
        },
        BOTH,
        (12, 0, 0),
        ["2 images left out, hidden by a dot"],
    ),
    Case(
        "one class twice by case in test",
        two("train/", 6, names=("Disc", "Square"))
        | two("test/", 3, names=("DISC", "disc", "square")),
        ("Disc", "Square"),
        (12, 0, 9),
        ["'DISC' is 'Disc', 'disc' is 'Disc', 'square' is 'Square'"],
    ),
    Case(
        "two classes by case",
        two("train/", 6, names=("a", "A")) | two("test/", 3, names=("a", "A")),
        ("A", "a"),
        (12, 0, 6),
        ["the classes 'A', 'a' differ by case alone, and are kept apart"],
    ),
    Case(
        "both ways of Unicode in training",
        two("", 6, names=("the\u0301", "th\u00e9", "disc")),
        ("disc", "th\u00e9"),
        (18, 0, 0),
        ["accents are written in two ways of Unicode"],
    ),
    Case(
        "named test, and said to be a class",
        two("", 6, names=("disc", "test")),
        ("disc", "test"),
        (12, 0, 0),
        ["'test' is a class here"],
        settings={"layout": "classes"},
    ),
    Case(
        "longer names, and said to be splits",
        two("flowers_train/", 6) | two("flowers_test/", 3),
        BOTH,
        (12, 0, 6),
        settings={"layout": "splits"},
    ),
    Case(
        "splits said to be classes",
        two("train/", 6) | two("test/", 3),
        ("test", "train"),
        (18, 0, 0),
        settings={"layout": "classes"},
    ),
)
# what asks, or is refused
ASKED = (
    Case(
        "a word of a split",
        two("flowers_train/", 6) | two("flowers_test/", 3),
        asks="'flowers_test', 'flowers_train', which may be splits",
    ),
    Case(
        "translation",
        {f"{name}/*.png": 5 for name in ("trainA", "trainB", "testA", "testB")},
        asks="may be splits",
    ),
    Case(
        "a bullet train",
        two("", 6, names=("bus", "bullet train")),
        asks="the class 'bullet train', which may be splits",
    ),
    Case(
        "a class called test",
        two("", 6, names=("disc", "square", "test")),
        asks="data.layout=classes if they are classes",
    ),
    Case("a copy inside", two("", 6) | two("cells/", 6), asks="the folder 'cells' of"),
    Case(
        "test without train",
        two("", 6) | two("test/", 3),
        asks="has a test folder, 'test', and no folder train",
    ),
    Case(
        "a split with another word",
        two("train/", 6) | two("test_a/", 3),
        asks="may be the test split",
    ),
    Case(
        "splits in one class",
        two("", 6) | {"ring/train/*.png": 4, "ring/test/*.png": 2},
        asks="holds folders named as splits ('test', 'train')",
    ),
    Case(
        "train among folders of folders",
        {
            f"{name}/{inner}/*.png": 3
            for name in ("bus", "plane", "train")
            for inner in ("day", "night")
        },
        asks="is it the training split, or a class?",
    ),
    Case(
        "split domains",
        {
            f"{name}/{kind}/{label}/*.png": 3
            for name in ("photo", "sketch")
            for kind in ("train", "test")
            for label in BOTH
        },
        asks="name one in data.domains",
    ),
    Case("loose only", {"*.png": 30}, asks="30 images lie loose in it"),
    Case("one class", {"disc/*.png": 30}, asks="has one class, 'disc'"),
    Case("no image", {"disc/*.svg": 3, "readme.txt": 1}, asks="no image was found below it"),
    Case(
        "a competition",
        {"train/*.png": 9, "test/*.png": 4, "train.csv": 1},
        asks="name them in a table and use csv:PATH",
    ),
    Case("only what is left out", two("unlabeled/", 6), asks="which may be splits"),
    Case(
        "a class that training lacks",
        two("train/", 6) | two("test/", 3, names=("disc", "ring")),
        asks="have the class 'ring' that the training images lack",
    ),
    Case("too few", two("", 1), asks="need at least 3 in some class"),
    Case(
        "no training said to be splits",
        two("", 6),
        asks="has no folder of training images",
        settings={"layout": "splits"},
    ),
)
