"""The sentence under each figure of a comparison, generated from its data."""

from collections.abc import Sequence
from types import MappingProxyType

from rft_core.metrics.measured_by import is_one_method
from rft_core.report.comparison.bands import BANDS
from rft_core.report.comparison.lines import PANELS, Line
from rft_core.report.comparison.view import Content
from rft_core.report.run.measurement_words import chips, in_brackets
from rft_core.units import format_percent

METRIC_NAMES = MappingProxyType(
    {"clean": "Clean", "robust": "Robust", "expected": "Expected robustness"}
)


def describe_tracking(content: Content) -> str:
    """Say which line leads at the end of each panel, what the bands are and what is left out."""
    sentences = [f"{_tracking(content.lines)}, while training."]
    sentences += [_ends(content.lines, name) for name in content.view.panels]
    sentences += [describe_band(content)] if content.is_grouped else []
    if "clean" in content.view.panels and any(
        history.onset for line in content.lines for history in line.histories
    ):
        sentences.append("A dotted vertical line marks where a run adapts to its task.")
    return " ".join(sentence for sentence in sentences if sentence)


def _tracking(lines: Sequence[Line]) -> str:
    """Say on which images and by which attack lines were measured during training."""
    found = [method for line in lines for method in line.tracked_by]
    if len({method.chip for method in found}) <= 1:
        return in_brackets("On validation images", found)
    each = "; ".join(
        f"{line.label} by {chips(line.tracked_by)}" for line in lines if line.tracked_by
    )
    return f"On validation images, by attacks that differ ({each})"


def _ends(lines: Sequence[Line], name: str) -> str:
    bands = [(line.label, line.tracked(name, "step")) for line in lines]
    ends = sorted(
        ((float(band.mean[-1]) / 100, label) for label, band in bands if len(band.x)), reverse=True
    )
    if len(ends) < 2:
        return ""
    if name != "clean" and not is_one_method(
        method for line in lines for method in line.tracked_by
    ):
        return ""
    (best, leader), (worst, last) = ends[0], ends[-1]
    return (
        f"{PANELS[name]}: {leader} ends at {format_percent(best)}, {last} at"
        f" {format_percent(worst)}."
    )


def describe_band(content: Content) -> str:
    """Say what the lines and bands of groups are, over how many runs, and what is left out."""
    counts = [f"{line.label} (n = {len(line.histories)})" for line in content.lines]
    sentences = [
        f"Lines and bands: {BANDS[content.view.band]}, over the runs of {', '.join(counts)}; a"
        " single run has no band."
    ]
    if content.left_out:
        sentences.append(
            f"Left out of the means because they have no report: {', '.join(content.left_out)}."
        )
    mixed = [f"{group.label} ({', '.join(group.mixed)})" for group in content.groups if group.mixed]
    if mixed:
        sentences.append(f"Runs in a group also differ in other settings: {'; '.join(mixed)}.")
    return " ".join(sentences)


def describe_curves(content: Content) -> str:
    """Say which line has the largest expected robustness, and what the whiskers are."""
    means = sorted(
        (
            (sum(curve.expected_robustness for curve in line.curves) / len(line.curves), line.label)
            for line in content.lines
            if line.curves
        ),
        reverse=True,
    )
    if not means:
        return "No run here was measured on its test images yet."
    interval = "95 % intervals (Wilson)"
    if content.is_grouped:
        interval = f"as the bands, {BANDS[content.view.band]}"
    spread = f"Whiskers: {interval}."
    found = [method for line in content.lines for method in line.measured_by]
    area = "The area under a curve is its expected robustness"
    if not is_one_method(found):
        by = {line.label: line.measured_by for line in content.lines}
        each = "; ".join(
            f"{label} {in_brackets(format_percent(mean), by[label])}" for mean, label in means
        )
        return (
            f"{area}: {each}. They were measured by different attacks and are not ranked. {spread}"
        )
    area = in_brackets(area, found)
    if len(means) == 1:
        return f"{area}: {means[0][1]} {format_percent(means[0][0])}. {spread}"
    (best, leader), (worst, last) = means[0], means[-1]
    return (
        f"{area}: largest for {leader} with {format_percent(best)}, smallest for {last} with"
        f" {format_percent(worst)}. {spread}"
    )


def describe_pareto(content: Content, rows: Sequence[dict]) -> str:
    """Say what the marks are and which line covers the largest area during training."""
    tracked = [method for line in content.lines for method in line.tracked_by]
    final = [method for line in content.lines for method in line.measured_by]
    marks = (
        "Small marks and stairs: models while training and their frontier,"
        f" {in_brackets('validation images', tracked)}. Diamonds: final models,"
        f" {in_brackets('test images', final)}, 95 % intervals."
    )
    areas = sorted(
        ((row["tracked_area"], row["label"]) for row in rows if row["tracked_area"] is not None),
        reverse=True,
    )
    if not areas or not is_one_method(tracked):
        return marks
    return (
        f"{marks} The largest area below a frontier, {format_percent(areas[0][0])} of the square,"
        f" is that of {areas[0][1]}."
    )


def describe_pairs(content: Content) -> list[str]:
    """Return one sentence per pair, each run against the baseline; a single sentence for a run that
    no metric compares, for one reason.
    """
    sentences = []
    for run_id in dict.fromkeys(pair.run_id for pair in content.pairs):
        pairs = [pair for pair in content.pairs if pair.run_id == run_id]
        reasons = {pair.reason for pair in pairs}
        if len(reasons) == 1 and all(pair.difference is None for pair in pairs):
            sentences.append(
                f"{pairs[0].name} and {pairs[0].baseline_name} are not compared: {pairs[0].reason}."
            )
        else:
            sentences += [pair.sentence() for pair in pairs]
    return sentences
