"""rft_core.report.compare: runs side by side, and what is unfair about it."""

import pytest

from rft_core.report.compare import compare
from rft_core.spec import RunSpec, with_settings

REPORT = {
    "status": "finished", "clean_accuracy": 0.8, "robust_accuracy": 0.4, "expected_robustness": 0.6, "seconds": 3.0, "gradient_evaluations": 9,
    "onset": {"step": 4, "epoch": 0.5}, "curve": [{"n": 100}], "images_digest": "a",
}  # fmt: skip


def record(store, report=None, **settings):
    changes = {name.replace("__", "."): value for name, value in settings.items()}
    run_id = store.submit(with_settings(RunSpec(), {"name": "one"} | changes))
    if report is not None:
        store.finish(run_id, report["status"], report=report)
    return store.get(run_id)


def test_a_row_a_run_in_the_order_given(store):
    first, second = record(store, REPORT), record(store, REPORT | {"clean_accuracy": 0.7, "onset": None})
    rows = compare([second, first]).rows
    assert [row["run_id"] for row in rows] == [second.run_id, first.run_id]
    assert [row["clean_accuracy"] for row in rows] == [0.7, 0.8]
    assert [row["onset_step"] for row in rows] == [None, 4]
    assert [row["n"] for row in rows] == [100, 100]


def test_only_the_settings_that_differ(store):
    result = compare([record(store, REPORT, schedule__kind="constant"), record(store, REPORT, schedule__kind="linear", name="other")])
    assert result.settings == {"schedule.kind": ["constant", "linear"]}
    assert result.warnings == []


@pytest.mark.parametrize(
    ("report", "settings", "warning"),
    [
        (REPORT | {"images_digest": "b"}, {}, "different test images"),
        (REPORT, {"threat__epsilon": "4/255"}, "different targets"),
        (REPORT | {"status": "stopped"}, {}, "stopped early"),
        (None, {}, "No report yet: one · "),
    ],
)
def test_what_is_unfair_is_said(store, report, settings, warning):
    result = compare([record(store, REPORT), record(store, report, **settings)])
    assert len(result.warnings) == 1
    assert warning in result.warnings[0]


def test_plain_data(store):
    assert set(compare([record(store, REPORT)]).as_dict()) == {"runs", "settings_that_differ", "warnings", "paired"}
