"""Everything that leaves a home says which version of the program wrote it; what was written before
there was one still opens.
"""

import json
import zipfile

from rft_core.bundles.incoming import import_bundle
from rft_core.bundles.outgoing import export_bundle
from rft_core.engine.execution import execute
from rft_core.engine.reporter import FolderReporter
from rft_core.files.home import Home
from rft_core.files.version import VERSION
from rft_core.recordings.making import record_runs
from rft_core.recordings.reading import RECORDED, read_card, read_recording
from rft_core.report.files.export import export_runs
from rft_core.store.run_store import RunStore
from tests import tiny
from tests.unit.bundles.rewriting import manifest_of, members, write
from tests.unit.report.stored import stored


def other_home(tmp_path) -> RunStore:
    root = tmp_path / "other"
    (root / "runs").mkdir(parents=True)
    return RunStore(Home(root, f"sqlite:///{root / 'rft.db'}"))


def test_a_bundle(store, tmp_path):
    run_id = stored(store).run_id
    path = tmp_path / "runs.zip"
    export_bundle(store, [run_id], path)
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("manifest.json"))["program"] == VERSION
    other = other_home(tmp_path)
    import_bundle(other, path)
    assert other.get(run_id).report["curve"] == store.get(run_id).report["curve"]


def test_a_bundle_of_before_there_were_versions(store, tmp_path):
    run_id = stored(store).run_id
    export_bundle(store, [run_id], tmp_path / "new.zip")
    files = members(tmp_path / "new.zip")
    assert "program" not in manifest_of(files)
    other = other_home(tmp_path)
    import_bundle(other, write(tmp_path / "old.zip", files))
    assert other.get(run_id).report["curve"] == store.get(run_id).report["curve"]


def test_a_report(tmp_path):
    report = execute(tiny.run_spec(), FolderReporter(tmp_path)).as_dict()
    assert report["version"] == VERSION


def test_exports(store, tmp_path):
    run_id = stored(store).run_id
    export_runs(store, [run_id], "json", tmp_path / "runs.json", "")
    document = json.loads((tmp_path / "runs.json").read_text())
    assert document["versions"]["rft-lab"] == VERSION
    export_runs(store, [run_id], "html", tmp_path / "runs.html", "")
    assert f"rft-lab {VERSION}" in (tmp_path / "runs.html").read_text()


def test_recordings_of_before_there_were_versions():
    """The ones that come with the program."""
    names = read_card(RECORDED)
    assert names
    for name in names:
        if name.endswith(".json.gz"):
            recording = read_recording(name.removesuffix(".json.gz"))
            assert recording.report["curve"]
            assert recording.versions["torch"]


def test_a_recording(store, tmp_path):
    record = stored(store, "mine")
    record_runs(store, [record.run_id], tmp_path / "kept", 0, save_gallery=None)
    recording = read_recording("mine", tmp_path / "kept")
    assert recording.versions["rft-lab"] == VERSION
