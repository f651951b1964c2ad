"""Runs to bundle, and what an import that is refused must leave as it was."""

import io
from pathlib import Path

import pytest

from rft_core.bundles.incoming import import_bundle
from rft_core.errors import BundleError
from rft_core.files.home import Home
from rft_core.store.artifacts import register_artifact
from rft_core.store.run_store import RunStore
from tests.unit.report.stored import stored


def snapshot(home: Home) -> set[str]:
    return {
        path.relative_to(home.root).as_posix()
        for path in home.root.rglob("*")
        if not path.name.startswith("rft.db") and path.name != "import.lock"
    }


def refused(other: RunStore, path: Path | io.BytesIO, words: str) -> None:
    """Importing raises with `words` in the message, one line, and leaves the home as it was."""
    before = snapshot(other.home)
    with pytest.raises(BundleError, match=words) as caught:
        import_bundle(other, path, "stranger.zip")
    assert "\n" not in str(caught.value)
    assert str(other.home.runs) not in str(caught.value)
    assert snapshot(other.home) == before
    assert other.records() == []


def whole(store: RunStore, name: str = "one", **options) -> str:
    """A stored run with a registered file."""
    record = stored(store, name, **options)
    path = store.folder(record.run_id) / "model.safetensors"
    path.write_bytes(b"weights of " + name.encode())
    register_artifact(store.engine, record.run_id, store.folder(record.run_id), path, "model")
    return record.run_id
