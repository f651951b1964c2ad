"""rft_core.engine.measuring.attacked_images: which images are shown, and that what is shown
is what was measured.
"""

import numpy as np
import pytest
import torch

from rft_core.engine.attacks.pgd import pgd
from rft_core.engine.data.pixels import as_pixels
from rft_core.engine.measuring.attacked_images import (
    choose_shown,
    climb,
    fallback_of,
    save_pictures,
    thin,
)
from rft_core.engine.measuring.evaluate import Evaluation, evaluate, predict
from rft_core.metrics.verdicts import smallest_falling
from tests import tiny

EPSILONS = tuple(level / 255 for level in (0, 2, 4, 8, 16))
STEPS = 5


@pytest.fixture(scope="module")
def model():
    return tiny.fit(tiny.cnn(classes=3), tiny.learnable(192))


@pytest.fixture(scope="module")
def data():
    return tiny.learnable(60, seed=1)


@pytest.fixture(scope="module")
def measured(model, data):
    return evaluate(model, data, norm="linf", epsilons=EPSILONS, steps=STEPS, keep_fooling=True)


def test_the_smallest_falling_epsilon_is_that_of_attacks_one_by_one(model, data, measured):
    """Brute force is a fresh attack at each epsilon; the search may find a
    little more, never less.
    """
    images = as_pixels(data.images)
    right = [
        model(
            pgd(model, images, data.labels, norm="linf", epsilon=e, steps=STEPS) if e else images
        ).argmax(1)
        == data.labels
        for e in EPSILONS
    ]
    plain = smallest_falling(np.array(EPSILONS), torch.stack(right, 1).numpy())
    found = smallest_falling(np.array(EPSILONS), measured.verdicts)
    assert (found <= plain).all()
    assert (found == plain).mean() > 0.9


@pytest.mark.parametrize("attack", ["apgd", "square"])
def test_what_fooled_the_model_fits_and_fools(model, data, attack):
    measured = evaluate(
        model,
        data,
        norm="linf",
        epsilons=EPSILONS,
        attack=attack,
        steps=100 if attack == "square" else STEPS,
        keep_fooling=True,
    )
    fallen_at = smallest_falling(np.array(EPSILONS), measured.verdicts)
    assert set(measured.fooling) == set(
        np.flatnonzero(np.isfinite(fallen_at) & (fallen_at > 0)).tolist()
    )
    assert len(measured.fooling) > 10
    for place, found in measured.fooling.items():
        assert found.prediction != int(data.labels[place])
        assert found.delta.abs().max() <= fallen_at[place] * (1 + 1e-4)


def test_nothing_is_kept_unless_asked_for(model, data):
    assert not evaluate(model, data, norm="linf", epsilons=EPSILONS, steps=STEPS).fooling


def test_which_images_are_shown():
    verdicts = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 0]], bool)
    measured = Evaluation((0.0, 0.1, 0.2), verdicts, 0)
    places, kinds = choose_shown(measured, np.array([0.9, 0.8, 0.5, 0.5, 0.3]))
    # 4 before 1, both fall at 0.1: the model was less sure of 4; 0 is wrong without an attack
    assert (places.tolist(), kinds) == ([4, 1, 2, 3], ["first", "first", "first", "longest"])


def test_thin_keeps_both_ends():
    assert thin((0.0, 0.1)) == (0.0, 0.1)
    assert thin(tuple(range(20)))[::6] == (0, 19)
    assert len(thin(tuple(range(20)))) == 7


def test_a_picture_that_fell_is_shown_fallen(model, data, measured):
    """PGD of one step fools less than the evaluation did; the known perturbation takes its place
    from its epsilon on.
    """
    places = np.array(sorted(measured.fooling))
    shown = data.take(torch.from_numpy(places))
    deltas, logits = climb(
        model,
        shown,
        norm="linf",
        steps=1,
        epsilons=EPSILONS,
        fallback=fallback_of(measured, places, shown),
    )
    fooled = (logits.argmax(2) != shown.labels[:, None]).numpy()
    due = smallest_falling(np.array(EPSILONS), measured.verdicts)[places][:, None] <= np.array(
        EPSILONS
    )
    # a walk ends just over the border, where adding the change to the image again may round back
    assert fooled[due].mean() > 0.97
    assert (deltas.abs().amax(dim=(2, 3, 4)) <= torch.tensor(EPSILONS) * (1 + 1e-4)).all()


def test_the_file(tmp_path, model, data, measured):
    places, kinds = choose_shown(measured, predict(model, data).softmax(1).max(1).values.numpy())
    save_pictures(
        tmp_path / "pictures.npz", model, data, measured, places, kinds, norm="linf", steps=STEPS
    )
    with np.load(tmp_path / "pictures.npz", allow_pickle=False) as saved:
        count, size = len(places), data.images.shape[-1]
        assert saved["clean"].shape == (count, size, size, 3)
        assert saved["delta"].shape == (count, len(EPSILONS), size, size, 3)
        assert (saved["delta"][:, 0] == 0).all()
        assert saved["classes"].shape == (count, len(EPSILONS), 3)
        assert np.allclose(saved["confidences"].sum(2), 1, atol=1e-5)
        assert (saved["classes"][:, 0, 0] == saved["labels"]).all()
