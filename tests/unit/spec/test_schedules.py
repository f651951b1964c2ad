"""rft_core.spec.schedules: each schedule at places whose value is known by hand."""

import math

import pytest

from rft_core.spec import catalog
from rft_core.spec.schedules import (
    Moment,
    convergence_epoch,
    factor_at,
    interpolate,
    points_fault,
    ramp_position,
)
from rft_core.spec.sections import ScheduleSpec


def factor(kind: str, progress: float, **settings) -> float:
    moment = settings.pop("moment", None) or Moment(progress)
    return factor_at(
        catalog.find("schedules", kind).load(), ScheduleSpec(kind=kind, **settings), moment
    )


HINGES = {"ramp_start": 0.2, "ramp_end": 0.6}


@pytest.mark.parametrize(
    ("kind", "progress", "settings", "expected"),
    [
        ("constant", 0.0, {}, 1.0),
        ("constant", 1.0, {}, 1.0),
        ("two_hinge", 0.0, HINGES, 0.0),
        ("two_hinge", 0.2, HINGES, 0.0),
        ("two_hinge", 0.3, HINGES, 0.25),
        ("two_hinge", 0.5, HINGES, 0.75),
        ("two_hinge", 0.6, HINGES, 1.0),
        ("two_hinge", 1.0, HINGES, 1.0),
        ("two_hinge", 0.49, {"ramp_start": 0.5, "ramp_end": 0.5}, 0.0),
        ("two_hinge", 0.5, {"ramp_start": 0.5, "ramp_end": 0.5}, 1.0),
        # linear ignores the hinges
        ("linear", 0.0, HINGES, 0.0),
        ("linear", 0.1, HINGES, 0.1),
        ("linear", 0.9, HINGES, 0.9),
        ("cosine", 0.2, HINGES, 0.0),
        ("cosine", 0.3, HINGES, (1 - math.cos(math.pi / 4)) / 2),
        ("cosine", 0.4, HINGES, 0.5),
        ("cosine", 0.7, HINGES, 1.0),
        ("step", 0.19, HINGES | {"steps": 4}, 0.0),
        ("step", 0.2, HINGES | {"steps": 4}, 0.25),
        ("step", 0.35, HINGES | {"steps": 4}, 0.5),
        ("step", 0.45, HINGES | {"steps": 4}, 0.75),
        ("step", 0.55, HINGES | {"steps": 4}, 1.0),
        ("step", 0.2, HINGES | {"steps": 1}, 1.0),
        ("custom", 0.0, {"points": ((0.2, 0.4), (0.6, 0.8))}, 0.4),
        ("custom", 0.4, {"points": ((0.2, 0.4), (0.6, 0.8))}, 0.6),
        ("custom", 0.9, {"points": ((0.2, 0.4), (0.6, 0.8))}, 0.8),
        ("custom", 0.3, {"points": ((0.5, 0.7),)}, 0.7),
        ("custom", 0.9, {"points": ((0.0, 1.0), (1.0, 0.0))}, 0.1),
    ],
)
def test_factor(kind, progress, settings, expected):
    assert factor(kind, progress, **settings) == pytest.approx(expected, abs=1e-12)


def test_at_a_double_point_the_later_value_holds():
    points = ((0.0, 0.0), (0.5, 0.2), (0.5, 0.9), (1.0, 1.0))
    assert interpolate(0.4999999, points) == pytest.approx(0.2, abs=1e-5)
    assert interpolate(0.5, points) == 0.9


def test_uniform_draws_once_an_epoch_and_follows_the_seed():
    def draw(epoch, seed, progress=0.3):
        return factor("uniform", 0, moment=Moment(progress, epoch=epoch, epochs=10, seed=seed))

    assert draw(3, 0, 0.30) == draw(3, 0, 0.39)
    assert len({draw(epoch, 0) for epoch in range(10)}) == 10
    assert draw(3, 0) != draw(3, 1)


def test_uniform_covers_the_range_evenly():
    draws = [
        factor("uniform", 0, moment=Moment(0, epoch=epoch, epochs=2000)) for epoch in range(2000)
    ]
    assert sum(draws) / len(draws) == pytest.approx(0.5, abs=0.03)
    assert min(draws) < 0.01
    assert max(draws) > 0.99


