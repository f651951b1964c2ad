"""The menus as data. Form, CLI, docs and tests read these rows; a new choice is one file and one row.

`target` names the code as "module:function"; it is imported only when it is used, so this file loads no torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Any

from rft_core.errors import UnknownNameError

SCHEDULE_PAPER = "Ngnawé et al., Robust Fine-Tuning from Non-Robust Pretrained Models, ICLR 2026"
PGD, APGD, LIBRARY = "rft_core.engine.attacks.pgd", "rft_core.engine.attacks.apgd", "rft_core.engine.attacks.library"
EMBEDDED, TIMM = "embedded", "rft_core.engine.models.zoo:build"
TRADEOFF_PAPER = "Li et al., On the Robustness Tradeoff in Fine-Tuning, ICCV 2025"


@dataclass(frozen=True)
class Choice:
    """One row of a menu: the name in specs, the label on screen, one line of help, where it comes from, its code.

    `facts` are numbers a page shows before anything is loaded, such as the images of a dataset; tests hold them true.
    `walk` names an attack's code for single steps, where it has one. `tier` says what a backbone asks for: "instant" (seconds on any
    machine), "laptop" (minutes on a CPU) or "paper" (a GPU); `is_robust` whether it was pretrained against an attack.
    """

    name: str
    label: str
    help: str
    source: str
    target: str
    facts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    walk: str = ""
    tier: str = ""
    is_robust: bool = False

    def load(self) -> Callable:
        """Import and return the code behind this choice."""
        return _load(self.target)

    def load_walk(self) -> Callable:
        """Import and return an attack's code for single steps."""
        return _load(self.walk)

    def companion(self, name: str) -> Any:
        """Import and return what stands beside this choice's code as `name`, or None: a strategy's `merge`, an objective's `prepare`."""
        return getattr(import_module(self.target.split(":")[0]), name, None)


def _load(target: str) -> Callable:
    module, function = target.split(":")
    return getattr(import_module(module), function)


def _menu(*choices: Choice) -> tuple[Choice, ...]:
    names = [choice.name for choice in choices]
    doubles = {name for name in names if names.count(name) > 1}
    if doubles:
        raise ValueError(f"names used twice in one menu: {sorted(doubles)}")
    return choices


# a menu reads as a table: one row a line
# fmt: off
SCHEDULES = _menu(
    Choice("constant", "Constant", "Full epsilon from the first step.", f"{SCHEDULE_PAPER} (RFT-fix)", "rft_core.schedules:constant"),
    Choice("two_hinge", "Two hinges", "No attack at first, then a linear ramp, then full epsilon.", f"{SCHEDULE_PAPER} (Epsilon-Scheduling)", "rft_core.schedules:two_hinge"),
    Choice("linear", "Linear", "A straight line from 0 at the first step to full epsilon at the last.", "Debenedetti et al. 2023; Pang et al. 2021 (warm-up)", "rft_core.schedules:linear"),
    Choice("cosine", "Cosine", "A ramp that starts and ends softly.", "this project", "rft_core.schedules:cosine"),
    Choice("step", "Steps", "Equal jumps inside the ramp.", "this project", "rft_core.schedules:step"),
    Choice("uniform", "Uniform", "One random epsilon between 0 and the target each epoch.", f"{SCHEDULE_PAPER} (ablation)", "rft_core.schedules:uniform"),
    Choice("auto", "Automatic", "No attack until validation accuracy has converged, then a ramp to the end.", f"{SCHEDULE_PAPER} (auto)", "rft_core.schedules:auto"),
    Choice("custom", "Custom", "Straight lines through points of your own.", "this project", "rft_core.schedules:custom"),
)

