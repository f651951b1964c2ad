"""Runs as files: tidy tables in CSV or Parquet, one JSON document, or one HTML report that
opens without a network.
"""

import csv
import importlib.metadata
import io
import json
import platform
import re
import sys
import time
import zipfile
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from rft_core.files.version import VERSION
from rft_core.report.comparison.view import Content
from rft_core.report.files.tables import TABLES, build_tables, say_time, without_home

FORMATS = MappingProxyType({"csv": ".zip", "parquet": ".zip", "json": ".json", "html": ".html"})
# characters that start a formula in a spreadsheet, including their full-width forms
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
PACKAGES = ("torch", "timm", "numpy", "streamlit", "plotly")


def csv_files(content: Content) -> dict[str, bytes]:
    """Return one CSV file per table (UTF-8 with a byte order mark, header, RFC 4180), by file name.
    Text that a spreadsheet would run is defused.
    """
    return {
        f"{name}.csv": _csv(list(TABLES[name]), rows) for name, rows in _tables(content).items()
    }


def parquet_files(content: Content) -> dict[str, bytes]:
    """Return one Parquet file per table, by file name; columns have the same types in every
    export.
    """
    import pyarrow
    from pyarrow import parquet

    types = {
        "text": pyarrow.string(),
        "integer": pyarrow.int64(),
        "number": pyarrow.float64(),
        "flag": pyarrow.bool_(),
    }
    files = {}
    for name, rows in _tables(content).items():
        schema = pyarrow.schema([(column, types[kind]) for column, kind in TABLES[name].items()])
        sink = io.BytesIO()
        parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), sink)
        files[f"{name}.parquet"] = sink.getvalue()
    return files


def json_document(content: Content) -> dict[str, Any]:
    """Return the whole comparison as plain data: runs with spec, report and tracked evaluations,
    settings that differ, differences, versions.
    """
    tables = build_tables(content.records, content.histories, content.pairs)
    tracked: dict[str, list[dict[str, Any]]] = {record.run_id: [] for record in content.records}
    for row in tables["tracked"]:
        tracked[row["run_id"]].append({key: value for key, value in row.items() if key != "run_id"})
    runs = [
        run_document(record) | {"label": label, "tracked": tracked[record.run_id]}
        for record, label in zip(content.records, content.labels)
    ]
    compared = {
        "settings_that_differ": content.comparison.settings,
        "warnings": content.comparison.warnings,
        "differences": tables["differences"],
    }
    return without_home(
        {"made": say_time(time.time()), "versions": versions(), "runs": runs, **compared}
    )


def run_document(record: Any) -> dict[str, Any]:
    """Return one run as plain data: identity, spec and report, without the process or host that ran
    it.
    """
    named = {
        "run_id": record.run_id,
        "name": record.name,
        "status": record.status,
        "reason": record.reason,
    }
    times = {name: say_time(getattr(record, name)) for name in ("created", "started", "ended")}
    measured_by = record.measured_by.as_dict() if record.measured_by else None
    return without_home(
        named
        | times
        | {
            "measured_by": measured_by,
            "spec": record.spec.model_dump(mode="json"),
            "report": record.report,
        }
    )


def versions() -> dict[str, str]:
    """Return the versions of the software that made this export."""
    found = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {
        "rft-lab": VERSION,
        "python": ".".join(map(str, sys.version_info[:3])),
        "system": f"{platform.system()} {platform.machine()}",
    } | found


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip archive of `files`."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


def defuse(cell: Any) -> Any:
    """Return a CSV cell that no spreadsheet runs: text that starts like a formula gets a leading
    apostrophe; numbers stay numbers.
    """
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def _csv(columns: Sequence[str], rows: list[dict[str, Any]]) -> bytes:
    sink = io.StringIO(newline="")
    writer = csv.writer(sink)
    writer.writerow(columns)
    writer.writerows([defuse(row[column]) for column in columns] for row in rows)
    # with a byte order mark: without it Excel takes UTF-8 for the local code page
    return sink.getvalue().encode("utf-8-sig")


def _tables(content: Content) -> dict[str, list[dict[str, Any]]]:
    return build_tables(content.records, content.histories, content.pairs)


def as_json(document: dict[str, Any]) -> bytes:
    """Return a document as JSON text, which holds no NaN."""
    return (json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()
