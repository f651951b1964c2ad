"""rft_core.spec.setting_paths and run_paths: a stored spec holds absolute paths, from whichever
folder it was asked for.
"""

import json
import os
from pathlib import Path

import pytest

from rft_core.bundles.contents import fingerprint, run_document
from rft_core.bundles.incoming import import_bundle
from rft_core.bundles.outgoing import export_bundle
from rft_core.errors import DataError, SettingError
from rft_core.files.home import Home, find_home
from rft_core.spec.arguments import build_spec
from rft_core.spec.links import link_items, read_items
from rft_core.spec.run_paths import gone_paths, settle_paths
from rft_core.spec.run_spec import (
    RunSpec,
    absolute_spec,
    differences,
    parse,
    setting_names,
    spec_hash,
    with_settings,
)
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.events import read_events
from rft_core.store.run_store import RunStore, open_store
from rft_core.store.schema import runs


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """The current folder, with a folder of images and a file of weights; also the user's home
    folder is below tmp_path.
    """
    folder = tmp_path / "a"
    (folder / "photos").mkdir(parents=True)
    (folder / "weights.pt").touch()
    (folder / "table.csv").touch()
    (tmp_path / "ada").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "ada"))
    monkeypatch.chdir(folder)
    return folder


def put_spec(store: RunStore, run_id: str, **paths: str) -> None:
    """Write a run's paths as an earlier version did: as they were typed."""
    raw = json.loads(RunSpec().to_json())
    for name, value in paths.items():
        section, leaf = name.split("__")
        raw[section][leaf] = value
    with store.engine.begin() as connection:
        connection.execute(
            runs.update().where(runs.c.run_id == run_id).values(spec=json.dumps(raw))
        )


CASES = [
    ("data.dataset", "folder:photos", "folder:{here}/photos"),
    ("data.dataset", "folder:./photos/", "folder:{here}/photos"),
    ("data.dataset", "folder:../a/photos", "folder:{here}/photos"),
    ("data.dataset", "folder:.", "folder:{here}"),
    ("data.dataset", "folder:~/photos", "folder:{home}/photos"),
    ("data.dataset", "folder:photos.zip", "folder:{here}/photos.zip"),
    ("data.dataset", "csv:table.csv", "csv:{here}/table.csv"),
    ("data.dataset", "folder:/data/photos", "folder:/data/photos"),
    ("data.dataset", "folder:my photos/été", "folder:{here}/my photos/été"),
    ("data.dataset", "hf:owner/name", "hf:owner/name"),
    ("data.dataset", "digits", "digits"),
    ("model.checkpoint", "weights.pt", "{here}/weights.pt"),
    ("model.checkpoint", "~/w/best.pth", "{home}/w/best.pth"),
    ("model.checkpoint", "../a/weights.pt", "{here}/weights.pt"),
    ("model.checkpoint", None, None),
]


@pytest.mark.parametrize(
    ("setting", "value", "expected"), CASES, ids=[f"{value}" for _, value, _ in CASES]
)
class TestAbsolute:
    def stored(self, here: Path, expected: str | None) -> str | None:
        return expected and expected.format(here=here, home=Path.home())

    def test_from_settings(self, here, setting, value, expected):
        section, leaf = setting.split(".")
        spec = with_settings(RunSpec(), {setting: value})
        assert getattr(getattr(spec, section), leaf) == self.stored(here, expected)
        assert parse({section: {leaf: value}}) == spec
        assert parse(spec.to_json()) == spec
        assert build_spec(None, None, [f"{setting}={value or ''}"]) == spec

    def test_from_a_spec_file_in_another_folder(self, here, tmp_path, setting, value, expected):
        section, leaf = setting.split(".")
        (tmp_path / "spec.json").write_text(json.dumps({section: {leaf: value}}))
        spec = build_spec(None, tmp_path / "spec.json", None)
        assert getattr(getattr(spec, section), leaf) == self.stored(here, expected)

    def test_what_is_stored(self, here, store, setting, value, expected):
        section, leaf = setting.split(".")
        # made without parse, as a script may
        raw = RunSpec().model_dump()
        raw[section][leaf] = value
        spec = store.get(store.submit(RunSpec.model_validate(raw))).spec
        assert getattr(getattr(spec, section), leaf) == self.stored(here, expected)


