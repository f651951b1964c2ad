"""Reporter: what a run needs from outside the engine.

The engine does not depend on the store or the worker.
"""

from pathlib import Path
from typing import Any, Literal, Protocol

Request = Literal["stop", "pause"] | None


class Reporter(Protocol):
    """Receives the events and files of a run, and says whether a person wants it to stop."""

    run_id: str
    folder: Path
    """The folder for the files of this run; it exists."""

    def event(self, kind: str, step: int, epoch: float, payload: dict[str, Any]) -> None:
        """Append one event: train, eval, onset, examples, status, log or resumed."""

    def progress(self, step: int, total_steps: int) -> None:
        """Report how far training is. Cheap: called every step."""

    def artifact(self, path: Path, kind: str) -> None:
        """Register a finished file below `folder`, with its checksum."""

    def request(self) -> Request:
        """Return "stop" or "pause" if a person requested it. Cheap: called every step."""


class FolderReporter:
    """A reporter that only keeps what it receives: for tests, scripts and notebooks."""

    def __init__(self, folder: Path, run_id: str = "local"):
        self.run_id, self.folder = run_id, folder
        self.events: list[dict[str, Any]] = []
        self.artifacts: list[tuple[Path, str]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def event(self, kind: str, step: int, epoch: float, payload: dict[str, Any]) -> None:
        """Keep the event in `events`."""
        self.events.append({"kind": kind, "step": step, "epoch": epoch, **payload})

    def progress(self, step: int, total_steps: int) -> None:
        """Keep the last step."""
        self.step, self.total_steps = step, total_steps

    def artifact(self, path: Path, kind: str) -> None:
        """Keep the path in `artifacts`."""
        self.artifacts.append((path, kind))

    def request(self) -> Request:
        """Return None: there is nobody to stop the run."""
        return None
