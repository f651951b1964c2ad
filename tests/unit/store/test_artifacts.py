"""rft_core.store.artifacts: files of a run, with size and checksum."""

import hashlib

from rft_core.spec.run_spec import RunSpec
from rft_core.store.artifacts import Artifact, list_artifacts, register_artifact, remove_folder


def write(store, run_id, name, content, kind):
    folder = store.folder(run_id)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return register_artifact(store.engine, run_id, folder, path, kind)


def test_a_file_is_known_by_path_size_and_checksum(store):
    run_id = store.submit(RunSpec())
    record = write(store, run_id, "examples/1.npz", b"hello", "examples")
    assert record == Artifact("examples/1.npz", "examples", 5, hashlib.sha256(b"hello").hexdigest())
    assert list_artifacts(store.engine, run_id) == [record]


def test_a_new_version_replaces_the_record(store):
    run_id = store.submit(RunSpec())
    write(store, run_id, "checkpoint", b"one", "checkpoint")
    newer = write(store, run_id, "checkpoint", b"three", "checkpoint")
    assert list_artifacts(store.engine, run_id) == [newer]


def test_by_kind_and_by_run(store):
    run_id, other = store.submit(RunSpec()), store.submit(RunSpec())
    write(store, run_id, "b", b"1", "weights")
    write(store, run_id, "a", b"2", "verdicts")
    assert [artifact.path for artifact in list_artifacts(store.engine, run_id)] == ["a", "b"]
    assert [artifact.path for artifact in list_artifacts(store.engine, run_id, "weights")] == ["b"]
    assert list_artifacts(store.engine, other) == []


def test_a_link_out_of_the_folder_is_removed_and_what_it_leads_to_is_not(tmp_path):
    kept, folder = tmp_path / "kept", tmp_path / "run"
    for place in (kept, folder / "examples"):
        place.mkdir(parents=True)
        (place / "file").write_bytes(b"x")
    (folder / "out").symlink_to(kept)
    (folder / "gone").symlink_to(tmp_path / "nothing")
    remove_folder(folder)
    assert not folder.exists()
    assert (kept / "file").read_bytes() == b"x"
