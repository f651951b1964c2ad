"""The menu of backbones; any other name of timm works too."""

from dataclasses import dataclass

from rft_core.spec.choice import Choice, menu
from rft_core.spec.menus.papers import SCHEDULE_PAPER, TRADEOFF_PAPER

EMBEDDED, TIMM = "embedded", "rft_core.engine.models.timm_models:build"


@dataclass(frozen=True)
class BackboneRow(Choice):
    """A backbone. `tier` says what it asks for: "instant" (seconds on any machine), "laptop"
    (minutes on a CPU) or "paper" (a GPU); `is_robust` whether it was pretrained against an attack.
    """

    tier: str
    is_robust: bool = False


BACKBONES = menu(
    BackboneRow(
        "bloom_resnet",
        "Bloom ResNet",
        "Small ResNet at 32 pixels, pretrained on drawn flowers. Not robust.",
        EMBEDDED,
        "rft_core.engine.models.embedded:bloom_resnet",
        tier="instant",
    ),
    BackboneRow(
        "bloom_convnext",
        "Bloom ConvNeXt",
        "Small ConvNeXt at 32 pixels, pretrained on drawn flowers. Not robust.",
        EMBEDDED,
        "rft_core.engine.models.embedded:bloom_convnext",
        tier="instant",
    ),
    BackboneRow(
        "bloom_vit",
        "Bloom ViT",
        "Small vision transformer at 32 pixels, pretrained on drawn flowers. Not robust.",
        EMBEDDED,
        "rft_core.engine.models.embedded:bloom_vit",
        tier="instant",
    ),
    BackboneRow(
        "bloom_resnet_robust",
        "Bloom ResNet, robust",
        "The same ResNet, pretrained against an attack.",
        EMBEDDED,
        "rft_core.engine.models.embedded:bloom_resnet",
        tier="instant",
        is_robust=True,
    ),
    BackboneRow(
        "test_resnet.r160_in1k",
        "Test ResNet",
        "timm's smallest ResNet, 160 pixels, 0.5 million weights: for trying things out.",
        "timm",
        TIMM,
        tier="instant",
    ),
    BackboneRow(
        "test_convnext.r160_in1k",
        "Test ConvNeXt",
        "timm's smallest ConvNeXt, 160 pixels, 0.3 million weights: for trying things out.",
        "timm",
        TIMM,
        tier="instant",
    ),
    BackboneRow(
        "test_efficientnet.r160_in1k",
        "Test EfficientNet",
        "timm's smallest EfficientNet, 160 pixels, 0.4 million weights: for trying things out.",
        "timm",
        TIMM,
        tier="instant",
    ),
    BackboneRow(
        "test_vit.r160_in1k",
        "Test ViT",
        "timm's smallest vision transformer, 160 pixels, 0.4 million weights: for trying things"
        " out.",
        "timm",
        TIMM,
        tier="instant",
    ),
    BackboneRow(
        "mobilenetv3_small_100.lamb_in1k",
        "MobileNet-V3 small",
        "A network for telephones, pretrained on ImageNet-1k.",
        "Howard et al., ICCV 2019; timm",
        TIMM,
        tier="laptop",
    ),
    BackboneRow(
        "convnext_atto.d2_in1k",
        "ConvNeXt atto",
        "The smallest ConvNeXt, pretrained on ImageNet-1k.",
        "Liu et al., CVPR 2022; timm",
        TIMM,
        tier="laptop",
    ),
    BackboneRow(
        "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
        "ViT-Ti/16",
        "The smallest usual vision transformer, pretrained on ImageNet-21k, then 1k.",
        "Steiner et al., TMLR 2022; timm",
        TIMM,
        tier="laptop",
    ),
    BackboneRow(
        "resnet18.a1_in1k",
        "ResNet-18",
        "The classic, pretrained on ImageNet-1k with the recipe A1.",
        "He et al., CVPR 2016; Wightman et al. 2021",
        TIMM,
        tier="laptop",
    ),
    BackboneRow(
        "deit_small_patch16_224.fb_in1k",
        "DeiT-S/16",
        "Small vision transformer, pretrained on ImageNet-1k only.",
        "Touvron et al., ICML 2021",
        TIMM,
        tier="laptop",
    ),
    BackboneRow(
        "resnet50.a1_in1k",
        "ResNet-50",
        "R50 of the schedule paper: ImageNet-1k, recipe A1.",
        f"Wightman et al. 2021; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    BackboneRow(
        "vit_base_patch16_224.augreg_in1k",
        "ViT-B/16",
        "ViT of the schedule paper: ImageNet-1k.",
        f"Steiner et al., TMLR 2022; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    BackboneRow(
        "swin_base_patch4_window7_224.ms_in22k_ft_in1k",
        "Swin-B",
        "SWIN of the schedule paper: ImageNet-22k, then 1k.",
        f"Liu et al., ICCV 2021; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    BackboneRow(
        "convnext_base.fb_in22k_ft_in1k",
        "ConvNeXt-B",
        "CNX of the schedule paper: ImageNet-22k, then 1k.",
        f"Liu et al., CVPR 2022; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    BackboneRow(
        "vit_base_patch16_clip_224.laion2b",
        "ViT-B/16, CLIP",
        "ClipViT of the schedule paper: image tower of a CLIP trained on LAION-2B.",
        f"Cherti et al., CVPR 2023; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    BackboneRow(
        "convnext_base.clip_laion2b",
        "ConvNeXt-B, CLIP",
        "ClipCNX of the schedule paper: image tower of"
        " laion/CLIP-convnext_base_w-laion2B-s13B-b82K, at 256 pixels unless data.image_size says"
        " 224.",
        f"LAION with OpenCLIP; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    BackboneRow(
        "vit_base_patch16_224.orig_in21k",
        "ViT-B/16, ImageNet-21k",
        "Backbone of the tradeoff paper: timm's copy of google/vit-base-patch16-224-in21k.",
        f"Dosovitskiy et al., ICLR 2021; {TRADEOFF_PAPER}",
        TIMM,
        tier="paper",
    ),
)
