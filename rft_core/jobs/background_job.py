"""One piece of work in the background: a folder with an answer, made by a process of its own.

The folder holds state.json (which process, since when, how far), log.txt (what it printed) and in
the end the answer, or ``{"error": line}`` in its place. All of it lies on the disk, so a job
outlives the page and the server that asked for it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil
from filelock import FileLock

from rft_core.errors import UserError
from rft_core.files.atomic import read_json, write_json
from rft_core.files.home import Home
from rft_core.files.run_files import JOB_LOG, JOB_STATE
from rft_core.store.detached import start_detached
from rft_core.store.process import is_alive, this_process

STARTING = "starting"
# between a polite request to end and a kill
END_SECONDS = 3.0
LONGEST_LINE = 200


@dataclass(frozen=True)
class JobState:
    """How far a job is: "absent", "making", "done" or "failed".

    `line` says what it does or why it failed; `answer` is the result. `requested` and `began` are
    when it was requested and when it got what it waited for (seconds since 1970), None where that
    is not known.
    """

    status: str
    line: str = ""
    answer: Mapping[str, Any] | None = None
    requested: float | None = None
    began: float | None = None


@dataclass(frozen=True)
class BackgroundJob:
    """A job by its folder and the name of its answer; `failure` is the message for a job whose
    process ended without an answer.
    """

    folder: Path
    answer_name: str
    failure: str

    def start(
        self,
        home: Home,
        arguments: Sequence[str],
        *,
        again: bool = False,
        nice: int = 0,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> bool:
        """Start the command of RFT Lab that makes the answer, unless that is there or being made;
        return whether one was started.

        `again` makes it anew. Two pages that ask at once start one process.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(home.root / "jobs.lock"):
            status = self.read_state().status
            if status == "making" or (status != "absent" and not again):
                return False
            (self.folder / self.answer_name).unlink(missing_ok=True)
            # this process stands in until the child runs: killed now, it counts as the job's end
            own, requested = this_process(), time.time()
            self._note(*own, STARTING, requested)
            child = start_detached(
                home, arguments, self.folder / JOB_LOG, nice=nice, variables=variables
            )
            noted = read_json(self.folder / JOB_STATE) or {}
            # a quick process has noted more already
            if noted.get("pid") == own[0]:
                self._note(*child, STARTING, requested)
        return True

    def read_state(self) -> JobState:
        """Return how far the job is."""
        if (found := self._answered()) is not None:
            return found
        state = read_json(self.folder / JOB_STATE)
        if state is None:
            return JobState("absent")
        requested, began = _moment(state.get("asked")), _moment(state.get("began"))
        if is_alive(state.get("pid"), state.get("start")):
            return JobState("making", self._line(state), requested=requested, began=began)
        # it may have answered and ended since it was first looked for
        return self._answered() or JobState(
            "failed", self.failure, requested=requested, began=began
        )

    def note_progress(self, line: str, began: float | None = None) -> None:
        """Record how far the job is, and when its wait was over; called by its own process."""
        state = read_json(self.folder / JOB_STATE) or {}
        self._note(*this_process(), line, _moment(state.get("asked")), began)

    def answer(self, document: Mapping[str, Any]) -> None:
        """Write the result; called by the job's own process."""
        write_json(self.folder / self.answer_name, document)

    @contextmanager
    def errors_answered(self) -> Iterator[None]:
        """Write an error in the block as the answer, for the page that waits, and raise it."""
        try:
            yield
        except UserError as error:
            self.answer({"error": str(error)})
            raise
        except Exception as error:
            trace = f"the whole trace is in {self.folder / JOB_LOG}"
            self.answer({"error": f"{type(error).__name__}: {error}; {trace}"})
            raise

    def cancel(self) -> bool:
        """End the process that makes the answer; return whether the job is absent now.

        A job that was answered meanwhile remains, and so does one without a process of its own.
        """
        state = read_json(self.folder / JOB_STATE)
        if state is None:
            return False
        if is_alive(state.get("pid"), state.get("start")):
            _end(state["pid"])
        if self._answered() is not None:
            return False
        (self.folder / JOB_STATE).unlink(missing_ok=True)
        return True

    def _answered(self) -> JobState | None:
        answer = read_json(self.folder / self.answer_name)
        if answer is None:
            return None
        return (
            JobState("failed", str(answer["error"]))
            if "error" in answer
            else JobState("done", answer=answer)
        )

    def _note(
        self,
        pid: int,
        start: float,
        line: str,
        requested: float | None,
        began: float | None = None,
    ) -> None:
        state = {"pid": pid, "start": start, "line": line, "asked": requested, "began": began}
        write_json(self.folder / JOB_STATE, state)

    def _line(self, state: Mapping[str, Any]) -> str:
        """Return the latest line of the process: in its state, else in its log."""
        line = str(state.get("line", ""))
        if line not in ("", STARTING):
            return line
        try:
            printed = (self.folder / JOB_LOG).read_text(errors="replace").strip().splitlines()
        except OSError:
            printed = []
        return printed[-1][:LONGEST_LINE] if printed else line or STARTING


def _moment(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _end(pid: int) -> None:
    """End a process, and wait until it is gone."""
    try:
        process = psutil.Process(pid)
        process.terminate()
        if psutil.wait_procs([process], timeout=END_SECONDS)[1]:
            process.kill()
            psutil.wait_procs([process], timeout=END_SECONDS)
    except psutil.NoSuchProcess:
        return