@pytest.mark.parametrize(
    ("validation", "patience", "tolerance", "expected"),
    [
        ((), 2, 0.02, None),
        ((0.5, 0.5), 2, 0.02, None),
        ((0.5, 0.5, 0.5), 2, 0.02, 3),
        ((0.1, 0.3, 0.5, 0.7), 2, 0.02, None),
        ((0.1, 0.5, 0.51, 0.51), 2, 0.02, 4),
        # a drop is no progress either
        ((0.6, 0.5, 0.4), 2, 0.02, 3),
        # more epochs after convergence do not move it
        ((0.5, 0.5, 0.5, 0.9, 0.9), 2, 0.02, 3),
    ],
)
def test_convergence_epoch(validation, patience, tolerance, expected):
    assert convergence_epoch(validation, patience, tolerance) == expected


def test_auto_ramps_from_convergence_to_the_end():
    def at(epoch, validation):
        return factor(
            "auto", 0, patience=2, moment=Moment(epoch / 10, epoch, 10, validation=validation)
        )

    assert at(2, (0.1, 0.5)) == 0
    converged = (0.1, 0.5, 0.5, 0.5)
    assert at(4, converged) == 0
    assert at(7, (*converged, 0.5, 0.5, 0.5)) == pytest.approx(0.5)
    assert factor("auto", 0, patience=2, moment=Moment(1.0, 9, 10, validation=converged)) == 1


def test_epoch_granularity_holds_still_within_an_epoch():
    def at(progress, epoch, granularity):
        return factor("linear", 0, granularity=granularity, moment=Moment(progress, epoch, 4))

    assert at(0.49, 1, "epoch") == 0.25
    assert at(0.49, 1, "step") == 0.49
    assert at(0.5, 2, "epoch") == 0.5


def test_a_schedule_cannot_leave_the_range():
    settings = ScheduleSpec()
    assert factor_at(lambda moment, settings: 1.7, settings, Moment(0.5)) == 1.0
    assert factor_at(lambda moment, settings: -0.1, settings, Moment(0.5)) == 0.0


@pytest.mark.parametrize(
    ("progress", "expected"), [(0.0, 0.0), (0.25, 0.0), (0.5, 0.5), (0.75, 1.0), (1.0, 1.0)]
)
def test_ramp_position(progress, expected):
    assert ramp_position(progress, 0.25, 0.75) == expected


def shape_points(kind: str, **settings):
    return catalog.find("schedules", kind).shape_of(ScheduleSpec(kind=kind, **settings))


@pytest.mark.parametrize(
    ("kind", "worst"),
    [("constant", 0), ("linear", 0), ("two_hinge", 0), ("step", 0), ("cosine", 0.01)],
)
def test_custom_through_the_points_of_a_schedule_is_that_schedule(kind, worst):
    settings = {"ramp_start": 0.24, "ramp_end": 0.74}
    points = shape_points(kind, **settings)
    assert points_fault(points) is None
    off = [
        abs(factor(kind, place / 997, **settings) - factor("custom", place / 997, points=points))
        for place in range(998)
    ]
    assert max(off) <= worst + 1e-9


@pytest.mark.parametrize(
    "settings", [{"kind": "uniform"}, {"kind": "auto"}, {"kind": "step", "steps": 100}]
)
def test_what_is_decided_while_training_or_too_long_has_no_points(settings):
    assert shape_points(**settings) is None


def test_points_of_extreme_ramps_are_valid():
    for start, end in ((0, 0), (0, 1), (0.5, 0.5), (1, 1)):
        for kind in ("two_hinge", "cosine", "step"):
            points = shape_points(kind, ramp_start=start, ramp_end=end, steps=99)
            assert points_fault(points) is None
            assert len(points) <= 200
            ScheduleSpec(kind="custom", points=points)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "at least 2 points; add a row"),
        ([(0, 0)], "at least 2 points"),
        ([(0, 0), (None, 1)], "row 2; fill it"),
        ([(0, 0), (1, math.nan)], "row 2; fill it"),
        ([(0, 0), (1.2, 1)], "0 to 100 % in row 2"),
        ([(-0.1, 0), (1, 1)], "row 1"),
        ([(0, 0), (0.6, 1), (0.4, 1)], "row 3 falls from 60 to 40 %; sort the rows"),
        ([(0, 0), (1, 1)], None),
        ([(0, 0), (0.5, 0), (0.5, 1)], None),
    ],
)
def test_what_is_wrong_with_points(points, message):
    fault = points_fault(points)
    assert fault is None if message is None else message in fault
