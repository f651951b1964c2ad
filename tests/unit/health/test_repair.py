"""A repair brings store and files together, keeps everything, and finds nothing
to do the second time.
"""

import json
import os
import sys

import pytest
from sqlalchemy import select, update

from rft_core import cli
from rft_core.errors import BundleError
from rft_core.files.run_files import CHECKPOINT, PREVIOUS_CHECKPOINT
from rft_core.health.findings import ORPHANS
from rft_core.health.repair import repair_home, survey
from rft_core.store.artifacts import list_artifacts
from rft_core.store.checkpoint_check import is_intact
from rft_core.store.events import read_events
from rft_core.store.home_lock import home_turn
from rft_core.store.run_store import RunStore
from rft_core.store.schema import artifacts, events, runs
from tests.unit.health.damage import LONG_AGO, age, findings, keep, repaired, spoil
from tests.unit.report.stored import stored


def state(store: RunStore) -> tuple:
    """Everything of a home: rows and the bytes of files."""
    with store.engine.connect() as connection:
        rows = [
            tuple(connection.execute(select(table).order_by(*table.primary_key)).all())
            for table in (runs, events, artifacts)
        ]
    files = {
        path: path.read_bytes()
        for path in store.home.root.rglob("*")
        if path.is_file() and not path.name.startswith(("rft.db", "import.lock", "worker.lock"))
    }
    return rows, files, {path for path in store.home.root.rglob("*") if path.is_dir()}


def test_nothing_to_mend(store, run_id):
    keep(store, run_id, "model.safetensors")
    keep(store, run_id, CHECKPOINT, "checkpoint")
    before = state(store)
    assert list(survey(store.home)) == []
    assert repair_home(store.home) == []
    assert state(store) == before


class TestEverythingAtOnce:
    @pytest.fixture
    def broken(self, store, run_id) -> RunStore:
        """A home with one of everything that can be wrong with runs and files."""
        gone = stored(store, "gone", status="running").run_id
        with store.engine.begin() as connection:
            connection.execute(
                update(runs).where(runs.c.run_id == gone).values(pid=2**22 - 3, pid_start=1.0)
            )
        spoil(keep(store, run_id, "model.safetensors"))
        keep(store, run_id, "lost.safetensors").unlink()
        keep(store, run_id, PREVIOUS_CHECKPOINT)
        spoil(keep(store, run_id, CHECKPOINT, "checkpoint"))
        (store.home.runs / "nobody").mkdir()
        (store.home.runs / "nobody" / "notes.txt").write_text("kept")
        (store.folder(run_id) / ".model.safetensors.tmp").write_text("half")
        (store.home.root / ".device-cpu.json.4194301").write_text("half")
        (store.home.runs / ".import-x").mkdir()
        (store.home.datasets / ".photos-x").mkdir(parents=True)
        for path in (
            store.home.runs / "nobody",
            store.home.runs / ".import-x",
            store.home.datasets / ".photos-x",
            store.folder(run_id) / ".model.safetensors.tmp",
        ):
            age(path)
        return store

    def test_it_says_all_and_changes_nothing(self, broken, run_id):
        before = state(broken)
        assert {kind for kind, _ in findings(broken.home)} == {
            "run",
            "file",
            "checkpoint",
            "folder",
            "unfinished",
        }
        assert len(findings(broken.home)) == 9
        assert state(broken) == before

    def test_it_mends_all_and_the_second_time_changes_nothing(self, broken, run_id):
        wanted = findings(broken.home)
        assert repaired(broken.home) == wanted
        after = state(broken)
        assert repaired(broken.home) == findings(broken.home) == []
        assert state(broken) == after
        assert sorted(finding.subject for finding in survey(broken.home)) == [
            f"{run_id}/lost.safetensors",
            f"{run_id}/model.safetensors",
        ]

    def test_what_it_does(self, broken, run_id):
        home = broken.home
        repair_home(home)
        assert sorted(record.status for record in broken.records()) == ["finished", "lost"]
        assert (home.root / "orphans" / "nobody" / "notes.txt").read_text() == "kept"
        assert (home.root / "orphans" / f"{run_id}-{CHECKPOINT}").is_file()
        kinds = {row.path: row.kind for row in list_artifacts(broken.engine, run_id)}
        assert kinds["model.safetensors"] == "damaged weights"
        assert kinds["lost.safetensors"] == "missing weights"
        assert kinds[CHECKPOINT] == "checkpoint"
        assert is_intact(home.run_folder(run_id) / CHECKPOINT)
        notes = [
            event.payload["text"] for event in read_events(broken.engine, run_id, kinds=["log"])
        ]
        assert len(notes) == 3
        assert any("lost.safetensors is missing" in note for note in notes)
        assert not list(home.root.rglob(".*"))

    def test_a_file_that_is_back_is_unmarked(self, broken, run_id):
        repair_home(broken.home)
        spoil(broken.folder(run_id) / "model.safetensors")
        assert repaired(broken.home) == [("file", f"{run_id}/model.safetensors")]
        assert "weights" in [
            row.kind
            for row in list_artifacts(broken.engine, run_id)
            if row.path == "model.safetensors"
        ]


