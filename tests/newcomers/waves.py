"""Waves: epsilon rises from 0 and falls back to it `steps` times."""

import math

from rft_core.spec.schedules import Moment, Settings


def waves(moment: Moment, settings: Settings) -> float:
    """Return (1 - cos(2 pi steps p)) / 2 at progress p."""
    return (1 - math.cos(2 * math.pi * settings.steps * moment.progress)) / 2
