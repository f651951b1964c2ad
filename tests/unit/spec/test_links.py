"""Settings in a link, there and back."""

import pytest

from rft_core.spec.links import MOST_ITEMS, link_items, read_items
from rft_core.spec.presets import PRESETS, preset
from rft_core.spec.run_spec import flatten, setting_names, with_settings

BASE = preset("scheduled")
EVERY = setting_names()


def test_nothing_differs_nothing_is_said():
    assert link_items(BASE, BASE) == []
    assert read_items([], BASE, EVERY) == (BASE, [])


@pytest.mark.parametrize("name", [row.name for row in PRESETS])
def test_every_preset_survives_as_a_link_from_another(name):
    spec, notices = read_items(link_items(preset(name), BASE), BASE, EVERY)
    assert notices == []
    assert link_items(spec, preset(name)) == []


@pytest.mark.parametrize(
    ("setting", "value", "item"),
    [
        ("optim.epochs", 10, "optim.epochs:10"),
        ("threat.epsilon", "4/255", "threat.epsilon:4/255"),
        ("name", "10", 'name:"10"'),
        ("name", "a:b", "name:a:b"),
        ("schedule.kind", "cosine", "schedule.kind:cosine"),
        ("model.pretrained", False, "model.pretrained:false"),
        ("evaluation.eval_size", None, "evaluation.eval_size:"),
        ("schedule.points", [[0, 0.5]], "schedule.points:[[0.0,0.5]]"),
    ],
)
def test_how_a_setting_is_said(setting, value, item):
    spec = with_settings(BASE, {setting: value})
    assert link_items(spec, BASE) == [item]
    again, notices = read_items([item], BASE, EVERY)
    assert notices == []
    assert (
        flatten(again)[setting] == pytest.approx(flatten(spec)[setting])
        if setting == "threat.epsilon"
        else flatten(again)[setting] == flatten(spec)[setting]
    )


def test_items_that_need_each_other_are_taken_in_any_order():
    items = [
        "threat.epsilon:2.5",
        "threat.norm:l2",
        "schedule.ramp_start:0.8",
        "schedule.ramp_end:0.9",
    ]
    for order in (items, items[::-1]):
        spec, notices = read_items(order, BASE, EVERY)
        assert notices == []
        assert (spec.threat.norm, spec.threat.epsilon, spec.schedule.ramp_start) == ("l2", 2.5, 0.8)


@pytest.mark.parametrize(
    "item",
    [
        "optim.foo:1",
        "optim.epochs",
        "",
        ":",
        "optim.epochs:-1",
        "optim.epochs:many",
        "threat.epsilon:9",
        "schedule.kind:nothing",
        "optim.learning_rate:NaN",
        "data.dataset:../../etc",
    ],
)
def test_what_cannot_be_taken_is_said_and_changes_nothing(item):
    spec, notices = read_items([item, "seed:4"], BASE, EVERY)
    assert len(notices) == 1
    assert link_items(spec, BASE) == ["seed:4"]


def test_a_value_outside_the_form_is_taken_to_its_end():
    spec, notices = read_items(
        ["optim.learning_rate:1e-9"], BASE, EVERY, {"optim.learning_rate": (1e-7, 100.0)}
    )
    assert spec.optim.learning_rate == 1e-7
    assert "1e-07 is taken" in notices[0]


@pytest.mark.parametrize("value", ["Infinity", "NaN", "false", "true", "abc", "[1]", ""])
def test_a_value_that_is_no_number_is_not_taken_to_an_end(value):
    spec, notices = read_items(
        [f"optim.learning_rate:{value}", "seed:4"],
        BASE,
        EVERY,
        {"optim.learning_rate": (1e-7, 100.0)},
    )
    assert spec.optim.learning_rate == BASE.optim.learning_rate
    assert spec.seed == 4
    assert len(notices) == 1
    assert notices[0].startswith("optim.learning_rate must")


@pytest.mark.parametrize(
    "item",
    [
        "data.dataset:zzz",
        "model.backbone:" + "[" * 100_000,
        "schedule.points:" + "[" * 100_000,
        "x" * 5000,
    ],
)
def test_what_is_said_of_an_item_is_short(item):
    _, notices = read_items([item], BASE, EVERY)
    assert len(notices) == 1
    assert len(notices[0]) < 1200


def test_what_is_not_offered_is_left_out():
    spec, notices = read_items(["optim.clip_norm:1"], BASE, ("optim.epochs",))
    assert spec == BASE
    assert "is not a setting of this form" in notices[0]


def test_a_flood_is_cut():
    spec, notices = read_items([f"seed:{seed}" for seed in range(MOST_ITEMS + 50)], BASE, EVERY)
    assert spec.seed == MOST_ITEMS - 1
    assert len(notices) == 1
