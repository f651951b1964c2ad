"""The page Compare with AppTest: any number of runs, whatever state they are in, and
the view of the URL.
"""

import html

import pytest

from tests.ui.dashboard import open_app, texts
from tests.unit.report.stored import stored


def compare(**query: str):
    """Open the page as a link does: the router keeps the query."""
    app = open_app("pages/compare.py", **query)
    assert not app.exception
    return app


def link(*records) -> str:
    return ",".join(record.run_id for record in records)


def said(app) -> str:
    return html.unescape(texts(app))


def tables(app) -> list:
    return [one.value for one in app.dataframe]


def figures(app) -> int:
    return len(app.get("plotly_chart"))


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_runs_say_what_to_do(store, count):
    for number in range(count):
        stored(store, str(number))
    app = compare()
    assert "Choose two or more runs" in said(app)
    assert figures(app) == 0


def test_two_runs(store):
    first, second = stored(store, "a", shares=(0.9, 0.5)), stored(store, "b", shares=(0.7, 0.6))
    app = compare(runs=link(first, second))
    assert figures(app) == 3
    assert list(tables(app)[0]["Run"]) == ["a", "b"]
    assert "Clean accuracy: a ends at 90.0 %, b at 70.0 %." in said(app)
    assert (
        "b against a: the difference at 8/255 (PGD-10, n 200) is 10.0 points, 95 % interval"
        in said(app)
    )


def test_twenty_runs(store):
    records = [
        stored(
            store,
            f"run {number}",
            seed=number % 4,
            schedule__kind=("constant", "linear", "cosine", "step", "two_hinge")[number // 4],
        )
        for number in range(20)
    ]
    app = compare(runs=link(*records), group="schedule.kind", x="gradient_evaluations")
    assert len(app.multiselect(key="compare.runs").value) == 20
    assert list(tables(app)[0]["Group"]) == ["constant", "linear", "cosine", "step", "two_hinge"]
    assert list(tables(app)[0]["Runs"]) == ["4"] * 5
    assert len(tables(app)[1]) == 20


def test_runs_of_every_kind_together(store):
    finished = stored(store, "finished")
    others = [
        stored(store, "running", status="running"),
        stored(store, "failed", status="failed", steps=(0, 10)),
        stored(store, "narrow", threat__epsilon="4/255"),
        stored(store, "round", threat__norm="l2", threat__epsilon=0.5),
        stored(store, "flowers", data__dataset="blooms_easy", digest="other"),
    ]
    app = compare(runs=link(finished, *others))
    assert figures(app) == 3
    assert list(tables(app)[0]["Status"]) == [
        "finished",
        "running",
        "failed",
        "finished",
        "finished",
        "finished",
    ]
    assert "different targets" in said(app)
    assert "No report yet: running, failed." in said(app)
    compared = dict(zip(tables(app)[1]["Run"], tables(app)[1]["Compared"]))
    assert "they learned different datasets" in compared["flowers"]
    assert "different norms" in compared["round"]


def test_runs_of_different_data_are_said_once_not_to_be_compared(store):
    app = compare(
        runs=link(
            stored(store, "a"), stored(store, "b", data__dataset="blooms_easy", digest="other")
        )
    )
    assert list(tables(app)[1]["Compared"]) == ["not compared: they learned different datasets"]
    assert said(app).count("are not compared") == 1
    assert "same test images" not in said(app)
    assert "Run minus baseline" not in said(app)


def test_two_runs_that_measured_nothing(store):
    app = compare(
        runs=link(stored(store, "a", status="failed"), stored(store, "b", status="running"))
    )
    assert figures(app) == 3
    assert "No run here was measured on its test images yet." in said(app)
    assert "Differences need a baseline and another run" in said(app)


def test_a_link_restores_the_view(store):
    records = [
        stored(store, kind, seed=seed, schedule__kind=kind)
        for kind in ("constant", "linear")
        for seed in (0, 1)
    ]
    app = compare(
        runs=link(*records[::-1]),
        x="seconds",
        group="seeds",
        band="interval",
        base=records[1].run_id,
        show="expected",
    )
    assert app.multiselect(key="compare.runs").value == [record.run_id for record in records[::-1]]
    assert [
        app.selectbox(key=f"compare.{name}").value for name in ("x", "group", "band", "base")
    ] == ["seconds", "seeds", "interval", records[1].run_id]
    assert "Expected robustness: " in said(app)
    assert "Student" in said(app)
    assert [app.query_params[name] for name in ("x", "group")] == ["seconds", "seeds"]


def test_a_link_that_cannot_be_followed_says_so_and_shows_what_it_can(store):
    records = [stored(store, "a"), stored(store, "b")]
    app = compare(runs=f"gone,{link(*records)}", x="sideways", group="optim.epochs")
    assert "Not in this store: gone." in said(app)
    assert "There is no axis 'sideways'" in said(app)
    assert "do not differ in 'optim.epochs'" in said(app)
    assert figures(app) == 3


def test_another_baseline_turns_the_differences_round(store):
    first, second = stored(store, "a", shares=(0.9, 0.5)), stored(store, "b", shares=(0.7, 0.5))
    app = compare(runs=link(first, second))
    assert tables(app)[1]["Clean"][0].startswith("-20.0")
    app.selectbox(key="compare.base").set_value(second.run_id).run()
    assert tables(app)[1]["Run"][0] == "a"
    assert tables(app)[1]["Clean"][0].startswith("+20.0")


def test_the_view_survives_a_look_at_another_page(store):
    records = [stored(store, "a"), stored(store, "b", seed=1), stored(store, "c", seed=2)]
    app = compare(runs=link(*records[:2]))
    app.selectbox(key="compare.x").set_value("epoch").run()
    app.switch_page("pages/train.py").run()
    app.switch_page("pages/compare.py").run()
    assert app.multiselect(key="compare.runs").value == [record.run_id for record in records[:2]]
    assert app.selectbox(key="compare.x").value == "epoch"


def test_a_name_is_text_and_never_markup(store):
    app = compare(runs=link(stored(store, "**bold** <b>x</b>"), stored(store, "[x](y)")))
    shown = texts(app)
    assert "**bold" not in shown
    assert "<b>" not in shown
    assert "[x]" not in shown


def test_what_can_be_taken_along(store):
    app = compare(runs=link(stored(store, "a"), stored(store, "b")))
    assert [button.label for button in app.get("download_button")] == [
        "Report",
        "CSV",
        "Parquet",
        "JSON",
    ]
