"""A run goes on where it can: damaged checkpoints, batches that do not fit, a full
disk, weights that broke.
"""

import errno
import math

import pytest
import torch
from safetensors import SafetensorError

from rft_core.engine import execution as module
from rft_core.engine.attacks import pgd as pgd_module
from rft_core.engine.execution import execute
from rft_core.engine.models.build import build_model
from rft_core.engine.models.run_checkpoint import write_tensors
from rft_core.engine.reporter import FolderReporter
from rft_core.engine.training import full_disk
from rft_core.engine.training import step as step_module
from rft_core.errors import TrainingError
from rft_core.files.atomic import atomic_file
from rft_core.files.run_files import CHECKPOINT, PREVIOUS_CHECKPOINT
from tests import tiny
from tests.unit.engine.short_runs import TOTAL_STEPS, Interrupted, go, same_weights, weights


@pytest.mark.parametrize("also_the_one_before", [False, True])
def test_a_damaged_checkpoint_costs_steps_and_not_the_run(tmp_path, also_the_one_before):
    go(tmp_path / "whole")
    execute(tiny.run_spec(), Interrupted(tmp_path, 2))
    execute(tiny.run_spec(), Interrupted(tmp_path, 4))
    damaged = [tmp_path / CHECKPOINT] + [tmp_path / PREVIOUS_CHECKPOINT] * also_the_one_before
    for path in damaged:
        content = bytearray(path.read_bytes())
        content[-7] ^= 1
        path.write_bytes(content)
    report, reporter = go(tmp_path)
    logged = [event["text"] for event in reporter.events if event["kind"] in ("log", "resumed")]
    assert sum("is damaged" in text for text in logged) == len(damaged)
    assert (
        any("resumed from the checkpoint of step 2" in text for text in logged)
        != also_the_one_before
    )
    assert same_weights(tmp_path, tmp_path / "whole")


def test_a_batch_that_does_not_fit_is_worked_on_in_parts(tmp_path, monkeypatch):
    """The strategy freezes batch statistics, so parts must give the same step but for rounding."""
    plain, _ = go(tmp_path / "plain", strategy__kind="bitfit")
    monkeypatch.setattr(
        module,
        "free_bytes",
        lambda device: (
            module.kept_bytes(
                build_model(tiny.run_spec().model, num_classes=10, image_size=16, seed=1),
                16,
                device,
            )
            * 24
        ),
    )
    parts, reporter = go(tmp_path / "parts", strategy__kind="bitfit")
    assert any("8 are processed at a time" in event.get("text", "") for event in reporter.events)
    first, second = weights(tmp_path / "plain"), weights(tmp_path / "parts")
    assert (
        max((first[name].float() - second[name].float()).abs().max().item() for name in first)
        < 1e-3
    )
    assert plain.gradient_evaluations > 0
    assert abs(plain.curve.clean_accuracy - parts.curve.clean_accuracy) <= 0.1


def test_memory_that_runs_out_in_a_step_halves_the_batch(tmp_path, monkeypatch):
    attack = pgd_module.input_gradient

    def hungry(model, images, *rest):
        if len(images) > 9:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return attack(model, images, *rest)

    monkeypatch.setattr(pgd_module, "input_gradient", hungry)
    report, reporter = go(tmp_path)
    assert report.status == "finished"
    logged = [event["text"] for event in reporter.events if "does not fit" in event.get("text", "")]
    assert [text.split(": ")[1].split(" ")[0] for text in logged] == ["16", "8"]


def test_memory_that_is_never_enough_ends_with_a_way_out(tmp_path, monkeypatch):
    def hungry(*_):
        raise MemoryError

    monkeypatch.setattr(pgd_module, "input_gradient", hungry)
    with pytest.raises(
        TrainingError,
        match=(
            "out of memory with 2 images at a time; set runtime.checkpoint_activations to true,"
            " lower data.image_size"
        ),
    ):
        go(tmp_path, evaluation__examples=0)


