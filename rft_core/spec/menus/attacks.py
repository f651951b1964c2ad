"""The menu of attacks, and what one that cannot be taken step by step costs."""

from collections.abc import Callable
from dataclasses import dataclass

from rft_core.spec.choice import Choice, load_target, menu

PGD, APGD, LIBRARY, TARGETED = (
    "rft_core.engine.attacks.pgd",
    "rft_core.engine.attacks.apgd",
    "rft_core.engine.attacks.library",
    "rft_core.engine.attacks.targeted",
)
# a prediction costs the forward pass of a gradient evaluation, which has a backward pass of twice
# that
PREDICTION = 1 / 3
# of a search without gradients, the part that it takes where it succeeds
SUCCESS = 0.5
# the standard version of AutoAttack: steps of each attack, targets, queries of Square; a step of
# FAB costs three
STANDARD_STEPS, TARGETS, FAB_STEP, QUERIES, TARGETED_CLASSES = 100, 9, 3, 5000, 4
Cost = Callable[[int, int], tuple[float, float]]


def every_step(steps: int, classes: int) -> tuple[float, float]:
    """Cost of an attack that takes one gradient a step and does not end early, as of CW."""
    return steps, steps


def every_class(steps: int, classes: int) -> tuple[float, float]:
    """Cost of FAB: the gradient of every class at every step, to the end."""
    return steps * classes, steps * classes


def queries(steps: int, classes: int) -> tuple[float, float]:
    """Cost of an attack whose steps are predictions and that ends where it succeeds."""
    return steps * PREDICTION * SUCCESS, steps * PREDICTION


def standard_autoattack(steps: int, classes: int) -> tuple[float, float]:
    """Cost of AutoAttack: 100 (APGD-CE) + 100 T (targeted APGD) + 300 T (targeted FAB) + 5,000 / 3
    (Square) with T = min(9, classes - 1) targets; an image that falls does so at once.
    """
    targets = min(TARGETS, classes - 1)
    targeted = targets * STANDARD_STEPS * ((classes >= TARGETED_CLASSES) + FAB_STEP)
    return STANDARD_STEPS, STANDARD_STEPS + targeted + QUERIES * PREDICTION


@dataclass(frozen=True)
class AttackRow(Choice):
    """An attack: a function (model, images, labels, *, norm, epsilon, steps, relative_step_size,
    random_start, generator) -> attacked images.

    `stepwise` names its code for single steps, where it has any; `measures_only` says that it is
    too slow, or of the wrong kind, to train with or to follow a run with; `norms` are those that it
    was made for. `loss` is what it maximises, in words, and `few_classes` below how many classes it
    maximises another loss, and which. `step_name` is what its steps are called, `fixed_steps` how
    many it always takes where the setting does not count, `least_steps` the fewest, `usual_steps`
    what an evaluation begins with, `targets` the classes that it goes on to attack towards, and
    `takes_step_size` whether the setting of the step size counts. `extra_evaluations` are the
    gradients that it takes beside one a step, and `cost` is (steps, classes) -> gradient
    evaluations of an image that falls, and of one that stands, where it has no single steps.
    """

    loss: str
    stepwise: str = ""
    measures_only: bool = False
    norms: tuple[str, ...] = ("linf", "l2")
    few_classes: tuple[int, str] = (0, "")
    step_name: str = "step"
    fixed_steps: int | None = None
    least_steps: int = 1
    usual_steps: int = 20
    targets: int = 0
    takes_step_size: bool = False
    extra_evaluations: int = 0
    cost: Cost = every_step

    def loss_on(self, classes: int | None) -> str:
        """Return what the attack maximises on a task of so many classes; None for a task of the
        usual kind.
        """
        least, other = self.few_classes
        return other if classes is not None and classes < least else self.loss

    def taken_steps(self, setting: int) -> int:
        """Return the steps that the attack takes where `setting` asks for so many."""
        return self.fixed_steps or max(self.least_steps, setting)

    def evaluations(self, setting: int) -> int:
        """Return the gradients that the attack takes of an image where `setting` asks for so many
        steps.
        """
        return self.taken_steps(setting) + self.extra_evaluations

    def load_stepwise(self) -> Callable:
        """Import and return the code for single steps."""
        return load_target(self.stepwise)


