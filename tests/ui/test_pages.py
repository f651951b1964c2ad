"""Every page and state through app.py with AppTest: a store in tmp_path, no worker, no browser."""

from html import unescape
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rft_core.metrics.shifts import summarise
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import with_settings
from rft_core.store.events import Event, append_events
from rft_core.store.run_store import RunStore

APP = str(Path(__file__).parent.parent.parent / "app.py")
POINTS = [
    {
        "epsilon": k / 255,
        "epsilon_255": float(k),
        "accuracy": 0.8 - 0.1 * k,
        "n": 100,
        "low": 0.1,
        "high": 0.9,
    }
    for k in (0, 2, 4)
]


TRAIN = "pages/train.py"


def open_app(page: str = "", **query: str | list[str]) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page(page).run() if page else app


def stored_run(store: RunStore, name: str, finished: bool = True, **settings) -> str:
    """A run with one measurement, examples and, when finished, a report."""
    run_id = store.submit(
        with_settings(preset("scheduled"), {"name": name, "evaluation.attack": "pgd", **settings})
    )
    store.claim(("cpu",), run_id)
    folder = store.folder(run_id) / "examples"
    folder.mkdir()
    picture = np.zeros((2, 8, 8, 3), np.uint8)
    ones = np.ones(2, np.float32)
    np.savez(
        folder / "0000000.npz",
        clean=picture,
        adversarial=picture,
        delta=picture.astype(np.float16),
        labels=np.zeros(2, int),
        clean_prediction=np.zeros(2, int),
        clean_confidence=ones,
        prediction=np.ones(2, int),
        confidence=ones,
    )
    rows = [
        Event(
            1,
            0,
            0.0,
            1.0,
            "eval",
            {"curve": POINTS, "expected_robustness": 0.6, "gradient_evaluations": 10},
        ),
        Event(
            2,
            0,
            0.0,
            1.0,
            "examples",
            {"file": "examples/0000000.npz", "class_names": ["rose", "tulip"]},
        ),
        Event(
            3,
            0,
            0.0,
            1.0,
            "train",
            {"loss": 1.0, "epsilon": 0.01, "learning_rate": 0.001, "images_per_second": 5.0},
        ),
        Event(
            4,
            9,
            1.0,
            2.0,
            "eval",
            {"curve": POINTS, "expected_robustness": 0.6, "gradient_evaluations": 20},
        ),
        Event(
            5, 9, 1.0, 2.0, "onset", {"step": 9, "epoch": 1.0, "accuracy": 0.8, "threshold": 0.07}
        ),
    ]
    append_events(store.engine, run_id, rows)
    store.beat(run_id, 9, 20)
    if finished:
        onset = {"step": 9, "epoch": 1.0, "accuracy": 0.8, "threshold": 0.07}
        report = {
            "status": "finished",
            "clean_accuracy": 0.8,
            "robust_accuracy": 0.4,
            "expected_robustness": 0.6,
            "onset": onset,
            "curve": POINTS,
        }
        report |= {"seconds": 12.0, "images_digest": "abc", "gradient_evaluations": 20}
        store.finish(run_id, "finished", report=report)
    return run_id


def texts(app: AppTest) -> str:
    return "\n".join(
        str(one.value)
        for kind in ("markdown", "caption", "info", "error", "warning")
        for one in getattr(app, kind)
    )


def test_train_opens_with_the_scheduled_preset(store):
    app = open_app("pages/train.py")
    assert not app.exception
    assert app.title[0].value == "Train"
    assert app.number_input(key="train.epsilon").value == 8.0
    assert app.selectbox(key="train.schedule.kind").value == "two_hinge"


def test_a_preset_in_the_url_fills_the_form(store):
    app = open_app("pages/train.py", preset="digits_quick")
    assert app.selectbox(key="train.data.dataset").value == "digits"


def test_choosing_another_preset_refills_the_form(store):
    app = open_app("pages/train.py")
    app.pills(key="train.preset").set_value("fixed").run()
    assert app.selectbox(key="train.schedule.kind").value == "constant"
    assert not app.exception


def test_launching_queues_the_spec_of_the_form(store):
    app = open_app("pages/train.py", preset="fixed")
    app.number_input(key="train.epsilon").set_value(6.0)
    app.number_input(key="train.optim.epochs").set_value(3)
    app.run()
    app.button(key="train.launch").click().run()
    (record,) = store.records()
    assert record.status == "queued"
    assert record.spec.threat.epsilon == pytest.approx(6 / 255)
    assert (record.spec.optim.epochs, record.spec.schedule.kind) == (3, "constant")
    assert app.title[0].value == "Runs"


def test_launching_the_trio_queues_three_runs_that_differ_in_schedule_alone(store):
    app = open_app("pages/train.py")
    app.button(key="train.trio").click().run()
    records = sorted(store.records(), key=lambda record: record.number)
    assert [record.name for record in records] == ["standard", "fixed", "scheduled"]
    rest = [record.spec.model_dump(exclude={"name", "schedule"}) for record in records]
    assert rest[0] == rest[1] == rest[2]
    assert [record.spec.schedule.kind for record in records] == ["custom", "constant", "two_hinge"]


@pytest.mark.parametrize(
    ("dataset", "folder", "said"),
    [("folder", "/nowhere", "there is no folder '/nowhere'")],
)
def test_a_mistake_in_the_form_is_named_and_blocks_launching(store, dataset, folder, said):
    app = open_app("pages/train.py")
    app.selectbox(key="train.data.dataset").set_value(dataset).run()
    app.text_input(key="train.folder").set_value(folder).run()
    assert not app.exception
    assert [said in error.value for error in app.error] == [True]
    assert app.button(key="train.launch").disabled


