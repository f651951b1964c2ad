"""rft_core.report.story.sentences: the sentences say what the data say."""

import pytest

from rft_core.recordings.reading import read_gallery, read_recording
from rft_core.report.story.figures import MAGNIFY, area_figure, confidence_figure, magnified
from rft_core.report.story.sentences import (
    describe_areas,
    describe_attack,
    describe_falls,
    describe_fragile,
    describe_guess,
    describe_limit,
    describe_race,
    describe_source,
    points_off,
)
from rft_core.report.story.track import build_track
from rft_core.units import format_percent

TRIO = ("standard", "fixed", "scheduled")


@pytest.mark.parametrize(
    ("guess", "reached", "off", "said"),
    [
        (0.6, 0.03, 57.0, "you guessed 60 %, it reached 3.0 %: 57.0 points too high"),
        (0.2, 0.503, -30.3, "30.3 points too low"),
        (0.5, 0.503, -0.3, "Right on"),
    ],
)
def test_a_guess_is_held_against_what_was_reached(guess, reached, off, said):
    assert points_off(guess, reached) == pytest.approx(off)
    assert said in describe_guess("fixed", guess, reached)


def test_the_attack_in_words():
    shown = read_gallery()
    assert "which is right" in describe_attack(shown, 0, 0)
    assert f"It is “{shown.truth[0]}”" in describe_attack(shown, 0, len(shown.epsilons) - 1)
    assert "too small for an ordinary picture file" in describe_attack(shown, 0, 1)
    fallen = sum(shown.falls_at(image) is not None for image in range(len(shown.truth)))
    assert f"{fallen} of {len(shown.truth)} pictures fall" in describe_falls(shown)


def test_runs_in_words():
    runs = [read_recording(name) for name in TRIO]
    standard, fixed, scheduled = (one.report for one in runs)
    assert format_percent(standard["clean_accuracy"]) in describe_fragile(runs[0])
    for report in (standard, fixed, scheduled):
        assert format_percent(report["robust_accuracy"]) in describe_limit(runs)
        assert format_percent(report["curve"][3]["accuracy"]) in describe_areas(runs, 3)
    assert f"Recorded {runs[0].recorded}: bloom_convnext on blooms_hard" in describe_source(runs[0])
    said = describe_race(
        [build_track(one.name, one.spec, one.events, one.total_steps, one.report) for one in runs]
    )
    assert f"Fixed ends at {format_percent(fixed['clean_accuracy'])}" in said
    assert "it never adapted" in said
    assert "Standard ends at" in said
    assert "not been measured" in describe_race(
        [build_track("fixed", runs[1].spec, [], None, None)]
    )


def test_figures_show_the_data_they_are_given():
    shown, runs = read_gallery(), [read_recording(name) for name in TRIO]
    figure = confidence_figure(shown, 2, 4, key="k")
    assert figure.data[-1].x[0] == pytest.approx(100 * float(shown.confidences[2, 4, 0]))
    # no pixel moves by more than epsilon: 4 levels of the gallery are 2/255
    change = magnified(shown, 2, 4).astype(float) - 127.5
    assert abs(change).max() <= MAGNIFY * 255 * float(shown.epsilons[4]) + 1
    assert abs(change).max() > MAGNIFY * 255 * float(shown.epsilons[4]) / 2
    assert (magnified(shown, 2, 0) == 127).all()
    areas = area_figure(runs, "fixed", 4, key="k")
    assert [trace.fill for trace in areas.data] == [None, "tozeroy", None]
    assert [list(trace.y) for trace in areas.data] == [
        [100 * point["accuracy"] for point in one.report["curve"]] for one in runs
    ]
