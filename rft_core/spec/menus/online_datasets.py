"""Datasets that are downloaded the first time they are used.

Their facts are as published, where "train" still holds the images that validation is held out of.
"""

from types import MappingProxyType

from rft_core.spec.choice import menu
from rft_core.spec.menus.dataset_row import DatasetRow

TORCHVISION, HUB = (
    "rft_core.engine.data.sources.torchvision_sets",
    "rft_core.engine.data.sources.hub",
)

ONLINE_DATASETS = menu(
    DatasetRow(
        "cifar10",
        "CIFAR-10",
        "32-pixel photographs of 10 kinds of things; 170 MB.",
        "Krizhevsky 2009; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 50000, "test": 10000, "classes": 10}),
        is_online=True,
    ),
    DatasetRow(
        "cifar100",
        "CIFAR-100",
        "32-pixel photographs of 100 kinds of things; 170 MB.",
        "Krizhevsky 2009; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 50000, "test": 10000, "classes": 100}),
        is_online=True,
    ),
    DatasetRow(
        "caltech101",
        "Caltech-101",
        "8,677 photographs of 101 kinds of objects; 20 % are held out as test, there is no official"
        " split.",
        "Fei-Fei et al. 2004, CC BY 4.0; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"classes": 101}),
        is_online=True,
    ),
    DatasetRow(
        "caltech256",
        "Caltech-256",
        "Objects in 257 classes, clutter among them; split as in the schedule paper, 60 images a"
        " class to train; 1.2 GB.",
        "Griffin et al. 2007, CC BY 4.0; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 15420, "test": 15187, "classes": 257}),
        is_online=True,
    ),
    DatasetRow(
        "flowers102",
        "Oxford Flowers",
        "102 kinds of flowers, 10 training images each.",
        "Nilsback and Zisserman, ICVGIP 2008; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 1020, "test": 6149, "classes": 102}),
        is_online=True,
    ),
    DatasetRow(
        "oxford_pets",
        "Oxford-IIIT Pets",
        "37 breeds of cats and dogs.",
        "Parkhi et al., CVPR 2012, CC BY-SA 4.0; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 3680, "test": 3669, "classes": 37}),
        is_online=True,
    ),
    DatasetRow(
        "fgvc_aircraft",
        "FGVC-Aircraft",
        "100 variants of aircraft, the hardest set of the schedule paper; 2.75 GB.",
        "Maji et al. 2013, for non-commercial research; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 3334, "test": 3333, "classes": 100}),
        is_online=True,
    ),
    DatasetRow(
        "stanford_cars",
        "Stanford Cars",
        "196 models of cars. Its authors' site is gone: put your copy into the home, or use"
        " hf:tanganke/stanford_cars.",
        "Krause et al. 2013; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 8144, "test": 8041, "classes": 196}),
        is_online=True,
    ),
    DatasetRow(
        "dtd",
        "Describable Textures",
        "47 kinds of textures; the first of its ten official partitions.",
        "Cimpoi et al., CVPR 2014; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 1880, "test": 1880, "classes": 47}),
        is_online=True,
    ),
    DatasetRow(
        "eurosat",
        "EuroSAT",
        "27,000 satellite pictures of 64 pixels, 10 kinds of land; 20 % are held out as test, there"
        " is no official split.",
        "Helber et al. 2019, MIT; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 21600, "test": 5400, "classes": 10}),
        is_online=True,
    ),
    DatasetRow(
        "imagenette",
        "Imagenette",
        "10 classes of ImageNet that are easy to tell apart, at 320 pixels; 330 MB.",
        "Howard 2019; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 9469, "test": 3925, "classes": 10}),
        is_online=True,
    ),
    DatasetRow(
        "food101",
        "Food-101",
        "101 dishes; training labels are partly wrong on purpose; 5 GB.",
        "Bossard et al., ECCV 2014; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 75750, "test": 25250, "classes": 101}),
        is_online=True,
    ),
    DatasetRow(
        "svhn",
        "Street View House Numbers",
        "32-pixel digits of house numbers.",
        "Netzer et al. 2011, for non-commercial use; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 73257, "test": 26032, "classes": 10}),
        is_online=True,
    ),
    DatasetRow(
        "gtsrb",
        "German traffic signs",
        "43 kinds of signs, by number; training pictures are frames of tracks, and validation takes"
        " whole tracks.",
        "Stallkamp et al. 2012; by torchvision",
        f"{TORCHVISION}:load",
        facts=MappingProxyType({"train": 26640, "test": 12630, "classes": 43}),
        is_online=True,
    ),
    DatasetRow(
        "cub200",
        "CUB-200-2011",
        "200 kinds of birds, official split; 1.1 GB.",
        "Wah et al. 2011, for non-commercial research; hub: efekankavalci/CUB_200_2011",
        f"{HUB}:load",
        facts=MappingProxyType({"train": 5994, "test": 5794, "classes": 200}),
        is_online=True,
    ),
    DatasetRow(
        "stanford_dogs",
        "Stanford Dogs",
        "120 breeds of dogs in the tradeoff paper's copy, split 70 : 30; the official split, 12,000"
        " : 8,580, is the schedule paper's.",
        "Khosla et al. 2011; hub: amaye15/stanford-dogs",
        f"{HUB}:load",
        facts=MappingProxyType({"classes": 120}),
        is_online=True,
    ),
    DatasetRow(
        "domainnet",
        "DomainNet",
        "345 classes in six domains (clipart, infograph, painting, quickdraw, real, sketch);"
        " domains that are not trained on are only measured; 18.5 GB.",
        "Peng et al., ICCV 2019, for non-commercial research; hub: wltjr1007/DomainNet",
        f"{HUB}:load",
        facts=MappingProxyType({"classes": 345}),
        domains=("clipart", "infograph", "painting", "quickdraw", "real", "sketch"),
        is_online=True,
    ),
)
