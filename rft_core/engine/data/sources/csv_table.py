"""A table (CSV) of paths and labels, with the splits and domains it names; rft_core/files/layout
reads it.
"""

from collections.abc import Sequence

from rft_core.engine.data.dataset import Dataset, Request
from rft_core.engine.data.decoding.decode import decode
from rft_core.engine.data.listing import Listing
from rft_core.engine.data.reading.rows import Row, list_rows, stamp_of
from rft_core.errors import DataError
from rft_core.files.layout import read_table, shown


def load(path: str, request: Request) -> Dataset:
    """Return the images that the table at `path` names; relative paths start at the table's own
    folder.

    Rows without a label, with an unknown split or with a missing file are left out, counted and
    named.
    """
    return decode(list_table(path, request.domains), request)


def list_table(path: str, domains: Sequence[str] = ()) -> Listing:
    """Return the listing of the table at `path`, trained on `domains`; if it has domains and
    `domains` is empty, on its first domain.
    """
    table = read_table(path)
    notes = table.notes
    if domains and not table.has_domains:
        raise DataError(
            f"data.domains is {', '.join(domains)}, but {table.title} has no column domain; add it,"
            " or leave data.domains empty"
        )
    if table.has_domains and not domains:
        domains = (table.pictures[0].domain,)
        notes.append(
            f"data.domains is empty: trained on the first domain of the table, '{domains[0]}'"
        )
    rows = [
        Row(row.path, shown(row.name), row.label, row.split, row.domain, stamp_of(row.status))
        for row in table.pictures
    ]
    return list_rows(table.title, rows, domains, notes, table.left_out)
