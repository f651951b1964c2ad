"""rft_core.engine.models.starting_weights: files of weights from anywhere; understood, or
refused with the reason.
"""

import argparse

import pytest
import timm
import torch
import torchvision
from torch import nn
from torchvision.models.convnext import CNBlockConfig

from rft_core.engine.execution import execute, prepare
from rft_core.engine.models.build import build_model
from rft_core.engine.models.containers import unwrap
from rft_core.engine.models.layouts import LAYOUTS, rename
from rft_core.engine.models.run_checkpoint import write_tensors
from rft_core.engine.models.starting_weights import backbone_tensors, load_backbone
from rft_core.engine.reporter import FolderReporter
from rft_core.errors import WeightsError
from rft_core.spec import catalog
from rft_core.spec.sections import ModelSpec, StrategySpec
from tests import tiny

STAGES = [
    CNBlockConfig(24, 32, 1),
    CNBlockConfig(32, 48, 1),
    CNBlockConfig(48, 64, 1),
    CNBlockConfig(64, None, 1),
]


def resnet(classes: int = 7, seed: int = 0) -> nn.Module:
    spec = ModelSpec(backbone="bloom_resnet", pretrained=False)
    return build_model(spec, num_classes=classes, image_size=32, seed=seed).backbone


def scattered(model: nn.Module) -> nn.Module:
    """`model` with every weight and statistic random, so that no two of a shape can be
    mistaken for each other.
    """
    with torch.random.fork_rng():
        torch.manual_seed(3)
        for tensor in model.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(
                    torch.randn_like(tensor) * tensor[0].numel() ** -0.5
                    if tensor.squeeze().ndim > 1
                    else torch.rand_like(tensor) + 0.1
                )
    return model.eval()


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(
        torch.equal(tensor, backbone_tensors(other)[name])
        for name, tensor in backbone_tensors(one).items()
    )


def load(backbone: nn.Module, path, **options) -> list[str]:
    notes: list[str] = []
    load_backbone(backbone, path, notify=notes.append, **options)
    return notes


def nested(tensors):
    return {"epoch": 3, "state_dict": {"model": tensors}}


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


class TestLayouts:
    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            (lambda: torchvision.models.resnet18(), lambda: timm.create_model("resnet18")),
            (
                lambda: torchvision.models.VisionTransformer(224, 16, 2, 3, 192, 768),
                lambda: timm.create_model("vit_tiny_patch16_224", depth=2),
            ),
            (
                lambda: torchvision.models.ConvNeXt(STAGES),
                lambda: timm.create_model(
                    "convnext_atto", depths=(1, 1, 1, 1), dims=(24, 32, 48, 64), conv_mlp=False
                ),
            ),
            (
                lambda: torchvision.models.SwinTransformer(
                    [4, 4], 24, [2, 2, 2, 2], [1, 2, 4, 8], [7, 7]
                ),
                lambda: timm.create_model(
                    "swin_tiny_patch4_window7_224",
                    embed_dim=24,
                    depths=(2, 2, 2, 2),
                    num_heads=(1, 2, 4, 8),
                ),
            ),
        ],
        ids=["resnet", "vit", "convnext", "swin"],
    )
    def test_the_features_are_those_of_torchvisions_model(self, tmp_path, theirs, ours):
        source = scattered(theirs())
        torch.save(
            {f"module.{name}": value for name, value in source.state_dict().items()},
            tmp_path / "w.pth",
        )
        model = ours().eval()
        load(model, tmp_path / "w.pth")
        last = [module for module in source.modules() if isinstance(module, nn.Linear)][-1]
        model.get_classifier().load_state_dict(last.state_dict())
        images = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            expected = source(images)
            # the pictures tell: far more than the tolerance
            assert (expected[0] - expected[1]).abs().max() > 1e-3
            torch.testing.assert_close(model(images), expected, rtol=1e-5, atol=1e-5)

    @pytest.mark.parametrize(
        ("layout", "name", "expected"),
        [
            (
                "torchvision's ViT",
                "encoder.layers.encoder_layer_11.self_attention.in_proj_bias",
                "blocks.11.attn.qkv.bias",
            ),
            (
                "torchvision's ViT",
                "encoder.layers.encoder_layer_0.mlp.linear_2.weight",
                "blocks.0.mlp.fc2.weight",
            ),
            (
                "torchvision's ConvNeXt",
                "model.features.6.1.weight",
                "model.stages.3.downsample.1.weight",
            ),
            (
                "torchvision's ConvNeXt",
                "features.7.2.block.0.bias",
                "stages.3.blocks.2.conv_dw.bias",
            ),
            (
                "torchvision's Swin",
                "features.5.17.attn.qkv.weight",
                "layers.2.blocks.17.attn.qkv.weight",
            ),
        ],
    )
    def test_names(self, layout, name, expected):
        assert rename(name, LAYOUTS[layout]) == expected

    def test_the_original_names_of_convnext_are_read_by_timms_filter(self, tmp_path):
        source = scattered(timm.create_model("test_convnext", num_classes=4))
        torch.save(
            {"model": {original(name): value for name, value in source.state_dict().items()}},
            tmp_path / "w.pth",
        )
        model = timm.create_model("test_convnext", num_classes=4)
        load(model, tmp_path / "w.pth")
        assert same(model, source)

    def test_position_embeddings_are_brought_to_another_size(self, tmp_path):
        source, model = timm.create_model("test_vit"), timm.create_model("test_vit", img_size=96)
        torch.save(
            {f"module.{name}": value for name, value in source.state_dict().items()},
            tmp_path / "w.pth",
        )
        notes = load(model, tmp_path / "w.pth")
        assert notes[1] == "w.pth: position embeddings were brought to this size (pos_embed)"
        assert torch.equal(model.blocks[0].attn.qkv.weight, source.blocks[0].attn.qkv.weight)
        assert model.pos_embed.shape != source.pos_embed.shape
        # the token in front keeps its place
        torch.testing.assert_close(model.pos_embed[:, 0], source.pos_embed[:, 0])


def original(name: str) -> str:
    """The name that the authors of ConvNeXt gave a tensor of timm's."""
    for ours, theirs in (
        (".blocks.", "."),
        ("stem.", "downsample_layers.0."),
        ("conv_dw", "dwconv"),
        ("mlp.fc", "pwconv"),
        ("head.norm.", "norm."),
        ("head.fc.", "head."),
    ):
        name = name.replace(ours, theirs)
    stage, _, rest = name.removeprefix("stages.").partition(".downsample.")
    return f"downsample_layers.{stage}.{rest}" if rest else name


class TestRunsOfOurs:
    @pytest.mark.parametrize(
        ("strategy", "file"), [("full_finetune", "model.safetensors"), ("bitfit", "")]
    )
    def test_a_run_starts_from_another_ones_weights(self, tmp_path, strategy, file):
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
                "saved by a run whose strategy put layers of its own .*full_finetune, linear_probe"
                " or bitfit"
            ),
        ):
            load(build_model(spec, num_classes=3, image_size=32, seed=0).backbone, tmp_path)
