"""Weights renamed as other libraries name them."""

import re

import timm
import torch
from torch import nn

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
