"""The menus as data.

Form, CLI, docs and tests read these rows; a new choice is one file and one row.

`target` names the code as "module:function"; it is imported only when it is used, so this
file loads no torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Any

from rft_core.errors import UnknownNameError

SCHEDULE_PAPER = "Ngnawé et al., Robust Fine-Tuning from Non-Robust Pretrained Models, ICLR 2026"
PGD, APGD, LIBRARY = (
    "rft_core.engine.attacks.pgd",
    "rft_core.engine.attacks.apgd",
    "rft_core.engine.attacks.library",
)
TARGETED = "rft_core.engine.attacks.targeted"
TORCHVISION, HUB = (
    "rft_core.engine.data.sources.torchvision_sets",
    "rft_core.engine.data.sources.hub",
)
ONLINE = (TORCHVISION, HUB)
EMBEDDED, TIMM = "embedded", "rft_core.engine.models.timm_models:build"
TRADEOFF_PAPER = "Li et al., On the Robustness Tradeoff in Fine-Tuning, ICCV 2025"


@dataclass(frozen=True)
class Choice:
    """One row of a menu: the name in specs, the label on screen, one line of help, where it
    comes from, its code.

    `facts` are numbers known before anything is loaded, such as the images of a dataset, or the
    passes with weight gradients that an objective takes where it attacks; tests hold them true.
    `walk` names an attack's code for single steps, where it has one; `measures_only` says that it
    is too slow, or of the wrong kind, to train with or to follow a run with. `domains` are those
    of a dataset that has some. `tier` says what a backbone asks for: "instant" (seconds on any
    machine), "laptop" (minutes on a CPU) or "paper" (a GPU); `is_robust` whether it was
    pretrained against an attack.

    Of an attack, `loss` is what it maximises, in words; `step_name` what its steps are called, the
    fact "steps" how many it always takes, where the setting does not count, and `least_steps` the
    fewest; `takes_step_size` whether the setting of the step size counts; `few_classes` below how
    many classes it maximises another loss, and which.
    """

    name: str
    label: str
    help: str
    source: str
    target: str
    facts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    walk: str = ""
    measures_only: bool = False
    domains: tuple[str, ...] = ()
    tier: str = ""
    is_robust: bool = False
    loss: str = ""
    step_name: str = "step"
    least_steps: int = 1
    takes_step_size: bool = False
    few_classes: tuple[int, str] = (0, "")

    def loss_on(self, classes: int | None) -> str:
        """Return what an attack maximises on a task of so many classes; None for a
        task of the usual kind.
        """
        least, other = self.few_classes
        return other if classes is not None and classes < least else self.loss

    @property
    def fixed_steps(self) -> int | None:
        """The steps that an attack always takes; None where it takes those of the setting."""
        return self.facts.get("steps")

    def taken_steps(self, setting: int) -> int:
        """Return the steps that an attack takes where `setting` asks for so many."""
        return self.fixed_steps or max(self.least_steps, setting)

    @property
    def is_online(self) -> bool:
        """Whether this dataset is downloaded the first time it is used."""
        return self.target.startswith(ONLINE)

    def load(self) -> Callable:
        """Import and return the code behind this choice."""
        return _load(self.target)

    def load_walk(self) -> Callable:
        """Import and return an attack's code for single steps."""
        return _load(self.walk)

    def companion(self, name: str) -> Any:
        """Import and return what stands beside this choice's code as `name`, or None: a strategy's
        `merge`, an objective's `prepare`.
        """
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
SCHEDULES = _menu(
    Choice(
        "constant",
        "Constant",
        "Full epsilon from the first step.",
        f"{SCHEDULE_PAPER} (RFT-fix)",
        "rft_core.spec.schedules:constant",
    ),
    Choice(
        "two_hinge",
        "Two hinges",
        "No attack at first, then a linear ramp, then full epsilon.",
        f"{SCHEDULE_PAPER} (Epsilon-Scheduling)",
        "rft_core.spec.schedules:two_hinge",
    ),
    Choice(
        "linear",
        "Linear",
        "A straight line from 0 at the first step to full epsilon at the end of training.",
        "Debenedetti et al. 2023; Pang et al. 2021 (warm-up)",
        "rft_core.spec.schedules:linear",
    ),
    Choice(
        "cosine",
        "Cosine",
        "A ramp that starts and ends softly.",
        "this project",
        "rft_core.spec.schedules:cosine",
    ),
    Choice(
        "step",
        "Steps",
        "Equal jumps inside the ramp.",
        "this project",
        "rft_core.spec.schedules:step",
    ),
    Choice(
        "uniform",
        "Uniform",
        "One random epsilon between 0 and the target each epoch.",
        f"{SCHEDULE_PAPER} (ablation)",
        "rft_core.spec.schedules:uniform",
    ),
    Choice(
        "auto",
        "Automatic",
        "No attack until validation accuracy has converged, then a ramp to the end.",
        f"{SCHEDULE_PAPER} (auto)",
        "rft_core.spec.schedules:auto",
    ),
    Choice(
        "custom",
        "Custom",
        "Straight lines through points of your own.",
        "this project",
        "rft_core.spec.schedules:custom",
    ),
)

