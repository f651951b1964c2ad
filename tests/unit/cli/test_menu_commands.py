"""rft_core.cli: schedule, list and the texts of settings."""

import pytest

from rft_core.spec.arguments import split_setting


class TestSchedule:
    PAPER = (
        "--kind",
        "two_hinge",
        "--epsilon",
        "4/255",
        "--epochs",
        "50",
        "--ramp-start",
        ".24",
        "--ramp-end",
        ".74",
        "--set",
        'schedule.granularity="epoch"',
    )

    def test_the_papers_schedule(self, answer):
        document = answer("schedule", *self.PAPER)
        assert set(document) == {"epsilon", "factor"}
        epsilon = document["epsilon"]
        assert len(epsilon) == len(document["factor"]) == 50
        assert epsilon[:13] == [0.0] * 13
        assert epsilon[37:] == [4 / 255] * 13
        assert epsilon[12:38] == pytest.approx(
            [place / 25 * 4 / 255 for place in range(26)], abs=1e-12
        )

    def test_defaults(self, answer):
        document = answer("schedule")
        assert len(document["factor"]) == 50
        assert document["epsilon"][-1] == 8 / 255

    def test_for_people(self, call):
        code, output, _ = call("schedule", "--epochs", "3", "--kind", "constant")
        assert code == 0
        assert output.count("8.00/255") == 3


@pytest.mark.parametrize(
    "kind", ["schedules", "strategies", "objectives", "attacks", "datasets", "backbones", "presets"]
)
def test_list(answer, call, kind):
    rows = answer("list", kind)
    assert rows
    assert all(
        list(row) == ["name", "label", "help", "source"] and all(row.values()) for row in rows
    )
    code, output, _ = call("list", kind)
    assert code == 0
    assert rows[0]["name"] in output


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", ("a", 1)),
        ("a=1.5", ("a", 1.5)),
        ("a=true", ("a", True)),
        ("a=null", ("a", None)),
        ("a=", ("a", None)),
        ("a=x=y", ("a", "x=y")),
        ("a=8/255", ("a", "8/255")),
        ('a=[0, "4/255"]', ("a", [0, "4/255"])),
        (" a = b ", ("a", "b")),
    ],
)
def test_set(text, expected):
    assert split_setting(text) == expected