STRATEGIES = _menu(
    Choice("full_finetune", "Full fine-tuning", "Every weight is trained.", TRADEOFF_PAPER, "rft_core.engine.strategies.full_finetune:apply"),
    Choice("linear_probe", "Linear probe", "Only the new classification head is trained; the backbone stays frozen.", TRADEOFF_PAPER, "rft_core.engine.strategies.linear_probe:apply"),
    Choice("bitfit", "BitFit", "Only biases and the head are trained; in a ResNet the biases are those of the norms.", f"Ben Zaken et al., ACL 2022; {TRADEOFF_PAPER}", "rft_core.engine.strategies.bitfit:apply"),
    Choice("lora", "LoRA", "Low-rank updates beside frozen weights of attention and MLP, or of a ResNet's 3 x 3 convolutions; rank and alpha.", f"Hu et al., ICLR 2022; {TRADEOFF_PAPER}", "rft_core.engine.strategies.lora:apply"),
    Choice("adapter", "Adapter", "A small bottleneck after attention and after the MLP of each block; reduction 8.", f"Houlsby et al., ICML 2019; {TRADEOFF_PAPER}", "rft_core.engine.strategies.adapter:apply"),
    Choice("compacter", "Compacter", "Adapters with weights made of shared Kronecker factors, about sixty times fewer; reduction 32.", f"Karimi Mahabadi et al., NeurIPS 2021; {TRADEOFF_PAPER}", "rft_core.engine.strategies.compacter:apply"),
    Choice("ia3", "(IA)³", "One trained factor for each channel of keys, values and both MLP layers.", f"Liu et al., NeurIPS 2022, with the places of {TRADEOFF_PAPER}", "rft_core.engine.strategies.ia3:apply"),
)

OBJECTIVES = _menu(
    Choice("natural", "Natural", "Cross-entropy on clean images: ordinary fine-tuning, no attack at all.", "standard", "rft_core.engine.objectives.natural:loss"),
    Choice("adversarial", "Adversarial", "Cross-entropy on attacked images only.", "Madry et al., ICLR 2018", "rft_core.engine.objectives.adversarial:loss"),
    Choice("trades", "TRADES", "Cross-entropy on clean images, plus beta times how far an attack moves the prediction.", "Zhang et al., ICML 2019", "rft_core.engine.objectives.trades:loss"),
    Choice("mart", "MART", "Boosted cross-entropy on attacked images; images that are misclassified weigh more.", "Wang et al., ICLR 2020", "rft_core.engine.objectives.mart:loss"),
    Choice("score", "SCORE", "TRADES with squared distances between probabilities; start with a warm-up where classes are many.", "Pang et al., ICML 2022", "rft_core.engine.objectives.score:loss"),
    Choice("anchored", "Anchored", "Adversarial training held near the predictions of the pretrained backbone and of the clean image.", "after Wang et al., CVPR 2024 (PMG-AFT)", "rft_core.engine.objectives.anchored:loss"),
)

ATTACKS = _menu(
    Choice("fgsm", "FGSM", "One step along the gradient's sign. Fast, weak: never judge a model by it alone.", "Goodfellow et al., ICLR 2015", f"{PGD}:fgsm", walk=f"{PGD}:fgsm_walk"),
    Choice("pgd", "PGD", "Repeated signed (linf) or normalised (l2) gradient steps, projected back into the ball.", "Madry et al., ICLR 2018", f"{PGD}:pgd", walk=f"{PGD}:pgd_walk"),
    Choice("apgd", "APGD-CE", "PGD with momentum that halves its own step size; on cross-entropy.", "Croce and Hein, ICML 2020", f"{APGD}:apgd", walk=f"{APGD}:apgd_walk"),
    Choice("apgd_dlr", "APGD-DLR", "APGD on a loss that confident models cannot hide from.", "Croce and Hein, ICML 2020", f"{APGD}:apgd_dlr", walk=f"{APGD}:apgd_dlr_walk"),
    Choice("autoattack", "AutoAttack", "The standard judge: APGD-CE, targeted APGD, targeted FAB and Square, one after the other. Slow; for measuring only.", "Croce and Hein, ICML 2020; torchattacks", f"{LIBRARY}:autoattack"),
    Choice("square", "Square", "Random search without gradients: finds what masked gradients hide. For measuring only.", "Andriushchenko et al., ECCV 2020; torchattacks", f"{LIBRARY}:square"),
    Choice("fab", "FAB", "Looks for the smallest perturbation. For measuring only.", "Croce and Hein, ICML 2020; torchattacks", f"{LIBRARY}:fab"),
    Choice("cw", "Carlini and Wagner", "Minimises the l2 length of the change; counted only where it stays inside the ball. For measuring only.", "Carlini and Wagner, S&P 2017; torchattacks", f"{LIBRARY}:cw"),
)

