"""The Evaluate page in every state, through app.py with AppTest."""

import json
import time

import psutil
import pytest

from pages.ui.evaluate_page import evaluate_form
from rft_core.files.run_files import EVALUATION, JOB_STATE
from rft_core.files.run_files import REQUEST as REQUEST_FILE
from rft_core.jobs import evaluations
from rft_core.jobs.evaluations import list_evaluations, new_evaluation
from rft_core.report.evaluation.sentences import MEANINGS
from rft_core.store.process import this_process
from tests.ui.dashboard import POINTS, open_app, stored_run, texts
from tests.ui.kept_evaluation import NASTY, REQUEST, honest, kept

PAGE = "pages/evaluate.py"
DAMAGE = [None, "x", -1, [], [None], {"x": 1}]
PARTS = [
    {"module": "stem", "trainable": 0, "total": 100},
    {"module": "head", "trainable": 50, "total": 50},
]


@pytest.fixture
def asked(monkeypatch):
    """What the page asks for; no process is started."""
    wanted = []

    def ask(store, run_id, request, picture=None):
        wanted.append((run_id, dict(request), picture))

    monkeypatch.setattr(evaluations, "ask_for_evaluation", ask)
    return wanted


def test_empty(store):
    app = open_app(PAGE)
    assert not app.exception
    assert "No run has been measured yet" in texts(app)


def test_a_run_without_evaluations(store, asked):
    run_id = stored_run(store, "rose")
    app = open_app(PAGE)
    assert not app.exception
    assert "Nothing has been evaluated yet" in texts(app)
    assert "the run itself" in texts(app)
    app.button(key="evaluate.ask").click().run()
    ((who, request, picture),) = asked
    assert (who, request["attack"], request["steps"], request["images"], picture) == (
        run_id,
        "apgd_ce_t",
        20,
        100,
        None,
    )
    assert request["estimate"] > 0


def test_attacks_are_listed_from_weak_to_strong(store):
    stored_run(store, "rose")
    menu = open_app(PAGE).selectbox(key="evaluate.attack")
    assert (menu.options[0], menu.options[-1]) == ("FGSM", "AutoAttack")
    assert "AutoAttack is the strongest and the slowest" in menu.help


def test_epsilons_that_cannot_be(store, asked):
    stored_run(store, "rose")
    app = open_app(PAGE)
    app.text_input(key="evaluate.epsilons").set_value("0, 8").run()
    assert "write 8/255" in app.error[0].value
    app.text_input(key="evaluate.epsilons").set_value("0, 8/255").run()
    assert not app.error
    app.button(key="evaluate.ask").click().run()
    assert asked[0][1]["epsilons"] == [0.0, 8 / 255]


def test_while_one_is_made_and_cancel(store):
    run_id = stored_run(store, "rose")
    one = new_evaluation(store, run_id, REQUEST)
    pid, start = this_process()
    (one.folder / JOB_STATE).write_text(
        json.dumps({"pid": pid, "start": start, "line": "waiting: run tulip is using the CPU"})
    )
    app = open_app(PAGE)
    assert not app.exception
    said = app.get("progress")[0].proto.text
    assert "waiting&#58; run tulip is using the CPU" in said
    # the time of the device has not begun
    assert "of about 30 s" not in said
    assert app.get("progress")[0].proto.value == 0
    assert "Nothing has been evaluated yet" not in texts(app)
    began = {"pid": pid, "start": start, "line": "attacking", "began": time.time() - 15}
    (one.folder / JOB_STATE).write_text(json.dumps(began))
    app.run()
    assert "of about 30 s" in app.get("progress")[0].proto.text
    assert 40 <= app.get("progress")[0].proto.value < 80
    # the process that makes it is gone
    (one.folder / JOB_STATE).write_text(
        json.dumps({"pid": pid, "start": start - 100, "line": "attacking"})
    )
    app.run()
    assert "ended without an answer" in app.error[0].value


def test_cancel_keeps_nothing(store):
    run_id = stored_run(store, "rose")
    one = new_evaluation(store, run_id, REQUEST)
    with psutil.Popen(["sleep", "60"]) as process:
        state = {"pid": process.pid, "start": process.create_time(), "line": "attacking"}
        (one.folder / JOB_STATE).write_text(json.dumps(state))
        app = open_app(PAGE)
        app.button(key=f"evaluate.cancel.{one.evaluation_id}").click().run()
        assert process.wait(timeout=5) != 0
    assert not one.folder.exists()
    assert not app.exception


@pytest.mark.parametrize("level", ["green", "amber", "red"])
def test_a_kept_one(store, level):
    run_id = stored_run(store, "rose")
    kept(store, run_id, honest(level))
    app = open_app(PAGE)
    assert not app.exception
    assert len({"green": app.success, "amber": app.warning, "red": app.error}[level]) == 1
    shown = texts(app)
    assert "Under APGD" in shown
    assert "It took 20 s" in shown.replace("&#58;", ":")
    assert "Of 4 images 1 are wrong without an attack, 2 fall on the grid" in shown
    assert all(meaning in shown for meaning in MEANINGS.values())
    assert "an earlier evaluation of this run" in shown


