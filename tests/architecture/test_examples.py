"""Every example runs, in seconds, and shows what it says."""

from importlib import import_module

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from examples import own_loop, robustness_curve, schedule_only, trio
from rft_core.store.run_store import open_store
from tests.architecture.source import CHECKOUT

PAGE = 110
SMALL_RUNS = (
    "data.dataset=blooms_easy",
    "data.train_size=60",
    "data.eval_size=30",
    "optim.epochs=1",
    "evaluation.tracking=2",
    "evaluation.examples=0",
    "evaluation.steps=2",
    "runtime.device=cpu",
)


@pytest.mark.parametrize("path", sorted((CHECKOUT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_each_is_a_page(path):
    assert len(path.read_text().splitlines()) <= PAGE
    if path.stem != "__init__":
        assert f"python -m examples.{path.stem}" in path.read_text()


def test_an_attack_and_a_schedule_in_ones_own_loop(capsys):
    curves = own_loop.main(["--epochs", "6", "--images", "100"])
    robust = {name: curve.accuracies[-1] for name, curve in curves.items()}
    assert all(curve.clean_accuracy > 0.6 for curve in curves.values())
    # attacked networks stand where the one of clean images has fallen
    assert min(robust["fixed"], robust["scheduled"]) > robust["standard"] + 0.1
    assert "scheduled" in capsys.readouterr().out


class Brightness(nn.Module):
    """Calls an image bright (class 1) above a mean of 0.5: its curve is known."""

    def forward(self, images: Tensor) -> Tensor:
        mean = images.mean(dim=(1, 2, 3))
        return torch.stack([0.5 - mean, mean - 0.5], dim=1)


def grey_folder(folder) -> str:
    """Images of one grey each: 3 and 6 levels from the border of Brightness, on both sides."""
    for label, sign in (("a_dark", -1), ("b_bright", 1)):
        (folder / label).mkdir(parents=True)
        for distance in (3, 6):
            level = 127.5 + sign * (distance - 0.5)
            image = Image.new("RGB", (8, 8), (int(level),) * 3)
            image.save(folder / label / f"{distance}.png")
    return str(folder)


def test_the_curve_of_a_module_whose_curve_is_known(tmp_path, capsys):
    module = f"{Brightness.__module__}:{Brightness.__name__}"
    curve = robustness_curve.main(
        [grey_folder(tmp_path), "--module", module, "--size", "8", "--steps", "3"]
    )
    assert curve.n == 4
    assert curve.accuracies == (1, 1, 1, 0.5, 0.5, 0.5, 0, 0, 0)
    assert "expected robustness" in capsys.readouterr().out


def test_the_curve_of_a_timm_model(tmp_path):
    arguments = ["--timm", "test_resnet", "--untrained", "--classes", "2", "--size", "32"]
    curve = robustness_curve.main(
        [grey_folder(tmp_path), *arguments, "--levels", "2", "--steps", "2"]
    )
    assert (curve.n, len(curve.epsilons)) == (4, 3)


def test_only_the_schedule_in_another_trainer():
    told = schedule_only.main(["--epochs", "2", "--epsilon", "0.1"])
    count = len(told)
    assert told[: count // 4] == [0.0] * (count // 4)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(0.1)
    assert told[count // 2] == pytest.approx(0.05, abs=1e-9)


def test_the_trio_and_its_comparison(home, capsys):
    settings = [part for setting in SMALL_RUNS for part in ("--set", setting)]
    comparison = trio.main(settings)
    store = open_store(home)
    assert [row["run_id"] for row in comparison.rows] == [
        record.run_id for record in reversed(store.records())
    ]
    assert [row["name"] for row in comparison.rows] == list(trio.NAMES)
    # each against the first, at 0, at the target and over all epsilons
    assert len(comparison.paired) == 6
    printed = capsys.readouterr().out
    assert all(name in printed for name in trio.NAMES)


@pytest.mark.parametrize("name", ["own_loop", "robustness_curve", "trio", "schedule_only"])
def test_each_says_how_it_is_used(name, capsys):
    with pytest.raises(SystemExit) as ended:
        import_module(f"examples.{name}").main(["--help"])
    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out
