"""Small copies of datasets in the layout that their archives unpack to: real files, few pictures,
true class names where files hold them.
"""

import csv
import hashlib
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from torchvision import datasets as tv


def picture(path: Path, shade: int = 0) -> None:
    """Write one small picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (9, 7), (shade % 256, 40, 200)).save(path)


def lines(path: Path, rows: list[str]) -> None:
    """Write a text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{row}\n" for row in rows))


def cifar(root: Path, patch: pytest.MonkeyPatch, kind: type[tv.CIFAR10], names: list[str]) -> None:
    """The pickled batches, with their checksums in place of the real ones."""
    folder, key = root / kind.base_folder, "fine_labels" if kind is tv.CIFAR100 else "labels"
    folder.mkdir(parents=True)
    labels = [label for label in range(len(names)) for _ in range(2)]

    def write(name: str, content: dict) -> str:
        (folder / name).write_bytes(pickle.dumps(content))
        return hashlib.md5((folder / name).read_bytes()).hexdigest()

    def batch(name: str) -> list[str]:
        pixels = np.repeat(np.array(labels, np.uint8)[:, None], 3072, axis=1)
        return [name, write(name, {"data": pixels, key: labels})]

    patch.setattr(kind, "train_list", [batch(name) for name, _ in kind.train_list])
    patch.setattr(kind, "test_list", [batch(name) for name, _ in kind.test_list])
    patch.setattr(
        kind, "meta", kind.meta | {"md5": write(kind.meta["filename"], {kind.meta["key"]: names})}
    )


def cifar10(root, patch):
    cifar(root, patch, tv.CIFAR10, ["airplane", "automobile", "bird"])


def cifar100(root, patch):
    cifar(root, patch, tv.CIFAR100, ["apple", "aquarium_fish"])


def caltech101(root, patch):
    for name, count in (("BACKGROUND_Google", 4), ("accordion", 6), ("Faces", 5)):
        for number in range(1, count + 1):
            picture(root / "caltech101" / "101_ObjectCategories" / name / f"image_{number:04d}.jpg")


def caltech256(root, patch):
    for place, (name, count) in enumerate(
        (("001.ak47", 70), ("002.american-flag", 80), ("198.spider", 61)), 1
    ):
        for number in range(1, count + 1):
            picture(
                root
                / "caltech256"
                / "256_ObjectCategories"
                / name
                / f"{place:03d}_{number:04d}.jpg"
            )
    # the real archive has this one too
    (root / "caltech256" / "256_ObjectCategories" / "198.spider" / "RENAME2").touch()


def flowers102(root, patch):
    folder = root / "flowers-102"
    for number in range(1, 10):
        picture(folder / "jpg" / f"image_{number:05d}.jpg")
    savemat(folder / "imagelabels.mat", {"labels": np.array([[1, 1, 2, 2, 102, 102, 1, 2, 102]])})
    savemat(
        folder / "setid.mat",
        {
            "trnid": np.array([[1, 3, 5]]),
            "valid": np.array([[2, 4, 6]]),
            "tstid": np.array([[7, 8, 9]]),
        },
    )
    sums = {
        key: (name, hashlib.md5((folder / name).read_bytes()).hexdigest())
        for key, (name, _) in list(tv.Flowers102._file_dict.items())[1:]
    }
    patch.setattr(tv.Flowers102, "_file_dict", tv.Flowers102._file_dict | sums)


def oxford_pets(root, patch):
    folder = root / "oxford-iiit-pet"
    for split, numbers in (("trainval", (1, 2, 3)), ("test", (4, 5))):
        rows = [
            (f"{name}_{number}", label)
            for label, name in enumerate(("Abyssinian", "american_bulldog"), 1)
            for number in numbers
        ]
        lines(
            folder / "annotations" / f"{split}.txt",
            [f"{name} {label} {label} 1" for name, label in rows],
        )
        for name, _ in rows:
            picture(folder / "images" / f"{name}.jpg")


