"""rft_core.engine.data.sources.torchvision_sets: each dataset from a small replica of its files;
only the transfer itself is not tested.
"""

import hashlib
import inspect
import shutil
from pathlib import Path

import numpy as np
import pytest
import torchvision

from rft_core.engine.data.dataset import Request
from rft_core.engine.data.reading import archives
from rft_core.engine.data.reading.archives import ARCHIVES, fetch_missing
from rft_core.engine.data.sources import torchvision_sets
from rft_core.engine.data.sources.torchvision_sets import READERS, list_pictures, load
from rft_core.errors import DataError
from rft_core.resources.datasets import is_downloaded
from rft_core.spec import catalog
from rft_core.spec.menus.online_datasets import TORCHVISION
from tests.unit.engine.data import replicas

REQUEST = Request(image_size=8)
# sizes of train, validation (None: held out later) and test, and the class names of each replica
FOUND = {
    "cifar10": (30, None, 6, ("airplane", "automobile", "bird")),
    "cifar100": (4, None, 4, ("apple", "aquarium_fish")),
    "caltech101": (11, None, None, ("Faces", "accordion")),
    "caltech256": (171, 9, 31, ("ak47", "american-flag", "spider")),
    "flowers102": (3, 3, 3, tuple(torchvision.datasets.Flowers102.classes)),
    "oxford_pets": (6, None, 4, ("Abyssinian", "American Bulldog")),
    "fgvc_aircraft": (6, 3, 9, ("707-320", "A300B4", "DR-400")),
    "stanford_cars": (17, 3, 5, ("AM General Hummer SUV 2000", "Acura RL Sedan 2012")),
    "dtd": (4, 2, 4, ("banded", "blotchy")),
    "eurosat": (10, None, None, ("AnnualCrop", "SeaLake")),
    "imagenette": (8, None, 4, ("tench", "English springer")),
    "food101": (6, None, 2, ("apple pie", "waffles")),
    "svhn": (20, None, 10, tuple("0123456789")),
    "gtsrb": (54, 6, 6, ("sign 0", "sign 1")),
}
ROWS = [row for row in catalog.DATASETS if row.target == f"{TORCHVISION}:load"]


@pytest.fixture
def root(tmp_path, monkeypatch, request):
    """The replica of the dataset that the test names."""
    getattr(replicas, request.param)(tmp_path, monkeypatch)
    return tmp_path


def size(part):
    return None if part is None else len(part)


def test_every_dataset_of_the_menu_has_a_reader_and_a_replica():
    assert {row.name for row in ROWS} == set(READERS) == set(FOUND)
    assert set(READERS) - set(ARCHIVES) == {"stanford_cars"}


@pytest.mark.parametrize(("root", "name"), [(name, name) for name in FOUND], indirect=["root"])
def test_what_is_found(root, name):
    listing = list_pictures(name, root)
    train, validation, test, names = FOUND[name]
    assert (len(listing.train), size(listing.validation), size(listing.test)) == (
        train,
        validation,
        test,
    )
    assert listing.class_names == names
    for part in (listing.train, listing.validation, listing.test):
        if part is not None:
            assert part.labels.dtype == np.int64
            assert part.labels.min() >= 0
            assert part.labels.max() < len(names)
            assert len(part.names) == len(part.labels)
            # every picture opens
            assert {part.read(place).size for place in range(len(part))} <= {(9, 7), (32, 32)}


@pytest.mark.parametrize("root", ["cifar10"], indirect=True)
def test_pixels_belong_to_their_labels(root):
    listing = list_pictures("cifar10", root)
    assert [
        np.asarray(listing.train.read(place))[0, 0, 0] for place in range(30)
    ] == listing.train.labels.tolist()


