"""rft_core.engine.hardware.recompute: activations computed again give the same
training, with less kept.
"""

import copy

import pytest
import timm
import torch
from torch import nn

from rft_core.engine.attacks.stepwise import input_gradient
from rft_core.engine.execution import execute
from rft_core.engine.hardware.memory import BLOCK_COPIES, kept_bytes
from rft_core.engine.hardware.recompute import (
    kept_for_once,
    recompute_activations,
    recomputes,
    statistics_held,
)
from rft_core.engine.models import embedded
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.models.run_checkpoint import read_tensors
from rft_core.engine.reporter import FolderReporter
from rft_core.files.run_files import WEIGHTS
from rft_core.spec import catalog
from rft_core.spec.sections import StrategySpec
from tests import tiny

CPU = torch.device("cpu")
BUILD = {
    "bloom_resnet": lambda: embedded.bloom_resnet(5),
    "bloom_convnext": lambda: embedded.bloom_convnext(5),
    "bloom_vit": lambda: embedded.bloom_vit(5),
    # dropout and drop path draw numbers that the second pass must draw again
    "vit_tiny_patch16_224": lambda: timm.create_model(
        "vit_tiny_patch16_224", num_classes=5, img_size=32, drop_path_rate=0.2, proj_drop_rate=0.1
    ),
    "convnext_atto": lambda: timm.create_model("convnext_atto", num_classes=5, drop_path_rate=0.2),
    "swin_tiny_patch4_window7_224": lambda: timm.create_model(
        "swin_tiny_patch4_window7_224",
        num_classes=5,
        img_size=64,
        window_size=2,
        depths=(2, 2, 2, 2),
    ),
}
SIZE = {"swin_tiny_patch4_window7_224": 64}


