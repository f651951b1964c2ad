"""The answer of a finished evaluation."""

from collections.abc import Mapping
from typing import Any

from rft_core import UserError, jobs


def answer_of(evaluation: jobs.Evaluation) -> Mapping[str, Any]:
    """Return what a finished evaluation found; raises UserError if it has no answer."""
    if evaluation.answer is None:
        raise UserError(f"evaluation {evaluation.evaluation_id} has no answer yet")
    return evaluation.answer