# roughly from the weakest to the strongest; which is which depends on the model
ATTACKS = menu(
    AttackRow(
        "fgsm",
        "FGSM",
        "One step along the gradient's sign. Fast, weak: never judge a model by it alone.",
        "Goodfellow et al., ICLR 2015",
        f"{PGD}:fgsm",
        stepwise=f"{PGD}:fgsm_stepwise",
        loss="cross-entropy",
        fixed_steps=1,
    ),
    AttackRow(
        "square",
        "Square",
        "Random search without gradients: finds what masked gradients hide. For measuring only.",
        "Andriushchenko et al., ECCV 2020; torchattacks",
        f"{LIBRARY}:square",
        loss="margin of the logits",
        step_name="query",
        least_steps=100,
        measures_only=True,
        usual_steps=1000,
        cost=queries,
    ),
    AttackRow(
        "pgd",
        "PGD",
        "Repeated signed (linf) or normalised (l2) gradient steps, projected back into the ball.",
        "Madry et al., ICLR 2018",
        f"{PGD}:pgd",
        stepwise=f"{PGD}:pgd_stepwise",
        loss="cross-entropy",
        takes_step_size=True,
    ),
    AttackRow(
        "cw",
        "Carlini and Wagner",
        "Minimises the l2 length of the change; counted only where it stays inside the ball. For"
        " measuring only.",
        "Carlini and Wagner, S&P 2017; torchattacks",
        f"{LIBRARY}:cw",
        loss="margin of the logits",
        measures_only=True,
        norms=("l2",),
    ),
    AttackRow(
        "fab",
        "FAB",
        "Looks for the smallest perturbation. For measuring only.",
        "Croce and Hein, ICML 2020; torchattacks",
        f"{LIBRARY}:fab",
        loss="smallest perturbation",
        measures_only=True,
        cost=every_class,
    ),
    AttackRow(
        "apgd",
        "APGD-CE",
        "PGD with momentum that halves its own step size; on cross-entropy.",
        "Croce and Hein, ICML 2020",
        f"{APGD}:apgd",
        stepwise=f"{APGD}:apgd_stepwise",
        loss="cross-entropy",
        # it also looks where it starts
        extra_evaluations=1,
    ),
    AttackRow(
        "apgd_dlr",
        "APGD-DLR",
        "APGD on a loss that confident models cannot hide from.",
        "Croce and Hein, ICML 2020",
        f"{APGD}:apgd_dlr",
        stepwise=f"{APGD}:apgd_dlr_stepwise",
        loss="difference of logits ratio",
        few_classes=(3, "margin of the logits"),
        extra_evaluations=1,
    ),
    AttackRow(
        "apgd_ce_t",
        "APGD-CE + T",
        "APGD-CE, then APGD towards each of the three nearest classes: within a point of AutoAttack"
        " on the embedded models, at a fraction of its cost. For measuring only.",
        "after Croce and Hein, ICML 2020",
        f"{TARGETED}:apgd_ce_t",
        stepwise=f"{TARGETED}:apgd_ce_t_stepwise",
        loss="cross-entropy, then targeted difference of logits ratio",
        few_classes=(4, "cross-entropy, then margin of the logits"),
        measures_only=True,
        targets=3,
        extra_evaluations=1,
    ),
    AttackRow(
        "autoattack",
        "AutoAttack",
        "The standard judge: APGD-CE, targeted APGD, targeted FAB and Square, one after the other."
        " Slow; for measuring only.",
        "Croce and Hein, ICML 2020; torchattacks",
        f"{LIBRARY}:autoattack",
        loss="several losses (standard version)",
        fixed_steps=100,
        measures_only=True,
        cost=standard_autoattack,
    ),
)
