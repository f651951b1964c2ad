"""rft_core.engine.assets.backbone_index: the index is that of the installed timm, and small."""

import json
from dataclasses import astuple

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional

from rft_core.engine.assets import backbone_index
from rft_core.engine.assets.backbone_index import Cost, build_index, dump, measure
from rft_core.engine.models.trainable import NO_HEAD
from rft_core.files.home import BACKBONES_FILE
from rft_core.spec import catalog

SAMPLE = (
    "bloom_vit",
    "test_vit.r160_in1k",
    "test_convnext",
    "resnet18.a3_in1k",
    "vit_tiny_patch16_224",
    "mobilenetv3_small_100.lamb_in1k",
)


@pytest.fixture(scope="module")
def kept() -> dict:
    return json.loads(BACKBONES_FILE.read_text())


def test_it_names_what_the_installed_timm_has(kept):
    assert kept["timm"] == timm.__version__
    assert sorted(kept["architectures"]) == sorted(timm.list_models())
    tagged = [
        f"{architecture}.{tag}" for architecture, tags in kept["weights"].items() for tag in tags
    ]
    assert sorted(tagged) == sorted(timm.list_pretrained())
    assert set(kept["embedded"]) == set(catalog.EMBEDDED_BACKBONES)


def test_defaults_come_first_and_licences_and_places_are_timms(kept):
    for architecture, tags in kept["weights"].items():
        assert next(iter(tags)) == timm.get_pretrained_cfg(architecture).tag
        for tag, (licence, _, hub) in tags.items():
            config = timm.get_pretrained_cfg(f"{architecture}.{tag}")
            assert kept["licences"][licence] == (config.license or "unknown")
            assert (f"timm/{architecture}.{tag}" if hub is None else hub) == (
                config.hf_hub_id or config.url or ""
            )


@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_measured_again(kept, name):
    architecture, _, tag = name.partition(".")
    row = (
        kept["embedded"].get(name)
        or (kept["weights"][architecture][tag][1] if tag else None)
        or kept["architectures"][architecture]
    )
    assert list(astuple(measure(name))) == row


def test_renamings_are_timms_and_lead_to_what_is_there(kept):
    current = {*timm.list_models(), *timm.list_pretrained()}
    assert set(kept["renamed"].values()) <= current
    assert not current.intersection(kept["renamed"])
    for old, new in timm.models._registry._deprecated_models.items():
        assert kept["renamed"][old].startswith(new)


def test_all_architectures_without_a_classifier_are_refused_and_no_other(kept):
    """timm's encoders for other models are the ones whose names end in _enc."""
    encoders = [name for name in timm.list_models() if name.endswith("_enc")]
    assert sorted(kept["refused"]) == sorted(encoders)
    assert set(kept["refused"].values()) == {NO_HEAD}


def test_it_is_small_and_nearly_complete(kept):
    assert BACKBONES_FILE.stat().st_size < 250_000
    rows = [*kept["embedded"].values(), *kept["architectures"].values()]
    assert all(len(row) == len(kept["row"]) for row in rows)
    assert sum(None not in row for row in rows) > 0.95 * len(rows)


def test_the_index_as_text_is_the_index_again():
    costs, refusals = lambda name: Cost(1, 2, 3, 4, 5), {"test_vit": "it is small"}.get
    built = build_index(["test_vit"], costs, refusals)
    read = json.loads(dump(built))
    assert read == json.loads(json.dumps(built))
    assert read["refused"] == {"test_vit": "it is small"}
    assert read["architectures"] == {"test_vit": [1, 2, 3, 4, 5]}
    assert read["weights"] == {"test_vit": {"r160_in1k": [0, None, None]}}


def test_costs_counted_by_hand(monkeypatch):
    """Two convolutions and a ReLU: the inputs of both, and the ReLU's output, which is the second
    one's input, are kept.
    """

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 4, 1, bias=False), nn.Conv2d(4, 5, 1, bias=False)

        def forward(self, images):
            return self.second(functional.relu(self.first(images)))

    monkeypatch.setattr(backbone_index.timm, "create_model", lambda name: Two())
    pixels = 160 * 160
    found = measure("test_vit")
    assert found.parameters == 3 * 4 + 4 * 5
    assert found.macs == pixels * (3 * 4 + 4 * 5)
    assert found.activations == pixels * (3 + 4)
    # frozen: a convolution needs nothing but its weights for the gradient of its input,
    # a ReLU its own output
    assert found.frozen_activations <= found.activations


def test_an_architecture_that_cannot_run_without_memory(monkeypatch):
    class Stubborn(nn.Linear):
        def forward(self, images):
            return images * torch.zeros(()).item() if images.sum().item() else images

    monkeypatch.setattr(backbone_index.timm, "create_model", lambda name: Stubborn(2, 2))
    assert measure("test_vit") == Cost(6, 160)
