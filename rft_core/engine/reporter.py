"""Reporter: what a run needs from the world outside.

The engine knows neither the store nor the worker.
"""

from pathlib import Path
from typing import Any, Literal, Protocol

Request = Literal["stop", "pause"] | None


class Reporter(Protocol):
    """Receives events and files of one run, and says whether a person wants it to stop."""

    run_id: str
    folder: Path
    """Where this run keeps its files; exists."""

    def event(self, kind: str, step: int, epoch: float, payload: dict[str, Any]) -> None:
        """Append one event: train, eval, onset, examples, status, log or resumed."""

    def progress(self, step: int, total_steps: int) -> None:
        """Say how far training is. Cheap: called every step."""

    def artifact(self, path: Path, kind: str) -> None:
        """Register a finished file below `folder`, with its checksum."""

    def request(self) -> Request:
        """Return "stop" or "pause" when a person asked for it. Cheap: called every step."""


class FolderReporter:
    """A reporter that only keeps what it is told: for tests, scripts and notebooks."""

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
        """Never asks to stop."""
        return None
