"""What attacks maximise: functions (logits (N, K), labels (N,)) -> loss of each image (N,)."""

import torch
import torch.nn.functional as F
from torch import Tensor

# below three classes there is no third logit to scale by
DLR_CLASSES = 3
TINY = 1e-12


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return -log p(y)."""
    return F.cross_entropy(logits.float(), labels, reduction="none")


def dlr(logits: Tensor, labels: Tensor) -> Tensor:
    """Difference of logits ratio (Croce and Hein, ICML 2020, eq. 8): -(z_y - max_{i != y} z_i) / (z_pi1 - z_pi3).

    It does not change when the logits are scaled, so that confident models do not hide their gradient. With two classes
    the ratio is not defined: the margin -(z_y - z_other) takes its place, which has the same sign and direction.
    """
    logits = logits.float()
    ordered, places = logits.sort(dim=1, descending=True)
    own = logits.gather(1, labels[:, None]).squeeze(1)
    best_other = torch.where(places[:, 0] == labels, ordered[:, 1], ordered[:, 0])
    if logits.shape[1] < DLR_CLASSES:
        return best_other - own
    return (best_other - own) / (ordered[:, 0] - ordered[:, 2] + TINY)
