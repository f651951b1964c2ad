"""Weights as this field publishes them: a model's own tensors, renamed here, give its logits."""

import re

import pytest
import timm
import torch
from torch import nn

from rft_core.engine.models.heads import heads
from rft_core.engine.models.starting_weights import load_backbone
from rft_core.errors import WeightsError
from tests.unit.engine.models.scattered import scattered

SMALL = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 3, "num_heads": 2}


def clip_vit(**more) -> nn.Module:
    name = "vit_base_patch16_clip_quickgelu_224"
    return timm.create_model(name, **SMALL | {"num_classes": 6} | more)


def plain_vit(**more) -> nn.Module:
    return timm.create_model("vit_tiny_patch16_224", **SMALL | {"num_classes": 6} | more)


def small_swin() -> nn.Module:
    return timm.create_model(
        "swin_tiny_patch4_window7_224", embed_dim=12, depths=(2, 2, 2), num_heads=(1, 2, 4),
        img_size=64, window_size=4, num_classes=6,
    )  # fmt: skip


def small_convnext() -> nn.Module:
    return timm.create_model(
        "convnext_tiny", dims=(8, 12, 16, 20), depths=(1, 2, 1, 1), num_classes=6
    )


def as_clip_tower(tensors):
    """The names that OpenAI gave the image tower of CLIP."""
    pairs = {
        "cls_token": "class_embedding", "pos_embed": "positional_embedding",
        "patch_embed.proj.weight": "conv1.weight", "norm_pre": "ln_pre",
    }  # fmt: skip
    inner = [
        ("blocks.", "transformer.resblocks."), ("norm1", "ln_1"), ("norm2", "ln_2"),
        ("attn.qkv.", "attn.in_proj_"), ("attn.proj", "attn.out_proj"), ("fc1", "c_fc"),
        ("fc2", "c_proj"),
    ]  # fmt: skip
    renamed = {}
    for name, tensor in tensors.items():
        if name == "head.bias":
            continue
        if name == "head.weight":
            renamed["proj"] = tensor.T.contiguous()
            continue
        if name in ("cls_token", "pos_embed"):
            tensor = tensor.squeeze()
        for ours, theirs in pairs.items():
            name = name.replace(ours, theirs)
        for ours, theirs in inner:
            name = name.replace(ours, theirs)
        renamed[name.replace("norm.", "ln_post.")] = tensor
    return renamed


def as_hub_vit(tensors, model="vit"):
    """The names of Hugging Face's hub for a ViT; q, k and v apart."""
    renamed = {}
    for name, tensor in tensors.items():
        if match := re.fullmatch(r"blocks\.(\d+)\.attn\.qkv\.(\w+)", name):
            for part, share in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                layer = f"{model}.encoder.layer.{match[1]}.attention.attention"
                renamed[f"{layer}.{part}.{match[2]}"] = share.clone()
        elif match := re.fullmatch(r"blocks\.(\d+)\.(.*)\.(\w+)", name):
            part = {
                "norm1": "layernorm_before", "norm2": "layernorm_after",
                "attn.proj": "attention.output.dense", "mlp.fc1": "intermediate.dense",
                "mlp.fc2": "output.dense",
            }[match[2]]  # fmt: skip
            renamed[f"{model}.encoder.layer.{match[1]}.{part}.{match[3]}"] = tensor
        else:
            start, _, end = name.rpartition(".")
            part = {
                "cls_token": "embeddings.cls_token", "pos_embed": "embeddings.position_embeddings",
                "patch_embed.proj": "embeddings.patch_embeddings.projection",
                "norm": "layernorm",
            }.get(start or name)  # fmt: skip
            ending = f".{end}" if start else ""
            renamed[f"{model}.{part}{ending}" if part else f"classifier{ending}"] = tensor
    return renamed


def as_hub_swin(tensors):
    renamed = {}
    for name, tensor in tensors.items():
        if name.endswith(("relative_position_index", "attn_mask")):
            continue
        name = re.sub(
            r"layers\.(\d)\.downsample",
            lambda match: f"layers.{int(match[1]) - 1}.downsample",
            name,
        )
        pairs = [
            ("attn.relative_position", "attention.self.relative_position"),
            ("attn.proj", "attention.output.dense"),
            ("norm1", "layernorm_before"),
            ("norm2", "layernorm_after"),
            ("mlp.fc1", "intermediate.dense"),
            ("mlp.fc2", "output.dense"),
            ("layers.", "swin.encoder.layers."),
            ("patch_embed.proj", "swin.embeddings.patch_embeddings.projection"),
            ("patch_embed.norm", "swin.embeddings.norm"),
            ("head.fc", "classifier"),
        ]
        for ours, theirs in pairs:
            name = name.replace(ours, theirs)
        name = re.sub(r"^norm\.", "swin.layernorm.", name)
        if ".attn.qkv." in name:
            for part, share in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                renamed[name.replace("attn.qkv", f"attention.self.{part}")] = share.clone()
        else:
            renamed[name] = tensor
    return renamed


def as_hub_convnext(tensors):
    renamed = {}
    for name, tensor in tensors.items():
        pairs = [
            ("stem.0.", "convnext.embeddings.patch_embeddings."),
            ("stem.1.", "convnext.embeddings.layernorm."),
            ("head.norm.", "convnext.layernorm."),
            ("head.fc.", "classifier."),
            ("downsample.", "downsampling_layer."),
            ("stages.", "convnext.encoder.stages."),
            ("blocks.", "layers."),
            (".norm.", ".layernorm."),
            ("conv_dw", "dwconv"),
            ("mlp.fc", "pwconv"),
            ("gamma", "layer_scale_parameter"),
        ]
        for ours, theirs in pairs:
            name = name.replace(ours, theirs)
        renamed[name] = tensor
    return renamed


def below(prefix):
    return lambda tensors: {f"{prefix}{name}": value for name, value in tensors.items()}


def beside(prefix, other, rename=lambda tensors: tensors):
    """The tensors below `prefix`, and others of the same shapes below
    `other`, which comes first.
    """

    def both(tensors):
        tensors = rename(tensors)
        noise = {name: torch.rand_like(value.float()) for name, value in tensors.items()}
        return below(other)(noise) | below(prefix)(tensors)

    return both


def mixed(*steps):
    def all_of_them(tensors):
        for step in steps:
            tensors = step(tensors)
        return tensors

    return all_of_them


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
def test_of_two_the_plain_one_is_taken_and_the_other_is_named(tmp_path, first, second):
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
    assert f"w.pt: this backbone uses {activation}, and the file does not say" in notes[-1]


def test_a_hub_vit_is_brought_to_another_size(tmp_path):
    source, model = plain_vit(), plain_vit(img_size=48)
    torch.save(as_hub_vit(dict(source.state_dict())), tmp_path / "w.pt")
    notes = []
    load_backbone(model, tmp_path / "w.pt", notify=notes.append)
    assert notes[1] == "w.pt: position embeddings were brought to this size (pos_embed)"
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
