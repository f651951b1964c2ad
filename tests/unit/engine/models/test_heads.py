"""rft_core.engine.models.heads: every head of an architecture is trained, kept out of
checkpoints, and no other.
"""

import re
from typing import Any

import pytest
import timm
import torch
from torch import nn

from rft_core.engine.models.heads import heads, train_heads
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.models.starting_weights import backbone_tensors, load_backbone
from rft_core.engine.models.trainable import NO_HEAD, refusal, step
from rft_core.engine.objectives.anchored import prepare
from rft_core.engine.training.optim import build_optimizer
from rft_core.errors import SettingError, StrategyError
from rft_core.spec import catalog
from rft_core.spec.sections import ObjectiveSpec, OptimSpec, StrategySpec
from tests.unit.engine.models.scattered import scattered

VIT = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 2}
# architecture, what makes it small, pixels, the modules whose weights depend on the classes
SEVERAL: dict[str, tuple[str, dict[str, Any], int, list[str]]] = {
    "deit": ("deit_tiny_distilled_patch16_224", VIT, 32, ["head", "head_dist"]),
    "levit": ("levit_128s", {}, 224, ["head", "head_dist"]),
    "efficientformer": ("efficientformer_l1", {}, 224, ["head", "head_dist"]),
    "crossvit": ("crossvit_tiny_240", {}, 240, ["head.0", "head.1"]),
    "volo": ("volo_d1_224", {}, 224, ["head", "aux_head"]),
}


def build(family: str, classes: int = 3) -> tuple[nn.Module, int]:
    name, options, size, _ = SEVERAL[family]
    return timm.create_model(name, num_classes=classes, **options), size


@pytest.mark.parametrize("family", SEVERAL)
def test_the_heads_are_what_changes_with_the_classes(family):
    with torch.device("meta"):
        few, many = build(family, 3)[0], build(family, 8)[0]
    shapes = {name: tensor.shape for name, tensor in many.state_dict().items()}
    changed = {name for name, tensor in few.state_dict().items() if tensor.shape != shapes[name]}
    kept = set(backbone_tensors(few))
    assert changed
    assert not changed & kept
    assert all(any(name.startswith(f"{head}.") for name in changed) for head in SEVERAL[family][3])
    own = {id(parameter) for head in heads(few) for parameter in head.parameters()}
    assert changed <= {name for name, value in few.named_parameters() if id(value) in own}


@pytest.mark.parametrize("strategy", ["full_finetune", "linear_probe"])
@pytest.mark.parametrize("family", ["deit", "levit"])
def test_one_step_moves_every_head_and_under_a_probe_nothing_else(family, strategy):
    backbone, size = build(family)
    before = {name: value.detach().clone() for name, value in backbone.named_parameters()}
    assert step(backbone, strategy, size) == ""
    moved = {
        name for name, value in backbone.named_parameters() if not torch.equal(value, before[name])
    }
    for head in SEVERAL[family][3]:
        assert any(name.startswith(f"{head}.") for name in moved)
    if strategy == "linear_probe":
        assert all(
            name.startswith(tuple(f"{head}." for head in SEVERAL[family][3])) for name in moved
        )


@pytest.mark.parametrize("strategy", ["lora", "adapter", "bitfit", "ia3", "compacter"])
def test_other_strategies_train_both_heads_too(strategy):
    backbone, size = build("deit")
    backbone = catalog.find("strategies", strategy).load()(backbone, StrategySpec(kind=strategy))
    assert backbone(torch.rand(2, 3, size, size)).shape == (2, 3)
    assert all(value.requires_grad for head in heads(backbone) for value in head.parameters())


def test_both_heads_learn_at_the_rate_of_the_head():
    backbone, _ = build("deit")
    both = nn.ModuleList(heads(backbone))
    optimizer = build_optimizer(
        backbone, both, OptimSpec(learning_rate=1e-4, head_learning_rate=1e-2)
    )
    fast = {
        id(value)
        for group in optimizer.param_groups
        if group["peak"] == 1e-2
        for value in group["params"]
    }
    assert fast == {id(value) for value in both.parameters()}


def test_a_distilled_checkpoint_of_other_classes_is_loaded_and_both_heads_are_new(tmp_path):
    source, model = scattered(build("deit", 9)[0]), build("deit", 3)[0]
    torch.save(source.state_dict(), tmp_path / "w.pt")
    before = [head.weight.clone() for head in heads(model)]
    notes = []
    load_backbone(model, tmp_path / "w.pt", notify=notes.append)
    assert "the file's has 9 classes" in notes[0]
    assert torch.equal(model.dist_token, source.dist_token)
    assert all(
        torch.equal(head.weight, old) for head, old in zip(heads(model), before, strict=True)
    )


@pytest.mark.parametrize(
    "name", ["deit_tiny_distilled_patch16_224", "crossvit_tiny_240", "dla46x_c"]
)
def test_anchored_says_that_it_reads_features_through_one_head(name):
    """Two heads, one a scale, and one that is a convolution."""
    model = NormalizedModel(timm.create_model(name, num_classes=3), (0.5,) * 3, (0.25,) * 3)
    with pytest.raises(
        SettingError, match="objective.kind needs a backbone with one head that reads its features"
    ):
        prepare(model, ObjectiveSpec(kind="anchored"))


@pytest.mark.parametrize("name", ["test_vit", "test_efficientnet", "test_convnext", "test_resnet"])
def test_anchored_reads_the_pretrained_features_as_the_model_does(name):
    model = NormalizedModel(timm.create_model(name, num_classes=3), (0.5,) * 3, (0.25,) * 3).eval()
    reference, images = prepare(model, ObjectiveSpec(kind="anchored")), torch.rand(2, 3, 160, 160)
    torch.testing.assert_close(model.backbone.get_classifier()(reference(images)), model(images))


class TestRefusals:
    def test_an_encoder_has_no_head(self):
        assert refusal("qwen3_vit_88m_enc") == NO_HEAD
        with torch.device("meta"):
            encoder = timm.create_model("qwen3_vit_88m_enc")
        assert heads(encoder) == ()
        with pytest.raises(StrategyError, match="has no classification head that could be trained"):
            train_heads(encoder)

    @pytest.mark.parametrize(
        "name", ["test_vit", "test_efficientnet", "deit_tiny_distilled_patch16_224"]
    )
    def test_an_ordinary_architecture_is_not_refused(self, name):
        assert refusal(name) == ""

    @pytest.mark.parametrize(
        ("broken", "reason"),
        [
            (lambda logits: (logits, logits), "it gives a tuple, not logits"),
            (lambda logits: logits[:, :2], r"it gives numbers of shape \(2, 2\), not logits"),
            (
                lambda logits: logits.detach().requires_grad_(),
                "no gradient with respect to the pixels",
            ),
        ],
    )
    def test_logits_that_cannot_be_trained_are_reported(self, monkeypatch, broken, reason):
        backbone = timm.create_model("test_vit", num_classes=3)
        forward = backbone.forward
        monkeypatch.setattr(backbone, "forward", lambda images: broken(forward(images)))
        assert re.search(reason, step(backbone, "full_finetune", 160))
