"""What must be true after a fault, looked up with sqlite3, json and hashlib alone: nothing here
trusts the code under test.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from rft_core.files.run_files import EXAMPLES, RUN_FOLDER

# what two executions of one spec may differ in
TIMINGS = frozenset(
    ("seconds", "images_per_second", "machine", "run_id", "process_memory_mib", "device_memory_mib")
)
# reported once a step by each execution
STEPWISE = ("train", "eval", "onset", "examples")
# what may lie in the folder of a run that nobody works on
HARMLESS = (EXAMPLES, *(file.name for file in RUN_FOLDER if file.travels))


@dataclass
class Tally:
    """How often a fault was injected, and what went wrong; `complaints` says where."""

    injected: int = 0
    runs_lost: int = 0
    events_lost: int = 0
    doubled: int = 0
    wrong_states: int = 0
    other_numbers: int = 0
    damaged_files: int = 0
    orphans: int = 0
    files_left: int = 0
    complaints: list[str] = field(default_factory=list)

    def add(self, column: str, count: int, complaint: str) -> None:
        """Count `count` faults of a column, with what was seen."""
        if count:
            setattr(self, column, getattr(self, column) + count)
            self.complaints.append(f"{column}: {complaint}")

    @property
    def counts(self) -> dict[str, int]:
        """Return every column by name, `injected` first."""
        return {
            tally_field.name: getattr(self, tally_field.name)
            for tally_field in fields(self)
            if tally_field.name != "complaints"
        }

    @property
    def is_clean(self) -> bool:
        """Whether the fault was injected and nothing went wrong."""
        counts = self.counts
        return counts.pop("injected") > 0 and not any(counts.values())


@dataclass(frozen=True)
class Seen:
    """One run as it stands on the disk: its row, its events, its files, and what
    its witness wrote down.
    """

    row: dict[str, Any]
    events: tuple[dict[str, Any], ...]
    artifacts: tuple[dict[str, Any], ...]
    witness: tuple[dict[str, Any], ...]
    folder: Path

    def numbers(self) -> dict[tuple[str, int], Any]:
        """Return what was measured and trained, the newest by kind and step, and the
        report, without timings.
        """
        steps = {
            (event["kind"], event["step"]): without_timings(event["payload"])
            for event in self.events
            if event["kind"] in STEPWISE
        }
        return steps | {("report", -1): without_timings(json.loads(self.row["report"] or "{}"))}


def see(root: Path, run_id: str) -> Seen:
    """Read a run from the disk."""
    with contextlib.closing(
        sqlite3.connect(f"file:{root / 'rft.db'}?mode=ro", uri=True, timeout=30)
    ) as connection:
        connection.row_factory = sqlite3.Row
        row, events, artifacts = (
            [
                dict(record)
                for record in connection.execute(
                    f"select * from {table} where run_id = ? {order}", (run_id,)
                )
            ]
            for table, order in (("runs", ""), ("events", "order by sequence"), ("artifacts", ""))
        )
    witness = root / "witness" / f"{run_id}.jsonl"
    lines = witness.read_text().splitlines() if witness.exists() else []
    return Seen(
        row[0] if row else {},
        tuple(event | {"payload": json.loads(event["payload"])} for event in events),
        tuple(artifacts),
        tuple(json.loads(line) for line in lines),
        root / "runs" / run_id,
    )


def without_timings(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload without what no two executions share."""
    return {name: value for name, value in payload.items() if name not in TIMINGS}


def examine(
    seen: Seen,
    tally: Tally,
    resumes: int,
    reference: Seen | None,
    ends: tuple[str, ...] = ("finished",),
    optional: tuple[str, ...] = (),
) -> None:
    """Hold one run that was brought to its end against its witness, its files and an uninterrupted
    `reference` of the same spec.

    Events of an `optional` kind may be missing beside the reference; those that
    were reported may not.
    """
    name = seen.row.get("run_id", "a run")
    if seen.row.get("status") not in ends:
        tally.add(
            "runs_lost", 1, f"{name} is {seen.row.get('status', 'gone')}: {seen.row.get('reason')}"
        )
        return
    _examine_events(seen, tally, name)
    _examine_executions(seen, tally, name, resumes)
    if reference is not None:
        _examine_numbers(seen, reference, tally, name, optional)
    _examine_files(seen, tally, name)


