"""Any folder of images: one folder a class, or splits of them; domains above that; any image size.

How the folders are told apart is in `rft_core.files.layout`. A zip is unpacked into the home first.
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
    """Return the images below `path`, a folder or a zip of one.

    Raises DataError for a folder that is missing, empty, or has a class in test/ that train/ lacks,
    and LayoutQuestion where its folders could be read in two ways.
    """
    return decode(list_folder(path, request.domains, request.layout), request)


def list_folder(path: str, domains: Sequence[str] = (), layout: str = "auto") -> Listing:
    """Return the listing of the folder or zip at `path`.

    With `domains`, its first level are domains, and these are trained on. `layout` is the
    setting data.layout.
    """
    place = Path(path).expanduser()
    root = unpack(place, place.name, find_home()).folder if is_zip(place) else place
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
    return list_rows(place.name, rows, domains, notes, reading.left_out)
