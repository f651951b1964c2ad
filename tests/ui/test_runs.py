"""The Runs page in every state, through app.py with AppTest."""

import re
import time

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from rft_core.store.events import Event, append_events
from rft_core.store.run_store import RunStore
from rft_core.store.tables import runs
from tests import big_store
from tests.ui.test_pages import APP, POINTS, stored_run, texts

RUNS = "pages/runs.py"


def opened(**query: str) -> AppTest:
    """The Runs page under a link with this query."""
    app = AppTest.from_file(APP, default_timeout=30)
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(RUNS).run()
    assert not app.exception
    return app


def listed(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["name"])


def buttons(app: AppTest) -> set[str]:
    return {one.key.removeprefix("runs.") for one in app.button if one.key.startswith("runs.") and one.key.count(".") == 1}


def click(app: AppTest, row: int) -> None:
    """Choose a row of the list, as a click does."""
    app.session_state[app.dataframe[0].key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    app.run()


def put(store: RunStore, run_id: str, **values) -> None:
    with store.engine.begin() as connection:
        connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))


def train(place: int, step: int, wall_time: float) -> Event:
    payload = {"loss": 1.0, "epsilon": 0.01, "learning_rate": 0.001, "images_per_second": 321.0, "process_memory_mib": 1536.0}
    return Event(place, step, step / 10, wall_time, "train", payload)


class TestStates:
    def test_empty(self, store):
        app = opened()
        assert "No runs yet" in texts(app)
        assert len(app.dataframe) == 0

    def test_queued(self, store):
        stored_run(store, "waits", finished=False)
        put(store, store.summaries().rows[0].run_id, status="queued", step=0, heartbeat=None)
        app = opened()
        assert buttons(app) == {"stop", "pause", "duplicate", "delete"}
        assert "queued" in texts(app)

    def test_running_without_news(self, store):
        run_id = stored_run(store, "quiet", finished=False)
        app = opened()
        before = texts(app)
        app.run()
        age = re.compile(r"heartbeat .*? ago")
        assert age.sub("", texts(app)) == age.sub("", before)
        assert buttons(app) == {"stop", "pause", "duplicate"}
        assert "last heartbeat" in before
        assert store.get(run_id).status == "running"

    def test_running_with_news(self, store):
        run_id = stored_run(store, "live", finished=False)
        app = opened()
        assert "time left not known yet" in app.get("progress")[0].proto.text
        started = Event(6, 9, 0.9, 99.0, "status", {"status": "running"})
        measured = Event(9, 14, 1.4, 103.0, "eval", {"curve": POINTS, "expected_robustness": 0.6})
        append_events(store.engine, run_id, [started, train(7, 10, 100.0), train(8, 14, 102.0), measured])
        store.beat(run_id, 14, 20)
        app.run()
        assert app.get("progress")[0].proto.text == "step 14 of 20; about 3.0 s left"
        assert "321 images a second" in texts(app)
        assert "1.5 GiB of memory at most" in texts(app)
        assert app.select_slider[0].value == 14

    def test_paused(self, store):
        run_id = stored_run(store, "rests", finished=False)
        store.finish(run_id, "paused", "paused by request; resume it to go on")
        app = opened()
        assert buttons(app) == {"resume", "duplicate", "delete"}
        assert "paused by request" in texts(app)
        app.button(key="runs.resume").click().run()
        assert store.get(run_id).status == "queued"

    @pytest.mark.parametrize("status", ["failed", "lost"])
    def test_failed_and_lost_say_why_and_the_way_out(self, store, status):
        run_id = stored_run(store, "bad", finished=False)
        store.finish(run_id, status, "the loss is not a finite number at step 3; lower optim.learning_rate (now 9)")
        (store.folder(run_id) / "run.log").write_text("Traceback: something\n")
        app = opened()
        (said,) = app.error
        assert "lower optim.learning_rate" in said.value
        assert "log below" in said.value
        assert any("Traceback: something" in one.value for one in app.code)
        assert buttons(app) == {"resume", "duplicate", "delete"}

    def test_stopped_and_finished(self, store):
        run_id = stored_run(store, "done")
        assert buttons(opened()) == {"duplicate", "evaluate", "delete"}
        put(store, run_id, status="stopped")
        assert buttons(opened()) == {"resume", "duplicate", "evaluate", "delete"}

    def test_a_run_that_ends_while_it_is_watched(self, store):
        run_id = stored_run(store, "live", finished=False)
        app = opened()
        assert "stop" in buttons(app)
        store.finish(run_id, "finished", report={"clean_accuracy": 0.8, "robust_accuracy": 0.4, "expected_robustness": 0.6, "onset": None, "curve": POINTS})
        app.run()
        assert buttons(app) == {"duplicate", "evaluate", "delete"}

    def test_a_run_that_another_page_deleted(self, store):
        first, second = stored_run(store, "first"), stored_run(store, "second")
        app = opened(run=first)
        store.delete(first)
        app.run()
        assert not app.exception
        assert "**second**" in texts(app)
        assert "unknown run" in app.error[0].value
        assert app.session_state["runs.run"] == second


class TestDeleteAndUndo:
    def test_delete_hides_and_undo_brings_back(self, store):
        run_id, other = stored_run(store, "regret"), stored_run(store, "other")
        app = opened(run=run_id)
        app.button(key="runs.delete").click().run()
        assert listed(app) == ["other"]
        assert [one.value for one in app.text] == ["regret was deleted."]
        app.button(key=f"runs.undo.{run_id}").click().run()
        assert listed(app) == ["other", "regret"]
        assert app.session_state["runs.run"] == run_id
        assert store.discarded() == []
        assert store.get(other).name == "other"

    def test_undo_survives_a_refresh(self, store):
        run_id = stored_run(store, "regret")
        opened().button(key="runs.delete").click().run()
        app = opened()
        assert "No runs yet" in texts(app)
        app.button(key=f"runs.undo.{run_id}").click().run()
        assert "**regret**" in texts(app)

    def test_remove_now(self, store):
        run_id = stored_run(store, "regret")
        app = opened()
        app.button(key="runs.delete").click().run()
        app.button(key="runs.empty").click().run()
        assert not store.home.run_folder(run_id).exists()
        assert len(app.text) == 0


