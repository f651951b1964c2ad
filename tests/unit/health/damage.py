"""Damage a home, and look at what a repair says and does."""

import json
import os
import time
from pathlib import Path

import torch

from rft_core.engine.models.run_checkpoint import write_tensors
from rft_core.files.home import Home
from rft_core.files.run_files import PREVIOUS_CHECKPOINT
from rft_core.health.repair import repair_home, survey
from rft_core.store.artifacts import register_artifact
from rft_core.store.run_store import RunStore

LONG_AGO = time.time() - 7 * 24 * 3600


def repaired(home: Home) -> list[tuple[str, str]]:
    """(kind, subject) of what was repaired; whatever was left says why."""
    found = repair_home(home)
    assert all(not reason or finding.act is None for finding, reason in found), found
    return [(finding.kind, finding.subject) for finding, reason in found if not reason]


def findings(home: Home) -> list[tuple[str, str]]:
    return [(finding.kind, finding.subject) for finding in survey(home) if finding.act]


def keep(store: RunStore, run_id: str, name: str, kind: str = "weights") -> Path:
    path = store.folder(run_id) / name
    write_tensors(
        path,
        {"a": torch.arange(40.0), "b.weight": torch.ones(3, dtype=torch.bfloat16)},
        {"progress": json.dumps({"step": 1, "tracked": []})},
    )
    # the engine records no previous checkpoint
    if name != PREVIOUS_CHECKPOINT:
        register_artifact(store.engine, run_id, store.folder(run_id), path, kind)
    return path


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def age(path: Path) -> None:
    for entry in [*path.rglob("*"), path]:
        os.utime(entry, (LONG_AGO, LONG_AGO))
