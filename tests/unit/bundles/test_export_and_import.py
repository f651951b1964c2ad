"""rft_core.bundles on the command line and on a full disk: what is written and said."""

import json
import sys

import pytest

from rft_core import cli
from rft_core.bundles.incoming import HERE, IMPORTED, import_bundle
from rft_core.bundles.outgoing import bundle_bytes, export_bundle
from rft_core.errors import BundleError, UserError
from tests.unit.bundles.importing import whole
from tests.unit.bundles.rewriting import members


class TestWriting:
    def test_what_is_left_out_is_named(self, store, tmp_path):
        run_id = whole(store)
        folder = store.folder(run_id)
        (folder / "old.pt").write_bytes(b"x")
        (folder / "link").symlink_to("/etc/hostname")
        (folder / ".model.tmp").write_bytes(b"half")
        (folder / "launch.json").write_text("{}")
        (folder / "journal.jsonl").write_text("{}")
        (folder / "evaluations" / "1").mkdir(parents=True)
        (folder / "evaluations" / "1" / "state.json").write_text('{"pid": 1}')
        (folder / "model.safetensors").unlink()
        done = export_bundle(store, [run_id], tmp_path / "one.zip")
        assert [line.split(":")[0].rpartition("/")[2] for line in done["left_out"]] == [
            "old.pt",
            "model.safetensors",
        ]
        kept = {name.rpartition("/")[2] for name in members(tmp_path / "one.zip")}
        assert kept == {"run.json", "events.jsonl", "verdicts.npz"}

    def test_a_file_that_is_there_is_not_overwritten(self, store, tmp_path):
        (tmp_path / "one.zip").write_text("mine")
        with pytest.raises(UserError, match="is there already"):
            export_bundle(store, [whole(store)], tmp_path / "one.zip")
        assert (tmp_path / "one.zip").read_text() == "mine"

    def test_a_full_disk_leaves_nothing(self, store, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("rft_core.bundles.outgoing._Packing.finish", full)
        with pytest.raises(BundleError, match="No space left"):
            export_bundle(store, [whole(store)], tmp_path / "place" / "one.zip")
        assert list((tmp_path / "place").iterdir()) == []

    def test_the_bytes_for_a_download_are_a_bundle(self, store, other, tmp_path):
        run_id = whole(store)
        (tmp_path / "got.zip").write_bytes(bundle_bytes(store, run_id))
        assert import_bundle(other, tmp_path / "got.zip")["runs"][0]["outcome"] == IMPORTED


class TestCommands:
    @pytest.fixture
    def call(self, store, monkeypatch, capsys):
        def run(*arguments: str) -> tuple[int, str, str]:
            monkeypatch.setattr(sys, "argv", ["rft_core", *arguments])
            with pytest.raises(SystemExit) as ended:
                cli.main()
            return ended.value.code or 0, *capsys.readouterr()

        return run

    def test_export_and_import(self, store, call, tmp_path):
        run_id = whole(store)
        code, output, error = call(
            "export", run_id, "--bundle", str(tmp_path / "one.zip"), "--json"
        )
        assert code == 0, error
        assert json.loads(output)["runs"] == [run_id]
        store.delete(run_id)
        code, output, _ = call("import", str(tmp_path / "one.zip"), "--json")
        assert (code, json.loads(output)["runs"][0]["outcome"]) == (0, IMPORTED)
        code, output, _ = call("import", str(tmp_path / "one.zip"))
        assert (code, output) == (0, f"{run_id} (one): {HERE}\n")
        assert (
            call("export", "--home", str(tmp_path / "home.zip"), "--without-datasets", "--json")[0]
            == 0
        )

    @pytest.mark.parametrize(
        "arguments",
        [
            ("export",),
            ("export", "--bundle", "x.zip"),
            ("export", "one", "--home", "x.zip"),
            ("export", "one", "--home", "x.zip", "--bundle", "y.zip"),
            ("import", "nowhere.zip"),
        ],
    )
    def test_a_mistake_is_one_line(self, call, arguments):
        code, output, error = call(*arguments)
        assert (code, output) == (2, "")
        assert error.startswith("error: ")
        assert error.count("\n") == 1
