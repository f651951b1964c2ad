"""Which folders are splits and which are classes; folders that may be read in two ways raise
LayoutQuestion.

A folder is a split by its name only beside another split, or where it holds class folders.
"""

from collections.abc import Sequence

from rft_core.errors import DataError
from rft_core.files.layout.found import LayoutQuestion, describe, quoted, shown
from rft_core.files.layout.names import LEFT_OUT, TRAIN, looks_like_split, split_of, split_word
from rft_core.files.layout.tree import Folder

AUTO, SPLITS, CLASSES = "auto", "splits", "classes"
AS_CLASSES = "set data.layout=classes if they are classes"


def find_splits(top: Folder, root: str, layout: str) -> dict[str, str]:
    """Return the folders right in `top` that are splits, name -> kind; none where they are classes.

    `root` is its path for messages. Raises LayoutQuestion, and DataError for test images
    without training images.
    """
    if layout == CLASSES:
        return {}
    kinds = {}
    for name in top.filled:
        kind = split_of(name) or (split_word(name) if layout == SPLITS else None)
        if kind:
            kinds[name] = kind
    if TRAIN in kinds.values():
        return kinds if layout == SPLITS or _is_split(top, root, kinds) else {}
    if layout == SPLITS and not has_splits_inside(top, root, layout):
        raise DataError(
            f"data.layout is splits, but '{shown(root)}' has no folder of training images"
            f" ({describe(top)}); name one train, or set data.layout=classes"
        )
    _check_no_train(top, root, kinds)
    return {}


def _is_split(top: Folder, root: str, kinds: dict[str, str]) -> bool:
    """Whether the folder called train is the training split, and not a class."""
    beside = [name for name in top.filled if name not in kinds]
    if len(set(kinds.values())) > 1:
        _check_loose_splits(top, root, kinds, beside)
        return True
    train = next(iter(kinds))
    inner = set(top.filled[train].filled)
    if not inner:
        return not beside
    check_strangers([top.filled[name] for name in beside], root, kinds)
    same = [name for name in beside if name in inner or inner & set(top.filled[name].filled)]
    if len(beside) > 1 or same:
        raise LayoutQuestion(
            f"'{shown(root)}' has a folder '{shown(train)}' with folders in it, beside"
            f" {quoted(beside)}: is it the training split, or a class? Set data.layout=splits for"
            f" the split (the others are left out); {AS_CLASSES}"
        )
    return True


def _check_loose_splits(
    top: Folder, root: str, kinds: dict[str, str], beside: Sequence[str]
) -> None:
    """Folders named as splits that hold no class folders, beside folders of
    pictures, may be classes too.
    """
    has_classes = any(top.filled[name].filled for name in kinds)
    if len(beside) > 1 and not has_classes and all(top.filled[name].pictures for name in beside):
        raise LayoutQuestion(
            f"'{shown(root)}' has folders named as splits ({quoted(sorted(kinds))}) that hold no"
            f" class folders, beside {quoted(beside)}; {AS_CLASSES}, or remove them"
        )


def _check_no_train(top: Folder, root: str, kinds: dict[str, str]) -> None:
    """A test/ that holds the classes beside it would be a class of its own, with the
    test images in training.
    """
    tops = set(top.filled)
    for name, kind in kinds.items():
        inner = set(top.filled[name].filled)
        if kind != LEFT_OUT and inner and (inner & tops or tops <= set(kinds)):
            raise DataError(
                f"'{shown(root)}' has a {kind} folder, '{shown(name)}', and no folder train; put"
                " the training classes into train/"
            )


def has_splits_inside(top: Folder, root: str, layout: str) -> bool:
    """Return whether every folder holds only folders named as splits, one of them for training:
    cats/train, cats/test.
    """
    tops = list(top.filled.values())
    if layout == CLASSES or len(tops) < 2 or any(folder.pictures for folder in tops):
        return False
    kinds = [[split_of(name) for name in folder.filled] for folder in tops]
    if not all(all(row) for row in kinds) or not all(TRAIN in row for row in kinds):
        return False
    if layout == AUTO and any(split.filled for folder in tops for split in folder.filled.values()):
        raise LayoutQuestion(
            f"every folder of '{shown(root)}' ({quoted(list(top.filled))}) holds splits with"
            " folders in them: if the outer folders are domains, name one in data.domains; if they"
            " are classes, set data.layout=splits to keep the splits, or data.layout=classes to"
            " draw new ones"
        )
    return True


def check_strangers(strangers: Sequence[Folder], root: str, kinds: dict[str, str]) -> None:
    """Raise LayoutQuestion for a folder that may be a split that is otherwise missing: it must not
    be skipped.
    """
    for folder in strangers:
        name = folder.parts[-1]
        kind = split_word(name)
        if kind and kind not in kinds.values() and folder.filled:
            raise LayoutQuestion(
                f"the folder '{shown(name)}' of '{shown(root)}' may be the {kind} split: set"
                " data.layout=splits to take it for that, or rename it"
            )


def check_class_names(
    names: Sequence[str], root: str, folders: Sequence[Folder], top: Folder
) -> None:
    """Raise LayoutQuestion for classes, right in `folders`, that may be splits; one called just
    train, of pictures, is a class.
    """
    odd = [name for name in names if looks_like_split(name)]
    pictures = {
        name
        for folder in folders
        for name, inner in folder.filled.items()
        if inner.pictures and not inner.filled
    }
    if not odd or (len(odd) == 1 and odd[0].casefold() == "train" and odd[0] in pictures):
        return
    raise LayoutQuestion(
        f"'{shown(root)}' would have the {'class' if len(odd) == 1 else 'classes'} {quoted(odd)},"
        " which may be splits: set data.layout=splits if the folders are splits,"
        f" data.layout=classes if they are classes, or rename them. Found: {describe(top)}"
    )


def check_classes(tops: dict[str, Folder], root: str) -> None:
    """Raise LayoutQuestion for a second copy of the classes inside a class, and for splits inside
    some of the classes.
    """
    for name, folder in tops.items():
        inner = set(folder.filled)
        if len(inner) > 1 and inner <= set(tops) - {name}:
            raise LayoutQuestion(
                f"the folder '{shown(name)}' of '{shown(root)}' holds the same folders as lie"
                f" beside it ({quoted(sorted(inner))}): remove it if it is a copy; {AS_CLASSES}"
            )
        if odd := [inner_name for inner_name in folder.filled if split_of(inner_name) is not None]:
            raise LayoutQuestion(
                f"the folder '{shown(name)}' of '{shown(root)}' holds folders named as splits"
                f" ({quoted(odd)}): set data.layout=classes to take all in it for pictures of"
                f" '{shown(name)}', give every folder the same splits, or name one in data.domains"
                " if the outer folders are domains"
            )
