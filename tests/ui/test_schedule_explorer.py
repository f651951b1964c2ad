"""The Train page's schedule through app.py: its points, what it is compared with, and
both in the address.
"""

import pytest

from pages.ui.train_form.points_table import POINTS
from pages.ui.train_form.schedule_editor import STAMP, take_over
from rft_core.spec import catalog
from rft_core.spec.run_spec import describe
from tests.ui.dashboard import TRAIN, open_app, texts

CUSTOM = ["schedule.kind:custom", "schedule.points:[[0,0],[0.3,0],[0.6,1],[1,1]]"]


def choose(app, kind: str):
    return app.selectbox(key="train.schedule.kind").set_value(kind).run()


def rows(app) -> list[list[float]]:
    return app.data_editor[0].value.to_numpy().tolist()


def demands(app) -> list[str]:
    return list(app.dataframe[-1].value["Schedule"])


class TestPoints:
    def test_custom_begins_as_the_schedule_before_it(self, store):
        app = open_app(TRAIN)
        app.slider(key="train.ramp").set_value((20.0, 60.0)).run()
        choose(app, "custom")
        assert rows(app) == [[0, 0], [20, 0], [60, 100], [100, 100]]
        app.button(key="train.launch").click().run()
        assert store.records()[0].spec.schedule.points == ((0, 0), (0.2, 0), (0.6, 1), (1, 1))

    def test_a_schedule_without_a_shape_leaves_the_points(self, store):
        app = open_app(TRAIN, set=CUSTOM)
        before = rows(app)
        choose(app, "uniform")
        choose(app, "custom")
        assert rows(app) == before

    def test_points_are_in_the_address_and_come_back(self, store):
        app = choose(open_app(TRAIN), "custom")
        (said,) = [one for one in app.query_params["set"] if one.startswith("schedule.points")]
        again = open_app(TRAIN, set=list(app.query_params["set"]))
        assert said == "schedule.points:[[0.0,0.0],[0.25,0.0],[0.75,1.0],[1.0,1.0]]"
        assert rows(again) == rows(app)

    def test_points_survive_another_page(self, store):
        app = open_app(TRAIN, set=CUSTOM)
        app.switch_page("pages/runs.py").run()
        app.switch_page(TRAIN).run()
        assert rows(app) == [[0, 0], [30, 0], [60, 100], [100, 100]]

    @pytest.mark.parametrize(
        ("points", "said"),
        [
            ([[0, 0], [60, 100], [40, 50]], "row 3 falls from 60 to 40 %; sort the rows"),
            ([[0, 0], [120, 100]], "leaves 0 to 100 % in row 2"),
            ([[50, 50]], "needs at least 2 points; add a row"),
            ([], "needs at least 2 points; add a row"),
            ([[0, 0], [None, 100]], "lacks a number in row 2"),
        ],
    )
    def test_a_mistake_is_said_at_the_table_and_blocks_launching_with_the_same_reason(
        self, store, points, said
    ):
        app = choose(open_app(TRAIN), "custom")
        app.session_state[POINTS] = points
        app.run()
        assert not app.exception
        assert said in app.warning[0].value
        assert said in app.error[0].value
        assert app.button(key="train.launch").disabled
        assert said in app.button(key="train.launch").help

    def test_rows_out_of_order_are_sorted_in_one_click(self, store):
        app = choose(open_app(TRAIN), "custom")
        app.session_state[POINTS] = [[0, 0], [100, 100], [50, 80], [50, 20]]
        app.run()
        app.button(key="form.sort").click().run()
        assert rows(app) == [[0, 0], [50, 80], [50, 20], [100, 100]]
        assert not app.warning
        assert not app.button(key="train.launch").disabled

    def test_what_is_hidden_keeps_its_value(self, store):
        app = open_app(TRAIN, set=CUSTOM, hide="schedule.points")
        assert not app.data_editor
        app.button(key="train.launch").click().run()
        assert store.records()[0].spec.schedule.points[1] == (0.3, 0)


class TestChart:
    """What the browser sends; the chart itself is tried in tests/browser."""

    START = ((0.0, 0.0), (100.0, 100.0))

    @pytest.mark.parametrize(
        "sent",
        [
            None,
            [],
            {"stamp": 1},
            {"points": "text", "stamp": 1},
            {"points": [[0, 0]], "stamp": 1},
            {"points": [[0, 0], [0.5, 2]], "stamp": 1},
            {"points": [[0.5, 0], [0.4, 1]], "stamp": 1},
            {"points": [[0, 0], [1, "1"]], "stamp": 1},
            {"points": [[0, 0], [1, True]], "stamp": 1},
            {"points": [[0, 0], [1, 1, 1]], "stamp": 1},
            {"points": [[0, 0], [1, float("nan")]], "stamp": 1},
            {"points": [[0, 0]] * 201, "stamp": 1},
        ],
    )
    def test_what_is_no_schedule_is_left_out(self, monkeypatch, sent):
        state = {POINTS: self.START}
        monkeypatch.setattr("streamlit.session_state", state)
        take_over(sent)
        assert state[POINTS] == self.START
        assert not isinstance(sent, dict) or state[STAMP] == 1

    def test_points_are_taken_over_in_percent(self, monkeypatch):
        state = {POINTS: self.START}
        monkeypatch.setattr("streamlit.session_state", state)
        take_over({"points": [[0, 0], [0.24, 0], [0.24, 0.333], [1, 1]], "stamp": 7})
        assert state == {POINTS: [[0, 0], [24, 0], [24, 33.3], [100, 100]], STAMP: 7}


