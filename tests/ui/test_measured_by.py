"""Beside every robust number, on every page and in every command, stands what measured it:
two runs, two attacks.
"""

import html
import json
import re
import sys

import pytest

from rft_core import cli
from rft_core.store.run_store import RunStore
from tests.ui.dashboard import open_app, texts
from tests.ui.kept_evaluation import kept
from tests.unit.report.stored import stored

PGD, AUTO = "PGD-10, n 200", "AutoAttack, n 200"
# an accuracy "34.5 % at 8/255" must go on with the attack in brackets
ROBUST_NUMBER = re.compile(r"\.\d % at \d+(?:\.\d+)?/255(?! \([^)]*, n [\d,]+\))")


@pytest.fixture
def runs(store: RunStore) -> list:
    """One run measured by PGD, one by AutoAttack, one that is still training."""
    return [
        stored(store, "gentle", shares=(0.9, 0.5)),
        stored(store, "harsh", shares=(0.8, 0.3), evaluation__attack="autoattack"),
        stored(store, "young", status="running"),
    ]


def said(app) -> str:
    assert not app.exception
    text = html.unescape(texts(app)).replace("\\", "")
    # a sentence may name it once, before its numbers
    assert not ROBUST_NUMBER.search(
        re.sub(r"The run's own report \([^)]*, n \d+\),[^;]*", "", text)
    )
    return text


def figures(app) -> list[dict]:
    return [json.loads(one.proto.spec) for one in app.get("plotly_chart")]


def hovers(figure: dict) -> list[str]:
    return [trace.get("hovertemplate") or "" for trace in figure["data"]]


def titles(figure: dict) -> str:
    axes = (
        value for name, value in figure["layout"].items() if name.startswith(("xaxis", "yaxis"))
    )
    notes = [note.get("text", "") for note in figure["layout"].get("annotations", [])]
    return " ".join([str((axis.get("title") or {}).get("text", "")) for axis in axes] + notes)


def test_the_list_of_runs_has_it_in_each_row(store, runs):
    table = open_app("pages/runs.py").dataframe[0].value
    shown = dict(zip(table["name"], table["measured_by"]))
    assert (shown["gentle"], shown["harsh"]) == (PGD, AUTO)
    assert not isinstance(shown["young"], str)


@pytest.mark.parametrize(("place", "final"), [(0, PGD), (1, AUTO), (2, None)])
def test_one_run_says_it_under_beside_and_in_its_figures(store, runs, place, final):
    app = open_app("pages/runs.py", run=runs[place].run_id)
    accuracy, curve, *_ = figures(app)
    text = said(app)
    assert f"at 8/255 ({final or PGD})" in text
    # followed by PGD while it trains, whatever measures it at the end
    assert PGD in titles(accuracy)
    assert (
        sum("PGD, cross-entropy, 10 steps, 1 restart, n 200" in one for one in hovers(accuracy))
        == 2
    )
    assert (final or PGD) in titles(curve)
    assert any("restart, n 200" in one for one in hovers(curve))


def test_compare_says_it_in_tables_figures_captions_and_the_warning(store, runs):
    app = open_app("pages/compare.py", runs=",".join(one.run_id for one in runs[:2]))
    text = said(app)
    assert "gentle by PGD-10; harsh by AutoAttack" in text
    assert "python -m rft_core evaluate ID --attack" in text
    assert (
        "harsh and gentle are not compared at 8/255: measured by different attacks, PGD-10 and"
        " AutoAttack." in text
    )
    assert "the difference at 8/255" not in text
    assert list(app.dataframe[0].value["Measured by"]) == ["PGD-10", "AutoAttack"]
    assert list(app.dataframe[1].value["Robust"]) == ["–"]
    tracking, curves, plane = figures(app)
    assert sum("PGD, cross-entropy" in one for one in hovers(tracking)) == 2
    assert "PGD, cross-entropy" in hovers(curves)[0]
    assert "AutoAttack, several losses" in hovers(curves)[1]
    assert sum("restart, n 200" in one for one in hovers(plane)) == 4
    for label in (PGD, AUTO):
        assert label in text


def test_compare_of_one_attack_names_it_once_and_warns_of_nothing(store, runs):
    other = stored(store, "second", shares=(0.7, 0.6))
    app = open_app("pages/compare.py", runs=f"{runs[0].run_id},{other.run_id}")
    text = said(app)
    assert "The area under a curve is its expected robustness (PGD-10, n 200): largest for" in text
    assert "the difference at 8/255 (PGD-10, n 200) is 10.0 points" in text
    assert not app.warning
    assert PGD in titles(figures(app)[1])


def test_evaluate_says_it_of_the_report_and_of_each_evaluation(store, runs):
    kept(store, runs[1].run_id)
    app = open_app("pages/evaluate.py", run=runs[1].run_id)
    text = said(app)
    assert "Under APGD-CE, cross-entropy, 20 steps, 1 restart, 40.0 % of 100 images hold" in text
    assert f"The run's own report ({AUTO})" in text
    assert "points" not in text.partition("Under APGD-CE")[2].partition("It took")[0]
    assert "At 4/255 (APGD-CE, 20 steps, n 4) the weakest class" in text
    names = [trace["name"] for trace in figures(app)[0]["data"]]
    assert names[0] == f"run's own report ({AUTO})"
    assert names[1].startswith("APGD-CE, 20 steps")


@pytest.mark.parametrize("step", ["2", "5"])
def test_the_story_says_it_of_the_recorded_runs(store, step):
    from rft_core.recordings.reading import read_recording

    app = open_app("pages/story.py", step=step)
    chip = read_recording("standard").measured_by.chip
    assert f"(attacked by {chip})" in html.unescape(texts(app)).replace("\\", "")
    (figure,) = figures(app)
    assert read_recording("standard").measured_by.short in titles(figure)


@pytest.fixture
def call(home, monkeypatch, capsys):
    """What a command prints, on both streams, its lines joined."""

    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["rft_core", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        return " ".join("".join(capsys.readouterr()).split())

    return run


def test_commands_say_it(store, runs, call):
    table = call("runs")
    assert f"a: by {AUTO} b: by {PGD}" in table
    for record, chip in zip(runs, (PGD, AUTO)):
        shown = call("show", record.run_id)
        assert f"at 8/255 ({chip})" in shown
        assert f"under attack by {record.measured_by.full}:" in shown
        assert not ROBUST_NUMBER.search(shown)
    compared = call("compare", *(one.run_id for one in runs[:2]))
    assert "measured by" in compared
    assert "gentle by PGD-10; harsh by AutoAttack" in compared
    assert "gentle against harsh: the difference at epsilon 0" in compared
    assert "the difference at 8/255" not in compared


def test_a_table_of_one_attack_names_it_once(store, call):
    stored(store, "a"), stored(store, "b")
    assert call("runs").count(PGD) == 1
    assert "robust and expected by PGD-10, n 200" in call("runs")


def test_documents_say_it(store, runs, call):
    by = [one.measured_by.as_dict() if one.measured_by else None for one in runs]
    assert [one["measured_by"] for one in json.loads(call("runs", "--json"))] == by[::-1]
    assert json.loads(call("show", runs[1].run_id, "--json"))["measured_by"] == by[1]
    compared = json.loads(call("compare", runs[0].run_id, runs[1].run_id, "--json"))
    assert [row["measured_by"] for row in compared["runs"]] == by[:2]
    assert [row["metric"] for row in compared["paired"]] == ["clean"]
    assert "measured by different attacks" in compared["warnings"][0]
