"""Counts and parameter maps: the numbers of Li et al., ICCV 2025, on ViT-B/16 with 10 classes."""

from copy import deepcopy

import pytest
import timm
import torch

from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.strategies.parameters import count_parameters, where
from rft_core.spec import catalog
from rft_core.spec.sections import StrategySpec
from tests.unit.engine.strategies import networks

# their model carries a pooler that is never used: a 768 x 768 matrix and 768 biases
POOLER_WEIGHTS, POOLER_BIASES = 768 * 768, 768
PAPER_TOTAL = 86_389_248 + 7_690
PAPER = {
    "linear_probe": 7_690,
    "lora": 1_187_338,
    "adapter": 3_567_370,
    "compacter": 64_778,
    "ia3": 72_202,
    "bitfit": 111_370,
}
DIFFERENCE = {"full_finetune": POOLER_WEIGHTS + POOLER_BIASES, "bitfit": POOLER_BIASES}


@pytest.fixture(scope="module")
def vit_b():
    # shapes without numbers: counting needs no memory
    with torch.device("meta"):
        return timm.create_model("vit_base_patch16_224", pretrained=False, num_classes=10)


@pytest.mark.parametrize("name", [choice.name for choice in catalog.STRATEGIES])
def test_the_table_of_the_paper(vit_b, name):
    network = catalog.find("strategies", name).load()(deepcopy(vit_b), StrategySpec(kind=name))
    trainable, total = count_parameters(network)
    assert trainable == (PAPER | {"full_finetune": PAPER_TOTAL})[name] - DIFFERENCE.get(name, 0)
    added = 0 if name in ("full_finetune", "linear_probe", "bitfit") else trainable - 7_690
    assert (
        total - added == PAPER_TOTAL - POOLER_WEIGHTS - POOLER_BIASES == count_parameters(vit_b)[1]
    )


@pytest.mark.parametrize("name", [choice.name for choice in catalog.STRATEGIES])
def test_the_map_adds_up_to_the_counts(vit_b, name):
    network = catalog.find("strategies", name).load()(deepcopy(vit_b), StrategySpec(kind=name))
    rows = where(network)
    assert (
        sum(row["trainable"] for row in rows),
        sum(row["total"] for row in rows),
    ) == count_parameters(network)
    assert [row["module"] for row in rows if row["module"].startswith("blocks")] == [
        f"blocks.{index}" for index in range(12)
    ]
    assert rows[-1] == {"module": "head", "trainable": 7_690, "total": 7_690}


@pytest.mark.parametrize(
    ("family", "parts"),
    [
        (
            networks.vit,
            ["cls_token", "pos_embed", "patch_embed", "blocks.0", "blocks.1", "norm", "head"],
        ),
        (networks.convnext, ["stem", "stages.0", "stages.1", "stages.2", "stages.3", "head"]),
        (networks.resnet, ["conv1", "bn1", "layer1.0", "layer2.0", "layer3.0", "layer4.0", "fc"]),
    ],
)
def test_the_map_names_the_parts_in_network_order(family, parts):
    network = networks.build(family)
    assert [row["module"] for row in where(network)] == parts
    assert where(NormalizedModel(network, (0.5,) * 3, (0.5,) * 3)) == where(network)


def test_lora_on_a_map():
    network = catalog.find("strategies", "lora").load()(
        networks.build(networks.vit), StrategySpec(kind="lora", rank=2)
    )
    rows = {row["module"]: row["trainable"] for row in where(network)}
    pair = {"qkv": 3 * 2 * (32 + 32), "fc1": 2 * (32 + 128), "fc2": 2 * (128 + 32)}
    assert rows == {
        "cls_token": 0,
        "pos_embed": 0,
        "patch_embed": 0,
        "blocks.0": sum(pair.values()),
        "blocks.1": sum(pair.values()),
        "norm": 0,
        "head": 165,
    }
