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
    """Difference of logits ratio (Croce and Hein, ICML 2020, eq. 8): -(z_y - max_{i != y}
    z_i) / (z_pi1 - z_pi3).

    It does not change when the logits are scaled, so that confident models do not hide their
    gradient. With two classes the ratio is not defined: the margin -(z_y - z_other) is returned
    instead, which has the same sign and direction.
    """
    logits = logits.float()
    ordered, ranking = logits.sort(dim=1, descending=True)
    label_logit = logits.gather(1, labels[:, None]).squeeze(1)
    best_other = torch.where(ranking[:, 0] == labels, ordered[:, 1], ordered[:, 0])
    if logits.shape[1] < DLR_CLASSES:
        return best_other - label_logit
    return (best_other - label_logit) / (ordered[:, 0] - ordered[:, 2] + TINY)


def dlr_until_wrong(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the DLR while an image is classified correctly (at most 0), and its cross-entropy once
    it is not (at least log 2).

    For a misclassified image the ratio measures nothing: where y ranks third it is 1 and has no
    slope, and elsewhere it grows as the three largest logits come together. Training attacks such
    images too.
    """
    right = logits.argmax(1) == labels
    return torch.where(right, dlr(logits, labels), cross_entropy(logits, labels))


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Return max_{k != y} z_k - z_y: above 0 where the image is misclassified (Carlini and
    Wagner, S&P 2017, f_6).
    """
    logits = logits.float()
    is_label = F.one_hot(labels, logits.shape[1]).bool()
    best_other = logits.masked_fill(is_label, -torch.inf).amax(1)
    return best_other - logits.gather(1, labels[:, None]).squeeze(1)


def targeted_dlr(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Targeted DLR (Croce and Hein, ICML 2020, eq. 9): -(z_y - z_t) / (z_pi1 - (z_pi3 + z_pi4)
    / 2), targets t (N,).

    With fewer than four classes it is the margin -(z_y - z_t).
    """
    logits = logits.float()
    lead = (logits.gather(1, targets[:, None]) - logits.gather(1, labels[:, None])).squeeze(1)
    if logits.shape[1] < TARGETED_CLASSES:
        return lead
    top = logits.topk(TARGETED_CLASSES, dim=1).values
    return lead / (top[:, 0] - top[:, 2:].mean(1) + TINY)