DATASETS = _menu(
    Choice("blooms_easy", "Blooms, easy", "Drawn flowers: 8 classes, strong contrast.", "drawn by this project", "rft_core.engine.data.blooms:load", MappingProxyType({"train": 800, "test": 1000, "classes": 8})),
    Choice("blooms_medium", "Blooms, medium", "Drawn flowers: 24 classes.", "drawn by this project", "rft_core.engine.data.blooms:load", MappingProxyType({"train": 1200, "test": 1000, "classes": 24})),
    Choice("blooms_hard", "Blooms, hard", "Drawn flowers: 48 fine-grained classes, few images a class.", "drawn by this project", "rft_core.engine.data.blooms:load", MappingProxyType({"train": 1536, "test": 1000, "classes": 48})),
    Choice("blooms_source", "Blooms, source", "Drawn flowers: the 54 classes that the embedded backbones were pretrained on.", "drawn by this project", "rft_core.engine.data.blooms:load", MappingProxyType({"train": 24000, "test": 2000, "classes": 54})),
    Choice("digits", "Handwritten digits", "1,797 real 8x8 digits in 10 classes.", "scikit-learn; Alpaydin and Kaynak, UCI 1998", "rft_core.engine.data.digits:load", MappingProxyType({"train": 1132, "test": 539, "classes": 10})),
    Choice("folder", "Image folder", "Your own images: folder:PATH with one folder a class, or train/ and test/ of them; PATH may be a zip.", "your files", "rft_core.engine.data.folder:load"),
)
# datasets that are named by a scheme and a place: how to write them
SCHEMES = MappingProxyType({"folder": "folder:PATH of a folder with one folder of images a class, or of a zip of it", "csv": "csv:PATH of a table with the columns path and label", "hf": "hf:OWNER/NAME of a dataset of the Hugging Face hub"})

