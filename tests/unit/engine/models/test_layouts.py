"""rft_core.engine.models.layouts: weights under the names of other libraries."""

import pytest
import timm
import torch
import torchvision
from torch import nn

from rft_core.engine.models.layouts import LAYOUTS, rename
from tests.unit.engine.models.small_resnet import STAGES, load, same, scattered


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
        assert notes[1] == "w.pth: position embeddings were resized to fit (pos_embed)"
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
