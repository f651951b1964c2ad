"""rft_core.health.run_files_check: a checkpoint that is damaged, newer than its record, or gone."""

import json

import pytest
import torch

from rft_core.engine.models.run_checkpoint import read_tensors, write_tensors
from rft_core.files.run_files import CHECKPOINT, PREVIOUS_CHECKPOINT
from rft_core.health.repair import repair_home
from rft_core.store.artifacts import list_artifacts
from rft_core.store.checkpoint_check import is_intact
from rft_core.store.forks import fork
from tests.unit.health.damage import findings, keep, repaired, spoil


class TestCheckpoint:
    def test_every_flipped_byte_is_noticed_as_the_engine_notices_it(self, store, run_id):
        path = keep(store, run_id, CHECKPOINT, "checkpoint")
        good = path.read_bytes()
        assert is_intact(path)
        begin = good.index(b"}}", good.index(b"data_offsets"))
        assert begin < len(good) - 166
        for place in range(len(good) - 166, len(good), 7):
            path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
            assert not is_intact(path)
        for length in (0, 7, 40, len(good) - 1):
            path.write_bytes(good[:length])
            assert not is_intact(path)
        path.write_bytes(good)
        read_tensors(path)

    def test_one_that_is_newer_than_its_record_is_recorded(self, store, run_id):
        path = keep(store, run_id, CHECKPOINT, "checkpoint")
        before = list_artifacts(store.engine, run_id)
        write_tensors(
            path, {"a": torch.zeros(40)}, {"progress": json.dumps({"step": 2, "tracked": []})}
        )
        assert repaired(store.home) == [("checkpoint", f"{run_id}/{CHECKPOINT}")]
        assert list_artifacts(store.engine, run_id) != before
        assert findings(store.home) == []

    def test_without_a_previous_one_it_is_marked_and_no_fork_takes_it(self, store, run_id):
        spoil(keep(store, run_id, CHECKPOINT, "checkpoint"))
        repair_home(store.home)
        assert [row.kind for row in list_artifacts(store.engine, run_id)] == ["damaged checkpoint"]
        with pytest.raises(Exception, match="no checkpoint"):
            fork(store, run_id, {"schedule.kind": "constant"})

    def test_a_previous_one_that_is_damaged_too_takes_no_place(self, store, run_id):
        spoil(keep(store, run_id, PREVIOUS_CHECKPOINT))
        spoil(keep(store, run_id, CHECKPOINT, "checkpoint"))
        repair_home(store.home)
        assert (store.folder(run_id) / PREVIOUS_CHECKPOINT).is_file()
        assert not (store.home.root / "orphans").exists()
