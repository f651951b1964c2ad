"""The archives of the datasets that torchvision reads: addresses and checksums of torchvision 0.29,
and the folders they are unpacked to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from filelock import FileLock

from rft_core.engine.data.reading.download import fetch, has_checksum, unpack
from rft_core.errors import DataError

EMBEDDED = "what needs no download: blooms_hard, digits, or your own images as folder:PATH"
ROBOTS, SIGNS = (
    "https://www.robots.ox.ac.uk/~vgg/data",
    "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370",
)


@dataclass(frozen=True)
class Archive:
    """A file to download: its `member` is put into `folder` below the datasets' root, where
    torchvision looks for it.

    A file that is not an archive is its own member. `md5` is None where torchvision has no
    checksum: then only the archive's own checksum (gzip's CRC) is checked. `inner` is an archive
    inside the archive.
    """

    url: str
    md5: str | None
    folder: str
    member: str
    inner: str = ""

    @property
    def file_name(self) -> str:
        """The last part of the address."""
        return self.url.rpartition("/")[2]


ARCHIVES = MappingProxyType(
    {
        "cifar10": (
            Archive(
                "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                "c58f30108f718f92721af3b95e74349a",
                "",
                "cifar-10-batches-py",
            ),
        ),
        "cifar100": (
            Archive(
                "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
                "eb9058c3a382ffc7106e4002c42a8d85",
                "",
                "cifar-100-python",
            ),
        ),
        "caltech101": (
            Archive(
                "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",
                "3138e1922a9193bfa496528edbbc45d0",
                "caltech101",
                "101_ObjectCategories",
                inner="caltech-101/101_ObjectCategories.tar.gz",
            ),
        ),
        "caltech256": (
            Archive(
                "https://data.caltech.edu/records/nyy15-4j048/files/256_ObjectCategories.tar",
                "67b4f42ca05d46448c6bb8ecd2220f6d",
                "caltech256",
                "256_ObjectCategories",
            ),
        ),
        "flowers102": (
            Archive(
                f"{ROBOTS}/flowers/102/102flowers.tgz",
                "52808999861908f626f3c1f4e79d11fa",
                "flowers-102",
                "jpg",
            ),
            Archive(
                f"{ROBOTS}/flowers/102/imagelabels.mat",
                "e0620be6f572b9609742df49c70aed4d",
                "flowers-102",
                "imagelabels.mat",
            ),
            Archive(
                f"{ROBOTS}/flowers/102/setid.mat",
                "a5357ecc9cb78c4bef273ce3793fc85c",
                "flowers-102",
                "setid.mat",
            ),
        ),
        "oxford_pets": (
            Archive(
                f"{ROBOTS}/pets/data/images.tar.gz",
                "5c4f3ee8e5d25df40f4fd59a7f44e54c",
                "oxford-iiit-pet",
                "images",
            ),
            Archive(
                f"{ROBOTS}/pets/data/annotations.tar.gz",
                "95a8c909bbe2e81eed6a22bccdf3f68f",
                "oxford-iiit-pet",
                "annotations",
            ),
        ),
        "fgvc_aircraft": (
            Archive(
                f"{ROBOTS}/fgvc-aircraft/archives/fgvc-aircraft-2013b.tar.gz",
                None,
                "",
                "fgvc-aircraft-2013b",
            ),
        ),
        "dtd": (
            Archive(
                f"{ROBOTS}/dtd/download/dtd-r1.0.1.tar.gz",
                "fff73e5086ae6bdbea199a49dfb8a4c1",
                "dtd",
                "dtd",
            ),
        ),
        "eurosat": (
            Archive(
                "https://huggingface.co/datasets/torchgeo/eurosat/resolve/c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
                "c8fa014336c82ac7804f0398fcb19387",
                "eurosat",
                "2750",
            ),
        ),
        "imagenette": (
            Archive(
                "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz",
                "3df6f0d01a2c9592104656642f5e78a3",
                "",
                "imagenette2-320",
            ),
        ),
        "food101": (
            Archive(
                "http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz",
                "85eeb15f3717b99a5da872d97d918f87",
                "",
                "food-101",
            ),
        ),
        "svhn": (
            Archive(
                "http://ufldl.stanford.edu/housenumbers/train_32x32.mat",
                "e26dedcc434d2e4c54c9b2d4a06d8373",
                "",
                "train_32x32.mat",
            ),
            Archive(
                "http://ufldl.stanford.edu/housenumbers/test_32x32.mat",
                "eb5a983be6a315427106f1b164d9cef3",
                "",
                "test_32x32.mat",
            ),
        ),
        "gtsrb": (
            Archive(
                f"{SIGNS}/GTSRB-Training_fixed.zip",
                "513f3c79a4c5141765e10e952eaa2478",
                "gtsrb",
                "GTSRB/Training",
            ),
            Archive(
                f"{SIGNS}/GTSRB_Final_Test_Images.zip",
                "c7e4e6327067d32654124b0fe9e82185",
                "gtsrb",
                "GTSRB/Final_Test/Images",
            ),
            Archive(
                f"{SIGNS}/GTSRB_Final_Test_GT.zip",
                "fe31e9c9270bbcd7b84b7f21a9d9d9e5",
                "gtsrb",
                "GT-final_test.csv",
            ),
        ),
    }
)
# copies on the Hugging Face hub of what the papers used
COPIES = MappingProxyType(
    {
        "cifar10": "uoft-cs/cifar10",
        "cifar100": "uoft-cs/cifar100",
        "caltech256": "ilee0022/Caltech-256",
    }
)


def fetch_missing(name: str, root: Path, notify: Callable[[str], None]) -> None:
    """Make sure that the files of `name` are below `root`: already there, from archives put there
    by hand, or downloaded.

    Raises DataError with the address, the folder for archives fetched elsewhere, and what can be
    used instead.
    """
    missing = [
        archive
        for archive in ARCHIVES[name]
        if not (root / archive.folder / archive.member).exists()
    ]
    if not missing:
        return
    folder = root / "downloads" / name
    folder.mkdir(parents=True, exist_ok=True)
    # two runs that start at the same time fetch it only once
    with FileLock(folder.with_suffix(".lock")):
        for archive in missing:
            target = root / archive.folder / archive.member
            if not target.exists():
                _fetch_archive(name, archive, folder, target, notify)


def _fetch_archive(
    name: str, archive: Archive, folder: Path, target: Path, notify: Callable[[str], None]
) -> None:
    file = folder / archive.file_name
    by_hand = file.exists()
    if by_hand and archive.md5 and not has_checksum(file, archive.md5):
        raise DataError(
            f"{file} is not the file of {archive.url} (its md5 should be {archive.md5}); remove it"
            " or fetch it again"
        )
    if not by_hand:
        notify(f"{name}: fetching {archive.url}")
        try:
            fetch(archive.url, file, md5=archive.md5, notify=notify)
        except ConnectionError as error:
            raise DataError(_out_of_reach(name, archive, folder, error)) from error
    if archive.member == archive.file_name:
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
        return
    notify(f"{name}: unpacking {archive.file_name}")
    unpack(file, archive.member, target, archive.inner)
    if not by_hand:
        file.unlink()


def _out_of_reach(name: str, archive: Archive, folder: Path, error: ConnectionError) -> str:
    copy = f"the copy hf:{COPIES[name]}, or " if name in COPIES else ""
    return (
        f"{name} is not on this machine, and {archive.url} cannot be fetched ({error}); "
        f"fetch that file elsewhere and put it into {folder}, or use {copy}{EMBEDDED}"
    )
