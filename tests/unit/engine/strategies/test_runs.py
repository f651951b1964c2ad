"""Strategies and objectives in whole tiny runs: the report counts right, and an
interruption changes nothing.
"""

import pytest
import torch

from rft_core.engine.execution import execute
from rft_core.engine.models.build import build_model
from rft_core.engine.models.run_checkpoint import read_tensors
from rft_core.engine.reporter import FolderReporter
from rft_core.errors import SettingError
from rft_core.files.run_files import WEIGHTS
from rft_core.spec import catalog
from rft_core.spec.run_spec import parse, with_settings

RUN = {
    "seed": 1,
    "data": {"dataset": "digits", "train_size": 96, "eval_size": 40, "image_size": 16},
    "model": {"backbone": "bloom_resnet", "pretrained": False},
    "schedule": {"kind": "two_hinge", "ramp_start": 0.0, "ramp_end": 0.5},
    "optim": {"epochs": 2, "batch_size": 32, "learning_rate": 1e-2},
    "attack": {"steps": 1},
    "evaluation": {
        "steps": 2,
        "tracking": 2,
        "examples": 0,
        "eval_size": 32,
        "epsilons": [0, "8/255"],
    },
    "runtime": {"device": "cpu", "threads": 1},
}


class Interrupted(FolderReporter):
    """Asks for a pause once training has reached step 3."""

    def request(self):
        return "pause" if self.step >= 3 else None


def spec(**settings):
    return with_settings(
        parse(RUN), {name.replace("__", "."): value for name, value in settings.items()}
    )


def weights(folder):
    return read_tensors(folder / WEIGHTS)[0]


@pytest.mark.parametrize(
    ("strategy", "objective", "backbone"),
    [
        ("full_finetune", "trades", "bloom_resnet"),
        ("full_finetune", "anchored", "bloom_vit"),
        ("lora", "anchored", "bloom_convnext"),
        ("bitfit", "score", "bloom_resnet"),
        ("linear_probe", "mart", "bloom_resnet"),
        ("compacter", "trades", "bloom_vit"),
    ],
)
def test_a_run_that_was_paused_and_resumed_gives_exactly_the_same(
    tmp_path, strategy, objective, backbone
):
    size = 16 if backbone == "bloom_resnet" else 32
    wanted = spec(
        strategy__kind=strategy,
        objective__kind=objective,
        model__backbone=backbone,
        data__image_size=size,
    )
    report = execute(wanted, FolderReporter(tmp_path / "whole"))
    assert execute(wanted, Interrupted(tmp_path / "parts")) is None
    torch.rand(3)
    resumed = execute(wanted, FolderReporter(tmp_path / "parts"))
    assert resumed.curve == report.curve
    first, second = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not any("reference" in name for name in first)


@pytest.mark.parametrize("strategy", ["adapter", "compacter", "ia3"])
def test_the_report_counts_what_is_trained_and_where(tmp_path, strategy):
    wanted = spec(
        strategy__kind=strategy, model__backbone="bloom_vit", data__image_size=32, optim__epochs=1
    )
    report = execute(wanted, FolderReporter(tmp_path)).as_dict()
    rows = report["parameter_map"]
    plain = build_model(wanted.model, num_classes=10, image_size=32, seed=1)
    total = sum(parameter.numel() for parameter in plain.parameters())
    head = sum(parameter.numel() for parameter in plain.backbone.get_classifier().parameters())
    assert (
        report["total_parameters"]
        == total + report["trainable_parameters"] - head
        == sum(row["total"] for row in rows)
    )
    assert report["trainable_parameters"] == sum(row["trainable"] for row in rows)
    assert {row["module"] for row in rows if row["trainable"]} - {"phm_rules"} == {
        "blocks.0",
        "blocks.1",
        "blocks.2",
        "blocks.3",
        "head",
    }


def test_the_same_seed_draws_the_same_new_weights(tmp_path):
    settings = {
        "strategy__kind": "lora",
        "optim__epochs": 1,
        "optim__learning_rate": 1e-30,
        "optim__weight_decay": 0.0,
    }
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        torch.rand(5)
        execute(spec(seed=seed, **settings), FolderReporter(tmp_path / folder))
    first, same, other = (weights(tmp_path / folder) for folder in "abc")
    name = next(name for name in first if "lora_A" in name)
    assert torch.equal(first[name], same[name])
    assert not torch.equal(first[name], other[name])


def test_a_batch_of_one_is_refused_where_batch_norms_are_trained(tmp_path):
    with pytest.raises(
        SettingError,
        match=(
            r"optim.batch_size must be at least 2.*, got 1; raise it, or choose a strategy that"
            r" freezes them"
        ),
    ):
        execute(spec(optim__batch_size=1), FolderReporter(tmp_path))


@pytest.mark.parametrize("strategy", ["linear_probe", "bitfit", "lora"])
def test_a_batch_of_one_trains_where_they_are_frozen(tmp_path, strategy):
    settings = {"optim__batch_size": 1, "optim__epochs": 1, "data__train_size": 20}
    report = execute(spec(strategy__kind=strategy, **settings), FolderReporter(tmp_path))
    assert report.status == "finished"


def test_every_row_has_its_file():
    for kind in ("strategies", "objectives"):
        assert all(callable(choice.load()) for choice in catalog.choices(kind))
