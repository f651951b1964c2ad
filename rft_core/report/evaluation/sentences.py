"""The sentence under each figure of an evaluation, generated from its data, and the meaning of the
honesty checks.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from rft_core.metrics.curve import RobustnessCurve
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.metrics.verdicts import smallest_falling
from rft_core.spec.measured_by import evaluation_measured_by
from rft_core.units import format_count, format_epsilon, format_percent

# what green means, for each check of the engine
MEANINGS = MappingProxyType(
    {
        "accuracy falls with epsilon": "Green: a larger ball never helps the model.",
        "accuracy reaches 0 at a huge epsilon": (
            "Green: at most 2 % of the clean accuracy is left where every model must break."
        ),
        "more steps do not help the model": (
            "Green: four times the steps find hardly any more, so the attack has converged."
        ),
        "no attack without gradients is stronger": (
            "Green: random search finds no more than the gradient does, so the gradient is not"
            " masked."
        ),
        "no other loss is stronger": (
            "Green: attacks on other losses find at most a point more, at every epsilon."
        ),
        "robustness is not to one step alone": (
            "Green: robust to many steps too, so training did not overfit to a one-step attack."
        ),
        "gradients do not vanish": (
            "Green: at most 1 % of the images have no gradient that an attack could follow."
        ),
        "two passes agree": "Green: two passes give the same answer, so one attack is enough.",
    }
)
VERDICTS = MappingProxyType(
    {
        "green": "All checks are green: none gives a reason to doubt the robust accuracy.",
        "amber": (
            "Some checks are amber: read their reasons before you rely on the robust accuracy."
        ),
        "red": (
            "A check is red: the robust accuracy of this model cannot be trusted as it stands."
        ),
    }
)


def describe_verdict(
    honesty: Mapping[str, Any], points: Sequence[Mapping[str, Any]], at: str
) -> tuple[str, str]:
    """Return (level, sentence): what the worst finding means for the robust accuracy at the checks'
    epsilon, written as `at`.

    If no image of `points`, the evaluation's curve, holds there, green findings prove nothing:
    level "none".
    """
    held = [
        point["accuracy"] for point in points if abs(point["epsilon"] - honesty["epsilon"]) < 1e-9
    ]
    if honesty["level"] == "green" and held and not held[0]:
        return (
            "none",
            (
                f"There is no robustness to check at {at}: no image holds there, so green checks"
                " confirm nothing."
            ),
        )
    return honesty["level"], VERDICTS[honesty["level"]]


def describe_attacks(own: RobustnessCurve, own_by: MeasuredBy, answer: Mapping[str, Any]) -> str:
    """Return what an evaluation found, next to the run's own report (measured by `own_by`) at the
    same epsilons.

    Accuracies of different attacks or different images are never subtracted. Expected robustness
    depends on the grid (a coarse grid flatters a falling curve), so it is only given if the grids
    are equal.
    """
    norm, points, found_by = answer["norm"], answer["curve"], evaluation_measured_by(answer)
    last, is_alike = points[-1], (own_by.method, own_by.n) == (found_by.method, found_by.n)
    text = (
        f"Under {found_by.full_method}, {format_percent(last['accuracy'])} of {last['n']:,} images"
        f" hold at {format_epsilon(last['epsilon'], norm)} (95 % interval"
        f" {format_percent(last['low'])} to {format_percent(last['high'])})"
    )
    if is_same_grid(own.epsilons, [point["epsilon"] for point in points]):
        gap = (
            f": {100 * (last['accuracy'] - own.accuracies[-1]):+.1f} points at"
            f" {format_epsilon(last['epsilon'], norm)}"
            if is_alike
            else ""
        )
        return (
            f"{text}; expected robustness {format_percent(answer['expected_robustness'])}. The"
            f" run's own report ({own_by.chip}) says {format_percent(own.accuracies[-1])} and"
            f" {format_percent(own.expected_robustness)}{gap}."
        )
    return f"{text}. {_at_shared_epsilons(own, own_by, points, norm, is_alike)}"


def is_same_grid(first: Sequence[float], second: Sequence[float]) -> bool:
    """Return whether two grids hold the same epsilons, up to rounding."""
    return len(first) == len(second) and bool(np.allclose(first, second, rtol=0, atol=1e-9))


def _at_shared_epsilons(
    own: RobustnessCurve,
    own_by: MeasuredBy,
    points: Sequence[Mapping[str, Any]],
    norm: str,
    is_alike: bool,
) -> str:
    shared = [
        (point, index)
        for point in points
        for index in np.flatnonzero(np.isclose(own.epsilons, point["epsilon"], rtol=0, atol=1e-9))
        if point["epsilon"]
    ]
    apart = "expected robustness is not compared, as it depends on the grid"
    if not shared:
        return (
            f"The run's own report ({own_by.chip}) measured other epsilons: no epsilon above 0 is"
            f" shared, and {apart}."
        )
    gaps = [
        f" ({100 * (point['accuracy'] - own.accuracies[index]):+.1f} points)" if is_alike else ""
        for point, index in shared
    ]
    values = ", ".join(
        f"{format_percent(own.accuracies[index])} at {format_epsilon(point['epsilon'], norm)}{gap}"
        for (point, index), gap in zip(shared, gaps)
    )
    return (
        f"The run's own report ({own_by.chip}), on another grid, says {values}. Only shared"
        " epsilons"
        f" are compared; {apart}."
    )


def describe_classes(rows: Sequence[Mapping[str, Any]], target: str) -> str:
    """Return which class is the weakest and which loses most at `target`, "8/255 (PGD-10, n
    200)".
    """
    weakest = min(rows, key=lambda row: row["robust_accuracy"])
    loss = max(rows, key=lambda row: row["clean_accuracy"] - row["robust_accuracy"])
    return (
        f"At {target} the weakest class is {weakest['class']}"
        f" ({format_percent(weakest['robust_accuracy'])}); {loss['class']} loses most, from"
        f" {format_percent(loss['clean_accuracy'])} to {format_percent(loss['robust_accuracy'])}."
    )


def describe_confusion(counts: np.ndarray, names: Sequence[str], where: str) -> str:
    """Return how many images are taken for another class, and the most frequent confusion."""
    wrong = counts * (1 - np.eye(len(counts), dtype=int))
    if not wrong.any():
        return f"{where}, no image is taken for another class."
    row, column = map(int, np.unravel_index(int(wrong.argmax()), wrong.shape))
    most = (
        f"most often {names[row]} for {names[column]},"
        f" {'once' if wrong[row, column] == 1 else f'{wrong[row, column]} times'}"
    )
    return f"{where}, {wrong.sum()} of {counts.sum()} images are taken for another class; {most}."


def describe_falling(epsilons: np.ndarray, verdicts: np.ndarray, norm: str) -> str:
    """Return how many images fall, and at which epsilon."""
    at = smallest_falling(epsilons, verdicts)
    wrong, held, fallen = (
        int((at == 0).sum()),
        int(np.isinf(at).sum()),
        at[np.isfinite(at) & (at > 0)],
    )
    half = (
        "half of them by"
        f" {format_epsilon(float(np.quantile(fallen, 0.5, method='inverted_cdf')), norm)}"
        if len(fallen)
        else ""
    )
    text = (
        f"Of {len(at)} images {wrong} are wrong without an attack, {len(fallen)} fall on the"
        f" grid{', ' + half if half else ''}"
    )
    return f"{text}, and {held} hold up to {format_epsilon(float(epsilons[-1]), norm)}."


def describe_parts(parts: Sequence[Mapping[str, Any]]) -> str:
    """Return how much of the network is trained."""
    trained, total = (sum(part[name] for part in parts) for name in ("trainable", "total"))
    touched = sum(part["trainable"] > 0 for part in parts)
    return (
        f"{format_count(trained)} of {format_count(total)} weights are trained"
        f" ({format_percent(trained / max(total, 1))}), in {touched} of {len(parts)} parts."
    )


def describe_picture(answer: Mapping[str, Any]) -> str:
    """Return what the attack did to the user's own picture."""
    text = (
        f"The model takes it for {answer['prediction']} ({format_percent(answer['confidence'])})."
        f" Attacked by {evaluation_measured_by(answer).full_method}."
    )
    if answer["falls_at"] is None:
        return (
            f"{text} No attack up to {format_epsilon(answer['epsilons'][-1], answer['norm'])}"
            " changed its mind."
        )
    return (
        f"{text} From {format_epsilon(answer['falls_at'], answer['norm'])} on it is fooled, and"
        f" takes it for {answer['taken_for']}."
    )
