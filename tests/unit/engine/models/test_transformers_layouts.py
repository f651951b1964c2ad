"""Weights of Hugging Face's transformers, held against the models of that library themselves."""

import pytest
import timm
import torch
from torch import nn

from rft_core.engine.models.heads import heads
from rft_core.engine.models.starting_weights import load_backbone
from tests.unit.engine.models.scattered import scattered

transformers = pytest.importorskip("transformers", reason="the library transformers is not here")
pytestmark = pytest.mark.filterwarnings("ignore")
VIT = {
    "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48,
    "image_size": 32, "patch_size": 8, "hidden_act": "gelu", "num_labels": 5,
}  # fmt: skip
TIMM_VIT = {
    "img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2, "mlp_ratio": 2,
    "num_classes": 5,
}  # fmt: skip


def vit():
    theirs = transformers.ViTForImageClassification(transformers.ViTConfig(**VIT))
    return theirs, timm.create_model("vit_tiny_patch16_224", **TIMM_VIT), ["classifier"]


def distilled():
    config = transformers.DeiTConfig(**VIT)
    theirs = transformers.DeiTForImageClassificationWithTeacher(config)
    ours = timm.create_model("deit_tiny_distilled_patch16_224", **TIMM_VIT)
    return theirs, ours, ["cls_classifier", "distillation_classifier"]


def swin():
    config = transformers.SwinConfig(
        embed_dim=12, depths=[2, 2, 2], num_heads=[1, 2, 4], image_size=64, patch_size=4,
        window_size=4, num_labels=5,
    )  # fmt: skip
    ours = timm.create_model(
        "swin_tiny_patch4_window7_224", embed_dim=12, depths=(2, 2, 2), num_heads=(1, 2, 4),
        img_size=64, patch_size=4, window_size=4, num_classes=5,
    )  # fmt: skip
    return transformers.SwinForImageClassification(config), ours, ["classifier"]


def convnext(conv_mlp=False):
    config = transformers.ConvNextConfig(
        hidden_sizes=[8, 12, 16, 20], depths=[1, 1, 2, 1], num_labels=5
    )
    ours = timm.create_model(
        "convnext_tiny", dims=(8, 12, 16, 20), depths=(1, 1, 2, 1), num_classes=5,
        conv_mlp=conv_mlp,
    )  # fmt: skip
    return transformers.ConvNextForImageClassification(config), ours, ["classifier"]


def convnext_of_convolutions():
    return convnext(conv_mlp=True)


def convnext_v2():
    config = transformers.ConvNextV2Config(
        hidden_sizes=[8, 12, 16, 20], depths=[1, 1, 2, 1], num_labels=5
    )
    ours = timm.create_model(
        "convnextv2_atto", dims=(8, 12, 16, 20), depths=(1, 1, 2, 1), num_classes=5
    )
    return transformers.ConvNextV2ForImageClassification(config), ours, ["classifier"]


def resnet(layer_type="bottleneck", block="resnet50"):
    config = transformers.ResNetConfig(
        embedding_size=64, hidden_sizes=[64, 128, 256, 512], depths=[1, 1, 1, 1],
        layer_type=layer_type, num_labels=5,
    )  # fmt: skip
    if layer_type == "bottleneck":
        config.hidden_sizes = [256, 512, 1024, 2048]
    ours = timm.create_model(block, layers=(1, 1, 1, 1), num_classes=5)
    return transformers.ResNetForImageClassification(config), ours, ["classifier.1"]


def resnet_of_basic_blocks():
    return resnet("basic", "resnet18")


CASES = [
    vit, distilled, swin, convnext, convnext_of_convolutions, convnext_v2, resnet,
    resnet_of_basic_blocks,
]  # fmt: skip


@pytest.mark.parametrize("spelling", ["model", "hub"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_logits_are_those_of_the_model_itself(tmp_path, case, spelling):
    theirs, ours, heads_of_theirs = case()
    scattered(theirs)
    notes = []
    load_backbone(ours, written(theirs, tmp_path, spelling), notify=notes.append)
    copy_heads(theirs, heads_of_theirs, ours)
    assert "names of Hugging Face's" in notes[0]
    assert "the file's has 5 classes" in notes[0]
    images = torch.rand(3, 3, *[64 if case in (swin, *CASES[3:]) else 32] * 2)
    assert_same(theirs(images).logits, ours.eval()(images))


@pytest.mark.parametrize("prefix", ["", "vision_model.", "model.vision_model."])
def test_features_of_clip(tmp_path, prefix):
    config = transformers.CLIPVisionConfig(**VIT | {"hidden_act": "quick_gelu"})
    theirs = scattered(transformers.CLIPVisionModel(config))
    tensors = {f"{prefix}{name}": value for name, value in theirs.state_dict().items()}
    torch.save(tensors, tmp_path / "clip.pt")
    ours = timm.create_model("vit_base_patch16_clip_quickgelu_224", **TIMM_VIT | {"num_classes": 0})
    notes = []
    load_backbone(ours, tmp_path / "clip.pt", notify=notes.append)
    assert any("uses quick GELU, but the file does not say" in note for note in notes)
    images = torch.rand(3, 3, 32, 32)
    assert_same(theirs(images).pooler_output, ours.eval()(images))


def test_features_of_dinov2(tmp_path):
    config = transformers.Dinov2Config(**VIT | {"mlp_ratio": 2, "layerscale_value": 0.3})
    theirs = scattered(transformers.Dinov2Model(config))
    torch.save(theirs.state_dict(), tmp_path / "dino.pt")
    ours = timm.create_model("vit_small_patch14_dinov2", **TIMM_VIT | {"num_classes": 0})
    notes = []
    load_backbone(ours, tmp_path / "dino.pt", notify=notes.append)
    assert "1 tensors are not part of this backbone and were left out (embeddings.mask" in notes[1]
    images = torch.rand(3, 3, 32, 32)
    assert_same(theirs(images).pooler_output, ours.eval()(images))


def written(model, folder, spelling):
    """The file of a model: a state_dict as it is, or as the library saves it for its hub."""
    if spelling == "hub":
        model.save_pretrained(folder)
        return folder / "model.safetensors"
    torch.save({"state_dict": model.state_dict()}, folder / "model.pt")
    return folder / "model.pt"


def copy_heads(theirs: nn.Module, names: list[str], ours: nn.Module) -> None:
    for name, head in zip(names, heads(ours), strict=True):
        head.load_state_dict(theirs.get_submodule(name).state_dict())


@torch.no_grad()
def assert_same(expected, actual):
    # the pictures tell: far more than the tolerance
    assert (expected[0] - expected[1]).abs().max() > 1e-4
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)
