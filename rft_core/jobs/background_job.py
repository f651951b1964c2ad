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

    `line` says what it does or why it failed; `answer` is what came out. `asked` and `began` are
    when it was asked for and when it got what it waited for (seconds since 1970), None where that
    is not known.
    """

    status: str
    line: str = ""
    answer: Mapping[str, Any] | None = None
    asked: float | None = None
    began: float | None = None


@dataclass(frozen=True)
class BackgroundJob:
    """A job by its folder and the name of its answer; `gone` is what to say of one whose process
    ended without an answer.
    """

    folder: Path
    answer_name: str
    gone: str

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
            status = self.look().status
            if status == "making" or (status != "absent" and not again):
                return False
            (self.folder / self.answer_name).unlink(missing_ok=True)
            # ours until there is a process: where this one is killed now, the job is seen to end
            mine, asked = this_process(), time.time()
            self._note(*mine, STARTING, asked)
            child = start_detached(
                home, arguments, self.folder / JOB_LOG, nice=nice, variables=variables
            )
            noted = read_json(self.folder / JOB_STATE) or {}
            # a quick process has noted more already
            if noted.get("pid") == mine[0]:
                self._note(*child, STARTING, asked)
        return True

    def look(self) -> JobState:
        """Return how far the job is."""
        if (found := self._answered()) is not None:
            return found
        state = read_json(self.folder / JOB_STATE)
        if state is None:
            return JobState("absent")
        times = {name: _moment(state.get(name)) for name in ("asked", "began")}
        if is_alive(state.get("pid"), state.get("start")):
            return JobState("making", self._line(state), **times)
        # it may have answered and ended since the first look
        return self._answered() or JobState("failed", self.gone, **times)

    def say(self, line: str, began: float | None = None) -> None:
        """Say, from the process that makes it, how far it is, and when its wait was over."""
        state = read_json(self.folder / JOB_STATE) or {}
        self._note(*this_process(), line, _moment(state.get("asked")), began)

    def answer(self, document: Mapping[str, Any]) -> None:
        """Write what came out, from the process that makes it."""
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
        """End the process that makes the answer; return whether it is now as if nobody had asked.

        One that was answered meanwhile stays, and so does one that has no process of its own yet.
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
        asked: float | None,
        began: float | None = None,
    ) -> None:
        state = {"pid": pid, "start": start, "line": line, "asked": asked, "began": began}
        write_json(self.folder / JOB_STATE, state)

    def _line(self, state: Mapping[str, Any]) -> str:
        """Return what the process said last: in its state, else in its log."""
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
    """End a process, and see that it is gone."""
    try:
        process = psutil.Process(pid)
        process.terminate()
        if psutil.wait_procs([process], timeout=END_SECONDS)[1]:
            process.kill()
            psutil.wait_procs([process], timeout=END_SECONDS)
    except psutil.NoSuchProcess:
        return
