"""Which columns of a table say where a picture is, its class, its split and its domain, by their
names in any spelling.

The same names for tables of paths (CSV) and for the datasets of the hub. Two columns that could
both be meant are refused by name, unless their cells say the same.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rft_core.errors import DataError

PATH, LABEL, SPLIT, DOMAIN, IS_VALID, IS_TEST = (
    "path",
    "label",
    "split",
    "domain",
    "is_valid",
    "is_test",
)
_PICTURE_WORDS, _FILE_WORDS = (
    ("image", "img", "picture", "photo", "pic"),
    ("path", "file", "filename", "filepath", "name"),
)
_CLASS_WORDS, _CLASS_ENDINGS = (
    ("class", "label", "category", "target"),
    ("id", "name", "label", "index", "idx", "no", "number"),
)
# as `plain` writes them: file_name, File Name and FileName are filename
NAMES = MappingProxyType(
    {
        PATH: frozenset(
            {
                *_PICTURE_WORDS,
                *(f"{word}s" for word in _PICTURE_WORDS),
                *(word + ending for word in _PICTURE_WORDS for ending in _FILE_WORDS),
            }
            | {
                "path",
                "paths",
                "file",
                "files",
                "filename",
                "filenames",
                "filepath",
                "filepaths",
                "pathname",
            }
            | {"relativepath", "relpath", "fullpath", "absolutepath", "abspath", "relativefilepath"}
        ),
        LABEL: frozenset(
            {*_CLASS_WORDS, *(word + ending for word in _CLASS_WORDS for ending in _CLASS_ENDINGS)}
            | {
                "labels",
                "classes",
                "targets",
                "categories",
                "groundtruth",
                "finelabel",
                "finelabels",
            }
        ),
        SPLIT: frozenset({"split", "splits", "splitname", "datasplit", "datasetsplit", "splitset"}),
        DOMAIN: frozenset({"domain", "domains", "domainname"}),
        IS_VALID: frozenset({"isvalid", "isvalidation", "isval", "isvalidset", "isdev"}),
        IS_TEST: frozenset({"istest", "istesting", "istestset"}),
    }
)
# taken where none of NAMES is there: they often mean something else
WEAKER = MappingProxyType(
    {
        PATH: frozenset({"name", "fname", "fn", "imageid", "imgid", "source", "src"}),
        LABEL: frozenset({"y", "species", "breed", "diagnosis", "dx", "tag", "tags", "type"}),
        SPLIT: frozenset({"set", "subset", "dataset", "partition", "phase", "usage", "part"}),
    }
)
# what is shown of NAMES to a person
SHOWN = MappingProxyType(
    {
        PATH: ("path", "file", "file_name", "filepath", "image", "image_path", "img"),
        LABEL: ("label", "class", "class_id", "class_name", "category", "target"),
    }
)
# true for the images that are trained on; false may mean validation or test
IS_TRAIN = frozenset({"istrain", "istraining", "istrainingimage", "istrainset"})
MEANING = MappingProxyType(
    {PATH: "the path of each image", LABEL: "its class", SPLIT: "its split", DOMAIN: "its domain"}
)

Cells = Callable[[int], Sequence[str]]


@dataclass(frozen=True)
class Columns:
    """The position of the column of each role, the names of unused columns, and notes on the
    choice.
    """

    positions: dict[str, int]
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plain(name: str) -> str:
    """Return the name of a column in small letters and digits alone: "File_Name" is "filename"."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def meant_by(header: Sequence[str], role: str) -> list[int]:
    """Return the positions of the columns that could have `role` by their names; weaker names
    count only where there is no other.
    """
    names = [plain(name) for name in header]
    found = [index for index, name in enumerate(names) if name in NAMES[role]]
    return found or [index for index, name in enumerate(names) if name in WEAKER.get(role, ())]