class TestCare:
    def test_a_run_at_work_is_left_alone(self, store):
        run_id = stored(store, "live", status="running").run_id
        keep(store, run_id, CHECKPOINT, "checkpoint").write_bytes(b"being replaced")
        (store.folder(run_id) / ".model.safetensors.tmp").write_text("half")
        age(store.folder(run_id))
        assert list(survey(store.home)) == []

    def test_a_folder_that_is_being_filled_is_left_alone(self, store):
        (store.home.runs / "fork").mkdir()
        (store.home.runs / "fork" / CHECKPOINT).write_text("half")
        os.utime(store.home.runs / "fork", (LONG_AGO, LONG_AGO))
        assert list(survey(store.home)) == []

    def test_the_folder_of_a_deleted_run_waits_for_its_end(self, store, run_id):
        store.discard(run_id)
        age(store.home.run_folder(run_id))
        assert list(survey(store.home)) == []

    def test_a_file_of_a_writer_that_lives_stays(self, store):
        (store.home.root / f".device-cpu.json.{os.getpid()}").write_text("half")
        assert list(survey(store.home)) == []

    def test_nothing_while_an_import_is_at_work(self, store):
        with home_turn(store.home), pytest.raises(BundleError, match="another import"):
            repair_home(store.home)

    def test_a_second_orphan_of_a_name_takes_another(self, store):
        for text in ("one", "two"):
            (store.home.runs / "nobody").mkdir()
            (store.home.runs / "nobody" / "a").write_text(text)
            age(store.home.runs / "nobody")
            repair_home(store.home)
        assert [
            (store.home.root / "orphans" / name / "a").read_text()
            for name in ("nobody", "nobody-2")
        ] == ["one", "two"]


class TestCommand:
    @pytest.fixture
    def doctor(self, store, monkeypatch, capsys):
        """Call `doctor` where nothing but the home is wrong; return (exit code,
        its checks by name).
        """
        for name in ("_packages", "_torch"):
            monkeypatch.setattr(f"rft_core.health.doctor.{name}", nothing_wrong)

        def run(*arguments: str) -> tuple[int, dict]:
            monkeypatch.setattr(sys, "argv", ["rft_core", "doctor", *arguments, "--json"])
            with pytest.raises(SystemExit) as ended:
                cli.main()
            checks = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
            return int(ended.value.code or 0), checks

        return run

    def test_without_and_with_repair(self, store, doctor):
        (store.home.runs / "nobody").mkdir()
        age(store.home.runs / "nobody")
        code, checks = doctor()
        assert (code, checks["folder runs/nobody"]["ok"]) == (1, False)
        assert checks["folder runs/nobody"]["mend"] == "run `doctor --repair`: move it to orphans"
        assert (store.home.runs / "nobody").is_dir()
        code, checks = doctor("--repair")
        assert (code, checks["folder runs/nobody"]["ok"]) == (0, True)
        code, checks = doctor("--repair")
        assert (code, checks["files"]["found"]) == (0, "as the store has them")

    def test_what_only_a_person_can_bring_back_stays_wrong(self, store, run_id, doctor):
        keep(store, run_id, "model.safetensors").unlink()
        assert doctor("--repair")[0] == 0
        code, checks = doctor("--repair")
        assert code == 1
        assert "bring it back" in checks[f"file {run_id}/model.safetensors"]["mend"]


def nothing_wrong():
    from rft_core.health.doctor import Check

    return Check("packages", True, "")


def test_no_finding_can_delete_what_is_no_leftover(store, run_id):
    """Only unfinished files are removed; everything else is moved or marked."""
    spoil(keep(store, run_id, "model.safetensors"))
    (store.home.runs / "nobody").mkdir()
    age(store.home.runs / "nobody")
    before = {
        path.read_bytes()
        for path in store.home.root.rglob("*")
        if path.is_file() and "rft.db" not in path.name
    }
    repair_home(store.home)
    after = {
        path.read_bytes()
        for path in store.home.root.rglob("*")
        if path.is_file() and "rft.db" not in path.name
    }
    assert before <= after
    assert ORPHANS in {path.name for path in store.home.root.iterdir()}