class TestList:
    def test_search_filter_and_order(self, store):
        stored_run(store, "a", tags=["thesis"])
        stored_run(store, "b", **{"schedule.kind": "constant"})
        app = opened()
        assert listed(app) == ["b", "a"]
        app.text_input(key="runs.search").set_value("THESIS").run()
        assert listed(app) == ["a"]
        app.text_input(key="runs.search").set_value("").run()
        app.multiselect(key="runs.schedules").set_value(["constant"]).run()
        assert listed(app) == ["b"]
        app.multiselect(key="runs.schedules").set_value([]).run()
        app.selectbox(key="runs.order").set_value("oldest").run()
        assert listed(app) == ["a", "b"]

    def test_nothing_found(self, store):
        stored_run(store, "a")
        app = opened()
        app.text_input(key="runs.search").set_value("no such thing").run()
        assert not app.exception
        assert "Take off a filter" in texts(app)
        assert "**a**" in texts(app)

    def test_a_link_brings_search_and_filter(self, store):
        stored_run(store, "a", tags=["thesis"])
        stored_run(store, "b", tags=["draft"])
        app = opened(**{"runs.search": "blooms", "runs.tags": "draft"})
        assert app.text_input(key="runs.search").value == "blooms"
        assert listed(app) == ["b"]

    def test_choosing_a_row(self, store):
        first, _ = stored_run(store, "first"), stored_run(store, "second")
        app = opened()
        assert "**second**" in texts(app)
        click(app, 1)
        assert "**first**" in texts(app)
        assert app.session_state["runs.run"] == first

    def test_five_hundred_runs(self, store):
        big_store.fill(store.home, 500, evaluations=2)
        app = opened()
        assert len(listed(app)) == 25
        assert "500 runs" in texts(app)
        started = time.perf_counter()
        app.run()
        assert time.perf_counter() - started < 5
        app.text_input(key="runs.search").set_value('"made-up run 7"').run()
        assert listed(app)[0] == "made-up run 79"
        assert "11 runs" in texts(app)


class TestScrubber:
    def test_it_follows_the_newest_until_it_is_moved(self, store):
        run_id = stored_run(store, "live", finished=False)
        app = opened()

        def measured(sequence: int, step: int) -> int:
            append_events(store.engine, run_id, [Event(sequence, step, step / 9, 3.0, "eval", {"curve": POINTS, "expected_robustness": 0.6})])
            app.run()
            return app.select_slider[0].value

        assert app.select_slider[0].value == 9
        assert measured(6, 12) == 12
        app.select_slider[0].set_value(9).run()
        assert measured(7, 15) == 9
        app.select_slider[0].set_value(15).run()
        assert measured(8, 18) == 18

    def test_curve_and_images_are_those_of_the_evaluation(self, store):
        run_id = stored_run(store, "done")
        other = [POINTS[0] | {"accuracy": 0.1}, *(one | {"accuracy": 0.0} for one in POINTS[1:])]
        append_events(store.engine, run_id, [Event(9, 4, 0.5, 2.0, "eval", {"curve": other, "expected_robustness": 0.01})])
        app = opened()
        newest = app.get("plotly_chart")[1].proto.spec
        app.select_slider[0].set_value(4).run()
        assert app.get("plotly_chart")[1].proto.spec != newest
        assert "Accuracy on validation images" in app.get("plotly_chart")[1].proto.spec
        assert "Accuracy on test images" in newest
        assert any("rose" in one.value for one in app.caption)

    def test_each_run_has_its_own(self, store):
        stored_run(store, "first"), stored_run(store, "second")
        app = opened()
        app.select_slider[0].set_value(0).run()
        click(app, 1)
        assert app.select_slider[0].value == 9


class TestWords:
    def test_they_are_kept_at_once_and_found_after_a_refresh(self, store):
        run_id = stored_run(store, "old", tags=["x"])
        app = opened()
        app.text_input(key=f"runs.name.{run_id}").set_value("new")
        app.text_area(key=f"runs.notes.{run_id}").set_value("see *this* & <b>that</b>")
        app.multiselect(key=f"runs.tags.{run_id}").set_value(["x", "thesis"]).run()
        spec = store.get(run_id).spec
        assert (spec.name, spec.notes, spec.tags) == ("new", "see *this* & <b>that</b>", ("x", "thesis"))
        app = opened()
        assert listed(app) == ["new"]
        assert app.text_area(key=f"runs.notes.{run_id}").value == "see *this* & <b>that</b>"

    @pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "**bold** [link](javascript:alert(1))", "=1+2", ":red[x] $x^2$ `a`", "a & b #1"])
    def test_names_tags_and_notes_are_text_and_never_markup(self, store, name):
        stored_run(store, name, tags=[name[:50]], notes=name)
        app = opened()
        assert listed(app) == [name]
        for shown in (*app.markdown, *app.caption):
            assert "<img" not in shown.value
            assert "**bold" not in shown.value
            assert "](" not in shown.value
            assert ":red[x]" not in shown.value

    def test_each_mark_is_escaped_once(self, store):
        stored_run(store, "a & b #1")
        assert "**a &#38; b &#35;1**" in texts(opened())
