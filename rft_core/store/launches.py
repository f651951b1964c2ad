"""Who launched a run on a shared dashboard, and how long it may take: launch.json in the run's
folder, where there is a limit to hold.

It goes with the first resumption: only who may do everything can resume, and is not limited.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from rft_core.files.atomic import read_json, write_json
from rft_core.files.run_files import LAUNCH


@dataclass(frozen=True)
class Launch:
    """A viewer's launch: a hash of who it was, the minutes it may take (None: any), and
    whether they are spent.
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
    """Keep `launch` in the run's folder, whole or not at all: the worker reads it at any moment."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / LAUNCH, asdict(launch))


def read_launch(folder: Path) -> Launch | None:
    """Return the launch that the run's folder holds, or None where it is nobody's
    but the instructor's.
    """
    try:
        return Launch(**(read_json(folder / LAUNCH) or {}))
    except TypeError:
        return None


def forget_launch(folder: Path) -> None:
    """Lift what holds for a run."""
    (folder / LAUNCH).unlink(missing_ok=True)
