"""python -m rft_core, and `rft-lab` where the package is installed."""

import os

from rft_core.cli import main


def start() -> None:
    """Run the command line, with threads that soon give their core away."""
    # OpenMP reads it when torch is loaded: how long a thread spins while it waits for the others.
    # Spinning as long as it does by itself, a step takes several times as long beside a browser or
    # the page's server; not spinning at all costs nearly half the speed of a quiet machine
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    main()


if __name__ == "__main__":
    start()
