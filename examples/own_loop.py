"""An epsilon schedule and PGD in a training loop of your own: plain torch, your model, your data.

    python -m examples.own_loop --epochs 20

Prints accuracy over epsilon of three small networks on handwritten digits: trained on clean
images, at the full epsilon from the first step, and with epsilon growing by the schedule.
"""

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

from rft_core.engine import EpsilonSchedule, RobustnessCurve, eval_mode, evaluate, pgd

NORM, BATCH = "linf", 64


def digits() -> tuple[Tensor, Tensor]:
    """Return pixels (N, 1, 8, 8) in [0, 1] and labels (N,)."""
    table = load_digits()
    images = torch.tensor(table.images, dtype=torch.float32).unsqueeze(1) / 16
    return images, torch.tensor(table.target)


def network() -> nn.Module:
    """Return your model: any module from pixels in [0, 1] to logits."""
    layers = (nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, stride=2), nn.ReLU())
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 9, 10))


def train(images: Tensor, labels: Tensor, kind: str, epsilon: float, epochs: int) -> nn.Module:
    """Return a network trained on images attacked with the schedule's epsilon at each step."""
    torch.manual_seed(0)
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    steps = len(images) // BATCH
    schedule = EpsilonSchedule(kind, epsilon=epsilon, epochs=epochs, steps_per_epoch=steps)

    for step in range(schedule.total_steps):
        chosen = torch.randint(len(images), (BATCH,))
        batch, targets = images[chosen], labels[chosen]
        budget = schedule.epsilon_at(step)
        if budget > 0:
            with eval_mode(model):
                batch = pgd(
                    model, batch, targets, norm=NORM, epsilon=budget, steps=3, random_start=True
                )
        loss = F.cross_entropy(model(batch), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def main(arguments: list[str] | None = None) -> dict[str, RobustnessCurve]:
    """Train and measure; return name -> curve."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--epsilon", type=float, default=0.15, help="target, in pixel scale")
    parser.add_argument("--images", type=int, default=300, help="test images")
    options = parser.parse_args(arguments)
    images, labels = digits()
    held_out = slice(0, options.images)
    grid = [options.epsilon * part / 4 for part in range(5)]

    curves = {}
    for name, kind, epsilon in (
        ("standard", "constant", 0.0),
        ("fixed", "constant", options.epsilon),
        ("scheduled", "two_hinge", options.epsilon),
    ):
        model = train(
            images[options.images :], labels[options.images :], kind, epsilon, options.epochs
        )
        curves[name] = evaluate(model, images[held_out], labels[held_out], epsilons=grid).curve
        shown = "  ".join(f"{accuracy:6.1%}" for accuracy in curves[name].accuracies)
        print(f"{name:10s} {shown}  expected {curves[name].expected_robustness:.1%}")
    return curves


if __name__ == "__main__":
    main()
