"""rft_core.engine.models.starting_weights: files of weights from anywhere; understood, or
refused with the reason.
"""

import argparse

import pytest
import torch

from rft_core.engine.execution import execute, prepare
from rft_core.engine.models.build import build_model
from rft_core.engine.models.containers import unwrap
from rft_core.engine.models.run_checkpoint import write_tensors
from rft_core.engine.reporter import FolderReporter
from rft_core.errors import WeightsError
from rft_core.spec import catalog
from rft_core.spec.sections import ModelSpec, StrategySpec
from tests import tiny
from tests.unit.engine.models.small_resnet import load, nested, resnet, same


class TestWrappers:
    @pytest.mark.parametrize(
        "prefix",
        [
            "",
            "backbone.",
            "model.backbone.",
            "module.",
            "module.model.1.",
            "1.",
            "_orig_mod.module.",
            "attacker.model.",
        ],
    )
    @pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth", ".ckpt", ".bin"])
    def test_the_backbone_is_loaded_and_the_head_is_new(self, tmp_path, prefix, suffix):
        source, model = resnet(9, seed=5), resnet()
        tensors = {f"{prefix}{name}": value for name, value in source.state_dict().items()}
        path = tmp_path / f"w{suffix}"
        (
            write_tensors(path, tensors, {})
            if suffix == ".safetensors"
            else torch.save(nested(tensors), path)
        )
        head = model.fc.weight.clone()
        notes = load(model, path)
        assert same(model, source)
        assert torch.equal(model.fc.weight, head)
        assert "backbone tensors loaded" in notes[0]
        assert "the file's has 9 classes" in notes[0]
        assert (f"'{prefix}'" in notes[0]) == bool(prefix)
        assert len(notes) == 1

    @pytest.mark.parametrize("place", ["state_dict", "model_state_dict", "model", "net", "ema"])
    def test_dictionaries_around_the_weights(self, tmp_path, place):
        torch.save(
            {place: resnet(seed=5).state_dict(), "args": argparse.Namespace(lr=0.1), "epoch": 3},
            tmp_path / "w.pth",
        )
        model = resnet()
        load(model, tmp_path / "w.pth")
        assert same(model, resnet(seed=5))

    def test_plain_weights_come_before_their_average(self):
        plain, average = {"a": torch.zeros(2)}, {"a": torch.ones(2)}
        assert torch.equal(unwrap({"ema": average, "state_dict": plain})["a"], plain["a"])

    def test_a_file_that_holds_itself(self):
        content: dict = {"a": torch.zeros(2)}
        content["model"] = content
        assert set(unwrap(content)) == {"a"}

    @pytest.mark.parametrize("name", ["module.normalize.mean", "normalize.sigma", "mu"])
    def test_an_input_layer_anywhere_is_nothing_to_speak_of(self, tmp_path, name):
        tensors = {f"module.{key}": value for key, value in resnet(seed=5).state_dict().items()}
        torch.save(tensors | {name: torch.full((1, 3, 1, 1), 0.5)}, tmp_path / "w.pt")
        assert len(load(resnet(), tmp_path / "w.pt")) == 1

    def test_an_input_layer_is_dropped_and_compared(self, tmp_path):
        tensors = {f"1.{name}": value for name, value in resnet(seed=5).state_dict().items()}
        torch.save(
            tensors
            | {
                "0.mean": torch.tensor([0.5, 0.5, 0.5]),
                "0.std": torch.tensor([0.2, 0.2, 0.2]),
            },
            tmp_path / "w.pt",
        )
        model = resnet()
        notes = load(model, tmp_path / "w.pt", mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
        assert same(model, resnet(seed=5))
        assert notes[1:] == [
            "w.pt was trained with the std 0.200, 0.200, 0.200; this backbone uses 0.250, 0.250,"
            " 0.250"
        ]

    def test_what_is_left_over_is_named(self, tmp_path):
        tensors = {f"module.{name}": value for name, value in resnet(seed=5).state_dict().items()}
        torch.save(
            tensors | {"module.projector.weight": torch.zeros(4, 4), "queue": torch.zeros(3)},
            tmp_path / "w.pt",
        )
        notes = load(resnet(), tmp_path / "w.pt")
        assert (
            notes[1] == "w.pt: 2 tensors are not part of this backbone and were left out (queue,"
            " projector.weight)"
        )


class TestRunsOfOurs:
    @pytest.mark.parametrize(
        ("strategy", "file"), [("full_finetune", "model.safetensors"), ("bitfit", "")]
    )
    def test_a_run_starts_from_the_weights_of_another_run(self, tmp_path, strategy, file):
        execute(
            tiny.run_spec(strategy__kind=strategy, optim__epochs=1, evaluation__tracking=2),
            FolderReporter(tmp_path / "first"),
        )
        reporter, place = FolderReporter(tmp_path / "second"), str(tmp_path / "first" / file)
        prepare(tiny.run_spec(model__checkpoint=place), reporter)
        notes = [event["text"] for event in reporter.events]
        assert notes == [
            "model.safetensors: 75 of 75 backbone tensors loaded (below 'backbone.'); the head is"
            " new, the file's has 10 classes"
        ]

    @pytest.mark.parametrize("strategy", ["lora", "adapter", "compacter", "ia3"])
    def test_a_run_with_layers_of_its_own_is_recognised(self, tmp_path, strategy):
        spec = ModelSpec(backbone="bloom_vit", pretrained=False)
        model = build_model(spec, num_classes=3, image_size=32, seed=0)
        model.backbone = catalog.find("strategies", strategy).load()(
            model.backbone, StrategySpec(kind=strategy)
        )
        write_tensors(tmp_path / "model.safetensors", model.state_dict(), {})
        with pytest.raises(
            WeightsError,
            match=(
                "saved by a run whose strategy added layers .*full_finetune, linear_probe or bitfit"
            ),
        ):
            load(build_model(spec, num_classes=3, image_size=32, seed=0).backbone, tmp_path)
