"""rft_core.engine.data.sources.blooms: the drawn flowers are the same everywhere,
and as the menu says.
"""

import pytest
import torch

from rft_core.engine.data.dataset import Request
from rft_core.engine.data.load import load_dataset
from rft_core.engine.data.sources import blooms
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.sections import DataSpec

NAMES = [choice.name for choice in catalog.DATASETS if choice.name.startswith("blooms")]


@pytest.mark.parametrize("name", NAMES)
def test_the_facts_of_the_menu(name):
    facts, data = (
        catalog.find("datasets", name).facts,
        load_dataset(RunSpec(data=DataSpec(dataset=name)), image_size=8),
    )
    assert (len(data.train), len(data.test), data.num_classes) == (
        facts["train"],
        facts["test"],
        facts["classes"],
    )
    assert len(set(data.class_names)) == data.num_classes
    for part in (data.train, data.validation, data.test):
        counts = torch.bincount(part.labels, minlength=data.num_classes)
        assert counts.max() - counts.min() <= 1
        assert counts.min() > 0


def test_the_help_says_the_number_of_classes():
    for name in NAMES:
        row = catalog.find("datasets", name)
        assert f"{row.facts['classes']} " in row.help


def test_shape_and_type():
    data = blooms.load("blooms_easy", Request(image_size=12))
    assert data.train.images.shape == (800, 3, 12, 12)
    assert data.train.images.dtype == torch.uint8
    assert data.train.labels.dtype == torch.int64
    assert data.train.images.float().std() > 20


def test_drawn_twice_it_is_the_same_and_global_chance_is_untouched():
    state = torch.random.get_rng_state()
    first = blooms.load("blooms_easy", Request(image_size=8))
    torch.rand(5)
    assert first.test.digest() == blooms.load("blooms_easy", Request(image_size=8)).test.digest()
    torch.random.set_rng_state(state)


def test_no_picture_is_in_two_splits():
    data = blooms.load("blooms_easy", Request(image_size=8))
    seen = [
        {image.numpy().tobytes() for image in part.images}
        for part in (data.train, data.validation, data.test)
    ]
    assert len(set.union(*seen)) == sum(map(len, seen))


def test_source_and_downstream_share_no_class():
    source = set(blooms.TASKS["blooms_source"].classes)
    for name in ("blooms_easy", "blooms_medium", "blooms_hard"):
        assert not source & set(blooms.TASKS[name].classes)


def test_classes_can_be_told_apart():
    task = blooms.TASKS["blooms_easy"]
    kinds = torch.tensor(task.classes, dtype=torch.float32)
    pictures = [
        blooms.draw(kinds, 16, torch.Generator().manual_seed(0), contrast=(1.0, 1.0), noise=0.0)
        for _ in range(2)
    ]
    assert torch.equal(*pictures)
    assert (pictures[0] >= 0).all()
    assert (pictures[0] <= 1).all()
