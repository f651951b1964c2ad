"""Layouts: how other libraries name the weights of timm's architectures, as rules that rename them.

torchvision's ResNets already have timm's names; its ViT, ConvNeXt and Swin have other names, and so
have all models of Hugging Face's transformers, in two spellings: that of the files on its hub, and
that of its models from version 5 on.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor

Tensors = Mapping[str, Tensor]
Rule = tuple[str, str | Callable[[re.Match], str]]


def _stage(rest: str) -> Callable[[re.Match], str]:
    """Return a replacement that counts torchvision's `features` as stages.

    1, 3, 5, 7 are the stages 0, 1, 2, 3, and 2, 4, 6 lead to the stages 1, 2, 3.
    """
    return lambda match: rest.format((int(match[1])) // 2, *match.groups()[1:])


def _next(rest: str) -> Callable[[re.Match], str]:
    """Return a replacement that adds 1 to every number found."""
    return lambda match: rest.format(*(int(number) + 1 for number in match.groups()))


_VIT: tuple[Rule, ...] = (
    (r"class_token$", "cls_token"),
    (r"conv_proj\.", "patch_embed.proj."),
    (r"encoder\.pos_embedding$", "pos_embed"),
    (r"encoder\.layers\.encoder_layer_(\d+)\.", r"blocks.\1."),
    (r"encoder\.ln\.", "norm."),
    (r"heads\.head\.", "head."),
    (r"ln_([12])\.", r"norm\1."),
    (r"self_attention\.in_proj_", "attn.qkv."),
    (r"self_attention\.out_proj\.", "attn.proj."),
    (r"mlp\.(?:linear_1|0)\.", "mlp.fc1."),
    (r"mlp\.(?:linear_2|3)\.", "mlp.fc2."),
)
_CONVNEXT: tuple[Rule, ...] = (
    (r"features\.0\.([01])\.", r"stem.\1."),
    (r"features\.([246])\.([01])\.", _stage("stages.{0}.downsample.{1}.")),
    (r"features\.([1357])\.(\d+)\.", _stage("stages.{0}.blocks.{1}.")),
    (r"layer_scale$", "gamma"),
    (r"block\.0\.", "conv_dw."),
    (r"block\.2\.", "norm."),
    (r"block\.3\.", "mlp.fc1."),
    (r"block\.5\.", "mlp.fc2."),
    (r"classifier\.0\.", "head.norm."),
    (r"classifier\.2\.", "head.fc."),
)
_SWIN: tuple[Rule, ...] = (
    (r"features\.0\.0\.", "patch_embed.proj."),
    (r"features\.0\.2\.", "patch_embed.norm."),
    (r"features\.([246])\.", _stage("layers.{0}.downsample.")),
    (r"features\.([1357])\.(\d+)\.", _stage("layers.{0}.blocks.{1}.")),
    (r"mlp\.0\.", "mlp.fc1."),
    (r"mlp\.3\.", "mlp.fc2."),
    (r"head\.(weight|bias)$", r"head.fc.\1"),
)
# the name of the model in front of all names but those of the head
_HF_MODEL: Rule = (
    r"(?:vit|deit|dinov2|swin|convnext|convnextv2|resnet|vision_model)"
    r"\.(?=embeddings|embedder|encoder|layers|layernorm|pooler|pre_|post_)",
    "",
)
_HF_BLOCK: tuple[Rule, ...] = (
    (r"attention\.(?:attention|self)\.(q|k|v)(?:uery|ey|alue)\.", r"attn.\1."),
    (r"(?:attention|self_attn)\.(q|k|v)_proj\.", r"attn.\1."),
    (r"attention\.output\.dense\.", "attn.proj."),
    (r"(?:attention\.o_proj|self_attn\.out_proj)\.", "attn.proj."),
    (r"intermediate\.dense\.", "mlp.fc1."),
    (r"output\.dense\.", "mlp.fc2."),
    (r"(?:layernorm_before|layer_norm1)\.", "norm1."),
    (r"(?:layernorm_after|layer_norm2)\.", "norm2."),
)
_HF_VIT: tuple[Rule, ...] = (
    _HF_MODEL,
    (r"embeddings\.cls_token$", "cls_token"),
    (r"embeddings\.distillation_token$", "dist_token"),
    (r"embeddings\.position_embeddings$", "pos_embed"),
    (r"embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"(?:encoder\.)?layers?\.(\d+)\.", r"blocks.\1."),
    *_HF_BLOCK,
    (r"layer_scale([12])\.lambda1$", r"ls\1.gamma"),
    (r"mlp\.weights_in\.", "mlp.fc1."),
    (r"mlp\.weights_out\.", "mlp.fc2."),
    (r"layernorm\.", "norm."),
    (r"(?:cls_)?classifier\.", "head."),
    (r"distillation_classifier\.", "head_dist."),
)
_HF_CLIP: tuple[Rule, ...] = (
    _HF_MODEL,
    (r"embeddings\.class_embedding$", "cls_token"),
    (r"embeddings\.position_embedding\.weight$", "pos_embed"),
    (r"embeddings\.patch_embedding\.", "patch_embed.proj."),
    (r"pre_layrnorm\.", "norm_pre."),
    (r"post_layernorm\.", "norm."),
    (r"encoder\.layers\.(\d+)\.", r"blocks.\1."),
    *_HF_BLOCK,
    (r"visual_projection\.", "head."),
)
_HF_SWIN: tuple[Rule, ...] = (
    _HF_MODEL,
    (r"embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"embeddings\.norm\.", "patch_embed.norm."),
    (r"encoder\.layers\.(\d+)\.downsample\.", _next("layers.{0}.downsample.")),
    (r"encoder\.layers\.(\d+)\.", r"layers.\1."),
    (
        r"attention\.(?:self|relative_position_bias)\.relative_position_",
        "attn.relative_position_",
    ),
    *_HF_BLOCK,
    (r"layernorm\.", "norm."),
    (r"classifier\.", "head.fc."),
)
_HF_CONVNEXT: tuple[Rule, ...] = (
    _HF_MODEL,
    (r"embeddings\.patch_embeddings\.", "stem.0."),
    (r"embeddings\.layernorm\.", "stem.1."),
    (r"encoder\.stages\.(\d+)\.downsampling_layer\.([01])\.", r"stages.\1.downsample.\2."),
    (r"encoder\.stages\.(\d+)\.layers\.(\d+)\.", r"stages.\1.blocks.\2."),
    (r"blocks\.(\d+)\.layernorm\.", r"blocks.\1.norm."),
    (r"layer_scale_parameter$", "gamma"),
    (r"dwconv\.", "conv_dw."),
    (r"pwconv([12])\.", r"mlp.fc\1."),
    (r"grn\.", "mlp.grn."),
    (r"layernorm\.", "head.norm."),
    (r"classifier\.", "head.fc."),
)
_HF_RESNET: tuple[Rule, ...] = (
    _HF_MODEL,
    (r"embedder\.embedder\.convolution\.", "conv1."),
    (r"embedder\.embedder\.normalization\.", "bn1."),
    (
        r"encoder\.stages\.(\d+)\.layers\.(\d+)\.",
        lambda match: f"layer{int(match[1]) + 1}.{match[2]}.",
    ),
    (r"shortcut\.convolution\.", "downsample.0."),
    (r"shortcut\.normalization\.", "downsample.1."),
    (r"layer\.(\d+)\.convolution\.", _next("conv{0}.")),
    (r"layer\.(\d+)\.normalization\.", _next("bn{0}.")),
    (r"classifier\.1\.", "fc."),
)
CLIP_LAYOUTS = ("CLIP's vision tower", "Hugging Face's CLIP")
LAYOUTS: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {
        "timm": (),
        "torchvision's ViT": _VIT,
        "torchvision's ConvNeXt": _CONVNEXT,
        "torchvision's Swin": _SWIN,
        "Hugging Face's ViT": _HF_VIT,
        "Hugging Face's Swin": _HF_SWIN,
        "Hugging Face's ConvNeXt": _HF_CONVNEXT,
        "Hugging Face's ResNet": _HF_RESNET,
        CLIP_LAYOUTS[1]: _HF_CLIP,
    }
)
FUSED = re.compile(r"(.*(?:^|\.)attn\.)(q|k|v)\.(weight|bias)$")


def renamed(tensors: Tensors, layout: str) -> dict[str, Tensor]:
    """Return `tensors` under timm's names, as far as `layout` defines them; q, k, v are joined."""
    rules = LAYOUTS[layout]
    names = {rename(name, rules): tensor for name, tensor in tensors.items()}
    return fused(names) if layout.startswith("Hugging Face") else names


def rename(name: str, rules: tuple[Rule, ...]) -> str:
    """Return `name` after every rule; a rule matches at the beginning or after a dot."""
    for pattern, replacement in rules:
        name = re.sub(rf"(?<![^.]){pattern}", replacement, name)
    return name


def fused(tensors: Tensors) -> dict[str, Tensor]:
    """Return `tensors` with the separate q, k and v of each attention as one `qkv`, in this order.

    A missing bias, such as that of k in some models, counts as zeros.
    """
    parts: dict[tuple[str, str], dict[str, Tensor]] = {}
    result: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if match := FUSED.match(name):
            parts.setdefault((match[1], match[3]), {})[match[2]] = tensor
        else:
            result[name] = tensor
    for (attention, kind), found in parts.items():
        like = next(iter(found.values()))
        if kind == "bias" or len(found) == 3:
            all_three = [found.get(part, torch.zeros_like(like)) for part in "qkv"]
            result[f"{attention}qkv.{kind}"] = torch.cat(all_three)
        else:
            result |= {f"{attention}{part}.{kind}": tensor for part, tensor in found.items()}
    return result
