"""rft_core.presets: named RunSpecs."""

import pytest

from rft_core.errors import UnknownNameError
from rft_core.presets import PRESETS, preset
from rft_core.preview import epoch_factors, factors
from rft_core.spec import differences, parse


@pytest.mark.parametrize("row", PRESETS, ids=lambda row: row.name)
def test_every_preset_is_a_complete_spec(row):
    spec = preset(row.name)
    assert parse(spec.to_json()) == spec
    assert row.help.endswith(".")
    assert row.label
    assert row.source


def test_names_are_unique():
    names = [row.name for row in PRESETS]
    assert len(names) == len(set(names))


def test_the_trio_differs_in_its_schedule_alone():
    changed = differences([preset(name) for name in ("standard", "fixed", "scheduled")])
    assert changed
    assert all(name.startswith("schedule.") for name in changed)


@pytest.mark.parametrize(("name", "low", "high"), [("standard", 0, 0), ("fixed", 1, 1), ("scheduled", 0, 1)])
def test_what_the_trio_is_for(name, low, high):
    _, values = factors(preset(name))
    assert (min(values), max(values)) == (low, high)


def test_the_papers_schedule_epoch_by_epoch():
    spec = preset("paper_schedule")
    values = epoch_factors(spec)
    assert spec.threat.epsilon == 4 / 255
    assert len(values) == 50
    assert values[:13] == [0.0] * 13
    assert values[37:] == [1.0] * 13
    assert values[12:38] == pytest.approx([place / 25 for place in range(26)])


def test_an_unknown_preset_says_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown preset 'schedule', did you mean 'scheduled'"):
        preset("schedule")
