"""rft_core.cost.run_cost: what a run will do and cost."""

import json

import pytest

from rft_core.cost import run_cost
from rft_core.cost.known_sizes import train_images
from rft_core.cost.run_cost import Pace, estimate
from rft_core.cost.schedule_demand import Demand, demand, epoch_factors, factors
from rft_core.spec.run_spec import RunSpec, with_settings


def spec(**changes) -> RunSpec:
    return with_settings(
        RunSpec(), {name.replace("__", "."): value for name, value in changes.items()}
    )


def test_factors_run_from_0_to_1():
    progress, values = factors(spec(schedule__kind="linear"), count=10)
    assert progress == pytest.approx([place / 10 for place in range(11)])
    assert values == pytest.approx(progress)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("constant", [1, 1, 1, 1]), ("linear", [0, 0.25, 0.5, 0.75]), ("two_hinge", [0, 0, 0.5, 1])],
)
def test_epoch_factors(kind, expected):
    assert epoch_factors(spec(schedule__kind=kind, optim__epochs=4)) == pytest.approx(expected)


def test_auto_is_shown_as_if_it_converged_after_a_quarter():
    values = epoch_factors(spec(schedule__kind="auto", optim__epochs=40))
    assert values[:11] == [0.0] * 11
    assert values[11:] == pytest.approx([(epoch - 10) / 30 for epoch in range(11, 40)])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"data__dataset": "digits"}, 1132),
        ({"data__dataset": "digits", "data__train_size": 100}, 100),
        ({"data__dataset": "digits", "data__train_size": 5000}, 1132),
        ({"data__dataset": "folder:/x"}, None),
        ({"data__dataset": "folder:/x", "data__train_size": 100}, 100),
    ],
)
def test_train_images(changes, expected):
    assert train_images(spec(**changes)) == expected


def test_no_estimate_without_the_number_of_images():
    assert estimate(spec(data__dataset="folder:/x")) is None


def test_the_cost_of_a_constant_run_is_the_unit():
    assert estimate(spec(schedule__kind="constant")).share_of_constant == 1.0


def test_a_run_like_one_before_takes_as_long():
    """What the count leaves out is in the time of the run before: the same run again takes the same
    seconds, twice the work nearly twice.
    """
    wanted = spec(data__dataset="digits")
    pace = Pace(wanted, 31.0, 1.0, "the run 'before'")
    assert (estimate(wanted, [pace]).seconds, estimate(wanted, [pace]).basis) == (
        pytest.approx(31.0),
        "the run 'before'",
    )
    twice = estimate(with_settings(wanted, {"optim.epochs": 32}), [pace]).seconds
    assert 45 < twice < 61


def test_a_run_before_whose_images_are_not_known_is_taken_at_its_own_count():
    pace = Pace(spec(data__dataset="folder:/x"), 11.0, 1000.0, "the run 'before'")
    cost = estimate(spec(data__dataset="digits"), [pace])
    assert cost.seconds == pytest.approx(1 + 10 * cost.gradient_evaluations / 1000)


def test_a_run_of_seconds_does_not_speak_for_one_of_minutes():
    """36 s of six steps are mostly start; they once made hours of a run of minutes."""
    wanted = spec(data__dataset="digits")
    tiny, like, older = (
        with_settings(wanted, {"optim.epochs": 1, "data.train_size": 64}),
        with_settings(wanted, {"optim.epochs": 20}),
        wanted,
    )
    paces = [
        Pace(tiny, 36.0, 1.0, "tiny"),
        Pace(like, 60.0, 1.0, "like"),
        Pace(older, 90.0, 1.0, "older"),
    ]
    # of two of a like size the first, which is the newer
    assert estimate(wanted, paces).basis == "like"
    assert estimate(wanted, paces[:1]).basis == "tiny"
    assert estimate(wanted, paces[:2]).seconds < 60


