"""A bundle brings back what was written, and says what it did with each run."""

import re
from pathlib import Path

import pytest

from rft_core.bundles import contents
from rft_core.bundles.arriving_runs import HERE, IMPORTED, KEPT, RENAMED
from rft_core.bundles.incoming import import_bundle
from rft_core.bundles.outgoing import export_bundle, export_home
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import with_settings
from rft_core.store.artifacts import list_artifacts
from rft_core.store.events import Event, append_events, read_events
from rft_core.store.run_store import RunStore
from rft_core.store.status import MOVING
from rft_core.store.summaries import Wanted
from rft_core.worker.child import work_on
from tests import tiny
from tests.unit.bundles.importing import whole
from tests.unit.bundles.rewriting import changed, members, write


class TestRoundTrip:
    def test_everything_of_a_run_comes_back(self, store, other, tmp_path):
        run_id = whole(store, tags=("a", "b"))
        done = export_bundle(store, [run_id], tmp_path / "one.zip")
        assert done == {
            "path": str(tmp_path / "one.zip"),
            "bytes": (tmp_path / "one.zip").stat().st_size,
            "runs": [run_id],
            "left_out": [],
        }
        answer = import_bundle(other, tmp_path / "one.zip")
        assert answer == {
            "kind": "runs",
            "runs": [
                {
                    "run_id": run_id,
                    "as": run_id,
                    "name": "one",
                    "status": "finished",
                    "outcome": IMPORTED,
                }
            ],
            "folders": [],
        }
        before, after = store.get(run_id), other.get(run_id)
        for name in (
            "spec",
            "status",
            "report",
            "created",
            "started",
            "ended",
            "step",
            "total_steps",
            "device",
            "host",
        ):
            assert getattr(after, name) == getattr(before, name), name
        assert (after.pid, after.heartbeat, after.request) == (None, None, "")
        assert read_events(other.engine, run_id) == read_events(store.engine, run_id)
        assert list_artifacts(other.engine, run_id) == list_artifacts(store.engine, run_id)
        for path in store.folder(run_id).iterdir():
            assert (other.folder(run_id) / path.name).read_bytes() == path.read_bytes()
        (row,) = other.summaries(Wanted(tags=("b",))).rows
        assert row.clean == before.report["clean_accuracy"]

    def test_again_nothing_comes_in(self, store, other, tmp_path):
        run_id = whole(store)
        export_bundle(store, [run_id], tmp_path / "one.zip")
        for target in (store, other, other):
            answer = import_bundle(target, tmp_path / "one.zip")
        assert [row["outcome"] for row in answer["runs"]] == [HERE]
        assert len(other.records()) == len(store.records()) == 1

    def test_another_content_under_the_same_id_gets_a_new_one_once(self, store, other, tmp_path):
        run_id = whole(store)
        export_bundle(store, [run_id], tmp_path / "one.zip")
        import_bundle(other, tmp_path / "one.zip")
        other.annotate(run_id, notes="mine")
        (row,) = import_bundle(other, tmp_path / "one.zip")["runs"]
        assert (row["outcome"], row["run_id"]) == (RENAMED, run_id)
        assert row["as"] != run_id
        assert (other.get(row["as"]).spec.notes, other.get(run_id).spec.notes) == ("", "mine")
        assert other.get(row["as"]).report["run_id"] == row["as"]
        assert (other.folder(row["as"]) / "model.safetensors").read_bytes() == b"weights of one"
        (again,) = import_bundle(other, tmp_path / "one.zip")["runs"]
        assert (again["outcome"], again["as"]) == (HERE, row["as"])
        assert len(other.records()) == 2

    def test_a_fork_follows_its_parent_to_the_new_id(self, store, other, tmp_path):
        run_id = whole(store)
        export_bundle(store, [run_id], tmp_path / "one.zip")
        files = members(tmp_path / "one.zip")
        child = "20260101-000000-aaaaaa"
        files |= {name.replace(run_id, child): data for name, data in files.items()}
        files[f"runs/{child}/run.json"] = changed(
            files[f"runs/{run_id}/run.json"], run_id=child, parent=run_id, parent_step=1
        )
        write(tmp_path / "two.zip", files)
        import_bundle(other, tmp_path / "one.zip")
        other.annotate(run_id, notes="mine")
        rows = {
            row["run_id"]: row["as"] for row in import_bundle(other, tmp_path / "two.zip")["runs"]
        }
        assert rows[run_id] != run_id
        assert other.get(child).parent == rows[run_id]

    @pytest.mark.parametrize("status", [*MOVING, "paused"])
    def test_what_was_at_work_is_lost_and_says_why(self, store, other, tmp_path, status):
        run_id = whole(store)
        export_bundle(store, [run_id], tmp_path / "one.zip")
        files = members(tmp_path / "one.zip")
        files[f"runs/{run_id}/run.json"] = changed(files[f"runs/{run_id}/run.json"], status=status)
        import_bundle(other, write(tmp_path / "live.zip", files))
        record = other.get(run_id)
        assert record.status == "lost"
        assert f"it was {status} in live.zip" in record.reason
        assert not other.is_busy
        assert other.claim(("cpu",)) is None
        assert other.resume(run_id).status == "queued"

    def test_a_run_goes_on_elsewhere_with_the_same_numbers(self, store, other, tmp_path):
        from tests.unit.store.test_forks import AT

        run_id = store.submit(tiny.run_spec(runtime__device="cpu"))
        store.claim(("cpu",), run_id)
        work_on(store, run_id, "tests.unit.store.test_forks:pausing")
        export_bundle(store, [run_id], tmp_path / "half.zip")
        import_bundle(other, tmp_path / "half.zip")
        for place in (store, other):
            place.resume(run_id)
            place.claim(("cpu",), run_id)
            work_on(place, run_id, "rft_core.engine.execution:execute")
        here, there = (place.get(run_id) for place in (store, other))
        assert here.status == there.status == "finished"
        assert here.step > AT
        assert there.report["curve"] == here.report["curve"]


