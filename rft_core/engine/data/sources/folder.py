"""Any folder of images: a folder for each class, perhaps inside splits and domains; any image size.

`rft_core.files.layout` decides what each level of folders means. A zip is unpacked into the home
first.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from rft_core.engine.data.dataset import Dataset, Request
from rft_core.engine.data.decoding.decode import decode
from rft_core.engine.data.listing import Listing
from rft_core.engine.data.reading.rows import Row, list_rows, stamp_of
from rft_core.files.home import find_home
from rft_core.files.layout import read_folder, shown
from rft_core.files.uploads import is_zip, unpack, unpacking_lines


def load(path: str, request: Request) -> Dataset:
    """Return the images below `path`, a folder or a zip of a folder.

    Raises DataError for a folder that is missing, empty, or has a class in test/ that train/ lacks,
    and LayoutQuestion if its folders could be read in two ways.
    """
    return decode(list_folder(path, request.domains, request.layout), request)


def list_folder(path: str, domains: Sequence[str] = (), layout: str = "auto") -> Listing:
    """Return the listing of the folder or zip at `path`.

    With `domains`, the folders of the first level are domains, and `domains` are trained on.
    `layout` is the setting data.layout.
    """
    location = Path(path).expanduser()
    root = unpack(location, location.name, find_home()).folder if is_zip(location) else location
    reading = read_folder(root, layout, domains)
    rows = []
    for picture in reading.pictures:
        name = "/".join(picture.parts)
        stamp = stamp_of(os.stat(f"{reading.root}/{name}"))
        rows.append(
            Row(
                f"{reading.root}/{name}",
                shown(name),
                picture.label,
                picture.split,
                picture.domain,
                stamp,
            )
        )
    notes = [*unpacking_lines(root), *reading.lines]
    return list_rows(location.name, rows, domains, notes, reading.left_out)
