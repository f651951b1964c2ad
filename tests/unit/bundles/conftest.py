"""A run, the files of a bundle that would be taken, and the empty store of another home."""

import pytest

from rft_core.bundles.outgoing import export_bundle
from rft_core.files.home import Home
from rft_core.store.run_store import RunStore
from tests.unit.bundles.rewriting import members
from tests.unit.report.stored import stored


@pytest.fixture
def run_id(store) -> str:
    return stored(store, "one").run_id


@pytest.fixture
def files(store, run_id, tmp_path) -> dict[str, bytes]:
    """The files of a bundle that would be taken."""
    export_bundle(store, [run_id], tmp_path / "good.zip")
    return members(tmp_path / "good.zip")


@pytest.fixture
def other(tmp_path) -> RunStore:
    root = tmp_path / "other"
    (root / "runs").mkdir(parents=True)
    return RunStore(Home(root, f"sqlite:///{root / 'rft.db'}"))