STRATEGIES = _menu(
    Choice(
        "full_finetune",
        "Full fine-tuning",
        "Every weight is trained.",
        TRADEOFF_PAPER,
        "rft_core.engine.strategies.full_finetune:apply",
    ),
    Choice(
        "linear_probe",
        "Linear probe",
        "Only the new classification head is trained; the backbone stays frozen.",
        TRADEOFF_PAPER,
        "rft_core.engine.strategies.linear_probe:apply",
    ),
    Choice(
        "bitfit",
        "BitFit",
        "Only biases and the head are trained; in a ResNet the biases are those of the norms.",
        f"Ben Zaken et al., ACL 2022; {TRADEOFF_PAPER}",
        "rft_core.engine.strategies.bitfit:apply",
    ),
    Choice(
        "lora",
        "LoRA",
        "Low-rank updates beside frozen weights of attention and MLP, or of a ResNet's 3 x 3"
        " convolutions; rank and alpha.",
        f"Hu et al., ICLR 2022; {TRADEOFF_PAPER}",
        "rft_core.engine.strategies.lora:apply",
    ),
    Choice(
        "adapter",
        "Adapter",
        "A small bottleneck after attention and after the MLP of each block; reduction 8.",
        f"Houlsby et al., ICML 2019; {TRADEOFF_PAPER}",
        "rft_core.engine.strategies.adapter:apply",
    ),
    Choice(
        "compacter",
        "Compacter",
        "Adapters with weights made of shared Kronecker factors, about sixty times fewer;"
        " reduction 32.",
        f"Karimi Mahabadi et al., NeurIPS 2021; {TRADEOFF_PAPER}",
        "rft_core.engine.strategies.compacter:apply",
    ),
    Choice(
        "ia3",
        "(IA)³",
        "One trained factor for each channel of keys, values and both MLP layers.",
        f"Liu et al., NeurIPS 2022, with the places of {TRADEOFF_PAPER}",
        "rft_core.engine.strategies.ia3:apply",
    ),
)

OBJECTIVES = _menu(
    Choice(
        "natural",
        "Natural",
        "Cross-entropy on clean images: ordinary fine-tuning, no attack at all.",
        "standard",
        "rft_core.engine.objectives.natural:loss",
    ),
    Choice(
        "adversarial",
        "Adversarial",
        "Cross-entropy on attacked images only.",
        "Madry et al., ICLR 2018",
        "rft_core.engine.objectives.adversarial:loss",
    ),
    Choice(
        "trades",
        "TRADES",
        "Cross-entropy on clean images, plus beta times how far an attack moves the prediction.",
        "Zhang et al., ICML 2019",
        "rft_core.engine.objectives.trades:loss",
        facts={"passes": 2},
    ),
    Choice(
        "mart",
        "MART",
        "Boosted cross-entropy on attacked images; images that are misclassified weigh more.",
        "Wang et al., ICLR 2020",
        "rft_core.engine.objectives.mart:loss",
        facts={"passes": 2},
    ),
    Choice(
        "score",
        "SCORE",
        "TRADES with squared distances between probabilities; start with a warm-up where classes"
        " are many.",
        "Pang et al., ICML 2022",
        "rft_core.engine.objectives.score:loss",
        facts={"passes": 2},
    ),
    Choice(
        "anchored",
        "Anchored",
        "Adversarial training held near the predictions of the pretrained backbone and of the clean"
        " image.",
        "after Wang et al., CVPR 2024 (PMG-AFT)",
        "rft_core.engine.objectives.anchored:loss",
        facts={"passes": 2},
    ),
)