def test_a_full_disk_does_not_end_training(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("rft_core.engine.training.train.save_checkpoint", full)
    report, reporter = go(tmp_path)
    assert report.status == "finished"
    assert any(
        "could not be written (No space left on device); training goes on" in event.get("text", "")
        for event in reporter.events
    )


def test_images_that_find_no_space_are_left_out_with_a_note(tmp_path, monkeypatch):
    def full(path, *_, **__):
        with atomic_file(path) as temporary:
            temporary.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("rft_core.engine.measuring.followed_images.write_arrays", full)
    report, reporter = go(tmp_path)
    assert report.status == "finished"
    assert not list((tmp_path / "examples").iterdir())
    assert not [event for event in reporter.events if event["kind"] == "examples"]
    assert any(
        "example images of step 0 could not be written (No space left on device)"
        in event.get("text", "")
        for event in reporter.events
    )


def full_for(times, path, code=errno.ENOSPC):
    """A write that fails half-way `times` times."""
    left = [times]

    def write():
        with atomic_file(path) as temporary:
            temporary.write_bytes(b"half")
            if left[0]:
                left[0] -= 1
                raise OSError(code, "no room")
            temporary.write_bytes(b"whole")

    return write


class TestTheEndOfARun:
    def test_waits_for_space(self, tmp_path, monkeypatch):
        monkeypatch.setattr(full_disk, "RETRY_SECONDS", 0.0)
        reporter, path = FolderReporter(tmp_path), tmp_path / "model.safetensors"
        full_disk.write_patiently(path, full_for(3, path), reporter, 6, 2.0)
        assert path.read_bytes() == b"whole"
        assert [event["text"] for event in reporter.events] == [
            "model.safetensors does not fit on the disk (no room); free some space: it is tried"
            " again for 15 min 00 s"
        ]

    @pytest.mark.parametrize(("code", "patience"), [(errno.ENOSPC, -1.0), (errno.EACCES, 900.0)])
    def test_gives_up_after_its_time_and_at_once_where_waiting_does_not_help(
        self, tmp_path, monkeypatch, code, patience
    ):
        monkeypatch.setattr(full_disk, "PATIENCE_SECONDS", patience)
        path = tmp_path / "model.safetensors"
        path.write_bytes(b"old")
        with pytest.raises(OSError, match="no room"):
            full_disk.write_patiently(
                path, full_for(1, path, code), FolderReporter(tmp_path), 6, 2.0
            )
        # of a run that was stopped, measured and resumed: its report is still that of these weights
        assert path.read_bytes() == b"old"
        assert [file.name for file in tmp_path.iterdir()] == [path.name]

    def test_safetensors_says_that_the_disk_is_full_as_every_other_file_does(
        self, tmp_path, monkeypatch
    ):
        def refuse(*_):
            raise SafetensorError(
                "Error while serializing: I/O error: No space left on device (os error 28)"
            )

        monkeypatch.setattr("rft_core.engine.models.run_checkpoint.save_file", refuse)
        with pytest.raises(OSError, match="No space left on device") as caught:
            write_tensors(tmp_path / "model.safetensors", {"one": torch.zeros(1)}, {})
        assert (caught.value.errno, caught.value.filename) == (
            errno.ENOSPC,
            str(tmp_path / "model.safetensors"),
        )


def test_weights_that_are_not_finite_are_never_kept(tmp_path, monkeypatch):
    """The last step leaves a finite loss and broken weights."""
    execute(tiny.run_spec(), Interrupted(tmp_path, 2))
    before = (tmp_path / CHECKPOINT).read_bytes()
    step = step_module.training_step

    def breaking(job, number, *rest):
        loss = step(job, number, *rest)
        if number == TOTAL_STEPS - 1:
            next(job.model.parameters()).data.fill_(math.nan)
        return loss

    monkeypatch.setattr(step_module, "training_step", breaking)
    with pytest.raises(
        TrainingError, match="weights are not finite .* at step 6.*the last good checkpoint is kept"
    ):
        go(tmp_path)
    assert (tmp_path / CHECKPOINT).read_bytes() == before
