"""Listings of pictures of one shade each, which count how often they are opened."""

from dataclasses import replace

import numpy as np
from PIL import Image

from rft_core.engine.data.dataset import Request
from rft_core.engine.data.decoding import decode
from rft_core.engine.data.listing import Listing, Pictures

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
        train = self.pictures(count)
        plain = Listing(name="things", class_names=CLASSES, fingerprint="1", train=train)
        return replace(plain, **changes)


def load(listing: Listing, **changes):
    return decode.decode(listing, Request(**{"image_size": 8} | changes))


def digests(data) -> list[str]:
    return [
        part.digest() for part in (data.train, data.validation, data.test, *data.others.values())
    ]


def folders(home):
    return sorted(path.name for path in home.decoded.iterdir())