BACKBONES = _menu(
    Choice("bloom_resnet", "Bloom ResNet", "Small ResNet at 32 pixels, pretrained on drawn flowers. Not robust.", EMBEDDED, "rft_core.engine.models.embedded:bloom_resnet", tier="instant"),
    Choice("bloom_convnext", "Bloom ConvNeXt", "Small ConvNeXt at 32 pixels, pretrained on drawn flowers. Not robust.", EMBEDDED, "rft_core.engine.models.embedded:bloom_convnext", tier="instant"),
    Choice("bloom_vit", "Bloom ViT", "Small vision transformer at 32 pixels, pretrained on drawn flowers. Not robust.", EMBEDDED, "rft_core.engine.models.embedded:bloom_vit", tier="instant"),
    Choice("bloom_resnet_robust", "Bloom ResNet, robust", "The same ResNet, pretrained against an attack.", EMBEDDED, "rft_core.engine.models.embedded:bloom_resnet", tier="instant", is_robust=True),
    Choice("test_resnet.r160_in1k", "Test ResNet", "timm's smallest ResNet, 160 pixels, 0.5 million weights: for trying things out.", "timm; Wightman 2024", TIMM, tier="instant"),
    Choice("test_convnext.r160_in1k", "Test ConvNeXt", "timm's smallest ConvNeXt, 160 pixels, 0.3 million weights: for trying things out.", "timm; Wightman 2024", TIMM, tier="instant"),
    Choice("test_efficientnet.r160_in1k", "Test EfficientNet", "timm's smallest EfficientNet, 160 pixels, 0.4 million weights: for trying things out.", "timm; Wightman 2024", TIMM, tier="instant"),
    Choice("test_vit.r160_in1k", "Test ViT", "timm's smallest vision transformer, 160 pixels, 0.4 million weights: for trying things out.", "timm; Wightman 2024", TIMM, tier="instant"),
    Choice("mobilenetv3_small_100.lamb_in1k", "MobileNet-V3 small", "A network for telephones, pretrained on ImageNet-1k.", "Howard et al., ICCV 2019; timm", TIMM, tier="laptop"),
    Choice("convnext_atto.d2_in1k", "ConvNeXt atto", "The smallest ConvNeXt, pretrained on ImageNet-1k.", "Liu et al., CVPR 2022; timm", TIMM, tier="laptop"),
    Choice("vit_tiny_patch16_224.augreg_in21k_ft_in1k", "ViT-Ti/16", "The smallest usual vision transformer, pretrained on ImageNet-21k, then 1k.", "Steiner et al., TMLR 2022; timm", TIMM, tier="laptop"),
    Choice("resnet18.a1_in1k", "ResNet-18", "The classic, pretrained on ImageNet-1k with the recipe A1.", "He et al., CVPR 2016; Wightman et al. 2021", TIMM, tier="laptop"),
    Choice("deit_small_patch16_224.fb_in1k", "DeiT-S/16", "Small vision transformer, pretrained on ImageNet-1k only.", "Touvron et al., ICML 2021", TIMM, tier="laptop"),
    Choice("resnet50.a1_in1k", "ResNet-50", "R50 of the schedule paper: ImageNet-1k, recipe A1.", f"Wightman et al. 2021; {SCHEDULE_PAPER}", TIMM, tier="paper"),
    Choice("vit_base_patch16_224.augreg_in1k", "ViT-B/16", "ViT of the schedule paper: ImageNet-1k.", f"Steiner et al., TMLR 2022; {SCHEDULE_PAPER}", TIMM, tier="paper"),
    Choice("swin_base_patch4_window7_224.ms_in22k_ft_in1k", "Swin-B", "SWIN of the schedule paper: ImageNet-22k, then 1k.", f"Liu et al., ICCV 2021; {SCHEDULE_PAPER}", TIMM, tier="paper"),
    Choice("convnext_base.fb_in22k_ft_in1k", "ConvNeXt-B", "CNX of the schedule paper: ImageNet-22k, then 1k.", f"Liu et al., CVPR 2022; {SCHEDULE_PAPER}", TIMM, tier="paper"),
    Choice("vit_base_patch16_clip_224.laion2b", "ViT-B/16, CLIP", "ClipViT of the schedule paper: image tower of a CLIP trained on LAION-2B.", f"Cherti et al., CVPR 2023; {SCHEDULE_PAPER}", TIMM, tier="paper"),
    Choice("convnext_base.clip_laion2b", "ConvNeXt-B, CLIP", "ClipCNX of the schedule paper: image tower of laion/CLIP-convnext_base_w-laion2B-s13B-b82K, at 256 pixels unless data.image_size says 224.", f"Cherti et al., CVPR 2023; {SCHEDULE_PAPER}", TIMM, tier="paper"),
    Choice("vit_base_patch16_224.orig_in21k", "ViT-B/16, ImageNet-21k", "Backbone of the tradeoff paper: timm's copy of google/vit-base-patch16-224-in21k.", f"Dosovitskiy et al., ICLR 2021; {TRADEOFF_PAPER}", TIMM, tier="paper"),
)
EMBEDDED_BACKBONES = tuple(choice.name for choice in BACKBONES if choice.source == EMBEDDED)
# fmt: on

MENUS = MappingProxyType(
    {"schedules": SCHEDULES, "strategies": STRATEGIES, "objectives": OBJECTIVES, "attacks": ATTACKS, "datasets": DATASETS, "backbones": BACKBONES}
)


def choices(kind: str) -> tuple[Choice, ...]:
    """Return the rows of one menu: schedules, strategies, objectives, attacks, datasets or backbones."""
    if kind not in MENUS:
        raise UnknownNameError("menu", kind, list(MENUS))
    return MENUS[kind]


def find(kind: str, name: str) -> Choice:
    """Return the row `name` of menu `kind`; an unknown name raises with the nearest one."""
    for choice in choices(kind):
        if choice.name == name:
            return choice
    raise UnknownNameError(kind.rstrip("s").replace("strategie", "strategy"), name, [choice.name for choice in choices(kind)])
