"""rft_core.engine.measuring.followed_images: the followed images, before and after the attack."""

import numpy as np
import pytest

from rft_core.engine.measuring.followed_images import save_examples
from tests import tiny


def saved(path, epsilon, model=None):
    model, data = model or tiny.cnn(), tiny.split(4)
    save_examples(path / "e.npz", model, data, norm="linf", epsilon=epsilon, steps=3)
    return dict(np.load(path / "e.npz")), data


def test_what_is_in_the_file(tmp_path):
    content, data = saved(tmp_path, 8 / 255)
    assert (
        content["clean"].shape
        == content["adversarial"].shape
        == content["delta"].shape
        == (4, 16, 16, 3)
    )
    assert content["clean"].dtype == content["adversarial"].dtype == np.uint8
    assert np.array_equal(content["clean"], data.images.permute(0, 2, 3, 1).numpy())
    assert np.array_equal(content["labels"], data.labels.numpy())
    for name in ("clean_confidence", "confidence"):
        assert ((content[name] >= 1 / 5) & (content[name] <= 1)).all()


def test_the_picture_stays_in_the_ball(tmp_path):
    content, _ = saved(tmp_path, 8 / 255)
    assert 0 < np.abs(content["adversarial"].astype(int) - content["clean"]).max() <= 8
    assert np.abs(content["delta"]).max() == pytest.approx(8 / 255, rel=1e-3)


def test_epsilon_zero_shows_the_same_picture_twice(tmp_path):
    content, _ = saved(tmp_path, 0.0)
    assert np.array_equal(content["clean"], content["adversarial"])
    assert np.array_equal(content["clean_prediction"], content["prediction"])
    assert not content["delta"].any()


def test_the_model_gets_its_flags_back(tmp_path):
    model = tiny.cnn().train()
    saved(tmp_path, 8 / 255, model)
    assert all(module.training for module in model.modules())