class TestHome:
    @pytest.fixture
    def filled(self, store) -> RunStore:
        """A home with a run, an upload, decoded images and weights in the layout of the hub."""
        whole(store)
        home = store.home
        for path, text in {
            "uploads/cats/a/1.png": "one",
            "uploads/cats/.upload.json": "{}",
            "decoded/x/images.npy": "again",
            ".half/1": "half",
            "digits.csv": "table",
        }.items():
            (home.datasets / path).parent.mkdir(parents=True, exist_ok=True)
            (home.datasets / path).write_text(text)
        (home.weights / "models--m" / "blobs").mkdir(parents=True)
        (home.weights / "models--m" / "snapshots" / "1").mkdir(parents=True)
        (home.weights / "models--m" / "blobs" / "0a1b").write_bytes(b"tensors")
        (home.weights / "models--m" / "snapshots" / "1" / "model.safetensors").symlink_to(
            "../../blobs/0a1b"
        )
        (home.weights / "models--m" / "pytorch_model.bin").write_bytes(b"\x80\x02}q")
        (home.weights / "outside").symlink_to("/etc/hostname")
        return store

    def test_runs_datasets_and_weights(self, filled, other, tmp_path):
        done = export_home(filled, tmp_path / "home.zip")
        assert [
            line
            for line in done["left_out"]
            if "pytorch_model.bin" in line and "unpickling" in line
        ]
        answer = import_bundle(other, tmp_path / "home.zip")
        assert {row["path"]: row["outcome"] for row in answer["folders"]} == {
            "datasets/uploads/cats": IMPORTED,
            "datasets/digits.csv": IMPORTED,
            "weights/models--m": IMPORTED,
        }
        assert (other.home.uploads / "cats" / "a" / "1.png").read_text() == "one"
        assert (other.home.uploads / "cats" / ".upload.json").is_file()
        kept = other.home.weights / "models--m" / "snapshots" / "1" / "model.safetensors"
        assert (kept.read_bytes(), kept.is_symlink()) == (b"tensors", False)
        assert not (other.home.weights / "models--m" / "blobs").exists()
        assert not other.home.decoded.exists()
        assert len(other.records()) == 1

    def test_a_folder_that_is_here_is_kept_as_it_is(self, filled, other, tmp_path):
        export_home(filled, tmp_path / "home.zip")
        (other.home.uploads / "cats").mkdir(parents=True)
        (other.home.uploads / "cats" / "mine.png").write_text("mine")
        outcomes = [
            {
                row["path"]: row["outcome"]
                for row in import_bundle(other, tmp_path / "home.zip")["folders"]
            }
            for _ in range(2)
        ]
        assert outcomes[0]["datasets/uploads/cats"] == outcomes[1]["datasets/uploads/cats"] == KEPT
        assert outcomes[1]["weights/models--m"] == HERE
        assert [path.name for path in (other.home.uploads / "cats").iterdir()] == ["mine.png"]

    def test_without_datasets(self, filled, tmp_path):
        export_home(filled, tmp_path / "home.zip", with_datasets=False)
        assert not [name for name in members(tmp_path / "home.zip") if name.startswith("datasets/")]


def test_every_kind_of_event_that_is_written_is_known():
    texts = [path.read_text() for path in Path(contents.__file__).parents[1].rglob("*.py")]
    written = {kind for text in texts for kind in re.findall(r"""\.event\(\s*"(\w+)\"""", text)}
    assert {"train", "eval", "status"} <= written <= set(contents.EVENT_KINDS)


def test_events_that_are_many(store, other, tmp_path):
    run_id = whole(store)
    append_events(
        store.engine,
        run_id,
        [
            Event(10 + place, place, place / 10, 1000.5 + place, "train", {"loss": 0.1 + place})
            for place in range(12_000)
        ],
    )
    export_bundle(store, [run_id], tmp_path / "many.zip")
    import_bundle(other, tmp_path / "many.zip")
    assert read_events(other.engine, run_id) == read_events(store.engine, run_id)


def test_the_spec_is_that_of_the_run(store, other, tmp_path):
    spec = with_settings(
        preset("digits_quick"), {"seed": 5, "threat.epsilon": "3/255", "tags": ("ä", "β")}
    )
    run_id = store.submit(spec)
    export_bundle(store, [run_id], tmp_path / "one.zip")
    import_bundle(other, tmp_path / "one.zip")
    assert other.get(run_id).spec == spec
