"""What runs are called beside each other: by name, and told apart where names are alike. The same
in terminal, page and exports.
"""

from collections.abc import Sequence

from rft_core.store.records import RunRecord


def run_labels(records: Sequence[RunRecord]) -> list[str]:
    """Return one label a run, no two alike: its name; where names are alike with the seed if that
    differs, else with a short id.
    """
    return distinct(
        [record.name for record in records], [_tail(record, records) for record in records]
    )


def short_id(run_id: str) -> str:
    """Return the end of a run's id, which tells it from runs of the same second."""
    return run_id.rpartition("-")[2]


def _tail(record: RunRecord, records: Sequence[RunRecord]) -> str:
    seeds = [other.spec.seed for other in records if other.name == record.name]
    return f"seed {record.spec.seed}" if len(set(seeds)) == len(seeds) else short_id(record.run_id)


def distinct(labels: Sequence[str], tails: Sequence[str] | None = None) -> list[str]:
    """Return `labels` with those that occur twice told apart, by `tails` where that suffices, else
    by number.
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