@pytest.mark.parametrize("root", ["svhn"], indirect=True)
def test_the_digit_zero_is_class_zero(root):
    listing = list_pictures("svhn", root)
    assert listing.train.labels.tolist() == [*range(1, 10), 0] * 2
    assert np.asarray(listing.train.read(3)).tolist() == np.full((32, 32, 3), 3).tolist()


@pytest.mark.parametrize("root", ["caltech101"], indirect=True)
def test_the_background_is_not_a_class(root):
    listing = list_pictures("caltech101", root)
    assert not any("BACKGROUND" in name for name in listing.train.names)
    assert [
        listing.class_names[label] in name
        for name, label in zip(listing.train.names, listing.train.labels)
    ] == [True] * 11


@pytest.mark.parametrize("root", ["flowers102"], indirect=True)
def test_flowers_have_their_own_names(root):
    listing = list_pictures("flowers102", root)
    assert [listing.class_names[label] for label in listing.train.labels] == [
        "pink primrose",
        "hard-leaved pocket orchid",
        "blackberry lily",
    ]


@pytest.mark.parametrize("root", ["gtsrb"], indirect=True)
def test_a_track_of_frames_is_on_one_side(root):
    listing = list_pictures("gtsrb", root)
    tracks = [
        {name.rpartition("_")[0] for name in part.names}
        for part in (listing.train, listing.validation)
    ]
    assert not tracks[0] & tracks[1]
    assert np.bincount(listing.validation.labels).tolist() == [3, 3]


@pytest.mark.parametrize("root", ["eurosat"], indirect=True)
def test_the_fingerprint_follows_the_files(root):
    before = list_pictures("eurosat", root).fingerprint
    assert list_pictures("eurosat", root).fingerprint == before
    replicas.picture(root / "eurosat" / "2750" / "SeaLake" / "SeaLake_1.jpg", shade=200)
    changed = list_pictures("eurosat", root).fingerprint
    replicas.picture(root / "eurosat" / "2750" / "SeaLake" / "SeaLake_6.jpg")
    assert len({before, changed, list_pictures("eurosat", root).fingerprint}) == 3


@pytest.mark.parametrize("root", ["cifar10"], indirect=True)
def test_a_changed_file_is_never_unpickled(root):
    (root / "cifar-10-batches-py" / "data_batch_3").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(
        DataError,
        match=(
            "the files of cifar10 below .* are incomplete or damaged .*; remove them and run again"
        ),
    ):
        list_pictures("cifar10", root)


@pytest.mark.parametrize(
    ("root", "file"),
    [("food101", "food-101/meta/test.json"), ("dtd", "dtd/dtd/labels/val1.txt")],
    indirect=["root"],
)
def test_a_missing_file_is_named(root, file):
    (root / file).unlink()
    with pytest.raises(DataError, match=file.rpartition("/")[2]):
        list_pictures(file.partition("/")[0].replace("-", ""), root)


@pytest.mark.parametrize("name", list(ARCHIVES))
def test_addresses_and_checksums_are_torchvisions(name):
    module = inspect.getmodule(getattr(torchvision.datasets, torchvision_kind(name)))
    source = inspect.getsource(module)
    for archive in ARCHIVES[name]:
        assert archive.file_name in source
        assert archive.url.removesuffix(archive.file_name) in source
        if archive.md5:
            assert archive.md5 in source
        else:
            assert "md5" not in source


