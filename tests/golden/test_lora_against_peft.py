"""Our LoRA against peft's own `get_peft_model`, on a ViT whose q, k and v are three layers, so that
peft can reach each.
"""

from typing import Any

import pytest
import torch
from torch import nn

from rft_core.engine.strategies import lora
from rft_core.spec.sections import StrategySpec
from tests.unit.engine.strategies import networks

peft = pytest.importorskip("peft")
PARTS = ("q", "k", "v")


class Split(nn.Module):
    """A fused projection as three layers side by side."""

    def __init__(self, fused: nn.Linear):
        super().__init__()
        for name, weight, bias in zip(PARTS, fused.weight.chunk(3), fused.bias.chunk(3)):
            layer = nn.Linear(fused.in_features, len(weight))
            layer.weight.data, layer.bias.data = weight.detach().clone(), bias.detach().clone()
            self.add_module(name, layer)

    def forward(self, inputs):
        return torch.cat([self.q(inputs), self.k(inputs), self.v(inputs)], -1)


def reference(settings: StrategySpec) -> nn.Module:
    network: Any = networks.build(networks.vit)
    for block in network.blocks:
        block.attn.qkv = Split(block.attn.qkv)
    config = peft.LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        target_modules=[*PARTS, "fc1", "fc2"],
        modules_to_save=["head"],
    )
    return peft.get_peft_model(network, config)


def copy_pairs(ours: Any, theirs: Any) -> None:
    """Fill ours with random numbers and give theirs the same ones."""
    generator = torch.Generator().manual_seed(1)
    for parameter in ours.parameters():
        if parameter.requires_grad:
            parameter.data = 0.2 * torch.randn(parameter.shape, generator=generator)
    theirs.get_base_model().head.load_state_dict(
        {
            f"modules_to_save.default.{name}": value
            for name, value in ours.head.state_dict().items()
        },
        strict=False,
    )
    for mine, other in zip(ours.blocks, theirs.get_base_model().blocks):
        for part, name in enumerate(PARTS):
            layer = getattr(other.attn.qkv, name)
            layer.lora_A.default.weight.data = mine.attn.qkv.down.data[part].clone()
            layer.lora_B.default.weight.data = mine.attn.qkv.up.data[part].clone()
        for name in ("fc1", "fc2"):
            getattr(other.mlp, name).load_state_dict(getattr(mine.mlp, name).state_dict())


def test_the_same_outputs_gradients_and_counts():
    settings = StrategySpec(kind="lora", rank=3, alpha=7.0)
    ours, theirs = lora.apply(networks.build(networks.vit), settings), reference(settings)
    copy_pairs(ours, theirs)
    (images, labels), results = networks.batch(), []
    for network in (ours, theirs):
        leaf = images.clone().requires_grad_(True)
        logits = network.eval()(leaf)
        nn.functional.cross_entropy(logits, labels).backward()
        results.append(
            (
                logits.detach(),
                leaf.grad,
                sum(p.numel() for p in network.parameters() if p.requires_grad),
            )
        )
    assert torch.allclose(results[0][0], results[1][0], rtol=1e-5, atol=1e-5)
    assert torch.allclose(results[0][1], results[1][1], rtol=1e-4, atol=1e-6)
    assert results[0][2] == results[1][2]
    first = theirs.get_base_model().blocks[0].attn.qkv
    for part, name in enumerate(PARTS):
        assert torch.allclose(
            ours.blocks[0].attn.qkv.up.grad[part],
            getattr(first, name).lora_B.default.weight.grad,
            rtol=1e-4,
            atol=1e-5,
        )


def test_the_same_merged_outputs():
    settings = StrategySpec(kind="lora", rank=3, alpha=7.0)
    ours, theirs = lora.apply(networks.build(networks.vit), settings), reference(settings)
    copy_pairs(ours, theirs)
    images = networks.batch()[0]
    assert torch.allclose(
        lora.merge(ours).eval()(images),
        theirs.merge_and_unload().eval()(images),
        rtol=1e-5,
        atol=1e-5,
    )
