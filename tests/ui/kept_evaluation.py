"""A finished evaluation of a stored run, to show on a page."""

import json

import numpy as np

from rft_core.files.run_files import EVALUATION, IMAGES, PICTURES
from rft_core.jobs.evaluations import new_evaluation
from rft_core.report.evaluation.sentences import MEANINGS
from tests.ui.dashboard import POINTS

REQUEST = {
    "attack": "apgd",
    "steps": 20,
    "epsilons": None,
    "images": 4,
    "honesty": True,
    "is_picture": False,
    "estimate": 30.0,
}
NASTY = ("<script>alert(1)</script>", ":red[rose] **bold** [x](javascript:alert(1))")


def honest(level: str) -> dict:
    findings = [
        {"name": name, "level": "green", "reason": "so it is", "values": {}} for name in MEANINGS
    ]
    findings[2] = findings[2] | {"level": level, "reason": "more steps are weaker"}
    return {"level": level, "n": 4, "epsilon": 4 / 255, "norm": "linf", "findings": findings}


def kept(store, run_id: str, honesty: dict | None = None, **changes) -> str:
    """A finished evaluation of four images in two classes with names that are markup."""
    one = new_evaluation(
        store, run_id, REQUEST | {name: changes[name] for name in changes.keys() & REQUEST.keys()}
    )
    rows = [
        {"class": name, "n": 2, "clean_accuracy": 1.0, "robust_accuracy": 0.5 * place}
        for place, name in enumerate(NASTY)
    ]
    answer = {
        "attack": "apgd",
        "steps": 20,
        "norm": "linf",
        "images": 4,
        "class_names": NASTY,
        "curve": POINTS,
        "expected_robustness": 0.6,
    }
    answer |= {
        "per_class": rows,
        "honesty": honesty,
        "seconds": 20.0,
        "attack_seconds": 10.0,
        "gradient_evaluations": 100,
    } | changes
    epsilons = np.array([0, 2 / 255, 4 / 255])
    verdicts = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 0], [0, 0, 0]], bool)
    labels = np.array([0, 0, 1, 1])
    np.savez(
        one.folder / IMAGES,
        epsilons=epsilons,
        verdicts=verdicts,
        labels=labels,
        clean_prediction=labels,
        attacked_prediction=1 - labels,
    )
    np.savez(
        one.folder / PICTURES,
        clean=np.zeros((2, 8, 8, 3), np.uint8),
        delta=np.zeros((2, 3, 8, 8, 3), np.float16),
        epsilons=epsilons,
        classes=np.tile([0, 1], (2, 3, 1)),
        confidences=np.tile([0.75, 0.25], (2, 3, 1)),
        labels=np.array([0, 1]),
        kinds=np.array(["first", "longest"]),
        falls_at=np.array([2 / 255, np.inf]),
    )
    (one.folder / EVALUATION).write_text(json.dumps(answer))
    return one.evaluation_id
