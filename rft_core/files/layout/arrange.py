"""From a tree of files to pictures, each with its split and class, and all that is left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from rft_core.errors import DataError
from rft_core.files.layout.decide import (
    AS_CLASSES,
    AUTO,
    check_class_names,
    check_classes,
    check_strangers,
    find_splits,
    has_splits_inside,
)
from rft_core.files.layout.found import Found, Picture, counted, describe, quoted, shown
from rft_core.files.layout.names import (
    FILLERS,
    LEFT_OUT,
    TRAIN,
    looks_like_split,
    match_classes,
    split_of,
)
from rft_core.files.layout.tree import Folder

# names that need no note; any other name that is taken for a split is noted
PLAIN = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})


def arrange(top: Folder, root: str, layout: str, domain: str = "") -> Found:
    """Return the pictures below `top`, whose path for messages is `root`, as `layout` says ("auto",
    "splits" or "classes").

    Raises LayoutQuestion where folders could be read in two ways, DataError where there
    are no class folders.
    """
    found = Found()
    _Level(_without_wrappers(top, root, found), root, layout, domain, found).run()
    return found


def _without_wrappers(top: Folder, root: str, found: Found) -> Folder:
    """Return the folder inside single folders around everything; one that holds pictures itself
    is a class, and stays.
    """
    outer = top
    while len(top.filled) == 1:
        (name, inner), *_ = top.filled.items()
        if inner.pictures or split_of(name) is not None:
            break
        found.leave_out_loose(f"loose beside the only folder of '{shown(root)}'", top)
        top = inner
    if top is not outer:
        found.notes.append(
            f"everything lies in the folder '{shown(top.path)}', which is taken for the dataset"
        )
    return top


@dataclass
class _Level:
    """The folder that holds the splits or classes."""

    top: Folder
    root: str
    layout: str
    domain: str
    found: Found

    def run(self) -> None:
        if kinds := find_splits(self.top, self.root, self.layout):
            self._take_splits(kinds)
        elif has_splits_inside(self.top, self.root, self.layout):
            self._take_splits_inside()
        else:
            self._take_classes()
        classes = dict.fromkeys(picture.label for picture in self.found.pictures)
        if odd := [name for name in classes if looks_like_split(name)]:
            self.found.notes.append(
                f"{quoted(odd)} {'is a class' if len(odd) == 1 else 'are classes'} here, not a"
                " split"
            )

    def _take_splits(self, kinds: dict[str, str]) -> None:
        tops, found = self.top.filled, self.found
        found.leave_out_loose("loose beside the folders of the splits", self.top)
        found.leave_out(
            "not for training or measuring by their names",
            [tops[name] for name in kinds if kinds[name] == LEFT_OUT],
        )
        strangers = [tops[name] for name in tops if name not in kinds]
        if self.layout == AUTO:
            check_strangers(strangers, self.root, kinds)
        found.leave_out("in folders whose names are not those of splits", strangers)
        self._note_names(kinds)
        train = [
            self._inner(tops[name], TRAIN, ()) for name, kind in kinds.items() if kind == TRAIN
        ]
        classes = sorted({name for folder in train for name in folder.filled})
        if not classes:
            raise DataError(no_classes(self.root, train[0], self.top))
        if self.layout == AUTO:
            check_class_names(classes, self.root, train, self.top)
        for folder in train:
            self._take_split(folder, TRAIN)
        for name, kind in kinds.items():
            if kind not in (TRAIN, LEFT_OUT):
                self._take_split(self._inner(tops[name], kind, classes), kind)

    def _note_names(self, kinds: dict[str, str]) -> None:
        taken = {name: kind for name, kind in kinds.items() if kind != LEFT_OUT}
        is_plain = all(name.casefold() in PLAIN for name in taken) and len(
            set(taken.values())
        ) == len(taken)
        if not is_plain:
            names = ", ".join(f"'{shown(name)}' ({kind})" for name, kind in taken.items())
            self.found.notes.append(f"folders taken for splits by their names: {names}")

    def _inner(self, folder: Folder, kind: str, classes: Sequence[str]) -> Folder:
        """Return the folder inside that of a split which holds its classes:
        seg_train/seg_train, train/images.
        """
        while len(folder.filled) == 1:
            ((name, inner),) = folder.filled.items()
            is_same = split_of(name) == kind or name.casefold() in FILLERS
            holds = (
                len(inner.filled) > 1
                if kind == TRAIN
                else bool(match_classes(inner.filled, classes))
            )
            is_class = bool(match_classes([name], classes))
            if is_class or not (is_same or (holds and not inner.pictures and not folder.pictures)):
                break
            self.found.leave_out_loose(
                f"loose in '{shown(folder.path)}', beside the folder with its classes", folder
            )
            folder = inner
        return folder

    def _take_split(self, folder: Folder, kind: str) -> None:
        if not folder.filled:
            self.found.leave_out_loose(
                f"without class folders in '{shown(folder.path)}', so nothing can be measured on"
                " them",
                folder,
            )
            return
        self.found.leave_out_loose(
            f"loose in '{shown(folder.path)}', beside its class folders", folder
        )
        for label, inner in folder.filled.items():
            self._take_pictures(inner, kind, label)

    def _take_splits_inside(self) -> None:
        self.found.leave_out_loose("loose beside the class folders", self.top)
        self.found.notes.append(
            f"the splits lie inside the class folders of '{shown(self.root)}', and are kept"
        )
        for label, folder in self.top.filled.items():
            for name, split in folder.filled.items():
                # has_splits_inside has checked that every name is that of a split
                kind = cast(str, split_of(name))
                if kind == LEFT_OUT:
                    self.found.leave_out("not for training or measuring by their names", [split])
                else:
                    self._take_pictures(split, kind, label)

    def _take_classes(self) -> None:
        tops = self.top.filled
        if self.layout == AUTO:
            left_out = [name for name in tops if split_of(name) == LEFT_OUT]
            if len(left_out) < len(tops):
                self.found.leave_out(
                    f"not for training by their names ({AS_CLASSES})",
                    [tops[name] for name in left_out],
                )
                tops = {name: folder for name, folder in tops.items() if name not in left_out}
            check_class_names(list(tops), self.root, [self.top], self.top)
            check_classes(tops, self.root)
        if not tops:
            raise DataError(no_classes(self.root, self.top, self.top))
        self.found.leave_out_loose("loose beside the class folders", self.top)
        for name, folder in tops.items():
            self._take_pictures(folder, TRAIN, name)

    def _take_pictures(self, folder: Folder, kind: str, label: str) -> None:
        self.found.pictures += [
            Picture(parts, kind, shown(label), shown(self.domain)) for parts in folder.below()
        ]


def no_classes(root: str, folder: Folder, top: Folder) -> str:
    """Return the message for a dataset without class folders: what is missing in `folder`,
    and what `top` holds.
    """
    loose = len(folder.pictures)
    found = (
        f"{counted(loose)} {'lies' if loose == 1 else 'lie'} loose in it"
        if loose
        else "no image was found below it"
    )
    where = "/".join((root.rstrip("/"), *folder.parts[len(top.parts) :]))
    table = ", or name them in a table and use csv:PATH" if top.suffixes().get(".csv") else ""
    return (
        f"'{shown(where)}' has no class folders with images ({found}); put the images of each class"
        f" into a folder named after the class{table}. Found in '{shown(root)}': {describe(top)}"
    )
