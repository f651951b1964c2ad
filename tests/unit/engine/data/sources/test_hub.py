"""rft_core.engine.data.sources.hub: datasets of the hub from folders laid out like one, and from a
small hub on this machine.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import datasets
import pytest
from datasets import ClassLabel, Features
from huggingface_hub import constants
from PIL import Image

from rft_core.engine.data.dataset import Request
from rft_core.engine.data.reading.hub_tables import list_tables
from rft_core.engine.data.sources import hub
from rft_core.engine.data.sources.hub import REPOSITORIES, cache, hub_in, load, read_tables
from rft_core.errors import DataError
from rft_core.resources.datasets import is_downloaded
from rft_core.spec import catalog
from tests.unit.engine.data.fake_hub import COMMIT, serve
from tests.unit.engine.data.reading.test_hub_tables import png, table

CHECKOUT = Path(__file__).parents[5]
CARD = """---
dataset_info:
  features:
  - name: image
    dtype: image
  - name: label
    dtype:
      class_label:
        names:
          '0': cat
          '1': dog
  splits:
  - name: train
    num_examples: 6
    num_bytes: 0
  - name: test
    num_examples: 4
    num_bytes: 0
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
  - split: test
    path: data/test-*
---
"""


def write_parquet(folder: Path) -> Path:
    """A dataset as the hub keeps it: two shards of train, one of test, and a card."""
    (folder / "data").mkdir(parents=True)
    features = Features({"image": datasets.Image(), "label": ClassLabel(names=["cat", "dog"])})
    for name, first, count in (
        ("train-00000-of-00002", 0, 3),
        ("train-00001-of-00002", 3, 3),
        ("test-00000-of-00001", 100, 4),
    ):
        rows = range(first, first + count)
        shard = datasets.Dataset.from_dict(
            {"image": [png(row) for row in rows], "label": [row % 2 for row in rows]}, features
        )
        shard.to_parquet(str(folder / "data" / f"{name}.parquet"))
    (folder / "README.md").write_text(CARD)
    return folder


@pytest.fixture(autouse=True)
def _quiet():
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def test_a_dataset_in_parquet(tmp_path):
    lines = []
    found = list_tables(
        "x/y",
        read_tables(str(write_parquet(tmp_path / "set")), None, tmp_path / "cache", lines.append),
    )
    assert found.class_names == ("cat", "dog")
    assert [found.train.read(row).getpixel((0, 0)) for row in range(6)] == list(range(6))
    assert found.train.labels.tolist() == [0, 1] * 3
    assert [found.test.read(row).getpixel((0, 0)) for row in range(4)] == [100, 101, 102, 103]
    again = list_tables(
        "x/y", read_tables(str(tmp_path / "set"), None, tmp_path / "cache", lines.append)
    )
    assert again.fingerprint == found.fingerprint


def test_a_dataset_of_image_files(tmp_path):
    for split, count in (("train", 3), ("validation", 2)):
        for name in ("cat", "dog"):
            for number in range(count):
                path = tmp_path / "set" / split / name / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("L", (4, 4), 50 + number).save(path)
    found = list_tables("x/y", read_tables(str(tmp_path / "set"), None, tmp_path / "cache", print))
    assert found.class_names == ("cat", "dog")
    assert found.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert [found.train.read(row).getpixel((0, 0)) for row in range(3)] == [50, 51, 52]
    assert (found.validation, len(found.test)) == (None, 4)


def test_it_says_that_it_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "NOTIFY_SECONDS", 0.05)
    monkeypatch.setattr(datasets, "load_dataset", lambda *args, **kwargs: time.sleep(0.3))
    (tmp_path / "file").write_bytes(bytes(2_000_000))
    lines = []
    read_tables("x/y", None, tmp_path, lines.append)
    assert lines[0] == "loading x/y: 2 MB of the hub's datasets are here"


def test_a_timeout_of_the_library_is_not_an_endless_loop(tmp_path, monkeypatch):
    def fails(*args, **kwargs):
        raise TimeoutError("too slow")

    monkeypatch.setattr(datasets, "load_dataset", fails)
    with pytest.raises(TimeoutError, match="too slow"):
        read_tables("x/y", None, tmp_path, print)


@pytest.mark.parametrize(
    "name",
    ["cifar10", "parquet", "", "a/b/c", "a/b@", "../b/c", "https://huggingface.co/a/b", "a/b c"],
)
def test_a_name_that_is_not_of_the_hub(home, name):
    with pytest.raises(DataError, match="does not name a dataset of the hub; write hf:OWNER/NAME"):
        load(name, Request(image_size=8))


def test_a_folder_of_that_name_is_not_taken_for_it(home, tmp_path, monkeypatch):
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="'owner/name' is also a file or folder here"):
        load("owner/name", Request(image_size=8))


def test_without_a_network(home, monkeypatch):
    monkeypatch.setattr(hub, "is_reachable", lambda: False)
    started = time.monotonic()
    with pytest.raises(
        DataError,
        match=(
            "owner/name was not loaded on this machine before, and the Hugging Face hub cannot be"
            " reached; .*blooms_hard"
        ),
    ):
        load("owner/name", Request(image_size=8))
    assert time.monotonic() - started < 10
    assert not is_downloaded(home, "hf:owner/name")


def test_what_the_library_says_is_passed_on(home, monkeypatch):
    def fails(*args, **kwargs):
        raise RuntimeError("Dataset scripts are no longer supported, but found name.py\nmore")

    monkeypatch.setattr(hub, "is_reachable", lambda: True)
    monkeypatch.setattr(datasets, "load_dataset", fails)
    with pytest.raises(
        DataError,
        match=(
            r"owner/name cannot be loaded .* \(Dataset scripts are no longer supported, but found"
            r" name.py\); check its name"
        ),
    ):
        load("owner/name", Request(image_size=8))


@pytest.mark.parametrize("offline", [False, True])
def test_the_libraries_settings_are_restored(home, offline):
    def settings():
        return (
            constants.HF_HUB_CACHE,
            constants.HF_HUB_OFFLINE,
            datasets.config.HF_HUB_OFFLINE,
            datasets.are_progress_bars_disabled(),
        )

    def fail_inside():
        with hub_in(home, offline=offline):
            assert settings() == (str(cache(home) / "hub"), offline, offline, True)
            raise ZeroDivisionError

    before = settings()
    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert settings() == before


@pytest.mark.parametrize(
    "row", [row for row in catalog.DATASETS if row.name in REPOSITORIES], ids=lambda row: row.name
)
def test_the_rows_of_the_menu(row, home, monkeypatch):
    asked = []

    def fetch(place, home, notify):
        asked.append(place)
        return {"train": table([0, 1, 2] * 10), "test": table([0, 1, 2])}

    monkeypatch.setattr(hub, "fetch_tables", fetch)
    monkeypatch.setattr(hub, "decode", lambda listing, request: listing)
    found = row.load()(row.name, Request(image_size=8))
    assert asked == [REPOSITORIES[row.name]]
    assert row.source.endswith(f"hub: {asked[0]}")
    assert found.name == row.name
    # the papers' split where it is a rule
    assert (len(found.validation) if found.validation else None) == (
        9 if row.name == "cub200" else None
    )
    assert is_downloaded(home, row.name)


STORY = """
import sys
from rft_core.engine.data.sources import hub
from rft_core.engine.data.dataset import Request
hub.decode = lambda listing, request: listing
for line in sys.stdin:
    found = hub.load("owner/name", Request(image_size=8))
    print(found.class_names, [found.train.read(row).getpixel((0, 0)) for row in range(len(found.train))], found.fingerprint, flush=True)
