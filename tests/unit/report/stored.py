"""Stored runs with everything a comparison reads: events, a report, verdicts on single images."""

import numpy as np

from rft_core.files.run_files import VERDICTS
from rft_core.metrics.curve import RobustnessCurve
from rft_core.report.comparison.pairs import pair_runs
from rft_core.report.comparison.view import Content, View, assemble, with_pairs
from rft_core.report.run.history import build_history
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import epsilon_grid, with_settings
from rft_core.store.events import Event, append_events, read_events
from rft_core.store.run_store import RunRecord, RunStore

IMAGES = 200


def stored(
    store: RunStore,
    name: str = "one",
    *,
    shares=(0.9, 0.5),
    steps=(0, 10, 40),
    status: str = "finished",
    digest: str = "same",
    **settings,
) -> RunRecord:
    """A run whose accuracy falls evenly from shares[0] (clean) to shares[1] (target); without a
    report unless it finished.
    """
    spec = with_settings(
        preset("digits_quick"),
        {"name": name, "evaluation.attack": "pgd"}
        | {key.replace("__", "."): value for key, value in settings.items()},
    )
    run_id = store.submit(spec)
    grid = epsilon_grid(spec)
    # which images are hard is drawn once, as for models that are much alike
    ranks = np.random.default_rng(3).permutation(IMAGES) / IMAGES
    levels = np.linspace(shares[0], shares[1], len(grid))
    verdicts = np.stack([ranks < share for share in levels], axis=1)
    curve = RobustnessCurve.from_verdicts(grid, verdicts)
    append_events(
        store.engine,
        run_id,
        [_evaluation(place, step, steps[-1], curve) for place, step in enumerate(steps)],
    )
    np.savez(store.folder(run_id) / VERDICTS, epsilons=np.array(grid), verdicts=verdicts)
    report = {
        "run_id": run_id,
        "status": status,
        "seconds": 12.5,
        "images_per_second": 100.0,
        "clean_accuracy": curve.clean_accuracy,
        "robust_accuracy": curve.accuracies[-1],
        "expected_robustness": curve.expected_robustness,
        "onset": {"step": 10, "epoch": 1.0},
        "curve": curve.points(),
        "trainable_parameters": 10,
        "total_parameters": 20,
        "images_digest": digest,
        "gradient_evaluations": 4000,
        "hypervolume": 0.2,
        "transfer_failure": False,
        "machine": {"device": "cpu", "device_name": "CPU", "torch": "2.0"},
    }
    store.claim(("cpu",), run_id)
    if status != "running":
        store.finish(
            run_id,
            status,
            "" if status == "finished" else "the loss is not a finite number",
            report=report if status == "finished" else None,
        )
    return store.get(run_id)


def _evaluation(place: int, step: int, last: int, curve: RobustnessCurve) -> Event:
    share = step / last
    scaled = RobustnessCurve(
        curve.epsilons, tuple(round(count * share) for count in curve.correct), curve.n
    )
    payload = {
        "curve": scaled.points(),
        "expected_robustness": scaled.expected_robustness,
        "gradient_evaluations": 100 * step,
    }
    return Event(place + 1, step, step / 10, 1000.0 + 2 * step, "eval", payload)


def content(store: RunStore, records: list[RunRecord], view: View | None = None) -> Content:
    """The comparison of stored runs, with its pairs."""
    view = view or View()
    histories = [build_history(read_events(store.engine, record.run_id)) for record in records]
    return with_pairs(
        assemble(records, histories, view), pair_runs(records, store.home.runs, view.baseline)
    )
