"""rft_core.engine.data.reading.protocols: the papers' split sizes, from the
datasets' class counts.
"""

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import train_test_split

from rft_core.engine.data.dataset import holdout, stratified_indices
from rft_core.engine.data.listing import Listing, Pictures
from rft_core.engine.data.reading.protocols import by_group, by_share, per_class, with_protocol
from rft_core.errors import DataError
from rft_core.spec import catalog

# images of the ten classes in SVHN's training file, digits 0 to 9 (Netzer et al. 2011)
SVHN_TRAIN = (4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659)
EUROSAT = (3000, 3000, 3000, 2500, 2500, 2000, 2500, 3000, 2500, 3000)


def labels_of(counts, seed: int = 0) -> np.ndarray:
    """Labels with so many images of each class, in a random order."""
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))


def spread(total: int, classes: int, least: int) -> np.ndarray:
    """Counts of `classes` classes, uneven, none below `least`, that sum to `total`."""
    weights = np.random.default_rng(1).exponential(size=classes)
    counts = least + np.floor((total - least * classes) * weights / weights.sum()).astype(int)
    counts[0] += total - counts.sum()
    return counts


def listing(name: str, labels: np.ndarray, test: np.ndarray | None = None, names=None) -> Listing:
    def pictures(values, texts=None):
        return Pictures(
            values,
            texts or [str(place) for place in range(len(values))],
            lambda place: Image.new("L", (1, 1), place % 256),
        )

    return Listing(
        name=name,
        class_names=tuple(map(str, range(labels.max() + 1))),
        fingerprint="",
        train=pictures(labels, names),
        test=None if test is None else pictures(test),
    )


def sizes(result: Listing) -> tuple[int, int, int]:
    validation, test = result.validation or (), result.test or ()
    return len(result.train), len(validation), len(test)


def apart(*parts: np.ndarray) -> bool:
    return len(np.unique(np.concatenate(parts))) == sum(map(len, parts))


def test_caltech_256():
    # 30,607 images, at least 80 a class (Griffin et al. 2007); the rule depends on nothing else
    result = with_protocol(listing("caltech256", labels_of(spread(30_607, 257, 80))))
    assert sizes(result) == (14_649, 771, 15_187)
    assert set(np.bincount(result.train.labels)) == {57}
    assert set(np.bincount(result.validation.labels)) == {3}
    names = [set(part.names) for part in (result.train, result.validation, result.test)]
    assert len(set.union(*names)) == sum(map(len, names)) == 30_607
    assert "14,649 / 771 / 15,187" in result.notes[-1]


def test_caltech_256_that_is_incomplete():
    with pytest.raises(DataError, match="class number 1 has 60 images, .* more than 60"):
        with_protocol(listing("caltech256", labels_of((80, 60))))


@pytest.mark.parametrize("name", ["cub200", "efekankavalci/CUB_200_2011"])
def test_cub_200(name):
    # 29 or 30 official training images a class, 5,994 together (Wah et al. 2011)
    train, test = labels_of([29] * 6 + [30] * 194), labels_of([28] * 6 + [29] * 194)
    result = with_protocol(listing(name, train, test[:5794]))
    assert sizes(result) == (5_394, 600, 5_794)
    assert set(np.bincount(result.validation.labels)) == {3}
    assert "600 images were held out of training" in result.notes[-1]


def test_stanford_dogs():
    # the official split has 100 training images a class (Khosla et al. 2011)
    held, kept = per_class(labels_of([100] * 120), (10,), seed=0)
    assert (len(kept), len(held)) == (10_800, 1_200)
    assert apart(kept, held)


@pytest.mark.parametrize("name", ["stanford_cars", "tanganke/stanford_cars"])
def test_stanford_cars(name):
    # 8,144 training images, 24 to 68 a class (Krause et al. 2013)
    result = with_protocol(
        listing(name, labels_of(spread(8_144, 196, 24)), labels_of(spread(8_041, 196, 24)))
    )
    assert sizes(result) == (6_922, 1_222, 8_041)
    share = np.bincount(result.validation.labels) / np.bincount(
        np.concatenate([result.train.labels, result.validation.labels])
    )
    assert share.min() > 0.12
    assert share.max() < 0.18


def test_stanford_cars_are_drawn_as_scikit_learn_draws_them():
    labels = labels_of([10] * 8)
    kept, held = train_test_split(np.arange(80), test_size=0.15, random_state=42, stratify=labels)
    assert [part.tolist() for part in by_share(labels, 0.15, 42)] == [sorted(kept), sorted(held)]


@pytest.mark.parametrize("count", [3_333, 8_041])
def test_a_thousand_test_images_of_aircraft_and_cars(count):
    classes = {3_333: 100, 8_041: 196}[count]
    labels = labels_of(spread(count, classes, 24))
    chosen = stratified_indices(labels, 1000, seed=1)
    assert len(set(chosen)) == 1000
    wanted = np.bincount(labels) * 1000 / count
    assert np.abs(np.bincount(labels[chosen], minlength=classes) - wanted).max() <= 1


@pytest.mark.parametrize("counts", [[5000] * 10, [500] * 100])
def test_a_tenth_of_the_training_images_of_the_tradeoff_paper(counts):
    kept, held = holdout(labels_of(counts), 0.1, seed=1)
    assert (len(kept), len(held)) == (45_000, 5_000)
    assert apart(kept, held)


def test_the_facts_of_the_menu_where_class_counts_are_known():
    def facts(name):
        return catalog.find("datasets", name).facts

    assert facts("svhn")["train"] == sum(SVHN_TRAIN)
    kept, held = holdout(labels_of(EUROSAT), 0.2, seed=0)
    assert (facts("eurosat")["train"], facts("eurosat")["test"]) == (len(kept), len(held))
    assert (facts("caltech256")["train"], facts("caltech256")["test"]) == (14_649 + 771, 15_187)
    assert (facts("cub200")["train"], facts("cub200")["test"]) == (5_394 + 600, 5_794)


def test_groups_stay_together():
    labels, groups = np.repeat([0, 0, 0, 0, 1, 1, 1, 1], 5), np.repeat(np.arange(8), 5)
    order = np.random.default_rng(0).permutation(40)
    kept, held = by_group(labels[order], groups[order], 0.25, seed=0)
    assert apart(kept, held)
    assert len(kept) + len(held) == 40
    assert not set(groups[order][kept]) & set(groups[order][held])
    assert np.bincount(labels[order][held]).tolist() == [5, 5]


def test_a_split_that_is_there_stays():
    plain = listing("cub200", labels_of([10] * 3))
    given = Listing(
        name=plain.name,
        class_names=plain.class_names,
        fingerprint="",
        train=plain.train,
        validation=plain.train,
    )
    assert with_protocol(given) is given
    other = listing("food101", labels_of([10] * 3))
    assert with_protocol(other) is other


def test_draws_do_not_change():
    labels = labels_of([10] * 3)
    assert [part.tolist() for part in per_class(labels, (2,), seed=0)] == [
        part.tolist() for part in per_class(labels, (2,), seed=0)
    ]
    assert (
        per_class(labels, (2,), seed=0)[0].tolist() != per_class(labels, (2,), seed=1)[0].tolist()
    )
