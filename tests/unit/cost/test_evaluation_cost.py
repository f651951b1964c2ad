"""rft_core.cost.evaluation_cost: what is said before an evaluation, held against the engine's
own search and counts.
"""

import pytest
import torch

from rft_core.cost.evaluation_cost import bisection, estimate_evaluation
from rft_core.engine.measuring.evaluate import evaluate
from rft_core.engine.measuring.search import Search
from rft_core.metrics.curve import RobustnessCurve
from rft_core.spec.menus.attacks import standard_autoattack
from tests import tiny

CURVE = RobustnessCurve((0.0, 0.1, 0.2), (80, 50, 20), 100)


@pytest.mark.parametrize("count", [2, 3, 6, 9, 17])
def test_the_bisection_is_that_of_the_engine(count):
    """Each image falls at another point of the grid; the engine's search is asked how
    often it attacks each.
    """
    for point in range(1, count + 1):
        search, spent = Search(torch.tensor([True]), torch.arange(count) / 10), [0, 0]
        while search.waiting:
            example = search.take(1)
            place = search.middle(example)
            fell = int(place) >= point
            spent[not fell] += 1
            search.settle(example, place, place if fell else torch.tensor([count]))
        assert bisection(point, count) == tuple(spent)


def test_autoattack_costs_what_its_formula_says():
    assert standard_autoattack(7, 10) == (100, pytest.approx(100 + 900 + 2700 + 5000 / 3))
    # no targeted APGD with fewer than four classes, and one target less than classes
    assert standard_autoattack(7, 3) == (100, pytest.approx(100 + 600 + 5000 / 3))


def test_more_of_anything_costs_more():
    def cost(attack="apgd", steps=20, epsilons=(0.0, 0.1, 0.2), images=100, honesty=False):
        return estimate_evaluation(
            CURVE, epsilons, images, attack=attack, steps=steps, classes=10, honesty=honesty
        )

    assert cost(steps=40) > cost() > cost(steps=5)
    assert cost(images=200) > cost()
    assert cost(honesty=True) > cost()
    assert cost("autoattack") > 10 * cost()
    assert cost(epsilons=(0.0,)) < cost("fgsm") < cost()


@pytest.mark.parametrize("attack", ["pgd", "apgd"])
@pytest.mark.parametrize("steps", [10, 20])
def test_the_estimate_is_near_what_a_walk_spends(attack, steps):
    model, data = tiny.fit(tiny.cnn(classes=3), tiny.learnable(192)), tiny.learnable(150, seed=1)
    epsilons = tuple(level / 255 for level in (0, 2, 4, 6, 8, 12, 16))
    measured = evaluate(model, data, norm="linf", epsilons=epsilons, attack=attack, steps=steps)
    bare = estimate_evaluation(
        measured.curve, (0.0,), len(data), attack=attack, steps=steps, classes=3, honesty=False
    )
    estimated = (
        estimate_evaluation(
            measured.curve,
            epsilons,
            len(data),
            attack=attack,
            steps=steps,
            classes=3,
            honesty=False,
        )
        - bare
    )
    assert 0.6 < estimated / measured.gradient_evaluations < 1.7
