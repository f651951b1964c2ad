"""The dashboard under AppTest: opening a page, reading it, and a stored run to show on it."""

import html
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from rft_core.spec.presets import preset
from rft_core.spec.run_spec import with_settings
from rft_core.store.events import Event, append_events
from rft_core.store.run_store import RunStore

APP = str(Path(__file__).parent.parent.parent / "app.py")
POINTS = [
    {
        "epsilon": k / 255,
        "epsilon_255": float(k),
        "accuracy": 0.8 - 0.1 * k,
        "n": 100,
        "low": 0.1,
        "high": 0.9,
    }
    for k in (0, 2, 4)
]
TRAIN = "pages/train.py"


def open_app(page: str = "", **query: str | list[str]) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page(page).run() if page else app


def stored_run(store: RunStore, name: str, finished: bool = True, **settings) -> str:
    """A run with one measurement, examples and, when finished, a report."""
    run_id = store.submit(
        with_settings(preset("scheduled"), {"name": name, "evaluation.attack": "pgd", **settings})
    )
    store.claim(("cpu",), run_id)
    folder = store.folder(run_id) / "examples"
    folder.mkdir()
    picture = np.zeros((2, 8, 8, 3), np.uint8)
    ones = np.ones(2, np.float32)
    np.savez(
        folder / "0000000.npz",
        clean=picture,
        adversarial=picture,
        delta=picture.astype(np.float16),
        labels=np.zeros(2, int),
        clean_prediction=np.zeros(2, int),
        clean_confidence=ones,
        prediction=np.ones(2, int),
        confidence=ones,
    )
    rows = [
        Event(
            1,
            0,
            0.0,
            1.0,
            "eval",
            {"curve": POINTS, "expected_robustness": 0.6, "gradient_evaluations": 10},
        ),
        Event(
            2,
            0,
            0.0,
            1.0,
            "examples",
            {"file": "examples/0000000.npz", "class_names": ["rose", "tulip"]},
        ),
        Event(
            3,
            0,
            0.0,
            1.0,
            "train",
            {"loss": 1.0, "epsilon": 0.01, "learning_rate": 0.001, "images_per_second": 5.0},
        ),
        Event(
            4,
            9,
            1.0,
            2.0,
            "eval",
            {"curve": POINTS, "expected_robustness": 0.6, "gradient_evaluations": 20},
        ),
        Event(
            5, 9, 1.0, 2.0, "onset", {"step": 9, "epoch": 1.0, "accuracy": 0.8, "threshold": 0.07}
        ),
    ]
    append_events(store.engine, run_id, rows)
    store.beat(run_id, 9, 20)
    if finished:
        onset = {"step": 9, "epoch": 1.0, "accuracy": 0.8, "threshold": 0.07}
        report = {
            "status": "finished",
            "clean_accuracy": 0.8,
            "robust_accuracy": 0.4,
            "expected_robustness": 0.6,
            "onset": onset,
            "curve": POINTS,
        }
        report |= {"seconds": 12.0, "images_digest": "abc", "gradient_evaluations": 20}
        store.finish(run_id, "finished", report=report)
    return run_id


def texts(app: AppTest) -> str:
    return "\n".join(
        str(one.value)
        for kind in ("markdown", "caption", "info", "error", "warning")
        for one in getattr(app, kind)
    )


def read_aloud(app: AppTest) -> str:
    """What a person reads: the page's texts with entities as their characters."""
    return html.unescape(texts(app))