class TestOverlay:
    def test_at_first_constant_and_two_hinges_are_compared(self, store):
        app = choose(open_app(TRAIN), "cosine")
        assert demands(app) == ["Chosen: cosine", "Constant", "Two hinges, 25 to 75 %"]
        assert "overlay" not in app.query_params

    def test_the_choice_is_in_the_address_and_comes_back(self, store):
        app = open_app(TRAIN)
        app.multiselect(key="form.overlay").set_value(["paper", "step"]).run()
        assert app.query_params["overlay"] == "paper,step"
        again = open_app(TRAIN, overlay="paper,step")
        assert (
            demands(again)
            == demands(app)
            == ["Chosen: two hinges", "Four steps, 25 to 75 %", "Paper: 24 to 74 %, by epoch"]
        )

    def test_nothing_is_a_choice_too(self, store):
        app = open_app(TRAIN)
        app.multiselect(key="form.overlay").set_value([]).run()
        assert app.query_params["overlay"] == "none"
        assert demands(open_app(TRAIN, overlay="none")) == ["Chosen: two hinges"]

    def test_a_strange_name_in_a_link_is_said(self, store):
        app = open_app(TRAIN, overlay="linear,<b>zigzag")
        assert "there is no schedule &#60;b&#62;zigzag" in texts(app)
        assert demands(app) == ["Chosen: two hinges", "Linear"]

    def test_the_choice_survives_another_page(self, store):
        app = open_app(TRAIN, overlay="linear")
        app.switch_page("pages/runs.py").run()
        app.switch_page(TRAIN).run()
        assert demands(app) == ["Chosen: two hinges", "Linear"]

    def test_a_natural_run_has_no_attack_to_save(self, store):
        app = open_app(TRAIN, preset="paper_tradeoff")
        assert "the schedule is not used" in texts(app)
        assert "Schedule" not in [column for one in app.dataframe for column in one.value.columns]


@pytest.mark.parametrize("row", catalog.SCHEDULES, ids=lambda row: row.name)
def test_a_kind_says_what_it_does_and_so_does_each_of_its_parameters(store, row):
    app = choose(open_app(TRAIN), row.name)
    assert not app.exception
    assert row.help in texts(app)
    controls = [
        one
        for kind in ("slider", "number_input", "segmented_control")
        for one in getattr(app, kind)
        if one.key in PARAMETERS
    ]
    assert {one.key for one in controls} == PARAMETERS_OF[row.name]
    assert all(one.help.endswith(".") for one in controls)


PARAMETERS_OF = {
    "constant": set(),
    "uniform": set(),
    "linear": {"train.schedule.granularity"},
    "custom": {"train.schedule.granularity"},
    "two_hinge": {"train.ramp", "train.schedule.granularity"},
    "cosine": {"train.ramp", "train.schedule.granularity"},
    "step": {"train.ramp", "train.schedule.steps", "train.schedule.granularity"},
    "auto": {"train.schedule.patience", "train.schedule.tolerance", "train.schedule.granularity"},
}
PARAMETERS = set().union(*PARAMETERS_OF.values())


def test_granularity_patience_and_tolerance_reach_the_spec(store):
    app = choose(open_app(TRAIN), "auto")
    app.number_input(key="train.schedule.patience").set_value(3)
    app.number_input(key="train.schedule.tolerance").set_value(0.05)
    app.segmented_control(key="train.schedule.granularity").set_value("epoch").run()
    app.button(key="train.launch").click().run()
    schedule = store.records()[0].spec.schedule
    assert (schedule.patience, schedule.tolerance, schedule.granularity) == (3, 0.05, "epoch")
    assert describe("schedule.granularity").startswith("Whether epsilon changes every step")


class TestCost:
    def test_the_cost_and_the_table_show_the_same_saving(self, store):
        app = open_app(TRAIN)
        (saved,) = [one.value for one in app.metric if one.label == "Attack cost saved"]
        assert saved == app.dataframe[-1].value["Attack cost saved"][0]
        assert "Leaving out these attacks makes the whole run, measuring included," in texts(app)

    @pytest.mark.parametrize("preset", ["fixed", "standard"])
    def test_no_saving_is_shown_if_all_or_no_attacks_are_run(self, store, preset):
        app = open_app(TRAIN, preset=preset)
        assert [one.label for one in app.metric] == [
            "Time, about",
            "Attack cost saved",
            "Gradient evaluations",
        ]
        assert "Leaving out these attacks" not in texts(app)
