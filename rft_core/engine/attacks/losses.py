"""What attacks maximise: functions (logits (N, K), labels (N,)) -> loss of each image (N,)."""

import torch
import torch.nn.functional as F
from torch import Tensor

# below three classes there is no third logit to scale by
DLR_CLASSES = 3
# of the targeted ratio, which scales by the mean of the third and the fourth
TARGETED_CLASSES = 4
TINY = 1e-12


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return -log p(y)."""
    return F.cross_entropy(logits.float(), labels, reduction="none")


def dlr(logits: Tensor, labels: Tensor) -> Tensor:
    """Difference of logits ratio (Croce and Hein, ICML 2020, eq. 8): -(z_y - max_{i != y} z_i) / (z_pi1 - z_pi3).

    It does not change when the logits are scaled, so that confident models do not hide their gradient. With two classes
    the ratio is not defined: the margin -(z_y - z_other) takes its place, which has the same sign and direction. Where y
    itself ranks third the ratio is 1 whatever the image, and has no slope: there the gradient is that of its numerator.
    """
    logits = logits.float()
    ordered, places = logits.sort(dim=1, descending=True)
    own = logits.gather(1, labels[:, None]).squeeze(1)
    best_other = torch.where(places[:, 0] == labels, ordered[:, 1], ordered[:, 0])
    if logits.shape[1] < DLR_CLASSES:
        return best_other - own
    spread = ordered[:, 0] - ordered[:, 2]
    spread = torch.where(places[:, 2] == labels, spread.detach(), spread)
    return (best_other - own) / (spread + TINY)


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Return max_{k != y} z_k - z_y: above 0 where the image is misclassified (Carlini and Wagner, S&P 2017, f_6)."""
    logits = logits.float()
    own = F.one_hot(labels, logits.shape[1]).bool()
    rival = logits.masked_fill(own, -torch.inf).amax(1)
    return rival - logits.gather(1, labels[:, None]).squeeze(1)


def targeted_dlr(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Targeted DLR (Croce and Hein, ICML 2020, eq. 9): -(z_y - z_t) / (z_pi1 - (z_pi3 + z_pi4) / 2), targets t (N,).

    With fewer than four classes it is the margin -(z_y - z_t).
    """
    logits = logits.float()
    lead = (logits.gather(1, targets[:, None]) - logits.gather(1, labels[:, None])).squeeze(1)
    if logits.shape[1] < TARGETED_CLASSES:
        return lead
    top = logits.topk(TARGETED_CLASSES, dim=1).values
    return lead / (top[:, 0] - top[:, 2:].mean(1) + TINY)
