"""The trio from Python: standard, fixed and scheduled fine-tuning, and a fair comparison of them.

    python -m examples.trio --set data.train_size=200 --set optim.epochs=3

The runs are stored like any other: they are on the dashboard's page Runs, too.
"""

import argparse
import subprocess
import sys

from rft_core import open_store, preset, submit, with_settings
from rft_core.report.comparison.compare import Comparison, compare
from rft_core.spec.arguments import split_settings

NAMES = ("standard", "fixed", "scheduled")


def main(arguments: list[str] | None = None) -> Comparison:
    """Run the three and print how they compare; return the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--set", action="append", dest="settings", metavar="NAME=VALUE", help="for all three runs"
    )
    settings = split_settings(parser.parse_args(arguments).settings)

    store = open_store()
    # the same seed, dataset and budget: the three only differ in what they compare
    run_ids = [
        submit(store, with_settings(preset(name), settings), start_worker=False) for name in NAMES
    ]
    # works until the queue is empty; with start_worker=True, `submit` would leave that to the
    # background
    subprocess.run([sys.executable, "-m", "rft_core", "worker", "--once"], check=True)

    records = [store.get(run_id) for run_id in run_ids]
    for record in records:
        if record.status != "finished":
            raise SystemExit(f"run {record.run_id} is {record.status}: {record.reason}")
    # image by image against the first: were they measured on the same images, is it luck?
    comparison = compare(records, store.home.runs)
    for row in comparison.rows:
        print(
            f"{row['label']:10s} clean {row['clean_accuracy']:6.1%}"
            f"  robust {row['robust_accuracy']:6.1%}"
            f"  expected {row['expected_robustness']:6.1%}"
        )
    for pair in comparison.paired:
        luck = "" if pair["is_significant"] else " (could be luck)"
        print(f"{pair['first_name']} against {pair['second_name']}: {pair['sentence']}{luck}")
    for warning in comparison.warnings:
        print(f"note: {warning}")
    return comparison


if __name__ == "__main__":
    main()
