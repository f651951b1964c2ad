"""Folders and zips of the field's bug reports through the commands `dataset` and `run`, with
pictures drawn here.
"""

import io
import zipfile

import pytest

from rft_core.errors import DataError
from rft_core.files.home import find_home
from rft_core.files.uploads import list_uploads, unpack_dataset
from rft_core.store.events import read_events
from tests.further_trees import ASKED, FURTHER
from tests.trees import FIELD, Case, files, pack, plant, two

TINY = (
    "model.backbone=bloom_resnet",
    "model.pretrained=false",
    "data.image_size=8",
    "optim.epochs=1",
    "optim.batch_size=8",
    "attack.steps=1",
    "evaluation.steps=1",
    "evaluation.tracking=2",
    "evaluation.examples=0",
    "evaluation.epsilons=[0,0.01]",
    "runtime.device=cpu",
    "runtime.threads=1",
)


def settings(*values: str) -> list[str]:
    return [part for value in values for part in ("--set", value)]


def sizes(card: dict) -> dict[str, int]:
    return {split["name"]: split["count"] for split in card["splits"]}


def check(card: dict, case: Case) -> None:
    """Hold the card against what is right; splits that the folder lacks are drawn from training."""
    train, validation, test = case.counts
    found = sizes(card)
    assert tuple(card["class_names"]) == case.classes
    assert sum(found.values()) == train + validation + test
    assert found["test"] == test or not test
    assert found["validation"] == validation or not validation
    notes = "\n".join(card["notes"])
    assert [line for line in case.lines if line not in notes] == []


@pytest.mark.parametrize("case", [*FIELD, *FURTHER], ids=str)
def test_dataset_of_a_folder(case: Case, tmp_path, answer):
    root = plant(tmp_path / "set", case.groups)
    chosen = settings(
        "data.image_size=8", *(f"data.{name}={value}" for name, value in case.settings.items())
    )
    card = answer("dataset", f"folder:{root}", *chosen)
    check(card, case)
    images = sum(sizes(card).values()) + sum(row["images"] for row in card["left_out"])
    assert images == sum(
        count
        for path, count in case.groups.items()
        if not path.endswith((".svg", ".HEIC", "/", "notes")) and is_there(path)
    )


def is_there(path: str) -> bool:
    """Whether a file of a group is a person's own, and not what a system put there."""
    return not any(
        part in path for part in ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", "/._")
    )


@pytest.mark.parametrize("case", FIELD, ids=str)
def test_dataset_of_a_zip(case: Case, tmp_path, answer):
    card = answer(
        "dataset",
        f"folder:{pack(tmp_path / 'set.zip', case.groups)}",
        *settings("data.image_size=8"),
    )
    lines = [
        line for line in case.lines if "other files" not in line and "everything lies" not in line
    ]
    check(card, Case(case.name, {}, case.classes, case.counts, lines))


@pytest.mark.parametrize("case", FIELD, ids=str)
def test_run_on_a_folder(case: Case, tmp_path, answer, store):
    root = plant(tmp_path / "set", case.groups)
    report = answer("run", *settings(f"data.dataset=folder:{root}", *TINY))
    assert report["status"] == "finished"
    events = read_events(store.engine, report["run_id"], kinds=["log"])
    log = "\n".join(str(value) for event in events for value in event.payload.values())
    assert [line for line in case.lines if line not in log] == []
    if case.counts[2]:
        assert report["curve"][0]["n"] == case.counts[2]


@pytest.mark.parametrize("case", ASKED, ids=str)
def test_what_is_asked_is_one_line(case: Case, tmp_path, call, store, monkeypatch):
    monkeypatch.setattr("rft_core.worker.submit.ensure_worker", lambda home: pytest.fail("queued"))
    root = plant(tmp_path / "set", case.groups)
    chosen = settings(*(f"data.{name}={value}" for name, value in case.settings.items()))
    for command in (
        ["dataset", f"folder:{root}"],
        ["submit", *settings(f"data.dataset=folder:{root}")],
    ):
        code, output, error = call(*command, *chosen)
        assert (code, output) == (2, "")
        assert case.asks in error.replace("\n", " ")
    assert store.records() == []


@pytest.mark.parametrize("case", [case for case in ASKED if not case.settings], ids=str)
def test_an_upload_that_no_run_can_use_leaves_nothing(case: Case, tmp_path, home):
    content = io.BytesIO(pack(tmp_path / "set.zip", case.groups).read_bytes())
    if (
        "layout" in case.asks
        or "may be" in case.asks
        or case.name
        in (
            "a copy inside",
            "train among folders of folders",
            "splits in one class",
            "split domains",
        )
    ):
        # a setting decides, so it stays
        assert unpack_dataset(content, "set.zip", home).kept > 0
        return
    with pytest.raises(DataError):
        unpack_dataset(content, "set.zip", home)
    assert list_uploads(find_home()) == []


def test_what_an_archive_lost_is_told_by_the_run(tmp_path, answer):
    groups = two("set/", 6) | {"set/stripes/*.svg": 4, "set/readme.txt": 1, "set/.old/*.png": 2}
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, content in files(groups).items():
            archive.writestr(name, content)
        archive.mkdir("set/empty")
    notes = answer("dataset", f"folder:{tmp_path / 'set.zip'}", *settings("data.image_size=8"))[
        "notes"
    ]
    assert notes[0].startswith(
        "5 files of set.zip were left out (4 .svg, 1 .txt are not read as images)"
    )
    assert (
        notes[1]
        == "2 folders of set.zip hold no image that is read: set/empty (no file); set/stripes (4"
        " .svg)"
    )
    assert (
        notes[2] == "2 images of set.zip are hidden by a dot in front of a name, and were left out"
    )
    (folder,) = list_uploads(find_home())
    assert (
        answer("dataset", f"folder:{folder}", *settings("data.image_size=8"))["notes"][:3]
        == notes[:3]
    )


def test_layout_is_for_folders(call):
    code, _, error = call(
        "dataset", "digits", *settings("data.layout=classes", "data.image_size=8")
    )
    assert code == 2
    assert "data.layout is classes, but digits is not a folder of images" in error
