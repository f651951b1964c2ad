"""rft_core.report.story.race and replay: what is drawn at a second is what was
known at that second.
"""

from dataclasses import replace

import pytest

from rft_core.recordings.reading import read_recording
from rft_core.report.drawing.canvas import apart
from rft_core.report.story.figures import fragile_figure
from rft_core.report.story.race import race_figure, race_notes, race_traces
from rft_core.report.story.replay import (
    MOST_FRAMES,
    SHORTEST_MILLISECONDS,
    moments,
    play_arguments,
    race_replay,
)
from rft_core.report.story.track import build_track, gap


def track(name, **changes):
    one = read_recording(name)
    return replace(build_track(name, one.spec, one.events, one.total_steps, one.report), **changes)


def texts(notes):
    return " | ".join(note["text"] for note in notes["annotations"])


def test_a_track_is_what_the_recording_says():
    one, fixed = read_recording("fixed"), track("fixed")
    measured = [event for event in one.events if event.kind == "eval"]
    assert fixed.clean == tuple(event.payload["curve"][0]["accuracy"] for event in measured)
    assert fixed.end["accuracy"] == one.report["clean_accuracy"]
    assert fixed.onset is None
    assert track("scheduled").onset[1] == read_recording("scheduled").report["onset"]["step"]
    # the clock of a race begins when the first measurement is there
    assert fixed.end_second == pytest.approx(one.events[-1].wall_time - measured[0].wall_time)


def test_nothing_is_known_before_its_second():
    whole = track("scheduled")
    for second in (0.0, 3.0, 12.5, whole.end_second - 0.01):
        part = whole.until(second)
        assert all(one <= second for one in part.seconds)
        assert len(part.steps) == len(part.clean) == sum(one <= second for one in whole.seconds)
        assert not part.is_over
    assert whole.until(whole.end_second) == whole
    assert whole.until(whole.onset[0] - 0.01).onset is None


def test_the_gap_is_taken_where_both_were_measured():
    fixed, scheduled = track("fixed").until(10.0), track("scheduled")
    steps, low, high = gap(fixed, scheduled)
    assert tuple(steps) == fixed.steps
    assert tuple(low) == fixed.clean
    assert tuple(high) == scheduled.clean[: len(steps)]


def test_the_gap_of_finished_runs_is_that_of_their_test_images():
    fixed, scheduled = track("fixed"), track("scheduled")
    points = 100 * (scheduled.end["accuracy"] - fixed.end["accuracy"])
    assert f"gap {points:.0f} points" in texts(race_notes([fixed, scheduled]))
    assert "never adapts" in texts(race_notes([fixed, scheduled]))
    assert "gap" not in texts(race_notes([fixed.until(0), scheduled.until(0)]))


def test_a_guess_is_marked_whether_or_not_the_run_has_begun():
    fixed = track("fixed", guess=0.6).until(-1)
    assert "guess, fixed: 60 %" in texts(race_notes([fixed]))
    assert [list(trace.y) for trace in race_traces([fixed]) if trace.y] == [[60.0]]


def test_a_queued_run_takes_its_length_from_the_others():
    queued = build_track("scheduled", read_recording("scheduled").spec, [], None, None)
    figure = race_figure([track("fixed"), replace(queued, guess=0.5)], epsilon=8 / 255, key="k")
    assert figure.data[7].x[0] > 720


def replayed(tracks):
    still = race_figure(tracks, epsilon=8 / 255, key="k")
    return still, race_replay(
        tracks,
        tracks,
        epsilon=8 / 255,
        key="k",
        references=(),
        start=max(one.end_second for one in tracks),
    )


def test_the_last_frame_is_the_recorded_end():
    still, moving = replayed([track("fixed"), track("scheduled")])
    last = moving.frames[-1]
    assert [trace.to_plotly_json() for trace in last.data] == [
        trace.to_plotly_json() for trace in still.data[: len(last.data)]
    ]
    assert [note.to_plotly_json() for note in last.layout.annotations] == [
        note.to_plotly_json() for note in still.layout.annotations
    ]


def test_every_frame_draws_the_same_traces_and_writes_its_notes_out():
    """Plotly lays a frame over the one before: what a note leaves out would stay as it was."""
    _, moving = replayed([track("fixed"), track("scheduled")])
    assert len({tuple(frame.traces) for frame in moving.frames}) == 1
    assert {len(frame.data) for frame in moving.frames} == {len(moving.frames[0].traces)}
    for kind in ("annotations", "shapes"):
        keys = {
            frozenset(one.to_plotly_json()) for frame in moving.frames for one in frame.layout[kind]
        }
        assert len(keys) == 1


def test_the_frames_of_one_run_end_with_the_test_images():
    one = read_recording("standard")
    figure = fragile_figure(one, key="k")
    assert list(figure.frames[-1].data[-1].y) == [
        100 * point["accuracy"] for point in one.report["curve"]
    ]
    assert "1,000 test images" in figure.frames[-1].layout.annotations[-1].text
    assert "256 validation images" in figure.frames[-2].layout.annotations[-1].text


@pytest.mark.parametrize("end", [0.4, 1.0, 13.85, 34.6, 600.0])
def test_moments_run_from_the_start_to_the_end(end):
    seconds = moments(end)
    assert (seconds[0], seconds[-1]) == (0.0, end)
    assert seconds == sorted(set(seconds))
    assert len(seconds) <= MOST_FRAMES + 1


@pytest.mark.parametrize("speed", [1, 10, 50])
def test_a_speed_is_kept_by_leaving_frames_out(speed):
    seconds = moments(40.0)
    names, options = play_arguments(seconds, speed)
    assert names[-1] == "40.0"
    assert options["frame"]["duration"] >= SHORTEST_MILLISECONDS
    shown = float(names[1]) - float(names[0])
    assert 1000 * shown / options["frame"]["duration"] == pytest.approx(speed)


@pytest.mark.parametrize("heights", [[5.0, 6.0, 50.0], [99.0, 100.0, 98.0], [0.0, 0.0], [40.0]])
def test_labels_are_moved_apart_and_keep_their_order(heights):
    moved = apart(heights, 7)
    assert sorted(range(len(heights)), key=lambda place: heights[place]) == sorted(
        range(len(moved)), key=lambda place: moved[place]
    )
    ordered = sorted(moved)
    assert all(above - below >= 7 - 1e-9 for below, above in zip(ordered, ordered[1:]))
    assert max(moved) <= 100
