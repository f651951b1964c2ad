"""The Runs page: its list, its scrubber, and the words kept with a run."""

import time

import pytest

from rft_core.store.events import Event, append_events
from tests import big_store
from tests.ui.dashboard import POINTS, stored_run, texts
from tests.ui.run_page import buttons, click, drawn, followed, listed, opened, put


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
        assert len(listed(app)) == 20
        assert "500 runs" in texts(app)
        started = time.perf_counter()
        app.run()
        assert time.perf_counter() - started < 5
        app.text_input(key="runs.search").set_value('"made-up run 7"').run()
        assert listed(app)[0] == "made-up run 79"
        assert "11 runs" in texts(app)


class TestRunOutsideTheSearch:
    def test_a_search_shows_its_first_hit_below(self, store):
        hit, _ = stored_run(store, "photos"), stored_run(store, "flowers")
        app = opened()
        assert "**flowers**" in texts(app)
        app.text_input(key="runs.search").set_value("photos").run()
        assert listed(app) == ["photos"]
        assert "**photos**" in texts(app)
        assert "**flowers**" not in texts(app)
        assert (app.session_state["runs.run"], app.query_params["run"]) == (hit, hit)
        app.button(key="runs.delete").click().run()
        assert [one.value for one in app.text] == ["photos was deleted."]

    def test_a_run_that_is_found_stays_whatever_its_place(self, store):
        stored_run(store, "photos one"), stored_run(store, "photos two")
        app = opened()
        click(app, 1)
        app.text_input(key="runs.search").set_value("photos").run()
        assert "**photos one**" in texts(app)

    def test_no_hit_shows_no_run(self, store):
        stored_run(store, "photos"), stored_run(store, "flowers")
        app = opened()
        app.text_input(key="runs.search").set_value("no such thing").run()
        for _ in range(2):
            assert not app.exception
            assert "No run matches" in texts(app)
            assert "**flowers**" not in texts(app)
            assert buttons(app) == set()
            assert "run" not in app.query_params
            app.run()
        app.button(key="runs.clear.list").click().run()
        assert app.text_input(key="runs.search").value == ""
        assert listed(app) == ["flowers", "photos"]
        assert "delete" in buttons(app)

    @pytest.mark.parametrize("query", [{"runs.search": "flowers"}, {"runs.tags": "draft"}])
    def test_a_run_that_the_address_names_stays_without_actions(self, store, query):
        named, _ = stored_run(store, "photos"), stored_run(store, "flowers", tags=["draft"])
        app = opened(run=named, **query)
        for _ in range(2):
            assert listed(app) == ["flowers"]
            assert "**photos**" in texts(app)
            assert "The run below, photos, does not match your search" in texts(app)
            assert buttons(app) == set()
            app.run()
        app.button(key="runs.clear.outside").click().run()
        assert not app.exception
        assert listed(app) == ["flowers", "photos"]
        assert "does not match your search" not in texts(app)
        assert app.session_state["runs.run"] == named
        assert "delete" in buttons(app)

    def test_a_run_that_falls_out_of_its_search_gives_no_place_to_another(self, store):
        live, other = (
            stored_run(store, "live", finished=False),
            stored_run(store, "other", finished=False),
        )
        put(store, other, status="running")
        app = opened(run=live, **{"runs.statuses": "running"})
        assert "pause" in buttons(app)
        store.finish(live, "paused", "paused by request; resume it to go on")
        app.run()
        assert listed(app) == ["other"]
        assert "The run below, live, does not match your search" in texts(app)
        assert "pause" not in buttons(app)


class TestScrubber:
    def test_it_follows_the_newest_until_it_is_moved(self, store):
        run_id = stored_run(store, "live", finished=False)
        app = opened()

        def shown(sequence: int, step: int) -> float:
            """Measure at `step` with its own accuracy; return the clean accuracy of the
            curve that is drawn.
            """
            curve = [
                POINTS[0] | {"accuracy": step / 100},
                *(one | {"accuracy": 0.0} for one in POINTS[1:]),
            ]
            append_events(
                store.engine,
                run_id,
                [
                    Event(
                        sequence,
                        step,
                        step / 9,
                        3.0,
                        "eval",
                        {"curve": curve, "expected_robustness": 0.6},
                    )
                ],
            )
            return drawn(app.run())

        assert shown(6, 12) == pytest.approx(12)
        app.select_slider[0].set_value(9).run()
        assert drawn(app) == pytest.approx(80)
        assert shown(7, 15) == pytest.approx(80)
        app.select_slider[0].set_value("newest").run()
        assert drawn(app) == pytest.approx(15)
        assert shown(8, 18) == pytest.approx(18)

    def test_curve_and_images_are_those_of_the_evaluation(self, store):
        run_id = stored_run(store, "done")
        other = [POINTS[0] | {"accuracy": 0.1}, *(one | {"accuracy": 0.0} for one in POINTS[1:])]
        append_events(
            store.engine,
            run_id,
            [Event(9, 4, 0.5, 2.0, "eval", {"curve": other, "expected_robustness": 0.01})],
        )
        app = opened()
        newest = app.get("plotly_chart")[1].proto.spec
        app.select_slider[0].set_value(4).run()
        assert app.get("plotly_chart")[1].proto.spec != newest
        assert "Accuracy on validation images" in app.get("plotly_chart")[1].proto.spec
        assert "Accuracy on test images" in newest
        assert "rose, 100 %" in followed(app)

    def test_images_are_part_of_the_page_and_names_in_them_no_markup(self, store):
        run_id = stored_run(store, "done")
        entry = {"file": "examples/0000000.npz", "class_names": ["<b>rose</b>", '"><script>']}
        append_events(store.engine, run_id, [Event(9, 4, 0.5, 2.0, "examples", entry)])
        drawn_images = followed(opened())
        # an address of their own would be gone as soon as others stand in their place
        assert drawn_images.count('src="data:image/png;base64,') == drawn_images.count("<img") == 6
        assert "&lt;b&gt;rose" in drawn_images
        assert "<script>" not in drawn_images
        assert "<b>rose" not in drawn_images

    def test_each_run_has_its_own(self, store):
        stored_run(store, "first"), stored_run(store, "second")
        app = opened()
        app.select_slider[0].set_value(0).run()
        click(app, 1)
        assert app.select_slider[0].value == "newest"


class TestWords:
    def test_they_are_kept_at_once_and_found_after_a_refresh(self, store):
        run_id = stored_run(store, "old", tags=["x"])
        app = opened()
        app.text_input(key=f"runs.name.{run_id}").set_value("new")
        app.text_area(key=f"runs.notes.{run_id}").set_value("see *this* & <b>that</b>")
        app.multiselect(key=f"runs.tags.{run_id}").set_value(["x", "thesis"]).run()
        spec = store.get(run_id).spec
        assert (spec.name, spec.notes, spec.tags) == (
            "new",
            "see *this* & <b>that</b>",
            ("x", "thesis"),
        )
        app = opened()
        assert listed(app) == ["new"]
        assert app.text_area(key=f"runs.notes.{run_id}").value == "see *this* & <b>that</b>"

    @pytest.mark.parametrize(
        "name",
        [
            "<img src=x onerror=alert(1)>",
            "**bold** [link](javascript:alert(1))",
            "=1+2",
            ":red[x] $x^2$ `a`",
            "a & b #1",
        ],
    )
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
