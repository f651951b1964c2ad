"""The embedded weights: checked against their cards before use, small, and complete."""

import json

import pytest
import torch

from rft_core.engine.models.build import build_model
from rft_core.engine.models.embedded_weights import read_card, sha256, weights_file
from rft_core.errors import WeightsError
from rft_core.files.home import WEIGHTS
from rft_core.metrics.measured_by import MeasuredBy
from rft_core.spec import catalog
from rft_core.spec.run_spec import parse
from rft_core.spec.sections import ModelSpec

EMBEDDED = list(catalog.EMBEDDED_BACKBONES)
MEGABYTE = 1_000_000


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_file_fits_its_card(name):
    path, card = weights_file(name), read_card(name)
    assert card["name"] == name
    assert card["bytes"] == path.stat().st_size < 2 * MEGABYTE
    assert card["licence"]
    assert card["measured"]["clean_accuracy"] > 0.5
    assert MeasuredBy.from_dict(card["measured"]["measured_by"]).chip == "PGD-10, n 2,000"
    assert parse(card["recipe"]).model.backbone == name


def test_together_they_are_small():
    assert sum(weights_file(name).stat().st_size for name in EMBEDDED) < 8 * MEGABYTE


@pytest.mark.parametrize("name", EMBEDDED)
def test_they_load_and_differ_from_chance(name):
    def model(pretrained):
        return build_model(
            ModelSpec(backbone=name, pretrained=pretrained), num_classes=3, image_size=32, seed=0
        ).eval()

    trained = model(True)
    assert torch.isfinite(trained(torch.rand(2, 3, 32, 32))).all()
    first = next(iter(trained.parameters()))
    assert not torch.equal(first, next(iter(model(False).parameters())))


def test_there_are_no_other_files():
    found = {path.stem for path in WEIGHTS.glob("*.safetensors")}
    assert found <= set(EMBEDDED)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"weights")
    (tmp_path / "w.json").write_text(json.dumps({"sha256": sha256(path)}))
    return tmp_path


def test_a_whole_file(folder):
    assert weights_file("w", folder) == folder / "w.safetensors"


def test_a_damaged_file(folder):
    (folder / "w.safetensors").write_bytes(b"weighty")
    with pytest.raises(WeightsError, match="w.safetensors are damaged.*restore them with"):
        weights_file("w", folder)


def test_a_missing_file(folder):
    (folder / "w.safetensors").unlink()
    with pytest.raises(WeightsError, match="w.safetensors are missing; restore them with"):
        weights_file("w", folder)


@pytest.mark.parametrize("card", [None, "{", "{}", "[]"])
def test_a_card_that_cannot_be_used(folder, card):
    (folder / "w.json").unlink()
    if card is not None:
        (folder / "w.json").write_text(card)
    with pytest.raises(WeightsError, match="the card of the embedded backbone w"):
        weights_file("w", folder)
