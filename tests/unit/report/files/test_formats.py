"""rft_core.report.files.tables and export: what is written can be read back,
and nothing in it runs.
"""

import codecs
import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pyarrow import parquet

from rft_core.report.files.export import export_runs, file_contents, one_file
from rft_core.report.files.formats import (
    as_json,
    csv_files,
    defuse,
    json_document,
    parquet_files,
    run_document,
    zipped,
)
from rft_core.report.files.tables import TABLES, build_tables, without_home
from rft_core.spec.run_spec import flatten, parse
from tests.unit.report.stored import content, stored


@pytest.fixture
def found(store):
    return content(
        store,
        [
            stored(store, "a", tags=["x", "y"]),
            stored(store, "b", shares=(0.8, 0.7), digest="other"),
            stored(store, "c", status="failed"),
        ],
    )


def tables(found):
    return build_tables(found.records, found.histories, found.pairs)


def from_csv(kind: str, text: str):
    """The value of a cell, by the kind of its column."""
    readers: dict[str, Callable[[str], object]] = {
        "text": str,
        "integer": int,
        "number": float,
        "flag": "True".__eq__,
    }
    return None if text == "" else readers[kind](text)


def test_csv_reads_back_equal(found):
    files, wanted = csv_files(found), tables(found)
    assert set(files) == {f"{name}.csv" for name in TABLES}
    for name, columns in TABLES.items():
        rows = list(
            csv.DictReader(io.StringIO(files[f"{name}.csv"].decode("utf-8-sig"), newline=""))
        )
        read = [
            {column: from_csv(kind, row[column]) for column, kind in columns.items()}
            for row in rows
        ]
        # CSV cannot tell an empty text from nothing
        assert read == [
            {column: None if value == "" else value for column, value in row.items()}
            for row in wanted[name]
        ], name


def test_parquet_reads_back_equal_with_its_types(found):
    files, wanted = parquet_files(found), tables(found)
    for name in TABLES:
        assert (
            parquet.read_table(io.BytesIO(files[f"{name}.parquet"])).to_pylist() == wanted[name]
        ), name


def test_parquet_has_the_same_types_whatever_the_runs(store, found):
    lone = content(store, [stored(store, "none", status="failed")])
    schemas = [
        parquet.read_schema(io.BytesIO(parquet_files(one)["runs.parquet"])) for one in (found, lone)
    ]
    assert schemas[0].equals(schemas[1])


def test_json_reads_back_equal(found):
    document = json.loads(as_json(json_document(found)))
    assert [parse(run["spec"]) for run in document["runs"]] == [
        record.spec for record in found.records
    ]
    assert [run["report"] for run in document["runs"]] == [
        record.report for record in found.records
    ]
    assert document["settings_that_differ"] == {}
    assert len(document["runs"][0]["tracked"]) == 3 * 9
    assert {row["reason"] for row in document["differences"]} == {"measured on other test images"}


def test_the_tables_hold_the_runs(found):
    wanted = tables(found)
    assert [row["clean_accuracy"] for row in wanted["runs"]] == [0.9, 0.8, None]
    assert wanted["runs"][0]["tags"] == "x, y"
    settings = {
        row["setting"]: json.loads(row["value"])
        for row in wanted["settings"]
        if row["run_id"] == found.records[0].run_id
    }
    assert settings == json.loads(json.dumps(flatten(found.records[0].spec)))
    assert [row["accuracy"] for row in wanted["curves"]][:9] == list(
        found.lines[0].curves[0].accuracies
    )
    assert [row["seconds"] for row in wanted["tracked"]][::9][:3] == [0, 20, 80]


def test_an_archive_holds_the_files(found):
    files = csv_files(found)
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files


# written out: a test that took them from the code would not miss one that is gone
@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "-1+", "+1.5e3 ", "=1"]
)
def test_text_that_begins_like_a_formula_is_defused(start):
    assert defuse(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("cell", [-1.5, 3, None, True, "-1.5", "+2e-3", "plain", "a=b", ""])
def test_numbers_and_plain_text_stay(cell):
    assert defuse(cell) == cell


def test_a_hostile_name_is_inert_in_csv(store):
    found = content(store, [stored(store, '=HYPERLINK("http://x","y")', notes="@SUM(1)")])
    (row,) = csv.DictReader(
        io.StringIO(csv_files(found)["runs.csv"].decode("utf-8-sig"), newline="")
    )
    assert row["name"] == '\'=HYPERLINK("http://x","y")'
    assert row["notes"] == "'@SUM(1)"


def test_json_holds_no_number_that_json_has_no_word_for():
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"loss": float("nan")})


def test_no_home_folder_is_told(store, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    first = stored(
        store,
        "a",
        data__dataset="folder:/home/ada/flowers",
        notes="see /home/ada/notes, not /home/adam",
    )
    found = content(store, [first, stored(store, "b", data__dataset="folder:/home/ada/trees")])
    for text in (
        as_json(json_document(found)).decode(),
        *(data.decode() for data in csv_files(found).values()),
    ):
        assert "/home/ada/" not in text
    assert json_document(found)["runs"][0]["spec"]["data"]["dataset"] == "folder:~/flowers"
    assert json_document(found)["settings_that_differ"]["data.dataset"] == [
        "folder:~/flowers",
        "folder:~/trees",
    ]
    assert run_document(first)["spec"]["data"]["dataset"] == "folder:~/flowers"
    assert without_home("/home/adam") == "/home/adam"
    assert without_home(str(Path.home())) == "~"


def test_a_home_at_the_root_is_no_home(monkeypatch):
    monkeypatch.setenv("HOME", "/")
    assert without_home("/data/x") == "/data/x"


def test_tables_open_in_excel(store):
    """Excel reads a CSV without a byte order mark in the local code page, and shows Ã© for é;
    readers of UTF-8 skip the mark.
    """
    found = content(store, [stored(store, "café – 花"), stored(store, "Ünï")])
    files = csv_files(found)
    assert all(
        data.startswith(codecs.BOM_UTF8) and data.count(codecs.BOM_UTF8) == 1
        for data in files.values()
    )
    (first, second) = csv.DictReader(io.StringIO(files["runs.csv"].decode("utf-8-sig"), newline=""))
    assert (list(first)[0], first["name"], second["name"]) == ("run_id", "café – 花", "Ünï")


def test_what_the_page_gives_is_what_the_command_line_writes(store, tmp_path):
    records = [stored(store, "é"), stored(store, "b")]
    export_runs(store, [record.run_id for record in records], "csv", tmp_path / "tables")
    with zipfile.ZipFile(
        io.BytesIO(one_file(file_contents(content(store, records), "csv", store.home.runs)))
    ) as archive:
        given = {name: archive.read(name) for name in archive.namelist()}
    assert given == {path.name: path.read_bytes() for path in (tmp_path / "tables").iterdir()}
    assert given["runs.csv"].startswith(codecs.BOM_UTF8)
