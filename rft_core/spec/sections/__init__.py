"""The sections of a RunSpec: each setting once, with its range and the one line of help that
CLI, form and docs show.
"""

from rft_core.spec.sections.budget import EvaluationSpec, OptimSpec, RuntimeSpec
from rft_core.spec.sections.data import DataSpec, ModelSpec
from rft_core.spec.sections.method import (
    LARGEST_EPSILON_L2,
    AttackSpec,
    ObjectiveSpec,
    ScheduleSpec,
    StrategySpec,
    ThreatSpec,
)
from rft_core.spec.sections.values import (
    BREAKS,
    HIDDEN,
    LONGEST_TAG,
    Line,
    Paragraphs,
    Section,
    SettingErrorValue,
    Tag,
    UnknownNameValue,
    readable,
)

__all__ = [
    "BREAKS",
    "HIDDEN",
    "LARGEST_EPSILON_L2",
    "LONGEST_TAG",
    "AttackSpec",
    "DataSpec",
    "EvaluationSpec",
    "Line",
    "ModelSpec",
    "ObjectiveSpec",
    "OptimSpec",
    "Paragraphs",
    "RuntimeSpec",
    "ScheduleSpec",
    "Section",
    "SettingErrorValue",
    "StrategySpec",
    "Tag",
    "ThreatSpec",
    "UnknownNameValue",
    "readable",
]
