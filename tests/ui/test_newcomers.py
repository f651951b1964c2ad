"""A new strategy, objective, attack, schedule and dataset, each one file and one row, go through
form, estimates, command line, a real run and its report; nothing else had to change.
"""

import json
from typing import Any

import pytest

from rft_core.cost.run_cost import estimate
from rft_core.cost.schedule_demand import attacked_share, demand
from rft_core.cost.tracking_plan import UPDATE_COST, Sizes, training_cost
from rft_core.files.home import find_home
from rft_core.report.comparison.compare import compare
from rft_core.resources.backbones import training_memory
from rft_core.spec.run_spec import parse, with_settings
from rft_core.store.run_store import RunStore
from tests import newcomers, tiny
from tests.ui.dashboard import TRAIN, open_app, texts


@pytest.fixture(autouse=True)
def menus():
    with newcomers.on_the_menus():
        yield


def settings_of(app, prefix: str) -> set[str]:
    """The settings below `prefix` that the form shows a number of."""
    return {
        control.key.removeprefix("train.")
        for control in app.number_input
        if (control.key or "").startswith(f"train.{prefix}.")
    }


def test_the_form_offers_them_and_shows_their_settings_alone(store):
    app = open_app(TRAIN)
    for setting, name in newcomers.SETTINGS.items():
        if setting != "attack.kind":
            app.selectbox(key=f"train.{setting}").set_value(name).run()
            assert not app.exception
    app.selectbox(key="train.attack.kind").set_value("corner").run()
    assert settings_of(app, "strategy") == {"strategy.rank"}
    assert settings_of(app, "objective") == {"objective.beta"}
    assert settings_of(app, "schedule") == {"schedule.steps"}
    assert not [one for one in app.slider if one.key == "train.ramp"]
    shown = texts(app)
    for row in newcomers.ROWS.values():
        if row.name != "corner":
            assert row.help in shown
    app.number_input(key="train.schedule.steps").set_value(7)
    app.number_input(key="train.objective.beta").set_value(0.5)
    app.button(key="train.launch").click().run()
    assert not app.exception
    (record,) = store.records()
    spec = record.spec
    assert (spec.strategy.kind, spec.objective.kind) == ("norms_only", "half_and_half")
    assert (spec.objective.beta, spec.attack.kind) == (0.5, "corner")
    assert (spec.schedule.kind, spec.schedule.steps) == ("waves", 7)
    assert spec.data.dataset == "stripes"


def test_estimates_know_them():
    changes = {"data.train_size": None, "schedule.steps": 1}
    spec = with_settings(tiny.run_spec(), dict(newcomers.SETTINGS) | changes)
    assert demand(spec).total_steps == 90 // 32 * 2
    assert 0 < attacked_share(spec) < 1
    assert estimate(spec).gradient_evaluations > 0
    # both passes of the objective, and every step of the attack
    passes = UPDATE_COST * 2 + spec.attack.steps
    assert training_cost(spec, Sizes(90, 30, 30), 1.0) == 90 * spec.optim.epochs * passes


def test_the_estimate_of_memory_knows_them():
    def memory(**methods: Any) -> int:
        found = training_memory("resnet18", batch_size=64, **methods)
        assert found is not None
        return found

    assert memory(strategy="norms_only") < memory()
    assert memory(objective="half_and_half") == memory(objective="trades") > memory()


@pytest.mark.parametrize("kind", list(newcomers.ROWS))
def test_the_command_line_lists_them(kind, answer):
    row = newcomers.ROWS[kind]
    listed = {one["name"]: one for one in answer("list", kind)}
    assert listed[row.name]["help"] == row.help


def test_an_unknown_name_that_is_near_is_told(call):
    code, _, error = call("run", "--set", "strategy.kind=norms_onyl")
    assert code == 2
    assert "did you mean 'norms_only'" in error


def test_a_run_and_its_report(answer, tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(tiny.RUN))
    changes = dict(newcomers.SETTINGS) | {"evaluation.attack": "corner", "schedule.steps": 1}
    asked = [text for name, value in changes.items() for text in ("--set", f"{name}={value}")]
    report = answer("run", "--spec", str(path), *asked)
    assert report["status"] == "finished"
    assert 0 < report["trainable_parameters"] < report["total_parameters"]
    assert report["curve"][0]["n"] == 30
    store = RunStore(find_home())
    record = store.get(report["run_id"])
    assert record.measured_by.short == "Corner, 3 steps"
    assert record.spec == parse(record.spec.to_json())
    other = answer("run", "--spec", str(path), "--set", "evaluation.attack=pgd")
    found = compare([record, store.get(other["run_id"])])
    assert found.settings["strategy.kind"] == ["norms_only", "full_finetune"]
    assert found.settings["schedule.kind"] == ["waves", "two_hinge"]
    app = open_app("pages/compare.py", runs=f"{report['run_id']},{other['run_id']}")
    assert not app.exception
    shown = texts(app)
    assert "Corner, 3 steps" in shown