def pair(name: str) -> tuple[nn.Module, nn.Module]:
    """The same network twice: as it is, and with its activations computed again."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        plain = NormalizedModel(BUILD[name](), tiny.MEAN, tiny.STD)
    again = copy.deepcopy(plain)
    assert recompute_activations(again) is None
    assert recomputes(again)
    assert not recomputes(plain)
    return plain, again


def losses(model: nn.Module, size: int) -> list[float]:
    """Three steps in training mode."""
    optimizer = torch.optim.SGD(
        [parameter for parameter in model.parameters() if parameter.requires_grad], lr=0.05
    )
    model.train()
    found = []
    for step in range(3):
        images, labels = tiny.pictures(6, size, seed=step)
        with torch.random.fork_rng():
            torch.manual_seed(step)
            loss = nn.functional.cross_entropy(model(images), labels)
            with statistics_held(model):
                loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    return found


@pytest.mark.parametrize("name", BUILD)
def test_the_same_training_and_the_same_attack(name):
    plain, again = pair(name)
    size = SIZE.get(name, 32)
    assert losses(again, size) == pytest.approx(losses(plain, size), rel=1e-5)
    # the running statistics of batch norms and their counts among them
    first, second = plain.state_dict(), again.state_dict()
    assert all(
        torch.allclose(first[key].float(), second[key].float(), rtol=1e-4, atol=1e-6)
        for key in first
    )
    assert all(
        torch.equal(first[key], second[key]) for key in first if "num_batches_tracked" in key
    )
    images, labels = tiny.pictures(4, size)
    gradients = [input_gradient(model.eval(), images, labels)[0] for model in (plain, again)]
    assert gradients[0].abs().max() > 0
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-7)


def test_without_care_batch_norms_would_count_twice():
    _, again = pair("bloom_resnet")
    images, labels = tiny.pictures(6, 32)
    nn.functional.cross_entropy(again.train()(images), labels).backward()
    counts = {
        int(value) for key, value in again.state_dict().items() if "num_batches_tracked" in key
    }
    # those of the stem stand outside of the blocks
    assert counts == {1, 2}


@pytest.mark.parametrize("strategy", [row.name for row in catalog.STRATEGIES])
def test_every_strategy_trains_the_same(strategy):
    plain, again = pair("bloom_vit")
    for model in (plain, again):
        with torch.random.fork_rng():
            torch.manual_seed(1)
            model.backbone = catalog.find("strategies", strategy).load()(
                model.backbone, StrategySpec(kind=strategy, rank=2)
            )
    assert recompute_activations(again) is None
    assert losses(again, 32) == pytest.approx(losses(plain, 32), rel=1e-5)


@pytest.mark.parametrize("name", BUILD)
def test_less_is_kept_and_it_is_counted(name):
    plain, again = pair(name)
    size = SIZE.get(name, 32)
    whole, less = (kept_bytes(model, size, CPU) for model in (plain, again))
    with kept_for_once(again):
        assert kept_bytes(again, size, CPU) == whole
    assert recomputes(again)
    # where blocks are few, the one that is computed again is most of the network
    assert (
        0
        < less
        < whole * (1 if name in ("vit_tiny_patch16_224", "convnext_atto") else BLOCK_COPIES)
    )


def test_the_largest_block_is_counted_beside_the_inputs_of_all():
    """A ViT keeps, outside of its blocks, their inputs; what stands while one is computed again
    does not grow with their number.
    """
    sizes = {}
    for depth in (2, 4, 8):
        model = NormalizedModel(
            timm.create_model("vit_tiny_patch16_224", num_classes=5, img_size=32, depth=depth),
            tiny.MEAN,
            tiny.STD,
        )
        recompute_activations(model)
        with kept_for_once(model):
            whole = kept_bytes(model, 32, CPU)
        sizes[depth] = (kept_bytes(model, 32, CPU), whole)
    block = (sizes[4][1] - sizes[2][1]) / 2
    tokens = 4 * 5 * 192
    assert (sizes[8][0] - sizes[4][0]) / 4 == (sizes[4][0] - sizes[2][0]) / 2 == tokens
    assert BLOCK_COPIES * block <= sizes[8][0] < BLOCK_COPIES * block + 16 * tokens


class Unable(nn.Module):
    def set_grad_checkpointing(self, enable: bool = True) -> None:
        assert not enable, "gradient checkpointing not supported"


@pytest.mark.parametrize("backbone", [nn.Linear(2, 2), Unable()])
def test_a_backbone_without_support_says_so(backbone):
    model = NormalizedModel(backbone, tiny.MEAN, tiny.STD)
    assert "cannot compute its activations again" in recompute_activations(model)
    assert not recomputes(model)


def test_statistics_are_given_back_after_an_error():
    _, again = pair("bloom_resnet")
    before = [module.momentum for module in again.modules() if isinstance(module, nn.BatchNorm2d)]
    with pytest.raises(RuntimeError), statistics_held(again):
        raise RuntimeError
    assert before == [
        module.momentum for module in again.modules() if isinstance(module, nn.BatchNorm2d)
    ]
    assert before[0] > 0


@pytest.mark.parametrize("objective", ["adversarial", "trades"])
def test_a_run_gives_the_same_numbers(tmp_path, objective):
    reports, weights = [], []
    for wanted in (False, True):
        folder = tmp_path / str(wanted)
        folder.mkdir()
        reports.append(
            execute(
                tiny.run_spec(
                    runtime__checkpoint_activations=wanted,
                    objective__kind=objective,
                    schedule__kind="constant",
                ),
                FolderReporter(folder),
            )
        )
        weights.append(read_tensors(folder / WEIGHTS)[0])
    assert reports[0].curve.accuracies == pytest.approx(reports[1].curve.accuracies, abs=0.051)
    assert (
        max(
            (weights[0][name].float() - weights[1][name].float()).abs().max().item()
            for name in weights[0]
        )
        < 2e-3
    )


def test_a_run_goes_on_where_the_backbone_cannot(tmp_path):
    spec, reporter = tiny.run_spec(runtime__checkpoint_activations=True), FolderReporter(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "timm.models.resnet.ResNet.set_grad_checkpointing", Unable.set_grad_checkpointing
        )
        assert execute(spec, reporter).status == "finished"
    assert any("they are kept" in event.get("text", "") for event in reporter.events)
