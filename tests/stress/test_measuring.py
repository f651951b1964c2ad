"""The arithmetic behind the tables of `make soak` and `make crowd`, and what
they are to complain of.
"""

from collections import namedtuple

import pytest

from tests.stress.crowd import check_queue
from tests.stress.memory import Reading, growth, memory_complaints, windows
from tests.stress.serving import spread, wrong_lines

Run = namedtuple("Run", "run_id number device started ended")


def readings(kind: str, early: float, late: float, pid: int = 1) -> list[Reading]:
    """Half an hour, a reading every ten seconds: 10 MB while starting, then `early`, at the end
    `late`, and one high moment in each window.
    """
    rss = [10.0] * 30 + [early] * 30 + [early] * 90 + [late] * 30
    rss[40], rss[170] = 900.0, 800.0
    return [
        Reading(10.0 * place, kind, value, value / 2, 3, 4, (pid,))
        for place, value in enumerate(rss)
    ]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (30, ((300, 600), (1500, 1800))),
        (15, ((300, 600), (600, 900))),
        (6, ((120, 240), (240, 360))),
    ],
)
def test_windows(minutes, expected):
    assert windows(60 * minutes) == expected


def test_growth_leaves_out_warming_up_and_single_moments():
    row = growth(readings("server", 100.0, 104.0), 1800)["server"]
    assert (row["RSS after warm-up"], row["RSS at the end"], row["highest RSS"]) == (
        100.0,
        104.0,
        900.0,
    )
    assert (row["USS after warm-up"], row["USS at the end"], row["threads"], row["files"]) == (
        50.0,
        52.0,
        3,
        4,
    )
    assert row["change %"] == pytest.approx(4.0)


def test_only_lasting_processes_that_grew_by_more_than_5_percent_are_complained_of():
    seen = (
        readings("server", 100.0, 104.9)
        + readings("worker", 100.0, 105.1)
        + readings("runs", 100.0, 200.0)
    )
    assert memory_complaints(growth(seen, 1800), seen) == ["worker: 5.1 % more memory"]


def test_a_process_that_is_gone_or_another_is_complained_of():
    server = readings("server", 100.0, 100.0)
    restarted = readings("worker", 100.0, 100.0)[:90] + readings("worker", 100.0, 100.0, pid=2)[90:]
    assert memory_complaints(growth(server, 1800), server) == ["worker: not there in both windows"]
    assert memory_complaints(growth(server + restarted, 1800), server + restarted) == [
        "worker: ended and was started again"
    ]


def test_spread():
    assert spread([1.0, 2.0, 3.0, 4.0, 25.0]) == {
        "count": 5,
        "p50": 3.0,
        "p95": pytest.approx(20.8),
        "max": 25.0,
    }


def test_wrong_lines(tmp_path):
    log = tmp_path / "run.log"
    log.write_text(
        "step 1\nTraceback (most recent call last):\nFileNotFoundException: x\n2026 ERROR bad\nno"
        " errors, and no exceptions\n"
    )
    found = wrong_lines([log, tmp_path / "missing.log"])
    assert found == [
        "run.log: Traceback (most recent call last):",
        "run.log: FileNotFoundException: x",
        "run.log: 2026 ERROR bad",
    ]


def test_a_queue_that_was_kept():
    assert (
        check_queue(
            [
                Run("a", 0, "cpu", 1.0, 2.0),
                Run("b", 1, "cpu", 2.0, 3.0),
                Run("c", 2, "cuda:0", 2.5, 9.0),
            ]
        )
        == []
    )


def test_a_queue_that_was_not_kept():
    assert check_queue([Run("a", 1, "cpu", 1.0, 2.0), Run("b", 0, "cpu", 2.0, 3.0)]) == [
        "run b was submitted before a and started after it"
    ]
    assert check_queue([Run("a", 0, "cpu", 1.0, 5.0), Run("b", 1, "cpu", 2.0, 3.0)]) == [
        "runs a and b were at work on cpu at once"
    ]
