"""Images that stay on the CPU while a GPU trains: what is kept where, and that nothing
reaches past Split.fetch.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from rft_core.engine.data import dataset as module
from rft_core.engine.data.dataset import Dataset, Split
from rft_core.engine.execution import prepare
from rft_core.engine.measuring.evaluate import evaluate, predict
from rft_core.engine.measuring.followed_images import save_examples
from rft_core.engine.measuring.honesty import check_honesty
from rft_core.engine.reporter import FolderReporter
from rft_core.engine.training.step import next_batch
from tests import tiny

META = torch.device("meta")
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA GPU")


@dataclass(frozen=True)
class Far(Split):
    """A split whose images cannot be computed with where they are kept: only
    `fetch` brings pixels.
    """

    kept: Tensor | None = None

    @classmethod
    def of(cls, split: Split) -> "Far":
        return cls(split.images.to(META), split.labels, split.images)

    def fetch(self, which: Tensor | slice = slice(None)) -> Tensor:
        assert self.kept is not None
        return self.kept[which]


def test_measuring_fetches():
    near, model = tiny.split(40), tiny.cnn()
    far = Far.of(near)
    assert torch.equal(predict(model, far, batch_size=16), predict(model, near, batch_size=16))
    for attack in ("pgd", "square"):
        first, second = (
            evaluate(
                model,
                split,
                norm="linf",
                epsilons=(0.0, 2 / 255, 8 / 255),
                steps=3,
                attack=attack,
                batch_size=16,
            ).verdicts
            for split in (near, far)
        )
        assert np.array_equal(first, second)


def test_examples_and_honesty_checks_fetch(tmp_path):
    near, model = tiny.split(8), tiny.cnn()
    for name, split in (("near", near), ("far", Far.of(near))):
        save_examples(tmp_path / f"{name}.npz", model, split, norm="linf", epsilon=4 / 255, steps=2)
    with np.load(tmp_path / "near.npz") as first, np.load(tmp_path / "far.npz") as second:
        assert all(np.array_equal(first[name], second[name]) for name in first.files)
    assert check_honesty(model, Far.of(near), norm="linf", epsilons=(0.0, 4 / 255)).n == 8


def test_training_fetches(tmp_path):
    job = prepare(tiny.run_spec(), FolderReporter(tmp_path))
    far = replace(job, dataset=replace(job.dataset, train=Far.of(job.dataset.train)))
    for step in range(5):
        (images, labels), (others, other_labels) = next_batch(job, step), next_batch(far, step)
        assert torch.equal(images, others)
        assert torch.equal(labels, other_labels)


def test_an_epochs_order_is_drawn_once_and_does_not_depend_on_the_way_there(tmp_path, monkeypatch):
    job, drawn = prepare(tiny.run_spec(), FolderReporter(tmp_path)), []
    randperm = torch.randperm
    monkeypatch.setattr(
        torch,
        "randperm",
        lambda *arguments, **options: (drawn.append(arguments), randperm(*arguments, **options))[1],
    )
    there = [next_batch(job, step)[1] for step in (0, 1, 2, 3, 4, 5)]
    assert len(drawn) == 2
    back = [next_batch(job, step)[1] for step in (5, 0, 4, 1, 3, 2)]
    assert all(
        torch.equal(there[step], back[place]) for place, step in enumerate((5, 0, 4, 1, 3, 2))
    )


def make(**others) -> Dataset:
    return Dataset(
        "d", tuple("abcde"), tiny.split(40), tiny.split(20), tiny.split(30), others=others
    )


def where(data: Dataset) -> list[str]:
    return [
        split.images.device.type
        for split in (data.train, data.validation, data.test, *data.others.values())
    ]


@pytest.mark.parametrize(("images_that_fit", "expected"), [
    (0, ["cpu", "cpu", "cpu", "cpu"]),
    (39, ["cpu", "meta", "cpu", "meta"]),
    (40, ["meta", "cpu", "cpu", "cpu"]),
    (90, ["meta", "meta", "meta", "cpu"]),
    (100, ["meta", "meta", "meta", "meta"]),
])  # fmt: skip
def test_images_go_where_there_is_room_and_labels_always(monkeypatch, images_that_fit, expected):
    data = make(far=tiny.split(10))
    monkeypatch.setattr(
        module, "room_for_images", lambda device: images_that_fit * data.train.images[0].nbytes
    )
    moved = data.to(META)
    assert where(moved) == expected
    assert {
        split.labels.device.type
        for split in (moved.train, moved.validation, moved.test, moved.others["far"])
    } == {"meta"}


def test_on_the_cpu_everything_stays_as_it_is():
    data = make()
    moved = data.to(torch.device("cpu"))
    assert moved.train.images is data.train.images
    assert moved.train.fetch(slice(3, 9)).data_ptr() == data.train.images[3:].data_ptr()


def test_a_batch_travels_to_the_labels():
    split = Split(tiny.split(10).images, tiny.split(10).labels.to(META))
    for which, count in ((slice(2, 6), 4), (torch.tensor([1, 9]), 2), (slice(None), 10)):
        assert (split.fetch(which).device.type, split.fetch(which).shape) == (
            "meta",
            (count, 3, 16, 16),
        )
    part = split.take(torch.tensor([3, 1]))
    assert torch.equal(part.images, split.images[[3, 1]])
    assert (part.images.device.type, part.labels.device.type) == ("cpu", "meta")


@GPU
def test_a_batch_travels_to_a_gpu():
    data, device = tiny.split(10), torch.device("cuda")
    split = data.to(device, room=0)
    assert (split.images.device.type, split.labels.device.type) == ("cpu", "cuda")
    for which in (slice(2, 6), torch.tensor([1, 9]), torch.tensor([1, 9], device=device)):
        index = which.cpu() if isinstance(which, Tensor) else which
        assert torch.equal(split.fetch(which).cpu(), data.images[index])
    model = tiny.cnn().to(device)
    assert torch.equal(predict(model, split), predict(model, data.to(device)))
