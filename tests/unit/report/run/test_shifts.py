"""Reports of other domains and corruptions: figures, sentences, the rows of a
comparison, the terminal.
"""

import numpy as np
import pytest

from rft_core.cli.printing.comparison import print_comparison
from rft_core.cli.printing.one_run import print_run
from rft_core.metrics.shifts import CORRUPTIONS, SEVERITIES, summarise
from rft_core.report.comparison.compare import compare
from rft_core.report.run.sentences import describe_shifts, words
from rft_core.report.run.shift_figures import corruption_figure, domain_figure
from tests.unit.report.comparison.test_compare import REPORT, record

DOMAINS = {"photo_noise": (10, 40), "sketch": (20, 40)}
CORRUPTED = [
    (kind, severity, 40 - severity - place, 40)
    for place, kind in enumerate(CORRUPTIONS)
    for severity in SEVERITIES
]
SHIFTS = summarise((36, 40), DOMAINS, CORRUPTED, "abc")


def test_dots_with_whiskers_and_the_own_domain():
    figure = domain_figure(SHIFTS, key="run")
    (dots,) = figure.data
    assert list(dots.y) == ["Photo noise", "Sketch"]
    assert list(dots.x) == [25, 50]
    assert [dots.x[place] + dots.error_x.array[place] for place in (0, 1)] == pytest.approx(
        [100 * row["high"] for row in SHIFTS["domains"]]
    )
    assert [dots.x[place] - dots.error_x.arrayminus[place] for place in (0, 1)] == pytest.approx(
        [100 * row["low"] for row in SHIFTS["domains"]]
    )
    assert figure.layout.shapes[0].x0 == pytest.approx(90)
    assert figure.layout.annotations[0].text == "own domain 90.0 %"


def test_a_cell_a_corruption_and_severity():
    figure = corruption_figure(SHIFTS, key="run")
    (cells,) = figure.data
    assert np.array(cells.z) == pytest.approx(
        np.array([100 * row["accuracy"] for row in SHIFTS["corruptions"]]).reshape(15, 5), abs=1e-4
    )
    assert (cells.y[0], cells.y[-1], list(cells.x)) == (
        "Gaussian noise",
        "JPEG compression",
        ["1", "2", "3", "4", "5"],
    )
    assert cells.texttemplate == "%{z:.0f}"


def test_a_sample_of_the_corruptions_can_be_drawn():
    part = summarise(
        (36, 40), {}, [row for row in CORRUPTED if row[1] == 3 and row[0] != "fog"], "abc"
    )
    (cells,) = corruption_figure(part, key="run").data
    assert np.array(cells.z).shape == (14, 1)
    assert "Fog" not in cells.y


@pytest.mark.parametrize(
    ("shifts", "sentence"),
    [
        (None, ""),
        (summarise((3, 4), {}, [], ""), ""),
        (
            summarise((36, 40), DOMAINS, [], ""),
            (
                "Clean accuracy is 90.0 % on 40 test images of its own domain, and 37.5 % on"
                " average on 2 other domains."
            ),
        ),
        (
            summarise((36, 40), {"sketch": (10, 40)}, [("fog", 1, 20, 40)], ""),
            (
                "Clean accuracy is 90.0 % on 40 test images of its own domain, 25.0 % on average on"
                " 1 other domain, and 50.0 % on average under 1 corruption."
            ),
        ),
    ],
)
def test_one_sentence(shifts, sentence):
    assert describe_shifts(shifts) == sentence


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jpeg_compression", "JPEG compression"),
        ("photo_noise", "Photo noise"),
        ("iPhone", "IPhone"),
        ("real", "Real"),
        ("", ""),
    ],
)
def test_words(name, expected):
    assert words(name) == expected


def test_a_comparison_has_both_means(store):
    rows = compare([record(store, REPORT | {"shifts": SHIFTS}), record(store, REPORT)]).rows
    assert [row["domain_mean"] for row in rows] == [0.375, None]
    assert rows[0]["corruption_mean"] == pytest.approx(SHIFTS["corruption_mean"])


def test_other_images_make_the_means_unfair(store):
    pair = [
        record(store, REPORT | {"shifts": SHIFTS | {"images_digest": digest}})
        for digest in ("abc", "abd")
    ]
    (warning,) = compare(pair).warnings
    assert "different domains" in warning
    assert compare([pair[0], pair[0]]).warnings == []


def test_the_terminal_prints_them(store, capsys):
    point = {"epsilon": 0.0, "accuracy": 0.8, "n": 100}
    one, other = (
        record(store, REPORT | {"shifts": SHIFTS, "curve": [point]}),
        record(store, REPORT | {"curve": [point], "shifts": None}),
    )
    print_run(one)
    printed = capsys.readouterr().out
    assert "37.5 % on average on 2 other domains" in printed
    assert "Photo noise 25.0 %" in printed
    print_run(other)
    assert "Photo noise" not in capsys.readouterr().out
    print_comparison(compare([one, other]))
    assert "other domains" in capsys.readouterr().out
    print_comparison(compare([other, other]))
    assert "other domains" not in capsys.readouterr().out
