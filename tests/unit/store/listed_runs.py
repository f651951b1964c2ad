"""Stored runs for a list, with or without a report."""

from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.store.summaries import Wanted

REPORT = {
    "clean_accuracy": 0.8,
    "robust_accuracy": 0.4,
    "expected_robustness": 0.6,
    "seconds": 4.0,
    "gradient_evaluations": 100,
}


def submit(store, name: str, report: dict | None = None, **settings) -> str:
    run_id = store.submit(
        with_settings(
            RunSpec(),
            {"name": name, **{key.replace("__", "."): value for key, value in settings.items()}},
        )
    )
    if report is not None:
        store.claim(("cpu",), run_id)
        store.finish(run_id, "finished", report=REPORT | report)
    return run_id


def names(store, **wanted) -> list[str]:
    return [row.name for row in store.summaries(Wanted(**wanted)).rows]
