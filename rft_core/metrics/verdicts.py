"""Where each image falls, and what it is then taken for: from per-image
verdicts and predictions.
"""

from typing import Any

import numpy as np


def smallest_falling(epsilons: np.ndarray, verdicts: np.ndarray) -> np.ndarray:
    """Return for each image the smallest of `epsilons` (E,) at which it falls, (N,); infinite where
    it holds at all of them.

    `verdicts` is bool (N, E), True where the image is classified rightly. An image that fell stays
    fallen in a larger ball.
    """
    survived = np.logical_and.accumulate(verdicts, axis=1).sum(axis=1)
    return np.append(np.asarray(epsilons, dtype=float), np.inf)[survived]


def confusion(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Return how many images of each class (rows) were taken for each class
    (columns), int (K, K).
    """
    return np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(
        classes, classes
    )


def per_class(
    verdicts: np.ndarray, labels: np.ndarray, names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return a row for each class that has images: class, n, clean_accuracy, and robust_accuracy
    at the last epsilon.
    """
    rows = []
    for index, name in enumerate(names):
        own = verdicts[labels == index]
        if len(own):
            rows.append(
                {
                    "class": name,
                    "n": len(own),
                    "clean_accuracy": float(own[:, 0].mean()),
                    "robust_accuracy": float(own[:, -1].mean()),
                }
            )
    return rows
