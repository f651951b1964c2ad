"""Which attack measured a number of a run, from the run's settings and the menu of attacks.

Loads no torch.
"""

import math
from collections.abc import Mapping
from typing import Any

from rft_core.metrics.measured_by import MeasuredBy, read_measured_by
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec

# the usual length of all steps of an attack together, as a share of epsilon
USUAL_REACH = 2.5


def attack_measured_by(
    attack: str,
    *,
    steps: int,
    n: int,
    relative_step_size: float | None = None,
    classes: int | None = None,
) -> MeasuredBy:
    """Return the measurement of `n` images of `classes` by `attack` (a name of the menu)
    with these settings.

    Settings that the attack does not use are left out: its own steps stand in their place. Some
    losses need a few classes; with fewer the loss that replaces them is named.
    """
    row = catalog.find("attacks", attack)
    taken = row.taken_steps(steps)
    size = relative_step_size if row.takes_step_size else None
    if size is not None and math.isclose(size, USUAL_REACH / taken, rel_tol=1e-6):
        size = None
    return MeasuredBy(
        attack=row.name,
        label=row.label,
        loss=row.loss_on(classes),
        steps=taken,
        relative_step_size=size,
        n=n,
        step_name=row.step_name,
        is_fixed=row.fixed_steps is not None,
    )


def final_measured_by(spec: RunSpec, report: Mapping[str, Any] | None) -> MeasuredBy | None:
    """Return what measured the numbers of a report; None where there is no report.

    Reports of earlier versions do not say it: their spec does, since it is complete.
    """
    if not report or not report.get("curve"):
        return None
    found = read_measured_by(report.get("measured_by"))
    classes = (report.get("machine") or {}).get("classes")
    return found or spec_measured_by(spec, spec.evaluation.attack, report["curve"][0]["n"], classes)


def earlier_tracked_by(spec: RunSpec, n: int) -> MeasuredBy:
    """Return what measured a run while it trained, where its events do not say it.

    Earlier versions took the attack of the final report where it can be taken
    step by step, else PGD.
    """
    attack = spec.evaluation.attack
    return spec_measured_by(spec, attack if catalog.find("attacks", attack).stepwise else "pgd", n)


def event_measured_by(spec: RunSpec, payload: Mapping[str, Any]) -> MeasuredBy:
    """Return what measured the curve of one event while training, of any version."""
    n = payload["curve"][0]["n"]
    return read_measured_by(payload.get("measured_by")) or earlier_tracked_by(spec, n)


def evaluation_measured_by(answer: Mapping[str, Any]) -> MeasuredBy:
    """Return what measured a later evaluation of a run, from its answer; earlier answers name
    attack, steps and images.
    """
    found = read_measured_by(answer.get("measured_by"))
    return found or attack_measured_by(
        answer["attack"],
        steps=answer["steps"],
        n=answer.get("images") or 1,
        classes=len(answer.get("class_names") or ()) or None,
    )


def spec_measured_by(spec: RunSpec, attack: str, n: int, classes: int | None = None) -> MeasuredBy:
    """Return the measurement of `n` images by `attack` with the steps and the step size
    of a run's settings.
    """
    evaluation = spec.evaluation
    return attack_measured_by(
        attack,
        steps=evaluation.steps,
        n=n,
        relative_step_size=evaluation.relative_step_size,
        classes=classes,
    )
