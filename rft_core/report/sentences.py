"""One plain sentence under each figure, generated from the data."""

from rft_core.report.history import RunHistory
from rft_core.store.run_store import RunRecord
from rft_core.units import format_epsilon, format_percent


def describe_run(record: RunRecord, history: RunHistory) -> str:
    """Say where one run stands."""
    target = format_epsilon(record.spec.threat.epsilon, record.spec.threat.norm)
    if record.report:
        report = record.report
        return (
            f"On {report['curve'][0]['n']} test images: {format_percent(report['clean_accuracy'])} clean, {format_percent(report['robust_accuracy'])} at {target}, "
            f"expected robustness {format_percent(report['expected_robustness'])}. {_adaptation(report['onset'])}"
        )
    if not history.measurements:
        return "Nothing measured yet."
    last = history.measurements[-1]
    return (
        f"At step {last.step}, on {last.curve.n} validation images: {format_percent(last.curve.clean_accuracy)} clean, "
        f"{format_percent(last.curve.accuracies[-1])} at {target}. {_adaptation(history.onset)}"
    )


def _adaptation(onset: dict | None) -> str:
    return f"It adapted to its task at step {onset['step']} (epoch {onset['epoch']:.1f})." if onset else "It has not adapted to its task."


def describe_pair(first: RunRecord, second: RunRecord) -> str:
    """Say how two finished runs differ; empty when one of them has no report."""
    if not (first.report and second.report):
        return ""
    target = format_epsilon(first.spec.threat.epsilon, first.spec.threat.norm)
    one, two = first.report, second.report
    return (
        f"{first.name} keeps {format_percent(one['clean_accuracy'])} clean accuracy, {second.name} {format_percent(two['clean_accuracy'])}. "
        f"At {target}: {format_percent(one['robust_accuracy'])} and {format_percent(two['robust_accuracy'])}. "
        f"Expected robustness: {format_percent(one['expected_robustness'])} and {format_percent(two['expected_robustness'])}."
    )
