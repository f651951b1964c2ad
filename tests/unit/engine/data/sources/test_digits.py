"""rft_core.engine.data.sources.digits: real handwritten digits."""

import torch

from rft_core.engine.data.load import load_dataset
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.sections import DataSpec


def load(**settings):
    return load_dataset(RunSpec(data=DataSpec(dataset="digits", **settings)), image_size=8)


def test_the_facts_of_the_menu():
    facts, data = catalog.find("datasets", "digits").facts, load()
    assert (len(data.train), len(data.test), data.num_classes) == (
        facts["train"],
        facts["test"],
        facts["classes"],
    )
    assert len(data.train) + len(data.validation) + len(data.test) == 1797


def test_every_class_is_in_every_split():
    data = load()
    for part in (data.train, data.validation, data.test):
        assert torch.bincount(part.labels, minlength=10).min() >= 10


def test_no_digit_is_in_two_splits():
    data = load()
    seen = [
        {image.numpy().tobytes() for image in part.images}
        for part in (data.train, data.validation, data.test)
    ]
    assert len(set.union(*seen)) == sum(map(len, seen))


def test_grey_in_three_channels_at_any_size():
    data = load_dataset(RunSpec(data=DataSpec(dataset="digits")), image_size=16)
    assert data.train.images.shape[1:] == (3, 16, 16)
    assert torch.equal(data.train.images[:, 0], data.train.images[:, 2])
    assert data.train.images.max() > 240


def test_sizes_on_request_and_the_same_images_every_time():
    first, again = load(train_size=50, eval_size=30), load(train_size=50, eval_size=30)
    assert (len(first.train), len(first.test)) == (50, 30)
    assert first.test.digest() == again.test.digest()
    assert torch.bincount(first.train.labels, minlength=10).min() >= 4
