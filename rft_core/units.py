"""Units as people write them: "8/255" <-> 0.03137, durations, percent."""

import math
from fractions import Fraction

PIXEL_LEVELS = 255


def parse_epsilon(text: str | float) -> float:
    """Return a perturbation budget in pixel scale from a number or from text such as "8/255".

    Raises ValueError for anything that is not a finite number >= 0.
    """
    value = parse_number(text)
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"must be a finite number of at least 0 such as 8/255, got {text!r}")
    return value


def parse_number(text: str | float) -> float:
    """Return the number in a text such as "0.5" or "1/4"; raises ValueError for anything else."""
    if isinstance(text, bool):
        raise ValueError(f"must be a number such as 8/255, got {text!r}")
    numerator, slash, denominator = (
        str(text).strip().partition("/") if isinstance(text, str) else (text, "", "")
    )
    try:
        return float(numerator) / float(denominator) if slash else float(numerator)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ValueError(f"must be a number such as 8/255 or 0.03, got {text!r}") from None


def format_epsilon(epsilon: float, norm: str = "linf") -> str:
    """Return "8/255" for linf budgets (steps of 1/255, else decimals over 255), a
    plain number for l2.
    """
    if epsilon == 0:
        return "0"
    if norm != "linf":
        return f"{epsilon:.4g}"
    levels = epsilon * PIXEL_LEVELS
    rounded = Fraction(levels).limit_denominator(4)
    if abs(float(rounded) - levels) < 1e-6 * levels:
        return f"{float(rounded):g}/255"
    return f"{levels:.2f}/255" if abs(levels - round(levels, 2)) < 1e-9 * levels else f"{epsilon!r}"


def format_duration(seconds: float | None) -> str:
    """Return "0.4 s", "12 s", "1 min 12 s" or "2 h 05 min"; "unknown" for None."""
    if seconds is None or not math.isfinite(seconds):
        return "unknown"
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60:02d} s"
    return f"{rounded // 3600} h {rounded % 3600 // 60:02d} min"


def format_percent(fraction: float | None) -> str:
    """Return a fraction 0..1 as "52.2 %"; an en dash for None."""
    return "–" if fraction is None or not math.isfinite(fraction) else f"{100 * fraction:.1f} %"


def format_count(count: float) -> str:
    """Return a large count with its letter: "11.7 M", "640 k", "12"."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= 0.9995 * size:
            return f"{count / size:.3g} {letter}"
    return f"{count:.0f}"


def format_bytes(count: float) -> str:
    """Return bytes in decimal units: "1.2 GB", "450 MB"."""
    return f"{count / 1e9:.1f} GB" if count >= 0.9995e9 else f"{max(1, round(count / 1e6))} MB"


def ordinal(number: int) -> str:
    """Return a rank, 1 or more, as text: 1st, 2nd, 3rd, 11th, 21st."""
    ending = (
        "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"
