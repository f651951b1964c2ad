"""Check a person's own data before a run is queued: by names alone, as the run itself will read them. Opens no picture."""

from pathlib import Path

from rft_core.errors import DataError
from rft_core.layout import check_classes_of, read_folder
from rft_core.sections import DataSpec
from rft_core.uploads import is_zip, read_zip, unpacking_lines

# files and folders that are looked at in about a second; a larger folder is checked by the run
MOST_ENTRIES = 300_000


def check_dataset(data: DataSpec, most: int | None = MOST_ENTRIES) -> tuple[str, ...]:
    """Return what is to be said of the folder or zip that `data` names: what is left out, and how its folders are read.

    Nothing for other data, and for a folder of more than `most` files. Raises DataError as the run would: no class
    folders, one class, a test class that training lacks; and LayoutQuestion where data.layout must decide.
    """
    scheme, _, place = data.dataset.partition(":")
    if scheme != "folder":
        return ()
    path = Path(place).expanduser()
    if is_zip(path):
        reading, before = read_zip(path, data.layout, data.domains), ()
    else:
        reading = read_folder(path, data.layout, data.domains, most=most)
        before = unpacking_lines(path)
    if not reading.is_whole:
        return before
    classes, notes = check_classes_of(reading, path.name, data.domains)
    if len(reading.pictures) < len(classes) + 2:
        raise DataError(f"{path.name} has {len(reading.pictures)} images in {len(classes)} classes: too few to train and measure")
    return (*before, *reading.lines, *notes)
