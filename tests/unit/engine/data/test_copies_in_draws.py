"""Draws that keep copies of a picture together: holding out, the papers' splits, their cost."""

import time
from dataclasses import replace

import numpy as np
import pytest

from rft_core.engine.data.copies import group_digests, pixel_digest
from rft_core.engine.data.dataset import Request, holdout
from rft_core.engine.data.decoding import decode
from rft_core.engine.data.reading.protocols import by_group, by_share, per_class
from tests.unit.engine.data.alike_pictures import NOTHING, alike, listing, total

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize("name", ["caltech256", "cub200", "stanford_cars", "gtsrb"])
def test_the_papers_splits(home, name):
    """Each by its own rule, over two classes of 90 images, of which every third
    occurs twice in its class.
    """
    from rft_core.engine.data.reading.protocols import with_protocol

    numbers, labels, names = [], [], []
    for label in range(2):
        for index in range(60):
            for copy in range(1 + (index % 2)):
                numbers.append(1000 * label + index)
                labels.append(label)
                # tracks of ten frames; a few of track 0 have their copies in track 1, which makes
                # one track of the two
                track = 1 if copy and index < 4 else index // 10
                names.append(f"{label}/{track:05d}_{index:05d}.png")
    data = decode.decode(
        with_protocol(listing(name, numbers, labels, names)), Request(image_size=8)
    )
    assert alike(data) == NOTHING
    assert total(data) == 180
    # and again, from the cache
    again = decode.decode(
        with_protocol(listing(name, numbers, labels, names)), Request(image_size=8)
    )
    assert again.test.digest() == data.test.digest()
    if name == "caltech256":
        assert np.bincount(data.validation.labels).tolist() == [3, 3]
        assert np.bincount(data.train.labels).tolist() == [57, 57]


class TestDrawsWithoutCopies:
    """They are what they were: the numbers here were drawn before copies were looked for."""

    labels = np.random.default_rng(0).integers(0, 7, 500)
    alone = np.random.default_rng(1).permutation(500)

    def same(self, first, second):
        assert [part.tolist() for part in first] == [part.tolist() for part in second]

    def test_holding_out(self):
        kept, held = holdout(self.labels, 0.2, 3)
        self.same(holdout(self.labels, 0.2, 3, self.alone), (kept, held))
        assert held[:12].tolist() == HELD

    def test_papers(self):
        self.same(
            per_class(self.labels, (20, 5), 0), per_class(self.labels, (20, 5), 0, self.alone)
        )
        self.same(by_share(self.labels, 0.15, 42), by_share(self.labels, 0.15, 42, self.alone))
        tracks = self.labels * 100 + np.arange(500) // 20
        self.same(
            by_group(self.labels, tracks, 0.1, 1), by_group(self.labels, tracks, 0.1, 1, self.alone)
        )
        assert per_class(self.labels, (20, 5), 0)[1][:12].tolist() == SECOND


HELD = [5, 7, 11, 16, 22, 33, 45, 53, 54, 56, 58, 67]
SECOND = [40, 43, 45, 57, 103, 115, 121, 128, 149, 158, 161, 185]


def test_fifty_thousand_images_are_compared_in_seconds():
    """By hash: comparing each with each would take hours."""
    values = np.random.default_rng(0).integers(0, 256, (25_000, 3, 8, 8), dtype=np.uint8)
    labels = np.arange(50_000) // 2 % 10
    started = time.process_time()
    groups = group_digests([pixel_digest(values[index // 2]) for index in range(50_000)])
    kept, held = holdout(labels, 0.2, 0, groups)
    assert time.process_time() - started < 10
    assert np.bincount(labels[held]).tolist() == [1000] * 10
    assert not set(kept // 2) & set(held // 2)


def test_a_picture_is_read_three_times_at_most_where_there_are_copies(home):
    """Once to meet them, once to look at all, once to draw anew: no more than
    three reads a picture.
    """
    opened = []
    source = listing("many", np.arange(600) // 2, np.arange(600) // 2 % 3)
    read = source.train.read
    train = replace(source.train, read=lambda index: (opened.append(index), read(index))[1])
    data = decode.decode(replace(source, train=train), Request(image_size=8))
    assert (alike(data), total(data)) == (NOTHING, 600)
    assert len(opened) <= 3 * 600
    opened.clear()
    decode.decode(replace(source, train=train), Request(image_size=8))
    assert opened == []
