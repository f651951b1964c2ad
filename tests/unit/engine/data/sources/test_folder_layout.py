"""rft_core.engine.data.sources.folder: folders of domains, and links."""

from pathlib import Path

import pytest

from rft_core.engine.data.sources.folder import list_folder
from rft_core.errors import DataError, UnknownNameError
from rft_core.files.layout import LayoutQuestion
from tests.unit.engine.data.sources.test_folder import load, paint

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def flat(tmp_path) -> Path:
    for shade, name in ((40, "cat"), (160, "dog")):
        paint(tmp_path / "flat" / name, 20, shade)
    return tmp_path / "flat"


class TestDomains:
    @pytest.fixture
    def sketches(self, tmp_path) -> Path:
        """Two domains of class folders, and one that is split already."""
        for shift, domain in enumerate(("photo", "sketch")):
            for shade, label in ((40, "cat"), (160, "dog")):
                paint(tmp_path / "set" / domain / label, 20, shade + shift)
        for part, count in (("train", 12), ("test", 6)):
            for shade, label in ((40, "cat"), (160, "dog"), (90, "fox")):
                paint(tmp_path / "set" / "paint" / part / label, count, shade + 3)
        return tmp_path / "set"

    def test_one_is_trained_on_and_the_others_measured(self, sketches):
        data = load(sketches, domains=("photo",))
        assert (data.domains, data.class_names) == (("photo",), ("cat", "dog"))
        assert (len(data.train), len(data.validation), len(data.test)) == (28, 4, 8)
        # all of a domain that is not split; of one that is, the test images
        assert {name: len(split) for name, split in data.others.items()} == {
            "paint": 12,
            "sketch": 40,
        }
        assert set(data.train.images[:, 0].float().mean((1, 2)).tolist()) == {40, 160}
        assert set(data.others["sketch"].images[:, 0].float().mean((1, 2)).tolist()) == {41, 161}
        assert set(data.others["paint"].images[:, 0].float().mean((1, 2)).tolist()) == {43, 163}
        assert (
            "the domain 'paint' has 1 classes that are not trained on, 6 images left out: fox"
            in data.notes
        )

    def test_a_domain_that_is_split_already(self, sketches):
        data = load(sketches, domains=("paint",))
        assert (len(data.train), len(data.validation), len(data.test)) == (33, 3, 18)
        assert data.class_names == ("cat", "dog", "fox")

    def test_several(self, sketches):
        data = load(sketches, domains=("sketch", "photo"))
        assert (len(data.train), len(data.validation), len(data.test)) == (58, 6, 16)
        assert list(data.others) == ["paint"]

    def test_split_and_unsplit_domains_do_not_mix(self, sketches):
        with pytest.raises(
            DataError, match="the domain 'paint' has a test split and 'photo' has none"
        ):
            load(sketches, domains=("photo", "paint"))

    def test_an_unknown_domain(self, sketches):
        with pytest.raises(UnknownNameError, match="unknown domain 'foto', did you mean 'photo'"):
            load(sketches, domains=("foto",))

    def test_a_class_is_not_a_domain(self, flat):
        with pytest.raises(DataError, match="20 images lie loose"):
            load(flat, domains=("cat",))

    def test_folders_that_look_like_domains_are_mentioned(self, sketches):
        with pytest.raises(LayoutQuestion, match="name one in data.domains"):
            list_folder(str(sketches))
        for part in ("train", "test"):
            (sketches / "paint" / part).rename(sketches.parent / part)
        assert any("name one in data.domains" in note for note in list_folder(str(sketches)).notes)


class TestLinks:
    def test_those_that_leave_the_folder_are_not_followed(self, flat, tmp_path):
        paint(tmp_path / "elsewhere" / "deep", 5)
        (flat / "fox").symlink_to(tmp_path / "elsewhere" / "deep")
        (flat / "cat" / "away.png").symlink_to(tmp_path / "elsewhere" / "deep" / "000.png")
        (flat / "cat" / "gone.png").symlink_to(flat / "nowhere.png")
        # the name begins like the folder's
        paint(tmp_path / "flatter", 1)
        (flat / "dog" / "near.png").symlink_to(tmp_path / "flatter" / "000.png")
        data = load(flat)
        assert data.class_names == ("cat", "dog")
        assert len(data.train) + len(data.validation) + len(data.test) == 40
        note = next(note for note in data.notes if "not followed" in note)
        assert note.startswith("3 links lead out of the folder")

    def test_those_inside_are_followed(self, flat):
        paint(flat / ".store", 3, 90)
        (flat / "fox").symlink_to(flat / ".store")
        (flat / "cat" / "more.png").symlink_to(flat / ".store" / "000.png")
        data = load(flat)
        assert data.class_names == ("cat", "dog", "fox")
        assert len(data.train) + len(data.validation) + len(data.test) == 44

    def test_a_circle_ends(self, flat):
        (flat / "cat" / "round").symlink_to(flat / "cat")
        (flat / "cat" / "up").symlink_to(flat)
        data = load(flat)
        assert len(data.train) + len(data.validation) + len(data.test) == 40
        assert any(note.startswith("2 links") for note in data.notes)