def test_runs_without_runs_says_what_to_do(store):
    app = open_app("pages/runs.py")
    assert not app.exception
    assert "Launch" in texts(app) or "launch" in texts(app)


@pytest.mark.parametrize("finished", [True, False])
def test_runs_shows_a_run_with_its_numbers(store, finished):
    stored_run(store, "my run", finished)
    app = open_app("pages/runs.py")
    assert not app.exception
    assert "my run" in texts(app)
    assert (
        "Stop and keep" in [button.label for button in app.button if not button.disabled]
    ) is not finished
    assert "adapted to its task at step 9" in texts(app)


def test_a_deep_link_opens_the_run_it_names(store):
    first, _ = stored_run(store, "first"), stored_run(store, "second")
    app = AppTest.from_file(APP, default_timeout=30)
    app.query_params["run"] = first
    app.run()
    app.query_params["run"] = first
    app.switch_page("pages/runs.py").run()
    assert app.session_state["runs.run"] == first
    assert "**first**" in texts(app)


def test_a_failed_run_says_why_and_can_be_resumed(store):
    run_id = stored_run(store, "bad", finished=False)
    store.finish(
        run_id,
        "failed",
        "the loss is not a finite number at step 3; lower optim.learning_rate (now 9)",
    )
    app = open_app("pages/runs.py")
    assert "lower optim.learning_rate" in unescape(texts(app))
    app.button(key="runs.resume").click().run()
    assert store.get(run_id).status == "queued"


def test_stopping_from_the_page_asks_the_run(store):
    run_id = stored_run(store, "live", finished=False)
    app = open_app("pages/runs.py")
    app.button(key="runs.stop").click().run()
    assert (store.get(run_id).status, store.get(run_id).request) == ("stopping", "stop")


def test_a_name_is_text_and_never_markup(store):
    stored_run(store, "<img src=x onerror=alert(1)> **bold**")
    app = open_app("pages/runs.py")
    shown = next(one.value for one in app.markdown if "onerror" in one.value)
    assert "<img" not in shown
    assert "**bold" not in shown


def test_compare_needs_two_runs(store):
    stored_run(store, "only one")
    app = open_app("pages/compare.py")
    assert not app.exception
    assert "Choose two or more runs" in texts(app)


def test_compare_shows_only_the_settings_that_differ(store):
    stored_run(store, "a", **{"schedule.kind": "constant"})
    stored_run(store, "b")
    app = open_app("pages/compare.py")
    assert not app.exception
    settings = app.dataframe[-1].value
    assert list(settings["Setting"]) == ["schedule.kind"]


def test_compare_warns_of_different_targets(store):
    stored_run(store, "a", **{"threat.epsilon": "4/255"})
    stored_run(store, "b")
    app = open_app("pages/compare.py")
    assert "different targets" in texts(app)


def test_what_was_typed_survives_a_look_at_another_page(store):
    app = open_app("pages/train.py")
    app.number_input(key="train.epsilon").set_value(5.0)
    app.pills(key="train.preset").set_value("fixed").run()
    app.number_input(key="train.optim.epochs").set_value(7).run()
    app.switch_page("pages/runs.py").run()
    app.switch_page("pages/train.py").run()
    assert app.number_input(key="train.optim.epochs").value == 7
    assert app.pills(key="train.preset").value == "fixed"
    assert not app.exception


def test_a_parameter_that_was_hidden_comes_back_with_its_value(store):
    app = open_app("pages/train.py")
    app.selectbox(key="train.strategy.kind").set_value("lora").run()
    assert app.number_input(key="train.strategy.rank").value == 8
    app.number_input(key="train.strategy.rank").set_value(4).run()
    app.selectbox(key="train.strategy.kind").set_value("bitfit").run()
    app.selectbox(key="train.strategy.kind").set_value("lora").run()
    assert app.number_input(key="train.strategy.rank").value == 4


def test_a_folder_that_was_chosen_and_left_does_no_harm(store, tmp_path):
    app = open_app("pages/train.py")
    app.selectbox(key="train.data.dataset").set_value("folder").run()
    app.text_input(key="train.folder").set_value(str(tmp_path)).run()
    app.selectbox(key="train.data.dataset").set_value("digits").run()
    app.run()
    assert not app.exception
    assert not app.error


def test_shifts_are_drawn_where_a_run_was_measured_on_them(store):
    run_id, other = stored_run(store, "shifted"), stored_run(store, "plain")
    shifts = summarise(
        (36, 40), {"sketch": (10, 40)}, [("fog", severity, 30, 40) for severity in (1, 2)], "abc"
    )
    store.finish(run_id, "finished", report=store.get(run_id).report | {"shifts": shifts})
    app = open_app("pages/runs.py", run=run_id)
    assert not app.exception
    assert (
        "25.0 % on average on 1 other domain, and 75.0 % on average under 1 corruption."
        in texts(app)
    )
    assert "other domain" not in texts(open_app("pages/runs.py", run=other))
    table = open_app("pages/compare.py", runs=f"{run_id},{other}").dataframe[0].value
    assert list(table["Other domains"]) == ["25.0 %", "–"]
    assert list(table["Corruptions"]) == ["75.0 %", "–"]
