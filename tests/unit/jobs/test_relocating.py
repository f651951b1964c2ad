"""rft_core.jobs.relocating: a run's data that were moved are set anew, once they are
known to be the same.
"""

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rft_core import cli
from rft_core.cli import engine
from rft_core.cli.printing.console import err
from rft_core.engine.data.inspect.same_data import compare_data
from rft_core.engine.execution import execute
from rft_core.engine.reporter import FolderReporter
from rft_core.errors import DataError, SettingError, StoreError, UserError
from rft_core.files.run_files import DATA
from rft_core.jobs.relocating import relocate, relocate_apart
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.store.events import read_events
from rft_core.store.run_store import RunStore
from rft_core.worker.foreground import run_here
from rft_core.worker.submit import submit
from tests.tiny import run_spec

QUICK: dict[str, Any] = {
    "optim__epochs": 1,
    "data__train_size": None,
    "data__eval_size": None,
    "evaluation__tracking": 2,
    "evaluation__examples": 0,
    "evaluation__epsilons": "0,8/255",
    "attack__steps": 1,
    "evaluation__steps": 1,
}


@pytest.fixture
def photos(tmp_path) -> Path:
    """A folder of two classes."""
    generator = np.random.default_rng(0)
    for name in ("alpha", "beta"):
        folder = tmp_path / "a" / "photos" / name
        folder.mkdir(parents=True)
        for place in range(20):
            pixels = generator.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{place}.png")
    return tmp_path / "a" / "photos"


def other_picture(path: Path) -> None:
    """Put a picture of its own in the place of another; copies would be kept in one split."""
    generator = np.random.default_rng(list(f"{path.parent.name}/{path.name}".encode()))
    Image.fromarray(generator.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)


def dataset_spec(photos: Path) -> RunSpec:
    return run_spec(**QUICK, data__dataset=f"folder:{photos}")


@pytest.fixture
def measured(store: RunStore, photos: Path):
    """A run on the photos, trained and measured by the engine."""
    return run_here(store, dataset_spec(photos), engine.EXECUTE, ("cpu",), err)


def test_a_folder_that_was_moved(store, measured, photos, tmp_path, call, monkeypatch):
    """The whole way: gone, said by every command, set anew from another folder, measured again."""
    run_id = measured.run_id
    moved = Path(shutil.move(photos, tmp_path / "b"))
    gone = f"data.dataset is 'folder:{photos}', and there is no folder or zip '{photos}'"
    way_out = f"python -m rft_core relocate {run_id} data.dataset=folder:PATH"
    for command in (("show", run_id), ("evaluate", run_id, "--images", "4", "--steps", "1")):
        code, output, error = call(*command)
        assert code == (2 if command[0] == "evaluate" else 0)
        assert gone in error
        assert way_out in error
    assert gone in call("show", run_id, "--json")[1]
    monkeypatch.chdir(tmp_path)
    code, output, error = call("relocate", run_id, "data.dataset=folder:b")
    assert code == 0, error
    assert f"data.dataset is now folder:{moved}" in output
    assert "the images are those that the run began with" in output
    assert store.get(run_id).spec == with_settings(
        measured.spec, {"data.dataset": f"folder:{moved}"}
    )
    assert (
        f"data.dataset was 'folder:{photos}' and is now 'folder:{moved}'"
        in read_events(store.engine, run_id)[-1].payload["text"]
    )
    assert call("evaluate", run_id, "--images", "4", "--steps", "1")[0] == 0
    assert "is now" not in call("show", run_id)[2]


class TestOthersAreRefused:
    @pytest.fixture
    def refused(self, store, measured, tmp_path):
        def check(path: Path, message: str) -> None:
            with pytest.raises(DataError, match=message):
                relocate(store, measured.run_id, {"data.dataset": f"folder:{path}"}, compare_data)
            assert store.get(measured.run_id).spec == measured.spec

        return check

    def test_another_picture(self, refused, photos, tmp_path):
        copy = Path(shutil.copytree(photos, tmp_path / "b"))
        for place in range(20):
            other_picture(copy / "alpha" / f"{place}.png")
        refused(
            copy,
            r"is not the data of this run: its \d+ train images are not the same; nothing was",
        )

    def test_a_picture_less(self, refused, photos, tmp_path):
        copy = Path(shutil.copytree(photos, tmp_path / "b"))
        for place in range(9):
            (copy / "beta" / f"{place}.png").unlink()
        refused(copy, r"it had \d+ train images, and has \d+")

    def test_another_class(self, refused, photos, tmp_path):
        copy = Path(shutil.copytree(photos, tmp_path / "b"))
        (copy / "beta").rename(copy / "gamma")
        refused(copy, "it had the classes alpha, beta, and has alpha, gamma")

    def test_no_folder(self, refused, tmp_path):
        refused(
            tmp_path / "nowhere",
            "there is no folder or zip '.*nowhere'; write the path of one that is there",
        )

    def test_the_report_alone_tells_too(self, store, refused, photos, measured, tmp_path):
        """Runs of earlier versions kept no description of their data."""
        (store.folder(measured.run_id) / DATA).unlink()
        copy = Path(shutil.copytree(photos, tmp_path / "b"))
        for folder in copy.iterdir():
            for path in folder.iterdir():
                other_picture(path)
        refused(copy, "test images are not those the run was measured on")
        same = Path(shutil.copytree(photos, tmp_path / "c"))
        done = relocate(store, measured.run_id, {"data.dataset": f"folder:{same}"}, compare_data)
        assert "test images are those that the run was measured on" in done["compared"]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"optim.epochs": 3}, SettingError, "optim.epochs cannot change in a stored run"),
        ({"data.dataset": "digits"}, SettingError, "must be folder:PATH or csv:PATH here"),
        ({"data.dataset": "hf:a/b"}, SettingError, "must be folder:PATH or csv:PATH here"),
        (
            {"model.checkpoint": "/w.pt"},
            SettingError,
            "cannot change in this run, where it is None and not a path",
        ),
        ({}, UserError, "no setting is named"),
    ],
)
def test_what_cannot_be_set_anew(store, photos, settings, error, message):
    run_id = store.submit(dataset_spec(photos))
    with pytest.raises(error, match=message):
        relocate(store, run_id, settings, lambda *_: pytest.fail("nothing is read"))