def test_dots_after_a_link_lead_where_the_system_says(here, tmp_path):
    (tmp_path / "elsewhere" / "inner").mkdir(parents=True)
    (here / "link").symlink_to(tmp_path / "elsewhere" / "inner")
    spec = with_settings(RunSpec(), {"data.dataset": "folder:link/../photos"})
    assert spec.data.dataset == f"folder:{tmp_path}/elsewhere/photos"
    # a link alone stays, as it may be led to another place on purpose
    assert (
        with_settings(RunSpec(), {"data.dataset": "folder:link"}).data.dataset
        == f"folder:{here}/link"
    )


def test_what_cannot_be_told_is_said(here, tmp_path, monkeypatch):
    with pytest.raises(
        SettingError, match="data.dataset begins with ~nobodyatall, and there is no such user here"
    ):
        with_settings(RunSpec(), {"data.dataset": "folder:~nobodyatall/photos"})
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    os.rmdir(tmp_path / "gone")
    with pytest.raises(SettingError, match="is a relative path, and the current folder is gone"):
        with_settings(RunSpec(), {"model.checkpoint": "weights.pt"})
    assert with_settings(RunSpec(), {"model.checkpoint": "/w.pt"}).model.checkpoint == "/w.pt"


def test_other_settings_do_not_touch_the_stored_path(here):
    """A worker changes the device of a run; the relative path of an earlier version
    is not its folder's.
    """
    stored = parse_stored({"data": {"dataset": "folder:photos"}})
    assert stored.data.dataset == "folder:photos"
    assert with_settings(stored, {"runtime.device": "cpu"}).data.dataset == "folder:photos"


class TestCompared:
    def test_two_ways_to_write_one_path_are_no_difference(self, here):
        typed = [
            parse_stored({"data": {"dataset": f"folder:{path}"}})
            for path in ("~/photos", f"{Path.home()}/photos/", f"{Path.home()}/x/../photos")
        ]
        assert differences(typed) == {}
        other = parse_stored({"data": {"dataset": "folder:~/others"}})
        assert differences([typed[0], other]) == {
            "data.dataset": ["folder:~/photos", "folder:~/others"]
        }

    def test_the_hash_is_that_of_what_people_write(self, here):
        typed = parse_stored({"data": {"dataset": "folder:~/photos"}})
        assert spec_hash(typed) == spec_hash(absolute_spec(typed))
        assert spec_hash(typed) != spec_hash(parse_stored({"data": {"dataset": "folder:~/others"}}))


class TestPassedOn:
    def test_a_link_leads_every_reader_to_their_own_home(self, here, tmp_path, monkeypatch):
        spec = with_settings(
            RunSpec(), {"data.dataset": "folder:~/photos", "model.checkpoint": "~/w.pt"}
        )
        items = link_items(spec, RunSpec())
        assert items == ["data.dataset:folder:~/photos", "model.checkpoint:~/w.pt"]
        assert read_items(items, RunSpec(), setting_names()) == (spec, [])
        monkeypatch.setenv("HOME", str(tmp_path / "bob"))
        theirs, _ = read_items(items, RunSpec(), setting_names())
        assert theirs.data.dataset == f"folder:{tmp_path}/bob/photos"

    def test_a_link_to_data_elsewhere_holds_the_whole_path(self, here):
        assert link_items(
            with_settings(RunSpec(), {"data.dataset": "folder:/data/x"}), RunSpec()
        ) == ["data.dataset:folder:/data/x"]

    def test_a_bundle_names_no_home_folder_and_comes_in_again(
        self, here, store, tmp_path, monkeypatch
    ):
        run_id = store.submit(
            with_settings(
                RunSpec(), {"data.dataset": "folder:~/photos", "model.checkpoint": "~/w.pt"}
            )
        )
        store.request(run_id, "stop")
        document = run_document(store.get(run_id), [])
        assert str(Path.home()) not in json.dumps(document["spec"])
        export_bundle(store, [run_id], tmp_path / "run.zip")
        assert import_bundle(store, tmp_path / "run.zip")["runs"][0]["outcome"] == "already here"
        # with another person it stands for their own home folder
        (tmp_path / "bob" / "photos").mkdir(parents=True)
        monkeypatch.setenv("HOME", str(tmp_path / "bob"))
        theirs = open_store(find_home(tmp_path / "their home"))
        import_bundle(theirs, tmp_path / "run.zip")
        settled, note = settle_paths(theirs.get(run_id).spec, run_id, ["data.dataset"])
        assert (settled.data.dataset, note) == (f"folder:{tmp_path}/bob/photos", "")

    def test_a_bundle_of_an_earlier_version_is_the_same_run(self, here, store):
        run_id = store.submit(RunSpec())
        for paths in (
            {"data__dataset": "folder:~/photos"},
            {"data__dataset": f"folder:{Path.home()}/photos"},
        ):
            put_spec(store, run_id, **paths)
            record = store.get(run_id)
            found = fingerprint(run_document(record, []), record.spec, b"", {})
            earlier = parse_stored(
                {
                    "data": {"dataset": "folder:~/photos"},
                    "evaluation": {"attack": record.spec.evaluation.attack},
                }
            )
            assert found == fingerprint(run_document(record, []), earlier, b"", {})


