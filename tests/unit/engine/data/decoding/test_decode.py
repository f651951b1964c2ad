"""rft_core.engine.data.decoding.decode and cache: decoded once, found again, never a victim of
what lies on the disk.
"""

import json
import os
import resource
import shutil
import threading
import time
from types import MappingProxyType

import numpy as np
import pytest
import torch
from PIL import Image

from rft_core.engine.data.dataset import Request
from rft_core.engine.data.decoding import cache, decode
from rft_core.engine.data.listing import Listing, Pictures
from rft_core.errors import DataError
from rft_core.files import atomic

CLASSES = ("dark", "light")


class Source:
    """Pictures of one pixel value each, and how often they were opened."""

    def __init__(self, broken=()):
        self.opened, self.broken = [], broken

    def read(self, place: int) -> Image.Image:
        self.opened.append(place)
        if place in self.broken:
            raise OSError("cut off")
        return Image.new("RGB", (9, 7), (place % 256, place % 2 * 200, place // 256))

    def pictures(self, count: int) -> Pictures:
        return Pictures(np.arange(count) % 2, [f"{place}.png" for place in range(count)], self.read)

    def listing(self, count: int = 40, **changes) -> Listing:
        return Listing(
            **{
                "name": "things",
                "class_names": CLASSES,
                "fingerprint": "1",
                "train": self.pictures(count),
            }
            | changes
        )


def load(listing: Listing, **changes):
    return decode.decode(listing, Request(**{"image_size": 8} | changes))


def digests(data) -> list[str]:
    return [
        part.digest() for part in (data.train, data.validation, data.test, *data.others.values())
    ]


def folders(home):
    return sorted(path.name for path in home.decoded.iterdir())


def test_images_stay_with_their_labels(home):
    data = load(Source().listing())
    for part in (data.train, data.validation, data.test):
        assert part.images.shape[1:] == (3, 8, 8)
        assert torch.equal(part.images[:, 1, 0, 0] == 200, part.labels == 1)
        # no warning, no crash: the memory may be written, and the file stays as it is
        part.images[0] = 3
    assert digests(load(Source().listing())) != digests(data)


def test_the_second_time_nothing_is_opened(home):
    first = load(Source().listing())
    again = Source()
    second = load(again.listing())
    assert again.opened == []
    assert digests(first) == digests(second)
    assert (second.notes, second.class_names) == (first.notes, first.class_names)
    assert len(folders(home)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"fingerprint": "2"},
        {"class_names": ("x", "y")},
        {"train": Source().pictures(42)},
        {"domains": ("photo",)},
    ],
)
def test_another_listing_is_decoded_anew(home, changes):
    load(Source().listing())
    load(Source().listing(**changes))
    assert len(folders(home)) == 2


def test_another_size_is_decoded_anew_and_a_larger_one_than_there_is_not(home):
    load(Source().listing())
    load(Source().listing(), image_size=9)
    load(Source().listing(), train_size=10)
    assert len(folders(home)) == 3
    load(Source().listing(), train_size=4000, eval_size=9000)
    assert len(folders(home)) == 3


def test_a_subset_opens_no_more_than_it_needs(home):
    source = Source()
    data = load(source.listing(1000), train_size=20, eval_size=10)
    assert len(source.opened) == 50
    assert [len(part) for part in (data.train, data.validation, data.test)] == [20, 20, 10]
    cut = data.limited(Request(image_size=8, train_size=20, eval_size=10))
    assert digests(cut) == digests(data)


def test_other_domains(home):
    others = MappingProxyType({"sketch": Source().pictures(30), "paint": Source().pictures(10)})
    for _ in range(2):
        data = load(Source().listing(others=others, domains=("photo",)), shift_size=20)
        assert (data.domains, list(data.others), [len(part) for part in data.others.values()]) == (
            ("photo",),
            ["sketch", "paint"],
            [20, 10],
        )


def test_the_pieces_come_together_in_order(home, monkeypatch):
    whole = load(Source().listing(400))
    monkeypatch.setattr(decode, "PIECE_BYTES", 1)
    monkeypatch.setattr(decode, "SMALLEST_PIECE", 7)
    shutil.rmtree(home.decoded)
    broken = Source(broken=(0, 5, 6, 7, 13, 399))
    pieces = load(broken.listing(400))
    assert len(pieces.train) + len(pieces.validation) + len(pieces.test) == 394
    lost = set(broken.broken)
    for first, second in zip(
        (whole.train, whole.validation, whole.test), (pieces.train, pieces.validation, pieces.test)
    ):
        numbers = first.images[:, 0, 0, 0].long() + 256 * first.images[:, 2, 0, 0].long()
        kept = torch.tensor([number not in lost for number in numbers.tolist()])
        assert torch.equal(first.images[kept], second.images)
        assert torch.equal(first.labels[kept], second.labels)


def test_broken_files_are_named_also_the_second_time(home):
    for _ in range(2):
        note = load(Source(broken=(3, 4, 5, 6)).listing()).notes[-1]
        assert note.startswith("4 files could not be read and were left out: ")
        assert "OSError: cut off" in note
        assert note.endswith("...")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (range(40), "none of the images in things can be read; the first: "),
        (
            range(1, 40, 2),
            (
                r"no training image of the class 'light' in things can be read \(\d+.png: OSError:"
                r" cut off\)"
            ),
        ),
    ],
)
def test_nothing_left(home, broken, message):
    with pytest.raises(DataError, match=message):
        load(Source(broken=broken).listing())
    assert folders(home) == []


