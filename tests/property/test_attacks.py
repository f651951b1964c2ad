"""Laws of the balls and of PGD, for any input."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rft_core.engine.attacks.norms import NORMS
from rft_core.engine.attacks.pgd import pgd
from tests import tiny

NORM = st.sampled_from(list(NORMS))
ROUNDING = 1 + 1e-5
MODELS = (tiny.cnn(), tiny.vit())


@st.composite
def deltas(draw):
    """Perturbations (N, 3, 4, 4) from tiny to huge, some of them exactly zero."""
    count, seed = draw(st.integers(1, 5)), draw(st.integers(0, 2**31))
    scale = torch.tensor(
        draw(
            st.lists(st.sampled_from([0.0, 1e-6, 0.01, 1.0, 100.0]), min_size=count, max_size=count)
        )
    ).view(-1, 1, 1, 1)
    return torch.randn(count, 3, 4, 4, generator=torch.Generator().manual_seed(seed)) * scale


@st.composite
def budgets(draw, count):
    """One epsilon for all, or one an image; 0 among them."""
    one = st.one_of(st.just(0.0), st.floats(1e-4, 2.0))
    if draw(st.booleans()):
        return draw(one)
    return torch.tensor(
        draw(st.lists(one, min_size=count, max_size=count)), dtype=torch.float32
    ).view(-1, 1, 1, 1)


@given(st.data(), NORM, deltas())
def test_project_ends_in_the_ball_and_twice_is_once(data, name, delta):
    norm, epsilon = NORMS[name], data.draw(budgets(len(delta)))
    inside = norm.project(delta, epsilon)
    bound = (
        epsilon.view(-1)
        if isinstance(epsilon, torch.Tensor)
        else torch.full((len(delta),), epsilon)
    )
    assert torch.isfinite(inside).all()
    assert (norm.size(inside) <= bound * ROUNDING).all()
    torch.testing.assert_close(norm.project(inside, epsilon), inside, rtol=1e-5, atol=1e-9)


@given(NORM, deltas(), st.floats(1e-4, 2.0))
def test_what_is_inside_is_left_alone(name, delta, epsilon):
    norm = NORMS[name]
    inside = norm.size(delta) < epsilon * (1 - 1e-5)
    assert torch.equal(norm.project(delta, epsilon)[inside], delta[inside])


@given(NORM, deltas(), st.floats(0, 2.0), st.integers(0, 1000))
def test_random_points_are_in_the_ball(name, like, epsilon, seed):
    norm = NORMS[name]
    assert (
        norm.size(norm.random(like, epsilon, torch.Generator().manual_seed(seed)))
        <= epsilon * ROUNDING
    ).all()


@pytest.mark.parametrize("model", MODELS, ids=("cnn", "vit"))
@settings(max_examples=20)
@given(
    norm=NORM,
    epsilon=st.floats(0, 1.5),
    steps=st.integers(1, 4),
    share=st.one_of(st.none(), st.floats(0.01, 10)),
    random_start=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_pgd_stays_in_the_ball_and_among_pixels(
    model, norm, epsilon, steps, share, random_start, seed
):
    images, labels = tiny.pictures(3, seed=seed)
    # pixels at the very border too
    images[0] = images[0].round()
    generator = torch.Generator().manual_seed(seed)
    adversarial = pgd(
        model,
        images,
        labels,
        norm=norm,
        epsilon=epsilon,
        steps=steps,
        relative_step_size=share,
        random_start=random_start,
        generator=generator,
    )
    assert adversarial.min() >= 0
    assert adversarial.max() <= 1
    assert (NORMS[norm].size(adversarial - images) <= epsilon * ROUNDING + 1e-6).all()
