"""Check a person's own data before a run is queued: by names alone, as the run itself will read
them. Opens no picture.
"""

from collections.abc import Sequence
from pathlib import Path

from rft_core.files.layout import check_classes_of, read_folder, read_table
from rft_core.files.uploads import is_zip, read_zip, unpacking_lines
from rft_core.spec import catalog

# files and folders that are looked at in about a second; a larger folder is checked by the run
MOST_ENTRIES = 300_000


def check_dataset(
    dataset: str,
    layout: str = "auto",
    domains: Sequence[str] = (),
    most: int | None = MOST_ENTRIES,
) -> tuple[str, ...]:
    """Return notes on the folder, zip or table `dataset` (folder:PATH, csv:PATH): what is left out,
    how its folders are read.

    The arguments are the settings data.dataset, data.layout and data.domains. Nothing for other
    data, and for a folder of more than `most` files. Raises DataError as the run would: no
    class folders, one class, a test class that training lacks; and LayoutQuestion where
    data.layout must decide.
    """
    scheme, _, named = dataset.partition(":")
    location = catalog.locations().get(scheme)
    if location is None or not location.check:
        return ()
    return location.load_check()(Path(named).expanduser(), layout, domains, most)


def check_folder(
    path: Path, layout: str, domains: Sequence[str], most: int | None
) -> tuple[str, ...]:
    """Return notes on the folder or zip at `path`."""
    before: tuple[str, ...] = ()
    if is_zip(path):
        reading = read_zip(path, layout, domains)
    else:
        reading = read_folder(path, layout, domains, most=most)
        before = unpacking_lines(path)
    if not reading.is_intact:
        return before
    _, notes = check_classes_of(reading, path.name, domains)
    return (*before, *reading.lines, *notes)


def check_table(
    path: Path, layout: str, domains: Sequence[str], most: int | None
) -> tuple[str, ...]:
    """Return notes on the table at `path`, which has no `layout`; its classes are checked unless
    it has `most` rows or more.
    """
    table = read_table(path, most)
    if most is not None and len(table.pictures) + sum(map(len, table.dropped.values())) >= most:
        return tuple(table.columns.notes)
    first = (table.pictures[0].domain,) if table.has_domains else ()
    _, notes = check_classes_of(table, path.name, domains or first)
    return (*table.notes, *notes)