def test_a_run_at_work_keeps_its_paths(store, photos):
    run_id = store.submit(dataset_spec(photos))
    store.claim(("cpu",), run_id)
    with pytest.raises(StoreError, match="is running; pause or stop it"):
        relocate(store, run_id, {"data.dataset": f"folder:{photos}"}, lambda *_: "")


def test_a_checkpoint_is_set_anew_and_other_runs_are_named(store, tmp_path):
    (tmp_path / "w.pt").touch()
    ids = [store.submit(run_spec(model__checkpoint="/gone/w.pt")) for _ in range(3)]
    done = relocate(
        store,
        ids[0],
        {"model.checkpoint": str(tmp_path / "w.pt")},
        lambda *_: pytest.fail("no images"),
    )
    assert done == {
        "run_id": ids[0],
        "settings": {"model.checkpoint": str(tmp_path / "w.pt")},
        "compared": "",
        "others": ids[:0:-1],
    }


def test_in_a_process_of_its_own(store, measured, photos, tmp_path):
    """As a page does it, which loads no torch."""
    moved = Path(shutil.move(photos, tmp_path / "b"))
    with pytest.raises(
        UserError, match=r"^data.dataset is 'folder:.*nowhere', and there is no folder or zip"
    ):
        relocate_apart(store, measured.run_id, "data.dataset", f"folder:{tmp_path}/nowhere")
    done = relocate_apart(store, measured.run_id, "data.dataset", f"folder:{moved}")
    assert done["settings"] == {"data.dataset": f"folder:{moved}"}
    assert store.get(measured.run_id).spec.data.dataset == f"folder:{moved}"


class TestResume:
    def test_a_run_whose_data_are_gone_is_not_queued(self, store, photos, tmp_path, call):
        run_id = store.submit(dataset_spec(photos))
        store.request(run_id, "pause")
        shutil.move(photos, tmp_path / "b")
        code, _, error = call("resume", run_id)
        assert code == 2
        assert f"relocate {run_id} data.dataset=folder:PATH" in error
        assert store.get(run_id).status == "paused"

    def test_it_does_not_go_on_with_other_images(self, photos, tmp_path):
        class Pausing(FolderReporter):
            """Asks for a pause after the first step."""

            def request(self):
                return "pause" if getattr(self, "step", 0) else None

        spec = with_settings(dataset_spec(photos), {"optim.epochs": 4})
        assert execute(spec, Pausing(tmp_path / "run")) is None
        assert (tmp_path / "run" / DATA).is_file()
        for place in range(20):
            other_picture(photos / "alpha" / f"{place}.png")
        with pytest.raises(
            DataError,
            match="data.dataset is not what this run began with: .* bring the old files back",
        ):
            execute(spec, FolderReporter(tmp_path / "run"))

    def test_one_that_did_not_begin_may_have_better_data(self, photos, tmp_path):
        shutil.move(photos / "beta", tmp_path / "beta")
        reporter = FolderReporter(tmp_path / "run")
        with pytest.raises(DataError):
            execute(dataset_spec(photos), reporter)
        shutil.move(tmp_path / "beta", photos / "beta")
        assert execute(dataset_spec(photos), reporter).status == "finished"


@pytest.mark.parametrize(
    "setting",
    ["data.dataset=folder:nowhere", "data.dataset=csv:nowhere.csv", "model.checkpoint=nowhere.pt"],
)
def test_a_new_run_is_refused_before_it_is_queued(store, call, setting):
    for command in ("submit", "run"):
        code, _, error = call(command, "--set", setting)
        assert code == 2
        assert "and there is no" in error
        assert "write the path of one that is there" in error
    assert store.records() == []


def test_what_was_submitted_in_one_folder_runs_in_another(store, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(photos.parent)
    run_id = submit(
        store,
        with_settings(dataset_spec(photos), {"data.dataset": "folder:photos"}),
        start_worker=False,
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["rft_core", "worker", "--once"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    record = store.get(run_id)
    assert (record.status, record.reason) == ("finished", "")
    assert record.spec.data.dataset == f"folder:{photos}"
