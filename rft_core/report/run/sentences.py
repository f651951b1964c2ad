"""The sentence under each figure of a run, generated from its data."""

from collections.abc import Collection
from typing import Any

from rft_core.metrics.shared_images import describe_shared
from rft_core.report.run.history import RunHistory, measured_at
from rft_core.report.run.measurement_words import in_brackets
from rft_core.store.records import RunRecord
from rft_core.units import format_epsilon, format_percent


def describe_run(record: RunRecord, history: RunHistory) -> str:
    """Return the results of a run so far."""
    target = format_epsilon(record.spec.threat.epsilon, record.spec.threat.norm)
    if record.report:
        report = record.report
        robust = in_brackets(
            f"{format_percent(report['robust_accuracy'])} at {target}", [record.measured_by]
        )
        return (
            f"On {report['curve'][0]['n']:,} test images:"
            f" {format_percent(report['clean_accuracy'])} clean, {robust}, expected robustness"
            f" {format_percent(report['expected_robustness'])}."
            f" {_adaptation(report['onset'])}{_shared(report)}"
        )
    if not history.measurements:
        return "Nothing measured yet."
    last = history.measurements[-1]
    robust = in_brackets(
        f"{format_percent(last.curve.accuracies[-1])} at {target}", [measured_at(record.spec, last)]
    )
    return (
        f"At step {last.step}, on {last.curve.n:,} validation images:"
        f" {format_percent(last.curve.clean_accuracy)} clean, {robust}."
        f" {_adaptation(history.onset)}"
    )


def _adaptation(onset: dict | None) -> str:
    return (
        f"It adapted to its task at step {onset['step']} (epoch {onset['epoch']:.1f})."
        if onset
        else "It has not adapted to its task."
    )


def _shared(report: dict[str, Any]) -> str:
    phrases = describe_shared(report.get("shared_images"))
    return f" Note: {' and '.join(phrases)}, pixel for pixel." if phrases else ""


def describe_shifts(shifts: dict[str, Any] | None) -> str:
    """Return how much clean accuracy is left on other domains and under corruptions; "" if neither
    was measured.
    """
    if not shifts or (shifts["domain_mean"] is None and shifts["corruption_mean"] is None):
        return ""
    home = shifts["in_domain"]
    parts = [f"{format_percent(home['accuracy'])} on {home['n']} test images of its own domain"]
    if shifts["domain_mean"] is not None:
        parts.append(
            f"{format_percent(shifts['domain_mean'])} on average on"
            f" {_count(shifts['domains'], 'other domain')}"
        )
    if shifts["corruption_mean"] is not None:
        kinds = {row["kind"] for row in shifts["corruptions"]}
        parts.append(
            f"{format_percent(shifts['corruption_mean'])} on average under"
            f" {_count(kinds, 'corruption')}"
        )
    return f"Clean accuracy is {', '.join(parts[:-1])}, and {parts[-1]}."


def words(name: str) -> str:
    """Return a name in words: "jpeg_compression" as "JPEG compression",
    "photo_noise" as "Photo noise".
    """
    text = name.replace("_", " ")
    return (
        text.replace("jpeg", "JPEG", 1) if text.startswith("jpeg") else text[:1].upper() + text[1:]
    )


def _count(things: Collection, name: str) -> str:
    return f"{len(things)} {name}" + ("" if len(things) == 1 else "s")