# roughly from the weakest to the strongest; which is which depends on the model
ATTACKS = _menu(
    Choice(
        "fgsm",
        "FGSM",
        "One step along the gradient's sign. Fast, weak: never judge a model by it alone.",
        "Goodfellow et al., ICLR 2015",
        f"{PGD}:fgsm",
        walk=f"{PGD}:fgsm_walk",
        loss="cross-entropy",
        facts={"steps": 1},
    ),
    Choice(
        "square",
        "Square",
        "Random search without gradients: finds what masked gradients hide. For measuring only.",
        "Andriushchenko et al., ECCV 2020; torchattacks",
        f"{LIBRARY}:square",
        loss="margin of the logits",
        step_name="query",
        least_steps=100,
        measures_only=True,
    ),
    Choice(
        "pgd",
        "PGD",
        "Repeated signed (linf) or normalised (l2) gradient steps, projected back into the ball.",
        "Madry et al., ICLR 2018",
        f"{PGD}:pgd",
        walk=f"{PGD}:pgd_walk",
        loss="cross-entropy",
        takes_step_size=True,
    ),
    Choice(
        "cw",
        "Carlini and Wagner",
        "Minimises the l2 length of the change; counted only where it stays inside the ball. For"
        " measuring only.",
        "Carlini and Wagner, S&P 2017; torchattacks",
        f"{LIBRARY}:cw",
        loss="margin of the logits",
        measures_only=True,
    ),
    Choice(
        "fab",
        "FAB",
        "Looks for the smallest perturbation. For measuring only.",
        "Croce and Hein, ICML 2020; torchattacks",
        f"{LIBRARY}:fab",
        loss="smallest perturbation",
        measures_only=True,
    ),
    Choice(
        "apgd",
        "APGD-CE",
        "PGD with momentum that halves its own step size; on cross-entropy.",
        "Croce and Hein, ICML 2020",
        f"{APGD}:apgd",
        walk=f"{APGD}:apgd_walk",
        loss="cross-entropy",
    ),
    Choice(
        "apgd_dlr",
        "APGD-DLR",
        "APGD on a loss that confident models cannot hide from.",
        "Croce and Hein, ICML 2020",
        f"{APGD}:apgd_dlr",
        walk=f"{APGD}:apgd_dlr_walk",
        loss="difference of logits ratio",
        few_classes=(3, "margin of the logits"),
    ),
    Choice(
        "apgd_ce_t",
        "APGD-CE + T",
        "APGD-CE, then APGD towards each of the three nearest classes: within a point of AutoAttack"
        " on the embedded models, at a fraction of its cost. For measuring only.",
        "after Croce and Hein, ICML 2020",
        f"{TARGETED}:apgd_ce_t",
        walk=f"{TARGETED}:apgd_ce_t_walk",
        loss="cross-entropy, then targeted difference of logits ratio",
        few_classes=(4, "cross-entropy, then margin of the logits"),
        measures_only=True,
        facts={"targets": 3},
    ),
    Choice(
        "autoattack",
        "AutoAttack",
        "The standard judge: APGD-CE, targeted APGD, targeted FAB and Square, one after the other."
        " Slow; for measuring only.",
        "Croce and Hein, ICML 2020; torchattacks",
        f"{LIBRARY}:autoattack",
        loss="several losses (standard version)",
        facts={"steps": 100},
        measures_only=True,
    ),
)

