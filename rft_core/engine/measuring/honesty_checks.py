"""The checks of honesty: functions (probe) -> finding, green, amber or red with the reason."""

from types import MappingProxyType

import torch

from rft_core.engine.attacks.apgd import apgd_stepwise
from rft_core.engine.attacks.losses import margin
from rft_core.engine.attacks.stepwise import input_gradient
from rft_core.engine.measuring.honesty_probe import STEPS, Finding, Probe
from rft_core.spec import catalog
from rft_core.units import format_epsilon, format_percent

MORE_STEPS, QUERIES = 40, 300
HUGE = MappingProxyType({"linf": 64 / 255, "l2": 10.0})
VANISHED = 1e-12
# a drop of accuracy under another loss that changes no conclusion: one point, which is also
# required of the default attack
SMALL_DROP = 0.01


def falls(probe: Probe) -> Finding:
    """Accuracy must fall as epsilon grows; otherwise gradients mislead."""
    grid = (0.0, *probe.epsilons)
    accuracies = [probe.under_pgd(epsilon, STEPS) for epsilon in grid]
    rises = [later - earlier for earlier, later in zip(accuracies, accuracies[1:])]
    worst = rises.index(max(rises))
    level = (
        "green"
        if rises[worst] <= 0
        else "amber"
        if rises[worst] <= probe.noise(accuracies[worst])
        else "red"
    )
    reason = (
        f"{format_percent(accuracies[0])} clean, {format_percent(accuracies[-1])} at {probe.at(-1)}"
    )
    if level != "green":
        before = format_epsilon(grid[worst], probe.norm)
        reason = (
            f"{reason}; from {before} to {probe.at(worst)} it rises from"
            f" {format_percent(accuracies[worst])} to {format_percent(accuracies[worst + 1])}"
        )
    values = {"clean": accuracies[0], "full": accuracies[-1], "rise": rises[worst]}
    return Finding("accuracy falls with epsilon", level, reason, values)


def other_losses(probe: Probe) -> Finding:
    """Compare the reported attack with APGD on the margin and with APGD-CE + T: an attack is only
    as good as its loss.
    """
    reported = probe.curve(probe.attack, probe.steps)
    rivals = {
        "APGD on the margin": probe.curve("apgd", STEPS, apgd_stepwise(STEPS, loss=margin)),
        "APGD-CE + T": probe.curve("apgd_ce_t", STEPS),
    }
    name, point, drop = "", 0, -1.0
    for rival, accuracies in rivals.items():
        index = probe.widest(reported, accuracies)
        if reported[index] - accuracies[index] > drop:
            name, point, drop = rival, index, reported[index] - accuracies[index]
    high, low = reported[point], rivals[name][point]
    level = "green" if drop <= SMALL_DROP else "amber" if drop <= probe.noise(low) / 2 else "red"
    why = {
        "green": "no other loss finds more than a point",
        "amber": "another loss finds a little more; report the stronger attack",
        "red": (
            "the robust accuracy is that of a weak attack; evaluate with apgd_ce_t or autoattack"
        ),
    }[level]
    label = catalog.find("attacks", probe.attack).label
    reason = (
        f"at {probe.at(point)}: {format_percent(high)} under {label}, {format_percent(low)} under"
        f" {name}: {why}"
    )
    return Finding("no other loss is stronger", level, reason, {"reported": high, "other": low})


def reaches_zero(probe: Probe) -> Finding:
    """No image may survive a huge epsilon."""
    clean, huge = probe.under_pgd(0, 0), probe.under_pgd(HUGE[probe.norm], MORE_STEPS)
    at = format_epsilon(HUGE[probe.norm], probe.norm)
    share = huge / clean if clean else 0.0
    level = "green" if share <= 0.02 else "amber" if share <= 0.1 else "red"
    why = (
        "nothing survives, as it should"
        if level == "green"
        else (
            "an attack this large must break every model; the attack is blocked, or the model"
            " hardly looks at its input"
        )
    )
    return Finding(
        "accuracy reaches 0 at a huge epsilon",
        level,
        f"{format_percent(huge)} at {at}: {why}",
        {"huge": huge},
    )


