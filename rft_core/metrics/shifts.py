"""Accuracy away from the training distribution: rows with intervals, their means, and
robustness relative to home.

Clean accuracy, no attack: what changes is where the images come from (other domains) or what
happened to them (common corruptions). The corruptions and their four groups are those of Hendrycks
and Dietterich, ICLR 2019.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rft_core.metrics.curve import wilson_interval

SEVERITIES = (1, 2, 3, 4, 5)
CORRUPTION_GROUPS = MappingProxyType(
    {
        "noise": ("gaussian_noise", "shot_noise", "impulse_noise"),
        "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
        "weather": ("snow", "frost", "fog", "brightness"),
        "digital": ("contrast", "elastic_transform", "pixelate", "jpeg_compression"),
    }
)
CORRUPTIONS = tuple(kind for kinds in CORRUPTION_GROUPS.values() for kind in kinds)


def accuracy_row(correct: int, n: int) -> dict[str, Any]:
    """Return accuracy, n, low and high (95 % Wilson interval), fractions, of
    `correct` among `n` images.
    """
    low, high = wilson_interval(correct, n)
    return {"accuracy": correct / n, "n": n, "low": low, "high": high}


def summarise(
    in_domain: tuple[int, int],
    domains: Mapping[str, tuple[int, int]],
    corruptions: Sequence[tuple[str, int, int, int]],
    images_digest: str,
) -> dict[str, Any]:
    """Return what was measured, with means, as plain data.

    `in_domain` and each of `domains` are (correct, n); `corruptions` are rows (kind, severity,
    correct, n) of the same images as `in_domain`. Domains and corruptions each count alike in their
    mean; a mean of nothing is None.
    """
    home = accuracy_row(*in_domain)
    other = [{"name": name} | accuracy_row(*counts) for name, counts in domains.items()]
    rows = [
        {"kind": kind, "severity": severity} | accuracy_row(correct, n)
        for kind, severity, correct, n in corruptions
    ]
    corrupted = mean_accuracy(rows)
    return {
        "in_domain": home,
        "domains": other,
        "domain_mean": mean_accuracy(other),
        "corruptions": rows,
        "corruption_mean": corrupted,
        "relative_robustness": None
        if corrupted is None
        else relative_robustness(corrupted, home["accuracy"]),
        "images_digest": images_digest,
    }


def mean_accuracy(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the mean accuracy of `rows`, each counting alike whatever its n; None of nothing."""
    return sum(row["accuracy"] for row in rows) / len(rows) if rows else None


def relative_robustness(shifted: float, home: float) -> float | None:
    """Return shifted / home, the share of accuracy that is kept under a shift; None where
    there is none to keep.
    """
    return shifted / home if home > 0 else None
