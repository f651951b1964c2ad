"""How numbers were measured, in the words of pages, tables and reports; and which runs cannot be
compared.
"""

from collections.abc import Callable, Iterable, Sequence

from rft_core.metrics.measured_by import MeasuredBy, is_one_method, tell_apart
from rft_core.report.run.measured_run import measured_method, measured_report
from rft_core.spec.measured_by import spec_measured_by
from rft_core.spec.run_spec import epsilon_grid
from rft_core.spec.sections import EvaluationSpec
from rft_core.store.records import RunRecord
from rft_core.units import format_epsilon

MEASURED_BY = "Measured by"
# the most runs and epsilons that one sentence lists
MOST_NAMES, MOST_EPSILONS = 5, 6


def chips(found: Iterable[MeasuredBy | None]) -> str:
    """Return the short form beside numbers, "PGD-10, n 1,000"; several joined if they differ, "" if
    there are none.
    """
    return _distinct(found, lambda method: method.chip)


def in_full(found: Iterable[MeasuredBy | None]) -> str:
    """Return everything about these measurements, for a hover text."""
    return _distinct(found, lambda method: method.full)


def _distinct(found: Iterable[MeasuredBy | None], write: Callable[[MeasuredBy], str]) -> str:
    return " and ".join(dict.fromkeys(write(method) for method in found if method is not None))


def in_brackets(text: str, found: Iterable[MeasuredBy | None]) -> str:
    """Return `text`, a number or a title, with what measured it: "18.6 % at
    12/255 (PGD-10, n 1,000)".
    """
    measured = chips(found)
    return f"{text} ({measured})" if measured else text


def measuring_method(record: RunRecord) -> MeasuredBy:
    """Return what measured a run, or what will measure it at its end."""
    spec = record.spec
    return record.measured_by or spec_measured_by(spec, spec.evaluation.attack, n=1)


def methods_apart(records: Sequence[RunRecord]) -> dict[str, list[str]]:
    """Return the ways in which runs were measured differently: name -> one text per run.

    Runs with different texts are neither averaged nor subtracted.
    """
    found = [measuring_method(record) for record in records]
    apart = {} if is_one_method(found) else {"attack": tell_apart(found)}
    if not _grids_differ(records):
        return apart
    return apart | {"grid": [_say_grid(record) for record in records]}


def measurement_warnings(records: Sequence[RunRecord], names: Sequence[str]) -> list[str]:
    """Return sentences on which of these runs, called by `names`, were measured by other attacks,
    on other images or at other epsilons.
    """
    measured = [(record, name) for record, name in zip(records, names) if record.report]
    sentences = [_attacks(measured), _images(measured), _grids(measured)]
    return [sentence for sentence in sentences if sentence]


def way_out(run_ids: Sequence[str]) -> str:
    """Return how to measure runs by the same attack: the command with the present default
    attack.
    """
    default = EvaluationSpec()
    command = f"python -m rft_core evaluate ID --attack {default.attack} --steps {default.steps}"
    return f"Evaluate each by the same attack: {command}, with {_listed(run_ids)} for ID"


def _attacks(measured: Sequence[tuple[RunRecord, str]]) -> str:
    found = [measured_method(record) for record, _ in measured]
    if is_one_method(found):
        return ""
    listing = _list_by(tell_apart(found), [name for _, name in measured], "by")
    return (
        f"These runs were measured by different attacks, steps or losses: {listing}. Their robust"
        " accuracy and expected robustness are not compared."
        f" {way_out([record.run_id for record, _ in measured])}."
    )


def _images(measured: Sequence[tuple[RunRecord, str]]) -> str:
    digests = [str(measured_report(record)["images_digest"]) for record, _ in measured]
    if len(set(digests)) <= 1:
        return ""
    counts = [measured_report(record)["curve"][0]["n"] for record, _ in measured]
    sets = [f"{n:,} images ({digest[:8]})" for n, digest in zip(counts, digests)]
    listing = _list_by(sets, [name for _, name in measured], "on")
    return (
        "These runs were measured on different test images, so their differences mix task and"
        f" method: {listing}. Nothing is paired image by image."
    )


def _grids(measured: Sequence[tuple[RunRecord, str]]) -> str:
    if not _grids_differ([record for record, _ in measured]):
        return ""
    texts, names = [_say_grid(record) for record, _ in measured], [name for _, name in measured]
    return (
        f"These runs were measured at different epsilons: {_list_by(texts, names, 'at')}. Expected"
        " robustness depends on them and is not compared; robust accuracy is compared at the"
        " largest epsilon that two runs share."
    )


def _grids_differ(records: Sequence[RunRecord]) -> bool:
    """Whether runs with the same target were measured at different epsilons; different targets have
    their own warning.
    """
    threats = [(record.spec.threat.norm, record.spec.threat.epsilon) for record in records]
    return len({(*threat, _grid(record)) for threat, record in zip(threats, records)}) > len(
        set(threats)
    )


def _grid(record: RunRecord) -> tuple[float, ...]:
    points = (record.report or {}).get("curve")
    grid = [point["epsilon"] for point in points] if points else epsilon_grid(record.spec)
    return tuple(round(epsilon, 9) for epsilon in grid)


def _say_grid(record: RunRecord) -> str:
    grid, norm = _grid(record), record.spec.threat.norm
    if len(grid) <= MOST_EPSILONS:
        return ", ".join(format_epsilon(epsilon, norm) for epsilon in grid)
    return (
        f"{len(grid)} from 0 to {format_epsilon(grid[-1], norm)} ({format_epsilon(grid[1], norm)}"
        " first)"
    )


def _list_by(texts: Sequence[str], names: Sequence[str], word: str) -> str:
    """Return "a, b by PGD-10; c by AutoAttack" from one text and one name per run."""
    groups: dict[str, list[str]] = {}
    for text, name in zip(texts, names):
        groups.setdefault(text, []).append(name)
    return "; ".join(f"{_listed(members)} {word} {text}" for text, members in groups.items())


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
