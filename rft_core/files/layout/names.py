"""Rules of names in datasets: which are splits, which are classes, and what is never read.

The same for folders, zips, tables and the datasets of the hub.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType

TRAIN, VALIDATION, TEST, LEFT_OUT = "train", "validation", "test", "left out"
SPLIT_WORDS = MappingProxyType(
    {
        TRAIN: ("train", "training"),
        VALIDATION: ("val", "valid", "validation", "validate", "dev", "eval", "evaluation"),
        TEST: ("test", "testing", "tests"),
        LEFT_OUT: (
            *("pred", "preds", "predict", "prediction", "predictions"),
            *("unlabeled", "unlabelled", "unlabel", "unsup", "unsupervised"),
        ),
    }
)
# words beside a split's word that change nothing: train_set, seg_train, test-images, val2017
FILLERS = frozenset(
    {"set", "sets", "data", "dataset", "split", "seg", "folder", "dir", "file", "files"}
    | {"image", "images", "img", "imgs", "pic", "pics", "picture", "pictures", "photo", "photos"}
    | {"sample", "samples", "my"}
)
KINDS = MappingProxyType({word: kind for kind, words in SPLIT_WORDS.items() for word in words})
# what operating systems and this program put beside pictures
SYSTEM_FOLDERS = frozenset({"__macosx", "$recycle.bin", "system volume information", "@eadir"})
SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", ".ds_store"})
OWN_FILES = frozenset({".upload.json"})


def split_of(name: str) -> str | None:
    """Return what the name of a folder or split says, in any case and spelling: "train",
    "validation", "test" or "left out".

    None for every other name, also for one that speaks of two splits (train_valid).
    """
    words = [word for word in _words(name) if word not in FILLERS and not word.isdigit()]
    return KINDS.get("".join(words))


def split_word(name: str) -> str | None:
    """Return the split that a word of `name` speaks of (cats_train: "train"); None without one, and
    where words disagree.
    """
    kinds = {KINDS[word] for word in _words(name) if word in KINDS}
    return kinds.pop() if len(kinds) == 1 else None


def looks_like_split(name: str) -> bool:
    """Return whether a word of `name` is a split's (train_a, Test pilot, my validation images)."""
    return split_of(name) is not None or not KINDS.keys().isdisjoint(_words(name))


def is_junk(name: str) -> bool:
    """Return whether a file or folder of this `name` is never data: hidden, or put there by
    macOS, Windows or a NAS.
    """
    return name.startswith(".") or is_system(name)


def is_system(name: str) -> bool:
    """Return whether an operating system, or this program, puts a file or folder of this `name`
    beside a person's own.
    """
    low = name.lower()
    return low in SYSTEM_FOLDERS or low in SYSTEM_FILES or low in OWN_FILES or name.startswith("._")


def suffix_of(name: str) -> str:
    """Return the suffix of a file's name in small letters, with its dot; '' without one."""
    return PurePosixPath(name).suffix.lower()


def class_key(name: str) -> str:
    """Return the name by which classes are compared: accents in one form (NFC)."""
    return unicodedata.normalize("NFC", name)


def match_classes(names: Iterable[str], classes: Sequence[str]) -> dict[str, str]:
    """Return which of `classes` each of `names` is; one that is none of them is not in the answer.

    The same letters come first; else the only class that differs by case alone.
    """
    exact = {class_key(name): name for name in classes}
    by_case: dict[str, set[str]] = {}
    for key, name in exact.items():
        by_case.setdefault(key.casefold(), set()).add(name)
    found = {}
    for name in names:
        near = by_case.get(class_key(name).casefold(), set())
        match = exact.get(class_key(name)) or (next(iter(near)) if len(near) == 1 else None)
        if match is not None:
            found[name] = match
    return found


def _words(name: str) -> list[str]:
    """Return the words of `name` in small letters; a set's word at the end of another is taken off
    (trainset, testdata).
    """
    plain = unicodedata.normalize("NFKC", name)
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])", " ", plain)
    words = [word.casefold() for word in re.split(r"[\W_]+", plain) if word]
    return [_GLUED.sub(r"\1", word) for word in words]


# the longest first, so that "training" is not read as "train" with a rest
_KINDS = "|".join(sorted(KINDS, key=len, reverse=True))
_ENDINGS = "|".join(sorted(FILLERS - {"my", "seg"}, key=len, reverse=True))
_GLUED = re.compile(rf"^({_KINDS})({_ENDINGS})$")
