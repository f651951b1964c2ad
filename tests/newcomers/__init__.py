"""Five methods as a newcomer would add them: each one file, and one row, here."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from unittest.mock import patch

from rft_core.spec import catalog

ROWS = MappingProxyType(
    {
        "strategies": catalog.StrategyRow(
            "norms_only",
            "Norms only",
            "Only the norms and the head are trained.",
            "a newcomer",
            "tests.newcomers.norms_only:apply",
            settings=("strategy.rank",),
            trained_share=2e-3,
            is_frozen=True,
        ),
        "objectives": catalog.ObjectiveRow(
            "half_and_half",
            "Half and half",
            "Cross-entropy on clean and on attacked images, weighed by beta.",
            "a newcomer",
            "tests.newcomers.half_and_half:loss",
            settings=("objective.beta",),
            passes=2,
        ),
        "attacks": catalog.AttackRow(
            "corner",
            "Corner",
            "A random corner of the ball, the best of some tries.",
            "a newcomer",
            "tests.newcomers.corner:corner",
            loss="cross-entropy",
        ),
        "schedules": catalog.ScheduleRow(
            "waves",
            "Waves",
            "Epsilon comes and goes.",
            "a newcomer",
            "tests.newcomers.waves:waves",
            settings=("schedule.steps",),
        ),
        "datasets": catalog.DatasetRow(
            "stripes",
            "Stripes",
            "Stripes in three directions.",
            "a newcomer",
            "tests.newcomers.stripes:load",
            facts=MappingProxyType({"train": 90, "validation": 30, "test": 30, "classes": 3}),
        ),
    }
)
SETTINGS = MappingProxyType(
    {
        "strategy.kind": "norms_only",
        "objective.kind": "half_and_half",
        "attack.kind": "corner",
        "schedule.kind": "waves",
        "data.dataset": "stripes",
    }
)


@contextmanager
def on_the_menus() -> Iterator[None]:
    """Put every newcomer at the end of its menu, and take it off again."""
    longer = {
        kind: (*rows, ROWS[kind]) if kind in ROWS else rows for kind, rows in catalog.MENUS.items()
    }
    with patch.object(catalog, "MENUS", MappingProxyType(longer)):
        yield
