"""A home as commit 8fadfb9 wrote it opens today: the same runs, the same numbers, the same answers.

home_before.zip holds its store and files; of a safetensors file only the header and the tensors
that assets/weights/bloom_resnet.safetensors does not have. home_before.json says what that version
read from it. Four runs: one finished; one paused, resumed and finished; one paused; one resumed and
then killed.
"""

import hashlib
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from rft_core.engine.execution import execute
from rft_core.engine.reporter import FolderReporter
from rft_core.files.home import WEIGHTS
from rft_core.jobs.dataset_cards import card_folder, cells, read_card, reading
from rft_core.jobs.evaluations import list_evaluations, load_arrays
from rft_core.report.comparison.pairs import pair_runs
from rft_core.report.run.history import build_history
from rft_core.spec.run_spec import parse, with_settings
from rft_core.store.artifacts import list_artifacts
from rft_core.store.events import read_events
from rft_core.store.forks import fork, read_progress
from rft_core.store.run_store import RunStore

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "home_before.json").read_text())
NAMES = ("finished", "resumed", "paused", "killed")


def unpack(folder: Path) -> None:
    """Write the home into `folder`, every file as it was."""
    with safe_open(WEIGHTS / "bloom_resnet.safetensors", framework="np") as file:
        asset = {name: file.get_tensor(name).tobytes() for name in file.keys()}
    with zipfile.ZipFile(HERE / "home_before.zip") as archive:
        for name in archive.namelist():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(".head"):
                stem = name.removesuffix(".head")
                same = json.loads(archive.read(f"{stem}.same.json"))
                parts = archive.read(name), archive.read(f"{stem}.rest")
                (folder / stem).write_bytes(joined(*parts, same, asset))
            elif not name.endswith((".rest", ".same.json")):
                path.write_bytes(archive.read(name))


def joined(head: bytes, rest: bytes, same: dict[str, str], asset: dict[str, bytes]) -> bytes:
    """A safetensors file of its header and its tensors, in the order of their bytes."""
    (length,) = struct.unpack("<Q", head[:8])
    rows = json.loads(head[8 : 8 + length])
    rows.pop("__metadata__")
    content = head
    for name, row in sorted(rows.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = row["data_offsets"]
        own, rest = (
            (asset[same[name]], rest)
            if name in same
            else (rest[: end - begin], rest[end - begin :])
        )
        content += own
    assert not rest
    return content


@pytest.fixture
def store(home):
    unpack(home.root)
    return RunStore(home)


def run_id(name: str) -> str:
    return EXPECTED[name]["run_id"]


def test_every_file_is_as_it_was(store):
    checked = 0
    for name in NAMES:
        for row in list_artifacts(store.engine, run_id(name)):
            content = (store.home.run_folder(run_id(name)) / row.path).read_bytes()
            assert hashlib.sha256(content).hexdigest() == row.sha256, row.path
            checked += 1
    assert checked >= 15


@pytest.mark.parametrize("name", NAMES)
def test_a_run_reads_as_it_did(store, name):
    expected, record = EXPECTED[name], store.get(run_id(name))
    assert (record.name, record.status, record.step) == (name, expected["status"], expected["step"])
    assert (record.measured_by and record.measured_by.as_dict()) == expected["measured_by"]
    for key, value in (expected["report"] or {}).items():
        assert json.dumps(record.report[key]) == json.dumps(value), key
    history = build_history(read_events(store.engine, record.run_id))
    assert history.fault == ""
    assert (list(history.log), history.last_sequence) == (
        expected["log"],
        expected["last_sequence"],
    )
    for column, values in expected["columns"].items():
        assert history.column(column) == pytest.approx(np.float32(values), rel=1e-7), column


def test_the_list_shows_the_runs(store):
    rows = {row.name: row for row in store.summaries().rows}
    assert set(rows) == set(NAMES)
    report = EXPECTED["finished"]["report"]
    assert rows["finished"].clean == report["clean_accuracy"]
    assert rows["finished"].expected == report["expected_robustness"]
    assert rows["resumed"].tags == ("old",)


def test_the_time_that_a_run_stood_still_is_known_by_the_sentence_of_that_version(store):
    events = read_events(store.engine, run_id("resumed"))
    assert not [event for event in events if event.kind == "resumed"]
    history = build_history(events)
    passed = events[-1].wall_time - events[0].wall_time
    assert history.measurements[-1].seconds < passed - 2


def test_evaluations_are_found(store):
    found = list_evaluations(store, run_id("finished"))
    assert [
        {
            "id": evaluation.evaluation_id,
            "status": evaluation.status,
            "line": evaluation.line,
            "answer": evaluation.answer,
        }
        for evaluation in found
    ] == EXPECTED["evaluations"]
    assert sorted(evaluation.status for evaluation in found) == ["done", "done", "failed", "failed"]
    images = load_arrays(
        next(evaluation for evaluation in found if evaluation.status == "done").folder,
        "pictures.npz",
    )
    assert len(images["clean"])


def test_a_card_is_found_and_made_again_if_its_reader_was_killed(store):
    spec = with_settings(parse(CARD_SPEC), {})
    card = read_card(store.home, spec)
    assert card["class_names"] == [str(digit) for digit in range(10)]
    assert len(list(cells(card, card_folder(store.home, spec)))) == card["atlas"]["count"]
    killed = with_settings(spec, {"data.train_size": 50, "model.backbone": "bloom_resnet"})
    assert (card_folder(store.home, killed) / "reader.json").is_file()
    assert (read_card(store.home, killed), reading(store.home, killed)) == (None, None)


CARD_SPEC = {"data": {"dataset": "digits", "train_size": 96, "eval_size": 40, "image_size": 16}}


def test_two_runs_are_paired_image_by_image(store):
    first, second = (store.get(run_id(name)) for name in ("finished", "resumed"))
    pairs = pair_runs([first, second], store.home.runs)
    assert len(pairs) == 3
    report = EXPECTED["resumed"]["report"], EXPECTED["finished"]["report"]
    assert pairs[0].difference == pytest.approx(
        report[0]["clean_accuracy"] - report[1]["clean_accuracy"]
    )


class PausedSoon(FolderReporter):
    """Asks to pause after a few steps."""

    def request(self):
        done = [event for event in self.events if event["kind"] == "train"]
        return "pause" if len(done) >= 3 else None


@pytest.mark.parametrize("name", ["paused", "killed"])
def test_a_run_that_is_not_done_goes_on_from_its_checkpoint(store, name):
    assert store.reconcile() == ([run_id("killed")])
    assert store.get(run_id("killed")).status == "lost"
    record = store.resume(run_id(name))
    assert record.status == "queued"
    folder = store.home.run_folder(record.run_id)
    step = read_progress(folder / "checkpoint.safetensors")["step"]
    assert step > 3
    reporter = PausedSoon(folder, record.run_id)
    assert execute(record.spec, reporter) is None
    (resumed,) = [event for event in reporter.events if event["kind"] == "resumed"]
    assert resumed["step"] == step
    # not every step is reported
    assert min(event["step"] for event in reporter.events if event["kind"] == "train") >= step
    assert read_progress(folder / "checkpoint.safetensors")["step"] > step


def test_a_paused_run_can_be_forked(store):
    child = store.get(fork(store, run_id("paused"), {"schedule.kind": "constant"}))
    assert (child.status, child.parent) == ("queued", run_id("paused"))
    assert child.parent_step == child.step > 0
