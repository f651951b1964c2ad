"""Timings of the engine beside a loop around torchattacks."""

from typing import Any

from rft_core.cli.printing.console import out, print_lines
from rft_core.cli.text_tables import table_lines
from rft_core.units import format_percent


def print_bench(measured: dict[str, Any]) -> None:
    """Print what was timed: training steps, curves, the start of a run."""
    machine = measured["machine"]
    speed = f"{machine['matmul_operations_per_second'] / 1e9:,.0f} GFLOP/s"
    about = (
        f"{machine['device_name']}, {machine['threads']} threads, {machine['precision']}, torch"
        f" {machine['torch']}"
    )
    out.print(f"{about}; a matrix product reaches {speed}")
    header = (
        "training step",
        "pixels, batch",
        "ours, images/s",
        "torchattacks",
        "ratio",
        "quartiles",
        "of the limit",
    )
    rows = [_training_cells(*pair) for pair in zip(measured["training"], measured["limit"])]
    print_lines(table_lines(out, header, rows, unwrapped=(0,)))
    curve_header = (
        "9-point curve",
        "ours, s",
        "torchattacks, s",
        "times faster",
        "times fewer gradients",
        "kinder by at most",
    )
    print_lines(
        [
            "",
            *table_lines(
                out, curve_header, [_curve_cells(row) for row in measured["curve"]], unwrapped=(0,)
            ),
        ]
    )
    latency = measured["latency"]
    warm, cold = (
        f"{latency['warm_seconds']:.2f} s with a worker waiting",
        f"{latency['cold_seconds']:.1f} s without",
    )
    out.print(f"from submit to the first step: {warm}, {cold}")


def _training_cells(row: dict[str, Any], limit: dict[str, Any]) -> list[str]:
    speeds = [
        f"{row[name]:,.1f}" for name in ("ours_images_per_second", "torchattacks_images_per_second")
    ]
    spread = "{:.2f} to {:.2f}".format(*row["ratio_quartiles"])
    sizes = f"{row['image_size']}, {row['batch']}"
    return [
        row["model"],
        sizes,
        *speeds,
        f"{row['ratio']:.2f}",
        spread,
        format_percent(limit["share"]),
    ]


def _curve_cells(row: dict[str, Any]) -> list[str]:
    names = ("ours_seconds", "naive_seconds", "speedup", "gradient_evaluations_ratio")
    return [
        row["model"],
        *(f"{row[name]:.1f}" for name in names),
        format_percent(row["largest_accuracy_excess"]),
    ]
