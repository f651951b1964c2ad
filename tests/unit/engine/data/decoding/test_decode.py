"""rft_core.engine.data.decoding.decode and cache: decoded once, found again, never a victim of
what lies on the disk.
"""

import shutil
from types import MappingProxyType

import pytest
import torch

from rft_core.engine.data.dataset import Request
from rft_core.engine.data.decoding import decode
from rft_core.errors import DataError
from tests.unit.engine.data.decoding.shaded import Source, digests, folders, load


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
def test_another_listing_is_decoded_again(home, changes):
    load(Source().listing())
    load(Source().listing(**changes))
    assert len(folders(home)) == 2


def test_another_size_is_decoded_again_but_not_a_size_beyond_the_dataset(home):
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


def test_progress_is_reported_now_and_then(home, monkeypatch):
    answer = []
    monkeypatch.setattr(decode, "NOTIFY_SECONDS", 0.0)
    load(Source().listing(1200), notify=answer.append)
    assert answer[-1] == "decoding 1,200 of 1,200 pictures"
    monkeypatch.undo()
    answer.clear()
    load(Source().listing(fingerprint="2"), notify=answer.append)
    assert answer == []
