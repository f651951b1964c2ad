"""The layers that strategies add, each against its formula written out."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from rft_core.engine.strategies.adapter import Adapted
from rft_core.engine.strategies.adapter import bottleneck as plain_bottleneck
from rft_core.engine.strategies.compacter import KroneckerLinear
from rft_core.engine.strategies.compacter import bottleneck as kronecker_bottleneck
from rft_core.engine.strategies.ia3 import Scaled
from rft_core.engine.strategies.lora import FusedLora
from rft_core.errors import SettingError, StrategyError
from rft_core.spec import catalog
from rft_core.spec.run_spec import parse
from rft_core.spec.sections import StrategySpec
from tests.unit.engine.strategies import networks

GENERATOR = torch.Generator().manual_seed(0)


def noise(*shape):
    return torch.randn(shape, generator=GENERATOR)


def test_fused_lora_is_three_low_rank_updates():
    layer, inputs = nn.Linear(6, 12), noise(2, 5, 6)
    lora = FusedLora(layer, rank=2, alpha=3.0)
    lora.up.data = noise(3, 4, 2)
    expected = layer(inputs) + torch.cat(
        [1.5 * inputs @ lora.down[part].T @ lora.up[part].T for part in range(3)], -1
    )
    assert torch.allclose(lora(inputs), expected, atol=1e-6)


def test_ia3_leaves_q_alone_and_multiplies_k_and_v():
    scaled = Scaled(nn.Linear(4, 9), fixed=3)
    scaled.scale.data = torch.arange(2.0, 8.0)
    inputs = noise(2, 4)
    outputs = scaled.layer(inputs)
    assert torch.equal(
        scaled(inputs), torch.cat([outputs[:, :3], outputs[:, 3:] * torch.arange(2.0, 8.0)], 1)
    )


def test_ia3_places_are_those_of_the_paper():
    network = catalog.find("strategies", "ia3").load()(
        networks.build(networks.vit), StrategySpec(kind="ia3")
    )
    sizes = {
        name: len(module.scale)
        for name, module in network.blocks[0].named_modules()
        if isinstance(module, Scaled)
    }
    assert sizes == {"attn.qkv": 64, "mlp.fc1": 128, "mlp.fc2": 32}


@pytest.mark.parametrize(("channels", "shape"), [(-1, (2, 7, 16)), (1, (2, 16, 3, 3))])
def test_adapter_formula(channels, shape):
    # the layer halves, so a is not x
    layer = nn.Hardtanh(-0.5, 0.5)
    adapted, inputs = Adapted(layer, plain_bottleneck(16, 8), channels), noise(*shape)
    down, _, up = adapted.bottleneck
    down.bias.data, up.bias.data = noise(2), noise(16)
    a = layer(inputs).movedim(channels, -1)
    expected = a + torch.nn.functional.gelu(a @ down.weight.T + down.bias) @ up.weight.T + up.bias
    assert torch.allclose(adapted(inputs), expected.movedim(-1, channels), atol=1e-6)


def test_adapters_sit_inside_the_residual_branch():
    """h = x + a + up(GELU(down(a))) for the block's attention, with a layer scale in between."""
    network = networks.build(networks.scaled_vit)
    block = deepcopy(network.blocks[0])
    catalog.find("strategies", "adapter").load()(network, StrategySpec(kind="adapter"))
    adapted, tokens = network.blocks[0], noise(2, 17, 32)
    a = block.ls1(block.attn(block.norm1(tokens)))
    h = tokens + a + adapted.ls1.bottleneck(a)
    b = block.ls2(block.mlp(block.norm2(h)))
    assert torch.allclose(adapted(tokens), h + b + adapted.ls2.bottleneck(b), atol=1e-6)


def test_kronecker_weight_is_the_sum_of_kronecker_products():
    rules = nn.Parameter(noise(4, 4, 4))
    layer = KroneckerLinear(12, 8, rules)
    expected = sum(torch.kron(rules[i], layer.left[i] @ layer.right[i]) for i in range(4))
    assert torch.allclose(layer.weight(), expected, atol=1e-6)
    layer.bias.data = noise(8)
    inputs = noise(3, 12)
    assert torch.allclose(layer(inputs), inputs @ expected + layer.bias, atol=1e-5)


def test_the_rules_are_shared_also_by_a_copy_and_saved_once():
    network = catalog.find("strategies", "compacter").load()(
        networks.build(networks.vit), StrategySpec(kind="compacter")
    )
    copy = deepcopy(network)
    for version in (network, copy, copy.to(torch.float64)):
        assert all(
            module.shared[0] is version.phm_rules
            for module in version.modules()
            if isinstance(module, KroneckerLinear)
        )
    assert copy.phm_rules is not network.phm_rules
    assert [name for name in network.state_dict() if "rules" in name] == ["phm_rules"]


@pytest.mark.parametrize(
    ("width", "reduction", "narrow"), [(768, 32, 24), (96, 32, 4), (32, 8, 4), (768, 1, 768)]
)
def test_width_of_a_kronecker_bottleneck(width, reduction, narrow):
    down, _, up = kronecker_bottleneck(width, reduction, nn.Parameter(noise(4, 4, 4)))
    assert down.weight().shape == (width, narrow)
    assert up.weight().shape == (narrow, width)


def test_a_width_that_four_does_not_divide_is_refused():
    with pytest.raises(
        StrategyError, match="multiples of 4 and this network has one of 30; use adapter"
    ):
        kronecker_bottleneck(30, 8, nn.Parameter(noise(4, 4, 4)))


@pytest.mark.parametrize(
    ("name", "settings", "count"),
    [
        ("lora", {"rank": 2}, 2),
        ("adapter", {"reduction": 4}, 8),
        ("compacter", {"reduction": 2}, 16),
    ],
)
def test_settings_reach_the_layers(name, settings, count):
    network = catalog.find("strategies", name).load()(
        networks.build(networks.vit), StrategySpec(kind=name, **settings)
    )
    if name == "lora":
        assert network.blocks[0].attn.qkv.down.shape == (3, count, 32)
        assert network.blocks[0].mlp.fc1.lora_A["default"].weight.shape == (count, 32)
    else:
        assert len(network.blocks[0].ls1.bottleneck[0].bias) == count


@pytest.mark.parametrize(
    ("setting", "value"), [("rank", 0), ("alpha", 0), ("reduction", 0), ("rank", 1.5)]
)
def test_a_setting_out_of_range_is_named(setting, value):
    with pytest.raises(SettingError, match=f"strategy.{setting} must be"):
        parse({"strategy": {"kind": "lora", setting: value}})
