"""rft_core.report.run.figures: labels that can be read, and no number sent twice."""

import numpy as np
import pytest

from rft_core.report.drawing.labels import LABEL_HEIGHT
from rft_core.report.run.figures import accuracy_figure, epsilon_strip
from rft_core.report.run.history import build_history
from rft_core.store.events import Event


def curve(clean: float, robust: float, n: int = 100) -> list[dict]:
    return [
        {"epsilon": place, "accuracy": accuracy, "n": n}
        for place, accuracy in ((0.0, clean), (0.03, robust))
    ]


def history(*rows: tuple[float, float, float], counts: tuple[int, ...] = ()):
    """Measurements (clean, robust, expected), one a step."""
    sizes = counts or (100,) * len(rows)
    return build_history(
        [
            Event(
                step + 1,
                step,
                step / 10,
                float(step),
                "eval",
                {"curve": curve(clean, robust, n), "expected_robustness": expected},
            )
            for step, ((clean, robust, expected), n) in enumerate(zip(rows, sizes))
        ]
    )


def draw(past):
    return accuracy_figure(past, total_steps=10, steps_per_epoch=5, target="8/255", key="x")


@pytest.mark.parametrize(
    "ends",
    [(1.0, 0.88, 0.95), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.5, 0.48, 0.49), (0.9, 0.1, 0.5)],
)
def test_labels_at_the_ends_stay_on_the_axis_and_apart(ends):
    places = [note.y for note in draw(history(ends)).layout.annotations]
    assert len(places) == 3
    assert all(0 <= place <= 102 for place in places)
    assert (
        min(abs(one - other) for k, one in enumerate(places) for other in places[:k])
        >= LABEL_HEIGHT
    )


def test_a_label_has_the_colour_in_its_mark_and_not_in_its_words():
    for note in draw(history((0.9, 0.1, 0.5))).layout.annotations:
        assert note.font.color is None
        assert note.text.startswith('<span style="color:#')


def test_the_number_of_images_is_on_hover_once_or_for_each_point():
    same = draw(history((0.9, 0.1, 0.5), (0.9, 0.1, 0.5))).data[0]
    assert same.customdata is None
    assert "of 100 images" in same.hovertemplate
    other = draw(history((0.9, 0.1, 0.5), (0.9, 0.1, 0.5), counts=(100, 50))).data[0]
    assert list(other.customdata) == [100, 50]
    assert "%{customdata}" in other.hovertemplate


@pytest.mark.parametrize("count", [1, 2, 150, 151, 399])
def test_the_strip_always_shows_the_newest_step(count):
    events = [
        Event(k, k, k / 10, float(k), "train", {"epsilon": 0.02 * k / count}) for k in range(count)
    ]
    strip = epsilon_strip(
        [0, 1],
        [0, 1],
        epsilon=8 / 255,
        norm="linf",
        total_steps=count,
        done=build_history(events),
        key="x",
    )
    steps = np.asarray(strip.data[1].x)
    assert steps[-1] == count - 1
    assert (np.diff(steps) > 0).all()
    assert len(steps) <= 300