def fgvc_aircraft(root, patch):
    data = root / "fgvc-aircraft-2013b" / "data"
    lines(data / "variants.txt", ["707-320", "A300B4", "DR-400"])
    for place, (split, count) in enumerate((("train", 2), ("val", 1), ("test", 3))):
        rows = [
            (f"{place}{label}{number}", name)
            for label, name in enumerate(("707-320", "A300B4", "DR-400"))
            for number in range(count)
        ]
        lines(data / f"images_variant_{split}.txt", [f"{file} {name}" for file, name in rows])
        for file, _ in rows:
            picture(data / "images" / f"{file}.jpg")


def stanford_cars(root, patch):
    folder = root / "stanford_cars"
    (folder / "devkit").mkdir(parents=True)
    names = ["AM General Hummer SUV 2000", "Acura RL Sedan 2012"]
    savemat(folder / "devkit" / "cars_meta.mat", {"class_names": np.array(names, dtype=object)})
    for split, file, count in (
        ("train", folder / "devkit" / "cars_train_annos.mat", 20),
        ("test", folder / "cars_test_annos_withlabels.mat", 5),
    ):
        rows = [(f"{number:05d}.jpg", 1 + number % 2) for number in range(count)]
        savemat(file, {"annotations": np.array(rows, dtype=[("fname", object), ("class", object)])})
        for name, _ in rows:
            picture(folder / f"cars_{split}" / name)


def dtd(root, patch):
    folder = root / "dtd" / "dtd"
    for split, numbers in (("train", (1, 2)), ("val", (3,)), ("test", (4, 5))):
        rows = [
            f"{name}/{name}_{number:04d}.jpg"
            for name in ("banded", "blotchy")
            for number in numbers
        ]
        lines(folder / "labels" / f"{split}1.txt", rows)
        for row in rows:
            picture(folder / "images" / row)


def eurosat(root, patch):
    for name in ("AnnualCrop", "SeaLake"):
        for number in range(1, 6):
            picture(root / "eurosat" / "2750" / name / f"{name}_{number}.jpg")


def imagenette(root, patch):
    for split, count in (("train", 4), ("val", 2)):
        for wnid in ("n01440764", "n02102040"):
            for number in range(count):
                picture(root / "imagenette2-320" / split / wnid / f"{wnid}_{number}.jpeg")
    # the real archive has files of macOS, which are no pictures
    (root / "imagenette2-320" / "train" / "n01440764" / ".DS_Store").touch()


def food101(root, patch):
    folder = root / "food-101"
    for split, numbers in (("train", (1, 2, 3)), ("test", (4,))):
        rows = {
            name: [f"{name}/{number}" for number in numbers] for name in ("apple_pie", "waffles")
        }
        (folder / "meta").mkdir(parents=True, exist_ok=True)
        (folder / "meta" / f"{split}.json").write_text(json.dumps(rows))
        for row in sum(rows.values(), []):
            picture(folder / "images" / f"{row}.jpg")


def svhn(root, patch):
    root.mkdir(parents=True, exist_ok=True)
    table = dict(tv.SVHN.split_list)
    for split, count in (("train", 20), ("test", 10)):
        url, name, _ = table[split]
        pixels = np.stack([np.full((32, 32, 3), place, np.uint8) for place in range(count)], axis=3)
        # the digit 0 is written as 10
        savemat(root / name, {"X": pixels, "y": 1 + np.arange(count)[:, None] % 10})
        table[split] = [url, name, hashlib.md5((root / name).read_bytes()).hexdigest()]
    patch.setattr(tv.SVHN, "split_list", table)


def gtsrb(root, patch):
    folder = root / "gtsrb"
    for label in range(2):
        for track in range(10):
            for frame in range(3):
                path = (
                    folder / "GTSRB" / "Training" / f"{label:05d}" / f"{track:05d}_{frame:05d}.ppm"
                )
                picture(path)
    rows = [(f"{number:05d}.ppm", number % 2) for number in range(6)]
    for name, _ in rows:
        picture(folder / "GTSRB" / "Final_Test" / "Images" / name)
    with (folder / "GT-final_test.csv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerows([("Filename", "ClassId"), *rows])