def choose_columns(
    title: str, header: Sequence[str], cells: Cells, is_split: Callable[[str], bool]
) -> Columns:
    """Return the columns of the table `title` by the names in its `header`.

    `cells` (position) returns a column's cells, and is called only where the names leave two
    candidates; `is_split` says whether a text is the name of a split. Raises DataError where path
    or label is missing, with the columns that are there and the names that are accepted; where two
    columns could both be meant; and where splits are given in two ways, or not clearly.
    """
    _require(title, header)
    positions, notes = {}, []
    for role in NAMES:
        found = meant_by(header, role)
        if role == SPLIT and found and plain(header[found[0]]) in WEAKER[SPLIT]:
            found = [index for index in found if _all_splits(cells(index), is_split)]
        if len(found) > 1:
            notes.append(_alike(title, header, role, found, cells))
            found.sort(key=lambda index: role == LABEL and _are_numbers(cells(index)))
        if found:
            positions[role] = found[0]
            if plain(header[found[0]]) in WEAKER.get(role, ()):
                notes.append(f"the column '{header[found[0]]}' was taken for {MEANING[role]}")
    _check_splits(title, header, positions)
    spare = [index for index in range(len(header)) if index not in positions.values()]
    return Columns(
        positions, tuple(header[index] for index in spare if header[index]), tuple(notes)
    )


def quoted_columns(header: Sequence[str]) -> str:
    """Return the names of a table's columns for a message, at most a dozen."""
    names = [f"'{name[:40]}'" for name in header[:12]]
    return ", ".join(names) + (f" and {len(header) - 12:,} more" if len(header) > 12 else "")


def _require(title: str, header: Sequence[str]) -> None:
    missing = [role for role in (PATH, LABEL) if not meant_by(header, role)]
    # one column cannot be both
    if not missing and len({*meant_by(header, PATH), *meant_by(header, LABEL)}) < 2:
        missing = [LABEL]
    if missing:
        wanted = " and ".join(f"for {MEANING[role]}" for role in missing)
        taken = "; ".join(f"for {MEANING[role]} {', '.join(SHOWN[role])}" for role in missing)
        raise DataError(
            f"{title} has no column {wanted}: its first line names"
            f" {quoted_columns(header) or 'nothing'}. Names that are taken, in any case and"
            f" spelling: {taken}. Rename a column"
        )


def _alike(title: str, header: Sequence[str], role: str, found: Sequence[int], cells: Cells) -> str:
    """Return a note where all columns `found` say the same of every row; raise
    DataError where they do not.
    """
    names = quoted_columns([header[index] for index in found])
    rows = list(zip(*(cells(index) for index in found)))
    # classes may be written twice, as a number and as a name
    firsts = [len({row[index] for row in rows}) for index in range(len(found))]
    same = (
        all(len(set(row)) == 1 for row in rows)
        if role != LABEL
        else {len(set(rows))} == set(firsts)
    )
    if not same:
        raise DataError(
            f"{title} has {len(found)} columns that could be {MEANING.get(role, role)}: {names};"
            " rename or remove all but one"
        )
    return (
        f"the columns {names} say the same of every row, so either may be {MEANING.get(role, role)}"
    )


def _are_numbers(cells: Sequence[str]) -> bool:
    return all(cell.strip().lstrip("-").isdigit() for cell in cells if cell.strip())


def _all_splits(cells: Sequence[str], is_split: Callable[[str], bool]) -> bool:
    values = {cell.strip() for cell in cells if cell.strip()}
    return bool(values) and all(map(is_split, values))


def _check_splits(title: str, header: Sequence[str], positions: dict[str, int]) -> None:
    flags = [positions[role] for role in (IS_VALID, IS_TEST) if role in positions]
    if SPLIT in positions and flags:
        names = quoted_columns([header[index] for index in (positions[SPLIT], *flags)])
        raise DataError(
            f"{title} says in two ways which images are held out: {names}; keep one of them"
        )
    training = [name for name in header if plain(name) in IS_TRAIN]
    if training and SPLIT not in positions and not flags:
        raise DataError(
            f"{title} has the column '{training[0]}', which does not say whether other images are"
            " for validation or test; write a column split with train, validation and test instead"
        )
