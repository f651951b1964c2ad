"""rft_core.metrics.verdicts, against the plain way of counting."""

import numpy as np

from rft_core.metrics.verdicts import confusion, per_class, smallest_falling

EPSILONS = np.array([0.0, 0.1, 0.2])


def test_the_smallest_falling_epsilon_equals_brute_force():
    verdicts = np.random.default_rng(0).random((200, 3)) < 0.7
    plain = [
        next((float(e) for e, right in zip(EPSILONS, row) if not right), np.inf) for row in verdicts
    ]
    assert smallest_falling(EPSILONS, verdicts).tolist() == plain


def test_confusion_counts_pairs():
    labels, predictions = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 0, 0])
    assert confusion(labels, predictions, 3).tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 1]]
    assert confusion(labels, labels, 4)[3].tolist() == [0, 0, 0, 0]


def test_per_class_leaves_out_classes_without_images():
    verdicts = np.array([[True, True], [True, False], [False, False]])
    assert per_class(verdicts, np.array([0, 0, 2]), ("a", "b", "c")) == [
        {"class": "a", "n": 2, "clean_accuracy": 1.0, "robust_accuracy": 0.5},
        {"class": "c", "n": 1, "clean_accuracy": 0.0, "robust_accuracy": 0.0},
    ]