def _examine_events(seen: Seen, tally: Tally, name: str) -> None:
    sequences = [event["sequence"] for event in seen.events]
    gaps = sorted(set(range(1, max(sequences, default=0) + 1)) - set(sequences))
    tally.add("events_lost", len(gaps), f"{name} has no event {gaps}")
    stored = Counter(_key(event) for event in seen.events if event["kind"] != "status")
    reported, begun = (
        Counter(_key(line) for line in seen.witness if line["word"] == word)
        for word in ("reported", "reporting")
    )
    tally.add(
        "events_lost",
        (reported - stored).total(),
        f"{name} lost {list((reported - stored).elements())[:3]}",
    )
    tally.add(
        "doubled",
        (stored - begun).total(),
        f"{name} has unreported {list((stored - begun).elements())[:3]}",
    )
    for segment in _segments(seen.events):
        twice = [
            key
            for key, count in Counter(
                (event["kind"], event["step"]) for event in segment if event["kind"] in STEPWISE
            ).items()
            if count > 1
        ]
        tally.add("doubled", len(twice), f"{name} reported twice in one execution {twice[:3]}")


def _examine_executions(seen: Seen, tally: Tally, name: str, resumes: int) -> None:
    words = Counter(line["word"] for line in seen.witness)
    tally.add("doubled", words["overlap"], f"{name} was executed by two processes at a time")
    # a run that was lost before the engine began has fewer
    tally.add(
        "doubled",
        max(0, words["started"] - 1 - resumes),
        f"{name} was executed {words['started']} times and resumed {resumes} times",
    )


def _examine_numbers(
    seen: Seen, reference: Seen, tally: Tally, name: str, optional: tuple[str, ...]
) -> None:
    ours, theirs = seen.numbers(), reference.numbers()
    missing = sorted(key for key in set(theirs) - set(ours) if key[0] not in optional)
    other = sorted(key for key in set(theirs) & set(ours) if theirs[key] != ours[key])
    tally.add("events_lost", len(missing), f"{name} has nothing of {missing[:3]}")
    tally.add("other_numbers", bool(other), f"{name} differs from the reference in {other[:3]}")
    # what was replayed after a checkpoint must repeat what was said before
    first: dict[tuple[str, int], Any] = {}
    changed = [
        key
        for event in seen.events
        if event["kind"] in STEPWISE
        if first.setdefault(
            key := (event["kind"], event["step"]), without_timings(event["payload"])
        )
        != without_timings(event["payload"])
    ]
    tally.add(
        "other_numbers", bool(changed), f"{name} said something else when it replayed {changed[:3]}"
    )


def _examine_files(seen: Seen, tally: Tally, name: str) -> None:
    kinds = Counter(record["kind"] for record in seen.artifacts)
    for record in seen.artifacts:
        path = seen.folder / record["path"]
        whole = (
            path.is_file()
            and path.stat().st_size == record["size"]
            and hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
        )
        tally.add(
            "damaged_files", not whole, f"{name}: {record['path']} is not what was registered"
        )
    named = {event["payload"]["file"] for event in seen.events if event["kind"] == "examples"}
    unregistered = named - {record["path"] for record in seen.artifacts}
    tally.add("damaged_files", len(unregistered), f"{name}: {sorted(unregistered)} not registered")
    if seen.row["status"] == "finished":
        tally.add(
            "damaged_files",
            sum(kinds[kind] != 1 for kind in ("weights", "verdicts", "checkpoint")),
            f"{name} has {dict(kinds)}",
        )
    left = [path.name for path in seen.folder.iterdir() if path.name not in HARMLESS]
    left += [
        path.name
        for path in seen.folder.glob("examples/*")
        if path.suffix != ".npz" or path.name.startswith(".")
    ]
    tally.add("files_left", len(left), f"{name} left {left}")


def _segments(events: tuple[dict[str, Any], ...]) -> list[list[dict[str, Any]]]:
    """Return the events of each execution; one begins by saying that it runs."""
    segments: list[list[dict[str, Any]]] = [[]]
    for event in events:
        if event["kind"] == "status" and event["payload"].get("status") == "running":
            segments.append([])
        segments[-1].append(event)
    return segments


def _key(event: dict[str, Any]) -> tuple[str, int, str]:
    return event["kind"], event["step"], json.dumps(event["payload"], sort_keys=True)