def test_a_test_split_of_which_nothing_is_left(home):
    with pytest.raises(DataError, match="none of the 6 test images of things can be read"):
        load(Source().listing(test=Source(broken=range(6)).pictures(6)))


def test_progress_is_told_now_and_then(home, monkeypatch):
    said = []
    monkeypatch.setattr(decode, "NOTIFY_SECONDS", 0.0)
    load(Source().listing(1200), notify=said.append)
    assert said[-1] == "decoding 1,200 of 1,200 pictures"
    monkeypatch.undo()
    said.clear()
    load(Source().listing(fingerprint="2"), notify=said.append)
    assert said == []


def _cut(path):
    path.write_bytes(path.read_bytes()[:-5])


def _flip(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


DAMAGE = {
    "no contents": lambda folder: (folder / "meta.json").unlink(),
    "empty contents": lambda folder: (folder / "meta.json").write_text(""),
    "other contents": (
        lambda folder: (folder / "meta.json").write_text(json.dumps({"splits": [{}], "notes": []}))
    ),
    "no images": lambda folder: (folder / "0.npy").unlink(),
    "cut images": lambda folder: _cut(folder / "1.npy"),
    "changed pixel": lambda folder: _flip(folder / "2.npy"),
    "changed label": lambda folder: _flip(folder / "0_labels.npy"),
    "pickle": lambda folder: np.save(
        folder / "0_labels.npy", np.array([{}], dtype=object), allow_pickle=True
    ),
    "nothing": lambda folder: [path.unlink() for path in folder.iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_cache_is_decoded_anew(home, damage):
    first = load(Source().listing())
    damage(home.decoded / folders(home)[0])
    again = Source()
    assert digests(load(again.listing())) == digests(first)
    assert len(again.opened) == 40
    # and it is whole now
    third = Source()
    assert digests(load(third.listing())) == digests(first)
    assert third.opened == []


def test_a_large_set_is_mapped(home, monkeypatch):
    first = load(Source().listing())
    monkeypatch.setattr(cache, "IN_MEMORY_BYTES", 0)
    modes, read = [], np.load
    monkeypatch.setattr(
        cache.np,
        "load",
        lambda path, mmap_mode=None, **rest: (
            modes.append(mmap_mode),
            read(path, mmap_mode=mmap_mode, **rest),
        )[1],
    )
    again = Source()
    second = load(again.listing())
    assert again.opened == []
    assert modes == ["c", None] * 3
    assert digests(first) == digests(second)
    second.train.images[0] = 0
    assert digests(load(Source().listing())) == digests(first)


@pytest.mark.parametrize("damage", ["cut images", "no images", "changed label"])
def test_a_damaged_large_set_is_decoded_anew(home, monkeypatch, damage):
    monkeypatch.setattr(cache, "IN_MEMORY_BYTES", 0)
    first = digests(load(Source().listing()))
    DAMAGE[damage](home.decoded / folders(home)[0])
    again = Source()
    assert digests(load(again.listing())) == first
    assert len(again.opened) == 40


def test_a_full_disk_leaves_a_note(home):
    """A limit on the size of files stands in for the end of the disk: writing
    fails in the middle.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        data = load(Source().listing())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "could not be kept" in data.notes[-1]
    assert folders(home) == []
    assert digests(load(Source().listing())) == digests(data)


def test_a_home_that_cannot_be_written_leaves_a_note(home):
    home.datasets.mkdir()
    home.decoded.write_text("a file where the folder should be")
    data = load(Source().listing())
    assert "could not be kept" in data.notes[-1]
    assert len(data.train) == 28


def test_what_a_killed_process_left_is_removed_a_day_later(home):
    old, young = home.decoded / ".gone-1", home.decoded / ".busy-2"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "0.npy").touch()
    past = time.time() - atomic.ABANDONED_SECONDS - 60
    for path in (old / "0.npy", old, young):
        os.utime(path, (past, past))
    load(Source().listing())
    assert not old.exists()
    # something was written in it lately
    assert young.exists()


def test_two_threads_at_once(home):
    results = []
    work = [
        threading.Thread(target=lambda: results.append(digests(load(Source().listing(2000)))))
        for _ in range(4)
    ]
    for one in work:
        one.start()
    for one in work:
        one.join()
    assert len(results) == 4
    assert all(one == results[0] for one in results)
    assert len(folders(home)) == 1


def test_two_that_finish_at_the_same_moment(home, monkeypatch):
    """Each has decoded before either moves its folder into place."""
    together, publish, results = threading.Barrier(2, timeout=60), decode.publish, []
    monkeypatch.setattr(
        decode, "publish", lambda *arguments: (together.wait(), publish(*arguments))
    )
    work = [
        threading.Thread(target=lambda: results.append(load(Source().listing()))) for _ in range(2)
    ]
    for one in work:
        one.start()
    for one in work:
        one.join()
    assert digests(results[0]) == digests(results[1])
    assert results[0].notes == results[1].notes
    assert len(folders(home)) == 1
