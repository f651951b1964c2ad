"""rft_core.metrics.measured_by: the words beside a robust accuracy, and what
counts as one measurement.
"""

from dataclasses import replace

import pytest

from rft_core.metrics.measured_by import MeasuredBy, is_one_method, read_measured_by, tell_apart

PGD = MeasuredBy(attack="pgd", label="PGD", loss="cross-entropy", steps=10, n=1000)
TARGETED = MeasuredBy(
    attack="apgd_ce_t",
    label="APGD-CE + T",
    loss="cross-entropy, then targeted difference of logits ratio",
    steps=10,
    n=500,
)
AUTO = MeasuredBy(
    attack="autoattack", label="AutoAttack", loss="several", steps=100, n=20, is_fixed=True
)


@pytest.mark.parametrize(
    ("found", "short", "chip"),
    [
        (PGD, "PGD-10", "PGD-10, n 1,000"),
        (TARGETED, "APGD-CE + T, 10 steps", "APGD-CE + T, 10 steps, n 500"),
        (AUTO, "AutoAttack", "AutoAttack, n 20"),
        (
            replace(PGD, label="Square", steps=1000, step_name="query"),
            "Square, 1,000 queries",
            "Square, 1,000 queries, n 1,000",
        ),
        (replace(TARGETED, steps=1), "APGD-CE + T, 1 step", "APGD-CE + T, 1 step, n 500"),
    ],
)
def test_what_stands_beside_a_number(found, short, chip):
    assert (found.short, found.chip) == (short, chip)


def test_everything_for_the_hover_text():
    assert PGD.full == "PGD, cross-entropy, 10 steps, 1 restart, n 1,000"
    other = replace(PGD, relative_step_size=0.1, restarts=3)
    assert other.full_method == "PGD, cross-entropy, 10 steps of 0.1 epsilon, 3 restarts"


@pytest.mark.parametrize("found", [PGD, TARGETED, AUTO, replace(PGD, relative_step_size=0.5)])
def test_it_comes_back_from_plain_data(found):
    assert MeasuredBy.from_dict(found.as_dict()) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"label": "<b>PGD</b>"},
        {"label": "[x](javascript:alert)"},
        {"loss": "two\nlines"},
        {"attack": "\x1b[31mred"},
        {"label": ""},
        {"label": "x" * 500},
        {"steps": 0},
        {"steps": True},
        {"steps": 2.5},
        {"n": -1},
        {"n": None},
        {"relative_step_size": 0},
        {"relative_step_size": float("nan")},
        {"relative_step_size": "much"},
        {"is_fixed": 1},
        {"extra": 1},
    ],
)
def test_what_it_could_not_have_written_is_refused(changes):
    raw = PGD.as_dict() | changes
    with pytest.raises(ValueError, match="of what measured it|field by field"):
        MeasuredBy.from_dict(raw)
    assert read_measured_by(raw) is None


@pytest.mark.parametrize("raw", [None, [], "PGD-10", {}, 3])
def test_nothing_that_can_be_read_is_none(raw):
    assert read_measured_by(raw) is None


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (replace(PGD, n=20), True),
        (replace(PGD, label="Projected gradient"), True),
        (replace(PGD, steps=20), False),
        (replace(PGD, restarts=2), False),
        (replace(PGD, loss="margin of the logits"), False),
        (replace(PGD, relative_step_size=0.5), False),
        (TARGETED, False),
        (None, True),
    ],
)
def test_one_method_is_one_attack_with_its_steps_whatever_it_is_called(other, is_same):
    assert is_one_method([PGD, other]) is is_same


def test_methods_are_told_apart_with_as_few_words_as_that_takes():
    assert tell_apart([PGD, AUTO, PGD]) == ["PGD-10", "AutoAttack", "PGD-10"]
    near = replace(PGD, relative_step_size=0.5)
    assert tell_apart([PGD, near]) == [PGD.full_method, near.full_method]
    assert "0.5 epsilon" in near.full_method
