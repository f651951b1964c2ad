"""Write runs to files, for the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rft_core.errors import UnknownNameError, UserError
from rft_core.files.atomic import write_bytes
from rft_core.report.comparison.pairs import pair_runs
from rft_core.report.comparison.view import Content, View, assemble, with_pairs
from rft_core.report.files.formats import (
    FORMATS,
    as_json,
    csv_files,
    json_document,
    parquet_files,
    zipped,
)
from rft_core.report.files.html_report import html_report
from rft_core.report.run.history import MEASURED_KINDS, build_history
from rft_core.store.events import read_events
from rft_core.store.run_store import RunStore

FILE_NAME = "rft-lab-export"


def export_runs(
    store: RunStore, run_ids: Sequence[str], form: str, to: Path | None, group: str = ""
) -> dict[str, Any]:
    """Write runs, grouped or not (see View), as `form` (csv, parquet, json or html) and return
    {"format", "runs", "files": [{"path", "bytes"}]}.

    Tables go into the folder `to`, or into an archive if it ends in .zip; other formats into the
    file `to`. The default is rft-lab-export in the current folder. An existing file is not
    overwritten: UserError.
    """
    if form not in FORMATS:
        raise UnknownNameError("format", form, list(FORMATS))
    records = [store.get(run_id) for run_id in dict.fromkeys(run_ids)]
    histories = [
        build_history(read_events(store.engine, record.run_id, kinds=MEASURED_KINDS))
        for record in records
    ]
    content = with_pairs(
        assemble(records, histories, View(group=group)), pair_runs(records, store.home.runs)
    )
    contents = file_contents(content, form, store.home.runs)
    files = _by_path(contents, to or Path(FILE_NAME if len(contents) > 1 else next(iter(contents))))
    _write(files)
    written = [{"path": str(path), "bytes": len(data)} for path, data in files.items()]
    return {"format": form, "runs": [record.run_id for record in records], "files": written}


def file_contents(content: Content, form: str, runs_folder: Path) -> dict[str, bytes]:
    """Return the files of an export by name."""
    if form == "csv":
        return csv_files(content)
    if form == "parquet":
        return parquet_files(content)
    return {
        FILE_NAME + FORMATS[form]: as_json(json_document(content))
        if form == "json"
        else html_report(content, runs_folder).encode()
    }


def one_file(contents: dict[str, bytes]) -> bytes:
    """Return the files of an export as one file: a zip archive if there are several."""
    return next(iter(contents.values())) if len(contents) == 1 else zipped(contents)


def _by_path(contents: dict[str, bytes], target: Path) -> dict[Path, bytes]:
    if len(contents) == 1 or target.suffix == ".zip":
        return {target: one_file(contents)}
    return {target / name: data for name, data in contents.items()}


def _write(files: dict[Path, bytes]) -> None:
    there = next((path for path in files if path.exists()), None)
    if there is not None:
        raise UserError(
            f"'{there}' is there already; give another path with --to, or remove it first"
        )
    for path, data in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, data)
        except OSError as error:
            raise UserError(
                f"'{path}' cannot be written ({error.strerror}); give another path with --to"
            ) from None
