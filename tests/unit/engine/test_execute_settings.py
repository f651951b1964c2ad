"""rft_core.engine.execution: what single settings of a run change, and what cannot run."""

import pytest
import torch

from rft_core.engine.attacks import pgd as pgd_module
from rft_core.engine.models.run_checkpoint import write_tensors
from rft_core.errors import DataError, SettingError, TrainingError
from rft_core.spec.presets import NO_PERTURBATION
from tests.unit.engine.short_runs import TOTAL_STEPS, go, same_weights, weights


def count_attacks(monkeypatch) -> list[int]:
    calls, run = [], pgd_module.pgd

    def counted(model, images, *rest, **options):
        calls.append(len(images))
        return run(model, images, *rest, **options)

    monkeypatch.setattr(pgd_module, "pgd", counted)
    return calls


@pytest.mark.parametrize(
    ("changes", "attacks"),
    [
        ({"schedule__kind": "constant"}, TOTAL_STEPS),
        ({"schedule__kind": "two_hinge"}, 4),
        ({"schedule__kind": "custom", "schedule__points": NO_PERTURBATION["points"]}, 0),
        ({"objective__kind": "natural", "schedule__kind": "constant"}, 0),
        ({"threat__epsilon": 0, "schedule__kind": "constant"}, 0),
    ],
)
def test_attacks_are_run_only_where_there_is_a_budget(tmp_path, monkeypatch, changes, attacks):
    calls = count_attacks(monkeypatch)
    go(tmp_path, evaluation__examples=0, **changes)
    assert calls == [32] * attacks


@pytest.mark.parametrize(
    ("kind", "each"), [("natural", 1), ("adversarial", 1 + 2), ("trades", 2 + 2)]
)
def test_the_gradient_evaluations_are_those_that_were_made(tmp_path, kind, each):
    """With no evaluation of robustness, what is left is training: the objective's passes an image,
    and the attack's steps.
    """
    report, _ = go(
        tmp_path,
        evaluation__epsilons=[0],
        evaluation__examples=0,
        objective__kind=kind,
        schedule__kind="constant",
    )
    assert report.gradient_evaluations == TOTAL_STEPS * 32 * each


def test_nothing_attacked_and_natural_are_the_same_training(tmp_path):
    go(tmp_path / "a", schedule__kind="custom", schedule__points=NO_PERTURBATION["points"])
    go(tmp_path / "b", objective__kind="natural", schedule__kind="constant")
    assert same_weights(tmp_path / "a", tmp_path / "b")


def test_a_loss_that_is_not_finite_ends_the_run_with_a_way_out(tmp_path):
    go(tmp_path / "source")
    broken = {
        name.removeprefix("backbone."): value * 1e30 if value.is_floating_point() else value
        for name, value in weights(tmp_path / "source").items()
    }
    write_tensors(tmp_path / "huge.safetensors", broken, {})
    with pytest.raises(
        TrainingError,
        match=(
            "the loss is not finite .* at step 0.* lower optim.learning_rate .now 0.002. or set"
            " optim.clip_norm; there was no checkpoint yet"
        ),
    ):
        go(tmp_path / "run", model__checkpoint=str(tmp_path / "huge.safetensors"))


def test_a_batch_larger_than_the_data_is_one_step_an_epoch(tmp_path):
    _, reporter = go(tmp_path, optim__batch_size=500)
    assert reporter.total_steps == 2


def test_l2_and_clipping_run_too(tmp_path):
    report, _ = go(
        tmp_path,
        threat__norm="l2",
        threat__epsilon=0.5,
        evaluation__epsilons=[0, 0.25, 0.5],
        optim__clip_norm=0.1,
    )
    assert report.status == "finished"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_bfloat16_training_is_measured_in_float32(tmp_path):
    report, _ = go(tmp_path, runtime__precision="bfloat16", runtime__device="cuda")
    assert report.machine["precision"] == "bfloat16"
    assert all(value.dtype in (torch.float32, torch.int64) for value in weights(tmp_path).values())


def test_bfloat16_is_for_gpus(tmp_path):
    with pytest.raises(
        SettingError, match="runtime.precision is for GPUs.*got 'bfloat16'; use auto or float32"
    ):
        go(tmp_path, runtime__precision="bfloat16")


def test_settings_that_cannot_run_are_refused_before_training(tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        go(tmp_path / "a", data__dataset=f"folder:{tmp_path / 'gone'}")
    if not torch.cuda.is_available():
        with pytest.raises(SettingError, match="needs a CUDA GPU"):
            go(tmp_path / "b", runtime__device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_run(tmp_path):
    report, _ = go(tmp_path, runtime__device="cuda")
    assert report.status == "finished"
    assert report.machine["device"].startswith("cuda")
