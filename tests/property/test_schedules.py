"""Laws of the schedules, for any valid settings."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rft_core.cost.schedule_demand import epoch_factors, factors
from rft_core.errors import UserError
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.spec.schedules import Moment, factor_at, interpolate, points_fault
from rft_core.spec.sections import ScheduleSpec

UNIT = st.floats(0, 1)


@st.composite
def schedule_settings(draw, kind=None):
    start, end = sorted((draw(UNIT), draw(UNIT)))
    points = sorted(
        draw(st.lists(st.tuples(UNIT, UNIT), min_size=1, max_size=6)), key=lambda point: point[0]
    )
    return ScheduleSpec(
        kind=kind or draw(st.sampled_from([row.name for row in catalog.SCHEDULES])),
        ramp_start=start,
        ramp_end=end,
        steps=draw(st.integers(1, 50)),
        points=tuple(points),
        granularity=draw(st.sampled_from(["step", "epoch"])),
        patience=draw(st.integers(1, 6)),
        tolerance=draw(UNIT),
    )


def at(settings, progress, epoch=0, epochs=1, seed=0, validation=()):
    return factor_at(
        catalog.find("schedules", settings.kind).load(),
        settings,
        Moment(progress, epoch, epochs, seed, validation),
    )


@given(
    schedule_settings(),
    UNIT,
    st.integers(1, 100),
    st.integers(0, 2**31 - 1),
    st.lists(UNIT, max_size=20),
)
def test_every_factor_is_a_share(settings, progress, epochs, seed, validation):
    epoch = min(epochs - 1, int(progress * epochs))
    assert 0 <= at(settings, progress, epoch, epochs, seed, tuple(validation)) <= 1


@pytest.mark.parametrize("kind", ["two_hinge", "linear", "cosine", "step"])
@given(data=st.data(), places=st.lists(UNIT, min_size=2, max_size=20))
def test_a_ramp_never_falls_and_ends_at_1(kind, data, places):
    settings = data.draw(schedule_settings(kind)).model_copy(update={"granularity": "step"})
    values = [at(settings, place) for place in [0.0, *sorted(places), 1.0]]
    assert values == sorted(values)
    assert values[-1] == 1
    # with a ramp that starts at 0 the schedule `step` jumps there already; with one that
    # ends at 0 all of them do
    assert values[0] == 0 or settings.ramp_start == 0


@given(schedule_settings("two_hinge"), UNIT)
def test_two_hinges_before_and_after_the_ramp(settings, progress):
    value = at(settings.model_copy(update={"granularity": "step"}), progress)
    if progress < settings.ramp_start:
        assert value == 0
    if progress >= settings.ramp_end:
        assert value == 1


@given(schedule_settings(), st.integers(1, 60))
def test_the_preview_is_made_of_factors(settings, epochs):
    spec = with_settings(
        RunSpec(),
        {"optim.epochs": epochs}
        | {f"schedule.{name}": value for name, value in settings.model_dump().items()},
    )
    progress, values = factors(spec, count=20)
    assert (progress[0], progress[-1], len(values)) == (0, 1, 21)
    assert all(0 <= value <= 1 for value in values)
    assert len(epoch_factors(spec)) == epochs
    assert all(0 <= value <= 1 for value in epoch_factors(spec))


ANY_NUMBER: st.SearchStrategy[Any] = st.one_of(
    UNIT,
    st.floats(),
    st.sampled_from([None, -1, 2, "0.5", "x", True, 10**400, 5e-324, [], "\ud800"]),
)


def attempt(changes):
    """Return the spec with `changes`, or None and the message of a user's error."""
    try:
        return with_settings(RunSpec(), changes), ""
    except UserError as error:
        return None, str(error)


@settings(max_examples=400)
@given(
    st.one_of(
        st.lists(
            st.one_of(st.tuples(UNIT, UNIT).map(list), st.lists(ANY_NUMBER, max_size=3)), max_size=8
        ),
        ANY_NUMBER,
    ),
    st.lists(UNIT, min_size=1, max_size=20),
)
def test_any_points_are_drawn_between_their_values_or_refused_by_name(points, places):
    spec, answer = attempt({"schedule.kind": "custom", "schedule.points": points})
    if spec is None:
        assert answer.startswith("schedule.points")
        assert answer.isprintable()
        return
    kept = spec.schedule.points
    for place in places:
        value = at(spec.schedule, place)
        before = [point for point in kept if point[0] <= place][-1:] or kept[:1]
        after = [point for point in kept if point[0] > place][:1] or kept[-1:]
        low, high = sorted((before[0][1], after[0][1]))
        # a rounding step beyond the neighbours is no jump, and a factor leaves [0, 1] never
        assert low - 1e-12 <= value <= high + 1e-12
        assert 0 <= value <= 1


@given(st.lists(st.tuples(UNIT, UNIT), min_size=2, max_size=8).map(sorted), UNIT, UNIT)
def test_between_two_points_the_factor_goes_one_way(points, first, second):
    assert points_fault(points) is None
    left, right = sorted((first, second))
    rising = [
        (place, factor)
        for (place, _), factor in zip(points, sorted(factor for _, factor in points))
    ]
    assert interpolate(left, rising) <= interpolate(right, rising) + 1e-12


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=6))
def test_a_table_of_points_has_a_fault_or_is_a_schedule(points):
    if points_fault(points) is None:
        assert with_settings(RunSpec(), {"schedule.points": points}).schedule.points == tuple(
            points
        )
