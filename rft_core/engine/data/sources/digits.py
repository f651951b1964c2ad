"""scikit-learn's handwritten digits: 1,797 real images of 8 x 8 pixels (Alpaydin
and Kaynak, UCI 1998).
"""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from rft_core.engine.data.copies import group_digests
from rft_core.engine.data.dataset import Dataset, Request, Split, holdout

TEST_SHARE, VALIDATION_SHARE = 0.3, 0.1
LEVELS = 16


def load(name: str, request: Request) -> Dataset:
    """Return the digits, grey in three channels, enlarged to the requested size; 30 % are the test
    split.
    """
    size = (request.image_size, request.image_size)
    raw = load_digits()
    grey = torch.from_numpy(raw.images).float()[:, None] / LEVELS
    large = F.interpolate(grey, size=size, mode="bilinear", align_corners=False)
    images = (large.clamp(0, 1) * 255).round().to(torch.uint8).expand(-1, 3, -1, -1).contiguous()
    everything = Split(images, torch.from_numpy(raw.target).long())
    # none of the digits occurs twice, but a small size may make some of them equal
    groups = group_digests(everything.pixel_digests())
    rest, test = holdout(raw.target, TEST_SHARE, seed=0, groups=groups)
    train, validation = holdout(raw.target[rest], VALIDATION_SHARE, seed=1, groups=groups[rest])
    train_split, validation_split, test_split = (
        everything.take(torch.from_numpy(np.asarray(part)))
        for part in (rest[train], rest[validation], test)
    )
    class_names = tuple(str(digit) for digit in range(10))
    return Dataset(name, class_names, train_split, validation_split, test_split)