class TestGone:
    def test_name_value_and_way_out(self, here):
        spec = with_settings(
            RunSpec(), {"data.dataset": "folder:nowhere", "model.checkpoint": "gone.pt"}
        )
        first, second = gone_paths(spec, "RUN")
        assert (
            f"data.dataset is 'folder:{here}/nowhere', and there is no folder or zip"
            f" '{here}/nowhere'" in first
        )
        assert "python -m rft_core relocate RUN data.dataset=folder:PATH" in first
        assert f"model.checkpoint is '{here}/gone.pt', and there is no file" in second
        assert "relocate RUN model.checkpoint=PATH" in second

    @pytest.mark.parametrize("value", ["folder:photos", "csv:table.csv"])
    def test_what_is_there_is_not_gone(self, here, value):
        assert (
            gone_paths(
                with_settings(RunSpec(), {"data.dataset": value, "model.checkpoint": "weights.pt"}),
                "RUN",
            )
            == []
        )

    def test_a_path_of_any_length_is_named_whole(self, here):
        long = "/".join(["folder"] * 60)
        (message,) = gone_paths(with_settings(RunSpec(), {"data.dataset": f"folder:{long}"}), "RUN")
        assert f"{here}/{long}" in message


class TestEarlierVersions:
    def test_a_relative_path_is_readable_and_resolved_where_it_can_be(self, here, store):
        run_id = store.submit(RunSpec())
        put_spec(store, run_id, data__dataset="folder:photos", model__checkpoint="weights.pt")
        store.request(run_id, "stop")
        assert store.get(run_id).spec.data.dataset == "folder:photos"
        record = store.resume(run_id)
        assert record.spec.data.dataset == f"folder:{here}/photos"
        assert record.spec.model.checkpoint == f"{here}/weights.pt"
        assert record.reason.startswith(
            f"data.dataset was the relative path 'folder:photos', taken as 'folder:{here}/photos'"
        )
        assert (
            "data.dataset was 'folder:photos'"
            in read_events(store.engine, run_id)[-1].payload["text"]
        )

    @pytest.mark.parametrize("value", ["folder:others", "csv:others.csv", "folder:~nobodyatall/x"])
    def test_elsewhere_it_is_said(self, here, store, value):
        run_id = store.submit(RunSpec())
        put_spec(store, run_id, data__dataset=value)
        store.request(run_id, "stop")
        with pytest.raises(
            DataError,
            match=(
                rf"data.dataset is '{value}', and there is no .* below .*relocate {run_id}"
                r" data.dataset="
            ),
        ):
            store.resume(run_id)
        assert store.get(run_id).status == "stopped"


def test_the_address_of_a_store_does_not_depend_on_the_folder(here, tmp_path, monkeypatch):
    for url, expected in (
        ("sqlite:///runs.db", f"sqlite:///{here}/runs.db"),
        ("sqlite:////data/runs.db", "sqlite:////data/runs.db"),
        ("postgresql://host/runs", "postgresql://host/runs"),
        ("sqlite://", "sqlite://"),
    ):
        monkeypatch.setenv("RFT_STORE", url)
        assert find_home(tmp_path / "home") == Home(tmp_path / "home", expected)
