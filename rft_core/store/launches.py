"""Who launched a run on a shared dashboard, and how long it may take: launch.json in the run's
folder, where there is a limit to hold.

The first resumption removes it: only the instructor can resume a run, and has no limits.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from rft_core.files.atomic import read_json, write_json
from rft_core.files.run_files import LAUNCH


@dataclass(frozen=True)
class Launch:
    """A viewer's launch: a hash of the viewer, the minutes it may take (None: any), and whether
    they are spent.
    """

    viewer: str
    minutes: float | None = None
    is_spent: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.viewer, str) or not isinstance(
            self.minutes, (int, float, type(None))
        ):
            raise TypeError("a launch has a viewer and minutes")


def write_launch(folder: Path, launch: Launch) -> None:
    """Keep `launch` in the run's folder, written atomically: the worker reads it at any moment."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / LAUNCH, asdict(launch))


def read_launch(folder: Path) -> Launch | None:
    """Return the launch in the run's folder, or None for a run of the instructor."""
    try:
        return Launch(**(read_json(folder / LAUNCH) or {}))
    except TypeError:
        return None


def forget_launch(folder: Path) -> None:
    """Remove the limits of a run."""
    (folder / LAUNCH).unlink(missing_ok=True)
