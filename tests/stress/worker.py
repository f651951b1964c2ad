"""The real worker on the real engine, watched: python -m tests.stress.worker HOME.

Only waiting times are shorter.
"""

import logging
import sys
from pathlib import Path

import tests.stress.clock  # noqa: F401  before anything reads the time
from rft_core.cli.engine import ENGINE
from rft_core.files.home import find_home
from rft_core.worker import loop

WATCHED = loop.Engine(
    "tests.stress.engine:execute",
    preload=("tests.stress.clock", *ENGINE.preload, "tests.stress.engine"),
)


def main() -> None:
    """Serve the home until killed."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s"
    )
    loop.DEAF_SECONDS, loop.RECONCILE_SECONDS = 2.0, 0.5
    loop.run_worker(find_home(Path(sys.argv[1])), WATCHED, ("cpu",))


if __name__ == "__main__":
    main()