DATASETS = _menu(
    Choice(
        "blooms_easy",
        "Blooms, easy",
        "Drawn flowers: 8 classes, strong contrast.",
        "drawn by this project",
        "rft_core.engine.data.sources.blooms:load",
        MappingProxyType({"train": 800, "validation": 200, "test": 1000, "classes": 8}),
    ),
    Choice(
        "blooms_medium",
        "Blooms, medium",
        "Drawn flowers: 24 classes.",
        "drawn by this project",
        "rft_core.engine.data.sources.blooms:load",
        MappingProxyType({"train": 1200, "validation": 240, "test": 1000, "classes": 24}),
    ),
    Choice(
        "blooms_hard",
        "Blooms, hard",
        "Drawn flowers: 48 fine-grained classes, few images a class.",
        "drawn by this project",
        "rft_core.engine.data.sources.blooms:load",
        MappingProxyType({"train": 1536, "validation": 384, "test": 1000, "classes": 48}),
    ),
    Choice(
        "blooms_styles",
        "Blooms in seven styles",
        "Drawn flowers: 16 classes in seven domains (plain, painting, sketch, silhouette, night,"
        " inverted, photo_noise).",
        "drawn by this project",
        "rft_core.engine.data.sources.styles:load",
        MappingProxyType({"train": 800, "validation": 240, "test": 800, "classes": 16}),
        domains=("plain", "painting", "sketch", "silhouette", "night", "inverted", "photo_noise"),
    ),
    Choice(
        "blooms_source",
        "Blooms, source",
        "Drawn flowers: the 54 classes that the embedded backbones were pretrained on.",
        "drawn by this project",
        "rft_core.engine.data.sources.blooms:load",
        MappingProxyType({"train": 24000, "validation": 1000, "test": 2000, "classes": 54}),
    ),
    Choice(
        "digits",
        "Handwritten digits",
        "1,797 real 8x8 digits in 10 classes.",
        "scikit-learn; Alpaydin and Kaynak, UCI 1998",
        "rft_core.engine.data.sources.digits:load",
        MappingProxyType({"train": 1132, "validation": 126, "test": 539, "classes": 10}),
    ),
    Choice(
        "folder",
        "Image folder",
        "Your own images: folder:PATH with one folder a class, or train/ and test/ of them; PATH"
        " may be a zip.",
        "your files",
        "rft_core.engine.data.sources.folder:load",
    ),
    Choice(
        "csv",
        "Table of paths and labels",
        "Your own images: csv:PATH of a table with the columns path and label, and where wanted"
        " split and domain.",
        "your files",
        "rft_core.engine.data.sources.csv_table:load",
    ),
    # online: facts as published, where train still holds the images that validation is held out of
    Choice(
        "cifar10",
        "CIFAR-10",
        "32-pixel photographs of 10 kinds of things; 170 MB.",
        "Krizhevsky 2009; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 50000, "test": 10000, "classes": 10}),
    ),
    Choice(
        "cifar100",
        "CIFAR-100",
        "32-pixel photographs of 100 kinds of things; 170 MB.",
        "Krizhevsky 2009; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 50000, "test": 10000, "classes": 100}),
    ),
    Choice(
        "caltech101",
        "Caltech-101",
        "8,677 photographs of 101 kinds of objects; 20 % are held out as test, there is no official"
        " split.",
        "Fei-Fei et al. 2004, CC BY 4.0; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"classes": 101}),
    ),
    Choice(
        "caltech256",
        "Caltech-256",
        "Objects in 257 classes, clutter among them; split as in the schedule paper, 60 images a"
        " class to train; 1.2 GB.",
        "Griffin et al. 2007, CC BY 4.0; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 15420, "test": 15187, "classes": 257}),
    ),
    Choice(
        "flowers102",
        "Oxford Flowers",
        "102 kinds of flowers, 10 training images each.",
        "Nilsback and Zisserman, ICVGIP 2008; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 1020, "test": 6149, "classes": 102}),
    ),
    Choice(
        "oxford_pets",
        "Oxford-IIIT Pets",
        "37 breeds of cats and dogs.",
        "Parkhi et al., CVPR 2012, CC BY-SA 4.0; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 3680, "test": 3669, "classes": 37}),
    ),
    Choice(
        "fgvc_aircraft",
        "FGVC-Aircraft",
        "100 variants of aircraft, the hardest set of the schedule paper; 2.75 GB.",
        "Maji et al. 2013, for non-commercial research; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 3334, "test": 3333, "classes": 100}),
    ),
    Choice(
        "stanford_cars",
        "Stanford Cars",
        "196 models of cars. Its authors' site is gone: put your copy into the home, or use"
        " hf:tanganke/stanford_cars.",
        "Krause et al. 2013; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 8144, "test": 8041, "classes": 196}),
    ),
    Choice(
        "dtd",
        "Describable Textures",
        "47 kinds of textures; the first of its ten official partitions.",
        "Cimpoi et al., CVPR 2014; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 1880, "test": 1880, "classes": 47}),
    ),
    Choice(
        "eurosat",
        "EuroSAT",
        "27,000 satellite pictures of 64 pixels, 10 kinds of land; 20 % are held out as test, there"
        " is no official split.",
        "Helber et al. 2019, MIT; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 21600, "test": 5400, "classes": 10}),
    ),
    Choice(
        "imagenette",
        "Imagenette",
        "10 classes of ImageNet that are easy to tell apart, at 320 pixels; 330 MB.",
        "Howard 2019; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 9469, "test": 3925, "classes": 10}),
    ),
    Choice(
        "food101",
        "Food-101",
        "101 dishes; training labels are partly wrong on purpose; 5 GB.",
        "Bossard et al., ECCV 2014; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 75750, "test": 25250, "classes": 101}),
    ),
    Choice(
        "svhn",
        "Street View House Numbers",
        "32-pixel digits of house numbers.",
        "Netzer et al. 2011, for non-commercial use; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 73257, "test": 26032, "classes": 10}),
    ),
    Choice(
        "gtsrb",
        "German traffic signs",
        "43 kinds of signs, by number; training pictures are frames of tracks, and validation takes"
        " whole tracks.",
        "Stallkamp et al. 2012; by torchvision",
        f"{TORCHVISION}:load",
        MappingProxyType({"train": 26640, "test": 12630, "classes": 43}),
    ),
    Choice(
        "cub200",
        "CUB-200-2011",
        "200 kinds of birds, official split; 1.1 GB.",
        "Wah et al. 2011, for non-commercial research; hub: efekankavalci/CUB_200_2011",
        f"{HUB}:load",
        MappingProxyType({"train": 5994, "test": 5794, "classes": 200}),
    ),
    Choice(
        "stanford_dogs",
        "Stanford Dogs",
        "120 breeds of dogs in the tradeoff paper's copy, split 70 : 30; the official split, 12,000"
        " : 8,580, is the schedule paper's.",
        "Khosla et al. 2011; hub: amaye15/stanford-dogs",
        f"{HUB}:load",
        MappingProxyType({"classes": 120}),
    ),
    Choice(
        "domainnet",
        "DomainNet",
        "345 classes in six domains (clipart, infograph, painting, quickdraw, real, sketch);"
        " domains that are not trained on are only measured; 18.5 GB.",
        "Peng et al., ICCV 2019, for non-commercial research; hub: wltjr1007/DomainNet",
        f"{HUB}:load",
        MappingProxyType({"classes": 345}),
        domains=("clipart", "infograph", "painting", "quickdraw", "real", "sketch"),
    ),
    Choice(
        "hf",
        "Hugging Face dataset",
        "Any image dataset of the hub with one column of images and one of classes: hf:OWNER/NAME,"
        " or hf:OWNER/NAME@CONFIG.",
        "the Hugging Face hub",
        f"{HUB}:load",
    ),
)
# datasets that are named by a scheme and a place: how to write them
SCHEMES = MappingProxyType(
    {
        "folder": "folder:PATH of a folder with one folder of images a class, or of a zip of it",
        "csv": "csv:PATH of a table with the columns path and label",
        "hf": "hf:OWNER/NAME of a dataset of the Hugging Face hub, or hf:OWNER/NAME@CONFIG",
    }
)

