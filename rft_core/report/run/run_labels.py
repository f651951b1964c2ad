"""The labels of runs in one view: their names, made distinct where names are equal. The same in
terminal, page and exports.
"""

from collections.abc import Sequence

from rft_core.store.records import RunRecord


def run_labels(records: Sequence[RunRecord]) -> list[str]:
    """Return one distinct label per run: its name; if names are equal, with the seed if seeds
    differ, else with a short id.
    """
    return distinct(
        [record.name for record in records], [_tail(record, records) for record in records]
    )


def short_id(run_id: str) -> str:
    """Return the end of a run's id, which distinguishes runs of the same second."""
    return run_id.rpartition("-")[2]


def _tail(record: RunRecord, records: Sequence[RunRecord]) -> str:
    seeds = [other.spec.seed for other in records if other.name == record.name]
    return f"seed {record.spec.seed}" if len(set(seeds)) == len(seeds) else short_id(record.run_id)


def distinct(labels: Sequence[str], tails: Sequence[str] | None = None) -> list[str]:
    """Return `labels` with repeated labels made distinct, by `tails` if that suffices, else by
    number.
    """
    tails = tails or ["" for _ in labels]
    tailed = [
        f"{label} · {tail}" if tail and labels.count(label) > 1 else label
        for label, tail in zip(labels, tails)
    ]
    return [
        label if tailed.count(label) == 1 else f"{label} ({tailed[: index + 1].count(label)})"
        for index, label in enumerate(tailed)
    ]
