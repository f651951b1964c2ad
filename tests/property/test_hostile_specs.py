"""Hostile specs, as text and as mappings: each is refused in one line that names its field, or can
be previewed, stored and read.

`RFT_FUZZ=10000 pytest tests/property/test_hostile_specs.py` looks at that many new ones;
`--log-cli-level=INFO` counts them.
"""

import logging
import math
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from rft_core.cost.run_cost import estimate
from rft_core.cost.schedule_demand import demand, epoch_factors, factors
from rft_core.errors import UserError
from rft_core.files.home import Home
from rft_core.report.run.run_labels import run_labels
from rft_core.spec.run_spec import (
    RunSpec,
    epsilon_grid,
    flatten,
    parse,
    setting_names,
    spec_hash,
    with_settings,
)
from rft_core.store.run_store import RunStore
from rft_core.units import format_epsilon
from tests.property.hostile_values import FULL, PARTNERS, SECTIONS, hostile

FUZZ = settings(
    max_examples=FULL or 300, derandomize=not FULL, suppress_health_check=list(HealthCheck)
)
LONGEST_MESSAGE = 1200


def refusal(raw: Any) -> tuple[RunSpec | None, str]:
    """Return the spec, or the message of a UserError; anything else is a crash."""
    try:
        return parse(raw), ""
    except UserError as error:
        return None, str(error)


def check_message(message: str, touched: set[str]) -> None:
    """One printable line of sane length that names the setting, or the part of the text."""
    assert message.isprintable()
    assert 10 < len(message) <= LONGEST_MESSAGE
    if message.startswith(
        (
            "unknown setting '",
            "the spec is not JSON: ",
            "the spec has '",
            "spec must be a valid dictionary",
        )
    ):
        return
    named = re.match(r"[A-Za-z_0-9.]+", message)
    known = (
        touched
        | {PARTNERS[name] for name in touched if name in PARTNERS}
        | {PARTNERS.get(PARTNERS.get(name, ""), "") for name in touched}
    )
    assert named, message
    assert any(named[0] == name or named[0].startswith(f"{name}.") for name in known if name), (
        message,
        touched,
    )
    # beyond the section, what is named is a setting, or a place within one
    leaf = ".".join(named[0].split(".")[:2])
    assert (
        leaf in (*setting_names(), *SECTIONS)
        or named[0].split(".")[0] in setting_names()
        or "Keys should be strings" in message
    ), message


def check_runnable(spec: RunSpec, store: RunStore) -> None:
    """What is accepted survives JSON, previews, and the store; nothing that is drawn or
    computed from it is odd.
    """
    assert parse(spec.to_json()) == spec
    assert with_settings(RunSpec(), flatten(spec)) == spec
    grid = epsilon_grid(spec)
    assert grid[0] == 0
    assert list(grid) == sorted(set(grid))
    assert len(grid) <= 257
    assert grid[-1] <= (1 if spec.threat.norm == "linf" else 1000)
    assert all(format_epsilon(one, spec.threat.norm) for one in grid)
    # as many as a form draws
    values = factors(spec, 100)[1]
    assert all(0 <= value <= 1 for value in values)
    demanded = demand(spec)
    assert all(
        0 <= share <= 1
        for share in (demanded.clean_share, demanded.full_share, demanded.mean_factor)
    )
    if spec.optim.epochs <= 1000:
        assert all(0 <= value <= 1 for value in epoch_factors(spec))
    if (cost := estimate(spec)) is not None:
        assert math.isfinite(cost.gradient_evaluations)
        assert cost.gradient_evaluations > 0
        assert cost.seconds is None or math.isfinite(cost.seconds)
    run_id = store.submit(spec)
    again = store.get(run_id)
    assert again.spec == spec
    assert spec_hash(again.spec) == spec_hash(spec)
    row = store.summaries(limit=1).rows[0]
    # a list shows a tag with single spaces
    assert (row.run_id, row.tags) == (run_id, tuple(" ".join(tag.split()) for tag in spec.tags))
    for text in (row.name, *row.tags, row.dataset):
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert run_labels([again])
    store.delete(run_id)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> RunStore:
    """One store for all examples; each removes what it stored."""
    folder = tmp_path_factory.mktemp("fuzz")
    return RunStore(Home(folder, f"sqlite:///{folder / 'fuzz.db'}"))


def test_hostile_specs_are_refused_by_name_or_runnable(scratch):
    counts: Counter[str] = Counter()

    @FUZZ
    @given(hostile())
    def look(drawn):
        raw, touched = drawn
        spec, message = refusal(raw)
        counts["accepted" if spec else "refused"] += 1
        if spec is None:
            check_message(message, touched)
        else:
            check_runnable(spec, scratch)

    look()
    logging.getLogger(__name__).info("specs: %s", dict(counts))
    # both ends are reached, or the specs are all of one kind
    # of 10,000 about 6 % are accepted; of a few hundred, by chance, some fewer
    assert min(counts["accepted"], counts["refused"]) > sum(counts.values()) / 50
