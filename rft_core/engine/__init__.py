"""Door 2, with torch: the engine as a library, and what runs inside a training process.

    from rft_core.engine import EpsilonSchedule, evaluate, make_adversary, pgd

Nothing is loaded before it is used. Pages and the light commands never import it.
"""

from importlib import import_module
from types import MappingProxyType
from typing import Any

# name -> the file it is in
DOOR = MappingProxyType(
    {
        name: f"rft_core.{module}"
        for module, names in (
            ("engine.execution", ("execute",)),
            ("engine.reporter", ("FolderReporter", "Reporter")),
            ("engine.measuring.own_model", ("evaluate",)),
            ("engine.measuring.evaluate", ("Evaluation",)),
            (
                "engine.models.by_name",
                ("apply_strategy", "build_model", "merge_strategy"),
            ),
            ("engine.objectives.adversary", ("make_adversary",)),
            ("engine.objectives.build", ("make_objective",)),
            ("engine.attacks.pgd", ("fgsm", "pgd")),
            ("engine.attacks.apgd", ("apgd", "apgd_dlr")),
            ("engine.attacks.targeted", ("apgd_ce_t",)),
            ("engine.attacks.library", ("autoattack", "cw", "fab", "square")),
            ("engine.attacks.losses", ("cross_entropy", "dlr", "margin")),
            ("engine.models.normalize", ("NormalizedModel",)),
            ("engine.models.modes", ("eval_mode", "train_mode")),
            ("spec.epsilon_schedule", ("EpsilonSchedule",)),
            ("spec.schedules", ("Moment", "factor_at")),
            ("metrics.curve", ("RobustnessCurve", "all_weight_on", "expected_robustness")),
        )
        for name in names
    }
)
__all__ = sorted(DOOR)


def __getattr__(name: str) -> Any:
    if name not in DOOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(DOOR[name]), name)


def __dir__() -> list[str]:
    return __all__
