"""Shared by the tests of the commands: runs are executed by a stand-in for the engine."""

import pytest

from rft_core.cli import engine
from rft_core.worker.loop import Engine

FAKE = "tests.unit.worker.fake_engine"


@pytest.fixture
def fake(monkeypatch):
    """Runs are executed by a stand-in for the engine."""
    monkeypatch.setattr(engine, "EXECUTE", f"{FAKE}:finish")
    monkeypatch.setattr(engine, "ENGINE", Engine(f"{FAKE}:finish"))
    monkeypatch.setattr("rft_core.worker.submit.ensure_worker", lambda home: True)
