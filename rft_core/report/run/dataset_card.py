"""The card of a dataset as lines and as a figure."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from rft_core.metrics.shared_images import describe_shared
from rft_core.report.drawing.palette import CLEAN
from rft_core.units import format_percent

# classes whose names fit beside their bars
NAMED_CLASSES = 30
BAR_PIXELS, FIXED_HEIGHT = 17, 260
# a warning is given if the largest class is this many times larger than the smallest
UNEVEN = 5


@dataclass(frozen=True)
class Finding:
    """One line about a dataset; `level` is "ok", "note" (how it was read) or "warning" (results
    cannot be trusted).
    """

    level: str
    text: str


def findings(card: dict) -> list[Finding]:
    """Return the findings on a dataset, warnings first."""
    found = [
        *_duplicates(card),
        *_shared(card),
        *_labels(card),
        *_balance(card),
        *(Finding("note", note) for note in card["notes"]),
    ]
    if card["cut"]:
        sizes = " and ".join(f"{size:,} {name}" for name, size in card["cut"].items())
        found.append(Finding("note", f"cut to {sizes} images, as the settings ask"))
    return sorted(found, key=lambda finding: ("warning", "note", "ok").index(finding.level))


def card_lines(card: dict) -> list[str]:
    """Return the findings as text, for the command line."""
    marks = {"ok": "ok", "note": "note", "warning": "look"}
    return [f"{marks[finding.level]:5s} {finding.text}" for finding in findings(card)]


def _duplicates(card: dict) -> list[Finding]:
    duplicates = card["duplicates"]
    test = next(split["count"] for split in card["splits"] if split["name"] == "test")
    of = f"of {duplicates['checked']:,} test images" + (
        f" checked (out of {test:,})" if duplicates["checked"] < test else ""
    )
    if not (duplicates["exact"] or duplicates["near"]):
        return [Finding("ok", f"none {of} is in the training images too, not even as a near copy")]
    lines = []
    if duplicates["exact"]:
        lines.append(
            Finding(
                "warning",
                f"{duplicates['exact']:,} {of} are in the training images too, pixel for pixel:"
                " accuracy on them only shows memory",
            )
        )
    if duplicates["near"]:
        lines.append(
            Finding(
                "warning", f"{duplicates['near']:,} {of} look almost the same as a training image"
            )
        )
    return lines


def _shared(card: dict) -> list[Finding]:
    """Return a warning for each pair of splits that share images, except training and test (see
    `_duplicates`).
    """
    counts = {split["name"]: split["count"] for split in card["splits"]}
    counts["others"] = sum(split["count"] for split in card["splits"] if split["is_domain"])
    shared = {
        pair: number
        for pair, number in card.get("shared_images", {}).items()
        if pair != "train_test"
    }
    return [
        Finding("warning", f"{phrase}, pixel for pixel")
        for phrase in describe_shared(shared, counts)
    ]


def _labels(card: dict) -> list[Finding]:
    twice = card["two_labels"]
    if not twice["count"]:
        return [Finding("ok", "no picture occurs with two labels")]
    example = " and ".join(twice["examples"][0])
    which = "1 picture occurs" if twice["count"] == 1 else f"{twice['count']:,} pictures occur"
    return [
        Finding(
            "warning",
            f"{which} with two labels, for example {example}: no classifier gets both right",
        )
    ]


def _balance(card: dict) -> list[Finding]:
    small, large = card["smallest"], card["largest"]
    if small["count"] == large["count"]:
        return [Finding("ok", f"every class has {small['count']:,} training images")]
    level = "warning" if small["count"] * UNEVEN < large["count"] else "ok"
    return [
        Finding(
            level,
            f"classes have {small['count']:,} (class {small['name']}) to {large['count']:,} (class"
            f" {large['name']}) training images",
        )
    ]


def balance_figure(card: dict) -> go.Figure:
    """Training images per class, largest first: a named bar each, or names on hover if there are
    many.
    """
    counts = np.array(card["splits"][0]["per_class"], dtype=np.int32)
    order = np.argsort(-counts, kind="stable")
    names, counts = [card["class_names"][index] for index in order], counts[order]
    figure = go.Figure()
    hover = "%{customdata}: %{COUNT} training images<extra></extra>"
    if len(names) <= NAMED_CLASSES:
        figure.add_bar(
            x=counts,
            y=np.arange(len(names)),
            orientation="h",
            customdata=names,
            hovertemplate=hover.replace("COUNT", "x"),
        )
        figure.update_yaxes(
            tickvals=list(range(len(names))),
            ticktext=[_short(name) for name in names],
            autorange="reversed",
            automargin=True,
        )
        figure.update_xaxes(title="Training images", rangemode="tozero")
    else:
        figure.add_bar(
            x=np.arange(1, len(names) + 1),
            y=counts,
            customdata=names,
            hovertemplate=hover.replace("COUNT", "y"),
        )
        figure.update_xaxes(title=f"{len(names):,} classes, largest first")
        figure.update_yaxes(title="Training images", rangemode="tozero")
    figure.update_traces(marker={"color": CLEAN, "line": {"width": 0}})
    height = max(140, 60 + BAR_PIXELS * len(names)) if len(names) <= NAMED_CLASSES else FIXED_HEIGHT
    figure.update_layout(
        height=height,
        margin={"l": 12, "r": 12, "t": 8, "b": 44},
        bargap=0.15,
        showlegend=False,
        font={"size": 13},
    )
    return figure


def _short(name: str, most: int = 28) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def describe_card(card: dict) -> str:
    """Return one sentence on what the dataset is."""
    parts = [
        f"{split['count']:,} {'in ' if split['is_domain'] else ''}{split['name']}"
        for split in card["splits"]
    ]
    mean = ", ".join(format_percent(value) for value in card["mean"])
    return (
        f"{len(card['class_names']):,} classes at {card['image_size']} pixels: {', '.join(parts)}."
        f" Mean red, green, blue: {mean}."
    )
