"""rft_core.files.layout: what comes out of folders as people have them,
without opening a picture.
"""

from collections import Counter
from pathlib import Path

import pytest

from rft_core.errors import DataError
from rft_core.files.layout import Reading, check_classes_of, read_folder
from rft_core.resources.dataset_check import check_dataset
from tests.further_trees import ASKED, FURTHER
from tests.trees import FIELD, Case, pack, plant, two


def counts(reading: Reading) -> tuple[int, ...]:
    found = Counter(picture.split for picture in reading.pictures)
    return tuple(found[kind] for kind in ("train", "validation", "test"))


@pytest.mark.parametrize("case", [*FIELD, *FURTHER], ids=str)
def test_what_comes_out(case: Case, tmp_path):
    root = plant(tmp_path / "set", case.groups)
    reading = read_folder(root, **case.settings)
    classes, notes = check_classes_of(reading, "set")
    assert classes == case.classes
    assert counts(reading) == case.counts
    text = "\n".join([*reading.lines, *notes])
    assert [line for line in case.lines if line not in text] == []


@pytest.mark.parametrize("case", ASKED, ids=str)
def test_what_is_asked_or_refused(case: Case, tmp_path):
    root = plant(tmp_path / "set", case.groups)
    with pytest.raises(DataError) as caught:
        check_dataset(f"folder:{root}", **case.settings)
    assert case.asks in str(caught.value)


@pytest.mark.parametrize(
    "case",
    [case for case in (*FIELD, *FURTHER) if "kept apart" not in "".join(case.lines)],
    ids=str,
)
def test_a_zip_is_checked_without_unpacking_it(case: Case, tmp_path, home):
    path = pack(tmp_path / "set.zip", case.groups)
    text = "\n".join(check_dataset(f"folder:{path}", **case.settings))
    # files that are not images, and empty folders, are reported once it is unpacked
    image_lines = [line for line in case.lines if "left out, " in line and "other file" not in line]
    assert [line for line in image_lines if line not in text] == []
    assert not home.uploads.exists()


@pytest.mark.parametrize("case", ASKED, ids=str)
def test_a_zip_that_cannot_be_used_is_refused_before_it_is_unpacked(case: Case, tmp_path, home):
    path = pack(tmp_path / "set.zip", case.groups)
    with pytest.raises(DataError):
        check_dataset(f"folder:{path}", **case.settings)
    assert not home.uploads.exists()


def test_a_folder_of_very_many_files_is_left_to_the_run(tmp_path):
    root = plant(tmp_path / "set", {"*.png": 30})
    assert check_dataset(f"folder:{root}", most=20) == ()
    with pytest.raises(DataError, match="30 images lie loose"):
        check_dataset(f"folder:{root}", most=31)


class TestLinks:
    @pytest.fixture
    def root(self, tmp_path) -> Path:
        plant(tmp_path / "elsewhere", two("", 6))
        (tmp_path / "set").mkdir()
        return tmp_path / "set"

    def test_class_folders_that_lead_out_are_named(self, root):
        plant(root, two("", 6, names=("ring", "star")))
        for name in ("disc", "square"):
            (root / name).symlink_to(root.parent / "elsewhere" / name)
        (line,) = check_dataset(f"folder:{root}")
        assert (
            line
            == "2 links lead out of the folder, or back to where they lie, and were not followed:"
            " disc; square"
        )

    def test_where_all_lead_out_they_are_named_too(self, root):
        for name in ("disc", "square"):
            (root / name).symlink_to(root.parent / "elsewhere" / name)
        with pytest.raises(DataError, match="no class folders.*were not followed: disc; square"):
            check_dataset(f"folder:{root}")

    def test_one_that_leads_nowhere_is_named(self, root):
        plant(root, two("", 6))
        (root / "disc" / "gone.png").symlink_to(root / "nowhere.png")
        assert (
            "1 names lead to no file, or to one that is not a plain file: disc/gone.png"
            in check_dataset(f"folder:{root}")
        )

    def test_a_split_that_leads_out_is_named(self, root):
        plant(root, two("train/", 6))
        (root / "test").symlink_to(root.parent / "elsewhere")
        assert any("were not followed: test" in line for line in check_dataset(f"folder:{root}"))


class TestDomains:
    GROUPS = (
        two("photo/train/", 6)
        | two("photo/test/", 3)
        | two("sketch/", 4)
        | {
            "sketch/*.png": 2,
            "*.png": 1,
        }
    )

    def test_each_is_read_by_the_same_rules(self, tmp_path):
        reading = read_folder(plant(tmp_path / "set", self.GROUPS), domains=("photo",))
        assert Counter((picture.domain, picture.split) for picture in reading.pictures) == {
            ("photo", "train"): 12,
            ("photo", "test"): 6,
            ("sketch", "train"): 8,
        }
        assert sum(group.images for group in reading.left_out) == 3

    def test_a_wrapper_around_them(self, tmp_path):
        root = plant(
            tmp_path / "set", {f"all/{path}": count for path, count in self.GROUPS.items()}
        )
        assert len(read_folder(root, domains=("photo",)).pictures) == 26
