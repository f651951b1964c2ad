"""Out-of-distribution evaluation: clean accuracy on other domains and under common corruptions.

Every run is measured on the same images: subsets are stratified with fixed seeds, and corruptions
draw from streams that only depend on kind and severity. The training stream is not touched.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rft_core.cost.tracking_plan import SHIFTED_IMAGES
from rft_core.engine.data.dataset import Split, stratified
from rft_core.engine.data.transforms.corruptions import corrupt
from rft_core.engine.job import Job
from rft_core.engine.measuring.evaluate import predict
from rft_core.engine.models.modes import eval_mode
from rft_core.engine.seeds import generator
from rft_core.metrics.shifts import CORRUPTIONS, SEVERITIES, summarise

TRACKED_SEVERITIES = (3,)
HOME_SEED, DOMAIN_SEED = 3, 2

Corrupted = tuple[str, int, Split]


def final_shifts(job: Job) -> dict[str, Any] | None:
    """Return the final accuracies on every other domain and, if requested, under each corruption
    and severity.

    Each is measured on `evaluation.shift_size` test images, in the form of
    metrics.shifts.summarise; None if there is neither.
    """
    evaluation = job.spec.evaluation
    if not (job.dataset.others or evaluation.corruptions):
        return None
    home = stratified(job.dataset.test, evaluation.shift_size, HOME_SEED)
    return _measure(
        job,
        home,
        _domains(job, evaluation.shift_size),
        corrupted(home) if evaluation.corruptions else (),
    )


class ShiftTracker:
    """Measures a few images of each other domain, and each corruption at the middle
    severity, while a run trains.

    The images are made once. In-domain and corrupted images are validation images; the other
    domains only have test images, on which nothing is chosen.
    """

    def __init__(self, job: Job):
        self.job = job
        self.home = stratified(job.tracked, SHIFTED_IMAGES, HOME_SEED)
        self.domains = _domains(job, min(SHIFTED_IMAGES, job.spec.evaluation.shift_size))
        self.corrupted = tuple(corrupted(self.home, TRACKED_SEVERITIES))

    def measure(self) -> dict[str, Any]:
        """Return the accuracies of the model as it is now, as metrics.shifts.summarise does."""
        return _measure(self.job, self.home, self.domains, self.corrupted)


def corrupted(split: Split, severities: Sequence[int] = SEVERITIES) -> Iterator[Corrupted]:
    """Yield (kind, severity, the split under it) for each of the 15 corruptions; the same
    pictures at every call.
    """
    for index, kind in enumerate(CORRUPTIONS):
        for severity in severities:
            yield (
                kind,
                severity,
                Split(
                    corrupt(
                        split.images, kind, severity, generator(0, "corruption", index, severity)
                    ),
                    split.labels,
                ),
            )


def _domains(job: Job, size: int) -> dict[str, Split]:
    return {
        name: stratified(split, size, DOMAIN_SEED) for name, split in job.dataset.others.items()
    }


def _measure(
    job: Job, home: Split, domains: Mapping[str, Split], shifted: Iterable[Corrupted]
) -> dict[str, Any]:
    with eval_mode(job.model):
        domain_rows = {name: (_correct(job, split), len(split)) for name, split in domains.items()}
        rows = [
            (kind, severity, _correct(job, split), len(split)) for kind, severity, split in shifted
        ]
        return summarise(
            (_correct(job, home), len(home)), domain_rows, rows, _digest(home, domains)
        )


def _correct(job: Job, split: Split) -> int:
    return int(
        (
            predict(job.model, split, memory_format=job.runtime.memory_format).argmax(1)
            == split.labels
        ).sum()
    )


def _digest(home: Split, domains: Mapping[str, Split]) -> str:
    """Return a short hash of all images; corrupted images are determined by those of `home`."""
    text = "/".join(
        [home.digest(), *(f"{name}:{split.digest()}" for name, split in domains.items())]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]