def torchvision_kind(name: str) -> str:
    folded = {kind.lower(): kind for kind in torchvision.datasets.__all__}
    return folded[{"oxford_pets": "oxfordiiitpet", "fgvc_aircraft": "fgvcaircraft"}.get(name, name)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_rows_say_where_a_set_comes_from(row):
    assert row.source.endswith("; by torchvision")
    assert set(row.facts) in ({"train", "test", "classes"}, {"classes"})


class TestLoad:
    @pytest.fixture(autouse=True)
    def _no_decoding(self, home, monkeypatch):
        self.home, self.root = home, home.datasets / "torchvision"
        self.fetched = []
        monkeypatch.setattr(torchvision_sets, "decode", lambda listing, request: listing)
        monkeypatch.setattr(archives, "fetch", self.fetch)

    def fetch(self, url, target, *, md5, notify):
        self.fetched.append(url)
        raise ConnectionError("no network")

    def test_what_is_on_disk_needs_no_network(self):
        replicas.eurosat(self.root, None)
        assert load("eurosat", REQUEST).class_names == ("AnnualCrop", "SeaLake")
        assert self.fetched == []
        assert is_downloaded(self.home, "eurosat")

    def test_what_is_missing_says_how_to_get_it(self):
        with pytest.raises(DataError) as caught:
            load("cifar10", REQUEST)
        text = str(caught.value)
        for part in (
            "cifar10 is not on this machine",
            (
                "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz cannot be fetched (no"
                " network)"
            ),
            f"put it into {self.root / 'downloads' / 'cifar10'}",
            "hf:uoft-cs/cifar10",
            "blooms_hard",
        ):
            assert part in text
        assert not is_downloaded(self.home, "cifar10")

    def test_stanford_cars_says_that_its_address_is_gone(self):
        with pytest.raises(
            DataError,
            match=(
                "cannot be downloaded from its authors any more; use"
                " .*hf:tanganke/stanford_cars.*stanford_cars"
            ),
        ):
            load("stanford_cars", REQUEST)
        assert self.fetched == []

    def test_domains_are_refused_before_anything_is_fetched(self):
        with pytest.raises(DataError, match="cifar10 has no domains"):
            load("cifar10", Request(image_size=8, domains=("real",)))
        assert self.fetched == []

    def test_an_archive_put_there_by_hand(self, monkeypatch):
        archive = self.by_hand()
        monkeypatch.setitem(
            self.table(monkeypatch),
            "eurosat",
            (archives.Archive(archive.as_uri(), md5_of(archive), "eurosat", "2750"),),
        )
        lines = []
        assert len(load("eurosat", Request(image_size=8, notify=lines.append)).train) == 10
        assert self.fetched == []
        # what a person put there stays there
        assert archive.exists()
        assert lines == ["eurosat: unpacking EuroSAT.zip"]

    def test_a_wrong_archive_put_there_by_hand(self):
        archive = self.by_hand()
        with pytest.raises(
            DataError, match="is not the file of .*EuroSAT.zip .*md5 should be c8fa"
        ):
            load("eurosat", REQUEST)
        assert archive.exists()

    def test_a_download_is_unpacked_and_removed(self, monkeypatch):
        archive = self.by_hand()
        content, folder = archive.read_bytes(), archive.parent
        archive.unlink()
        monkeypatch.setattr(archives, "fetch", lambda url, target, **_: target.write_bytes(content))
        assert len(load("eurosat", REQUEST).train) == 10
        assert list(folder.iterdir()) == []

    def test_a_file_that_is_not_an_archive_is_moved_to_its_folder(self, monkeypatch):
        monkeypatch.setattr(
            archives, "fetch", lambda url, target, **_: target.write_bytes(url.encode())
        )
        fetch_missing("svhn", self.root, print)
        assert (self.root / "test_32x32.mat").read_bytes().endswith(b"test_32x32.mat")

    def by_hand(self):
        """A replica of EuroSAT's archive, where a person would put it."""
        replicas.eurosat(self.home.root / "elsewhere", None)
        folder = self.root / "downloads" / "eurosat"
        folder.mkdir(parents=True)
        return (
            folder
            / Path(
                shutil.make_archive(
                    folder / "EuroSAT", "zip", self.home.root / "elsewhere" / "eurosat"
                )
            ).name
        )

    def table(self, monkeypatch):
        table = dict(ARCHIVES)
        monkeypatch.setattr(archives, "ARCHIVES", table)
        return table


def md5_of(path):
    return hashlib.md5(path.read_bytes()).hexdigest()
