"""Every run against a baseline: image by image if both were measured on the same test images, else
unpaired, with the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rft_core.files.run_files import VERDICTS
from rft_core.metrics.curve import expected_verdicts, grid_index
from rft_core.metrics.measured_by import is_one_method, tell_apart
from rft_core.metrics.significance import describe_difference, paired_difference
from rft_core.metrics.transfer import transfer_gap_interval
from rft_core.report.run.measured_run import measured_method, measured_report
from rft_core.store.records import RunRecord
from rft_core.units import format_epsilon

# enough to keep the ends of an interval stable within 1/20 of its half-width; a page may wait for
# 57 such intervals
RESAMPLES = 4000
PAIRED_METRICS = ("clean", "robust", "expected")


@dataclass(frozen=True)
class Pair:
    """A run minus the baseline in one metric (clean, robust or expected), fractions
    with the 95 % interval.

    `where` says at which epsilon, `measured_by` by which attack both were measured ("" for clean
    accuracy). Without `is_paired` the images differ: `reason` says how, and `difference` is None
    where a number would mean nothing. `is_alike` says that target and grid are the same, so that
    "robust" is at the target.
    """

    run_id: str
    name: str
    baseline_id: str
    baseline_name: str
    metric: str
    where: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    p_value: float | None = None
    is_significant: bool = False
    is_paired: bool = False
    is_alike: bool = False
    reason: str = ""
    measured_by: str = ""

    @property
    def interval(self) -> tuple[float, float, float] | None:
        """The (difference, low, high), or None where a number would mean nothing."""
        if self.difference is None or self.low is None or self.high is None:
            return None
        return self.difference, self.low, self.high

    def sentence(self) -> str:
        """Return the pair as one plain sentence."""
        if self.interval is None:
            return (
                f"{self.name} and {self.baseline_name} are not compared {self.where}:"
                f" {self.reason}."
            )
        text = describe_difference(*self.interval, self._where_and_how())
        doubts = [] if self.is_paired else [f"unpaired: {self.reason}"]
        doubts += [] if self.is_significant else ["could be luck"]
        return f"{self.name} against {self.baseline_name}: {text}" + (
            f" ({'; '.join(doubts)})." if doubts else "."
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what `compare --json` prints of a pair: baseline (first) minus run (second).

        Raises ValueError for a pair without a difference.
        """
        if self.interval is None:
            raise ValueError(f"{self.name} and {self.baseline_name} have no difference")
        names = {
            "first": self.baseline_id,
            "second": self.run_id,
            "first_name": self.baseline_name,
            "second_name": self.name,
            "metric": self.metric,
        }
        # 0.0 - x, so that an equal pair gives 0.0 and not -0.0
        difference, low, high = (0.0 - self.interval[index] for index in (0, 2, 1))
        found: dict[str, Any] = {
            "difference": difference,
            "low": low,
            "high": high,
            "n": self.n,
            "p_value": self.p_value,
            "is_significant": self.is_significant,
        }
        found |= {"measured_by": self.measured_by}
        return (
            names
            | found
            | {"sentence": describe_difference(difference, low, high, self._where_and_how())}
        )

    def _where_and_how(self) -> str:
        return (
            f"{self.where} ({self.measured_by}, n {self.n:,})" if self.measured_by else self.where
        )


def pair_runs(
    records: Sequence[RunRecord], runs_folder: Path, baseline: str | None = None
) -> list[Pair]:
    """Return three pairs for each run except the baseline (a run id, by default the first): clean,
    robust, expected.

    Robust accuracy is compared at the largest epsilon that both were measured at. Runs without a
    report are left out.
    """
    first = next(
        (record for record in records if record.run_id == baseline), records[0] if records else None
    )
    if first is None or first.report is None:
        return []
    verdicts = _verdicts(first, runs_folder)
    others = [record for record in records if record is not first and record.report is not None]
    return [
        _pair(first, verdicts, run, mine, metric)
        for run in others
        for mine in [_verdicts(run, runs_folder)]
        for metric in PAIRED_METRICS
    ]


def _verdicts(record: RunRecord, runs_folder: Path) -> np.ndarray | None:
    """Return the verdicts (N, E) bool of a measured run, or None if its file is gone."""
    path = runs_folder / record.run_id / VERDICTS
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as saved:
        return saved["verdicts"]


