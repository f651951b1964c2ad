"""Measure a stored run again and keep what comes out with the run."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console

from rft_core.errors import StoreError
from rft_core.store.artifacts import list_artifacts, register_artifact
from rft_core.store.records import RunRecord
from rft_core.store.run_store import RunStore
from rft_core.units import format_duration

KIND = "review"
# APGD-CE 100, APGD-T and FAB-T 9 x 100 each (FAB takes three), Square 5,000 predictions: for one image that stands
AUTOATTACK_COST = 6_000


def review_run(
    store: RunStore,
    run_id: str,
    review: Callable[..., dict[str, Any]],
    *,
    attack: str,
    steps: int,
    epsilons: Sequence[float] | None,
    images: int | None,
    honesty: bool,
    console: Console,
) -> dict[str, Any]:
    """Return what `review` (the engine's, handed in) finds on a run, written as an artifact of the run."""
    record = store.get(run_id)
    if record.report is None:
        raise StoreError(f"run {record.run_id} is {record.status} and has no report; only a run that was measured can be evaluated again")
    if attack == "autoattack":
        console.print(f"AutoAttack takes about {format_duration(_autoattack_seconds(record, images))} or longer here", highlight=False)
    started, folder = time.monotonic(), store.folder(record.run_id)
    digest = record.report["images_digest"]
    document = review(record.spec, folder, attack=attack, steps=steps, epsilons=epsilons, images=images, honesty=honesty, digest=digest)
    document = {"run_id": record.run_id, **document, "seconds": round(time.monotonic() - started, 3)}
    path = folder / "reviews" / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{attack}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")
    register_artifact(store.engine, record.run_id, folder, path, KIND)
    return document


def read_reviews(store: RunStore, run_id: str) -> list[dict[str, Any]]:
    """Return the reviews kept with a run, oldest first."""
    folder = store.folder(run_id)
    return [json.loads((folder / one.path).read_text()) for one in list_artifacts(store.engine, run_id, KIND) if (folder / one.path).is_file()]


def _autoattack_seconds(record: RunRecord, images: int | None) -> float:
    report = record.report
    standing = (images or report["curve"][0]["n"]) * report["clean_accuracy"]
    rate = report["gradient_evaluations"] / max(report["seconds"], 1e-9)
    return standing * AUTOATTACK_COST / rate
