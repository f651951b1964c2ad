"""The command `export`: what lands where, and what it answers."""

import json
import sys
import zipfile

import pytest

from rft_core import cli
from tests.unit.report.stored import stored


@pytest.fixture
def export(store, monkeypatch, capsys, tmp_path):
    """Call `export` in an empty folder; return (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["rft_core", "export", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capsys.readouterr()

    return run


@pytest.mark.parametrize("form", ["json", "html"])
def test_one_file(store, export, tmp_path, form):
    run_id = stored(store, "a").run_id
    code, output, error = export(run_id, "--format", form, "--json")
    assert code == 0, error
    path = tmp_path / f"rft-lab-export.{form}"
    assert json.loads(output) == {
        "format": form,
        "runs": [run_id],
        "files": [{"path": path.name, "bytes": path.stat().st_size}],
    }


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_go_into_a_folder_or_an_archive(store, export, tmp_path, form):
    ids = [stored(store, name).run_id for name in "ab"]
    assert export(*ids, "--format", form, "--to", "tables")[0] == 0
    assert export(*ids, "--format", form, "--to", "deep/all.zip")[0] == 0
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert names == {
        f"{name}.{form}" for name in ("runs", "settings", "curves", "tracked", "differences")
    }
    with zipfile.ZipFile(tmp_path / "deep" / "all.zip") as archive:
        assert set(archive.namelist()) == names


def test_groups_are_drawn_in_the_report(store, export, tmp_path):
    ids = [stored(store, "a", seed=seed).run_id for seed in (0, 1)]
    assert export(*ids, "--group", "seeds")[0] == 0
    assert "Means of each group" in (tmp_path / "rft-lab-export.html").read_text()


def test_mistakes(store, export, tmp_path):
    run_id = stored(store, "a").run_id
    (tmp_path / "there.json").write_text("mine")
    for arguments, said in (
        ((run_id, "--format", "jsn"), "unknown format 'jsn', did you mean 'json'?"),
        ((run_id, "--format", "json", "--to", "there.json"), "'there.json' is there already"),
        ((run_id, "--format", "json", "--to", "there.json/x"), "cannot be written"),
        ((run_id, "--group", "seeds"), "cannot be grouped by 'seeds'"),
        (("nope",), "unknown run 'nope'"),
    ):
        code, output, error = export(*arguments)
        assert (code, output) == (2, "")
        assert said in error
    assert (tmp_path / "there.json").read_text() == "mine"
