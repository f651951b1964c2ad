"""How far the time said before a run is from the time it takes.

python -m docs.studies.estimates FOLDER   runs 14 short runs one after the other in a new home; each
is estimated first, as Train does it
"""

import sys
import time
from pathlib import Path
from statistics import median

from rft_core.cost.run_cost import estimate
from rft_core.files.home import find_home
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import with_settings
from rft_core.store.run_store import open_store
from rft_core.worker.submit import submit

SIZE = {
    "data.train_size": 600,
    "data.eval_size": 300,
    "optim.epochs": 6,
    "evaluation.eval_size": 100,
}
CASES = (
    ("scheduled", {}),
    ("fixed", {}),
    ("standard", {}),
    ("scheduled", {"optim.epochs": 12}),
    ("scheduled", {"attack.steps": 7}),
    ("scheduled", {"strategy.kind": "linear_probe"}),
    ("scheduled", {"strategy.kind": "lora"}),
    ("scheduled", {"objective.kind": "trades"}),
    ("scheduled", {"schedule.kind": "linear"}),
    ("scheduled", {"evaluation.tracking": 24}),
    ("scheduled", {"data.dataset": "digits"}),
    ("scheduled", {"model.backbone": "bloom_resnet"}),
    ("fixed", {"model.backbone": "bloom_resnet"}),
    ("scheduled", {"model.backbone": "bloom_resnet", "optim.epochs": 12}),
)


def main(folder: Path) -> None:
    """Print one row a run, and the median error of those that an earlier run speaks for."""
    store, errors = open_store(find_home(folder)), []
    print("| run | said, s | took, s | error | rests on |\n| --- | --- | --- | --- | --- |")
    for name, changes in CASES:
        spec = with_settings(preset(name), SIZE | changes)
        paces = store.measured_paces(spec)
        said = estimate(spec, paces)
        run_id = submit(
            store,
            with_settings(spec, {"name": f"{name} {' '.join(map(str, changes.values()))}".strip()}),
        )
        while not store.get(run_id).ended:
            time.sleep(0.2)
        took = store.get(run_id).report["seconds"]
        error = said.seconds / took - 1
        errors += [abs(error)] if paces else []
        print(
            f"| {name} {changes or ''} | {said.seconds:.1f} | {took:.1f} | {100 * error:+.0f} % |"
            f" {said.basis} |",
            flush=True,
        )
    print(
        f"\nmedian error of {len(errors)} with an earlier run: {100 * median(errors):.0f} %,"
        f" largest {100 * max(errors):.0f} %"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
