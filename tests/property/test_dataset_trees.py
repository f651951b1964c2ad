"""Random folders of images: none vanishes without a line, and no split becomes a
class without a word.
"""

import tempfile
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from rft_core.engine.data.load import load_dataset
from rft_core.errors import DataError, UnknownNameError
from rft_core.files.images import is_image_name
from rft_core.files.layout import Reading, is_system, looks_like_split, read_folder
from rft_core.spec.run_spec import parse
from tests.trees import picture

SPLITS = (
    "train",
    "Train",
    "training_set",
    "seg_train",
    "trainA",
    "val",
    "dev",
    "Valid",
    "test",
    "TEST_SET",
    "seg_test",
    "seg_pred",
    "unlabeled",
    "eval",
)
CLASSES = ("cat", "Cat", "dog", "caf\u00e9", "cafe\u0301", "bullet train", "images", "fox")
JUNK = ("__MACOSX", ".git", "@eaDir")
FILES = (
    "0.png",
    "1.png",
    "2.PNG",
    "a.jfif",
    "b.avif",
    "c.svg",
    "d.heic",
    "notes",
    "e.txt",
    "._0.png",
    ".x.png",
    ".DS_Store",
    "Thumbs.db",
)
READ = ("0.png", "1.png", "2.png", "3.png", "broken.jpg", "x.svg")

names = st.one_of(st.sampled_from(SPLITS), st.sampled_from(CLASSES), st.sampled_from(JUNK))
any_paths = st.sets(
    st.tuples(st.lists(names, max_size=4), st.sampled_from(FILES)).map(
        lambda drawn: (*drawn[0], drawn[1])
    ),
    min_size=1,
    max_size=25,
)


@st.composite
def likely_paths(draw) -> set[tuple[str, ...]]:
    """Splits of classes, or classes alone, below a wrapper or not, and a few files anywhere."""
    wrapper = draw(st.sampled_from([(), ("data",), ("a", "b")]))
    splits = draw(st.lists(st.sampled_from(SPLITS), max_size=4, unique=True))
    classes = draw(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=4, unique=True))
    inner = draw(st.booleans())
    found = set()
    for split in splits or [""]:
        above = (
            (*wrapper, split, split) if split and inner else (*wrapper, split) if split else wrapper
        )
        for label in classes:
            found |= {
                (*above, label, file) for file in draw(st.sets(st.sampled_from(FILES), max_size=5))
            }
    return found | draw(any_paths.map(lambda paths: set(list(paths)[:3])))


def images_of(paths) -> int:
    """Every image but what an operating system put there."""
    return sum(is_image_name(path[-1]) and not any(map(is_system, path)) for path in paths)


def counted(reading: Reading) -> int:
    return len(reading.pictures) + sum(one.images for one in reading.left_out)


@settings(max_examples=200)
@given(
    st.one_of(any_paths, likely_paths()),
    st.sampled_from(["auto", "auto", "classes", "splits"]),
    st.sampled_from([False] * 7 + [True]),
)
def test_no_image_vanishes_and_no_split_becomes_a_class(paths, layout, has_domain):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path in paths:
            (root.joinpath(*path[:-1])).mkdir(parents=True, exist_ok=True)
            root.joinpath(*path).touch()
        domains = (sorted(paths)[0][0],) if has_domain else ()
        try:
            reading = read_folder(root, layout, domains)
        except (DataError, UnknownNameError) as error:
            event(type(error).__name__)
            return
        event("read")
        assert counted(reading) == images_of(paths)
        assert all(
            one.line().startswith(f"{one.images:,} ") for one in reading.left_out if one.images
        )
        others = sum(one.files for one in reading.left_out)
        assert others == sum(
            not is_image_name(path[-1])
            and not any(is_system(part) or part.startswith(".") for part in path)
            for path in paths
        )
        used = {"/".join(one.parts) for one in reading.pictures}
        assert used <= {"/".join(path) for path in paths}
        assert len(used) == len(reading.pictures)
        notices = "\n".join(reading.lines)
        assert [
            one
            for one in {picture.label for picture in reading.pictures}
            if looks_like_split(one) and f"'{one}'" not in notices
        ] == []


@settings(max_examples=12)
@given(
    st.integers(0, 2),
    st.dictionaries(
        st.sampled_from(["train/cat", "train/dog", "test/cat", "test/Dog", "seg_pred", "", "demo"]),
        st.sets(st.sampled_from(READ), min_size=1),
        min_size=1,
    ),
)
def test_what_a_run_reads_and_leaves_out_is_all_there_is(loose, drawn):
    folders = {
        "train/cat": set(READ[:3]),
        "train/dog": set(READ[:3]),
        "test/cat": {READ[0]},
    } | drawn
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RFT_HOME", f"{folder}/home")
        root, there, broken = Path(folder) / "set", 0, 0
        for name, files in folders.items():
            (root / name).mkdir(parents=True, exist_ok=True)
            for file in files:
                is_broken, path = file == "broken.jpg", f"{name}/{file}"
                (root / name / file).write_bytes(
                    b"no picture" if is_broken or file == "x.svg" else picture(path)
                )
                there, broken = there + (file != "x.svg"), broken + is_broken
        spec = parse({"data": {"dataset": f"folder:{root}", "image_size": 8}})
        try:
            data = load_dataset(spec, image_size=8)
        except DataError:
            event("refused")
            return
        event("read")
        unread = sum(
            int(note.split()[0]) for note in data.notes if "files could not be read" in note
        )
        assert unread <= broken
        assert (
            len(data.train)
            + len(data.validation)
            + len(data.test)
            + sum(one.images for one in data.left_out)
            + unread
            == there
        )
