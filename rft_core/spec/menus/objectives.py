"""The menu of training objectives."""

from dataclasses import dataclass

from rft_core.spec.choice import Choice, menu


@dataclass(frozen=True)
class ObjectiveRow(Choice):
    """An objective: a function (model, images, labels, adversary, settings) -> loss.

    `settings` are the dotted settings that count for it, which are those that the form shows.
    `passes` counts the forward passes with weight gradients that it takes in a step that attacks,
    on the attacked images and on the clean ones; all are kept at once. `attacks` says whether it
    uses schedule and attack at all.
    """

    settings: tuple[str, ...] = ()
    passes: int = 1
    attacks: bool = True


OBJECTIVES = menu(
    ObjectiveRow(
        "natural",
        "Natural",
        "Cross-entropy on clean images: ordinary fine-tuning, no attack at all.",
        "standard",
        "rft_core.engine.objectives.natural:loss",
        attacks=False,
    ),
    ObjectiveRow(
        "adversarial",
        "Adversarial",
        "Cross-entropy on attacked images only.",
        "Madry et al., ICLR 2018",
        "rft_core.engine.objectives.adversarial:loss",
    ),
    ObjectiveRow(
        "trades",
        "TRADES",
        "Cross-entropy on clean images, plus beta times how far an attack moves the prediction.",
        "Zhang et al., ICML 2019",
        "rft_core.engine.objectives.trades:loss",
        passes=2,
        settings=("objective.beta",),
    ),
    ObjectiveRow(
        "mart",
        "MART",
        "Boosted cross-entropy on attacked images; images that are misclassified weigh more.",
        "Wang et al., ICLR 2020",
        "rft_core.engine.objectives.mart:loss",
        passes=2,
        settings=("objective.beta",),
    ),
    ObjectiveRow(
        "score",
        "SCORE",
        "TRADES with squared distances between probabilities; start with a warm-up where classes"
        " are many.",
        "Pang et al., ICML 2022",
        "rft_core.engine.objectives.score:loss",
        passes=2,
        settings=("objective.beta", "objective.clip"),
    ),
    ObjectiveRow(
        "anchored",
        "Anchored",
        "Adversarial training held near the predictions of the pretrained backbone and of the clean"
        " image.",
        "after Wang et al., CVPR 2024 (PMG-AFT)",
        "rft_core.engine.objectives.anchored:loss",
        passes=2,
        settings=("objective.beta", "objective.anchor_weight"),
    ),
)