def test_green_checks_of_a_model_without_robustness_confirm_nothing(store):
    run_id = stored_run(store, "rose")
    kept(
        store,
        run_id,
        honest("green"),
        curve=[*POINTS[:-1], POINTS[-1] | {"accuracy": 0.0, "low": 0.0, "high": 0.04}],
    )
    app = open_app(PAGE)
    assert not app.success
    assert "There is no robustness to check at 4/255" in texts(app)


def test_the_estimate_is_the_time_of_the_same_evaluation_before(store, asked):
    """The evaluation kept took 20 s; asking for the very same one must say so, however slow the
    count of gradients makes it look.
    """
    run_id = stored_run(store, "rose")
    kept(store, run_id, honest("green"))
    record = store.get(run_id)
    (before,) = list_evaluations(store, run_id)
    seconds, basis = evaluate_form.estimate(
        record, before.wanted | {"images": before.answer["images"]}, [before]
    )
    assert basis == "an earlier evaluation of this run"
    assert seconds == pytest.approx(before.answer["seconds"])
    twice, _ = evaluate_form.estimate(
        record, before.wanted | {"images": 2 * before.answer["images"]}, [before]
    )
    assert seconds < twice < 2 * seconds


def test_names_of_classes_are_no_markup(store):
    run_id = stored_run(store, "rose")
    kept(store, run_id, honest("green"))
    app = open_app(PAGE)
    shown = texts(app)
    assert not any(part in shown for part in ("<script>", "**bold**", "[x](", ":red[rose]"))
    figures = json.dumps([chart.proto.spec for chart in app.get("plotly_chart")])
    assert "<script" not in figures
    assert "&lt;script" in figures or "&amp;lt;script" in figures or "\\\\u0026lt;script" in figures


def test_the_link_chooses_run_and_evaluation(store):
    first, second = stored_run(store, "first"), stored_run(store, "second")
    old = kept(store, first, honest("green"))
    newer = kept(store, first, None)
    app = open_app(PAGE, run=first, evaluation=old)
    assert (
        app.selectbox(key="evaluate.run").value,
        app.selectbox(key="evaluate.evaluation").value,
    ) == (first, old)
    assert old != newer
    app.selectbox(key="evaluate.run").set_value(second).run()
    assert "Nothing has been evaluated yet" in texts(app)
    assert not app.exception


def test_a_link_to_what_is_not_there(store):
    run_id = stored_run(store, "rose")
    kept(store, run_id)
    assert "no measured run '../etc'" in open_app(PAGE, run="../etc").warning[0].value.replace(
        "&#46;", "."
    )
    app = open_app(PAGE, run=run_id, evaluation="../../secret")
    assert "no evaluation" in app.warning[0].value
    assert not app.exception


def test_a_picture_of_ones_own(store):
    run_id = stored_run(store, "rose")
    kept(
        store,
        run_id,
        is_picture=True,
        prediction=NASTY[0],
        confidence=0.9,
        falls_at=2 / 255,
        taken_for=NASTY[1],
        epsilons=[0, 2 / 255, 4 / 255],
    )
    app = open_app(PAGE)
    assert not app.exception
    assert "on it is fooled" in texts(app)
    assert "<script>" not in texts(app)


def test_a_failed_one_says_why(store):
    run_id = stored_run(store, "rose")
    one = new_evaluation(store, run_id, REQUEST)
    (one.folder / EVALUATION).write_text(
        json.dumps({"error": "the run kept no weights; run it again"})
    )
    assert "kept no weights" in open_app(PAGE).error[0].value


def test_the_runs_page_leads_here(store):
    stored_run(store, "rose")
    assert open_app("pages/runs.py").button(key="runs.evaluate").label == "Evaluate"


@pytest.mark.parametrize("value", DAMAGE)
def test_an_evaluation_that_came_damaged_leaves_the_page_whole(store, value):
    """A bundle may bring any file; the page says what cannot be read, and shows the run."""
    run_id = stored_run(store, "rose")
    whole = kept(store, run_id, honest("amber"))
    folder = list_evaluations(store, run_id)[0].folder
    answer, request = (
        json.loads((folder / name).read_text()) for name in (EVALUATION, REQUEST_FILE)
    )
    turn = DAMAGE.index(value)
    for file, content in ((EVALUATION, answer), (REQUEST_FILE, request)):
        # each field meets two of the values; all of them meet the same reader
        for name in list(content)[turn % 3 :: 3]:
            (folder / file).write_text(json.dumps(content | {name: value}))
            app = open_app(PAGE, run=run_id, evaluation=whole)
            assert not app.exception, (file, name)
            assert "Does it hold under a stronger attack?" in [
                one.value for one in app.subheader
            ], (file, name)
        (folder / file).write_text(json.dumps(content))
    (folder / EVALUATION).write_text(json.dumps(answer | {"curve": value}))
    assert "cannot be read" in texts(open_app(PAGE, run=run_id))