def read_verdicts(record: RunRecord, runs_folder: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the verdicts of a run on clean images and at its last epsilon, both bool (N,); None if
    they are gone.
    """
    verdicts = _verdicts(record, runs_folder) if record.report else None
    return None if verdicts is None else (verdicts[:, 0], np.asarray(verdicts.all(axis=1)))


def _pair(
    first: RunRecord,
    baseline_verdicts: np.ndarray | None,
    run: RunRecord,
    run_verdicts: np.ndarray | None,
    metric: str,
) -> Pair:
    epsilon, where, apart = _comparison_point(first, run, metric)
    names: dict[str, Any] = {
        "run_id": run.run_id,
        "name": run.name,
        "baseline_id": first.run_id,
        "baseline_name": first.name,
        "metric": metric,
        "where": where,
    }
    if apart or (apart := _methods_apart(first, run, metric)):
        return Pair(**names, reason=apart)
    names["measured_by"] = "" if metric == "clean" else measured_method(run).short
    names["is_alike"] = _targets(first) == _targets(run)
    if measured_report(first)["images_digest"] != measured_report(run)["images_digest"]:
        return _unpaired(names, first, run, epsilon, "measured on other test images")
    if baseline_verdicts is None or run_verdicts is None:
        return _unpaired(names, first, run, epsilon, "the results of single images are missing")
    return _paired(
        names, _scores(run, run_verdicts, epsilon), _scores(first, baseline_verdicts, epsilon)
    )


def _comparison_point(
    first: RunRecord, run: RunRecord, metric: str
) -> tuple[float | None, str, str]:
    """Return the epsilon at which two runs are compared (None: over all), its text, and why they
    cannot be compared.
    """
    if first.spec.data.dataset != run.spec.data.dataset:
        return (
            None,
            {
                "clean": "at epsilon 0",
                "robust": "under attack",
                "expected": "in expected robustness",
            }[metric],
            "they learned different datasets",
        )
    if metric == "clean":
        return 0.0, "at epsilon 0", ""
    norms = (first.spec.threat.norm, run.spec.threat.norm)
    apart = "their attacks are bounded in different norms" if norms[0] != norms[1] else ""
    if metric == "expected":
        return (
            None,
            "in expected robustness",
            apart
            or ("" if _targets(first) == _targets(run) else "they average over different epsilons"),
        )
    shared = sorted(
        {round(epsilon, 9) for epsilon in _epsilons(first)}
        & {round(epsilon, 9) for epsilon in _epsilons(run)} - {0.0}
    )
    if apart or not shared:
        return None, "under attack", apart or "no epsilon above 0 was measured for both"
    epsilon = next(epsilon for epsilon in _epsilons(first) if round(epsilon, 9) == shared[-1])
    return epsilon, f"at {format_epsilon(epsilon, norms[0])}", ""


def _methods_apart(first: RunRecord, run: RunRecord, metric: str) -> str:
    """Return why two robust accuracies may not be subtracted (different attacks), or ""."""
    found = (measured_method(first), measured_method(run))
    if metric == "clean" or is_one_method(found):
        return ""
    return "measured by different attacks, {} and {}".format(*tell_apart(found))


def _epsilons(record: RunRecord) -> list[float]:
    return [point["epsilon"] for point in measured_report(record)["curve"]]


def _targets(record: RunRecord) -> tuple:
    return record.spec.threat.norm, tuple(round(epsilon, 9) for epsilon in _epsilons(record))


def _scores(record: RunRecord, verdicts: np.ndarray, epsilon: float | None) -> np.ndarray:
    """Return one score per image (N,): its verdict at `epsilon`, or its expected robustness for
    None.
    """
    epsilons = _epsilons(record)
    if epsilon is None:
        return expected_verdicts(epsilons, verdicts)
    return np.asarray(verdicts[:, : grid_index(epsilons, epsilon) + 1].all(axis=1))


def _paired(names: dict[str, Any], run: np.ndarray, baseline: np.ndarray) -> Pair:
    found = paired_difference(
        run, baseline, generator=np.random.default_rng(0), resamples=RESAMPLES
    )
    return Pair(
        **names,
        **_numbers(found.difference, found.low, found.high),
        n=found.n,
        p_value=found.p_value,
        is_significant=found.is_significant,
        is_paired=True,
    )


def _unpaired(
    names: dict[str, Any], first: RunRecord, run: RunRecord, epsilon: float | None, reason: str
) -> Pair:
    """Return the difference of two independent accuracies with Newcombe's interval; no difference
    for expected robustness, which has no such formula.
    """
    if epsilon is None:
        return Pair(**names, reason=reason)
    (base, base_n), (mine, mine_n) = (_count(record, epsilon) for record in (first, run))
    low, high = transfer_gap_interval(base, base_n, mine, mine_n)
    return Pair(
        **names,
        **_numbers(mine / mine_n - base / base_n, low, high),
        n=min(base_n, mine_n),
        is_significant=bool(low > 0 or high < 0),
        reason=reason,
    )


def _numbers(difference: float, low: float, high: float) -> dict[str, Any]:
    return {"difference": float(difference), "low": float(low), "high": float(high)}


def _count(record: RunRecord, epsilon: float) -> tuple[int, int]:
    point = measured_report(record)["curve"][grid_index(_epsilons(record), epsilon)]
    return round(point["accuracy"] * point["n"]), point["n"]
