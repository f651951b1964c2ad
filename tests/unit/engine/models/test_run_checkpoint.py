"""rft_core.engine.models.run_checkpoint: written whole or not at all, and read back exactly."""

import pytest
import torch
from torch import nn

from rft_core.engine.models import run_checkpoint
from rft_core.engine.models.run_checkpoint import (
    load_checkpoint,
    read_tensors,
    save_checkpoint,
    write_tensors,
)
from rft_core.engine.training.optim import build_optimizer
from rft_core.errors import WeightsError
from rft_core.files.run_files import CHECKPOINT, PREVIOUS_CHECKPOINT
from rft_core.spec.sections import OptimSpec
from tests import tiny

PROGRESS = {"step": 3, "seconds": 1.5, "tracked": [{"step": 0, "clean": 0.25}], "validation": [0.1]}


def trainee(seed: int = 0, layout: torch.memory_format = torch.contiguous_format):
    model = tiny.cnn(seed=seed).to(memory_format=layout)
    return model, build_optimizer(
        model, list(model.get_submodule("backbone").children())[-1], OptimSpec()
    )


def take_step(model, optimizer, seed=0):
    images, labels = tiny.pictures(8, seed=seed)
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()


def same(first: nn.Module, second: nn.Module) -> bool:
    return all(
        torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items()
    )


# the fused optimiser walks over weights and moments in memory order: both must have the same
# layout after loading
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_round_trip(tmp_path, layout):
    model, optimizer = trainee(layout=layout)
    take_step(model, optimizer)
    save_checkpoint(tmp_path / "c", model, optimizer, PROGRESS)
    other, other_optimizer = trainee(seed=9, layout=layout)
    assert not same(model, other)
    assert load_checkpoint(tmp_path / "c", other, other_optimizer) == PROGRESS
    assert same(model, other)
    # the next step is the same only when the optimiser's moments are there too
    for pair in (model, optimizer), (other, other_optimizer):
        take_step(*pair, seed=1)
    assert same(model, other)


def test_a_checkpoint_before_the_first_step(tmp_path):
    model, optimizer = trainee()
    save_checkpoint(tmp_path / "c", model, optimizer, {"step": 0})
    other, other_optimizer = trainee(seed=9)
    assert load_checkpoint(tmp_path / "c", other, other_optimizer) == {"step": 0}
    assert same(model, other)


@pytest.mark.parametrize(
    "content", [b"", b"no safetensors", b"\x08\x00\x00\x00\x00\x00\x00\x00{bad}..."]
)
def test_a_broken_file_names_itself(tmp_path, content):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="checkpoint.safetensors cannot be read"):
        read_tensors(path)


def test_a_cut_file_names_itself(tmp_path):
    model, optimizer = trainee()
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, model, optimizer, PROGRESS)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="c.safetensors cannot be read"):
        load_checkpoint(path, model, optimizer)


def test_a_missing_file_names_itself(tmp_path):
    with pytest.raises(WeightsError, match="gone"):
        read_tensors(tmp_path / "gone")


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "c"
    write_tensors(path, {"x": torch.ones(2)}, {"a": "1"})

    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(run_checkpoint.os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        write_tensors(path, {"x": torch.zeros(2)}, {"a": "2"})
    tensors, metadata = read_tensors(path)
    assert tensors["x"].tolist() == [1, 1]
    assert metadata == {"a": "1"}
    assert [file.name for file in tmp_path.iterdir()] == ["c"]


def test_views_and_channels_last_are_written_as_they_read(tmp_path):
    weights = torch.rand(4, 3, 2, 2).to(memory_format=torch.channels_last)
    write_tensors(tmp_path / "c", {"w": weights, "t": weights[0].transpose(0, 1)}, {})
    tensors, _ = read_tensors(tmp_path / "c")
    assert torch.equal(tensors["w"], weights)
    assert torch.equal(tensors["t"], weights[0].transpose(0, 1))


def test_the_file_before_is_kept(tmp_path):
    model, optimizer = trainee()
    for step in range(3):
        save_checkpoint(tmp_path / CHECKPOINT, model, optimizer, {"step": step})
        take_step(model, optimizer)
    other, other_optimizer = trainee(seed=9)
    assert [
        load_checkpoint(path, other, other_optimizer)["step"]
        for path in run_checkpoint.checkpoints(tmp_path)
    ] == [2, 1]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [CHECKPOINT, PREVIOUS_CHECKPOINT]
    )


def test_one_changed_bit_is_found_and_nothing_is_loaded(tmp_path):
    model, optimizer = trainee()
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, model, optimizer, PROGRESS)
    content = bytearray(path.read_bytes())
    content[-5] ^= 4
    path.write_bytes(content)
    other, other_optimizer = trainee(seed=9)
    before = {name: value.clone() for name, value in other.state_dict().items()}
    with pytest.raises(WeightsError, match="c.safetensors is damaged"):
        load_checkpoint(path, other, other_optimizer)
    assert all(torch.equal(value, before[name]) for name, value in other.state_dict().items())


def test_a_file_without_progress_is_not_a_checkpoint(tmp_path):
    model, optimizer = trainee()
    write_tensors(tmp_path / "w", model.state_dict(), {})
    with pytest.raises(WeightsError, match="not a checkpoint of a run"):
        load_checkpoint(tmp_path / "w", model, optimizer)
