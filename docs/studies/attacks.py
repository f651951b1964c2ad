"""How far attacks lie from AutoAttack on trained runs, and what they cost; the
table of docs/results.md.

python -m docs.studies.attacks RUN [RUN ...] --images 500 --out attacks.json     measures; what
is in the file is kept
python -m docs.studies.attacks --table attacks.json                              prints the table
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from rft_core.engine.data.dataset import stratified
from rft_core.engine.evaluate_run import load_job
from rft_core.engine.measuring.evaluate import evaluate
from rft_core.files.home import find_home
from rft_core.store.run_store import RunStore, open_store
from rft_core.units import format_epsilon, format_percent

ATTACKS = (("pgd", 10), ("apgd", 10), ("apgd_ce_t", 10), ("autoattack", 100))
LEVELS = (2, 4)


def measure(store: RunStore, run_id: str, images: int, out: Path) -> None:
    """Add the accuracies of one run under each attack to the file `out`."""
    record = store.get(run_id)
    rows = json.loads(out.read_text()) if out.is_file() else []
    job = load_job(record.spec, store.folder(record.run_id))
    split = stratified(job.dataset.test, images, seed=3)
    target = record.spec.threat.epsilon
    grid = tuple(sorted({0.0, target, *(level / 255 for level in LEVELS if level / 255 <= target)}))
    for attack, steps in ATTACKS:
        if any((row["run"], row["attack"]) == (record.run_id, attack) for row in rows):
            continue
        found = evaluate(
            job.model,
            split,
            norm=record.spec.threat.norm,
            epsilons=grid,
            steps=steps,
            attack=attack,
            batch_size=job.measure_batch,
        )
        rows.append(
            {
                "run": record.run_id,
                "name": record.name,
                "attack": attack,
                "steps": steps,
                "n": len(split),
                "epsilons": list(grid),
                "accuracies": list(np.round(found.curve.accuracies, 4)),
                "gradients_an_image": round(found.gradient_evaluations / len(split), 1),
            }
        )
        out.write_text(json.dumps(rows, indent=1))


def print_table(rows: list[dict]) -> None:
    """Print a line of Markdown a run and attack."""
    print("| run | attack | accuracies | gradients an image |\n| --- | --- | --- | --- |")
    for row in rows:
        cells = [
            f"{format_epsilon(epsilon)}: {format_percent(accuracy)}"
            for epsilon, accuracy in zip(row["epsilons"], row["accuracies"])
        ]
        label = (
            row["attack"] if row["attack"] == "autoattack" else f"{row['attack']}-{row['steps']}"
        )
        print(f"| {row['name']} | {label} | {', '.join(cells)} | {row['gradients_an_image']} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path("attacks.json"))
    parser.add_argument("--table", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.table:
        print_table(json.loads(options.table.read_text()))
    for run in options.runs:
        measure(open_store(find_home()), run, options.images, options.out)
