"""What a training step takes on two threads while other programs use the same cores, by how long
OpenMP's threads spin while they wait.

python -m docs.studies.crowded_cores   starts 0, 2 and then 6 programs that keep a core busy; each
setting in a process of its own, in turns
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OTHERS, ROUNDS, STEPS, WARM_UP, PATIENCE_SECONDS = (0, 2, 6), 3, 12, 3, 120
SETTINGS = {
    "as OpenMP does": {},
    "3000 times": {"GOMP_SPINCOUNT": "3000"},
    "not at all": {"OMP_WAIT_POLICY": "PASSIVE"},
}
BUSY = "while True: pass"


def step_seconds() -> float:
    """Return the median seconds of a training step of bloom_convnext, batch
    64, PGD-3, two threads.
    """
    from rft_core.bench.training import Case
    from rft_core.engine.execution import prepare
    from rft_core.engine.reporter import FolderReporter
    from rft_core.engine.training.step import build_adversary, next_batch, training_step
    from rft_core.spec.run_spec import with_settings

    with tempfile.TemporaryDirectory() as folder:
        job = prepare(
            with_settings(Case("bloom_convnext", 32, 64).spec(), {"runtime.threads": 2}),
            FolderReporter(Path(folder)),
        )
    taken = []
    for step in range(WARM_UP + STEPS):
        started = time.perf_counter()
        training_step(job, step, *next_batch(job, step), build_adversary(job, step, 8 / 255))
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[WARM_UP:])


def timed(setting: dict[str, str]) -> float | None:
    """Return the seconds of a step under `setting`, None where it took too long."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    } | setting
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "docs.studies.crowded_cores", "step"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return None
    return float(answer.stdout)


def main() -> None:
    """Print one row a number of other programs: the median of the rounds for each setting."""
    print(f"| other busy programs | {' | '.join(SETTINGS)} |\n| --- |{' --- |' * len(SETTINGS)}")
    for count in OTHERS:
        others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
        try:
            rounds = [[timed(setting) for setting in SETTINGS.values()] for _ in range(ROUNDS)]
        finally:
            for one in others:
                one.kill()
        cells = [
            f"{1000 * statistics.median(done):.0f} ms"
            if None not in (done := column)
            else f"over {PATIENCE_SECONDS} s in all"
            for column in zip(*rounds)
        ]
        print(f"| {count} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    print(step_seconds()) if sys.argv[1:] == ["step"] else main()
