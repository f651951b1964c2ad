"""Three runs side by side: drawn, shared as a link, taken away as files."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.browser.conftest import settle, wait_for_points

pytestmark = pytest.mark.browser
NAMES = ("standard", "fixed", "scheduled")


def compare(visit, lab):
    page = visit(f"/compare?runs={','.join(lab.runs)}")
    wait_for_points(page, more_than=0, figure=1)
    return page


def test_three_runs_are_drawn_and_named(visit, lab):
    page = compare(visit, lab)
    said = " ".join(page.get_by_test_id("stCaptionContainer").all_inner_texts())
    assert all(name in said.lower() for name in NAMES)
    page.get_by_role("heading", name="Against standard").wait_for()
    page.get_by_role("heading", name="Settings that differ").wait_for()


def test_a_shared_link_opens_the_same_view_in_a_browser_that_was_never_here(visit, lab):
    page = compare(visit, lab)
    page.get_by_role("combobox", name="Over").click()
    page.get_by_role("option", name="Epoch").click()
    page.wait_for_url(lambda address: "x=epoch" in address)
    settle(page)
    other = visit(page.url)
    wait_for_points(other, more_than=0, figure=1)
    assert other.url == page.url
    assert (
        other.get_by_test_id("stMultiSelect").first.inner_text()
        == page.get_by_test_id("stMultiSelect").first.inner_text()
    )
    assert other.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')[0]._fullData[0].x]"
    ) == page.evaluate("[...document.querySelectorAll('.js-plotly-plot')[0]._fullData[0].x]")


def test_the_report_opens_alone_and_holds_the_numbers(visit, lab, tmp_path):
    file = exported(compare(visit, lab), "Report", tmp_path)
    page = visit(file.as_uri())
    text = page.locator("body").inner_text()
    for run_id in lab.runs:
        assert f"{100 * lab.store.get(run_id).report['clean_accuracy']:.1f}" in text
    assert page.locator(".js-plotly-plot").count() >= 2


def test_the_tables_and_the_document_hold_the_numbers(visit, lab, tmp_path):
    page = compare(visit, lab)
    with zipfile.ZipFile(exported(page, "CSV", tmp_path)) as archive:
        runs = list(
            csv.DictReader(
                io.StringIO(
                    archive.read(
                        next(name for name in archive.namelist() if name.endswith("runs.csv"))
                    ).decode("utf-8-sig")
                )
            )
        )
    expected = {run_id: lab.store.get(run_id).report["clean_accuracy"] for run_id in lab.runs}
    assert {row["run_id"]: float(row["clean_accuracy"]) for row in runs} == pytest.approx(expected)
    assert all(
        run_id in json.dumps(json.loads(exported(page, "JSON", tmp_path).read_text()))
        for run_id in lab.runs
    )


def exported(page, label: str, folder: Path) -> Path:
    """Press a button of "Export" and return the file that arrives."""
    with page.expect_download() as download:
        page.locator('[data-testid="stDownloadButton"] button', has_text=label).first.click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file
