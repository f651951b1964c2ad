"""Every strategy on every family: it trains what it says, leaves the rest alone, survives a
checkpoint, and merges.
"""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F

from rft_core.engine.models.modes import eval_mode, train_mode
from rft_core.engine.models.run_checkpoint import load_checkpoint, save_checkpoint
from rft_core.engine.training.optim import build_optimizer
from rft_core.errors import StrategyError
from rft_core.spec import catalog
from rft_core.spec.sections import OptimSpec, StrategySpec
from tests.unit.engine.strategies import networks

NAMES = [choice.name for choice in catalog.STRATEGIES]
MERGEABLE = ["full_finetune", "linear_probe", "bitfit", "lora", "ia3"]
UNFIT = {("adapter", networks.resnet), ("compacter", networks.resnet), ("ia3", networks.resnet)}
PAIRS = [
    (name, family) for name in NAMES for family in networks.FAMILIES if (name, family) not in UNFIT
]


def adapted(name, family, seed=0, **settings):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return catalog.find("strategies", name).load()(
            networks.build(family), StrategySpec(kind=name, **settings)
        )


def train(network, steps=2, optimizer=None):
    optimizer = optimizer or build_optimizer(
        network, network.get_classifier(), OptimSpec(learning_rate=1e-2, weight_decay=0.1)
    )
    train_mode(network)
    for step in range(steps):
        images, labels = networks.batch(seed=step)
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()
    return optimizer


def outputs(network):
    with eval_mode(network), torch.no_grad():
        return network(networks.batch()[0])


@pytest.mark.parametrize(("name", "family"), PAIRS)
def test_two_steps_move_the_trainable_weights_and_no_others(name, family):
    network = adapted(name, family)
    before = deepcopy(network.state_dict())
    trainable = {key for key, parameter in network.named_parameters() if parameter.requires_grad}
    train(network)
    moved = {
        key for key, value in network.state_dict().items() if not torch.equal(value, before[key])
    }
    if name == "full_finetune":
        assert trainable <= moved
    else:
        assert moved == trainable
        assert len(trainable) < len(before)


@pytest.mark.parametrize(("name", "family"), PAIRS)
def test_the_head_is_trained_and_found(name, family):
    network = adapted(name, family)
    head = network.get_classifier()
    assert isinstance(head, torch.nn.Linear)
    assert head.out_features == networks.CLASSES
    assert all(parameter.requires_grad for parameter in head.parameters())
    groups = build_optimizer(
        network, head, OptimSpec(learning_rate=1e-3, head_learning_rate=1e-2)
    ).param_groups
    assert {group["peak"] for group in groups} == (
        {1e-2} if name == "linear_probe" else {1e-3, 1e-2}
    )


@pytest.mark.parametrize(
    ("name", "family"), [pair for pair in PAIRS if pair[0] not in ("adapter", "compacter")]
)
def test_a_fresh_strategy_changes_no_output(name, family):
    assert torch.equal(outputs(adapted(name, family)), outputs(networks.build(family)))


@pytest.mark.parametrize(
    ("name", "family"), [pair for pair in PAIRS if pair[0] in ("adapter", "compacter")]
)
def test_a_fresh_bottleneck_changes_hardly_any_output(name, family):
    tolerance = {"adapter": 0.02, "compacter": 1e-5}[name]
    difference = (outputs(adapted(name, family)) - outputs(networks.build(family))).abs().max()
    assert 0 < difference < tolerance * outputs(networks.build(family)).abs().max()


@pytest.mark.parametrize(("name", "family"), [pair for pair in PAIRS if pair[0] in MERGEABLE])
def test_merged_equals_unmerged(name, family):
    network = adapted(name, family, alpha=16.0)
    train(network, steps=4)
    before, state = outputs(network), deepcopy(network.state_dict())
    merged = catalog.find("strategies", name).companion("merge")(network)
    assert torch.allclose(outputs(merged), before, rtol=0, atol=1e-5)
    assert not torch.allclose(before, outputs(networks.build(family)), atol=1e-2)
    assert {key: value.shape for key, value in merged.state_dict().items()} == {
        key: value.shape for key, value in networks.build(family).state_dict().items()
    }
    assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("name", ["adapter", "compacter"])
def test_bottlenecks_do_not_merge(name):
    assert catalog.find("strategies", name).companion("merge") is None


@pytest.mark.parametrize(("name", "family"), PAIRS)
def test_a_checkpoint_round_trip_goes_on_as_if_nothing_happened(name, family, tmp_path):
    network = adapted(name, family)
    optimizer = train(network)
    save_checkpoint(tmp_path / "c.safetensors", network, optimizer, {"step": 2})
    again = adapted(name, family, seed=1)
    resumed = build_optimizer(
        again, again.get_classifier(), OptimSpec(learning_rate=1e-2, weight_decay=0.1)
    )
    assert load_checkpoint(tmp_path / "c.safetensors", again, resumed) == {"step": 2}
    assert torch.equal(outputs(again), outputs(network))
    train(network, optimizer=optimizer)
    train(again, optimizer=resumed)
    assert torch.equal(outputs(again), outputs(network))


@pytest.mark.parametrize(("name", "family"), [pair for pair in PAIRS if pair[0] != "full_finetune"])
def test_one_image_is_enough_where_statistics_are_frozen(name, family):
    network = train_mode(adapted(name, family))
    images, labels = networks.batch(1)
    loss = F.cross_entropy(network(images), labels)
    loss.backward()
    assert torch.isfinite(loss)


@pytest.mark.parametrize(
    ("name", "family"),
    [*sorted(UNFIT, key=str), ("lora", networks.plain), ("adapter", networks.plain)],
)
def test_a_network_without_the_places_is_refused_with_a_way_out(name, family):
    untouched = networks.build(family)
    with pytest.raises(StrategyError) as caught:
        catalog.find("strategies", name).load()(untouched, StrategySpec(kind=name))
    message = str(caught.value)
    assert message.startswith(
        f"the strategy '{name}' looks for transformer blocks (attn.qkv, mlp.fc1, mlp.fc2) or"
        " ConvNeXt blocks (conv_dw, mlp.fc1, mlp.fc2)"
    )
    if family is networks.resnet:
        assert message.endswith(
            "this ResNet has 4 residual blocks (conv1, bn1, conv2, bn2); strategies that fit it:"
            " full_finetune, linear_probe, bitfit, lora"
        )
    else:
        assert message.endswith(
            "this Sequential has none; strategies that fit it: full_finetune, linear_probe, bitfit"
        )
    assert all(parameter.requires_grad for parameter in untouched.parameters())


def test_bitfit_without_biases_is_refused():
    with pytest.raises(
        StrategyError,
        match="looks for biases outside the head and this Sequential has none; use linear_probe",
    ):
        adapted("bitfit", networks.plain)


def test_attention_that_reads_its_weight_directly_is_not_changed():
    from timm.models.beit import Beit

    network = Beit(img_size=16, patch_size=4, embed_dim=32, depth=1, num_heads=2, num_classes=5)
    for name in ("lora", "ia3", "adapter"):
        with pytest.raises(StrategyError, match="this Beit has none"):
            catalog.find("strategies", name).load()(network, StrategySpec(kind=name))