"""


def test_loaded_from_a_hub_once_it_needs_no_network(tmp_path, home):
    """In another process: the libraries read the hub's address when they are imported."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("HF_")
    }
    settings = {
        "HF_HOME": str(tmp_path / "user"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    with serve("owner/name", write_parquet(tmp_path / "set")) as server:
        settings["HF_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
        child = subprocess.Popen(
            [sys.executable, "-c", STORY],
            cwd=CHECKOUT,
            env=clean | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first = load_once(child)
        asked = len(server.asked)
        assert any("train-00001-of-00002.parquet" in line for line in server.asked)
    assert first.startswith("('cat', 'dog') [0, 1, 2, 3, 4, 5] ")
    started = time.monotonic()
    assert load_once(child) == first
    assert time.monotonic() - started < 20
    assert len(server.asked) == asked
    _, messages = child.communicate()
    assert child.returncode == 0
    # no progress bar in the worker's log
    assert "%|" not in messages
    assert list((cache(home) / "hub").rglob(f"snapshots/{COMMIT}/data/*.parquet"))
    assert not [
        path for kind in ("parquet", "arrow") for path in (tmp_path / "user").rglob(f"*.{kind}")
    ]
    assert is_downloaded(home, "hf:owner/name")


def load_once(child: subprocess.Popen) -> str:
    """Let the other process load the dataset; return what it found."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("load\n")
    child.stdin.flush()
    line = child.stdout.readline()
    assert line, child.communicate()[1][-2000:]
    return line
