"""rft_core.engine.models.modes: no module ever loses its own flag."""

import pytest
import torch
from torch import nn

from rft_core.engine.models.modes import eval_mode, freeze_statistics, train_mode
from tests import tiny


def flags(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def mixed() -> nn.Module:
    """A model in training whose batch norm is in eval mode, as a frozen one is."""
    model = tiny.cnn().train()
    model.get_submodule("backbone.1").eval()
    return model


def test_every_flag_comes_back():
    model = mixed()
    before = flags(model)
    with eval_mode(model) as inside:
        assert inside is model
        assert not any(flags(model))
    assert flags(model) == before


def test_also_after_an_error():
    model = mixed()
    before = flags(model)
    with pytest.raises(KeyError):
        with eval_mode(model):
            raise KeyError
    assert flags(model) == before


def test_nested():
    model = mixed()
    before = flags(model)
    with eval_mode(model):
        with eval_mode(model):
            pass
        assert not any(flags(model))
    assert flags(model) == before


def test_frozen_statistics_do_not_move():
    model, (images, _) = tiny.cnn(), tiny.pictures(8)
    freeze_statistics(model)
    before = model.backbone[1].running_mean.clone()
    train_mode(model)(images)
    assert torch.equal(model.backbone[1].running_mean, before)
    assert model.backbone[3].training
    assert model.training


def test_others_do():
    model, (images, _) = tiny.cnn(), tiny.pictures(8)
    before = model.backbone[1].running_mean.clone()
    train_mode(model)(images)
    assert not torch.equal(model.backbone[1].running_mean, before)
