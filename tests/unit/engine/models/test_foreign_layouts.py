"""Weights as this field publishes them: a model's own tensors, renamed here, give its logits."""

import pytest
import timm
import torch
from torch import nn

from rft_core.engine.models.heads import heads
from rft_core.engine.models.starting_weights import load_backbone
from rft_core.errors import WeightsError
from tests.unit.engine.models.foreign import (
    as_clip_tower,
    as_hub_convnext,
    as_hub_swin,
    as_hub_vit,
    below,
    beside,
    clip_vit,
    mixed,
    plain_vit,
    small_convnext,
    small_swin,
)
from tests.unit.engine.models.scattered import scattered

CASES = {
    "a tower without visual, as FARE": (clip_vit, as_clip_tower),
    "a tower in a wrapper, as TeCoA": (clip_vit, mixed(as_clip_tower, below("module."))),
    "a tower as vision_encoder": (clip_vit, mixed(as_clip_tower, below("model.vision_encoder."))),
    "a whole CLIP": (clip_vit, mixed(as_clip_tower, below("visual."))),
    "a whole CLIP in a wrapper": (clip_vit, mixed(as_clip_tower, below("clip_model.visual."))),
    "hub's ViT": (plain_vit, as_hub_vit),
    "hub's ViT without a head": (
        plain_vit,
        lambda all: {
            name.removeprefix("vit."): value
            for name, value in as_hub_vit(all).items()
            if "classifier" not in name
        },
    ),
    "hub's ViT in a wrapper": (plain_vit, mixed(as_hub_vit, below("module.model."))),
    "hub's Swin": (small_swin, as_hub_swin),
    "hub's ConvNeXt": (small_convnext, as_hub_convnext),
    "teacher beside student, flat": (plain_vit, beside("teacher.backbone.", "student.backbone.")),
    "encoder beside its average": (plain_vit, beside("model.", "model_ema.")),
    "MoCo's two encoders": (plain_vit, beside("module.base_encoder.", "module.momentum_encoder.")),
    "attacker and normalizer": (
        plain_vit,
        lambda all: (
            below("module.attacker.model.")(all)
            | {
                "module.normalizer.new_mean": torch.rand(3, 1, 1),
                "module.attacker.normalize.mean": torch.rand(3),
            }
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_logits_are_those_of_the_model_that_was_renamed(tmp_path, case):
    build, rename = CASES[case]
    source, model = scattered(build()), scattered(build(), seed=9)
    torch.save(rename(dict(source.state_dict())), tmp_path / "w.pt")
    load_backbone(model, tmp_path / "w.pt")
    assert_same(source, model, 64 if build is small_swin else 32)


PLACES = [
    ("model_weights",),
    ("best_model",),
    ("model_state",),
    ("net",),
    ("ema",),
    ("weights", "model"),
    ("checkpoint", "encoder", "weights"),
    ("vision_encoder_state_dict",),
    ("any name at all",),
    (3,),
]


@pytest.mark.parametrize("keys", PLACES, ids=str)
def test_weights_in_any_dictionary(tmp_path, keys):
    source, model = scattered(plain_vit()), plain_vit()
    content = dict(source.state_dict())
    for key in reversed(keys):
        content = {"epoch": 3, "optimizer": {"state": {0: {"step": torch.ones(())}}}, key: content}
    torch.save(content, tmp_path / "w.pt")
    load_backbone(model, tmp_path / "w.pt")
    assert_same(source, model)


@pytest.mark.parametrize(
    ("first", "second"),
    [("student", "teacher"), ("ema", "state_dict"), ("model_ema", "net"), ("swa_model", "model")],
)
def test_of_two_dictionaries_the_plain_is_used_and_the_other_is_named(tmp_path, first, second):
    source, other, model = scattered(plain_vit()), scattered(plain_vit(), 5), plain_vit()
    # an average that counts has a tensor more
    averaged = dict(other.state_dict()) | {"n_averaged": torch.ones(())}
    torch.save({first: averaged, second: dict(source.state_dict())}, tmp_path / "w.pt")
    notes = []
    load_backbone(model, tmp_path / "w.pt", notify=notes.append)
    assert_same(source, model)
    assert f"those of '{second}'; it also holds {first}" in notes[0]


def test_the_dictionary_that_fits_is_taken_though_another_is_larger(tmp_path):
    source, model = scattered(plain_vit(depth=2)), plain_vit(depth=2)
    torch.save(
        {
            "generator": dict(timm.create_model("resnet18").state_dict()),
            "classifier": dict(source.state_dict()),
        },
        tmp_path / "w.pt",
    )
    load_backbone(model, tmp_path / "w.pt")
    assert_same(source, model)


def test_weights_and_optimiser_as_a_pair(tmp_path):
    source, model = scattered(plain_vit()), plain_vit()
    torch.save((dict(source.state_dict()), {"lr": 0.1}), tmp_path / "w.pt")
    load_backbone(model, tmp_path / "w.pt")
    assert_same(source, model)


@pytest.mark.parametrize(("build", "activation"), [(clip_vit, "quick GELU"), (plain_vit, "GELU")])
def test_the_log_says_what_a_tower_of_clip_leaves_open(tmp_path, build, activation):
    source = build(pre_norm=True, class_token=True)
    torch.save(as_clip_tower(dict(source.state_dict())), tmp_path / "w.pt")
    notes = []
    load_backbone(build(pre_norm=True), tmp_path / "w.pt", notify=notes.append)
    assert f"w.pt: this backbone uses {activation}, but the file does not say" in notes[-1]


def test_a_hub_vit_is_brought_to_another_size(tmp_path):
    source, model = plain_vit(), plain_vit(img_size=48)
    torch.save(as_hub_vit(dict(source.state_dict())), tmp_path / "w.pt")
    notes = []
    load_backbone(model, tmp_path / "w.pt", notify=notes.append)
    assert notes[1] == "w.pt: position embeddings were resized to fit (pos_embed)"
    torch.testing.assert_close(model.pos_embed[:, 0], source.pos_embed[:, 0])


def test_the_names_that_were_met_are_in_the_refusal(tmp_path):
    tensors = as_hub_vit(dict(plain_vit(depth=2).state_dict()))
    torch.save(tensors, tmp_path / "w.pt")
    message = r"30 of 42 tensors match \(names of Hugging Face's ViT\), 12 keys missing"
    with pytest.raises(WeightsError, match=message):
        load_backbone(plain_vit(), tmp_path / "w.pt")


@torch.no_grad()
def assert_same(source: nn.Module, model: nn.Module, size: int = 32) -> None:
    for old, new in zip(heads(source), heads(model), strict=True):
        new.load_state_dict(old.state_dict())
    images = torch.rand(3, 3, size, size)
    expected = source(images)
    assert (expected[0] - expected[1]).abs().max() > 1e-3
    torch.testing.assert_close(model.eval()(images), expected, rtol=1e-5, atol=1e-5)