BACKBONES = _menu(
    Choice(
        "bloom_resnet",
        "Bloom ResNet",
        "Small ResNet at 32 pixels, pretrained on drawn flowers. Not robust.",
        EMBEDDED,
        "rft_core.engine.models.embedded:bloom_resnet",
        tier="instant",
    ),
    Choice(
        "bloom_convnext",
        "Bloom ConvNeXt",
        "Small ConvNeXt at 32 pixels, pretrained on drawn flowers. Not robust.",
        EMBEDDED,
        "rft_core.engine.models.embedded:bloom_convnext",
        tier="instant",
    ),
    Choice(
        "bloom_vit",
        "Bloom ViT",
        "Small vision transformer at 32 pixels, pretrained on drawn flowers. Not robust.",
        EMBEDDED,
        "rft_core.engine.models.embedded:bloom_vit",
        tier="instant",
    ),
    Choice(
        "bloom_resnet_robust",
        "Bloom ResNet, robust",
        "The same ResNet, pretrained against an attack.",
        EMBEDDED,
        "rft_core.engine.models.embedded:bloom_resnet",
        tier="instant",
        is_robust=True,
    ),
    Choice(
        "test_resnet.r160_in1k",
        "Test ResNet",
        "timm's smallest ResNet, 160 pixels, 0.5 million weights: for trying things out.",
        "timm",
        TIMM,
        tier="instant",
    ),
    Choice(
        "test_convnext.r160_in1k",
        "Test ConvNeXt",
        "timm's smallest ConvNeXt, 160 pixels, 0.3 million weights: for trying things out.",
        "timm",
        TIMM,
        tier="instant",
    ),
    Choice(
        "test_efficientnet.r160_in1k",
        "Test EfficientNet",
        "timm's smallest EfficientNet, 160 pixels, 0.4 million weights: for trying things out.",
        "timm",
        TIMM,
        tier="instant",
    ),
    Choice(
        "test_vit.r160_in1k",
        "Test ViT",
        "timm's smallest vision transformer, 160 pixels, 0.4 million weights: for trying things"
        " out.",
        "timm",
        TIMM,
        tier="instant",
    ),
    Choice(
        "mobilenetv3_small_100.lamb_in1k",
        "MobileNet-V3 small",
        "A network for telephones, pretrained on ImageNet-1k.",
        "Howard et al., ICCV 2019; timm",
        TIMM,
        tier="laptop",
    ),
    Choice(
        "convnext_atto.d2_in1k",
        "ConvNeXt atto",
        "The smallest ConvNeXt, pretrained on ImageNet-1k.",
        "Liu et al., CVPR 2022; timm",
        TIMM,
        tier="laptop",
    ),
    Choice(
        "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
        "ViT-Ti/16",
        "The smallest usual vision transformer, pretrained on ImageNet-21k, then 1k.",
        "Steiner et al., TMLR 2022; timm",
        TIMM,
        tier="laptop",
    ),
    Choice(
        "resnet18.a1_in1k",
        "ResNet-18",
        "The classic, pretrained on ImageNet-1k with the recipe A1.",
        "He et al., CVPR 2016; Wightman et al. 2021",
        TIMM,
        tier="laptop",
    ),
    Choice(
        "deit_small_patch16_224.fb_in1k",
        "DeiT-S/16",
        "Small vision transformer, pretrained on ImageNet-1k only.",
        "Touvron et al., ICML 2021",
        TIMM,
        tier="laptop",
    ),
    Choice(
        "resnet50.a1_in1k",
        "ResNet-50",
        "R50 of the schedule paper: ImageNet-1k, recipe A1.",
        f"Wightman et al. 2021; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    Choice(
        "vit_base_patch16_224.augreg_in1k",
        "ViT-B/16",
        "ViT of the schedule paper: ImageNet-1k.",
        f"Steiner et al., TMLR 2022; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    Choice(
        "swin_base_patch4_window7_224.ms_in22k_ft_in1k",
        "Swin-B",
        "SWIN of the schedule paper: ImageNet-22k, then 1k.",
        f"Liu et al., ICCV 2021; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    Choice(
        "convnext_base.fb_in22k_ft_in1k",
        "ConvNeXt-B",
        "CNX of the schedule paper: ImageNet-22k, then 1k.",
        f"Liu et al., CVPR 2022; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    Choice(
        "vit_base_patch16_clip_224.laion2b",
        "ViT-B/16, CLIP",
        "ClipViT of the schedule paper: image tower of a CLIP trained on LAION-2B.",
        f"Cherti et al., CVPR 2023; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    Choice(
        "convnext_base.clip_laion2b",
        "ConvNeXt-B, CLIP",
        "ClipCNX of the schedule paper: image tower of"
        " laion/CLIP-convnext_base_w-laion2B-s13B-b82K, at 256 pixels unless data.image_size says"
        " 224.",
        f"LAION with OpenCLIP; {SCHEDULE_PAPER}",
        TIMM,
        tier="paper",
    ),
    Choice(
        "vit_base_patch16_224.orig_in21k",
        "ViT-B/16, ImageNet-21k",
        "Backbone of the tradeoff paper: timm's copy of google/vit-base-patch16-224-in21k.",
        f"Dosovitskiy et al., ICLR 2021; {TRADEOFF_PAPER}",
        TIMM,
        tier="paper",
    ),
)
EMBEDDED_BACKBONES = tuple(choice.name for choice in BACKBONES if choice.source == EMBEDDED)

MENUS = MappingProxyType(
    {
        "schedules": SCHEDULES,
        "strategies": STRATEGIES,
        "objectives": OBJECTIVES,
        "attacks": ATTACKS,
        "datasets": DATASETS,
        "backbones": BACKBONES,
    }
)


def choices(kind: str) -> tuple[Choice, ...]:
    """Return the rows of one menu: schedules, strategies, objectives, attacks,
    datasets or backbones.
    """
    if kind not in MENUS:
        raise UnknownNameError("menu", kind, list(MENUS))
    return MENUS[kind]


def find(kind: str, name: str) -> Choice:
    """Return the row `name` of menu `kind`; an unknown name raises with the nearest one."""
    for choice in choices(kind):
        if choice.name == name:
            return choice
    raise UnknownNameError(
        kind.rstrip("s").replace("strategie", "strategy"),
        name,
        [choice.name for choice in choices(kind)],
    )