def more_steps(probe: Probe) -> Finding:
    """PGD with four times the steps must not find less, and only a little more."""
    short, long = probe.curve("pgd", STEPS), probe.curve("pgd", MORE_STEPS)
    weaker, stronger = probe.widest(long, short), probe.widest(short, long)
    if long[weaker] - short[weaker] > probe.noise(short[weaker]):
        level, point = "red", weaker
    else:
        gain, point = short[stronger] - long[stronger], stronger
        level = "green" if gain <= max(0.03, probe.noise(short[stronger])) else "amber"
    why = {
        "green": "the attack has converged",
        "amber": "the attack has not converged; raise evaluation.steps",
        "red": "more steps are weaker, so the gradient misleads",
    }[level]
    few, many = short[point], long[point]
    reason = (
        f"at {probe.at(point)}: {format_percent(few)} after {STEPS} steps, {format_percent(many)}"
        f" after {MORE_STEPS}: {why}"
    )
    return Finding("more steps do not help the model", level, reason, {"few": few, "many": many})


def without_gradient(probe: Probe) -> Finding:
    """A search without gradients must not find more than PGD."""
    by_gradient, by_search = probe.curve("pgd", STEPS), probe.curve("square", QUERIES)
    point = probe.widest(by_gradient, by_search)
    white, black = by_gradient[point], by_search[point]
    level = "green" if black >= white else "amber" if white - black <= probe.noise(white) else "red"
    why = {
        "green": "no stronger than with gradients",
        "amber": "stronger without gradients, but no more than chance explains on so few images",
        "red": "an attack without gradients is stronger: the gradient is masked",
    }[level]
    reason = (
        f"at {probe.at(point)}: {format_percent(black)} under Square, {format_percent(white)} under"
        f" PGD: {why}"
    )
    return Finding(
        "no attack without gradients is stronger", level, reason, {"square": black, "pgd": white}
    )


def one_step(probe: Probe) -> Finding:
    """A model that is robust to one step must be robust to ten."""
    single, many = probe.curve("fgsm", 1), probe.curve("pgd", STEPS)
    point = probe.widest(single, many)
    overfitted = [
        after_one > 0.2 and after_ten < after_one / 4 for after_one, after_ten in zip(single, many)
    ]
    if any(overfitted):
        point = overfitted.index(True)
    level = "red" if any(overfitted) else "green"
    why = "no sign of overfitting to one step"
    if level == "red":
        why = "robust to one step and not to ten: catastrophic overfitting"
    reason = (
        f"at {probe.at(point)}: {format_percent(single[point])} under FGSM,"
        f" {format_percent(many[point])} under PGD: {why}"
    )
    values = {"fgsm": single[point], "pgd": many[point], "gap": single[point] - many[point]}
    return Finding("robustness is not to one step alone", level, reason, values)


def gradients(probe: Probe) -> Finding:
    """Images must have a gradient to follow."""
    vanished = 0
    for images, labels in probe.batches():
        gradient = input_gradient(probe.model, images, labels).gradient
        vanished += int((gradient.abs().amax(dim=(1, 2, 3)) <= VANISHED).sum())
    share = vanished / len(probe.split)
    level = "green" if share <= 0.01 else "amber" if share <= 0.1 else "red"
    return Finding(
        "gradients do not vanish",
        level,
        f"{format_percent(share)} of the images have no gradient to follow",
        {"vanished": share},
    )


@torch.no_grad()
def repeats(probe: Probe) -> Finding:
    """Two passes must give the same logits."""
    images, _ = next(probe.batches())
    largest = (probe.model(images) - probe.model(images)).abs().max().item()
    level = "green" if largest == 0 else "amber" if largest < 1e-4 else "red"
    why = (
        "two passes agree"
        if level != "red"
        else "two passes differ: the model is random, and one attack is not enough"
    )
    return Finding(
        "two passes agree",
        level,
        f"logits differ by at most {largest:.1e}: {why}",
        {"difference": largest},
    )