def test_two_passes_and_corruptions_cost_more():
    base = spec(schedule__kind="constant", data__dataset="digits")
    trades, corrupted = (
        with_settings(base, {"objective.kind": "trades"}),
        with_settings(base, {"evaluation.corruptions": True}),
    )
    assert estimate(trades).gradient_evaluations - estimate(
        base
    ).gradient_evaluations == pytest.approx(1.5 * 1132 * 16)
    assert estimate(corrupted).gradient_evaluations - estimate(
        base
    ).gradient_evaluations == pytest.approx(250 * 75 / 3)


def test_measuring_more_often_is_a_larger_share():
    rare, often = estimate(spec(evaluation__tracking=4)), estimate(spec(evaluation__tracking=40))
    assert 0 < rare.tracking_share < often.tracking_share < 1


def test_a_schedule_and_a_natural_run_cost_less():
    natural, scheduled = (
        estimate(spec(objective__kind="natural")),
        estimate(spec(schedule__kind="two_hinge")),
    )
    assert (
        natural.gradient_evaluations
        < scheduled.gradient_evaluations
        < estimate(spec(schedule__kind="constant")).gradient_evaluations
    )


def test_more_epochs_and_steps_cost_more():
    base = estimate(spec()).gradient_evaluations
    assert estimate(spec(optim__epochs=32)).gradient_evaluations > base
    assert estimate(spec(attack__steps=9)).gradient_evaluations > base


def test_the_rate_of_a_card(tmp_path, monkeypatch):
    monkeypatch.setattr(run_cost, "WEIGHTS", tmp_path)
    assert run_cost.card_rate("bloom_resnet")[0] is None
    card = {"measured": {"gradient_evaluations": 600, "seconds": 3.0, "machine": {"threads": 2}}}
    (tmp_path / "bloom_resnet.json").write_text(json.dumps(card))
    rate, basis = run_cost.card_rate("bloom_resnet")
    assert rate == 200
    assert "2 CPU threads" in basis


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"measured": {"seconds": 0, "gradient_evaluations": 1, "machine": {"threads": 1}}}',
    ],
)
def test_a_damaged_card_gives_no_estimate_and_no_error(tmp_path, monkeypatch, text):
    monkeypatch.setattr(run_cost, "WEIGHTS", tmp_path)
    (tmp_path / "bloom_resnet.json").write_text(text)
    assert run_cost.card_rate("bloom_resnet")[0] is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # digits: 1,132 images, 17 whole batches of 64 an epoch
        ({"schedule__kind": "constant", "optim__epochs": 4}, Demand(0.0, 1.0, 1.0, 68, 0)),
        (
            {"schedule__kind": "custom", "schedule__points": [[0, 0], [1, 0]], "optim__epochs": 4},
            Demand(1.0, 0.0, 0.0, 68, 68),
        ),
        (
            {
                "schedule__kind": "step",
                "schedule__steps": 1,
                "schedule__ramp_start": 0.5,
                "schedule__ramp_end": 0.5,
                "optim__epochs": 4,
            },
            Demand(0.5, 0.5, 0.5, 68, 34),
        ),
        (
            {"schedule__kind": "linear", "optim__batch_size": 600, "optim__epochs": 4},
            Demand(0.25, 0.0, 0.375, 4, 1),
        ),
    ],
)
def test_what_a_schedule_asks_for(changes, expected):
    assert demand(spec(data__dataset="digits", **changes)) == expected


def test_a_long_run_is_looked_at_in_places():
    wanted = demand(spec(data__dataset="digits", schedule__kind="linear", optim__epochs=10_000))
    assert wanted.total_steps == 170_000
    assert wanted.mean_factor == pytest.approx(0.5, abs=1e-3)


def test_steps_are_unknown_without_the_number_of_images():
    wanted = demand(spec(data__dataset="folder:/x", schedule__kind="two_hinge"))
    assert (wanted.total_steps, wanted.clean_steps) == (None, None)
    assert wanted.clean_share == pytest.approx(0.25, abs=1e-3)
