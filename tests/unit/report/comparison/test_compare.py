"""rft_core.report.comparison.compare: runs side by side, and what is unfair about it."""

import io

import pytest

from rft_core.cli.printing.comparison import print_comparison
from rft_core.cli.printing.console import out
from rft_core.report.comparison.compare import compare
from rft_core.report.comparison.rows import number_rows
from rft_core.report.files.formats import json_document
from rft_core.report.files.html_report import html_report
from rft_core.report.files.tables import build_tables
from rft_core.spec.run_spec import RunSpec, with_settings
from tests.unit.report.stored import content, stored

REPORT = {
    "status": "finished",
    "clean_accuracy": 0.8,
    "robust_accuracy": 0.4,
    "expected_robustness": 0.6,
    "seconds": 3.0,
    "gradient_evaluations": 9,
    "onset": {"step": 4, "epoch": 0.5},
    "curve": [
        {"epsilon": 0.0, "accuracy": 0.8, "n": 100},
        {"epsilon": 0.03, "accuracy": 0.4, "n": 100},
    ],
    "images_digest": "a",
}


def record(store, report=None, **settings):
    changes = {name.replace("__", "."): value for name, value in settings.items()}
    run_id = store.submit(with_settings(RunSpec(), {"name": "one"} | changes))
    if report is not None:
        store.finish(run_id, report["status"], report=report)
    return store.get(run_id)


def test_a_row_a_run_in_the_order_given(store):
    first, second = (
        record(store, REPORT),
        record(store, REPORT | {"clean_accuracy": 0.7, "onset": None}),
    )
    rows = compare([second, first]).rows
    assert [row["run_id"] for row in rows] == [second.run_id, first.run_id]
    assert [row["clean_accuracy"] for row in rows] == [0.7, 0.8]
    assert [row["onset_step"] for row in rows] == [None, 4]
    assert [row["n"] for row in rows] == [100, 100]


def test_only_the_settings_that_differ(store):
    result = compare(
        [
            record(store, REPORT, schedule__kind="constant"),
            record(store, REPORT, schedule__kind="linear", name="other"),
        ]
    )
    assert result.settings == {"schedule.kind": ["constant", "linear"]}
    assert result.warnings == []


@pytest.mark.parametrize(
    ("report", "settings", "warning"),
    [
        (REPORT | {"images_digest": "b"}, {}, "different test images"),
        (REPORT, {"threat__epsilon": "4/255"}, "different targets"),
        (REPORT | {"status": "stopped"}, {}, "stopped early"),
        (None, {}, "No report yet: one · "),
        (
            REPORT | {"shared_images": {"train_test": 46}},
            {},
            "46 test images are in the training images too, pixel for pixel",
        ),
        (
            REPORT | {"shared_images": {"train_validation": 2, "train_others": 3}},
            {},
            "2 validation images are in the training images too and 3 images of other",
        ),
    ],
)
def test_what_is_unfair_is_said(store, report, settings, warning):
    result = compare([record(store, REPORT), record(store, report, **settings)])
    assert len(result.warnings) == 1
    assert warning in result.warnings[0]


@pytest.mark.parametrize(
    "shared",
    [
        None,
        {},
        {"train_test": 0},
        [],
        "many",
        {"train_test": "46"},
        {"test_train": 3},
        {"train_test": -1},
    ],
)
def test_nothing_is_said_of_no_shared_images_or_of_a_damaged_count(store, shared):
    assert (
        compare([record(store, REPORT), record(store, REPORT | {"shared_images": shared})]).warnings
        == []
    )


def test_plain_data(store):
    assert set(compare([record(store, REPORT)]).as_dict()) == {
        "runs",
        "settings_that_differ",
        "warnings",
        "paired",
    }


class TestRunsOfOneName:
    """They are told apart in the same way in the terminal, on the page, in the report
    and in every export.
    """

    @pytest.mark.parametrize(
        ("seeds", "tails"),
        [
            ((0, 1), ("seed 0", "seed 1")),
            ((0, 0), (None, None)),
            ((0, 0, 1), (None, None, None)),
            ((3, 1, 2), ("seed 3", "seed 1", "seed 2")),
        ],
    )
    def test_by_seed_where_that_suffices_else_by_a_short_id(self, store, seeds, tails):
        records = [stored(store, "twin", seed=seed) for seed in seeds]
        wanted = [f"twin · {tail or record.run_id[-6:]}" for record, tail in zip(records, tails)]
        assert [row["label"] for row in compare(records).rows] == wanted
        assert [row["name"] for row in compare(records).rows] == ["twin"] * len(seeds)

    def test_a_name_of_its_own_stays(self, store):
        records = [stored(store, "one"), stored(store, "two")]
        assert [row["label"] for row in compare(records).rows] == ["one", "two"]

    def test_everywhere_alike(self, store, monkeypatch):
        records = [stored(store, "twin", schedule__kind=kind) for kind in ("constant", "linear")]
        labels = [f"twin · {record.run_id[-6:]}" for record in records]
        result = compare(records, store.home.runs)
        assert {(row["first_name"], row["second_name"]) for row in result.paired} == {tuple(labels)}
        sink = io.StringIO()
        monkeypatch.setattr(out, "_file", sink)
        monkeypatch.setattr(out, "_width", 120)
        monkeypatch.setattr(out, "_height", 25)
        print_comparison(result)
        assert f"{labels[0]} against {labels[1]}" in sink.getvalue()
        found = content(store, records)
        assert list(found.labels) == labels
        assert [row["Run"] for row in number_rows(found)] == labels
        assert [
            row["label"] for row in build_tables(found.records, found.histories)["runs"]
        ] == labels
        assert [run["label"] for run in json_document(found)["runs"]] == labels
        assert all(label in html_report(found, store.home.runs) for label in labels)

    def test_one_without_a_report_is_named_too(self, store):
        first, second = record(store, REPORT), record(store)
        assert compare([first, second]).warnings == [f"No report yet: one · {second.run_id[-6:]}."]
